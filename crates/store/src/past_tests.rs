//! Past states, and changes that depend on them, held over every implementor of a store.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use spatial::{Change, ChangeOp, ChangeSet, Revision, Timestamp};
use tokio::sync::mpsc;

use crate::contract_tests::{commit, each, fid, id, load, parcel, parcels, scan, with_id};
use crate::{FeatureStore, FormerState, LoadMode, StoreError};

pub(crate) async fn former_states(
    store: &dyn FeatureStore,
    name: &str,
    revision: u64,
) -> Vec<FormerState> {
    let (sender, mut receiver) = mpsc::channel(1);
    let id = id(name);
    let send = store.former_states(&id, Revision(revision), 2, sender);
    let collect = async {
        let mut all = Vec::new();
        while let Some(part) = receiver.recv().await {
            assert!((1..=2).contains(&part.len()));
            all.extend(part);
        }
        all
    };
    let (sent, all) = tokio::join!(send, collect);
    sent.unwrap();
    all
}

#[tokio::test]
async fn every_past_state_is_found_by_its_revision_and_its_moment() {
    each(async |store| {
        let two = vec![parcel("a", 0.0), parcel("b", 50.0)];
        load(store, parcels("parcels"), LoadMode::Create, two).await.unwrap();
        let steps = [
            vec![ChangeOp::Replace(fid(1), parcel("a", 10.0)), ChangeOp::Insert(parcel("c", 90.0))],
            vec![ChangeOp::Delete(fid(2)), ChangeOp::Replace(fid(1), parcel("a", 20.0))],
            vec![ChangeOp::Delete(fid(3))],
        ];
        let mut states = vec![Vec::new(), scan(store, "parcels").await];
        for step in steps {
            let step = step.into_iter().map(|op| ("parcels", op)).collect();
            commit(store, None, step).await.unwrap();
            states.push(scan(store, "parcels").await);
        }
        let now = states.last().unwrap().clone();
        for (revision, expected) in states.iter().enumerate() {
            let mut then: BTreeMap<_, _> = now.iter().map(|f| (f.id.unwrap(), f.clone())).collect();
            for (id, state) in former_states(store, "parcels", revision as u64).await {
                match state {
                    Some(state) => then.insert(id, state),
                    None => then.remove(&id),
                };
            }
            assert_eq!(then.into_values().collect::<Vec<_>>(), *expected, "revision {revision}");
        }
        for (moment, revision) in [(999, 0), (1_000, 1), (1_999, 1), (2_000, 4), (5_000, 4)] {
            let found = store.revision_at(Timestamp(moment)).await.unwrap();
            assert_eq!(found, Revision(revision), "at {moment}");
        }
        for (feature, revision) in [(1, Some(1)), (2, Some(1)), (3, Some(2)), (4, None)] {
            let came = store.arrival(&id("parcels"), fid(feature)).await.unwrap();
            assert_eq!(came.map(|record| record.revision.0), revision, "feature {feature}");
        }
    })
    .await;
}

#[tokio::test]
async fn time_never_runs_backwards_in_the_log() {
    each(async |store| {
        let row = vec![parcel("a", 0.0)];
        load(store, parcels("parcels"), LoadMode::Create, row).await.unwrap();
        let moved = |x| vec![("parcels", ChangeOp::Replace(fid(1), parcel("a", x)))];
        commit(store, None, moved(1.0)).await.unwrap();
        let late = load(store, parcels("parcels"), LoadMode::Append, vec![parcel("b", 9.0)]).await;
        late.unwrap();
        let log = store.changes(Revision(0), 10).await.unwrap();
        let moments: Vec<_> = log.iter().map(|record| record.recorded_at.0).collect();
        assert_eq!(moments, [1_000, 2_000, 2_000]);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_a_feature_that_changed_meanwhile_is_refused() {
    each(async |store| {
        let rows = vec![parcel("A", 0.0), parcel("B", 20.0)];
        let loaded = load(store, parcels("parcels"), LoadMode::Create, rows).await.unwrap();
        let replace = |x| ChangeOp::Replace(fid(1), parcel("A", x));
        let changed = commit(store, None, vec![("parcels", replace(1.0))]).await.unwrap().revision;
        // Another feature's change is no hindrance.
        let other = ChangeOp::Replace(fid(2), parcel("B", 21.0));
        commit(store, None, vec![("parcels", other)]).await.unwrap();
        let set = |ops: Vec<ChangeOp>, since: Revision| ChangeSet {
            expect: None,
            actor: "local".to_owned(),
            reason: String::new(),
            recorded_at: Timestamp(3_000),
            changes: ops
                .into_iter()
                .map(|op| Change { collection: id("parcels"), op, unchanged_since: Some(since) })
                .collect(),
        };
        for op in [replace(2.0), ChangeOp::Delete(fid(1))] {
            let error = store.commit(set(vec![op], loaded.revision)).await.unwrap_err();
            let expected = loaded.revision;
            assert!(
                matches!(error, StoreError::FeatureChanged { expected: e, changed: c, .. }
                    if e == expected && c == changed),
                "{error}"
            );
        }
        // What the same change set did before does not count.
        let twice = vec![replace(3.0), replace(4.0)];
        store.commit(set(twice, changed)).await.unwrap();
        assert_eq!(scan(store, "parcels").await[0], with_id(1, parcel("A", 4.0)));
    })
    .await;
}
