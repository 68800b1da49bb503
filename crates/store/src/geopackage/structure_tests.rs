//! Tables that another program changes, drops or adds, and stores of an earlier format.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use rusqlite::Connection;
use spatial::{ChangeOp, FieldClass, FieldType, Revision, Value};

use super::foreign_tests::{five, folder, gdal, take_in};
use crate::contract_tests::{commit, fid, id, load, parcel, parcels, scan};
use crate::{FeatureStore, GeoPackageStore, LoadMode, Operation, StoreError};

#[tokio::test]
async fn a_column_added_is_a_field_that_is_hidden_until_it_has_a_class() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute_batch("ALTER TABLE p ADD COLUMN 备注 TEXT(20)").unwrap();
    other.execute("UPDATE p SET 备注 = 'x' WHERE fid = 1", []).unwrap();
    let taken = take_in(&store).await.unwrap();
    assert!(taken.notes[0].contains("备注") && taken.notes[0].contains("--class"), "{taken:?}");
    let collection = store.collections().await.unwrap().remove(0);
    let field = collection.fields.last().unwrap();
    assert_eq!((field.name.as_str(), field.field_type), ("备注", FieldType::Text));
    assert!(field.class > FieldClass::L1);
    assert_eq!(scan(&store, "p").await[0].properties[7], Value::Text("x".to_owned()));
    // From now on its old values are kept too.
    other.execute("UPDATE p SET 备注 = 'y' WHERE fid = 1", []).unwrap();
    take_in(&store).await.unwrap();
    let versions = store.history(&id("p"), fid(1)).await.unwrap();
    assert_eq!(versions.last().unwrap().feature.properties[7], Value::Text("x".to_owned()));
    assert_eq!(versions.last().unwrap().fields[7], "备注");
}

#[tokio::test]
async fn a_column_dropped_or_renamed_is_followed_and_edits_go_on() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute("UPDATE p SET count = 8 WHERE fid = 2", []).unwrap();
    other
        .execute_batch(
            "ALTER TABLE p DROP COLUMN built;
             UPDATE p SET count = 9 WHERE fid = 3;
             ALTER TABLE p DROP COLUMN \"at\";",
        )
        .unwrap();
    let taken = take_in(&store).await.unwrap();
    assert!(taken.notes[0].contains("field built was dropped"), "{taken:?}");
    let names = |collections: Vec<spatial::Collection>| {
        collections[0].fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        names(store.collections().await.unwrap()),
        ["ZDDM", "ZDMJ", "count", "day", "说明 \"x\""]
    );
    // History has the column as it was before it went.
    let versions = store.history(&id("p"), fid(2)).await.unwrap();
    assert_eq!(versions[0].feature.properties[3], Value::Bool(true));
    let changes = store.changes(Revision(1), 100).await.unwrap();
    assert!(changes.iter().any(|r| r.operation == Operation::Load && r.reason.contains("built")));

    other.execute_batch("ALTER TABLE p RENAME COLUMN ZDDM TO code").unwrap();
    let mut changed = parcel("n", 0.0);
    changed.properties.drain(3..6);
    changed.properties.insert(3, Value::Null);
    // A commit that comes first follows the table before it writes.
    commit(&store, None, vec![("p", ChangeOp::Insert(changed.clone()))]).await.unwrap();
    let collection = store.collections().await.unwrap().remove(0);
    assert_eq!(collection.key.as_deref(), Some("code"));
    let error = commit(&store, None, vec![("p", ChangeOp::Insert(changed))]).await.unwrap_err();
    assert!(matches!(error, StoreError::DuplicateKey { .. }), "{error}");
    other.execute("UPDATE p SET code = 'other' WHERE fid = 1", []).unwrap();
    assert_eq!(take_in(&store).await.unwrap().replaced, 1);
}

#[tokio::test]
async fn a_table_that_cannot_be_followed_is_kept_out_with_the_reason_and_comes_back() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute_batch("ALTER TABLE p RENAME COLUMN geom TO shape").unwrap();
    take_in(&store).await.unwrap();
    assert!(store.collections().await.unwrap().is_empty());
    let listed = store.kept_out(Some(&id("p")), 10).await.unwrap();
    assert!(listed[0].fid.is_none() && listed[0].reason.contains("geom"), "{listed:?}");
    let error = commit(&store, None, vec![("p", ChangeOp::Delete(fid(1)))]).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownCollection { .. }), "{error}");
    other.execute("DELETE FROM p WHERE fid = 5", []).unwrap();
    take_in(&store).await;
    other.execute_batch("ALTER TABLE p RENAME COLUMN shape TO geom").unwrap();
    take_in(&store).await.unwrap();
    assert_eq!(scan(&store, "p").await.len(), 4);
    assert_eq!(store.collections().await.unwrap()[0].count, 4);
    assert!(store.kept_out(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_table_dropped_is_a_collection_removed_and_its_ids_are_not_given_again() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute_batch("DROP TABLE p; DELETE FROM gpkg_contents WHERE table_name = 'p';").unwrap();
    let taken = take_in(&store).await.unwrap();
    assert!(taken.notes[0].contains("dropped"), "{taken:?}");
    assert!(store.collections().await.unwrap().is_empty());
    load(&store, parcels("p"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
    assert_eq!(scan(&store, "p").await[0].id, Some(fid(6)));
}

#[tokio::test]
async fn a_table_rebuilt_without_triggers_is_read_anew() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other
        .execute_batch(
            "CREATE TABLE q AS SELECT * FROM p; DROP TABLE p;
             CREATE TABLE p (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
               ZDDM TEXT, ZDMJ DOUBLE, count INTEGER, built BOOLEAN, day DATE, \"at\" DATETIME,
               \"说明 \"\"x\"\"\" BLOB);
             INSERT INTO p SELECT * FROM q WHERE fid < 4; DROP TABLE q;",
        )
        .unwrap();
    let taken = take_in(&store).await.unwrap();
    assert!(taken.notes[0].contains("rebuilt"), "{taken:?}");
    assert_eq!(scan(&store, "p").await.len(), 3);
    assert_eq!(store.collections().await.unwrap()[0].count, 3);
    other.execute("DELETE FROM p WHERE fid = 1", []).unwrap();
    assert_eq!(take_in(&store).await.unwrap().deleted, 1);
    let error =
        commit(&store, None, vec![("p", ChangeOp::Insert(parcel("b", 0.0)))]).await.unwrap_err();
    assert!(matches!(error, StoreError::DuplicateKey { .. }), "the key holds again: {error}");
}

#[tokio::test]
async fn a_table_of_another_program_is_listed_and_no_collection() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other
        .execute_batch(
            "CREATE TABLE roads (fid INTEGER PRIMARY KEY, geom LINESTRING);
             INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('roads', 'features', 4548);",
        )
        .unwrap();
    take_in(&store).await.unwrap();
    assert_eq!(store.collections().await.unwrap().len(), 1);
    let listed = store.kept_out(None, 10).await.unwrap();
    assert_eq!((listed[0].collection.as_str(), listed[0].fid), ("roads", None));
    let more = "DROP TABLE roads; DELETE FROM gpkg_contents WHERE table_name = 'roads';";
    other.execute_batch(more).unwrap();
    take_in(&store).await;
    assert!(store.kept_out(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_of_format_1_is_read_as_it_is_and_upgraded_by_its_first_writer() {
    let (_folder, path) = folder();
    let bytes = include_bytes!("format_1.gpkg");
    std::fs::write(&path, bytes).unwrap();
    let reader = GeoPackageStore::open_read_only(&path).unwrap();
    let (before, collections) =
        (scan(&reader, "points").await, reader.collections().await.unwrap());
    assert_eq!((before.len(), collections[0].count), (3, 3));
    assert_eq!(reader.erasures(&id("points"), fid(1)).await.unwrap(), []);
    assert_eq!(reader.history_start().await.unwrap(), None);
    let history = reader.history(&id("points"), fid(1)).await.unwrap();
    drop(reader);
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "a reader leaves the file alone");

    let store = GeoPackageStore::open(&path).unwrap();
    assert_eq!(store.collections().await.unwrap(), collections);
    assert_eq!(scan(&store, "points").await, before);
    assert_eq!(take_in(&store).await, None);
    assert_eq!(store.history(&id("points"), fid(1)).await.unwrap(), history);
    let shell = Connection::open(&path).unwrap();
    shell.execute("UPDATE points SET name = 'changed' WHERE fid = 1", []).unwrap();
    assert_eq!(take_in(&store).await.unwrap().replaced, 1);
    assert_eq!(store.history(&id("points"), fid(1)).await.unwrap().len(), history.len() + 1);
    let format = "SELECT value FROM tuban_meta WHERE name = 'format'";
    assert_eq!(shell.query_row(format, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}
