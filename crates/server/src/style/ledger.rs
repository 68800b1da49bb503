//! How the rows of a ledger are drawn: layers made of its colours and of what its collection holds.

use ledger::book::Drawn;
use ledger::point::State;
use serde_json::{Value, json};
use spatial::{Collection, GeometryType};

/// What is said of rows with any value, and of those without one.
const WITH: &str = "有";
const OTHERS: &str = "其他";
/// Property of what stands for many features where there is no room for each.
pub(super) const SUMMED: &str = "tuban:aggregation";

/// MapLibre layers without `id`, `source` and `source-layer`.
pub fn layers(drawn: &Drawn, collection: &Collection) -> Vec<Value> {
    let title = |field: &str| {
        let known = collection.field_position(field).map(|at| &collection.fields[at]);
        known.and_then(|known| known.alias.as_deref()).unwrap_or(field).to_owned()
    };
    let colours: Vec<(Option<Value>, Value, Vec<String>)> = match (&drawn.field, &*drawn.colours) {
        (Some(field), [any]) if any.values.is_empty() => vec![
            (Some(json!(["!", ["has", field]])), json!(drawn.colour), vec![OTHERS.to_owned()]),
            (
                Some(json!(["has", field])),
                json!(any.colour),
                vec![format!("{WITH}{}", title(field))],
            ),
        ],
        (Some(field), [_, ..]) => {
            let mut chosen = vec![json!("match"), json!(["get", field])];
            let mut named = Vec::new();
            for one in &drawn.colours {
                chosen.extend([json!(one.values), json!(one.colour)]);
                let name = |value: &String| {
                    let state = State::from_identifier(value).filter(|_| field == "state");
                    state.map_or_else(|| value.clone(), |state| state.chinese().to_owned())
                };
                named.push(one.values.iter().map(name).collect::<Vec<_>>().join("、"));
            }
            chosen.push(json!(drawn.colour));
            named.push(OTHERS.to_owned());
            vec![(None, Value::Array(chosen), named)]
        }
        _ => vec![(None, json!(drawn.colour), vec![OTHERS.to_owned()])],
    };
    let shapes: &[(&str, Option<&str>)] = match collection.geometry_type {
        GeometryType::Polygon | GeometryType::MultiPolygon => &[("fill", None), ("line", None)],
        GeometryType::LineString | GeometryType::MultiLineString => &[("line", None)],
        GeometryType::Point | GeometryType::MultiPoint => &[("circle", None)],
        GeometryType::Any => {
            &[("fill", Some("Polygon")), ("line", None), ("circle", Some("Point"))]
        }
    };
    let mut layers = Vec::new();
    for (kind, only) in shapes {
        for (filter, colour, named) in &colours {
            let mut filters: Vec<Value> = filter.iter().cloned().collect();
            filters.extend(only.map(|only| json!(["==", ["geometry-type"], only])));
            if *kind == "circle" {
                filters.push(json!(["!", ["has", SUMMED]]));
            }
            let mut layer = json!({
                "type": kind,
                "paint": paint(kind, colour),
                "metadata": { "tuban:legend": { "zh": named, "en": named } }
            });
            match filters.as_slice() {
                [] => {}
                [one] => layer["filter"] = one.clone(),
                all => {
                    let head = std::iter::once(json!("all"));
                    layer["filter"] = head.chain(all.iter().cloned()).collect();
                }
            }
            layers.push(layer);
        }
    }
    if shapes.iter().any(|(kind, _)| *kind == "circle") {
        layers.push(json!({
            "type": "circle",
            "filter": ["has", SUMMED],
            "paint": {
                "circle-color": drawn.colour,
                "circle-radius":
                    ["interpolate", ["linear"], ["get", "tuban:count"], 1, 2.5, 100, 7, 10_000, 16],
                "circle-opacity": 0.85,
                "circle-stroke-color": "#ffffff",
                "circle-stroke-width": 1
            }
        }));
    }
    layers
}

fn paint(kind: &str, colour: &Value) -> Value {
    match kind {
        "fill" => json!({ "fill-color": colour, "fill-opacity": 0.6 }),
        "line" => json!({ "line-color": colour, "line-width": 1.2 }),
        _ => json!({
            "circle-color": colour,
            "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 3, 13, 5, 17, 10],
            // Over points that are drawn by their own style.
            "circle-stroke-color": "#1f2933",
            "circle-stroke-width": 1.5
        }),
    }
}
