//! Random work gives the same answers from a GeoPackage as from the store in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use spatial::{ChangeOp, FieldClass, Revision, Timestamp, Value};

use crate::contract_tests::{commit, fid, id, load, parcel, parcels, scan};
use crate::erase_tests::erase;
use crate::past_tests::former_states;
use crate::verify_tests::defects;
use crate::{FeatureStore, GeoPackageStore, LoadMode, MemoryStore};

/// One step; names, ids and keys come from small sets, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    Load(u8, LoadMode, Vec<u8>),
    Commit(u8, Vec<(u8, u8, u8)>),
    Rename(u8, u8),
    Remove(u8),
    Describe(u8, u8),
    Erase(u8, u8, u8),
    Drop,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![
        3 => Just(LoadMode::Create),
        1 => Just(LoadMode::Append),
        1 => Just(LoadMode::Replace),
        2 => Just(LoadMode::Upsert)
    ];
    let change = (0_u8..3, 1_u8..12, 0_u8..8);
    prop_oneof![
        3 => (0_u8..2, mode, prop::collection::vec(0_u8..9, 0..5)).prop_map(|(a, b, c)| Step::Load(a, b, c)),
        5 => (0_u8..2, prop::collection::vec(change, 0..4)).prop_map(|(a, b)| Step::Commit(a, b)),
        1 => (0_u8..2, 0_u8..3).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => (0_u8..2).prop_map(Step::Remove),
        1 => (0_u8..2, 0_u8..4).prop_map(|(a, b)| Step::Describe(a, b)),
        2 => (0_u8..3, 1_u8..9, 0_u8..4).prop_map(|(a, b, c)| Step::Erase(a, b, c)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Drop),
    ]
}

const NAMES: [&str; 3] = ["parcels", "院落", "lots"];

/// A parcel whose key and place come from one number; some have neither.
fn feature(number: u8) -> spatial::Feature {
    let mut feature = parcel(&format!("k{}", number % 6), f64::from(number) * 3.25);
    if number == 7 {
        feature.geometry = None;
        feature.properties[0] = Value::Null;
    }
    feature
}

/// What a step answered, in words that do not depend on the store.
async fn run(store: &dyn FeatureStore, step: &Step) -> String {
    let name = |n: &u8| NAMES[usize::from(*n)];
    match step {
        Step::Load(collection, mode, numbers) => {
            let features = numbers.iter().copied().map(feature).collect();
            show(load(store, parcels(name(collection)), mode.clone(), features).await)
        }
        Step::Commit(collection, changes) => {
            let change = |(kind, target, number): &(u8, u8, u8)| {
                let target = fid(i64::from(*target));
                let op = match kind {
                    0 => ChangeOp::Insert(feature(*number)),
                    1 => ChangeOp::Replace(target, feature(*number)),
                    _ => ChangeOp::Delete(target),
                };
                (name(collection), op)
            };
            show(commit(store, None, changes.iter().map(change).collect()).await)
        }
        Step::Rename(from, to) => show(store.rename(&id(name(from)), &id(name(to))).await),
        Step::Remove(collection) => show(store.remove(&id(name(collection))).await),
        Step::Describe(collection, number) => {
            let mut said = parcels(name(collection));
            said.title = format!("标题 {number}");
            said.fields[2].alias = (number % 2 == 0).then(|| "户数".to_owned());
            said.fields[2].class = [FieldClass::L1, FieldClass::L3][usize::from(number / 2)];
            said.key = (*number != 3).then(|| "ZDDM".to_owned());
            show(store.describe(&said).await)
        }
        Step::Erase(collection, feature, fields) => {
            let fields: &[&str] = match fields {
                0 => &[],
                1 => &["说明 \"x\""],
                2 => &["count"],
                _ => &["count", "nothing"],
            };
            show(erase(store, name(collection), i64::from(*feature), fields).await)
        }
        // Loads are recorded at 1000 and commits at 2000.
        Step::Drop => show(store.drop_history(Timestamp(2_000), 1_000).await),
        Step::Reopen => String::new(),
    }
}

fn show<T: std::fmt::Debug>(result: Result<T, crate::StoreError>) -> String {
    match result {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => error.to_string(),
    }
}

/// Everything that a store says of itself.
async fn state(store: &dyn FeatureStore) -> String {
    let collections = store.collections().await.unwrap();
    let mut text = format!("{:?}\n{collections:?}\n", store.revision().await.unwrap());
    for collection in &collections {
        text += &format!("{:?}\n", scan(store, collection.id.as_str()).await);
    }
    for name in NAMES {
        for feature in 1..30 {
            text += &format!("{:?}\n", store.history(&id(name), fid(feature)).await.unwrap());
            text += &format!("{:?}\n", store.erasures(&id(name), fid(feature)).await.unwrap());
        }
    }
    let newest = store.revision().await.unwrap().0;
    for collection in &collections {
        let start = store.history_start().await.unwrap();
        text += &format!("{start:?}\n");
        for revision in start.map_or(0, |start| start.revision.0)..=newest {
            let mut states = former_states(store, collection.id.as_str(), revision).await;
            states.sort_by_key(|(id, _)| *id);
            text += &format!("{states:?}\n");
        }
        for feature in scan(store, collection.id.as_str()).await {
            let arrival = store.arrival(&collection.id, feature.id.unwrap()).await.unwrap();
            text += &format!("{:?}\n", arrival.map(|record| (record.revision, record.id)));
        }
    }
    for moment in [0, 999, 1_000, 1_999, 2_000, 9_999] {
        text += &format!("{:?}\n", store.revision_at(Timestamp(moment)).await.unwrap());
    }
    text + &format!("{:?}", store.changes(Revision(0), 1000).await.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_geopackage_answers_like_memory(steps in prop::collection::vec(step(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.gpkg");
            let oracle = MemoryStore::new();
            let mut store = Some(GeoPackageStore::create(&path).unwrap());
            for step in &steps {
                if matches!(step, Step::Reopen) {
                    drop(store.take());
                    store = Some(GeoPackageStore::open(&path).unwrap());
                }
                let store = store.as_ref().unwrap();
                assert_eq!(run(store, step).await, run(&oracle, step).await, "{step:?}");
            }
            assert_eq!(state(store.as_ref().unwrap()).await, state(&oracle).await);
            assert_eq!(defects(&path).await, [], "after {steps:?}");
        });
    }
}
