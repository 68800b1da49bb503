//! Ties outlines where rounding makes them meet: the edges of a tile get points of which every
//! feature knows that has the edge.
//!
//! Rounding may carry a vertex onto an edge or across it. In a tessellation some feature lies
//! between the two, whose own outline then meets itself: such features are looked for, and each
//! meeting becomes a point of both edges. An edge that is bent may meet others, so that this is
//! done a few times over.

use rustc_hash::FxHashMap;
use spatial::{PathRef, PathRole, Shard};

use crate::clip::Wide;
use crate::draw::wide_ring;
use crate::frame::{Frame, LocalBox};
use crate::matrix_set::EXTENT;

/// Times that bent edges are looked at again.
const ROUNDS: usize = 4;
/// Coordinates whose products are exact; an edge with an end beyond is left as it is.
const FAR: i64 = 1 << 28;
/// Tile units around the buffered tile in which edges are looked at.
const AROUND: i64 = EXTENT as i64;
/// Pairs of edges that are looked at for each edge of a feature, on average; what has more crowds
/// a few places, and is left to repair.
const PAIRS: usize = 64;
/// Edges up to which a feature is looked at: beyond, its tile is full of it alone.
const MOST_EDGES: usize = 1 << 14;
/// Side of a cell is 2^6 tile units.
const CELL_BITS: u32 = 6;
/// Cells along the side of the widest buffered tile.
const CELLS: i64 = 128;

/// An edge, its smaller end first.
type Edge = [Wide; 2];

/// The points that edges get.
#[derive(Debug, Default)]
pub(crate) struct Knots {
    points: FxHashMap<Edge, Vec<Wide>>,
    /// One bit a cell that an edge with points runs through.
    cells: Vec<u128>,
    min: i64,
    edges: Vec<Edge>,
    /// What would be an edge if the vertex after it were not there, which turns the wrong way.
    turned: Vec<(Edge, Wide)>,
    found: Vec<(Edge, Wide)>,
    ring: Vec<Wide>,
    tied: Vec<Wide>,
}

impl Knots {
    /// Forgets every point.
    pub fn clear(&mut self) {
        self.points.clear();
        self.cells.clear();
    }

    /// Looks at the features that a tile draws; those below `square` tile units are drawn as
    /// squares. `sound` says of a feature whether its outline surely meets itself nowhere.
    pub fn tie<'a>(
        &mut self,
        runs: impl Iterator<Item = (&'a Shard, &'a [u16])> + Clone,
        square: f64,
        frame: &Frame,
        sound: &mut dyn FnMut(&Shard, usize, &LocalBox) -> bool,
    ) {
        self.clear();
        self.min = i64::from(frame.min);
        for round in 0..ROUNDS {
            for (shard, slots) in runs.clone() {
                for slot in slots {
                    let slot = usize::from(*slot);
                    if round == 0 && shard.outlines()[slot].is_firm_at(frame.firm) {
                        continue;
                    }
                    let feature = shard.feature(slot);
                    if feature.world_area() * frame.area_scale < square {
                        continue;
                    }
                    let local = frame.local_box(&feature.world_box());
                    let passed =
                        if round == 0 { sound(shard, slot, &local) } else { !self.touches(&local) };
                    if passed || frame.misses(&local) {
                        continue;
                    }
                    self.edges.clear();
                    self.turned.clear();
                    for path in feature.paths() {
                        if matches!(path.role, PathRole::Exterior | PathRole::Hole) {
                            self.push_edges(&path, frame);
                        }
                    }
                    self.look();
                }
            }
            if self.found.is_empty() {
                return;
            }
            self.cells.resize(CELLS as usize, 0);
            for (edge, point) in std::mem::take(&mut self.found) {
                let points = self.points.entry(edge).or_default();
                if !points.contains(&point) {
                    points.push(point);
                }
                self.mark(&edge);
            }
            for (edge, points) in &mut self.points {
                points.sort_unstable_by_key(|point| (along(edge, *point), *point));
            }
        }
    }

    /// Whether no edge has points.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether a feature in `local` may have an edge with points.
    #[inline]
    pub fn touches(&self, local: &LocalBox) -> bool {
        if self.cells.is_empty() {
            return false;
        }
        let [columns, rows] = [0, 1].map(|axis| self.span(local.min[axis], local.max[axis]));
        let mask = (u128::MAX >> (CELLS - 1 - (columns.1 - columns.0))) << columns.0;
        self.cells[rows.0 as usize..=rows.1 as usize].iter().any(|row| row & mask != 0)
    }

    /// Puts the points of its edges into an open ring.
    pub fn bend(&mut self, ring: &mut Vec<Wide>) {
        let mut tied = std::mem::take(&mut self.tied);
        tied.clear();
        let followers = ring.iter().skip(1).chain(ring.first());
        for (a, b) in ring.iter().zip(followers) {
            tied.push(*a);
            self.push_points(*a, *b, ROUNDS, &mut tied);
        }
        std::mem::swap(ring, &mut tied);
        self.tied = tied;
    }

    /// Adds what lies on the way from `a` to `b`.
    fn push_points(&self, a: Wide, b: Wide, depth: usize, ring: &mut Vec<Wide>) {
        let Some(points) = self.points.get(&edge(a, b)).filter(|_| depth > 0) else { return };
        let mut last = a;
        let mut visit = |point: Wide| {
            self.push_points(last, point, depth - 1, ring);
            ring.push(point);
            last = point;
        };
        if a < b {
            points.iter().copied().for_each(&mut visit);
        } else {
            points.iter().rev().copied().for_each(&mut visit);
        }
        self.push_points(last, b, depth - 1, ring);
    }

    fn span(&self, low: i64, high: i64) -> (i64, i64) {
        let cell = |v: i64| ((v - self.min) >> CELL_BITS).clamp(0, CELLS - 1);
        (cell(low), cell(high))
    }

    fn mark(&mut self, edge: &Edge) {
        let [columns, rows] = [0, 1].map(|axis| {
            let (a, b) = (edge[0][axis], edge[1][axis]);
            self.span(a.min(b), a.max(b))
        });
        let mask = (u128::MAX >> (CELLS - 1 - (columns.1 - columns.0))) << columns.0;
        for row in &mut self.cells[rows.0 as usize..=rows.1 as usize] {
            *row |= mask;
        }
    }

    /// Adds the edges of the ring that meet the buffered tile or lie near it.
    fn push_edges(&mut self, path: &PathRef<'_>, frame: &Frame) {
        let mut ring = std::mem::take(&mut self.ring);
        wide_ring(path, frame, &mut ring);
        if !self.cells.is_empty() {
            self.bend(&mut ring);
        }
        // A tile beside, which has part of an edge, must find the same points on it.
        let (min, max) = (i64::from(frame.min) - AROUND, i64::from(frame.max) + AROUND);
        let followers = ring.iter().skip(1).chain(ring.first());
        for (a, b) in ring.iter().zip(followers) {
            let misses = |axis: usize| a[axis].min(b[axis]) > max || a[axis].max(b[axis]) < min;
            let far = |point: &Wide| point.iter().any(|v| v.abs() > FAR);
            if a != b && !misses(0) && !misses(1) && !far(a) && !far(b) {
                self.edges.push(edge(*a, *b));
            }
        }
        if path.role == PathRole::Exterior {
            self.push_turned(&ring);
        }
        self.ring = ring;
    }

    /// Adds the vertices in which an exterior turns the other way than as a whole.
    fn push_turned(&mut self, ring: &[Wide]) {
        let count = ring.len();
        if count < 4 || ring.iter().flatten().any(|v| v.abs() > FAR) {
            return;
        }
        let triples = (0..count).map(|n| [ring[n], ring[(n + 1) % count], ring[(n + 2) % count]]);
        let area: i128 =
            triples.clone().map(|[a, b, _]| i128::from(a[0] * b[1] - b[0] * a[1])).sum();
        self.turned.extend(triples.filter_map(|[a, b, c]| {
            let turn = i128::from(turn(&[a, b], c));
            (turn.signum() == -area.signum() && turn != 0).then_some((edge(a, c), b))
        }));
    }

    /// Finds where the edges of one feature meet.
    fn look(&mut self) {
        if self.edges.len() > MOST_EDGES {
            return;
        }
        self.edges.sort_unstable();
        // A narrow part of three vertices that rounding turned over: its middle one belongs on
        // the edge between the others.
        for (edge, point) in self.turned.drain(..) {
            if self.edges.binary_search(&edge).is_ok() {
                self.found.push((edge, point));
            }
        }
        self.edges.dedup();
        let mut pairs = PAIRS * self.edges.len();
        for (position, p) in self.edges.iter().enumerate() {
            let (north, south) = (p[0][1].min(p[1][1]), p[0][1].max(p[1][1]));
            for q in &self.edges[position + 1..] {
                if q[0][0] > p[1][0] || pairs == 0 {
                    break;
                }
                pairs -= 1;
                if q[0][1].max(q[1][1]) >= north && q[0][1].min(q[1][1]) <= south {
                    meet(p, q, &mut self.found);
                }
            }
        }
    }
}

fn edge(a: Wide, b: Wide) -> Edge {
    if a < b { [a, b] } else { [b, a] }
}

/// How far along the edge a point lies.
fn along(edge: &Edge, point: Wide) -> i64 {
    let [a, b] = edge;
    (b[0] - a[0]) * (point[0] - a[0]) + (b[1] - a[1]) * (point[1] - a[1])
}

fn turn(edge: &Edge, point: Wide) -> i64 {
    let [a, b] = edge;
    (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
}

/// Adds the points that two edges give each other.
fn meet(p: &Edge, q: &Edge, found: &mut Vec<(Edge, Wide)>) {
    let (c, d) = (turn(p, q[0]), turn(p, q[1]));
    let (a, b) = (turn(q, p[0]), turn(q, p[1]));
    let mut on = |edge: &Edge, point: Wide| {
        if edge[0] < point && point < edge[1] {
            found.push((*edge, point));
        }
    };
    // On the line of an edge, what is between its ends in order is between them in place.
    for (edge, turn, point) in [(p, c, q[0]), (p, d, q[1]), (q, a, p[0]), (q, b, p[1])] {
        if turn == 0 {
            on(edge, point);
        }
    }
    if (c < 0) == (d < 0) || (a < 0) == (b < 0) || [a, b, c, d].contains(&0) {
        return;
    }
    // They cross; where is rounded to the grid.
    let part = a as f64 / (a as f64 - b as f64);
    let crossing =
        [0, 1].map(|axis| p[0][axis] + ((p[1][axis] - p[0][axis]) as f64 * part).round() as i64);
    for edge in [p, q] {
        if crossing != edge[0] && crossing != edge[1] {
            found.push((*edge, crossing));
        }
    }
}
