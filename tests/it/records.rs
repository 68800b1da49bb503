//! Records beside the points: their collections are made, filled from a spreadsheet and read.

use serde_json::Value;

use crate::points_sheet::workbook;
use crate::running::{Server, run};

#[test]
fn collections_of_records_are_made_once_and_take_spreadsheets() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    let all: Vec<&str> = ledger::record::collections().map(|one| one.id).collect();
    let mut command = vec!["ledger", "add", "s.gpkg"];
    command.extend(&all);
    let added = run(place, &command);
    assert_eq!(added.code, 0, "{}", added.err);
    let again = run(place, &["ledger", "add", "s.gpkg", "evidence", "outlets"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("outlets already; nothing was touched"), "{}", again.err);
    let none = run(place, &["ledger", "add", "s.gpkg", "outlet"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("outlets"), "{}", none.err);

    let sheet = "code,name,functions,opened,lon,lat\nW-1,便民菜店,蔬菜零售、便利店,2026-03-01,116.39,39.72\n";
    std::fs::write(place.join("o.csv"), sheet).unwrap();
    let taken = run(
        place,
        &["import", "s.gpkg", "o.csv", "--collection", "outlets", "--append", "--crs", "EPSG:4490"],
    );
    assert_eq!(taken.code, 0, "{}{}", taken.out, taken.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let outlets: Value = server.get("/collections/outlets/items?f=json").json();
    assert_eq!(outlets["features"][0]["properties"]["functions"], "蔬菜零售、便利店");
}

#[test]
fn times_of_sheets_are_those_of_beijing_and_rows_without_one_are_left_out_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    assert_eq!(run(place, &["ledger", "add", "s.gpkg", "complaints"]).code, 0);
    let rows = [
        ("2025-11-01", Some("2025-10-31T16:00:00.000Z")),
        ("2025-11-01 08:00:00", Some("2025-11-01T00:00:00.000Z")),
        ("2025/11/2", Some("2025-11-01T16:00:00.000Z")),
        ("2025-11-01T08:00:00Z", Some("2025-11-01T08:00:00.000Z")),
        ("明天", None),
    ];
    let row = |(number, (at, _)): (usize, &(&str, Option<&str>))| format!("D{number},{at}\n");
    let sheet: String = rows.iter().enumerate().map(row).collect();
    std::fs::write(place.join("c.csv"), format!("code,occurred_at\n{sheet}")).unwrap();
    // 45962.375 is nine o'clock of 2025-11-01.
    let book = workbook(&[&["code", "occurred_at"], &["E0", "@45962.375"], &["E1", "@45962"]]);
    std::fs::write(place.join("e.xlsx"), book).unwrap();
    let import = |file: &str| {
        run(place, &["import", "s.gpkg", file, "--collection", "complaints", "--upsert", "code"])
    };
    let taken = import("c.csv");
    assert_eq!(taken.code, 3, "{}{}", taken.out, taken.err);
    let report = std::fs::read_to_string(place.join("s.complaints.report.csv")).unwrap();
    assert!(report.contains(",6,skipped,wrong_type,occurred_at,"), "{report}");
    assert!(!report.contains("明天"), "{report}");
    let taken = import("e.xlsx");
    assert_eq!(taken.code, 0, "{}{}", taken.out, taken.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let held = server.get("/collections/complaints/items?f=json").json();
    let at = |code: &str| {
        let all = held["features"].as_array().unwrap().iter();
        let mut found = all.filter(|one| one["properties"]["code"] == code);
        found.next().map(|one| one["properties"]["occurred_at"].as_str().unwrap().to_owned())
    };
    for (number, (_, expected)) in rows.iter().enumerate() {
        assert_eq!(at(&format!("D{number}")).as_deref(), *expected);
    }
    assert_eq!(at("E0").as_deref(), Some("2025-11-01T01:00:00.000Z"));
    assert_eq!(at("E1").as_deref(), Some("2025-10-31T16:00:00.000Z"));
}

#[test]
fn what_departments_did_is_imported_as_any_record_and_points_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    assert_eq!(run(place, &["ledger", "add", "s.gpkg", "enforcement_records", "evidence"]).code, 0);
    let sheet = "id,point,department,act,occurred_at\nr1,110115001-CW-2025-00001,urban,责令改正,2025-09-01\n";
    std::fs::write(place.join("r.csv"), sheet).unwrap();
    let import = |collection: &str| {
        run(place, &["import", "s.gpkg", "r.csv", "--collection", collection, "--upsert", "id"])
    };
    let check = |how: &str| {
        let taken = import("enforcement_records");
        assert_eq!(taken.code, 0, "{how}: {}{}", taken.out, taken.err);
        for kept in ["points", "point_events", "evidence"] {
            let refused = import(kept);
            assert_eq!(refused.code, 1, "{how}, {kept}: {}", refused.out);
        }
    };
    check("by itself");
    let server = Server::start(&place.join("s.gpkg"), &[]);
    check("through the server");
    let held = server.get("/collections/enforcement_records/items?f=json").json();
    assert_eq!(held["numberMatched"], 1);
}
