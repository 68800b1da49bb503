//! What a client must know before it asks for tiles: TileJSON 3 and OGC tileset metadata.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};
use spatial::{CollectionId, Envelope, FieldClass, FieldType, Snapshot};

use super::answers;
use super::extent::lon_lat_extent;
use super::tiles::{MVT, chosen, matrix_set};
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::state::App;

/// `GET /xyz/{collections}/tilejson.json`
pub async fn tilejson(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(names): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &[])?;
    let snapshot = app.engine.snapshot();
    let ids = chosen(&snapshot, &names)?;
    let base = app.settings.links.base(peer.ip(), &headers);
    Ok(answers::json("application/json", &tilejson_document(&snapshot, &ids, &base)))
}

/// `GET /collections/{id}/tiles/{tms}`
pub async fn tileset(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((name, tms)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f"])?;
    let format = query.choice("f", &["json", "tilejson"])?;
    let set = matrix_set(&tms)?;
    let snapshot = app.engine.snapshot();
    let ids = chosen(&snapshot, &name)?;
    let base = app.settings.links.base(peer.ip(), &headers);
    if format == Some("tilejson") {
        return Ok(answers::json("application/json", &tilejson_document(&snapshot, &ids, &base)));
    }
    let collection = snapshot.collections[&ids[0]].collection();
    let here = format!("{base}/collections/{}/tiles/{}", collection.id, set.id);
    Ok(answers::json(
        "application/json",
        &json!({
            "title": collection.title,
            "dataType": "vector",
            "crs": set.crs,
            "tileMatrixSetId": set.id,
            "tileMatrixSetURI": set.uri,
            "mediaTypes": [MVT],
            "layers": [{
                "id": collection.id.as_str(),
                "dataType": "vector",
                "minTileMatrix": collection.zooms.min.to_string(),
                "maxTileMatrix": collection.zooms.max.to_string()
            }],
            "links": [
                { "rel": "self", "type": "application/json", "href": here },
                {
                    "rel": "item", "type": MVT, "templated": true,
                    "href": format!("{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")
                },
                {
                    "rel": "alternate", "type": "application/vnd.mapbox.tile+json",
                    "href": format!("{here}?f=tilejson")
                }
            ]
        }),
    ))
}

fn tilejson_document(snapshot: &Snapshot, ids: &[CollectionId], base: &str) -> Value {
    let chosen: Vec<_> = ids.iter().map(|id| &snapshot.collections[id]).collect();
    let names = ids.iter().map(CollectionId::as_str).collect::<Vec<_>>().join(",");
    let layers: Vec<Value> = chosen
        .iter()
        .map(|snapshot| {
            let collection = snapshot.collection();
            let fields: Map<String, Value> = collection
                .fields
                .iter()
                .filter(|f| f.class <= FieldClass::L1 && f.field_type != FieldType::Bytes)
                .map(|f| (f.name.clone(), json!(tilejson_type(f.field_type))))
                .collect();
            json!({
                "id": collection.id.as_str(),
                "description": collection.title,
                "minzoom": collection.zooms.min,
                "maxzoom": collection.zooms.max,
                "fields": fields
            })
        })
        .collect();
    let mut attributions: Vec<&str> = chosen
        .iter()
        .map(|s| s.collection().attribution.as_str())
        .filter(|attribution| !attribution.is_empty())
        .collect();
    attributions.sort_unstable();
    attributions.dedup();
    let extent = chosen
        .iter()
        .filter_map(|s| lon_lat_extent(s))
        .fold(Envelope::EMPTY, |all, one| all.union(&one));
    let mut document = json!({
        "tilejson": "3.0.0",
        "name": names,
        "attribution": attributions.join(" | "),
        "scheme": "xyz",
        "tiles": [format!("{base}/xyz/{names}/{{z}}/{{x}}/{{y}}.mvt")],
        "minzoom": chosen.iter().map(|s| s.collection().zooms.min).min().unwrap_or(0),
        "maxzoom": chosen.iter().map(|s| s.collection().zooms.max).max().unwrap_or(0),
        "vector_layers": layers
    });
    if !extent.is_empty() {
        let [lon, lat] = extent.center();
        document["bounds"] = json!([extent.min_x, extent.min_y, extent.max_x, extent.max_y]);
        document["center"] = json!([lon, lat, 10]);
    }
    document
}

/// The type as TileJSON's `vector_layers` name it.
fn tilejson_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Bool => "Boolean",
        FieldType::Int | FieldType::Real => "Number",
        FieldType::Text | FieldType::Date | FieldType::DateTime | FieldType::Bytes => "String",
    }
}
