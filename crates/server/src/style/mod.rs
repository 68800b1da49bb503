//! Map styles: MapLibre style documents, their subset for QGIS, and QML.
//!
//! A collection's own style is the JSON text of a list of MapLibre layers without `id`, `source`
//! and `source-layer`, which are filled in here. A collection without one gets a default drawn
//! from its geometry type.

mod choropleth;
mod default;
mod lamp;
pub mod ledger;
mod qgis;
mod qml;
#[cfg(test)]
mod style_tests;

use serde_json::{Value, json};
use spatial::Collection;

pub use choropleth::{by_indicator, qml_by_indicator};
pub use lamp::{by_lamp, has_lamps, qml_by_lamp};
pub use qml::qml;

/// Who reads the style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StyleClient {
    /// MapLibre GL.
    MapLibre,
    /// QGIS 3.22 and newer, which knows fewer expressions.
    Qgis,
}

/// Metadata of a layer that names features: what they are. Tiles cut areas into pieces, so that a
/// reader who wants one name a feature has to put them together.
const NAMES: &str = "tuban:names";

/// The layers of one collection, ready for a style document with the source `tuban`.
pub fn layers(collection: &Collection, client: StyleClient) -> Vec<Value> {
    let own = collection.style.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut layers: Vec<Value> = own.unwrap_or_else(|| default::layers(collection));
    let id = collection.id.as_str();
    let is_area = collection.geometry_type.is_areal();
    for (position, layer) in layers.iter_mut().enumerate() {
        if let Some(layer) = layer.as_object_mut() {
            let kind = layer.get("type").and_then(Value::as_str).unwrap_or("fill").to_owned();
            layer.insert("id".into(), json!(format!("{id}-{kind}-{position}")));
            layer.insert("source".into(), json!("tuban"));
            layer.insert("source-layer".into(), json!(id));
            if kind == "symbol" && is_area && client == StyleClient::MapLibre {
                let metadata = layer.entry("metadata").or_insert_with(|| json!({}));
                if let Some(metadata) = metadata.as_object_mut() {
                    metadata.insert(NAMES.into(), json!("areas"));
                }
            }
        }
    }
    if client == StyleClient::Qgis {
        layers.into_iter().flat_map(qgis::simplify).collect()
    } else {
        layers
    }
}

/// A whole style over the features of one collection at `items_url`, GeoJSON, for what is in no tiles.
pub fn document_of_items(title: &str, collection: &Collection, items_url: &str) -> Value {
    let client = StyleClient::MapLibre;
    let mut document = document(title, &[collection], client, items_url, items_url);
    document["sources"]["tuban"] = json!({ "type": "geojson", "data": items_url });
    for layer in document["layers"].as_array_mut().into_iter().flatten() {
        if let Some(layer) = layer.as_object_mut() {
            layer.remove("source-layer");
        }
    }
    document
}

/// Where nothing is drawn.
const GROUND: &str = "#e9edf0";

/// Areas lie below lines below points below labels, whatever the order of the collections. Among
/// areas the few lie below the many, because the few are the larger (districts, villages, parcels,
/// buildings); among all else the few lie above the many, because the many are the lesser.
fn drawing_order(layer: &Value, count: u64) -> (u8, i64) {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match layer["type"].as_str() {
        Some("background") => (0, 0),
        Some("fill" | "raster" | "hillshade") => (1, count),
        Some("fill-extrusion") => (2, count),
        Some("line") => (3, -count),
        Some("circle" | "heatmap") => (4, -count),
        _ => (5, -count),
    }
}

/// A whole style over the tiles at `tilejson_url` or, for QGIS, at `tiles_url`.
pub fn document(
    title: &str,
    collections: &[&Collection],
    client: StyleClient,
    tilejson_url: &str,
    tiles_url: &str,
) -> Value {
    let mut drawn: Vec<(u8, i64, Value)> = collections
        .iter()
        .flat_map(|collection| {
            layers(collection, client).into_iter().map(|layer| {
                let (floor, order) = drawing_order(&layer, collection.count);
                (floor, order, layer)
            })
        })
        .collect();
    drawn.sort_by_key(|(floor, order, _)| (*floor, *order));
    let source = match client {
        StyleClient::MapLibre => json!({ "type": "vector", "url": tilejson_url }),
        StyleClient::Qgis => json!({
            "type": "vector",
            "tiles": [tiles_url],
            "minzoom": 0,
            "maxzoom": collections.iter().map(|c| c.zooms.max).max().unwrap_or(14),
        }),
    };
    let ground = match client {
        StyleClient::MapLibre => Some(json!({
            "id": "background",
            "type": "background",
            "paint": { "background-color": GROUND }
        })),
        // A layer of QGIS lies on other layers, which a ground of its own would hide.
        StyleClient::Qgis => None,
    };
    let all: Vec<Value> =
        ground.into_iter().chain(drawn.into_iter().map(|(_, _, layer)| layer)).collect();
    // A source over no collection would be a broken link.
    let sources = if collections.is_empty() { json!({}) } else { json!({ "tuban": source }) };
    json!({ "version": 8, "name": title, "sources": sources, "layers": all })
}
