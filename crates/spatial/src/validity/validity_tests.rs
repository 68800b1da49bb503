//! Defects by kind and place, and random polygons on a small grid against geo's checker.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use geo::Validation;
use geo_types::{LineString, MultiPolygon, Point};
use proptest::prelude::*;

use super::*;

type Ring<'a> = &'a [(f64, f64)];

fn polygon(rings: &[Ring]) -> Polygon<f64> {
    let line = |ring: &Ring| LineString::from(ring.to_vec());
    Polygon::new(line(&rings[0]), rings[1..].iter().map(line).collect())
}

fn kinds(shape: impl Into<Shape<f64>>) -> Vec<&'static str> {
    let mut kinds: Vec<_> =
        check(&Geometry::from(shape.into())).iter().map(|defect| defect.kind.name()).collect();
    kinds.dedup();
    kinds
}

#[track_caller]
fn check_polygon(rings: &[Ring], expected: &[&str]) {
    assert_eq!(kinds(polygon(rings)), expected);
}

#[track_caller]
fn check_multi(polygons: &[&[Ring]], expected: &[&str]) {
    assert_eq!(kinds(MultiPolygon(polygons.iter().map(|p| polygon(p)).collect())), expected);
}

const SQUARE: Ring = &[(0., 0.), (10., 0.), (10., 10.), (0., 10.), (0., 0.)];

#[test]
fn a_ring_alone() {
    check_polygon(&[SQUARE], &[]);
    check_polygon(&[&[(0., 0.), (0., 10.), (10., 10.), (0., 0.)]], &["wrong_winding"]);
    check_polygon(&[&[(0., 0.), (1., 0.), (1., 0.), (0., 1.), (0., 0.)]], &["duplicate_point"]);
    check_polygon(&[&[(0., 0.), (1., 0.), (0., 0.)]], &["too_few_points"]);
    check_polygon(
        &[&[(0., 0.), (0., 0.), (0., 0.), (0., 0.)]],
        &["duplicate_point", "too_few_points"],
    );
    check_polygon(&[&[(0., 0.), (1., 1.), (3., 3.), (2., 2.), (0., 0.)]], &["zero_area"]);
    check_polygon(&[&[(0., 0.), (2., 2.), (2., 0.), (0., 2.), (0., 0.)]], &["self_intersection"]);
    check_polygon(&[&[(0., 0.), (1e-13, 0.), (0., 5.), (0., 0.)]], &["extent_too_small"]);
    check_polygon(&[&[(0., 0.), (1e-300, 0.), (0., 1e-300), (0., 0.)]], &["extent_too_small"]);
    check_polygon(&[&[(0., 0.), (f64::NAN, 0.), (0., 1.), (0., 0.)]], &["not_finite"]);
    check_polygon(&[&[(0., 0.), (1e200, 0.), (0., 1.), (0., 0.)]], &["not_finite"]);
}

#[test]
fn a_ring_that_touches_itself_is_refused() {
    // In a vertex, from a vertex to an edge, and along a spike.
    check_polygon(
        &[&[(0., 0.), (2., 0.), (1., 1.), (2., 2.), (0., 2.), (1., 1.), (0., 0.)]],
        &["self_intersection"],
    );
    check_polygon(
        &[&[(0., 0.), (4., 0.), (4., 4.), (2., 0.), (0., 4.), (0., 0.)]],
        &["self_intersection"],
    );
    check_polygon(
        &[&[(0., 0.), (4., 0.), (6., 0.), (4., 0.), (4., 4.), (0., 0.)]],
        &["self_intersection"],
    );
}

#[test]
fn a_defect_says_where_it_is() {
    let bow = polygon(&[&[(0., 0.), (2., 2.), (2., 0.), (0., 2.), (0., 0.)]]);
    let [defect] = check(&Shape::Polygon(bow).into())[..] else { panic!("one defect") };
    assert_eq!(defect.place, [1.0, 1.0]);
    assert_eq!(defect.to_string(), "self_intersection at 1 1");
}

#[test]
fn holes_must_lie_inside_and_may_touch_in_points() {
    let inside: Ring = &[(2., 2.), (2., 4.), (4., 4.), (4., 2.), (2., 2.)];
    let turned: Ring = &[(2., 2.), (4., 2.), (4., 4.), (2., 4.), (2., 2.)];
    let touching: Ring = &[(0., 5.), (3., 6.), (3., 5.), (0., 5.)];
    let outside: Ring = &[(12., 2.), (12., 4.), (14., 4.), (12., 2.)];
    let outside_touching: Ring = &[(10., 5.), (12., 6.), (12., 5.), (10., 5.)];
    let along: Ring = &[(0., 2.), (0., 4.), (2., 4.), (0., 2.)];
    let across: Ring = &[(-1., 2.), (-1., 4.), (2., 4.), (-1., 2.)];
    let nested: Ring = &[(2.5, 2.5), (2.5, 3.), (3., 3.), (2.5, 2.5)];
    check_polygon(&[SQUARE, inside], &[]);
    check_polygon(&[SQUARE, turned], &["wrong_winding"]);
    check_polygon(&[SQUARE, touching], &[]);
    check_polygon(&[SQUARE, outside], &["hole_outside"]);
    check_polygon(&[SQUARE, outside_touching], &["hole_outside"]);
    check_polygon(&[SQUARE, along], &["self_intersection"]);
    check_polygon(&[SQUARE, across], &["self_intersection"]);
    check_polygon(&[SQUARE, inside, nested], &["hole_outside"]);
    // All vertices of the hole lie on the exterior.
    let l_shape: Ring = &[(0., 0.), (8., 0.), (8., 8.), (4., 8.), (4., 4.), (0., 4.), (0., 0.)];
    let corners: Ring = &[(4., 0.), (4., 4.), (8., 2.), (4., 0.)];
    check_polygon(&[l_shape, corners], &["disconnected_interior"]);
    let notch: Ring = &[(4., 8.), (4., 4.), (0., 4.), (4., 8.)];
    check_polygon(&[l_shape, notch], &["self_intersection"]);
}

#[test]
fn rings_that_touch_in_a_circle_cut_the_interior() {
    let left: Ring = &[(0., 5.), (5., 8.), (5., 5.), (0., 5.)];
    let right: Ring = &[(10., 5.), (5., 2.), (5., 5.), (10., 5.)];
    check_polygon(&[SQUARE, left], &[]);
    check_polygon(&[SQUARE, left, right], &["disconnected_interior"]);
    // Three holes that meet in one point leave the interior whole.
    let a: Ring = &[(5., 5.), (6., 8.), (7., 8.), (5., 5.)];
    let b: Ring = &[(5., 5.), (7., 4.), (7., 3.), (5., 5.)];
    let c: Ring = &[(5., 5.), (3., 3.), (3., 4.), (5., 5.)];
    check_polygon(&[SQUARE, a, b, c], &[]);
}

#[test]
fn polygons_of_one_shape_meet_in_points_only() {
    let beside: Ring = &[(10., 2.), (12., 2.), (12., 4.), (10., 2.)];
    let sharing: Ring = &[(10., 2.), (12., 2.), (10., 4.), (10., 2.)];
    let within: Ring = &[(2., 2.), (4., 2.), (4., 4.), (2., 2.)];
    let hole: Ring = &[(1., 1.), (1., 9.), (9., 9.), (9., 1.), (1., 1.)];
    check_multi(&[&[SQUARE], &[beside]], &[]);
    check_multi(&[&[SQUARE], &[sharing]], &["self_intersection"]);
    check_multi(&[&[SQUARE], &[within]], &["nested_shells"]);
    check_multi(&[&[within], &[SQUARE]], &["nested_shells"]);
    check_multi(&[&[SQUARE, hole], &[within]], &[]);
    // Islands that touch in a circle enclose water, not land.
    let island: Ring = &[(0., 10.), (5., 15.), (0., 15.), (0., 10.)];
    let other: Ring = &[(10., 10.), (10., 15.), (5., 15.), (10., 10.)];
    check_multi(&[&[SQUARE], &[island], &[other]], &[]);
}

#[test]
fn lines_and_points() {
    let line = |coords: Ring| Shape::LineString(LineString::from(coords.to_vec()));
    assert_eq!(kinds(line(&[(0., 0.), (2., 2.), (2., 0.), (0., 2.)])), [""; 0]);
    assert_eq!(kinds(line(&[(0., 0.), (0., 0.)])), ["too_few_points"]);
    assert_eq!(kinds(line(&[(0., 0.), (0., 0.), (1., 0.)])), ["duplicate_point"]);
    assert_eq!(kinds(line(&[(1e-13, 0.), (0., 0.)])), ["extent_too_small"]);
    assert_eq!(kinds(Point::new(1.0, f64::INFINITY)), ["not_finite"]);
    assert_eq!(kinds(Point::new(1.0, 2.0)), [""; 0]);
}

/// A ring of `count` vertices about the origin whose radius goes to and fro.
fn gear(count: usize) -> Vec<Coord<f64>> {
    let mut ring: Vec<Coord<f64>> = (0..count)
        .map(|step| {
            let angle = step as f64 / count as f64 * std::f64::consts::TAU;
            let radius = 5e4 + if step % 2 == 0 { 10.0 } else { 0.0 };
            Coord { x: 4.4e5 + radius * angle.cos(), y: 4.4e6 + radius * angle.sin() }
        })
        .collect();
    ring.push(ring[0]);
    ring
}

#[test]
fn a_shape_that_geo_fails_at_is_judged() {
    let flat = geo_types::wkt!(MULTIPOLYGON(((6. 0.,0. 0.,0. 4.,6. 0.)),((6. 4.,6. 4.),(0. 0.,1. 4.,0. 0.))));
    check_as_geo(&Shape::MultiPolygon(flat)).unwrap();
}

#[test]
fn the_largest_ring_is_checked_and_one_wrong_vertex_found() {
    let mut ring = gear(MAX_VERTICES - 1);
    assert_eq!(kinds(Polygon::new(LineString(ring.clone()), vec![])), [""; 0]);
    ring.swap(70_000, 70_002);
    let found = kinds(Polygon::new(LineString(ring), vec![]));
    assert!(
        !found.is_empty() && found.iter().all(|kind| *kind == "self_intersection"),
        "{found:?}"
    );
    assert_eq!(kinds(Polygon::new(LineString(gear(MAX_VERTICES)), vec![])), ["too_many_vertices"]);
}

#[test]
fn a_check_that_costs_too_much_is_given_up() {
    let segments = Segments::of(&[Polygon::new(LineString(gear(2_000)), vec![])]);
    for (work, expected) in [(nesting::MAX_WORK, 0), (2_000, 1)] {
        let mut defects = Defects(Vec::new());
        nesting::check(&segments, &mut defects, work);
        let given_up = defects.0.iter().filter(|d| d.kind == DefectKind::TooComplex).count();
        assert_eq!((given_up, defects.0.len()), (expected, expected));
    }
}

fn grid_ring(max: usize) -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec((0..7i32, 0..7i32), 3..max).prop_map(|cells| {
        let mut ring: Vec<(f64, f64)> =
            cells.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
        ring.dedup();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        ring.push(ring[0]);
        LineString::from(ring)
    })
}

fn grid_polygon() -> impl Strategy<Value = Polygon<f64>> {
    (grid_ring(7), prop::collection::vec(grid_ring(5), 0..3))
        .prop_map(|(exterior, holes)| Polygon::new(exterior, holes))
}

/// Whether geo should find the shape valid; `None` where it is known to err: interiors cut by
/// touching rings and flat triangles pass there.
fn expected_of_geo(shape: &Shape<f64>) -> Option<bool> {
    let defects = check(&Geometry::from(shape.clone()));
    let gap = [DefectKind::DisconnectedInterior, DefectKind::ZeroArea];
    let serious = || defects.iter().map(|defect| defect.kind).filter(|kind| !kind.is_harmless());
    if serious().any(|kind| gap.contains(&kind)) { None } else { Some(serious().count() == 0) }
}

#[track_caller]
fn check_as_geo(shape: &Shape<f64>) -> Result<(), TestCaseError> {
    // geo's own debug assertions fail on some shapes that are not valid: it has no verdict of these.
    let verdict = std::panic::catch_unwind(|| shape.is_valid()).ok();
    if let Some(expected) = expected_of_geo(shape) {
        prop_assert_eq!(expected, verdict.unwrap_or(false), "{:?}", shape);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn geo_agrees_on_polygons(polygon in grid_polygon()) {
        let shape = Shape::Polygon(polygon);
        check_as_geo(&shape)?;
    }

    #[test]
    fn geo_agrees_on_multipolygons(polygons in prop::collection::vec(grid_polygon(), 2..4)) {
        let shape = Shape::MultiPolygon(MultiPolygon(polygons));
        check_as_geo(&shape)?;
    }

    #[test]
    fn the_tree_finds_what_testing_all_pairs_finds(ring in grid_ring(30)) {
        prop_assume!(ring.0.len() > 3 && RingFacts::of(&ring.0).is_sound());
        let brute = find_self_contact(&ring.0).is_some();
        let mut defects = Defects(Vec::new());
        let segments = Segments::of(&[Polygon::new(ring, vec![])]);
        nesting::check(&segments, &mut defects, nesting::MAX_WORK);
        prop_assert_eq!(brute, !defects.0.is_empty());
    }

    #[test]
    fn the_answer_is_the_same_far_from_the_origin(polygon in grid_polygon()) {
        use geo::MapCoords;
        let shape = Shape::Polygon(polygon);
        let far = shape.map_coords(|c| Coord { x: c.x / 8.0 + 39_447_000.0, y: c.y / 8.0 + 4_419_000.0 });
        let names = |shape: &Shape<f64>| kinds(shape.clone());
        prop_assert_eq!(names(&shape), names(&far));
    }
}

/// Prints what a check costs: `cargo test --release --workspace --lib -- --ignored --nocapture cost`.
#[test]
#[ignore = "a measurement, not a test"]
fn cost_of_a_check() {
    for count in [4, 8, 9, 16, 40, 100, 1_000, 10_000, MAX_VERTICES - 1] {
        // Not quite regular, at the size and place of a parcel.
        let ring: Vec<Coord<f64>> = gear(count)
            .iter()
            .map(|c| Coord {
                x: 39_447_000.1 + (c.x - 4.4e5) / 2_000.0,
                y: 4_419_000.7 + (c.y - 4.4e6) / 2_700.0,
            })
            .collect();
        let geometry = Geometry::from(Shape::Polygon(Polygon::new(LineString(ring), vec![])));
        assert_eq!(check(&geometry), []);
        let bytes = crate::wkb::encode(&geometry);
        let runs = 4_000_000 / count.max(8) + 1;
        let timed = |work: &mut dyn FnMut()| {
            let start = std::time::Instant::now();
            for _ in 0..runs {
                work();
            }
            start.elapsed().as_nanos() as f64 / runs as f64
        };
        let checked = timed(&mut || {
            std::hint::black_box(check(std::hint::black_box(&geometry)));
        });
        let decoded = timed(&mut || {
            std::hint::black_box(crate::wkb::decode(std::hint::black_box(&bytes)).unwrap());
        });
        let encoded = timed(&mut || {
            std::hint::black_box(crate::wkb::encode(std::hint::black_box(&geometry)));
        });
        eprintln!(
            "{count:>6} vertices: check {checked:.0} ns, decode {decoded:.0}, encode {encoded:.0}"
        );
    }
}
