//! What is in a file, typed: the subject, its parcels and buildings, what was measured and how.
//!
//! Areas are square metres, lengths metres, unless a name says otherwise; shapes are in the plane that
//! the parcel names.

use spatial::{CollectionId, Crs, FeatureId, Geometry, Operation, Revision, Timestamp, Value};

use super::{Boundary, Completeness, Method};
use crate::clue::Toward;

/// A file.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The state that it tells.
    pub revision: Revision,
    /// Of what it is.
    pub subject: SubjectName,
    /// The units that it lies in, the finest first.
    pub units: Vec<UnitName>,
    /// What is known of the subject.
    pub fields: Vec<FieldValue>,
    /// Personal values, masked, for whoever may see them; `None` where nobody keeps any or the reader
    /// may not see that there are some.
    pub personal: Option<Vec<Personal>>,
    /// Rows of shares, of a household.
    pub shares: Vec<ShareRow>,
    /// Its parcels.
    pub parcels: Vec<ParcelFile>,
    /// Its buildings.
    pub buildings: Vec<BuildingFile>,
    /// Areas by floor.
    pub floors: Vec<FloorArea>,
    /// What it is as a line: an alley.
    pub line: Option<LineFile>,
    /// Its photos.
    pub photos: Vec<Photo>,
    /// Points of the ledger at it.
    pub points: Vec<Record>,
    /// What departments did at these points; `None` where the reader may not know.
    pub enforcement: Option<Vec<Record>>,
    /// What became of it, its parcels and buildings, oldest first.
    pub history: Vec<HistoryLine>,
    /// How complete it is.
    pub completeness: Completeness,
    /// What cannot be told, and why.
    pub notes: Vec<String>,
}

/// What a file is of.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectName {
    /// The kind's word.
    pub kind: String,
    /// What people call the kind.
    pub kind_title: String,
    /// Its number.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// Where its row is.
    pub collection: CollectionId,
    /// Its row.
    pub feature: FeatureId,
    /// A place of it, longitude and latitude.
    pub lon_lat: Option<[f64; 2]>,
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitName {
    /// The level's word.
    pub level: String,
    /// What people call the level.
    pub title: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A value with what stands before it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldValue {
    /// The field.
    pub field: String,
    /// What stands before it.
    pub title: String,
    /// The value.
    pub value: Value,
}

/// A personal value, masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Personal {
    /// The field.
    pub field: String,
    /// What stands before it.
    pub title: String,
    /// The mask, which tells nobody who it is.
    pub masked: String,
}

/// A row of shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRow {
    /// The parcel.
    pub parcel: String,
    /// The portion.
    pub portion: Option<String>,
    /// The buildings that belong to it, as the row has them.
    pub buildings: Vec<String>,
}

/// How a thing comes into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A row of shares names it.
    Share,
    /// A field names it.
    Field,
    /// It lies there.
    Place,
}

impl Via {
    /// Its word.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Field => "field",
            Self::Place => "place",
        }
    }
}

/// A number that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// In square metres or metres.
    pub value: f64,
    /// How.
    pub method: Method,
    /// In which plane.
    pub crs: Crs,
}

/// A parcel of a file.
#[derive(Clone, Debug)]
pub struct ParcelFile {
    /// Its code, as the subject names it.
    pub code: String,
    /// Its row; `None` where the store has no such parcel.
    pub feature: Option<FeatureId>,
    /// How it comes into the file.
    pub via: Via,
    /// The households of the parcel by their numbers (一宅多户).
    pub households: Vec<String>,
    /// What is known of it.
    pub fields: Vec<FieldValue>,
    /// The plane that it was measured in.
    pub plane: Option<Crs>,
    /// Its shape there.
    pub shape: Option<Geometry>,
    /// Its boundary points.
    pub boundary: Boundary,
    /// Its area.
    pub area: Option<Measure>,
    /// The area that was registered.
    pub registered_m2: Option<f64>,
    /// 四至: north, east, south, west.
    pub sides: Vec<Side>,
    /// Parcels that share ground with it.
    pub overlaps: Vec<Overlap>,
    /// Red lines, by collection.
    pub red_lines: Vec<RedLine>,
    /// What became of it since the last survey.
    pub change: Option<Change>,
    /// Buildings that stood on it at the last survey and do not any more.
    pub gone: Vec<GoneBuilding>,
    /// Parcels and lanes around it, for a drawing: what they are called, and their shape.
    pub around: Vec<(String, Geometry)>,
    /// Red lines as near, alike.
    pub red_shapes: Vec<(String, Geometry)>,
}

impl ParcelFile {
    /// A file of which nothing else is known.
    pub fn of(code: &str, via: Via) -> Self {
        Self {
            code: code.to_owned(),
            feature: None,
            via,
            households: Vec::new(),
            fields: Vec::new(),
            plane: None,
            shape: None,
            boundary: Boundary::default(),
            area: None,
            registered_m2: None,
            sides: Vec::new(),
            overlaps: Vec::new(),
            red_lines: Vec::new(),
            change: None,
            gone: Vec::new(),
            around: Vec::new(),
            red_shapes: Vec::new(),
        }
    }
}

/// One side of a parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Which.
    pub toward: Toward,
    /// What lies there, the longest border first.
    pub borders: Vec<Border>,
}

/// What lies along a stretch of a boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct Border {
    /// The parcel that shares the border.
    pub neighbour: Option<Neighbour>,
    /// Where none does, the lane that lies there.
    pub lane: Option<String>,
    /// The parcel beyond.
    pub across: Option<Neighbour>,
    /// How long the stretch is, metres.
    pub metres: f64,
}

/// A neighbouring parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its code.
    pub code: String,
    /// What people call it: by the numbers at its doors, else by its address or code.
    pub name: String,
}

/// Ground that two parcels share.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// The other parcel.
    pub with: Neighbour,
    /// How much.
    pub area_m2: f64,
}

/// How far a red line is.
#[derive(Clone, Debug, PartialEq)]
pub struct RedLine {
    /// What they are called.
    pub title: String,
    /// The collection.
    pub collection: String,
    /// Whether the store has it.
    pub is_known: bool,
    /// The nearest one within reach: its name and metres, 0 where it meets the parcel.
    pub nearest: Option<(String, f64)>,
    /// How far was looked, metres.
    pub within_m: f64,
}

/// What became of a shape since the state before.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The commit that brought the shape of now.
    pub revision: Revision,
    /// When it was recorded.
    pub recorded_at: Option<Timestamp>,
    /// The area before; `None` where there was nothing.
    pub before_m2: Option<f64>,
    /// The area now.
    pub after_m2: f64,
    /// Ground that is new.
    pub gained_m2: f64,
    /// Ground that is gone.
    pub lost_m2: f64,
}

/// A building that stood on a parcel when the buildings were loaded last, and does not any more.
#[derive(Clone, Debug, PartialEq)]
pub struct GoneBuilding {
    /// Its code then.
    pub code: String,
    /// Its row.
    pub feature: FeatureId,
    /// Its footprint then.
    pub footprint: Measure,
    /// Whether its row is gone; otherwise it lies elsewhere.
    pub is_removed: bool,
    /// The commit with which it went.
    pub revision: Revision,
    /// When that was recorded.
    pub recorded_at: Option<Timestamp>,
}

/// A building of a file.
#[derive(Clone, Debug)]
pub struct BuildingFile {
    /// Its code.
    pub code: String,
    /// Its row.
    pub feature: FeatureId,
    /// How it comes into the file.
    pub via: Via,
    /// The parcel of the file that it stands on.
    pub parcel: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// How many floors it has.
    pub floors: Option<i64>,
    /// Its structure, as people call it.
    pub structure: Option<String>,
    /// Its shape in the plane of its parcel.
    pub shape: Geometry,
    /// Its footprint.
    pub footprint: Measure,
    /// 疑似超占: what of it lies outside its parcel.
    pub outside: Option<Outside>,
    /// Its units (户), what is known of each.
    pub units: Vec<Vec<FieldValue>>,
    /// What became of it since the last survey.
    pub change: Option<Change>,
}

/// What of a building lies outside its parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// How much.
    pub area_m2: f64,
    /// How much of it on which other parcel, the most first.
    pub on: Vec<(Neighbour, f64)>,
}

/// The area of a floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloorArea {
    /// Which, from 1.
    pub floor: i64,
    /// How many buildings have it.
    pub buildings: usize,
    /// Their footprints together, square metres.
    pub area_m2: f64,
}

/// A subject that is a line.
#[derive(Clone, Debug)]
pub struct LineFile {
    /// Its shape in the plane.
    pub shape: Geometry,
    /// Its length.
    pub length: Measure,
}

/// A photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// Its number.
    pub code: String,
    /// What it shows.
    pub title: String,
    /// When it was taken, as the row has it.
    pub captured_at: Option<String>,
    /// The SHA-256 of its bytes.
    pub hash: Option<String>,
}

/// A row of another collection that is about the subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its collection.
    pub collection: CollectionId,
    /// Its row.
    pub feature: FeatureId,
    /// How it comes into the file.
    pub via: Via,
    /// What is known of it.
    pub fields: Vec<FieldValue>,
}

/// A change of the subject, a parcel or a building.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryLine {
    /// The commit.
    pub revision: Revision,
    /// When it was recorded.
    pub recorded_at: Option<Timestamp>,
    /// Where.
    pub collection: CollectionId,
    /// What people call what changed.
    pub name: String,
    /// What was done.
    pub operation: Operation,
    /// Names of the fields that changed.
    pub fields: Vec<String>,
    /// Whether its shape changed.
    pub is_moved: bool,
}

/// Areas by floor of buildings with so many floors and such footprints, the ground floor first. A
/// building that does not say how many it has counts with one.
pub fn floors<'a>(buildings: impl Iterator<Item = &'a BuildingFile>) -> Vec<FloorArea> {
    /// A building says more than this by mistake.
    const MOST: i64 = 200;
    let mut all: Vec<FloorArea> = Vec::new();
    for building in buildings {
        let count = building.floors.unwrap_or(1).clamp(1, MOST);
        for floor in 1..=count {
            let at = (floor - 1) as usize;
            if all.len() == at {
                all.push(FloorArea { floor, buildings: 0, area_m2: 0.0 });
            }
            all[at].buildings += 1;
            all[at].area_m2 += building.footprint.value;
        }
    }
    all
}
