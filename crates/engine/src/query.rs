//! Planner queries: what is inside this area, how much of it, next to what.
//!
//! Requests are typed, answers too; neither HTTP nor JSON is known here. A query reads one state
//! of the store, under a budget, on the CPU pool.
//!
//! *Invariants:* an area is brought into the storage CRS of each collection with its edges
//! densified, so that none is off by more than a centimetre; what a profile may not read it may
//! not filter, sort, group or aggregate by; an area is in square metres and says in which CRS it
//! was measured.

mod aggregate;
mod area_crs;
mod cluster;
mod condition;
mod grouping;
mod join;
mod join_rows;
mod kept_areas;
mod measure;
mod page;
mod place;
#[cfg(test)]
mod query_tests;
mod search;
mod tally;

pub use aggregate::{Aggregate, AggregateOp, Group, MAX_GROUPS};
pub use area_crs::AreaCrs;
pub use cluster::{ClusterFound, ClusterQuery, Clustered};
pub use condition::Condition;
pub use join::{JoinQuery, JoinRelation, JoinRows, JoinWanted, Joined, MAX_JOIN_PAGE, MAX_PAIRS};
pub(crate) use join::{KeptJoins, kept_joins};
pub(crate) use kept_areas::KeptAreas;
pub(crate) use measure::AreaMeasure;
pub use place::{Place, Relation};
pub(crate) use place::{Resolved, metric};
pub use search::{Found, SearchQuery, Searched, Sort, Wanted};
pub(crate) use search::{KeptSearches, fault, kept_searches};
pub(crate) use tally::union_area;
