//! Rows that another program changes in the file: what the store makes of them, and when.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use geo_types::{Geometry as Shape, MultiPolygon, polygon};
use rusqlite::Connection;
use spatial::{Change, ChangeOp, ChangeSet, Feature, Geometry, Revision, Timestamp, Value, gpb};

use super::connection::open_writer;
use crate::contract_tests::{commit, fid, id, load, parcel, parcels, scan, square, with_id};
use crate::{
    ChangeRecord, FeatureStore, ForeignSummary, GeoPackageStore, LoadMode, Operation, StoreError,
};

const SRS: i32 = 4548;

pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    (folder, path)
}

/// A store with parcels `a` to `e`, ids 1 to 5, at revision 1, whose first look is done.
pub(super) async fn five(path: &Path) -> GeoPackageStore {
    let store = GeoPackageStore::create(path).unwrap();
    let all =
        "abcde".chars().zip(0..).map(|(key, n)| parcel(&key.to_string(), f64::from(n) * 20.0));
    load(&store, parcels("p"), LoadMode::Create, all.collect()).await.unwrap();
    assert_eq!(take_in(&store).await, None);
    store
}

pub(super) async fn take_in(store: &GeoPackageStore) -> Option<ForeignSummary> {
    store.take_in_foreign(Timestamp(5_000)).await.unwrap()
}

/// Another program that has the functions of the R-tree, as GDAL and QGIS do.
pub(super) fn gdal(path: &Path) -> Connection {
    open_writer(path).unwrap()
}

async fn records(store: &GeoPackageStore, since: u64) -> Vec<ChangeRecord> {
    store.changes(Revision(since), 1000).await.unwrap()
}

fn bytes(geometry: &Geometry) -> Vec<u8> {
    gpb::encode(geometry, SRS)
}

async fn keys(store: &GeoPackageStore) -> Vec<String> {
    let key = |feature: Feature| match &feature.properties[0] {
        Value::Text(key) => key.clone(),
        other => panic!("{other:?}"),
    };
    scan(store, "p").await.into_iter().map(key).collect()
}

#[tokio::test]
async fn an_attribute_changed_by_plain_sqlite_becomes_a_revision_with_history() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    // No function of ours is there, nor one of GDAL's.
    let shell = Connection::open(&path).unwrap();
    for value in [7, 8, 9] {
        shell.execute("UPDATE p SET count = ?1 WHERE fid = 2", [value]).unwrap();
    }
    assert_eq!(scan(&store, "p").await[1], with_id(2, parcel("b", 20.0)), "not yet a revision");
    let taken = take_in(&store).await.unwrap();
    assert_eq!((taken.revision, taken.replaced, taken.kept_out), (Revision(2), 1, 0));
    assert_eq!(store.revision().await.unwrap(), Revision(2));
    assert_eq!(scan(&store, "p").await[1].properties[2], Value::Int(9));

    let [record] = records(&store, 1).await.try_into().unwrap();
    assert_eq!((record.operation, record.id), (Operation::Replace, Some(fid(2))));
    assert_eq!((record.actor.as_str(), record.recorded_at), ("external", Timestamp(5_000)));
    assert!(record.reason.contains("another program"), "{}", record.reason);
    let [version] = store.history(&id("p"), fid(2)).await.unwrap().try_into().unwrap();
    assert_eq!((version.from, version.until), (Revision(1), Revision(2)));
    assert_eq!(version.feature, with_id(2, parcel("b", 20.0)));
    assert_eq!(take_in(&store).await, None, "taken in once");
}

#[tokio::test]
async fn what_comes_goes_and_moves_is_seen_whatever_the_statement() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    let new = bytes(&square(500_500.0, 4_400_500.0, 10.0));
    other.execute("INSERT INTO p (geom, ZDDM) VALUES (?1, 'new')", [&new]).unwrap();
    other.execute("DELETE FROM p WHERE ZDDM = 'a'", []).unwrap();
    other.execute("UPDATE p SET fid = 77 WHERE ZDDM = 'b'", []).unwrap();
    // Replaces c by its id, and d by its key.
    other.execute("REPLACE INTO p (fid, geom, ZDDM) VALUES (3, ?1, 'c2')", [&new]).unwrap();
    other.execute("REPLACE INTO p (fid, geom, ZDDM) VALUES (9, ?1, 'd')", [&new]).unwrap();
    let before = scan(&store, "p").await;
    assert_eq!(before.len(), 5, "the newest revision is shown until it is taken in");
    assert_eq!(before[0], with_id(1, parcel("a", 0.0)));
    assert_eq!(store.collections().await.unwrap()[0].count, 5);
    let found = store.features(&id("p"), &[fid(1), fid(9), fid(5)]).await.unwrap();
    assert_eq!(found, [before[0].clone(), before[4].clone()]);

    let taken = take_in(&store).await.unwrap();
    assert_eq!((taken.inserted, taken.replaced, taken.deleted), (3, 1, 3));
    assert_eq!(keys(&store).await, ["c2", "e", "new", "d", "b"]);
    let operations: Vec<_> =
        records(&store, 1).await.iter().map(|r| (r.operation, r.id.unwrap().value())).collect();
    use Operation::{Delete, Insert, Replace};
    let mut sorted = operations.clone();
    sorted.sort_by_key(|(_, id)| *id);
    assert_eq!(
        sorted,
        [
            (Delete, 1),
            (Delete, 2),
            (Replace, 3),
            (Delete, 4),
            (Insert, 6),
            (Insert, 9),
            (Insert, 77)
        ]
    );
    let collection = store.collections().await.unwrap().remove(0);
    assert_eq!(collection.count, 5);
    assert_eq!(collection.extent.max_x, 500_510.0);
    for (gone, key) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        let [version] = store.history(&id("p"), fid(gone)).await.unwrap().try_into().unwrap();
        assert_eq!(version.feature.properties[0], Value::Text(key.to_owned()));
        assert_eq!(version.from, Revision(1));
    }
    // Ids go on after the largest.
    let next = commit(&store, None, vec![("p", ChangeOp::Insert(parcel("z", 0.0)))]).await.unwrap();
    assert_eq!(next.changes[0].id, fid(78));
}

#[tokio::test]
async fn a_feature_that_comes_back_under_its_old_id_begins_anew() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute("DELETE FROM p WHERE fid = 3", []).unwrap();
    assert_eq!(take_in(&store).await.unwrap().deleted, 1);
    let shape = bytes(&square(500_000.0, 4_400_000.0, 10.0));
    other.execute("INSERT INTO p (fid, geom, ZDDM) VALUES (3, ?1, 'again')", [&shape]).unwrap();
    assert_eq!(take_in(&store).await.unwrap().inserted, 1);
    commit(&store, None, vec![("p", ChangeOp::Delete(fid(3)))]).await.unwrap();
    commit(&store, None, vec![("p", ChangeOp::Delete(fid(4)))]).await.unwrap();
    let spans = |versions: Vec<crate::Version>| {
        versions.iter().map(|v| (v.from.0, v.until.0)).collect::<Vec<_>>()
    };
    assert_eq!(spans(store.history(&id("p"), fid(3)).await.unwrap()), [(1, 2), (3, 4)]);
    assert_eq!(spans(store.history(&id("p"), fid(4)).await.unwrap()), [(1, 5)]);
}

#[tokio::test]
async fn a_commit_takes_in_first_what_it_would_build_on() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute("UPDATE p SET count = 99 WHERE fid = 1", []).unwrap();
    let replace = |since: Option<u64>| ChangeSet {
        expect: None,
        actor: "local".to_owned(),
        reason: "test".to_owned(),
        recorded_at: Timestamp(6_000),
        changes: vec![Change {
            collection: id("p"),
            op: ChangeOp::Replace(fid(1), parcel("a", 1.0)),
            unchanged_since: since.map(Revision),
        }],
    };
    let error = store.commit(replace(Some(1))).await.unwrap_err();
    assert!(
        matches!(error, StoreError::FeatureChanged { changed: Revision(2), .. }),
        "the other program's change counts: {error}"
    );
    // It is taken in all the same, and told.
    assert_eq!(take_in(&store).await.unwrap().revision, Revision(2));

    other.execute("UPDATE p SET count = 100 WHERE fid = 1", []).unwrap();
    let expecting = ChangeSet { expect: Some(Revision(2)), ..replace(None) };
    let error = store.commit(expecting).await.unwrap_err();
    assert!(matches!(error, StoreError::RevisionMismatch { .. }), "{error}");
    other.execute("UPDATE p SET count = 101 WHERE fid = 1", []).unwrap();
    let done = store.commit(replace(None)).await.unwrap();
    assert_eq!(done.revision, Revision(5));
    let counts = store.history(&id("p"), fid(1)).await.unwrap().into_iter().map(|version| {
        let Value::Int(count) = version.feature.properties[2] else { panic!() };
        (version.from.0, version.until.0, count, version.actor)
    });
    let external = || "external".to_owned();
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [
            (1, 2, -7, external()),
            (2, 3, 99, external()),
            (3, 4, 100, external()),
            (4, 5, 101, "local".to_owned())
        ]
    );
    let told = take_in(&store).await.unwrap();
    assert_eq!((told.revision, told.replaced), (Revision(4), 2), "what commits took in is told");
}

#[tokio::test]
async fn a_load_takes_in_first_too_and_what_was_written_while_the_store_was_closed_is_found() {
    let (_folder, path) = folder();
    drop(five(&path).await);
    let other = gdal(&path);
    other.execute("UPDATE p SET ZDDM = 'B' WHERE fid = 2", []).unwrap();
    drop(other);
    let store = GeoPackageStore::open(&path).unwrap();
    let more = vec![parcel("B", 500.0), parcel("f", 520.0)];
    let loaded = load(&store, parcels("p"), LoadMode::Upsert, more).await.unwrap();
    assert_eq!((loaded.revision, loaded.inserted, loaded.updated), (Revision(3), 1, 1));
    let spans: Vec<_> = store.history(&id("p"), fid(2)).await.unwrap();
    assert_eq!(spans.len(), 2, "the state between is not lost");
    assert_eq!(spans[1].feature.properties[0], Value::Text("B".to_owned()));
    assert_eq!(take_in(&store).await.unwrap().replaced, 1);
}

#[tokio::test]
async fn rows_with_a_flaw_are_kept_out_and_listed_until_they_are_mended() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    let bow: Geometry = Shape::MultiPolygon(MultiPolygon(vec![polygon![
        (x: 0.0, y: 0.0), (x: 9.0, y: 9.0), (x: 9.0, y: 0.0), (x: 0.0, y: 9.0), (x: 0.0, y: 0.0)
    ]]))
    .into();
    let point: Geometry = Shape::Point(geo_types::point!(x: 1.0, y: 2.0)).into();
    let far = square(900_000.0, 4_400_000.0, 10.0);
    let mut set = other.prepare("UPDATE p SET geom = ?2 WHERE fid = ?1").unwrap();
    set.execute((1, bytes(&bow))).unwrap();
    set.execute((2, gpb::encode(&far, 4490))).unwrap();
    set.execute((3, bytes(&point))).unwrap();
    other.execute("UPDATE p SET day = '22.11.2026', ZDMJ = 'much' WHERE fid = 4", []).unwrap();
    other.execute("INSERT INTO p (geom, ZDDM) VALUES (x'4750', 'broken')", []).unwrap();
    other.execute("INSERT INTO p (fid, ZDDM) VALUES (-3, 'negative')", []).unwrap();
    let taken = take_in(&store).await.unwrap();
    assert_eq!((taken.deleted, taken.inserted, taken.kept_out), (4, 0, 6));
    assert_eq!(keys(&store).await, ["e"]);
    let collection = store.collections().await.unwrap().remove(0);
    assert_eq!(collection.count, 1);
    assert_eq!(collection.extent.min_x, 500_080.0, "what is kept out has no part in the extent");
    let listed = store.kept_out(Some(&id("p")), 100).await.unwrap();
    let listed: Vec<_> =
        listed.iter().map(|k| (k.fid.unwrap(), k.place.as_str(), k.reason.as_str())).collect();
    let expected = [
        (-3, "/id", "not in 1..="),
        (1, "/geometry", "self_intersection"),
        (2, "/geometry", "SRS 4490"),
        (3, "/geometry", "another type"),
        (4, "/properties/ZDMJ", "another type"),
        (6, "/geometry", "2"),
    ];
    assert_eq!(listed.len(), expected.len(), "{listed:?}");
    for (found, (fid, place, part)) in listed.iter().zip(expected) {
        assert_eq!((found.0, found.1), (fid, place));
        assert!(found.2.contains(part) && !found.2.contains("much"), "{found:?}");
    }
    // No feature of the store, whoever asks.
    let error = commit(&store, None, vec![("p", ChangeOp::Delete(fid(1)))]).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownFeature { .. }), "{error}");
    drop(store);
    let reader = GeoPackageStore::open_read_only(&path).unwrap();
    assert_eq!(keys(&reader).await, ["e"]);
    drop(reader);
    let store = GeoPackageStore::open(&path).unwrap();

    set.execute((1, bytes(&square(500_000.0, 4_400_000.0, 10.0)))).unwrap();
    other.execute("UPDATE p SET ZDMJ = 5, day = NULL WHERE fid = 4", []).unwrap();
    other.execute("DELETE FROM p WHERE fid IN (-3, 6)", []).unwrap();
    let taken = take_in(&store).await.unwrap();
    assert_eq!((taken.inserted, taken.kept_out), (2, 0));
    assert_eq!(keys(&store).await, ["a", "d", "e"]);
    assert_eq!(store.kept_out(None, 100).await.unwrap().len(), 2);
    // The state that it was kept out in was never shown, and leaves no history.
    assert_eq!(store.history(&id("p"), fid(1)).await.unwrap().len(), 1);
    let count = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = 'p'";
    assert_eq!(other.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 5);

    // An upsert mends a row by its key.
    load(&store, parcels("p"), LoadMode::Upsert, vec![parcel("b", 20.0)]).await.unwrap();
    assert_eq!(keys(&store).await, ["a", "b", "d", "e"]);
    assert_eq!(store.collections().await.unwrap()[0].count, 4);
    assert_eq!(store.kept_out(None, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_single_part_is_a_multi_part_and_nothing_touched_is_nothing_changed() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    let single = polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0), (x: 0.0, y: 0.0)];
    let one: Geometry = Shape::Polygon(single.clone()).into();
    other.execute("UPDATE p SET geom = ?1 WHERE fid = 1", [bytes(&one)]).unwrap();
    other.execute("UPDATE p SET count = count WHERE fid = 2", []).unwrap();
    other.execute("INSERT INTO p (ZDDM) VALUES ('x')", []).unwrap();
    other.execute("DELETE FROM p WHERE ZDDM = 'x'", []).unwrap();
    let taken = take_in(&store).await.unwrap();
    assert_eq!((taken.replaced, taken.inserted, taken.deleted), (1, 0, 0));
    let many: Geometry = Shape::MultiPolygon(MultiPolygon(vec![single])).into();
    assert_eq!(scan(&store, "p").await[0].geometry, Some(many));
    other.execute("UPDATE p SET count = count", []).unwrap();
    assert_eq!(take_in(&store).await, None);
    assert_eq!(store.revision().await.unwrap(), Revision(2));
}

#[tokio::test]
async fn a_rolled_back_edit_of_another_program_leaves_nothing() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute_batch("BEGIN; DELETE FROM p; ROLLBACK;").unwrap();
    assert_eq!(take_in(&store).await, None);
    assert_eq!(keys(&store).await.len(), 5);
}

#[tokio::test]
async fn a_commit_waits_for_the_lock_of_another_program() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other.execute_batch("BEGIN IMMEDIATE; UPDATE p SET count = 5 WHERE fid = 2;").unwrap();
    let holding = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        other.execute_batch("COMMIT").unwrap();
    });
    let done = commit(&store, None, vec![("p", ChangeOp::Delete(fid(1)))]).await.unwrap();
    holding.join().unwrap();
    assert_eq!(done.revision, Revision(3), "after what the other program wrote");
    assert_eq!(take_in(&store).await.unwrap().replaced, 1);
    assert_eq!(scan(&store, "p").await[0].properties[2], Value::Int(5));
}

#[tokio::test]
async fn many_rows_of_another_program_are_one_load_in_the_log() {
    let (_folder, path) = folder();
    let store = five(&path).await;
    let other = gdal(&path);
    other
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
             INSERT INTO p (ZDDM) SELECT 'n' || i FROM n;",
        )
        .unwrap();
    assert_eq!(take_in(&store).await.unwrap().inserted, 12_000);
    let [record] = records(&store, 1).await.try_into().unwrap();
    assert_eq!((record.operation, record.id), (Operation::Load, None));
    assert_eq!(store.collections().await.unwrap()[0].count, 12_005);
    commit(&store, None, vec![("p", ChangeOp::Delete(fid(9000)))]).await.unwrap();
    assert_eq!(store.history(&id("p"), fid(9000)).await.unwrap()[0].from, Revision(2));
}
