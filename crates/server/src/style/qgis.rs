//! The subset of MapLibre style expressions that QGIS 3.22 converts rightly.
//!
//! QGIS turns what it does not know into something else without a word: a `match` with a scalar
//! label becomes an empty list and draws the fallback colour, an unknown filter draws everything.
//! So a `match` label becomes a list, an unknown expression the constant that it falls back to,
//! and a layer with an unknown filter is left out.

use serde_json::{Value, json};

/// The layer in QGIS's subset, or `None` when leaving it out is the honest answer.
pub fn simplify(mut layer: Value) -> Option<Value> {
    let object = layer.as_object_mut()?;
    if !matches!(object.get("type")?.as_str()?, "fill" | "line" | "circle" | "symbol") {
        return None;
    }
    if let Some(filter) = object.get("filter")
        && !is_known_filter(filter)
    {
        return None;
    }
    for group in ["paint", "layout"] {
        if let Some(properties) = object.get_mut(group).and_then(Value::as_object_mut) {
            let kept = properties
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), known_value(value)?)))
                .collect();
            *properties = kept;
        }
    }
    Some(layer)
}

fn is_known_filter(filter: &Value) -> bool {
    let Some([operator, rest @ ..]) = filter.as_array().map(Vec::as_slice) else {
        return false;
    };
    match operator.as_str() {
        Some("all" | "any" | "none" | "!") => rest.iter().all(is_known_filter),
        Some("==" | "!=" | ">" | ">=" | "<" | "<=" | "has" | "!has") => true,
        // The legacy form lists its values after the key; the expression form nests a literal.
        Some("in" | "!in") => rest.first().is_some_and(Value::is_string),
        _ => false,
    }
}

/// The value as QGIS understands it; an unknown expression answers its constant fallback.
fn known_value(value: &Value) -> Option<Value> {
    let Some([operator, rest @ ..]) = value.as_array().map(Vec::as_slice) else {
        return if is_rgba(value) { None } else { Some(value.clone()) };
    };
    match (operator.as_str(), rest) {
        (Some("get"), [_]) => Some(value.clone()),
        (Some("interpolate"), [_, input, ..]) if *input == json!(["zoom"]) => Some(value.clone()),
        (Some("match"), [input, branches @ .., fallback]) => {
            let mut known = vec![operator.clone(), input.clone()];
            for branch in branches.chunks_exact(2) {
                let label = &branch[0];
                known.push(if label.is_array() { label.clone() } else { json!([label]) });
                known.push(branch[1].clone());
            }
            known.push(fallback.clone());
            Some(Value::Array(known))
        }
        // A list of constants, such as a font stack or an offset, is no expression.
        (Some(first), _) if rest.is_empty() || first.contains(' ') => Some(value.clone()),
        (None, _) => Some(value.clone()),
        (Some("case" | "coalesce" | "step"), rest) => {
            rest.last().filter(|last| !last.is_array()).cloned()
        }
        _ => None,
    }
}

fn is_rgba(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("rgba("))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_the_subset_become_constants_or_go() {
        let cases = [
            (json!("#fff"), Some(json!("#fff"))),
            (json!(["get", "name"]), Some(json!(["get", "name"]))),
            (
                json!(["match", ["get", "state"], "open", "#f00", ["a", "b"], "#0f0", "#999"]),
                Some(json!([
                    "match",
                    ["get", "state"],
                    ["open"],
                    "#f00",
                    ["a", "b"],
                    "#0f0",
                    "#999"
                ])),
            ),
            (json!(["case", ["has", "x"], "#f00", "#999"]), Some(json!("#999"))),
            (json!(["Noto Sans Regular"]), Some(json!(["Noto Sans Regular"]))),
            (json!([0, 0.4]), Some(json!([0, 0.4]))),
            (json!(["rgba", 1, 2, 3, 0.5]), None),
            (json!("rgba(1,2,3,0.5)"), None),
        ];
        for (value, expected) in cases {
            assert_eq!(known_value(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_layer_with_an_unknown_filter_is_left_out() {
        let layer = |filter: Value| json!({ "type": "fill", "filter": filter });
        assert!(simplify(layer(json!(["==", ["get", "a"], 1]))).is_some());
        assert!(simplify(layer(json!(["in", ["get", "a"], ["literal", [1]]]))).is_none());
        assert!(simplify(json!({ "type": "heatmap" })).is_none());
    }
}
