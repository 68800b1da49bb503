//! Past states and histories against what readers saw at the time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use spatial::{ChangeOp, ChangeSet, Feature, FieldClass, Operation, Snapshot, Timestamp, Value};

use crate::engine_tests::{changes, fid, id, open, parcel, tile_at, town};
use crate::{Engine, EngineError, Profile, TileRequest};

/// All features of the parcels, by id.
fn features(state: &Snapshot) -> Vec<Feature> {
    let mut all = Vec::new();
    state.collections[&id("parcels")].each(&mut |shard, slots| {
        all.extend(slots.iter().map(|slot| shard.feature(usize::from(*slot)).to_feature()));
    });
    all.sort_by_key(|feature| feature.id);
    all
}

fn at(moment: i64, ops: Vec<ChangeOp>) -> ChangeSet {
    ChangeSet { recorded_at: Timestamp(moment), ..changes(ops) }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(i32),
    Replace(usize, i32),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..40).prop_map(Step::Insert),
        (0..500_usize, 0..40).prop_map(|(which, row)| Step::Replace(which, row)),
        (0..500_usize).prop_map(Step::Delete),
    ]
}

/// The edits of `steps`, each of another feature of `state`.
fn ops(state: &Snapshot, steps: &[Step]) -> Vec<ChangeOp> {
    let mut ids: Vec<_> = features(state).iter().filter_map(|feature| feature.id).collect();
    let mut take = |which: usize| ids.swap_remove(which % ids.len());
    let op = |step: &Step| match step {
        Step::Insert(row) => ChangeOp::Insert(parcel(25, *row)),
        Step::Replace(which, row) => ChangeOp::Replace(take(*which), parcel(30, *row)),
        Step::Delete(which) => ChangeOp::Delete(take(*which)),
    };
    steps.iter().map(op).collect()
}

async fn tile(engine: &Engine, moment: Option<i64>) -> Vec<u8> {
    let collections = [id("parcels")];
    let past = engine.state(moment.map(Timestamp), &collections).await.unwrap();
    let request = TileRequest { state: moment.map(|_| past), ..tile_at(13, 10, 10) };
    engine.tile(&request).await.unwrap().bytes.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_past_state_is_what_readers_saw(
        commits in prop::collection::vec(prop::collection::vec(step(), 1..12), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, engine) = town().await;
            let mut seen = vec![(1_000, features(&engine.snapshot()), tile(&engine, None).await)];
            for (number, steps) in commits.iter().enumerate() {
                let moment = 2_000 + 10 * number as i64;
                let ops = ops(&engine.snapshot(), steps);
                engine.apply(at(moment, ops)).await.unwrap();
                seen.push((moment, features(&engine.snapshot()), tile(&engine, None).await));
            }
            // Also by an engine that saw none of it happen.
            for engine in [engine, open(store).await] {
                for (moment, features_then, tile_then) in &seen {
                    for late in [0, 9] {
                        let asked = Timestamp(moment + late);
                        let state = engine.state(Some(asked), &[id("parcels")]).await.unwrap();
                        assert_eq!(&features(&state), features_then, "as of {asked:?}");
                        assert_eq!(state.collections[&id("parcels")].len(), features_then.len());
                        assert_eq!(&tile(&engine, Some(asked.0)).await, tile_then);
                    }
                }
                let empty = engine.state(Some(Timestamp(999)), &[id("parcels")]).await.unwrap();
                assert!(features(&empty).is_empty());
            }
        });
    }
}

#[tokio::test]
async fn a_history_tells_each_change_field_by_field_and_nothing_hidden() {
    let (store, engine) = town().await;
    let mut worked = parcel(0, 0);
    worked.properties[0] = Value::Text("open".to_owned());
    worked.properties[2] = Value::Text("李四".to_owned());
    let moved = Feature { geometry: parcel(3, 3).geometry, ..worked.clone() };
    for (moment, op) in [
        (2_000, ChangeOp::Replace(fid(1), worked)),
        (3_000, ChangeOp::Replace(fid(1), moved)),
        (4_000, ChangeOp::Delete(fid(1))),
    ] {
        engine.apply(at(moment, vec![op])).await.unwrap();
    }
    for engine in [engine, open(store).await] {
        let history = engine.history(&id("parcels"), fid(1), Profile::default()).await.unwrap();
        let told: Vec<_> = history
            .iter()
            .map(|entry| {
                let fields: Vec<_> = entry.fields.iter().map(|field| field.name.as_str()).collect();
                let at = entry.recorded_at.map(|at| at.0);
                (entry.revision.0, entry.operation, at, fields, entry.geometry.is_some())
            })
            .collect();
        let all = vec!["state", "ZDDM", "ZDMJ", "scan"];
        assert_eq!(
            told,
            [
                (1, Operation::Load, Some(1_000), all.clone(), true),
                (2, Operation::Replace, Some(2_000), vec!["state"], false),
                (3, Operation::Replace, Some(3_000), vec![], true),
                (4, Operation::Delete, Some(4_000), all, true),
            ]
        );
        let state = &history[1].fields[0];
        assert_eq!(
            (&state.before, &state.after),
            (&Value::Text("done".to_owned()), &Value::Text("open".to_owned()))
        );
        let everything = Profile { highest: FieldClass::L4, ..Profile::default() };
        let history = engine.history(&id("parcels"), fid(1), everything).await.unwrap();
        assert_eq!(history[1].fields[1].name, "QLRMC");
        let unknown = engine.history(&id("parcels"), fid(999), Profile::default()).await;
        assert!(matches!(unknown, Err(EngineError::UnknownFeature { .. })));
    }
}

#[tokio::test]
async fn a_past_tile_follows_what_is_said_of_its_collection_today() {
    let (store, engine) = town().await;
    engine.apply(at(2_000, vec![ChangeOp::Delete(fid(1))])).await.unwrap();
    let then = async |engine: &Engine| {
        let past = engine.state(Some(Timestamp(1_500)), &[id("parcels")]).await.unwrap();
        let request = TileRequest { state: Some(past), ..tile_at(16, 0, 0) };
        let tile = engine.tile(&request).await.unwrap();
        (tile.bytes.to_vec(), tile.etag)
    };
    let shows = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|w| w == text);
    let (open_bytes, open_tag) = then(&engine).await;
    assert!(shows(&open_bytes, b"JC000000"));
    // From now on the codes are not for everybody.
    let snapshot = engine.snapshot();
    let mut said = (**snapshot.collections[&id("parcels")].collection()).clone();
    said.fields[1].class = FieldClass::L3;
    store::FeatureStore::describe(&*store, &said).await.unwrap();
    engine.refresh().await.unwrap();
    let (bytes, tag) = then(&engine).await;
    assert!(!shows(&bytes, b"JC000000"));
    assert_ne!(tag, open_tag);
}

#[tokio::test]
async fn an_erased_value_is_in_no_state_and_the_act_is_told() {
    let (store, engine) = town().await;
    let snapshot = engine.snapshot();
    let fields = &snapshot.collections[&id("parcels")].collection().fields;
    let owner = fields.iter().position(|field| field.name == "QLRMC").unwrap();
    let mut said = (**snapshot.collections[&id("parcels")].collection()).clone();
    said.fields[owner].class = FieldClass::L3;
    store::FeatureStore::describe(&*store, &said).await.unwrap();
    engine.refresh().await.unwrap();
    let mut moved = parcel(40, 40);
    moved.properties[owner] = Value::Text("张三".to_owned());
    engine.apply(at(2_000, vec![ChangeOp::Replace(fid(1), moved)])).await.unwrap();
    let collections = [id("parcels")];
    // A past state that is kept, from before.
    engine.state(Some(Timestamp(1_500)), &collections).await.unwrap();
    engine.apply(at(2_500, vec![ChangeOp::Delete(fid(2))])).await.unwrap();
    let mut heard = engine.subscribe();
    let erase = |feature, moment| {
        engine.erase(store::Erasure {
            collection: id("parcels"),
            id: fid(feature),
            fields: vec!["QLRMC".to_owned()],
            actor: "reader".to_owned(),
            reason: "asked".to_owned(),
            recorded_at: Timestamp(moment),
        })
    };
    let done = erase(1, 3_000).await.unwrap();
    assert_eq!(heard.recv().await.unwrap().records[0].operation, Operation::Erase);
    assert_eq!(engine.snapshot().revision, done.revision);
    erase(2, 4_000).await.unwrap();
    for moment in [None, Some(1_500), Some(2_200), Some(3_500)] {
        let state = engine.state(moment.map(Timestamp), &collections).await.unwrap();
        let all = features(&state);
        for feature in all.iter().filter(|f| f.id == Some(fid(1)) || f.id == Some(fid(2))) {
            assert_eq!(feature.properties[owner], Value::Null, "at {moment:?}");
        }
        assert!(all.iter().any(|feature| feature.properties[owner] != Value::Null));
    }
    let everything = Profile { highest: FieldClass::L4, ..Profile::default() };
    for (feature, operations) in [
        (1, vec![Operation::Load, Operation::Replace, Operation::Erase]),
        (2, vec![Operation::Load, Operation::Delete, Operation::Erase]),
    ] {
        let history = engine.history(&id("parcels"), fid(feature), everything).await.unwrap();
        assert_eq!(history.iter().map(|entry| entry.operation).collect::<Vec<_>>(), operations);
        assert!(history.iter().flat_map(|entry| &entry.fields).all(|field| field.name != "QLRMC"));
    }
    // What readers see is what the store holds.
    let again = open(store).await;
    assert_eq!(features(&again.snapshot()), features(&engine.snapshot()));
    let unknown = erase(999, 5_000).await.unwrap_err();
    assert!(matches!(unknown, EngineError::Store(store::StoreError::UnknownFeature { .. })));
}

#[tokio::test]
async fn states_that_were_let_go_are_refused_and_history_begins_later() {
    let (store, engine) = town().await;
    for (moment, row) in [(2_000, 30), (3_000, 31), (4_000, 32)] {
        let op = ChangeOp::Replace(fid(1), parcel(40, row));
        engine.apply(at(moment, vec![op])).await.unwrap();
    }
    assert!(!store::FeatureStore::drop_history(&*store, Timestamp(3_500), 100).await.unwrap());
    let collections = [id("parcels")];
    let error = engine.state(Some(Timestamp(2_999)), &collections).await.unwrap_err();
    let EngineError::HistoryDropped { start } = error else { panic!("{error}") };
    assert_eq!((start.revision.0, start.recorded_at), (3, Timestamp(3_000)));
    let then = engine.state(Some(start.recorded_at), &collections).await.unwrap();
    let moved = features(&then).into_iter().find(|feature| feature.id == Some(fid(1))).unwrap();
    let envelope = |feature: &Feature| feature.geometry.as_ref().unwrap().envelope();
    assert_eq!(envelope(&moved), envelope(&parcel(40, 31)));
    let history = engine.history(&id("parcels"), fid(1), Profile::default()).await.unwrap();
    let told: Vec<_> = history.iter().map(|e| (e.revision.0, e.operation)).collect();
    assert_eq!(told, [(4, Operation::Replace)]);
}
