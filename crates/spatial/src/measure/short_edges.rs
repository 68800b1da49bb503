//! Areas on the ellipsoid of rings whose edges are short, without solving a geodesic for each.
//!
//! The zone between the equator and latitude φ has the area q(φ) for each radian of longitude, so
//! a ring of straight edges in the plane of longitude λ and q has its true area there. A geodesic
//! is not straight in that plane: with the curvature that the equations of geodesics give at its
//! middle it lies to one side of its chord by an area of
//! `sin φ / 12 · Δλ · (p² Δλ² + 3 Δq² / p²)`, p the radius of the parallel. What is left out falls
//! with the fifth power of the length: less than 2e-5 m² for an edge of [`MAX_EDGE`] up to
//! [`MAX_LATITUDE`].

use std::f64::consts::PI;

use crate::closed_form::{E2, FLATTENING, SEMI_MAJOR_AXIS};

/// Edges of more metres are not short.
const MAX_EDGE: f64 = 2_000.0;
/// Degrees of latitude, north or south, up to which edges are short.
const MAX_LATITUDE: f64 = 60.0;

const SEMI_MINOR_AXIS: f64 = SEMI_MAJOR_AXIS * (1.0 - FLATTENING);

/// Signed area of a closed ring, square metres, counter-clockwise positive; none when an edge is
/// not short. Every vertex is a longitude and a latitude in degrees.
pub(super) fn ring_area(ring: impl IntoIterator<Item = [f64; 2]>) -> Option<f64> {
    let mut vertices = ring.into_iter();
    let origin = Vertex::of(vertices.next()?)?;
    let mut last = origin.about(&origin);
    let mut sum = 0.0;
    for vertex in vertices {
        let next = Vertex::of(vertex)?.about(&origin);
        sum += swept(&last, &next)?;
        last = next;
    }
    unambiguous(sum)
}

/// Area of what the pieces of a boundary bound, each from one end to the other with the inside to
/// its left; none when one of them is not short.
pub(super) fn bounded_area(pieces: &[[[f64; 2]; 2]]) -> Option<f64> {
    let Some([first, _]) = pieces.first() else { return Some(0.0) };
    let origin = Vertex::of(*first)?;
    let mut sum = 0.0;
    for piece in pieces {
        let [from, to] = piece.map(|end| Some(Vertex::of(end)?.about(&origin)));
        sum += swept(&from?, &to?)?;
    }
    unambiguous(sum)
}

/// Beyond a hemisphere a boundary bounds the other part of the world.
fn unambiguous(area: f64) -> Option<f64> {
    (area.abs() < 2.0 * PI * SEMI_MINOR_AXIS * SEMI_MINOR_AXIS).then_some(area)
}

#[derive(Clone, Copy)]
struct Vertex {
    /// Radians.
    lon: f64,
    /// [`zone`] of the latitude.
    zone: f64,
    /// Sine of the latitude.
    sin: f64,
}

impl Vertex {
    fn of([lon, lat]: [f64; 2]) -> Option<Self> {
        let sin = (lat.abs() <= MAX_LATITUDE).then(|| lat.to_radians().sin())?;
        Some(Self { lon: lon.to_radians(), zone: zone(sin), sin })
    }

    /// Seen from another vertex: what is small keeps its digits.
    fn about(&self, origin: &Self) -> Self {
        Self { lon: self.lon - origin.lon, zone: self.zone - origin.zone, sin: self.sin }
    }
}

/// Area swept from the origin along the geodesic between two vertices seen from it.
fn swept(from: &Vertex, to: &Vertex) -> Option<f64> {
    let (across, along) = (to.lon - from.lon, to.zone - from.zone);
    let middle = f64::midpoint(from.sin, to.sin);
    let parallel2 =
        SEMI_MAJOR_AXIS * SEMI_MAJOR_AXIS * (1.0 - middle * middle) / (1.0 - E2 * middle * middle);
    let (east2, north2) = (parallel2 * across * across, along * along / parallel2);
    let under_chord = (from.lon * to.zone - to.lon * from.zone) / 2.0;
    let beside_it = middle / 12.0 * across * (east2 + 3.0 * north2);
    (east2 + north2 <= MAX_EDGE * MAX_EDGE).then_some(under_chord - beside_it)
}

/// Area between the equator and a latitude of this sine, square metres for each radian of
/// longitude: b²/2 · (sin φ / (1 − e² sin² φ) + artanh(e sin φ) / e), as a series in e² sin² φ
/// (Snyder, "Map Projections – A Working Manual", 1987, eq. 3-12).
fn zone(sin: f64) -> f64 {
    const HALF: f64 = SEMI_MINOR_AXIS * SEMI_MINOR_AXIS / 2.0;
    let x = E2 * sin * sin;
    let series = 2.0
        + x * (4.0 / 3.0
            + x * (6.0 / 5.0
                + x * (8.0 / 7.0 + x * (10.0 / 9.0 + x * (12.0 / 11.0 + x * (14.0 / 13.0))))));
    HALF * sin * series
}
