//! The ledger of the fictional towns: the points of each village with their events, as rows of the
//! collections `points` and `point_events`.
//!
//! Points lie where those of the layer of that name do. What became of them is another story: one of
//! two years, told event by event as a ledger heard of them.

use geo_types::{Geometry as Shape, MultiPolygon};
use ledger::indicator::PointFacts;
use ledger::point::{Payload, PointId, Quantities, SquareMetres, State};
use ledger::rows::events::{self, StoredEvent};
use ledger::rows::points;
use spatial::{Feature, Field, Geometry, Timestamp, Value};

use super::history::{Case, History, history};
use super::naming;
use super::plan::STATES;
use super::points::SOURCES;
use super::random::Random;
use super::records::business::enterprise_at;
use super::tasks::{DEMOLITION, Task};
use super::village::Village;
use super::{Synth, SynthError};

/// The ledger that some wall openings are on (开墙打洞五账).
const TO_IMPROVE: &str = "三有六无待提升";

/// A point of the ledger: its row and those of its events, in order.
#[derive(Clone, Debug)]
pub struct LedgerPoint {
    /// Row of `points` after all events, without the units that polygons say.
    pub row: Feature,
    /// What was told of it.
    pub events: Vec<StoredEvent>,
    /// What indicators ask of it.
    pub facts: PointFacts,
    /// The outline of what is wrong there, where it is a building.
    pub outline: Option<Geometry>,
}

impl LedgerPoint {
    /// The row of `point_events` of one of its events.
    pub fn event_row(stored: &StoredEvent) -> Feature {
        let properties = row(&events::fields(), stored.values());
        Feature { id: None, geometry: None, properties }
    }

    /// How records call it, its number or else its id, and since when the ledger knows it by that.
    pub(super) fn name(&self) -> Option<(String, Timestamp)> {
        let numbered = self.events.iter().find_map(|stored| match &stored.event.payload {
            Payload::Register { code, .. } => Some((code.clone(), stored.event.recorded_at)),
            _ => None,
        });
        let reported = self.events.first();
        let reported = reported.map(|one| (one.point.to_string(), one.event.recorded_at));
        numbered.or(reported)
    }
}

impl Synth {
    /// The points of the ledger in one village: what happened from 2024-10-01 to 2026-09-30, and was
    /// recorded on the evening of its day or some days later.
    ///
    /// # Errors
    /// When the ledger would refuse an event.
    ///
    /// # Panics
    /// When there is no such village.
    pub fn ledger(&self, village: usize) -> Result<Vec<LedgerPoint>, SynthError> {
        let columns = points::fields();
        let village = Village::new(&self.region, &self.ground, village);
        let place = village.place;
        let (town, town_name) = (naming::town_code(place.town), naming::town_name(place.town));
        let name = naming::village_name(place.village);
        let mut told = Vec::new();
        let mut joins: Option<(PointId, Timestamp)> = None;
        village.each_find(&mut |find| {
            let path = [b'e'.into(), place.cell[0], place.cell[1], find.yard];
            let mut random = Random::of(self.region.seed, &path);
            let task = if find.beyond.is_some() { &DEMOLITION } else { Task::drawn(&mut random) };
            let planned = match &find.beyond {
                Some(beyond) => Quantities {
                    build_area_m2: hundredths(beyond.ground * beyond.floors),
                    land_area_m2: hundredths(beyond.ground),
                    count: 1,
                },
                None => task.planned(&mut random),
            };
            let source = random.pick(SOURCES);
            let case = Case {
                task,
                source,
                planned,
                town: [&town, &town_name],
                village: &name,
                number: find.number as u32,
                joins,
            };
            let state: State = random.pick(STATES);
            let mut phones = Random::of(self.region.seed ^ u64::from(b'o'), &path);
            let History { point, events } = history([&mut random, &mut phones], &case, state)?;
            // The oldest one: it is there, whenever another report is about the same.
            if let Some(since) = point.registered_at().filter(|_| point.is_counted())
                && joins.is_none_or(|(_, first)| since < first)
            {
                joins = Some((point.id(), since));
            }
            let outline = match &find.beyond {
                Some(beyond) => village.ground.polygon(beyond.ring.clone(), Vec::new())?.geometry,
                None => None,
            };
            let enterprise = enterprise_at(&village, find.yard, point.task());
            let is_opening = task.code == "KQ" && random.chance(0.4);
            let own = [
                ("address", Value::Text(format!("{}{}号", village.address, find.yard))),
                ("source", Value::Text(source.to_owned())),
                ("special_action", Value::Text(task.action.to_owned())),
                ("co_units", Value::Text(format!("{town_name}{}", co_unit(task)))),
                ("parcel", Value::Text(find.parcel)),
                ("building", find.beyond.map_or(Value::Null, |one| Value::Text(one.building))),
                ("enterprise", enterprise.map_or(Value::Null, Value::Text)),
                ("household", find.household.map_or(Value::Null, Value::Text)),
                ("accuracy_m", Value::Real(accuracy_m(self.region.seed, &path))),
                (
                    "ledger_types",
                    if is_opening { Value::Text(TO_IMPROVE.to_owned()) } else { Value::Null },
                ),
            ];
            let values = row(&columns, points::derived(&point).chain(own));
            told.push(LedgerPoint {
                facts: PointFacts::of(&point, None),
                outline: outline.map(many),
                row: village.ground.point(find.place, values)?,
                events,
            });
            Ok(())
        })?;
        Ok(told)
    }
}

/// The text in a column; empty where there is none.
pub(super) fn text_of(columns: &[Field], feature: &Feature, name: &str) -> String {
    let at = columns.iter().position(|column| column.name == name);
    match at.and_then(|at| feature.properties.get(at)) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// Values in the order of the columns; null where none is given.
pub(super) fn row<'n>(
    columns: &[Field],
    values: impl IntoIterator<Item = (&'n str, Value)>,
) -> Vec<Value> {
    let mut row = vec![Value::Null; columns.len()];
    for (name, value) in values {
        if let Some(at) = columns.iter().position(|column| column.name == name) {
            row[at] = value;
        }
    }
    row
}

/// A polygon as one of many.
pub(super) fn many(geometry: Geometry) -> Geometry {
    match geometry.shape {
        Shape::Polygon(polygon) => Geometry::from(Shape::MultiPolygon(MultiPolygon(vec![polygon]))),
        shape => Geometry::from(shape),
    }
}

/// An office that helps: one that does not lead.
fn co_unit(task: &Task) -> &'static str {
    const OFFICES: [&str; 2] = ["综合行政执法队", "平安建设办公室"];
    if task.lead == OFFICES[0] { OFFICES[1] } else { OFFICES[0] }
}

fn hundredths(square_metres: f64) -> SquareMetres {
    SquareMetres::from_hundredths((square_metres * 100.0).round() as u64)
}

/// How far off the phone of whoever reported may have been, in whole metres: in a narrow courtyard
/// more than the rules allow for by themselves.
fn accuracy_m(seed: u64, path: &[u64]) -> f64 {
    let mut random = Random::of(seed ^ u64::from(b'a'), path);
    let (low, high) = if random.chance(0.05) { (16.0, 30.0) } else { (3.0, 14.0) };
    random.between(low, high).round()
}
