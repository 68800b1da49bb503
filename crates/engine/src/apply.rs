//! Edits: checked, durable, visible, acknowledged, in this order.
//!
//! Change sets that wait while others become durable go together: one transaction of the store,
//! one flush to the disk, one new state for readers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use spatial::{
    ChangeOp, ChangeSet, CollectionId, CollectionSnapshot, Commit, Edit, Feature, FeatureId,
    Revision, Snapshot, WorldProjector,
};
use store::StoreError;
use tokio::sync::oneshot;

use crate::check::{Records, check};
use crate::commit_queue::Waiting;
use crate::ledger::moved_away;
use crate::places;
use crate::publication::records_of;
use crate::{Defect, Engine, EngineError, Metrics};

/// Shards that are built anew in one go: some ten milliseconds of work.
const FOLD_SHARDS: usize = 8;

/// What a group does to one collection.
pub(crate) type Edits<'a> = Vec<(FeatureId, Option<&'a Feature>)>;

impl Engine {
    /// Applies `changes`, all or none. When it returns, they are durable, and every reader sees
    /// them; a caller that goes away before does not stop them half-way.
    pub async fn apply(&self, changes: ChangeSet) -> Result<Commit, EngineError> {
        let changes = self.check_reach(changes).await?;
        let (answer, answered) = oneshot::channel();
        self.0.queue.push(Waiting { set: changes, answer });
        let engine = self.clone();
        tokio::spawn(async move {
            let _writing = engine.0.writing.lock().await;
            engine.0.queue.gather().await;
            // Whoever came first took those who waited; then nothing is left to do.
            let group = engine.0.queue.next_group();
            if !group.is_empty() {
                engine.apply_group(group).await;
            }
        });
        let lost = |_lost| EngineError::Internal { what: "a change set was lost".to_owned() };
        let commit = answered.await.map_err(lost)??;
        self.fold_later();
        Ok(commit)
    }

    /// Applies a group and answers each of its members.
    async fn apply_group(&self, group: Vec<Waiting>) {
        let (sets, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|one| (one.set, one.answer)).unzip();
        let outcomes = self.commit_group(sets).await;
        match outcomes {
            Ok(outcomes) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // Whoever asked may have gone; the commit stands all the same.
                    let _ = answer.send(outcome);
                }
            }
            Err(error) => {
                let what = error.to_string();
                tracing::error!(error = %what, "a group of change sets failed");
                for answer in answers {
                    let _ = answer.send(Err(EngineError::Internal { what: what.clone() }));
                }
            }
        }
    }

    /// One outcome a set, in order.
    async fn commit_group(
        &self,
        sets: Vec<ChangeSet>,
    ) -> Result<Vec<Result<Commit, EngineError>>, EngineError> {
        let before = self.current();
        let state = Arc::clone(&before);
        let engine = self.clone();
        let checked = move || {
            let mut sets = sets;
            // Sets of several senders: what one may read another may not.
            let records = Records::now(&engine, None);
            let mut defects: Vec<_> = sets.iter().map(|set| check(&state, set, records)).collect();
            let mut taken = places::TakenCodes::default();
            for (set, defects) in sets.iter_mut().zip(&mut defects) {
                if defects.is_empty() {
                    *defects = moved_away(&engine, &state, set);
                    defects.extend(taken.take(&state, set));
                    defects.extend(places::unfit_units(&state, set));
                    defects.extend(places::assign_written(&engine, &state, set));
                }
            }
            sets.iter_mut().for_each(|set| fit_all(&state, set));
            (sets, defects)
        };
        let (sets, defects) = self.0.pool.run_waiting(checked).await?;
        let mut outcomes: Vec<Option<Result<Commit, EngineError>>> = Vec::new();
        let mut sound = Vec::with_capacity(sets.len());
        for (set, defects) in sets.into_iter().zip(defects) {
            if defects.is_empty() {
                sound.push(set);
                outcomes.push(None);
            } else {
                outcomes.push(Some(Err(EngineError::Invalid { defects })));
            }
        }
        let sound: Arc<[ChangeSet]> = sound.into();
        let commits = match sound.is_empty() {
            true => Vec::new(),
            false => {
                let start = Instant::now();
                let commits = self.0.store.commit_all(Arc::clone(&sound)).await;
                self.0.queue.committed(sound.len(), start.elapsed());
                commits
            }
        };
        self.make_visible(before, &sound, &commits).await?;
        let mut commits = sound.iter().zip(commits).map(|(set, commit)| {
            if commit.is_ok() {
                Metrics::add(&self.metrics().commits, 1);
            }
            commit.map_err(|error| refused(set, error))
        });
        let lost = || Err(EngineError::Internal { what: "a commit was lost".to_owned() });
        let outcomes = outcomes.into_iter().map(|outcome| match outcome {
            Some(outcome) => outcome,
            None => commits.next().unwrap_or_else(lost),
        });
        Ok(outcomes.collect())
    }

    /// Publishes the state after `commits`. They stand: whatever fails here, the store is what
    /// readers must see.
    async fn make_visible(
        &self,
        before: Arc<Snapshot>,
        sets: &Arc<[ChangeSet]>,
        commits: &[Result<Commit, StoreError>],
    ) -> Result<(), EngineError> {
        let done = sets.iter().zip(commits).enumerate();
        let mut done: Vec<(usize, Commit)> = done
            .filter_map(|(position, (_, commit))| Some((position, commit.as_ref().ok()?.clone())))
            .collect();
        // The store may have taken one up again after the others.
        done.sort_by_key(|(_, commit)| commit.revision);
        let (Some((_, first)), Some((_, last))) = (done.first(), done.last()) else {
            return Ok(());
        };
        let follows = first.revision.0 == before.revision.0 + 1
            && last.revision.0 == before.revision.0 + done.len() as u64;
        let records = done.iter().flat_map(|(at, commit)| records_of(&sets[*at], commit)).collect();
        let next = match follows {
            true => self.follow(before, Arc::clone(sets), done).await,
            false => Err(EngineError::Internal { what: "another writer came between".to_owned() }),
        };
        match next {
            Ok(next) => self.publish(Arc::new(next), records),
            Err(error) => {
                tracing::warn!(%error, "the snapshot is read anew after a commit");
                self.reload().await?;
            }
        }
        Ok(())
    }

    /// The state after the commits of `done`, each with the position of its change set.
    async fn follow(
        &self,
        before: Arc<Snapshot>,
        sets: Arc<[ChangeSet]>,
        done: Vec<(usize, Commit)>,
    ) -> Result<Snapshot, EngineError> {
        let mut projectors = BTreeMap::new();
        for change in done.iter().flat_map(|(at, _)| &sets[*at].changes) {
            if let Some(collection) = before.collections.get(&change.collection)
                && !projectors.contains_key(&change.collection)
            {
                let projector = self.projector(collection.collection())?;
                projectors.insert(change.collection.clone(), projector);
            }
        }
        let next = move || {
            let mut edits: BTreeMap<&CollectionId, Edits<'_>> = BTreeMap::new();
            let (mut revision, mut recorded_at) = (before.revision, before.recorded_at);
            for (position, commit) in &done {
                (revision, recorded_at) = (commit.revision, Some(commit.recorded_at));
                for (change, committed) in sets[*position].changes.iter().zip(&commit.changes) {
                    let feature = match &change.op {
                        ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature) => Some(feature),
                        ChangeOp::Delete(_) => None,
                    };
                    edits.entry(&change.collection).or_default().push((committed.id, feature));
                }
            }
            let mut collections = before.collections.clone();
            for (id, edits) in edits {
                if let (Some(held), Some(projector)) = (collections.get_mut(id), projectors.get(id))
                {
                    *held = Arc::new(edited(held, projector, revision, &edits));
                }
            }
            Snapshot { revision, recorded_at, collections }
        };
        self.0.pool.run_waiting(next).await
    }

    /// Folds what wants folding, a few shards at a time, beside whoever reads and writes. The
    /// features stay the same, and so does every tile.
    fn fold_later(&self) {
        let wants = |snapshot: &Snapshot| snapshot.collections.values().any(|c| c.wants_fold());
        if !wants(&self.current()) || self.0.folding.swap(true, Ordering::AcqRel) {
            return;
        }
        let engine = self.clone();
        tokio::spawn(async move {
            while let Some((id, collection)) = engine.next_to_fold() {
                if let Err(error) = engine.fold(&id, collection).await {
                    tracing::error!(%error, "edits could not be folded");
                    break;
                }
            }
            engine.0.folding.store(false, Ordering::Release);
        });
    }

    fn next_to_fold(&self) -> Option<(CollectionId, Arc<CollectionSnapshot>)> {
        let snapshot = self.current();
        let found = snapshot.collections.iter().find(|(_, collection)| collection.wants_fold());
        found.map(|(id, collection)| (id.clone(), Arc::clone(collection)))
    }

    async fn fold(
        &self,
        id: &CollectionId,
        collection: Arc<CollectionSnapshot>,
    ) -> Result<(), EngineError> {
        let fold = self.0.pool.run_waiting(move || collection.start_fold(FOLD_SHARDS)).await?;
        let _writing = self.0.writing.lock().await;
        let before = self.current();
        let id = id.clone();
        let next = move || {
            let folded = before.collections.get(&id)?.finish_fold(fold)?;
            let mut collections = before.collections.clone();
            collections.insert(id, Arc::new(folded));
            Some(Snapshot { collections, ..(*before).clone() })
        };
        // None: a load came between, and what wanted folding is gone.
        if let Some(next) = self.0.pool.run_waiting(next).await? {
            self.0.current.store(Arc::new(next));
            self.forget_seen();
        }
        Ok(())
    }
}

/// Gives the features of a set the form that the store will keep, so that readers see the same
/// before and after a restart. What does not fit is for the store to refuse.
fn fit_all(state: &Snapshot, set: &mut ChangeSet) {
    for change in &mut set.changes {
        let held = state.collections.get(&change.collection);
        if let (Some(held), ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature)) =
            (held, &mut change.op)
        {
            let _ = store::fit(held.collection(), feature);
        }
    }
}

/// What the store found that the check could not see, because another set of the group came
/// before: a feature that is gone by now.
fn refused(set: &ChangeSet, error: StoreError) -> EngineError {
    let StoreError::UnknownFeature { collection, id } = &error else { return error.into() };
    let named =
        |op: &ChangeOp| matches!(op, ChangeOp::Replace(n, _) | ChangeOp::Delete(n) if n == id);
    let position = set.changes.iter().position(|c| c.collection == *collection && named(&c.op));
    match position {
        Some(position) => {
            let place = format!("/changes/{position}/id");
            let problem = format!("feature {id} does not exist in {collection}");
            EngineError::Invalid { defects: vec![Defect { place, problem }] }
        }
        None => error.into(),
    }
}

/// The successor of a collection with `edits`, at `revision`.
pub(crate) fn edited(
    collection: &CollectionSnapshot,
    projector: &WorldProjector,
    revision: Revision,
    edits: &Edits<'_>,
) -> CollectionSnapshot {
    let edits: Vec<_> =
        edits.iter().map(|(id, feature)| Edit { id: *id, feature: *feature }).collect();
    collection.apply(revision, &edits, &|coords, world| projector.project_all(coords, world))
}
