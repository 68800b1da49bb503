//! What is said of survey packages, as it stands in its file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spatial::{Field, FieldClass, FieldType, GeometryType};

use crate::class_of;
use crate::indicator::Basis;

/// Everything that is said of survey packages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SurveySet {
    /// Which edition it is.
    pub edition: String,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
    /// How far numbers may differ.
    pub tolerance: Tolerance,
    /// Ways of holding.
    pub holding: Holding,
    /// Kinds of certificates.
    pub certificates: Certificates,
    /// The tables.
    pub tables: Vec<SurveyTable>,
}

/// How far numbers may differ.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// A boundary point as near lies on a vertex, metres.
    pub vertex: f64,
    /// Recorded and measured lengths, metres.
    pub edge: f64,
    /// Registered and measured areas, square metres; both this and the share must be exceeded.
    pub area_m2: f64,
    /// The same as a share of what was measured.
    pub area_share: f64,
    /// What of a building may lie beyond its parcel, square metres.
    pub outside_m2: f64,
}

/// Ways of holding (共有方式).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// Those whose holders are a household each.
    pub apart: Vec<String>,
    /// What people call them.
    pub titles: BTreeMap<String, String>,
}

/// Kinds of certificates (证件种类) whose numbers have a check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// 公民身份号码.
    pub identity: Vec<String>,
    /// 统一社会信用代码.
    pub credit: Vec<String>,
}

/// A table of a package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyTable {
    /// What it is.
    pub table: TableRole,
    /// What people call it.
    pub title: String,
    /// Where its rows go; holders go nowhere as rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// What its rows look like.
    #[serde(default)]
    pub geometry: TableGeometry,
    /// Names of layers, or words of such names.
    pub names: Vec<String>,
    /// Fields that together tell a layer of another name.
    pub known_by: Vec<Vec<String>>,
    /// Its columns.
    pub columns: Vec<SurveyColumn>,
}

/// What a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableRole {
    /// 宗地.
    Parcels,
    /// 自然幢.
    Buildings,
    /// 户 in a building.
    Units,
    /// 权利人.
    Holders,
    /// 界址点.
    BoundaryPoints,
    /// 界址线.
    BoundaryLines,
}

impl TableRole {
    /// Every one, in the order in which they are read.
    pub const ALL: [Self; 6] = [
        Self::Parcels,
        Self::Buildings,
        Self::Units,
        Self::Holders,
        Self::BoundaryPoints,
        Self::BoundaryLines,
    ];
}

/// What the rows of a table look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableGeometry {
    /// Polygons.
    #[default]
    Polygon,
    /// Points.
    Point,
    /// Lines.
    Line,
    /// Nothing.
    None,
}

impl TableGeometry {
    /// The type of a collection of such rows.
    pub fn of_collection(self) -> GeometryType {
        match self {
            Self::Polygon => GeometryType::MultiPolygon,
            Self::Point => GeometryType::Point,
            Self::Line => GeometryType::MultiLineString,
            Self::None => GeometryType::Any,
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyColumn {
    /// The field that it becomes, and its first name in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What a reader sees.
    #[serde(default)]
    pub title: String,
    /// What its values are.
    #[serde(default, rename = "type")]
    pub kind: ColumnKind,
    /// What it is to the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Meaning>,
    /// Its other names in files.
    #[serde(default)]
    pub from: Vec<String>,
    /// Whether it is kept apart, encrypted.
    #[serde(default)]
    pub personal: bool,
}

impl SurveyColumn {
    /// Its names in files, the likeliest first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.field.as_deref().filter(|_| self.is != Some(Meaning::Key));
        own.into_iter().chain(self.from.iter().map(String::as_str))
    }

    /// The class of a personal column: that of its name, L3 at least.
    pub fn personal_class(&self) -> FieldClass {
        self.field.as_deref().map_or(FieldClass::L3, class_of).max(FieldClass::L3)
    }

    /// The field of a collection; none where nothing is stored.
    pub fn stored(&self) -> Option<Field> {
        let name = self.field.clone().filter(|_| !self.personal)?;
        Some(Field {
            class: class_of(&name),
            alias: Some(self.title.clone()).filter(|title| !title.is_empty()),
            field_type: self.kind.field_type(),
            name,
        })
    }
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Text.
    #[default]
    Text,
    /// Whole numbers.
    Int,
    /// Numbers.
    Real,
}

impl ColumnKind {
    /// The type of a field of such values.
    pub fn field_type(self) -> FieldType {
        match self {
            Self::Text => FieldType::Text,
            Self::Int => FieldType::Int,
            Self::Real => FieldType::Real,
        }
    }
}

/// What a column is to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// What tells rows apart where no column of the file does by itself.
    Key,
    /// The code of the row.
    Code,
    /// The code of its parcel.
    Parcel,
    /// 不动产单元代码.
    Unit,
    /// The number of its building.
    Building,
    /// What names the row where its code is missing.
    Spare,
    /// 坐落.
    Address,
    /// The number at the door.
    Door,
    /// The registered area, square metres.
    Area,
    /// A number within the parcel or building.
    Number,
    /// A kind.
    Kind,
    /// The number of the boundary point where a line begins.
    From,
    /// The number of the one where it ends.
    To,
    /// The recorded length, metres.
    Length,
    /// The name of a holder.
    Person,
    /// The number of the holder's certificate.
    Certificate,
    /// What certificate it is.
    CertificateKind,
    /// The number of the certificate of the right.
    Right,
    /// 共有方式.
    Holding,
    /// 权利比例.
    Portion,
}

impl Meaning {
    /// Whether values are codes, compared in normal form.
    pub fn is_code(self) -> bool {
        matches!(self, Self::Code | Self::Parcel | Self::Unit | Self::Building | Self::Spare)
    }
}

impl SurveyTable {
    /// Where the first column of that meaning stands.
    pub fn at(&self, meaning: Meaning) -> Option<usize> {
        self.columns.iter().position(|column| column.is == Some(meaning))
    }

    /// Where all of them stand.
    pub fn all(&self, meaning: Meaning) -> impl Iterator<Item = usize> {
        let found = self.columns.iter().enumerate();
        found.filter(move |(_, column)| column.is == Some(meaning)).map(|(at, _)| at)
    }

    /// The field that tells the rows of its collection apart.
    pub fn key_field(&self) -> Option<&str> {
        let at = self.at(Meaning::Key).or_else(|| self.at(Meaning::Code))?;
        self.columns[at].field.as_deref()
    }
}
