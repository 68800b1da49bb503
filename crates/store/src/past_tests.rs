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

#[tokio::test]
async fn old_states_go_and_no_wrong_one_is_answered() {
    each(async |store| {
        let rows = vec![parcel("A", 0.0), parcel("B", 20.0)];
        load(store, parcels("parcels"), LoadMode::Create, rows).await.unwrap();
        let moved = |x| vec![("parcels", ChangeOp::Replace(fid(1), parcel("A", x)))];
        for x in [1.0, 2.0] {
            commit(store, None, moved(x)).await.unwrap();
        }
        let log = store.changes(Revision(0), 10).await.unwrap();
        assert_eq!(store.history_start().await.unwrap(), None);
        // Both ended at 2000; one at a time.
        assert!(store.drop_history(Timestamp(2_001), 1).await.unwrap());
        assert_eq!(store.history_start().await.unwrap().unwrap().revision, Revision(2));
        assert_eq!(store.history(&id("parcels"), fid(1)).await.unwrap().len(), 1);
        let then = former_states(store, "parcels", 2).await;
        assert_eq!(then, [(fid(1), Some(with_id(1, parcel("A", 1.0))))]);
        assert!(!store.drop_history(Timestamp(2_000), 10).await.unwrap());
        assert!(!store.drop_history(Timestamp(2_001), 10).await.unwrap());
        assert!(store.history(&id("parcels"), fid(1)).await.unwrap().is_empty());
        let (sender, _receiver) = mpsc::channel(1);
        let error = store.former_states(&id("parcels"), Revision(2), 9, sender).await.unwrap_err();
        assert!(
            matches!(error, StoreError::HistoryDropped { whole_from: Revision(3), .. }),
            "{error}"
        );
        assert_eq!(former_states(store, "parcels", 3).await, []);
        assert_eq!(store.changes(Revision(0), 10).await.unwrap(), log);
        // When a feature changed last is known all the same.
        let set = |since| ChangeSet {
            expect: None,
            actor: "local".to_owned(),
            reason: String::new(),
            recorded_at: Timestamp(3_000),
            changes: vec![Change {
                collection: id("parcels"),
                op: ChangeOp::Replace(fid(1), parcel("A", 3.0)),
                unchanged_since: Some(Revision(since)),
            }],
        };
        let error = store.commit(set(2)).await.unwrap_err();
        assert!(matches!(error, StoreError::FeatureChanged { changed: Revision(3), .. }));
        store.commit(set(3)).await.unwrap();
        let past = store.history(&id("parcels"), fid(1)).await.unwrap();
        assert_eq!((past[0].from, past[0].until), (Revision(3), Revision(4)));
        let came = store.arrival(&id("parcels"), fid(1)).await.unwrap().unwrap();
        assert_eq!(came.revision, Revision(1));
    })
    .await;
}
