//! Reading and writing 100,000 parcels of nine vertices and five attributes in each format.
#![allow(clippy::unwrap_used, reason = "a bench that cannot set up its data has no result")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use formats::{DeclaredCrs, LayerReader, LayerSchema, OutputFormat, ReadOptions, create, open};
use geo_types::{Coord, LineString, Polygon};
use spatial::{Feature, Field, FieldClass, FieldType, Geometry, GeometryType, Value};

const PARCELS: u64 = 100_000;

const FORMATS: [(&str, OutputFormat, &str); 5] = [
    ("flatgeobuf", OutputFormat::FlatGeobuf, "fgb"),
    ("geojson", OutputFormat::GeoJson, "geojson"),
    ("geojsonseq", OutputFormat::GeoJsonSeq, "geojsonl"),
    ("geopackage", OutputFormat::GeoPackage, "gpkg"),
    ("csv", OutputFormat::Csv, "csv"),
];

fn schema() -> LayerSchema {
    let fields = [
        ("ZDDM", FieldType::Text),
        ("ZDMJ", FieldType::Real),
        ("floors", FieldType::Int),
        ("use", FieldType::Text),
        ("surveyed", FieldType::Date),
    ];
    LayerSchema {
        name: "parcels".to_owned(),
        crs: DeclaredCrs::Epsg(4326),
        geometry_type: GeometryType::Polygon,
        has_z: false,
        has_m: false,
        fields: fields
            .map(|(name, field_type)| Field {
                name: name.to_owned(),
                alias: None,
                field_type,
                class: FieldClass::L1,
            })
            .to_vec(),
        place_columns: Vec::new(),
        count: None,
        notes: Vec::new(),
    }
}

fn parcels() -> Vec<Feature> {
    (0..PARCELS)
        .map(|n| {
            let (x, y) = (116.0 + (n % 400) as f64 * 3e-4, 39.0 + (n / 400) as f64 * 3e-4);
            let corners: [(f64, f64); 9] = [
                (0.0, 0.0),
                (1.03e-4, 2e-6),
                (2.07e-4, -1e-6),
                (2.09e-4, 1.01e-4),
                (2.11e-4, 2.03e-4),
                (1.02e-4, 2.08e-4),
                (3e-6, 2.05e-4),
                (-2e-6, 1.04e-4),
                (0.0, 0.0),
            ];
            let ring = corners.iter().map(|(dx, dy)| Coord { x: x + dx, y: y + dy }).collect();
            let polygon = Polygon::new(LineString(ring), Vec::new());
            Feature {
                id: None,
                geometry: Some(Geometry::from(geo_types::Geometry::Polygon(polygon))),
                properties: vec![
                    Value::Text(format!("110115001001GB{n:05}")),
                    Value::Real(180.5 + (n % 97) as f64 / 4.0),
                    Value::Int((n % 6) as i64),
                    Value::Text("农村宅基地".to_owned()),
                    Value::Text("2026-11-22".to_owned()),
                ],
            }
        })
        .collect()
}

fn write_all(path: &Path, format: OutputFormat, features: &[Feature]) {
    let mut writer = create(path, format, &schema()).unwrap();
    for feature in features {
        writer.write(feature).unwrap();
    }
    writer.finish().unwrap();
}

fn read_all(path: &Path) -> usize {
    let mut count = 0;
    let mut layers: Vec<Box<dyn LayerReader>> = open(path, &ReadOptions::default()).unwrap();
    for layer in &mut layers {
        loop {
            let rows = layer.next_rows(1024).unwrap();
            if rows.is_empty() {
                break;
            }
            count += rows.iter().filter(|row| row.feature.is_ok()).count();
            black_box(rows);
        }
    }
    count
}

fn formats(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let features = parcels();
    for (name, format, extension) in FORMATS {
        let path = folder.path().join("parcels").with_extension(extension);
        write_all(&path, format, &features);
        assert_eq!(read_all(&path) as u64, PARCELS, "{name}");
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Elements(PARCELS));
        group.bench_function("write", |bench| bench.iter(|| write_all(&path, format, &features)));
        group.bench_function("read", |bench| bench.iter(|| read_all(&path)));
        group.finish();
    }
}

criterion_group!(benches, formats);
criterion_main!(benches);
