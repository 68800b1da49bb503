//! The seam between an export and a file: formats to choose from, and their writers.

use std::path::Path;

use spatial::{Feature, Field, FieldType, Value, ValueRef};

use crate::atomic_file::AtomicFile;
use crate::csv_write::CsvWriter;
use crate::fgb::FgbWriter;
use crate::geojson::{GeoJsonWriter, Layout};
use crate::gpkg::GpkgWriter;
use crate::{FormatError, LayerSchema};

/// A format that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// FlatGeobuf, with an index.
    FlatGeobuf,
    /// One collection by RFC 7946.
    GeoJson,
    /// One feature a line.
    GeoJsonSeq,
    /// A plain GeoPackage, with an R-tree.
    GeoPackage,
    /// Comma-separated values for spreadsheets.
    Csv,
}

impl OutputFormat {
    /// The format that the extension of `path` names.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "fgb" => Self::FlatGeobuf,
            "geojson" | "json" => Self::GeoJson,
            "geojsonl" | "geojsons" | "geojsonseq" | "ndjson" | "jsonl" => Self::GeoJsonSeq,
            "gpkg" => Self::GeoPackage,
            "csv" => Self::Csv,
            _ => return None,
        })
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Number of features.
    pub features: u64,
    /// What a user should know of the file, e.g. that the format holds no measures.
    pub notes: Vec<String>,
}

/// Writes one layer, feature by feature, in the order given.
pub trait FeatureWriter: Send {
    /// Appends a feature; its values are in the order of the schema's fields.
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError>;

    /// Ends the file and puts it in its place. A writer that is dropped before leaves nothing.
    fn finish(self: Box<Self>) -> Result<Written, FormatError>;
}

/// Begins the file that is to stand at `path`, taking the place of what is there.
pub fn create(
    path: &Path,
    format: OutputFormat,
    schema: &LayerSchema,
) -> Result<Box<dyn FeatureWriter>, FormatError> {
    let file = || AtomicFile::create(path);
    Ok(match format {
        OutputFormat::GeoPackage => Box::new(GpkgWriter::new(path, schema)?),
        OutputFormat::FlatGeobuf => Box::new(FgbWriter::new(file()?, schema)?),
        OutputFormat::GeoJson => Box::new(GeoJsonWriter::new(file()?, schema, Layout::Collection)?),
        OutputFormat::GeoJsonSeq => Box::new(GeoJsonWriter::new(file()?, schema, Layout::Lines)?),
        OutputFormat::Csv => Box::new(CsvWriter::new(file()?, schema)?),
    })
}

/// The values of `feature`, one a field and of the field's type.
///
/// An integer in a field of reals becomes a real. Another mismatch is an error: the schema is
/// not the feature's.
pub(crate) fn typed_values<'a>(
    path: &'a Path,
    format: &'static str,
    fields: &'a [Field],
    feature: &'a Feature,
) -> impl Iterator<Item = Result<ValueRef<'a>, FormatError>> {
    fields.iter().enumerate().map(move |(position, field)| {
        let value = feature.properties.get(position).map_or(ValueRef::Null, Value::as_ref);
        match (field.field_type, value) {
            (FieldType::Real, ValueRef::Int(value)) => Ok(ValueRef::Real(value as f64)),
            (_, ValueRef::Null)
            | (FieldType::Bool, ValueRef::Bool(_))
            | (FieldType::Int, ValueRef::Int(_))
            | (FieldType::Real, ValueRef::Real(_))
            | (FieldType::Text | FieldType::Date | FieldType::DateTime, ValueRef::Text(_))
            | (FieldType::Bytes, ValueRef::Bytes(_)) => Ok(value),
            _ => Err(FormatError::Unwritable {
                path: path.to_owned(),
                format,
                reason: format!(
                    "a value of field {:?} is not of its type {:?}",
                    field.name, field.field_type
                ),
            }),
        }
    })
}
