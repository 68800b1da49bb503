//! Distances between shapes on a plane: segment to segment, least of all.
//!
//! Distances are computed in `f64`: exact but for rounding, and 0 exactly where shapes meet.

use geo_types::Coord;

use super::Area;
use super::area::{Form, points_in};
use super::edges::{Position, coord, envelope_of, position_among};
use crate::geometry::PathRole;
use crate::metric::{MOST_FOLLOWING, MetricPlane};
use crate::validity::{Contact, contact};
use crate::{Envelope, FeatureRef};

/// A feature on the plane where distances are measured: its paths, flat.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub points: Vec<Coord<f64>>,
    /// Edges of lines and rings, none of length 0.
    pub edges: Vec<[Coord<f64>; 2]>,
    /// Those of `edges` that belong to rings come last, from here on.
    pub first_ring_edge: usize,
    /// One vertex a path that has edges.
    pub anchors: Vec<Coord<f64>>,
    /// How many vertices follow edges, beside those of the feature.
    pub following: usize,
}

/// Square of the distance between a point and a closed segment.
pub(super) fn to_point([a, b]: [Coord<f64>; 2], p: Coord<f64>) -> f64 {
    let (d, q) = (b - a, p - a);
    let length = d.x * d.x + d.y * d.y;
    let part = if length > 0.0 { ((q.x * d.x + q.y * d.y) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (q.x - d.x * part, q.y - d.y * part);
    x * x + y * y
}

/// Square of the distance between two closed segments of some length.
pub(super) fn between(a: [Coord<f64>; 2], b: [Coord<f64>; 2]) -> f64 {
    if contact(a, b) != Contact::None {
        return 0.0;
    }
    to_point(a, b[0]).min(to_point(a, b[1])).min(to_point(b, a[0])).min(to_point(b, a[1]))
}

fn square(a: Coord<f64>, b: Coord<f64>) -> f64 {
    let d = b - a;
    d.x * d.x + d.y * d.y
}

/// Distance between two boxes; 0 where they meet.
pub(super) fn between_boxes(a: &Envelope, b: &Envelope) -> f64 {
    let dx = (a.min_x - b.max_x).max(b.min_x - a.max_x).max(0.0);
    let dy = (a.min_y - b.max_y).max(b.min_y - a.max_y).max(0.0);
    (dx * dx + dy * dy).sqrt()
}

pub(super) fn grown(envelope: Envelope, by: f64) -> Envelope {
    let Envelope { min_x, min_y, max_x, max_y } = envelope;
    Envelope::new(min_x - by, min_y - by, max_x + by, max_y + by)
}

/// The distance between a feature and an area, both on one plane, if it is at most `limit`.
pub(super) fn least(area: &Area, feature: &Placed, limit: f64) -> Option<f64> {
    if let Form::Mixed(parts) = area.form() {
        return parts.iter().filter_map(|part| least(part, feature, limit)).reduce(f64::min);
    }
    if overlap(area, feature) {
        return Some(0.0);
    }
    let mut best = Best { square: limit * limit * (1.0 + 8.0 * f64::EPSILON), found: false };
    match area.form() {
        Form::Points(points) => {
            for q in &feature.points {
                for p in points_in(points, &grown(Envelope::of([[q.x, q.y]]), best.room())) {
                    best.take(square(p, *q));
                }
            }
            for edge in &feature.edges {
                for p in points_in(points, &grown(envelope_of(*edge), best.room())) {
                    best.take(to_point(*edge, p));
                }
            }
        }
        Form::Areal(segments, _) | Form::Lines(segments) => {
            for q in &feature.points {
                segments.any(&grown(Envelope::of([[q.x, q.y]]), best.room()), |_, segment| {
                    best.take(to_point(segment.ends, *q));
                    false
                });
            }
            for edge in &feature.edges {
                segments.any(&grown(envelope_of(*edge), best.room()), |_, segment| {
                    best.take(between(segment.ends, *edge));
                    false
                });
            }
        }
        Form::Mixed(_) => {}
    }
    let distance = best.square.sqrt();
    (best.found && distance <= limit).then_some(distance)
}

/// The least square of a distance so far.
struct Best {
    square: f64,
    found: bool,
}

impl Best {
    fn take(&mut self, square: f64) {
        if square <= self.square {
            (self.square, self.found) = (square, true);
        }
    }

    /// How far off something nearer can be.
    fn room(&self) -> f64 {
        self.square.sqrt() * (1.0 + 8.0 * f64::EPSILON)
    }
}

/// Whether one holds a path of the other in its inside.
fn overlap(area: &Area, feature: &Placed) -> bool {
    let rings = &feature.edges[feature.first_ring_edge..];
    let in_feature = |p: Coord<f64>| {
        !rings.is_empty() && position_among(rings.iter().copied(), p) != Position::Outside
    };
    let in_area = |p: &Coord<f64>| area.position(*p) != Position::Outside;
    if feature.points.iter().chain(&feature.anchors).any(in_area) {
        return true;
    }
    match area.form() {
        Form::Points(points) => points.iter().any(|p| in_feature(*p)),
        Form::Areal(segments, _) | Form::Lines(segments) => {
            segments.rings.iter().any(|ring| in_feature(segments.all[ring.start].ends[0]))
        }
        Form::Mixed(_) => false,
    }
}

impl Placed {
    /// Reads `feature` onto `plane`, into the memory of the last one. `false` when a vertex has
    /// no place there.
    pub(super) fn read(&mut self, feature: FeatureRef<'_>, plane: MetricPlane) -> bool {
        self.points.clear();
        self.edges.clear();
        self.anchors.clear();
        let mut left = MOST_FOLLOWING;
        for rings in [false, true] {
            if rings {
                self.first_ring_edge = self.edges.len();
            }
            for path in feature.paths() {
                match path.role {
                    PathRole::Points if !rings => {
                        self.points.extend(path.coords.iter().map(|at| coord(plane.point(*at))));
                    }
                    PathRole::Line if !rings => self.push(path.coords, plane, &mut left),
                    PathRole::Exterior | PathRole::Hole if rings => {
                        self.push(path.coords, plane, &mut left);
                    }
                    _ => {}
                }
            }
        }
        self.following = MOST_FOLLOWING - left;
        let finite = |c: &Coord<f64>| c.x.is_finite() && c.y.is_finite();
        self.points.iter().chain(self.edges.as_flattened()).all(finite)
    }

    fn push(&mut self, path: &[[f64; 2]], plane: MetricPlane, left: &mut usize) {
        let (before, mut last) = (self.edges.len(), None);
        plane.path(path, left, &mut |at| {
            let at = coord(at);
            match last.replace(at) {
                None => self.anchors.push(at),
                Some(last) if last != at => self.edges.push([last, at]),
                Some(_) => {}
            }
        });
        if let (Some(last), true) = (last, self.edges.len() == before) {
            // A path without extent is a point.
            self.anchors.pop();
            self.points.push(last);
        }
    }
}
