//! Whether two features lie within a distance of each other on a plane: edge to edge, 0 where
//! one lies in the other or they meet.
//!
//! Whether they meet is decided exactly; distances are rounded as `f64` rounds.

use std::ops::Range;

use geo_types::Coord;

use crate::metric::{MOST_FOLLOWING, MetricPlane};
use crate::point_side::{Side, side_of, side_of_ring};
use crate::validity::{Contact, contact};
use crate::{Envelope, FeatureRef, PathRole};

/// A feature on the plane where distances are measured, in memory that is used again.
#[derive(Debug)]
pub(crate) struct Outline {
    paths: Vec<(PathRole, Range<usize>)>,
    coords: Vec<[f64; 2]>,
    envelope: Envelope,
    /// How many of its vertices follow edges.
    pub(crate) following: usize,
}

impl Default for Outline {
    fn default() -> Self {
        Self { paths: Vec::new(), coords: Vec::new(), envelope: Envelope::EMPTY, following: 0 }
    }
}

impl Outline {
    /// Holds `feature` from now on.
    pub(crate) fn place(&mut self, feature: FeatureRef<'_>, plane: MetricPlane) {
        self.paths.clear();
        self.coords.clear();
        let mut left = MOST_FOLLOWING;
        for path in feature.paths() {
            let start = self.coords.len();
            self.coords.reserve(path.coords.len());
            if path.role == PathRole::Points {
                self.coords.extend(path.coords.iter().map(|coord| plane.point(*coord)));
            } else {
                plane.path(path.coords, &mut left, &mut |at| self.coords.push(at));
            }
            self.paths.push((path.role, start..self.coords.len()));
        }
        self.envelope = Envelope::of(self.coords.iter().copied());
        self.following = MOST_FOLLOWING - left;
    }

    /// Whether a part of it has no place on the plane: it is near to nothing.
    fn is_far(&self) -> bool {
        !(self.envelope.max_x < f64::INFINITY && self.envelope.max_y < f64::INFINITY)
    }

    fn rings(&self) -> impl Iterator<Item = &[[f64; 2]]> + Clone {
        let areal = |role: &PathRole| matches!(role, PathRole::Exterior | PathRole::Hole);
        let rings = self.paths.iter().filter(move |(role, _)| areal(role));
        rings.map(|(_, span)| &self.coords[span.clone()])
    }

    /// Segments, a point as one of length 0.
    fn segments(&self) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
        self.paths.iter().flat_map(|(role, span)| {
            let coords = &self.coords[span.clone()];
            let points = if *role == PathRole::Points { coords } else { &[] };
            let edges = if *role == PathRole::Points { &[] } else { coords };
            let edges = edges.windows(2).map(|edge| [edge[0], edge[1]]);
            points.iter().map(|point| [*point, *point]).chain(edges)
        })
    }

    /// Whether a point, or one vertex of a path, of `other` lies in a polygon of this; with
    /// borders that do not meet, one vertex tells the whole path.
    fn holds_some_of(&self, other: &Self) -> bool {
        if self.rings().next().is_none() {
            return false;
        }
        other.paths.iter().any(|(role, span)| {
            let coords = &other.coords[span.clone()];
            let told = if *role == PathRole::Points { coords.len() } else { 1 };
            let mut told = coords.iter().take(told);
            told.any(|coord| side_of(*coord, self.rings()) != Side::Outside)
        })
    }
}

/// Whether `a` and `b` are at most `distance` apart, in the units of their plane; not negative.
pub(crate) fn within(a: &Outline, b: &Outline, distance: f64) -> bool {
    if a.is_far() || b.is_far() || !grown(&a.envelope, distance).intersects(&b.envelope) {
        return false;
    }
    if let ([p], [q]) = (a.coords.as_slice(), b.coords.as_slice()) {
        return points_within(*p, *q, distance);
    }
    paths_within(a, b, distance) || a.holds_some_of(b) || b.holds_some_of(a)
}

/// Whether two points of a plane are at most `distance` apart.
#[inline]
pub(crate) fn points_within(p: [f64; 2], q: [f64; 2], distance: f64) -> bool {
    square_to_point([p, p], q) <= distance * distance
}

/// How two features lie to each other whose paths have no point in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    /// They share no point.
    Apart,
    /// The second lies in the interior of the first.
    SecondInFirst,
    /// The first lies in the interior of the second.
    FirstInSecond,
}

/// How `a` and `b` lie to each other, unless that takes more than a look at their paths.
pub(crate) fn nesting(a: &Outline, b: &Outline) -> Option<Nesting> {
    let (a_ring, b_ring) = match (a.paths.as_slice(), b.paths.as_slice()) {
        ([(PathRole::Exterior, a)], [(PathRole::Exterior, b)]) => (a.clone(), b.clone()),
        _ => return (!within(a, b, 0.0)).then_some(Nesting::Apart),
    };
    if !a.envelope.intersects(&b.envelope) {
        return Some(Nesting::Apart);
    }
    if paths_within(a, b, 0.0) {
        return None;
    }
    let holds = |outer: &Outline, ring: Range<usize>, inner: &Outline, first: usize| {
        let first = inner.coords.get(first);
        first.is_some_and(|first| side_of_ring(*first, &outer.coords[ring]) == Side::Inside)
    };
    Some(if holds(a, a_ring.clone(), b, b_ring.start) {
        Nesting::SecondInFirst
    } else if holds(b, b_ring, a, a_ring.start) {
        Nesting::FirstInSecond
    } else {
        Nesting::Apart
    })
}

/// Whether a point or edge of `a` and one of `b` are at most `distance` apart.
fn paths_within(a: &Outline, b: &Outline, distance: f64) -> bool {
    // Most edges of the larger one are nowhere near the other.
    let size = |one: &Outline| one.envelope.width().max(one.envelope.height());
    let (large, small) = if size(a) >= size(b) { (a, b) } else { (b, a) };
    let near_small = grown(&small.envelope, distance);
    for s in large.segments() {
        let own = segment_box(s);
        if !own.intersects(&near_small) {
            continue;
        }
        let reach = grown(&own, distance);
        for t in small.segments() {
            if reach.intersects(&segment_box(t)) && segments_within(s, t, distance) {
                return true;
            }
        }
    }
    false
}

fn segment_box([[ax, ay], [bx, by]]: [[f64; 2]; 2]) -> Envelope {
    Envelope::new(ax.min(bx), ay.min(by), ax.max(bx), ay.max(by))
}

fn grown(envelope: &Envelope, by: f64) -> Envelope {
    let Envelope { min_x, min_y, max_x, max_y } = *envelope;
    // A last bit more, for sums round.
    let by = by * (1.0 + 4.0 * f64::EPSILON);
    let room = |value: f64| 2.0 * f64::EPSILON * value.abs() * f64::from(u8::from(by > 0.0));
    Envelope::new(
        min_x - by - room(min_x),
        min_y - by - room(min_y),
        max_x + by + room(max_x),
        max_y + by + room(max_y),
    )
}

fn segments_within(s: [[f64; 2]; 2], t: [[f64; 2]; 2], distance: f64) -> bool {
    let coord = |[x, y]: [f64; 2]| Coord { x, y };
    let (flat_s, flat_t) = (s[0] == s[1], t[0] == t[1]);
    if flat_s || flat_t {
        let square = if flat_s { square_to_point(t, s[0]) } else { square_to_point(s, t[0]) };
        let on_it = || match (flat_s, flat_t) {
            (true, true) => s[0] == t[0],
            (true, false) => side_of(s[0], [[t[0], t[1], t[0]].as_slice()]) == Side::Border,
            (false, _) => side_of(t[0], [[s[0], s[1], s[0]].as_slice()]) == Side::Border,
        };
        return distance > 0.0 && square <= distance * distance || on_it();
    }
    if contact(s.map(coord), t.map(coord)) != Contact::None {
        return true;
    }
    distance > 0.0 && {
        let least = square_to_point(s, t[0])
            .min(square_to_point(s, t[1]))
            .min(square_to_point(t, s[0]))
            .min(square_to_point(t, s[1]));
        least <= distance * distance
    }
}

/// Square of the distance between a closed segment and a point.
fn square_to_point([a, b]: [[f64; 2]; 2], p: [f64; 2]) -> f64 {
    let (d, q) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = d[0] * d[0] + d[1] * d[1];
    let along = q[0] * d[0] + q[1] * d[1];
    let part = if length > 0.0 { (along / length).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (q[0] - d[0] * part, q[1] - d[1] * part);
    x * x + y * y
}
