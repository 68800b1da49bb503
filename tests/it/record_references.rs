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
}

#[test]
fn what_a_record_named_before_stays() {
    let town = district();
    // While there is no meeting, nothing says which there are.
    let decision = add(&town, "decisions", json!({ "code": "c", "meeting": "M-1" }), None);
    add(&town, "meetings", json!({ "code": "M-2" }), None);
    let decision = ("decisions", decision.as_str());
    assert_eq!(patch(&town, decision, &json!({ "text": "限期整改" })).status, 204);
    let refused = patch(&town, decision, &json!({ "meeting": "M-4" }));
    check_refusal(&refused, 422, "invalid_features", "another");
    assert_eq!(patch(&town, decision, &json!({ "meeting": "M-2" })).status, 204);
}

#[test]
fn what_records_name_is_not_taken_away() {
    let town = district();
    let [meeting, other] =
        ["M-1", "M-2"].map(|code| add(&town, "meetings", json!({ "code": code }), None));
    let decisions = ["a", "b", "c"]
        .map(|code| add(&town, "decisions", json!({ "code": code, "meeting": "M-1" }), None));
    let kept = format!(
        "\"M-1\" is named by decisions/{} (meeting) and 2 more; take that away first, or have it name \
         another meeting",
        decisions[0]
    );
    let item = format!("/collections/meetings/items/{meeting}");
    let refused = town.server.change("DELETE", &item, &[], "");
    let defects = check_refusal(&refused, 422, "invalid_features", "taken away");
    assert_eq!(defects, [format!(": {kept}")]);
    let (meeting, other) = (("meetings", meeting.as_str()), ("meetings", other.as_str()));
    let refused = patch(&town, meeting, &json!({ "code": "M-3" }));
    let defects = check_refusal(&refused, 422, "invalid_features", "called otherwise");
    assert_eq!(defects, [format!("/properties/code: {kept}")]);
    // What nobody names by, and who is named by nobody.
    assert_eq!(patch(&town, meeting, &json!({ "name": "调度会" })).status, 204);
    assert_eq!(patch(&town, other, &json!({ "code": "M-4" })).status, 204);

    // One after the other in one transaction, or all at once.
    let delete = |(collection, id): (&str, &str)| json!({ "collection": collection, "op": "delete", "id": id.parse::<i64>().unwrap() });
    let update = |(collection, id): (&str, &str), properties: Value| {
        let id = id.parse::<i64>().unwrap();
        json!({ "collection": collection, "op": "update", "id": id, "feature": { "properties": properties } })
    };
    let [a, b, c] = decisions.each_ref().map(|id| ("decisions", id.as_str()));
    for (changes, expected) in [
        (vec![delete(meeting), delete(a), update(b, json!({ "meeting": "M-4" }))], 422),
        // Of several changes of a row the last counts.
        (vec![update(meeting, json!({ "name": "一" })), delete(meeting)], 422),
        (
            vec![
                update(meeting, json!({ "name": "一" })),
                update(meeting, json!({ "code": "M-9" })),
            ],
            422,
        ),
        (
            vec![
                update(meeting, json!({ "code": "M-9" })),
                update(meeting, json!({ "code": "M-1" })),
            ],
            200,
        ),
        (
            vec![
                delete(meeting),
                delete(a),
                update(b, json!({ "meeting": "M-4" })),
                update(c, json!({ "meeting": null })),
            ],
            200,
        ),
        (
            vec![update(b, json!({ "meeting": "M-5" })), update(other, json!({ "code": "M-5" }))],
            200,
        ),
    ] {
        let answer = town.server.post("/transactions", &json!({ "changes": changes }).to_string());
        assert_eq!(answer.status, expected, "{}", answer.text());
    }
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
