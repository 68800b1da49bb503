//! A check of a store finds what is wrong, and nothing where nothing is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use spatial::{ChangeOp, Feature};

use crate::contract_tests::{commit, fid, id, load, parcel, parcels};
use crate::{Defect, FeatureStore, GeoPackageStore, LoadMode, StoreError};

/// Every defect of a store.
pub(crate) async fn defects(path: &Path) -> Vec<Defect> {
    checked(path).await.unwrap()
}

async fn checked(path: &Path) -> Result<Vec<Defect>, StoreError> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let finding = Arc::clone(&found);
    let store = GeoPackageStore::open_read_only(path)?;
    let done = store.verify(move |defect| finding.lock().unwrap().push(defect)).await?;
    let found = std::mem::take(&mut *found.lock().unwrap());
    assert_eq!(done.defects, found.len() as u64);
    Ok(found)
}

fn some(from: i32, to: i32) -> Vec<Feature> {
    let one = |n: i32| {
        let mut feature = parcel(&format!("k{n}"), f64::from(n) * 20.0);
        if n % 17 == 3 {
            feature.geometry = None;
        }
        feature
    };
    (from..to).map(one).collect()
}

/// A store that has seen every way to write.
pub(crate) async fn lived_in(path: &Path) -> GeoPackageStore {
    let store = GeoPackageStore::create(path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, some(0, 300)).await.unwrap();
    load(&store, parcels("p"), LoadMode::Append, some(300, 320)).await.unwrap();
    load(&store, parcels("p"), LoadMode::Append, Vec::new()).await.unwrap();
    let changes = vec![
        ("p", ChangeOp::Replace(fid(1), parcel("k0", 7.0))),
        ("p", ChangeOp::Replace(fid(1), parcel("k0", 8.0))),
        ("p", ChangeOp::Delete(fid(2))),
        ("p", ChangeOp::Insert(parcel("new", 9.0))),
        ("p", ChangeOp::Replace(fid(321), parcel("new", 10.0))),
        ("p", ChangeOp::Insert(parcel("brief", 9.0))),
        ("p", ChangeOp::Delete(fid(322))),
    ];
    commit(&store, None, changes).await.unwrap();
    load(&store, parcels("p"), LoadMode::Upsert, some(290, 330)).await.unwrap();
    commit(&store, None, vec![("p", ChangeOp::Replace(fid(300), parcel("k299", 1.0)))])
        .await
        .unwrap();
    load(&store, parcels("q"), LoadMode::Create, some(0, 50)).await.unwrap();
    commit(&store, None, vec![("q", ChangeOp::Replace(fid(5), some(3, 4).remove(0)))])
        .await
        .unwrap_err();
    commit(&store, None, vec![("q", ChangeOp::Replace(fid(5), parcel("k4", 3.0)))]).await.unwrap();
    load(&store, parcels("q"), LoadMode::Replace, some(0, 60)).await.unwrap();
    commit(&store, None, vec![("q", ChangeOp::Delete(fid(51)))]).await.unwrap();
    load(&store, parcels("gone"), LoadMode::Create, some(0, 20)).await.unwrap();
    commit(&store, None, vec![("gone", ChangeOp::Delete(fid(3)))]).await.unwrap();
    store.remove(&id("gone")).await.unwrap();
    load(&store, parcels("again"), LoadMode::Create, some(0, 20)).await.unwrap();
    store.remove(&id("again")).await.unwrap();
    load(&store, parcels("again"), LoadMode::Create, some(0, 20)).await.unwrap();
    load(&store, parcels("old"), LoadMode::Create, some(0, 20)).await.unwrap();
    commit(&store, None, vec![("old", ChangeOp::Delete(fid(4)))]).await.unwrap();
    store.rename(&id("old"), &id("renamed")).await.unwrap();
    load(&store, parcels("old"), LoadMode::Create, some(0, 20)).await.unwrap();
    load(&store, parcels("empty"), LoadMode::Create, Vec::new()).await.unwrap();
    store
}

#[tokio::test]
async fn a_store_that_has_seen_every_way_to_write_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = lived_in(&path).await;
    assert_eq!(defects(&path).await, []);
    let done = store.verify(|_| {}).await.unwrap();
    assert_eq!((done.collections, done.features), (6, 319 + 1 + 10 + 59 + 20 + 19 + 20));
    assert_eq!((done.revision, done.defects), (store.revision().await.unwrap(), 0));
    drop(store);
    assert_eq!(defects(&path).await, []);
}

/// Drops the triggers of `table`, so that it is edited as by a program that knows nothing of them.
fn without_triggers(table: &str) -> String {
    let counted = |what: &str| format!("DROP TRIGGER \"trigger_{what}_feature_count_{table}\";");
    let rtree = ["insert", "update6", "update7", "update2", "update5", "update4", "delete"]
        .map(|name| format!("DROP TRIGGER \"rtree_{table}_geom_{name}\";"));
    rtree.concat() + &counted("insert") + &counted("delete")
}

#[tokio::test]
async fn each_damage_is_named_with_table_and_feature() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("a.gpkg");
    drop(lived_in(&whole).await);
    let bare = without_triggers("p");
    let log = "tuban_change_log";
    let cases: Vec<(String, &str, Option<i64>, &str)> = vec![
        ("DELETE FROM rtree_p_geom WHERE id = 7".into(), "p", Some(7), "not in the R-tree"),
        ("INSERT INTO rtree_p_geom VALUES (999, 1, 2, 3, 4)".into(), "p", Some(999), "not in the table"),
        ("INSERT INTO rtree_p_geom VALUES (4, 1, 2, 3, 4)".into(), "p", Some(4), "it has no place"),
        ("UPDATE rtree_p_geom SET maxx = maxx + 1 WHERE id = 8".into(), "p", Some(8), "its box"),
        ("UPDATE rtree_p_geom SET minx = minx + 1 WHERE id = 8".into(), "p", Some(8), "its box"),
        ("UPDATE rtree_p_geom_node SET data = zeroblob(length(data)) WHERE nodeno = 2".into(), "rtree_p_geom", None, ""),
        ("DELETE FROM rtree_p_geom_rowid WHERE rowid = 9".into(), "p", Some(9), "not in the R-tree"),
        ("DROP TABLE rtree_p_geom".into(), "rtree_p_geom", None, "no such table"),
        ("DELETE FROM p WHERE fid = 11".into(), "p", Some(11), "loaded and never removed"),
        ("DELETE FROM p WHERE fid BETWEEN 11 AND 20".into(), "p", None, "features 11 to 20 were loaded"),
        ("DELETE FROM p WHERE fid > 325".into(), "p", None, "features 326 to 332 were loaded"),
        ("DELETE FROM p WHERE fid = 1".into(), "p", Some(1), "never removed it"),
        ("DELETE FROM p WHERE fid = 300".into(), "p", Some(300), "never removed it"),
        (format!("{} INSERT INTO p (fid, ZDDM) VALUES (5000, 'x')", without_triggers("p")), "p", Some(5000), "does not know it"),
        (format!("{} INSERT INTO p (fid, ZDDM) VALUES (2, 'x')", without_triggers("p")), "p", Some(2), "the change log removed it"),
        (format!("{} INSERT INTO again (fid, ZDDM) VALUES (7, 'x')", without_triggers("again")), "again", Some(7), "that was removed"),
        (format!("{} INSERT INTO q (fid, ZDDM) VALUES (5, 'x')", without_triggers("q")), "q", Some(5), "the change log removed it"),
        (format!("{bare} UPDATE p SET geom = (SELECT geom FROM p WHERE fid = 30) WHERE fid = 1"), "p", Some(1), "elsewhere than the change log"),
        (format!("{bare} UPDATE p SET geom = NULL WHERE fid = 1"), "p", Some(1), "elsewhere than the change log"),
        (format!("{bare} UPDATE p SET geom = (SELECT geom FROM p WHERE fid = 30) WHERE fid = 60"), "p", Some(60), "its box"),
        (format!("{bare} UPDATE p SET geom = x'4750' WHERE fid = 60"), "p", Some(60), "geometry"),
        (format!("{bare} DELETE FROM p WHERE fid = 60"), "p", Some(60), "in the R-tree, but not in the table"),
        (format!("{bare} UPDATE p SET fid = 6000 WHERE fid = 60"), "p", Some(6000), "does not know it"),
        (format!("{bare} UPDATE p SET count = 'seven' WHERE fid = 12"), "p", Some(12), "another type"),
        (format!("{bare} UPDATE p SET day = 'never' WHERE fid = 12"), "p", Some(12), "day"),
        ("DROP TRIGGER rtree_p_geom_update6".into(), "p", None, "rtree_p_geom_update6 is missing"),
        ("DROP INDEX tuban_key_p".into(), "p", None, "index of its key ZDDM is missing"),
        ("UPDATE gpkg_ogr_contents SET feature_count = 7 WHERE table_name = 'p'".into(), "gpkg_ogr_contents", None, "p is said to have 7 rows"),
        ("UPDATE tuban_shown SET feature_count = 7 WHERE collection = 'p'".into(), "tuban_shown", None, "p is said to have 7 features"),
        ("DROP TRIGGER tuban_note_p_delete".into(), "p", None, "note what other programs write"),
        ("UPDATE tuban_shown SET min_x = 0 WHERE collection = 'p'".into(), "tuban_shown", None, "extent of p"),
        ("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'p'".into(), "sqlite_sequence", None, "the last id of p"),
        ("DELETE FROM tuban_shown WHERE collection = 'p'".into(), "p", None, "does not name it"),
        ("DELETE FROM tuban_fields WHERE collection = 'p' AND position = 0".into(), "tuban_fields", None, "p has lost fields"),
        ("UPDATE tuban_collections SET crs = 'mars' WHERE collection = 'p'".into(), "p", None, "mars"),
        ("DROP TABLE q".into(), "q", None, "no such table"),
        ("UPDATE tuban_meta SET value = 1 WHERE name = 'revision'".into(), log, Some(1), "newer than the store"),
        (format!("DELETE FROM {log} WHERE fid = 2 AND operation = 'delete'"), "p", Some(2), "no change then"),
        (format!("DELETE FROM {log} WHERE fid = 321 AND operation = 'insert'"), "p", Some(321), "has no feature then"),
        (format!("DELETE FROM {log} WHERE collection = 'p' AND fid = 1 AND operation = 'load'"), "p", Some(40), "does not know it"),
        (format!("UPDATE {log} SET operation = 'x' WHERE fid = 2"), log, None, "operation is unknown"),
        (format!("UPDATE {log} SET after_min_x = 1 WHERE fid = 300 AND operation = 'replace'"), "p", Some(300), "elsewhere than the change log"),
        (format!("UPDATE {log} SET before_min_x = 1 WHERE fid = 300 AND operation = 'replace'"), "p", Some(300), "lay elsewhere before"),
        (format!("UPDATE {log} SET collection = 'never' WHERE fid = 2"), "tuban_change_log, tuban_history", None, "never was"),
        (format!("UPDATE {log} SET last_fid = 310 WHERE collection = 'p' AND fid = 1 AND operation = 'load'"), log, None, "after 310"),
        ("DELETE FROM tuban_history WHERE fid = 1 AND collection = 'p'".into(), "p", Some(1), "not in the history"),
        ("UPDATE tuban_history SET from_revision = 2 WHERE fid = 1 AND collection = 'p'".into(), "p", Some(1), "ended at 1"),
        ("UPDATE tuban_history SET until_revision = 1 WHERE fid = 1 AND collection = 'p'".into(), "p", Some(1), "where it began"),
        ("UPDATE tuban_history SET until_revision = 90 WHERE fid = 1 AND collection = 'p'".into(), "tuban_history", Some(1), "newer than the store"),
        ("UPDATE tuban_history SET properties = x'02' WHERE fid = 1 AND collection = 'p'".into(), "tuban_history", Some(1), "properties cannot be read"),
        ("UPDATE tuban_history SET geometry = x'47' WHERE fid = 1 AND collection = 'p'".into(), "tuban_history", Some(1), "geometry cannot be read"),
        ("INSERT INTO tuban_history SELECT NULL, collection, fid, from_revision, until_revision, actor, reason, recorded_at, properties, geometry FROM tuban_history WHERE fid = 1 AND collection = 'p'".into(), "p", Some(1), "two past states"),
    ];
    for (damage, table, feature, reason) in cases {
        let path = folder.path().join("b.gpkg");
        let _ = fs::remove_file(&path);
        fs::copy(&whole, &path).unwrap();
        Connection::open(&path).unwrap().execute_batch(&unnoted(&damage)).unwrap();
        let found = defects(&path).await;
        let is_it = |d: &Defect| d.table == table && d.fid == feature && d.reason.contains(reason);
        assert!(found.iter().any(is_it), "{damage}\n{table} {feature:?} {reason}\n{found:#?}");
    }
}

#[tokio::test]
async fn rows_that_no_revision_shows_are_no_defects() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    drop(lived_in(&path).await);
    let db = Connection::open(&path).unwrap();
    // Changed, removed and added by another program; one of them is no feature.
    db.execute_batch(&unnoted("DELETE FROM p WHERE fid IN (1, 20)")).unwrap();
    assert!(!defects(&path).await.is_empty());
    db.execute_batch(
        "INSERT INTO tuban_foreign (collection, fid, existed) VALUES ('p', 1, 1), ('p', 20, 1)",
    )
    .unwrap();
    assert_eq!(defects(&path).await, []);
    db.execute_batch(&unnoted("DELETE FROM p WHERE fid = 21")).unwrap();
    let found = defects(&path).await;
    assert!(found.len() == 1 && found[0].fid == Some(21), "the others are still asked: {found:?}");
    db.execute_batch(
        "INSERT INTO tuban_foreign (collection, fid, existed) VALUES ('p', 21, 1);
         INSERT INTO tuban_kept_out (collection, fid, place, reason, since) VALUES ('q', NULL, '', 'x', 0);
         DELETE FROM q;",
    )
    .unwrap();
    assert_eq!(defects(&path).await, []);
}

/// `sql` as a program does it whose changes no trigger notes.
fn unnoted(sql: &str) -> String {
    let own = |own: u8| format!("UPDATE tuban_meta SET value = {own} WHERE name = 'own';");
    format!("{} {sql}; {}", own(1), own(0))
}

/// Pages of the file, in the order in which SQLite numbers them.
fn pages(whole: &[u8]) -> usize {
    whole.len() / 4096
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_found_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("a.gpkg");
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, some(0, 300)).await.unwrap();
    commit(&store, None, vec![("p", ChangeOp::Replace(fid(1), parcel("k0", 8.0)))]).await.unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    assert!(pages(&whole) > 40);
    for page in 0..pages(&whole) {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0x55);
        fs::write(&path, &bytes).unwrap();
        // Without the schema a store cannot even be opened.
        if let Ok(found) = checked(&path).await {
            assert!(!found.is_empty(), "page {}", page + 1);
        }
    }
}

#[tokio::test]
async fn flipped_bytes_end_no_check_and_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    drop(lived_in(&path).await);
    let whole = fs::read(&path).unwrap();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut seen = 0;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..4 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let place = random as usize % bytes.len();
            bytes[place] ^= 1 << (random >> 40 & 7);
        }
        fs::write(&path, &bytes).unwrap();
        seen += usize::from(checked(&path).await.map_or(1, |found| found.len()) > 0);
    }
    // A flipped digit of an attribute, or a byte that nothing uses, cannot be seen.
    assert!(seen > 15, "{seen} of 60");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_sound_at_each_moment_of_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = Arc::new(lived_in(&path).await);
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, stopping) = (Arc::clone(&store), Arc::clone(&stop));
    let writer = tokio::spawn(async move {
        let mut n = 0;
        while !stopping.load(Ordering::Relaxed) {
            n += 1;
            let inserted = ("p", ChangeOp::Insert(parcel(&format!("w{n}"), f64::from(n))));
            let moved = ("p", ChangeOp::Replace(fid(1), parcel("k0", f64::from(n))));
            let done = commit(&*writing, None, vec![inserted, moved]).await.unwrap();
            let gone = ("p", ChangeOp::Delete(done.changes[0].id));
            commit(&*writing, None, vec![gone]).await.unwrap();
            if n % 10 == 0 {
                load(&*writing, parcels("q"), LoadMode::Replace, some(0, 30)).await.unwrap();
            }
        }
        n
    });
    for _ in 0..20 {
        assert_eq!(defects(&path).await, []);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 1);
}
