//! Readers and writers of other people's files: detection of format, encoding and CRS.
//!
//! *Invariant:* `formats` never stores a feature and never speaks HTTP.

mod error;
mod reader;

pub use error::FormatError;
pub use reader::{DeclaredCrs, LayerReader, LayerSchema, Row, RowDefect};
