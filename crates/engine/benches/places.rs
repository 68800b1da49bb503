//! Assigns points to towns: all of them once, again when nothing moved, and where one boundary
//! moved, with a writer beside; prints seconds and how long the writer waited.
//!
//! `cargo bench -p engine --bench places [-- POINTS]`, 300,000 when nothing is said, against 350
//! towns of 800 vertices each that share their borders.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::places::Scope;
use engine::{Engine, EngineSettings};
use geo_types::{Geometry as Shape, LineString, MultiPolygon, Point, Polygon};
use ledger::place::{ADMIN_UNITS, COLLECTIONS, assignment_fields};
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Crs, CrsRegistry, Envelope, Feature,
    FeatureId, Field, Geometry, GeometryType, Timestamp, Value, Zooms,
};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

const COLUMNS: i32 = 25;
const ROWS: i32 = 14;
/// Vertices of one side of a town.
const SIDE: i32 = 200;
/// Degrees from one town to the next, and how far borders swing.
const STEP: f64 = 0.05;
const SWING: f64 = 0.004;
const ORIGIN: [f64; 2] = [115.5, 39.5];

fn id(name: &str) -> CollectionId {
    CollectionId::try_from(name).unwrap()
}

fn collection(name: &str, geometry_type: GeometryType, fields: Vec<Field>) -> Collection {
    Collection {
        id: id(name),
        title: name.to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::CGCS2000,
        geometry_type,
        has_z: false,
        has_m: false,
        fields,
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// A place of the net, `part` of `SIDE` along a side; whoever has the side sees the same place.
fn along(from: [i32; 2], to: [i32; 2], part: i32) -> [f64; 2] {
    let share = f64::from(part) / f64::from(SIDE);
    let at = |axis: usize| f64::from(from[axis]) * (1.0 - share) + f64::from(to[axis]) * share;
    let swing = (share * 23.0 * std::f64::consts::PI).sin() * SWING * (share * (1.0 - share) * 4.0);
    let is_upright = from[0] == to[0];
    let x = ORIGIN[0] + at(0) * STEP + if is_upright { swing } else { 0.0 };
    let y = ORIGIN[1] + at(1) * STEP + if is_upright { 0.0 } else { swing };
    [x, y]
}

fn town(column: i32, row: i32, code: &str, fields: &[Field]) -> Feature {
    let corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(|[x, y]| [column + x, row + y]);
    let mut ring = Vec::new();
    for side in 0..4 {
        let (a, b) = (corners[side], corners[(side + 1) % 4]);
        // Each border is made from its lower end on, so that neighbours have the same vertices.
        let forward = a < b;
        for part in 0..SIDE {
            let [x, y] = match forward {
                true => along(a, b, part),
                false => along(b, a, SIDE - part),
            };
            ring.push((x, y));
        }
    }
    ring.push(ring[0]);
    let polygon = Polygon::new(LineString::from(ring), Vec::new());
    let value = |field: &Field| match field.name.as_str() {
        "code" => Value::Text(code.to_owned()),
        "level" => Value::Text("town".to_owned()),
        _ => Value::Null,
    };
    let shape = Shape::MultiPolygon(MultiPolygon(vec![polygon]));
    let properties = fields.iter().map(value).collect();
    Feature { id: None, geometry: Some(Geometry::from(shape)), properties }
}

fn point(number: u64, fields: usize) -> Feature {
    let share = |prime: u64| (number.wrapping_mul(prime) % 1_000_003) as f64 / 1_000_003.0;
    let x = ORIGIN[0] + share(7_919) * STEP * f64::from(COLUMNS);
    let y = ORIGIN[1] + share(104_729) * STEP * f64::from(ROWS);
    let geometry = Geometry::from(Shape::Point(Point::new(x, y)));
    Feature { id: None, geometry: Some(geometry), properties: vec![Value::Null; fields] }
}

async fn load(store: &dyn FeatureStore, collection: Collection, features: Vec<Feature>) {
    let (sender, source) = mpsc::channel(4);
    let load = Load {
        collection,
        mode: LoadMode::Create,
        actor: "bench".to_owned(),
        reason: "bench".to_owned(),
        recorded_at: Timestamp(1_000),
    };
    let feed = async {
        for chunk in features.chunks(2048) {
            sender.send(LoadItem::Features(chunk.to_vec())).await.unwrap();
        }
        sender.send(LoadItem::Finish).await.unwrap();
    };
    let (loaded, ()) = tokio::join!(store.load(load, source), feed);
    loaded.unwrap();
}

async fn replace(engine: &Engine, name: &str, changes: Vec<(FeatureId, Feature)>) {
    let change = |(feature, with)| Change {
        collection: id(name),
        op: ChangeOp::Replace(feature, with),
        unchanged_since: None,
    };
    let set = ChangeSet {
        expect: None,
        actor: "bench".to_owned(),
        reason: "bench".to_owned(),
        recorded_at: Timestamp(1_000),
        changes: changes.into_iter().map(change).collect(),
    };
    engine.apply(set).await.unwrap();
}

/// Writes one town's unassigned note again and again; how long each commit took.
async fn write_beside(engine: Engine, ends: Arc<AtomicBool>) -> Vec<Duration> {
    let mut took = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        let feature = FeatureId::try_from(1).unwrap();
        let held = engine.snapshot().collections[&id("notes")].get(feature).unwrap().to_feature();
        let start = Instant::now();
        replace(&engine, "notes", vec![(feature, held)]).await;
        took.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    took.sort_unstable();
    took
}

async fn swept(engine: &Engine, what: &str, scope: Scope) {
    let ends = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write_beside(engine.clone(), Arc::clone(&ends)));
    let start = Instant::now();
    let swept = engine.sweep_places(&scope, what).await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    ends.store(true, Ordering::Relaxed);
    let took = writer.await.unwrap();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "{what}: {seconds:.2} s, {} looked at, {} changed; a writer beside took {:.1} ms (median), \
         {:.1} ms (99 %) over {} commits",
        swept.looked_at,
        swept.changed,
        at(50),
        at(99),
        took.len()
    );
}

async fn run(points: u64) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(GeoPackageStore::open_or_create(&folder.path().join("b.gpkg")).unwrap());
    let units = COLLECTIONS.into_iter().find(|one| one.id == ADMIN_UNITS).unwrap();
    let units = collection(ADMIN_UNITS, units.geometry_type, units.fields());
    let cells = (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row)));
    let towns = cells.map(|(x, y)| town(x, y, &format!("t{:03}", y * COLUMNS + x), &units.fields));
    let towns: Vec<Feature> = towns.collect();
    let fields = assignment_fields();
    let width = fields.len();
    load(&*store, units.clone(), towns).await;
    let all = (0..points).map(|number| point(number, width)).collect();
    load(&*store, collection("points", GeometryType::Point, fields), all).await;
    let note = assignment_fields().into_iter().take(1).collect();
    load(&*store, collection("notes", GeometryType::Point, note), vec![point(1, 1)]).await;
    let registry = Arc::new(CrsRegistry::default());
    let engine = Engine::open(store, registry, EngineSettings::default()).await.unwrap();
    swept(&engine, "all, the first time", Scope::all()).await;
    swept(&engine, "all, nothing moved", Scope::all()).await;
    // One town in the middle takes its eastern neighbour's place, and the other way round.
    let [west, east] = [187, 188].map(|number| FeatureId::try_from(number).unwrap());
    let held = |feature| {
        engine.snapshot().collections[&id(ADMIN_UNITS)].get(feature).unwrap().to_feature()
    };
    let (mut a, mut b) = (held(west), held(east));
    std::mem::swap(&mut a.geometry, &mut b.geometry);
    let reach = [&a, &b].map(|one| one.geometry.as_ref().unwrap().envelope());
    replace(&engine, ADMIN_UNITS, vec![(west, a), (east, b)]).await;
    let boundaries = reach.map(|envelope| (Crs::CGCS2000, envelope)).to_vec();
    swept(&engine, "two towns changed places", Scope { boundaries, ..Scope::default() }).await;
}

fn main() {
    let points = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(points.unwrap_or(300_000)));
}
