//! Area, length and perimeter: plane in the geometry's own CRS, or geodesic on CGCS2000.
//!
//! Plane figures are in the CRS's unit and mean what its projection makes of them: never take
//! them from Web Mercator. Geodesic figures are metres on the ellipsoid, from longitude and
//! latitude in degrees; edges are geodesics, and a ring is the smaller of the two parts of the
//! world that it bounds. Holes are subtracted whatever the winding; overlapping parts count
//! twice.

#[cfg(test)]
mod measure_tests;
mod short_edges;

use std::sync::LazyLock;

use geo_types::Coord;
use geographiclib_rs::{Geodesic, InverseGeodesic, PolygonArea, Winding};

use crate::closed_form::{FLATTENING, SEMI_MAJOR_AXIS};
use crate::geometry::{PathRole, visit_paths};
use crate::{FeatureRef, Geometry, PathRef};

static CGCS2000: LazyLock<Geodesic> = LazyLock::new(|| Geodesic::new(SEMI_MAJOR_AXIS, FLATTENING));

/// Plane area of all polygons.
pub fn area(geometry: &Geometry) -> f64 {
    sum_areas(geometry, |ring| signed_ring_area(ring.iter().map(|c| [c.x, c.y])))
}

/// Plane length of all lines; rings have a [`perimeter`] instead.
pub fn length(geometry: &Geometry) -> f64 {
    sum_lengths(geometry, is_line, plane_distance)
}

/// Plane length of all rings, holes too.
pub fn perimeter(geometry: &Geometry) -> f64 {
    sum_lengths(geometry, is_ring, plane_distance)
}

/// Area of all polygons on the ellipsoid, square metres.
pub fn geodesic_area(geometry: &Geometry) -> f64 {
    sum_areas(geometry, |ring| geodesic_ring_area(ring.iter().map(|c| [c.x, c.y])))
}

/// The same of a feature in longitude and latitude.
pub fn geodesic_area_of(feature: FeatureRef<'_>) -> f64 {
    let signed = |path: PathRef<'_>| match path.role {
        PathRole::Exterior => geodesic_ring_area(path.coords.iter().copied()).abs(),
        PathRole::Hole => -geodesic_ring_area(path.coords.iter().copied()).abs(),
        PathRole::Points | PathRole::Line => 0.0,
    };
    feature.paths().map(signed).sum()
}

/// Area of a closed ring, positive when it winds counter-clockwise.
fn geodesic_ring_area(ring: impl ExactSizeIterator<Item = [f64; 2]> + Clone) -> f64 {
    match ring.len() {
        0..4 => 0.0,
        _ => short_edges::ring_area(ring.clone()).unwrap_or_else(|| any_ring_area(ring)),
    }
}

/// The same, whatever the length of its edges (Karney, "Algorithms for geodesics", 2013, section 6).
fn any_ring_area(ring: impl IntoIterator<Item = [f64; 2]>) -> f64 {
    let mut sum = PolygonArea::new(&CGCS2000, Winding::CounterClockwise);
    for [lon, lat] in ring.into_iter().skip(1) {
        sum.add_point(lat, lon);
    }
    sum.compute(true).1
}

/// Plane area of what the pieces of a boundary bound, each from one end to the other with the inside
/// to its left; in any order.
pub fn bounded_area(pieces: &[[[f64; 2]; 2]]) -> f64 {
    let Some([[x, y], _]) = pieces.first() else { return 0.0 };
    let swept = |[[ax, ay], [bx, by]]: &[[f64; 2]; 2]| (ax - x) * (by - ay) - (ay - y) * (bx - ax);
    pieces.iter().map(swept).sum::<f64>() / 2.0
}

/// The same on the ellipsoid, square metres; none where a piece is too long for its series.
pub fn geodesic_bounded_area(pieces: &[[[f64; 2]; 2]]) -> Option<f64> {
    short_edges::bounded_area(pieces)
}

/// Length of all lines on the ellipsoid, metres.
pub fn geodesic_length(geometry: &Geometry) -> f64 {
    sum_lengths(geometry, is_line, geodesic_distance)
}

/// Length of all rings on the ellipsoid, holes too, metres.
pub fn geodesic_perimeter(geometry: &Geometry) -> f64 {
    sum_lengths(geometry, is_ring, geodesic_distance)
}

/// Area of a closed ring: positive when it winds counter-clockwise (x east, y north).
///
/// Summed about the ring's first vertex, so that a parcel far from the CRS's origin keeps its
/// digits.
pub fn signed_ring_area(ring: impl IntoIterator<Item = [f64; 2]>) -> f64 {
    let mut vertices = ring.into_iter();
    let Some([x0, y0]) = vertices.next() else { return 0.0 };
    let (mut last_x, mut last_y, mut twice) = (0.0, 0.0, 0.0);
    for [x, y] in vertices {
        let (x, y) = (x - x0, y - y0);
        twice += last_x * y - x * last_y;
        (last_x, last_y) = (x, y);
    }
    twice / 2.0
}

fn sum_areas(geometry: &Geometry, ring_area: impl Fn(&[Coord<f64>]) -> f64) -> f64 {
    let mut sum = 0.0;
    visit_paths(&geometry.shape, &mut |role, path| match role {
        PathRole::Exterior => sum += ring_area(path).abs(),
        PathRole::Hole => sum -= ring_area(path).abs(),
        PathRole::Points | PathRole::Line => {}
    });
    sum
}

fn sum_lengths(
    geometry: &Geometry,
    counts: impl Fn(PathRole) -> bool,
    distance: impl Fn(Coord<f64>, Coord<f64>) -> f64,
) -> f64 {
    let mut sum = 0.0;
    visit_paths(&geometry.shape, &mut |role, path| {
        if counts(role) {
            sum += path.windows(2).map(|edge| distance(edge[0], edge[1])).sum::<f64>();
        }
    });
    sum
}

fn is_line(role: PathRole) -> bool {
    role == PathRole::Line
}

fn is_ring(role: PathRole) -> bool {
    matches!(role, PathRole::Exterior | PathRole::Hole)
}

fn plane_distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (b.x - a.x).hypot(b.y - a.y)
}

fn geodesic_distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    CGCS2000.inverse(a.y, a.x, b.y, b.x)
}
