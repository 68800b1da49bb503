//! Whether one feature lies to another as a join asks.

use super::{Join, JoinFault, JoinOn};
use crate::complexity::{MAX_CROSSINGS, crosses_more_often};
use crate::gap::{Nesting, Outline, nesting, points_within, within};
use crate::point_side::{Side, side_of, side_of_ring};
use crate::relate::{GeometryFault, relate};
use crate::shard::Kind;
use crate::snapshot::Part;
use crate::{Budget, Envelope, FeatureRef, GeometryType, Metric, Predicate};

use super::batch::each_candidate;

/// What is asked of a pair, looked at from all sides.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Predicate(Predicate),
    Within { distance: f64, metric: Metric },
}

/// On which sides of a polygon a point matches.
#[derive(Clone, Copy, Debug)]
struct Sides {
    inside: bool,
    border: bool,
}

impl Sides {
    /// Those for which "polygon *predicate* point" holds.
    fn of(predicate: Predicate) -> Self {
        let (inside, border) = match predicate {
            Predicate::Intersects | Predicate::Covers => (true, true),
            Predicate::Contains => (true, false),
            Predicate::Touches => (false, true),
            // A point is no polygon and holds none.
            Predicate::Disjoint
            | Predicate::Within
            | Predicate::CoveredBy
            | Predicate::Crosses
            | Predicate::Overlaps
            | Predicate::Equals => (false, false),
        };
        Self { inside, border }
    }

    #[inline]
    fn hold(self, side: Side) -> bool {
        match side {
            Side::Inside => self.inside,
            Side::Border => self.border,
            Side::Outside => false,
        }
    }
}

impl Asked {
    pub(super) fn new(on: JoinOn) -> Result<Self, JoinFault> {
        match on {
            JoinOn::Predicate(Predicate::Disjoint) => Err(JoinFault::Disjoint),
            JoinOn::Predicate(predicate) => Ok(Self::Predicate(predicate)),
            JoinOn::Within { distance, metric } => {
                if !(distance >= 0.0 && distance.is_finite()) {
                    return Err(JoinFault::Distance { distance });
                }
                Ok(Self::Within { distance, metric })
            }
        }
    }

    /// Whether a part of the second collection can have a partner among those of the first.
    pub(super) fn may_meet(self, part: &Part, first: &[Piece]) -> bool {
        let reach = self.reach(&part.shard.tree().bounds());
        first.iter().any(|piece| reach.intersects(&piece.bounds))
    }

    /// Where the partner of a feature with this envelope lies.
    pub(super) fn reach(self, envelope: &Envelope) -> Envelope {
        match self {
            Self::Predicate(_) => *envelope,
            Self::Within { distance, metric } => metric.grown(envelope, distance),
        }
    }
}

/// A part and what it is made of.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) part: Part,
    /// Of the features that count.
    pub(super) bounds: Envelope,
    kind: Kind,
}

impl Piece {
    pub(super) fn new(part: Part) -> Self {
        Self { bounds: part.bounds(), kind: part.shard.body.kind, part }
    }

    /// Where the feature at a slot is, where all are points.
    #[inline]
    fn point(&self, slot: usize) -> [f64; 2] {
        let Envelope { min_x, min_y, .. } = self.part.shard.body.envelopes[slot];
        [min_x, min_y]
    }
}

impl Join<'_> {
    /// Calls `hit` with the slots of every match of a part of the first collection and one of
    /// the second.
    pub(super) fn matches(
        &self,
        first: &Piece,
        second: &Piece,
        budget: &Budget<'_>,
        hit: &mut impl FnMut(usize, usize),
    ) -> Result<(), JoinFault> {
        let kinds = [first.kind, second.kind];
        if !self.asked.reach(&second.bounds).intersects(&first.bounds) {
            return Ok(());
        }
        let late = [(&self.late[0], first), (&self.late[1], second)];
        let mut keeps =
            late.map(|(side, piece)| side.as_ref().map(|side| side.keeps(&piece.part.shard)));
        let mut takes_part = |a: usize, b: usize| {
            let [of_first, of_second] = &mut keeps;
            of_first.as_mut().is_none_or(|keep| keep(a))
                && of_second.as_mut().is_none_or(|keep| keep(b))
        };
        // Where a point lies is told sooner than whether it takes part.
        let mut told = |a: usize, b: usize| {
            if takes_part(a, b) {
                hit(a, b);
            }
        };
        match (self.asked, kinds) {
            (Asked::Predicate(predicate), [Kind::Areas, Kind::Points]) => {
                let sides = Sides::of(predicate);
                points(second, first, sides, budget, &mut |point, area| told(area, point))
            }
            (Asked::Predicate(predicate), [Kind::Points, Kind::Areas]) => {
                points(first, second, Sides::of(predicate.converse()), budget, &mut told)
            }
            (Asked::Within { distance, metric }, [Kind::Points, Kind::Points]) => {
                self.near_points(first, second, (distance, metric), budget, &mut told)
            }
            _ => self.any((first, second), &mut takes_part, budget, hit),
        }
    }

    /// Points near points.
    fn near_points(
        &self,
        first: &Piece,
        second: &Piece,
        (distance, metric): (f64, Metric),
        budget: &Budget<'_>,
        hit: &mut impl FnMut(usize, usize),
    ) -> Result<(), JoinFault> {
        let grow = |envelope: &Envelope| self.asked.reach(envelope);
        let mut spending = Spending::of(budget);
        let mut held = (usize::MAX, metric.plane([0.0; 2]), [0.0; 2]);
        each_candidate(second, first, &grow, &mut |probe, target| {
            spending.look(2)?;
            if held.0 != probe {
                let middle = second.point(probe);
                let plane = metric.plane(middle);
                held = (probe, plane, plane.point(middle));
            }
            let (_, plane, own) = held;
            if points_within(plane.point(first.point(target)), own, distance) {
                hit(target, probe);
            }
            Ok(())
        })?;
        spending.settle()
    }

    /// Features of any kind, one pair after the other.
    fn any(
        &self,
        (first, second): (&Piece, &Piece),
        takes_part: &mut impl FnMut(usize, usize) -> bool,
        budget: &Budget<'_>,
        hit: &mut impl FnMut(usize, usize),
    ) -> Result<(), JoinFault> {
        let plane = Metric::Plane.plane([0.0; 2]);
        let (mut held, mut other) = ((usize::MAX, plane, Outline::default()), Outline::default());
        let grow = |envelope: &Envelope| self.asked.reach(envelope);
        let mut spending = Spending::of(budget);
        each_candidate(second, first, &grow, &mut |probe, target| {
            let (first, second) = (&first.part, &second.part);
            let (a, b) = (first.shard.feature(target), second.shard.feature(probe));
            if !takes_part(target, probe) {
                return spending.look(0);
            }
            spending.look((a.vertex_count() + b.vertex_count()) as u64)?;
            if let Asked::Predicate(predicate) = self.asked
                && is_same_area(a, b)
            {
                if holds_of_itself(predicate) {
                    hit(target, probe);
                }
                return Ok(());
            }
            let (held, plane, own) = &mut held;
            // A probe meets its candidates one after the other.
            if *held != probe {
                if let Asked::Within { metric, .. } = self.asked {
                    *plane = metric.plane(b.envelope().center());
                }
                own.place(b, *plane);
                *held = probe;
            }
            other.place(a, *plane);
            // What follows long edges is walked, too.
            spending.walked += (own.following + other.following) as u64;
            let holds = match self.asked {
                Asked::Predicate(Predicate::Intersects) => within(&other, own, 0.0),
                Asked::Predicate(predicate) => match nesting(&other, own) {
                    Some(nesting) => holds_when(nesting, predicate),
                    None => related(a, b, predicate)?,
                },
                Asked::Within { distance, .. } => within(&other, own, distance),
            };
            if holds {
                hit(target, probe);
            }
            Ok(())
        })?;
        spending.settle()
    }
}

/// What was looked at and is not booked yet: threads share a budget, and the time is asked with it.
struct Spending<'b, 'c> {
    budget: &'b Budget<'c>,
    looked: u64,
    walked: u64,
}

impl<'b, 'c> Spending<'b, 'c> {
    /// Pairs and vertices after which it is booked.
    const PAIRS: u64 = 256;
    const VERTICES: u64 = 8192;

    fn of(budget: &'b Budget<'c>) -> Self {
        Self { budget, looked: 0, walked: 0 }
    }

    #[inline]
    fn look(&mut self, vertices: u64) -> Result<(), JoinFault> {
        self.looked += 1;
        self.walked += vertices;
        match self.looked >= Self::PAIRS || self.walked >= Self::VERTICES {
            true => self.settle(),
            false => Ok(()),
        }
    }

    fn settle(&mut self) -> Result<(), JoinFault> {
        let (looked, walked) = (std::mem::take(&mut self.looked), std::mem::take(&mut self.walked));
        Ok(self.budget.spend(looked, walked)?)
    }
}

/// Whether two are areas with the same vertices: what a survey found as it was before.
fn is_same_area(a: FeatureRef<'_>, b: FeatureRef<'_>) -> bool {
    [a, b].iter().all(|one| one.geometry_type().is_some_and(GeometryType::is_areal))
        && a.has_same_paths(b)
}

/// Whether "area *predicate* the same area" holds, by the matrix `2FFF1FFF2`.
fn holds_of_itself(predicate: Predicate) -> bool {
    use Predicate::{
        Contains, CoveredBy, Covers, Crosses, Disjoint, Equals, Intersects, Overlaps, Touches,
        Within,
    };
    match predicate {
        Intersects | Contains | Within | Covers | CoveredBy | Equals => true,
        Disjoint | Touches | Crosses | Overlaps => false,
    }
}

/// Whether "first *predicate* second" holds of two that have no path in common.
fn holds_when(nesting: Nesting, predicate: Predicate) -> bool {
    use Predicate::{Contains, CoveredBy, Covers, Disjoint, Intersects, Within};
    match nesting {
        Nesting::Apart => predicate == Disjoint,
        Nesting::SecondInFirst => matches!(predicate, Intersects | Contains | Covers),
        Nesting::FirstInSecond => matches!(predicate, Intersects | Within | CoveredBy),
    }
}

/// Whether "a *predicate* b" holds.
fn related(a: FeatureRef<'_>, b: FeatureRef<'_>, predicate: Predicate) -> Result<bool, JoinFault> {
    let (Some(shape_a), Some(shape_b)) = (a.shape(), b.shape()) else { return Ok(false) };
    let found = if crosses_more_often(&[&shape_a, &shape_b], MAX_CROSSINGS) {
        Err(GeometryFault::Failed { operation: "relate" })
    } else {
        relate(&shape_a, &shape_b)
    };
    match found {
        Ok(relation) => Ok(relation.holds(predicate)),
        Err(fault) => Err(JoinFault::Geometry { first: a.id(), second: b.id(), fault }),
    }
}

/// Points against polygons: `hit` gets the slot of the point, then of the polygon.
fn points(
    points: &Piece,
    areas: &Piece,
    sides: Sides,
    budget: &Budget<'_>,
    hit: &mut impl FnMut(usize, usize),
) -> Result<(), JoinFault> {
    let shard = &*areas.part.shard;
    let (mut looked, mut walked) = (0, 0);
    let same = |envelope: &Envelope| *envelope;
    each_candidate(points, areas, &same, &mut |probe, target| {
        let point = points.point(probe);
        let paths = shard.body.paths(target);
        let ring = |path: usize| &shard.body.coords[shard.body.path_vertices(path)];
        looked += 1;
        walked += shard.body.vertices(target).len() as u64;
        let side = if paths.len() == 1 {
            side_of_ring(point, ring(paths.start))
        } else {
            side_of(point, paths.map(ring))
        };
        if sides.hold(side) {
            hit(probe, target);
        }
        Ok(())
    })?;
    Ok(budget.spend(looked, walked)?)
}
