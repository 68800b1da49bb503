//! `/collections`: what is published.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use spatial::{CollectionSnapshot, FieldClass, FieldType};

use super::answers;
use super::extent::lon_lat_extent;
use super::tiles::{MATRIX_SET, chosen};
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::state::App;

/// `GET /collections`
pub async fn list(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &["f"])?.choice("f", &["json"])?;
    let base = app.settings.links.base(peer.ip(), &headers);
    let snapshot = app.engine.snapshot();
    let collections: Vec<Value> =
        snapshot.collections.values().map(|collection| described(&base, collection)).collect();
    Ok(answers::json(
        "application/json",
        &json!({
            "revision": snapshot.revision.0,
            "links": [
                { "rel": "self", "type": "application/json", "href": format!("{base}/collections") }
            ],
            "collections": collections
        }),
    ))
}

/// `GET /collections/{id}`
pub async fn one(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &["f"])?.choice("f", &["json"])?;
    let snapshot = app.engine.snapshot();
    let ids = chosen(&snapshot, &id)?;
    let base = app.settings.links.base(peer.ip(), &headers);
    Ok(answers::json("application/json", &described(&base, &snapshot.collections[&ids[0]])))
}

/// What is said of one collection. Fields above L1 are not named: no route shows their values.
fn described(base: &str, snapshot: &CollectionSnapshot) -> Value {
    let collection = snapshot.collection();
    let id = &collection.id;
    let here = format!("{base}/collections/{id}");
    let fields: Vec<Value> = collection
        .fields
        .iter()
        .filter(|field| field.class <= FieldClass::L1)
        .map(|field| {
            json!({
                "name": field.name,
                "alias": field.alias,
                "type": type_name(field.field_type)
            })
        })
        .collect();
    let extent = lon_lat_extent(snapshot)
        .map(|e| json!({ "spatial": { "bbox": [[e.min_x, e.min_y, e.max_x, e.max_y]] } }));
    let mut described = json!({
        "id": id.as_str(),
        "title": collection.title,
        "description": collection.description,
        "attribution": collection.attribution,
        "itemType": "feature",
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "storageCrs": collection.crs.to_string(),
        "count": snapshot.len(),
        "minzoom": collection.zooms.min,
        "maxzoom": collection.zooms.max,
        "fields": fields,
        "links": [
            { "rel": "self", "type": "application/json", "href": here },
            {
                "rel": "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector",
                "type": "application/json",
                "href": format!("{here}/tiles/{MATRIX_SET}")
            },
            {
                "rel": "alternate", "title": "TileJSON", "type": "application/json",
                "href": format!("{base}/xyz/{id}/tilejson.json")
            },
            {
                "rel": "http://www.opengis.net/def/rel/ogc/1.0/styles",
                "type": "application/vnd.mapbox.style+json",
                "href": format!("{base}/styles/{id}")
            }
        ]
    });
    if let Some(extent) = extent {
        described["extent"] = extent;
    }
    described
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
