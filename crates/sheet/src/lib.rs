//! Sheets on paper: the file of a household, building or alley (一户一档, 分户院落图) drawn to scale, and atlases of
//! villages, as SVG, PNG and PDF from one display list.
//!
//! A caller fills a [`Dossier`] with texts and positions in metres; [`pages`] lays it out in millimetres;
//! [`svg`], [`png()`] and [`pdf()`] draw the pages; [`atlas()`] writes many dossiers as one stream. *Invariant:* the same dossier and fonts give the same bytes: no
//! clock, no randomness, no order of a hash map; no text is cut, and no two labels of a plan overlap.

mod atlas;
mod boundary;
mod canvas;
mod compose;
mod display;
mod dossier;
mod flow;
mod font;
mod form;
mod ground;
mod image;
mod index_map;
mod labels;
mod marks;
mod mosaic;
mod pdf;
mod plan;
mod plan_labels;
mod raster;
mod svg;

pub use atlas::{Atlas, AtlasFault, AtlasSummary, atlas};
pub use boundary::boundary;
pub use compose::pages;
pub use display::{
    ASCENT, Colour, DESCENT, Dash, Item, Page, Picture, Run, Shape, Stroke, TextKind,
};
pub use dossier::{
    Area, BoundaryPoint, Building, Dossier, DossierFault, FourBounds, Listing, NamedLine,
    Neighbour, Orientation, Ortho, Paper, Photo, Ring,
};
pub use font::{Font, FontFault, Fonts, Glyph};
pub use form::{Form, FormFault, FormRow, form_pages, form_pdf};
pub use image::{Image, ImageFault, MOST_PIXELS, Packing};
pub use mosaic::{MosaicCut, MosaicTile, mosaic};
pub use pdf::{Bookmark, EncodedPage, Part, PdfFault, PdfWriter, pdf};
pub use raster::{RasterFault, picture, png};
pub use svg::svg;
