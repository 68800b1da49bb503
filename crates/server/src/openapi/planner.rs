//! Paths of the planner's operations.

use serde_json::{Map, Value, json};
use spatial::{OverlayOp, Predicate, Snapshot};

use super::parts::{answers, collection_parameter, schema};
use crate::negotiate::GEOJSON;
use crate::planner::MAX_BATCH;

const JSON: &str = "application/json";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, snapshot: &Snapshot) {
    let mut add =
        |path: &str, id: &str, summary: &str, (body, answer): (Value, Vec<(&str, Value)>)| {
            let operation = json!({
                "operationId": id,
                "tags": ["Planner"],
                "summary": summary,
                "requestBody": { "required": true, "content": { JSON: { "schema": body } } },
                "responses": answers(summary, &answer)
            });
            paths.insert(path.to_owned(), json!({ "post": operation }));
        };
    let object = || vec![(JSON, schema("Object"))];
    let results = || vec![(JSON, schema("Results"))];
    let found = || {
        let features = (GEOJSON.media_type, schema("Object"));
        vec![(JSON, schema("Object")), features]
    };
    let several = with_collections(search_body());
    add("/search", "search", "what of several collections lies in an area", (several, object()));
    add(
        "/collections/{collectionId}/search",
        "searchCollection",
        "what of one collection lies in an area: features, ids, their number, or sums",
        (search_body(), found()),
    );
    add(
        "/join",
        "join",
        "two collections, counted for each feature of the first",
        (join_body(), object()),
    );
    add("/cluster", "cluster", "features put together by distance", (cluster_body(), object()));
    let pair = |op: bool| {
        let mut properties = json!({ "a": geometry(), "b": geometry() });
        let mut required = vec!["a", "b"];
        if op {
            let ops = OverlayOp::ALL.map(OverlayOp::name);
            properties["op"] = json!({ "type": "string", "enum": ops });
            required.push("op");
        }
        let pair = json!({
            "type": "object", "required": required, "properties": properties,
            "additionalProperties": false
        });
        batch("pairs", pair)
    };
    add(
        "/geometry/relate",
        "relate",
        "how pairs of geometries lie to each other",
        (pair(false), results()),
    );
    add("/geometry/overlay", "overlay", "overlays of pairs of geometries", (pair(true), results()));
    let validate = batch("geometries", geometry());
    add("/geometry/validate", "validate", "whether geometries are valid", (validate, results()));
    if let Some(operation) = paths.get_mut("/collections/{collectionId}/search") {
        operation["post"]["parameters"] = json!([collection_parameter(snapshot)]);
    }
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let results = json!({
        "type": "object",
        "required": ["results"],
        "properties": { "results": { "type": "array", "items": { "type": "object" } } }
    });
    Map::from_iter([("Results".to_owned(), results)])
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// Of any type: what is no geometry is answered in its place and does not fail the others.
fn geometry() -> Value {
    json!({
        "description": "GeoJSON geometry, well-known text, or well-known binary in hexadecimal"
    })
}

fn batch(name: &str, item: Value) -> Value {
    json!({
        "type": "object",
        "required": [name],
        "properties": {
            name: { "type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": item }
        },
        "additionalProperties": false
    })
}

fn aggregates() -> Value {
    let ops = ["count", "sum", "min", "max", "mean", "area", "overlayArea", "unionArea"];
    json!({
        "type": "array", "minItems": 1, "maxItems": 32,
        "items": {
            "type": "object",
            "required": ["op"],
            "properties": {
                "op": { "type": "string", "enum": ops }, "property": text(), "as": text()
            },
            "additionalProperties": false
        }
    })
}

fn filter(properties: &mut Value, name: &str) {
    properties[name] = json!({
        "description": "CQL2, as text or as JSON",
        "anyOf": [{ "type": "string" }, { "type": "object" }, { "type": "boolean" }]
    });
    let languages = ["cql2-text", "cql2-json"];
    properties[format!("{name}Lang")] = json!({ "type": "string", "enum": languages });
    properties[format!("{name}Crs")] = json!({
        "type": "string", "description": "CRS of geometries in the filter; CRS84 when absent"
    });
}

fn object(required: &[&str], properties: Value) -> Value {
    let mut object =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn area() -> Value {
    json!({
        "description": "a GeoJSON geometry in the CRS of the request, or {collection, id} of a \
            feature",
        "type": "object"
    })
}

fn search_body() -> Value {
    let predicates = Predicate::ALL.map(Predicate::name);
    let names = json!({ "type": "array", "minItems": 1, "items": text() });
    let mut properties = json!({
        "geometry": area(),
        "crs": { "type": "string", "description": "CRS of the geometry and of the answer; axes \
            in the order of its authority; CRS84 when absent" },
        "predicate": { "type": "string", "enum": predicates, "default": "intersects" },
        "pattern": { "type": "string", "description": "DE-9IM, rows are the feature's" },
        "distance": { "type": "number", "minimum": 0, "maximum": 100_000, "description": "metres" },
        "nearest": object(&["k"], json!({ "k": { "type": "integer", "minimum": 1, "maximum": 1000 } })),
        "return": { "type": "string", "enum": ["features", "ids", "count", "aggregate"] },
        "aggregates": aggregates(),
        "groupBy": names,
        "areaCrs": { "type": "string", "description": "geodesic, or a projected CRS" },
        "sortby": { "anyOf": [{ "type": "string" }, names] },
        "properties": names,
        "limit": { "type": "integer", "minimum": 1, "maximum": engine::MAX_PAGE, "default": 10 },
        "asOf": { "type": "string" },
        "cursor": text()
    });
    filter(&mut properties, "filter");
    object(&[], properties)
}

fn with_collections(mut body: Value) -> Value {
    body["properties"]["collections"] =
        json!({ "type": "array", "minItems": 1, "maxItems": 32, "items": text() });
    if let Some(properties) = body["properties"].as_object_mut() {
        properties.remove("cursor");
    }
    body["required"] = json!(["collections"]);
    body
}

fn join_body() -> Value {
    let mut properties = json!({
        "first": text(),
        "second": text(),
        "predicate": { "type": "string", "enum": Predicate::ALL.map(Predicate::name) },
        "distance": { "type": "number", "minimum": 0, "maximum": 100_000, "description": "metres" },
        "nearest": {
            "type": "object",
            "description": "the nearest of the second for each of the first, as pairs",
            "required": ["k"],
            "properties": { "k": { "type": "integer", "minimum": 1, "maximum": 1000 } },
            "additionalProperties": false
        },
        "return": { "type": "string", "enum": ["counts", "pairs"], "default": "counts" },
        "aggregates": aggregates(),
        "limit": { "type": "integer", "minimum": 1, "maximum": engine::query::MAX_JOIN_PAGE },
        "cursor": text()
    });
    filter(&mut properties, "filter");
    filter(&mut properties, "secondFilter");
    object(&["first", "second"], properties)
}

fn cluster_body() -> Value {
    let mut properties = json!({
        "collection": text(),
        "distance": { "type": "number", "minimum": 0, "maximum": 100_000, "description": "metres" },
        "minSize": { "type": "integer", "minimum": 1, "maximum": 100_000, "default": 2 },
        "geometry": area(),
        "crs": text(),
        "aggregates": aggregates(),
        "ids": { "type": "boolean", "default": false },
        "limit": { "type": "integer", "minimum": 1, "maximum": 10_000 }
    });
    filter(&mut properties, "filter");
    object(&["collection", "distance"], properties)
}
