//! Records that cannot be: refused by every way of writing them, with both values.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::calls::{add, district};
use crate::edit_town::check_refusal;
use crate::points_town::{Town, other_program};
use crate::running::{Response, Server, run};

/// Adds a row without a place.
pub fn insert(town: &Town, collection: &str, properties: &Value) -> Response {
    let feature = json!({ "type": "Feature", "properties": properties, "geometry": null });
    let target = format!("/collections/{collection}/items");
    town.server.post_as(&target, "application/geo+json", feature.to_string().as_bytes())
}

/// Changes values of a row.
pub fn patch(town: &Town, (collection, row): (&str, &str), properties: &Value) -> Response {
    let target = format!("/collections/{collection}/items/{row}");
    let headers = [("Content-Type", "application/merge-patch+json")];
    let body = json!({ "properties": properties }).to_string();
    town.server.change("PATCH", &target, &headers, &body)
}

#[test]
fn what_cannot_be_is_refused_with_its_values() {
    let town = district();
    for (collection, properties, expected) in [
        (
            "surveys",
            json!({ "code": "a", "asked": 10, "satisfied": 500 }),
            "/properties/satisfied: satisfied (500) is more than asked (10)",
        ),
        (
            "orders",
            json!({
                "code": "a", "sent_at": "2026-01-01T00:00:00Z", "read_at": "2020-01-01T08:00:00+08:00"
            }),
            "/properties/read_at: read_at (2020-01-01T00:00:00.000Z) lies before sent_at (2026-",
        ),
        (
            "complaints",
            json!({
                "code": "a", "occurred_at": "2025-09-01T00:00:00Z",
                "responded_at": "2019-09-01T00:00:00Z"
            }),
            "/properties/responded_at: responded_at (2019-",
        ),
        (
            "outlets",
            json!({ "code": "a", "opened": "2025-03-02", "closed": "2025-03-01" }),
            "/properties/closed: closed (2025-03-01) lies before opened (2025-03-02)",
        ),
        (
            "whistles",
            json!({ "code": "a", "called_at": "2199-01-01T00:00:00Z" }),
            "/properties/called_at: called_at (2199-01-01T00:00:00.000Z) lies in the future",
        ),
    ] {
        let refused = insert(&town, collection, &properties);
        let defects = check_refusal(&refused, 422, "invalid_features", collection);
        assert!(defects[0].starts_with(expected), "{collection}: {defects:?}");
        assert_eq!(defects.len(), 1, "{defects:?}");
        let feature = json!({ "type": "Feature", "properties": properties, "geometry": null });
        let change = json!({ "collection": collection, "op": "insert", "feature": feature });
        let body = json!({ "changes": [change] }).to_string();
        let refused = town.server.post("/transactions", &body);
        let defects = check_refusal(&refused, 422, "invalid_features", collection);
        assert!(defects[0].starts_with(&format!("/changes/0/feature{expected}")), "{defects:?}");
    }
}

#[test]
fn a_change_is_held_against_what_stays_and_is_told_where_it_was_made() {
    let town = district();
    let sent = json!({ "code": "P1", "sent_at": "2025-09-02T00:00:00Z", "due_at": "2199-01-01T00:00:00Z" });
    let row = add(&town, "orders", sent, None);
    let order = ("orders", row.as_str());
    let early = json!({ "read_at": "2025-09-01T00:00:00Z" });
    let defects = check_refusal(&patch(&town, order, &early), 422, "invalid_features", "early");
    assert!(defects[0].starts_with("/properties/read_at: read_at (2025-09-01"), "{defects:?}");
    assert_eq!(patch(&town, order, &json!({ "read_at": "2025-09-03T00:00:00Z" })).status, 204);
    let late = json!({ "sent_at": "2025-09-04T00:00:00Z" });
    let defects = check_refusal(&patch(&town, order, &late), 422, "invalid_features", "late");
    assert!(defects[0].starts_with("/properties/sent_at: read_at (2025-09-03"), "{defects:?}");
    assert_eq!(patch(&town, order, &json!({ "subject": "其他" })).status, 204);
    // Both at once, where both are right.
    let both = json!({ "sent_at": "2025-09-04T00:00:00Z", "read_at": "2025-09-05T00:00:00Z" });
    assert_eq!(patch(&town, order, &both).status, 204);
}

#[test]
fn a_value_that_may_not_be_read_is_not_told() {
    let town = district();
    let row =
        add(&town, "orders", json!({ "code": "P1", "sent_at": "2025-09-02T00:00:00Z" }), None);
    let set = ["collection", "set", "s.gpkg", "orders", "--class", "sent_at=L3"];
    assert_eq!(run(town.folder.path(), &set).code, 0);
    let early = json!({ "read_at": "2025-09-01T00:00:00Z" });
    let refused = patch(&town, ("orders", &row), &early);
    let defects = check_refusal(&refused, 422, "invalid_features", "early");
    assert!(defects[0].ends_with("lies before sent_at, which it follows"), "{defects:?}");
}

#[test]
fn an_import_leaves_out_what_cannot_be_and_reports_no_value() {
    let Town { folder, server } = district();
    drop(server);
    let place = folder.path();
    let rows =
        "code,asked,satisfied,held\nA,10,9,2025-09-01\nB,10,500,2025-09-01\nC,10,5,2199-01-01\n";
    std::fs::write(place.join("surveys.csv"), rows).unwrap();
    let import = ["import", "s.gpkg", "surveys.csv", "--collection", "surveys", "--append"];
    let done = run(place, &import);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.out.contains("surveys: 1 of 3 rows imported"), "{}", done.out);
    let report = std::fs::read_to_string(place.join("s.surveys.report.csv")).unwrap();
    for line in [
        "surveys,3,skipped,contradiction,satisfied,\"satisfied is more than asked",
        "surveys,4,skipped,contradiction,held,held lies in the future",
    ] {
        assert!(report.contains(line), "{line} in {report}");
    }
    assert!(!report.contains("500") && !report.contains("2199"), "{report}");
}

/// The defects of a collection, when there are so many.
fn listed(town: &Town, collection: &str, many: usize) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let document = town.server.get(&format!("/collections/{collection}/defects")).json();
        let defects = document["defects"].as_array().unwrap();
        if defects.len() == many {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            return defects
                .iter()
                .map(|one| format!("{} {}", text(&one["pointer"]), text(&one["detail"])))
                .collect();
        }
        assert!(Instant::now() < until, "{document}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_another_program_writes_and_cannot_be_is_put_back_and_listed() {
    let town = district();
    let order = json!({ "code": "P1", "sent_at": "2025-09-02T00:00:00Z", "read_at": "2025-09-03T00:00:00Z" });
    add(&town, "orders", order, None);
    let survey = json!({ "code": "S1", "asked": 10, "satisfied": 9 });
    add(&town, "surveys", survey, None);
    let other = other_program(&town.path());
    // The columns at fault alone are put back.
    other
        .execute_batch(
            "UPDATE orders SET subject = '其他', read_at = '2025-09-01T00:00:00Z' WHERE code = 'P1';
             UPDATE surveys SET asked = 5 WHERE code = 'S1';
             INSERT INTO surveys (code, asked, satisfied, held)
                 VALUES ('S2', 10, 500, '2199-01-01'), ('S3', 10, 5, '2025-09-01');",
        )
        .unwrap();
    let orders = listed(&town, "orders", 1);
    assert!(
        orders[0].starts_with("/properties/read_at put back read_at: read_at lies before sent_at"),
        "{orders:?}"
    );
    assert!(!orders[0].contains("2025"), "no value is told: {orders:?}");
    let surveys = listed(&town, "surveys", 2).join("\n");
    assert!(surveys.contains("put back asked: satisfied is more than asked"), "{surveys}");
    assert!(surveys.contains("/properties/held put back held, "), "{surveys}");
    let row = |collection: &str, fid| town.row(collection, fid);
    assert_eq!(row("orders", 1)["read_at"], "2025-09-03T00:00:00.000Z");
    assert_eq!(row("orders", 1)["subject"], "其他");
    for (fid, asked, satisfied, held) in [
        (1, json!(10), json!(9), json!(null)),
        (2, json!(10), json!(null), json!(null)),
        (3, json!(10), json!(5), json!("2025-09-01")),
    ] {
        let row = row("surveys", fid);
        assert_eq!((&row["asked"], &row["satisfied"], &row["held"]), (&asked, &satisfied, &held));
    }
    // While nobody serves the store, too, and once is enough.
    let Town { folder, server } = town;
    drop(server);
    other.execute("UPDATE surveys SET satisfied = 11 WHERE code = 'S3'", []).unwrap();
    let town = Town { server: Server::start(&folder.path().join("s.gpkg"), &[]), folder };
    listed(&town, "surveys", 3);
    assert_eq!(town.row("surveys", 3)["satisfied"], 5);
    let town = town.restarted();
    listed(&town, "surveys", 3);
}
