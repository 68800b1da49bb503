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

/// Edges of a ring that are looked at together.
const RUN: usize = 8;

/// Where `point` lies to a closed ring: what lies wholly above, below or left of it is passed over by the run.
pub(super) fn position_in_ring(ring: &[[f64; 2]], point: Coord<f64>) -> Position {
    let mut inside = false;
    for first in (0..ring.len().saturating_sub(1)).step_by(RUN) {
        let run = &ring[first..(first + RUN + 1).min(ring.len())];
        let is_beside = run.iter().all(|at| at[0] < point.x)
            || run.iter().all(|at| at[1] < point.y)
            || run.iter().all(|at| at[1] > point.y);
        if is_beside {
            continue;
        }
        let edges = run.windows(2).map(|pair| [coord(pair[0]), coord(pair[1])]);
        match position_among(edges, point) {
            Position::Boundary => return Position::Boundary,
            position => inside ^= position == Position::Inside,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A closed ring of so many edges on a grid of whole numbers, so that points meet vertices and edges, some
    /// of which are level.
    fn ring(edges: usize) -> Vec<[f64; 2]> {
        let corner = |number: usize| {
            let angle = number as f64 / edges as f64 * std::f64::consts::TAU;
            let reach = if number.is_multiple_of(2) { 9.0 } else { 5.0 };
            [(reach * angle.cos()).round(), (reach * angle.sin()).round()]
        };
        let mut ring: Vec<[f64; 2]> = (0..edges).map(corner).collect();
        ring.extend(ring.first().copied());
        ring
    }

    #[test]
    fn a_ring_looked_at_by_runs_is_the_ring_edge_by_edge() {
        for edges in 3..40 {
            let ring = ring(edges);
            let all = || ring.windows(2).map(|pair| [coord(pair[0]), coord(pair[1])]);
            for number in 0..41 * 41 {
                let (x, y) = (f64::from(number % 41) / 2.0, f64::from(number / 41) / 2.0);
                let point = coord([x - 10.0, y - 10.0]);
                let expected = position_among(all(), point);
                assert_eq!(position_in_ring(&ring, point), expected, "{edges} {point:?}");
            }
        }
    }
}
