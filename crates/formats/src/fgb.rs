//! FlatGeobuf: a header, a packed R-tree, features as flatbuffers.
//!
//! The stream is walked here, over the flatbuffer tables of the `flatgeobuf` crate: its own
//! reader takes sizes from the file on trust, its writer refuses mixed geometry types and
//! sorts what the snapshot has sorted already.

mod encode;
mod geometry;
mod index;
mod properties;
mod read;
mod stream;
mod write;

#[cfg(test)]
mod fgb_tests;

pub use read::open;
pub use stream::{FgbLayer, FgbStream};
pub(crate) use write::FgbWriter;

/// Name of the format in messages.
const FORMAT: &str = "FlatGeobuf";
/// First bytes of a file: name, major version, name, patch version.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";
/// Largest header read; that of the `flatgeobuf` crate.
const MAX_HEADER_BYTES: usize = 10 << 20;
/// Children a node of the index has when written here.
const NODE_SIZE: u16 = 16;
/// Bytes of a node: four borders and an offset.
const NODE_BYTES: usize = 40;
/// Metadata of a date column; the format has a type for times alone.
const DATE_METADATA: &str = r#"{"type":"date"}"#;
