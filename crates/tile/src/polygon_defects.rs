//! What is wrong with the rings of a decoded polygon.

use std::fmt;

/// Twice the coordinates, so that the middle of an edge is one too.
type Point = [i64; 2];
type Ring = Vec<Point>;

/// A defect of a polygon; ring numbers count within the feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolygonDefect {
    /// The first ring is a hole.
    HoleFirst,
    /// A ring of no area.
    NoArea {
        /// The ring.
        ring: usize,
    },
    /// A ring meets itself other than from edge to edge.
    SelfContact {
        /// The ring.
        ring: usize,
    },
    /// Two rings cross or share more than points.
    Crossing {
        /// The rings.
        rings: [usize; 2],
    },
    /// A hole that does not lie in its exterior, or lies in another hole.
    HoleOutside {
        /// The hole.
        ring: usize,
    },
    /// A polygon that lies in another one of the feature.
    Covered {
        /// Its exterior.
        ring: usize,
    },
}

impl fmt::Display for PolygonDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HoleFirst => f.write_str("begins with a hole"),
            Self::NoArea { ring } => write!(f, "ring {ring} has no area"),
            Self::SelfContact { ring } => write!(f, "ring {ring} meets itself"),
            Self::Crossing { rings: [a, b] } => write!(f, "rings {a} and {b} cross or overlap"),
            Self::HoleOutside { ring } => write!(f, "hole {ring} is not in its exterior"),
            Self::Covered { ring } => write!(f, "polygon of ring {ring} lies in another"),
        }
    }
}

/// Twice the signed area; positive for exteriors, y pointing south.
fn area2(ring: &[Point]) -> i128 {
    let wrapped = ring.iter().skip(1).chain(ring.first());
    let term = |(a, b): (&Point, &Point)| {
        i128::from(a[0]) * i128::from(b[1]) - i128::from(b[0]) * i128::from(a[1])
    };
    ring.iter().zip(wrapped).map(term).sum()
}

fn side(a: Point, b: Point, c: Point) -> i128 {
    let [ax, ay] = a.map(i128::from);
    let [bx, by] = b.map(i128::from);
    let [cx, cy] = c.map(i128::from);
    ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)).signum()
}

struct Edge {
    ring: usize,
    position: usize,
    ring_len: usize,
    a: Point,
    b: Point,
}

impl Edge {
    fn span(&self, axis: usize) -> (i64, i64) {
        (self.a[axis].min(self.b[axis]), self.a[axis].max(self.b[axis]))
    }

    fn follows(&self, other: &Self) -> bool {
        self.ring == other.ring && (other.position + 1) % other.ring_len == self.position
    }

    fn covers(&self, point: Point) -> bool {
        side(self.a, self.b, point) == 0
            && (0..2).all(|axis| {
                let (low, high) = self.span(axis);
                (low..=high).contains(&point[axis])
            })
    }
}

/// Every defect of the polygon that `rings` make.
pub(crate) fn polygon_defects(rings: &[Vec<[i32; 2]>]) -> Vec<PolygonDefect> {
    let doubled = |ring: &Vec<[i32; 2]>| ring.iter().map(|p| p.map(|v| 2 * i64::from(v))).collect();
    let rings: &[Ring] = &rings.iter().map(doubled).collect::<Vec<_>>();
    let mut defects = Vec::new();
    let areas: Vec<i128> = rings.iter().map(|ring| area2(ring)).collect();
    for (ring, area) in areas.iter().enumerate() {
        if *area == 0 {
            defects.push(PolygonDefect::NoArea { ring });
        }
    }
    if areas.first().is_some_and(|area| *area < 0) {
        defects.push(PolygonDefect::HoleFirst);
    }
    contacts(rings, &mut defects);
    if defects.is_empty() {
        nesting(rings, &areas, &mut defects);
    }
    defects
}

fn contacts(rings: &[Ring], defects: &mut Vec<PolygonDefect>) {
    let mut edges: Vec<Edge> = Vec::new();
    for (ring, points) in rings.iter().enumerate() {
        let ring_len = points.len();
        for (position, &a) in points.iter().enumerate() {
            let b = points[(position + 1) % ring_len];
            edges.push(Edge { ring, position, ring_len, a, b });
        }
    }
    edges.sort_by_key(|edge| edge.span(0).0);
    for (number, p) in edges.iter().enumerate() {
        for q in &edges[number + 1..] {
            if q.span(0).0 > p.span(0).1 {
                break;
            }
            let (low, high) = q.span(1);
            if high < p.span(1).0 || low > p.span(1).1 {
                continue;
            }
            if let Some(defect) = contact(p, q)
                && !defects.contains(&defect)
            {
                defects.push(defect);
            }
        }
    }
}

fn contact(p: &Edge, q: &Edge) -> Option<PolygonDefect> {
    let shared: Vec<Point> = [(p.a, q), (p.b, q), (q.a, p), (q.b, p)]
        .into_iter()
        .filter_map(|(point, edge)| edge.covers(point).then_some(point))
        .collect();
    let several = shared.iter().any(|point| *point != shared[0]);
    let proper = side(p.a, p.b, q.a) * side(p.a, p.b, q.b) < 0
        && side(q.a, q.b, p.a) * side(q.a, q.b, p.b) < 0;
    if p.ring != q.ring {
        let crossing = several || proper;
        return crossing
            .then(|| PolygonDefect::Crossing { rings: [p.ring.min(q.ring), p.ring.max(q.ring)] });
    }
    let neighbours = p.follows(q) || q.follows(p);
    let bad = proper || several || (!neighbours && !shared.is_empty());
    bad.then_some(PolygonDefect::SelfContact { ring: p.ring })
}

fn nesting(rings: &[Ring], areas: &[i128], defects: &mut Vec<PolygonDefect>) {
    let mut exterior = 0;
    for (ring, points) in rings.iter().enumerate() {
        let hole = areas[ring] < 0;
        if !hole {
            exterior = ring;
        }
        let around: Vec<usize> = (0..rings.len())
            .filter(|other| *other != ring && inside(points, &rings[*other]))
            .collect();
        if hole {
            let holes = around.iter().filter(|other| areas[**other] < 0).count();
            if !around.contains(&exterior) || around.len() != 2 * holes + 1 {
                defects.push(PolygonDefect::HoleOutside { ring });
            }
        } else if around.len() % 2 == 1 {
            defects.push(PolygonDefect::Covered { ring });
        }
    }
}

/// Whether `ring`, which does not cross `around`, lies in it.
fn inside(ring: &[Point], around: &[Point]) -> bool {
    let beyond = |axis: usize, point: &Point| {
        around.iter().all(|p| p[axis] < point[axis]) || around.iter().all(|p| p[axis] > point[axis])
    };
    if ring.first().is_none_or(|point| beyond(0, point) || beyond(1, point)) {
        return false;
    }
    let followers = ring.iter().skip(1).chain(ring.first());
    let middles = ring.iter().zip(followers).map(|(a, b)| [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    ring.iter().copied().chain(middles).find_map(|point| holds(around, point)).unwrap_or(true)
}

/// Whether `ring` holds `point`; `None` on its border.
fn holds(ring: &[Point], point: Point) -> Option<bool> {
    let mut winding = 0;
    for (position, &a) in ring.iter().enumerate() {
        let b = ring[(position + 1) % ring.len()];
        let edge = Edge { ring: 0, position, ring_len: ring.len(), a, b };
        if edge.covers(point) {
            return None;
        }
        if a[1] <= point[1] && b[1] > point[1] && side(a, b, point) > 0 {
            winding += 1;
        } else if a[1] > point[1] && b[1] <= point[1] && side(a, b, point) < 0 {
            winding -= 1;
        }
    }
    Some(winding != 0)
}
