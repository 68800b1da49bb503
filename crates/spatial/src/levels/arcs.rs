//! Simplifies arcs after Douglas and Peucker, alike from both ends.
//!
//! Every choice goes by coordinates: the line between two kept vertices is looked at from the
//! smaller one, and of vertices equally far off it the smaller one is kept.

use super::nodes::{Nodes, Vertex};
use super::{NEVER, level_of};
use crate::WorldPoint;

/// Splits in a row after which an arc is cut in its middle: what is left then takes a time in
/// proportion to its length, whatever its shape.
const MAX_DEPTH: u32 = 40;

/// Part of an arc whose ends are kept: positions of the ends, how far off the line the vertex was
/// that made it, and how many splits led to it.
struct Part {
    ends: [usize; 2],
    most: f64,
    depth: u32,
}

/// Scratch of the simplification.
#[derive(Default)]
pub(super) struct Arcs {
    parts: Vec<Part>,
    turned: Vec<Vertex>,
}

impl Arcs {
    /// Writes the levels of a path's distinct `vertices` to `levels`, by position in the path.
    pub fn level(&mut self, vertices: &[Vertex], ring: bool, nodes: &Nodes, levels: &mut [u8]) {
        if vertices.len() < 3 {
            for vertex in vertices {
                levels[vertex.position as usize] = 0;
            }
            return;
        }
        if !ring {
            self.arcs(vertices, nodes, levels);
            return;
        }
        // A ring is walked from a node, one without nodes from its smallest vertex.
        let start = vertices.iter().position(|vertex| nodes.is_node(vertex.at));
        let smallest = || (0..vertices.len()).min_by_key(|number| vertices[*number].at);
        let start = start.or_else(smallest).unwrap_or(0);
        let mut turned = std::mem::take(&mut self.turned);
        turned.clear();
        turned.extend_from_slice(&vertices[start..]);
        turned.extend_from_slice(&vertices[..start]);
        turned.push(vertices[start]);
        self.arcs(&turned, nodes, levels);
        self.turned = turned;
    }

    /// Cuts a walk, whose ends are kept, at its nodes.
    fn arcs(&mut self, walk: &[Vertex], nodes: &Nodes, levels: &mut [u8]) {
        let last = walk.len() - 1;
        levels[walk[0].position as usize] = 0;
        levels[walk[last].position as usize] = 0;
        let mut start = 0;
        for end in 1..=last {
            if end == last || nodes.is_node(walk[end].at) {
                levels[walk[end].position as usize] = 0;
                self.arc(&walk[start..=end], levels);
                start = end;
            }
        }
    }

    fn arc(&mut self, arc: &[Vertex], levels: &mut [u8]) {
        let last = arc.len() - 1;
        if last < 2 {
            return;
        }
        self.parts.clear();
        self.parts.push(Part { ends: [0, last], most: f64::INFINITY, depth: 0 });
        while let Some(Part { ends: [start, end], most, depth }) = self.parts.pop() {
            let line = Line::new(arc[start].at, arc[end].at);
            let (mut middle, mut farthest) = (start, -1.0);
            for (number, vertex) in arc.iter().enumerate().take(end).skip(start + 1) {
                let distance2 = line.distance2(vertex.at);
                if distance2 > farthest || distance2 == farthest && vertex.at < arc[middle].at {
                    (middle, farthest) = (number, distance2);
                }
            }
            if depth >= MAX_DEPTH {
                let [low, high] = [(start + end) / 2, (start + end).div_ceil(2)];
                middle = if arc[low].at < arc[high].at { low } else { high };
            }
            let needed = farthest.min(most);
            levels[arc[middle].position as usize] = level_of(needed);
            for ends in [[start, middle], [middle, end]] {
                if ends[1] - ends[0] > 1 {
                    self.parts.push(Part { ends, most: needed, depth: depth + 1 });
                }
            }
        }
    }
}

/// A line between two vertices, from the smaller one to the larger.
pub(super) struct Line {
    from: WorldPoint,
    along: [f64; 2],
    length2: f64,
}

impl Line {
    pub fn new(a: WorldPoint, b: WorldPoint) -> Self {
        let (from, to) = if a < b { (a, b) } else { (b, a) };
        let along = between(from, to);
        Self { from, along, length2: along[0] * along[0] + along[1] * along[1] }
    }

    /// Square of the distance of `point` from the line between its ends.
    #[inline]
    pub fn distance2(&self, point: WorldPoint) -> f64 {
        let [x, y] = between(self.from, point);
        let [u, v] = self.along;
        let part = x * u + y * v;
        if part <= 0.0 || self.length2 == 0.0 {
            return x * x + y * y;
        }
        if part >= self.length2 {
            let [x, y] = [x - u, y - v];
            return x * x + y * y;
        }
        let across = x * v - y * u;
        across * across / self.length2
    }
}

/// The way between two points, world units.
#[inline]
pub(super) fn between(from: WorldPoint, to: WorldPoint) -> [f64; 2] {
    [0, 1].map(|axis| f64::from(to[axis]) - f64::from(from[axis]))
}

/// What a path's levels are before its vertices get theirs.
pub(super) fn unset(levels: &mut [u8]) {
    levels.fill(NEVER);
}
