//! How far the parts of an outline keep apart.

use super::arcs::Line;
use super::nodes::{Vertex, distinct};
use super::{NEVER, first_zoom};
use crate::PathRole;
use crate::placement::Placement;
use crate::shard::Body;

/// Vertices up to which every one is held against every edge.
const MOST: usize = 48;
/// Rounding moves a vertex by less than 0.71 tile units, and levels an outline by 0.5: parts this
/// many units apart cannot meet.
const APART: f64 = 2.5;

/// The zoom from which on neither rounding nor levels can make the rings of the feature at `slot`
/// meet themselves or each other; [`NEVER`] when nobody knows.
pub(crate) fn firm_from(
    body: &Body,
    placement: &Placement,
    slot: usize,
    vertices: &mut Vec<Vertex>,
) -> u8 {
    let mut paths = body.paths(slot);
    let (Some(path), None) = (paths.next(), paths.next()) else { return NEVER };
    let ring = &placement.points[body.path_vertices(path)];
    if ring.len() > MOST + 1 || body.roles[path] != PathRole::Exterior {
        return NEVER;
    }
    distinct(ring, true, vertices);
    let count = vertices.len();
    if count < 3 {
        return NEVER;
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
    first_zoom(clearance2, APART)
}
