//! Loads, scans and edits parcels of eight vertices and five attributes; prints rows a second.
//!
//! `cargo bench -p store --bench bulk [-- COUNT [FILE]]`; the file stays when it is named, so that
//! `ogr2ogr -f GPKG` can be timed over the same rows.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may stop")]

use std::path::PathBuf;
use std::time::Instant;

use geo_types::{Geometry as Shape, LineString, MultiPolygon, Polygon};
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Crs, Envelope, Feature, FeatureId,
    Field, FieldClass, FieldType, GeometryType, Timestamp, Value, Zooms,
};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

const CHUNK: usize = 2048;
const EDITS: usize = 20_000;
const EDITS_A_COMMIT: usize = 10;

fn collection() -> Collection {
    let fields = [
        ("ZDDM", FieldType::Text),
        ("QLXZ", FieldType::Text),
        ("ZDMJ", FieldType::Real),
        ("HS", FieldType::Int),
        ("DJRQ", FieldType::Date),
    ];
    let field = |(name, field_type): (&str, FieldType)| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    Collection {
        id: CollectionId::try_from("parcels").unwrap(),
        title: "宗地".to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::Epsg(4548),
        geometry_type: GeometryType::MultiPolygon,
        has_z: false,
        has_m: false,
        fields: fields.map(field).to_vec(),
        key: Some("ZDDM".to_owned()),
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// Parcels on a square grid of 25 m, in an order that jumps about.
fn parcel(number: u64, count: u64) -> Feature {
    let side = (count as f64).sqrt().ceil() as u64;
    let place = number.wrapping_mul(7919) % count;
    let (x, y) = (place % side * 25, place / side * 25);
    let ring = [(0, 0), (12, 1), (24, 0), (25, 12), (24, 24), (12, 25), (0, 24), (1, 12), (0, 0)];
    let ring: LineString<f64> = ring
        .iter()
        .map(|(dx, dy)| (500_000.0 + (x + dx) as f64 * 1.001, 4_400_000.0 + (y + dy) as f64))
        .collect();
    let polygon = MultiPolygon(vec![Polygon::new(ring, Vec::new())]);
    Feature {
        id: None,
        geometry: Some(Shape::MultiPolygon(polygon).into()),
        properties: vec![
            Value::Text(format!("110115{number:013}")),
            Value::Text("宅基地使用权".to_owned()),
            Value::Real(200.0 + (number % 1000) as f64 / 7.0),
            Value::Int((number % 9) as i64),
            Value::Text("2026-11-22".to_owned()),
        ],
    }
}

/// User and system time of this process: what counts on a machine that others use too.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let count = arguments.next().map_or(1_000_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = arguments.next().map_or(folder.path().join("bulk.gpkg"), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let rate = |what: &str, (begin, cpu): (Instant, f64)| {
        let seconds = begin.elapsed().as_secs_f64();
        let rows = count as f64 / seconds;
        println!("{what}: {seconds:.2} s, {rows:.0} rows/s, {:.2} s of CPU", cpu_seconds() - cpu);
    };
    let now = || (Instant::now(), cpu_seconds());
    runtime.block_on(async {
        let store = GeoPackageStore::create(&path).unwrap();
        let features: Vec<Feature> = (0..count).map(|number| parcel(number, count)).collect();
        let begin = now();
        let (sender, source) = mpsc::channel(4);
        let load = Load {
            collection: collection(),
            mode: LoadMode::Create,
            actor: "local".to_owned(),
            reason: "bench".to_owned(),
            recorded_at: Timestamp(0),
        };
        let send = tokio::spawn(async move {
            let mut features = features.into_iter();
            loop {
                let part: Vec<_> = features.by_ref().take(CHUNK).collect();
                if part.is_empty() {
                    break;
                }
                sender.send(LoadItem::Features(part)).await.unwrap();
            }
            sender.send(LoadItem::Finish).await.unwrap();
        });
        store.load(load, source).await.unwrap();
        send.await.unwrap();
        rate("load, durable, with R-tree and key", begin);
        let begin = now();
        drop(store);
        rate("close", begin);

        let begin = now();
        let store = GeoPackageStore::open(&path).unwrap();
        for _ in 0..2 {
            let begin = now();
            let (sender, mut chunks) = mpsc::channel::<Vec<Feature>>(8);
            let id = collection().id;
            let listen = async move {
                let mut seen = 0;
                while let Some(chunk) = chunks.recv().await {
                    seen += chunk.len();
                }
                seen
            };
            let (done, seen) = tokio::join!(store.scan(&id, CHUNK, sender), listen);
            done.unwrap();
            assert_eq!(seen as u64, count);
            rate("scan", begin);
        }
        rate("open and scan twice", begin);
        for _ in 0..2 {
            let begin = now();
            for first in (0..EDITS).step_by(EDITS_A_COMMIT) {
                let changes = (first..first + EDITS_A_COMMIT).map(|n| Change {
                    collection: collection().id,
                    op: edit(n as u64, count),
                    unchanged_since: None,
                });
                let set = ChangeSet {
                    expect: None,
                    actor: "local".to_owned(),
                    reason: "bench".to_owned(),
                    recorded_at: Timestamp(1),
                    changes: changes.collect(),
                };
                store.commit(set).await.unwrap();
            }
            let (seconds, cpu) = (begin.0.elapsed().as_secs_f64(), cpu_seconds() - begin.1);
            println!("{EDITS} edits, {EDITS_A_COMMIT} a commit: {seconds:.2} s, {cpu:.2} s of CPU");
        }
    });
}

/// Two of three edits replace a parcel, one adds one.
fn edit(number: u64, count: u64) -> ChangeOp {
    match number % 3 {
        0 => {
            let mut new = parcel(number, count);
            new.properties[0] = Value::Null;
            ChangeOp::Insert(new)
        }
        _ => {
            let place = number % count;
            let id = FeatureId::try_from(place as i64 + 1).unwrap();
            ChangeOp::Replace(id, parcel(place, count))
        }
    }
}
