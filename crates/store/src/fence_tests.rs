//! What every store promises of fences.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::{Crs, FeatureId, Revision, Timestamp};

use crate::contract_tests::{commit, fid, id, load, parcel, parcels, square};
use crate::fences::{
    FenceDefinition, FenceEvent, FenceEventKind, FenceId, FenceRetention, FenceWebhook,
};
use crate::{FeatureStore, GeoPackageStore, LoadMode, MemoryStore};

const ALL: FenceRetention = FenceRetention { events: 1000, not_before: Timestamp(0) };

fn definition(name: &str) -> FenceDefinition {
    FenceDefinition {
        name: name.to_owned(),
        geometry: square(116.0, 39.0, 0.5),
        crs: Crs::WGS84,
        collections: vec![id("parcels")],
        detect: vec![FenceEventKind::Enter, FenceEventKind::Inside],
        webhook: Some(FenceWebhook {
            url: "https://a.example/b".to_owned(),
            secret: Some("s".to_owned()),
        }),
        actor: "王".to_owned(),
        created_at: Timestamp(77),
    }
}

fn event(fence: FenceId, feature: i64, recorded_at: i64) -> FenceEvent {
    FenceEvent {
        id: 0,
        fence,
        kind: FenceEventKind::Exit,
        revision: Revision(9),
        collection: id("parcels"),
        feature: fid(feature),
        recorded_at: Timestamp(recorded_at),
    }
}

async fn each(check: impl AsyncFn(&dyn FeatureStore)) {
    check(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    check(&GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap()).await;
}

#[tokio::test]
async fn fences_and_events_are_kept_without_a_revision() {
    each(async |store| {
        load(store, parcels("parcels"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
        let fences = store.fence_store().unwrap();
        let first = fences.add_fence(definition("东")).await.unwrap();
        let second = fences.add_fence(definition("西")).await.unwrap();
        assert_eq!((first.since, first.delivered), (Revision(1), 0));
        assert_eq!(fences.fences().await.unwrap(), [first.clone(), second.clone()]);

        let events = vec![event(first.id, 1, 5), event(second.id, 2, 6), event(first.id, 3, 7)];
        assert_eq!(fences.keep_fence_events(Revision(9), events, ALL).await.unwrap(), 3);
        assert_eq!(fences.fences_evaluated().await.unwrap(), Revision(9));
        let page = fences.fence_events(first.id, 0, 10).await.unwrap();
        let seen: Vec<_> = page.events.iter().map(|e| (e.id, e.feature)).collect();
        assert_eq!((seen, page.gone), (vec![(1, fid(1)), (3, fid(3))], 0));
        assert_eq!(fences.fence_events(first.id, 1, 10).await.unwrap().events[0].id, 3);
        assert_eq!(fences.fence_events(first.id, 0, 1).await.unwrap().events.len(), 1);
        fences.fence_delivered(first.id, 3).await.unwrap();
        fences.fence_delivered(first.id, 1).await.unwrap();
        assert_eq!(fences.fences().await.unwrap()[0].delivered, 3);

        assert!(fences.remove_fence(first.id).await.unwrap());
        assert!(!fences.remove_fence(first.id).await.unwrap());
        assert!(fences.fence_events(first.id, 0, 10).await.unwrap().events.is_empty());
        // An event of a fence that is gone is left out; numbers are never given again.
        let late = vec![event(first.id, 4, 8), event(second.id, 4, 8)];
        let highest = fences.keep_fence_events(Revision(10), late, ALL).await.unwrap();
        assert_eq!(highest, 4);
        let third = fences.add_fence(definition("南")).await.unwrap();
        assert!(third.id > second.id && third.delivered == 4);
        assert_eq!(store.revision().await.unwrap(), Revision(1), "no revision was made");
        commit(store, Some(1), vec![]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn old_events_are_let_go_by_number_and_by_age() {
    each(async |store| {
        let fences = store.fence_store().unwrap();
        let fence = fences.add_fence(definition("a")).await.unwrap().id;
        let keep = async |events, retention| {
            fences.keep_fence_events(Revision(1), events, retention).await.unwrap();
            let page = fences.fence_events(fence, 0, 10).await.unwrap();
            (page.events.iter().map(|e| e.id).collect::<Vec<_>>(), page.gone)
        };
        let three = FenceRetention { events: 3, ..ALL };
        let many = (1..=5).map(|n| event(fence, n, n * 10)).collect();
        assert_eq!(keep(many, three).await, (vec![3, 4, 5], 2));
        let young = FenceRetention { not_before: Timestamp(50), ..ALL };
        assert_eq!(keep(vec![event(fence, 6, 60)], young).await, (vec![5, 6], 4));
    })
    .await;
}

#[tokio::test]
async fn a_load_names_every_feature_that_it_touched() {
    each(async |store| {
        let two = vec![parcel("a", 0.0), parcel("b", 50.0)];
        load(store, parcels("parcels"), LoadMode::Create, two).await.unwrap();
        let moved = vec![parcel("b", 90.0), parcel("c", 100.0)];
        load(store, parcels("parcels"), LoadMode::Upsert, moved).await.unwrap();
        let fresh = vec![parcel("d", 0.0)];
        load(store, parcels("parcels"), LoadMode::Replace, fresh).await.unwrap();
        let fences = store.fence_store().unwrap();
        let numbers = |ids: Vec<FeatureId>| ids.iter().map(|id| id.value()).collect::<Vec<_>>();
        for (revision, added, ended) in [
            (1, vec![1, 2], vec![]),
            (2, vec![3], vec![2]),
            (3, vec![4], vec![1, 2, 3]),
            (4, vec![], vec![]),
        ] {
            let loaded = fences.loaded(&id("parcels"), Revision(revision)).await.unwrap();
            assert_eq!((numbers(loaded.added), numbers(loaded.ended)), (added, ended));
        }
    })
    .await;
}

#[tokio::test]
async fn a_store_made_before_there_were_fences_gets_them_when_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    drop(GeoPackageStore::create(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "DROP TABLE tuban_fences; DROP TABLE tuban_fence_events;
         DELETE FROM gpkg_extensions WHERE table_name LIKE 'tuban_fence%';",
    )
    .unwrap();
    drop(db);
    let read_only = GeoPackageStore::open_read_only(&path).unwrap();
    assert!(read_only.fence_store().unwrap().fences().await.unwrap().is_empty());
    drop(read_only);
    for _ in 0..2 {
        let store = GeoPackageStore::open(&path).unwrap();
        store.fence_store().unwrap().add_fence(definition("a")).await.unwrap();
    }
    let store = GeoPackageStore::open(&path).unwrap();
    assert_eq!(store.fence_store().unwrap().fences().await.unwrap().len(), 2);
    let db = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT count(*) FROM gpkg_extensions WHERE table_name LIKE 'tuban_fence%'";
    assert_eq!(db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}
