//! Features in, tile bytes out: Mapbox vector tiles, version 2.1, extent 4096.
//!
//! Pure: no clock, no file, no randomness; equal sources give equal bytes. Coordinates inside a
//! tile are integers, x east and y south from its north-western corner, `0..=4096` and a buffer.

mod clip;
mod coord;
mod draw;
mod encode;
mod figure;
mod frame;
pub mod inspect;
mod knots;
mod limits;
mod lookup;
mod matrix_set;
mod merge;
mod output;
mod plan;
mod polygon_defects;
mod render;
mod repair;
mod select;
mod small;
mod source;
mod validity;
mod values;
mod wire;
mod writer;

pub use coord::{InvalidTileCoord, TileCoord};
pub use limits::{DEFAULT_BUFFER, Limits, MAX_BUFFER};
pub use matrix_set::{EXTENT, MAX_ZOOM, TileMatrixSet, WEB_MERCATOR_QUAD};
pub use polygon_defects::PolygonDefect;
pub use render::{Dropped, LayerStats, Rendered, Sampled, render, render_and};
pub use source::{FeatureSource, LayerInput};
