//! Label points against shapes whose pole is known, and against a plain grid of points.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{LabelPoint, Polygon, pole};
use crate::WorldPoint;

const FAR: u32 = 3_000_000_000;

fn ring(points: &[[u32; 2]]) -> Vec<WorldPoint> {
    let mut ring: Vec<WorldPoint> = points.iter().map(|p| p.map(|v| v + FAR)).collect();
    ring.push(ring[0]);
    ring
}

fn found(rings: &[Vec<WorldPoint>]) -> LabelPoint {
    let rings: Vec<&[WorldPoint]> = rings.iter().map(Vec::as_slice).collect();
    let point = pole(&rings).unwrap();
    let polygon = Polygon::of(&rings).unwrap();
    let at = [0, 1].map(|k| f64::from(point.world[k]) - f64::from(polygon.origin[k]));
    let real = polygon.distance(at);
    assert!(real > 0.0, "{point:?} is outside");
    // Rounding to the grid, and to 24 bits.
    let off = 0.71 + real * 1e-7;
    assert!((real - f64::from(point.radius)).abs() <= off, "{real} is not {}", point.radius);
    point
}

/// The farthest that a point of a grid of `steps` × `steps` lies inside.
fn by_grid(rings: &[Vec<WorldPoint>], steps: u32) -> f64 {
    let rings: Vec<&[WorldPoint]> = rings.iter().map(Vec::as_slice).collect();
    let polygon = Polygon::of(&rings).unwrap();
    let at = |k: usize, step: u32| polygon.size[k] * f64::from(step) / f64::from(steps);
    (0..=steps)
        .flat_map(|x| (0..=steps).map(move |y| [x, y]))
        .map(|[x, y]| polygon.distance([at(0, x), at(1, y)]))
        .fold(0.0, f64::max)
}

#[test]
fn a_square_is_named_in_its_middle() {
    let point = found(&[ring(&[[0, 0], [1000, 0], [1000, 1000], [0, 1000]])]);
    assert_eq!(point, LabelPoint { world: [FAR + 500, FAR + 500], radius: 500.0 });
}

#[test]
fn a_c_is_named_in_its_back_and_not_in_its_mouth() {
    let c =
        [[0, 0], [900, 0], [900, 200], [400, 200], [400, 700], [900, 700], [900, 900], [0, 900]];
    let point = found(&[ring(&c)]);
    assert!(point.world[0] < FAR + 400, "{point:?}");
    assert!(point.radius >= 0.99 * 200.0, "{point:?}");
}

#[test]
fn a_hole_is_kept_away_from() {
    let outer = ring(&[[0, 0], [1000, 0], [1000, 1000], [0, 1000]]);
    let hole = ring(&[[100, 100], [100, 700], [700, 700], [700, 100]]);
    let point = found(&[outer, hole]);
    // The circle between the hole's corner and the two far sides: r = (300 - r) * sqrt(2).
    let radius = 300.0 * std::f64::consts::SQRT_2 / (1.0 + std::f64::consts::SQRT_2);
    assert!((f64::from(point.radius) / radius) >= 0.99, "{point:?} of {radius}");
    assert!(point.world[0] > FAR + 700 && point.world[1] > FAR + 700, "{point:?}");
}

#[test]
fn slivers_in_any_direction_are_named_inside() {
    found(&[ring(&[[0, 0], [1_000_000, 0], [1_000_000, 6], [0, 6]])]);
    found(&[ring(&[[0, 0], [6, 0], [6, 900_000], [0, 900_000]])]);
    found(&[ring(&[[0, 0], [8, 0], [1_000_008, 1_000_000], [1_000_000, 1_000_000]])]);
}

#[test]
fn what_has_no_inside_has_no_label() {
    let flat = ring(&[[0, 0], [50, 0], [100, 0]]);
    assert_eq!(pole(&[&flat]), None);
    assert_eq!(pole(&[]), None);
}

/// A star-shaped ring; `radii` are parts of its reach.
fn star(radii: &[f64], reach: f64) -> Vec<WorldPoint> {
    let point = |(number, radius): (usize, &f64)| {
        let angle = number as f64 / radii.len() as f64 * std::f64::consts::TAU;
        [angle.cos(), angle.sin()].map(|v| (reach + v * radius * reach) as u32)
    };
    ring(&radii.iter().enumerate().map(point).collect::<Vec<_>>())
}

#[test]
fn a_ring_of_a_hundred_thousand_vertices_measures_a_bounded_number_of_edges() {
    let radii: Vec<f64> = (0..100_000_u32)
        .map(|number| 0.6 + 0.4 * f64::from(number.wrapping_mul(2_654_435_761) >> 16) / 65_536.0)
        .collect();
    let start = std::time::Instant::now();
    let point = found(&[star(&radii, 1e8)]);
    assert!(point.radius > 0.5e8, "{point:?}");
    // Milliseconds where it is built for speed; many times that leaves room for a busy machine.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_circle_is_within_a_hundredth_of_the_widest(
        radii in prop::collection::vec(0.15_f64..1.0, 3..24),
        holed in any::<bool>(),
    ) {
        let mut rings = vec![star(&radii, 1e6)];
        if holed {
            let inner: Vec<f64> = radii.iter().map(|radius| radius / 2.0).collect();
            rings.push(star(&inner, 1e6));
        }
        let widest = by_grid(&rings, 96);
        prop_assume!(widest > 0.0);
        let point = found(&rings);
        prop_assert!(f64::from(point.radius) >= widest / 1.01 - 1.0, "{point:?} of {widest}");
        prop_assert_eq!(found(&rings), point);
    }
}
