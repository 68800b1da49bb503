//! Paths of OGC API – Features.

use engine::{Profile, ReadableField};
use serde_json::{Map, Value, json};
use spatial::{Collection, Snapshot};

use super::parts::{
    answers, binary, collection_parameter, format_parameter, parameter, path_parameter, schema,
    shared, text,
};
use super::{edits, examples};
use crate::crs_uri::OfferedCrs;
use crate::negotiate::{CSV, FGB, GEOJSON, HTML, JSON, JSONFG, OPENAPI, Offer, SCHEMA};
use crate::query_string::encode;
use crate::routes::items::history;
use crate::routes::items::parameters::ITEMS_PARAMETERS;
use crate::schema::{SchemaKind, id_name, property};
use crate::state::App;

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App, snapshot: &Snapshot) {
    let mut add = |path: &str, operation: Value| {
        paths.insert(path.to_owned(), json!({ "get": operation }));
    };
    let document = |id: &str, summary: &str, offer: &Offer, name: &str| {
        let content = [(offer.media_type, schema(name)), (HTML.media_type, text())];
        json!({
            "operationId": id,
            "tags": ["Capabilities"],
            "summary": summary,
            "parameters": [format_parameter(&[offer, &HTML])],
            "responses": answers(summary, &content)
        })
    };
    add("/", document("getLandingPage", "what there is", &JSON, "Landing"));
    add("/api", document("getApi", "this description", &OPENAPI, "Object"));
    add("/conformance", document("getConformance", "what is conformed to", &JSON, "Conformance"));
    add("/functions", document("getFunctions", "functions of filters", &JSON, "Object"));
    add("/collections", document("getCollections", "all collections", &JSON, "Collections"));
    let of_collection = |mut operation: Value| {
        if let Some(parameters) = operation["parameters"].as_array_mut() {
            parameters.insert(0, collection_parameter(snapshot));
        }
        operation
    };
    let one = document("getCollection", "one collection", &JSON, "Collection");
    add("/collections/{collectionId}", of_collection(one));
    for (kind, id, summary) in [
        (SchemaKind::Returnables, "getSchema", "what features hold"),
        (SchemaKind::Queryables, "getQueryables", "what features may be filtered by"),
        (SchemaKind::Sortables, "getSortables", "what features may be sorted by"),
    ] {
        let mut operation = document(id, summary, &SCHEMA, "Object");
        if let (SchemaKind::Returnables, Some(parameters)) =
            (kind, operation["parameters"].as_array_mut())
        {
            parameters.push(edits::schema_type());
        }
        add(&format!("/collections/{{collectionId}}/{}", kind.name()), of_collection(operation));
    }
    let defects = document("getDefects", "rows that are kept out, and why", &JSON, "Defects");
    add("/collections/{collectionId}/defects", of_collection(defects));
    for collection in snapshot.collections.values() {
        let offered = app.crs_lists.of(&app.engine, collection);
        let id = encode(collection.collection().id.as_str());
        let path = format!("/collections/{id}/items");
        add(&path, items(collection.collection(), &offered, app.engine.profile()));
    }
    add("/collections/{collectionId}/items/{featureId}", of_collection(item(app, snapshot)));
    let whole = |name: &str, description: &str, maximum: Option<usize>| {
        let mut schema = json!({ "type": "integer", "minimum": usize::from(maximum.is_some()) });
        if let Some(maximum) = maximum {
            schema["maximum"] = json!(maximum);
        }
        parameter(name, description, schema)
    };
    add(
        "/collections/{collectionId}/items/{featureId}/history",
        of_collection(json!({
            "operationId": "getHistory",
            "tags": ["Features"],
            "summary": "what became of a feature, field by field",
            "parameters": [
                path_parameter("featureId", "id of a feature", json!({ "type": "integer", "minimum": 1 })),
                format_parameter(&[&JSON]),
                whole("since", "changes after this revision", None),
                whole("limit", "most changes of the answer", Some(history::MAX_LIMIT)),
            ],
            "responses": answers("the changes, oldest first", &[(JSON.media_type, schema("Object"))])
        })),
    );
    add(
        "/collections/{collectionId}/all.fgb",
        of_collection(json!({
            "operationId": "getAll",
            "tags": ["Features"],
            "summary": "all features of a collection in one file, in its own CRS",
            "parameters": [],
            "responses": answers("FlatGeobuf", &[(FGB.media_type, binary())])
        })),
    );
}

fn items(collection: &Collection, offered: &[OfferedCrs], profile: Profile) -> Value {
    let uris: Vec<&str> = offered.iter().map(|one| one.uri.as_str()).collect();
    let crs = |name: &str, description: &str| {
        let schema = json!({ "type": "string", "enum": uris, "default": uris.first() });
        parameter(name, description, schema)
    };
    let mut parameters = vec![
        format_parameter(&[&GEOJSON, &HTML, &JSONFG, &FGB, &CSV]),
        shared("limit"),
        shared("bbox"),
        crs("bbox-crs", "what the numbers of bbox are in; axes in its order"),
        crs("crs", "what coordinates of the answer are in; axes in its order"),
        shared("filter"),
        shared("filter-lang"),
        crs("filter-crs", "what coordinates of filter are in; axes in its order"),
        shared("datetime"),
        shared("as-of"),
        shared("q"),
        sortby(collection, profile),
        properties(&[collection], profile),
        shared("skipGeometry"),
        shared("profile"),
        shared("offset"),
        shared("cursor"),
        parameter(
            &id_name(collection),
            "the feature called so",
            json!({ "type": "integer", "minimum": 1 }),
        ),
    ];
    for (_, field) in ReadableField::all(collection, profile) {
        let is_free = !ITEMS_PARAMETERS.contains(&field.name.as_str());
        if is_free && SchemaKind::Queryables.holds(field.field_type) {
            let name = field.alias.as_deref().unwrap_or(&field.name);
            parameters.push(parameter(
                &field.name,
                &format!("features whose {name} is just this"),
                property(field),
            ));
        }
    }
    let content = [
        (GEOJSON.media_type, schema("FeatureCollection")),
        (HTML.media_type, text()),
        (FGB.media_type, binary()),
        (CSV.media_type, text()),
    ];
    let mut responses = answers("a page of features", &content);
    responses["200"]["content"][GEOJSON.media_type]["example"] =
        examples::page(collection, profile);
    json!({
        "operationId": format!("getItems.{}", collection.id),
        "tags": ["Features"],
        "summary": format!("features of {}", collection.title),
        "parameters": parameters,
        "responses": responses
    })
}

fn item(app: &App, snapshot: &Snapshot) -> Value {
    let content = [(GEOJSON.media_type, schema("Feature")), (HTML.media_type, text())];
    let mut uris: Vec<String> = Vec::new();
    for collection in snapshot.collections.values() {
        for offered in app.crs_lists.of(&app.engine, collection).iter() {
            if !uris.contains(&offered.uri) {
                uris.push(offered.uri.clone());
            }
        }
    }
    let mut crs = json!({ "type": "string" });
    if !uris.is_empty() {
        crs["enum"] = json!(uris);
    }
    let collections: Vec<&Collection> =
        snapshot.collections.values().map(|collection| &**collection.collection()).collect();
    let id = json!({ "type": "integer", "minimum": 1 });
    json!({
        "operationId": "getItem",
        "tags": ["Features"],
        "summary": "one feature",
        "parameters": [
            path_parameter("featureId", "id of a feature", id),
            format_parameter(&[&GEOJSON, &HTML, &JSONFG]),
            parameter("crs", "what coordinates are in; each collection names its own", crs),
            properties(&collections, app.engine.profile()),
            shared("as-of"),
            shared("profile")
        ],
        "responses": answers("one feature", &content)
    })
}

fn sortby(collection: &Collection, profile: Profile) -> Value {
    let fields = ReadableField::all(collection, profile)
        .filter(|(_, field)| SchemaKind::Sortables.holds(field.field_type))
        .map(|(_, field)| field.name.clone());
    let names = std::iter::once(id_name(collection)).chain(fields);
    let keys: Vec<String> =
        names.flat_map(|name| [format!("+{name}"), format!("-{name}"), name]).collect();
    parameter(
        "sortby",
        "fields to sort by, each with - before it for the largest first",
        json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": keys } }),
    )
}

/// The parameter that selects fields of one of `collections`.
fn properties(collections: &[&Collection], profile: Profile) -> Value {
    let mut names: Vec<&str> = Vec::new();
    if let [collection] = collections {
        names.extend(ReadableField::all(collection, profile).map(|(_, field)| field.name.as_str()));
    }
    let mut items = json!({ "type": "string" });
    if !names.is_empty() {
        items["enum"] = json!(names);
    }
    parameter(
        "properties",
        "fields of the answer; all when absent",
        json!({ "type": "array", "items": items }),
    )
}
