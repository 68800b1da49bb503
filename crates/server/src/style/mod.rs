//! Map styles: MapLibre style documents, their subset for QGIS, and QML.
//!
//! A collection's own style is the JSON text of a list of MapLibre layers without `id`, `source`
//! and `source-layer`, which are filled in here. A collection without one gets a default drawn
//! from its geometry type.

mod default;
mod qgis;
mod qml;

use serde_json::{Value, json};
use spatial::Collection;

pub use qml::qml;

/// Who reads the style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StyleClient {
    /// MapLibre GL.
    MapLibre,
    /// QGIS 3.22 and newer, which knows fewer expressions.
    Qgis,
}

/// The layers of one collection, ready for a style document with the source `tuban`.
pub fn layers(collection: &Collection, client: StyleClient) -> Vec<Value> {
    let own = collection.style.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut layers: Vec<Value> = own.unwrap_or_else(|| default::layers(collection));
    let id = collection.id.as_str();
    for (position, layer) in layers.iter_mut().enumerate() {
        if let Some(layer) = layer.as_object_mut() {
            let kind = layer.get("type").and_then(Value::as_str).unwrap_or("fill").to_owned();
            layer.insert("id".into(), json!(format!("{id}-{kind}-{position}")));
            layer.insert("source".into(), json!("tuban"));
            layer.insert("source-layer".into(), json!(id));
        }
    }
    if client == StyleClient::Qgis {
        layers.into_iter().filter_map(qgis::simplify).collect()
    } else {
        layers
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
    let mut drawn: Vec<Value> =
        collections.iter().flat_map(|collection| layers(collection, client)).collect();
    // Areas below lines below points below labels, whatever the order of the collections.
    drawn.sort_by_key(|layer| match layer["type"].as_str() {
        Some("background") => 0,
        Some("fill" | "raster" | "hillshade") => 1,
        Some("fill-extrusion") => 2,
        Some("line") => 3,
        Some("circle" | "heatmap") => 4,
        _ => 5,
    });
    let source = match client {
        StyleClient::MapLibre => json!({ "type": "vector", "url": tilejson_url }),
        StyleClient::Qgis => json!({
            "type": "vector",
            "tiles": [tiles_url],
            "minzoom": 0,
            "maxzoom": collections.iter().map(|c| c.zooms.max).max().unwrap_or(14),
        }),
    };
    let mut all = vec![json!({
        "id": "background",
        "type": "background",
        "paint": { "background-color": "#f4f1ea" }
    })];
    all.append(&mut drawn);
    // A source over no collection would be a broken link.
    let sources = if collections.is_empty() { json!({}) } else { json!({ "tuban": source }) };
    json!({ "version": 8, "name": title, "sources": sources, "layers": all })
}
