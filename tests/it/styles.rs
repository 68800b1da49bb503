//! Styles of the ledger: points by their lamps, by the days that the city has set, and units by an
//! indicator.

use serde_json::{Value, json};

use crate::areas_town::add;
use crate::edit_town::check_refusal;
use crate::points_town::{Town, register, report};
use crate::running::{Server, folder_with, run};

/// A served ledger whose lamps are yellow for thirty days, with a point that is due on 2025-10-31.
fn ledger() -> Town {
    let folder = folder_with(&[("tuban.toml", b"[ledger]\nyellow_days = 30\n")]);
    let place = folder.path();
    for what in ["ledger", "places"] {
        assert_eq!(run(place, &[what, "init", "s.gpkg"]).code, 0);
    }
    let config = place.join("tuban.toml").display().to_string();
    let server = Server::start(&place.join("s.gpkg"), &["--config", &config]);
    let town = Town { folder, server };
    town.take(&[report(1, 1), register(1, 2)]);
    town
}

/// A district of three towns, of which the first has three points and the second one; the second was
/// drawn anew.
fn district() -> Town {
    let town = ledger();
    let square = json!({ "type": "MultiPolygon", "coordinates": [[[
        [116.3, 39.7], [116.4, 39.7], [116.4, 39.8], [116.3, 39.8], [116.3, 39.7]
    ]]] });
    let unit = |code: &str, from: &str, to: Option<&str>| {
        let (level, parent) = match code.len() {
            6 => ("区", None),
            _ => ("街乡镇", Some("110115")),
        };
        let unit = json!({
            "code": code, "name": format!("{code}镇"), "level": level, "parent": parent,
            "valid_from": from, "valid_to": to
        });
        add(&town, "admin_units", &unit, &square);
    };
    unit("110115", "2020-01-01", None);
    unit("110115001", "2020-01-01", None);
    unit("110115002", "2020-01-01", Some("2021-01-01"));
    unit("110115002", "2021-01-01", None);
    unit("110115003", "2020-01-01", None);
    for (point, code) in [(2, "110115001"), (3, "110115001"), (4, "110115002")] {
        let mut events = [report(point, 10 * point), register(point, 10 * point + 1)];
        events.iter_mut().for_each(|event| event["unit"] = json!(code));
        town.take(&events);
    }
    town
}

/// What MapLibre makes of the operators that these styles are told with.
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
        "all" => json!((0..rest.len()).all(|at| value(at) == true)),
        "any" => json!((0..rest.len()).any(|at| value(at) == true)),
        "match" => {
            let (input, branches) = (value(0), rest[1..].chunks_exact(2));
            let mut taken = branches.filter(|one| one[0].as_array().unwrap().contains(&input));
            taken.next().map_or(&rest[rest.len() - 1], |one| &one[1]).clone()
        }
        ">" => json!(text(0) > text(1)),
        "<" => json!(text(0) < text(1)),
        "<=" => json!(text(0) <= text(1)),
        "case" => {
            let taken = rest.chunks_exact(2).find(|branch| evaluate(&branch[0], feature) == true);
            evaluate(taken.map_or(&rest[rest.len() - 1], |branch| &branch[1]), feature)
        }
        other => panic!("{other} is no operator of these styles"),
    }
}

#[test]
fn points_are_coloured_by_lamps_as_the_city_has_set_them() {
    let Town { folder: _folder, server } = ledger();
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

#[test]
fn units_are_coloured_by_the_classes_of_their_figures() {
    let town = district();
    let get = |target: &str| {
        let answer = town.server.ask("GET", target, &[]);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    };
    let units = get("/collections/admin_units/items?f=json").json();
    let units = units["features"].as_array().unwrap();
    // Code and first day of what is drawn, with its colour, and what the legend says.
    let check = |target: &str, drawn: &[(&str, &str, &str)], legend: &[&str]| {
        let style = get(target).json();
        let layer = &style["layers"][1];
        let colour = &layer["paint"]["fill-color"];
        let coloured = units.iter().map(|unit| &unit["properties"]).filter_map(|unit| {
            let is_drawn = evaluate(&layer["filter"], unit) == true;
            is_drawn.then(|| {
                let text = |name: &str| unit[name].as_str().unwrap().to_owned();
                (
                    text("code"),
                    text("valid_from"),
                    evaluate(colour, unit).as_str().unwrap().to_owned(),
                )
            })
        });
        let expected = drawn.iter().map(|(code, from, colour)| {
            (format!("110115{code}"), (*from).to_owned(), (*colour).to_owned())
        });
        assert_eq!(coloured.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{target}");
        assert_eq!(layer["metadata"]["tuban:legend"]["zh"], json!(legend), "{target}");
    };
    let (least, second, most, none) = ("#fde725", "#5ec962", "#440154", "#c4c9cd");
    let early = "2020-01-01";
    check(
        "/indicators/new_points/style?year=2025",
        &[("001", early, most), ("002", "2021-01-01", second), ("003", early, least)],
        &["0–0.6 处", "0.6–1.2 处", "2.4–3 处", "无数值"],
    );
    check(
        "/indicators/closing_rate/style?year=2026&depth=1",
        &[("001", early, least), ("002", "2021-01-01", least), ("003", early, none)],
        &["0 %", "无数值"],
    );
    check(
        "/indicators/closing_rate/style?year=2020&depth=1",
        &[("001", early, none), ("002", "2021-01-01", none), ("003", early, none)],
        &["无数值"],
    );
    check(
        "/indicators/new_points/style?year=2025&depth=0",
        &[("", early, least)],
        &["4 处", "无数值"],
    );
    check(
        "/indicators/new_points/style?year=2025&unit=110115001&depth=0",
        &[("001", early, least)],
        &["3 处", "无数值"],
    );
    let qgis = get("/indicators/new_points/style?year=2025&client=qgis").json();
    let labels = &qgis["layers"][0]["paint"]["fill-color"][2];
    assert_eq!(labels, &json!(["110115003"]), "{qgis}");
    let qml = get("/indicators/new_points/style?year=2025&f=qml").text().to_owned();
    assert!(qml.contains("label=\"新增挂账 0.6–1.2 处\""), "{qml}");
    for (target, status, code, words) in [
        ("/indicators/speed/style", 404, "style_not_found", "new_points, closing_rate"),
        (
            "/indicators/new_points/style?year=2025&depth=2",
            400,
            "invalid_parameter",
            "send a smaller number",
        ),
        ("/indicators/new_points/style?rank=open", 400, "invalid_parameter", "unknown"),
        (
            "/indicators/new_points/style?year=2025&unit=999",
            400,
            "invalid_parameter",
            "there are for example",
        ),
        ("/indicators/new_points/style?f=html", 400, "invalid_parameter", "mapbox, json, qml"),
    ] {
        let answer = town.server.ask("GET", target, &[]);
        check_refusal(&answer, status, code, target);
        assert!(answer.text().contains(words), "{target}: {}", answer.text());
    }
}
