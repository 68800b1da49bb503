//! `tuban export`: what goes out comes in again, and what must stay stays.

use std::path::Path;

use crate::running::{folder_with, imported, run};

/// Every kind of value, a null of each, a place that is missing, and a personal column.
const ROWS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"id":1,"name":"甲","note":"a, \"b\"\nc","area":1.5,"ok":true,"day":"2024-02-29","secret":"geheim-1"},"geometry":{"type":"Polygon","coordinates":[[[116.40,39.60],[116.41,39.60],[116.41,39.61],[116.40,39.61],[116.40,39.60]],[[116.402,39.602],[116.402,39.604],[116.404,39.604],[116.402,39.602]]]}},
{"type":"Feature","properties":{"id":2,"name":"乙","note":"1+1","area":-2.25,"ok":false,"day":"1999-12-31","secret":"geheim-2"},"geometry":{"type":"MultiPolygon","coordinates":[[[[116.41,39.60],[116.42,39.60],[116.42,39.61],[116.41,39.60]]],[[[116.43,39.60],[116.44,39.60],[116.44,39.61],[116.43,39.60]]]]}},
{"type":"Feature","properties":{"id":3,"name":null,"note":null,"area":null,"ok":null,"day":null,"secret":null},"geometry":null}]}"#;

fn store_of_rows() -> tempfile::TempDir {
    let folder = folder_with(&[("rows.geojson", ROWS.as_bytes())]);
    assert_eq!(imported(folder.path(), &["rows.geojson"]).0.code, 0);
    let set = run(folder.path(), &["collection", "set", "s.gpkg", "rows", "--class", "secret=L3"]);
    assert_eq!(set.code, 0, "{}", set.err);
    folder
}

/// The features of a store's only collection as GeoJSON, with six decimals and without ids.
fn features(folder: &Path, store: &str) -> Vec<serde_json::Value> {
    let out = format!("{store}.check.geojsonl");
    let written = run(folder, &["export", store, &out, "--force"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let text = std::fs::read_to_string(folder.join(out)).unwrap();
    text.lines()
        .map(|line| {
            let mut feature: serde_json::Value = serde_json::from_str(line).unwrap();
            feature.as_object_mut().unwrap().remove("id");
            rounded(&mut feature["geometry"]);
            feature
        })
        .collect()
}

fn rounded(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(rounded),
        serde_json::Value::Object(members) => members.values_mut().for_each(rounded),
        serde_json::Value::Number(number) => {
            *value = format!("{:.6}", number.as_f64().unwrap()).into();
        }
        _ => {}
    }
}

#[test]
fn every_format_comes_in_again_as_it_went_out() {
    let folder = store_of_rows();
    let folder = folder.path();
    let expected = features(folder, "s.gpkg");
    assert_eq!(expected.len(), 3);
    let cases: [(&str, &[&str], &[&str]); 8] = [
        ("out.fgb", &[], &[]),
        ("out.geojson", &[], &[]),
        ("out.geojsonl", &[], &[]),
        ("out.csv", &[], &["--crs", "EPSG:4326"]),
        ("out.gpkg", &[], &[]),
        ("grid.fgb", &["--crs", "EPSG:4548"], &[]),
        ("grid.csv", &["--crs", "EPSG:4548"], &["--crs", "EPSG:4548"]),
        ("grid.gpkg", &["--crs", "EPSG:4548"], &[]),
    ];
    for (file, going_out, coming_in) in cases {
        let out = run(folder, &[&["export", "s.gpkg", file], going_out].concat());
        assert_eq!(out.code, 0, "{file}: {}", out.err);
        assert!(out.err.contains("\"secret\""), "{file}: what is left out is named: {}", out.err);
        assert!(out.out.contains("3 features"), "{file}: {}", out.out);
        let bytes = std::fs::read(folder.join(file)).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"geheim-"), "{file}: a personal value went out");
        let store = format!("{file}.store.gpkg");
        let back = run(folder, &[&["import", &store, file], coming_in].concat());
        assert_eq!(back.code, 0, "{file}: {}", back.err);
        let found = features(folder, &store);
        // FlatGeobuf is written in the order of its index.
        for feature in &expected {
            assert!(found.contains(feature), "{file}: {feature} is not in {found:?}");
        }
        assert_eq!(found.len(), expected.len(), "{file}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_and_touches_nothing() {
    let folder = store_of_rows();
    let folder = folder.path();
    assert_eq!(run(folder, &["export", "s.gpkg", "there.csv"]).code, 0);
    let cases: [(&[&str], &[&str]); 9] = [
        (&["export", "s.gpkg", "there.csv"], &["there.csv", "--force"]),
        (&["export", "s.gpkg", "a.shp"], &["a.shp", ".fgb"]),
        (&["export", "s.gpkg", "nowhere/a.fgb"], &["nowhere/a.fgb"]),
        (&["export", "s.gpkg", "s.gpkg", "--force"], &["s.gpkg", "choose another name"]),
        (&["export", "s.gpkg", "./s.gpkg", "--force"], &["s.gpkg", "choose another name"]),
        (&["export", "s.gpkg", "a.geojson", "--crs", "EPSG:4548"], &["EPSG:4548", "RFC 7946"]),
        (&["export", "s.gpkg", "a.csv", "--crs", "bd09"], &["bd09"]),
        (&["export", "s.gpkg", "a.csv", "--collection", "nothing"], &["nothing", "rows"]),
        (&["export", "nothing.gpkg", "a.csv"], &["nothing.gpkg", "tuban import"]),
    ];
    let expected = features(folder, "s.gpkg");
    for (arguments, parts) in cases {
        let answer = run(folder, arguments);
        assert_eq!(answer.code, 1, "{arguments:?}: {}", answer.err);
        for part in parts {
            assert!(answer.err.contains(part), "{arguments:?}: {part:?} in {}", answer.err);
        }
    }
    assert_eq!(features(folder, "s.gpkg"), expected);
    let left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("a.") || name.contains(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
