//! Areas that are watched, and what was seen at them: the words, and the seam to a store.
//!
//! *Invariants:* an event keeps its id for ever and a later event has a higher one; events and
//! the revision up to which the change log has been looked through are kept in one transaction,
//! so that no commit is left out and none is looked at twice. Fences are no features: keeping
//! them makes no revision.

use async_trait::async_trait;
use spatial::{CollectionId, Crs, FeatureId, Geometry, Revision, Timestamp};

use crate::StoreError;

/// Number of a fence; never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FenceId(pub i64);

impl std::fmt::Display for FenceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a feature did at a fence; the words are those of Tile38.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FenceEventKind {
    /// It did not share a point with the area, or was not there, and now does.
    Enter,
    /// It shared a point with the area and does no more, or is gone.
    Exit,
    /// It shares no point with the area before or after, but the straight way between the middles
    /// of its envelopes leads through.
    Cross,
    /// Its geometry changed, and it shares a point with the area before and after.
    Inside,
}

impl FenceEventKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Enter, Self::Exit, Self::Cross, Self::Inside];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Exit => "exit",
            Self::Cross => "cross",
            Self::Inside => "inside",
        }
    }

    pub(crate) fn bit(self) -> i64 {
        match self {
            Self::Enter => 1,
            Self::Exit => 2,
            Self::Cross => 4,
            Self::Inside => 8,
        }
    }
}

/// Where the events of a fence are posted.
#[derive(Clone, PartialEq, Eq)]
pub struct FenceWebhook {
    /// The URL.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: Option<String>,
}

impl std::fmt::Debug for FenceWebhook {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let signed = self.secret.is_some();
        f.debug_struct("FenceWebhook").field("url", &self.url).field("signed", &signed).finish()
    }
}

/// What is watched, for whom.
#[derive(Clone, Debug, PartialEq)]
pub struct FenceDefinition {
    /// What people call it.
    pub name: String,
    /// A polygon or several, east first, in [`FenceDefinition::crs`].
    pub geometry: Geometry,
    /// What its numbers are in.
    pub crs: Crs,
    /// Collections that are watched, ascending; all of them when there are none.
    pub collections: Vec<CollectionId>,
    /// What is told, ascending.
    pub detect: Vec<FenceEventKind>,
    /// Where events are posted, if anywhere.
    pub webhook: Option<FenceWebhook>,
    /// Who asked for it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
}

/// A fence that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Fence {
    /// Its number.
    pub id: FenceId,
    /// What it is.
    pub definition: FenceDefinition,
    /// Commits after this one are looked at.
    pub since: Revision,
    /// Id of the last event that its webhook has taken.
    pub delivered: u64,
}

/// Something that happened at a fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FenceEvent {
    /// Its number, ascending over all fences; 0 until it is kept.
    pub id: u64,
    /// Where.
    pub fence: FenceId,
    /// What.
    pub kind: FenceEventKind,
    /// The commit that did it.
    pub revision: Revision,
    /// Collection of the feature.
    pub collection: CollectionId,
    /// The feature.
    pub feature: FeatureId,
    /// When the store recorded the commit.
    pub recorded_at: Timestamp,
}

/// Which events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FenceRetention {
    /// Most events.
    pub events: u64,
    /// Those of commits before this moment are let go.
    pub not_before: Timestamp,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FenceEventPage {
    /// The events, by id.
    pub events: Vec<FenceEvent>,
    /// The highest id that was let go, 0 if none was: who has seen less has missed something.
    pub gone: u64,
}

/// What a bulk load did to features.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Those that it added, ascending.
    pub added: Vec<FeatureId>,
    /// Those whose state before it ended, replaced or removed, ascending.
    pub ended: Vec<FeatureId>,
}

/// Fences and their events, kept with the features.
#[async_trait]
pub trait FenceStore: Send + Sync {
    /// Every fence, by number.
    async fn fences(&self) -> Result<Vec<Fence>, StoreError>;

    /// Keeps a fence, from the newest commit on.
    async fn add_fence(&self, definition: FenceDefinition) -> Result<Fence, StoreError>;

    /// Forgets a fence and its events; whether there was one.
    async fn remove_fence(&self, id: FenceId) -> Result<bool, StoreError>;

    /// Up to which revision the change log has been looked through.
    async fn fences_evaluated(&self) -> Result<Revision, StoreError>;

    /// The highest id that an event was given, 0 if none was.
    async fn newest_fence_event(&self) -> Result<u64, StoreError>;

    /// Keeps events and notes that the change log has been looked through up to `evaluated`, in
    /// one durable transaction. Events of fences that are gone are left out. Answers the highest
    /// id given, 0 if none was.
    async fn keep_fence_events(
        &self,
        evaluated: Revision,
        events: Vec<FenceEvent>,
        retention: FenceRetention,
    ) -> Result<u64, StoreError>;

    /// The next events of a fence after the event `after`, at most `limit`.
    async fn fence_events(
        &self,
        fence: FenceId,
        after: u64,
        limit: usize,
    ) -> Result<FenceEventPage, StoreError>;

    /// Notes that the webhook of a fence has taken the events up to `event`.
    async fn fence_delivered(&self, fence: FenceId, event: u64) -> Result<(), StoreError>;

    /// The features that the bulk load of `collection` at `revision` touched.
    async fn loaded(
        &self,
        collection: &CollectionId,
        revision: Revision,
    ) -> Result<Loaded, StoreError>;
}
