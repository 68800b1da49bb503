//! Tests of the overlay: the area law wherever on earth, membership of points, refusals.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo_types::{line_string, point, polygon};
use proptest::prelude::*;

use super::*;
use crate::{measure, repair, validity};

/// A small generator, so that ten thousand pairs cost no shrinking machinery.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64) / ((1_u64 << 53) as f64)
    }

    /// A star about `middle`, valid by construction, sometimes with a star-shaped hole.
    pub(super) fn star(&mut self, middle: [f64; 2], place: Place) -> Shape<f64> {
        let corners = 3 + (self.roll() * 9.0) as usize;
        let turned = self.roll();
        let radii: Vec<f64> = (0..corners).map(|_| 10.0 + 30.0 * self.roll()).collect();
        let ring = |part: f64| {
            let corner = |(number, radius): (usize, &f64)| {
                let angle = (number as f64 + turned) / corners as f64 * std::f64::consts::TAU;
                place.at([
                    middle[0] + radius * part * angle.cos(),
                    middle[1] + radius * part * angle.sin(),
                ])
            };
            let mut ring: Vec<Coord<f64>> = radii.iter().enumerate().map(corner).collect();
            ring.push(ring[0]);
            geo_types::LineString(ring)
        };
        let mut hole = ring(0.4);
        hole.0.reverse();
        let holes = if self.roll() < 0.3 { vec![hole] } else { vec![] };
        Shape::Polygon(geo_types::Polygon::new(ring(1.0), holes))
    }
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    origin: [f64; 2],
    scale: f64,
}

impl Place {
    pub(super) fn at(self, [x, y]: [f64; 2]) -> Coord<f64> {
        Coord { x: x * self.scale + self.origin[0], y: y * self.scale + self.origin[1] }
    }
}

/// Metres about 0, 4548 (no zone prefix), 4527 (zone prefix), degrees.
pub(super) const PLACES: [Place; 4] = [
    Place { origin: [0.0, 0.0], scale: 1.0 },
    Place { origin: [447_312.337, 4_419_003.719], scale: 1.0 },
    Place { origin: [39_447_312.337, 4_419_003.719], scale: 1.0 },
    Place { origin: [116.397_2, 39.916_3], scale: 1e-5 },
];

#[test]
fn intersection_and_union_have_the_area_of_both_wherever_they_lie() {
    let mut dice = Dice(1);
    let mut overlayer = Overlayer::new();
    let mut worst: f64 = 0.0;
    for pair in 0..10_000 {
        let place = PLACES[pair % PLACES.len()];
        let a = dice.star([0.0, 0.0], place);
        let b = dice.star([dice.0 as f64 % 40.0, 13.0], place);
        let (rings_a, rings_b) = (rings_of(&a), rings_of(&b));
        let mut area = |op| overlayer.area(op, &borrowed(&rings_a), &borrowed(&rings_b)).unwrap();
        let [both, either] = [OverlayOp::Intersection, OverlayOp::Union].map(&mut area);
        let [less, apart] = [OverlayOp::Difference, OverlayOp::SymDifference].map(&mut area);
        let [own, other] = [a, b].map(|shape| measure::area(&shape.into()));
        let sum = own + other;
        for (found, expected) in [(both + either, sum), (less + both, own), (apart + both, either)]
        {
            worst = worst.max((found - expected).abs() / sum);
        }
    }
    assert!(worst < 1e-9, "off by {worst:e}");
}

#[test]
fn geometries_are_valid_and_have_the_area_that_is_said() {
    let mut dice = Dice(2);
    for pair in 0..1_000 {
        let place = PLACES[pair % PLACES.len()];
        let (a, b) = (dice.star([0.0, 0.0], place), dice.star([25.0, 9.0], place));
        for op in OverlayOp::ALL {
            let overlaid = overlay(op, &a, &b).unwrap();
            assert_eq!(validity::check(&overlaid.geometry), [], "{op:?} {a:?} {b:?}");
            let drawn = measure::area(&overlaid.geometry);
            let size = measure::area(&a.clone().into());
            assert!((drawn - overlaid.area).abs() < 1e-7 * size, "{drawn} {}", overlaid.area);
            assert_eq!(overlay_area(op, &a, &b).unwrap(), overlaid.area);
            if op != OverlayOp::Difference {
                assert_eq!(overlay(op, &b, &a).unwrap(), overlaid);
            }
        }
    }
}

#[test]
fn valid_footprints_that_other_engines_break_unite() {
    let a: Shape<f64> =
        polygon![(x: 5., y: 5.), (x: 5., y: 7.), (x: 6., y: 4.), (x: 5., y: 5.)].into();
    let b: Shape<f64> = polygon!(
        exterior: [(x: 5., y: 5.), (x: 2., y: 1.), (x: 5., y: 2.), (x: 6., y: 2.), (x: 7., y: 2.), (x: 5., y: 5.)],
        interiors: [[(x: 5., y: 5.), (x: 4., y: 3.), (x: 5., y: 3.), (x: 5., y: 5.)]],
    )
    .into();
    let union = overlay(OverlayOp::Union, &a, &b).unwrap();
    assert_eq!(union.area, 7.5);
    assert_eq!(validity::check(&union.geometry), []);
}

fn square(x: f64, y: f64, side: f64) -> Shape<f64> {
    polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)]
        .into()
}

#[test]
fn rings_start_low_and_wind_as_stored() {
    let ring = overlay(OverlayOp::Intersection, &square(0., 0., 4.), &square(2., 1., 4.)).unwrap();
    let expected: Shape<f64> =
        polygon![(x: 2., y: 1.), (x: 4., y: 1.), (x: 4., y: 4.), (x: 2., y: 4.)].into();
    assert_eq!(ring, Overlaid { geometry: expected.into(), area: 6.0 });
    let frame = overlay(OverlayOp::Difference, &square(0., 0., 4.), &square(1., 1., 2.)).unwrap();
    let expected: Shape<f64> = polygon!(
        exterior: [(x: 0., y: 0.), (x: 4., y: 0.), (x: 4., y: 4.), (x: 0., y: 4.)],
        interiors: [[(x: 1., y: 1.), (x: 1., y: 3.), (x: 3., y: 3.), (x: 3., y: 1.)]],
    )
    .into();
    assert_eq!(frame, Overlaid { geometry: expected.into(), area: 12.0 });
    // Neighbours share an edge, which has no area.
    for apart in [square(4., 0., 4.), square(9., 0., 4.)] {
        let nothing = overlay(OverlayOp::Intersection, &square(0., 0., 4.), &apart).unwrap();
        let empty = Shape::MultiPolygon(MultiPolygon(vec![]));
        assert_eq!(nothing, Overlaid { geometry: empty.into(), area: 0.0 });
    }
}

#[test]
fn lines_and_points_are_cut_by_polygons() {
    let four = square(0., 0., 4.);
    let cut = |op, a: &Shape<f64>, b: &Shape<f64>| overlay(op, a, b).unwrap().geometry.shape;
    let line: Shape<f64> = line_string![
        (x: -2., y: 2.), (x: 1., y: 2.), (x: 1., y: 4.), (x: 2., y: 4.), (x: 2., y: 6.)
    ]
    .into();
    let inside: Shape<f64> =
        line_string![(x: 0., y: 2.), (x: 1., y: 2.), (x: 1., y: 4.), (x: 2., y: 4.)].into();
    assert_eq!(cut(OverlayOp::Intersection, &line, &four), inside);
    assert_eq!(cut(OverlayOp::Intersection, &four, &line), inside);
    let outside: Shape<f64> = geo_types::MultiLineString(vec![
        line_string![(x: -2., y: 2.), (x: 0., y: 2.)],
        line_string![(x: 2., y: 4.), (x: 2., y: 6.)],
    ])
    .into();
    assert_eq!(cut(OverlayOp::Difference, &line, &four), outside);
    assert_eq!(cut(OverlayOp::Difference, &four, &line), four);

    let points: Shape<f64> =
        MultiPoint(vec![point!(x: 9., y: 9.), point!(x: 4., y: 4.), point!(x: 1., y: 1.)]).into();
    let covered: Shape<f64> = MultiPoint(vec![point!(x: 1., y: 1.), point!(x: 4., y: 4.)]).into();
    assert_eq!(cut(OverlayOp::Intersection, &points, &four), covered);
    let rest: Shape<f64> = MultiPoint(vec![point!(x: 9., y: 9.)]).into();
    assert_eq!(cut(OverlayOp::Difference, &points, &four), rest);
    assert_eq!(cut(OverlayOp::Difference, &four, &points), four);
}

#[test]
fn what_has_no_answer_is_refused_by_name() {
    let four = square(0., 0., 4.);
    let line: Shape<f64> = line_string![(x: 0., y: 0.), (x: 1., y: 1.)].into();
    let fault = |op, a: &Shape<f64>, b: &Shape<f64>| overlay(op, a, b).unwrap_err();
    let operands = |op, a, b| OverlayFault::Operands { op, a, b };
    assert_eq!(fault(OverlayOp::Union, &line, &four), operands("union", "lines", "polygons"));
    assert_eq!(
        fault(OverlayOp::Intersection, &line, &line),
        operands("intersection", "lines", "lines")
    );
    let mixed = Shape::GeometryCollection(vec![line.clone()].into());
    assert_eq!(
        fault(OverlayOp::Difference, &mixed, &four),
        operands("difference", "a geometry collection", "polygons")
    );
    let odd: Shape<f64> = polygon![(x: 0., y: 0.), (x: f64::NAN, y: 0.), (x: 1., y: 1.)].into();
    let place = GeometryFault::NotFinite { vertex: 1 };
    assert_eq!(fault(OverlayOp::Union, &four, &odd), OverlayFault::Geometry(place));
    let tiny = square(0., 0., 1e-300);
    assert_eq!(fault(OverlayOp::Union, &four, &tiny), OverlayFault::TooSmall);
}

#[test]
fn combs_over_each_other_are_refused_before_they_cost_seconds() {
    let comb = |turn: bool| {
        let teeth = 1024;
        let far = f64::from(teeth) * 4.0;
        let mut ring: Vec<Coord<f64>> = Vec::new();
        for tooth in 0..teeth {
            let x = f64::from(tooth) * 4.0 + 1.0;
            ring.extend([(x, 1.0), (x, far), (x + 2.0, far), (x + 2.0, 1.0)].map(Coord::from));
        }
        ring.extend([(far, 0.0), (0.0, 0.0)].map(Coord::from));
        let ring = ring.into_iter().map(|c| if turn { Coord { x: c.y, y: c.x } } else { c });
        Shape::Polygon(geo_types::Polygon::new(geo_types::LineString(ring.collect()), vec![]))
    };
    let fault = overlay_area(OverlayOp::Intersection, &comb(false), &comb(true)).unwrap_err();
    assert_eq!(fault, OverlayFault::Crossings { most: MAX_CROSSINGS });
}

/// A valid polygonal shape with vertices on a small grid, often degenerate in how it touches.
fn grid_shape() -> impl Strategy<Value = Shape<f64>> {
    let ring = |least: usize, most: usize| {
        prop::collection::vec((0..9i32, 0..9i32), least..most).prop_map(|cells| {
            cells.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect()
        })
    };
    (ring(3, 9), prop::collection::vec(ring(3, 6), 0..3)).prop_filter_map(
        "nothing left",
        |(exterior, holes): (geo_types::LineString<f64>, Vec<geo_types::LineString<f64>>)| {
            let shape = Shape::Polygon(geo_types::Polygon::new(exterior, holes));
            repair::repair(shape.into()).geometry.map(|geometry| geometry.shape)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_point_is_in_the_overlay_that_its_sides_say(a in grid_shape(), b in grid_shape()) {
        let side = |point: [f64; 2], shape: &Shape<f64>| {
            side_of(point, rings_of(shape).iter().map(Vec::as_slice)) == Side::Inside
        };
        for op in OverlayOp::ALL {
            let overlaid = overlay(op, &a, &b).unwrap();
            prop_assert_eq!(validity::check(&overlaid.geometry), []);
            for number in 0..400 {
                let (x, y) = (f64::from(number % 20), f64::from(number / 20));
                // Off every line through two grid points, all but surely.
                let point = [x * 0.45 + 0.013_717, y * 0.45 + 0.017_913];
                let (in_a, in_b) = (side(point, &a), side(point, &b));
                let expected = match op {
                    OverlayOp::Intersection => in_a && in_b,
                    OverlayOp::Union => in_a || in_b,
                    OverlayOp::Difference => in_a && !in_b,
                    OverlayOp::SymDifference => in_a != in_b,
                };
                prop_assert_eq!(side(point, &overlaid.geometry.shape), expected, "{:?} {:?}", op, point);
            }
        }
    }

    #[test]
    fn a_line_is_cut_into_what_lies_inside_and_outside(
        a in grid_shape(),
        line in prop::collection::vec((0..9i32, 0..9i32), 2..6),
    ) {
        let mut line: Vec<Coord<f64>> = line
            .into_iter()
            .map(|(x, y)| Coord { x: f64::from(x), y: f64::from(y) })
            .collect();
        line.dedup();
        prop_assume!(line.len() > 1);
        let edges = line.windows(2).map(|e| {
            let mut e = [e[0], e[1]].map(|c| [c.x as i64, c.y as i64]);
            e.sort_unstable();
            e
        });
        // A stretch that is walked twice counts once in a set of points.
        let edges: Vec<_> = edges.collect();
        let collinear = edges.iter().enumerate().any(|(n, e)| edges[..n].iter().any(|f| {
            let cross = |p: [i64; 2]| {
                (e[1][0] - e[0][0]) * (p[1] - e[0][1]) - (e[1][1] - e[0][1]) * (p[0] - e[0][0])
            };
            cross(f[0]) == 0 && cross(f[1]) == 0
        }));
        prop_assume!(!collinear);
        let line = Shape::LineString(geo_types::LineString(line));
        let inside = overlay(OverlayOp::Intersection, &line, &a).unwrap().geometry;
        let outside = overlay(OverlayOp::Difference, &line, &a).unwrap().geometry;
        let whole = measure::length(&line.clone().into());
        let parts = measure::length(&inside) + measure::length(&outside);
        prop_assert!((whole - parts).abs() < 1e-9 * whole, "{} {} {:?} {:?}", whole, parts, inside, outside);
        let rings = rings_of(&a);
        for (part, expected) in [(&inside, true), (&outside, false)] {
            crate::geometry::visit_paths(&part.shape, &mut |_, path| {
                for edge in path.windows(2) {
                    let middle = [0.5 * (edge[0].x + edge[1].x), 0.5 * (edge[0].y + edge[1].y)];
                    let side = side_of(middle, rings.iter().map(Vec::as_slice));
                    // The middle of an edge on a border is rounded off it at times.
                    let near = rings.iter().any(|ring| ring.windows(2).any(|e| {
                        let [p, q] = [e[0], e[1]];
                        let along = [q[0] - p[0], q[1] - p[1]];
                        let to = [middle[0] - p[0], middle[1] - p[1]];
                        (along[0] * to[1] - along[1] * to[0]).abs() < 1e-9
                    }));
                    assert!(near || (side == Side::Inside) == expected, "{middle:?} {side:?} {line:?} {a:?}");
                }
            });
        }
    }
}
