//! What can go wrong in the engine.

use std::fmt;

use spatial::CollectionId;
use store::StoreError;
use thiserror::Error;

/// The engine's refusal or failure.
#[derive(Debug, Error)]
pub enum EngineError {
    /// There is no such collection.
    #[error("collection {id} does not exist")]
    UnknownCollection {
        /// The id asked for.
        id: CollectionId,
    },
    /// A tile of no collection, or of too many.
    #[error("a tile has 1 to {max} collections, not {asked}")]
    TileCollections {
        /// How many were asked for.
        asked: usize,
        /// How many there may be.
        max: usize,
    },
    /// The change set does not fit the collections.
    #[error("{} defects in the change set, the first: {}", defects.len(), First(defects))]
    Invalid {
        /// Every defect found, in the order of the changes.
        defects: Vec<Defect>,
    },
    /// Too much work waits; ask again later.
    #[error("too many requests wait for the processor; try again in a second")]
    Busy,
    /// A collection's coordinates cannot be brought to the map.
    #[error("collection {id} cannot be drawn: {reason}")]
    NotOnTheMap {
        /// Which collection.
        id: CollectionId,
        /// What the coordinate systems say.
        reason: String,
    },
    /// The system of record refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mistake of the program; what it says is for the log.
    #[error("internal error: {what}")]
    Internal {
        /// Where it happened and what was said.
        what: String,
    },
}

/// One thing that is wrong with a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Where, as a JSON pointer into the change set, e.g. `/changes/3/feature/properties/AREA`.
    pub place: String,
    /// What is wrong and what would be right. Never holds a value of a feature.
    pub problem: String,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

struct First<'a>(&'a [Defect]);

impl fmt::Display for First<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.first().map_or(Ok(()), |defect| defect.fmt(f))
    }
}
