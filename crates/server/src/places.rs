//! Places as JSON: who is responsible at a position, and how a collection is assigned.
//!
//! No HTTP here: the routes and the command line share it. What a reader may not read is gone
//! before it comes here.

use engine::each_in_parallel;
use engine::places::{
    Assignments, PlaceHere, Responsibility, ResponsibleFound, ResponsibleHere, UnitHere,
};
use ledger::place::{ALLEYS, Day, FOCUS_AREAS, GRID_CELLS, PLANNING_LAYERS, Validity};
use serde_json::{Map, Value, json};
use spatial::Revision;

/// Farthest an alley may be away, in metres.
pub const MAX_ALLEY_METRES: f64 = 500.0;
/// How far an alley may be away when nothing is said, in metres.
pub const ALLEY_METRES: f64 = 20.0;

/// The answer for one position on a day.
pub fn responsible(day: Day, revision: Revision, here: &ResponsibleHere) -> Value {
    let mut told = at_position(here);
    told["date"] = day.to_string().into();
    told["revision"] = revision.0.into();
    told
}

/// The answer for several positions on a day, in their order, as text; written on several threads
/// of the pool that it is called from.
pub fn responsible_at(day: Day, found: &ResponsibleFound) -> String {
    let positions = each_in_parallel(&found.here, |here| at_position(here).to_string());
    let (positions, revision) = (positions.join(","), found.revision.0);
    format!("{{\"date\":\"{day}\",\"revision\":{revision},\"positions\":[{positions}]}}")
}

fn at_position(here: &ResponsibleHere) -> Value {
    let of = |name: &str| -> Value {
        let places = here.places.iter().filter(|place| place.collection.as_str() == name);
        places.map(place).collect()
    };
    let mut told = json!({
        "position": here.position, "complete": here.is_complete, "withheld": here.withheld
    });
    // What is a value already is moved: the macro would copy it.
    told["units"] = here.at.units.iter().map(unit).collect();
    told["gridCells"] = of(GRID_CELLS);
    told["alleys"] = of(ALLEYS);
    told["focusAreas"] = of(FOCUS_AREAS);
    told["plans"] = of(PLANNING_LAYERS);
    told["responsible"] = here.responsibilities.iter().map(responsibility).collect();
    told
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

fn unit(here: &UnitHere) -> Value {
    let unit = &here.unit;
    let codes =
        unit.codes.iter().map(|(scheme, code)| (scheme.identifier().to_owned(), json!(code)));
    let mut shown = json!({
        "id": unit.row,
        "level": unit.level.identifier(),
        "levelName": unit.level.chinese(),
        "code": unit.code,
        "name": unit.name,
        "aliases": unit.aliases,
        "by": if here.by_polygon { "polygon" } else { "parent" }
    });
    shown["codes"] = Value::Object(codes.collect());
    add_validity(&mut shown, &unit.validity);
    shown
}

fn add_validity(shown: &mut Value, validity: &Validity) {
    for (name, day) in [("valid_from", validity.from), ("valid_to", validity.to)] {
        if let Some(day) = day {
            shown[name] = json!(day.to_string());
        }
    }
}

fn place(here: &PlaceHere) -> Value {
    let mut shown = members(&here.values);
    shown.insert("id".to_owned(), json!(here.id.value()));
    if let Some(metres) = here.distance {
        // Centimetres: the data are no better.
        shown.insert("distance".to_owned(), json!((metres * 100.0).round() / 100.0));
    }
    Value::Object(shown)
}

fn responsibility(one: &Responsibility) -> Value {
    let mut shown = members(&one.values);
    let mut area = json!({ "collection": one.area_collection, "code": one.area_code });
    if let Some(level) = one.level {
        area["level"] = json!(level.identifier());
    }
    shown.insert("id".to_owned(), json!(one.id.value()));
    shown.insert("area".to_owned(), area);
    Value::Object(shown)
}

fn members(values: &[(String, spatial::Value)]) -> Map<String, Value> {
    let member = |value: &spatial::Value| match value {
        spatial::Value::Null | spatial::Value::Bytes(_) => Value::Null,
        spatial::Value::Bool(truth) => json!(truth),
        spatial::Value::Int(number) => json!(number),
        spatial::Value::Real(number) => json!(number),
        spatial::Value::Text(text) => json!(text),
    };
    values.iter().map(|(name, value)| (name.clone(), member(value))).collect()
}
