//! Limits are kept, the same features survive everywhere, and small polygons keep their area.

use std::collections::BTreeSet;

use geo_types::{Geometry as Shape, Point};
use tile::inspect::DecodedLayer;
use tile::{Limits, Sampled};

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

/// A town of square parcels, `pitch` world units apart, of which 90 % are covered.
fn town(side: u32, pitch: f64) -> Vec<Shape<f64>> {
    let corner = 1_400_000.0 * 1024.0;
    let size = pitch * 0.9_f64.sqrt();
    (0..side * side)
        .map(|number| {
            // In squares of 8 × 8 parcels, as a space-filling order would.
            let (block, within) = (number / 64, number % 64);
            let blocks = side / 8;
            let x = (block % blocks) * 8 + within % 8;
            let y = (block / blocks) * 8 + within / 8;
            let (x, y) = (corner + f64::from(x) * pitch, corner + f64::from(y) * pitch);
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
    assert_eq!(stats.features + stats.dropped.merged, (side * side) as usize);
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

fn points(count: u32) -> Vec<Shape<f64>> {
    (0..count)
        .map(|n| {
            let (x, y) = (f64::from(n % 64), f64::from(n / 64));
            Shape::Point(Point::new(1e9 + x * 4000.0, 1e9 + y * 4000.0))
        })
        .collect()
}

fn kept_ids(source: &Features, zoom: u32, features: usize) -> (BTreeSet<u64>, Option<Sampled>) {
    let tile = 1_000_000_000_u32 >> (32 - zoom);
    let limits = Limits { features, ..Limits::default() };
    let rendered = source.draw(coord(zoom, tile, tile), &limits);
    let layer = valid_layer(&rendered).unwrap();
    (layer.features.iter().filter_map(|feature| feature.id).collect(), rendered.sampled)
}

#[test]
fn a_sample_is_said_and_lower_limits_keep_a_part_of_it() {
    let source = Features::bulk(&points(4096));
    let (all, sampled) = kept_ids(&source, 9, 5000);
    assert_eq!((all.len(), sampled), (4096, None));
    let (many, sampled) = kept_ids(&source, 9, 1000);
    assert_eq!(sampled, Some(Sampled { kept: 1000, of: 4096 }));
    let (few, _) = kept_ids(&source, 9, 100);
    assert_eq!((many.len(), few.len()), (1000, 100));
    assert!(few.is_subset(&many));
    let (elsewhere, _) = kept_ids(&source, 5, 1000);
    assert_eq!(elsewhere, many);
}

#[test]
fn bytes_are_limited_too() {
    let source = Features::bulk(&points(4096));
    let limits = Limits { bytes: 10_000, ..Limits::default() };
    let rendered = source.draw(coord(9, 119, 119), &limits);
    assert!(rendered.bytes.len() <= 22_000);
    assert!(rendered.sampled.unwrap().kept > 300);
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
