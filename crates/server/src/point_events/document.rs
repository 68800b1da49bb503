//! What is answered about events and points.

use engine::ledger::{Outcome, Step, Trace};
use engine::{Engine, ReadableField};
use formats::datetime::utc_of_millis;
use ledger::rows::points;
use ledger::{Point, point::Lamp};
use serde_json::{Map, Value as Json, json};
use spatial::{Field, FieldClass, Revision, Timestamp, Value};

use crate::evidence;
use crate::problem::Problem;

/// What a body of events came to.
pub fn answer(
    (revision, at): (Revision, Option<Timestamp>),
    events: Vec<Json>,
    points: Vec<Json>,
) -> Json {
    json!({
        "revision": revision.0,
        "at": at.map(|at| utc_of_millis(at.0)),
        "events": events,
        "points": points
    })
}

/// What became of one event.
pub fn outcome(id: Option<&str>, point: Option<&str>, result: &Result<Outcome, Problem>) -> Json {
    let mut entry = json!({ "id": id, "point": point });
    match result {
        Ok(Outcome::New { seq }) => {
            entry["outcome"] = json!("new");
            entry["seq"] = json!(seq);
        }
        Ok(Outcome::Withheld) => entry["outcome"] = json!("withheld"),
        Ok(_) => entry["outcome"] = json!("again"),
        Err(problem) => {
            entry["outcome"] = json!("refused");
            entry["problem"] = problem.document();
        }
    }
    entry
}

/// A point as its events say, with its lamp at `now`.
pub fn summary(engine: &Engine, point: &Point, now: Timestamp) -> Json {
    let readable = |name: &str| {
        let fields = points::derived_fields();
        fields.iter().any(|field| field.name == name && is_readable(field))
    };
    let values = points::derived(point).filter(|(name, _)| readable(name));
    let mut document: Map<String, Json> =
        values.map(|(name, value)| (name.to_owned(), member(&value))).collect();
    document.insert("lamp".to_owned(), lamp(engine, point, now));
    Json::Object(document)
}

/// A point with its events and evidence; its lamp is that of `at`, and `base` begins its links.
pub fn trace(
    engine: &Engine,
    trace: &Trace,
    at: Timestamp,
    (base, links): (&str, Vec<Json>),
) -> Json {
    let mut point = summary(engine, &trace.point, at);
    if let Some(row) = trace.row.and_then(|row| trace.points.get(row)) {
        let collection = trace.points.collection();
        for (field, declared) in ReadableField::all(collection, engine.profile()) {
            if !points::is_derived(&declared.name) {
                point[&declared.name] = member(&row.value(field.position()).to_value());
            }
        }
        point["fid"] = json!(row.id().value());
    }
    let late = |step: &&Step| step.is_late;
    json!({
        "revision": trace.revision.0,
        "asOf": utc_of_millis(at.0),
        "point": point,
        "events": event_documents(trace, engine).collect::<Vec<_>>(),
        "late": trace.steps.iter().filter(late).count(),
        "evidence": evidence::pieces(trace, engine.profile(), base),
        "links": links
    })
}

/// The events of a trace, in order.
pub fn event_documents(trace: &Trace, engine: &Engine) -> impl Iterator<Item = Map<String, Json>> {
    trace.steps.iter().map(move |one| step(trace, one, engine))
}

fn step(trace: &Trace, step: &Step, engine: &Engine) -> Map<String, Json> {
    let collection = trace.events.collection();
    let readable: Vec<&Field> =
        ReadableField::all(collection, engine.profile()).map(|(_, field)| field).collect();
    let mut event = Map::new();
    for (name, value) in step.stored.values() {
        if readable.iter().any(|field| field.name == name) {
            let value = match (name, &value) {
                ("before" | "after" | "evidence", Value::Text(ids)) => {
                    json!(ids.split(',').collect::<Vec<_>>())
                }
                (_, value) => member(value),
            };
            event.insert(name.to_owned(), value);
        }
    }
    let roles = &engine.settings().ledger.roles;
    event.insert("roleName".to_owned(), json!(roles.name(step.stored.event.role.identifier())));
    if step.is_late {
        event.insert("late".to_owned(), json!(true));
    }
    let fields = points::derived_fields();
    let mut changed = Map::new();
    for change in &step.changed {
        if fields.iter().any(|field| field.name == change.name && is_readable(field)) {
            let both = json!({ "before": member(&change.before), "after": member(&change.after) });
            changed.insert(change.name.clone(), both);
        }
    }
    event.insert("changed".to_owned(), Json::Object(changed));
    event
}

/// Whether a column of `points` is shown to everyone.
fn is_readable(field: &Field) -> bool {
    field.class <= FieldClass::L1
}

fn lamp(engine: &Engine, point: &Point, at: Timestamp) -> Json {
    let lamp = point.lamp(at, &engine.settings().ledger);
    json!(lamp.map(Lamp::identifier))
}

/// A value as a member of a document.
pub fn member(value: &Value) -> Json {
    match value {
        Value::Null | Value::Bytes(_) => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
    }
}
