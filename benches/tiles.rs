//! Cold tiles over synthetic parcels: rendering alone, raw, no cache, one core (Linux only).
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels (1,000,000 when absent). After the
//! benchmarks (`TUBAN_BENCH_ZOOM=N` leaves one zoom) a line `TILE z x y features milliseconds bytes
//! first` a zoom says what was drawn, in which time on the core, and in which time by who keeps no
//! commands, as the first tile of a place and zoom is drawn; the script `benches/peers/tiles.sh` reads these. With
//! `TUBAN_BENCH_ONLY_TILES` set, only they come. Lines `GRID set milliseconds bytes` say what it
//! costs to place all parcels on the grid of another tile matrix set, on all cores.
//!
//! A line `LIMIT z milliseconds ratio` a zoom says what the least work for such a tile takes here and
//! how many times as long the tile took: each candidate found in an R-tree, each of its vertices
//! shifted, each vertex drawn written as two varints, each byte put in its place as texts of the
//! parcels are. The cost of each of these is measured in the same run (`KERNELS`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks on standard output"
)]

#[path = "cold_tiles/parcels.rs"]
mod parcels;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use parcels::{on_core, parcels};
use rstar::primitives::Rectangle;
use rstar::{AABB, RTree};
use spatial::placement::ToGrid;
use spatial::{CollectionSnapshot, CrsRegistry, ValueRef, WorldBox, WorldGrid};
use tile::inspect::decode;
use tile::{
    CGCS2000_GK117_QUAD, CGCS2000_QUAD, CommandCache, LayerInput, Limits, TileCoord, TileMatrixSet,
    WEB_MERCATOR_QUAD, render, render_and,
};

const ZOOMS: [u8; 7] = [10, 11, 12, 13, 14, 15, 16];

/// Time that one measured run lasts at least.
const BATCH: Duration = Duration::from_millis(100);

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

/// Nanoseconds that the parts of the least work take: a candidate, a vertex looked at, a vertex
/// written, a byte.
#[derive(Clone, Copy, Debug)]
struct Kernels {
    candidate: f64,
    vertex: f64,
    written: f64,
    byte: f64,
}

/// Nanoseconds of one of the `units` that `work` does, the least of five runs.
fn nanoseconds(units: usize, mut work: impl FnMut() -> u64) -> f64 {
    let run = |_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_secs_f64() * 1e9 / units as f64
    };
    (0..5).map(run).fold(f64::INFINITY, f64::min)
}

impl Kernels {
    fn measure(snapshot: &CollectionSnapshot) -> Self {
        let mut boxes = Vec::new();
        let mut world = Vec::new();
        snapshot.each(&mut |shard, slots| {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                let area = feature.world_box();
                let corner = |point: [u32; 2]| point.map(f64::from);
                boxes.push(Rectangle::from_corners(corner(area.min), corner(area.max)));
                feature.paths().for_each(|path| world.extend_from_slice(path.world));
            }
        });
        let middle = boxes[boxes.len() / 2].lower();
        let side = 4096.0 * 64.0;
        let area = AABB::from_corners(middle, middle.map(|v| v + side));
        let tree = RTree::bulk_load(boxes);
        let hits = tree.locate_in_envelope_intersecting(area).count();
        let candidate = nanoseconds(hits, || {
            tree.locate_in_envelope_intersecting(area).map(|b| b.lower()[0] as u64).sum()
        });
        world.truncate(1 << 16);
        let mut shifted = vec![[0_i32; 2]; world.len()];
        let vertex = nanoseconds(world.len(), || {
            let mut kept = 0;
            let mut last = [0; 2];
            for point in &world {
                let point = point.map(|v| (v >> 6) as i32 & 0xfff);
                shifted[kept] = point;
                kept += usize::from(point != last);
                last = point;
            }
            kept as u64
        });
        let mut bytes = vec![0_u8; world.len() * 4];
        let written = nanoseconds(shifted.len(), || {
            let (mut at, mut cursor) = (0, [0; 2]);
            for point in &shifted {
                for axis in 0..2 {
                    let delta = point[axis] - cursor[axis];
                    let mut value = ((delta << 1) ^ (delta >> 31)) as u32 & 0x3fff;
                    while value >= 0x80 {
                        bytes[at] = value as u8 | 0x80;
                        at += 1;
                        value >>= 7;
                    }
                    bytes[at] = value as u8;
                    at += 1;
                }
                cursor = *point;
            }
            at as u64
        });
        // Values are what most bytes are: texts of the parcels, each behind its tag and length.
        let mut texts: Vec<String> = Vec::new();
        snapshot.each(&mut |shard, slots| {
            for slot in slots.iter().take(8) {
                if let ValueRef::Text(text) = shard.feature(usize::from(*slot)).value(0) {
                    texts.push(text.to_owned());
                }
            }
        });
        let len: usize = texts.iter().map(|text| text.len() + 4).sum();
        let mut to = Vec::with_capacity(len);
        let byte = nanoseconds(len, || {
            to.clear();
            for text in &texts {
                let len = text.len() as u8;
                to.extend_from_slice(&[0x22, len + 2, 0x0a, len]);
                to.extend_from_slice(text.as_bytes());
            }
            to[9].into()
        });
        Self { candidate, vertex, written, byte }
    }

    /// Milliseconds of the least work for a tile.
    fn limit(&self, snapshot: &CollectionSnapshot, coord: TileCoord, rendered: &[u8]) -> f64 {
        let (mut candidates, mut visited) = (0, 0);
        snapshot.search_world(&coord.world_box(64), &mut |shard, slots| {
            candidates += slots.len();
            let vertices = |slot: &u16| {
                shard.feature(usize::from(*slot)).paths().map(|p| p.world.len()).sum::<usize>()
            };
            visited += slots.iter().map(vertices).sum::<usize>();
        });
        let layers = decode(rendered).unwrap();
        let features = layers.iter().flat_map(|layer| &layer.features);
        let written: usize = features.flat_map(|feature| &feature.paths).map(Vec::len).sum();
        let parts = [
            (candidates, self.candidate),
            (visited, self.vertex),
            (written, self.written),
            (rendered.len(), self.byte),
        ];
        parts.iter().map(|(count, cost)| *count as f64 * cost / 1e6).sum()
    }
}

/// Milliseconds on the core that a tile takes, the median of 15 runs.
fn median(layers: &[LayerInput<'_>], coord: TileCoord, limits: &Limits) -> f64 {
    // The clock of a thread moves in steps of some milliseconds: short runs are put together.
    let start = Instant::now();
    draw(layers, coord, limits);
    let batch = 1 + (BATCH.as_nanos() / start.elapsed().as_nanos().max(1)) as u32;
    let run = |_| {
        let start = on_core();
        (0..batch).for_each(|_| draw(layers, coord, limits));
        (on_core() - start) / batch
    };
    let mut times: Vec<Duration> = (0..15).map(run).collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
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
    let commands = CommandCache::new(256 << 20, 64);
    let layers = [LayerInput {
        name: "parcels",
        source: &snapshot,
        columns: &columns,
        commands: Some(&commands),
    }];
    let first = [LayerInput { commands: None, ..layers[0] }];
    let only: Option<u8> = std::env::var("TUBAN_BENCH_ZOOM").ok().map(|zoom| zoom.parse().unwrap());
    let zooms = ZOOMS.into_iter().filter(|zoom| only.is_none_or(|only| only == *zoom));
    let tiles: Vec<(u8, TileCoord)> = zooms.map(|zoom| (zoom, middle(&snapshot, zoom))).collect();
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
    let kernels = Kernels::measure(&snapshot);
    println!("KERNELS {kernels:.2?} ns");
    for (zoom, coord) in &tiles {
        let rendered = render(&layers, &WEB_MERCATOR_QUAD, *coord, &limits);
        let time = median(&layers, *coord, &limits);
        let first = median(&first, *coord, &limits);
        println!(
            "TILE {zoom} {} {} {} {time:.4} {} {first:.4}",
            coord.x(),
            coord.y(),
            rendered.layers[0].features,
            rendered.bytes.len()
        );
        let limit = kernels.limit(&snapshot, *coord, &rendered.bytes);
        println!("LIMIT {zoom} {limit:.4} {:.2}", time / limit);
    }
}
