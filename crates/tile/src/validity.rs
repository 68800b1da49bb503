//! Tells whether the rings of a figure are a valid polygon: no ring meets itself or another
//! one, holes lie in their exterior, polygons beside each other.
//!
//! Refuses at least every invalid figure; with [`Contact::Refused`] also those whose rings
//! merely touch in a point. Pairs of edges are filtered by their boxes, four comparisons in
//! one subtraction, and refined exactly in integers.

use spatial::PathRole;

use crate::figure::{Figure, Point, cross};

/// Whether two rings may touch in a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    /// A touch counts as a defect; cheap to decide and rare.
    Refused,
    /// Rings may touch in points, as the OGC allows; a ring may never touch itself.
    Allowed,
}

/// Edges up to which every pair is looked at; above, edges are swept in order.
const SMALL_RING: usize = 32;

/// Guard bits of the four 16-bit lanes of a packed box.
const GUARDS: u64 = 0x8000_8000_8000_8000;
/// Moves tile integers of any buffered tile to positive lanes of 15 bits.
const BIAS: i32 = 8192;

/// The box of an edge, packed so that `upper − lower` of two keeps all guards exactly when the
/// boxes meet.
#[derive(Clone, Copy, Debug, Default)]
struct PackedBox {
    upper: u64,
    lower: u64,
}

impl PackedBox {
    #[inline]
    fn new(a: Point, b: Point) -> Self {
        let lane = |value: i32| (value + BIAS) as u64;
        let (west, east) = (lane(a[0].min(b[0])), lane(a[0].max(b[0])));
        let (north, south) = (lane(a[1].min(b[1])), lane(a[1].max(b[1])));
        let flip = |value: u64| 0x7fff - value;
        Self {
            upper: (east | south << 16 | flip(west) << 32 | flip(north) << 48) | GUARDS,
            lower: west | north << 16 | flip(east) << 32 | flip(south) << 48,
        }
    }

    #[inline]
    fn meets(&self, other: &Self) -> bool {
        (self.upper - other.lower) & GUARDS == GUARDS
    }
}

/// An edge of one of several rings.
#[derive(Clone, Copy, Debug)]
struct Edge {
    around: PackedBox,
    a: Point,
    b: Point,
    number: u32,
    next: u32,
    ring: u32,
}

impl Edge {
    fn span(&self, axis: usize) -> (i32, i32) {
        (self.a[axis].min(self.b[axis]), self.a[axis].max(self.b[axis]))
    }
}

/// How two edges whose boxes meet lie to each other.
#[derive(PartialEq)]
enum Meeting {
    Apart,
    Point,
    Overlap,
}

fn meeting(p: [Point; 2], q: [Point; 2]) -> Meeting {
    let (c, d) = (cross(p[0], p[1], q[0]).signum(), cross(p[0], p[1], q[1]).signum());
    if c * d > 0 {
        return Meeting::Apart;
    }
    let (a, b) = (cross(q[0], q[1], p[0]).signum(), cross(q[0], q[1], p[1]).signum());
    if a * b > 0 {
        return Meeting::Apart;
    }
    if c * d < 0 && a * b < 0 {
        return Meeting::Overlap;
    }
    if c == 0 && d == 0 {
        let axis = usize::from((p[0][0] - p[1][0]).abs() < (p[0][1] - p[1][1]).abs());
        let start = |edge: [Point; 2]| edge[0][axis].min(edge[1][axis]);
        let end = |edge: [Point; 2]| edge[0][axis].max(edge[1][axis]);
        let meet = start(p).max(start(q)) == end(p).min(end(q));
        return if meet { Meeting::Point } else { Meeting::Overlap };
    }
    Meeting::Point
}

/// Scratch of the check.
#[derive(Debug, Default)]
pub(crate) struct Validity {
    edges: Vec<Edge>,
    small: [PackedBox; SMALL_RING],
}

impl Validity {
    /// Whether the rings of `figure` are valid as they stand.
    pub fn holds(&mut self, figure: &Figure, contact: Contact) -> bool {
        if let [path] = figure.paths() {
            return self.ring_is_simple(figure.points(*path));
        }
        self.edges.clear();
        for (ring, path) in figure.paths().iter().enumerate() {
            self.push_ring(ring as u32, figure.points(*path));
        }
        self.edges_keep_apart(contact) && nested(figure)
    }

    fn ring_is_simple(&mut self, ring: &[Point]) -> bool {
        if ring.len() <= SMALL_RING {
            return self.small_ring_is_simple(ring);
        }
        self.edges.clear();
        self.push_ring(0, ring);
        self.edges_keep_apart(Contact::Refused)
    }

    fn small_ring_is_simple(&mut self, ring: &[Point]) -> bool {
        let count = ring.len();
        if count == 3 {
            return true;
        }
        // Box `n` is that of the edge that ends at point `n`.
        let boxes = &mut self.small[..count];
        let mut previous = ring[count - 1];
        for (around, &point) in boxes.iter_mut().zip(ring) {
            *around = PackedBox::new(previous, point);
            previous = point;
        }
        let edge = |end: usize| [ring[if end == 0 { count - 1 } else { end - 1 }], ring[end]];
        for (number, p) in boxes.iter().enumerate() {
            // The first edge and the last are neighbours.
            let end = count - usize::from(number == 0);
            for (ahead, q) in boxes.get(number + 2..end).unwrap_or_default().iter().enumerate() {
                let meet = || meeting(edge(number), edge(number + 2 + ahead));
                if p.meets(q) && meet() != Meeting::Apart {
                    return false;
                }
            }
        }
        true
    }

    fn push_ring(&mut self, ring: u32, points: &[Point]) {
        let first = self.edges.len() as u32;
        let followers = points.iter().skip(1).chain(points.first());
        for (number, (&a, &b)) in (first..).zip(points.iter().zip(followers)) {
            let around = PackedBox::new(a, b);
            self.edges.push(Edge { around, a, b, number, next: number + 1, ring });
        }
        if let Some(last) = self.edges.last_mut() {
            last.next = first;
        }
    }

    fn edges_keep_apart(&mut self, contact: Contact) -> bool {
        let total = |axis: usize| -> i64 {
            self.edges.iter().map(|edge| i64::from((edge.a[axis] - edge.b[axis]).abs())).sum()
        };
        let axis = usize::from(total(1) < total(0));
        self.edges.sort_unstable_by_key(|edge| (edge.span(axis).0, edge.number));
        for (position, p) in self.edges.iter().enumerate() {
            let end = p.span(axis).1;
            for q in &self.edges[position + 1..] {
                if q.span(axis).0 > end {
                    break;
                }
                if !p.around.meets(&q.around) || p.next == q.number || q.next == p.number {
                    continue;
                }
                let allowed = contact == Contact::Allowed && p.ring != q.ring;
                match meeting([p.a, p.b], [q.a, q.b]) {
                    Meeting::Apart => {}
                    Meeting::Point if allowed => {}
                    _ => return false,
                }
            }
        }
        true
    }
}

/// Whether rings that do not cross lie in each other as their roles ask.
fn nested(figure: &Figure) -> bool {
    let paths = figure.paths();
    let boxes: Vec<_> = paths.iter().map(|path| ring_box(figure.points(*path))).collect();
    let mut own_exterior = 0;
    for (number, path) in paths.iter().enumerate() {
        let hole = path.role == PathRole::Hole;
        if !hole {
            own_exterior = number;
        }
        let ring = figure.points(*path);
        let mut depth = 0;
        for (other, around) in paths.iter().enumerate() {
            let outer = &boxes[other];
            let inner = &boxes[number];
            let may_hold = other != number
                && (0..2).all(|k| outer.0[k] <= inner.0[k] && outer.1[k] >= inner.1[k]);
            if may_hold && lies_in(ring, figure.points(*around)) {
                depth += 1;
            } else if hole && other == own_exterior {
                return false;
            }
        }
        if (depth % 2 == 1) != hole {
            return false;
        }
    }
    true
}

fn ring_box(ring: &[Point]) -> (Point, Point) {
    ring.iter().fold(([i32::MAX; 2], [i32::MIN; 2]), |(min, max), p| {
        ([min[0].min(p[0]), min[1].min(p[1])], [max[0].max(p[0]), max[1].max(p[1])])
    })
}

/// Whether `ring` lies in `around`, told by the first of its points or middles of edges that is
/// not on the border.
fn lies_in(ring: &[Point], around: &[Point]) -> bool {
    let followers = ring.iter().skip(1).chain(ring.first());
    let middles = ring.iter().zip(followers).map(|(a, b)| [a[0] + b[0], a[1] + b[1]]);
    let points = ring.iter().map(|point| point.map(|v| 2 * v));
    points.chain(middles).find_map(|doubled| strictly_in(doubled, around)).unwrap_or(true)
}

/// Whether the point at half of `doubled` lies in `ring`; `None` on its border.
fn strictly_in(doubled: Point, ring: &[Point]) -> Option<bool> {
    let mut inside = false;
    let mut a = ring.last()?.map(|v| 2 * v);
    for b in ring {
        let b = b.map(|v| 2 * v);
        let turn = cross(a, b, doubled);
        let on_edge = turn == 0
            && (0..2).all(|k| a[k].min(b[k]) <= doubled[k] && doubled[k] <= a[k].max(b[k]));
        if on_edge {
            return None;
        }
        if (a[1] > doubled[1]) != (b[1] > doubled[1]) && (turn > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
        a = b;
    }
    Some(inside)
}
