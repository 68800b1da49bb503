//! The engine over a GeoPackage that another program edits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use spatial::{ChangeOp, CrsRegistry, Revision, Timestamp, ValueRef};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode, Operation};
use tokio::sync::mpsc;

use crate::engine_tests::{changes, collection, fid, id, parcel};
use crate::{Engine, EngineSettings};

async fn town(path: &Path, count: i32) -> (Arc<GeoPackageStore>, Engine) {
    let store = Arc::new(GeoPackageStore::create(path).unwrap());
    let (sender, receiver) = mpsc::channel(4);
    let features = (0..count).map(|n| parcel(n % 100, n / 100)).collect();
    sender.send(LoadItem::Features(features)).await.unwrap();
    sender.send(LoadItem::Finish).await.unwrap();
    let load = Load {
        collection: collection("parcels"),
        mode: LoadMode::Create,
        actor: "local".to_owned(),
        reason: "test".to_owned(),
        recorded_at: Timestamp(1_000),
    };
    store.load(load, receiver).await.unwrap();
    let engine = open(Arc::clone(&store)).await;
    (store, engine)
}

async fn open(store: Arc<GeoPackageStore>) -> Engine {
    let settings = EngineSettings { threads: 2, ..EngineSettings::default() };
    Engine::open(store, Arc::new(CrsRegistry::default()), settings).await.unwrap()
}

fn state(engine: &Engine, feature: i64) -> String {
    let snapshot = engine.snapshot();
    let parcels = &snapshot.collections[&id("parcels")];
    match parcels.get(fid(feature)).unwrap().value(0) {
        ValueRef::Text(state) => state.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_writes_is_shown_and_told_feature_by_feature() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let (_store, engine) = town(&path, 3000).await;
    let mut told = engine.subscribe();
    let before = engine.snapshot();
    let following = engine.clone();
    let follow = tokio::spawn(async move {
        following.follow_foreign(Duration::from_millis(20), || Timestamp(9_000)).await;
    });
    Connection::open(&path)
        .unwrap()
        .execute("UPDATE parcels SET state = 'seen' WHERE fid = 7", [])
        .unwrap();
    let publication = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
    let publication = publication.unwrap().unwrap();
    follow.abort();
    assert_eq!(publication.after.revision, Revision(2));
    let [record] = publication.records.as_slice() else { panic!("{:?}", publication.records) };
    assert_eq!((record.operation, record.id), (Operation::Replace, Some(fid(7))));
    assert_eq!(record.actor, "external");
    assert_eq!(state(&engine, 7), "seen");
    // A place far away is as old as before: the collection was not read anew.
    let parcels = |snapshot: &spatial::Snapshot| Arc::clone(&snapshot.collections[&id("parcels")]);
    let far = parcels(&before).get(fid(2990)).unwrap().world_box();
    assert_eq!(parcels(&engine.snapshot()).revision_of(&far), Revision(1));
    let near = parcels(&before).get(fid(7)).unwrap().world_box();
    assert_eq!(parcels(&engine.snapshot()).revision_of(&near), Revision(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_comes_upon_a_foreign_one_shows_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let (_store, engine) = town(&path, 50).await;
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE parcels SET state = 'other' WHERE fid = 3", []).unwrap();
    let commit = engine.apply(changes(vec![ChangeOp::Delete(fid(5))])).await.unwrap();
    assert_eq!(commit.revision, Revision(3));
    assert_eq!(engine.snapshot().revision, Revision(3));
    assert_eq!(state(&engine, 3), "other");
    assert!(engine.snapshot().collections[&id("parcels")].get(fid(5)).is_none());
    assert_eq!(engine.take_in_foreign(Timestamp(9_000)).await.unwrap().unwrap().replaced, 1);
    assert_eq!(engine.take_in_foreign(Timestamp(9_000)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_a_flaw_leaves_the_map_and_a_new_column_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let (_store, engine) = town(&path, 50).await;
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE parcels SET ZDMJ = 'wide' WHERE fid = 3", []).unwrap();
    engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    let parcels = || Arc::clone(&engine.snapshot().collections[&id("parcels")]);
    assert!(parcels().get(fid(3)).is_none());
    assert_eq!((parcels().len(), parcels().collection().count), (49, 49));
    other.execute_batch("ALTER TABLE parcels ADD COLUMN floors INTEGER").unwrap();
    engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    assert!(parcels().collection().field_position("floors").is_some());
    assert_eq!(parcels().len(), 49);
    drop(other);
}
