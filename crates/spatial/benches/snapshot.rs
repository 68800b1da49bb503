//! Building and searching the snapshot of a million parcels of nine vertices, five attributes.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use rayon::prelude::*;
use spatial::world::from_mercator;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Crs, Edit, Envelope, Feature, FeatureId, Field,
    FieldClass, FieldType, GeometryType, Revision, Stage, Value, WorldBox, WorldPoint, Zooms,
};

const PARCELS: i64 = 1_000_000;
/// Metres along one side of a parcel's square: a million are 625 km².
const SIDE: f64 = 25.0;
/// Chunks of a store's scan.
const CHUNK: usize = 4096;
const ORIGIN: [f64; 2] = [12_950_000.0, 4_830_000.0];

fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
    world.extend(coords.iter().map(|coord| from_mercator(*coord)));
}

fn collection() -> Collection {
    let field = |(name, field_type): (&str, FieldType)| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    let fields = [
        ("ZDDM", FieldType::Text),
        ("BDCDYH", FieldType::Text),
        ("ZDMJ", FieldType::Real),
        ("CUN", FieldType::Text),
        ("TDYT", FieldType::Text),
    ];
    Collection {
        id: CollectionId::try_from("parcels").expect("a good id"),
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::WEB_MERCATOR,
        geometry_type: GeometryType::Polygon,
        has_z: false,
        has_m: false,
        fields: fields.into_iter().map(field).collect(),
        key: None,
        zooms: Zooms { min: 8, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

fn parcel(number: i64) -> Feature {
    let (column, row) = ((number % 1000) as f64, (number / 1000) as f64);
    let [x, y] = [ORIGIN[0] + column * SIDE, ORIGIN[1] + row * SIDE];
    let edge = SIDE - (number % 7) as f64 / 10.0;
    let ring = [
        [0.0, 0.0],
        [0.5, 0.1],
        [1.0, 0.0],
        [0.9, 0.5],
        [1.0, 1.0],
        [0.5, 0.9],
        [0.0, 1.0],
        [0.1, 0.5],
        [0.0, 0.0],
    ];
    let ring = ring.map(|[dx, dy]| Coord { x: x + dx * edge, y: y + dy * edge });
    let polygon = Polygon::new(LineString(ring.to_vec()), Vec::new());
    let area = ((number * 7919) % 100_000) as f64 / 100.0;
    Feature {
        id: FeatureId::try_from(number + 1).ok(),
        geometry: Some(Shape::Polygon(polygon).into()),
        properties: vec![
            Value::Text(format!("110115001001JC{:05}", number % 100_000)),
            Value::Text(format!("110115001001JC{:05}F{:08}", number % 100_000, number)),
            Value::Real(area),
            Value::Text(format!("第{}村", number / 4000)),
            Value::Text(if number % 9 == 0 { "072" } else { "071" }.to_owned()),
        ],
    }
}

fn chunks() -> Vec<Vec<Feature>> {
    let ids: Vec<i64> = (0..PARCELS).collect();
    ids.par_chunks(CHUNK).map(|ids| ids.iter().map(|id| parcel(*id)).collect()).collect()
}

fn build(chunks: Vec<Vec<Feature>>) -> CollectionSnapshot {
    let collection = collection();
    let stages = chunks
        .into_par_iter()
        .map(|features| Stage::new(&collection, &features, &to_world))
        .collect();
    CollectionSnapshot::build(collection, Revision(1), stages)
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("snapshot");
    group.sample_size(10);
    group.bench_function("build 1 M parcels", |b| {
        b.iter_batched(chunks, |chunks| build(black_box(chunks)), BatchSize::PerIteration);
    });
    let snapshot = build(chunks());
    let corner = from_mercator([ORIGIN[0] + 9000.0, ORIGIN[1] + 9000.0]);
    for zoom in [10, 12, 14, 16] {
        let side = 1_u32 << (32 - zoom);
        let area = WorldBox {
            min: [corner[0], corner[1] - side / 2],
            max: [corner[0] + side, corner[1] + side / 2],
        };
        let mut found = 0;
        snapshot.search_world(&area, &mut |_, slots| found += slots.len());
        group.bench_function(format!("search z{zoom} ({found} parcels)"), |b| {
            b.iter(|| {
                let mut found = 0;
                snapshot.search_world(black_box(&area), &mut |_, slots| found += slots.len());
                found
            });
        });
    }
    let id = FeatureId::try_from(777_777).expect("a good id");
    group.bench_function("get", |b| b.iter(|| snapshot.get(black_box(id)).is_some()));
    let edits: Vec<_> = (0..2000).map(|n| parcel(n * 499)).collect();
    let edits: Vec<_> = edits
        .iter()
        .filter_map(|feature| Some(Edit { id: feature.id?, feature: Some(feature) }))
        .collect();
    group.bench_function("apply 1 edit", |b| {
        b.iter(|| snapshot.apply(Revision(2), &edits[77..78], &to_world));
    });
    group.bench_function("apply 100 edits", |b| {
        b.iter(|| snapshot.apply(Revision(2), &edits[..100], &to_world));
    });
    let edited = snapshot.apply(Revision(2), &edits, &to_world);
    group.bench_function("apply 1 edit over a delta of 2000", |b| {
        b.iter(|| edited.apply(Revision(3), &edits[77..78], &to_world));
    });
    group.bench_function("fold 2000 edits over all shards", |b| b.iter(|| edited.fold()));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
