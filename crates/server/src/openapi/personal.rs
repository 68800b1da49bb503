//! Paths of personal values.

use serde_json::{Map, Value, json};

use super::parts::{answers, parameter, path_parameter, text};
use crate::negotiate::JSON;
use crate::routes::personal::{MAX_FIELDS, MAX_REASON, PATH, REVEAL};

const TAG: &str = "Places";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>) {
    let id = || path_parameter("id", "number of the subject, such as that of a household", text());
    let kind = || {
        parameter(
            "kind",
            "what the file is of, as GET /dossiers knows it; a household when absent",
            text(),
        )
    };
    let values = |member: &str| {
        json!({
            "type": "object", "required": ["id", "kind", "collection", "fid", "values"],
            "properties": {
                "id": text(), "kind": text(), "collection": text(), "fid": { "type": "integer" },
                "values": {
                    "type": "array",
                    "items": {
                        "type": "object", "required": ["field", "class", member],
                        "properties": { "field": text(), "class": text(), member: text() }
                    }
                }
            }
        })
    };
    let example = |member: &str, shown: &str| {
        json!({
            "id": "H110115190212-00001-1", "kind": "household", "collection": "households",
            "fid": 12, "values": [{ "field": "DH", "class": "L3", member: shown }]
        })
    };
    let mut masked = json!({
        "operationId": "getPersonal", "tags": [TAG],
        "summary": "the personal values of the subject of a file, masked; for roles that see class \
            L2, never kept by a cache",
        "parameters": [id(), kind()],
        "responses": answers("the masks", &[(JSON.media_type, values("masked"))])
    });
    masked["responses"]["200"]["content"][JSON.media_type]["example"] =
        example("masked", "138****5678");
    paths.insert(PATH.to_owned(), json!({ "get": masked }));
    let reason = |what: &str| json!({ "type": "string", "minLength": 1, "maxLength": MAX_REASON, "description": what });
    let body = json!({
        "type": "object", "required": ["fields", "reason", "case"],
        "properties": {
            "fields": {
                "type": "array", "items": text(), "minItems": 1, "maxItems": MAX_FIELDS,
                "description": "names as GET …/personal tells them"
            },
            "reason": reason("why, without a person's number; it stands in the audit log"),
            "case": reason("number of the case")
        }
    });
    let asked = json!({ "fields": ["DH"], "reason": "核实联系人", "case": "(2026) 京试 17 号" });
    let mut responses = answers("the values in the clear", &[(JSON.media_type, values("value"))]);
    responses["200"]["content"][JSON.media_type]["example"] =
        example("value", "(as it was written down)");
    let reveal = json!({
        "operationId": "revealPersonal", "tags": [TAG],
        "summary": "personal values of one record in the clear, for those who enforce for district \
            and city; every answer and refusal stands in the audit log; so many within ten minutes, \
            then 429",
        "parameters": [id(), kind()],
        "requestBody": {
            "required": true,
            "content": { JSON.media_type: { "schema": body, "example": asked } }
        },
        "responses": responses
    });
    paths.insert(REVEAL.to_owned(), json!({ "post": reveal }));
}
