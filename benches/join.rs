//! The join of points with the synthetic parcels that they lie in, on all cores.
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels, and of points (1,000,000 when absent). A
//! line `JOIN what pairs milliseconds` each says what was found and the median of its runs; the
//! script `benches/peers/join.sh` reads these. With `TUBAN_BENCH_ONLY_JOIN` set, only they come.
//! With `TUBAN_BENCH_DATA=DIR` the same data is written to DIR for others: `parcels.csv` (id and
//! hexadecimal WKB) and `points.csv` (id, x, y), longitude and latitude.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks on standard output"
)]

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use criterion::Criterion;
use geo_types::{Geometry as Shape, Point};
use spatial::join::{Join, JoinOn};
use spatial::{
    Budget, Collection, CollectionSnapshot, Crs, CrsRegistry, Feature, FeatureId, GeometryType,
    Predicate, Revision, Stage, Value, WorldProjector, wkb,
};
use tuban::synth::{Layer, Synth};

/// Runs of one line; the median counts.
const RUNS: usize = 7;

fn snapshot(collection: Collection, features: impl Iterator<Item = Feature>) -> CollectionSnapshot {
    let registry = CrsRegistry::new(Default::default()).unwrap();
    let projector = WorldProjector::new(&registry, &collection.crs).unwrap();
    let mut stages = Vec::new();
    let mut chunk: Vec<Feature> = Vec::new();
    let mut stage = |chunk: &mut Vec<Feature>| {
        stages.push(Stage::new(&collection, chunk, &|coords, world| {
            projector.project_all(coords, world)
        }));
        chunk.clear();
    };
    for (number, mut feature) in features.enumerate() {
        feature.id = Some(FeatureId::try_from(number as i64 + 1).unwrap());
        chunk.push(feature);
        if chunk.len() == 4096 {
            stage(&mut chunk);
        }
    }
    stage(&mut chunk);
    CollectionSnapshot::build(collection, Revision(1), stages)
}

/// Fixed noise: SplitMix64.
struct Noise(u64);

impl Noise {
    /// Between −1 and 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// The middle of each parcel's box, moved by up to half of it: most lie in the parcel, some in
/// its neighbours, some in a lane. One in a hundred is a corner that neighbours share.
fn points(parcels: &[Feature]) -> Vec<[f64; 2]> {
    let mut noise = Noise(1);
    let place = |(number, parcel): (usize, &Feature)| {
        let geometry = parcel.geometry.as_ref().unwrap();
        if number % 100 == 0 {
            return geometry.coords()[0];
        }
        let envelope = geometry.envelope();
        let [x, y] = envelope.center();
        let (dx, dy) = (noise.next(), noise.next());
        [x + dx * envelope.width() / 2.0, y + dy * envelope.height() / 2.0]
    };
    parcels.iter().enumerate().map(place).collect()
}

fn write(folder: &Path, parcels: &[Feature], points: &[[f64; 2]]) {
    let file = |name: &str| BufWriter::new(File::create(folder.join(name)).unwrap());
    let mut out = file("parcels.csv");
    let mut hex = String::new();
    for (number, parcel) in parcels.iter().enumerate() {
        hex.clear();
        for byte in wkb::encode(parcel.geometry.as_ref().unwrap()) {
            write!(hex, "{byte:02X}").unwrap();
        }
        writeln!(out, "{},{hex}", number + 1).unwrap();
    }
    let mut out = file("points.csv");
    for (number, [x, y]) in points.iter().enumerate() {
        writeln!(out, "{},{x},{y}", number + 1).unwrap();
    }
}

fn main() {
    let count = std::env::var("TUBAN_BENCH_PARCELS").map_or(1_000_000, |n| n.parse().unwrap());
    let synth = Synth::new(1, count, None, &Crs::CGCS2000).unwrap();
    let collection = synth.collection(Layer::Parcels).unwrap();
    let parcels: Vec<Feature> =
        synth.features(Layer::Parcels).map(|feature| feature.unwrap()).collect();
    let points = points(&parcels);
    if let Some(folder) = std::env::var_os("TUBAN_BENCH_DATA") {
        write(Path::new(&folder), &parcels, &points);
    }
    let area = collection.field_position("ZDMJ").unwrap();
    let of_points = Collection {
        geometry_type: GeometryType::Point,
        fields: vec![collection.fields[area].clone()],
        ..collection.clone()
    };
    let parcels = snapshot(collection, parcels.into_iter());
    let points = snapshot(
        of_points,
        points.into_iter().enumerate().map(|(number, [x, y])| Feature {
            id: None,
            geometry: Some(Shape::Point(Point::new(x, y)).into()),
            properties: vec![Value::Real((number % 300) as f64)],
        }),
    );
    let on = JoinOn::Predicate(Predicate::Intersects);
    let join = || Join::new((&parcels).into(), (&points).into(), on).unwrap();
    let budget = Budget::unbounded;
    let count = || join().count(&budget()).unwrap();
    let pairs = || join().pairs(usize::MAX, &budget()).unwrap().len() as u64;
    let sums = || join().tally(&[0], &budget()).unwrap().counts.iter().sum();
    let lines: [(&str, &dyn Fn() -> u64); 3] =
        [("count", &count), ("pairs", &pairs), ("sums", &sums)];

    if std::env::var_os("TUBAN_BENCH_ONLY_JOIN").is_none() {
        let mut criterion = Criterion::default().configure_from_args().sample_size(10);
        let mut group = criterion.benchmark_group("join");
        for (what, run) in lines {
            group.bench_function(what, |b| b.iter(|| black_box(run())));
        }
        group.finish();
        criterion.final_summary();
    }
    for (what, run) in lines {
        let mut found = 0;
        let mut times: Vec<f64> = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                found = black_box(run());
                start.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("JOIN {what} {found} {:.1}", times[RUNS / 2]);
    }
}
