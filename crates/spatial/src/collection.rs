//! Collections: published sets of features with one schema.

use std::fmt;

use thiserror::Error;

use crate::{Crs, Envelope};

/// Longest collection id, in bytes.
pub const MAX_COLLECTION_ID_BYTES: usize = 63;

/// Name of a collection: table name, URL segment and tile layer name at once.
///
/// A letter first, then letters, digits, `_` or `-` of any script, at most 63 bytes, and
/// none of the prefixes that GeoPackage, SQLite, QGIS or Tuban keep for themselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(String);

/// A name that cannot be a collection id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "collection id {value:?} is not usable: start with a letter, then letters, digits, '_' or '-', \
     at most 63 bytes, no prefix gpkg_, rtree_, sqlite_, tuban_, layer_styles"
)]
pub struct InvalidCollectionId {
    /// The refused name.
    pub value: String,
}

impl CollectionId {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for CollectionId {
    type Error = InvalidCollectionId;

    fn try_from(value: &str) -> Result<Self, InvalidCollectionId> {
        const RESERVED: [&str; 5] = ["gpkg_", "rtree_", "sqlite_", "tuban_", "layer_styles"];
        let lower = value.to_lowercase();
        let mut chars = value.chars();
        let usable = value.len() <= MAX_COLLECTION_ID_BYTES
            && chars.next().is_some_and(char::is_alphabetic)
            && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
            && !RESERVED.iter().any(|prefix| lower.starts_with(prefix));
        if usable {
            Ok(Self(value.to_owned()))
        } else {
            Err(InvalidCollectionId { value: value.to_owned() })
        }
    }
}

impl fmt::Display for CollectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// `true` or `false`.
    Bool,
    /// 64-bit integer.
    Int,
    /// Double.
    Real,
    /// Unicode text.
    Text,
    /// Text `YYYY-MM-DD`.
    Date,
    /// Text, RFC 3339 in UTC, e.g. `2026-11-22T08:00:00.000Z`.
    DateTime,
    /// Bytes.
    Bytes,
}

impl FieldType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::Bool, Self::Int, Self::Real, Self::Text, Self::Date, Self::DateTime, Self::Bytes];
}

/// How sensitive a field is. Tiles carry L0–L1; L3–L4 are personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldClass {
    /// Geometry and state.
    L0,
    /// Codes and areas; the class of a field of which nothing else is said.
    L1,
    /// Masked names.
    L2,
    /// Names, phones, addresses.
    L3,
    /// ID numbers, special groups.
    L4,
}

impl FieldClass {
    /// Every class, ascending.
    pub const ALL: [Self; 5] = [Self::L0, Self::L1, Self::L2, Self::L3, Self::L4];
}

/// One field of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Column name, unique in its collection whatever the case.
    pub name: String,
    /// What a reader sees instead of the name.
    pub alias: Option<String>,
    /// Type of the values.
    pub field_type: FieldType,
    /// Sensitivity.
    pub class: FieldClass,
}

/// Declared type of a collection's geometries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GeometryType {
    /// Points.
    Point,
    /// Multipoints; points are stored as such.
    MultiPoint,
    /// Line strings.
    LineString,
    /// Multi line strings; line strings are stored as such.
    MultiLineString,
    /// Polygons.
    Polygon,
    /// Multipolygons; polygons are stored as such.
    MultiPolygon,
    /// Anything, mixed.
    Any,
}

impl GeometryType {
    /// Every type.
    pub const ALL: [Self; 7] = [
        Self::Point,
        Self::MultiPoint,
        Self::LineString,
        Self::MultiLineString,
        Self::Polygon,
        Self::MultiPolygon,
        Self::Any,
    ];

    /// Whether features of this type are polygons.
    pub fn is_areal(self) -> bool {
        matches!(self, Self::Polygon | Self::MultiPolygon)
    }
}

/// The zooms at which a collection has tiles, both included, at most 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zooms {
    /// First zoom.
    pub min: u8,
    /// Last zoom; clients overzoom beyond it.
    pub max: u8,
}

/// What is published of a set of features with one schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Table name, URL segment, tile layer name.
    pub id: CollectionId,
    /// What a reader sees.
    pub title: String,
    /// A sentence or two.
    pub description: String,
    /// Whom the data is owed to, e.g. `© OpenStreetMap contributors`; empty when nobody.
    pub attribution: String,
    /// Storage CRS.
    pub crs: Crs,
    /// Declared geometry type.
    pub geometry_type: GeometryType,
    /// Whether vertices have a Z.
    pub has_z: bool,
    /// Whether vertices have an M.
    pub has_m: bool,
    /// Fields, in column order.
    pub fields: Vec<Field>,
    /// Name of the unique field that upserts and look-ups go by.
    pub key: Option<String>,
    /// Zooms with tiles.
    pub zooms: Zooms,
    /// MapLibre style layers as JSON text; a default is drawn when absent.
    pub style: Option<String>,
    /// Extent of the features in the storage CRS; empty when there is none.
    pub extent: Envelope,
    /// Number of features.
    pub count: u64,
}

impl Collection {
    /// Position of the field called `name` (exact case) in [`Collection::fields`].
    pub fn field_position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}
