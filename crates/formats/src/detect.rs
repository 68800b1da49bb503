//! Which format a file is in: by its first bytes, then by its extension. What is not read is
//! refused with the command that converts it.

#[cfg(test)]
mod detect_tests;
mod refusal;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use encoding_rs::Encoding;

use crate::encoding::encoding_by_label;
use crate::{FormatError, LayerReader};
use crate::{csv, dbf, fgb, geojson, gpkg, shapefile, xlsx, zipped};

/// How much of a file tells its format.
const HEAD_BYTES: u64 = 4096;

/// What the user says of a file that the file itself does not say, or says wrongly.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Encoding of text in a Shapefile, DBF or CSV, e.g. `GBK`, instead of what is claimed or
    /// found out.
    pub encoding: Option<String>,
    /// Column of the easting or longitude of a table; only together with `y`.
    pub x: Option<String>,
    /// Column of the northing or latitude of a table.
    pub y: Option<String>,
    /// Column of a table that holds WKT.
    pub wkt: Option<String>,
    /// How many bytes an archive or workbook may unpack to.
    pub max_unzipped_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { encoding: None, x: None, y: None, wkt: None, max_unzipped_bytes: 4 << 30 }
    }
}

impl ReadOptions {
    /// The encoding that the user names for `path`.
    pub(crate) fn named_encoding(
        &self,
        path: &Path,
    ) -> Result<Option<&'static Encoding>, FormatError> {
        let Some(label) = &self.encoding else { return Ok(None) };
        encoding_by_label(label).map(Some).ok_or_else(|| FormatError::Malformed {
            path: path.to_owned(),
            format: "text",
            reason: format!(
                "encoding {label:?} is not known; there are GBK, GB18030, UTF-8, Big5, …"
            ),
        })
    }
}

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// GeoJSON or GeoJSON text sequence.
    GeoJson,
    /// FlatGeobuf.
    FlatGeobuf,
    /// GeoPackage.
    GeoPackage,
    /// The `.shp` of a Shapefile.
    Shapefile,
    /// A dBASE table.
    Dbf,
    /// An archive of files in the other formats.
    Zip,
    /// Comma, semicolon or tab separated values.
    Csv,
    /// Excel, `.xlsx` or `.xls`.
    Excel,
}

/// Opens every layer of `path`, whatever its format.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    match detect(path)? {
        Format::FlatGeobuf => fgb::open(path),
        Format::GeoJson => geojson::open(path),
        Format::GeoPackage => gpkg::open(path),
        Format::Shapefile => shapefile::open(path, options),
        Format::Dbf => dbf::open(path, options),
        Format::Zip => zipped::open(path, options),
        Format::Csv => csv::open(path, options),
        Format::Excel => xlsx::open(path, options),
    }
}

/// The lower-case extension of `path`.
pub(crate) fn extension(path: &Path) -> String {
    path.extension().map_or_else(String::new, |e| e.to_string_lossy().to_lowercase())
}

/// Finds out the format of `path`.
pub fn detect(path: &Path) -> Result<Format, FormatError> {
    let io = |source| FormatError::Io { path: path.to_owned(), source };
    let extension = extension(path);
    let folder = std::fs::metadata(path).map_err(io)?.is_dir();
    if let Some(refused) = refusal::by_extension(path, &extension, folder) {
        return Err(refused);
    }
    let unknown = |reason: &str| FormatError::Malformed {
        path: path.to_owned(),
        format: "GeoJSON, FlatGeobuf, GeoPackage, Shapefile, CSV or Excel",
        reason: reason.to_owned(),
    };
    if folder {
        return Err(unknown("it is a folder; name the files in it"));
    }
    let mut head = Vec::new();
    File::open(path).map_err(io)?.take(HEAD_BYTES).read_to_end(&mut head).map_err(io)?;
    if head.is_empty() {
        return Err(unknown("it is empty"));
    }
    if let Some(refused) = refusal::by_content(path, &head) {
        return Err(refused);
    }
    by_content(path, &head).or_else(|| by_extension(&extension, &head)).ok_or_else(|| {
        unknown(match extension.as_str() {
            "shp" | "dbf" | "fgb" | "gpkg" | "xlsx" | "xls" | "zip" => {
                "its first bytes are not those of its extension; it may be damaged or renamed"
            }
            "shx" | "prj" | "cpg" | "sbn" | "sbx" | "qix" => {
                "it belongs to a Shapefile; name the .shp beside it"
            }
            _ => "neither its first bytes nor its extension say what it is",
        })
    })
}

fn by_content(path: &Path, head: &[u8]) -> Option<Format> {
    const ZIP: &[u8] = b"PK\x03\x04";
    const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
    const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    if head.starts_with(b"fgb") {
        Some(Format::FlatGeobuf)
    } else if head.starts_with(b"SQLite format 3\0") {
        Some(Format::GeoPackage)
    } else if head.starts_with(&[0, 0, 0x27, 0x0A]) && extension(path) != "shx" {
        Some(Format::Shapefile)
    } else if head.starts_with(OLE) {
        Some(Format::Excel)
    } else if head.starts_with(ZIP) || head.starts_with(EMPTY_ZIP) {
        Some(if zipped::is_workbook(path) { Format::Excel } else { Format::Zip })
    } else {
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != 0x1E);
        matches!(first, Some(b'{' | b'[')).then_some(Format::GeoJson)
    }
}

fn by_extension(extension: &str, head: &[u8]) -> Option<Format> {
    let utf16 = head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]);
    let text = utf16 || !head.contains(&0);
    match extension {
        "geojson" | "json" | "geojsonl" | "geojsons" | "ndjson" if text => Some(Format::GeoJson),
        "csv" | "tsv" | "txt" if text => Some(Format::Csv),
        "dbf" => Some(Format::Dbf),
        _ => None,
    }
}
