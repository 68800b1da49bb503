//! Areas that are watched: which features enter, leave and pass, commit by commit.
//!
//! Every commit after a fence was made is evaluated once against it, in the order of the change
//! log, exactly (DE-9IM intersects of the states before and after in the storage CRS). Events and
//! the position up to which the log has been evaluated are kept in one transaction of the store:
//! after a crash the evaluation goes on where it was, from the change log and history.
//!
//! *Invariants:* an event has an id that rises and is never given again; which events there are
//! depends on the commits alone, not on how they were published together; a change of attributes
//! alone makes no event.

mod evaluate;
mod set;
mod states;

#[cfg(test)]
mod fence_tests;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use spatial::{Revision, Timestamp};
use store::FenceStore;
use store::fences::FenceRetention;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, broadcast, watch};

pub use store::fences::{
    Fence, FenceDefinition, FenceEvent, FenceEventKind, FenceEventPage, FenceId, FenceWebhook,
};

use crate::now;
use crate::{Engine, EngineError, Metrics, Publication};
use set::FenceSet;

/// Most vertices of a fence.
pub const MAX_FENCE_VERTICES: usize = spatial::query::MAX_AREA_VERTICES;
/// Rows of the change log that are evaluated at a time.
const LOG_ROWS: usize = 1_000;
/// Revisions without an event after which the position is noted all the same.
const NOTE_AFTER: u64 = 1_000;
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// What the operator may set.
#[derive(Clone, Copy, Debug)]
pub struct FenceSettings {
    /// Most fences.
    pub max_fences: usize,
    /// Most events that are kept.
    pub max_events: u64,
    /// How long events are kept.
    pub keep: Duration,
}

impl Default for FenceSettings {
    fn default() -> Self {
        let keep = Duration::from_secs(90 * 86_400);
        Self { max_fences: 10_000, max_events: 1_000_000, keep }
    }
}

/// The fences of one engine.
pub struct Fences {
    engine: Engine,
    settings: FenceSettings,
    /// Held while commits are evaluated, and while fences come and go: a new fence sees every
    /// commit after the one that it was made at.
    state: Mutex<State>,
    /// Id of the newest event.
    newest: watch::Sender<u64>,
    /// Fences with a webhook that has events to take.
    posting: std::sync::Mutex<BTreeSet<FenceId>>,
}

impl std::fmt::Debug for Fences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fences").field("settings", &self.settings).finish_non_exhaustive()
    }
}

struct State {
    set: Arc<FenceSet>,
    /// Every commit up to here has been evaluated.
    evaluated: Revision,
    /// What the store has noted of that.
    noted: Revision,
}

impl Fences {
    /// Reads the fences of the engine's store and evaluates commits from where that ended, until
    /// the value is dropped. To be called within a tokio runtime.
    pub async fn start(engine: &Engine, settings: FenceSettings) -> Result<Arc<Self>, EngineError> {
        // Subscribed first, so that no publication falls between this and the log.
        let publications = engine.subscribe();
        let store = fence_store(engine)?;
        let (kept, noted) = (store.fences().await?, store.fences_evaluated().await?);
        let newest = watch::Sender::new(store.newest_fence_event().await?);
        let hooked = kept.iter().filter(|fence| fence.definition.webhook.is_some());
        let posting = std::sync::Mutex::new(hooked.map(|fence| fence.id).collect());
        let oldest = kept.iter().map(|fence| fence.since).min();
        let evaluated = oldest.map_or(engine.snapshot().revision, |oldest| oldest.max(noted));
        let state = State { set: Arc::new(FenceSet::new(kept)), evaluated, noted };
        let (engine, state) = (engine.clone(), Mutex::new(state));
        let fences = Arc::new(Self { engine, settings, state, newest, posting });
        tokio::spawn(follow(Arc::downgrade(&fences), publications));
        Ok(fences)
    }

    /// The next fences after the number `after`, at most `limit`.
    pub async fn list(&self, after: FenceId, limit: usize) -> Vec<Fence> {
        let set = Arc::clone(&self.state.lock().await.set);
        let next = set.all().filter(|watched| watched.fence.id > after);
        next.take(limit).map(|watched| watched.shown()).collect()
    }

    /// The fence with this number.
    pub async fn one(&self, id: FenceId) -> Option<Fence> {
        self.state.lock().await.set.find(id).map(|watched| watched.shown())
    }

    /// Makes a fence, from the newest commit on.
    pub async fn add(&self, definition: FenceDefinition) -> Result<Fence, EngineError> {
        let mut state = self.state.lock().await;
        let most = self.settings.max_fences;
        if state.set.len() >= most {
            return Err(EngineError::TooManyFences { most });
        }
        let snapshot = self.engine.snapshot();
        let named = &definition.collections;
        if let Some(id) = named.iter().find(|id| !snapshot.collections.contains_key(*id)) {
            return Err(EngineError::UnknownCollection { id: id.clone() });
        }
        let (registry, held) = (Arc::clone(self.engine.registry()), definition.clone());
        let checked = move || set::check(&held, &snapshot, &registry);
        self.engine.pool().run_waiting(checked).await??;
        let fence = fence_store(&self.engine)?.add_fence(definition).await?;
        if state.set.len() == 0 {
            // Nothing was evaluated while there was nothing to evaluate.
            state.evaluated = fence.since;
        }
        state.set = Arc::new(state.set.and(fence.clone()));
        Ok(fence)
    }

    /// Forgets a fence and its events; whether there was one.
    pub async fn remove(&self, id: FenceId) -> Result<bool, EngineError> {
        let mut state = self.state.lock().await;
        let found = fence_store(&self.engine)?.remove_fence(id).await?;
        state.set = Arc::new(state.set.without(id));
        // Whoever listens to the fence looks whether it is still there.
        self.newest.send_modify(|_| {});
        Ok(found)
    }

    /// The next events of a fence after the event `after`, at most `limit`.
    pub async fn events(
        &self,
        id: FenceId,
        after: u64,
        limit: usize,
    ) -> Result<FenceEventPage, EngineError> {
        Ok(fence_store(&self.engine)?.fence_events(id, after, limit).await?)
    }

    /// Notes that the webhook of a fence has taken the events up to `event`.
    pub async fn delivered(&self, id: FenceId, event: u64) -> Result<(), EngineError> {
        fence_store(&self.engine)?.fence_delivered(id, event).await?;
        self.state.lock().await.set.note_delivered(id, event);
        Ok(())
    }

    /// Fences with a webhook and events that nobody has taken to it, each told once.
    pub fn take_posting(&self) -> BTreeSet<FenceId> {
        std::mem::take(&mut *self.posting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The id of the newest event, as it rises; 0 before the first.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The engine whose fences these are.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Every commit up to the answer has been evaluated.
    pub async fn evaluated(&self) -> Revision {
        self.state.lock().await.evaluated
    }

    /// Evaluates what a publication brought, or what the log holds since the last one.
    async fn take(&self, publication: Option<&Publication>) -> Result<(), EngineError> {
        let mut state = self.state.lock().await;
        let current = self.engine.snapshot();
        if state.set.len() == 0 {
            state.evaluated = current.revision;
            return Ok(());
        }
        if let Some(publication) = publication {
            if publication.after.revision <= state.evaluated {
                return Ok(());
            }
            if publication.before.revision == state.evaluated {
                let batch = evaluate::Batch {
                    set: Arc::clone(&state.set),
                    since: state.evaluated,
                    records: publication.records.clone(),
                    before: Some(Arc::clone(&publication.before)),
                    after: Arc::clone(&publication.after),
                    is_complete: true,
                };
                return self.evaluate(&mut state, batch, publication.after.revision).await;
            }
        }
        while state.evaluated < current.revision {
            let mut records = self.engine.store().changes(state.evaluated, LOG_ROWS).await?;
            records.retain(|record| record.revision <= current.revision);
            let upto = records.last().map_or(current.revision, |last| last.revision);
            let batch = evaluate::Batch {
                set: Arc::clone(&state.set),
                since: state.evaluated,
                records,
                before: None,
                after: Arc::clone(&current),
                is_complete: upto == current.revision,
            };
            self.evaluate(&mut state, batch, upto).await?;
        }
        Ok(())
    }

    async fn evaluate(
        &self,
        state: &mut State,
        batch: evaluate::Batch,
        upto: Revision,
    ) -> Result<(), EngineError> {
        let set = Arc::clone(&batch.set);
        let events = evaluate::events(&self.engine, batch).await?;
        let count = events.len() as u64;
        let happened: BTreeSet<FenceId> = events.iter().map(|event| event.fence).collect();
        if count > 0 || upto.0 - state.noted.0 >= NOTE_AFTER {
            let keep = i64::try_from(self.settings.keep.as_millis()).unwrap_or(i64::MAX);
            let oldest = now().0.saturating_sub(keep);
            let not_before = Timestamp(oldest);
            let retention = FenceRetention { events: self.settings.max_events, not_before };
            let store = fence_store(&self.engine)?;
            let highest = store.keep_fence_events(upto, events, retention).await?;
            state.noted = upto;
            if highest > 0 {
                let is_hooked = |id: &FenceId| {
                    set.find(*id).is_some_and(|watched| watched.fence.definition.webhook.is_some())
                };
                let hooked = happened.into_iter().filter(is_hooked);
                self.posting.lock().unwrap_or_else(PoisonError::into_inner).extend(hooked);
                Metrics::add(&self.engine.metrics().watching.fence_events, count);
                self.newest.send_replace(highest);
            }
        }
        state.evaluated = upto;
        Ok(())
    }
}

async fn follow(fences: Weak<Fences>, mut publications: broadcast::Receiver<Arc<Publication>>) {
    let mut next: Option<Arc<Publication>> = None;
    loop {
        {
            let Some(fences) = fences.upgrade() else { return };
            let mut taken = fences.take(next.as_deref()).await;
            while let Err(error) = taken {
                tracing::error!(%error, "fences could not be evaluated; trying again");
                tokio::time::sleep(RETRY).await;
                taken = fences.take(None).await;
            }
        }
        next = match publications.recv().await {
            Ok(publication) => Some(publication),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
    }
}

fn fence_store(engine: &Engine) -> Result<&dyn FenceStore, EngineError> {
    let none = || EngineError::Internal { what: "the store keeps no fences".to_owned() };
    engine.store().fence_store().ok_or_else(none)
}
