//! The ledger in a store with places: a report finds the town that it lies in, and the row of a point
//! says where it lies.

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, report, uuid};
use crate::running::run;

/// A unit from some longitude on; from 116.3 on lie reports of tests.
fn unit(code: &str, level: &str, parent: Option<&str>, west: f64) -> Value {
    let east = west + 0.1;
    json!({
        "type": "Feature",
        "geometry": { "type": "MultiPolygon", "coordinates": [[[
            [west, 39.7], [east, 39.7], [east, 39.8], [west, 39.8], [west, 39.7]
        ]]] },
        "properties": {
            "code": code, "name": code, "level": level, "parent": parent, "valid_from": "2020-01-01"
        }
    })
}

fn town_with_units() -> Town {
    let town = Town::new();
    let made = run(town.folder.path(), &["places", "init", "s.gpkg"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let units = [
        unit("110115", "区", None, 116.3),
        unit("110115005", "街乡镇", Some("110115"), 116.3),
        unit("110115001", "街乡镇", Some("110115"), 116.1),
    ];
    for unit in units {
        let answer = town.server.post_as(
            "/collections/admin_units/items",
            "application/geo+json",
            unit.to_string().as_bytes(),
        );
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    town
}

fn without_unit(mut report: Value, position: [f64; 2]) -> Value {
    report.as_object_mut().unwrap().remove("unit");
    report["geometry"]["coordinates"] = json!(position);
    report
}

#[test]
fn a_report_without_a_unit_is_that_of_the_town_it_lies_in() {
    let town = town_with_units();
    let inside = without_unit(report(1, 1), [116.3385, 39.7285]);
    let made = town.raise(&inside);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(town.raise(&inside).json()["events"][0]["outcome"], "again");
    assert_eq!(town.trace(&uuid(1))["point"]["unit"], "110115005");
    let row = town.row("points", 1);
    for (name, expected) in [
        ("unit", json!("110115005")),
        ("district", json!("110115")),
        ("town", json!("110115005")),
        ("assigned_by", json!("polygon")),
    ] {
        assert_eq!(row[name], expected, "{name}");
    }
    // Who names a unit is responsible, wherever the point lies.
    town.take(&[report(2, 2)]);
    let row = town.row("points", 2);
    assert_eq!((&row["unit"], &row["town"]), (&json!("110115001"), &json!("110115005")));
    town.take(&[event(1, 3, "reject", "town", json!({ "reason": "not ours" }))]);
    assert_eq!(town.check_rows(), 2);
}

#[test]
fn a_report_in_nobodys_area_says_so() {
    let town = town_with_units();
    let outside = town.raise(&without_unit(report(1, 1), [117.0, 40.5]));
    check_refusal(&outside, 422, "invalid_event", "of no unit");
    // Nor does it help to name a unit, or what is none.
    let mut named = report(1, 1);
    named["geometry"]["coordinates"] = json!([121.47, 31.23]);
    check_refusal(&town.raise(&named), 422, "invalid_event", "nor in another unit");
    named["unit"] = json!("ABC");
    check_refusal(&town.raise(&named), 422, "invalid_event", "is the code of no unit that day");
    // A phone that is some metres off at the border is not refused.
    named["unit"] = json!("110115001");
    named["geometry"]["coordinates"] = json!([116.2008, 39.75]);
    assert_eq!(town.raise(&named).status, 201);
    let nowhere = Town::new().raise(&without_unit(report(1, 1), [116.3385, 39.7285]));
    check_refusal(&nowhere, 422, "invalid_event", "of no unit");
}
