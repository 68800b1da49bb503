//! TileJSON 3.0: what MapLibre and its kin read before they ask for tiles.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use engine::{Labels, label_layer};
use serde_json::{Map, Value, json};
use spatial::{CollectionSnapshot, Envelope, FieldType};
use tile::labels::RADIUS;

use super::extent::lon_lat_extent;
use super::tile_layers::{
    chosen, extent_of, fields_in_tiles, joined, label_title, snapshots, with_labels,
};
use super::tile_selection::{PARAMETERS, labels, selection};
use super::{answers, archives};
use crate::access::UrlToken;
use crate::as_of::as_of;
use crate::asked::Asked;
use crate::negotiate::JSON;
use crate::problem::Problem;
use crate::query_string::encode;
use crate::state::App;

/// `GET /xyz/{collections}/tilejson.json`
pub async fn tilejson(
    State(app): State<Arc<App>>,
    Path(names): Path<String>,
    token: UrlToken,
    asked: Asked,
) -> Result<Response, Problem> {
    if let Some(archive) = app.archive(&names) {
        asked.query(&[])?;
        let mut document = archives::tilejson(&asked.base, &archive);
        with_token(&mut document, &token);
        return Ok(answers::json(JSON.media_type, &document));
    }
    let query = asked.query(&PARAMETERS)?;
    let snapshot = app.engine.snapshot();
    let chosen = chosen(&snapshot, &names)?;
    // What tiles would refuse is refused here already.
    as_of(&query)?;
    selection(&app, &query, &snapshot, &chosen)?;
    let mut document = document(&snapshots(&snapshot, &chosen), &asked.base, labels(&query)?);
    let passed: Vec<String> =
        query.pairs().map(|(key, value)| format!("{key}={}", encode(value))).collect();
    if let (false, Some(tiles)) = (passed.is_empty(), document["tiles"][0].as_str()) {
        document["tiles"][0] = json!(format!("{tiles}?{}", passed.join("&")));
    }
    with_token(&mut document, &token);
    Ok(answers::json(JSON.media_type, &document))
}

/// Lets whoever reads TileJSON by a token in its URL read the tiles so too.
fn with_token(document: &mut Value, token: &UrlToken) {
    if let Some(tiles) = document["tiles"][0].as_str() {
        document["tiles"][0] = json!(token.append(tiles));
    }
}

/// TileJSON of tiles with these layers, and those of label points beside them; the template is
/// without parameters.
pub fn document(layers: &[&CollectionSnapshot], base: &str, labels: Labels) -> Value {
    let ids = layers.iter().map(|layer| layer.collection().id.as_str());
    let names = ids.clone().collect::<Vec<_>>().join(",");
    let zooms = || layers.iter().map(|layer| layer.collection().zooms);
    let first = zooms().map(|zooms| zooms.min).min().unwrap_or(0);
    let last = zooms().map(|zooms| zooms.max).max().unwrap_or(0);
    let mut document = json!({
        "tilejson": "3.0.0",
        "name": names,
        "attribution": attribution(layers),
        "scheme": "xyz",
        "tiles": [format!("{base}/xyz/{}/{{z}}/{{x}}/{{y}}.mvt", joined(ids))],
        "minzoom": first,
        "maxzoom": last,
        "vector_layers": layers.iter().map(|layer| vector_layer(layer)).collect::<Vec<_>>()
    });
    if let Some(described) = document["vector_layers"].as_array_mut() {
        described.extend(with_labels(layers, labels).map(|layer| {
            let mut points = vector_layer(layer);
            points["id"] = json!(label_layer(&layer.collection().id));
            points["description"] = json!(label_title(layer.collection()));
            points["fields"][RADIUS] = json!("Number");
            points
        }));
    }
    if let Some(extent) = extent_of(layers) {
        let [lon, lat] = extent.center();
        let zoom = fitting_zoom(&extent).clamp(first, last);
        document["bounds"] = json!([extent.min_x, extent.min_y, extent.max_x, extent.max_y]);
        document["center"] = json!([lon, lat, zoom]);
    }
    document
}

fn vector_layer(layer: &CollectionSnapshot) -> Value {
    let collection = layer.collection();
    let fields: Map<String, Value> = fields_in_tiles(collection)
        .map(|field| (field.name.clone(), json!(type_name(field.field_type))))
        .collect();
    let mut described = json!({
        "id": collection.id.as_str(),
        "description": collection.title,
        "minzoom": collection.zooms.min,
        "maxzoom": collection.zooms.max,
        "fields": fields
    });
    if let Some(extent) = lon_lat_extent(layer) {
        described["bounds"] = json!([extent.min_x, extent.min_y, extent.max_x, extent.max_y]);
    }
    described
}

/// Whom the data is owed to, each once.
pub fn attribution(layers: &[&CollectionSnapshot]) -> String {
    let mut owed: Vec<&str> = layers
        .iter()
        .map(|layer| layer.collection().attribution.as_str())
        .filter(|attribution| !attribution.is_empty())
        .collect();
    owed.sort_unstable();
    owed.dedup();
    owed.join(" | ")
}

/// The zoom at which the extent about fills two tiles of the width of the world.
pub fn fitting_zoom(extent: &Envelope) -> u8 {
    let width = (extent.max_x - extent.min_x).max(1e-6);
    (360.0 / width).log2().floor().clamp(0.0, f64::from(tile::MAX_ZOOM)) as u8
}

/// The type as TileJSON's `vector_layers` name it.
fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Bool => "Boolean",
        FieldType::Int | FieldType::Real => "Number",
        FieldType::Text | FieldType::Date | FieldType::DateTime | FieldType::Bytes => "String",
    }
}
