//! Points coloured by lamp: how near the deadline is of each that is open.

use formats::datetime::utc_of_millis;
use ledger::Rules;
use ledger::point::{Lamp, State};
use ledger::rows::POINTS;
use serde_json::json;
use spatial::{Collection, Timestamp};

use super::ledger::SUMMED;
use super::qml::{Drawn, qml_by_rules};
use super::{StyleClient, layers as own_layers};

/// Of points that are not open, and of those without a deadline.
const NEITHER: &str = "#c4c9cd";
/// Metadata of a layer that is coloured by lamp: what the colours are made of, so that a reader can
/// tell the lamp of another moment.
const LAMPS: &str = "tuban:lamps";
const DAY_MS: i64 = 86_400_000;

/// Whether features of the collection have a state and a deadline.
pub fn has_lamps(collection: &Collection) -> bool {
    collection.id.as_str() == POINTS
        && ["state", "deadline"].iter().all(|name| collection.field_position(name).is_some())
}

fn colour(lamp: Lamp) -> &'static str {
    match lamp {
        Lamp::Green => "#2e9e4f",
        Lamp::Yellow => "#e0a100",
        Lamp::Red => "#d62728",
    }
}

/// What a legend says of a lamp, and of neither, in Chinese and English.
fn label(lamp: Option<Lamp>, rules: &Rules) -> [String; 2] {
    let days = rules.yellow_days;
    match lamp {
        Some(Lamp::Red) => ["红灯（已超期）".to_owned(), "red: overdue".to_owned()],
        Some(Lamp::Yellow) => {
            [format!("黄灯（{days} 天内到期）"), format!("yellow: due within {days} days")]
        }
        Some(Lamp::Green) => {
            [format!("绿灯（{days} 天后到期）"), format!("green: due after {days} days")]
        }
        None => ["不在账或无期限".to_owned(), "not open, or without a deadline".to_owned()],
    }
}

fn open_states() -> Vec<&'static str> {
    State::ALL.into_iter().filter(|state| state.is_open()).map(State::identifier).collect()
}

fn soon_ms(rules: &Rules) -> i64 {
    i64::from(rules.yellow_days) * DAY_MS
}

/// The collection with its own style, circles coloured by the lamps of `at`.
pub fn by_lamp(collection: &Collection, rules: &Rules, at: Timestamp) -> Collection {
    // Tiles tell moments as texts in UTC of equal length, which are in the order of time.
    let text = |ms: i64| utc_of_millis(ms);
    let soon = at.0.saturating_add(soon_ms(rules));
    let deadline = json!(["get", "deadline"]);
    let chosen = json!([
        "case",
        ["!", ["in", ["get", "state"], ["literal", open_states()]]],
        NEITHER,
        ["!", ["has", "deadline"]],
        NEITHER,
        ["<", deadline, text(at.0)],
        colour(Lamp::Red),
        ["<=", deadline, text(soon)],
        colour(Lamp::Yellow),
        colour(Lamp::Green)
    ]);
    let of_shades = [None, None, Some(Lamp::Red), Some(Lamp::Yellow), Some(Lamp::Green)];
    let legend = |language: usize| -> Vec<String> {
        of_shades.map(|lamp| label(lamp, rules)[language].clone()).into()
    };
    let metadata = json!({
        "tuban:legend": { "zh": legend(0), "en": legend(1) },
        LAMPS: {
            "at": text(at.0),
            "yellowDays": rules.yellow_days,
            "open": open_states(),
            "green": colour(Lamp::Green),
            "yellow": colour(Lamp::Yellow),
            "red": colour(Lamp::Red),
            "neither": NEITHER
        }
    });
    let mut layers = own_layers(collection, StyleClient::MapLibre);
    for layer in layers.iter_mut().filter(|layer| layer["type"] == "circle") {
        // What stands for many points has no lamp.
        let is_sum = layer["filter"] == json!(["has", SUMMED]);
        layer["paint"]["circle-color"] = if is_sum { json!(NEITHER) } else { chosen.clone() };
        if !is_sum {
            layer["metadata"] = metadata.clone();
        }
    }
    Collection { style: serde_json::to_string(&layers).ok(), ..collection.clone() }
}

/// The QML text of the collection by lamp: of a moment, or of whenever QGIS draws.
pub fn qml_by_lamp(collection: &Collection, rules: &Rules, at: Option<Timestamp>) -> String {
    let open: Vec<String> = open_states().into_iter().map(|state| format!("'{state}'")).collect();
    let open = format!("\"state\" IN ({})", open.join(","));
    // QGIS reads the clock of a deadline, which is in UTC, and may take it for one of its own zone.
    let deadline = "epoch(to_datetime(format_date(\"deadline\",'yyyy-MM-ddTHH:mm:ss.zzz')||'Z'))";
    let at = at.map_or_else(|| "epoch(now())".to_owned(), |at| at.0.to_string());
    let soon = soon_ms(rules);
    let red = format!("{open} AND {deadline} < {at}");
    let yellow = format!("{open} AND {deadline} >= {at} AND {deadline} <= {at} + {soon}");
    let green = format!("{open} AND {deadline} > {at} + {soon}");
    let drawn = [
        (Some(Lamp::Red), Some(red)),
        (Some(Lamp::Yellow), Some(yellow)),
        (Some(Lamp::Green), Some(green)),
        (None, None),
    ];
    let drawn = drawn.map(|(lamp, filter)| Drawn {
        label: label(lamp, rules)[0].clone(),
        filter,
        colour: lamp.map_or(NEITHER, colour).to_owned(),
    });
    qml_by_rules(collection, &drawn)
}
