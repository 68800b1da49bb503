//! What can go wrong in the engine.

use std::fmt;

use ledger::PointId;
use ledger::point::moment::written;
use ledger::point::{EventId, EvidenceId};
use spatial::{CollectionId, FeatureId, OverBudget, Revision, Timestamp};
use store::accounts::AccountFault;
use store::{HistoryStart, StoreError};
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
    /// A grid of the site cannot be used.
    #[error(transparent)]
    Grid(#[from] tile::GridError),
    /// The change set does not fit the collections.
    #[error("{} defects in the change set, the first: {}", defects.len(), First(defects))]
    Invalid {
        /// Every defect found, in the order of the changes.
        defects: Vec<Defect>,
    },
    /// An edit names a state that the store has not reached.
    #[error("the store is at revision {actual}; there is no {expected} yet")]
    RevisionAhead {
        /// The revision named.
        expected: Revision,
        /// Where the store is.
        actual: Revision,
    },
    /// A feature changed after the revision up to which its edit allows it.
    #[error(
        "feature {id} of collection {collection} changed at revision {changed}, after {expected}; read it again"
    )]
    FeatureChanged {
        /// Where.
        collection: CollectionId,
        /// Which feature.
        id: FeatureId,
        /// The newest revision that the edit would have accepted.
        expected: Revision,
        /// When the feature changed last.
        changed: Revision,
    },
    /// A key is taken for the moment, such as that of a feature which a later edit of the same
    /// set gives another one.
    #[error("a key of collection {collection} is taken; give its owner another one first")]
    KeyTaken {
        /// Where.
        collection: CollectionId,
    },
    /// Others changed the same feature again and again while an edit of it was made out.
    #[error("the feature keeps changing; try again")]
    KeepsChanging,
    /// A collection or field that a rule needs is not there.
    #[error("rule {rule} reads {missing}")]
    RuleInput {
        /// Code of the rule.
        rule: String,
        /// What is missing.
        missing: crate::clues::MissingInput,
    },
    /// The store has no ledger.
    #[error("the store has no ledger; `tuban ledger init` makes the collections of one")]
    NoLedger,
    /// An edit of what only events change.
    #[error("{place}: {what}; POST /points/{point}/events instead")]
    EventsOnly {
        /// Where in the request, as a JSON pointer.
        place: String,
        /// What was to be changed.
        what: String,
        /// The point, or `{id}` when there is none yet.
        point: String,
    },
    /// The store keeps no records of departments.
    #[error(
        "the store keeps no records of departments; `tuban ledger add STORE enforcement_records` makes \
         the collection"
    )]
    NoEnforcement,
    /// The store keeps no patrols.
    #[error(
        "the store keeps no patrols: {collection} is not there; `tuban ledger add STORE patrols \
         patrol_tracks patrol_findings checklist_results` makes the collections"
    )]
    NoPatrols {
        /// The collection that is missing.
        collection: &'static str,
    },
    /// The store keeps no calls of departments.
    #[error(
        "the store keeps no calls of departments; `tuban ledger add STORE whistles arrivals` makes the \
         collections"
    )]
    NoWhistles,
    /// A call of departments that the rules refuse.
    #[error(transparent)]
    Whistle(#[from] ledger::whistle::WhistleRefusal),
    /// The store keeps no reviews of clues.
    #[error(
        "the store keeps no reviews of such clues; `tuban ledger add STORE {collection}` makes the \
         collection"
    )]
    NoReviews {
        /// The collection that is missing.
        collection: &'static str,
    },
    /// A clue that its rule does not find.
    #[error(
        "rule {rule} finds no clue {clue:?} now: ask /rules/{rule} again and send the clue as it \
         names it"
    )]
    ClueGone {
        /// The rule.
        rule: String,
        /// The name of the clue, cut.
        clue: String,
    },
    /// An id of a review that says something else.
    #[error(
        "review {id} is known and says something else: what was sent stays; send a new one under a \
         new id"
    )]
    ReviewDiffers {
        /// The id.
        id: EventId,
    },
    /// An edit of reviews.
    #[error("{place}: reviews stay as they were given; POST /rules/{{rule}}/reviews adds one")]
    ReviewStays {
        /// Where in the request, as a JSON pointer.
        place: String,
    },
    /// The store keeps no evidence.
    #[error("the store keeps no evidence; `tuban ledger add STORE evidence` makes the collection")]
    NoEvidence,
    /// The store keeps no photos of household files.
    #[error(
        "the store keeps no photos of files; `tuban ledger add STORE photos` makes the collection"
    )]
    NoPhotos,
    /// Bytes of a photo that are not those that were meant.
    #[error(
        "the bytes of the photo have the SHA-256 {found}, not the one that was said; send them again"
    )]
    PhotoHash {
        /// What they have.
        found: String,
    },
    /// A subject has as many photos as it may have.
    #[error("{subject} has {most} photos, which is the most that a file may have")]
    TooManyPhotos {
        /// Its number.
        subject: String,
        /// How many it may have.
        most: usize,
    },
    /// An id of evidence that has other bytes, or another point.
    #[error(
        "evidence {id} is known with other bytes or of another point ({point}): what was sent stays; \
         send new bytes under a new id"
    )]
    EvidenceDiffers {
        /// The id.
        id: EvidenceId,
        /// The point of what is known.
        point: PointId,
    },
    /// Bytes that are not those that were said to come.
    #[error(
        "the bytes of evidence {id} have the SHA-256 {found}, not the one that was said; send them \
         again"
    )]
    EvidenceHash {
        /// The id.
        id: EvidenceId,
        /// What they have.
        found: String,
    },
    /// A piece of evidence was taken after the server had it.
    #[error(
        "captured_at of evidence {id} is {}, and it is {} here, while clocks may differ by {minutes} \
         minutes: set the clock of the device, or leave captured_at out",
        written(*.captured_at), written(*.now)
    )]
    EvidenceAhead {
        /// The id.
        id: EvidenceId,
        /// When it is said to have been taken.
        captured_at: Timestamp,
        /// The time of the server.
        now: Timestamp,
        /// How far clocks may differ.
        minutes: u32,
    },
    /// A point has as much evidence as it may have.
    #[error("point {point} has {most} pieces of evidence, which is the most that a point may have")]
    TooMuchEvidence {
        /// The point.
        point: PointId,
        /// How many it may have.
        most: usize,
    },
    /// Bytes that are not there any more, or not as they were.
    #[error("the bytes of evidence {id}: {reason}")]
    EvidenceLost {
        /// The id.
        id: EvidenceId,
        /// What became of them.
        reason: String,
    },
    /// An edit of evidence.
    #[error("{place}: evidence stays as it was sent; POST /points/{point}/evidence adds to it")]
    EvidenceStays {
        /// Where in the request, as a JSON pointer.
        place: String,
        /// The point, or `{id}` when there is none yet.
        point: String,
    },
    /// A point whose row another program has spoiled.
    #[error(
        "a point of these events is kept out of {collection}, because another program wrote a flaw \
         into its row; mend the row in the file, see /collections/{collection}/defects"
    )]
    PointKeptOut {
        /// The points.
        collection: CollectionId,
    },
    /// A row of the ledger that is none of it, perhaps for a moment: another program wrote it.
    #[error("feature {id} of {collection} is no row of the ledger: {reason}")]
    LedgerRow {
        /// Which collection.
        collection: CollectionId,
        /// Which feature.
        id: FeatureId,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such field.
    #[error("collection {collection} has no field {name:?}")]
    UnknownField {
        /// Which collection.
        collection: CollectionId,
        /// The name asked for.
        name: String,
    },
    /// There is no such feature.
    #[error("collection {collection} has no feature {id}")]
    UnknownFeature {
        /// Which collection.
        collection: CollectionId,
        /// The id asked for.
        id: FeatureId,
    },
    /// The filter does not fit the collection.
    #[error("filter: {reason}")]
    BadFilter {
        /// Which collection.
        collection: CollectionId,
        /// What does not fit.
        reason: String,
    },
    /// A geometry is not one that can be worked with.
    #[error("{reason}")]
    UnusableGeometry {
        /// Stable name of the defect, or a sentence.
        reason: String,
        /// Where in the geometry, east first, in the CRS that it was given in.
        at: Option<[f64; 2]>,
    },
    /// A measure is asked for that the collection or its CRS does not have.
    #[error("{what}")]
    Unmeasurable {
        /// What, why, and the way out.
        what: String,
    },
    /// The field is of a class that the reader may not read.
    #[error("field {name:?} may not be read, and so not be filtered, sorted or searched by")]
    HiddenField {
        /// Its name.
        name: String,
    },
    /// A change of something that is not in the area of whoever asks, or would not stay there.
    #[error(
        "{collection}: what is changed must lie in the area that is given to you, and stay there"
    )]
    OutsideArea {
        /// Of which collection.
        collection: CollectionId,
    },
    /// A text that is no cursor of this engine for this collection.
    #[error("the cursor was not made here for this collection; begin with the first page")]
    CursorInvalid,
    /// A cursor used with other conditions than those that it was made for.
    #[error("the cursor belongs to other conditions; follow the link `next` as it is")]
    CursorOfAnotherQuery,
    /// The state that a cursor belongs to is not kept any more.
    #[error("the collection has changed and the cursor is too old; begin with the first page")]
    CursorGone,
    /// A read went beyond what it may cost.
    #[error(transparent)]
    TooCostly {
        /// In which respect.
        cause: OverBudget,
    },
    /// There are as many fences as there may be.
    #[error("there are {most} fences, which is the most; remove one, or raise fences.max_fences")]
    TooManyFences {
        /// How many there may be.
        most: usize,
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
    /// A state is asked for that was let go.
    #[error("past states are kept from revision {} on", start.revision)]
    HistoryDropped {
        /// The oldest state that is whole.
        start: HistoryStart,
    },
    /// Past values are sealed and their key is not at hand.
    #[error("past values of this collection are sealed and their key is not at hand")]
    HistorySealed {
        /// What the store says, for the log.
        cause: StoreError,
    },
    /// Accounts cannot be changed as asked.
    #[error(transparent)]
    Accounts(AccountFault),
    /// The system of record refused or failed.
    #[error(transparent)]
    Store(StoreError),
    /// A mistake of the program; what it says is for the log.
    #[error("internal error: {what}")]
    Internal {
        /// Where it happened and what was said.
        what: String,
    },
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::HistoryDropped { whole_from, since } => Self::HistoryDropped {
                start: HistoryStart { revision: whole_from, recorded_at: since },
            },
            StoreError::Accounts(fault) => Self::Accounts(fault),
            cause @ StoreError::Key { .. } => Self::HistorySealed { cause },
            other => Self::Store(other),
        }
    }
}

impl EngineError {
    /// Whether another program has held the store's file for too long.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Store(StoreError::Locked { .. }))
    }

    /// Whether the disk has no room for what was to be written.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_disk_full())
    }
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

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        for (kind, expected) in [
            (ErrorKind::StorageFull, true),
            (ErrorKind::QuotaExceeded, true),
            (ErrorKind::PermissionDenied, false),
        ] {
            let (operation, path) = ("writing", PathBuf::from("s.gpkg"));
            let error = EngineError::from(StoreError::Io { operation, path, source: kind.into() });
            assert_eq!(error.is_disk_full(), expected, "{kind}");
        }
    }
}
