//! The ground of the fictional towns as surveyors bring it: a few parcels do not meet where they should, a
//! few houses stand on vacant parcels, most of them without any file; and the buildings as the survey before
//! had them.
//!
//! *Invariant:* the layers are those that the seed gives, but for what is said here; what is flawed follows
//! from the order of the parcels alone.

use geo::Centroid;
use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use spatial::{Collection, CollectionId, Feature, Field, FieldClass, FieldType, Value, Zooms};

use super::ledger_rows::{row, text_of};
use super::village::building_code;
use super::{Layer, Synth, SynthError};

/// The collection of the survey before.
pub const BUILDINGS_LAST: &str = "buildings_last";

/// Of so many parcels, one reaches into its neighbour and one leaves a gap; the first of each.
const PARCELS_A_FLAW: usize = 2000;
const FIRST_OVERLAP: usize = 40;
const FIRST_GAP: usize = 340;
/// How far a border that is measured wrong is bent at its middle, as a part of the way to the middle of the
/// parcel: a few decimetres, less than houses keep from walls.
const BENT: f64 = 0.03;

/// Of so many vacant parcels, one has got a house; the first.
const VACANT_A_HOUSE: usize = 30;
const FIRST_HOUSE: usize = 6;
/// Of so many buildings, one was not there in the survey before and one was smaller; the first of each.
const BUILDINGS_A_CHANGE: usize = 2500;
const FIRST_NEW: usize = 700;
const FIRST_EXTENDED: usize = 1200;
/// Lengths of such a house, of its parcel's; of a building before it was extended, of today's.
const SMALLER: f64 = 0.6;
/// 权利类型 of a parcel on which nothing stands.
const VACANT: &str = "5";

/// 用途 of every parcel (GB/T 21010): a homestead.
const HOMESTEAD: &str = "0702";

/// Features one by one.
type Features<'a> = Box<dyn Iterator<Item = Result<Feature, SynthError>> + 'a>;

impl Synth {
    /// The features of a layer as surveyed.
    pub fn surveyed(&self, layer: Layer) -> Features<'_> {
        match layer {
            Layer::Parcels => Box::new(self.parcels_with_flaws()),
            Layer::Buildings => {
                Box::new(self.features(Layer::Buildings).chain(self.houses_on_vacant()))
            }
            layer => Box::new(self.features(layer)),
        }
    }

    /// The collection of a layer as surveyed: parcels say what they are used for.
    pub fn surveyed_collection(&self, layer: Layer) -> Result<Collection, SynthError> {
        let mut collection = self.collection(layer)?;
        if layer == Layer::Parcels {
            collection.fields.push(Field {
                name: "YT".to_owned(),
                alias: Some("用途".to_owned()),
                field_type: FieldType::Text,
                class: FieldClass::L1,
            });
        }
        Ok(collection)
    }

    /// The collection of the buildings of the survey before.
    pub fn last_survey(&self) -> Result<Collection, SynthError> {
        let mut collection = self.collection(Layer::Buildings)?;
        collection.id = CollectionId::try_from(BUILDINGS_LAST)?;
        collection.title = "建筑（上次调查）".to_owned();
        // The code alone, and not to look up by: it costs as much as the outline.
        collection.fields.truncate(1);
        collection.key = None;
        collection.zooms = Zooms { min: 15, ..collection.zooms };
        Ok(collection)
    }

    /// Its features: the buildings of today but for those that are new, some smaller.
    pub fn buildings_before(&self) -> impl Iterator<Item = Result<Feature, SynthError>> + '_ {
        let numbered = self.features(Layer::Buildings).enumerate();
        numbered.filter(|(number, _)| number % BUILDINGS_A_CHANGE != FIRST_NEW).map(
            |(number, feature)| {
                let mut feature = feature?;
                feature.properties.truncate(1);
                if number % BUILDINGS_A_CHANGE == FIRST_EXTENDED {
                    feature.geometry = feature.geometry.map(|one| shrunk(one.shape).into());
                }
                Ok(feature)
            },
        )
    }

    fn parcels_with_flaws(&self) -> impl Iterator<Item = Result<Feature, SynthError>> + '_ {
        let mut before: Option<LineString> = None;
        // How far the next border is bent that two parcels share.
        let mut due = None;
        self.features(Layer::Parcels).enumerate().map(move |(number, feature)| {
            let mut feature = feature?;
            feature.properties.push(Value::Text(HOMESTEAD.to_owned()));
            due = match number % PARCELS_A_FLAW {
                FIRST_OVERLAP => Some(-BENT),
                FIRST_GAP => Some(BENT),
                _ => due,
            };
            if let Some(geometry) = &mut feature.geometry
                && let Shape::Polygon(polygon) = &geometry.shape
            {
                let flawed = due.zip(before.as_ref());
                let flawed = flawed.and_then(|(inward, before)| bent(polygon, before, inward));
                before = Some(polygon.exterior().clone());
                if let Some(flawed) = flawed {
                    due = None;
                    geometry.shape = flawed.into();
                }
            }
            Ok(feature)
        })
    }

    /// Houses on vacant parcels: no household lives there, though it may have a share.
    fn houses_on_vacant(&self) -> impl Iterator<Item = Result<Feature, SynthError>> + '_ {
        let (parcels, buildings) = (Layer::Parcels.fields(), Layer::Buildings.fields());
        let is_vacant = {
            let parcels = parcels.clone();
            move |parcel: &Result<Feature, SynthError>| match parcel {
                Ok(parcel) => text_of(&parcels, parcel, "QLLX") == VACANT,
                Err(_) => true,
            }
        };
        let vacant = self.features(Layer::Parcels).filter(is_vacant);
        vacant.skip(FIRST_HOUSE).step_by(VACANT_A_HOUSE).map(move |parcel| {
            let parcel = parcel?;
            let code = text_of(&parcels, &parcel, "ZDDM");
            let at = parcels.iter().position(|field| field.name == "ZDMJ");
            let ground = match at.map(|at| &parcel.properties[at]) {
                Some(Value::Real(ground)) => (ground * SMALLER * SMALLER * 100.0).round() / 100.0,
                _ => 0.0,
            };
            let text = |text: &str| Value::Text(text.to_owned());
            let values = [
                ("ZRZH", Value::Text(building_code(&code, 1))),
                ("ZDDM", Value::Text(code)),
                ("JZWMC", text("新建房")),
                ("ZCS", Value::Int(1)),
                ("FWJG", text("4")),
                ("ZZDMJ", Value::Real(ground)),
            ];
            let geometry = parcel.geometry.map(|one| shrunk(one.shape).into());
            Ok(Feature { id: None, geometry, properties: row(&buildings, values) })
        })
    }
}

/// A parcel with the border that it shares with the one before bent at its middle, inward or outward; none
/// where they share none.
fn bent(parcel: &Polygon, before: &LineString, inward: f64) -> Option<Polygon> {
    let centre = Coord::from(parcel.centroid()?);
    let ring = parcel.exterior();
    let is_shared = |line: &geo_types::Line| {
        before.lines().any(|other| (other.start, other.end) == (line.end, line.start))
    };
    let (at, line) = ring.lines().enumerate().find(|(_, line)| is_shared(line))?;
    let middle = (line.start + line.end) / 2.0;
    let mut coords = ring.0.clone();
    coords.insert(at + 1, middle + (centre - middle) * inward);
    Some(Polygon::new(LineString(coords), Vec::new()))
}

/// A polygon drawn smaller about its middle.
fn shrunk(shape: Shape) -> Shape {
    match shape {
        Shape::Polygon(polygon) => {
            let Some(centre) = polygon.centroid().map(Coord::from) else { return polygon.into() };
            let (exterior, _) = polygon.into_inner();
            let smaller = exterior.0.into_iter().map(|at| centre + (at - centre) * SMALLER);
            Polygon::new(smaller.collect(), Vec::new()).into()
        }
        shape => shape,
    }
}
