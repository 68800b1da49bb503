//! Information shared beyond the timeline: calls of departments, orders of citizens and down the
//! levels, decisions, and the sums that indicators ask of them.

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, register, report, uuid};
use crate::running::{Response, Server, run};

/// A district of two towns side by side, with every collection of calls, outlets and land.
pub fn district() -> Town {
    let mut town = Town::new();
    let place = town.folder.path();
    for arguments in [
        &["places", "init", "s.gpkg"][..],
        &[
            "ledger",
            "add",
            "s.gpkg",
            "complaints",
            "whistles",
            "arrivals",
            "orders",
            "meetings",
            "decisions",
            "progress_reports",
            "surveys",
            "outlets",
            "land_releases",
        ],
    ] {
        let made = run(place, arguments);
        assert_eq!(made.code, 0, "{}", made.err);
    }
    town = town.restarted();
    add_unit(&town, "110115", "区", None, [116.3, 116.5]);
    add_unit(&town, "110115001", "街乡镇", Some("110115"), [116.3, 116.4]);
    add_unit(&town, "110115002", "街乡镇", Some("110115"), [116.4, 116.5]);
    town
}

fn add_unit(town: &Town, code: &str, level: &str, parent: Option<&str>, [west, east]: [f64; 2]) {
    let properties = json!({
        "code": code, "name": code, "level": level, "parent": parent, "valid_from": "2020-01-01"
    });
    add(town, "admin_units", properties, Some(rectangle([west, 39.7, east, 39.8])));
}

fn rectangle([west, south, east, north]: [f64; 4]) -> Value {
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    json!({ "type": "MultiPolygon", "coordinates": [[ring]] })
}

/// Adds a row as any OGC client does; its id.
pub fn add(town: &Town, collection: &str, properties: Value, geometry: Option<Value>) -> String {
    let feature = json!({ "type": "Feature", "properties": properties, "geometry": geometry });
    let target = format!("/collections/{collection}/items");
    let body = feature.to_string();
    let answer = town.server.post_as(&target, "application/geo+json", body.as_bytes());
    assert_eq!(answer.status, 201, "{collection}: {}", answer.text());
    let place = answer.header("location").unwrap();
    place.rsplit('/').next().unwrap().to_owned()
}

fn point(lon: f64) -> Option<Value> {
    Some(json!({ "type": "Point", "coordinates": [lon, 39.75] }))
}

/// What an indicator comes to by unit, 未落界 under an empty code: numerator, denominator, value.
pub fn figures(document: &Value, code: &str) -> Vec<(String, Value, Value, Value)> {
    let rows = document["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let figure = &row["figures"][code];
        let unit = row["unit"].as_str().unwrap_or_default().to_owned();
        let part = |name: &str| figure[name].clone();
        (unit, part("numerator"), part("denominator"), part("value"))
    })
    .collect()
}

fn indicators(town: &Town, query: &str) -> Value {
    let answer = town.server.get(&format!("/indicators?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Parts and 未落界 make the whole, of sums above and below the line.
fn check_parts(document: &Value, code: &str) {
    let rows = figures(document, code);
    for side in [1, 2] {
        let amount = |row: &(String, Value, Value, Value)| {
            let value = if side == 1 { &row.1 } else { &row.2 };
            value.as_f64().map(|value| (value * 100.0).round() as i64)
        };
        let parts: Option<i64> = rows[1..].iter().map(amount).sum();
        assert_eq!(amount(&rows[0]), parts, "{code}: {rows:?}");
    }
}

#[test]
fn rates_of_records_are_those_counted_from_the_rows() {
    let town = district();
    // Longitude, answered, solved, satisfied, of one day in 2025; the last lies in no town.
    let orders = [
        (116.35, true, true, Some(true)),
        (116.36, true, false, Some(false)),
        (116.45, true, true, None),
        (116.46, false, false, None),
        (117.2, true, true, Some(true)),
    ];
    for (number, (lon, responded, resolved, satisfied)) in orders.iter().enumerate() {
        let time = |done: &bool, day: u32| done.then(|| format!("2025-09-{day:02}T01:00:00Z"));
        let properties = json!({
            "code": format!("D{number}"), "occurred_at": "2025-09-01T01:00:00Z",
            "responded_at": time(responded, 2), "resolved_at": time(resolved, 9),
            "satisfied": satisfied
        });
        add(&town, "complaints", properties, point(*lon));
    }
    let told = indicators(&town, "year=2025");
    let row = |unit: &str, above: i64, below: i64, value: Value| {
        (unit.to_owned(), json!(above), json!(below), value)
    };
    assert_eq!(
        figures(&told, "response_rate"),
        [
            row("110115", 4, 5, json!(80)),
            row("110115001", 2, 2, json!(100)),
            row("110115002", 1, 2, json!(50)),
            row("", 1, 1, json!(100)),
        ]
    );
    assert_eq!(figures(&told, "resolution_rate")[0], row("110115", 3, 5, json!(60)));
    assert_eq!(figures(&told, "satisfaction_rate")[0], row("110115", 2, 3, json!(66.67)));
    let sums = told["sums"].as_array().unwrap();
    let said = sums.iter().find(|sum| sum["name"] == "期内诉求已响应").unwrap();
    assert_eq!(
        said["definition"],
        "期内诉求已响应 = complaints 的行数（occurred_at 在期内且responded_at 在期末前），按落界归属"
    );
    // Another year has none; one task has no such rates; patrols are not kept here.
    assert_eq!(figures(&indicators(&town, "year=2024"), "response_rate")[0].2, json!(0));
    let of_task = indicators(&town, "year=2025&task=CW");
    let reason = &of_task["rows"][0]["figures"]["response_rate"]["noValue"];
    assert_eq!(reason["code"], "not_given");
    assert_eq!(told["rows"][0]["figures"]["patrolled"]["noValue"]["code"], "not_given");
    for code in ["response_rate", "resolution_rate", "satisfaction_rate"] {
        check_parts(&told, code);
    }
    // Surveys name their unit; outlets are counted by opening and closing.
    for (code, unit, asked, satisfied) in [("S1", "110115001", 40, 30), ("S2", "110115", 10, 10)] {
        let properties = json!({
            "code": code, "unit": unit, "held": "2025-06-01", "asked": asked,
            "satisfied": satisfied
        });
        add(&town, "surveys", properties, None);
    }
    for (code, opened, closed, lon) in [
        ("W1", "2025-03-01", None, 116.35),
        ("W2", "2024-03-01", Some("2025-04-01"), 116.45),
        ("W3", "2025-03-01", Some("2025-04-01"), 116.45),
    ] {
        let properties = json!({ "code": code, "opened": opened, "closed": closed });
        add(&town, "outlets", properties, point(lon));
    }
    let told = indicators(&town, "year=2025");
    let satisfied = figures(&told, "survey_satisfaction");
    assert_eq!(satisfied[0], row("110115", 40, 50, json!(80)));
    assert_eq!(satisfied[3], row("", 10, 10, json!(100)), "the district itself is in no town");
    let net: Vec<Value> = figures(&told, "outlets_net").into_iter().map(|row| row.3).collect();
    assert_eq!(net, [json!(0), json!(1), json!(-1), json!(0)]);
    check_parts(&told, "survey_satisfaction");
}

#[test]
fn vacated_land_counts_once_and_towns_add_up_to_the_union() {
    let town = district();
    let plots = [
        // Two that overlap in one town, one across the border over the first, one outside.
        ("T1", [116.38, 39.75, 116.392, 39.751], "2025-02-01", Some(("2025-05-01", 5_000.0))),
        ("T2", [116.385, 39.75, 116.395, 39.751], "2025-11-01", None),
        ("T3", [116.39, 39.7505, 116.42, 39.7515], "2025-02-01", None),
        ("T4", [117.1, 39.75, 117.101, 39.751], "2025-02-01", None),
    ];
    for (code, area, released, greened) in plots {
        let properties = json!({
            "code": code, "released_at": released, "done": greened.map(|(done, _)| done),
            "greened_m2": greened.map(|(_, area)| area)
        });
        add(&town, "land_releases", properties, Some(rectangle(area)));
    }
    let told = indicators(&town, "year=2025");
    let rows = figures(&told, "released_land");
    let union = |filter: &str| {
        let request = json!({
            "return": "aggregate", "aggregates": [{ "op": "unionArea" }], "filter": filter
        });
        let answer = town.server.post("/collections/land_releases/search", &request.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().to_string()
    };
    let area = |text: &str| -> f64 {
        let at = text.find("unionArea").unwrap_or_else(|| panic!("{text}"));
        let digits = text[at..].find(|c: char| c.is_ascii_digit()).unwrap() + at;
        let end = text[digits..].find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap();
        text[digits..digits + end].parse().unwrap()
    };
    let all = area(&union("code IS NOT NULL"));
    let whole = rows[0].1.as_f64().unwrap();
    assert!((whole - all).abs() < 0.05, "{whole} {all}");
    let hectares = rows[0].3.as_f64().unwrap();
    assert!((hectares - all / 10_000.0).abs() < 0.01, "{hectares}");
    check_parts(&told, "released_land");
    // Simply added up it would be more.
    let each: f64 =
        ["T1", "T2", "T3", "T4"].iter().map(|code| area(&union(&format!("code = '{code}'")))).sum();
    assert!(each > whole + 1_000.0, "{each} {whole}");
    assert_eq!(figures(&told, "greened_land")[0].1, json!(5_000));
    // By the end of September T2 is not released, T1 is done; the others wait longer than 180 days.
    let told = indicators(&town, "from=2025-01-01&to=2025-09-30");
    let idle = figures(&told, "idle_rate");
    let waiting = area(&union("code IN ('T3','T4')"));
    assert!((idle[0].1.as_f64().unwrap() - waiting).abs() < 0.05, "{idle:?}");
    let released = area(&union("code <> 'T2'"));
    assert!((idle[0].2.as_f64().unwrap() - released).abs() < 0.05, "{idle:?}");
    check_parts(&told, "idle_rate");
    check_parts(&told, "greening_rate");
}

fn call(code: Option<&str>) -> Value {
    let mut body = json!({
        "caller": "110115001", "subject": "占道经营反复", "point": "110115001-CW-2025-00001",
        "called_at": "2025-09-02T09:00:00+08:00", "departments": ["urban", "police"]
    });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    body
}

fn post(server: &Server, target: &str, body: &Value, token: &str) -> Response {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("Content-Type", "application/json")];
    if !token.is_empty() {
        headers.push(("Authorization", &bearer));
    }
    server.change("POST", target, &headers, &body.to_string())
}

#[test]
fn a_call_is_made_once_departments_come_once_and_its_timeline_tells_all() {
    let bare = Town::new();
    check_refusal(&post(&bare.server, "/whistles", &call(None), ""), 404, "no_whistles", "none");
    drop(bare);
    let town = district();
    town.take(&[report(1, 1), register(1, 2)]);
    let tell = |target: &str, body: Value| post(&town.server, target, &body, "");
    let made = tell("/whistles", call(Some("CS-A")));
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(made.header("location").unwrap().ends_with("/whistles/CS-A"));
    assert_eq!(made.json()["missing"], json!(["urban", "police"]));
    let revision = made.json()["revision"].clone();
    let again = tell("/whistles", call(Some("CS-A")));
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("again")));
    assert_eq!(again.json()["revision"], revision, "nothing was written");
    let mut other = call(Some("CS-A"));
    other["departments"] = json!(["urban"]);
    check_refusal(&tell("/whistles", other), 409, "whistle_conflict", "another call");
    // The place of the point is that of the call, so that it lies in its town.
    let items = town.server.get("/collections/whistles/items").json();
    assert_eq!(items["features"][0]["properties"]["town"], "110115001");
    assert_eq!(town.server.get("/collections/arrivals/items").json()["numberMatched"], 2);
    // Without a code the server gives numbers, day by day.
    for number in ["CS-20250902-0001", "CS-20250902-0002"] {
        assert_eq!(tell("/whistles", call(None)).json()["code"], number);
    }
    let mut faulty = call(None);
    faulty["departments"] = json!(["urban", "urban", 7]);
    faulty["caller"] = Value::Null;
    faulty["when"] = json!("now");
    let defects = check_refusal(&tell("/whistles", faulty), 422, "invalid_features", "defects");
    let places: Vec<&str> = defects.iter().map(|d| d.split(':').next().unwrap()).collect();
    assert_eq!(places, ["/when", "/caller", "/departments/1", "/departments/2"], "{defects:?}");
    let mut nowhere = call(None);
    nowhere["point"] = json!("110115001-CW-2025-00009");
    check_refusal(&tell("/whistles", nowhere), 404, "point_not_found", "no such point");

    let came = |department: &str, at: &str| {
        tell("/whistles/CS-A/arrivals", json!({ "department": department, "arrived_at": at }))
    };
    let first = came("urban", "2025-09-02T09:42:30+08:00");
    assert_eq!((first.status, &first.json()["outcome"]), (200, &json!("new")), "{}", first.text());
    assert_eq!(first.json()["departments"][0]["minutes"], 42);
    assert_eq!(came("urban", "2025-09-02T01:42:30Z").json()["outcome"], "again");
    check_refusal(&came("urban", "2025-09-02T10:00:00+08:00"), 409, "whistle_conflict", "twice");
    check_refusal(&came("fire", "2025-09-02T10:00:00+08:00"), 409, "whistle_conflict", "uncalled");
    check_refusal(&came("police", "2025-09-02T08:00:00+08:00"), 409, "whistle_conflict", "early");
    check_refusal(&came("police", "2199-01-01T08:00:00+08:00"), 409, "whistle_conflict", "ahead");
    let none = tell("/whistles/CS-B/arrivals", json!({ "department": "urban" }));
    check_refusal(&none, 404, "whistle_not_found", "no such call");
    let defects = check_refusal(&came("police", ""), 422, "invalid_features", "no moment");
    assert!(defects[0].starts_with("/arrived_at: an empty text"), "{defects:?}");
    let close = |body: Value| tell("/whistles/CS-A/close", body);
    let end = "2025-09-02T12:00:00+08:00";
    let refused = close(json!({ "result": "已劝离", "closed_at": end }));
    check_refusal(&refused, 409, "whistle_conflict", "not all came");
    assert!(refused.text().contains("police"), "{}", refused.text());
    let all_the_same = json!({ "result": "已劝离", "closed_at": end, "accept_missing": true });
    let closed = close(all_the_same.clone());
    assert_eq!((closed.status, &closed.json()["missing"]), (200, &json!(["police"])));
    assert_eq!(close(all_the_same).json()["outcome"], "again");
    check_refusal(&close(json!({ "result": "另说" })), 409, "whistle_conflict", "closed");
    check_refusal(&came("police", "2025-09-02T13:00:00+08:00"), 409, "whistle_conflict", "late");
    // A phone that was offline tells late what happened in time.
    assert_eq!(came("police", "2025-09-02T11:30:00+08:00").json()["outcome"], "new");
    let told = town.server.get("/whistles/CS-A").json();
    assert_eq!(told["departments"][1]["minutes"], 150);
    assert_eq!((&told["result"], &told["missing"]), (&json!("已劝离"), &json!([])));
    let before = town.server.get("/whistles/CS-A?as-of=2020-01-01");
    check_refusal(&before, 404, "whistle_not_found", "before it was recorded");

    // 3 calls, 6 departments, 1 within two hours.
    let told = indicators(&town, "year=2025");
    let arrived = &figures(&told, "whistle_arrival_rate")[0];
    assert_eq!((&arrived.1, &arrived.2, &arrived.3), (&json!(1), &json!(6), &json!(16.67)));
    let closed = &figures(&told, "whistle_closing_rate")[1];
    assert_eq!((closed.0.as_str(), &closed.1, &closed.2), ("110115001", &json!(1), &json!(3)));
    check_parts(&told, "whistle_arrival_rate");

    add(
        &town,
        "complaints",
        json!({
            "code": "D1", "point": uuid(1), "occurred_at": "2025-09-01T00:00:30Z"
        }),
        None,
    );
    add(
        &town,
        "decisions",
        json!({
            "code": "Y1", "meeting": "H1", "text": "限期拆除", "point": "110115001-CW-2025-00001",
            "unit": "110115001", "decided_at": "2025-09-03T02:00:00Z", "due": "2025-09-30"
        }),
        None,
    );
    let timeline = town.server.get(&format!("/points/{}/enforcement", uuid(1)));
    assert_eq!(timeline.status, 200, "{}", timeline.text());
    let document = timeline.json();
    let sources: Vec<&str> = document["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["source"].as_str().unwrap())
        .collect();
    // The events were a minute and two after midnight in Shanghai, the order eight hours later. Who has
    // not come stands beside the call; who came, when it did.
    let (called, came) = (["whistle"; 3], ["arrival"; 6]);
    let expected = [&["event", "event", "complaint"][..], &called, &came, &["decision"]].concat();
    assert_eq!(sources, expected);
    let arrivals = &document["timeline"].as_array().unwrap()[6..12];
    let told: Vec<(&Value, &Value)> =
        arrivals.iter().map(|entry| (&entry["whistle"], &entry["arrived_at"])).collect();
    assert!(told[..4].iter().all(|(_, at)| at.is_null()), "{told:?}");
    let [urban, police] = ["2025-09-02T01:42:30.000Z", "2025-09-02T03:30:00.000Z"].map(Value::from);
    let code = json!("CS-A");
    assert_eq!(told[4..], [(&code, &urban), (&code, &police)]);
    let place = town.folder.path();
    let table = run(place, &["ledger", "enforcement", "s.gpkg", "110115001-CW-2025-00001"]).out;
    let line = |part: &str| table.lines().find(|line| line.contains(part)).map(str::to_owned);
    for parts in [["2025-09-02 09:42", "报到", "urban"], ["2025-09-02 11:30", "报到", "police"]]
    {
        let line = line(parts[0]).unwrap_or_else(|| panic!("{table}"));
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    assert_eq!(table.matches("未报到").count(), 4, "{table}");
}

#[test]
fn accounts_call_come_and_close_for_their_own_unit() {
    let town = district();
    let place = town.folder.path();
    let token = |name: &str, arguments: &[&str]| {
        let made = run(place, &[&["user", "add", "s.gpkg", name], arguments].concat());
        assert_eq!(made.code, 0, "{}", made.err);
        run(place, &["user", "token", "s.gpkg", name]).out.trim().to_owned()
    };
    let office = token("zhang", &["--role", "town", "--unit", "110115001"]);
    let neighbour = token("zhao", &["--role", "town", "--unit", "110115002"]);
    let urban = token("li", &["--role", "department", "--unit", "urban"]);
    let grid = token("wang", &["--role", "grid_worker"]);
    let mut body = call(Some("CS-A"));
    body.as_object_mut().unwrap().remove("point");
    let tell = |target: &str, body: &Value, token: &str| post(&town.server, target, body, token);
    check_refusal(&tell("/whistles", &body, &grid), 403, "role_may_not", "a grid worker calls");
    check_refusal(&tell("/whistles", &body, &urban), 403, "role_may_not", "a department calls");
    let foreign = tell("/whistles", &body, &neighbour);
    let defects = check_refusal(&foreign, 422, "invalid_features", "in another's name");
    assert_eq!(defects, ["/caller: 110115002 is the unit that calls; leave it out"]);
    body.as_object_mut().unwrap().remove("caller");
    let made = tell("/whistles", &body, &office);
    assert_eq!((made.status, &made.json()["caller"]), (201, &json!("110115001")));
    let arrivals = "/whistles/CS-A/arrivals";
    let at = json!("2025-09-02T10:00:00+08:00");
    let other = json!({ "department": "police", "arrived_at": at });
    let defects = check_refusal(&tell(arrivals, &other, &urban), 422, "invalid_features", "police");
    assert_eq!(defects, ["/department: urban comes itself; leave it out"]);
    let own = tell(arrivals, &json!({ "arrived_at": at }), &urban);
    assert_eq!(own.json()["departments"][0]["minutes"], 60, "{}", own.text());
    assert_eq!(tell(arrivals, &other, &office).status, 200, "the town says so for another");
    let close = json!({ "result": "已劝离" });
    let foreign = tell("/whistles/CS-A/close", &close, &neighbour);
    check_refusal(&foreign, 403, "role_may_not", "another town closes");
    assert_eq!(tell("/whistles/CS-A/close", &close, &office).status, 200);
    let nobody = tell("/whistles", &body, "");
    assert_eq!((nobody.status, &nobody.json()["code"]), (401, &json!("token_required")));
}

/// Orders from the city down to a community need no operation of their own: rows that each level
/// adds below that of the level above, and marks as read, with change log and as-of.
#[test]
fn orders_go_down_four_levels_as_plain_edits() {
    let town = district();
    let levels = ["11", "110115", "110115001", "110115001001"];
    let mut rows = Vec::new();
    for (step, pair) in levels.windows(2).enumerate() {
        let parent = step.checked_sub(1).map(|above| format!("P{above}"));
        let properties = json!({
            "code": format!("P{step}"), "parent": parent, "from_unit": pair[0],
            "to_unit": pair[1], "subject": "清理占道经营", "point": uuid(1),
            "sent_at": format!("2025-09-{:02}T01:00:00Z", step + 1), "due_at": "2025-09-30T16:00:00Z"
        });
        rows.push(add(&town, "orders", properties, None));
    }
    // The first is read within a day, the second after two.
    for (row, read_at) in rows.iter().zip(["2025-09-01T03:00:00Z", "2025-09-04T01:00:00Z"]) {
        let patch = json!({ "properties": { "read_at": read_at } }).to_string();
        let target = format!("/collections/orders/items/{row}");
        let headers = [("Content-Type", "application/merge-patch+json")];
        let done = town.server.change("PATCH", &target, &headers, &patch);
        assert!(done.status < 300, "{}", done.text());
    }
    let told = indicators(&town, "year=2025&depth=2");
    let read = figures(&told, "order_reading_rate");
    assert_eq!((&read[0].1, &read[0].2), (&json!(1), &json!(3)));
    check_parts(&indicators(&town, "year=2025"), "order_reading_rate");
    let below = town.server.get("/collections/orders/items?parent=P0").json();
    assert_eq!(below["features"][0]["properties"]["to_unit"], "110115001");
    let history = town.server.get(&format!("/collections/orders/items/{}/history", rows[0]));
    assert_eq!(history.status, 200);
    assert!(history.text().contains("read_at"), "{}", history.text());
}

#[test]
fn departments_that_the_city_names_are_called_and_no_others() {
    let Town { folder, server } = district();
    drop(server);
    let place = folder.path();
    std::fs::write(place.join("c.toml"), "[whistles]\ndepartments = [\"urban\", \"police\"]\n")
        .unwrap();
    let config = place.join("c.toml");
    let server = Server::start(&place.join("s.gpkg"), &["--config", config.to_str().unwrap()]);
    let mut body = json!({
        "caller": "110115001", "subject": "占道经营反复", "departments": ["urban", "fire"]
    });
    let refused = post(&server, "/whistles", &body, "");
    check_refusal(&refused, 422, "invalid_features", "1 defect");
    let defect = &refused.json()["defects"][0];
    assert_eq!(defect["pointer"], "/departments/1");
    let said = defect["problem"].as_str().unwrap();
    assert!(said.contains("\"fire\"") && said.contains("police, urban"), "{said}");
    body["departments"] = json!(["urban"]);
    assert_eq!(post(&server, "/whistles", &body, "").status, 201);
}
