//! `/points/{id}/enforcement`: what departments did at a point, what was said, called, ordered and
//! decided about it, and what became of it, in one timeline (执法信息共享).
//!
//! *Invariant:* fields above class L1 of a record are told to its own department alone, and to
//! others by their names.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use engine::ledger::{Records, Trace};
use engine::{Profile, ReadableField};
use formats::datetime::millis_of;
use ledger::point::Role;
use serde_json::{Map, Value as Json, json};
use spatial::{FeatureRef, FieldClass, SHANGHAI_AHEAD_MINUTES, ValueRef};

use super::answers;
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::links::link;
use crate::negotiate::JSON;
use crate::point_events::{event_documents, member, no_point};
use crate::problem::Problem;
use crate::state::App;

/// The route.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/points/{id}/enforcement", get(timeline))
}

async fn timeline(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    actor: Result<Actor, Problem>,
    asked: Asked,
) -> Result<Response, Problem> {
    let as_of = as_of(&asked.query(&[AS_OF])?)?;
    let found = app.engine.enforcement(&name, as_of).await?.ok_or_else(|| no_point(&name))?;
    let (trace, records) = found;
    let point = trace.point.id().to_string();
    let document = json!({
        "revision": trace.revision.0, "point": point, "code": trace.point.code(),
        "timeline": merged(&trace, &records, (actor.ok().as_ref(), app.engine.profile())),
        "complete": !records.iter().any(|records| records.is_cut),
        "links": [
            link("self", JSON.media_type, &asked.href(), "this timeline"),
            link("up", JSON.media_type, &format!("{}/points/{point}/trace", asked.base), "the point")
        ]
    });
    let response = answers::json(JSON.media_type, &document);
    Ok(answers::of_state(response, trace.revision, "private, no-cache"))
}

/// Events and records by when they happened; what says no time comes last.
fn merged(
    trace: &Trace,
    records: &[Records],
    (actor, profile): (Option<&Actor>, Profile),
) -> Vec<Json> {
    let events = event_documents(trace, profile).map(|event| ("event", "occurred_at", event));
    let acts = records.iter().flat_map(|records| {
        let rows = records.rows.iter().filter_map(|row| records.held.get(*row));
        rows.map(|row| (records.source, records.time, record(records, row, (actor, profile))))
    });
    let mut all: Vec<(i64, Json)> = events
        .chain(acts)
        .map(|(source, time, mut entry)| {
            let at = entry.get(time).and_then(Json::as_str);
            let at =
                at.and_then(|text| millis_of(text, SHANGHAI_AHEAD_MINUTES)).unwrap_or(i64::MAX);
            entry.insert("source".to_owned(), json!(source));
            (at, Json::Object(entry))
        })
        .collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, entry)| entry).collect()
}

/// A record as `actor` may read it.
fn record(
    records: &Records,
    row: FeatureRef<'_>,
    (actor, profile): (Option<&Actor>, Profile),
) -> Map<String, Json> {
    let collection = records.held.collection();
    let department = collection.field_position("department").map(|at| row.value(at));
    let is_own = actor.is_some_and(|actor| {
        let unit = actor.unit().map(ValueRef::Text);
        actor.role() == Some(Role::Department) && unit.is_some() && unit == department
    });
    let own = if is_own { FieldClass::L2 } else { FieldClass::L0 };
    let highest = profile.highest.max(own);
    let mut entry = Map::new();
    for (field, declared) in ReadableField::all(collection, Profile { highest, ..profile }) {
        entry.insert(declared.name.clone(), member(&row.value(field.position()).to_value()));
    }
    let withheld = collection
        .fields
        .iter()
        .enumerate()
        .filter(|(at, field)| field.class > highest && row.value(*at) != ValueRef::Null);
    let withheld: Vec<&str> = withheld.map(|(_, field)| field.name.as_str()).collect();
    entry.insert("withheld".to_owned(), json!(withheld));
    entry
}
