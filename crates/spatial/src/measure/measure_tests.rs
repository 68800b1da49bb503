//! Areas and lengths against closed forms.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::f64::consts::TAU;

use geo_types::{Geometry as Shape, LineString, MultiPolygon, Polygon, line_string, polygon};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check_close(measured: f64, expected: f64, tolerance: f64) {
    assert!((measured - expected).abs() <= tolerance, "{measured}, expected {expected}");
}

/// Area on the ellipsoid between two meridians `degrees` apart, from the equator to `lat`.
fn zone(degrees: f64, lat: f64) -> f64 {
    let (a, f) = (6_378_137.0_f64, 1.0 / 298.257_222_101_f64);
    let (b, e) = (a * (1.0 - f), (f * (2.0 - f)).sqrt());
    let sin = lat.to_radians().sin();
    let q = sin / (1.0 - (e * sin).powi(2)) + (e * sin).atanh() / e;
    degrees.to_radians() * b * b / 2.0 * q
}

fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
    polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)]
}

#[test]
fn holes_are_subtracted_whatever_the_winding() {
    let hole = square(2.0, 2.0, 3.0).exterior().clone();
    let mut turned = hole.clone();
    turned.0.reverse();
    for inner in [hole, turned] {
        let polygon = Polygon::new(square(0.0, 0.0, 10.0).exterior().clone(), vec![inner]);
        let both = MultiPolygon(vec![polygon, square(20.0, 0.0, 1.0)]);
        let geometry = Geometry::from(Shape::MultiPolygon(both));
        assert_eq!(area(&geometry), 92.0);
        assert_eq!(perimeter(&geometry), 56.0);
        assert_eq!(length(&geometry), 0.0);
    }
}

#[test]
fn a_small_parcel_far_from_the_origin_keeps_its_digits() {
    // Side of 12.5 m on the 39th zone of the 3 degree grid; all coordinates are exact doubles.
    let geometry = Shape::Polygon(square(39_447_000.5, 4_419_000.25, 12.5)).into();
    assert_eq!(area(&geometry), 156.25);
}

#[test]
fn the_geodesic_area_agrees_with_the_closed_form_of_a_zone() {
    // The upper side is a geodesic, not a parallel: dense vertices bring them together.
    let (west, south, side, steps) = (116.0, 39.5, 0.01, 1000);
    let mut ring: Vec<(f64, f64)> = Vec::new();
    for step in 0..=steps {
        ring.push((west + side * f64::from(step) / f64::from(steps), south));
    }
    for step in (0..=steps).rev() {
        ring.push((west + side * f64::from(step) / f64::from(steps), south + side));
    }
    let polygon = Polygon::new(LineString::from(ring), vec![]);
    let expected = zone(side, south + side) - zone(side, south);
    check_close(geodesic_area(&Shape::Polygon(polygon.clone()).into()), expected, 1e-3);
    let mut turned = polygon.exterior().clone();
    turned.0.reverse();
    let turned = Polygon::new(turned, vec![]);
    check_close(geodesic_area(&Shape::Polygon(turned).into()), expected, 1e-3);
}

#[test]
fn the_geodesic_area_of_a_courtyard_is_right_to_a_square_centimetre_and_a_half() {
    // About 10 m by 10 m, where rounding on the ellipsoid is worst.
    let (west, south, side) = (116.397, 39.909, 1e-4);
    let expected = zone(side, south + side) - zone(side, south);
    let measured = geodesic_area(&Shape::Polygon(square(west, south, side)).into());
    check_close(measured, expected, 1.5e-4);
}

/// A ring about a middle, degrees, with a vertex in each direction at a distance of metres.
fn star([lon, lat]: [f64; 2], distances: &[f64], clockwise: bool) -> Vec<Coord<f64>> {
    let turn = TAU / distances.len() as f64 * if clockwise { -1.0 } else { 1.0 };
    let mut ring: Vec<_> = (0..)
        .zip(distances)
        .map(|(at, distance)| {
            let (sin, cos) = (turn * f64::from(at)).sin_cos();
            let reach = distance / 111_000.0;
            Coord { x: lon + reach * cos / lat.to_radians().cos(), y: lat + reach * sin }
        })
        .collect();
    ring.push(ring[0]);
    ring
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn short_edges_measure_as_geodesics_do(
        lon in -179.9..179.9f64,
        lat in -59.9..59.9f64,
        metres in 3.0..1100.0f64,
        shares in prop::collection::vec(0.2..1.0f64, 3..12),
        clockwise: bool,
    ) {
        let distances: Vec<f64> = shares.iter().map(|share| share * metres).collect();
        let ring = star([lon, lat], &distances, clockwise);
        let vertices = || ring.iter().map(|c| [c.x, c.y]);
        let measured = short_edges::ring_area(vertices()).unwrap();
        // The peer rounds to a square centimetre or so, an edge is right to 2e-5 m².
        check_close(measured, any_ring_area(vertices()), 3e-4);
        // A ring is what its edges bound, in any order.
        let mut edges: Vec<_> = ring.windows(2).map(|edge| [edge[0], edge[1]].map(|c| [c.x, c.y])).collect();
        edges.reverse();
        check_close(geodesic_bounded_area(&edges).unwrap(), measured, 1e-5);
        let plane = signed_ring_area(vertices());
        check_close(bounded_area(&edges), plane, 1e-12);
    }
}

#[test]
fn rings_that_only_geodesics_measure_are_left_to_them() {
    let side = |at: f64| 118.0 * at / 16_000.0 - 59.0;
    let steps = || (0..16_000).map(f64::from).map(side);
    // Around the world but for a strip, between 59 degrees south and north.
    let most: LineString = steps()
        .map(|at| (3.0 * at, -59.0))
        .chain(steps().map(|at| (177.0, at)))
        .chain(steps().map(|at| (-3.0 * at, 59.0)))
        .chain(steps().map(|at| (-177.0, -at)))
        .chain([(-177.0, -59.0)])
        .collect();
    let corner = |lon: f64, lat: f64| square(lon, lat, 0.001).exterior().clone();
    let cases = [
        (
            "over the date line",
            line_string![(x: 179.999, y: 0.0), (x: -179.999, y: 0.0), (x: 180.0, y: 0.001), (x: 179.999, y: 0.0)],
        ),
        ("far north", corner(20.0, 80.0)),
        ("not a number", corner(116.0, f64::NAN)),
        ("long edges", square(116.0, 39.0, 0.1).exterior().clone()),
        ("most of the world", most),
    ];
    for (case, ring) in cases {
        assert_eq!(short_edges::ring_area(ring.0.iter().map(|c| [c.x, c.y])), None, "{case}");
    }
}

#[test]
fn a_quarter_meridian_and_a_closed_way_round_a_degree_have_known_lengths() {
    // Quarter meridian of GRS 80, whose figures CGCS2000 shares to the millimetre.
    let meridian = Shape::LineString(line_string![(x: 116.0, y: 0.0), (x: 116.0, y: 90.0)]);
    check_close(geodesic_length(&meridian.into()), 10_001_965.729, 1e-3);
    // One degree of the equator: a · π / 180.
    let equator = Shape::LineString(line_string![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0)]);
    check_close(geodesic_length(&equator.into()), 111_319.490_793, 1e-6);
    let plane = Shape::LineString(line_string![(x: 0.0, y: 0.0), (x: 3.0, y: 4.0)]);
    assert_eq!(length(&plane.clone().into()), 5.0);
    assert_eq!(perimeter(&plane.into()), 0.0);
}

#[test]
fn rings_of_no_vertex_measure_nothing() {
    let empty = Shape::Polygon(Polygon::new(LineString(vec![]), vec![])).into();
    assert_eq!(area(&empty), 0.0);
    assert_eq!(geodesic_area(&empty), 0.0);
    assert_eq!(geodesic_perimeter(&empty), 0.0);
}
