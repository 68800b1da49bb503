//! Records that name what is not there: refused, and told what to name.

use serde_json::{Value, json};

use crate::calls::{add, district};
use crate::edit_town::check_refusal;
use crate::points_town::{Town, register, report, uuid};
use crate::record_consistency::{insert, patch};
use crate::running::run;

fn row(properties: &Value) -> Value {
    json!({ "type": "Feature", "properties": properties, "geometry": null })
}

#[track_caller]
fn check_names(town: &Town, collection: &str, properties: &Value, expected: Option<&str>) {
    let answer = insert(town, collection, properties);
    let Some(expected) = expected else {
        assert_eq!(answer.status, 201, "{collection} {properties}: {}", answer.text());
        return;
    };
    let defects = check_refusal(&answer, 422, "invalid_features", collection);
    assert_eq!(defects, [expected], "{properties}");
}

#[test]
fn a_record_names_what_is_there() {
    let town = district();
    town.take(&[report(1, 1), register(1, 2)]);
    let code = town.row("points", 1)["code"].as_str().unwrap().to_owned();
    let no_unit = "/properties/unit: \"110115009\" is the code of no unit of administration that is \
                   there; give that of one, or leave it out";
    let no_point = "/properties/point: \"P-9\" is the code of no point of the ledger that is there; give \
                    that of one, or leave it out";
    for (collection, properties, expected) in [
        ("surveys", json!({ "code": "a", "unit": "110115001", "held": "2025-09-01" }), None),
        ("surveys", json!({ "code": "b", "unit": " 110115001 " }), None),
        ("surveys", json!({ "code": "c", "unit": "" }), None),
        ("surveys", json!({ "code": "d", "unit": "110115009" }), Some(no_unit)),
        ("complaints", json!({ "code": "a", "point": code }), None),
        ("complaints", json!({ "code": "b", "point": uuid(1) }), None),
        ("complaints", json!({ "code": "e", "point": uuid(1).to_uppercase() }), None),
        ("complaints", json!({ "code": "c", "point": "P-9" }), Some(no_point)),
        // Departments are called as offices call them.
        ("complaints", json!({ "code": "d", "handled_by": "区城管委" }), None),
        // While there is no meeting, nothing says which there are.
        ("decisions", json!({ "code": "a", "meeting": "M-1" }), None),
        ("meetings", json!({ "code": "M-2" }), None),
        ("decisions", json!({ "code": "b", "meeting": "M-2", "point": code }), None),
        (
            "decisions",
            json!({ "code": "c", "meeting": "M-1" }),
            Some(
                "/properties/meeting: \"M-1\" is the code of no meeting that is there; give that of one, or \
                 leave it out",
            ),
        ),
    ] {
        check_names(&town, collection, &properties, expected);
    }
}

#[test]
fn what_is_written_together_names_each_other_and_what_was_named_stays() {
    let town = district();
    add(&town, "meetings", json!({ "code": "M-1" }), None);
    let change = |collection: &str, properties: Value| json!({ "collection": collection, "op": "insert", "feature": row(&properties) });
    let both = json!({ "changes": [
        change("decisions", json!({ "code": "a", "meeting": "M-2" })),
        change("meetings", json!({ "code": "M-2" })),
    ] });
    let made = town.server.post("/transactions", &both.to_string());
    assert_eq!(made.status, 200, "{}", made.text());
    let alone =
        json!({ "changes": [change("decisions", json!({ "code": "b", "meeting": "M-3" }))] });
    let refused = town.server.post("/transactions", &alone.to_string());
    let defects = check_refusal(&refused, 422, "invalid_features", "alone");
    assert!(
        defects[0].starts_with("/changes/0/feature/properties/meeting: \"M-3\""),
        "{defects:?}"
    );

    // What is taken away with it is not there.
    let gone = json!({ "changes": [
        { "collection": "meetings", "op": "delete", "id": 1 },
        change("decisions", json!({ "code": "b", "meeting": "M-1" })),
    ] });
    let refused = town.server.post("/transactions", &gone.to_string());
    check_refusal(&refused, 422, "invalid_features", "gone");

    // Its meeting goes; what else is said of the decision can be mended, and nothing else named.
    let decision = add(&town, "decisions", json!({ "code": "c", "meeting": "M-1" }), None);
    let gone = town.server.change("DELETE", "/collections/meetings/items/1", &[], "");
    assert_eq!(gone.status, 204, "{}", gone.text());
    let decision = ("decisions", decision.as_str());
    assert_eq!(patch(&town, decision, &json!({ "text": "限期整改" })).status, 204);
    let refused = patch(&town, decision, &json!({ "meeting": "M-4" }));
    check_refusal(&refused, 422, "invalid_features", "another");
    assert_eq!(patch(&town, decision, &json!({ "meeting": "M-2" })).status, 204);
}

#[test]
fn an_import_keeps_rows_that_name_what_is_not_there_and_tells_of_them() {
    let town = district();
    town.take(&[report(1, 1), register(1, 2)]);
    let code = town.row("points", 1)["code"].as_str().unwrap().to_owned();
    let Town { folder, server } = town;
    let place = folder.path();
    let import = ["import", "s.gpkg", "orders.csv", "--collection", "orders", "--append"];
    // Beside a server that holds the store, and alone.
    for (mark, server) in [("a", Some(server)), ("b", None)] {
        let rows = format!("code,point\n{mark}1,{code}\n{mark}2,P-9\n{mark}3,\n");
        std::fs::write(place.join("orders.csv"), rows).unwrap();
        let done = run(place, &import);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        assert!(done.err.contains("  warned: 1 × names_nothing"), "{}", done.err);
        let report = std::fs::read_to_string(place.join("s.orders.report.csv")).unwrap();
        let line = "orders,3,warned,names_nothing,point,it is the code of no point of the ledger";
        assert!(report.contains(line) && !report.contains("P-9"), "{report}");
        drop(server);
    }
}
