//! Loading synthetic parcels into a store, and opening it ready to serve.
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels (1,000,000 when absent).
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use engine::{Engine, EngineSettings};
use spatial::{Crs, CrsRegistry, Feature, Timestamp};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tuban::synth::{Layer, Synth};

/// Loads `features` in one transaction: durable, with its index.
async fn load(path: &Path, synth: &Synth, features: &[Feature]) {
    let store = GeoPackageStore::open_or_create(path).unwrap();
    let (sender, receiver) = mpsc::channel(4);
    let load = Load {
        collection: synth.collection(Layer::Parcels).unwrap(),
        mode: LoadMode::Create,
        actor: "bench".to_owned(),
        reason: "bench".to_owned(),
        recorded_at: Timestamp(0),
    };
    let feed = async {
        for chunk in features.chunks(1024) {
            sender.send(LoadItem::Features(chunk.to_vec())).await.unwrap();
        }
        sender.send(LoadItem::Finish).await.unwrap();
    };
    let (loaded, ()) = tokio::join!(store.load(load, receiver), feed);
    assert_eq!(loaded.unwrap().inserted, features.len() as u64);
}

fn main() {
    let count = std::env::var("TUBAN_BENCH_PARCELS").map_or(1_000_000, |n| n.parse().unwrap());
    let runtime = Runtime::new().unwrap();
    let synth = Synth::new(1, count, None, &Crs::CGCS2000).unwrap();
    let features: Vec<Feature> = synth.features(Layer::Parcels).collect::<Result<_, _>>().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(10)
        .measurement_time(Duration::from_secs(30));

    criterion.bench_function(&format!("load_{count}"), |bench| {
        bench.iter_batched(
            || tempfile::tempdir_in(folder.path()).unwrap(),
            |place| {
                runtime.block_on(load(&place.path().join("s.gpkg"), &synth, &features));
                place
            },
            criterion::BatchSize::PerIteration,
        );
    });

    let path = folder.path().join("s.gpkg");
    runtime.block_on(load(&path, &synth, &features));
    drop(features);
    let registry = Arc::new(CrsRegistry::new(Default::default()).unwrap());
    criterion.bench_function(&format!("open_{count}"), |bench| {
        bench.iter(|| {
            runtime.block_on(async {
                let store = Arc::new(GeoPackageStore::open_read_only(&path).unwrap());
                let engine = Engine::open(store, Arc::clone(&registry), EngineSettings::default());
                assert_eq!(engine.await.unwrap().snapshot().collections.len(), 1);
            });
        });
    });
    criterion.final_summary();
}
