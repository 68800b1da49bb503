//! Paths of spatial rules.

use engine::clues::MAX_CLUES_PAGE;
use serde_json::{Map, Value, json};

use super::parts::{
    answers, binary, format_parameter, parameter, path_parameter, schema, shared, text,
};
use crate::clues::CLUES;
use crate::negotiate::{CSV, GEOJSON, HTML, JSON, XLSX};
use crate::routes::rules::OFFERS;
use crate::state::App;

const TAG: &str = "Ledger";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    let content = [(JSON.media_type, schema("SpatialRules")), (HTML.media_type, text())];
    let operation = json!({
        "operationId": "getRules",
        "tags": [TAG],
        "summary": "the spatial rules in force, with edition, basis and what they lack",
        "parameters": [format_parameter(&[&JSON, &HTML])],
        "responses": answers("the rules", &content)
    });
    paths.insert("/rules".to_owned(), json!({ "get": operation }));
    let codes: Vec<&str> = app.settings.rules.all().iter().map(|rule| rule.code.as_str()).collect();
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": MAX_CLUES_PAGE, "default": CLUES
    });
    let offset = json!({ "type": "integer", "minimum": 0, "default": 0 });
    let bbox = json!({
        "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4
    });
    let mut bbox = parameter("bbox", "west,south,east,north in degrees", bbox);
    bbox["explode"] = json!(false);
    let date = json!({ "type": "string", "format": "date" });
    let content = [
        (GEOJSON.media_type, schema("Clues")),
        (HTML.media_type, text()),
        (CSV.media_type, text()),
        (XLSX.media_type, binary()),
    ];
    let mut responses =
        answers("proposals (疑似线索), which only a person's event confirms", &content);
    responses["200"]["content"][GEOJSON.media_type]["example"] = example();
    let operation = json!({
        "operationId": "getClues",
        "tags": [TAG],
        "summary": "what a rule proposes, with features, measured values and a reason",
        "description": "Rules about enterprises (high_risk, licence_alive, exit_overdue as shipped) are told to \
            the roles that they name; others are refused with role_may_not. Proposals come by the \
            ids of their features, those with a score the highest first.",
        "parameters": [
            path_parameter("rule", "code of the rule", json!({ "type": "string", "enum": codes })),
            bbox,
            parameter("unit", "code of a unit of administration", text()),
            parameter("key", "of which feature, where the rule is asked of some: neighbours, which takes bbox or unit as well", text()),
            parameter("id", "the same feature by its id", json!({ "type": "integer", "minimum": 1 })),
            parameter(
                "review",
                "only clues of which nothing was said (open), or this was said last",
                json!({ "type": "string", "enum": ["open", "confirmed", "dismissed"] })
            ),
            parameter("limit", "how many; of CSV and XLSX the maximum when absent", limit),
            parameter("offset", "how many are left out at the beginning", offset),
            parameter("date", "the day up to which days are counted; that of as-of, or today", date),
            shared("as-of"),
            format_parameter(&OFFERS)
        ],
        "responses": responses
    });
    paths.insert("/rules/{rule}".to_owned(), json!({ "get": operation }));
    if app.settings.offers_edits {
        paths.insert("/rules/{rule}/reviews".to_owned(), json!({ "post": review(&codes) }));
    }
}

/// What a person says of a clue.
fn review(codes: &[&str]) -> Value {
    let body = json!({
        "type": "object", "required": ["id", "clue", "verdict"],
        "properties": {
            "id": { "type": "string", "format": "uuid", "description": "version 7, made by the client" },
            "clue": { "type": "string", "description": "the clue as its rule names it" },
            "verdict": verdict(),
            "decision": { "type": "string", "description": "its number; needed to confirm" },
            "reason": { "type": "string", "description": "needed to dismiss" }
        }
    });
    let sent = json!({
        "id": "01990000-0000-7000-8000-000000000001", "clue": "buildings/7,parcels/3",
        "verdict": "confirmed", "decision": "综执〔2026〕12号"
    });
    let told = json!({
        "revision": 53, "outcome": "new", "rule": "over_parcel", "clue": "buildings/7,parcels/3",
        "review": told_review()
    });
    let schema = json!({
        "type": "object", "required": ["revision", "outcome", "rule", "clue", "review"],
        "properties": {
            "revision": { "type": "integer" },
            "outcome": { "type": "string", "enum": ["new", "again"] },
            "rule": text(), "clue": text(), "review": schema("ClueReview")
        }
    });
    let content = json!({ JSON.media_type: { "schema": schema, "example": told } });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "operationId": "reviewClue",
        "tags": [TAG],
        "summary": "says of a clue that it is so, by a decision, or that it is not, for a reason",
        "description": "Told by the roles that may raise a rebound, of a clue that the rule finds now. Reviews \
            stay as they were given; the latest counts. A rebound is confirmed by its event at the point.",
        "parameters": [path_parameter(
            "rule", "code of the rule", json!({ "type": "string", "enum": codes })
        )],
        "requestBody": {
            "required": true,
            "content": { JSON.media_type: { "schema": body, "example": sent } }
        },
        "responses": {
            "200": { "description": "it was told before", "content": content },
            "201": { "description": "what was said", "content": content },
            "4XX": problem, "5XX": problem
        }
    })
}

fn verdict() -> Value {
    json!({ "type": "string", "enum": ["confirmed", "dismissed"] })
}

fn told_review() -> Value {
    json!({
        "id": "01990000-0000-7000-8000-000000000001", "verdict": "confirmed", "verdictName": "属实",
        "decision": "综执〔2026〕12号", "reason": null, "actor": "town", "role": "town",
        "unit": "110115190", "recorded_at": "2026-11-27T08:00:00.000Z"
    })
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let list = |items: Value| json!({ "type": "array", "items": items });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let rule = json!({
        "type": "object",
        "required": ["code", "name", "kind", "edition", "basis", "source", "inputs", "ready"],
        "properties": {
            "code": text(), "name": text(), "kind": text(), "edition": text(),
            "basis": { "type": "string", "enum": ["official", "local", "template"] },
            "source": text(),
            "parameters": { "type": "object" },
            "inputs": list(json!({
                "type": "object",
                "required": ["collection", "fields", "needed", "there"],
                "properties": {
                    "collection": text(), "fields": list(text()),
                    "needed": { "type": "boolean" }, "there": { "type": "boolean" }
                }
            })),
            "ready": { "type": "boolean" },
            "missing": list(text()),
            "confirm": {
                "type": "object",
                "description": "what a person would send who looked at one of its clues"
            }
        }
    });
    let rules = json!({
        "type": "object",
        "required": ["edition", "rules"],
        "properties": { "edition": text(), "rules": list(schema("SpatialRule")) }
    });
    let clue = json!({
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": { "type": "string", "enum": ["Feature"] },
            "geometry": { "type": "object", "nullable": true },
            "properties": {
                "type": "object",
                "required": ["suspicion", "status", "clue", "reason", "measured", "features"],
                "properties": {
                    "suspicion": text(),
                    "status": { "type": "string", "enum": ["proposal", "confirmed", "dismissed"] },
                    "clue": { "type": "string", "description": "what the clue is called" },
                    "review": schema("ClueReview"),
                    "reason": text(),
                    "measured": { "type": "object" },
                    "features": list(json!({
                        "type": "object",
                        "required": ["collection", "id"],
                        "properties": {
                            "collection": text(), "id": count(),
                            "key": { "type": "string", "nullable": true }, "href": text()
                        }
                    })),
                    "confirm": {
                        "type": "object",
                        "description": "what a person would send who finds that it is so"
                    }
                }
            }
        }
    });
    let clues = json!({
        "type": "object",
        "required": ["type", "rule", "revision", "date", "numberMatched", "features"],
        "properties": {
            "type": { "type": "string", "enum": ["FeatureCollection"] },
            "rule": schema("SpatialRule"),
            "revision": count(), "date": { "type": "string", "format": "date" },
            "numberMatched": count(), "numberReturned": count(), "offset": count(),
            "features": list(clue),
            "shares": list(json!({
                "type": "object",
                "properties": {
                    "code": text(), "name": text(), "buildings": count(), "without": count(),
                    "share": { "type": "number", "nullable": true }
                }
            }))
        }
    });
    let nullable = || json!({ "type": "string", "nullable": true });
    let review = json!({
        "type": "object",
        "required": ["id", "verdict", "actor", "recorded_at"],
        "properties": {
            "id": text(), "verdict": verdict(), "verdictName": text(), "decision": nullable(),
            "reason": nullable(), "actor": text(), "role": nullable(), "unit": nullable(),
            "recorded_at": { "type": "string", "format": "date-time" }
        }
    });
    Map::from_iter([
        ("ClueReview".to_owned(), review),
        ("SpatialRule".to_owned(), rule),
        ("SpatialRules".to_owned(), rules),
        ("Clues".to_owned(), clues),
    ])
}

fn example() -> Value {
    let parcel = "110115001002JC00011";
    json!({
        "type": "FeatureCollection",
        "rule": {
            "code": "over_parcel", "name": "疑似超占", "kind": "over_parcel", "edition": "2026-01",
            "basis": "template",
            "source": "自拟：建筑在其主要所在宗地以外的占地超过 1 平方米",
            "parameters": { "buildings": "buildings", "parcels": "parcels", "least_m2": 1.0 },
            "inputs": [
                { "collection": "buildings", "fields": [], "needed": true, "there": true },
                { "collection": "parcels", "fields": [], "needed": true, "there": true }
            ],
            "ready": true, "missing": [],
            "confirm": {
                "method": "POST", "href": "https://map.example.cn/rules/over_parcel/reviews",
                "body": { "clue": null, "verdict": "confirmed", "decision": null },
                "fill": ["id", "clue", "verdict", "decision"]
            }
        },
        "revision": 12, "date": "2026-11-26", "numberMatched": 1, "numberReturned": 1, "offset": 0,
        "features": [{
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [[
                    [116.34, 39.72], [116.3401, 39.72], [116.3401, 39.7201], [116.34, 39.72]
                ]]
            },
            "properties": {
                "suspicion": "疑似超占", "status": "proposal", "clue": "buildings/7,parcels/3",
                "reason": format!("疑似超占：建筑 {parcel}F0001 占地 120 平方米，其中 47.2 平方米在宗地 \
                    {parcel} 之外，超过 1 平方米"),
                "measured": { "outside_m2": 47.2, "building_m2": 120.0, "least_m2": 1.0 },
                "features": [
                    { "collection": "buildings", "id": 7, "key": format!("{parcel}F0001") },
                    { "collection": "parcels", "id": 3, "key": parcel }
                ]
            }
        }],
        "links": []
    })
}
