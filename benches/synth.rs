//! How fast fictional features come into being, on one core, before any writer.
//!
//! Time is that on the core where the system tells it (Linux), so that a busy machine measures
//! the same.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spatial::Crs;
use tuban::synth::{Layer, Synth};

const PARCELS: u64 = 20_000;

/// Time that this thread has spent on a core.
fn on_core() -> Option<Duration> {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(line.split(' ').next()?.parse().ok()?))
}

fn synth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("synth");
    group.throughput(Throughput::Elements(PARCELS)).sample_size(10);
    for crs in [Crs::Epsg(4548), Crs::CGCS2000] {
        let synth = Synth::new(1, PARCELS, None, &crs).unwrap();
        for layer in [Layer::Parcels, Layer::Buildings, Layer::Points] {
            let id = BenchmarkId::new(layer.id(), &crs);
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|rounds| {
                    let (wall, core) = (Instant::now(), on_core());
                    for _ in 0..rounds {
                        synth.features(layer).for_each(|feature| {
                            black_box(feature.unwrap());
                        });
                    }
                    let on_core = core.and_then(|start| on_core()?.checked_sub(start));
                    on_core.unwrap_or_else(|| wall.elapsed())
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, synth);
criterion_main!(benches);
