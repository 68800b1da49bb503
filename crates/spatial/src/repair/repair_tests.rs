//! What is mended is valid, keeps its area by the rule that is promised, and says what was done.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo::{Area, MapCoords, unary_union};
use geo_types::{Coord, Geometry as Shape, LineString, MultiPolygon, Polygon, wkt};
use proptest::prelude::*;

use super::*;
use crate::measure;

fn names(repaired: &Repaired) -> Vec<&'static str> {
    repaired.fixes.iter().map(|fix| fix.name()).collect()
}

#[track_caller]
fn check_repair(shape: impl Into<Shape<f64>>, fixes: &[&str], area: f64) -> Shape<f64> {
    let repaired = repair(Geometry::from(shape.into()));
    assert_eq!(names(&repaired), fixes);
    let geometry = repaired.geometry.unwrap();
    assert_eq!(validity::check(&geometry), []);
    assert!((measure::area(&geometry) - area).abs() < 1e-9, "{}", measure::area(&geometry));
    geometry.shape
}

#[test]
fn what_is_right_stays_as_it_is() {
    let shape = wkt!(POLYGON((0. 0.,4. 0.,4. 4.,0. 4.,0. 0.),(1. 1.,1. 2.,2. 2.,1. 1.)));
    assert_eq!(check_repair(shape.clone(), &[], 15.5), shape.into());
}

#[test]
fn small_faults_are_mended_without_moving_a_vertex() {
    assert_eq!(
        check_repair(
            wkt!(POLYGON((0. 0.,0. 4.,4. 4.,4. 4.,4. 0.,0. 0.),(1. 1.,1. 2.,1. 1.))),
            &["duplicate_point", "degenerate_dropped", "wrong_winding"],
            16.0,
        ),
        wkt!(POLYGON((0. 0.,4. 0.,4. 4.,0. 4.,0. 0.))).into()
    );
    assert_eq!(
        check_repair(
            wkt!(MULTILINESTRING((0. 0.,0. 0.),(0. 0.,1. 0.,1. 0.))),
            &["duplicate_point", "degenerate_dropped"],
            0.0
        ),
        wkt!(MULTILINESTRING((0. 0.,1. 0.))).into()
    );
}

#[test]
fn crossing_boundaries_are_built_anew_as_geos_does_by_structure() {
    let anew = &["self_intersection"];
    // Both wings of a bow tie.
    check_repair(wkt!(POLYGON((0. 0.,2. 0.,0. 2.,2. 2.,0. 0.))), anew, 2.0);
    // A ring that winds twice round its middle keeps it.
    check_repair(
        wkt!(POLYGON((0. 0.,9. 0.,9. 9.,3. 9.,3. 3.,6. 3.,6. 6.,0. 6.,0. 0.))),
        anew,
        72.0,
    );
    // A hole over the border cuts off what it covers; one apart becomes land.
    check_repair(
        wkt!(POLYGON((0. 0.,4. 0.,4. 4.,0. 4.,0. 0.),(3. 1.,3. 2.,6. 2.,6. 1.,3. 1.))),
        anew,
        15.0,
    );
    check_repair(
        wkt!(POLYGON((0. 0.,4. 0.,4. 4.,0. 4.,0. 0.),(7. 1.,7. 2.,8. 2.,8. 1.,7. 1.))),
        anew,
        17.0,
    );
    // Polygons over each other unite, also one inside another.
    check_repair(
        wkt!(MULTIPOLYGON(((0. 0.,4. 0.,4. 4.,0. 4.,0. 0.)),((2. 2.,6. 2.,6. 6.,2. 6.,2. 2.)))),
        anew,
        28.0,
    );
    check_repair(
        wkt!(MULTIPOLYGON(((0. 0.,4. 0.,4. 4.,0. 4.,0. 0.)),((1. 1.,2. 1.,2. 2.,1. 2.,1. 1.)))),
        anew,
        16.0,
    );
}

#[test]
fn a_vertex_on_a_straight_border_survives_for_the_neighbour() {
    let shape = check_repair(
        wkt!(POLYGON((0. 0.,1. 0.,2. 0.,0. 2.,2. 2.,0. 0.))),
        &["self_intersection"],
        2.0,
    );
    assert!(Geometry::from(shape).coords().contains(&[1.0, 0.0]));
}

#[test]
fn old_vertices_keep_every_bit_far_from_the_origin() {
    let bow: Shape<f64> = wkt!(POLYGON((0. 0.,2. 0.,0. 2.,2. 2.,0. 0.))).into();
    let far =
        bow.map_coords(|c| Coord { x: c.x * 17.3 + 39_447_001.237, y: c.y * 17.3 + 4_419_003.719 });
    let repaired = repair(far.clone().into()).geometry.unwrap().coords();
    for vertex in Geometry::from(far).coords() {
        assert!(repaired.contains(&vertex), "{vertex:?} of {repaired:?}");
    }
}

#[test]
fn heights_follow_their_vertices_and_go_when_those_are_new() {
    let mut turned = Geometry::from(Shape::from(wkt!(POLYGON((0. 0.,0. 4.,4. 4.,4. 4.,0. 0.)))));
    turned.z = vec![1.0, 2.0, 3.0, 4.0, 1.0];
    let repaired = repair(turned);
    assert_eq!(names(&repaired), ["duplicate_point", "wrong_winding"]);
    let geometry = repaired.geometry.unwrap();
    assert_eq!(geometry.coords(), [[0., 0.], [4., 4.], [0., 4.], [0., 0.]]);
    assert_eq!(geometry.z, [1.0, 3.0, 2.0, 1.0]);
    let mut bow = Geometry::from(Shape::from(wkt!(POLYGON((0. 0.,2. 0.,0. 2.,2. 2.,0. 0.)))));
    bow.m = vec![0.0; 5];
    let repaired = repair(bow);
    assert_eq!(names(&repaired), ["self_intersection", "z_dropped"]);
    assert_eq!(repaired.geometry.unwrap().m, [0.0; 0]);
}

#[test]
fn what_cannot_be_mended_is_not_made_up() {
    for shape in [
        Shape::from(wkt!(POLYGON((0. 0.,1. 1.,0. 0.)))),
        wkt!(LINESTRING(3. 3.,3. 3.)).into(),
        wkt!(POINT(3. 3.)).map_coords(|_| Coord { x: f64::NAN, y: 0.0 }).into(),
        wkt!(POLYGON((0. 0.,1. 0.,0. 1.,0. 0.))).map_coords(|c| c * 1e-300).into(),
        wkt!(POLYGON((0. 0.,1. 0.,0. 1.,1. 1.,0. 0.))).map_coords(|c| c * 1e-14).into(),
    ] {
        assert_eq!(repair(shape.into()), Repaired { geometry: None, fixes: vec![] });
    }
}

#[test]
fn a_comb_over_a_comb_is_refused_before_it_costs_seconds() {
    let comb = |turn: bool| {
        let teeth = 400;
        let mut ring: Vec<Coord<f64>> = Vec::new();
        for tooth in 0..teeth {
            let x = f64::from(tooth) * 4.0 + 1.0;
            let far = f64::from(teeth) * 4.0;
            ring.extend([(x, 1.0), (x, far), (x + 2.0, far), (x + 2.0, 1.0)].map(Coord::from));
        }
        ring.extend([(f64::from(teeth) * 4.0, 0.0), (0.0, 0.0)].map(Coord::from));
        let ring = ring.into_iter().map(|c| if turn { Coord { x: c.y, y: c.x } } else { c });
        Polygon::new(LineString(ring.collect()), vec![])
    };
    let both = Shape::MultiPolygon(MultiPolygon(vec![comb(false), comb(true)]));
    assert_eq!(repair(both.into()).geometry, None);
}

fn grid_ring(max: usize) -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec((0..9i32, 0..9i32), 3..max)
        .prop_map(|cells| cells.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect())
}

fn grid_polygon() -> impl Strategy<Value = Polygon<f64>> {
    (grid_ring(9), prop::collection::vec(grid_ring(6), 0..3))
        .prop_map(|(exterior, holes)| Polygon::new(exterior, holes))
}

/// Whether `ring` winds round `p`, which lies on no edge; the plain sum of crossings.
fn winds_round(ring: &LineString<f64>, p: Coord<f64>) -> bool {
    let mut winding = 0;
    for edge in ring.lines() {
        let side = (edge.end.x - edge.start.x) * (p.y - edge.start.y)
            - (edge.end.y - edge.start.y) * (p.x - edge.start.x);
        if edge.start.y <= p.y && edge.end.y > p.y && side > 0.0 {
            winding += 1;
        } else if edge.start.y > p.y && edge.end.y <= p.y && side < 0.0 {
            winding -= 1;
        }
    }
    winding != 0
}

/// Whether some polygon of a valid shape holds `p`.
fn holds(shape: &Shape<f64>, p: Coord<f64>) -> bool {
    let inside = |polygon: &Polygon<f64>| {
        winds_round(polygon.exterior(), p)
            && !polygon.interiors().iter().any(|hole| winds_round(hole, p))
    };
    match shape {
        Shape::Polygon(polygon) => inside(polygon),
        Shape::MultiPolygon(polygons) => polygons.0.iter().any(inside),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_mended_polygon_holds_what_its_rings_promise(polygon in grid_polygon(), far in any::<bool>()) {
        let place = |c: Coord<f64>| {
            if far { Coord { x: c.x * 0.37 + 39_447_000.1, y: c.y * 0.37 + 4_419_000.7 } } else { c }
        };
        let polygon = polygon.map_coords(place);
        let Some(geometry) = repair(Shape::Polygon(polygon.clone()).into()).geometry else {
            // Nothing but a flat exterior, or one that its holes cover, leaves nothing.
            let exterior = Polygon::new(polygon.exterior().clone(), vec![]);
            prop_assert!(
                !polygon.interiors().is_empty()
                    || repair(Shape::Polygon(exterior.clone()).into()).geometry.is_none()
                        && exterior.unsigned_area() < 1e-6
            );
            return Ok(());
        };
        prop_assert_eq!(validity::check(&geometry), []);
        for row in 0..41 {
            for column in 0..41 {
                // Off every line through two grid points, all but surely.
                let p = place(Coord {
                    x: f64::from(column) * 0.2 + 0.013_717,
                    y: f64::from(row) * 0.2 + 0.017_913,
                });
                let shell = winds_round(polygon.exterior(), p);
                let hole = polygon.interiors().iter().any(|hole| winds_round(hole, p));
                let held = holds(&geometry.shape, p);
                if shell {
                    prop_assert_eq!(held, !hole, "{:?} of {:?}", p, polygon);
                } else {
                    prop_assert!(!held || hole, "{:?} of {:?}", p, polygon);
                }
            }
        }
    }

    #[test]
    fn overlapping_polygons_unite_to_the_area_that_geo_finds(
        rings in prop::collection::vec(grid_ring(5), 2..5)
    ) {
        let valid: Vec<_> = rings
            .into_iter()
            .filter_map(|ring| {
                let polygon = Polygon::new(ring, vec![]);
                let clean = repair(Shape::Polygon(polygon).into());
                match clean.geometry?.shape {
                    Shape::Polygon(polygon) => Some(polygon),
                    _ => None,
                }
            })
            .collect();
        prop_assume!(!valid.is_empty());
        let expected = unary_union(&valid).unsigned_area();
        let repaired = repair(Shape::MultiPolygon(MultiPolygon(valid.clone())).into());
        let area = measure::area(&repaired.geometry.unwrap());
        prop_assert!((area - expected).abs() < 1e-6, "{} {} {:?}", area, expected, valid);
    }

    #[test]
    fn noise_is_mended_or_refused(values in prop::collection::vec(-1e7..1e7f64, 6..60), scale in -60..60i32) {
        let ring: LineString<f64> =
            values.chunks_exact(2).map(|c| Coord { x: c[0], y: c[1] } * 10f64.powi(scale)).collect();
        let repaired = repair(Shape::Polygon(Polygon::new(ring, vec![])).into());
        if let Some(geometry) = repaired.geometry {
            prop_assert_eq!(validity::check(&geometry), []);
        } else {
            prop_assert!(scale < -10, "refused at ordinary scale {}", scale);
        }
    }
}
