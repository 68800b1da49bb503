//! How far the parts of an outline keep apart.

use super::arcs::{Line, between};
use super::first_zoom;
use super::nodes::{Vertex, distinct};
use crate::outline::Outline;
use crate::placement::{Placement, turned_area2};
use crate::shard::Body;
use crate::{PathRole, WorldPoint};

/// Vertices up to which every one is held against every edge.
const MOST: usize = 48;
/// Rounding moves a vertex by less than 0.71 tile units, and levels an outline by 0.5: parts this
/// many units apart cannot meet.
const APART: f64 = 2.5;

/// What is known of the outline of the feature at `slot`.
pub(crate) fn outline(
    body: &Body,
    placement: &Placement,
    slot: usize,
    vertices: &mut Vec<Vertex>,
) -> Outline {
    let mut paths = body.paths(slot);
    let (Some(path), None) = (paths.next(), paths.next()) else { return Outline::UNKNOWN };
    let ring = &placement.points[body.path_vertices(path)];
    if ring.len() > MOST + 1 || body.roles[path] != PathRole::Exterior {
        return Outline::UNKNOWN;
    }
    distinct(ring, true, vertices);
    let count = vertices.len();
    if count < 3 || count + 1 != ring.len() {
        return Outline::UNKNOWN;
    }
    let mut clearance2 = f64::INFINITY;
    let mut before = count - 1;
    for after in 0..count {
        let line = Line::new(vertices[before].at, vertices[after].at);
        for (number, vertex) in vertices.iter().enumerate() {
            if number != before && number != after {
                clearance2 = clearance2.min(line.distance2(vertex.at));
            }
        }
        before = after;
    }
    // Where edges cross, no vertex need be near.
    if clearance2 < 1.0 || crosses_itself(ring) {
        return Outline::UNKNOWN;
    }
    Outline::firm_from(first_zoom(clearance2, APART), turned_area2(ring) > 0.0)
}

/// Whether two edges of a closed ring cross whose vertices are a world unit off its other edges:
/// then twice the area of a triangle of three of them is far more than its error, where edges cross.
fn crosses_itself(ring: &[WorldPoint]) -> bool {
    let side = |a: WorldPoint, b: WorldPoint, c: WorldPoint| {
        let [[u, v], [x, y]] = [b, c].map(|to| between(a, to));
        u * y - v * x > 0.0
    };
    (2..ring.len() - 1).any(|q| {
        let (c, d) = (ring[q], ring[q + 1]);
        (0..q - 1).any(|p| {
            let (a, b) = (ring[p], ring[p + 1]);
            side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b)
        })
    })
}
