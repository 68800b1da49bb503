//! Units coloured by an indicator.

use ledger::indicator::Classes;
use serde_json::{Value, json};
use spatial::Collection;

use super::qml::{Drawn, qml_by_rules};
use crate::indicators::{Classed, UnitClass};

/// From little to much; readable with every kind of colour vision (viridis, light end first).
const COLOURS: [&str; Classes::MOST] = ["#fde725", "#5ec962", "#21918c", "#3b528b", "#440154"];
/// Of units without a value.
const NO_VALUE: &str = "#c4c9cd";
const NO_VALUE_WORDS: [&str; 2] = ["无数值", "no figure"];
const OUTLINE: &str = "#41484e";
const OPACITY: f64 = 0.55;

fn label(classed: &Classed, class: &UnitClass) -> String {
    let [from, to] = &class.bounds;
    let range = if from == to { from.clone() } else { format!("{from}–{to}") };
    format!("{range} {}", classed.unit_of_measure)
}

/// The collection of units with its features of the day alone, coloured by their classes.
pub fn by_indicator(units: &Collection, classed: &Classed) -> Collection {
    let all = || classed.classes.iter().flat_map(|class| &class.units).chain(&classed.without);
    let mut chosen = vec![json!("match"), json!(["get", "code"])];
    for class in &classed.classes {
        chosen.extend([json!(class.units), json!(COLOURS[class.number])]);
    }
    chosen.push(json!(NO_VALUE));
    let colour = if classed.classes.is_empty() { json!(NO_VALUE) } else { Value::Array(chosen) };
    let legend = |language: usize| -> Vec<String> {
        let classes = classed.classes.iter().map(|class| label(classed, class));
        classes.chain([NO_VALUE_WORDS[language].to_owned()]).collect()
    };
    let mut filter =
        vec![json!("all"), json!(["in", ["get", "code"], ["literal", all().collect::<Vec<_>>()]])];
    let day = classed.day.to_string();
    for (field, operator) in [("valid_from", "<="), ("valid_to", ">")] {
        if units.field_position(field).is_some() {
            let is_open = json!(["!", ["has", field]]);
            filter.push(json!(["any", is_open, [operator, ["get", field], day]]));
        }
    }
    let layers = json!([{
        "type": "fill",
        "filter": filter,
        "paint": { "fill-color": colour, "fill-opacity": OPACITY, "fill-outline-color": OUTLINE },
        "metadata": {
            "tuban:legend": { "zh": legend(0), "en": legend(1) },
            "tuban:indicator": { "name": classed.name, "unitOfMeasure": classed.unit_of_measure }
        }
    }]);
    Collection { style: Some(layers.to_string()), ..units.clone() }
}

/// The QML text of the same.
pub fn qml_by_indicator(units: &Collection, classed: &Classed) -> String {
    let day = classed.day;
    let mut of_day = String::new();
    for (field, operator) in [("valid_from", "<="), ("valid_to", ">")] {
        if units.field_position(field).is_some() {
            of_day.push_str(&format!(
                " AND (\"{field}\" IS NULL OR \"{field}\" {operator} to_date('{day}'))"
            ));
        }
    }
    let of = |codes: &[String]| {
        let quoted: Vec<String> =
            codes.iter().map(|code| format!("'{}'", code.replace('\'', "''"))).collect();
        Some(format!("\"code\" IN ({}){of_day}", quoted.join(",")))
    };
    let classes = classed.classes.iter().map(|class| Drawn {
        label: format!("{} {}", classed.name, label(classed, class)),
        filter: of(&class.units),
        colour: COLOURS[class.number].to_owned(),
    });
    let without = (!classed.without.is_empty()).then(|| Drawn {
        label: format!("{} {}", classed.name, NO_VALUE_WORDS[0]),
        filter: of(&classed.without),
        colour: NO_VALUE.to_owned(),
    });
    qml_by_rules(&by_indicator(units, classed), &classes.chain(without).collect::<Vec<_>>())
}
