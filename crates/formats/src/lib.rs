//! Readers and writers of other people's files: detection of format, encoding and CRS.
//!
//! *Invariant:* `formats` never stores a feature and never speaks HTTP.

mod archive;
mod assembly;
mod atomic_file;
pub mod cql2;
mod csv;
mod csv_write;
pub mod datetime;
mod dbf;
mod detect;
mod encoding;
#[cfg(test)]
mod encoding_tests;
mod error;
pub mod fgb;
pub mod geojson;
pub mod gpkg;
mod json;
mod number;
mod photo;
mod reader;
pub mod report;
#[cfg(test)]
mod sample_tests;
mod shapefile;
pub mod sketch;
mod stream;
mod strict_json;
mod table;
#[cfg(test)]
mod test_files;
mod wkt;
mod writer;
mod xlsx;
mod zipped;

pub use archive::{
    ArchiveFacts, ArchiveFault, ArchiveFormat, ArchiveInfo, ArchivePart, ArchiveSummary, MbTiles,
    PmTilesDirectory, PmTilesHeader, PmTilesStep, TileCoding, TileType, archive_order,
    finish_archive,
};
pub use assembly::ReadGeometry;
pub use csv_write::CsvStream;
pub use detect::{Format, ReadOptions, detect, open};
pub use encoding::encoding_by_label;
pub use error::FormatError;
pub use photo::{BrokenPhoto, PhotoFormat};
pub use reader::{DeclaredCrs, LayerReader, LayerSchema, Row, RowDefect};
pub use stream::{FeatureStream, StreamFeature};
pub use strict_json::{Json, JsonDepth, JsonFault, JsonKind, Numbers};
pub use wkt::{WktError, read_wkt, write_wkt};
pub use writer::{FeatureWriter, OutputFormat, Written, create};
pub use zipped::{UnpackedArchive, unpack_archive};
