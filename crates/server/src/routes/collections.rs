//! `/collections`: what is published.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use engine::{HIGHEST_IN_TILES, ReadableField, key_class};
use serde_json::{Value, json};
use spatial::{Collection, CollectionId, CollectionSnapshot, FieldType, Snapshot};

use super::extent::lon_lat_extent;
use super::{DATASET, answers, archives};
use crate::asked::Asked;
use crate::crs_uri::storage_uri;
use crate::html::{self, PageMap};
use crate::links::{REL, link, self_and_alternates};
use crate::negotiate::{CSV, FGB, GEOJSON, HTML, JSON, JSONFG, SCHEMA, TILEJSON};
use crate::problem::{Code, Problem};
use crate::query_string::encode;
use crate::schema::SchemaKind;
use crate::state::App;

/// `GET /collections`
pub async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let snapshot = app.engine.snapshot();
    let listed = |id: &str, mut described: Value| {
        let here = format!("{}/collections/{}", asked.base, encode(id));
        let html = format!("{here}?f=html");
        let links = vec![
            link("self", JSON.media_type, &here, "this collection"),
            link("alternate", HTML.media_type, &html, "this as html"),
        ];
        add_first(&mut described, links);
        described
    };
    let mut collections: Vec<Value> = snapshot
        .collections
        .values()
        .map(|collection| {
            let id = collection.collection().id.as_str();
            listed(id, described(&app, &asked.base, collection))
        })
        .collect();
    let archives = app.settings.archives.each().filter(|one| one.is_listed());
    let shown = archives.filter(|one| !snapshot.collections.contains_key(one.id()));
    collections
        .extend(shown.map(|one| listed(one.id().as_str(), archives::described(&asked.base, one))));
    let body = json!({
        "revision": snapshot.revision.0,
        "links": self_and_alternates(&asked, chosen, &offers),
        "collections": collections
    });
    Ok(answers::document(&asked, chosen, "Collections", &body))
}

/// `GET /collections/{id}`
pub async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    if let Some(archive) = app.archive(&id) {
        let mut body = archives::described(&asked.base, &archive);
        add_first(&mut body, self_and_alternates(&asked, chosen, &offers));
        return Ok(answers::document(&asked, chosen, &archive.facts().name, &body));
    }
    let snapshot = app.engine.snapshot();
    let collection = &snapshot.collections[&known(&snapshot, &id)?];
    let mut body = described(&app, &asked.base, collection);
    add_first(&mut body, self_and_alternates(&asked, chosen, &offers));
    if chosen == &HTML {
        let title = &collection.collection().title;
        let map = page_map(collection, None);
        let mut response = html::page(&asked, title, Some(&map), &html::document_body(&body));
        answers::vary_by_accept(&mut response);
        return Ok(response);
    }
    Ok(answers::document(&asked, chosen, &id, &body))
}

/// The collection called `name`.
pub fn known(snapshot: &Snapshot, name: &str) -> Result<CollectionId, Problem> {
    let id = CollectionId::try_from(name).ok();
    id.filter(|id| snapshot.collections.contains_key(id)).ok_or_else(|| {
        Problem::new(
            Code::CollectionNotFound,
            format!("there is no collection {name:?}; see /collections"),
        )
    })
}

/// The map of a page about `collection`.
pub fn page_map(collection: &CollectionSnapshot, items: Option<String>) -> PageMap {
    PageMap {
        collection: match is_drawn(collection.collection()) {
            true => encode(collection.collection().id.as_str()),
            false => DATASET.to_owned(),
        },
        bounds: lon_lat_extent(collection).map(|e| [e.min_x, e.min_y, e.max_x, e.max_y]),
        items,
    }
}

fn add_first(described: &mut Value, mut links: Vec<Value>) {
    if let Some(list) = described["links"].as_array_mut() {
        links.append(list);
        *list = links;
    }
}

/// What is said of one collection. Fields that may not be read are not named.
fn described(app: &App, base: &str, snapshot: &CollectionSnapshot) -> Value {
    let collection = snapshot.collection();
    let id = encode(collection.id.as_str());
    let here = format!("{base}/collections/{id}");
    let offered = app.crs_lists.of(&app.engine, snapshot);
    let fields: Vec<Value> = ReadableField::all(collection, app.engine.profile())
        .map(|(_, field)| {
            json!({
                "name": field.name,
                "alias": field.alias,
                "type": type_name(field.field_type)
            })
        })
        .collect();
    let mut described = json!({
        "id": collection.id.as_str(),
        "title": collection.title,
        "description": collection.description,
        "attribution": collection.attribution,
        "itemType": "feature",
        "crs": offered.iter().map(|one| one.uri.as_str()).collect::<Vec<_>>(),
        "count": snapshot.len(),
        "minzoom": collection.zooms.min,
        "maxzoom": collection.zooms.max,
        "fields": fields,
        "links": links(base, &here, &id, is_drawn(collection))
    });
    if let Some(storage) = storage_uri(collection, &offered) {
        described["storageCrs"] = json!(storage);
    }
    if let Some(e) = lon_lat_extent(snapshot) {
        described["extent"] =
            json!({ "spatial": { "bbox": [[e.min_x, e.min_y, e.max_x, e.max_y]] } });
    }
    described
}

/// Whether tiles and styles show the collection to anybody.
pub fn is_drawn(collection: &Collection) -> bool {
    key_class(collection) <= HIGHEST_IN_TILES
}

fn links(base: &str, here: &str, id: &str, is_drawn: bool) -> Vec<Value> {
    let items = format!("{here}/items");
    let schema = |kind: SchemaKind, rel: &str, title: &str| {
        link(&format!("{REL}/{rel}"), SCHEMA.media_type, &format!("{here}/{}", kind.name()), title)
    };
    let mut links = vec![
        link("items", GEOJSON.media_type, &items, "features"),
        link("items", HTML.media_type, &format!("{items}?f=html"), "features as pages"),
        link("items", FGB.media_type, &format!("{items}?f=fgb"), "features as FlatGeobuf"),
        link("items", JSONFG.media_type, &format!("{items}?f=jsonfg"), "features as JSON-FG"),
        link("items", CSV.media_type, &format!("{items}?f=csv"), "features as CSV"),
        link("enclosure", FGB.media_type, &format!("{here}/all.fgb"), "all features in one file"),
        schema(SchemaKind::Returnables, "schema", "what features hold"),
        schema(SchemaKind::Queryables, "queryables", "what to filter by"),
        schema(SchemaKind::Sortables, "sortables", "what to sort by"),
    ];
    if !is_drawn {
        return links;
    }
    links.extend([
        link(
            &format!("{REL}/tilesets-vector"),
            JSON.media_type,
            &format!("{here}/tiles"),
            "vector tiles",
        ),
        link(
            "alternate",
            TILEJSON.media_type,
            &format!("{here}/tiles/{}?f=tilejson", tile::WEB_MERCATOR_QUAD.id),
            "TileJSON",
        ),
        link(
            &format!("{REL}/styles"),
            "application/vnd.mapbox.style+json",
            &format!("{base}/styles/{id}"),
            "map style",
        ),
    ]);
    links
}

/// The type as JSON clients name it.
pub fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Bool => "boolean",
        FieldType::Int => "integer",
        FieldType::Real => "number",
        FieldType::Text | FieldType::Bytes => "string",
        FieldType::Date => "date",
        FieldType::DateTime => "date-time",
    }
}
