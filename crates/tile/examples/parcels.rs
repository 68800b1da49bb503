//! Prints what cold tiles over a million synthetic parcels cost, zoom by zoom.
//!
//! `cargo run --release -p tile --example parcels [parcels per side] [zoom]`
//!
//! Times are those of the thread on its core (Linux only).
//!
//! Parcels share their edges: a warped grid of 25 m, with a jog in the middle of every side, so
//! that each has eight distinct vertices; five attributes, one of them a unique text. The rates
//! are those of the best run.
#![allow(clippy::print_stdout, reason = "prints a table")]

use std::error::Error;
use std::hint::black_box;

use geo_types::{Coord, LineString, Polygon};
use spatial::world::{MERCATOR_HALF, from_lon_lat, from_mercator};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Crs, Envelope, Feature, FeatureId, Field,
    FieldClass, FieldType, Geometry, GeometryType, Revision, Stage, Value, Zooms,
};
use tile::{LayerInput, Limits, TileCoord, WEB_MERCATOR_QUAD};

const PITCH: f64 = 25.0 / 0.769;
const CENTRE: [f64; 2] = [116.35, 39.7];

/// A pseudo-random number of −1..1 for a place.
fn noise(x: i64, y: i64, salt: i64) -> f64 {
    let mixed = (x * 73_856_093) ^ (y * 19_349_663) ^ (salt * 83_492_791);
    let mut v = mixed.cast_unsigned();
    v = (v ^ v >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    v = (v ^ v >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (v >> 40) as f64 / f64::from(1 << 23) - 1.0
}

fn parcel(x: i64, y: i64, origin: [f64; 2]) -> Vec<Coord<f64>> {
    // Corners stand at even positions of a grid of half pitch, jogs between them.
    let at = |i: i64, j: i64| {
        let (sin, cos) = 0.2_f64.sin_cos();
        let (u, v) = (
            i as f64 * PITCH / 2.0 + noise(i, j, 1) * PITCH * 0.08,
            j as f64 * PITCH / 2.0 + noise(i, j, 2) * PITCH * 0.08,
        );
        Coord { x: origin[0] + u * cos - v * sin, y: origin[1] + u * sin + v * cos }
    };
    let (i, j) = (2 * x, 2 * y);
    let steps = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1), (0, 0)];
    steps.into_iter().map(|(di, dj)| at(i + di, j + dj)).collect()
}

fn build(side: i64) -> Result<CollectionSnapshot, Box<dyn Error>> {
    let world = from_lon_lat(CENTRE);
    let metres = |v: u32| (f64::from(v) / 4_294_967_296.0 * 2.0 - 1.0) * MERCATOR_HALF;
    let half = side as f64 * PITCH / 2.0;
    let origin = [metres(world[0]) - half, -metres(world[1]) - half];
    let field = |name: &str, field_type| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    let collection = Collection {
        id: CollectionId::try_from("parcels")?,
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::WEB_MERCATOR,
        geometry_type: GeometryType::Polygon,
        has_z: false,
        has_m: false,
        fields: vec![
            field("ZDDM", FieldType::Text),
            field("MJ", FieldType::Real),
            field("YT", FieldType::Text),
            field("XZQ", FieldType::Text),
            field("ND", FieldType::Int),
        ],
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    };
    let uses = ["住宅", "商业", "工业", "公共", "绿地", "道路", "仓储", "耕地"];
    let feature = |number: i64| {
        let (x, y) = (number % side, number / side);
        let shape = Polygon::new(LineString(parcel(x, y, origin)), Vec::new());
        Ok(Feature {
            id: Some(FeatureId::try_from(number + 1)?),
            geometry: Some(Geometry::from(geo_types::Geometry::from(shape))),
            properties: vec![
                Value::Text(format!("110115003{:03}JC{:05}", number / 4000, number % 100_000)),
                Value::Real((6250.0 + noise(x, y, 3) * 600.0).round() / 10.0),
                Value::Text(uses[(x * y % 8) as usize].to_owned()),
                Value::Text(format!("{}村", x / 70 + y / 70 * 100)),
                Value::Int(2000 + (x + y) % 24),
            ],
        })
    };
    let features: Result<Vec<_>, Box<dyn Error>> = (0..side * side).map(feature).collect();
    let stage = Stage::new(&collection, &features?, &|coords, world| {
        world.extend(coords.iter().map(|c| from_mercator(*c)));
    });
    Ok(CollectionSnapshot::build(collection, Revision(0), vec![stage]))
}

/// Nanoseconds that this thread has been on a core: a busy machine does not count.
fn on_cpu() -> u64 {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    read.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let side = std::env::args().nth(1).map_or(Ok(1000), |text| text.parse())?;
    let source = build(side)?;
    let columns = [(0, "ZDDM"), (1, "MJ"), (2, "YT"), (3, "XZQ"), (4, "ND")];
    let layer = LayerInput { name: "parcels", source: &source, columns: &columns, commands: None };
    let only: Option<u32> = std::env::args().nth(2).and_then(|text| text.parse().ok());
    println!(
        "zoom  features  vertices    raw bytes  median ms    best ms  ns/feature  ns/vertex  merged mended"
    );
    for (zoom, limits) in (6..=17).map(|zoom| (zoom, Limits::UNBOUNDED)).chain([
        (8, Limits::default()),
        (10, Limits::default()),
        (12, Limits::default()),
    ]) {
        if only.is_some_and(|only| only != u32::from(zoom)) {
            continue;
        }
        let coord = TileCoord::holding(zoom, from_lon_lat(CENTRE));
        let draw = || tile::render(black_box(&[layer]), &WEB_MERCATOR_QUAD, coord, &limits);
        let rendered = draw();
        let vertices: usize = tile::inspect::decode(&rendered.bytes)?
            .iter()
            .flat_map(|layer| &layer.features)
            .flat_map(|feature| &feature.paths)
            .map(Vec::len)
            .sum();
        // The clock of a thread moves in steps of 4 ms.
        let batch = 1 + 300_000 / (rendered.layers[0].features + 1_000);
        let runs = 5;
        let mut times: Vec<f64> = (0..runs)
            .map(|_| {
                let start = on_cpu();
                for _ in 0..batch {
                    black_box(draw());
                }
                on_cpu().saturating_sub(start) as f64 / 1e9 / batch as f64
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let [best, median] = [times[0], times[runs / 2]];
        let stats = &rendered.layers[0];
        println!(
            "z{zoom:<4} {:>8} {vertices:>9} {:>12} {:>10.3} {:>10.3} {:>11.1} {:>10.1} {:>7} {:>6} {}",
            stats.features,
            rendered.bytes.len(),
            median * 1e3,
            best * 1e3,
            best * 1e9 / stats.features as f64,
            best * 1e9 / vertices as f64,
            stats.summed,
            stats.repaired,
            if rendered.aggregation.is_some() { "limited" } else { "" },
        );
    }
    Ok(())
}
