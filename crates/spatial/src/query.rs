//! What is inside this area: exact selections, counts, sums and neighbours of a collection.
//!
//! A query geometry is prepared once, as an [`Area`]. Boxes of the index are then put on one
//! [`Side`] of it: what lies wholly inside or outside is decided unseen, a subtree at a time, and
//! only what the boundary of the area passes through is tested feature by feature. So the cost of
//! a query grows with the perimeter of its area, not with what lies in it.
//!
//! *Exactness.* An answer is that of a linear scan with [`crate::relate::relate`]: orientation
//! tests are exact, and what a box decides for a predicate is proven, not sampled. "feature
//! PREDICATE area" is the reading throughout: [`Predicate::Within`] asks for the features that
//! lie in the area. A feature without a place, or with an empty geometry, matches no area under
//! any test, `disjoint` included.
//!
//! Coordinates are in the collection's storage CRS, east and north; edges are straight in it.
//! Distances are in the unit of a [`Metric`].

mod area;
#[cfg(test)]
mod area_tests;
mod decide;
mod distance;
mod edges;
mod exact;
mod grid;
mod locate;
mod meeting;
mod nearest;
mod overlay;
#[cfg(test)]
mod query_tests;
mod reach;
mod ring_overlay;
mod scan;
mod select;
mod sums;

use std::fmt;

use thiserror::Error;

pub use area::{Area, AreaFault, MAX_AREA_VERTICES, MIN_AREA_EXTENT, Side};
pub use locate::Located;
pub use nearest::{Near, Nearest};
pub use overlay::Overlay;
pub use select::SelectVisit;
pub use sums::{Sums, is_summed};

use crate::densify::DensifyError;
use crate::{FeatureId, FeatureRef, GeometryFault, Metric, OverBudget, Pattern, Predicate};

/// What is asked of a feature and the area: "feature TEST area".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// A named relation.
    Predicate(Predicate),
    /// A DE-9IM pattern; the rows are the feature's.
    Relate(Pattern),
    /// Their distance is at most this, in the unit of the metric; 0 where they meet.
    WithinDistance(f64, Metric),
}

impl Test {
    /// Whether no feature passes whose envelope does not meet that of the area.
    pub fn is_confined_to(self, area: &Area) -> bool {
        let plan = decide::Plan::new(area, self);
        plan.is_ok_and(|plan| plan.reach.is_none() && plan.window().is_some())
    }
}

/// A condition on one feature that is not about the area.
pub type Filter<'a> = &'a (dyn Fn(FeatureRef<'_>) -> bool + Sync);

/// Which features are asked for. The default is all of them, placeless ones too.
#[derive(Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Their relation to an area.
    pub area: Option<(&'a Area, Test)>,
    /// What else must hold of them. Every feature that the area does not refuse is looked at,
    /// and counted in the budget.
    pub filter: Option<Filter<'a>>,
    /// Only features after this place in the order of the collection ([`crate::Shard::rank`]):
    /// where the last page ended.
    pub after: Option<(u64, FeatureId)>,
}

impl fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection")
            .field("test", &self.area.map(|(_, test)| test))
            .field("filter", &self.filter.is_some())
            .field("after", &self.after)
            .finish()
    }
}

/// Why a query has no answer; never half of one.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum QueryFault {
    /// It cost more than it may.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The relation of a feature to the area could not be found out.
    #[error("feature {id}: {fault}")]
    Geometry {
        /// Which feature.
        id: FeatureId,
        /// What happened.
        fault: GeometryFault,
    },
    /// A sum was asked of a field that holds no numbers.
    #[error("field {name} holds no numbers, so it has no sum; ask for an integer or real field")]
    NotNumeric {
        /// Its name.
        name: String,
    },
    /// There is no such field.
    #[error("column {column} is not there: the collection has {fields} fields")]
    NoSuchColumn {
        /// The position asked for.
        column: usize,
        /// How many there are.
        fields: usize,
    },
    /// A distance that is negative or no number.
    #[error("distance {distance} is not usable: give a number from 0 on")]
    BadDistance {
        /// The refused number.
        distance: f64,
    },
    /// The area or what is asked of it does not fit the metric.
    #[error(
        "distances in metres are measured within 30 degrees of the query's geometry and of \
             longitude and latitude; this one spans {degrees} degrees"
    )]
    TooWideForMetric {
        /// Extent of the area in longitude.
        degrees: f64,
    },
    /// The edges of the area are too long for the metric.
    #[error(transparent)]
    TooLongEdges(#[from] DensifyError),
    /// An overlay was asked of an area that has none.
    #[error("an area of intersection needs a polygon to intersect with, not lines or points")]
    NotAreal,
}
