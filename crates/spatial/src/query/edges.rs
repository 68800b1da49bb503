//! Exact tests of points, segments and boxes, on which everything else in a query rests.

use geo::kernels::Orientation;
use geo_types::Coord;

use crate::Envelope;
use crate::validity::turn;

/// One edge of a ring, and where the inside of its polygon is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Begin and end, never equal.
    pub ends: [Coord<f64>; 2],
    /// Whether the inside lies left of the edge, or else right of it.
    pub left_inside: bool,
}

impl Edge {
    pub(super) fn envelope(&self) -> Envelope {
        envelope_of(self.ends)
    }
}

/// Where a point lies to polygons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Outside,
    Boundary,
    Inside,
}

/// A vertex of a shard.
#[inline]
pub(super) fn coord([x, y]: [f64; 2]) -> Coord<f64> {
    Coord { x, y }
}

#[inline]
pub(super) fn envelope_of([a, b]: [Coord<f64>; 2]) -> Envelope {
    Envelope::new(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y))
}

/// Whether `point` lies on the closed segment; exact.
#[inline]
pub(super) fn is_on(ends: [Coord<f64>; 2], point: Coord<f64>) -> bool {
    let envelope = envelope_of(ends);
    envelope.min_x <= point.x
        && point.x <= envelope.max_x
        && envelope.min_y <= point.y
        && point.y <= envelope.max_y
        && turn(ends[0], ends[1], point) == Orientation::Collinear
}

/// How a ray from `point` along the positive x axis, up to `target` (which no segment touches),
/// meets a segment: `Inside` when it crosses, `Boundary` when the segment holds the point.
///
/// A segment is half open along y, so that a vertex on the ray counts once.
#[inline]
pub(super) fn ray_meets([a, b]: [Coord<f64>; 2], point: Coord<f64>, target: f64) -> Position {
    if a.x.max(b.x) < point.x {
        return Position::Outside;
    }
    if (a.y > point.y) == (b.y > point.y) {
        let on = if a.y == point.y && b.y == point.y {
            a.x.min(b.x) <= point.x
        } else {
            a == point || b == point
        };
        return if on { Position::Boundary } else { Position::Outside };
    }
    // Looked at from the lower end, what is left of the segment has it on its right.
    let (low, high) = if a.y < b.y { (a, b) } else { (b, a) };
    let passes = |x: f64| turn(low, high, Coord { x, y: point.y });
    if a.x.min(b.x) <= point.x {
        match passes(point.x) {
            Orientation::Collinear => return Position::Boundary,
            Orientation::Clockwise => return Position::Outside,
            Orientation::CounterClockwise => {}
        }
    }
    if a.x.max(b.x) > target && passes(target) == Orientation::CounterClockwise {
        return Position::Outside;
    }
    Position::Inside
}

/// Where `point` lies to the rings that `edges` make, by walking all of them.
pub(super) fn position_among(
    edges: impl IntoIterator<Item = [Coord<f64>; 2]>,
    point: Coord<f64>,
) -> Position {
    let mut inside = false;
    for ends in edges {
        match ray_meets(ends, point, f64::INFINITY) {
            Position::Outside => {}
            Position::Inside => inside = !inside,
            Position::Boundary => return Position::Boundary,
        }
    }
    if inside { Position::Inside } else { Position::Outside }
}

/// Whether a segment whose box meets `envelope` may share a point with it; never wrong when it
/// says no.
#[inline]
pub(super) fn crosses_box([a, b]: [Coord<f64>; 2], envelope: &Envelope) -> bool {
    // Twice the area of the triangle that a corner makes with the segment. Differences of finite
    // numbers and their products are off by no more than the bound.
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let (left, right) = (dy * (envelope.min_x - a.x), dy * (envelope.max_x - a.x));
    let (below, above) = (dx * (envelope.min_y - a.y), dx * (envelope.max_y - a.y));
    let least = below.min(above) - left.max(right);
    let most = below.max(above) - left.min(right);
    let size = left.abs().max(right.abs()) + below.abs().max(above.abs());
    let doubt = 8.0 * f64::EPSILON * size;
    !(least > doubt || most < -doubt)
}
