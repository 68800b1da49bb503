//! Places as JSON: who is responsible at a position, and how a collection is assigned.
//!
//! No HTTP here: the routes and the command line share it. What a reader may not read is gone
//! before it comes here.

use engine::each_in_parallel;
use engine::places::{
    Assignments, PlaceHere, Responsibility, ResponsibleFound, ResponsibleHere, UnitHere,
};
use ledger::place::{ALLEYS, AdminUnit, Day, FOCUS_AREAS, GRID_CELLS, PLANNING_LAYERS};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use spatial::Revision;

/// Farthest an alley may be away, in metres.
pub const MAX_ALLEY_METRES: f64 = 500.0;
/// How far an alley may be away when nothing is said, in metres.
pub const ALLEY_METRES: f64 = 20.0;

/// The answer for one position on a day.
pub fn responsible(day: Day, revision: Revision, here: &ResponsibleHere) -> Value {
    let mut told = json!(AtPosition(here));
    told["date"] = day.to_string().into();
    told["revision"] = revision.0.into();
    told
}

/// The answer for several positions on a day, in their order, as text; written on several threads
/// of the pool that it is called from.
pub fn responsible_at(day: Day, found: &ResponsibleFound) -> String {
    // What holds texts, numbers and lists of them is always JSON.
    let at = |here: &ResponsibleHere| serde_json::to_string(&AtPosition(here)).unwrap_or_default();
    let positions = each_in_parallel(&found.here, at);
    let (positions, revision) = (positions.join(","), found.revision.0);
    format!("{{\"date\":\"{day}\",\"revision\":{revision},\"positions\":[{positions}]}}")
}

/// What is written as its words say it.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Everything about one position. Written member by member: a tree of values would be as much work as
/// looking all of it up.
struct AtPosition<'a>(&'a ResponsibleHere);

impl Serialize for AtPosition<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let here = self.0;
        let of = |name: &'static str| {
            Listed(move || {
                let places =
                    here.places.iter().filter(move |place| place.collection.as_str() == name);
                places.map(Place)
            })
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("position", &here.position)?;
        map.serialize_entry("complete", &here.is_complete)?;
        map.serialize_entry("withheld", &here.withheld)?;
        map.serialize_entry("units", &Listed(|| here.at.units.iter().map(Unit)))?;
        map.serialize_entry("gridCells", &of(GRID_CELLS))?;
        map.serialize_entry("alleys", &of(ALLEYS))?;
        map.serialize_entry("focusAreas", &of(FOCUS_AREAS))?;
        map.serialize_entry("plans", &of(PLANNING_LAYERS))?;
        map.serialize_entry("responsible", &Listed(|| here.responsibilities.iter().map(Answers)))?;
        map.end()
    }
}

/// A list that is made as it is written.
struct Listed<F>(F);

impl<F: Fn() -> I, I: IntoIterator<Item: Serialize>> Serialize for Listed<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

/// How a collection is assigned.
pub fn assignments(collection: &str, told: &Assignments) -> Value {
    let contested = told.contested.iter().map(|one| {
        json!({
            "id": one.id.value(),
            "field": one.field,
            "byHand": one.by_hand,
            "byPolygon": one.by_polygon,
            "reason": one.reason
        })
    });
    json!({
        "collection": collection,
        "revision": told.revision.0,
        "byPolygon": told.by_polygon,
        "byHand": told.by_hand,
        "unassigned": told.unassigned,
        "nowhere": told.nowhere,
        "contested": contested.collect::<Vec<_>>(),
        "complete": told.is_complete
    })
}

struct Unit<'a>(&'a UnitHere);

impl Serialize for Unit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unit = &self.0.unit;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &unit.row)?;
        map.serialize_entry("level", unit.level.identifier())?;
        map.serialize_entry("levelName", unit.level.chinese())?;
        map.serialize_entry("code", &unit.code)?;
        map.serialize_entry("name", &unit.name)?;
        map.serialize_entry("aliases", &unit.aliases)?;
        map.serialize_entry("by", if self.0.by_polygon { "polygon" } else { "parent" })?;
        map.serialize_entry("codes", &Codes(unit))?;
        for (name, day) in [("valid_from", unit.validity.from), ("valid_to", unit.validity.to)] {
            if let Some(day) = day {
                map.serialize_entry(name, &Shown(day))?;
            }
        }
        map.end()
    }
}

/// The codes of a unit by scheme.
struct Codes<'a>(&'a AdminUnit);

impl Serialize for Codes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let codes = self.0.codes.iter();
        serializer.collect_map(codes.map(|(scheme, code)| (scheme.identifier(), code)))
    }
}

struct Place<'a>(&'a PlaceHere);

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let own: &[&str] = if self.0.distance.is_some() { &["id", "distance"] } else { &["id"] };
        write_members(&mut map, &self.0.values, own)?;
        map.serialize_entry("id", &self.0.id.value())?;
        if let Some(metres) = self.0.distance {
            // Centimetres: the data are no better.
            map.serialize_entry("distance", &((metres * 100.0).round() / 100.0))?;
        }
        map.end()
    }
}

struct Answers<'a>(&'a Responsibility);

impl Serialize for Answers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write_members(&mut map, &self.0.values, &["id", "area"])?;
        map.serialize_entry("id", &self.0.id.value())?;
        map.serialize_entry("area", &Area(self.0))?;
        map.end()
    }
}

/// What somebody is responsible for.
struct Area<'a>(&'a Responsibility);

impl Serialize for Area<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("collection", &self.0.area_collection)?;
        map.serialize_entry("code", &self.0.area_code)?;
        if let Some(level) = self.0.level {
            map.serialize_entry("level", level.identifier())?;
        }
        map.end()
    }
}

/// Writes values by the names of their fields, but for those that `own` takes for something else.
fn write_members<M: SerializeMap>(
    map: &mut M,
    values: &[(String, spatial::Value)],
    own: &[&str],
) -> Result<(), M::Error> {
    for (name, value) in values.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        match value {
            spatial::Value::Null | spatial::Value::Bytes(_) => map.serialize_entry(name, &())?,
            spatial::Value::Bool(truth) => map.serialize_entry(name, truth)?,
            spatial::Value::Int(number) => map.serialize_entry(name, number)?,
            spatial::Value::Real(number) => map.serialize_entry(name, number)?,
            spatial::Value::Text(text) => map.serialize_entry(name, text)?,
        }
    }
    Ok(())
}
