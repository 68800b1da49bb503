//! GeoJSON (RFC 7946) and GeoJSON text sequences (RFC 8142, or one value a line).
//!
//! A file is walked twice: once to learn the fields and their types, once to read. Only one
//! feature is in memory at a time.

mod feature;
mod geometry;
mod read;
mod sniff;
mod split;
mod stream;
mod text;
mod write;

#[cfg(test)]
mod geojson_tests;

pub(crate) use geometry::read as read_geometry;
pub use read::{open, open_seq};
pub use stream::{GeoJsonStream, Profile};
pub(crate) use text::push_hex;
pub use text::{Positions, push_key, push_string, push_value};
pub(crate) use write::{GeoJsonWriter, Layout};

/// Name of the format in messages.
const FORMAT: &str = "GeoJSON";
/// Longest text of one feature, in bytes.
const MAX_FEATURE_BYTES: usize = 256 << 20;
/// Most fields; SQLite has no more columns.
const MAX_FIELDS: usize = 2000;
