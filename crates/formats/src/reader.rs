//! The seam between a file and the import: layers, their schema, and features with row numbers.

use std::collections::HashSet;
use std::path::Path;

use spatial::{Feature, Field, GeometryType};

use crate::FormatError;

/// What a file says of the coordinates of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredCrs {
    /// Nothing.
    Unknown,
    /// An EPSG code; CRS84 is 4326.
    Epsg(u32),
    /// Well-known text (WKT1 of ESRI or OGC, or WKT2) that names no code; still to be identified.
    Wkt(String),
}

/// What a layer holds, known before its features are read.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSchema {
    /// Name as the file gives it; the file's stem when it gives none.
    pub name: String,
    /// What the file says of its coordinates.
    pub crs: DeclaredCrs,
    /// Type of the geometries; `Any` when mixed or not said.
    pub geometry_type: GeometryType,
    /// Whether vertices have a Z.
    pub has_z: bool,
    /// Whether vertices have an M.
    pub has_m: bool,
    /// Fields, in file order; the class is always L1 here, the import decides.
    pub fields: Vec<Field>,
    /// Columns that say where a row lies; none where the file has geometries apart from its columns.
    pub place_columns: Vec<String>,
    /// Number of features, when the file says so.
    pub count: Option<u64>,
    /// What a user should know of how the layer was understood, e.g. its encoding.
    pub notes: Vec<String>,
}

/// One row of a layer.
#[derive(Debug)]
pub struct Row {
    /// Number of the row in the file, from 1; a user finds the row by it.
    pub number: u64,
    /// The feature in the file's CRS and field order (without id), or why it cannot be read.
    pub feature: Result<Feature, RowDefect>,
    /// Stable kinds of what was mended while reading, e.g. `unclosed_ring`; mostly empty.
    pub mended: Vec<&'static str>,
}

impl Row {
    /// A row of which nothing was mended.
    pub fn new(number: u64, feature: Result<Feature, RowDefect>) -> Self {
        Self { number, feature, mended: Vec::new() }
    }
}

/// Why one row cannot be read; counted by [`RowDefect::kind`], reported with its row number.
/// Never carries a value of the row: a value may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDefect {
    /// Stable kind in snake case, e.g. `bad_encoding`, `bad_number`, `bad_geometry`.
    pub kind: &'static str,
    /// The field, when it lies in one.
    pub field: Option<String>,
    /// What is wrong, for a person.
    pub reason: String,
}

/// Reads one layer from its first row to its last.
pub trait LayerReader: Send {
    /// What the layer holds.
    fn schema(&self) -> &LayerSchema;

    /// The next rows, at most `limit`; an empty answer is the end. An error ends the layer: the
    /// file is truncated or is not what it says.
    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError>;
}

/// The stem of a file's name, for a layer that the file gives no name.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

impl RowDefect {
    /// A defect of the whole row.
    pub(crate) fn new(kind: &'static str, reason: impl Into<String>) -> Self {
        Self { kind, field: None, reason: reason.into() }
    }

    /// A defect of one field.
    pub(crate) fn of_field(kind: &'static str, field: &str, reason: impl Into<String>) -> Self {
        Self { kind, field: Some(field.to_owned()), reason: reason.into() }
    }
}

/// Gives the second of two names that differ by case alone, or not at all, a number; says so.
pub(crate) fn make_names_unique(fields: &mut [Field], notes: &mut Vec<String>) {
    let mut taken: HashSet<String> = HashSet::new();
    for field in fields {
        if taken.insert(field.name.to_lowercase()) {
            continue;
        }
        let free = (2_u32..)
            .map(|number| format!("{}_{number}", field.name))
            .find(|name| taken.insert(name.to_lowercase()));
        if let Some(name) = free {
            notes.push(format!("a second field {:?} is called {name:?}", field.name));
            field.name = name;
        }
    }
}
