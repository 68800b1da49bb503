//! The ledger in a store with places: a report finds the town that it lies in, and the row of a point
//! says where it lies.

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, event, register, report, uuid};
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

#[test]
fn a_registration_names_a_unit_and_a_number_of_its_own() {
    let town = town_with_units();
    town.take(&[report(1, 1), report(2, 2)]);
    let registered = |number: u64, more: Value| {
        let mut event = register(1, number);
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        town.raise(&event)
    };
    let nobody = registered(3, json!({ "unit": "110115777" }));
    check_refusal(&nobody, 422, "invalid_event", "\\\"110115777\\\" is the code of no unit");
    for code in ["110115005-CW-2025-00001", "110115001-KQ-2025-00001", "110115001-CW-2026-00001"] {
        let other = registered(4, json!({ "code": code }));
        let said = format!("{code} is no number of 110115001-CW-2025");
        check_refusal(&other, 422, "invalid_event", &said);
    }
    // The last number of all keeps nobody from those before it.
    let last = registered(5, json!({ "code": "110115001-CW-2025-99999" }));
    assert_eq!(last.status, 201, "{}", last.text());
    town.take(&[register(2, 6)]);
    assert_eq!(town.trace(&uuid(2))["point"]["code"], "110115001-CW-2025-00001");
}

#[test]
fn a_transfer_moves_a_point_to_another_unit_and_one_that_is_gone_counts_above() {
    let town = town_with_units();
    town.take(&[report(1, 1), register(1, 2), report(2, 3), register(2, 4)]);
    let to = |unit: &str| json!({ "department": "区水务局", "unit": unit });
    let nobody = town.raise(&event(1, 5, "transfer", "district", to("110115777")));
    check_refusal(&nobody, 422, "invalid_event", "\\\"110115777\\\" is the code of no unit");
    town.take(&[event(1, 6, "transfer", "district", to("110115005"))]);
    let row = town.row("points", 1);
    assert_eq!((&row["unit"], &row["state"]), (&json!("110115005"), &json!("transferred")));
    assert_eq!(row["code"], "110115001-CW-2025-00001", "a number is never given anew");

    // The other town ends: what still names it counts in its district, in no town.
    let units = town.server.get("/collections/admin_units/items?filter=code='110115001'").json();
    let target = format!("/collections/admin_units/items/{}", units["features"][0]["id"]);
    let ended = r#"{"properties":{"valid_to":"2025-10-01"}}"#;
    let merge_patch = [("Content-Type", "application/merge-patch+json")];
    let answer = town.server.change("PATCH", &target, &merge_patch, ended);
    assert_eq!(answer.status, 204, "{}", answer.text());
    let year = "from=2025-01-01&to=2025-12-31&indicator=new_points&depth=1";
    let told = town.server.get(&format!("/indicators?unit=110115&{year}")).json();
    let counts: Vec<(&str, i64)> = told["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| {
            Some((row["unit"].as_str()?, row["figures"]["new_points"]["value"].as_i64()?))
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(counts, [("110115", 2), ("110115005", 1)]);
}

#[test]
fn a_point_counts_in_the_village_in_which_it_lies() {
    let town = town_with_units();
    let village = unit("110115005201", "社区村", Some("110115005"), 116.3);
    let answer = town.server.post_as(
        "/collections/admin_units/items",
        "application/geo+json",
        village.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
    // One of the town in which it lies, one that another town answers for.
    let of_town = json!({ "unit": "110115005" });
    for (point, more) in [(1, of_town), (2, json!({}))] {
        let (mut told, mut on_ledger) = (report(point, point), register(point, point + 2));
        for event in [&mut told, &mut on_ledger] {
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        town.take(&[told, on_ledger]);
    }
    let asked = |target: &str| town.server.get(target).json();
    let year = "from=2025-01-01&to=2025-12-31&indicator=new_points&depth=2";
    let told = asked(&format!("/indicators?unit=110115&{year}"));
    let units = told["rows"].as_array().unwrap();
    let counts: Vec<(&str, i64)> = units
        .iter()
        .filter_map(|one| {
            Some((one["unit"].as_str()?, one["figures"]["new_points"]["value"].as_i64()?))
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let expected = [("110115", 2), ("110115001", 1), ("110115005", 1), ("110115005201", 1)];
    assert_eq!(counts, expected, "{told}");
    for (unit, count) in [("110115005201", 1), ("110115005", 1), ("110115001", 1), ("110115", 2)] {
        let ledger = asked(&format!("/ledgers/base?unit={unit}"));
        assert_eq!(ledger["numberMatched"], count, "{unit}: {ledger}");
        let work = asked(&format!("/worklist?unit={unit}"));
        assert_eq!(work["numberMatched"], count, "{unit}: {work}");
    }
}

#[test]
fn who_answers_for_a_point_sees_it_wherever_it_lies_and_figures_of_towns_stay_those_of_the_district()
 {
    let town = town_with_units();
    // It lies in one town, and another one answers for it.
    town.take(&[report(1, 1), register(1, 2)]);
    let user = |arguments: &[&str]| {
        let done = run(town.folder.path(), &[&["user"], arguments].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        done.out.trim().to_owned()
    };
    let tokens = ["110115", "110115001", "110115005"].map(|unit| {
        let name = format!("u{unit}");
        user(&["add", "s.gpkg", &name, "--role", "town", "--unit", unit]);
        user(&["scope", "s.gpkg", &name, unit, "--from", "2020-01-01"]);
        user(&["token", "s.gpkg", &name])
    });
    let get = |token: &String, target: &str| {
        town.server.ask("GET", target, &[("Authorization", &format!("Bearer {token}"))])
    };
    let [district, answers, lies] = &tokens;
    let trace = format!("/points/{}/trace", uuid(1));
    for token in &tokens {
        assert_eq!(get(token, &trace).status, 200);
    }
    for (unit, own) in [("110115001", answers), ("110115005", lies)] {
        let target = format!("/indicators?unit={unit}&from=2025-01-01&to=2025-12-31&depth=0");
        let [whole, part] = [district, own].map(|token| get(token, &target).json()["rows"].clone());
        assert!(whole.is_array() && whole == part, "{unit}: {whole} {part}");
        let target = format!("/ledgers/base?unit={unit}");
        let count = |token| get(token, &target).json()["numberMatched"].clone();
        assert_eq!(count(district), count(own), "{unit}");
    }
    let work =
        |token| get(token, "/worklist?unit=110115001&role=*").json()["numberMatched"].clone();
    assert_eq!((work(answers), work(district)), (json!(1), json!(1)));
}

#[test]
fn an_accuracy_widens_the_border_by_a_kilometre_at_most() {
    let town = town_with_units();
    let mut named = report(1, 1);
    // Some 2,100 m and 850 m east of the border of the unit.
    for (lon, accuracy, status) in
        [(116.225, 100_000.0, 422), (116.21, 500.0, 422), (116.21, 100_000.0, 201)]
    {
        named["geometry"]["coordinates"] = json!([lon, 39.75]);
        named["accuracy_m"] = json!(accuracy);
        let answer = town.raise(&named);
        assert_eq!(answer.status, status, "{lon} {accuracy}: {}", answer.text());
    }
}

#[test]
fn a_point_is_moved_to_where_it_could_have_been_reported() {
    let town = town_with_units();
    town.take(&[report(1, 1)]);
    let target = "/collections/points/items/1";
    let merge = [("Content-Type", "application/merge-patch+json")];
    let edit = |position: [f64; 2], properties: &Value| {
        let geometry = json!({ "type": "Point", "coordinates": position });
        let patch = json!({ "geometry": geometry, "properties": properties });
        town.server.change("PATCH", target, &merge, &patch.to_string())
    };
    let (none, far) = (json!({}), json!({ "accuracy_m": 100_000.0 }));
    for (position, properties) in [
        ([10.0, 10.0], &none),
        ([39.7285, 116.3385 - 40.0], &none),
        ([117.0, 40.5], &far),
        ([116.21, 39.75], &none),
    ] {
        let refused = edit(position, properties);
        let defects = check_refusal(&refused, 422, "invalid_features", "moved away");
        assert!(defects[0].starts_with("/geometry: it lies in no unit"), "{defects:?}");
        assert!(defects[0].contains("110115001") && defects[0].contains("manual"), "{defects:?}");
    }
    let feature = json!({ "geometry": { "type": "Point", "coordinates": [10, 10] } });
    let change = json!({ "collection": "points", "op": "update", "id": 1, "feature": feature });
    let body = json!({ "changes": [change] }).to_string();
    let refused = town.server.post("/transactions", &body);
    let defects = check_refusal(&refused, 422, "invalid_features", "by a transaction");
    assert!(defects[0].starts_with("/changes/0/feature/geometry: "), "{defects:?}");

    // In its own unit, in another one, near by, as far as its accuracy, and anywhere by hand.
    let by_hand = json!({ "assigned_by": "manual: 飞地" });
    for (position, properties) in [
        ([116.15, 39.75], &none),
        ([116.35, 39.75], &none),
        ([116.2008, 39.75], &none),
        ([116.21, 39.75], &far),
        ([117.0, 40.5], &by_hand),
    ] {
        let done = edit(position, properties);
        assert_eq!(done.status, 204, "{position:?}: {}", done.text());
    }
    // A position is moved, not taken away.
    let nowhere = json!({ "geometry": null }).to_string();
    let refused = town.server.change("PATCH", target, &merge, &nowhere);
    let defects = check_refusal(&refused, 422, "invalid_features", "taken away");
    assert!(defects[0].starts_with("/geometry: a point of the ledger keeps"), "{defects:?}");
    // Where it was put by hand it cannot be left to polygons.
    let left = json!({ "properties": { "assigned_by": "polygon" } }).to_string();
    let refused = town.server.change("PATCH", target, &merge, &left);
    check_refusal(&refused, 422, "invalid_features", "left to polygons");
    // All else is changed as ever.
    let note = json!({ "properties": { "note": "x" } }).to_string();
    assert_eq!(town.server.change("PATCH", target, &merge, &note).status, 204);
    assert_eq!(town.check_rows(), 1);
}

#[test]
fn a_bad_row_of_a_sheet_is_told_once_by_its_own_columns_and_alike_when_it_is_read_again() {
    let town = town_with_units();
    let number = "110115005-CW-2025-00009";
    let rows = [
        (("", "110115005", "甲", "116.3385"), "registered", "", ""),
        (
            ("", "110115005", "乙", "118.5"),
            "refused",
            "经度, 纬度",
            "longitude 118.5 and latitude 39.7285: it lies neither in 110115005 nor in another unit",
        ),
        (
            ("", "110115099", "丙", "116.3385"),
            "refused",
            "责任单位",
            "\"110115099\" is the code of no unit",
        ),
        ((number, "110115005", "丁", "116.3385"), "registered", "", ""),
        (
            (number, "110115005", "戊", "116.3385"),
            "refused",
            "点位编号",
            "row 5 has 110115005-CW-2025-00009",
        ),
    ];
    let row = |((code, unit, address, lon), ..): &((&str, &str, &str, &str), &str, &str, &str)| {
        format!("{code},CW,{unit},2025-09-01,2025-12-31,1,{address},{lon},39.7285\n")
    };
    let header = "点位编号,任务,责任单位,挂账日期,期限,建筑面积,地址,经度,纬度\n";
    let sheet = format!("{header}{}", rows.iter().map(row).collect::<String>());
    std::fs::write(town.folder.path().join("a.csv"), sheet).unwrap();
    for known in [None, Some("known")] {
        let command = ["ledger", "register", "s.gpkg", "a.csv", "--crs", "EPSG:4490", "--json"];
        let told = run(town.folder.path(), &command);
        assert_eq!(told.code, 3, "{}", told.err);
        let fates: Value = serde_json::from_str(&told.out).unwrap();
        for ((fate, (_, expected, column, reason)), number) in
            fates.as_array().unwrap().iter().zip(&rows).zip(2..)
        {
            let expected = known.filter(|_| *expected == "registered").unwrap_or(expected);
            assert_eq!((&fate["row"], &fate["fate"]), (&json!(number), &json!(expected)), "{fate}");
            let defects = fate["defects"].as_array().unwrap();
            assert_eq!(defects.len(), usize::from(!column.is_empty()), "{fate}");
            if let Some(defect) = defects.first() {
                assert_eq!(defect["column"], *column);
                let told = defect["reason"].as_str().unwrap();
                assert!(told.starts_with(reason) && !told.contains("point "), "{told}");
            }
        }
    }
    assert_eq!(town.check_rows(), 2);
}
