//! Cold tiles over synthetic parcels: rendering alone, raw, no cache, one core (Linux only).
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels (1,000,000 when absent). After the
//! benchmarks a line `TILE z x y features milliseconds bytes` a zoom says what was drawn, in
//! which time on the core; the script `benches/peers/tiles.sh` reads these. With
//! `TUBAN_BENCH_ONLY_TILES` set, only they come. Lines `GRID set milliseconds bytes` say what it
//! costs to place all parcels on the grid of another tile matrix set, on all cores.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks on standard output"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use spatial::placement::ToGrid;
use spatial::{
    CollectionSnapshot, Crs, CrsRegistry, Feature, FeatureId, Revision, Stage, WorldBox, WorldGrid,
    WorldProjector,
};
use tile::{
    CGCS2000_GK117_QUAD, CGCS2000_QUAD, LayerInput, Limits, TileCoord, TileMatrixSet,
    WEB_MERCATOR_QUAD, render, render_and,
};
use tuban::synth::{Layer, Synth};

const ZOOMS: [u8; 7] = [10, 11, 12, 13, 14, 15, 16];

/// Time that one measured run lasts at least.
const BATCH: Duration = Duration::from_millis(100);

/// Time that this thread has been on a core: other work of the machine does not count.
fn on_core() -> Duration {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(read.split(' ').next().unwrap().parse().unwrap())
}

/// The parcels of seed 1 in memory, as the engine holds them.
fn parcels(count: u64) -> CollectionSnapshot {
    let registry = CrsRegistry::new(Default::default()).unwrap();
    let synth = Synth::new(1, count, None, &Crs::CGCS2000).unwrap();
    let collection = synth.collection(Layer::Parcels).unwrap();
    let projector = WorldProjector::new(&registry, &collection.crs).unwrap();
    let mut stages = Vec::new();
    let mut chunk: Vec<Feature> = Vec::new();
    let mut stage = |chunk: &mut Vec<Feature>| {
        stages.push(Stage::new(&collection, chunk, &|coords, world| {
            projector.project_all(coords, world)
        }));
        chunk.clear();
    };
    for (number, feature) in synth.features(Layer::Parcels).enumerate() {
        let mut feature = feature.unwrap();
        feature.id = Some(FeatureId::try_from(number as i64 + 1).unwrap());
        chunk.push(feature);
        if chunk.len() == 4096 {
            stage(&mut chunk);
        }
    }
    stage(&mut chunk);
    CollectionSnapshot::build(collection, Revision(1), stages)
}

/// The tile of `zoom` round the parcel in the middle of all.
fn middle(snapshot: &CollectionSnapshot, zoom: u8) -> TileCoord {
    let mut corners = Vec::new();
    snapshot.each(&mut |shard, slots| {
        corners.extend(slots.iter().map(|slot| shard.feature(usize::from(*slot)).world_box().min));
    });
    let half = corners.len() / 2;
    let point = [0, 1].map(|axis| {
        let mut along: Vec<u32> = corners.iter().map(|corner| corner[axis]).collect();
        *along.select_nth_unstable(half).1
    });
    TileCoord::holding(zoom, point)
}

/// Renders a tile as the engine does, which looks at the bytes and keeps their memory.
fn draw(layers: &[LayerInput<'_>], coord: TileCoord, limits: &Limits) {
    render_and(layers, &WEB_MERCATOR_QUAD, coord, limits, |rendered| {
        black_box(rendered);
    });
}

/// Places every shard on the grid of `set`, and says what that cost.
fn place_all(snapshot: &CollectionSnapshot, set: &TileMatrixSet) {
    let registry = CrsRegistry::default();
    let grid = WorldGrid::new(&registry, &set.coordinates, set.origin, set.width).unwrap();
    let way = grid.projector(&registry, &snapshot.collection().crs).unwrap();
    let start = Instant::now();
    let placed = snapshot.search_grid(&WorldBox::WORLD, &WorldBox::WORLD, &|shard| {
        let to_grid: ToGrid<'_> =
            &|coords, features, world| way.project_features(coords, features, world);
        Arc::new(shard.placed(to_grid))
    });
    let elapsed = start.elapsed().as_secs_f64() * 1e3;
    let bytes: usize = placed.iter().map(|(shard, _)| shard.placement_bytes()).sum();
    println!("GRID {} {elapsed:.1} {bytes}", set.id);
}

fn main() {
    let count = std::env::var("TUBAN_BENCH_PARCELS").map_or(1_000_000, |n| n.parse().unwrap());
    let snapshot = parcels(count);
    let fields = &snapshot.collection().fields;
    let columns: Vec<(usize, &str)> = fields
        .iter()
        .enumerate()
        .map(|(position, field)| (position, field.name.as_str()))
        .collect();
    let layers = [LayerInput { name: "parcels", source: &snapshot, columns: &columns }];
    let tiles: Vec<(u8, TileCoord)> =
        ZOOMS.into_iter().map(|zoom| (zoom, middle(&snapshot, zoom))).collect();
    // What the peer sends too: everything.
    let limits = Limits::UNBOUNDED;

    if std::env::var_os("TUBAN_BENCH_ONLY_TILES").is_none() {
        let mut criterion = Criterion::default()
            .configure_from_args()
            .sample_size(10)
            .measurement_time(Duration::from_secs(3));
        let mut group = criterion.benchmark_group(format!("cold_tile_{count}"));
        for (zoom, coord) in &tiles {
            group.bench_with_input(BenchmarkId::from_parameter(zoom), coord, |bench, coord| {
                bench.iter(|| draw(&layers, *coord, &limits));
            });
        }
        group.finish();
        criterion.final_summary();
    }
    for set in [&CGCS2000_QUAD, &CGCS2000_GK117_QUAD] {
        place_all(&snapshot, set);
    }
    for (zoom, coord) in &tiles {
        let rendered = render(&layers, &WEB_MERCATOR_QUAD, *coord, &limits);
        // The clock of a thread moves in steps of some milliseconds: short runs are put together.
        let start = Instant::now();
        draw(&layers, *coord, &limits);
        let batch = 1 + (BATCH.as_nanos() / start.elapsed().as_nanos().max(1)) as u32;
        let mut times: Vec<Duration> = (0..15)
            .map(|_| {
                let start = on_core();
                for _ in 0..batch {
                    draw(&layers, *coord, &limits);
                }
                (on_core() - start) / batch
            })
            .collect();
        times.sort_unstable();
        println!(
            "TILE {zoom} {} {} {} {:.4} {}",
            coord.x(),
            coord.y(),
            rendered.layers[0].features,
            times[times.len() / 2].as_secs_f64() * 1e3,
            rendered.bytes.len()
        );
    }
}
