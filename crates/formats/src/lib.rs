//! Readers and writers of other people's files: detection of format, encoding and CRS.
//!
//! *Invariant:* `formats` never stores a feature and never speaks HTTP.

mod assembly;
mod atomic_file;
pub mod datetime;
mod error;
pub mod fgb;
mod number;
mod reader;
#[cfg(test)]
mod sample_tests;
mod wkt;
mod writer;

pub use assembly::ReadGeometry;
pub use error::FormatError;
pub use reader::{DeclaredCrs, LayerReader, LayerSchema, Row, RowDefect};
pub use wkt::{WktError, read_wkt, write_wkt};
pub use writer::{FeatureWriter, OutputFormat, Written, create};
