//! How two spans of time lie to each other, by the definitions of CQL2 (OGC 21-065r2, 7.7).

use std::cmp::Ordering;

use super::scalar::{Cell, Dependence, Row, Scalar};
use super::{TemporalRelation, Time};

/// A time, or an interval.
#[derive(Clone, Debug)]
pub(super) enum Span {
    /// A time: it begins and ends at once.
    At(Scalar),
    /// From one edge to another, both included; `None` is open.
    Between([Option<Scalar>; 2]),
}

/// An end of a span.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edge {
    /// Before all times.
    Past,
    /// A time.
    At(Time),
    /// After all times.
    Future,
}

impl Span {
    /// Where it begins and ends; `None` when an end is a missing value.
    pub(super) fn edges(&self, row: Row<'_>) -> Option<[Edge; 2]> {
        let edge = |scalar: &Scalar| match scalar.value(row) {
            Cell::Time(time) => Some(Edge::At(time)),
            _ => None,
        };
        match self {
            Self::At(scalar) => edge(scalar).map(|edge| [edge; 2]),
            Self::Between([start, end]) => Some([
                start.as_ref().map_or(Some(Edge::Past), edge)?,
                end.as_ref().map_or(Some(Edge::Future), edge)?,
            ]),
        }
    }

    pub(super) fn columns(&self, note: &mut dyn FnMut(Dependence)) {
        match self {
            Self::At(scalar) => scalar.columns(note),
            Self::Between(ends) => ends.iter().flatten().for_each(|end| end.columns(note)),
        }
    }
}

impl Edge {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::At(a), Self::At(b)) => a.compare(b),
            (Self::Past, Self::Past) | (Self::Future, Self::Future) => Ordering::Equal,
            (Self::Past, _) | (_, Self::Future) => Ordering::Less,
            (Self::Future, _) | (_, Self::Past) => Ordering::Greater,
        }
    }
}

/// Whether the relation holds between the spans a and b.
pub(super) fn holds(relation: TemporalRelation, a: [Edge; 2], b: [Edge; 2]) -> bool {
    let order = |x: usize, y: usize| a[x].compare(&b[y]);
    let (start_start, end_end) = (order(0, 0), order(1, 1));
    let (start_end, end_start) = (order(0, 1), order(1, 0));
    match relation {
        TemporalRelation::After => start_end.is_gt(),
        TemporalRelation::Before => end_start.is_lt(),
        TemporalRelation::Contains => start_start.is_lt() && end_end.is_gt(),
        TemporalRelation::Disjoint => start_end.is_gt() || end_start.is_lt(),
        TemporalRelation::During => start_start.is_gt() && end_end.is_lt(),
        TemporalRelation::Equals => start_start.is_eq() && end_end.is_eq(),
        TemporalRelation::FinishedBy => start_start.is_lt() && end_end.is_eq(),
        TemporalRelation::Finishes => start_start.is_gt() && end_end.is_eq(),
        TemporalRelation::Intersects => start_end.is_le() && end_start.is_ge(),
        TemporalRelation::Meets => end_start.is_eq(),
        TemporalRelation::MetBy => start_end.is_eq(),
        TemporalRelation::OverlappedBy => {
            start_start.is_gt() && start_end.is_lt() && end_end.is_gt()
        }
        TemporalRelation::Overlaps => start_start.is_lt() && end_start.is_gt() && end_end.is_lt(),
        TemporalRelation::StartedBy => start_start.is_eq() && end_end.is_gt(),
        TemporalRelation::Starts => start_start.is_eq() && end_end.is_lt(),
    }
}
