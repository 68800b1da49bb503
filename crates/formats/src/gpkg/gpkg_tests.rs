//! GeoPackage: what is written is valid and reads back; other people's files are understood.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use rusqlite::Connection;
use spatial::{FieldType, GeometryType, Value};

use super::open;
use crate::sample_tests::{
    check_hostile, feature, features, field, read, read_rows, schema, without_ids, write,
};
use crate::{DeclaredCrs, OutputFormat};

const FORMAT: OutputFormat = OutputFormat::GeoPackage;

fn query<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The file without the triggers, whose functions QGIS and GDAL bring.
fn untriggered(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    let drops: String = db
        .prepare(
            "SELECT 'DROP TRIGGER \"' || name || '\";' FROM sqlite_schema WHERE type = 'trigger'",
        )
        .unwrap()
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    db.execute_batch(&drops).unwrap();
    db
}

#[test]
fn every_type_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("村 100%?.gpkg");
    let mut schema = schema("宗\"地");
    schema.fields.push(field("geom", FieldType::Bytes));
    schema.fields[3].alias = Some("名称".to_owned());
    let mut features = features();
    for feature in &mut features {
        feature.properties.push(Value::Bytes(vec![0, 255]));
    }
    features[4].geometry = None;
    write(&path, FORMAT, &schema, &features).unwrap();
    let (found, read) = read(open(&path));
    assert_eq!(read, without_ids(features));
    assert_eq!((found.name.as_str(), found.crs), ("宗\"地", DeclaredCrs::Epsg(4326)));
    assert_eq!(found.fields, schema.fields);
    assert_eq!((found.has_z, found.has_m), (true, false));
}

#[test]
fn the_index_and_the_ids_are_those_of_the_features() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    write(&path, FORMAT, &schema("x"), &features()).unwrap();
    assert_eq!(query::<String>(&path, "SELECT rtreecheck('rtree_x_geom')"), "ok");
    assert_eq!(query::<String>(&path, "PRAGMA integrity_check"), "ok");
    assert_eq!(query::<i64>(&path, "SELECT count(*) FROM rtree_x_geom"), 11);
    let found = "SELECT group_concat(id) FROM rtree_x_geom WHERE minx >= 116 AND maxx <= 117";
    assert_eq!(query::<String>(&path, found), "1,4");
    assert_eq!(query::<i64>(&path, "SELECT max(fid) FROM x"), 99);
    let wkt: String =
        query(&path, "SELECT definition FROM gpkg_spatial_ref_sys WHERE srs_id = 4326");
    assert!(wkt.contains("WGS 84"), "{wkt}");
    let mut layers = open(&path).unwrap();
    let numbers: Vec<_> =
        read_rows(layers[0].as_mut()).unwrap().iter().map(|row| row.number).collect();
    assert_eq!(numbers.last(), Some(&99));
}

#[test]
fn the_geometry_type_is_kept_or_widened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let mut schema = schema("x");
    let two: Vec<_> = features().into_iter().skip(1).take(2).collect();
    for (declared, expected) in [
        (GeometryType::MultiPolygon, GeometryType::MultiPolygon),
        (GeometryType::Polygon, GeometryType::Any),
    ] {
        schema.geometry_type = declared;
        write(&path, FORMAT, &schema, &two).unwrap();
        assert_eq!(read(open(&path)).0.geometry_type, expected);
    }
}

#[test]
fn other_peoples_columns_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let mut schema = schema("x");
    schema.crs = DeclaredCrs::Wkt("PROJCS[\"x\"]".to_owned());
    schema.fields.clear();
    write(&path, FORMAT, &schema, &[feature(7, "POINT (1 2)", Vec::new())]).unwrap();
    let db = untriggered(&path);
    let types = [
        ("MEDIUMINT", "5", FieldType::Int, Value::Int(5)),
        ("TINYINT", "'6'", FieldType::Int, Value::Int(6)),
        ("BOOLEAN", "1", FieldType::Bool, Value::Bool(true)),
        ("FLOAT", "2", FieldType::Real, Value::Real(2.0)),
        ("TEXT(20)", "'甲'", FieldType::Text, Value::Text("甲".to_owned())),
        ("VARCHAR(5)", "17", FieldType::Text, Value::Text("17".to_owned())),
        ("DATE", "'2026-11-22'", FieldType::Date, Value::Text("2026-11-22".to_owned())),
        (
            "DATETIME",
            "'2026-11-22T08:00:00+08:00'",
            FieldType::DateTime,
            Value::Text("2026-11-22T00:00:00.000Z".to_owned()),
        ),
        ("JSON", "'{}'", FieldType::Text, Value::Text("{}".to_owned())),
        ("BLOB(9)", "x'00ff'", FieldType::Bytes, Value::Bytes(vec![0, 255])),
        ("DOUBLE", "NULL", FieldType::Real, Value::Null),
    ];
    for (position, (declared, value, ..)) in types.iter().enumerate() {
        db.execute_batch(&format!(
            "ALTER TABLE x ADD c{position} {declared}; UPDATE x SET c{position} = {value};"
        ))
        .unwrap();
    }
    db.execute_batch(
        "CREATE TABLE notes (a); INSERT INTO gpkg_contents (table_name, data_type) VALUES ('notes', 'attributes');
         CREATE VIEW v AS SELECT * FROM x; INSERT INTO gpkg_contents (table_name, data_type) VALUES ('v', 'features');
         INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POINT', -1, 0, 0);",
    )
    .unwrap();
    drop(db);
    let (found, read) = read(open(&path));
    let expected: Vec<_> = types.iter().map(|(_, _, kind, _)| *kind).collect();
    assert_eq!(found.fields.iter().map(|field| field.field_type).collect::<Vec<_>>(), expected);
    let expected: Vec<_> = types.into_iter().map(|(.., value)| value).collect();
    assert_eq!(read[0].properties, expected);
    assert_eq!((found.crs, found.notes.len()), (schema.crs, 2));
}

#[test]
fn defects_are_told_by_row_and_carry_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    write(&path, FORMAT, &schema("x"), &features()[..5]).unwrap();
    let db = untriggered(&path);
    db.execute_batch(
        "UPDATE x SET geom = x'4750' WHERE fid = 1; UPDATE x SET geom = 'secret' WHERE fid = 2;
         UPDATE x SET count = 'secret' WHERE fid = 3; UPDATE x SET name = CAST(x'ff' AS TEXT) WHERE fid = 4;
         UPDATE x SET fid = -5, day = '2026-02-30' WHERE fid = 5;",
    )
    .unwrap();
    drop(db);
    let mut layers = open(&path).unwrap();
    let rows = read_rows(layers[0].as_mut()).unwrap();
    let told: Vec<_> = rows.iter().map(|row| row.feature.as_ref().unwrap_err().kind).collect();
    assert_eq!(told, ["bad_value", "bad_geometry", "bad_geometry", "bad_value", "bad_encoding"]);
    assert!(rows.iter().all(|row| !format!("{row:?}").contains("secret")));
}

#[test]
fn a_log_that_was_not_folded_in_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    write(&path, FORMAT, &schema("x"), &features()[..1]).unwrap();
    let db = untriggered(&path);
    db.execute_batch("PRAGMA journal_mode = WAL; INSERT INTO x (count) VALUES (5);").unwrap();
    assert_eq!(read(open(&path)).1.len(), 2);
}

#[test]
fn hostile_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    write(&path, FORMAT, &schema("x"), &features()).unwrap();
    check_hostile(&std::fs::read(path).unwrap(), "gpkg", open);
}
