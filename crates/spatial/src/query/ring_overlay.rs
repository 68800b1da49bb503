//! The area that a feature and an area have in common, from their boundaries alone.
//!
//! By Green's theorem it is half the sum of the cross products along the boundary of the common
//! part, which consists of the pieces of one boundary inside the other. An edge takes part with
//! the integral of "inside" along it: where it starts, plus a jump at each crossing times the part
//! of the edge that still follows. No piece is put in order with others, so nothing can be
//! misplaced by rounding: a crossing that is off by a rounding moves the area by a rounding. What
//! is measured on another plane takes the pieces themselves.
//!
//! Where boundaries touch or run along each other, the area is shifted by (ε, ε²) for an ε less
//! than any number: then they only cross. The common area changes continuously with a shift, so
//! its limit is the exact one. Signs are exact (see [`turn`]), with the shift deciding ties.
//!
//! Both are valid polygons. Coordinates are relative to the middle of the feature's envelope when
//! they are multiplied, so that the error is about 1e-16 of the feature's squared extent, whatever
//! the distance from the CRS's origin.

use geo::kernels::Orientation;
use geo_types::Coord;

use super::Area;
use super::area::Form;
use super::edges::{Edge, envelope_of};
use super::meeting::Workspace;
use crate::geometry::PathRole;
use crate::validity::{boxes_meet, turn};
use crate::{Envelope, FeatureRef};

/// Pairs of edges up to which every pair is tried; the tree of the area pays off above.
/// Tests are to come by both.
const MAX_PAIRS: usize = if cfg!(test) { 24 } else { 4096 };

/// Memory to work in, kept from feature to feature.
#[derive(Debug)]
pub(super) struct OverlayWork<C> {
    feature: Workspace,
    /// Edges of the area near the feature, in order, and what is known of each.
    local: Vec<Local<C>>,
}

impl<C> Default for OverlayWork<C> {
    fn default() -> Self {
        Self { feature: Workspace::default(), local: Vec::new() }
    }
}

#[derive(Debug)]
struct Local<C> {
    place: usize,
    edge: Edge,
    crossings: C,
    /// Σ jump.
    jumps: i32,
}

/// What is made of the boundary of a common part, edge by edge.
pub(super) trait Boundary {
    /// What is known of the crossings of one edge.
    type Crossings: Default;

    /// Notes a crossing at a part of the edge, from 0 to 1, where it comes into the other (+1) or
    /// leaves it (−1).
    fn cross(crossings: &mut Self::Crossings, at: f64, jump: i32);

    /// Takes an edge whose start lies inside the other (1) or does not (0).
    fn take(&mut self, edge: &Edge, inside: i32, crossings: Self::Crossings);
}

/// Twice the area that the boundary bounds, swept from an origin.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) origin: Coord<f64>,
    pub(super) twice: f64,
}

impl Boundary for Swept {
    /// Σ jump × the part of the edge that follows.
    type Crossings = f64;

    #[inline]
    fn cross(integral: &mut f64, at: f64, jump: i32) {
        *integral += f64::from(jump) * (1.0 - at);
    }

    #[inline]
    fn take(&mut self, edge: &Edge, inside: i32, integral: f64) {
        let [a, b] = edge.ends;
        let (from, run) = (a - self.origin, b - a);
        let twice = from.x * run.y - from.y * run.x;
        let twice = if edge.left_inside { twice } else { -twice };
        self.twice += (f64::from(inside) + integral) * twice;
    }
}

/// The pieces of the boundary, from one end to the other, the inside to their left; in no order.
#[derive(Debug, Default)]
pub(super) struct Pieces(pub(super) Vec<[[f64; 2]; 2]>);

impl Boundary for Pieces {
    type Crossings = Vec<(f64, i32)>;

    fn cross(crossings: &mut Self::Crossings, at: f64, jump: i32) {
        crossings.push((at, jump));
    }

    fn take(&mut self, edge: &Edge, mut inside: i32, mut crossings: Self::Crossings) {
        crossings.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let [a, b] = edge.ends;
        let mut from = a;
        let crossed = crossings.iter().map(|(at, jump)| (a + (b - a) * *at, *jump));
        for (to, jump) in crossed.chain([(b, 0)]) {
            // Crossings that rounding puts in the wrong order leave a piece less than nothing.
            let is_left = edge.left_inside == (inside > 0);
            let piece = if is_left { [from, to] } else { [to, from] };
            let piece = piece.map(|c| [c.x, c.y]);
            self.0.extend(std::iter::repeat_n(piece, inside.unsigned_abs() as usize));
            inside += jump;
            from = to;
        }
    }
}

/// Gives `boundary` the edges of the common part of `feature` and `area`, both polygons; none when
/// one of them is no polygon. Returns how many vertices were walked.
pub(super) fn common_part<B: Boundary>(
    area: &Area,
    feature: FeatureRef<'_>,
    boundary: &mut B,
    work: &mut OverlayWork<B::Crossings>,
) -> u64 {
    let Form::Areal(segments, _) = area.form() else { return 0 };
    let envelope = feature.envelope();
    let OverlayWork { feature: own, local } = work;
    own.read(feature, &[PathRole::Exterior, PathRole::Hole]);
    own.orient(feature);
    local.clear();
    segments.any(&envelope, |place, _| {
        let edge = Edge::of(segments, place);
        local.push(Local { place, edge, crossings: B::Crossings::default(), jumps: 0 });
        false
    });
    let [x, y] = envelope.center();
    let origin = Coord { x, y };
    let walked = (own.edges.len() + local.len()) as u64;
    let many = own.edges.len() * local.len() > MAX_PAIRS;

    let mut starts = own.starts.iter().copied().peekable();
    let mut inside = 0;
    for (number, edge) in own.edges.iter().enumerate() {
        if starts.next_if_eq(&number).is_some() {
            inside = i32::from(area.holds_shifted(edge.ends[0]));
        }
        let (start, mut crossings) = (inside, B::Crossings::default());
        let mut meet = |other: &mut Local<B::Crossings>| {
            if let Some(crossing) = Crossing::of(edge, &other.edge, origin) {
                inside += crossing.into_area;
                B::cross(&mut crossings, crossing.on_feature, crossing.into_area);
                other.jumps += crossing.into_feature;
                B::cross(&mut other.crossings, crossing.on_area, crossing.into_feature);
            }
        };
        if many {
            segments.any(&envelope_of(edge.ends), |place, _| {
                if let Ok(at) = local.binary_search_by_key(&place, |other| other.place) {
                    meet(&mut local[at]);
                }
                false
            });
        } else {
            for other in local.iter_mut() {
                if boxes_meet(edge.ends, other.edge.ends) {
                    meet(other);
                }
            }
        }
        boundary.take(edge, start, crossings);
    }

    let mut last: Option<(usize, i32)> = None;
    for other in local.iter_mut() {
        let start = other.edge.ends[0];
        let follows = last.filter(|(place, _)| {
            place + 1 == other.place && segments.all[*place].ring == segments.all[other.place].ring
        });
        let inside = match follows {
            Some((_, inside)) => inside,
            None if !envelope.intersects(&Envelope::of([[start.x, start.y]])) => 0,
            None => {
                let crosses =
                    |edge: &&Edge| ray_meets_from(edge.ends, start, f64::INFINITY, Shift::Along);
                (own.edges.iter().filter(crosses).count() % 2) as i32
            }
        };
        last = Some((other.place, inside + other.jumps));
        boundary.take(&other.edge, inside, std::mem::take(&mut other.crossings));
    }
    walked
}

/// Which way the shift of the area takes a point, seen from the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// The point belongs to the area, and moves by (ε, ε²).
    Along,
    /// The area moves, so the point moves by (−ε, −ε²) for it.
    Against,
}

/// Whether `point`, shifted, lies left of `a → b`; never on it.
#[inline]
fn is_left(a: Coord<f64>, b: Coord<f64>, point: Coord<f64>, shift: Shift) -> bool {
    match turn(a, b, point) {
        Orientation::CounterClockwise => true,
        Orientation::Clockwise => false,
        // The cross product of the direction with (ε, ε²).
        Orientation::Collinear => {
            let along = if a.y == b.y { b.x > a.x } else { b.y < a.y };
            along == (shift == Shift::Along)
        }
    }
}

/// Whether a ray along the positive x axis from the shifted `point` up to `target`, which no
/// segment comes near, crosses a segment.
#[inline]
pub(super) fn ray_meets_from(
    [a, b]: [Coord<f64>; 2],
    point: Coord<f64>,
    target: f64,
    shift: Shift,
) -> bool {
    let above = |c: Coord<f64>| match shift {
        Shift::Along => c.y > point.y,
        Shift::Against => c.y >= point.y,
    };
    if a.x.max(b.x) < point.x || above(a) == above(b) {
        return false;
    }
    let (low, high) = if a.y < b.y { (a, b) } else { (b, a) };
    let starts = a.x.min(b.x) > point.x || is_left(low, high, point, shift);
    let passes = a.x.max(b.x) > target
        && turn(low, high, Coord { x: target, y: point.y }) == Orientation::CounterClockwise;
    starts && !passes
}

/// A place where an edge of the feature and one of the area cross.
struct Crossing {
    /// Where on the edge of the feature, 0 to 1.
    on_feature: f64,
    /// Where on the edge of the area, 0 to 1.
    on_area: f64,
    /// +1 where the feature's edge comes into the area, −1 where it leaves.
    into_area: i32,
    /// The same for the area's edge and the feature.
    into_feature: i32,
}

impl Crossing {
    #[inline]
    fn of(feature: &Edge, area: &Edge, origin: Coord<f64>) -> Option<Self> {
        let ([f0, f1], [a0, a1]) = (feature.ends, area.ends);
        let a0_left = is_left(f0, f1, a0, Shift::Along);
        let a1_left = is_left(f0, f1, a1, Shift::Along);
        if a0_left == a1_left {
            return None;
        }
        let f0_left = is_left(a0, a1, f0, Shift::Against);
        let f1_left = is_left(a0, a1, f1, Shift::Against);
        if f0_left == f1_left {
            return None;
        }
        let sign = |enters: bool| if enters { 1 } else { -1 };
        let (on_feature, on_area) = parts([f0 - origin, f1 - origin], [a0 - origin, a1 - origin]);
        Some(Self {
            on_feature,
            on_area,
            into_area: sign(f1_left == area.left_inside),
            into_feature: sign(a1_left == feature.left_inside),
        })
    }
}

/// Where two segments that cross do so, 0 to 1 on each, such that both places are one but for
/// rounding even where the segments almost lie along each other.
fn parts(a: [Coord<f64>; 2], b: [Coord<f64>; 2]) -> (f64, f64) {
    let (along_a, along_b) = (a[1] - a[0], b[1] - b[0]);
    let square = |d: Coord<f64>| d.x * d.x + d.y * d.y;
    let cross = |p: Coord<f64>, q: Coord<f64>| p.x * q.y - p.y * q.x;
    let at = |s: [Coord<f64>; 2], part: f64| s[0] + (s[1] - s[0]) * part;
    // Onto the longer one from the shorter one, and back: what the quotient gets wrong where it
    // is ill-conditioned moves along both.
    let project = |s: [Coord<f64>; 2], p: Coord<f64>| {
        let (d, q) = (s[1] - s[0], p - s[0]);
        ((q.x * d.x + q.y * d.y) / square(d)).clamp(0.0, 1.0)
    };
    let on_shorter = |shorter: [Coord<f64>; 2], longer: [Coord<f64>; 2], run: Coord<f64>| {
        let (from, to) = (cross(run, shorter[0] - longer[0]), cross(run, shorter[1] - longer[0]));
        let part = from / (from - to);
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.5 };
        let on_longer = project(longer, at(shorter, part));
        (project(shorter, at(longer, on_longer)), on_longer)
    };
    if square(along_a) <= square(along_b) {
        on_shorter(a, b, along_b)
    } else {
        let (on_b, on_a) = on_shorter(b, a, along_a);
        (on_a, on_b)
    }
}
