//! The style of a collection that has none of its own.

use serde_json::{Value, json};
use spatial::{Collection, FieldType, GeometryType};

/// Colours that stay apart on a light ground, also for colour-blind eyes (after Okabe and Ito).
const PALETTE: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#b8860b", "#6a3d9a", "#7f7f7f"];

/// The colour of a collection: the same on every run, because it comes from its id.
pub fn color(collection: &Collection) -> &'static str {
    let hash =
        collection.id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
    PALETTE[(hash % PALETTE.len() as u64) as usize]
}

/// The field that names a feature to a reader: `name` and its kin, if there is one.
pub fn label_field(collection: &Collection) -> Option<&str> {
    const NAMES: [&str; 6] = ["name", "名称", "title", "MC", "ZL", "label"];
    NAMES.iter().find_map(|wanted| {
        collection
            .fields
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(wanted) && f.field_type == FieldType::Text)
            .map(|f| f.name.as_str())
    })
}

/// Fill and outline, line, or circle, each with a label where a field names the feature.
pub fn layers(collection: &Collection) -> Vec<Value> {
    let color = color(collection);
    let area = json!({ "type": "fill", "paint": { "fill-color": color, "fill-opacity": 0.25 } });
    let line = json!({
        "type": "line",
        "paint": {
            "line-color": color,
            "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.4, 16, 1.4]
        }
    });
    let circle = json!({
        "type": "circle",
        "paint": {
            "circle-color": color,
            "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 1.5, 12, 2.5, 16, 5],
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": 0.5
        }
    });
    let (mut layers, label_zoom) = match collection.geometry_type {
        GeometryType::Polygon | GeometryType::MultiPolygon => (vec![area, line], 13),
        GeometryType::LineString | GeometryType::MultiLineString => (vec![line], 14),
        GeometryType::Point | GeometryType::MultiPoint => (vec![circle], 14),
        GeometryType::Any => {
            let only = |mut layer: Value, kind: &str| {
                layer["filter"] = json!(["==", ["geometry-type"], kind]);
                layer
            };
            (vec![only(area, "Polygon"), line, only(circle, "Point")], 14)
        }
    };
    // A few features are named from far away, many only near by.
    let label_zoom = if collection.count <= 500 { 0 } else { label_zoom };
    if let Some(field) = label_field(collection) {
        layers.push(json!({
            "type": "symbol",
            "minzoom": label_zoom,
            "layout": {
                "text-field": ["get", field],
                "text-size": 12,
                "text-font": ["Noto Sans Regular"],
                "text-anchor": "top",
                "text-offset": [0, 0.4]
            },
            "paint": {
                "text-color": "#333333",
                "text-halo-color": "#ffffff",
                "text-halo-width": 1.2
            }
        }));
    }
    layers
}
