//! Paths of places: who is responsible, and how features are assigned.

use engine::places::{MAX_POSITIONS, PLACES};
use serde_json::{Map, Value, json};
use spatial::Snapshot;

use super::parts::{
    answers, collection_parameter, format_parameter, parameter, schema, shared, text,
};
use crate::negotiate::{HTML, JSON};
use crate::places::{ALLEY_METRES, MAX_ALLEY_METRES};
use crate::planner::MAX_PROPERTIES;

const TAG: &str = "Places";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, snapshot: &Snapshot) {
    let degrees = |name: &str, what: &str, most: f64| {
        let schema = json!({ "type": "number", "minimum": -most, "maximum": most });
        let mut parameter = parameter(name, what, schema);
        parameter["required"] = json!(true);
        parameter
    };
    let date = json!({ "type": "string", "format": "date" });
    let day = date.clone();
    let alley = json!({
        "type": "number", "minimum": 0, "maximum": MAX_ALLEY_METRES, "default": ALLEY_METRES
    });
    let content = [(JSON.media_type, schema("Responsible")), (HTML.media_type, text())];
    let mut responses = answers("units, places and who answers for them", &content);
    responses["200"]["content"][JSON.media_type]["example"] = example();
    let operation = json!({
        "operationId": "getResponsible",
        "tags": [TAG],
        "summary": "who is responsible at a position on a day",
        "parameters": [
            degrees("lon", "longitude, WGS 84 or CGCS2000", 180.0),
            degrees("lat", "latitude", 90.0),
            parameter("date", "the day in Asia/Shanghai; today when absent", date),
            parameter("alley", "how far an alley may be away, in metres", alley.clone()),
            shared("as-of"),
            format_parameter(&[&JSON, &HTML])
        ],
        "responses": responses
    });
    let position =
        json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
    let body = json!({
        "type": "object",
        "required": ["positions"],
        "additionalProperties": false,
        "properties": {
            "positions": {
                "type": "array", "items": position, "minItems": 1, "maxItems": MAX_POSITIONS,
                "description": "longitudes and latitudes, WGS 84 or CGCS2000"
            },
            "date": day, "alley": alley,
            "collections": {
                "type": "array", "items": { "type": "string", "enum": PLACES },
                "minItems": 1, "uniqueItems": true,
                "description": "which places are looked at; all when absent"
            },
            "properties": {
                "type": "array", "items": text(), "uniqueItems": true,
                "minItems": 1, "maxItems": MAX_PROPERTIES,
                "description": "what is told beside ids: members of units, and fields of other places and of \
                                responsibilities; everything when absent"
            },
            "return": {
                "type": "string", "enum": ["positions", "tables"], "default": "positions",
                "description": "everything at each position, or in tables in which each unit, place and \
                                entry stands once and positions name them by id"
            },
            "asOf": { "type": "string", "description": "the moment whose state is asked for" }
        },
        "example": {
            "positions": [[116.34, 39.73], [116.36, 39.74]], "date": "2026-11-22"
        }
    });
    let many = json!({
        "operationId": "getResponsibleAtPositions",
        "tags": [TAG],
        "summary": "who is responsible at many positions on a day",
        "requestBody": { "required": true, "content": { JSON.media_type: { "schema": body } } },
        "responses": answers(
            "of each position, in their order, what is told of one alone",
            &[(JSON.media_type, json!({
                "oneOf": [schema("ResponsibleAtPositions"), schema("ResponsibleTables")]
            }))]
        )
    });
    paths.insert("/responsible".to_owned(), json!({ "get": operation, "post": many }));
    let content = [(JSON.media_type, schema("Assignments")), (HTML.media_type, text())];
    let operation = json!({
        "operationId": "getAssignments",
        "tags": [TAG],
        "summary": "how features are assigned to units, and where hands and polygons disagree",
        "parameters": [collection_parameter(snapshot), format_parameter(&[&JSON, &HTML])],
        "responses": answers("counts, and assignments by hand that polygons contradict", &content)
    });
    paths.insert("/collections/{collectionId}/assignments".to_owned(), json!({ "get": operation }));
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let list = |items: Value| json!({ "type": "array", "items": items });
    let object = || json!({ "type": "object" });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let unit = json!({
        "type": "object",
        "required": ["id", "by"],
        "properties": {
            "id": count(),
            "level": { "type": "string", "enum": ["city", "district", "town", "village", "courtyard"] },
            "levelName": text(), "code": text(), "name": text(), "aliases": list(text()),
            "codes": { "type": "object", "additionalProperties": { "type": "string" } },
            "by": {
                "type": "string", "enum": ["polygon", "parent"],
                "description": "whether its polygon holds the position, or a finer unit names it"
            },
            "valid_from": text(), "valid_to": text()
        }
    });
    let entry = json!({
        "type": "object",
        "required": ["area"],
        "properties": {
            "role": text(), "unit": text(),
            "area": {
                "type": "object",
                "required": ["collection", "code"],
                "properties": { "collection": text(), "code": text(), "level": text() }
            }
        }
    });
    let mut row = unit.clone();
    row["required"] = json!(["id"]);
    if let Some(members) = row["properties"].as_object_mut() {
        members.remove("by");
    }
    let ids = || list(count());
    let alley = json!({
        "type": "object", "required": ["id"],
        "properties": { "id": count(), "distance": { "type": "number" } }
    });
    let named = json!({
        "type": "object",
        "required": ["position", "complete", "units", "parents", "responsible"],
        "properties": {
            "position": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 },
            "complete": { "type": "boolean" },
            "units": {
                "type": "array", "items": count(), "description": "those whose polygon holds it"
            },
            "parents": {
                "type": "array", "items": count(), "description": "those that finer units name"
            },
            "responsible": ids(), "gridCells": ids(), "alleys": list(alley),
            "focusAreas": ids(), "plans": ids()
        }
    });
    let tables = json!({
        "type": "object",
        "required": ["date", "revision", "withheld", "units", "responsible", "positions"],
        "properties": {
            "date": { "type": "string", "format": "date" }, "revision": count(),
            "withheld": list(text()), "units": list(row),
            "gridCells": list(object()), "alleys": list(object()),
            "focusAreas": list(object()), "plans": list(object()),
            "responsible": list(entry.clone()), "positions": list(named)
        }
    });
    let here = json!({
        "type": "object",
        "required": ["position", "units", "responsible", "complete", "withheld"],
        "properties": {
            "position": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 },
            "units": list(unit),
            "gridCells": list(object()), "alleys": list(object()),
            "focusAreas": list(object()), "plans": list(object()),
            "responsible": list(entry),
            "complete": { "type": "boolean" },
            "withheld": {
                "type": "array", "items": { "type": "string" },
                "description": "fields of a class that the reader may not read"
            }
        }
    });
    let date = || json!({ "type": "string", "format": "date" });
    let mut responsible = here.clone();
    responsible["properties"]["date"] = date();
    responsible["properties"]["revision"] = count();
    responsible["required"] =
        json!(["position", "date", "revision", "units", "responsible", "complete", "withheld"]);
    let at_positions = json!({
        "type": "object",
        "required": ["date", "revision", "positions"],
        "properties": { "date": date(), "revision": count(), "positions": list(here) }
    });
    let contested = json!({
        "type": "object",
        "required": ["id", "field", "reason"],
        "properties": {
            "id": count(), "field": text(), "reason": text(),
            "byHand": { "type": "string", "nullable": true },
            "byPolygon": { "type": "string", "nullable": true }
        }
    });
    let assignments = json!({
        "type": "object",
        "required": ["collection", "revision", "byPolygon", "byHand", "unassigned", "contested"],
        "properties": {
            "collection": text(), "revision": count(), "byPolygon": count(), "byHand": count(),
            "unassigned": count(), "nowhere": count(), "contested": list(contested),
            "complete": { "type": "boolean" }
        }
    });
    Map::from_iter([
        ("Responsible".to_owned(), responsible),
        ("ResponsibleAtPositions".to_owned(), at_positions),
        ("ResponsibleTables".to_owned(), tables),
        ("Assignments".to_owned(), assignments),
    ])
}

fn example() -> Value {
    let unit = |level: &str, level_name: &str, code: &str, name: &str, by: &str| {
        json!({
            "id": 1, "level": level, "levelName": level_name, "code": code, "name": name,
            "aliases": [], "codes": {}, "by": by
        })
    };
    json!({
        "position": [116.34, 39.73],
        "date": "2026-11-22",
        "revision": 41,
        "units": [
            unit("city", "市", "110000", "北京市", "parent"),
            unit("district", "区", "110115", "大兴区", "polygon"),
            unit("town", "街乡镇", "110115190", "示例镇", "polygon")
        ],
        "gridCells": [{ "id": 7, "code": "110115190201003" }],
        "alleys": [{ "id": 3, "code": "a-17", "name": "兴华巷", "distance": 4.2 }],
        "focusAreas": [{ "id": 2, "code": "f-2", "kind": "城乡接合部" }],
        "plans": [],
        "responsible": [{
            "id": 9, "role": "网格员", "unit": "示例镇",
            "area": { "collection": "grid_cells", "code": "110115190201003" }
        }],
        "complete": true,
        "withheld": ["person", "office_phone"]
    })
}
