//! Paths of the ledger: events of points, and their traces.

use ledger::point::{Roles, State};
use ledger::rows::{enforcement, events, points};
use ledger::{EventKind, point::Lamp};
use serde_json::{Map, Value, json};
use spatial::{Field, FieldClass, FieldType};

use super::parts::{answers, binary, format_parameter, path_parameter, schema, shared, text};
use crate::negotiate::{CSV, HTML, JSON, XLSX};
use crate::routes::points::{BATCH_PATH, OFFERS, PDF};
use crate::state::App;

const TAG: &str = "Ledger";
/// What entries of a timeline are called.
const TIMELINE: [&str; 7] =
    ["event", "record", "complaint", "whistle", "arrival", "order", "decision"];

/// How a point is named.
const POINT: &str = "id of a point, or its number on the ledger";

/// Adds them to `paths`, of a store that has a ledger.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    if !app.engine.has_ledger() {
        return;
    }
    let trace = operation(
        "getPointTrace",
        "a point with its events, both clocks of each, who raised it and what it changed, and the \
         lamp of the point",
        vec![id(), shared("as-of"), format_parameter(&OFFERS)],
        answers("the trace", &told_as("PointTrace")),
    );
    paths.insert("/points/{id}/trace".to_owned(), json!({ "get": trace }));
    let approval = operation(
        "getPointApproval",
        "the form of approval of a point (销账审批表) as PDF, to be signed: what is on the ledger, what was \
         done, evidence with its hashes; its layout is ours and says so",
        vec![id(), shared("as-of")],
        answers("the form", &[(PDF, json!({ "type": "string", "format": "binary" }))]),
    );
    paths.insert("/points/{id}/approval".to_owned(), json!({ "get": approval }));
    if app.engine.has_enforcement() {
        let mut timeline = operation(
            "getPointEnforcement",
            "records of departments, orders of citizens, calls of departments and who came, orders, \
             decisions of meetings and events of a point in one timeline; what only the department of a record \
             may read is named as withheld",
            vec![id(), shared("as-of"), format_parameter(&OFFERS)],
            answers("the timeline", &told_as("PointTimeline")),
        );
        timeline["responses"]["200"]["content"][JSON.media_type]["examples"] = timeline_example();
        paths.insert("/points/{id}/enforcement".to_owned(), json!({ "get": timeline }));
    }
    if !app.settings.offers_edits {
        return;
    }
    let one_or_list = json!({ "oneOf": [schema("PointEvent"), { "type": "array", "items": schema("PointEvent") }] });
    let mut of_point = operation(
        "raisePointEvents",
        "what happened to a point: one event, or a list of them in order; sent again they change \
         nothing. A report begins the point under a new id",
        vec![id(), content_crs()],
        raised(&["200", "201"]),
    );
    of_point["requestBody"] = body(&one_or_list, &examples());
    paths.insert("/points/{id}/events".to_owned(), json!({ "post": of_point }));
    let mut batch = operation(
        "raiseEvents",
        "events of many points, such as those of a phone that was offline; each has an outcome of \
         its own, and each names its point",
        vec![content_crs()],
        raised(&["200"]),
    );
    let list = json!({
        "type": "array", "items": schema("PointEvent"),
        "maxItems": app.settings.max_transaction_changes
    });
    batch["requestBody"] = body(&list, &batch_examples());
    paths.insert(BATCH_PATH.to_owned(), json!({ "post": batch }));
}

/// `components/schemas` of these paths.
pub fn schemas(roles: &Roles) -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert("PointEvent".to_owned(), event(roles));
    let point = json!({
        "type": "object",
        "description": "what the events of a point come to",
        "properties": properties(&points::derived_fields())
    });
    schemas.insert("LedgerPoint".to_owned(), point);
    let outcome = json!({
        "type": "object",
        "required": ["outcome"],
        "properties": {
            "id": { "type": "string", "nullable": true },
            "point": { "type": "string", "nullable": true },
            "outcome": { "type": "string", "enum": ["new", "again", "refused"] },
            "seq": { "type": "integer", "description": "its place among the events of the point" },
            "problem": schema("Problem")
        }
    });
    let raised = json!({
        "type": "object",
        "required": ["revision", "at", "events", "points"],
        "properties": {
            "revision": { "type": "integer", "minimum": 0 },
            "at": { "type": "string", "format": "date-time", "nullable": true },
            "events": { "type": "array", "items": outcome },
            "points": { "type": "array", "items": schema("LedgerPoint") }
        }
    });
    schemas.insert("RaisedEvents".to_owned(), raised);
    let trace = json!({
        "type": "object",
        "required": ["revision", "asOf", "point", "events", "late", "evidence", "links"],
        "properties": {
            "revision": { "type": "integer" },
            "asOf": { "type": "string", "format": "date-time" },
            "point": schema("LedgerPoint"),
            "events": { "type": "array", "items": { "type": "object" } },
            "late": { "type": "integer", "description": "events that were recorded late" },
            "evidence": { "type": "array", "items": schema("Evidence") },
            "links": { "type": "array", "items": schema("Link") }
        }
    });
    schemas.insert("PointTrace".to_owned(), trace);
    schemas.insert("PointTimeline".to_owned(), timeline());
    schemas
}

fn timeline() -> Value {
    let mut entry = properties(&enforcement::fields());
    entry.insert("source".to_owned(), json!({ "type": "string", "enum": TIMELINE }));
    entry.insert("withheld".to_owned(), json!({ "type": "array", "items": text() }));
    json!({
        "type": "object",
        "required": ["revision", "point", "code", "timeline", "complete", "links"],
        "properties": {
            "revision": { "type": "integer" },
            "point": { "type": "string" },
            "code": { "type": "string", "nullable": true },
            "timeline": {
                "type": "array",
                "items": { "type": "object", "properties": entry },
                "description": "by time: events as in the trace, and rows of other collections with their columns"
            },
            "complete": { "type": "boolean", "description": "whether every record is told" },
            "links": { "type": "array", "items": schema("Link") }
        }
    })
}

fn timeline_example() -> Value {
    json!({ "act": { "value": {
        "revision": 31, "point": "01990000-0000-7000-8000-0000000000f1",
        "code": "110115190-CW-2026-00001", "complete": true, "links": [],
        "timeline": [{
            "source": "record", "id": "r1", "point": "110115190-CW-2026-00001",
            "department": "城管", "act": "责令改正", "document_no": "城管改字〔2026〕1号",
            "occurred_at": "2026-09-02T01:30:00.000Z", "basis": null, "result": "限期拆除",
            "withheld": ["officer"]
        }]
    } } })
}

/// A schema, and the same as a table in the other encodings.
fn told_as(name: &str) -> [(&'static str, Value); 4] {
    [
        (JSON.media_type, schema(name)),
        (HTML.media_type, text()),
        (CSV.media_type, text()),
        (XLSX.media_type, binary()),
    ]
}

fn event(roles: &Roles) -> Value {
    let mut properties = properties(&events::fields());
    for server_side in ["seq", "recorded_at", "unit_of_actor"] {
        properties.remove(server_side);
    }
    let ids = json!({ "type": "array", "items": uuid() });
    for list in ["before", "after", "evidence"] {
        properties.insert(list.to_owned(), ids.clone());
    }
    for id in ["id", "to_event"] {
        properties.insert(id.to_owned(), uuid());
    }
    for point in ["point", "into_point"] {
        let either = json!({ "type": "string", "description": POINT });
        properties.insert(point.to_owned(), either);
    }
    let named = |names: Vec<&str>| json!({ "type": "string", "enum": names });
    let kinds = EventKind::ALL.map(EventKind::identifier).to_vec();
    properties.insert("kind".to_owned(), named(kinds));
    let roles: Vec<String> = roles.all().map(|role| role.to_string()).collect();
    properties.insert("role".to_owned(), json!({ "type": "string", "enum": roles }));
    let geometry = json!({
        "type": "object", "nullable": true,
        "description": "where a reported point lies, as GeoJSON"
    });
    properties.insert("geometry".to_owned(), geometry);
    let brings = EventKind::ALL.map(|kind| {
        let members = events::brought_by(kind).join(", ");
        format!("{kind}: {}", if members.is_empty() { "nothing" } else { &members })
    });
    json!({
        "type": "object",
        "required": ["id", "kind", "role", "occurred_at"],
        "properties": properties,
        "description": format!(
            "what happened to a point. Each kind brings members of its own; a report brings \
             columns of the point too. {}", brings.join("; ")
        )
    })
}

/// Columns that everyone reads, as properties of a schema.
pub(super) fn properties(fields: &[Field]) -> Map<String, Value> {
    let shown = fields.iter().filter(|field| field.class <= FieldClass::L1);
    let mut properties: Map<String, Value> = shown
        .map(|field| {
            let mut schema = match field.field_type {
                FieldType::Int => json!({ "type": "integer" }),
                FieldType::Real => json!({ "type": "number" }),
                FieldType::Bool => json!({ "type": "boolean" }),
                FieldType::DateTime => json!({ "type": "string", "format": "date-time" }),
                _ => json!({ "type": "string" }),
            };
            schema["nullable"] = json!(true);
            schema["description"] = json!(field.alias);
            (field.name.clone(), schema)
        })
        .collect();
    let states = State::ALL.map(State::identifier);
    if properties.contains_key("state") {
        properties.insert(
            "state".to_owned(),
            json!({ "type": "string", "enum": states, "description": "状态" }),
        );
        let lamps = Lamp::ALL.map(Lamp::identifier);
        properties.insert(
            "lamp".to_owned(),
            json!({ "type": "string", "enum": [lamps[0], lamps[1], lamps[2], null], "nullable": true }),
        );
    }
    properties
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid", "description": "a UUID of version 7" })
}

fn id() -> Value {
    path_parameter("id", POINT, text())
}

fn content_crs() -> Value {
    json!({
        "name": "Content-Crs", "in": "header", "required": false, "schema": text(),
        "style": "simple", "explode": false,
        "description": "what geometries of reports are in; CRS84 when absent"
    })
}

fn body(schema: &Value, examples: &Value) -> Value {
    json!({
        "required": true,
        "content": { JSON.media_type: { "schema": schema, "examples": examples } }
    })
}

fn examples() -> Value {
    json!({
        "report": { "value": {
            "id": "01990000-0000-7000-8000-000000000001", "kind": "report",
            "role": "grid_worker", "occurred_at": "2026-09-01T09:30:00+08:00",
            "unit": "110115190", "address": "甲子村1胡同 7 号", "source": "巡查", "accuracy_m": 8,
            "geometry": { "type": "Point", "coordinates": [116.41636, 39.635313] }
        } },
        "register": { "value": {
            "id": "01990000-0000-7000-8000-000000000002", "kind": "register", "role": "town",
            "occurred_at": "2026-09-01T14:00:00+08:00", "task": "CW", "unit": "110115190",
            "due_at": "2026-10-31", "build_area_m2": 120.5, "count": 1
        } },
        "submit": { "value": {
            "id": "01990000-0000-7000-8000-000000000003", "kind": "submit", "role": "town",
            "occurred_at": "2026-10-12T16:00:00+08:00", "build_area_m2": 120.5, "count": 1,
            "before": ["01990000-0000-7000-8000-00000000000a"],
            "after": ["01990000-0000-7000-8000-00000000000b"]
        } }
    })
}

fn batch_examples() -> Value {
    let mut event = examples()["report"]["value"].clone();
    event["id"] = json!("01990000-0000-7000-8000-000000000004");
    event["point"] = json!("01990000-0000-7000-8000-0000000000f3");
    json!({ "phone": { "value": [event] } })
}

fn raised(statuses: &[&str]) -> Value {
    let done = json!({
        "description": "one outcome an event, in order",
        "headers": { "Tuban-Revision": {
            "description": "a state that holds all that was taken",
            "schema": { "type": "integer" }
        } },
        "content": { JSON.media_type: { "schema": schema("RaisedEvents") } }
    });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let mut responses = json!({ "4XX": problem, "5XX": problem });
    for status in statuses {
        responses[*status] = done.clone();
    }
    responses
}

fn operation(id: &str, summary: &str, parameters: Vec<Value>, responses: Value) -> Value {
    json!({
        "operationId": id, "tags": [TAG], "summary": summary, "parameters": parameters,
        "responses": responses
    })
}
