//! The subset of MapLibre style expressions that QGIS 3.22 converts rightly.
//!
//! QGIS turns what it does not know into something else without a word: a `match` with a scalar
//! label becomes an empty list and draws the fallback colour, an unknown filter draws everything.
//! So a `match` label becomes a list, an unknown expression the constant that it falls back to,
//! and a layer with an unknown filter is left out. Circles take constants alone there: each branch
//! of a `match` or a `case` that picks their colour becomes a layer of its own.

use serde_json::{Value, json};

/// The layer in QGIS's subset: none when leaving it out is the honest answer, several when QGIS has
/// no word for one that does it all.
pub fn simplify(mut layer: Value) -> Vec<Value> {
    let is_circle = layer["type"] == "circle";
    let color = if is_circle { layer["paint"]["circle-color"].take() } else { Value::Null };
    match known_layer(layer) {
        Some(known) if is_circle => constant_circles(&known, &color),
        known => known.into_iter().collect(),
    }
}

fn known_layer(mut layer: Value) -> Option<Value> {
    let object = layer.as_object_mut()?;
    if !matches!(object.get("type")?.as_str()?, "fill" | "line" | "circle" | "symbol") {
        return None;
    }
    if let Some(filter) = object.get_mut("filter") {
        *filter = known_filter(filter)?;
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

/// One layer a branch of what picks the colour, with constants for all else.
fn constant_circles(known: &Value, color: &Value) -> Vec<Value> {
    let mut layer = known.clone();
    if let Some(paint) = layer["paint"].as_object_mut() {
        paint.retain(|_, value| !value.is_null());
        for value in paint.values_mut() {
            if let Some(constant) = middle_stop(value) {
                *value = constant;
            }
        }
    }
    let drawn = |position: usize, color: &Value, filter: Option<&Value>| {
        let mut drawn = layer.clone();
        drawn["paint"]["circle-color"] = color.clone();
        if let Some(filter) = filter {
            drawn["id"] = json!(format!("{}-{position}", layer["id"].as_str().unwrap_or_default()));
            drawn["filter"] = match layer.get("filter") {
                Some(narrower) => json!(["all", narrower, filter]),
                None => filter.clone(),
            };
        }
        drawn
    };
    let branches = known_value(color).and_then(|color| match_branches(&color));
    match branches.or_else(|| case_branches(color)) {
        Some(branches) => {
            let numbered = branches.iter().enumerate();
            numbered.map(|(at, (filter, color))| drawn(at, color, Some(filter))).collect()
        }
        None => {
            let constant = known_value(color).filter(Value::is_string);
            vec![drawn(0, &constant.unwrap_or_else(|| json!("#7f7f7f")), None)]
        }
    }
}

/// Filter and colour of each branch of a `match` on a field with lists of labels; the fallback is
/// the last.
fn match_branches(color: &Value) -> Option<Vec<(Value, Value)>> {
    let (field, branches, fallback) = match_on_field(color)?;
    let one_of = |operator: &str, values: &[&Value]| {
        let head = [json!(operator), json!(field)];
        Value::Array(head.into_iter().chain(values.iter().copied().cloned()).collect())
    };
    let (mut all, mut named) = (Vec::new(), Vec::new());
    for branch in branches.chunks_exact(2) {
        let values: Vec<&Value> = branch[0].as_array().into_iter().flatten().collect();
        all.push((one_of("in", &values), branch[1].clone()));
        named.extend(values);
    }
    all.push((one_of("!in", &named), fallback.clone()));
    Some(all)
}

/// The same of a `case` with known conditions and constants: each branch leaves out what those
/// before it take.
fn case_branches(color: &Value) -> Option<Vec<(Value, Value)>> {
    let [operator, branches @ .., fallback] = color.as_array()?.as_slice() else { return None };
    if operator != "case" || !fallback.is_string() {
        return None;
    }
    let (mut all, mut before) = (Vec::new(), vec![json!("none")]);
    for branch in branches.chunks_exact(2) {
        let condition = known_filter(&branch[0])?;
        let filter = match before.len() {
            1 => condition.clone(),
            _ => json!(["all", before, condition]),
        };
        all.push((filter, Some(&branch[1]).filter(|color| color.is_string())?.clone()));
        before.push(condition);
    }
    all.push((Value::Array(before), fallback.clone()));
    Some(all)
}

/// Field, branches and fallback of `["match", ["get", field], labels, value, …, fallback]`.
fn match_on_field(value: &Value) -> Option<(&str, &[Value], &Value)> {
    match value.as_array()?.as_slice() {
        [operator, input, branches @ .., fallback] if operator == "match" => {
            match input.as_array()?.as_slice() {
                [get, field] if get == "get" => Some((field.as_str()?, branches, fallback)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The value at the middle one of an interpolation's stops.
fn middle_stop(value: &Value) -> Option<Value> {
    match value.as_array()?.as_slice() {
        [operator, _, _, stops @ ..] if operator == "interpolate" && stops.len() >= 2 => {
            Some(stops[stops.len() / 2 / 2 * 2 + 1].clone())
        }
        _ => None,
    }
}

/// The filter as QGIS understands it.
fn known_filter(filter: &Value) -> Option<Value> {
    let [operator, rest @ ..] = filter.as_array()?.as_slice() else { return None };
    match (operator.as_str()?, rest) {
        ("all" | "any" | "none" | "!", rest) => {
            let known: Option<Vec<Value>> = rest.iter().map(known_filter).collect();
            Some(std::iter::once(operator.clone()).chain(known?).collect())
        }
        ("==" | "!=" | ">" | ">=" | "<" | "<=" | "has" | "!has", _) => Some(filter.clone()),
        // The legacy form lists its values after the key; the expression form nests a literal.
        ("in" | "!in", [Value::String(_), ..]) => Some(filter.clone()),
        ("in", [key, list]) => {
            let field = key.as_array().filter(|get| get.len() == 2 && get[0] == "get")?;
            let values = list.as_array().filter(|list| list.len() == 2 && list[0] == "literal")?;
            let head = [json!("in"), field[1].clone()];
            Some(head.into_iter().chain(values[1].as_array()?.iter().cloned()).collect())
        }
        _ => None,
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
        assert_eq!(simplify(layer(json!(["==", ["get", "a"], 1]))).len(), 1);
        let listed = simplify(layer(json!(["in", ["get", "a"], ["literal", [1, 2]]])));
        assert_eq!(listed[0]["filter"], json!(["in", "a", 1, 2]));
        assert!(simplify(layer(json!(["in", ["get", "a"], ["get", "b"]]))).is_empty());
        assert!(simplify(json!({ "type": "heatmap" })).is_empty());
    }

    #[test]
    fn circles_become_constant_layers_one_a_colour() {
        let layers = simplify(json!({
            "id": "p", "type": "circle", "filter": ["has", "b"],
            "paint": {
                "circle-color": ["match", ["get", "a"], "x", "#f00", ["y", "z"], "#0f0", "#999"],
                "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 1, 12, 2.5, 16, 5]
            }
        }));
        let expected = [
            ("p-0", "#f00", json!(["in", "a", "x"])),
            ("p-1", "#0f0", json!(["in", "a", "y", "z"])),
            ("p-2", "#999", json!(["!in", "a", "x", "y", "z"])),
        ];
        assert_eq!(layers.len(), expected.len());
        for (layer, (id, color, filter)) in layers.iter().zip(expected) {
            assert_eq!(layer["id"], id);
            assert_eq!(layer["paint"], json!({ "circle-color": color, "circle-radius": 2.5 }));
            assert_eq!(layer["filter"], json!(["all", ["has", "b"], filter]));
        }
        let chosen =
            json!(["case", ["!", ["has", "b"]], "#f00", ["<", ["get", "b"], "2"], "#0f0", "#999"]);
        let layers = simplify(json!({
            "id": "p", "type": "circle", "paint": { "circle-color": chosen }
        }));
        let (first, second) = (json!(["!", ["has", "b"]]), json!(["<", ["get", "b"], "2"]));
        let expected = [
            ("#f00", first.clone()),
            ("#0f0", json!(["all", ["none", first], second])),
            ("#999", json!(["none", first, second])),
        ];
        assert_eq!(layers.len(), expected.len());
        for (layer, (color, filter)) in layers.iter().zip(expected) {
            assert_eq!(
                (&layer["paint"]["circle-color"], &layer["filter"]),
                (&json!(color), &filter)
            );
        }
        let plain = json!({ "id": "p", "type": "circle", "paint": { "circle-color": "#f00" } });
        assert_eq!(simplify(plain.clone()), [plain]);
    }
}
