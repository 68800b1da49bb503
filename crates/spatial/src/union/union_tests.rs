//! Tests of the union of many polygons.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo_types::{Coord, polygon};

use super::*;
use crate::overlay::{OverlayOp, overlay};
use crate::{Costs, FeatureId, Geometry, Shard, ShardBuilder, measure, validity};

fn shard(shapes: &[Shape<f64>]) -> Shard {
    let mut builder = ShardBuilder::new(&[], shapes.len());
    for (number, shape) in shapes.iter().enumerate() {
        builder.push(
            FeatureId::try_from(number as i64 + 1).unwrap(),
            Some(&Geometry::from(shape.clone())),
            &|coords, world| world.extend(coords.iter().map(|_| [0; 2])),
            [],
        );
    }
    builder.finish()
}

fn features(shard: &Shard) -> Vec<FeatureRef<'_>> {
    (0..shard.len()).map(|slot| shard.feature(slot)).collect()
}

/// A quadrilateral about the middle of a cell of a net, its corners shared with its neighbours.
fn cell(column: i64, row: i64, origin: [f64; 2]) -> Shape<f64> {
    let corner = |column: i64, row: i64| {
        let jitter = |seed: i64| (seed * 7919 % 97) as f64 / 97.0 * 6.0;
        Coord {
            x: origin[0] + column as f64 * 20.0 + jitter(column * 31 + row),
            y: origin[1] + row as f64 * 20.0 + jitter(row * 17 + column),
        }
    };
    let ring = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)];
    let ring = ring.map(|(dx, dy)| corner(column + dx, row + dy));
    Shape::Polygon(geo_types::Polygon::new(ring.to_vec().into(), vec![]))
}

#[test]
fn neighbours_unite_to_the_sum_of_their_areas() {
    for origin in [[0.0, 0.0], [39_447_312.337, 4_419_003.719]] {
        let cells: Vec<_> = (0..60 * 60).map(|n| cell(n % 60, n / 60, origin)).collect();
        let shard = shard(&cells);
        let sum: f64 = features(&shard).iter().map(|feature| feature.area()).sum();
        let area = union_area(&features(&shard), &Budget::unbounded()).unwrap();
        assert!((area - sum).abs() < 1e-9 * sum, "{area} {sum}");
        let whole = union(&features(&shard), &Budget::unbounded()).unwrap();
        assert!(matches!(whole.geometry.shape, Shape::Polygon(_)));
        assert_eq!(validity::check(&whole.geometry), []);
        assert_eq!(whole.area, area);
        assert!((measure::area(&whole.geometry) - sum).abs() < 1e-9 * sum);
    }
}

#[test]
fn the_order_of_features_does_not_matter() {
    let mut cells: Vec<_> = (0..900).map(|n| cell(n % 30, n / 30, [0.3, 0.7])).collect();
    cells.retain(|cell| !matches!(cell, Shape::Polygon(p) if p.exterior().0[0].x as i64 % 3 == 0));
    let forth = union_of_shapes(&cells, &Budget::unbounded()).unwrap();
    cells.reverse();
    let back = union_of_shapes(&cells, &Budget::unbounded()).unwrap();
    assert_eq!(forth.area, back.area);
    assert_eq!(measure::area(&forth.geometry), measure::area(&back.geometry));
}

#[test]
fn overlaps_count_once_as_pair_by_pair() {
    let square = |x: f64, y: f64| -> Shape<f64> {
        polygon![(x: x, y: y), (x: x + 3., y: y), (x: x + 3., y: y + 3.), (x: x, y: y + 3.)].into()
    };
    let squares: Vec<_> = (0..40)
        .map(|n| square(f64::from(n * 13 % 17) * 1.25, f64::from(n * 7 % 19) * 0.75))
        .collect();
    let mut one_by_one = squares[0].clone();
    for square in &squares[1..] {
        one_by_one = overlay(OverlayOp::Union, &one_by_one, square).unwrap().geometry.shape;
    }
    let united = union_of_shapes(&squares, &Budget::unbounded()).unwrap();
    assert!((united.area - measure::area(&one_by_one.into())).abs() < 1e-12);
    // The same square a thousand times is that square.
    let pile = vec![square(1.0, 2.0); 1000];
    let pile = union_of_shapes(&pile, &Budget::unbounded()).unwrap();
    assert_eq!((pile.geometry, pile.area), (square(1.0, 2.0).into(), 9.0));
}

#[test]
fn of_nothing_nothing_is_left_and_the_budget_holds() {
    assert_eq!(union_area(&[], &Budget::unbounded()), Ok(0.0));
    let shard = shard(&[geo_types::point!(x: 1.0, y: 2.0).into()]);
    assert_eq!(union_area(&features(&shard), &Budget::unbounded()), Ok(0.0));
    let cells: Vec<_> = (0..900).map(|n| cell(n % 30, n / 30, [0.0, 0.0])).collect();
    let costs = Costs { candidates: 500, vertices: u64::MAX };
    let fault = union_of_shapes(&cells, &Budget::new(costs, &|| false)).unwrap_err();
    assert_eq!(fault, OverBudget::Candidates { limit: 500 }.into());
}
