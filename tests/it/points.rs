//! The ledger over HTTP: points moved by events, who may raise what, what is refused and how it says
//! so, and that nothing else changes a point.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, other_program, register, report, submitted, uuid};
use crate::running::{Server, folder_with, run};

/// Closes a point that the town has seen.
fn close(point: u64, number: u64) -> Value {
    event(point, number, "district_close", "district_checker", json!({ "proof": "site" }))
}

#[test]
fn a_point_is_reported_registered_and_traced_with_both_clocks() {
    let town = Town::new();
    let made = town.raise(&report(1, 1));
    assert_eq!(made.status, 201, "{}", made.text());
    let revision: u64 = made.header("tuban-revision").unwrap().parse().unwrap();
    assert_eq!(made.json()["revision"], revision);
    assert_eq!(made.json()["points"][0]["state"], "reported");
    let again = town.raise(&report(1, 1));
    assert_eq!((again.status, &again.json()["events"][0]["outcome"]), (200, &json!("again")));

    let done = town.raise(&register(1, 2));
    assert_eq!(done.status, 201, "{}", done.text());
    let code = done.json()["points"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(code, "110115001-CW-2025-00001");
    // The number leads to the point as its id does.
    let dispatch =
        event(1, 3, "dispatch", "town", json!({ "receiver": "城管队", "person": "王五" }));
    let at = format!("/points/{code}/events");
    assert_eq!(town.server.post(&at, &dispatch.to_string()).status, 201);

    let trace = town.trace(&code);
    assert_eq!(trace["point"]["id"], uuid(1));
    assert_eq!(trace["point"]["state"], "dispatched");
    assert_eq!(trace["point"]["lamp"], "red", "the deadline is long over");
    assert_eq!(trace["point"]["deadline"], "2025-10-31T15:59:59.999Z");
    assert_eq!(trace["point"]["address"], "学府路");
    let events = trace["events"].as_array().unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["report", "register", "dispatch"]);
    let last = &events[2];
    assert_eq!(last["occurred_at"], "2025-08-31T16:03:00.000Z");
    assert!(last["recorded_at"].as_str().unwrap() > "2026");
    assert_eq!(
        (&last["actor"], &last["role"], &last["seq"]),
        (&json!("local"), &json!("town"), &json!(3))
    );
    assert_eq!(last["changed"]["state"], json!({ "before": "registered", "after": "dispatched" }));
    assert_eq!(last["late"], true);
    assert!(last["person"].is_null() && last["changed"]["person"].is_null(), "a name is not shown");
    // Points lie on the map as every collection does.
    let row = town.row("points", 1);
    assert_eq!((&row["code"], &row["state"]), (&json!(code), &json!("dispatched")));
    for name in [code.clone(), uuid(1), uuid(1).to_uppercase()] {
        let item = town.server.get(&format!("/collections/points/items/{name}"));
        assert_eq!((item.status, &item.json()["id"]), (200, &json!(1)), "{name}");
    }
    let missing = town.server.get("/collections/points/items/110115001-CW-2025-00077");
    check_refusal(&missing, 404, "feature_not_found", "110115001-CW-2025-00077");
    assert_eq!(town.check_rows(), 1);

    // What had been recorded before.
    let recorded = events[1]["recorded_at"].as_str().unwrap();
    let past = town.server.get(&format!("/points/{code}/trace?as-of={recorded}"));
    assert_eq!(past.status, 200, "{}", past.text());
    assert_eq!(past.json()["point"]["state"], "registered");
    assert_eq!(past.json()["events"].as_array().unwrap().len(), 2);
    let never = town.server.get(&format!("/points/{code}/trace?as-of=2020-01-01"));
    check_refusal(&never, 404, "point_not_found", "before it was");
    let town = town.restarted();
    assert_eq!(town.trace(&code)["events"].as_array().unwrap().len(), 3);
}

#[test]
fn a_refused_event_says_why_and_what_to_do() {
    let town = Town::new();
    town.take(&submitted(1, 1));
    town.take(&[report(2, 20), report(3, 21), register(3, 22)]);
    let more = |event: Value, name: &str, value: Value| {
        let mut event = event;
        event[name] = value;
        event
    };
    for (event, status, code, part) in [
        // The submitter is `local`, who may not check.
        (
            event(1, 10, "town_verify", "town_checker", json!({})),
            403,
            "event_forbidden",
            "let another person",
        ),
        (
            event(3, 34, "void", "grid_worker", json!({ "approval": "V" })),
            403,
            "event_forbidden",
            "leave it to district",
        ),
        (more(report(9, 30), "author", json!("mallory")), 403, "author_differs", "\\\"local\\\""),
        (close(1, 10), 409, "event_conflict", "only town_verify, fail"),
        (
            more(
                event(1, 11, "withdraw", "town", json!({})),
                "occurred_at",
                json!("2025-08-01T08:00:00Z"),
            ),
            409,
            "event_conflict",
            "out of order",
        ),
        (
            event(2, 31, "merge", "town", json!({ "into_point": uuid(8) })),
            409,
            "event_conflict",
            "unknown here",
        ),
        (
            more(register(2, 32), "code", json!("110115001-CW-2025-00001")),
            409,
            "event_conflict",
            "is that of point",
        ),
        (more(report(2, 20), "unit", json!("110115002")), 409, "event_conflict", "other content"),
        (
            event(2, 33, "reject", "town", json!({ "reason": " " })),
            422,
            "invalid_event",
            "a reason",
        ),
        (more(register(2, 33), "due_at", json!("2025-08-01")), 422, "invalid_event", "not after"),
        (more(register(2, 33), "unit", json!("城管")), 422, "invalid_event", "6, 9 or 12 digits"),
        (
            more(report(9, 33), "occurred_at", json!("2199-01-01T00:00:00Z")),
            422,
            "invalid_event",
            "set the clock",
        ),
        (more(report(9, 33), "unit", Value::Null), 422, "invalid_event", "area of no unit"),
        (
            more(more(report(9, 33), "unit", Value::Null), "geometry", Value::Null),
            422,
            "invalid_event",
            "neither a unit nor a position",
        ),
        (
            event(2, 33, "merge", "town", json!({ "into_point": "110115001-CW-2025-09999" })),
            422,
            "invalid_event",
            "no point \\\"110115001-CW-2025-09999\\\"",
        ),
        (
            more(register(2, 33), "count", json!(-1)),
            422,
            "invalid_event",
            "from 0 on is expected, not -1",
        ),
        (
            more(register(2, 33), "build_area_m2", json!("many")),
            422,
            "invalid_event",
            "a number is expected, not \\\"many\\\"",
        ),
        (more(register(2, 33), "person", json!(7)), 422, "invalid_event", "expected, not a number"),
        (more(report(9, 33), "state", json!("closed")), 422, "invalid_event", "/state"),
        (
            more(report(9, 33), "geometry", json!({ "type": "Point", "coordinates": [500, 39] })),
            422,
            "invalid_event",
            "/geometry",
        ),
        (more(report(9, 33), "id", json!("7")), 422, "invalid_event", "UUID of version 7"),
        (more(report(9, 33), "kind", json!("close")), 422, "invalid_event", "district_close"),
        (more(report(9, 33), "role", json!("mayor")), 422, "invalid_event", "grid_worker"),
        (
            more(report(9, 33), "occurred_at", json!("yesterday")),
            422,
            "invalid_event",
            "/occurred_at",
        ),
        (
            more(event(2, 33, "reject", "town", json!({ "reason": "x" })), "count", json!(3)),
            422,
            "invalid_event",
            "/count",
        ),
        (
            more(report(9, 33), "address", json!("x".repeat(2001))),
            422,
            "invalid_event",
            "2000 characters",
        ),
        (more(report(9, 33), "backfilled", json!(true)), 409, "event_conflict", "empty ledger"),
    ] {
        let answer = town.raise(&event);
        check_refusal(&answer, status, code, &event.to_string());
        assert!(answer.text().contains(part), "{part}: {}", answer.text());
    }
    for (target, body, status, code) in [
        ("/points/nowhere/events", "{}".to_owned(), 404, "point_not_found"),
        ("/points/events", "7".to_owned(), 400, "invalid_request"),
        ("/points/events", "[".to_owned(), 400, "invalid_request"),
    ] {
        check_refusal(&town.server.post(target, &body), status, code, target);
    }
    check_refusal(&town.server.get("/points/nowhere/trace"), 404, "point_not_found", "trace");
    let other = format!("/points/{}/events", uuid(2));
    let astray = town.server.post(&other, &close(1, 10).to_string());
    check_refusal(&astray, 422, "invalid_event", "another point");
    assert_eq!(town.check_rows(), 3);
}

#[test]
fn points_go_by_their_numbers_wherever_an_event_names_one() {
    let town = Town::new();
    town.take(&[report(1, 1), register(1, 2), report(2, 3)]);
    let code = "110115001-CW-2025-00001";
    let named = |mut event: Value, name: &str| {
        event["point"] = json!(name);
        event
    };
    let dispatch = event(1, 4, "dispatch", "town", json!({ "receiver": "城管队" }));
    let accept = event(1, 5, "accept", "town", json!({}));
    let merge = event(2, 6, "merge", "town", json!({ "into_point": code }));
    let answer = town.batch(&[
        named(dispatch, code),
        named(event(1, 7, "accept", "town", json!({})), "110115001-CW-2025-00002"),
        merge,
    ]);
    let outcomes: Vec<(&Value, &Value)> =
        answer["events"].as_array().unwrap().iter().map(|e| (&e["outcome"], &e["point"])).collect();
    let (new, refused) = (json!("new"), json!("refused"));
    let points = [uuid(1), "110115001-CW-2025-00002".to_owned(), uuid(2)].map(Value::from);
    assert_eq!(outcomes, [(&new, &points[0]), (&refused, &points[1]), (&new, &points[2])]);
    let problem = answer["events"][1]["problem"]["defects"][0]["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("the ledger has no point \"110115001-CW-2025-00002\""),
        "{problem}"
    );
    assert_eq!(town.trace(&uuid(2))["point"]["merged_into"], uuid(1));
    // At a point its own number may stand, and no other.
    let at = format!("/points/{code}/events");
    let astray = town.server.post(&at, &named(accept.clone(), &uuid(2)).to_string());
    check_refusal(&astray, 422, "invalid_event", "another point");
    let taken = town.server.post(&at, &named(accept, code).to_string());
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(town.trace(code)["point"]["state"], "in_progress");
}

#[test]
fn a_phone_that_sends_its_batch_three_times_changes_the_ledger_once() {
    let town = Town::new();
    let mut batch = submitted(1, 1);
    batch.extend(submitted(2, 11));
    batch.push(json!({ "kind": "report" }));
    batch.push(close(1, 40));
    let first = town.batch(&batch);
    let outcomes = |answer: &Value| -> Vec<String> {
        let events = answer["events"].as_array().unwrap().iter();
        events.map(|event| event["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let mut expected = vec!["new"; 10];
    expected.extend(["refused"; 2]);
    assert_eq!(outcomes(&first), expected);
    assert_eq!(first["events"][10]["problem"]["status"], 422);
    assert_eq!(first["events"][11]["problem"]["code"], "event_conflict");
    assert_eq!(first["points"].as_array().unwrap().len(), 2);
    assert_eq!(first["points"][1]["code"], "110115001-CW-2025-00002");
    let revision = first["revision"].as_u64().unwrap();
    for _ in 0..2 {
        let again = town.batch(&batch);
        expected = vec!["again"; 10];
        expected.extend(["refused"; 2]);
        assert_eq!(
            (outcomes(&again), again["revision"].as_u64()),
            (expected.iter().map(ToString::to_string).collect(), Some(revision))
        );
        assert!(again["at"].is_null());
    }
    assert_eq!(town.check_rows(), 2);
}

#[test]
fn of_two_clients_who_race_to_end_a_point_one_does_and_the_other_is_told() {
    let town = Town::new();
    // Without accounts the one who submits may not check: two clients take it off the ledger.
    for round in 0..5 {
        let point = 1 + round;
        town.take(&[report(point, 1 + round * 20), register(point, 2 + round * 20)]);
        let void = |number| event(point, number, "void", "district", json!({ "approval": "V-1" }));
        let (first, second) = (void(10 + round * 20), void(11 + round * 20));
        let answers = std::thread::scope(|scope| {
            let racing = [&first, &second].map(|event| scope.spawn(|| town.raise(event)));
            racing.map(|one| one.join().unwrap())
        });
        let mut statuses = [answers[0].status, answers[1].status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        let lost = answers.iter().find(|answer| answer.status == 409).unwrap();
        check_refusal(lost, 409, "event_conflict", "void");
        assert!(lost.text().contains("is void (作废): void may not follow"), "{}", lost.text());
    }
    assert_eq!(town.check_rows(), 5);
}

#[test]
fn nothing_but_an_event_changes_what_follows_from_events() {
    let town = Town::new();
    town.take(&[report(1, 1), register(1, 2)]);
    let item = "/collections/points/items/1";
    let json_type = [("Content-Type", "application/merge-patch+json")];
    let feature = [("Content-Type", "application/geo+json")];
    let patch = |body: &str| town.server.change("PATCH", item, &json_type, body);
    let refused = patch(r#"{"properties":{"state":"closed"}}"#);
    check_refusal(&refused, 409, "events_only", "PATCH");
    assert!(refused.text().contains(&format!("/points/{}/events", uuid(1))), "{}", refused.text());
    assert_eq!(refused.json()["defects"][0]["pointer"], "/properties/state");
    check_refusal(&town.server.change("DELETE", item, &[], ""), 409, "events_only", "DELETE");
    let whole = r#"{"type":"Feature","geometry":null,"properties":{}}"#;
    check_refusal(&town.server.change("PUT", item, &feature, whole), 409, "events_only", "PUT");
    let all = "/collections/points/items";
    check_refusal(&town.server.change("POST", all, &feature, whole), 409, "events_only", "POST");
    let events = "/collections/point_events/items";
    let one = format!("{events}/1");
    check_refusal(&town.server.change("POST", events, &feature, whole), 409, "events_only", events);
    check_refusal(&town.server.change("DELETE", &one, &[], ""), 409, "events_only", "an event");
    let edit = r#"{"properties":{"reason":"x"}}"#;
    check_refusal(
        &town.server.change("PATCH", &one, &json_type, edit),
        409,
        "events_only",
        "event",
    );
    let transaction = json!({ "changes": [
        { "collection": "points", "op": "update", "id": 1, "feature": { "properties": { "note": "x" } } },
        { "collection": "points", "op": "update", "id": 1, "feature": { "properties": { "code": "x" } } }
    ] });
    let refused = town.server.post("/transactions", &transaction.to_string());
    check_refusal(&refused, 409, "events_only", "transaction");
    assert_eq!(refused.json()["defects"][0]["pointer"], "/changes/1/feature/properties/code");

    // All else of a point may be edited; a whole feature may be put back as it was read.
    let moved = r#"{"geometry":{"type":"Point","coordinates":[116.34,39.73]},"properties":{"note":"moved"}}"#;
    assert_eq!(patch(moved).status, 204);
    let read = town.server.get(item).text().to_owned();
    let put = town.server.change("PUT", item, &feature, &read);
    assert_eq!(put.status, 204, "{}", put.text());
    assert_eq!(town.row("points", 1)["note"], "moved");
    assert_eq!(town.check_rows(), 1);

    let csv = "id,lon,lat\na,116.3,39.7\n";
    std::fs::write(town.folder.path().join("points.csv"), csv).unwrap();
    for how in [&["--append"][..], &["--replace"], &["--upsert", "id"]] {
        let arguments = [&["import", "s.gpkg", "points.csv", "--crs", "EPSG:4490"], how].concat();
        let refused = run(town.folder.path(), &arguments);
        assert_eq!(refused.code, 1, "{}", refused.out);
        assert!(refused.err.contains("tuban ledger register"), "{}", refused.err);
    }
}

#[test]
fn what_another_program_writes_over_a_point_is_put_back_and_listed() {
    let town = Town::new();
    town.take(&[report(1, 1), register(1, 2), report(2, 3)]);
    let other = other_program(&town.path());
    other.execute("UPDATE points SET state = 'closed', note = 'QGIS' WHERE fid = 1", []).unwrap();
    other.execute("UPDATE point_events SET actor = 'mallory' WHERE fid = 1", []).unwrap();
    other.execute("DELETE FROM points WHERE fid = 2", []).unwrap();
    let defects = |collection: &str| {
        let answer = town.server.get(&format!("/collections/{collection}/defects"));
        answer.json()["defects"].as_array().unwrap().clone()
    };
    for _ in 0..300 {
        if defects("points").len() == 2 && defects("point_events").len() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let listed = defects("points");
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed.iter().any(|one| one["pointer"] == "/properties/state"), "{listed:?}");
    assert!(
        listed.iter().all(|one| one["detail"].as_str().unwrap().contains("/points/{id}/events"))
    );
    let row = town.row("points", 1);
    assert_eq!((&row["state"], &row["note"]), (&json!("registered"), &json!("QGIS")));
    assert_eq!(town.trace(&uuid(1))["events"][0]["actor"], "local");
    assert_eq!(town.trace(&uuid(2))["point"]["fid"], 3);
    assert_eq!(town.check_rows(), 2);
    let history = town.server.get("/collections/points/items/1/history").json();
    let last = history["changes"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["author"], "tuban");
    assert!(last["reason"].as_str().unwrap().starts_with("put back state"), "{last}");

    // While nobody serves the store.
    let Town { folder, server } = town;
    drop(server);
    other.execute("UPDATE points SET state = 'void' WHERE fid = 1", []).unwrap();
    drop(other);
    let town = Town { server: Server::start(&folder.path().join("s.gpkg"), &[]), folder };
    for _ in 0..300 {
        if town.row("points", 1)["state"] == "registered" {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(town.check_rows(), 2);
}

#[test]
fn a_server_that_is_killed_between_events_keeps_points_and_events_together() {
    let mut town = Town::new();
    for round in 0..4_u64 {
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (town, taken) = (&town, &taken);
            for writer in 0..2_u64 {
                scope.spawn(move || {
                    for step in 0..200_u64 {
                        let number = 1 + ((round * 2 + writer) * 200 + step) * 5;
                        let body = json!(submitted(number, number)).to_string();
                        if town.server.try_post("/points/events", &body).is_none() {
                            return;
                        }
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for _ in 0..4_000 {
                if taken.load(Ordering::Relaxed) > 0 {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(30 + round * 70));
            town.server.signal("-KILL");
        });
        town = town.restarted();
        assert!(town.check_rows() > 0);
    }
    let verified = run(town.folder.path(), &["verify", "s.gpkg"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
}

#[test]
fn a_ledger_is_made_once_and_described() {
    let folder = folder_with(&[]);
    assert_eq!(run(folder.path(), &["ledger", "init", "s.gpkg", "--crs", "EPSG:4548"]).code, 0);
    let again = run(folder.path(), &["ledger", "init", "s.gpkg"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("has a ledger already"), "{}", again.err);
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    // Points come in degrees and are stored in metres.
    let made = server.post(&format!("/points/{}/events", uuid(1)), &report(1, 1).to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    let item = server.get("/collections/points/items/1").json();
    let lon = item["geometry"]["coordinates"][0].as_f64().unwrap();
    assert!((lon - 116.3385).abs() < 1e-7, "{lon}");
    let api = server.get("/api?f=json").json();
    let path = &api["paths"]["/points/{id}/events"]["post"];
    let examples = &path["requestBody"]["content"]["application/json"]["examples"];
    let mut earlier = examples["report"]["value"].clone();
    let id = uuid(77);
    earlier["occurred_at"] = json!("2025-09-01T09:30:00+08:00");
    earlier["id"] = json!(uuid(78));
    let raised = server.post(&format!("/points/{id}/events"), &earlier.to_string());
    assert_eq!(raised.status, 201, "{}", raised.text());

    let plain = folder_with(&[("a.csv", b"name,lon,lat\nx,116.3,39.7\n")]);
    assert_eq!(run(plain.path(), &["import", "t.gpkg", "a.csv", "--crs", "EPSG:4490"]).code, 0);
    let server = Server::start(&plain.path().join("t.gpkg"), &[]);
    check_refusal(&server.post("/points/events", "[]"), 404, "no_ledger", "no ledger");
    let api = server.get("/api?f=json").json();
    assert!(api["paths"].as_object().unwrap().keys().all(|path| !path.starts_with("/points")));
    let refused = server.get("/points/x/trace");
    check_refusal(&refused, 404, "no_ledger", "no ledger");
    assert!(refused.text().contains("tuban ledger init"), "{}", refused.text());
}

#[test]
fn points_are_registered_under_the_tasks_of_the_city_alone() {
    const TASKS: &str = "edition = \"2026\"\n[[tasks]]\ncode = \"CW\"\nname = \"拆除违法建设\"\n\
        mode = \"planned\"\ncategory = \"rectification\"\nbasis = \"local\"\nsource = \"文件\"\n";
    let folder = folder_with(&[
        ("tasks.toml", TASKS.as_bytes()),
        ("tuban.toml", "[ledger]\ntasks = \"tasks.toml\"\n".as_bytes()),
    ]);
    let place = folder.path();
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    let tasks = place.join("tasks.toml").display().to_string();
    std::fs::write(place.join("tuban.toml"), format!("[ledger]\ntasks = {tasks:?}\n")).unwrap();
    let config = place.join("tuban.toml");
    let server = Server::start(&place.join("s.gpkg"), &["--config", config.to_str().unwrap()]);
    let raise = |event: &Value| {
        server.post(
            &format!("/points/{}/events", event["point"].as_str().unwrap()),
            &event.to_string(),
        )
    };
    assert_eq!(raise(&report(1, 1)).status, 201);
    let mut other = register(1, 2);
    other["task"] = json!("QQ");
    check_refusal(&raise(&other), 422, "invalid_event", "is no task of this ledger; there are CW");
    assert_eq!(raise(&register(1, 3)).status, 201);
    let told = server.get("/tasks").json();
    assert_eq!(
        (&told["edition"], &told["tasks"][0]["modeName"]),
        (&json!("2026"), &json!("计划管理"))
    );
    assert!(server.get("/tasks?f=csv").text().contains("拆除违法建设"));
    drop(server);
    std::fs::write(place.join("tasks.toml"), TASKS.replace("planned", "plan")).unwrap();
    let serve = ["serve", "s.gpkg", "--listen", "127.0.0.1:0", "--config", "tuban.toml"];
    let refused = run(place, &serve);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("tasks.toml, line 5: unknown variant `plan`"), "{}", refused.err);
}

#[test]
fn a_registration_calls_its_task_by_code_or_name_and_no_other_one_once_there_are_points() {
    let town = Town::new();
    let of = |point: u64, task: &str| {
        let mut event = register(point, point * 10 + 1);
        event["task"] = json!(task);
        town.raise(&report(point, point * 10));
        town.raise(&event)
    };
    let first = of(1, "X9");
    assert_eq!(first.status, 201, "the first points may be of any: {}", first.text());
    for (point, task, code) in [(2, "拆除违法建设", "CW"), (3, "CW", "CW"), (4, "X9", "X9")] {
        let taken = of(point, task);
        assert_eq!(taken.status, 201, "{task}: {}", taken.text());
        let told = taken.json()["points"][0]["code"].as_str().unwrap().to_owned();
        assert!(told.starts_with(&format!("110115001-{code}-2025-")), "{task}: {told}");
        assert_eq!(of(point, task).status, 200, "sent again");
    }
    let there_are = "is no task of this ledger; there are BJ, CW, ";
    for (point, task) in [(5, "NOPE"), (6, "cw"), (7, "拆除违建")] {
        let refused = of(point, task);
        check_refusal(&refused, 422, "invalid_event", there_are);
        assert_eq!(refused.json()["defects"][0]["pointer"], "/task");
        let told = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(&format!("{task:?}")) && told.contains(", X9, "), "{told}");
    }
    let sheet = "任务,责任单位,挂账日期,期限,建筑面积,地址,lon,lat\n\
        拆除违法建设,110115001,2025-09-01,2025-12-31,1,甲,116.3385,39.7285\n\
        不存在任务,110115001,2025-09-01,2025-12-31,1,乙,116.3385,39.7285\n";
    std::fs::write(town.folder.path().join("a.csv"), sheet).unwrap();
    let command = ["ledger", "register", "s.gpkg", "a.csv", "--crs", "EPSG:4490", "--json"];
    let told = run(town.folder.path(), &command);
    assert_eq!(told.code, 3, "{}", told.err);
    let fates: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(fates[0]["code"], "110115001-CW-2025-00003", "{fates}");
    let defect = &fates[1]["defects"][0];
    let reason = defect["reason"].as_str().unwrap();
    assert!(reason.starts_with("\"不存在任务\" ") && reason.contains(there_are), "{reason}");
    assert_eq!(defect["column"], "任务");
    // A sheet that is read again may call its task by name, too.
    let again = "点位编号,任务,备注\n110115001-CW-2025-00003,拆除违法建设,已核\n";
    std::fs::write(town.folder.path().join("b.csv"), again).unwrap();
    let told = run(town.folder.path(), &["ledger", "register", "s.gpkg", "b.csv", "--json"]);
    let fates: Value = serde_json::from_str(&told.out).unwrap_or_default();
    assert_eq!((told.code, &fates[0]["fate"]), (0, &json!("changed")), "{fates}{}", told.err);
}
