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

/// Members of a unit that are told or not, as they are asked for.
pub const UNIT_MEMBERS: [&str; 8] =
    ["level", "levelName", "code", "name", "aliases", "codes", "valid_from", "valid_to"];

/// Names of what is told of units, places and entries beside their ids; none for everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a>(pub &'a [String]);

impl Told<'_> {
    fn has(self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|told| told == name)
    }
}

/// The answer for one position on a day, with links where there are any.
pub fn responsible<'a>(
    day: Day,
    revision: Revision,
    (here, links): (&'a ResponsibleHere, &'a [Value]),
) -> impl Serialize + 'a {
    OnDay { at: AtPosition { here, told: Told::default() }, day, revision, links }
}

/// Everything about one position, the day, and the state that it is of.
struct OnDay<'a> {
    at: AtPosition<'a>,
    day: Day,
    revision: Revision,
    links: &'a [Value],
}

impl Serialize for OnDay<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.at.write(&mut map)?;
        map.serialize_entry("date", &Shown(self.day))?;
        map.serialize_entry("revision", &self.revision.0)?;
        if !self.links.is_empty() {
            map.serialize_entry("links", self.links)?;
        }
        map.end()
    }
}

/// The answer for several positions on a day, in their order, as text; written on several threads
/// of the pool that it is called from.
pub fn responsible_at(day: Day, found: &ResponsibleFound, told: Told<'_>) -> String {
    // What holds texts, numbers and lists of them is always JSON.
    let at = |here: &ResponsibleHere| {
        serde_json::to_string(&AtPosition { here, told }).unwrap_or_default()
    };
    let positions = each_in_parallel(&found.here, at);
    let (positions, revision) = (positions.join(","), found.revision.0);
    format!("{{\"date\":\"{day}\",\"revision\":{revision},\"positions\":[{positions}]}}")
}

/// The same answer, in which each unit, place and entry stands once and positions name them by id.
pub fn responsible_tables(day: Day, found: &ResponsibleFound, told: Told<'_>) -> String {
    let here = &*found.here;
    let units = each_once(here.iter().flat_map(|one| &one.units), |unit| unit.unit.row);
    let entries = here.iter().flat_map(|one| &one.responsibilities);
    let entries = each_once(entries, |entry| entry.id);
    let places = here.iter().flat_map(|one| &one.places);
    let places = each_once(places, |place| (place.collection.as_str(), place.id));
    let of = |name: &'static str| {
        let places = &places;
        Listed(move || {
            let of_it = places.iter().filter(move |place| place.collection.as_str() == name);
            of_it.map(move |place| Place { place, told, has_distance: false })
        })
    };
    let tables = Tables {
        date: Shown(day),
        revision: found.revision.0,
        withheld: here.first().map_or(&[], |one| &one.withheld),
        units: Listed(|| units.iter().map(|unit| Unit { here: unit, told, has_by: false })),
        grid_cells: of(GRID_CELLS),
        alleys: of(ALLEYS),
        focus_areas: of(FOCUS_AREAS),
        plans: of(PLANNING_LAYERS),
        responsible: Listed(|| {
            entries.iter().map(|entry| Answers { entry, told, has_level: false })
        }),
        positions: Listed(|| here.iter().map(NamedAt)),
    };
    // What holds texts, numbers and lists of them is always JSON.
    serde_json::to_string(&tables).unwrap_or_default()
}

/// Things by their ids, each once.
fn each_once<'a, T, K: Ord>(
    all: impl Iterator<Item = &'a T>,
    id: impl Fn(&'a T) -> K,
) -> Vec<&'a T> {
    let mut all: Vec<&T> = all.collect();
    all.sort_unstable_by_key(|one| id(one));
    all.dedup_by_key(|one| id(one));
    all
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tables<'a, U: Serialize, P: Serialize, R: Serialize, N: Serialize> {
    date: Shown<Day>,
    revision: u64,
    withheld: &'a [String],
    units: U,
    grid_cells: P,
    alleys: P,
    focus_areas: P,
    plans: P,
    responsible: R,
    positions: N,
}

/// One position, at which everything is named by its id.
struct NamedAt<'a>(&'a ResponsibleHere);

impl Serialize for NamedAt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let here = self.0;
        let units = |by_polygon: bool| {
            Listed(move || {
                let of_them = here.units.iter().filter(move |one| one.by_polygon == by_polygon);
                of_them.map(|one| one.unit.row)
            })
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("position", &here.position)?;
        map.serialize_entry("complete", &here.is_complete)?;
        map.serialize_entry("units", &units(true))?;
        map.serialize_entry("parents", &units(false))?;
        let entries = || here.responsibilities.iter().map(|entry| entry.id.value());
        map.serialize_entry("responsible", &Listed(entries))?;
        for (name, member) in PLACE_LISTS {
            let of_it = || here.places.iter().filter(move |one| one.collection.as_str() == name);
            if name == ALLEYS {
                map.serialize_entry(member, &Listed(|| of_it().map(AlleyAt)))?;
            } else {
                map.serialize_entry(member, &Listed(|| of_it().map(|one| one.id.value())))?;
            }
        }
        map.end()
    }
}

/// An alley by its id, and how far away it is.
struct AlleyAt<'a>(&'a PlaceHere);

impl Serialize for AlleyAt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.0.id.value())?;
        if let Some(metres) = self.0.distance {
            map.serialize_entry("distance", &centimetres(metres))?;
        }
        map.end()
    }
}

/// Lists of places other than units: collections, and what they are called in an answer.
const PLACE_LISTS: [(&str, &str); 4] = [
    (GRID_CELLS, "gridCells"),
    (ALLEYS, "alleys"),
    (FOCUS_AREAS, "focusAreas"),
    (PLANNING_LAYERS, "plans"),
];

/// What is written as its words say it.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Everything about one position. Written member by member: a tree of values would be as much work as
/// looking all of it up.
struct AtPosition<'a> {
    here: &'a ResponsibleHere,
    told: Told<'a>,
}

impl AtPosition<'_> {
    /// Writes its members.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self { here, told } = *self;
        let of = |name: &'static str| {
            Listed(move || {
                let places =
                    here.places.iter().filter(move |place| place.collection.as_str() == name);
                places.map(move |place| Place { place, told, has_distance: true })
            })
        };
        map.serialize_entry("position", &here.position)?;
        map.serialize_entry("complete", &here.is_complete)?;
        map.serialize_entry("withheld", &*here.withheld)?;
        let unit = |here| Unit { here, told, has_by: true };
        map.serialize_entry("units", &Listed(|| here.units.iter().map(unit)))?;
        for (collection, member) in PLACE_LISTS {
            map.serialize_entry(member, &of(collection))?;
        }
        let entries =
            || here.responsibilities.iter().map(|entry| Answers { entry, told, has_level: true });
        map.serialize_entry("responsible", &Listed(entries))
    }
}

impl Serialize for AtPosition<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
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

struct Unit<'a> {
    here: &'a UnitHere,
    told: Told<'a>,
    /// Whether it is told how it was found.
    has_by: bool,
}

impl Serialize for Unit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (unit, told) = (&*self.here.unit, self.told);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &unit.row)?;
        for (name, text) in [
            ("level", unit.level.identifier()),
            ("levelName", unit.level.chinese()),
            ("code", unit.code.as_str()),
            ("name", unit.name.as_str()),
        ] {
            if told.has(name) {
                map.serialize_entry(name, text)?;
            }
        }
        if told.has("aliases") {
            map.serialize_entry("aliases", &unit.aliases)?;
        }
        if self.has_by {
            map.serialize_entry("by", if self.here.by_polygon { "polygon" } else { "parent" })?;
        }
        if told.has("codes") {
            map.serialize_entry("codes", &Codes(unit))?;
        }
        for (name, day) in [("valid_from", unit.validity.from), ("valid_to", unit.validity.to)] {
            if let Some(day) = day.filter(|_| told.has(name)) {
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

struct Place<'a> {
    place: &'a PlaceHere,
    told: Told<'a>,
    has_distance: bool,
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let distance = self.place.distance.filter(|_| self.has_distance);
        let own: &[&str] = if distance.is_some() { &["id", "distance"] } else { &["id"] };
        write_members(&mut map, &self.place.values, (self.told, own))?;
        map.serialize_entry("id", &self.place.id.value())?;
        if let Some(metres) = distance {
            map.serialize_entry("distance", &centimetres(metres))?;
        }
        map.end()
    }
}

struct Answers<'a> {
    entry: &'a Responsibility,
    told: Told<'a>,
    /// Whether the level is told, which units at a position say.
    has_level: bool,
}

impl Serialize for Answers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write_members(&mut map, &self.entry.values, (self.told, &["id", "area"]))?;
        map.serialize_entry("id", &self.entry.id.value())?;
        map.serialize_entry("area", &Area { entry: self.entry, has_level: self.has_level })?;
        map.end()
    }
}

/// What somebody is responsible for.
struct Area<'a> {
    entry: &'a Responsibility,
    has_level: bool,
}

impl Serialize for Area<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("collection", &self.entry.area_collection)?;
        map.serialize_entry("code", &self.entry.area_code)?;
        if let Some(level) = self.entry.level.filter(|_| self.has_level) {
            map.serialize_entry("level", level.identifier())?;
        }
        map.end()
    }
}

/// Metres as they are told: the data are no better.
fn centimetres(metres: f64) -> f64 {
    (metres * 100.0).round() / 100.0
}

/// Writes values that are told by the names of their fields, but for those that `own` takes for something
/// else.
fn write_members<M: SerializeMap>(
    map: &mut M,
    values: &[(String, spatial::Value)],
    (told, own): (Told<'_>, &[&str]),
) -> Result<(), M::Error> {
    let is_told = |name: &str| told.has(name) && !own.contains(&name);
    for (name, value) in values.iter().filter(|(name, _)| is_told(name)) {
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
