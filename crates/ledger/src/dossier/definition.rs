//! What a city says of its household files, as it stands in its file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::indicator::Basis;

/// Everything that is said of household files.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DossierSet {
    /// Which edition it is.
    pub edition: String,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
    /// How far is looked.
    pub reach: Reach,
    /// Parcels.
    pub parcels: ParcelLayer,
    /// Buildings.
    pub buildings: BuildingLayer,
    /// Boundary points that were surveyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary_points: Option<BoundaryPointTable>,
    /// Units (户) in buildings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building_units: Option<BuildingUnitTable>,
    /// Who has which share in which parcel.
    pub shares: ShareTable,
    /// Photos.
    pub photos: PhotoTable,
    /// Points of the ledger.
    pub points: PointLayer,
    /// Units that completeness is told of, the finest first.
    pub units: Vec<UnitLayer>,
    /// Lanes and roads that a parcel lies at.
    #[serde(default)]
    pub lanes: Vec<LineLayer>,
    /// Areas and lines that nothing may come near to.
    #[serde(default)]
    pub red_lines: Vec<NamedLayer>,
    /// The ortho-image that sheets show a cut of; none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ortho: Option<OrthoLayer>,
    /// What there are files of; the first is meant where nothing is said.
    pub subjects: Vec<SubjectKind>,
}

/// How far is looked, in metres.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Edges that are as near are one border.
    pub border: f64,
    /// So far beyond a border without a neighbour lanes and parcels are looked for.
    pub across: f64,
    /// So far red lines are looked for.
    pub red_line: f64,
    /// Points as near to an alley are the alley's.
    pub alley: f64,
}

/// A field with what stands before its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShownField {
    /// The field.
    pub field: String,
    /// What stands before its value.
    pub title: String,
}

/// Where parcels are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelLayer {
    /// The collection.
    pub collection: String,
    /// The field with the code.
    pub code: String,
    /// The field with the address; it may be absent from the collection.
    pub address: String,
    /// The field with the area that was registered, square metres; it may be absent.
    pub area: String,
    /// What is shown.
    pub fields: Vec<ShownField>,
}

/// Where buildings are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BuildingLayer {
    /// The collection.
    pub collection: String,
    /// The field with the code.
    pub code: String,
    /// The field with the code of the parcel.
    pub parcel: String,
    /// The field with the name; it may be absent, as those below.
    pub name: String,
    /// The field with how many floors there are.
    pub floors: String,
    /// The field with the structure.
    pub structure: String,
    /// What people call the structures of these codes; others are told as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub structures: BTreeMap<String, String>,
}

/// Where surveyed boundary points are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BoundaryPointTable {
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the code of the parcel; a point without one is of any parcel.
    pub parcel: String,
    /// The field with the number of the point.
    pub number: String,
    /// The field with its kind; it may be absent.
    pub kind: String,
    /// A point as near to a vertex is its point, metres.
    pub within: f64,
    /// What people call these kinds; others are told as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, String>,
}

/// Where units in buildings are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BuildingUnitTable {
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the number of the building.
    pub building: String,
    /// What is shown.
    pub fields: Vec<ShownField>,
}

/// Where shares are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShareTable {
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the household.
    pub household: String,
    /// The field with the code of the parcel.
    pub parcel: String,
    /// The field with the portion.
    pub portion: String,
    /// The field with the buildings that belong to the share.
    pub buildings: String,
}

/// Where photos are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoTable {
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the number of a photo.
    pub code: String,
    /// The field with the kind of the subject.
    pub kind: String,
    /// The field with the subject.
    pub subject: String,
    /// The field with what the photo shows.
    pub title: String,
    /// The field with when it was taken.
    pub captured: String,
    /// The field with the SHA-256 of its bytes.
    pub hash: String,
}

/// Where points of the ledger are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PointLayer {
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the id.
    pub id: String,
    /// The field with the number.
    pub code: String,
    /// The field with the code of the parcel; it may be absent.
    pub parcel: String,
    /// The field with the building; it may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    /// The field with the household; it may be absent.
    pub household: String,
    /// What is shown.
    pub fields: Vec<ShownField>,
}

/// A level of units.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLayer {
    /// Its name for interfaces.
    pub level: String,
    /// Its name for people.
    pub title: String,
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the code.
    pub code: String,
    /// The field with the name.
    pub name: String,
}

/// Lanes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LineLayer {
    /// The collection; it may be absent from a store.
    pub collection: String,
    /// The field with the name.
    pub name: String,
}

/// Red lines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NamedLayer {
    /// The collection; where it is absent, the file says so.
    pub collection: String,
    /// The field with the name.
    pub name: String,
    /// What they are called.
    pub title: String,
}

/// An ortho-image: tiles of images that are served beside the store.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrthoLayer {
    /// The archive by its name in URLs; where it is not served, sheets have no image.
    pub collection: String,
    /// Whose image it is; what the archive says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it was taken, as it is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<String>,
}

/// What there is a file of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectKind {
    /// Its name for interfaces.
    pub kind: String,
    /// Its name for people.
    pub title: String,
    /// The collection.
    pub collection: String,
    /// The field with its number.
    pub id: String,
    /// The field with what people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The field with the code of its parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
    /// Whether it has shares in parcels and names the doors of neighbours: households do.
    #[serde(default)]
    pub is_household: bool,
    /// Whether it is one of the buildings, so that its file is of no other building.
    #[serde(default)]
    pub is_building: bool,
    /// What is shown.
    pub fields: Vec<ShownField>,
    /// What a complete file has.
    pub parts: Vec<Part>,
}

impl SubjectKind {
    /// Whether points name it in a column of their own, beside its parcel.
    pub fn is_named_by_points(&self) -> bool {
        self.is_household || self.is_building
    }
}

/// A part of a complete file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is.
    pub part: PartKind,
    /// The field that has a value, for [`PartKind::Field`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What people call it.
    pub title: String,
    /// How much it counts.
    #[serde(default = "one")]
    pub weight: u32,
}

fn one() -> u32 {
    1
}

/// What a part of a file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// Every parcel that the subject names is there, one at least.
    Parcel,
    /// There is a building on its parcels, or it is one.
    Building,
    /// There is a photo.
    Photo,
    /// There is a row of shares.
    Share,
    /// The subject has a place.
    Place,
    /// A field has a value.
    Field,
}

impl PartKind {
    /// Its word.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Parcel => "parcel",
            Self::Building => "building",
            Self::Photo => "photo",
            Self::Share => "share",
            Self::Place => "place",
            Self::Field => "field",
        }
    }
}
