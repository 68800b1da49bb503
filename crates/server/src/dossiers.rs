//! Household files (一户一档) as JSON and as tables for people. No HTTP here: routes and the command line
//! share it.

mod document;
mod ground;
mod ortho;
mod overview;
mod sheet;
mod tables;

pub use document::document;
pub use ground::{ground, named};
pub use ortho::{OrthoCut, OrthoSource, orthos};
pub use overview::{completeness_document, completeness_table, list_document, list_table};
pub use sheet::{Imprint, fonts, lines, sheets};
pub use tables::tables;

/// What stands at the foot of figures.
pub const TEMPLATE: &str = "自拟口径";

/// Hundredths of a per cent as a share, as JSON tells it.
fn share(basis_points: u64) -> f64 {
    basis_points as f64 / 1e4
}

/// A number as it is told: square centimetres and tenths of a millimetre are beyond any survey.
fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}
