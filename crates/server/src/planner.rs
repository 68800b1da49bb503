//! The planner's operations as JSON: requests read strictly, answers written whole.
//!
//! No HTTP here: the routes and the command line share it. Every operation takes the text of a
//! request and gives the text of an answer.
//!
//! *Invariant:* an unknown member, a member given twice, a value of a wrong type or out of
//! bounds is a [`Refusal`] that names the member and its line; nothing is guessed.

mod asked;
mod cluster;
mod fence;
mod geometry;
mod join;
mod known;
mod members;
mod pairs;
mod refusal;
mod responsible;
mod search;

pub(crate) use asked::named_crs;
pub use cluster::ClusterRequest;
pub use fence::FenceRequest;
pub use geometry::{Unusable, east_first};
pub use join::JoinRequest;
pub use known::KnownSearches;
pub use pairs::{MAX_BATCH, overlay_pairs, relate, validate};
pub use refusal::Refusal;
pub use responsible::{MAX_PROPERTIES, ResponsibleRequest, ResponsibleReturn};
pub use search::{FoundFeatures, SearchAnswer, SearchRequest};
