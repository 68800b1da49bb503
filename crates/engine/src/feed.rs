//! What changed, told once a published state to any number of readers.
//!
//! Each publication is digested once ([`Told`]): envelopes in longitude and latitude, the places
//! whose tiles differ, and for features of which only attributes changed the new values. A digest
//! holds no snapshot, so that a slow reader keeps no old state in memory.
//!
//! *Invariant:* a [`FeedReader`] sees every commit after the revision that it begins at exactly
//! once, oldest first: from the change log until it has caught up, then as it happens. It is never
//! told of a state that readers of tiles and features do not see yet.

mod digest;
mod page;
mod place;
mod viewport;

#[cfg(test)]
pub(crate) mod feed_tests;

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use spatial::{CollectionId, Envelope, Revision, Timestamp, Value, WorldBox};
use store::ChangeRecord;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::{Audience, Engine, EngineError, Publication};

pub use page::{ChangesPage, ChangesQuery, MAX_CHANGES};
pub use place::ChangeBoxes;
pub(crate) use place::enclosing;
pub use viewport::{MAX_TOLD_TILES, TileList, Viewport};

/// Digests that wait for a slow reader; beyond them it goes on from the change log.
const WAITING: usize = 256;
/// Rows of the change log that are read at a time.
const LOG_ROWS: usize = 1_000;

/// A row of the change log with its envelopes in longitude and latitude (WGS 84).
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedRecord {
    /// The row; its envelopes are in the storage CRS.
    pub record: ChangeRecord,
    /// Envelope before: west, south, east, north in degrees. Absent too where the collection is
    /// gone, so that its CRS is not known any more.
    pub before: Option<Envelope>,
    /// Envelope after.
    pub after: Option<Envelope>,
}

/// One change, and what it means for tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldChange {
    /// What happened.
    pub placed: PlacedRecord,
    /// Where geometries differ on the world grid, before and after.
    pub redrawn: Vec<WorldBox>,
    /// Where only attributes differ.
    pub recoloured: Option<WorldBox>,
    /// The fields that differ, of classes up to L1, where only attributes do.
    pub state: Vec<(String, Value)>,
}

impl ToldChange {
    /// The change as `record` tells it, which may leave out what was before or after.
    fn told_as(self, record: ChangeRecord) -> Self {
        let is_part = record.before.is_some() != self.placed.record.before.is_some()
            || record.after.is_some() != self.placed.record.after.is_some()
            || record.operation != self.placed.record.operation;
        let before = self.placed.before.filter(|_| record.before.is_some());
        let after = self.placed.after.filter(|_| record.after.is_some());
        let placed = PlacedRecord { record, before, after };
        if is_part { digest::whole(placed) } else { Self { placed, ..self } }
    }
}

/// What one published state brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The state before.
    pub since: Revision,
    /// The state that readers see now.
    pub revision: Revision,
    /// When it was recorded, if that is known.
    pub at: Option<Timestamp>,
    /// Collections whose description changed, or that came or went: any of their tiles may differ.
    pub described: BTreeSet<CollectionId>,
    /// Commit by commit.
    pub changes: Vec<ToldChange>,
}

impl Told {
    /// What of this comes after `revision`.
    fn after(self: Arc<Self>, revision: Revision) -> Arc<Self> {
        if revision <= self.since {
            return self;
        }
        let later = |change: &&ToldChange| change.placed.record.revision > revision;
        let changes = self.changes.iter().filter(later).cloned().collect();
        Arc::new(Self { since: revision, changes, ..(*self).clone() })
    }

    /// What of this `engine` sees.
    async fn seen_by(self: Arc<Self>, engine: &Engine) -> Result<Arc<Self>, EngineError> {
        let is_limited =
            engine.view().areas.is_some() || engine.view().audience == Audience::Public;
        if !is_limited && self.collections().into_iter().all(|id| engine.sees(id)) {
            return Ok(self);
        }
        let mut seen = (*self).clone();
        seen.described.retain(|id| engine.sees(id));
        seen.changes.retain(|change| engine.sees(&change.placed.record.collection));
        if is_limited {
            let records = seen.changes.iter().map(|change| change.placed.record.clone()).collect();
            let told = engine.told_of(records).await?;
            let changes = std::mem::take(&mut seen.changes).into_iter().zip(told);
            for (change, record) in changes.filter_map(|(change, record)| Some((change, record?))) {
                if record.id.is_none() && engine.view().areas.is_some() {
                    // Any tile may differ.
                    seen.described.insert(record.collection.clone());
                }
                seen.changes.push(change.told_as(record));
            }
        }
        Ok(Arc::new(seen))
    }

    /// Every collection that it speaks of.
    pub fn collections(&self) -> BTreeSet<&CollectionId> {
        let changed = self.changes.iter().map(|change| &change.placed.record.collection);
        self.described.iter().chain(changed).collect()
    }
}

/// Where readers begin.
#[derive(Debug)]
pub struct Feed {
    told: AtomicU64,
    sender: broadcast::Sender<Arc<Told>>,
}

impl Feed {
    /// Follows the publications of `engine` from now on, until the engine or the feed is dropped.
    /// To be called within a tokio runtime.
    pub fn start(engine: &Engine) -> Arc<Self> {
        // Subscribed first: what is published in between is told, or is the state begun at.
        let publications = engine.subscribe();
        let told = AtomicU64::new(engine.snapshot().revision.0);
        let feed = Arc::new(Self { told, sender: broadcast::Sender::new(WAITING) });
        tokio::spawn(follow(engine.weak(), Arc::downgrade(&feed), publications));
        feed
    }

    /// The newest state that was told.
    fn revision(&self) -> Revision {
        Revision(self.told.load(Ordering::Acquire))
    }

    /// Reads every commit after `since`: what readers see by now from the change log, then what
    /// happens.
    pub fn read(self: &Arc<Self>, engine: &Engine, since: Revision) -> FeedReader {
        let listening = Listening::start(self, engine);
        let (engine, feed) = (engine.clone(), Arc::clone(self));
        FeedReader { engine, feed, cursor: since, waiting: VecDeque::new(), listening }
    }

    fn tell(&self, told: Told) {
        self.told.store(told.revision.0, Ordering::Release);
        // Nobody may be listening.
        let _ = self.sender.send(Arc::new(told));
    }
}

async fn follow(
    engine: Weak<crate::open::Parts>,
    feed: Weak<Feed>,
    mut publications: broadcast::Receiver<Arc<Publication>>,
) {
    loop {
        let publication = match publications.recv().await {
            Ok(publication) => publication,
            // The next one says how far the log must be read.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let (Some(engine), Some(feed)) = (engine.upgrade().map(Engine::of), feed.upgrade()) else {
            return;
        };
        let since = feed.revision();
        if publication.after.revision <= since {
            continue;
        }
        if publication.before.revision > since {
            let missed = digest::from_log(&engine, since, publication.before.revision).await;
            for told in missed {
                feed.tell(told);
            }
        }
        feed.tell(digest::of(&engine, publication).await);
    }
}

/// What a reader meets next.
#[derive(Clone, Debug)]
pub enum Next {
    /// A state that was published.
    Told(Arc<Told>),
    /// The reader has seen everything up to this revision; what follows is as it happens.
    CaughtUp(Revision),
}

/// What a reader hears, and up to where it reads the change log.
#[derive(Debug)]
struct Listening {
    live: broadcast::Receiver<Arc<Told>>,
    /// What readers of tiles and features saw when this began.
    bound: Revision,
    caught_up: bool,
}

impl Listening {
    fn start(feed: &Feed, engine: &Engine) -> Self {
        // Subscribed before the bound is read: what is published after it arrives.
        let live = feed.sender.subscribe();
        Self { live, bound: engine.snapshot().revision, caught_up: false }
    }
}

/// One reader of the feed.
#[derive(Debug)]
pub struct FeedReader {
    engine: Engine,
    feed: Arc<Feed>,
    /// The newest revision that was answered.
    cursor: Revision,
    waiting: VecDeque<Arc<Told>>,
    listening: Listening,
}

impl FeedReader {
    /// Whether what was answered last happened while the reader listened; else it came from the
    /// change log.
    pub fn is_live(&self) -> bool {
        self.listening.caught_up
    }

    /// What comes next; `None` when the engine has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Next>, EngineError> {
        loop {
            if let Some(told) = self.waiting.front() {
                // It waits until it is made out: whoever drops the future finds it again.
                let seen = Arc::clone(told).seen_by(&self.engine).await?;
                self.waiting.pop_front();
                self.cursor = seen.revision;
                return Ok(Some(Next::Told(seen)));
            }
            let Listening { live, bound, caught_up } = &mut self.listening;
            if self.cursor < *bound {
                let page = digest::page(&self.engine, self.cursor, *bound).await?;
                self.waiting = page.into_iter().map(Arc::new).collect();
                continue;
            }
            if !*caught_up {
                *caught_up = true;
                return Ok(Some(Next::CaughtUp(self.cursor)));
            }
            match live.recv().await {
                // Read from the log already.
                Ok(told) if told.revision <= self.cursor => {}
                Ok(told) => self.waiting.push_back(told.after(self.cursor)),
                Err(RecvError::Lagged(_)) => {
                    self.listening = Listening::start(&self.feed, &self.engine);
                }
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }
}
