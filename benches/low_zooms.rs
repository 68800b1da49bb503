//! What tiles of synthetic parcels hold and cost at every zoom, with the limits of a tile.
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels (1,000,000 when absent). Zooms of up to 400
//! tiles are drawn whole, of others 400 tiles drawn by a fixed seed. A line a zoom: tiles, largest
//! tile in gzip, features drawn as themselves, cells, features that these stand for, area of all
//! that is drawn by the area that it stands for, and for the tile in the middle the time on the core
//! that drawing and compressing take. Fails when a count or a sum is not exact.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks on standard output"
)]

#[path = "cold_tiles/parcels.rs"]
mod parcels;

use std::collections::BTreeSet;
use std::time::Duration;

use libdeflater::{CompressionLvl, Compressor};
use parcels::{on_core, parcels};
use spatial::{CollectionSnapshot, CrsRegistry, Edit, Feature, Revision, ValueRef, WorldProjector};
use tile::inspect::{DecodedFeature, DecodedKind, DecodedValue, decode};
use tile::{EXTENT, LayerInput, Limits, Rendered, TileCoord, WEB_MERCATOR_QUAD, render};

/// Tiles of a zoom that are drawn at most.
const MOST: usize = 400;

/// Twice the area of a ring within the tile, signed: Sutherland and Hodgman, in floating point.
fn area2_inside(ring: &[[i32; 2]]) -> f64 {
    let mut points: Vec<[f64; 2]> = ring.iter().map(|p| p.map(f64::from)).collect();
    for (axis, at, sign) in [(0, 0.0, 1.0), (1, 0.0, 1.0), (0, 4096.0, -1.0), (1, 4096.0, -1.0)] {
        let depth = |p: &[f64; 2]| (p[axis] - at) * sign;
        let mut kept = Vec::with_capacity(points.len() + 4);
        for (position, b) in points.iter().enumerate() {
            let a = points[(position + points.len() - 1) % points.len()];
            if (depth(&a) >= 0.0) != (depth(b) >= 0.0) {
                let part = depth(&a) / (depth(&a) - depth(b));
                kept.push([0, 1].map(|k| a[k] + part * (b[k] - a[k])));
            }
            if depth(b) >= 0.0 {
                kept.push(*b);
            }
        }
        points = kept;
    }
    let next = points.iter().skip(1).chain(points.first());
    points.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

fn value<'a>(feature: &'a DecodedFeature, key: &str) -> Option<&'a DecodedValue> {
    feature.properties.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// What the tiles of a zoom say.
#[derive(Default)]
struct Told {
    seen: BTreeSet<u64>,
    own: usize,
    cells: usize,
    summed: u64,
    area2: f64,
    /// Sum of the field of numbers, in thousandths.
    sum: i128,
    largest: usize,
}

impl Told {
    fn add(&mut self, rendered: &Rendered, field: &str) {
        let mut gzip = Compressor::new(CompressionLvl::new(1).unwrap());
        let mut packed = vec![0; gzip.gzip_compress_bound(rendered.bytes.len())];
        self.largest = self.largest.max(gzip.gzip_compress(&rendered.bytes, &mut packed).unwrap());
        let layers = decode(&rendered.bytes).unwrap();
        for feature in layers.iter().flat_map(|layer| &layer.features) {
            assert_eq!(feature.kind, DecodedKind::Polygons);
            self.area2 += feature.paths.iter().map(|ring| area2_inside(ring)).sum::<f64>();
            if !self.seen.insert(feature.id.unwrap()) {
                continue;
            }
            let (count, key) = match value(feature, "tuban:count") {
                Some(DecodedValue::Int(count)) => (*count as u64, format!("tuban:sum:{field}")),
                _ => (0, field.to_owned()),
            };
            self.own += usize::from(count == 0);
            self.cells += usize::from(count > 0);
            self.summed += count;
            if let Some(DecodedValue::Double(number)) = value(feature, &key) {
                self.sum += (number * 1000.0).round() as i128;
            }
        }
    }
}

/// Time on the core of `work`, the median of five.
fn cost(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = on_core();
            // The clock of a thread moves in steps of some milliseconds.
            let wall = std::time::Instant::now();
            let mut runs = 0;
            while wall.elapsed() < Duration::from_millis(60) {
                work();
                runs += 1;
            }
            (on_core() - start).as_secs_f64() * 1e3 / f64::from(runs)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// What an edit costs, and tiles before and after it.
fn edits(
    snapshot: &CollectionSnapshot,
    columns: &[(usize, &str)],
    middle: [u32; 2],
    limits: &Limits,
) {
    let mut id = None;
    let around = TileCoord::holding(16, middle).world_box(0);
    snapshot.search_world(&around, &mut |shard, slots| {
        id = id.or(Some(shard.ids()[slots[0] as usize]))
    });
    let feature = snapshot.get(id.unwrap()).unwrap();
    let shape = geo_types::Polygon::new(
        feature.paths().next().unwrap().coords.iter().map(|c| (c[0] + 1e-5, c[1])).collect(),
        Vec::new(),
    );
    let edited = Feature {
        id,
        geometry: Some(spatial::Geometry::from(geo_types::Geometry::from(shape))),
        properties: (0..columns.len()).map(|column| feature.value(column).to_value()).collect(),
    };
    let registry = CrsRegistry::new(Default::default()).unwrap();
    let projector = WorldProjector::new(&registry, &snapshot.collection().crs).unwrap();
    let to_world = |coords: &[[f64; 2]], world: &mut Vec<_>| projector.project_all(coords, world);
    let edit = [Edit { id: id.unwrap(), feature: Some(&edited) }];
    let mut after = snapshot.apply(Revision(2), &edit, &to_world);
    let apply = cost(|| after = snapshot.apply(Revision(2), &edit, &to_world));
    println!("an edit takes {apply:.3} ms");
    for zoom in [8, 10, 12, 14, 16] {
        let coord = TileCoord::holding(zoom, middle);
        let draw = |source: &CollectionSnapshot| {
            let layers = [LayerInput { name: "parcels", source, columns, commands: None }];
            cost(|| {
                std::hint::black_box(render(&layers, &WEB_MERCATOR_QUAD, coord, limits));
            })
        };
        let (before, after) = (draw(snapshot), draw(&after));
        println!("EDIT z{zoom} {before:.3} ms before, {after:.3} after: {:.2}", after / before);
    }
}

fn main() {
    let count = std::env::var("TUBAN_BENCH_PARCELS").map_or(1_000_000, |n| n.parse().unwrap());
    let snapshot = parcels(count);
    println!(
        "{count} parcels, {} MiB held, {} MiB resident",
        snapshot.heap_bytes() >> 20,
        resident_mib()
    );
    let fields = &snapshot.collection().fields;
    let columns: Vec<(usize, &str)> = fields
        .iter()
        .enumerate()
        .map(|(position, field)| (position, field.name.as_str()))
        .collect();
    let layers =
        [LayerInput { name: "parcels", source: &snapshot, columns: &columns, commands: None }];
    let limits = Limits::default();
    let (mut area, mut sum, mut number) = (0.0, 0_i128, None);
    snapshot.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            area += feature.world_area();
            let reals = (0..columns.len()).find(|c| matches!(feature.value(*c), ValueRef::Real(_)));
            number = number.or(reals);
            if let Some(ValueRef::Real(value)) = number.map(|column| feature.value(column)) {
                sum += (value * 1000.0).round() as i128;
            }
        }
    });
    let field = columns[number.unwrap()].1;
    let bounds = snapshot.world_box();
    let middle = [0, 1].map(|axis| bounds.min[axis].midpoint(bounds.max[axis]));
    let mut of_z14 = 0.0;
    println!("zoom tiles largest_gz own cells summed area% draw_ms draw_gz_ms");
    let mut lines = Vec::new();
    for zoom in 0..=22_u8 {
        let (first, last) =
            (TileCoord::holding(zoom, bounds.min), TileCoord::holding(zoom, bounds.max));
        let across = (last.x() - first.x() + 1) as usize;
        let all = across * (last.y() - first.y() + 1) as usize;
        let whole = all <= MOST;
        let mut told = Told::default();
        let mut state = 1_u64;
        for number in 0..all.min(MOST) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = if whole { number } else { (state >> 33) as usize % all };
            let (x, y) = (first.x() + (at % across) as u32, first.y() + (at / across) as u32);
            let coord = TileCoord::new(&WEB_MERCATOR_QUAD, zoom.into(), x, y).unwrap();
            told.add(&render(&layers, &WEB_MERCATOR_QUAD, coord, &limits), field);
        }
        let mut kept = f64::NAN;
        if whole {
            let scale = 4_f64.powi(i32::from(zoom) - 20);
            kept = told.area2 / 2.0 / (area * scale) * 100.0;
            assert_eq!(told.own as u64 + told.summed, count, "z{zoom}: count");
            // Each sum is the nearest real number to the exact one.
            let apart = (told.sum - sum).unsigned_abs();
            assert!(apart <= told.cells as u128 + 1, "z{zoom}: {} and {sum}", told.sum);
        }
        let coord = TileCoord::holding(zoom, middle);
        let draw = cost(|| {
            std::hint::black_box(render(&layers, &WEB_MERCATOR_QUAD, coord, &limits));
        });
        let mut gzip = Compressor::new(CompressionLvl::new(1).unwrap());
        let packed = cost(|| {
            let rendered = render(&layers, &WEB_MERCATOR_QUAD, coord, &limits);
            let mut out = vec![0; gzip.gzip_compress_bound(rendered.bytes.len())];
            std::hint::black_box(gzip.gzip_compress(&rendered.bytes, &mut out).unwrap());
        });
        if zoom == 14 {
            of_z14 = packed;
        }
        println!(
            "{zoom:>4} {:>5} {:>10} {:>6} {:>6} {:>8} {kept:>6.2} {draw:>8.3} {packed:>8.3}",
            all.min(MOST),
            told.largest,
            told.own,
            told.cells,
            told.summed
        );
        lines.push((zoom, packed));
        assert!(told.largest <= limits.bytes, "z{zoom}: {} bytes", told.largest);
    }
    edits(&snapshot, &columns, middle, &limits);
    let (zoom, most) = lines.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    println!(
        "the dearest zoom is {zoom}: {:.1} times the tile of z14; extent {EXTENT}",
        most / of_z14
    );
    println!("{} MiB resident", resident_mib());
}
