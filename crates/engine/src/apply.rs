//! Edits: checked, durable, visible, acknowledged, in this order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use spatial::{
    ChangeOp, ChangeSet, CollectionId, CollectionSnapshot, Commit, Edit, Feature, FeatureId,
    Revision, Snapshot, WorldProjector,
};

use crate::check::check;
use crate::publication::records_of;
use crate::{Engine, EngineError, Metrics};

/// What a commit does to one collection.
type Edits = Vec<(FeatureId, Option<Feature>)>;

impl Engine {
    /// Applies `changes`, all or none. When it returns, they are durable, and every reader sees
    /// them; a caller that goes away before does not stop them half-way.
    pub async fn apply(&self, changes: ChangeSet) -> Result<Commit, EngineError> {
        let engine = self.clone();
        let task = tokio::spawn(async move {
            let _writing = engine.0.writing.lock().await;
            engine.apply_alone(changes).await
        });
        let commit = task
            .await
            .map_err(|error| EngineError::Internal { what: format!("apply: {error}") })??;
        self.fold_later();
        Ok(commit)
    }

    async fn apply_alone(&self, changes: ChangeSet) -> Result<Commit, EngineError> {
        let before = self.snapshot();
        let changes = Arc::new(changes);
        let (state, asked) = (Arc::clone(&before), Arc::clone(&changes));
        let defects = self.0.pool.run_waiting(move || check(&state, &asked)).await?;
        if !defects.is_empty() {
            return Err(EngineError::Invalid { defects });
        }
        let commit = self.0.store.commit((*changes).clone()).await?;
        Metrics::add(&self.metrics().commits, 1);
        let records = records_of(&changes, &commit);
        // From here on the commit stands: whatever fails, the store is what readers must see.
        let follows = commit.revision.0 == before.revision.0 + 1;
        let next = match follows {
            true => self.follow(before, Arc::unwrap_or_clone(changes), &commit).await,
            false => Err(EngineError::Internal { what: "another writer came between".to_owned() }),
        };
        match next {
            Ok(next) => self.publish(Arc::new(next), records),
            Err(error) => {
                tracing::warn!(%error, "the snapshot is read anew after a commit");
                self.reload().await?;
            }
        }
        Ok(commit)
    }

    /// The state after `commit`.
    async fn follow(
        &self,
        before: Arc<Snapshot>,
        changes: ChangeSet,
        commit: &Commit,
    ) -> Result<Snapshot, EngineError> {
        let mut edits: BTreeMap<CollectionId, Edits> = BTreeMap::new();
        for (change, committed) in changes.changes.into_iter().zip(&commit.changes) {
            let feature = match change.op {
                ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature) => Some(feature),
                ChangeOp::Delete(_) => None,
            };
            edits.entry(change.collection).or_default().push((committed.id, feature));
        }
        let mut jobs = Vec::with_capacity(edits.len());
        for (id, edits) in edits {
            let Some(collection) = before.collections.get(&id) else { continue };
            let projector = self.projector(collection.collection())?;
            jobs.push((Arc::clone(collection), projector, id, edits));
        }
        let (revision, recorded_at) = (commit.revision, Some(commit.recorded_at));
        let next = move || {
            let mut collections = before.collections.clone();
            for (collection, projector, id, edits) in jobs {
                let next = edited(&collection, &projector, revision, &edits);
                collections.insert(id, Arc::new(next));
            }
            Snapshot { revision, recorded_at, collections }
        };
        self.0.pool.run_waiting(next).await
    }

    /// Folds what wants folding, after the answer has gone out. The features stay the same, and
    /// so does every tile.
    fn fold_later(&self) {
        let wants = self.snapshot().collections.values().any(|c| c.wants_fold());
        if !wants || self.0.folding.swap(true, Ordering::AcqRel) {
            return;
        }
        let engine = self.clone();
        tokio::spawn(async move {
            let _writing = engine.0.writing.lock().await;
            let before = engine.snapshot();
            let fold = move || {
                let fold = |c: &Arc<CollectionSnapshot>| match c.wants_fold() {
                    true => Arc::new(c.fold()),
                    false => Arc::clone(c),
                };
                let collections =
                    before.collections.iter().map(|(id, c)| (id.clone(), fold(c))).collect();
                Snapshot { collections, ..(*before).clone() }
            };
            match engine.0.pool.run_waiting(fold).await {
                Ok(next) => engine.0.current.store(Arc::new(next)),
                Err(error) => tracing::error!(%error, "edits could not be folded"),
            }
            engine.0.folding.store(false, Ordering::Release);
        });
    }
}

fn edited(
    collection: &CollectionSnapshot,
    projector: &WorldProjector,
    revision: Revision,
    edits: &Edits,
) -> CollectionSnapshot {
    let edits: Vec<_> =
        edits.iter().map(|(id, feature)| Edit { id: *id, feature: feature.as_ref() }).collect();
    collection.apply(revision, &edits, &|coords, world| projector.project_all(coords, world))
}
