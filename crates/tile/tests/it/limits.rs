//! Limits are kept; what is not drawn as itself is summed up, exactly, and keeps its area.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::{Geometry as Shape, Point};
use tile::Limits;
use tile::inspect::{DecodedFeature, DecodedLayer, DecodedValue};

use crate::features::{Features, coord, polygon, rectangle, valid_layer};

fn drawn_area(layer: &DecodedLayer) -> f64 {
    let mut sum = 0_i64;
    for path in layer.features.iter().flat_map(|feature| &feature.paths) {
        for (position, a) in path.iter().enumerate() {
            let b = path[(position + 1) % path.len()];
            sum += i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]);
        }
    }
    sum as f64 / 2.0
}

const CORNER: f64 = 1_400_000.0 * 1024.0;

/// A town of square parcels, `pitch` world units apart, of which 90 % are covered.
fn town(side: u32, pitch: f64) -> Vec<Shape<f64>> {
    let size = pitch * 0.9_f64.sqrt();
    (0..side * side)
        .map(|number| {
            // In squares of 8 × 8 parcels, as a space-filling order would.
            let (block, within) = (number / 64, number % 64);
            let blocks = side / 8;
            let x = (block % blocks) * 8 + within % 8;
            let y = (block / blocks) * 8 + within / 8;
            let (x, y) = (CORNER + f64::from(x) * pitch, CORNER + f64::from(y) * pitch);
            Shape::Polygon(polygon(&[&rectangle(x, y, size, size)]))
        })
        .collect()
}

fn check_area_kept(zoom: u32, limits: &Limits) {
    let (side, pitch) = (160, 3000.0);
    let source = Features::bulk(&town(side, pitch));
    let tile = (1_400_000_u32 * 1024) >> (32 - zoom);
    let rendered = source.draw(coord(zoom, tile, tile), limits);
    let unit = f64::from(1 << (20 - zoom));
    let expected = (f64::from(side) * pitch / unit).powi(2) * 0.9;
    let drawn = drawn_area(&valid_layer(&rendered).unwrap());
    assert!((drawn / expected - 1.0).abs() < 0.02, "z{zoom}: {drawn} of {expected}");
    let stats = &rendered.layers[0];
    let own = (stats.features - stats.cells) as u64;
    assert_eq!(own + stats.summed, u64::from(side * side));
    assert!(stats.features <= limits.features);
    assert!(rendered.bytes.len() as f64 <= limits.bytes as f64 * 2.2);
}

#[test]
fn a_town_keeps_its_area_at_low_zooms() {
    for zoom in [7, 8, 9, 10] {
        check_area_kept(zoom, &Limits::default());
    }
}

#[test]
fn a_town_keeps_its_area_under_limits() {
    check_area_kept(10, &Limits { features: 2_000, ..Limits::default() });
    check_area_kept(10, &Limits { bytes: 30_000, ..Limits::default() });
}

fn value<'a>(feature: &'a DecodedFeature, key: &str) -> Option<&'a DecodedValue> {
    feature.properties.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

fn int(feature: &DecodedFeature, key: &str) -> Option<i64> {
    match value(feature, key)? {
        DecodedValue::Int(value) => Some(*value),
        other => panic!("{key}: {other:?}"),
    }
}

/// What the tiles of a zoom say: number of features, sum of `number`, sum of `area` in halves,
/// and number of features of each name. Features drawn in several tiles count once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    count: i64,
    numbers: i64,
    areas: i64,
    names: BTreeMap<String, i64>,
}

impl Told {
    fn add(&mut self, feature: &DecodedFeature) {
        let real = |key: &str| match value(feature, key) {
            Some(DecodedValue::Double(value)) => (value * 2.0) as i64,
            _ => 0,
        };
        let Some(count) = int(feature, "tuban:count") else {
            self.count += 1;
            self.numbers += int(feature, "number").unwrap_or(0);
            self.areas += real("area");
            if let Some(DecodedValue::Text(name)) = value(feature, "name") {
                *self.names.entry(name.clone()).or_default() += 1;
            }
            return;
        };
        self.count += count;
        self.numbers += int(feature, "tuban:sum:number").unwrap();
        self.areas += real("tuban:sum:area");
        for (key, value) in &feature.properties {
            if let (Some(name), DecodedValue::Int(count)) =
                (key.strip_prefix("tuban:count:name:"), value)
            {
                *self.names.entry(name.to_owned()).or_default() += count;
            }
        }
    }
}

/// Draws every tile of `zoom` that may hold something; answers what they say, and the number of
/// features that stand for others.
fn told(source: &Features, zoom: u32, limits: &Limits) -> (Told, usize) {
    let (mut told, mut cells, mut seen) = (Told::default(), 0, BTreeSet::new());
    let first = (CORNER as u32 >> (32 - zoom)).saturating_sub(1);
    for x in first..first + 4 {
        for y in first..first + 4 {
            let rendered = source.draw(coord(zoom, x, y), limits);
            let Some(layer) = valid_layer(&rendered) else { continue };
            for feature in &layer.features {
                cells += usize::from(int(feature, "tuban:count").is_some());
                if seen.insert(feature.id.unwrap()) {
                    told.add(feature);
                }
            }
            assert!(layer.features.len() <= limits.features);
        }
    }
    (told, cells)
}

/// The sums over all tiles of a zoom are those of the features, whatever the limits.
fn check_sums(shapes: &[Shape<f64>], cases: &[(u32, Limits)]) {
    let source = Features::new(shapes, 400).in_bulk();
    let unlimited = told(&source, 16, &Limits::UNBOUNDED);
    let mut aggregated = 0;
    for (zoom, limits) in cases {
        let (told, cells) = told(&source, *zoom, limits);
        assert_eq!(told.count, shapes.len() as i64, "z{zoom}");
        if unlimited.1 == 0 && unlimited.0.count == told.count {
            assert_eq!(told, unlimited.0, "z{zoom}");
        }
        aggregated += cells;
    }
    assert!(aggregated > 0);
}

fn points(count: u32) -> Vec<Shape<f64>> {
    (0..count)
        .map(|n| {
            let (x, y) = (f64::from(n % 64), f64::from(n / 64));
            Shape::Point(Point::new(CORNER + x * 4000.0, CORNER + y * 4000.0))
        })
        .collect()
}

#[test]
fn sums_are_exact_at_every_zoom() {
    let few = Limits { features: 300, ..Limits::default() };
    let light = Limits { bytes: 8_000, ..Limits::default() };
    let usual = Limits::default();
    for shapes in [town(48, 900.0), points(3000)] {
        check_sums(&shapes, &[(9, usual), (9, few), (11, few), (12, light), (14, light)]);
    }
}

#[test]
fn a_cluster_is_the_same_cell_by_another_tile_of_the_zoom_below() {
    let source = Features::bulk(&points(4096));
    let few = Limits { features: 200, ..Limits::default() };
    let tile = CORNER as u32 >> (32 - 9);
    let rendered = source.draw(coord(9, tile, tile), &few);
    let layer = valid_layer(&rendered).unwrap();
    assert!(
        layer
            .features
            .iter()
            .any(|f| value(f, "tuban:aggregation")
                == Some(&DecodedValue::Text("cluster".to_owned())))
    );
    let again = valid_layer(&source.draw(coord(9, tile, tile), &few)).unwrap();
    assert_eq!(layer, again, "ids and sums are the same each time");
    let aggregation = rendered.aggregation.unwrap();
    assert_eq!(aggregation.own as u64 + aggregation.summed, 4096);
    assert_eq!(aggregation.own + aggregation.cells, layer.features.len());
}

#[test]
fn bytes_are_limited_too() {
    let source = Features::bulk(&points(4096));
    let limits = Limits { bytes: 10_000, ..Limits::default() };
    let tile = CORNER as u32 >> (32 - 9);
    let rendered = source.draw(coord(9, tile, tile), &limits);
    assert!(rendered.bytes.len() <= 22_000, "{}", rendered.bytes.len());
    assert!(rendered.layers[0].features >= 4);
}

#[test]
fn equal_sources_give_equal_bytes() {
    let shapes = town(64, 3000.0);
    let tile = (1_400_000_u32 * 1024) >> 22;
    let draw = || Features::bulk(&shapes).draw(coord(10, tile, tile), &Limits::default());
    let first = draw();
    // Another tile in between leaves its traces in the scratch.
    Features::bulk(&points(999)).draw(coord(3, 1, 1), &Limits::default());
    assert_eq!(draw(), first);
}
