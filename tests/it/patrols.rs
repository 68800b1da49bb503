//! Patrols over the real binary: sent three times, from phone maps, with findings that become points;
//! what they cover by alley and town, what patrollers did, checklists and their results, closed points
//! that were looked at, and what is refused.

use formats::datetime::utc_of_millis;
use ledger::patrol::Plane;
use serde_json::{Value, json};
use spatial::shift::Shift;

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, register, submitted, uuid};
use crate::running::run;

const COLLECTIONS: [&str; 4] = ["patrols", "patrol_tracks", "patrol_findings", "checklist_results"];
/// Where the first alley begins, and how many degrees east it ends.
const WEST: [f64; 2] = [116.35, 39.73];
const LONG: f64 = 0.01;

fn alley(code: &str, town: Option<&str>, line: [[f64; 2]; 2], valid_to: Option<&str>) -> Value {
    json!({
        "type": "Feature",
        "geometry": { "type": "MultiLineString", "coordinates": [line] },
        "properties": {
            "code": code, "name": format!("{code}胡同"), "town": town, "valid_from": "2020-01-01",
            "valid_to": valid_to
        }
    })
}

fn unit(code: &str, level: &str, parent: Option<&str>) -> Value {
    json!({
        "type": "Feature",
        "geometry": { "type": "MultiPolygon", "coordinates": [[[
            [116.3, 39.7], [116.4, 39.7], [116.4, 39.8], [116.3, 39.8], [116.3, 39.7]
        ]]] },
        "properties": { "code": code, "name": code, "level": level, "parent": parent }
    })
}

/// A ledger with patrols, two units and five alleys: two of a town, one of none, one that is gone, and
/// one along the point that reports of tests lie at.
pub fn beat() -> Town {
    let town = Town::new();
    let place = town.folder.path();
    assert_eq!(run(place, &["places", "init", "s.gpkg"]).code, 0);
    let added = run(place, &[&["ledger", "add", "s.gpkg"][..], &COLLECTIONS].concat());
    assert_eq!(added.code, 0, "{}", added.err);
    let east = [WEST[0] + LONG, WEST[1]];
    let [south, north] = [[116.36, 39.74], [116.36, 39.745]];
    let own = Some("110115001");
    let features = [
        ("admin_units", unit("110115", "区", None)),
        ("admin_units", unit("110115001", "街乡镇", Some("110115"))),
        ("alleys", alley("J-1", own, [WEST, east], None)),
        ("alleys", alley("J-2", own, [south, north], None)),
        ("alleys", alley("J-3", None, [[116.37, 39.75], [116.371, 39.75]], None)),
        ("alleys", alley("J-4", own, [[116.38, 39.75], [116.381, 39.75]], Some("2025-01-01"))),
        ("alleys", alley("J-5", own, [[116.338, 39.7285], [116.34, 39.7285]], None)),
    ];
    for (collection, feature) in features {
        let target = format!("/collections/{collection}/items");
        let feature = feature.to_string();
        let made = town.server.post_as(&target, "application/geo+json", feature.as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
    }
    town
}

/// Positions along a parallel, one every half minute from eight o'clock of a day on.
pub fn walk(day: &str, [from, to]: [f64; 2], lat: f64) -> Vec<Value> {
    let steps = ((to - from).abs() / 0.0005).round().max(1.0) as i32;
    let fix = |step: i32| {
        let lon = from + (to - from) * f64::from(step) / f64::from(steps);
        let at = format!("{day}T08:{:02}:{:02}+08:00", step / 2, step % 2 * 30);
        json!({ "lon": lon, "lat": lat, "at": at, "accuracy_m": 8 })
    };
    (0..=steps).map(fix).collect()
}

pub fn patrol(number: u64, day: &str, track: Vec<Value>) -> Value {
    json!({
        "code": uuid(number), "role": "小巷管家", "unit": "110115001", "person": "王某",
        "started_at": format!("{day}T08:00:00+08:00"), "ended_at": format!("{day}T08:40:00+08:00"),
        "crs_src": "WGS84", "track": track
    })
}

fn with(mut patrol: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        patrol[name] = value.clone();
    }
    patrol
}

fn send(town: &Town, patrols: &[Value]) -> Value {
    let answer = town.server.post("/patrols", &json!(patrols).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["patrols"].clone()
}

fn get(town: &Town, target: &str) -> Value {
    let answer = town.server.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()
}

/// Metres of so many degrees of the first alley.
fn metres(degrees: f64) -> f64 {
    Plane::about([WEST[0] + LONG / 2.0, WEST[1]]).metres([WEST[0] + LONG / 2.0 + degrees, WEST[1]])
        [0]
}

fn check_near(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 0.2, "{what}: {found}, not {expected}");
}

#[test]
fn a_phone_that_sends_three_times_changes_nothing_anew() {
    let town = beat();
    let day = "2025-09-02";
    // A phone map five metres beside the alley, and a pile in front of a door.
    let mut track = walk(day, [116.351, 116.355], 39.73005);
    for fix in &mut track {
        let place = [fix["lon"].as_f64().unwrap(), fix["lat"].as_f64().unwrap()];
        let [lon, lat] = Shift::Gcj02.from_wgs84(place);
        (fix["lon"], fix["lat"]) = (json!(lon), json!(lat));
    }
    let [lon, lat] = Shift::Gcj02.from_wgs84([116.353, 39.7301]);
    let mut report = event(50, 100, "report", "grid_worker", json!({ "unit": "110115001" }));
    report["address"] = json!("门前");
    let finding = json!({
        "checklist": "shi_wu", "item": "clutter", "lon": lon, "lat": lat, "event": report
    });
    let seen = json!({ "note": "夜间再看" });
    let first = with(
        patrol(1, day, track),
        json!({
            "crs_src": "GCJ-02", "alley": "J-1", "findings": [finding, seen],
            "results": [{ "checklist": "shi_wu", "item": "parking", "passed": true }]
        }),
    );
    let far = patrol(2, day, walk(day, [120.0, 120.001], 39.73));
    let batch = [first.clone(), far];
    let sent = send(&town, &batch);
    assert_eq!((&sent[0]["outcome"], &sent[1]["outcome"]), (&json!("new"), &json!("refused")));
    check_near(&sent[0]["covered_m"], metres(0.004), "walked");
    assert_eq!(sent[0]["alleys"][0]["alley"], "J-1");
    assert_eq!(sent[0]["events"][0]["outcome"], "new", "{sent}");
    let pointer = &sent[1]["problem"]["defects"][0];
    assert_eq!(pointer["pointer"], "/track/0");
    assert!(pointer["problem"].as_str().unwrap().contains("outside the area"), "{pointer}");
    let revision = town.server.get("/health").header("tuban-revision").unwrap().to_owned();
    for _ in 0..2 {
        let again = send(&town, &batch);
        assert_eq!(again[0]["outcome"], "again", "{again}");
        assert_eq!(again[0]["covered_m"], sent[0]["covered_m"]);
        assert_eq!(again[0]["events"][0]["outcome"], "again");
        assert_eq!(again[1]["outcome"], "refused");
    }
    // Once more the one, its members in another order.
    let turned: String = {
        let members = first.as_object().unwrap().iter().rev();
        let members: Vec<String> =
            members.map(|(name, value)| format!("{name:?}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let one = town.server.post("/patrols", &turned);
    assert_eq!((one.status, &one.json()["patrols"][0]["outcome"]), (200, &json!("again")));
    assert_eq!(town.server.get("/health").header("tuban-revision"), Some(&*revision));
    let other = with(first, json!({ "role": "街巷长" }));
    let refused = town.server.post("/patrols", &other.to_string());
    check_refusal(&refused, 409, "patrol_stays", "other content");

    let rows = get(&town, "/collections/patrols/items?f=json");
    assert_eq!(rows["numberMatched"], 1);
    let row = &rows["features"][0];
    assert_eq!(row["properties"]["findings"], 2);
    assert!(row["properties"].get("person").is_none(), "who it was is not for everyone");
    // What is shown lies on the alley, not where the phone was.
    for line in row["geometry"]["coordinates"].as_array().unwrap() {
        for at in line.as_array().unwrap() {
            assert!((at[1].as_f64().unwrap() - WEST[1]).abs() < 1e-9, "{at}");
        }
    }
    let findings = get(&town, "/collections/patrol_findings/items?f=json");
    assert_eq!(findings["numberMatched"], 2);
    let of_first = &findings["features"][0]["properties"];
    assert_eq!((&of_first["point"], &of_first["alley"]), (&json!(uuid(50)), &json!("J-1")));
    let place = town.trace(&uuid(50));
    assert_eq!(place["point"]["state"], "reported");
    let points = get(&town, "/collections/points/items?f=json");
    let at = &points["features"][0]["geometry"]["coordinates"];
    assert!((at[0].as_f64().unwrap() - 116.353).abs() < 1e-6, "{at}");
    let feed = town.server.get("/changes?since=0");
    let feed = feed.text();
    assert!(!feed.contains("39.73005") && !feed.contains("王某"), "{feed}");
    let verified = run(town.folder.path(), &["verify", "s.gpkg"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
}

#[test]
fn coverage_is_a_union_by_day_alley_and_town_and_past_states_keep_theirs() {
    let town = beat();
    let day = "2025-09-02";
    send(&town, &[patrol(1, day, walk(day, [116.350, 116.354], 39.73))]);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let sent = get(&town, &format!("/patrols/coverage?date={day}"));
    let before = utc_of_millis(engine::now().0);
    std::thread::sleep(std::time::Duration::from_millis(20));
    // Back over a part of it, another alley at the same time, another day, and off the alleys.
    send(
        &town,
        &[
            patrol(2, day, walk(day, [116.356, 116.352], 39.7301)),
            patrol(3, day, walk(day, [116.370, 116.371], 39.75)),
            patrol(4, "2025-09-03", walk("2025-09-03", [116.350, 116.351], 39.73)),
            patrol(5, day, walk(day, [116.32, 116.322], 39.77)),
        ],
    );
    let found = get(&town, &format!("/patrols/coverage?date={day}"));
    assert_eq!(found["patrols"], 4);
    let alleys = found["alleys"].as_array().unwrap();
    let codes: Vec<&str> = alleys.iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["J-1", "J-2", "J-3", "J-5"], "what is gone is not in duty");
    check_near(&alleys[0]["covered_m"], metres(0.006), "the union of both");
    check_near(&alleys[0]["length_m"], metres(LONG), "the whole");
    assert!((alleys[0]["share"].as_f64().unwrap() - 0.6).abs() < 0.001, "{}", alleys[0]);
    let patrolled: Vec<&Value> = alleys.iter().map(|one| &one["patrolled"]).collect();
    assert_eq!(patrolled, [&json!(true), &json!(false), &json!(true), &json!(false)]);
    let towns = found["towns"].as_array().unwrap();
    assert_eq!((&towns[0]["code"], &towns[0]["alleys"]), (&json!("110115001"), &json!(3)));
    assert_eq!((&towns[1]["code"], &towns[1]["patrolled"]), (&Value::Null, &json!(1)));
    assert_eq!(towns.len(), 2);
    for name in ["duty_m", "covered_m"] {
        let sum: f64 = towns.iter().map(|town| town[name].as_f64().unwrap()).sum();
        check_near(&found["total"][name], sum, "towns and 未落界 are the whole");
    }
    // The state before the second batch tells what it told then.
    let then = get(&town, &format!("/patrols/coverage?date={day}&as-of={before}"));
    assert_eq!((&then["alleys"], &then["total"]), (&sent["alleys"], &sent["total"]));
    check_near(&then["alleys"][0]["covered_m"], metres(0.004), "then");
    let both = get(&town, "/patrols/coverage?from=2025-09-02&to=2025-09-03&unit=110115");
    assert_eq!(
        (&both["alleys"][0]["days"], &both["alleys"][0]["patrolledDays"]),
        (&json!(2), &json!(2))
    );
    check_near(&both["alleys"][0]["covered_m"], metres(0.007), "day by day");
    check_near(&both["alleys"][0]["duty_m"], 2.0 * metres(LONG), "twice");
    assert_eq!((both["towns"].as_array().unwrap().len(), &both["unitKnown"]), (1, &json!(true)));
    let elsewhere = town.server.get("/patrols/coverage?date=2025-09-02&unit=110199");
    check_refusal(&elsewhere, 400, "invalid_parameter", "of no unit on 2025-09-02; there are");
    let elsewhere = ["patrols", "coverage", "s.gpkg", "--date", "2025-09-02", "--unit", "110199"];
    let elsewhere = run(town.folder.path(), &elsewhere);
    assert_eq!(elsewhere.code, 1, "{}", elsewhere.out);
    assert!(
        elsewhere.err.contains("--unit: \"110199\" is the code of no unit"),
        "{}",
        elsewhere.err
    );

    let csv = town.server.get("/patrols/coverage?date=2025-09-02&f=csv&by=town");
    assert!(csv.text().contains("未落界") && csv.text().contains("合计"), "{}", csv.text());
    let csv = town.server.get("/patrols/coverage?date=2025-09-02&f=csv");
    assert!(csv.text().contains("J-2胡同") && csv.text().contains("未巡"), "{}", csv.text());
    let page = town.server.get("/patrols/coverage?date=2025-09-02&f=html");
    assert!(page.text().contains("巡查覆盖（街乡镇）") && page.text().contains("J-1胡同"));
    let book = town.server.ask("GET", "/patrols/coverage?date=2025-09-02&f=xlsx", &[]);
    assert_eq!(book.status, 200);
    assert!(book.header("content-type").unwrap().contains("spreadsheetml"));
    for (target, says) in [
        ("/patrols/coverage?date=today", "date: \"today\" is no day"),
        ("/patrols/coverage?date=2025-09-02&to=2025-09-03", "send it alone"),
        ("/patrols/coverage?by=person", "use one of: alley, town"),
        ("/patrols/coverage?from=2020-01-01&to=2025-09-03", "days; ask for 1 to 366"),
        ("/patrols/coverage?from=2025-09-03&to=2025-09-01", "ask for 1 to 366"),
    ] {
        let answer = town.server.get(target);
        assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(says), "{target}: {detail}");
    }
    let place = town.folder.path();
    let told = run(place, &["patrols", "coverage", "s.gpkg", "--date", day, "--json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["alleys"], &told["towns"]), (&found["alleys"], &found["towns"]));
    let out = ["patrols", "coverage", "s.gpkg", "--date", day, "--out", "c.xlsx"];
    assert_eq!(run(place, &out).code, 0);
    assert!(place.join("c.xlsx").exists());
}

#[test]
fn statistics_count_findings_that_became_points_and_name_nobody() {
    let town = beat();
    let mut with_finding = patrol(1, "2025-09-02", walk("2025-09-02", [116.35, 116.354], 39.73));
    let place = json!({ "geometry": { "type": "Point", "coordinates": [116.352, 39.73] } });
    let reported = |point, number| event(point, number, "report", "grid_worker", place.clone());
    with_finding["findings"] = json!([
        { "event": reported(50, 100) }, { "event": reported(51, 101) }, { "note": "无" }
    ]);
    let chief = with(
        patrol(2, "2025-10-02", walk("2025-10-02", [116.35, 116.352], 39.73)),
        json!({ "role": "街巷长", "person": "李某" }),
    );
    send(&town, &[with_finding, chief]);
    town.take(&[register(50, 200)]);
    let found = get(&town, "/patrols/statistics");
    let total = &found["total"];
    let counted = ["patrols", "days", "findings", "registered"].map(|name| total[name].as_u64());
    assert_eq!(counted, [2, 2, 3, 1].map(Some), "{total}");
    let rows = found["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["小巷管家", "街巷长"]);
    check_near(&rows[0]["covered_m"], metres(0.004), "of the first");
    let months = get(&town, "/patrols/statistics?by=unit&period=month&unit=110115");
    let months: Vec<&Value> =
        months["rows"].as_array().unwrap().iter().map(|r| &r["period"]).collect();
    assert_eq!(months, ["2025-09", "2025-10"]);
    let late = get(&town, "/patrols/statistics?from=2025-10-01&to=2025-10-31");
    assert_eq!(late["total"]["patrols"], 1);
    let persons = town.server.get("/patrols/statistics?by=person");
    check_refusal(&persons, 403, "field_not_readable", "persons");
    let csv = town.server.get("/patrols/statistics?f=csv");
    assert!(csv.text().contains("转为挂账") && !csv.text().contains("王某"), "{}", csv.text());
    let told = run(town.folder.path(), &["patrols", "statistics", "s.gpkg", "--by", "person"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("王某\t1\t1\t") && told.out.contains("李某"), "{}", told.out);
}

/// A token of a new account of the store.
fn account(town: &Town, name: &str, role: &str) -> String {
    let flags = ["user", "add", "s.gpkg", name, "--role", role, "--unit", "110115001"];
    let added = run(town.folder.path(), &flags);
    assert_eq!(added.code, 0, "{}", added.err);
    let made = run(town.folder.path(), &["user", "token", "s.gpkg", name]);
    assert_eq!(made.code, 0, "{}", made.err);
    format!("Bearer {}", made.out.trim())
}

#[test]
fn a_closed_point_is_looked_at_by_a_patrol_that_names_or_passes_it() {
    let town = beat();
    let roles = [("ann", "town"), ("bob", "town_checker"), ("eve", "district_checker")];
    let tokens = roles.map(|(name, role)| account(&town, name, role));
    let post = |token: &str, target: &str, body: &Value| {
        let host = town.server.address.to_string();
        let headers =
            [("Host", &*host), ("Authorization", token), ("Content-Type", "application/json")];
        let answer = town.server.change("POST", target, &headers, &body.to_string());
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        answer.json()
    };
    let mut events = submitted(1, 1);
    events.push(event(1, 6, "town_verify", "", json!({})));
    events.push(event(1, 7, "district_close", "", json!({ "proof": "site" })));
    for (number, event) in events.iter_mut().enumerate() {
        event.as_object_mut().unwrap().remove("role");
        let token = &tokens[number.saturating_sub(4)];
        post(token, &format!("/points/{}/events", uuid(1)), event);
    }
    let waits = || {
        let token = ("Authorization", &*tokens[2]);
        let answer = town.server.ask("GET", "/worklist?unit=*&role=city", &[token]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let is_due = |day: &str| {
        let due = waits()["items"][0]["due"].clone();
        assert!(due.as_str().unwrap().starts_with(day), "{due}, not {day}");
    };
    is_due("2025-09-07");
    let send = |patrols: Value| {
        let answer = post(&tokens[0], "/patrols", &patrols);
        for one in answer["patrols"].as_array().unwrap() {
            assert_eq!(one["outcome"], "new", "{one}");
        }
    };
    let named = json!({ "point": "110115001-CW-2025-00001" });
    send(json!([with(patrol(1, "2025-09-10", vec![]), named)]));
    is_due("2025-09-30");
    // Past it before the last round is due, and along an alley that is far from it.
    send(json!([
        patrol(2, "2025-10-05", walk("2025-10-05", [116.3380, 116.3400], 39.7285)),
        patrol(3, "2026-01-10", walk("2026-01-10", [116.35, 116.36], 39.73))
    ]));
    is_due("2025-11-29");
    let past = walk("2026-01-10", [116.3400, 116.3380], 39.7285);
    send(json!([patrol(4, "2026-01-10", past)]));
    assert_eq!(waits()["numberMatched"], 0);
    // Who patrols is told nothing of the raw tracks.
    for target in ["", "/items?f=json", "/items?f=csv", "/schema", "/queryables", "/all.fgb"] {
        let token = ("Authorization", &*tokens[0]);
        let target = format!("/collections/patrol_tracks{target}");
        assert_eq!(town.server.ask("GET", &target, &[token]).status, 404, "{target}");
    }
}

#[test]
fn checklists_are_data_and_the_latest_result_at_a_place_counts() {
    let town = beat();
    let lists = get(&town, "/checklists");
    let lists = lists["checklists"].as_array().unwrap();
    let told: Vec<(&str, usize, &Value)> = lists
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap(),
                one["items"].as_array().unwrap().len(),
                &one["basisName"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("十无", 10, &json!("官方口径")),
            ("三有六无", 0, &json!("自拟口径")),
            ("四查三率", 0, &json!("自拟口径"))
        ]
    );
    assert_eq!(get(&town, "/checklists/shi_wu")["items"][2]["text"], "无乱停车");
    let absent = town.server.get("/checklists/shi_you");
    assert_eq!(absent.status, 404);
    assert!(absent.text().contains("shi_wu of version 1"), "{}", absent.text());
    town.take(&[event(50, 100, "report", "grid_worker", json!({ "unit": "110115001" }))]);
    let result = |item: &str, passed: bool, more: Value| {
        with(json!({ "checklist": "shi_wu", "item": item, "passed": passed }), more)
    };
    let first = json!({ "alley": "J-1", "results": [
        result("parking", false, json!({})), result("clutter", true, json!({})),
        result("parking", false, json!({ "alley": "J-3" })),
        result("parking", false, json!({ "point": uuid(50) }))
    ] });
    let second = json!({ "alley": "J-1", "results": [result("parking", true, json!({}))] });
    let patrols = [
        with(patrol(1, "2025-09-02", vec![]), first),
        with(patrol(2, "2025-09-03", vec![]), second),
    ];
    let sent = send(&town, &patrols);
    assert_eq!(
        (&sent[0]["outcome"], &sent[1]["outcome"]),
        (&json!("new"), &json!("new")),
        "{sent}"
    );
    let found = get(&town, "/checklists/shi_wu/results");
    assert_eq!((&found["whole"]["passed"], &found["whole"]["failed"]), (&json!(2), &json!(2)));
    let towns = found["towns"].as_array().unwrap();
    assert_eq!((&towns[0]["code"], &towns[1]["code"]), (&json!("110115001"), &Value::Null));
    let parking = &towns[0]["items"][2];
    assert_eq!((&parking["item"], &parking["share"]), (&json!("parking"), &json!(0.5)));
    let early = get(&town, "/checklists/shi_wu/results?to=2025-09-02&unit=110115");
    assert_eq!((&early["whole"]["passed"], &early["whole"]["failed"]), (&json!(1), &json!(2)));
    let csv = town.server.get("/checklists/shi_wu/results?f=csv");
    assert!(
        csv.text().contains("无乱停车（%）") && csv.text().contains("未落界"),
        "{}",
        csv.text()
    );
    let empty = town.server.get("/checklists/si_cha_san_lv/results?f=csv");
    assert!(empty.text().contains("自拟口径"), "{}", empty.text());
    let latest = &town.trace(&uuid(50))["checklistResults"];
    assert_eq!((&latest[0]["text"], &latest[0]["passed"]), (&json!("无乱停车"), &json!(false)));
    assert_eq!(latest.as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_is_refused_with_its_place_and_a_way_out() {
    let town = beat();
    let day = "2025-09-02";
    let good = || patrol(1, day, walk(day, [116.35, 116.351], 39.73));
    let result = |list: &str, item: &str| json!({ "results": [{ "checklist": list, "item": item, "passed": true }] });
    let fix = |more: Value| {
        let track = vec![json!({ "lon": 116.35, "lat": 39.73, "at": "2025-09-02T08:00:00+08:00" })];
        let mut one = patrol(1, day, track);
        one["track"][0] = with(one["track"][0].clone(), more);
        one
    };
    let finding = |more: Value| with(good(), json!({ "findings": [more] }));
    let mut anonymous = good();
    anonymous.as_object_mut().unwrap().remove("crs_src");
    let mut turned = good();
    let track = turned["track"].as_array_mut().unwrap();
    track.reverse();
    let long: Vec<Value> = (0..8_641).map(|_| good()["track"][0].clone()).collect();
    let closing = event(50, 100, "district_close", "district_checker", json!({}));
    for (what, body, says) in [
        ("code", with(good(), json!({ "code": "1" })), "/code: \"1\" is no UUID"),
        ("member", with(good(), json!({ "colour": 1 })), "/colour: it may have: code, role"),
        ("role", with(good(), json!({ "role": null })), "/role: it is missing"),
        ("unit", with(good(), json!({ "unit": "" })), "/unit: it is missing"),
        ("day", with(good(), json!({ "started_at": day })), "/started_at: send a time"),
        (
            "order",
            with(good(), json!({ "ended_at": "2025-09-02T07:00:00+08:00" })),
            "/ended_at: it is before",
        ),
        (
            "length",
            with(good(), json!({ "ended_at": "2025-09-04T07:00:00+08:00" })),
            "/ended_at: a patrol takes 24",
        ),
        ("future", patrol(1, "2999-01-01", vec![]), "/ended_at: it is in the future"),
        ("source", anonymous, "/crs_src: say what the positions are of"),
        ("odd source", with(good(), json!({ "crs_src": "EPSG:4326" })), "/crs_src: say what"),
        (
            "alley",
            with(good(), json!({ "alley": "J-4" })),
            "/alley: no alley has this code on 2025-09-02",
        ),
        (
            "point",
            with(good(), json!({ "point": uuid(77) })),
            "/point: the ledger has no such point",
        ),
        ("swapped", fix(json!({ "lon": 39.73, "lat": 80.0 })), "/track/0: it lies outside"),
        ("number", fix(json!({ "lon": "116" })), "/track/0/lon: a number from -180 to 180"),
        ("accuracy", fix(json!({ "accuracy_m": -1 })), "/track/0/accuracy_m: a number"),
        ("half", fix(json!({ "lat": null })), "/track/0: both lon and lat"),
        (
            "late",
            fix(json!({ "at": "2025-09-02T12:00:00+08:00" })),
            "/track/0/at: it is not within",
        ),
        ("reverse", turned, "it is earlier than the position before"),
        ("limit", with(good(), json!({ "track": long })), "/track: 8641 of them; at most 8640"),
        ("text", with(good(), json!({ "track": "no" })), "/track: a list is expected"),
        (
            "list",
            with(good(), result("shi_you", "parking")),
            "/results/0/checklist: there is no such",
        ),
        (
            "item",
            with(good(), result("shi_wu", "noise")),
            "/results/0/item: version 1 of 十无 has no such item",
        ),
        (
            "template",
            with(good(), result("san_you_liu_wu", "a")),
            "/results/0/item: 三有六无 is an empty form",
        ),
        ("nothing", finding(json!({})), "/findings/0: say what was found"),
        (
            "close",
            finding(json!({ "event": closing })),
            "/findings/0/event/kind: a finding carries",
        ),
        (
            "no place",
            finding(json!({ "lon": 116.35, "lat": 39.73, "note": "x" })),
            "/findings/0/lon: a place is kept",
        ),
    ] {
        let answer = town.server.post("/patrols", &body.to_string());
        let defects = check_refusal(&answer, 422, "invalid_patrol", what);
        assert!(defects.iter().any(|defect| defect.contains(says)), "{what}: {defects:?}");
    }
    for (body, status, code) in [
        ("7", 400, "invalid_request"),
        ("{\"code\":1,\"code\":2}", 400, "invalid_request"),
        ("[", 400, "invalid_request"),
    ] {
        check_refusal(&town.server.post("/patrols", body), status, code, body);
    }
    let many: Vec<Value> = (1..=201).map(|number| patrol(number, day, vec![])).collect();
    let many = town.server.post("/patrols", &json!(many).to_string());
    check_refusal(&many, 413, "body_too_large", "many");
    assert_eq!(get(&town, "/collections/patrols/items?f=json")["numberMatched"], 0);
    let foreign = town.server.change(
        "POST",
        "/patrols",
        &[("Content-Type", "application/json"), ("Origin", "https://elsewhere.example")],
        &good().to_string(),
    );
    check_refusal(&foreign, 403, "foreign_origin", "a page of another origin");
    // A report that is refused does not undo the patrol.
    let refused = event(50, 100, "report", "district_checker", json!({ "address": "x" }));
    let kept = town.server.post("/patrols", &finding(json!({ "event": refused })).to_string());
    assert_eq!(kept.status, 201, "{}", kept.text());
    let kept = &kept.json()["patrols"][0];
    assert_eq!(
        (&kept["outcome"], &kept["events"][0]["outcome"]),
        (&json!("new"), &json!("refused"))
    );
    let bare = Town::new();
    check_refusal(&bare.server.post("/patrols", "[]"), 404, "no_patrols", "no collections");
    check_refusal(&bare.server.get("/patrols/coverage"), 404, "no_patrols", "no collections");
    let api = get(&town, "/api?f=json");
    for path in
        ["/patrols", "/patrols/coverage", "/patrols/statistics", "/checklists/{code}/results"]
    {
        assert!(api["paths"].get(path).is_some(), "{path}");
    }
    assert!(get(&bare, "/api?f=json")["paths"].get("/patrols").is_none());
}
