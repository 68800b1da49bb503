//! A restore brings every feature back as it was, and can itself be taken back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use spatial::{ChangeOp, Feature, Field, FieldClass, FieldType, Revision, Timestamp, Value};

use crate::contract_tests::{commit, fid, id, load, parcel, parcels, scan};
use crate::past_tests::former_states;
use crate::verify_tests::defects;
use crate::{
    FeatureStore, GeoPackageStore, LoadMode, NewCollections, Operation, Restore, RestoreSummary,
    StoreError,
};

type Features = BTreeMap<String, Vec<Feature>>;

fn to(revision: u64, new_collections: NewCollections) -> Restore {
    Restore {
        to: Revision(revision),
        new_collections,
        actor: "王".to_owned(),
        reason: "误删".to_owned(),
        recorded_at: Timestamp(5_000),
    }
}

async fn features(store: &GeoPackageStore) -> Features {
    let mut all = BTreeMap::new();
    for collection in store.collections().await.unwrap() {
        let found = scan(store, collection.id.as_str()).await;
        assert_eq!(collection.count, found.len() as u64);
        all.insert(collection.id.to_string(), found);
    }
    all
}

/// What the store says of a past state.
async fn as_of(store: &GeoPackageStore, name: &str, revision: u64) -> Vec<Feature> {
    let now = scan(store, name).await;
    let mut all: BTreeMap<_, _> = now.into_iter().map(|f| (f.id.unwrap(), f)).collect();
    for (id, state) in former_states(store, name, revision).await {
        match state {
            Some(state) => all.insert(id, state),
            None => all.remove(&id),
        };
    }
    all.into_values().collect()
}

fn some(from: i32, to: i32) -> Vec<Feature> {
    (from..to).map(|n| parcel(&format!("k{n}"), f64::from(n) * 20.0)).collect()
}

/// A store whose every state is known, by revision.
async fn lived_in(path: &Path) -> (GeoPackageStore, Vec<Features>) {
    let store = GeoPackageStore::create(path).unwrap();
    let mut states = vec![Features::new()];
    load(&store, parcels("p"), LoadMode::Create, some(0, 40)).await.unwrap();
    states.push(features(&store).await);
    let mut placeless = parcel("k4", 0.0);
    placeless.geometry = None;
    let steps = vec![
        vec![
            ("p", ChangeOp::Replace(fid(1), parcel("k0", 9_000.0))),
            ("p", ChangeOp::Delete(fid(2))),
            ("p", ChangeOp::Insert(parcel("new", 5.0))),
            ("p", ChangeOp::Replace(fid(5), placeless)),
        ],
        // Two keys change places, by way of a third.
        vec![
            ("p", ChangeOp::Replace(fid(3), parcel("between", 40.0))),
            ("p", ChangeOp::Replace(fid(4), parcel("k2", 60.0))),
            ("p", ChangeOp::Replace(fid(3), parcel("k3", 40.0))),
        ],
        vec![("p", ChangeOp::Delete(fid(1))), ("p", ChangeOp::Delete(fid(41)))],
    ];
    for step in steps {
        commit(&store, None, step).await.unwrap();
        states.push(features(&store).await);
    }
    load(&store, parcels("p"), LoadMode::Upsert, some(30, 50)).await.unwrap();
    states.push(features(&store).await);
    load(&store, parcels("q"), LoadMode::Create, some(0, 5)).await.unwrap();
    states.push(features(&store).await);
    load(&store, parcels("p"), LoadMode::Replace, some(10, 20)).await.unwrap();
    states.push(features(&store).await);
    (store, states)
}

#[tokio::test]
async fn every_state_comes_back_and_goes_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let (store, states) = lived_in(&path).await;
    let newest = states.len() as u64 - 1;
    let mut expected = states.clone();
    // Back and forth in one store, so that each restore starts from what another left.
    for revision in [newest, 1, 6, 0, 3, newest, 2, 5, 4, 1, newest] {
        let before = store.revision().await.unwrap().0;
        let planned = store.plan_restore(Revision(revision)).await.unwrap();
        assert_eq!(planned.revision, Revision(before));
        let done = store.restore(to(revision, NewCollections::Empty)).await.unwrap();
        let then = &states[usize::try_from(revision).unwrap()];
        for (name, found) in features(&store).await {
            assert_eq!(found, then.get(&name).cloned().unwrap_or_default(), "{name} at {revision}");
        }
        assert_eq!(done.collections, planned.collections, "the plan tells what is done");
        if done.revision.0 == before {
            assert!(done.collections.iter().all(|c| c.revived + c.replaced + c.removed == 0));
        } else {
            assert_eq!(done.revision, Revision(before + 1));
            expected.push(features(&store).await);
        }
        assert_eq!(defects(&path).await, [], "after revision {revision}");
    }
    // Nothing that was can be asked for no more.
    for (revision, state) in expected.iter().enumerate() {
        for name in ["p", "q"] {
            let found = as_of(&store, name, revision as u64).await;
            assert_eq!(found, state.get(name).cloned().unwrap_or_default(), "{name} at {revision}");
        }
    }
    // The index finds what came back, and ids go on where they were.
    let done = commit(&store, None, vec![("p", ChangeOp::Insert(parcel("next", 1.0)))]).await;
    assert_eq!(done.unwrap().changes[0].id, fid(62));
    drop(store);
    let store = GeoPackageStore::open(&path).unwrap();
    store.restore(to(4, NewCollections::Empty)).await.unwrap();
    assert_eq!(scan(&store, "p").await, states[4]["p"]);
    assert_eq!(defects(&path).await, []);
}

#[tokio::test]
async fn a_restore_is_told_feature_by_feature() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = lived_in(&folder.path().join("a.gpkg")).await;
    let before = store.revision().await.unwrap();
    store.restore(to(1, NewCollections::Empty)).await.unwrap();
    let log = store.changes(before, 1000).await.unwrap();
    let count = |operation| log.iter().filter(|r| r.operation == operation).count();
    // All forty come back under their ids; what a load put in their place goes, and q's five.
    assert_eq!((count(Operation::Insert), count(Operation::Delete)), (40, 10 + 5));
    assert!(log.iter().all(|record| record.actor == "王" && record.reason == "误删"));
    let first = log.iter().find(|r| r.id == Some(fid(1)) && r.operation == Operation::Insert);
    assert_eq!(first.unwrap().after, parcel("k0", 0.0).geometry.map(|g| g.envelope()));
    let history = store.history(&id("p"), fid(1)).await.unwrap();
    let spans: Vec<_> = history.iter().map(|v| (v.from.0, v.until.0)).collect();
    assert_eq!(spans, [(1, 2), (2, 4)]);
    let gone = commit(&store, None, vec![("p", ChangeOp::Delete(fid(1)))]).await.unwrap();
    let last = store.history(&id("p"), fid(1)).await.unwrap().pop().unwrap();
    assert_eq!((last.from, last.until), (Revision(before.0 + 1), gone.revision));
    let came = store.arrival(&id("p"), fid(7)).await.unwrap().unwrap();
    assert_eq!(came.revision, Revision(1));
}

#[tokio::test]
async fn collections_that_came_later_are_emptied_or_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let (store, states) = lived_in(&path).await;
    let planned = store.plan_restore(Revision(5)).await.unwrap();
    let is_new: Vec<_> = planned.collections.iter().map(|c| (c.id.as_str(), c.is_new)).collect();
    assert_eq!(is_new, [("p", false), ("q", true)]);
    assert!(planned.gone.is_empty());
    store.restore(to(5, NewCollections::Remove)).await.unwrap();
    assert_eq!(features(&store).await, states[5]);
    assert_eq!(defects(&path).await, []);
    // Gone is gone: said, and not half brought back, not even under the same name.
    let back = store.restore(to(6, NewCollections::Empty)).await.unwrap();
    assert_eq!(back.gone, ["q"]);
    load(&store, parcels("q"), LoadMode::Create, some(0, 3)).await.unwrap();
    store.restore(to(6, NewCollections::Empty)).await.unwrap();
    assert!(features(&store).await["q"].is_empty());
    assert_eq!(defects(&path).await, []);
}

#[tokio::test]
async fn what_cannot_be_restored_is_refused_or_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, some(0, 3)).await.unwrap();
    let error = store.restore(to(2, NewCollections::Empty)).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownRevision { .. }), "{error}");

    // A field is gone, another is there.
    let mut other = parcels("p");
    other.fields.remove(1);
    let added = Field {
        name: "added".to_owned(),
        alias: None,
        field_type: FieldType::Int,
        class: FieldClass::L1,
    };
    other.fields.push(added);
    let row = |feature: &Feature| {
        let mut feature = feature.clone();
        feature.properties.remove(1);
        feature.properties.push(Value::Int(7));
        feature
    };
    let rows: Vec<_> = some(0, 3).iter().map(row).collect();
    load(&store, other, LoadMode::Replace, rows).await.unwrap();
    let RestoreSummary { collections, .. } =
        store.restore(to(1, NewCollections::Empty)).await.unwrap();
    assert_eq!(collections[0].lost_fields.iter().collect::<Vec<_>>(), ["ZDMJ"]);
    let back = scan(&store, "p").await;
    assert_eq!(back[0].properties.last(), Some(&Value::Null));
    assert_eq!(back[0].properties[..6], row(&some(0, 1)[0]).properties[..6]);
    assert_eq!(defects(&path).await, []);

    // Another coordinate system.
    let mut moved = parcels("p");
    moved.crs = spatial::Crs::Epsg(4549);
    load(&store, moved, LoadMode::Replace, some(0, 3)).await.unwrap();
    let before = (store.revision().await.unwrap(), features(&store).await);
    let error = store.restore(to(1, NewCollections::Empty)).await.unwrap_err();
    assert!(error.to_string().contains("another coordinate system (4548)"), "{error}");
    assert_eq!((store.revision().await.unwrap(), features(&store).await), before);
    let reader = GeoPackageStore::open_read_only(&path).unwrap();
    let error = reader.restore(to(1, NewCollections::Empty)).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert_eq!(defects(&path).await, []);
}
