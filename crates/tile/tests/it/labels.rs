//! One label a feature over all tiles of a zoom, in the tile that holds it.

use std::collections::BTreeMap;

use geo_types::{Geometry as Shape, MultiPolygon, Point};
use proptest::prelude::*;
use spatial::WorldPoint;
use tile::inspect::{DecodedKind, DecodedLayer, DecodedValue, decode};
use tile::labels::{MAX_LABELS, MIN_RADIUS, RADIUS};
use tile::{LayerInput, TileCoord, labels};

use crate::features::{COLUMNS, Features, coord, polygon, rectangle};

/// World units of a tile of zoom 14.
const TILE: f64 = 262_144.0;
/// Column and row of a tile, and where it begins.
const AT: u32 = 6000;
const CORNER: f64 = AT as f64 * TILE;

fn layer_in(features: &Features, coord: TileCoord) -> Option<DecodedLayer> {
    let layer = LayerInput {
        name: "plots:labels",
        source: features,
        columns: &COLUMNS[..4],
        commands: None,
    };
    let mut layers = decode(&labels(&layer, coord)).unwrap();
    assert!(layers.len() <= 1);
    layers.pop()
}

/// Where each feature is named at zoom 14 in the tiles around the corner: world units, in whole
/// tile units.
fn named(features: &Features, reach: u32) -> BTreeMap<u64, Vec<WorldPoint>> {
    let mut named: BTreeMap<u64, Vec<WorldPoint>> = BTreeMap::new();
    for x in AT - reach..=AT + reach {
        for y in AT - reach..=AT + reach {
            for feature in layer_in(features, coord(14, x, y)).into_iter().flat_map(|l| l.features)
            {
                assert_eq!(feature.kind, DecodedKind::Points);
                let [at] = feature.paths[0][..] else { panic!("{feature:?}") };
                assert!(at.iter().all(|v| (0..4096).contains(v)), "{feature:?}");
                let world = |tile: u32, v: i32| (tile * 4096 + v as u32) * 64;
                let point = [world(x, at[0]), world(y, at[1])];
                named.entry(feature.id.unwrap()).or_default().push(point);
            }
        }
    }
    named
}

#[test]
fn a_label_on_a_border_is_in_the_tile_that_begins_there() {
    // Their middles: on a western border, on a northern border, on a corner.
    let square = |x: f64, y: f64| {
        Shape::Polygon(polygon(&[&rectangle(x - 20_000.0, y - 20_000.0, 40_000.0, 40_000.0)]))
    };
    let half = TILE / 2.0;
    let shapes =
        [square(CORNER, CORNER + half), square(CORNER + half, CORNER), square(CORNER, CORNER)];
    let features = Features::new(&shapes, 16);
    let all = layer_in(&features, coord(14, AT, AT)).unwrap();
    let places: BTreeMap<u64, [i32; 2]> =
        all.features.iter().map(|f| (f.id.unwrap(), f.paths[0][0])).collect();
    assert_eq!(places, BTreeMap::from([(1, [0, 2048]), (2, [2048, 0]), (3, [0, 0])]));
    for (x, y) in [(AT - 1, AT), (AT, AT - 1), (AT - 1, AT - 1)] {
        assert_eq!(layer_in(&features, coord(14, x, y)), None);
    }
}

#[test]
fn a_label_has_the_attributes_of_its_feature_and_the_radius_of_its_circle() {
    let far = Shape::Polygon(polygon(&[&rectangle(CORNER, CORNER, 64_000.0, 128_000.0)]));
    let layer = layer_in(&Features::new(&[far], 16), coord(14, AT, AT)).unwrap();
    assert_eq!((layer.name.as_str(), layer.extent), ("plots:labels", 4096));
    let properties: BTreeMap<_, _> = layer.features[0].properties.iter().cloned().collect();
    assert_eq!(properties["name"], DecodedValue::Text("地块0".to_owned()));
    assert_eq!(properties["number"], DecodedValue::Int(-3));
    assert_eq!(properties["open"], DecodedValue::Bool(false));
    assert_eq!(properties[RADIUS], DecodedValue::Int(500));
}

#[test]
fn the_largest_part_is_named_and_nothing_but_polygons() {
    let small = polygon(&[&rectangle(CORNER, CORNER, 20_000.0, 20_000.0)]);
    let large = polygon(&[&rectangle(CORNER + 100_000.0, CORNER, 60_000.0, 60_000.0)]);
    let shapes = [
        Shape::MultiPolygon(MultiPolygon(vec![small, large])),
        Shape::Point(Point::new(CORNER + 5.0, CORNER + 5.0)),
    ];
    let named = named(&Features::new(&shapes, 16), 0);
    assert_eq!(named.keys().copied().collect::<Vec<_>>(), [1]);
    assert_eq!(named[&1], [[CORNER as u32 + 129_984, CORNER as u32 + 29_952]]);
}

#[test]
fn what_is_too_small_at_a_zoom_is_named_one_zoom_deeper() {
    let side = f64::from(2 * MIN_RADIUS - 2) * 64.0;
    let features =
        Features::new(&[Shape::Polygon(polygon(&[&rectangle(CORNER, CORNER, side, side)]))], 16);
    assert_eq!(layer_in(&features, coord(14, AT, AT)), None);
    assert_eq!(layer_in(&features, coord(15, 2 * AT, 2 * AT)).unwrap().features.len(), 1);
}

#[test]
fn of_areas_upon_one_another_the_largest_are_named() {
    let shapes: Vec<_> = (0..MAX_LABELS as u32 + 100)
        .map(|n| {
            let side = 20_000.0 + 20.0 * f64::from(n);
            Shape::Polygon(polygon(&[&rectangle(CORNER, CORNER, side, side)]))
        })
        .collect();
    let layer = layer_in(&Features::new(&shapes, 512), coord(14, AT, AT)).unwrap();
    let ids: Vec<u64> = layer.features.iter().map(|feature| feature.id.unwrap()).collect();
    let largest: Vec<u64> = (101..=shapes.len() as u64).rev().collect();
    assert_eq!(ids, largest);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_feature_is_named_once_over_all_tiles(
        boxes in prop::collection::vec((-40_i32..40, -40_i32..40, 6_u32..60, 6_u32..60), 1..30),
    ) {
        // In steps of a thirty-second of a tile, so that many middles lie on borders.
        let step = TILE / 32.0;
        let shapes: Vec<_> = boxes
            .iter()
            .map(|(x, y, width, height)| {
                let [x, y] = [x, y].map(|v| CORNER + f64::from(*v) * step);
                let [width, height] = [width, height].map(|v| f64::from(*v) * step);
                Shape::Polygon(polygon(&[&rectangle(x, y, width, height)]))
            })
            .collect();
        let named = named(&Features::new(&shapes, 7), 4);
        prop_assert_eq!(named.len(), shapes.len());
        for (id, points) in named {
            let (x, y, width, height) = boxes[id as usize - 1];
            prop_assert_eq!(points.len(), 1, "feature {}", id);
            let inside = |k: usize, from: i32, size: u32| {
                let low = CORNER + f64::from(from) * step;
                (low..=low + f64::from(size) * step).contains(&f64::from(points[0][k]))
            };
            prop_assert!(inside(0, x, width) && inside(1, y, height), "{points:?}");
        }
    }
}
