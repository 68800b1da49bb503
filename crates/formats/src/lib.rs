//! Readers and writers of other people's files: detection of format, encoding and CRS.
//!
//! *Invariant:* `formats` never stores a feature and never speaks HTTP.

mod assembly;
pub mod datetime;
mod error;
mod number;
mod reader;
mod wkt;

pub use assembly::ReadGeometry;
pub use error::FormatError;
pub use reader::{DeclaredCrs, LayerReader, LayerSchema, Row, RowDefect};
pub use wkt::{WktError, read_wkt, write_wkt};
