//! Why a planner request has no answer: what is wrong, where, and what would be right.

use engine::EngineError;
use formats::JsonFault;
use thiserror::Error;

use super::geometry::Unusable;

/// A refusal of the planner's operations.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The text is no JSON, or says a thing twice.
    #[error("the request is not readable: {0}")]
    Json(JsonFault),
    /// A member is unknown, missing, of a wrong type or has a value that it cannot have.
    #[error("{place}: {fault}")]
    Member {
        /// Path of the member, e.g. `aggregates[2].op`.
        place: String,
        /// What is wrong, and the line.
        fault: JsonFault,
    },
    /// A geometry is well written but not usable.
    #[error("{place}: {fault}")]
    Geometry {
        /// Path of the member.
        place: String,
        /// What is wrong, and where in the geometry.
        fault: Unusable,
    },
    /// The request is not one that can be answered so.
    #[error("{0}")]
    Unfit(&'static str),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
