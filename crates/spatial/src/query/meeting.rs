//! How the boundary of a feature and that of an area lie to each other: exact, and as fast as
//! the part of the area near the feature is small.
//!
//! Boundaries that cross settle every named relation of two areas at once. Where they only touch,
//! every contact is a vertex of one of them, so edges are cut at vertices alone, and each piece
//! lies in the inside, in the outside, or along the other boundary. For valid polygons the matrix
//! follows: where interiors meet, the common part is bounded by a piece of one in the inside of
//! the other or by a common piece with both insides on one side; likewise for what one has alone.

use geo::kernels::Orientation;
use geo_types::{Coord, LineString, Polygon};

use super::Area;
use super::area::{Form, position_in};
use super::edges::{Edge, Position, coord, envelope_of, is_on, position_among};
use crate::FeatureRef;
use crate::geometry::PathRole;
use crate::predicate::{Dimension, Matrix, Relation};
use crate::validity::{Contact, RingFacts, Segments, boxes_meet, contact, turn};

/// Pairs of edges up to which every pair is tried; a tree pays off above.
/// Tests are to come by both.
const MAX_PAIRS: usize = if cfg!(test) { 24 } else { 4096 };

/// What pieces of the two boundaries are there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meeting {
    /// A piece of the feature in the interior of the area.
    pub inside: bool,
    /// A piece of the feature outside of the area.
    pub outside: bool,
    /// A piece of the area's boundary in the interior of the feature.
    pub area_inside: bool,
    /// A piece of the area's boundary outside of the feature.
    pub area_outside: bool,
    /// A common piece, the insides on one side.
    pub along: bool,
    /// A common piece, the insides on two sides.
    pub against: bool,
    /// A common point.
    pub touch: bool,
}

impl Meeting {
    const CROSSED: Self = Self {
        inside: true,
        outside: true,
        area_inside: true,
        area_outside: true,
        along: false,
        against: false,
        touch: true,
    };

    /// The relation of the feature to the area, both polygons.
    pub(super) fn relation(self) -> Relation {
        use Dimension::{Empty, One, Two, Zero};
        let areal = |some: bool| if some { Two } else { Empty };
        let line = |some: bool| if some { One } else { Empty };
        let bb = match (self.along || self.against, self.touch) {
            (true, _) => One,
            (false, true) => Zero,
            (false, false) => Empty,
        };
        let matrix = Matrix([
            areal(self.inside || self.area_inside || self.along),
            line(self.area_inside),
            areal(self.outside || self.area_inside || self.against),
            line(self.inside),
            bb,
            line(self.outside),
            areal(self.area_outside || self.inside || self.against),
            line(self.area_outside),
            Two,
        ]);
        Relation { matrix, dimensions: [Two, Two] }
    }
}

/// How much must be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Whether they meet at all: `touch`, `inside` or `area_inside`.
    Meets,
    /// All that a named relation asks: where boundaries cross, common pieces are left open.
    Named,
    /// Everything.
    Matrix,
}

/// Roles of rings.
const RINGS: [PathRole; 2] = [PathRole::Exterior, PathRole::Hole];

/// Edges to be met: few in a list, or many under a tree.
#[derive(Clone, Copy)]
enum Others<'a> {
    List(&'a [Edge]),
    Tree(&'a Segments),
}

impl<'a> Others<'a> {
    /// The edges of an area near a feature, which are `local`.
    fn of_area(segments: &'a Segments, local: &'a [Edge], many: bool) -> Self {
        if many { Self::Tree(segments) } else { Self::List(local) }
    }

    /// Whether `test` holds for one of the edges whose box meets that of `ends`.
    #[inline]
    fn any(self, ends: [Coord<f64>; 2], mut test: impl FnMut(&Edge) -> bool) -> bool {
        match self {
            Self::List(edges) => edges.iter().any(|edge| boxes_meet(ends, edge.ends) && test(edge)),
            Self::Tree(segments) => {
                segments.any(&envelope_of(ends), |place, _| test(&Edge::of(segments, place)))
            }
        }
    }
}

/// Memory to work in, kept from feature to feature.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// Edges of the feature.
    pub edges: Vec<Edge>,
    /// First edge of each path of the feature.
    pub starts: Vec<usize>,
    /// Edges of the area near the feature.
    local: Vec<Edge>,
    cuts: Vec<Coord<f64>>,
    ring: Vec<Coord<f64>>,
}

impl Workspace {
    /// Reads the edges of the paths of `feature` whose role is one of `roles`. On which side of
    /// them the inside is, [`Workspace::orient`] finds out.
    pub(super) fn read(&mut self, feature: FeatureRef<'_>, roles: &[PathRole]) {
        self.edges.clear();
        self.starts.clear();
        for path in feature.paths().filter(|path| roles.contains(&path.role)) {
            let start = self.edges.len();
            let pairs = path.coords.windows(2).filter(|pair| pair[0] != pair[1]);
            let edge = |pair: &[[f64; 2]]| Edge {
                ends: [coord(pair[0]), coord(pair[1])],
                left_inside: false,
            };
            self.edges.extend(pairs.map(edge));
            if self.edges.len() > start {
                self.starts.push(start);
            }
        }
    }

    /// Finds out on which side the inside is of the edges, which are those of the rings of
    /// `feature`.
    pub(super) fn orient(&mut self, feature: FeatureRef<'_>) {
        let mut starts = self.starts.iter().copied();
        let mut next = starts.next();
        for path in feature.paths().filter(|path| RINGS.contains(&path.role)) {
            if path.coords.windows(2).all(|pair| pair[0] == pair[1]) {
                continue;
            }
            let (start, end) = (next, starts.next());
            next = end;
            self.ring.clear();
            self.ring.extend(path.coords.iter().map(|c| coord(*c)));
            let winds_left = RingFacts::of(&self.ring).is_counter_clockwise();
            let left_inside = winds_left == (path.role == PathRole::Exterior);
            let end = end.unwrap_or(self.edges.len());
            for edge in &mut self.edges[start.unwrap_or(end)..end] {
                edge.left_inside = left_inside;
            }
        }
    }
}

/// How the boundary of `feature` and that of the area lie to each other. The edges in `work` are
/// those of its rings when `areal`, or else of its lines; the area is made of polygons.
pub(super) fn meeting(
    area: &Area,
    feature: FeatureRef<'_>,
    areal: bool,
    depth: Depth,
    work: &mut Workspace,
) -> Meeting {
    let Form::Areal(segments, _) = area.form() else { return Meeting::default() };
    work.local.clear();
    segments.any(&feature.envelope(), |place, _| {
        work.local.push(Edge::of(segments, place));
        false
    });
    let many = work.edges.len() * work.local.len() > MAX_PAIRS;
    let contacts = contacts(&work.edges, Others::of_area(segments, &work.local, many), depth);
    if contacts.crossed {
        return Meeting { along: contacts.common, ..Meeting::CROSSED };
    }
    let mut met = Meeting {
        touch: contacts.touch,
        area_outside: !areal || work.local.len() < segments.all.len(),
        ..Meeting::default()
    };
    if depth == Depth::Meets && met.touch {
        return met;
    }
    if areal && met.touch {
        work.orient(feature);
    }
    let Workspace { edges, starts, local, cuts, .. } = work;
    let envelope = feature.envelope();
    let tree = (many && areal).then(|| Segments::of(&polygons(feature)));
    let in_feature = |point: Coord<f64>| match &tree {
        _ if !areal => Position::Outside,
        Some(tree) => position_in(tree, None, &envelope, point),
        None => position_among(edges.iter().map(|edge| edge.ends), point),
    };
    if !met.touch {
        // No contact: every path lies on one side as a whole.
        for start in starts.iter() {
            let inside = area.position(edges[*start].ends[0]) == Position::Inside;
            met.inside |= inside;
            met.outside |= !inside;
        }
        for ring in &segments.rings {
            let inside = envelope.contains(&ring.envelope)
                && in_feature(segments.all[ring.start].ends[0]) == Position::Inside;
            met.area_inside |= inside;
            met.area_outside |= !inside;
        }
        return met;
    }
    let found =
        pieces(edges, Others::of_area(segments, local, many), |point| area.position(point), cuts);
    (met.inside, met.outside) = (found.inside, found.outside);
    (met.along, met.against) = (found.along, found.against);
    if areal {
        let near_feature = tree.as_ref().map_or(Others::List(edges), Others::Tree);
        let found = pieces(local, near_feature, in_feature, cuts);
        met.area_inside |= found.inside;
        met.area_outside |= found.outside;
    }
    met
}

/// What contacts there are between boundaries.
#[derive(Clone, Copy, Debug, Default)]
struct Contacts {
    /// Any at all.
    touch: bool,
    /// Edges cross.
    crossed: bool,
    /// Edges share a stretch.
    common: bool,
}

/// Looks for contacts until `depth` has what it needs.
fn contacts(edges: &[Edge], others: Others<'_>, depth: Depth) -> Contacts {
    let mut found = Contacts::default();
    let enough = |found: &Contacts| match depth {
        Depth::Meets => found.touch,
        Depth::Named => found.crossed,
        Depth::Matrix => found.crossed && found.common,
    };
    for edge in edges {
        others.any(edge.ends, |other| {
            let met = contact(edge.ends, other.ends);
            found.touch |= met != Contact::None;
            found.crossed |= matches!(met, Contact::Cross(_));
            found.common |= matches!(met, Contact::Overlap(_));
            enough(&found)
        });
        if enough(&found) {
            break;
        }
    }
    found
}

/// The polygons of a feature.
fn polygons(feature: FeatureRef<'_>) -> Vec<Polygon<f64>> {
    let mut polygons: Vec<Polygon<f64>> = Vec::new();
    for path in feature.paths() {
        let ring = || LineString(path.coords.iter().map(|c| coord(*c)).collect());
        match (path.role, polygons.last_mut()) {
            (PathRole::Exterior, _) => polygons.push(Polygon::new(ring(), Vec::new())),
            (PathRole::Hole, Some(polygon)) => polygon.interiors_push(ring()),
            _ => {}
        }
    }
    polygons
}

/// Where the pieces of `edges` lie to the polygon of `others`; they touch, but do not cross.
fn pieces(
    edges: &[Edge],
    others: Others<'_>,
    position: impl Fn(Coord<f64>) -> Position,
    cuts: &mut Vec<Coord<f64>>,
) -> Meeting {
    let mut met = Meeting::default();
    for edge in edges {
        let [from, to] = edge.ends;
        cuts.clear();
        cuts.extend([from, to]);
        others.any(edge.ends, |other| {
            cuts.extend(other.ends.iter().filter(|end| is_on(edge.ends, **end)));
            false
        });
        let by_x = (to.x - from.x).abs() >= (to.y - from.y).abs();
        let rises = if by_x { to.x > from.x } else { to.y > from.y };
        let along = |c: &Coord<f64>| {
            let value = if by_x { c.x } else { c.y };
            if rises { value } else { -value }
        };
        cuts.sort_unstable_by(|a, b| along(a).total_cmp(&along(b)));
        cuts.dedup();
        for piece in cuts.windows(2) {
            let [p, q] = [piece[0], piece[1]];
            let mut common = None;
            others.any([p, q], |other| {
                if is_on(other.ends, p) && is_on(other.ends, q) {
                    let [a, b] = other.ends;
                    let same = (b.x - a.x) * (to.x - from.x) + (b.y - a.y) * (to.y - from.y) > 0.0;
                    common = Some(same == (other.left_inside == edge.left_inside));
                }
                common.is_some()
            });
            match common {
                Some(true) => met.along = true,
                Some(false) => met.against = true,
                None if is_inside(p, q, others, &position) => met.inside = true,
                None => met.outside = true,
            }
        }
    }
    met
}

/// Whether the open piece from `p` to `q`, which meets no other edge, lies inside.
fn is_inside(
    p: Coord<f64>,
    q: Coord<f64>,
    others: Others<'_>,
    position: impl Fn(Coord<f64>) -> Position,
) -> bool {
    for end in [p, q] {
        match position(end) {
            Position::Inside => return true,
            Position::Outside => return false,
            Position::Boundary => {}
        }
    }
    // Both ends lie on the boundary: the sector at `p` decides. Of the rays that edges make from
    // `p`, the first one clockwise from the piece bounds its sector.
    let mut nearest: Option<(Coord<f64>, bool)> = None;
    others.any([p, p], |other| {
        let [a, b] = other.ends;
        if is_on(other.ends, p) {
            // The ray back to `a` has the left of the edge on its right.
            for (end, inside_left) in [(b, other.left_inside), (a, !other.left_inside)] {
                if end != p && nearest.is_none_or(|(best, _)| is_nearer(p, q, end, best)) {
                    nearest = Some((end, inside_left));
                }
            }
        }
        false
    });
    nearest.is_some_and(|(_, inside_left)| inside_left)
}

/// Whether a clockwise turn about `p` from `q` on comes to `v` before `w`. Neither lies in the
/// direction of `q`.
fn is_nearer(p: Coord<f64>, q: Coord<f64>, v: Coord<f64>, w: Coord<f64>) -> bool {
    let half = |c: Coord<f64>| match turn(p, q, c) {
        Orientation::Clockwise => 0,
        Orientation::Collinear => 1,
        Orientation::CounterClockwise => 2,
    };
    match half(v).cmp(&half(w)) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal => turn(p, v, w) == Orientation::Clockwise,
    }
}
