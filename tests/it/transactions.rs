//! `POST /transactions`: all or nothing, defects of all changes, edits at the same time.

use std::thread;

use serde_json::{Value, json};
use spatial::Revision;
use store::{FeatureStore, GeoPackageStore};

use crate::edit_town::{Town, check_refusal, square, square_at};
use crate::running::Response;

fn transact(town: &Town, changes: Value) -> Response {
    town.server.post("/transactions", &json!({ "reason": "test", "changes": changes }).to_string())
}

fn parcel(properties: Value, number: u32) -> Value {
    let geometry: Value = serde_json::from_str(&square(number)).unwrap();
    json!({ "type": "Feature", "properties": properties, "geometry": geometry })
}

#[test]
fn several_collections_change_together() {
    let town = Town::new();
    let before = town.revision();
    let answer = transact(
        &town,
        json!([
            { "collection": "parcels", "op": "insert", "feature": parcel(json!({ "code": "N1" }), 9) },
            { "collection": "points", "op": "update", "id": 1, "feature": { "properties": { "label": "changed" } } },
            { "collection": "parcels", "op": "update", "id": 2, "feature": { "properties": { "floors": 5 } }, "ifRevision": before },
            { "collection": "parcels", "op": "update", "id": 2, "feature": { "properties": { "area": 9.5 } } },
            { "collection": "parcels", "op": "replace", "id": 3, "feature": parcel(json!({ "code": "P2" }), 2) },
            { "collection": "parcels", "op": "delete", "id": 4 },
            { "collection": "parcels", "op": "insert", "feature": parcel(json!({ "code": "P3" }), 3) }
        ]),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let done = answer.json();
    assert_eq!(done["revision"], before + 1);
    assert_eq!(answer.header("tuban-revision"), Some(&*(before + 1).to_string()));
    assert_eq!(done["ids"], json!([7, 1, 2, 2, 3, 4, 8]));
    let at = done["at"].as_str().unwrap();
    assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    let two = town.item("parcels/items/2").0;
    assert_eq!(
        (&two["properties"]["floors"], &two["properties"]["area"]),
        (&json!(5), &json!(9.5))
    );
    assert_eq!(two["properties"]["name"], "甲村1号", "what no change names stays");
    assert_eq!(town.item("points/items/1").0["properties"]["label"], "changed");
    assert!(town.item("parcels/items/3").0["properties"]["name"].is_null());
    assert_eq!(town.server.get("/collections/parcels/items/4").status, 404);
    assert_eq!(town.item("parcels/items/8").0["properties"]["code"], "P3");
    let folder = town.folder;
    assert!(town.server.terminate().0);
    let store = GeoPackageStore::open(&folder.path().join("town.gpkg")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let records = runtime.block_on(store.changes(Revision(before), 100)).unwrap();
    assert_eq!(records.len(), 7);
    for record in records {
        assert_eq!((record.actor.as_str(), record.reason.as_str()), ("local", "test"));
    }
}

#[test]
fn defects_of_all_changes_are_listed_and_nothing_is_done() {
    let town = Town::new();
    let before = town.revision();
    let bow_tie = json!({ "type": "Polygon", "coordinates": [[[116, 39], [117, 40], [117, 39], [116, 40], [116, 39]]] });
    let far = serde_json::from_str::<Value>(&square_at(39.6, 116.4)).unwrap();
    let answer = transact(
        &town,
        json!([
            { "collection": "parcels", "op": "insert", "feature": parcel(json!({ "code": "N1", "floors": "secret" }), 9) },
            { "collection": "parcels", "op": "insert", "feature": parcel(json!({ "code": "N1" }), 10) },
            { "collection": "parcels", "op": "update", "id": 2, "feature": { "geometry": bow_tie } },
            { "collection": "parcels", "op": "update", "id": 99, "feature": {} },
            { "collection": "nothing", "op": "delete", "id": 1 },
            { "collection": "parcels", "op": "update", "id": 3, "feature": { "geometry": far, "properties": { "a/b~": 1 } } },
            { "collection": "parcels", "op": "delete", "id": 4 },
            { "collection": "parcels", "op": "update", "id": 4, "feature": {} },
            { "collection": "points", "op": "update", "id": 1, "feature": { "properties": { "label": 5 } } }
        ]),
    );
    let defects = check_refusal(&answer, 422, "invalid_features", "many defects");
    for place in [
        "/changes/0/feature/properties/floors: ",
        "/changes/1/feature/properties/code: ",
        "/changes/2/feature/geometry/coordinates/0/",
        "/changes/3/id: ",
        "/changes/4/collection: ",
        "/changes/5/feature/geometry/coordinates/0/0: ",
        "/changes/5/feature/properties/a~1b~0: ",
        "/changes/7/id: ",
        "/changes/8/feature/properties/label: ",
    ] {
        assert!(defects.iter().any(|defect| defect.starts_with(place)), "{place} in {defects:#?}");
    }
    assert_eq!(defects.len(), 9, "{defects:#?}");
    // Keys that features of the store have are listed all, too.
    let taken = transact(
        &town,
        json!([
            { "collection": "parcels", "op": "insert", "feature": parcel(json!({ "code": "P1" }), 9) },
            { "collection": "parcels", "op": "insert", "feature": parcel(json!({ "code": "N2" }), 9) },
            { "collection": "parcels", "op": "update", "id": 3, "feature": { "properties": { "code": "P4" } } }
        ]),
    );
    let defects = check_refusal(&taken, 422, "invalid_features", "keys");
    assert_eq!(defects.len(), 2, "{defects:#?}");
    assert!(defects[0].starts_with("/changes/0/feature/properties/code: "));
    assert!(defects[1].starts_with("/changes/2/feature/properties/code: "));
    assert_eq!(town.revision(), before);
}

#[test]
fn a_malformed_transaction_is_refused_by_name() {
    let town = Town::with_settings("[server]\nmax_transaction_changes = 3\n");
    let one = json!({ "collection": "parcels", "op": "delete", "id": 1 });
    let many = json!({ "changes": [one, one, one, one] });
    let with = |member: &str, value: Value| {
        let mut change = one.clone();
        change[member] = value;
        json!({ "changes": [change] })
    };
    for (body, status, code, said) in [
        (json!([]), 400, "invalid_request", "object"),
        (json!({}), 400, "invalid_request", "changes"),
        (json!({ "changes": [] }), 400, "invalid_request", "/changes"),
        (json!({ "changes": {} }), 400, "invalid_request", "/changes"),
        (json!({ "changes": [5] }), 400, "invalid_request", "/changes/0"),
        (json!({ "changes": [one], "odd": 1 }), 400, "invalid_request", "/odd"),
        (json!({ "changes": [one], "reason": 5 }), 400, "invalid_request", "/reason"),
        (json!({ "changes": [one], "author": "else" }), 403, "author_differs", "author"),
        (json!({ "changes": [one], "actor": "else" }), 403, "author_differs", "actor"),
        (with("op", json!("upsert")), 400, "invalid_request", "/changes/0/op"),
        (with("id", json!(0)), 400, "invalid_request", "/changes/0/id"),
        (with("id", json!("1")), 400, "invalid_request", "/changes/0/id"),
        (with("feature", json!({})), 400, "invalid_request", "/changes/0/feature"),
        (with("ifRevision", json!(-1)), 400, "invalid_request", "/changes/0/ifRevision"),
        (with("odd", json!(1)), 400, "invalid_request", "/changes/0/odd"),
        (
            json!({ "changes": [{ "collection": "parcels", "op": "update", "id": 1 }] }),
            400,
            "invalid_request",
            "feature",
        ),
        (
            json!({ "changes": [{ "collection": "parcels", "op": "insert", "feature": parcel(json!({ "owner": "secret" }), 9) }] }),
            403,
            "field_not_writable",
            "owner",
        ),
        (many, 413, "body_too_large", "3"),
    ] {
        let answer = town.server.post("/transactions", &body.to_string());
        check_refusal(&answer, status, code, &body.to_string());
        assert!(answer.text().contains(said), "{body}: {said} in {}", answer.text());
    }
    let own = json!({ "changes": [one], "actor": "local", "author": "local" });
    assert_eq!(town.server.post("/transactions", &own.to_string()).status, 200);
}

#[test]
fn a_revision_is_a_condition() {
    let town = Town::new();
    let seen = town.revision();
    let update = |since: u64| {
        transact(
            &town,
            json!([
                { "collection": "points", "op": "update", "id": 1, "feature": { "properties": { "label": "first" } } },
                { "collection": "parcels", "op": "update", "id": 2, "feature": { "properties": { "floors": 1 } }, "ifRevision": since }
            ]),
        )
    };
    assert_eq!(update(seen).status, 200);
    check_refusal(&update(seen), 412, "precondition_failed", "changed since");
    check_refusal(&update(seen + 100), 412, "precondition_failed", "of the future");
    assert_eq!(town.revision(), seen + 1, "nothing of a refused transaction is done");
    assert_eq!(update(seen + 1).status, 200);
}

#[test]
fn keys_pass_on_in_the_order_of_the_changes() {
    let town = Town::new();
    let key = |id: u64, key: &str| json!({ "collection": "parcels", "op": "update", "id": id, "feature": { "properties": { "code": key } } });
    // Feature 1 is P0, feature 2 is P1.
    let exchanged = transact(&town, json!([key(1, "P1"), key(2, "P0")]));
    check_refusal(
        &exchanged,
        422,
        "invalid_features",
        "the first is taken until the second is done",
    );
    let passed = transact(&town, json!([key(2, "free"), key(1, "P1"), key(2, "P0")]));
    assert_eq!(passed.status, 200, "{}", passed.text());
    assert_eq!(town.item("parcels/items/1").0["properties"]["code"], "P1");
}

#[test]
fn updates_at_the_same_time_lose_nothing() {
    let town = Town::new();
    let fields = ["area", "floors"];
    thread::scope(|scope| {
        for (writer, field) in fields.iter().enumerate() {
            let town = &town;
            scope.spawn(move || {
                for round in 1..=20 {
                    let path = format!("parcels/items/{}", round % 2 + 1);
                    let patch = format!(r#"{{"properties":{{"{field}":{round}}}}}"#);
                    let answer = town.change("PATCH", &path, &[], &patch);
                    assert_eq!(answer.status, 204, "{writer}: {}", answer.text());
                }
            });
        }
    });
    for (id, last) in [(1, 20), (2, 19)] {
        let properties = town.item(&format!("parcels/items/{id}")).0["properties"].clone();
        for field in fields {
            assert_eq!(properties[field].as_f64(), Some(f64::from(last)), "{field} of {id}");
        }
    }
}
