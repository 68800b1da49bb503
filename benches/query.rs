//! Exact polygon queries over synthetic parcels: counts, areas of intersection, points in parcels.
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels (1,000,000 when absent). After the benchmarks
//! come lines that say what was asked and what it took, the best of many runs, the preparation of
//! the area among them:
//!
//! - `AREA name WKT`, `POINT x y`: what peers are asked, in EPSG:4548;
//! - `COUNT name radius vertices hits milliseconds`;
//! - `OVERLAY name radius vertices square-metres milliseconds`;
//! - `LOCATE points pairs milliseconds`;
//! - `GROWTH radius perimeter-metres hits tested microseconds`: the cost against the perimeter.
//!
//! `benches/peers/queries.sh` reads them; with `TUBAN_BENCH_ONLY_QUERIES` set only they come, the
//! areas and points among them only then.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks on standard output"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use geo_types::{Coord, LineString, Polygon};
use spatial::query::{Area, MAX_AREA_VERTICES, Selection, Test};
use spatial::{
    Budget, CollectionSnapshot, Crs, CrsRegistry, Feature, FeatureId, Geometry, Predicate,
    Revision, Stage, WorldProjector,
};
use tuban::synth::{Layer, Synth};

/// 3-degree Gauss-Krüger, central meridian 117° E, metres.
const CRS: Crs = Crs::Epsg(4548);
const POINTS: usize = 100_000;

/// The parcels of seed 1 in memory, as the engine holds them.
fn parcels(count: u64) -> CollectionSnapshot {
    let registry = CrsRegistry::new(Default::default()).unwrap();
    let synth = Synth::new(1, count, None, &CRS).unwrap();
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

/// The middle parcel's place.
fn middle(snapshot: &CollectionSnapshot) -> [f64; 2] {
    let mut corners = Vec::new();
    snapshot.each(&mut |shard, slots| {
        corners.extend(slots.iter().map(|slot| {
            let envelope = shard.feature(usize::from(*slot)).envelope();
            [envelope.min_x, envelope.min_y]
        }));
    });
    let half = corners.len() / 2;
    [0, 1].map(|axis| {
        let mut along: Vec<f64> = corners.iter().map(|corner| corner[axis]).collect();
        *along.select_nth_unstable_by(half, f64::total_cmp).1
    })
}

/// A round area with five bays, its vertices on whole millimetres.
fn round(center: [f64; 2], radius: f64, vertices: usize) -> Polygon<f64> {
    let to_millimetres = |value: f64| (value * 1000.0).round() / 1000.0;
    let mut ring: Vec<Coord<f64>> = (0..vertices)
        .map(|number| {
            let angle = std::f64::consts::TAU * number as f64 / vertices as f64;
            let radius = radius * (1.0 + 0.08 * (5.0 * angle).sin());
            Coord {
                x: to_millimetres(center[0] + radius * angle.cos()),
                y: to_millimetres(center[1] + radius * angle.sin()),
            }
        })
        .collect();
    ring.push(ring[0]);
    Polygon::new(LineString(ring), Vec::new())
}

fn wkt(polygon: &Polygon<f64>) -> String {
    let mut text = String::from("POLYGON((");
    for (number, c) in polygon.exterior().0.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        write!(text, "{comma}{} {}", c.x, c.y).unwrap();
    }
    text + "))"
}

fn perimeter(polygon: &Polygon<f64>) -> f64 {
    polygon.exterior().0.windows(2).map(|e| (e[1].x - e[0].x).hypot(e[1].y - e[0].y)).sum()
}

/// Places spread evenly over the square round `center`, always the same.
fn points(center: [f64; 2], side: f64) -> Vec<[f64; 2]> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5) * side
    };
    let place = |value: f64| (value * 1000.0).round() / 1000.0;
    (0..POINTS).map(|_| [place(center[0] + next()), place(center[1] + next())]).collect()
}

/// The best time of many runs, milliseconds.
fn best<T>(mut run: impl FnMut() -> T) -> (T, f64) {
    let started = Instant::now();
    let mut result = run();
    let mut least = started.elapsed();
    let mut runs = 1;
    while runs < 5 || (runs < 200 && started.elapsed() < Duration::from_secs(2)) {
        let start = Instant::now();
        result = black_box(run());
        least = least.min(start.elapsed());
        runs += 1;
    }
    (result, least.as_secs_f64() * 1e3)
}

fn prepare(polygon: &Polygon<f64>) -> Area {
    let geometry = Geometry::from(geo_types::Geometry::from(polygon.clone()));
    Area::new(&geometry, MAX_AREA_VERTICES).unwrap()
}

fn selection(area: &Area) -> Selection<'_> {
    Selection { area: Some((area, Test::Predicate(Predicate::Intersects))), ..Default::default() }
}

fn count(snapshot: &CollectionSnapshot, polygon: &Polygon<f64>) -> u64 {
    let area = prepare(polygon);
    snapshot.count(&selection(&area), &Budget::unbounded()).unwrap()
}

fn overlay(snapshot: &CollectionSnapshot, polygon: &Polygon<f64>) -> f64 {
    let area = prepare(polygon);
    snapshot.overlay_area(&selection(&area), &Budget::unbounded()).unwrap().area
}

fn main() {
    let number = std::env::var("TUBAN_BENCH_PARCELS").map_or(1_000_000, |n| n.parse().unwrap());
    let snapshot = parcels(number);
    let center = middle(&snapshot);
    let areas: Vec<(String, f64, usize, Polygon<f64>)> = [250.0, 1000.0, 4000.0]
        .into_iter()
        .flat_map(|radius| [64, 1024].map(|vertices| (radius, vertices)))
        .map(|(radius, vertices)| {
            let name = format!("r{radius}v{vertices}");
            (name, radius, vertices, round(center, radius, vertices))
        })
        .collect();
    let points = points(center, 8000.0);

    let only_queries = std::env::var_os("TUBAN_BENCH_ONLY_QUERIES").is_some();
    if only_queries {
        for (name, .., polygon) in &areas {
            println!("AREA {name} {}", wkt(polygon));
        }
        for [x, y] in &points {
            println!("POINT {x} {y}");
        }
    } else {
        let mut criterion = Criterion::default()
            .configure_from_args()
            .sample_size(20)
            .measurement_time(Duration::from_secs(2));
        let mut group = criterion.benchmark_group(format!("query_{number}"));
        for (name, .., polygon) in &areas {
            group.bench_function(format!("prepare/{name}"), |b| b.iter(|| prepare(polygon)));
            group.bench_function(format!("count/{name}"), |b| b.iter(|| count(&snapshot, polygon)));
            group.bench_function(format!("overlay/{name}"), |b| {
                b.iter(|| overlay(&snapshot, polygon));
            });
        }
        group.finish();
        criterion.final_summary();
    }

    for (name, radius, vertices, polygon) in &areas {
        let (hits, ms) = best(|| count(&snapshot, polygon));
        println!("COUNT {name} {radius} {vertices} {hits} {ms:.4}");
    }
    for (name, radius, vertices, polygon) in &areas {
        let (area, ms) = best(|| overlay(&snapshot, polygon));
        println!("OVERLAY {name} {radius} {vertices} {area:.6} {ms:.4}");
    }
    let (pairs, ms) = best(|| snapshot.locate_all(&points, &Budget::unbounded()).unwrap().len());
    println!("LOCATE {} {pairs} {ms:.4}", points.len());
    for radius in [125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0] {
        let polygon = round(center, radius, 256);
        let (hits, ms) = best(|| count(&snapshot, &polygon));
        let budget = Budget::unbounded();
        let area = prepare(&polygon);
        snapshot.count(&selection(&area), &budget).unwrap();
        let (length, tested) = (perimeter(&polygon), budget.candidates());
        println!("GROWTH {radius} {length:.0} {hits} {tested} {:.1}", ms * 1e3);
    }
}
