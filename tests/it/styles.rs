//! Styles of the ledger: points by their lamps, by the days that the city has set.

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{register, report};
use crate::running::{Server, folder_with, run};

/// A served ledger whose lamps are yellow for thirty days, with a point that is due on 2025-10-31.
fn ledger() -> (tempfile::TempDir, Server) {
    let folder = folder_with(&[("tuban.toml", b"[ledger]\nyellow_days = 30\n")]);
    let place = folder.path();
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    let config = place.join("tuban.toml").display().to_string();
    let server = Server::start(&place.join("s.gpkg"), &["--config", &config]);
    let events = json!([report(1, 1), register(1, 2)]).to_string();
    assert_eq!(server.post("/points/events", &events).status, 200);
    (folder, server)
}

/// What MapLibre makes of the operators that lamps are told with.
fn evaluate(expression: &Value, feature: &Value) -> Value {
    let Some([operator, rest @ ..]) = expression.as_array().map(Vec::as_slice) else {
        return expression.clone();
    };
    let value = |at: usize| evaluate(&rest[at], feature);
    let text = |at: usize| value(at).as_str().unwrap().to_owned();
    match operator.as_str().unwrap() {
        "get" => feature[text(0)].clone(),
        "has" => json!(!feature[text(0)].is_null()),
        "literal" => rest[0].clone(),
        "!" => json!(value(0) == false),
        "in" => json!(value(1).as_array().unwrap().contains(&value(0))),
        "<" => json!(text(0) < text(1)),
        "<=" => json!(text(0) <= text(1)),
        "case" => {
            let taken = rest.chunks_exact(2).find(|branch| evaluate(&branch[0], feature) == true);
            evaluate(taken.map_or(&rest[rest.len() - 1], |branch| &branch[1]), feature)
        }
        other => panic!("{other} is no operator of lamps"),
    }
}

#[test]
fn points_are_coloured_by_lamps_as_the_city_has_set_them() {
    let (_folder, server) = ledger();
    let get = |target: &str| {
        let answer = server.ask("GET", target, &[]);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    };
    let items = get("/collections/points/items?f=json").json();
    let point = &items["features"][0]["properties"];
    assert_eq!(point["deadline"], "2025-10-31T15:59:59.999Z");
    let closed = json!({ "state": "closed", "deadline": point["deadline"] });
    let undated = json!({ "state": "registered" });
    for (at, lamp) in [
        ("2025-10-01T15:59:59Z", "green"),
        ("2025-10-01", "yellow"),
        ("2025-10-31", "yellow"),
        ("2025-10-31T16:00:00Z", "red"),
    ] {
        let style = get(&format!("/styles/points?by=lamp&as-of={at}")).json();
        let layers = style["layers"].as_array().unwrap();
        let layer = layers.iter().find(|layer| layer["type"] == "circle").unwrap();
        let told = &layer["metadata"]["tuban:lamps"];
        assert_eq!(told["yellowDays"], 30);
        let colour = |of: &Value| evaluate(&layer["paint"]["circle-color"], of);
        assert_eq!(colour(point), told[lamp], "{at}");
        assert_eq!(colour(&closed), told["neither"], "{at}");
        assert_eq!(colour(&undated), told["neither"], "{at}");
        let tiles = style["sources"]["tuban"]["url"].as_str().unwrap();
        assert!(tiles.ends_with(&format!("/xyz/points/tilejson.json?as-of={at}")), "{tiles}");
    }
    let qgis = get("/styles/points?by=lamp&client=qgis").json();
    let colours: Vec<&Value> =
        qgis["layers"].as_array().unwrap().iter().map(|l| &l["paint"]["circle-color"]).collect();
    for colour in ["#c4c9cd", "#d62728", "#e0a100", "#2e9e4f"] {
        assert!(colours.contains(&&json!(colour)), "{colour} is not in {colours:?}");
    }
    let qml = get("/styles/points?by=lamp&f=qml").text().to_owned();
    assert!(qml.contains("RuleRenderer") && qml.contains("label=\"黄灯（30 天内到期）\""), "{qml}");
    for (target, words) in [
        ("/styles/points,point_events?by=lamp", "/styles/points"),
        ("/styles/point_events?by=lamp", "/styles/points"),
        ("/styles/points?by=state", "use one of: lamp"),
        ("/styles/points?as-of=2025-10-31", "by=lamp"),
        ("/styles/points?by=lamp&as-of=tomorrow", "2026-11-22"),
    ] {
        let answer = server.ask("GET", target, &[]);
        check_refusal(&answer, 400, "invalid_parameter", target);
        assert!(answer.text().contains(words), "{target}: {}", answer.text());
    }
}
