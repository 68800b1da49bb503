//! FlatGeobuf: what is written reads back, by this reader and the `flatgeobuf` crate's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Cursor;

use ::flatgeobuf::packed_r_tree::PackedRTree;
use ::flatgeobuf::{FallibleStreamingIterator, FgbReader};
use spatial::{FieldType, GeometryType, Value};

use super::open;
use crate::sample_tests::{
    check_hostile, feature, features, field, read, read_rows, real_file, schema, without_ids, write,
};
use crate::{DeclaredCrs, OutputFormat};

const FORMAT: OutputFormat = OutputFormat::FlatGeobuf;

#[test]
fn every_type_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    let mut schema = schema("宗地");
    schema.fields.push(field("photo", FieldType::Bytes));
    schema.fields[3].alias = Some("名称".to_owned());
    let mut features = features();
    for feature in &mut features {
        feature.properties.push(Value::Bytes(vec![0, 255]));
    }
    assert_eq!(write(&path, FORMAT, &schema, &features).unwrap(), Vec::<String>::new());
    let (found, read) = read(open(&path));
    assert_eq!(read, without_ids(features));
    assert_eq!((found.name.as_str(), found.crs), ("宗地", DeclaredCrs::Epsg(4326)));
    assert_eq!(found.fields, schema.fields);
    assert_eq!((found.count, found.has_z, found.has_m), (Some(11), true, false));
    assert_eq!(found.geometry_type, GeometryType::Any);
}

#[test]
fn the_same_features_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = ["a.fgb", "b.fgb"].map(|name| {
        let path = folder.path().join(name);
        write(&path, FORMAT, &schema("x"), &features()).unwrap();
        std::fs::read(path).unwrap()
    });
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn a_feature_without_geometry_costs_the_index_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    let mut features = features();
    features[4].geometry = None;
    let notes = write(&path, FORMAT, &schema("x"), &features).unwrap();
    assert!(notes[0].starts_with("1 features have no geometry"), "{notes:?}");
    assert_eq!(read(open(&path)).1, without_ids(features));
}

#[test]
fn an_empty_layer_keeps_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    let mut schema = schema("x");
    schema.crs = DeclaredCrs::Wkt("LOCAL_CS[\"x\"]".to_owned());
    schema.geometry_type = GeometryType::MultiPolygon;
    write(&path, FORMAT, &schema, &[]).unwrap();
    let (found, read) = read(open(&path));
    assert_eq!((read.len(), found.geometry_type), (0, GeometryType::MultiPolygon));
    assert_eq!(found.crs, schema.crs);
}

#[test]
fn single_geometries_are_promoted_to_the_declared_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    let mut schema = schema("x");
    schema.geometry_type = GeometryType::MultiPolygon;
    let two: Vec<_> = features().into_iter().skip(1).take(2).collect();
    write(&path, FORMAT, &schema, &two).unwrap();
    let (found, read) = read(open(&path));
    assert_eq!(found.geometry_type, GeometryType::MultiPolygon);
    for (read, written) in read.iter().zip(&two) {
        let [read, written] = [read, written].map(|f| f.geometry.as_ref().unwrap());
        assert_eq!(read.geometry_type(), GeometryType::MultiPolygon);
        assert_eq!(read.coords(), written.coords());
    }
}

#[test]
fn the_index_finds_what_the_flatgeobuf_crate_looks_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    for count in [1_i64, 2, 16, 17, 256, 257, 5000] {
        let place = |i: i64| (i * 7919 % 1000, i * 104_729 % 1000);
        let features: Vec<_> = (1..=count)
            .map(|i| {
                let (x, y) = place(i);
                feature(i, &format!("LINESTRING ({x} {y}, {} {})", x + 5, y + 5), Vec::new())
            })
            .collect();
        let mut schema = schema("x");
        schema.fields.clear();
        write(&path, FORMAT, &schema, &features).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let expected: usize = (1..=count)
            .filter(|&i| {
                let (x, y) = place(i);
                x <= 300 && x + 5 >= 100 && y <= 400 && y + 5 >= 0
            })
            .count();
        let opened = FgbReader::open(Cursor::new(&bytes)).unwrap();
        assert_eq!(
            super::index::byte_size(count as u64, 16),
            Some(PackedRTree::index_size(count as usize, 16) as u64)
        );
        let mut found = opened.select_bbox(100.0, 0.0, 300.0, 400.0).unwrap();
        let mut hits = 0;
        while found.next().unwrap().is_some() {
            hits += 1;
        }
        assert_eq!(hits, expected, "of {count}");
    }
}

#[test]
fn hostile_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    write(&path, FORMAT, &schema("x"), &features()).unwrap();
    check_hostile(&std::fs::read(path).unwrap(), "fgb", open);
}

#[test]
fn a_truncated_file_is_an_error_that_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    write(&path, FORMAT, &schema("x"), &features()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let mut layers = open(&path).unwrap();
    let error = read_rows(layers[0].as_mut()).unwrap_err().to_string();
    assert!(error.contains("the file ends within feature 11"), "{error}");
}

#[test]
fn a_count_that_no_file_can_hold_is_refused() {
    for (count, node_size) in [(u64::MAX, 16), (1 << 62, 2), (1 << 60, u16::MAX)] {
        assert_eq!(super::index::byte_size(count, node_size), None);
    }
    assert_eq!(super::index::byte_size(u64::MAX, 0), Some(0));
}

#[test]
fn real_layers_are_read_whole() {
    for (name, count) in [
        ("beijing_streets_331_wgs84.fgb", 331),
        ("beijing_districts_16_wgs84.fgb", 16),
        ("beijing_city_1_wgs84.fgb", 1),
        ("beijing_community_points_2331_wgs84.fgb", 2331),
        ("beijing_compounds_wgs84.fgb", 3700),
        ("beijing_cbd_buildings_5442_wgs84.fgb", 5442),
        ("beijing_osm_pois.fgb", 51_370),
    ] {
        let Some(path) = real_file(name) else { return };
        let (schema, features) = read(open(&path));
        assert_eq!(features.len(), count, "{name}");
        assert_eq!(schema.crs, DeclaredCrs::Epsg(4326), "{name}");
        assert_eq!(schema.count, Some(count as u64), "{name}");
        let inside = spatial::Envelope::new(115.0, 39.0, 118.0, 41.5);
        for feature in &features {
            assert!(inside.contains(&feature.geometry.as_ref().unwrap().envelope()), "{name}");
        }
    }
}
