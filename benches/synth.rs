//! How fast fictional parcels come into being, on one core, before any writer.
#![allow(missing_docs, clippy::unwrap_used, reason = "bench")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spatial::Crs;
use tuban::synth::{Layer, Synth};

const PARCELS: u64 = 20_000;

fn synth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("synth");
    group.throughput(Throughput::Elements(PARCELS)).sample_size(10);
    for crs in [Crs::Epsg(4548), Crs::CGCS2000] {
        let synth = Synth::new(1, PARCELS, None, &crs).unwrap();
        for layer in [Layer::Parcels, Layer::Buildings, Layer::Points] {
            let id = BenchmarkId::new(layer.id(), &crs);
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    synth.features(layer).for_each(|feature| {
                        black_box(feature.unwrap());
                    });
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, synth);
criterion_main!(benches);
