//! Paths of edits: OGC API – Features Part 4, and transactions.

use engine::{Profile, ReadableField};
use serde_json::{Map, Value, json};
use spatial::{Collection, FieldType, Snapshot};

use super::examples;
use super::parts::{collection_parameter, parameter, path_parameter, schema};
use crate::crs_uri::OfferedCrs;
use crate::query_string::encode;
use crate::request_body::{GEOJSON, JSON, MERGE_PATCH};
use crate::schema::property;
use crate::state::App;

/// Adds their methods to `paths`, beside what is read there.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App, snapshot: &Snapshot) {
    let mut add = |path: &str, method: &str, operation: Value| {
        paths.entry(path.to_owned()).or_insert_with(|| json!({}))[method] = operation;
    };
    for held in snapshot.collections.values() {
        let collection = &**held.collection();
        let offered = app.crs_lists.of(&app.engine, held);
        let path = format!("/collections/{}/items", encode(collection.id.as_str()));
        add(&path, "post", create(collection, &offered, app.engine.profile()));
    }
    let item = "/collections/{collectionId}/items/{featureId}";
    let mut replace = of_item(snapshot, "replaceItem", "another feature in place of one");
    replace["requestBody"] = body(GEOJSON, schema("NewFeature"));
    add(item, "put", replace);
    let mut update = of_item(snapshot, "updateItem", "other values of a feature");
    update["requestBody"] = body(MERGE_PATCH, schema("FeaturePatch"));
    add(item, "patch", update);
    add(item, "delete", of_item(snapshot, "deleteItem", "a feature goes"));
    add("/transactions", "post", transaction(app, snapshot));
}

/// The parameter that selects what may be given instead of what is answered.
pub fn schema_type() -> Value {
    parameter(
        "type",
        "instead: what an edit of this kind may give",
        json!({ "type": "string", "enum": ["create", "replace", "update"] }),
    )
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert("NewFeature".to_owned(), feature(&json!({ "type": "object" })));
    let patch = json!({
        "type": "object",
        "description": "a merge patch (RFC 7396): what is not named stays",
        "properties": {
            "type": { "type": "string", "enum": ["Feature"] },
            "geometry": geometry(),
            "properties": { "type": "object", "nullable": true }
        }
    });
    schemas.insert("FeaturePatch".to_owned(), patch);
    let done = json!({
        "type": "object",
        "required": ["revision", "at", "ids"],
        "properties": {
            "revision": { "type": "integer", "minimum": 1 },
            "at": { "type": "string", "format": "date-time" },
            "ids": {
                "type": "array",
                "description": "one id a change, in order",
                "items": { "type": "integer", "minimum": 1 }
            }
        }
    });
    schemas.insert("Committed".to_owned(), done);
    schemas
}

fn geometry() -> Value {
    json!({ "type": "object", "nullable": true, "description": "GeoJSON geometry" })
}

fn feature(properties: &Value) -> Value {
    let mut properties = properties.clone();
    properties["nullable"] = json!(true);
    json!({
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": { "type": "string", "enum": ["Feature"] },
            "geometry": geometry(),
            "properties": properties
        }
    })
}

fn body(media_type: &str, schema: Value) -> Value {
    json!({ "required": true, "content": { media_type: { "schema": schema } } })
}

/// What is answered besides refusals, which are problems. No `default` and no other success
/// beside it: OGC's suite would take them for further operations.
fn answers(status: &str, mut success: Value) -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    if success.get("headers").is_none() {
        success["headers"] = json!({});
    }
    success["headers"]["Tuban-Revision"] =
        json!({ "description": "the state after the change", "schema": { "type": "integer" } });
    json!({ status: success, "4XX": problem, "5XX": problem })
}

fn header(name: &str, description: &str, schema: Value) -> Value {
    json!({
        "name": name,
        "in": "header",
        "description": description,
        "required": false,
        "style": "simple",
        "explode": false,
        "schema": schema
    })
}

fn content_crs(uris: &[&str]) -> Value {
    let mut schema = json!({ "type": "string" });
    if !uris.is_empty() {
        schema["enum"] = json!(uris);
    }
    header("Content-Crs", "what coordinates of the body are in; CRS84 when absent", schema)
}

fn create(collection: &Collection, offered: &[OfferedCrs], profile: Profile) -> Value {
    let mut properties = Map::new();
    for (_, field) in ReadableField::all(collection, profile) {
        let mut property = property(field);
        property["nullable"] = json!(true);
        if field.field_type == FieldType::Int {
            property["format"] = json!("int64");
        }
        properties.insert(field.name.clone(), property);
    }
    let properties = json!({
        "type": "object", "properties": properties, "additionalProperties": false
    });
    let uris: Vec<&str> = offered.iter().map(|one| one.uri.as_str()).collect();
    let created = json!({
        "description": "the feature is there",
        "headers": {
            "Location": {
                "description": "where", "schema": { "type": "string", "format": "uri" }
            },
            "ETag": { "description": "its state", "schema": { "type": "string" } }
        }
    });
    let mut given = body(GEOJSON, feature(&properties));
    given["content"][GEOJSON]["example"] = examples::feature(collection, profile);
    json!({
        "operationId": format!("createItem.{}", collection.id),
        "tags": ["Edits"],
        "summary": format!("a new feature of {}", collection.title),
        "parameters": [content_crs(&uris)],
        "requestBody": given,
        "responses": answers("201", created)
    })
}

fn of_item(snapshot: &Snapshot, id: &str, summary: &str) -> Value {
    let mut parameters = vec![
        collection_parameter(snapshot),
        path_parameter("featureId", "id of a feature", json!({ "type": "integer", "minimum": 1 })),
        header(
            "If-Match",
            "tags of the feature, one of which must still be right",
            json!({ "type": "string" }),
        ),
        header("If-Unmodified-Since", "when the feature was read", json!({ "type": "string" })),
    ];
    let mut done = json!({ "description": "done" });
    if id != "deleteItem" {
        parameters.push(content_crs(&[]));
        done["headers"] =
            json!({ "ETag": { "description": "its new state", "schema": { "type": "string" } } });
    }
    json!({
        "operationId": id,
        "tags": ["Edits"],
        "summary": summary,
        "parameters": parameters,
        "responses": answers("204", done)
    })
}

fn transaction(app: &App, snapshot: &Snapshot) -> Value {
    let ids: Vec<&str> = snapshot.collections.keys().map(|id| id.as_str()).collect();
    let mut collection = json!({ "type": "string" });
    if !ids.is_empty() {
        collection["enum"] = json!(ids);
    }
    let id = json!({ "type": "integer", "minimum": 1 });
    let revision = json!({
        "type": "integer", "minimum": 0,
        "description": "refused when the feature changed after this revision"
    });
    let change = |op: &str, mut properties: Value, required: &[&str]| {
        properties["collection"] = collection.clone();
        properties["op"] = json!({ "type": "string", "enum": [op] });
        let required: Vec<&str> = ["collection", "op"].iter().chain(required).copied().collect();
        json!({
            "type": "object", "required": required, "properties": properties,
            "additionalProperties": false
        })
    };
    let whole = schema("NewFeature");
    let changes = [
        change("insert", json!({ "feature": whole }), &["feature"]),
        change(
            "replace",
            json!({ "id": id, "feature": whole, "ifRevision": revision }),
            &["id", "feature"],
        ),
        change(
            "update",
            json!({ "id": id, "feature": schema("FeaturePatch"), "ifRevision": revision }),
            &["id", "feature"],
        ),
        change("delete", json!({ "id": id, "ifRevision": revision }), &["id"]),
    ];
    let author = match app.settings.access.has_accounts() {
        true => json!({ "type": "string", "description": "the account whose token is sent" }),
        false => json!({ "type": "string", "enum": ["local"] }),
    };
    let request = json!({
        "type": "object",
        "required": ["changes"],
        "properties": {
            "reason": { "type": "string", "maxLength": 1000 },
            "author": author,
            "actor": author,
            "changes": {
                "type": "array", "minItems": 1,
                "maxItems": app.settings.max_transaction_changes,
                "items": { "oneOf": changes }
            }
        },
        "additionalProperties": false
    });
    let done = json!({
        "description": "all is done",
        "content": { JSON: { "schema": schema("Committed") } }
    });
    let mut given = body(JSON, request);
    if let Some(held) = snapshot.collections.values().next() {
        let (collection, profile) = (held.collection(), app.engine.profile());
        given["content"][JSON]["example"] = json!({
            "reason": "补录",
            "changes": [{
                "op": "insert", "collection": collection.id.as_str(),
                "feature": examples::feature(collection, profile)
            }]
        });
    }
    json!({
        "operationId": "transact",
        "tags": ["Edits"],
        "summary": "changes of several collections, all or none",
        "parameters": [content_crs(&[])],
        "requestBody": given,
        "responses": answers("200", done)
    })
}
