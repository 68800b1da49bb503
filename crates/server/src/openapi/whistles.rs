//! Paths of calls of departments (吹哨报到).

use ledger::whistle::MAX_DEPARTMENTS;
use serde_json::{Map, Value, json};

use super::parts::{answers, path_parameter, schema, shared, text};
use crate::negotiate::JSON;
use crate::routes::whistles::PATH;
use crate::state::App;

const TAG: &str = "Ledger";

/// Adds them to `paths`, of a store that keeps calls.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    if !app.engine.has_whistles() {
        return;
    }
    let mut one = json!({
        "operationId": "getWhistle", "tags": [TAG],
        "summary": "a call of departments: who came, and how many minutes after the call",
        "parameters": [code(), shared("as-of")],
        "responses": answers("the call", &[(JSON.media_type, schema("Whistle"))])
    });
    one["responses"]["200"]["content"][JSON.media_type]["example"] = called();
    paths.insert("/whistles/{code}".to_owned(), json!({ "get": one }));
    if !app.settings.offers_edits {
        return;
    }
    let call = json!({
        "operationId": "callDepartments", "tags": [TAG],
        "summary": "a unit calls departments (吹哨): the call and one row a department, together. \
            Sent again under the same code it changes nothing; without a code it is a new call each \
            time, under the next number of the day",
        "requestBody": body(&call_schema(), &json!({
            "code": "CS-20261126-0007", "caller": "110115190", "subject": "占道经营反复",
            "point": "110115190-CW-2026-01533", "departments": ["urban", "police"],
            "called_at": "2026-11-26T09:00:00+08:00"
        })),
        "responses": told("the call; 200 when it was there", &["200", "201"], &called())
    });
    paths.insert(PATH.to_owned(), json!({ "post": call }));
    let arrive = json!({
        "operationId": "tellArrival", "tags": [TAG],
        "summary": "a department that was called came (报到): once, at its first word; an account of \
            a department says it of its own",
        "parameters": [code()],
        "requestBody": body(&json!({
            "type": "object",
            "properties": {
                "department": nullable(text()),
                "arrived_at": nullable(moment("now when absent")),
                "note": nullable(text())
            }
        }), &json!({ "department": "urban", "arrived_at": "2026-11-26T09:42:00+08:00" })),
        "responses": told("the call", &["200"], &called())
    });
    paths.insert("/whistles/{code}/arrivals".to_owned(), json!({ "post": arrive }));
    let mut closed = called();
    closed["closed_at"] = json!("2026-11-26T03:30:00.000Z");
    closed["result"] = json!("已劝离并拆除棚亭");
    let close = json!({
        "operationId": "closeWhistle", "tags": [TAG],
        "summary": "the caller closes a call; refused while a department has not come, with their \
            names, unless accept_missing is true",
        "parameters": [code()],
        "requestBody": body(&json!({
            "type": "object", "required": ["result"],
            "properties": {
                "result": text(), "closed_at": nullable(moment("now when absent")),
                "accept_missing": { "type": "boolean", "default": false }
            }
        }), &json!({ "result": "已劝离并拆除棚亭", "accept_missing": true })),
        "responses": told("the call", &["200"], &closed)
    });
    paths.insert("/whistles/{code}/close".to_owned(), json!({ "post": close }));
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let department = json!({
        "type": "object", "required": ["department", "arrived_at", "minutes"],
        "properties": {
            "department": text(),
            "arrived_at": nullable(moment("when it came")),
            "minutes": { "type": "integer", "nullable": true, "description": "after the call" },
            "note": nullable(text())
        }
    });
    let whistle = json!({
        "type": "object",
        "required": ["revision", "code", "departments", "missing"],
        "properties": {
            "revision": { "type": "integer" },
            "outcome": { "type": "string", "enum": ["new", "again"] },
            "code": text(), "caller": nullable(text()), "subject": nullable(text()),
            "point": nullable(text()),
            "called_at": nullable(moment("when")),
            "closed_at": nullable(moment("when it was closed")),
            "result": nullable(text()),
            "departments": { "type": "array", "items": department },
            "missing": {
                "type": "array", "items": text(), "description": "departments that have not come"
            },
            "links": { "type": "array", "items": schema("Link") }
        }
    });
    Map::from_iter([("Whistle".to_owned(), whistle)])
}

fn call_schema() -> Value {
    json!({
        "type": "object", "required": ["subject", "departments"],
        "properties": {
            "code": nullable(text()),
            "caller": {
                "type": "string", "nullable": true,
                "description": "code of the unit that calls; that of the account, if it has one"
            },
            "subject": text(),
            "point": {
                "type": "string", "nullable": true,
                "description": "a point of the ledger, by id or number"
            },
            "called_at": nullable(moment("now when absent")),
            "departments": {
                "type": "array", "minItems": 1, "maxItems": MAX_DEPARTMENTS, "uniqueItems": true,
                "items": text(),
                "description": "those that the city names, if it names any"
            },
            "geometry": {
                "type": "object", "nullable": true,
                "description": "a point in Content-Crs, CRS84 without it; where the point of the \
                    ledger lies when absent"
            }
        }
    })
}

fn code() -> Value {
    path_parameter("code", "code of a call", text())
}

fn nullable(mut of: Value) -> Value {
    of["nullable"] = json!(true);
    of
}

fn moment(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

fn body(schema: &Value, example: &Value) -> Value {
    json!({
        "required": true,
        "content": { JSON.media_type: { "schema": schema, "example": example } }
    })
}

fn told(description: &str, codes: &[&str], example: &Value) -> Value {
    let mut example = example.clone();
    example["outcome"] = json!("new");
    let content = json!({ JSON.media_type: { "schema": schema("Whistle"), "example": example } });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let mut responses = json!({ "4XX": problem, "5XX": problem });
    for code in codes {
        responses[*code] = json!({ "description": description, "content": content });
    }
    responses
}

fn called() -> Value {
    json!({
        "revision": 52, "code": "CS-20261126-0007", "caller": "110115190",
        "subject": "占道经营反复", "point": "110115190-CW-2026-01533",
        "called_at": "2026-11-26T01:00:00.000Z", "closed_at": null, "result": null,
        "departments": [
            { "department": "urban", "arrived_at": "2026-11-26T01:42:00.000Z", "minutes": 42,
              "note": null },
            { "department": "police", "arrived_at": null, "minutes": null, "note": null }
        ],
        "missing": ["police"]
    })
}
