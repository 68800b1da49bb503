//! Spatial rules over the real binary: what they propose and why, that only a person's event confirms
//! it, and that the command line answers as the server does.

use std::path::Path;

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{event, register, report, uuid};
use crate::running::{Response, Server, folder_with, run};

/// A polygon of GeoJSON over a box of degrees.
fn plot(properties: &Value, [west, south, east, north]: [f64; 4]) -> String {
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    let geometry = json!({ "type": "Polygon", "coordinates": [ring] });
    json!({ "type": "Feature", "properties": properties, "geometry": geometry }).to_string()
}

fn import(folder: &Path, collection: &str, features: &[String]) {
    std::fs::write(folder.join(format!("{collection}.geojsonl")), features.join("\n")).unwrap();
    let file = format!("{collection}.geojsonl");
    let done = run(folder, &["import", "s.gpkg", &file, "--collection", collection]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}

/// What the server says, which must be what the command line says.
fn both(server: &Server, folder: &Path, rule: &str, date: &str) -> Value {
    let answer = server.get(&format!("/rules/{rule}?date={date}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/geo+json"));
    let mut told = answer.json();
    let twin = run(folder, &["rules", "s.gpkg", rule, "--date", date]);
    assert_eq!(twin.code, 0, "{}", twin.err);
    let mut twin: Value = serde_json::from_str(&twin.out).unwrap();
    // Links of the command line have no server before them.
    let strip = |document: &mut Value| {
        document["links"] = Value::Null;
        document["rule"]["confirm"]["href"] = Value::Null;
        for feature in document["features"].as_array_mut().unwrap() {
            for one in feature["properties"]["features"].as_array_mut().unwrap() {
                one["href"] = Value::Null;
            }
            if feature["properties"]["confirm"].is_object() {
                feature["properties"]["confirm"]["href"] = Value::Null;
            }
        }
    };
    let whole = told.clone();
    strip(&mut told);
    strip(&mut twin);
    assert_eq!(twin, told);
    for feature in whole["features"].as_array().unwrap() {
        let properties = &feature["properties"];
        assert_eq!(properties["status"], "proposal");
        assert!(properties["reason"].as_str().unwrap().starts_with("疑似"), "{properties}");
        let href = properties["features"][0]["href"].as_str().unwrap();
        let target = &href[href.find("/collections").unwrap()..];
        assert_eq!(server.get(target).status, 200, "{href}");
    }
    whole
}

#[test]
fn buildings_outside_and_idle_land_are_proposed_with_their_square_metres() {
    let folder = folder_with(&[]);
    let place = folder.path();
    let parcel = [116.34, 39.72, 116.3402, 39.7202];
    import(place, "parcels", &[plot(&json!({ "ZDDM": "Z1" }), parcel)]);
    let half = plot(&json!({ "ZRZH": "F1" }), [116.3401, 39.72005, 116.3403, 39.72015]);
    let inside = plot(&json!({ "ZRZH": "F2" }), [116.34002, 39.72016, 116.34004, 39.72018]);
    import(place, "buildings", &[inside, half]);
    let land = |name: &str, released: &str, west: f64| {
        let properties = json!({ "name": name, "released_at": released, "actual_use": "闲置" });
        plot(&properties, [west, 39.73, west + 0.001, 39.731])
    };
    let plots = [
        land("a", "2026-01-01", 116.35),
        land("b", "2026-01-01", 116.36),
        land("c", "2026-09-01", 116.37),
    ];
    import(place, "land_releases", &plots);
    let green = plot(&json!({ "name": "g" }), [116.36, 39.73, 116.3608, 39.731]);
    import(place, "green_plots", &[green]);
    let server = Server::start(&place.join("s.gpkg"), &[]);

    let told = both(&server, place, "over_parcel", "2026-10-01");
    assert_eq!(told["numberMatched"], 1);
    assert_eq!(told["rule"]["edition"], "2026-01");
    assert_eq!(told["rule"]["basis"], "template");
    let clue = &told["features"][0];
    let outside = clue["properties"]["measured"]["outside_m2"].as_f64().unwrap();
    assert!((94.0..97.0).contains(&outside), "{outside}");
    let reason = clue["properties"]["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("其中 {outside} 平方米")), "{reason}");
    assert_eq!(clue["geometry"]["type"], "Polygon");
    assert_eq!(clue["properties"]["features"][0]["id"], 2);
    assert!(clue["properties"]["confirm"].is_null(), "as the whole answer says");

    let told = both(&server, place, "idle_land", "2026-10-01");
    assert_eq!(told["numberMatched"], 1, "{told}");
    let measured = &told["features"][0]["properties"]["measured"];
    assert_eq!((&measured["days"], &measured["released"]), (&json!(273), &json!("2026-01-01")));
    assert_eq!(measured["green_m2"], 0.0);
    assert_eq!(both(&server, place, "idle_land", "2026-06-30")["numberMatched"], 0);
    assert_eq!(both(&server, place, "idle_land", "2026-07-01")["numberMatched"], 1);

    let told = server.get("/rules/neighbours?key=Z1").json();
    let sides: Vec<&Value> = told["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| &feature["properties"]["measured"]["toward"])
        .collect();
    assert_eq!(sides, ["东", "南", "西", "北"]);

    // A household file would clear what lies on a parcel; here there is none, which is told.
    let told = both(&server, place, "no_file", "2026-10-01");
    assert_eq!(told["numberMatched"], 0);
    assert_eq!(told["rule"]["ready"], true);
    assert!(told["rule"]["missing"][0].as_str().unwrap().contains("households"));

    let get = |query: &str| server.get(&format!("/rules/over_parcel{query}"));
    let matched = |query: &str| {
        let answer = get(query);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["numberMatched"].as_u64().unwrap()
    };
    assert_eq!(matched("?bbox=116,39,117,40"), 1);
    assert_eq!(matched("?bbox=116,39,116.1,40"), 0);
    for (query, status, part) in [
        ("?bbox=1,2,3", 400, "west,south,east,north"),
        ("?limit=0", 400, "1 to 10000"),
        ("?offset=-1", 400, "whole number"),
        ("?date=today", 400, "2026-11-22"),
        ("?unit=110115", 400, "tuban places init"),
        ("?who=me", 400, "who"),
    ] {
        let answer = get(query);
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert!(answer.text().contains(part), "{query}: {}", answer.text());
    }
    let never = get("?as-of=2020-01-01");
    assert_eq!(never.status, 200, "{}", never.text());
    assert_eq!(never.json()["numberMatched"], 0);
    let unknown = server.get("/rules/guilt");
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().contains("rebound, over_parcel"), "{}", unknown.text());
    let lacking = server.get("/rules/rebound");
    assert_eq!(lacking.status, 404);
    assert!(lacking.text().contains("tuban ledger init"), "{}", lacking.text());
    let lacking = run(place, &["rules", "s.gpkg", "rebound"]);
    assert_eq!(lacking.code, 1);
    assert!(lacking.err.contains("tuban ledger init"), "{}", lacking.err);

    let list = server.get("/rules").json();
    let rules = list["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 17);
    for rule in rules {
        assert!(rule["source"].as_str().unwrap().starts_with("自拟"), "{rule}");
        let is_ready = rule["ready"] == true;
        let status = server.get(&format!("/rules/{}", rule["code"].as_str().unwrap())).status;
        let expected = match rule["code"].as_str().unwrap() {
            // It is asked of some parcels.
            "neighbours" => 400,
            _ if is_ready => 200,
            _ => 404,
        };
        assert_eq!(status, expected, "{rule}");
    }
    assert!(run(place, &["rules", "s.gpkg"]).out.contains("\"over_parcel\""));
    assert!(server.get("/api?f=json").text().contains("疑似超占"));
    assert!(server.get("/rules/over_parcel?f=html").text().contains("疑似超占"));
    let page = server.get("/rules/over_parcel?f=csv&limit=1");
    let rows = page.text().lines().filter(|line| line.starts_with("疑似超占,")).count();
    assert_eq!(rows, 1, "{}", page.text());
}

/// Accounts of the roles that lead a point to its end, and their tokens.
struct Office {
    folder: tempfile::TempDir,
    server: Server,
    tokens: Vec<(&'static str, String)>,
}

impl Office {
    fn new() -> Self {
        let folder = folder_with(&[]);
        let place = folder.path();
        assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
        let roles = ["grid_worker", "town", "town_checker", "district", "district_checker"];
        let tokens = roles.map(|role| {
            let made = run(place, &["user", "add", "s.gpkg", role, "--role", role]);
            assert_eq!(made.code, 0, "{}", made.err);
            let token = run(place, &["user", "token", "s.gpkg", role]);
            (role, token.out.trim().to_owned())
        });
        let server = Server::start(&place.join("s.gpkg"), &[]);
        Self { folder, server, tokens: tokens.to_vec() }
    }

    fn send(&self, role: &str, method: &str, target: &str, body: &str) -> Response {
        let (_, token) = self.tokens.iter().find(|(name, _)| *name == role).unwrap();
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        match method {
            "GET" => self.server.ask("GET", target, &headers[..1]),
            _ => self.server.change(method, target, &headers, body),
        }
    }

    fn raise(&self, event: &Value) {
        let role = event["role"].as_str().unwrap();
        let target = format!("/points/{}/events", event["point"].as_str().unwrap());
        let answer = self.send(role, "POST", &target, &event.to_string());
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Leads point 1 to its end, by events 2 to 8.
    fn close_the_first(&self) {
        let photos =
            json!({ "before": [uuid(9001)], "after": [uuid(9002)], "build_area_m2": 120.5 });
        for event in [
            report(1, 2),
            register(1, 3),
            event(1, 4, "dispatch", "town", json!({ "receiver": "城管队" })),
            event(1, 5, "accept", "town", json!({})),
            event(1, 6, "submit", "town", photos),
            event(1, 7, "town_verify", "town_checker", json!({})),
            event(1, 8, "district_close", "district_checker", json!({ "proof": "site" })),
        ] {
            self.raise(&event);
        }
    }

    fn clues(&self, query: &str) -> Value {
        let answer = self.send("town", "GET", &format!("/rules/rebound{query}"), "");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// A report so many degrees east of where reports are.
fn report_at(point: u64, number: u64, east: f64) -> Value {
    let mut report = report(point, number);
    report["geometry"]["coordinates"][0] = json!(116.3385 + east);
    report
}

#[test]
fn a_report_whose_position_may_be_off_is_near_what_is_as_far_off() {
    let office = Office::new();
    office.close_the_first();
    // 26 metres away, where the rule says 15.
    office.raise(&report_at(2, 9, 0.0003));
    assert_eq!(office.clues("")["numberMatched"], 0);
    let mut report = report_at(3, 10, 0.0003);
    for odd in [json!(-1), json!(100_001), json!("30")] {
        report["accuracy_m"] = odd;
        let target = format!("/points/{}/events", uuid(3));
        let refused = office.send("grid_worker", "POST", &target, &report.to_string());
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains("/accuracy_m"), "{}", refused.text());
    }
    report["accuracy_m"] = json!(30);
    office.raise(&report);
    let told = office.clues("");
    assert_eq!(told["numberMatched"], 1, "{told}");
    let properties = &told["features"][0]["properties"];
    assert_eq!(properties["features"][0]["key"], uuid(3));
    assert_eq!(properties["measured"]["by_accuracy"], true);
    assert!(properties["reason"].as_str().unwrap().contains("定位精度 30 米内"), "{properties}");
}

#[test]
fn a_report_near_a_closed_point_is_proposed_until_a_person_confirms_the_rebound() {
    let office = Office::new();
    // Before the closing, and too far away: no rebounds.
    office.raise(&report_at(3, 1, 0.0));
    office.close_the_first();
    assert_eq!(office.clues("")["numberMatched"], 0);
    office.raise(&report_at(4, 9, 0.0005));
    office.raise(&report_at(2, 10, 0.0001));
    let told = office.clues("");
    assert_eq!(told["numberMatched"], 1, "{told}");
    let clue = &told["features"][0];
    let properties = &clue["properties"];
    assert_eq!(properties["suspicion"], "疑似反弹");
    let keys: Vec<&str> = properties["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, [uuid(2), uuid(1)]);
    let distance = properties["measured"]["distance_m"].as_f64().unwrap();
    assert!((8.0..9.0).contains(&distance), "{distance}");
    let reason = properties["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("{distance} 米（规则距离 15 米内）")), "{reason}");
    assert_eq!(clue["geometry"]["type"], "Point");

    // The answer says what a person would send, and leaves the person to fill in who it is.
    let confirm = &properties["confirm"];
    assert_eq!(confirm["body"]["kind"], "rebound");
    assert!(confirm["body"]["confirmed_by"].is_null());
    let href = confirm["href"].as_str().unwrap();
    let target = &href[href.find("/points/").unwrap()..];
    assert_eq!(target, format!("/points/{}/events", uuid(1)));
    let as_it_is = office.send("district_checker", "POST", target, &confirm["body"].to_string());
    assert_eq!(as_it_is.status, 422, "{}", as_it_is.text());
    let mut body = confirm["body"].clone();
    let given = event(1, 11, "rebound", "district_checker", json!({}));
    for name in ["id", "occurred_at"] {
        body[name] = given[name].clone();
    }
    body["confirmed_by"] = json!("district_checker");
    body["evidence"] = json!([uuid(9003)]);
    let before = office.clues("")["revision"].as_u64().unwrap();
    let confirmed = office.send("district_checker", "POST", target, &body.to_string());
    assert_eq!(confirmed.status, 201, "{}", confirmed.text());
    assert_eq!(confirmed.json()["points"][0]["state"], "rebounded");
    let after = office.clues("");
    assert_eq!(after["numberMatched"], 0, "{after}");
    assert!(after["revision"].as_u64().unwrap() > before);
    let twin = run(office.folder.path(), &["rules", "s.gpkg", "rebound"]);
    assert!(twin.out.contains("\"numberMatched\": 0"), "{}{}", twin.out, twin.err);
    // Nobody may ask without a token where there are accounts.
    assert_eq!(office.server.get("/rules/rebound").status, 401);
}

#[test]
fn a_clue_that_somebody_looked_at_is_told_with_what_was_said() {
    let office = Office::new();
    office.close_the_first();
    office.raise(&report_at(2, 9, 0.0001));
    let told = office.clues("");
    let (before, properties) = (told["revision"].clone(), &told["features"][0]["properties"]);
    assert_eq!((&properties["status"], &properties["review"]), (&json!("proposal"), &Value::Null));
    let clue = properties["clue"].as_str().unwrap().to_owned();
    let said = |number: u64, verdict: &str, more: Value| {
        let mut body = json!({ "id": uuid(number), "clue": clue, "verdict": verdict });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let review = |role: &str, body: &Value| {
        office.send(role, "POST", "/rules/rebound/reviews", &body.to_string())
    };
    let check = |role: &str, body: &Value, (status, code): (u16, &str), part: &str| {
        let refused = review(role, body);
        check_refusal(&refused, status, code, part);
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    };
    let dismissed = said(70, "dismissed", json!({ "reason": "是邻户的堆料" }));
    check("town", &dismissed, (404, "no_reviews"), "tuban ledger add");
    let added = run(office.folder.path(), &["ledger", "add", "s.gpkg", "clue_reviews"]);
    assert_eq!(added.code, 0, "{}{}", added.out, added.err);

    check("grid_worker", &dismissed, (403, "role_may_not"), "may not review clues");
    for (body, part) in [
        (said(70, "confirmed", json!({ "decision": "1号" })), "/verdict"),
        (said(70, "dismissed", json!({ "reason": " " })), "/reason"),
        (said(70, "guilty", json!({})), ""),
    ] {
        let code = if part.is_empty() { "invalid_features" } else { "invalid_review" };
        check("town", &body, (422, code), part);
    }
    let mut other = dismissed.clone();
    other["clue"] = json!("points/1,points/2,points/3");
    check("town", &other, (409, "clue_gone"), "points/1,points/2,points/3");

    let kept = review("town", &dismissed);
    assert_eq!(kept.status, 201, "{}", kept.text());
    let kept = kept.json();
    assert_eq!((&kept["outcome"], &kept["review"]["role"]), (&json!("new"), &json!("town")));
    let again = review("town", &dismissed);
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("again")));
    let other = said(70, "dismissed", json!({ "reason": "看错了" }));
    check("town", &other, (409, "review_stays"), "something else");
    let row = json!({ "type": "Feature", "geometry": null, "properties": { "rule": "rebound" } });
    let items = "/collections/clue_reviews/items";
    check_refusal(
        &office.send("district", "POST", items, &row.to_string()),
        409,
        "review_stays",
        "",
    );

    for (query, count) in
        [("", 1), ("?review=open", 0), ("?review=confirmed", 0), ("?review=dismissed", 1)]
    {
        assert_eq!(office.clues(query)["numberMatched"], count, "{query}");
    }
    let told = office.clues("?review=dismissed");
    let properties = &told["features"][0]["properties"];
    assert_eq!(
        (&properties["status"], &properties["review"]["reason"]),
        (&json!("dismissed"), &json!("是邻户的堆料"))
    );
    // The latest counts, and what had been said before stays.
    // A rule that lacks what it needs says what that is.
    let body = said(72, "confirmed", json!({ "decision": "1号" })).to_string();
    let refused = office.send("town", "POST", "/rules/new_building/reviews", &body);
    check_refusal(&refused, 404, "collection_not_found", "buildings_last");
    let later = said(71, "dismissed", json!({ "reason": "复核仍不属实" }));
    assert_eq!(review("district_checker", &later).status, 201);
    let told = office.clues("");
    assert_eq!(told["features"][0]["properties"]["review"]["reason"], "复核仍不属实");
    let past = office.clues(&format!("?as-of={}", kept["review"]["recorded_at"].as_str().unwrap()));
    assert_eq!(past["features"][0]["properties"]["review"]["reason"], "是邻户的堆料", "{before}");
    let twin = run(office.folder.path(), &["rules", "s.gpkg", "rebound", "--review", "open"]);
    assert!(twin.out.contains("\"numberMatched\": 0"), "{}{}", twin.out, twin.err);
}
