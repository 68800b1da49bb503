//! What departments did at a point stands in one timeline with its events, each department's own
//! notes for itself.

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, other_program, register, report, uuid};
use crate::running::run;

/// Records that an office keeps: one of each department, and one of another point.
const RECORDS: &str = "INSERT INTO enforcement_records
    (id, point, department, act, document_no, occurred_at, result, amount_yuan, officer) VALUES
    ('r1', '110115001-CW-2025-00001', 'urban', '责令改正', '城管改字〔2025〕1号',
     '2025-08-31T16:01:30.000Z', '限期拆除', 3000.5, '王五'),
    ('r2', '01990000-0000-7000-8000-000000000001', 'market', '现场检查', '市监查〔2025〕7号',
     '2025-08-31T15:00:00.000Z', '无照经营', NULL, '赵六'),
    ('r3', '01990000-0000-7000-8000-000000000002', 'urban', '立案', 'x', NULL, NULL, NULL, NULL)";

fn timeline(town: &Town, point: &str, token: &str) -> Vec<Value> {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let answer = town.server.ask("GET", &format!("/points/{point}/enforcement"), &headers);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["complete"], true);
    answer.json()["timeline"].as_array().unwrap().clone()
}

fn record<'a>(timeline: &'a [Value], id: &str) -> &'a Value {
    timeline.iter().find(|entry| entry["id"] == id).unwrap()
}

#[test]
fn records_of_departments_and_events_are_one_timeline_with_rights_by_department() {
    let town = Town::new();
    let none = town.server.get(&format!("/points/{}/enforcement", uuid(1)));
    check_refusal(&none, 404, "no_enforcement", "no collection");
    let place = town.folder.path();
    let added = run(place, &["ledger", "add", "s.gpkg", "enforcement_records"]);
    assert_eq!(added.code, 0, "{}", added.err);
    let twice = run(place, &["ledger", "add", "s.gpkg", "enforcement_records"]);
    assert_eq!(twice.code, 1);
    assert!(twice.err.contains("already"), "{}", twice.err);
    town.take(&[report(1, 1), register(1, 2), report(2, 3)]);
    town.take(&[event(1, 4, "dispatch", "town", json!({ "receiver": "城管队" }))]);
    let other = other_program(&town.path());
    other.execute_batch(RECORDS).unwrap();
    // Without accounts nobody sees more than everyone.
    let mut all = Vec::new();
    for _ in 0..100 {
        all = timeline(&town, &uuid(1), "");
        if all.len() == 5 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let told: Vec<(&str, &str)> = all
        .iter()
        .map(|entry| {
            let what = entry["kind"].as_str().or(entry["act"].as_str());
            (entry["source"].as_str().unwrap(), what.unwrap())
        })
        .collect();
    let expected = [
        ("record", "现场检查"),
        ("event", "report"),
        ("record", "责令改正"),
        ("event", "register"),
        ("event", "dispatch"),
    ];
    assert_eq!(told, expected);
    assert_eq!(timeline(&town, "110115001-CW-2025-00001", ""), all);
    let own = record(&all, "r1");
    assert!(own.get("officer").is_none() && own.get("amount_yuan").is_none(), "{own}");
    assert_eq!(own["withheld"], json!(["amount_yuan", "officer"]));
    let items = town.server.get("/collections/enforcement_records/items").json();
    assert_eq!(items["features"][0]["properties"].get("officer"), None);
    // A department reads its own records whole, and of others what everyone does.
    let token = |name: &str, arguments: &[&str]| {
        let made = run(place, &[&["user", "add", "s.gpkg", name], arguments].concat());
        assert_eq!(made.code, 0, "{}", made.err);
        run(place, &["user", "token", "s.gpkg", name]).out.trim().to_owned()
    };
    let urban = token("li", &["--role", "department", "--unit", "urban"]);
    let seen = timeline(&town, &uuid(1), &urban);
    let own = record(&seen, "r1");
    assert_eq!((&own["officer"], &own["amount_yuan"]), (&json!("王五"), &json!(3000.5)));
    assert_eq!(own["withheld"], json!([]));
    assert_eq!(record(&seen, "r2")["withheld"], json!(["officer"]));
    // The table says as much: amount, officer and note to the department, their names to others.
    let table = |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers: &[(&str, &str)] =
            if token.is_empty() { &[] } else { &[("Authorization", bearer.as_str())] };
        let target = format!("/points/{}/enforcement?f=csv", uuid(1));
        town.server.ask("GET", &target, headers).text().to_owned()
    };
    let own_table = table(&urban);
    assert!(own_table.contains(",3000.50,王五,"), "{own_table}");
    let office = token("zhang", &["--role", "town", "--unit", "urban"]);
    let other_table = table(&office);
    assert!(!other_table.contains("王五") && other_table.contains("officer"), "{other_table}");
    assert_eq!(timeline(&town, &uuid(1), &office), all, "another role of the same unit");
    let stranger = town.server.get(&format!("/points/{}/enforcement", uuid(1)));
    assert_eq!((stranger.status, &stranger.json()["code"]), (401, &json!("token_required")));
    // It writes its own records whole, and no others', one by one and in transactions.
    let send = |method: &str, target: &str, media_type: &str, body: Value| {
        let bearer = format!("Bearer {urban}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", media_type)];
        town.server.change(method, target, &headers, &body.to_string())
    };
    let feature = |id: &str, department: &str| {
        json!({ "type": "Feature", "geometry": null, "properties": {
            "id": id, "point": uuid(1), "department": department, "act": "复查",
            "occurred_at": "2025-09-02T02:00:00Z", "amount_yuan": 200.0, "officer": "孙八"
        } })
    };
    let items = "/collections/enforcement_records/items";
    let made = send("POST", items, "application/geo+json", feature("r4", "urban"));
    assert_eq!(made.status, 201, "{}", made.text());
    let seen = timeline(&town, &uuid(1), &urban);
    assert_eq!(record(&seen, "r4")["officer"], "孙八");
    let own = made.header("location").unwrap();
    let own = own[own.find("/collections").unwrap()..].to_owned();
    let patch = |properties: Value| json!({ "properties": properties });
    let merge = "application/merge-patch+json";
    assert_eq!(send("PATCH", &own, merge, patch(json!({ "amount_yuan": 300.0 }))).status, 204);
    let seen = timeline(&town, &uuid(1), &urban);
    assert_eq!(record(&seen, "r4")["amount_yuan"], 300.0);
    let bearer = format!("Bearer {urban}");
    let headers = [("Authorization", bearer.as_str())];
    let others = town.server.ask("GET", &format!("{items}?id=r2&f=json"), &headers);
    let other = others.json()["features"][0]["id"].to_string();
    let change = |op: &str, more: Value| {
        let mut change = json!({ "collection": "enforcement_records", "op": op });
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "changes": [change] })
    };
    for (method, target, media_type, body) in [
        ("POST", items, "application/geo+json", feature("r5", "market")),
        ("PATCH", &own, merge, patch(json!({ "department": "market" }))),
        ("PATCH", &format!("{items}/{other}"), merge, patch(json!({ "act": "x" }))),
        ("DELETE", &format!("{items}/{other}"), "application/json", json!({})),
        (
            "POST",
            "/transactions",
            "application/json",
            change("insert", json!({ "feature": feature("r6", "market") })),
        ),
    ] {
        let refused = send(method, target, media_type, body);
        check_refusal(
            &refused,
            403,
            "role_may_not",
            "records of departments are written by whose they are",
        );
    }
    // Nor does a town in the name of a department, but the district.
    for (name, role, status) in [("town1", "town", 403), ("district1", "district", 201)] {
        let sender = token(name, &["--role", role, "--unit", "110115001"]);
        let bearer = format!("Bearer {sender}");
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/geo+json")];
        let mut body = feature(&format!("{name}-1"), "market");
        body["properties"] = json!({
            "id": format!("{name}-1"), "point": uuid(1), "department": "market", "act": "复查"
        });
        let sent = town.server.change("POST", items, &headers, &body.to_string());
        assert_eq!(sent.status, status, "{role}: {}", sent.text());
    }
    let both = change("insert", json!({ "feature": feature("r7", "urban") }));
    let taken = send("POST", "/transactions", "application/json", both);
    assert!([200, 201].contains(&taken.status), "{}", taken.text());
}
