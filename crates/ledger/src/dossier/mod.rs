//! The household file (一户一档): what it is of, what is in it, when it is complete, and in which words
//! its facts are told.
//!
//! *Invariant:* which collections and fields mean what is data; nothing here names a person.

mod boundary;
mod check;
mod completeness;
mod contents;
mod definition;
#[cfg(test)]
mod dossier_tests;
mod uncovered;
mod wording;

pub use boundary::{Boundary, BoundaryPoint, SurveyedPoint};
pub use check::Dossiers;
pub use completeness::{Completeness, PartState};
pub use contents::{
    Border, BuildingFile, Change, Contents, FieldValue, FloorArea, GoneBuilding, HistoryLine,
    LineFile, Measure, Neighbour, Outside, Overlap, ParcelFile, Personal, Photo, Record, RedLine,
    ShareRow, Side, SubjectName, UnitName, Via, floors,
};
pub use definition::{
    BoundaryPointTable, BuildingLayer, BuildingUnitTable, DossierSet, LineLayer, NamedLayer,
    OrthoLayer, ParcelLayer, Part, PartKind, PhotoTable, PointLayer, Reach, ShareTable, ShownField,
    SubjectKind, UnitLayer,
};
pub use wording::{Method, border_words, side_words};

/// The definitions that come with the program, as TOML.
pub const DEFAULT_DOSSIERS: &str = include_str!("../../dossiers.toml");
