//! What several operations share: parameters, schemas, responses.

use serde_json::{Map, Value, json};
use spatial::Snapshot;

use crate::negotiate::Offer;
use crate::routes::items::parameters::{DEFAULT_LIMIT, MAX_LIMIT};

/// A query parameter, `style` and `explode` said.
pub fn parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "required": false,
        "style": "form",
        "explode": false,
        "schema": schema
    })
}

/// A parameter of the path.
pub fn path_parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({
        "name": name,
        "in": "path",
        "description": description,
        "required": true,
        "style": "simple",
        "explode": false,
        "schema": schema
    })
}

/// The parameter that names a collection.
pub fn collection_parameter(snapshot: &Snapshot) -> Value {
    let ids: Vec<&str> = snapshot.collections.keys().map(|id| id.as_str()).collect();
    let mut schema = json!({ "type": "string" });
    if !ids.is_empty() {
        schema["enum"] = json!(ids);
    }
    path_parameter("collectionId", "id of a collection", schema)
}

/// The parameter `f` of a resource with these encodings.
pub fn format_parameter(offers: &[&Offer]) -> Value {
    let names: Vec<&str> = offers.iter().map(|offer| offer.name).collect();
    parameter(
        "f",
        "encoding of the answer; wins over the header Accept",
        json!({ "type": "string", "enum": names }),
    )
}

/// A reference to a shared parameter.
pub fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// What may be answered: one of these encodings, each with its schema, or a problem.
pub fn answers(description: &str, content: &[(&str, Value)]) -> Value {
    let content: Map<String, Value> = content
        .iter()
        .map(|(media_type, schema)| ((*media_type).to_owned(), json!({ "schema": schema })))
        .collect();
    json!({
        "200": { "description": description, "content": content },
        "default": { "$ref": "#/components/responses/Problem" }
    })
}

/// A reference to a shared schema.
pub fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The schema of text.
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// The schema of bytes.
pub fn binary() -> Value {
    json!({ "type": "string", "format": "binary" })
}

/// `components/parameters`.
pub fn parameters() -> Value {
    json!({
        "limit": parameter(
            "limit",
            "most features of a page; more than the maximum is the maximum",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        ),
        "bbox": parameter(
            "bbox",
            "features that share a point with the box: lower corner, upper corner; features \
             without a geometry always match",
            json!({
                "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" }
            }),
        ),
        "datetime": parameter(
            "datetime",
            "features of that time: a day, a moment, or an interval with / between, .. for an \
             open end; features without a time always match",
            json!({ "type": "string" }),
        ),
        "as-of": parameter(
            "as-of",
            "the state as it had been recorded at that moment, or by the end of that day",
            json!({ "type": "string" }),
        ),
        "q": parameter(
            "q",
            "features with one of these texts in a text field, whatever the case: a comma parts \
             alternatives",
            json!({ "type": "string" }),
        ),
        "profile": parameter(
            "profile",
            "profile of GeoJSON",
            json!({ "type": "string", "enum": ["rfc7946", "jsonfg"] }),
        ),
        "filter": parameter(
            "filter",
            "a CQL2 expression over the queryables",
            json!({ "type": "string" }),
        ),
        "filter-lang": parameter(
            "filter-lang",
            "language of filter",
            json!({ "type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text" }),
        ),
        "offset": parameter(
            "offset",
            "features left out before the first; following the links with rel next is faster",
            json!({ "type": "integer", "minimum": 0, "default": 0 }),
        ),
        "skipGeometry": parameter(
            "skipGeometry",
            "whether geometries are left out of the answer",
            json!({ "type": "boolean", "default": false }),
        ),
        "cursor": parameter(
            "cursor",
            "place to go on from; taken from a link with rel next",
            json!({ "type": "string" }),
        )
    })
}

/// `components/schemas`.
pub fn schemas() -> Value {
    let links = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Link" } });
    json!({
        "Link": {
            "type": "object",
            "required": ["href", "rel"],
            "properties": {
                "href": { "type": "string" },
                "rel": { "type": "string" },
                "type": { "type": "string" },
                "title": { "type": "string" }
            }
        },
        "Landing": {
            "type": "object",
            "required": ["links"],
            "properties": {
                "title": { "type": "string" },
                "description": { "type": "string" },
                "links": links
            }
        },
        "Conformance": {
            "type": "object",
            "required": ["conformsTo"],
            "properties": {
                "conformsTo": { "type": "array", "items": { "type": "string" } },
                "links": links
            }
        },
        "Collections": {
            "type": "object",
            "required": ["links", "collections"],
            "properties": {
                "links": links,
                "collections": {
                    "type": "array", "items": { "$ref": "#/components/schemas/Collection" }
                }
            }
        },
        "Collection": {
            "type": "object",
            "required": ["id", "links"],
            "properties": {
                "id": { "type": "string" },
                "title": { "type": "string" },
                "description": { "type": "string" },
                "itemType": { "type": "string" },
                "crs": { "type": "array", "items": { "type": "string" } },
                "storageCrs": { "type": "string" },
                "links": links
            }
        },
        "FeatureCollection": {
            "type": "object",
            "required": ["type", "features", "links"],
            "properties": {
                "type": { "type": "string", "enum": ["FeatureCollection"] },
                "features": {
                    "type": "array", "items": { "$ref": "#/components/schemas/Feature" }
                },
                "links": links,
                "timeStamp": { "type": "string", "format": "date-time" },
                "numberMatched": { "type": "integer", "minimum": 0 },
                "numberReturned": { "type": "integer", "minimum": 0 }
            }
        },
        "Feature": {
            "type": "object",
            "required": ["type", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] },
                "id": { "type": "integer" },
                "geometry": { "type": "object", "nullable": true },
                "properties": { "type": "object", "nullable": true },
                "links": links
            }
        },
        "Defects": {
            "type": "object",
            "required": ["collection", "complete", "defects", "links"],
            "properties": {
                "collection": { "type": "string" },
                "numberReturned": { "type": "integer", "minimum": 0 },
                "complete": { "type": "boolean", "description": "whether all are listed" },
                "defects": { "type": "array", "items": { "$ref": "#/components/schemas/Defect" } },
                "links": links
            }
        },
        "Defect": {
            "type": "object",
            "required": ["id", "pointer", "detail", "since"],
            "properties": {
                "id": {
                    "type": "integer", "nullable": true,
                    "description": "of the row; null when the whole table is kept out"
                },
                "pointer": { "type": "string", "description": "JSON pointer into the feature" },
                "detail": { "type": "string" },
                "since": { "type": "string", "format": "date-time" }
            }
        },
        "Object": { "type": "object" },
        "Problem": {
            "type": "object",
            "required": ["title", "status", "code"],
            "properties": {
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "code": { "type": "string" },
                "detail": { "type": "string" },
                "defects": {
                    "type": "array",
                    "description": "everything that is wrong with the body",
                    "items": {
                        "type": "object",
                        "required": ["pointer", "problem"],
                        "properties": {
                            "pointer": { "type": "string", "description": "JSON pointer" },
                            "problem": { "type": "string" }
                        }
                    }
                }
            }
        }
    })
}

/// `components/responses`.
pub fn responses() -> Value {
    json!({
        "Problem": {
            "description": "a refusal, with its value, place and way out",
            "content": {
                "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" }
                }
            }
        }
    })
}
