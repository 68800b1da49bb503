//! `GET /collections/{id}/items/{fid}/history`: what became of a feature, change by change.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use engine::{HistoryEntry, HistoryStart, Shown};
use formats::datetime::utc_of_millis;
use formats::geojson::{Positions, push_key, push_string, push_value};
use spatial::{AxisOrder, Collection, Crs, FeatureId, Operation, Revision};

use super::parameters::feature_id;
use crate::asked::Asked;
use crate::links::link;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::routes::collections::known;
use crate::state::App;

/// Most changes of one answer.
pub const MAX_LIMIT: usize = 1000;
/// Changes of an answer when nothing is said.
pub const DEFAULT_LIMIT: usize = 100;

/// `GET /collections/{id}/items/{fid}/history`
pub async fn history(
    State(app): State<Arc<App>>,
    Path((id, fid)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "since", "limit"])?;
    query.choice("f", &["json"])?;
    let (since, limit) = (Revision(number(&query, "since", 0)?), limit(&query)?);
    let id = known(&app.engine.snapshot(), &id)?;
    let fid = feature_id(&fid).map_err(|_odd| {
        Problem::new(Code::FeatureNotFound, format!("collection {id} never had such a feature"))
    })?;
    let snapshot = app.engine.snapshot();
    let held = &snapshot.collections[&id];
    let collection = Arc::clone(held.collection());
    let mut entries = app.engine.history(&id, fid, app.engine.profile()).await?;
    entries.retain(|entry| entry.revision > since);
    app.take_features(&asked.sender(), (held, Some(&[fid]))).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|last| last.revision.0.to_string());
    let next = next.map(|since| asked.href_with("since", &since));
    let start = app.engine.store().history_start().await.map_err(engine::EngineError::from)?;
    let shown = app.engine.shown(&collection, &Crs::WGS84)?;
    let text = app
        .engine
        .pool()
        .run(move || document(&collection, fid, (start, &entries), &shown, &links(&asked, next)))
        .await??;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn number(query: &QueryString, name: &str, otherwise: u64) -> Result<u64, Problem> {
    let Some(text) = query.value(name) else { return Ok(otherwise) };
    text.parse().map_err(|_odd| {
        let shown: String = text.chars().take(60).collect();
        let detail = format!("{name}={shown:?} is not a whole number from 0 on");
        Problem::new(Code::InvalidParameter, detail)
    })
}

fn limit(query: &QueryString) -> Result<usize, Problem> {
    match number(query, "limit", DEFAULT_LIMIT as u64)? {
        0 => Err(Problem::new(Code::InvalidParameter, "limit=0 is not usable; it begins at 1")),
        limit => Ok(usize::try_from(limit).unwrap_or(MAX_LIMIT).min(MAX_LIMIT)),
    }
}

fn links(asked: &Asked, next: Option<String>) -> Vec<serde_json::Value> {
    let own = asked.resource();
    let item = own.strip_suffix("/history").unwrap_or(&own);
    let mut links = vec![
        link("self", JSON.media_type, &asked.href(), "this history"),
        link("item", "application/geo+json", item, "the feature"),
    ];
    links.extend(next.map(|next| link("next", JSON.media_type, &next, "later changes")));
    links
}

fn document(
    collection: &Collection,
    fid: FeatureId,
    (start, entries): (Option<HistoryStart>, &[HistoryEntry]),
    shown: &Shown,
    links: &[serde_json::Value],
) -> Result<String, engine::EngineError> {
    let mut text = String::from("{\"collection\":");
    push_string(&mut text, collection.id.as_str());
    text.push_str(&format!(",\"id\":{fid}"));
    if let Some(start) = start {
        let at = utc_of_millis(start.recorded_at.0);
        text.push_str(&format!(",\"wholeFrom\":{{\"revision\":{}", start.revision));
        text.push_str(",\"at\":");
        push_string(&mut text, &at);
        text.push('}');
    }
    text.push_str(",\"changes\":[");
    for (position, entry) in entries.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_entry(&mut text, fid, entry, shown)?;
    }
    text.push_str("],\"links\":");
    text.push_str(&serde_json::to_string(links).unwrap_or_default());
    text.push('}');
    Ok(text)
}

fn push_entry(
    text: &mut String,
    fid: FeatureId,
    entry: &HistoryEntry,
    shown: &Shown,
) -> Result<(), engine::EngineError> {
    let operation = match entry.operation {
        Operation::Load => "load",
        Operation::Insert => "insert",
        Operation::Replace => "replace",
        Operation::Delete => "delete",
        Operation::Erase => "erase",
    };
    text.push_str(&format!("{{\"revision\":{},\"operation\":\"{operation}\"", entry.revision));
    if let Some(at) = entry.recorded_at {
        text.push_str(",\"at\":");
        push_string(text, &utc_of_millis(at.0));
    }
    for (name, said) in [("author", &entry.actor), ("reason", &entry.reason)] {
        text.push(',');
        push_key(text, name);
        push_string(text, said);
    }
    text.push_str(",\"properties\":{");
    for (position, field) in entry.fields.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_key(text, &field.name);
        text.push_str("{\"before\":");
        push_value(text, field.before.as_ref());
        text.push_str(",\"after\":");
        push_value(text, field.after.as_ref());
        text.push('}');
    }
    text.push('}');
    if let Some(geometries) = &entry.geometry {
        text.push_str(",\"geometry\":{");
        for (name, geometry) in ["\"before\":", ",\"after\":"].into_iter().zip(geometries) {
            text.push_str(name);
            match geometry {
                None => text.push_str("null"),
                Some(geometry) => {
                    let geometry = shown.project(fid, geometry.clone())?;
                    let positions = Positions {
                        axis_order: AxisOrder::EastNorth,
                        declared: geometry.geometry_type(),
                    };
                    positions.push_geometry(text, &geometry);
                }
            }
        }
        text.push('}');
    }
    text.push('}');
    Ok(())
}
