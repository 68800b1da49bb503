//! Sealed, erased and dropped past values beside what else is done to a store: other programs'
//! writing, restores and checks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use rusqlite::Connection;
use spatial::{ChangeOp, Feature, Revision, Timestamp, Value};

use crate::contract_tests::{commit, fid, id, load, parcel, scan};
use crate::erase_tests::{count, day, erase, households, replace, secret};
use crate::verify_tests::{defects, lived_in};
use crate::{FeatureStore, GeoPackageStore, LoadMode, NewCollections, Restore, StoreError};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn back_to(revision: u64) -> Restore {
    Restore {
        to: Revision(revision),
        new_collections: NewCollections::Empty,
        actor: "local".to_owned(),
        reason: "误删".to_owned(),
        recorded_at: Timestamp(9_000),
    }
}

/// Parcels `A` and `B` with secrets, ids 1 and 2, at revision 1.
async fn two(path: &Path) -> GeoPackageStore {
    let store = GeoPackageStore::create(path).unwrap();
    let rows = vec![secret("A", "secret-of-a"), secret("B", "secret-of-b")];
    load(&store, households(), LoadMode::Create, rows).await.unwrap();
    store
}

/// Rows of history that hold `word` unsealed.
fn in_the_clear(db: &Connection, word: &str) -> Vec<i64> {
    let sql = "SELECT seq FROM tuban_history WHERE instr(properties, CAST(?1 AS BLOB))";
    let mut rows = db.prepare(sql).unwrap();
    rows.query_map([word], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

async fn now(store: &GeoPackageStore) -> Vec<Value> {
    scan(store, "parcels").await.iter().map(|feature| day(feature).clone()).collect()
}

#[tokio::test]
async fn an_erasure_reaches_what_other_programs_wrote_and_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let store = two(&path).await;
    assert_eq!(store.take_in_foreign(Timestamp(2_000)).await.unwrap(), None);
    let shell = Connection::open(&path).unwrap();
    shell.execute("UPDATE parcels SET day = 'written-by-others' WHERE fid = 1", []).unwrap();
    let noted = "SELECT count(*) FROM tuban_foreign_values WHERE value = 'secret-of-a'";
    let noted = || shell.query_row(noted, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(noted(), 1);

    let commit = erase(&store, "parcels", 1, &["day"]).await.unwrap();
    assert_eq!(commit.revision, Revision(3), "after the revision of the other program");
    assert_eq!(noted(), 0);
    for word in ["secret-of-a", "written-by-others"] {
        assert_eq!(count(folder.path(), word), 0, "{word}");
    }
    assert_eq!(now(&store).await, [Value::Null, text("secret-of-b")]);
    let past = store.history(&id("parcels"), fid(1)).await.unwrap();
    let past: Vec<_> = past.iter().map(|version| day(&version.feature).clone()).collect();
    assert_eq!(past, [Value::Null, Value::Null]);
    assert_eq!(defects(&path).await, []);

    // The file written anew is not taken for another program's work; what comes after it is noted.
    let taken = store.take_in_foreign(Timestamp(4_000)).await.unwrap().unwrap();
    assert_eq!((taken.revision, taken.replaced), (Revision(2), 1));
    assert_eq!(store.take_in_foreign(Timestamp(4_000)).await.unwrap(), None);
    shell.execute("UPDATE parcels SET day = 'later' WHERE fid = 2", []).unwrap();
    let taken = store.take_in_foreign(Timestamp(4_000)).await.unwrap().unwrap();
    assert_eq!((taken.revision, taken.replaced), (Revision(4), 1));
    assert!(in_the_clear(&shell, "secret-of-b").is_empty());
}

#[tokio::test]
async fn an_erasure_reaches_rows_that_are_kept_out_and_says_when_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let store = two(&path).await;
    let shell = Connection::open(&path).unwrap();
    shell.execute("UPDATE parcels SET count = 'seven', day = 'flawed' WHERE fid = 1", []).unwrap();
    erase(&store, "parcels", 1, &[]).await.unwrap();
    let kept_out = store.kept_out(Some(&id("parcels")), 10).await.unwrap();
    assert_eq!(kept_out.len(), 1, "{kept_out:?}");
    for word in ["secret-of-a", "flawed"] {
        assert_eq!(count(folder.path(), word), 0, "{word}");
    }
    assert_eq!(defects(&path).await, []);
    shell.execute("UPDATE parcels SET count = 7 WHERE fid = 1", []).unwrap();
    store.take_in_foreign(Timestamp(4_000)).await.unwrap();
    assert_eq!(now(&store).await, [Value::Null, text("secret-of-b")]);
    assert_eq!(defects(&path).await, []);

    let srs = |n: i32| format!("UPDATE gpkg_geometry_columns SET srs_id = {n}");
    shell.execute_batch(&format!("{}; CREATE TABLE x (y);", srs(0))).unwrap();
    let error = erase(&store, "parcels", 2, &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Schema { .. }), "{error}");
    shell.execute_batch(&format!("{}; DROP TABLE x;", srs(4548))).unwrap();
    erase(&store, "parcels", 2, &[]).await.unwrap();
    assert_eq!(now(&store).await, [Value::Null, Value::Null]);
    assert_eq!(count(folder.path(), "secret-of-b"), 0);
}

#[tokio::test]
async fn a_restore_opens_what_is_sealed_and_brings_nothing_erased_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let store = two(&path).await;
    replace(&store, 1, secret("A", "later")).await;
    commit(&store, None, vec![("parcels", ChangeOp::Delete(fid(2)))]).await.unwrap();
    store.restore(back_to(1)).await.unwrap();
    assert_eq!(now(&store).await, [text("secret-of-a"), text("secret-of-b")]);
    // What it ended is sealed as well.
    assert!(in_the_clear(&Connection::open(&path).unwrap(), "later").is_empty());
    assert_eq!(defects(&path).await, []);

    erase(&store, "parcels", 1, &[]).await.unwrap();
    commit(&store, None, vec![("parcels", ChangeOp::Delete(fid(2)))]).await.unwrap();
    erase(&store, "parcels", 2, &["day"]).await.unwrap();
    assert_eq!(defects(&path).await, []);
    for revision in [1, 2, 3] {
        store.restore(back_to(revision)).await.unwrap();
        assert!(now(&store).await.iter().all(|value| *value == Value::Null), "{revision}");
        assert_eq!(defects(&path).await, [], "{revision}");
    }
    for word in ["secret-of-a", "secret-of-b", "later"] {
        assert_eq!(count(folder.path(), word), 0, "{word}");
    }

    replace(&store, 1, secret("A", "again")).await;
    replace(&store, 1, secret("A", "and again")).await;
    let at = store.revision().await.unwrap().0 - 1;
    let reader = GeoPackageStore::open_read_only(&path).unwrap();
    std::fs::rename(folder.path().join("s.gpkg.key"), folder.path().join("away")).unwrap();
    let error = reader.plan_restore(Revision(at)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error}");
    reader.set_key_file(folder.path().join("away"));
    assert_eq!(reader.plan_restore(Revision(at)).await.unwrap().collections[0].replaced, 1);
}

/// A store of every way to write, with an erasure and with features that went and came back.
async fn long_lived(path: &Path) -> GeoPackageStore {
    let store = lived_in(path).await;
    let moved = |key: &str| -> Feature { parcel(key, 77.0) };
    commit(&store, None, vec![("p", ChangeOp::Replace(fid(6), moved("k5")))]).await.unwrap();
    erase(&store, "p", 1, &[]).await.unwrap();
    erase(&store, "p", 2, &[]).await.unwrap();
    store.restore(back_to(4)).await.unwrap();
    let again = vec![
        ("p", ChangeOp::Replace(fid(2), moved("k1"))),
        ("p", ChangeOp::Replace(fid(300), moved("k299"))),
        ("q", ChangeOp::Replace(fid(61), moved("k10"))),
    ];
    for change in again {
        // Some of these are gone; those that are there go on.
        let _ = commit(&store, None, vec![change]).await;
    }
    store.restore(back_to(9)).await.unwrap();
    store
}

#[tokio::test]
async fn a_check_finds_no_fault_with_past_states_that_were_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = long_lived(&path).await;
    assert_eq!(defects(&path).await, []);
    let newest = store.revision().await.unwrap();
    let mut steps = 0;
    while store.drop_history(Timestamp(8_000_000), 23).await.unwrap() {
        assert_eq!(defects(&path).await, [], "step {steps}");
        steps += 1;
        let start = store.history_start().await.unwrap().unwrap().revision;
        let error = store.plan_restore(Revision(start.0 - 1)).await.unwrap_err();
        assert!(
            matches!(error, StoreError::HistoryDropped { whole_from, .. } if whole_from == start),
            "{error}"
        );
        store.plan_restore(start).await.unwrap();
    }
    assert!(steps > 5, "{steps}");
    assert_eq!(defects(&path).await, []);
    assert_eq!(store.revision().await.unwrap(), newest, "no state is another one");

    commit(&store, None, vec![("p", ChangeOp::Delete(fid(6)))]).await.unwrap();
    store.restore(back_to(newest.0)).await.unwrap();
    assert_eq!(defects(&path).await, []);
    // What was not let go must be there.
    let shell = Connection::open(&path).unwrap();
    shell.execute("DELETE FROM tuban_history WHERE collection = 'p' AND fid = 6", []).unwrap();
    let found = defects(&path).await;
    assert!(found.iter().any(|defect| defect.fid == Some(6)), "{found:?}");
}
