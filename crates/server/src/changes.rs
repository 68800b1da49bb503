//! What changed, as JSON: rows of the change log, and what a state brought for a viewport.

mod asked;

use engine::feed::{PlacedRecord, TileList, Told, ToldChange};
use formats::datetime::utc_of_millis;
use serde_json::{Map, Value, json};
use spatial::{Envelope, Operation, WorldBox};
use tile::TileMatrixSet;

pub use asked::{Listening, Wanted};

/// Most changes of one event; what is beyond stands in the change log.
pub const MAX_EVENT_CHANGES: usize = 1_000;

/// The word of an operation.
pub fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Load => "load",
        Operation::Insert => "insert",
        Operation::Replace => "replace",
        Operation::Erase => "erase",
        Operation::Delete => "delete",
    }
}

/// A row of the change log; envelopes are west, south, east, north in degrees.
pub fn change(placed: &PlacedRecord) -> Value {
    let PlacedRecord { record, before, after } = placed;
    let corners = |envelope: &Option<Envelope>| match envelope {
        Some(e) => json!([e.min_x, e.min_y, e.max_x, e.max_y]),
        None => Value::Null,
    };
    json!({
        "revision": record.revision.0,
        "collection": record.collection.as_str(),
        "id": record.id.map(|id| id.value()),
        "operation": operation_name(record.operation),
        "before": corners(before),
        "after": corners(after),
        "author": record.actor,
        "reason": record.reason,
        "at": utc_of_millis(record.recorded_at.0)
    })
}

/// What `told` says to `listening`.
pub fn event(told: &Told, listening: &Listening) -> String {
    let asked: Vec<&ToldChange> =
        told.changes.iter().filter(|change| listening.wanted.asks_for(&change.placed)).collect();
    let described: Vec<&str> = told
        .described
        .iter()
        .filter(|id| listening.wanted.names(id))
        .map(|id| id.as_str())
        .collect();
    let mut collections: Vec<&str> = asked
        .iter()
        .map(|change| change.placed.record.collection.as_str())
        .chain(described.iter().copied())
        .collect();
    collections.sort_unstable();
    collections.dedup();
    let mut event = json!({
        "revision": told.revision.0,
        "since": told.since.0,
        "at": told.at.map(|at| utc_of_millis(at.0)),
        "collections": collections,
        "described": described
    });
    if let Some(view) = &listening.view {
        let boxes = |of: fn(&ToldChange) -> &[WorldBox]| {
            let list: Vec<WorldBox> = asked.iter().flat_map(|change| of(change)).copied().collect();
            match described.is_empty() {
                true => view.viewport.tiles(&list),
                false => TileList::All,
            }
        };
        let set =
            |list| Value::Object(Map::from_iter([(view.set.id.to_owned(), tiles(list, view.set))]));
        event["tiles"] = set(boxes(|change| &change.redrawn));
        event["attributeTiles"] = set(boxes(|change| change.recoloured.as_slice()));
        let states = asked.iter().filter(|change| !change.state.is_empty());
        let states: Vec<Value> = states.take(MAX_EVENT_CHANGES).filter_map(|c| state(c)).collect();
        event["states"] = Value::Array(states);
    }
    let shown = asked.iter().take(MAX_EVENT_CHANGES).map(|asked| change(&asked.placed));
    event["changes"] = shown.collect();
    if asked.len() > MAX_EVENT_CHANGES {
        event["omitted"] = json!(asked.len() - MAX_EVENT_CHANGES);
    }
    event.to_string()
}

/// Tile matrix, column and row of each.
fn tiles(list: TileList, set: &TileMatrixSet) -> Value {
    match list {
        TileList::All => json!("all"),
        TileList::Tiles(tiles) => tiles
            .into_iter()
            .map(|tile| json!([set.matrix_number(tile.z()), tile.x(), tile.y()]))
            .collect(),
    }
}

/// The fields of a feature that differ, as a map's feature state takes them.
fn state(change: &ToldChange) -> Option<Value> {
    let properties = change.state.iter().map(|(name, value)| (name.clone(), json_value(value)));
    Some(json!({
        "collection": change.placed.record.collection.as_str(),
        "id": change.placed.record.id?.value(),
        "properties": Value::Object(properties.collect())
    }))
}

fn json_value(value: &spatial::Value) -> Value {
    match value {
        spatial::Value::Bool(truth) => json!(truth),
        spatial::Value::Int(number) => json!(number),
        spatial::Value::Real(number) => json!(number),
        spatial::Value::Text(text) => json!(text),
        // Bytes are in no tile.
        spatial::Value::Null | spatial::Value::Bytes(_) => Value::Null,
    }
}
