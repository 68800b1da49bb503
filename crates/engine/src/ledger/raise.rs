//! Raises events: checked against one state, durable and visible together with what they make of
//! their points, and anew when a row of theirs changed meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use spatial::{Revision, Timestamp};
use store::StoreError;

use super::batch::{Batch, Known, change_set};
use super::held::{Held, find_evidence};
use super::index::Index;
use super::tasks::TasksOfPoints;
use super::{RaisedBatch, Raising};
use crate::now;
use crate::sight::Witness;
use crate::{Engine, EngineError};

/// How often a batch is made out anew before it is refused.
const ATTEMPTS: usize = 8;
/// How long a state that the store already has may take to become visible.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Raises a batch of events. Each has an outcome of its own; all that are taken become durable
    /// and visible together, before this returns. Sent again, they change nothing.
    ///
    /// # Errors
    /// When the store has no ledger, or cannot be written to: then nothing was taken.
    pub async fn raise(&self, raising: Raising) -> Result<RaisedBatch, EngineError> {
        // As a task of its own: a caller that goes away must not leave it half-way.
        let engine = self.clone();
        let raising = raising.with_codes_of(&self.settings().ledger.tasks);
        let task = tokio::spawn(async move {
            let _one_at_a_time = engine.0.ledger.raising.lock().await;
            engine.raise_alone(Arc::new(raising)).await
        });
        task.await.map_err(|error| EngineError::Internal { what: format!("raise: {error}") })?
    }

    async fn raise_alone(&self, raising: Arc<Raising>) -> Result<RaisedBatch, EngineError> {
        for _attempt in 0..ATTEMPTS {
            let state = self.current();
            let held = Held::of(&state).ok_or(EngineError::NoLedger)?;
            let needs_evidence =
                self.settings().evidence.is_required && find_evidence(&state).is_some();
            let known = |index: &Index| Known::of(index, &raising, needs_evidence);
            let mut known = self.with_index(&state, &held, known).await?;
            let points = &held.points.collection().id;
            known.conceal(|row| self.check_seen(points, row).is_err());
            let witness = Witness::of(self, BTreeSet::from([points.clone()])).await?;
            // The store's clock never runs backwards, and an event tells the same as its commit.
            let at = state.recorded_at.map_or(now(), |recorded: Timestamp| recorded.max(now()));
            let (engine, batch, revision) = (self.clone(), Arc::clone(&raising), state.revision);
            let work = move || {
                let rules = &engine.settings().ledger;
                let registry = engine.registry();
                known.tasks = TasksOfPoints::find(&held.points, &batch, &engine);
                let collection = held.points.collection();
                let judge = witness.as_ref().and_then(|one| one.judge(&engine, collection));
                let (state, held, area) = (&state, &held, judge.as_ref());
                Batch { registry, rules, state, held, now: at, area, known }.run(&batch)
            };
            let made = self.pool().run_waiting(work).await??;
            let (outcomes, points) = (made.outcomes, made.points);
            if made.changes.is_empty() {
                return Ok(RaisedBatch { revision, recorded_at: None, outcomes, points });
            }
            match self.apply(change_set(&raising, made.changes, at)).await {
                Ok(commit) => {
                    let recorded_at = Some(commit.recorded_at);
                    let revision = commit.revision;
                    return Ok(RaisedBatch { revision, recorded_at, outcomes, points });
                }
                Err(EngineError::Store(StoreError::FeatureChanged { changed, .. })) => {
                    self.published(changed).await?;
                }
                // A row that is no feature because of a flaw has the id of the point.
                Err(EngineError::Store(StoreError::DuplicateKey { collection, .. })) => {
                    return Err(EngineError::PointKeptOut { collection });
                }
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::KeepsChanging)
    }

    /// Waits until readers see a state that the store has.
    pub(super) async fn published(&self, revision: Revision) -> Result<(), EngineError> {
        let seen = tokio::time::timeout(PUBLISHED_WITHIN, self.reach(revision)).await;
        seen.map(|_state| ()).map_err(|_elapsed| EngineError::Internal {
            what: format!("revision {revision} was never published"),
        })
    }
}
