//! `/styles/{styleId}/metadata`: what a style draws and in which encodings it is there (OGC API Styles).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use spatial::{CollectionSnapshot, GeometryType};

use super::answers;
use super::styles::{MAPBOX_STYLE, QML, drawn, title};
use super::tile_layers::{fields_in_tiles, joined, snapshots};
use super::tileset_documents::property_schema;
use crate::asked::Asked;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{GEOJSON, HTML, JSON};
use crate::problem::Problem;
use crate::query_string::encode;
use crate::state::App;

const MAPLIBRE_SPECIFICATION: &str = "https://maplibre.org/maplibre-style-spec/";
const QML_SPECIFICATION: &str =
    "https://docs.qgis.org/latest/en/docs/user_manual/appendices/qgis_file_formats.html";

/// `GET /styles/{styleId}/metadata`
pub async fn metadata(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let snapshot = app.engine.snapshot();
    let layers = snapshots(&snapshot, &drawn(&snapshot, &id)?);
    let title = title(&layers);
    let mut document = json!({
        "id": id,
        "title": title,
        "scope": "style",
        "version": snapshot.revision.to_string(),
        "stylesheets": stylesheets(&asked.base, &id, layers.len()),
        "layers": layers.iter().map(|layer| layer_document(&asked.base, layer)).collect::<Vec<_>>()
    });
    document["links"] = json!(self_and_alternates(&asked, chosen, &offers));
    Ok(answers::document(&asked, chosen, &title, &document))
}

fn stylesheets(base: &str, id: &str, layers: usize) -> Vec<Value> {
    let here = format!("{base}/styles/{}", encode(id));
    let sheet = |title: &str, query: &str, version: &str, native: bool| {
        let (media_type, specification) = match query {
            "?f=qml" => (QML, QML_SPECIFICATION),
            _ => (MAPBOX_STYLE, MAPLIBRE_SPECIFICATION),
        };
        json!({
            "title": title,
            "version": version,
            "specification": specification,
            "native": native,
            "link": link("stylesheet", media_type, &format!("{here}{query}"), title)
        })
    };
    let mut sheets = vec![
        sheet("MapLibre", "", "8", true),
        sheet("MapLibre, as far as QGIS reads it", "?client=qgis", "8", false),
    ];
    // QML is the style of one layer.
    if layers == 1 {
        sheets.push(sheet("QGIS", "?f=qml", "3.22", false));
    }
    sheets
}

fn layer_document(base: &str, layer: &CollectionSnapshot) -> Value {
    let collection = layer.collection();
    let attributes: Map<String, Value> = fields_in_tiles(collection)
        .map(|field| (field.name.clone(), property_schema(field)))
        .collect();
    let kind = match collection.geometry_type {
        GeometryType::Point | GeometryType::MultiPoint => "point",
        GeometryType::LineString | GeometryType::MultiLineString => "line",
        GeometryType::Polygon | GeometryType::MultiPolygon => "polygon",
        GeometryType::Any => "geometry",
    };
    let items =
        format!("{base}/collections/{}/items", joined(std::iter::once(collection.id.as_str())));
    json!({
        "id": collection.id.as_str(),
        "description": collection.title,
        "type": kind,
        "attributes": attributes,
        "sampleData": link("start", GEOJSON.media_type, &items, &collection.title)
    })
}
