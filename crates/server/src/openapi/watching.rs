//! Paths of what changes: the change log, streams and fences.

use engine::feed::MAX_CHANGES;
use engine::fences::FenceEventKind;
use serde_json::{Map, Value, json};

use super::parts::{answers, parameter, path_parameter, schema, text};
use crate::event_stream::EVENT_STREAM;
use crate::negotiate::JSON;
use crate::routes::changes::DEFAULT_CHANGES;
use crate::routes::fences::{DEFAULT_EVENTS, DEFAULT_FENCES, MAX_EVENTS, MAX_FENCES};
use crate::state::App;

const TAG: &str = "Changes";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    let page = operation(
        "getChanges",
        "what changed since a revision, in whole commits; go on with since set to next",
        vec![since("revision"), limit(DEFAULT_CHANGES, MAX_CHANGES), collections(), bbox()],
        answers("changes, oldest first", &[(JSON.media_type, schema("Changes"))]),
    );
    paths.insert("/changes".to_owned(), json!({ "get": page }));
    let sets = app.engine.matrix_sets().ids();
    let zoom = json!({ "type": "string", "pattern": "^[0-9]{1,2}([.][.][0-9]{1,2})?$" });
    let viewport = vec![
        since("revision"),
        collections(),
        bbox(),
        parameter("zoom", "zoom of the tiles that are named, or the first and last: 10..14", zoom),
        parameter("tms", "grid of the tiles", json!({ "type": "string", "enum": sets })),
        last_event_id(),
    ];
    let stream = operation(
        "streamChanges",
        "what changes, as it happens: one event a published state, its id the revision",
        viewport,
        answers("Server-Sent Events", &[(EVENT_STREAM, text())]),
    );
    paths.insert("/changes/stream".to_owned(), json!({ "get": stream }));
    add_fences(paths);
    if !app.settings.offers_edits {
        for (path, method) in [("/fences", "post"), ("/fences/{fenceId}", "delete")] {
            if let Some(operations) = paths.get_mut(path).and_then(Value::as_object_mut) {
                operations.remove(method);
            }
        }
    }
}

fn add_fences(paths: &mut Map<String, Value>) {
    let after = json!({ "type": "integer", "minimum": 0 });
    let after = parameter("after", "fences with a higher number than this", after);
    let list = operation(
        "getFences",
        "areas that are watched",
        vec![after, limit(DEFAULT_FENCES, MAX_FENCES)],
        answers("fences, by number", &[(JSON.media_type, schema("Object"))]),
    );
    let content_crs = json!({
        "name": "Content-Crs", "in": "header", "required": false, "schema": text(),
        "description": "CRS of the polygon as <URI>, axes in the order of its authority; CRS84 \
            when absent"
    });
    let mut made = answers("the fence", &[(JSON.media_type, schema("Fence"))]);
    if let Some(responses) = made.as_object_mut()
        && let Some(created) = responses.remove("200")
    {
        responses.insert("201".to_owned(), created);
    }
    let mut make = operation("makeFence", "watch an area", vec![content_crs], made);
    make["requestBody"] = json!({
        "required": true,
        "content": { JSON.media_type: { "schema": fence_body() } }
    });
    paths.insert("/fences".to_owned(), json!({ "get": list, "post": make }));
    let number = json!({ "type": "integer", "minimum": 1 });
    let id = || path_parameter("fenceId", "number of a fence", number.clone());
    let one = operation(
        "getFence",
        "one fence",
        vec![id()],
        answers("the fence", &[(JSON.media_type, schema("Fence"))]),
    );
    let gone = json!({
        "204": { "description": "the fence and its events are gone" },
        "default": { "$ref": "#/components/responses/Problem" }
    });
    let remove = operation("removeFence", "watch no longer", vec![id()], gone);
    paths.insert("/fences/{fenceId}".to_owned(), json!({ "get": one, "delete": remove }));
    let events = operation(
        "getFenceEvents",
        "what happened at a fence, from a log with rising ids",
        vec![id(), since("event"), limit(DEFAULT_EVENTS, MAX_EVENTS)],
        answers("events, oldest first", &[(JSON.media_type, schema("FenceEvents"))]),
    );
    paths.insert("/fences/{fenceId}/events".to_owned(), json!({ "get": events }));
    let stream = operation(
        "streamFenceEvents",
        "what happens at a fence, as it happens",
        vec![id(), since("event"), last_event_id()],
        answers("Server-Sent Events", &[(EVENT_STREAM, text())]),
    );
    paths.insert("/fences/{fenceId}/stream".to_owned(), json!({ "get": stream }));
}

fn operation(id: &str, summary: &str, parameters: Vec<Value>, responses: Value) -> Value {
    json!({
        "operationId": id,
        "tags": [TAG],
        "summary": summary,
        "parameters": parameters,
        "responses": responses
    })
}

fn since(what: &str) -> Value {
    let schema = json!({ "type": "integer", "minimum": 0 });
    parameter("since", &format!("what comes after this {what}"), schema)
}

fn limit(default: usize, most: usize) -> Value {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": most, "default": default });
    parameter("limit", "most of a page", schema)
}

fn collections() -> Value {
    let schema = json!({ "type": "array", "minItems": 1, "items": text() });
    parameter("collections", "of these collections alone", schema)
}

fn bbox() -> Value {
    let schema = json!({
        "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" }
    });
    let says = "what touches this box before or after, or has no place: west, south, east, north \
                in degrees (CRS84)";
    parameter("bbox", says, schema)
}

fn last_event_id() -> Value {
    json!({
        "name": "Last-Event-ID", "in": "header", "required": false,
        "schema": { "type": "integer", "minimum": 0 },
        "description": "id of the last event that was seen; wins over since"
    })
}

fn fence_body() -> Value {
    let kinds = FenceEventKind::ALL.map(FenceEventKind::name);
    json!({
        "type": "object",
        "required": ["geometry"],
        "properties": {
            "name": { "type": "string", "maxLength": 200 },
            "geometry": {
                "description": "GeoJSON polygon or multipolygon, well-known text, or well-known \
                    binary in hexadecimal"
            },
            "collections": { "type": "array", "minItems": 1, "maxItems": 32, "items": text() },
            "detect": {
                "type": "array", "minItems": 1, "uniqueItems": true,
                "items": { "type": "string", "enum": kinds },
                "description": "enter: shared no point with the area, or was not there, and now \
                    does; exit: the reverse; cross: shares none before or after, but the straight \
                    way between the middles of its envelopes leads through; inside: its geometry \
                    changed within"
            },
            "webhook": {
                "type": "object",
                "required": ["url"],
                "properties": {
                    "url": { "type": "string", "maxLength": 2048 },
                    "secret": { "type": "string", "minLength": 16, "maxLength": 256 }
                },
                "additionalProperties": false
            }
        },
        "additionalProperties": false
    })
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let number = json!({ "type": "integer", "minimum": 0 });
    let links = json!({ "type": "array", "items": schema("Link") });
    let corners = json!({
        "type": "array", "nullable": true, "minItems": 4, "maxItems": 4,
        "items": { "type": "number" },
        "description": "west, south, east, north in degrees"
    });
    let changes = json!({
        "type": "object",
        "required": ["since", "next", "revision", "crs", "changes", "links"],
        "properties": {
            "since": number,
            "next": { "type": "integer", "minimum": 0, "description": "every commit up to here \
                has been looked at" },
            "revision": number,
            "crs": text(),
            "changes": { "type": "array", "items": {
                "type": "object",
                "required": ["revision", "collection", "id", "operation", "before", "after"],
                "properties": {
                    "revision": number,
                    "collection": text(),
                    "id": { "type": "integer", "nullable": true },
                    "operation": {
                        "type": "string", "enum": ["load", "insert", "replace", "delete", "erase"]
                    },
                    "before": corners,
                    "after": corners,
                    "author": text(),
                    "reason": text(),
                    "at": { "type": "string", "format": "date-time" }
                }
            } },
            "links": links
        }
    });
    let fence = json!({
        "type": "object",
        "required": ["id", "name", "crs", "geometry", "collections", "detect", "since"],
        "properties": {
            "id": number,
            "name": text(),
            "crs": text(),
            "geometry": { "type": "object" },
            "collections": { "type": "array", "items": text() },
            "detect": { "type": "array", "items": text() },
            "since": number,
            "author": text(),
            "at": { "type": "string", "format": "date-time" },
            "webhook": { "type": "object", "nullable": true }
        }
    });
    let events = json!({
        "type": "object",
        "required": ["events", "next", "links"],
        "properties": {
            "events": { "type": "array", "items": {
                "type": "object",
                "required": ["id", "fence", "event", "revision", "collection", "feature", "at"]
            } },
            "next": number,
            "links": links
        }
    });
    Map::from_iter([
        ("Changes".to_owned(), changes),
        ("Fence".to_owned(), fence),
        ("FenceEvents".to_owned(), events),
    ])
}
