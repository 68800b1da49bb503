//! What is asked of the store, and what came of it.

use std::fmt;

use crate::{CollectionId, Envelope, Feature, FeatureId};

/// Number of the state of a store: each commit adds one. A new store is at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z. Passed in; this crate reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Changes that happen together or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// Refuse unless the store is at this revision.
    pub expect: Option<Revision>,
    /// Who does it: the authenticated principal, or `local`.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store records it.
    pub recorded_at: Timestamp,
    /// What, in order.
    pub changes: Vec<Change>,
}

/// One item of a [`ChangeSet`].
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where.
    pub collection: CollectionId,
    /// What.
    pub op: ChangeOp,
    /// Refuse when a commit before this one changed the feature after this revision. An insert has
    /// no feature yet and takes no notice.
    pub unchanged_since: Option<Revision>,
}

/// What is done to one feature.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeOp {
    /// A new feature; its id is the store's to give.
    Insert(Feature),
    /// Geometry and every property anew.
    Replace(FeatureId, Feature),
    /// Gone; its id is never given again.
    Delete(FeatureId),
}

/// What was done to a feature or to a whole collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A bulk load.
    Load,
    /// One feature added.
    Insert,
    /// One feature replaced.
    Replace,
    /// One feature removed.
    Delete,
    /// Values of one feature made null for good, past ones too.
    Erase,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// State after the commit.
    pub revision: Revision,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// One entry a change, in order.
    pub changes: Vec<CommittedChange>,
}

/// One change as it came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct CommittedChange {
    /// Where.
    pub collection: CollectionId,
    /// What.
    pub operation: Operation,
    /// Which feature; a new one has its id by now.
    pub id: FeatureId,
    /// Envelope before, in the storage CRS; absent for an insert or a placeless feature.
    pub before: Option<Envelope>,
    /// Envelope after; absent for a delete or a placeless feature.
    pub after: Option<Envelope>,
}
