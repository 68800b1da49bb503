//! Indicators over HTTP and from the command line: a small ledger whose figures are known by hand,
//! answers that stay as of a meeting, tables that add up to the map, and an office's own template.

use std::path::Path;

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{event, report, submitted};
use crate::running::{Answer, Response, Server, folder_with, run};

/// A town is to clear 1000 m², of which it has cleared 120.5.
const TARGETS: &str = "[[targets]]\ntask = \"CW\"\nunit = \"110115001\"\nperiod = \"2025\"\n\
    indicator = \"completion_area\"\nplanned = 0.1\nunit_of_measure = \"万㎡\"\nperson = \"王五\"\n\
    [[clearings]]\ntask = \"CW\"\ndays = 60\n";

/// A served ledger with a town office and both checkers.
struct District {
    folder: tempfile::TempDir,
    server: Server,
    tokens: [String; 3],
}

fn register(point: u64, number: u64, unit: &str) -> Value {
    let more = json!({
        "task": "CW", "unit": unit, "due_at": "2025-10-31", "build_area_m2": 120.5
    });
    event(point, number, "register", "town", more)
}

impl District {
    fn new() -> Self {
        let folder = folder_with(&[("targets.toml", TARGETS.as_bytes())]);
        let place = folder.path();
        let targets = place.join("targets.toml");
        let settings = format!("[ledger]\ntargets = {:?}\n", targets.to_str().unwrap());
        std::fs::write(place.join("tuban.toml"), settings).unwrap();
        assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
        let tokens = ["town", "town_checker", "district_checker"].map(|role| {
            let added = run(place, &["user", "add", "s.gpkg", role, "--role", role]);
            assert_eq!(added.code, 0, "{}", added.err);
            run(place, &["user", "token", "s.gpkg", role]).out.trim().to_owned()
        });
        let config = place.join("tuban.toml");
        let arguments = ["--config", config.to_str().unwrap()];
        let server = Server::start(&place.join("s.gpkg"), &arguments);
        let district = Self { folder, server, tokens };
        // One point that is closed in time, one that waits, one that is begun, one only reported.
        let mut events = submitted(1, 1);
        events[1] = register(1, 2, "110115001");
        events.insert(4, event(1, 900, "progress", "town", json!({ "build_area_m2": 120.5 })));
        events[4]["occurred_at"] = json!("2025-09-01T00:04:30+08:00");
        events.extend([report(2, 10), register(2, 11, "110115001")]);
        events.extend([report(3, 20), register(3, 21, "110115002")]);
        events.push(event(3, 22, "dispatch", "town", json!({ "receiver": "城管队" })));
        events.push(event(3, 23, "accept", "town", json!({})));
        events.push(event(3, 24, "progress", "town", json!({ "build_area_m2": 40 })));
        events.push(report(4, 30));
        district.take(0, events);
        district.take(1, vec![event(1, 40, "town_verify", "town_checker", json!({}))]);
        let close = event(1, 41, "district_close", "district_checker", json!({ "proof": "site" }));
        district.take(2, vec![close]);
        district
    }

    /// Raises events of which all must be new; when they were recorded.
    fn take(&self, account: usize, mut events: Vec<Value>) -> String {
        if account == 0 {
            events.iter_mut().for_each(|event| event["role"] = json!("town"));
        }
        let bearer = format!("Bearer {}", self.tokens[account]);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = json!(events).to_string();
        let answer = self.server.change("POST", "/points/events", &headers, &body);
        for event in answer.json()["events"].as_array().unwrap() {
            assert_eq!(event["outcome"], "new", "{event}");
        }
        answer.json()["at"].as_str().unwrap().to_owned()
    }

    /// What an office of a town is answered.
    fn ask(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        let token = format!("Bearer {}", self.tokens[0]);
        let headers = [headers, &[("Authorization", token.as_str())]].concat();
        self.server.ask("GET", target, &headers)
    }

    fn get(&self, target: &str) -> Response {
        let answer = self.ask(target, &[]);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    }

    /// The answer without links.
    fn json(&self, target: &str) -> Value {
        let mut document = self.get(target).json();
        document.as_object_mut().unwrap().remove("links").unwrap();
        document
    }

    fn tell(&self, arguments: &[&str]) -> Answer {
        let told = run(self.folder.path(), &[&["indicators", "s.gpkg"], arguments].concat());
        assert_eq!(told.code, 0, "{arguments:?}: {}", told.err);
        told
    }
}

/// Numerator, denominator and value of an indicator for each row, by unit.
fn figures(document: &Value, code: &str) -> Vec<(Value, Value, Value, Value)> {
    let rows = document["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let figure = &row["figures"][code];
        let part = |name: &str| figure[name].clone();
        (row["unit"].clone(), part("numerator"), part("denominator"), part("value"))
    })
    .collect()
}

#[test]
fn figures_are_those_counted_by_hand() {
    let district = District::new();
    let told = district.get("/indicators?year=2025");
    let document = told.json();
    assert_eq!(told.header("tuban-revision").unwrap(), document["revision"].to_string());
    let window = &document["window"];
    assert_eq!(
        (&window["from"], &window["to"], &window["default"]),
        (&json!("2025-01-01"), &json!("2025-12-31"), &json!(false))
    );
    let (one, other) = ("110115001", "110115002");
    let row = |unit: Value, above, below, value| (unit, above, below, value);
    for (code, expected) in [
        (
            "closing_rate",
            [
                row(json!("110115"), json!(1), json!(3), json!(33.33)),
                row(json!(one), json!(1), json!(2), json!(50)),
                row(json!(other), json!(0), json!(1), json!(0)),
                row(Value::Null, json!(0), json!(0), Value::Null),
            ],
        ),
        (
            "in_time_rate",
            [
                row(json!("110115"), json!(1), json!(3), json!(33.33)),
                row(json!(one), json!(1), json!(2), json!(50)),
                row(json!(other), json!(0), json!(1), json!(0)),
                row(Value::Null, json!(0), json!(0), Value::Null),
            ],
        ),
        (
            "completion_area",
            [
                row(json!("110115"), json!(160.5), json!(1000), json!(16.05)),
                row(json!(one), json!(120.5), json!(1000), json!(12.05)),
                row(json!(other), json!(40), Value::Null, Value::Null),
                row(Value::Null, json!(0), json!(0), Value::Null),
            ],
        ),
        (
            "new_points",
            [
                row(json!("110115"), json!(3), Value::Null, json!(3)),
                row(json!(one), json!(2), Value::Null, json!(2)),
                row(json!(other), json!(1), Value::Null, json!(1)),
                row(Value::Null, json!(0), Value::Null, json!(0)),
            ],
        ),
    ] {
        let found = figures(&document, code);
        assert_eq!(found, expected, "{code}");
    }
    let rows = &document["rows"];
    let no_value = &rows[2]["figures"]["completion_area"]["noValue"];
    assert_eq!(no_value, &json!({ "code": "no_target", "reason": "无目标值" }));
    let definition = &document["indicators"][1];
    assert_eq!(
        (&definition["code"], &definition["basisName"]),
        (&json!("closing_rate"), &json!("自拟口径"))
    );
    assert!(definition["definition"].as_str().unwrap().starts_with("销账率 = "), "{definition}");
    assert_eq!((&document["units"], &document["tasks"]), (&json!("codes"), &json!(["CW"])));
    // A town is a whole of its own; another task has no point; another year none that is new.
    let town = district.json(&format!("/indicators?year=2025&unit={one}&depth=0"));
    assert_eq!(figures(&town, "closing_rate"), [row(json!(one), json!(1), json!(2), json!(50))]);
    let other_task = district.json("/indicators?year=2025&task=KQ&depth=0");
    assert_eq!(figures(&other_task, "closing_rate")[0].2, json!(0));
    let now = district.json("/indicators?depth=0");
    assert_eq!(now["window"]["default"], true);
    assert_eq!(figures(&now, "new_points")[0].1, json!(0));
    assert_eq!(figures(&now, "overdue_rate")[0].3, json!(100), "what is open is long overdue");
    let narrow = district.json("/indicators?from=2025-09-02&to=2025-12-31&depth=0");
    assert_eq!(figures(&narrow, "new_points")[0].1, json!(0), "all were registered the day before");
    let ranked = district.json("/indicators?year=2025&rank=closing_rate");
    let places = ranked["ranking"]["units"].as_array().unwrap();
    assert_eq!((&places[0]["unit"], &places[0]["place"]), (&json!(one), &json!(1)));
    assert_eq!((&places[1]["unit"], &places[1]["value"]), (&json!(other), &json!(0)));
}

#[test]
fn targets_tell_lamps_and_reasons_and_no_person() {
    let district = District::new();
    let document = district.json("/targets?year=2025");
    let targets = document["targets"].as_array().unwrap();
    let town = targets.iter().find(|one| one["unit"] == "110115001").unwrap();
    assert_eq!((&town["planned"], &town["done"]), (&json!(1000), &json!(120.5)));
    assert_eq!((&town["ratePercent"], &town["timePercent"]), (&json!(12.05), &json!(100)));
    assert_eq!(town["lamp"], "red");
    let reason = town["reason"].as_str().unwrap();
    assert!(reason.contains("完成 12.05%") && reason.contains("自拟口径"), "{reason}");
    assert!(targets.iter().all(|one| one["unit"] != "110115002"), "it has no target");
    // What is to be cleared as it comes: one point of the first town is closed, one waits since then.
    let cleared = document["clearings"].as_array().unwrap();
    let of = |unit: &str| cleared.iter().find(|one| one["unit"] == unit).unwrap();
    let whole = of("110115");
    assert_eq!(
        (&whole["task"], &whole["open"], &whole["closed"]),
        (&json!("CW"), &json!(2), &json!(1))
    );
    let parts = ["110115001", "110115002"].map(|unit| of(unit)["open"].clone());
    assert_eq!(parts, [json!(1), json!(1)]);
    assert_eq!((&whole["days"], &whole["lamp"]), (&json!(60), &json!("red")));
    assert!(whole["reason"].as_str().unwrap().starts_with("动态清零：在账 2，其中超过 60 天的 2"));
    let page = district.get("/targets?year=2025&f=html");
    assert!(page.text().contains("<h2>动态清零</h2>"), "{}", page.text());
    for f in ["json", "html", "csv"] {
        let answer = district.get(&format!("/targets?year=2025&f={f}"));
        assert!(!answer.text().contains("王五"), "a person is of class L2: {}", answer.text());
        assert!(answer.text().contains("12.05"), "{}", answer.text());
    }
    assert_eq!(district.json("/targets?year=2024")["targets"], json!([]));
}

#[test]
fn what_a_meeting_was_told_stays_after_a_late_batch() {
    let district = District::new();
    std::thread::sleep(std::time::Duration::from_millis(20));
    // A moment of the meeting, after all that was recorded.
    let late = vec![report(5, 50), register(5, 51, "110115002")];
    let before = district.json("/indicators?year=2025");
    let at = before["asOf"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let then = district.json(&format!("/indicators?year=2025&as-of={at}"));
    assert_eq!(then, before);
    let recorded = district.take(0, late);
    assert!(recorded > at, "{recorded} {at}");
    district.take(0, vec![event(3, 52, "progress", "town", json!({ "build_area_m2": 60 }))]);
    assert_eq!(district.json(&format!("/indicators?year=2025&as-of={at}")), then);
    let after = district.json("/indicators?year=2025");
    assert!(after["revision"].as_u64() > then["revision"].as_u64());
    assert_eq!(figures(&after, "new_points")[0].1, json!(4));
    assert_eq!(figures(&after, "completion_area")[0].1, json!(220.5));
    // What was told wrong is told anew: the meeting's figures stay, today's are the corrected ones.
    let wrong = district.json(&format!("/points/{}/trace", crate::points_town::uuid(3)));
    let wrong = wrong["events"].as_array().unwrap().iter().rfind(|one| one["kind"] == "progress");
    let correction = json!({
        "to_event": wrong.unwrap()["id"], "build_area_m2": 45.5, "reason": "复核丈量"
    });
    district.take(0, vec![event(3, 53, "correct", "town", correction)]);
    assert_eq!(district.json(&format!("/indicators?year=2025&as-of={at}")), then);
    let corrected = district.json("/indicators?year=2025");
    assert_eq!(figures(&corrected, "completion_area")[0].1, json!(206));
    let early = district.json("/indicators?year=2025&as-of=2020-01-01&depth=0");
    assert_eq!(figures(&early, "new_points")[0].1, json!(0));
    // A clerk is told the same.
    let twin = district.tell(&["--year", "2025", "--as-of", &at, "--config", "tuban.toml"]);
    assert_eq!(serde_json::from_str::<Value>(&twin.out).unwrap(), then);
    let twin = district.tell(&["--targets", "--year", "2025", "--as-of", &at]);
    let targets = district.json(&format!("/targets?year=2025&as-of={at}"));
    assert_eq!(serde_json::from_str::<Value>(&twin.out).unwrap(), targets);
    let out = ["--year", "2025", "--as-of", &at, "--out", "told.csv"];
    assert!(district.tell(&out).out.contains("told.csv: revision "));
    let written = std::fs::read(district.folder.path().join("told.csv")).unwrap();
    let served = district.get(&format!("/indicators?year=2025&as-of={at}&f=csv"));
    assert_eq!(written, served.body);
    assert_eq!(served.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
}

/// The cells of a line of CSV without quotes.
fn cells(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

#[test]
fn tables_add_up_to_the_points_on_the_map() {
    let district = District::new();
    let answer = district.get("/indicators?year=2025&f=csv");
    let text = answer.text().trim_start_matches('\u{feff}');
    let lines: Vec<&str> = text.lines().collect();
    let heading = cells(lines[0]);
    let below = heading.iter().position(|name| *name == "销账率 分母").unwrap();
    let mut sum = 0;
    for (line, unit) in [(1, "110115"), (2, "110115001"), (3, "110115002")] {
        let row = cells(lines[line]);
        assert_eq!(row[0], unit);
        let filter = format!("registered_at IS NOT NULL AND unit LIKE '{unit}%'");
        let filter = filter.replace(' ', "%20").replace('%', "%25").replace("%2520", "%20");
        let target = format!("/collections/points/items?limit=1&filter={filter}");
        let map = district.get(&target);
        assert_eq!(map.header("tuban-revision"), answer.header("tuban-revision"));
        let counted: u64 = row[below].parse().unwrap();
        assert_eq!(map.json()["numberMatched"], counted, "{unit}");
        sum += if line == 1 { 0 } else { counted };
    }
    assert_eq!(sum.to_string(), cells(lines[1])[below], "towns and 未落界 make the district");
    assert_eq!((cells(lines[4])[1], cells(lines[4])[below]), ("未落界", "0"));
    let page = district.get("/indicators?year=2025&f=html&rank=closing_rate");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for part in ["<h2>指标</h2>", "<h2>排名 销账率</h2>", "未落界", "33.33", "—（无目标值）"]
    {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let accepted = [("Accept", "text/html")];
    let same = district.ask("/indicators?year=2025", &accepted);
    assert_eq!(same.header("content-type"), Some("text/html; charset=utf-8"));
}

/// The rows of the first sheet of a workbook, cell by cell.
fn sheet(path: &Path) -> Vec<Vec<String>> {
    let mut layers = formats::open(path, &formats::ReadOptions::default()).unwrap();
    let rows = layers[0].next_rows(100).unwrap();
    let shown = |value: &spatial::Value| match value {
        spatial::Value::Null => String::new(),
        spatial::Value::Int(number) => number.to_string(),
        spatial::Value::Real(number) => number.to_string(),
        spatial::Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let row = |row: &formats::Row| {
        let feature = row.feature.as_ref().unwrap();
        feature.properties.iter().map(shown).collect()
    };
    rows.iter().map(row).collect()
}

#[test]
fn workbooks_read_back_and_an_office_has_its_own_filled() {
    let district = District::new();
    let place = district.folder.path();
    let answer = district.get("/targets?year=2025&f=xlsx");
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"targets-"), "{disposition}");
    std::fs::write(place.join("served.xlsx"), &answer.body).unwrap();
    let rows = sheet(&place.join("served.xlsx"));
    let flat: Vec<&String> = rows.iter().flatten().collect();
    for cell in ["110115001", "120.5", "1000", "12.05"] {
        assert!(flat.iter().any(|one| *one == cell), "{cell}: {rows:?}");
    }
    let asking = spatial::Table {
        title: "月报".to_owned(),
        columns: ["单位", "销账率", "一镇销账率", "新增", "目标"]
            .map(spatial::TableColumn::named)
            .to_vec(),
        rows: vec![
            [
                "{{unit}}",
                "{{closing_rate}}",
                "{{closing_rate.110115001}}",
                "{{new_points}}",
                "{{denominator.completion_area}}",
            ]
            .map(Into::into)
            .to_vec(),
        ],
        notes: Vec::new(),
    };
    let template = formats::report::workbook(&[asking]).unwrap();
    std::fs::write(place.join("office.xlsx"), template).unwrap();
    let filled = ["--year", "2025", "--template", "office.xlsx", "--out", "month.xlsx"];
    let told = district.tell(&filled);
    assert!(told.out.contains("5 cells filled"), "{}", told.out);
    assert_eq!(sheet(&place.join("month.xlsx")), [["110115", "33.33", "50", "3", "1000"]]);
    let astray = ["--year", "2025", "--template", "office.xlsx", "--out", "month.csv"];
    let refused = run(place, &[&["indicators", "s.gpkg"], &astray[..]].concat());
    assert_eq!((refused.code, refused.err.contains("ends in .xlsx")), (1, true), "{}", refused.err);
}

#[test]
fn units_of_administration_have_names_and_validity() {
    let district = District::new();
    let place = district.folder.path();
    let unit = |code: &str, name: &str, level: &str, parent: Value, until: Value| {
        let properties = json!({
            "code": code, "name": name, "level": level, "parent": parent, "valid_to": until
        });
        json!({ "type": "Feature", "geometry": null, "properties": properties }).to_string()
    };
    let before = district.json("/indicators?year=2025");
    let at = before["asOf"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let units = [
        unit("110115", "大兴区", "区", Value::Null, Value::Null),
        unit("110115001", "兴丰街道", "街道", json!("110115"), Value::Null),
        unit("110115002", "旧街道", "街道", json!("110115"), json!("2025-12-01")),
    ];
    std::fs::write(place.join("units.geojsonl"), units.join("\n")).unwrap();
    assert_eq!(run(place, &["places", "init", "s.gpkg"]).code, 0);
    let loaded = ["import", "s.gpkg", "units.geojsonl", "--collection", "admin_units", "--append"];
    let loaded = run(place, &loaded);
    assert_eq!(loaded.code, 0, "{}", loaded.err);
    let document = district.json("/indicators?year=2025");
    assert_eq!(document["units"], "admin_units");
    let row = |at: usize| {
        let row = &document["rows"][at];
        (row["name"].clone(), row["figures"]["new_points"]["numerator"].clone())
    };
    assert_eq!(row(0), (json!("大兴区"), json!(3)));
    assert_eq!(row(1), (json!("兴丰街道"), json!(2)));
    // The other one is a unit no more; its point is still the district's.
    assert_eq!(row(2), (json!("未落界"), json!(1)));
    assert_eq!(document["rows"].as_array().unwrap().len(), 3);
    let gone = district.ask("/indicators?unit=110115002", &[]);
    check_refusal(&gone, 400, "invalid_parameter", "a unit that is gone");
    assert_eq!(district.json(&format!("/indicators?year=2025&as-of={at}")), before);
    // Targets of the unit that is gone do not count, and are told.
    let targets = TARGETS.replace("110115001", "110115002");
    std::fs::write(place.join("targets.toml"), &targets).unwrap();
    let told = district.tell(&["--targets", "--year", "2025"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["targets"], &told["leftOut"][0]["unit"]), (&json!([]), &json!("110115002")));
    // Those of a unit that never was are refused.
    std::fs::write(place.join("targets.toml"), targets.replace("110115002", "110115999")).unwrap();
    for arguments in
        [&["indicators", "s.gpkg"][..], &["serve", "s.gpkg", "--listen", "127.0.0.1:0", "--public"]]
    {
        if arguments[0] == "serve" {
            district.server.signal("-TERM");
            std::thread::sleep(std::time::Duration::from_millis(1500));
        }
        let refused = run(place, arguments);
        assert_eq!(refused.code, 1, "{}", refused.out);
        let expected = "target 1, unit: \"110115999\" is the code of no unit";
        assert!(refused.err.contains(expected), "{}", refused.err);
    }
}

#[test]
fn other_questions_are_refused_with_a_way_out() {
    let district = District::new();
    for (query, part) in [
        ("year=26", "is no year 2026"),
        ("year=2026&from=2026-01-01", "send the one or the others"),
        ("from=2026-02-02&to=2026-02-01", "is a day before from"),
        ("unit=999", "there are for example 110115"),
        ("rank=speed", "there are new_points, closing_rate"),
        ("depth=-1", "from 0 to 4"),
        ("as-of=now", "is no date"),
        ("f=pdf", "json, csv, xlsx, html"),
        ("town=1", "unknown"),
    ] {
        for path in ["/indicators", "/targets"] {
            let answer = district.ask(&format!("{path}?{query}"), &[]);
            check_refusal(&answer, 400, "invalid_parameter", query);
            assert!(answer.text().contains(part), "{part}: {}", answer.text());
        }
    }
    for (path, part) in [
        ("/indicators?focus-area=p1", "is the code of no focus area on"),
        ("/targets?focus-area=p1", "has no targets: these are of units; ask /indicators about it"),
    ] {
        let answer = district.ask(path, &[]);
        check_refusal(&answer, 400, "invalid_parameter", path);
        assert!(answer.text().contains(part), "{part}: {}", answer.text());
    }
    let plain = district.ask("/indicators/closing_rate/style", &[]);
    check_refusal(&plain, 404, "style_not_found", "no units of administration");
    assert_eq!(district.server.ask("GET", "/indicators/closing_rate/style", &[]).status, 401);
    assert_eq!(district.server.ask("POST", "/indicators", &[]).status, 401);
    let folder = folder_with(&[("bad.toml", "[ledger]\nindicators = \"none.toml\"\n".as_bytes())]);
    let place = folder.path();
    assert_eq!(run(place, &["places", "init", "s.gpkg"]).code, 0);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    check_refusal(&server.get("/indicators"), 404, "no_ledger", "no ledger");
    assert!(server.get("/api").json()["paths"]["/indicators"].is_null());
    drop(server);
    let serve = ["serve", "s.gpkg", "--listen", "127.0.0.1:0", "--config", "bad.toml"];
    let refused = run(place, &serve);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("none.toml: "), "{}", refused.err);
    let refused = run(place, &["indicators", "s.gpkg"]);
    assert_eq!((refused.code, refused.err.contains("tuban ledger init")), (1, true));
}
