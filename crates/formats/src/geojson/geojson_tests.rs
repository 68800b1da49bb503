//! GeoJSON: dialects and defects; what is written reads back, here and by the `geojson` crate.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use spatial::{Field, FieldType, GeometryType, Value};

use super::{open, open_seq};
use crate::sample_tests::{
    check_hostile, feature, features, field, read, read_rows, real_file, schema, without_ids, write,
};
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, OutputFormat, Row};

fn read_text(text: &str) -> (LayerSchema, Vec<Row>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer.geojson");
    std::fs::write(&path, text).unwrap();
    let mut layers = open(&path).unwrap();
    let rows = read_rows(layers[0].as_mut()).unwrap();
    (layers[0].schema().clone(), rows)
}

/// The type learned from `values` of one field, and what they are read as.
fn check_field(values: &str, field_type: FieldType, expected: &[Value]) {
    let features: Vec<_> = values
        .split('|')
        .map(|value| {
            format!(r#"{{"type":"Feature","geometry":null,"properties":{{"a":{value}}}}}"#)
        })
        .collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let (schema, rows) = read_text(&text);
    assert_eq!(schema.fields, [field("a", field_type)], "{values}");
    let read: Vec<_> =
        rows.into_iter().map(|row| row.feature.unwrap().properties[0].clone()).collect();
    assert_eq!(read, expected, "{values}");
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn the_type_of_a_field_holds_all_its_values() {
    use Value::{Bool, Int, Null, Real};
    check_field("true|false|null", FieldType::Bool, &[Bool(true), Bool(false), Null]);
    check_field("1|-2|null", FieldType::Int, &[Int(1), Int(-2), Null]);
    let wide = 9_007_199_254_740_993;
    check_field("9007199254740993|1", FieldType::Int, &[Int(wide), Int(1)]);
    check_field("1|2.5", FieldType::Real, &[Real(1.0), Real(2.5)]);
    check_field("9007199254740993|2.5", FieldType::Text, &[text("9007199254740993"), text("2.5")]);
    let code = "110115001001GB00001";
    check_field(&format!("\"{code}\"|7"), FieldType::Text, &[text(code), text("7")]);
    let digits = "1101150010010000100000000001";
    check_field(digits, FieldType::Text, &[text(digits)]);
    check_field("\"2026-11-22\"|\"\"", FieldType::Date, &[text("2026-11-22"), Null]);
    let utc = text("2026-11-22T00:00:00.000Z");
    check_field("\"2026-11-22T08:00:00+08:00\"", FieldType::DateTime, &[utc]);
    check_field("\"2026-11-22T08:00:00\"", FieldType::Text, &[text("2026-11-22T08:00:00")]);
    check_field("{\"b\":[1, 2]}|true", FieldType::Text, &[text("{\"b\":[1, 2]}"), text("true")]);
    check_field("null", FieldType::Text, &[Null]);
    check_field(r#""\ud83d\ude00\u5b97\n""#, FieldType::Text, &[text("😀宗\n")]);
}

#[test]
fn a_feature_or_a_geometry_alone_is_a_layer_of_one() {
    for text in [
        r#" {"coordinates":[1,2,3,4],"type":"Point"} "#,
        "\u{feff}{\"type\":\"Feature\",\"properties\":null,\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2,3]}}",
    ] {
        let (schema, rows) = read_text(text);
        assert_eq!((schema.name.as_str(), schema.geometry_type), ("layer", GeometryType::Point));
        assert!(schema.has_z);
        let feature = rows[0].feature.as_ref().unwrap();
        let expected = super::feature::read(br#"{"type":"Point","coordinates":[1,2,3]}"#).unwrap();
        assert_eq!(feature.geometry, expected.geometry.map(|read| read.geometry));
    }
}

#[test]
fn the_old_member_crs_is_honoured() {
    for (crs, expected) in [
        (
            r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4548"}}"#,
            DeclaredCrs::Epsg(4548),
        ),
        (r#"{"type":"name","properties":{"name":"epsg:4490"}}"#, DeclaredCrs::Epsg(4490)),
        (r#"{"properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#, DeclaredCrs::Epsg(4326)),
        (r#"{"type":"name","properties":{"name":"北京地方"}}"#, DeclaredCrs::Unknown),
        ("null", DeclaredCrs::Unknown),
    ] {
        let (schema, rows) = read_text(&format!(r#"{{"features":[],"crs":{crs},"name":"甲"}}"#));
        assert_eq!((schema.crs, schema.name.as_str(), rows.len()), (expected.clone(), "甲", 0));
        assert_eq!(schema.notes.len(), usize::from(expected == DeclaredCrs::Unknown));
    }
}

#[test]
fn defects_are_told_by_row_and_reading_goes_on() {
    let (schema, rows) = read_text(
        r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]},"properties":{"Name":1,"name":2}},
            {"type":"Feature","geometry":{"type":"Point","coordinates":["a",1]},"properties":{}},
            {"type":"Feature","geometry":{"type":"Point","coordinates":[1e999,1]},"properties":{}},
            {"type":"Feature","geometry":null,"properties":{"a":tru}},
            {"type":"Topology"}, 7,
            {"type":"Feature","geometry":{"type":"Polygon","coordinates":[]}}]}"#,
    );
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.number, row.feature.as_ref().err().map(|defect| defect.kind)))
        .collect();
    let expected = [
        (1, None),
        (2, Some("bad_geometry")),
        (3, Some("bad_geometry")),
        (4, Some("bad_json")),
        (5, Some("not_a_feature")),
        (6, Some("bad_json")),
        (7, None),
    ];
    assert_eq!(told, expected);
    assert_eq!(rows[0].mended, ["unclosed_ring"]);
    assert_eq!(rows[6].feature.as_ref().unwrap().geometry, None);
    let names: Vec<_> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["Name", "name_2"]);
}

#[test]
fn a_sequence_is_recognised_and_its_rows_are_its_lines() {
    let point = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"a":1}}"#;
    let (schema, rows) = read_text(&format!("{point}\r\n\r\n{{bad\n{point}"));
    let told: Vec<_> = rows.iter().map(|row| (row.number, row.feature.is_ok())).collect();
    assert_eq!(told, [(1, true), (3, false), (4, true)]);
    assert_eq!(schema.count, Some(3));
    let (_, rows) = read_text(&format!("\u{1e}{point}\n\u{1e}{{\n\u{1e}\n{point}\n"));
    let told: Vec<_> = rows.iter().map(|row| (row.number, row.feature.is_ok())).collect();
    assert_eq!(told, [(1, true), (2, false), (3, true)]);
}

#[test]
fn an_id_becomes_a_field_unless_there_is_one() {
    let feature = |properties: &str| {
        format!(r#"{{"type":"Feature","id":"way/7","geometry":null,"properties":{properties}}}"#)
    };
    let (schema, rows) = read_text(&feature("{\"b\":1}"));
    assert_eq!(schema.fields, [field("id", FieldType::Text), field("b", FieldType::Int)]);
    assert_eq!(rows[0].feature.as_ref().unwrap().properties, [text("way/7"), Value::Int(1)]);
    let (schema, _) = read_text(&feature("{\"ID\":1}"));
    assert_eq!(schema.fields, [field("ID", FieldType::Int)]);
}

#[test]
fn a_truncated_collection_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    for text in ["", "[", "{", r#"{"features":[{"a":1},"#, r#"{"features":[]"#] {
        std::fs::write(&path, text).unwrap();
        let refused = matches!(open(&path), Err(FormatError::Malformed { .. }));
        assert!(refused, "{text}");
    }
}

type Open = fn(&Path) -> Result<Vec<Box<dyn LayerReader>>, FormatError>;
const LAYOUTS: [(OutputFormat, Open); 3] = [
    (OutputFormat::GeoJson, open),
    (OutputFormat::GeoJsonSeq, open),
    (OutputFormat::GeoJsonSeq, open_seq),
];

#[test]
fn what_is_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    for (format, open) in LAYOUTS {
        write(&path, format, &schema("宗地"), &without_ids(features())).unwrap();
        let (found, read) = read(open(&path));
        assert_eq!(read, without_ids(features()));
        assert_eq!(found.fields, schema("").fields);
        let name = if format == OutputFormat::GeoJson { "宗地" } else { "a" };
        assert_eq!((found.name.as_str(), found.crs), (name, DeclaredCrs::Epsg(4326)));
    }
}

#[test]
fn the_geojson_crate_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    write(&path, OutputFormat::GeoJson, &schema("x"), &features()).unwrap();
    let parsed: ::geojson::GeoJson = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let collection = ::geojson::FeatureCollection::try_from(parsed).unwrap();
    for (theirs, ours) in collection.features.into_iter().zip(features()) {
        let id = ::geojson::feature::Id::Number(ours.id.unwrap().value().into());
        assert_eq!(theirs.id, Some(id));
        let name = ours.properties[3].clone();
        let theirs_name = theirs.properties.as_ref().unwrap()["name"].as_str().map(str::to_owned);
        assert_eq!(theirs_name.map_or(Value::Null, Value::Text), name);
        let shape: geo_types::Geometry<f64> = theirs.geometry.unwrap().try_into().unwrap();
        assert_eq!(shape, ours.geometry.unwrap().shape);
    }
}

#[test]
fn rings_are_turned_to_the_right_hand_rule_with_their_heights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    let clockwise = "POLYGON Z ((0 0 1, 9 9 2, 9 0 3, 0 0 1), (4 1 4, 8 1 5, 8 2 6, 4 1 4))";
    let turned = "POLYGON Z ((0 0 1, 9 0 3, 9 9 2, 0 0 1), (4 1 4, 8 2 6, 8 1 5, 4 1 4))";
    let mut schema = schema("x");
    schema.fields = Vec::<Field>::new();
    write(&path, OutputFormat::GeoJson, &schema, &[feature(1, clockwise, Vec::new())]).unwrap();
    let (_, read) = read(open(&path));
    assert_eq!(read[0].geometry, feature(1, turned, Vec::new()).geometry);
}

#[test]
fn what_the_format_cannot_hold_is_refused_or_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    let mut schema = schema("x");
    let features = [feature(1, "POINT M (1 2 3)", vec![Value::Null; 6])];
    let notes = write(&path, OutputFormat::GeoJson, &schema, &features).unwrap();
    assert_eq!(notes, ["measures (M) are left out; GeoJSON does not hold them"]);
    let wrong = [feature(1, "POINT (1 2)", vec![text("no bool")])];
    let before = std::fs::read(&path).unwrap();
    let error = write(&path, OutputFormat::GeoJson, &schema, &wrong).unwrap_err().to_string();
    assert!(error.contains("\"权利\"") && !error.contains("no bool"), "{error}");
    schema.crs = DeclaredCrs::Epsg(4548);
    let error = write(&path, OutputFormat::GeoJson, &schema, &[]).unwrap_err().to_string();
    assert!(error.contains("EPSG:4326"), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!((left.len(), std::fs::read(&path).unwrap()), (1, before));
}

#[test]
fn hostile_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    for (format, open) in [LAYOUTS[0], LAYOUTS[2]] {
        write(&path, format, &schema("x"), &features()).unwrap();
        check_hostile(&std::fs::read(&path).unwrap(), "geojson", open);
    }
}

#[test]
fn real_layers_are_read_whole() {
    for (name, count) in [
        ("ship/beijing_districts_16.geojsonl", 16),
        ("ship/beijing_shops_osm.geojsonl", 5869),
        ("ship/beijing_residential_building_points_osm.geojsonl", 7395),
        ("beijing_compounds_raw_bd09.geojsonl", 3700),
    ] {
        let Some(path) = real_file(name) else { return };
        let (schema, features) = read(open(&path));
        assert_eq!((features.len(), schema.count), (count, Some(count as u64)), "{name}");
        assert!(features.iter().all(|feature| feature.geometry.is_some()), "{name}");
    }
}
