//! What is wrong with survey packages: every defect names its row and nobody, and what cannot be read leaves
//! the store as it was.

use std::path::Path;

use serde_json::Value;

use crate::running::run;
use crate::survey::{check_clean, check_files, surveyed};
use crate::survey_files::{Files, Shape, at, parcel, people, rectangle};

/// What a package with one mistake must say: kind, layer, row and field, and whether it is partial.
type Case<'a> = (&'a str, fn(&mut Files), (&'a str, u64, &'a str), bool);

#[test]
fn each_defect_names_its_row_and_nobody() {
    let cases: [Case<'_>; 29] = [
        ("missing_parcel_code", |f| f.parcels.cell(3, "zddm").clear(), ("ZD", 3, "ZDDM"), true),
        ("bad_parcel_code", |f| f.parcels.cell(3, "zddm").truncate(12), ("ZD", 3, "ZDDM"), true),
        (
            "other_county",
            |f| f.parcels.cell(1, "zddm").replace_range(..6, "130101"),
            ("ZD", 1, "ZDDM"),
            true,
        ),
        (
            "not_collective",
            |f| *f.parcels.cell(2, "zddm") = parcel(2).replace("JC", "GC"),
            ("ZD", 2, "ZDDM"),
            true,
        ),
        (
            "duplicate_number",
            |f| f.parcels.rows.push(f.parcels.rows[1].clone()),
            ("ZD", 4, "ZDDM"),
            true,
        ),
        (
            "no_number",
            |f| {
                f.parcels.cell(3, "zddm").clear();
                f.parcels.cell(3, "BSM").clear();
            },
            ("ZD", 3, ""),
            true,
        ),
        (
            "row_left_out",
            |f| *f.parcels.cell(2, "ZDMJ") = "四百".to_owned(),
            ("ZD", 2, "ZDMJ"),
            true,
        ),
        (
            "shape_repaired",
            |f| {
                let bow = [[0.0, 0.0], [20.0, 20.0], [20.0, 0.0], [0.0, 20.0], [0.0, 0.0]];
                let bow = bow.map(|[x, y]| at(x, y)).to_vec();
                f.parcels.rows[0].1 = Shape::Polygon(bow);
            },
            ("ZD", 1, ""),
            false,
        ),
        (
            "area_differs",
            |f| *f.parcels.cell(3, "ZDMJ") = "404.5".to_owned(),
            ("ZD", 3, "ZDMJ"),
            false,
        ),
        ("parcel_without_household", |f| drop(f.holders.rows.drain(3..)), ("ZD", 3, ""), true),
        (
            "household_without_parcel",
            |f| *f.holders.cell(3, "ZDDM") = parcel(9),
            ("QLR", 3, "ZDDM"),
            true,
        ),
        ("bad_certificate", |f| f.holders.cell(2, "ZJH").truncate(17), ("QLR", 2, "ZJH"), false),
        ("nameless_holder", |f| f.holders.cell(4, "QLRMC").clear(), ("QLR", 4, "QLRMC"), false),
        (
            "bad_building_code",
            |f| f.buildings.cell(2, "ZRZH").truncate(20),
            ("KTT_ZRZ", 2, "ZRZH"),
            false,
        ),
        (
            "building_of_other_parcel",
            |f| *f.buildings.cell(2, "ZDDM") = parcel(3),
            ("KTT_ZRZ", 2, "ZRZH"),
            false,
        ),
        (
            "building_without_parcel",
            |f| {
                *f.buildings.cell(4, "ZDDM") = parcel(8);
                *f.buildings.cell(4, "ZRZH") = format!("{}F0001", parcel(8));
            },
            ("KTT_ZRZ", 4, "ZDDM"),
            false,
        ),
        (
            "building_outside",
            |f| f.buildings.rows[0].1 = Shape::Polygon(rectangle([2.0, -1.0], [6.0, 8.0])),
            ("KTT_ZRZ", 1, ""),
            false,
        ),
        ("bad_unit_code", |f| f.units.cell(2, "BDCDYH").truncate(27), ("H", 2, "BDCDYH"), false),
        (
            "unit_without_building",
            |f| *f.units.cell(1, "ZRZH") = format!("{}F0007", parcel(1)),
            ("H", 1, "ZRZH"),
            false,
        ),
        (
            "boundary_without_parcel",
            |f| *f.points.cell(3, "ZDZHDM") = parcel(7),
            ("JZD", 3, "ZDDM"),
            false,
        ),
        (
            "point_off_vertex",
            |f| f.points.rows[6].1 = Shape::Point(at(40.3, 20.0)),
            ("JZD", 7, ""),
            false,
        ),
        (
            "duplicate_number",
            |f| *f.points.cell(4, "JZDH") = "J3".to_owned(),
            ("JZD", 4, "code"),
            true,
        ),
        ("boundary_open", |f| drop(f.lines.rows.remove(9)), ("ZD", 3, ""), false),
        (
            "length_differs",
            |f| *f.lines.cell(5, "界址线长度（米）") = "19.88".to_owned(),
            ("JZX", 5, "JZXCD"),
            false,
        ),
        (
            "photo_of_nobody",
            |f| f.photos.push(("photos/欧阳试验.png".to_owned(), f.photos[0].1.clone())),
            ("photos", 3, ""),
            true,
        ),
        (
            "photo_of_nobody",
            |f| f.photos.push((format!("photos/{}_1.png", parcel(6)), f.photos[0].1.clone())),
            ("photos", 3, "110115001002JC00006_1.png"),
            true,
        ),
        (
            "bad_photo",
            |f| f.photos[0].1.truncate(20),
            ("photos", 2, "110115001002JC00003_1.png"),
            true,
        ),
        (
            "unknown_table",
            |f| (f.buildings.name, f.buildings.columns[0]) = ("FSSS", "LX"),
            ("FSSS", 0, ""),
            true,
        ),
        (
            "personal_column",
            |f| {
                for (row, [_, number, ..]) in (1..=3).zip(people()) {
                    *f.parcels.cell(row, "QLLX") = number;
                }
            },
            ("ZD", 0, "QLLX"),
            true,
        ),
    ];
    for (kind, spoil, (layer, row, field), is_partial) in cases {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        let mut files = Files::new();
        spoil(&mut files);
        let (answer, outcome) = surveyed(place, &files, &[]);
        assert_eq!(
            answer.code,
            if is_partial { 3 } else { 0 },
            "{kind}: {}{}",
            answer.out,
            answer.err
        );
        assert_eq!(outcome["is_partial"], is_partial, "{kind}");
        let report = std::fs::read_to_string(place.join("s.survey.report.csv")).unwrap();
        check_clean(kind, report.as_bytes());
        let expected = format!("\r\n{layer},{row},");
        let found = report.split("\r\n").map(|line| format!("\r\n{line}")).find(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            line.starts_with(&expected) && cells.get(3) == Some(&kind)
        });
        let found = found.unwrap_or_else(|| panic!("{kind} of {layer} {row}: {report}"));
        let cells: Vec<&str> = found.split(',').collect();
        assert_eq!(cells[4], field, "{kind}: {found}");
        assert!(cells[5].len() > 10, "{kind}: {found}");
        assert!(outcome["defects"][kind].as_u64().unwrap() >= 1, "{kind}: {outcome}");
        check_files(place);
    }
}

#[test]
fn whatever_is_wrong_the_same_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut files = Files::new();
    files.parcels.cell(3, "zddm").clear();
    files.parcels.rows.push(files.parcels.rows[1].clone());
    *files.parcels.cell(1, "ZDMJ") = "390".to_owned();
    files.points.cell(1, "ZDZHDM").clear();
    files.points.cell(2, "JZDH").clear();
    files.lines.cell(3, "QDH").clear();
    files.buildings.cell(2, "ZRZH").clear();
    files.units.cell(1, "BDCDYH").clear();
    for row in 1..=3 {
        files.holders.cell(row, "ZJH").truncate(17);
    }
    files.holders.cell(2, "QLRMC").clear();
    let (first, outcome) = surveyed(place, &files, &[]);
    assert_eq!(first.code, 3, "{}", first.err);
    // Without a certificate a name alone joins no two parcels.
    assert_eq!(outcome["collections"]["households"]["inserted"], 2, "{outcome}");
    let (again, outcome) = surveyed(place, &files, &[]);
    assert_eq!((again.code, &outcome["revision"]), (3, &Value::Null), "{outcome}");
    assert_eq!(outcome["personal"], 0, "{outcome}");
}

/// Refused with a word of why, and the store is as it was.
fn check_refused(place: &Path, arguments: &[&str], part: &str) {
    let store = place.join("s.gpkg");
    let before = store.exists().then(|| run(place, &["inspect", "s.gpkg"]).out);
    let evidence = place.join("s.gpkg.evidence").exists();
    let refused = run(place, &[&["survey", "s.gpkg"], arguments].concat());
    assert_eq!(refused.code, 1, "{arguments:?}: {}{}", refused.out, refused.err);
    assert!(refused.err.contains(part), "{part}: {}", refused.err);
    assert!(!refused.err.contains("panicked"), "{}", refused.err);
    check_clean("the refusal", refused.err.as_bytes());
    let after = store.exists().then(|| run(place, &["inspect", "s.gpkg"]).out);
    assert_eq!(before, after, "{part}");
    assert_eq!(place.join("s.gpkg.evidence").exists(), evidence, "{part}");
}

#[test]
fn what_cannot_be_read_leaves_the_store_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    for is_there in [false, true] {
        if is_there {
            let (first, _) = surveyed(place, &Files::new(), &[]);
            assert_eq!(first.code, 0, "{}", first.err);
        }
        check_refused(place, &["nowhere"], "nowhere");
        let mut files = Files::new();
        files.leave_out.push("ZD");
        files.write(place, "pack");
        check_refused(place, &["pack"], "no table of parcels");
        let mut files = Files::new();
        files.parcels.has_prj = false;
        files.write(place, "pack");
        check_refused(place, &["pack"], "does not say its CRS");
        Files::new().write(place, "pack");
        check_refused(place, &["pack", "--crs", "EPSG:4490"], "--crs EPSG:4548");
        std::fs::write(place.join("pack/JZX.shp"), [0, 0, 0x27, 0x0A, 1, 2, 3]).unwrap();
        check_refused(place, &["pack"], "JZX.shp");
        Files::new().write(place, "pack");
        std::fs::write(place.join("c.toml"), "[ledger]\nsurvey = \"表.toml\"\n").unwrap();
        std::fs::write(place.join("表.toml"), "edition = \"x\"\n").unwrap();
        check_refused(place, &["pack", "--config", "c.toml"], "表.toml");
    }
    // A collection that holds something else.
    let other = tempfile::tempdir().unwrap();
    let place = other.path();
    let point = crate::running::point(r#"{"name":"a"}"#, 116.4, 39.6);
    std::fs::write(place.join("parcels.geojson"), point).unwrap();
    let (first, _) = crate::running::imported(place, &["parcels.geojson"]);
    assert_eq!(first.code, 0, "{}", first.err);
    Files::new().write(place, "pack");
    check_refused(place, &["pack"], "no text field ZDDM");
}
