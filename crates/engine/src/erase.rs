//! Erasures: values made null for good in the store, then in everything that readers see.

use std::sync::Arc;

use spatial::{Commit, Feature, FieldClass, Snapshot, Value};
use store::{ChangeRecord, Erasure};

use crate::apply::edited;
use crate::{Engine, EngineError};

impl Engine {
    /// Erases values of one feature, present and past, see [`store::FeatureStore::erase`]. When it
    /// returns no state that can still be asked for holds them; pages of older states end. Edits
    /// wait meanwhile, for about as long as copying the store takes.
    pub async fn erase(&self, erasure: Erasure) -> Result<Commit, EngineError> {
        // As a task of its own: a caller that goes away must not leave it half-way.
        let engine = self.clone();
        let task = tokio::spawn(async move {
            let _writing = engine.0.writing.lock().await;
            let outcome = engine.0.store.erase(erasure.clone()).await;
            match &outcome {
                Ok(commit) => engine.show_erasure(&erasure, commit).await?,
                // The values may be erased all the same, with copies left in the file.
                Err(_) => {
                    engine.reload().await?;
                }
            }
            engine.0.past.forget(&erasure.collection);
            engine.cursors().forget(&erasure.collection);
            engine.forget_answers();
            Ok(outcome?)
        });
        task.await.map_err(|error| EngineError::Internal { what: format!("erase: {error}") })?
    }

    async fn show_erasure(&self, erasure: &Erasure, commit: &Commit) -> Result<(), EngineError> {
        let before = self.current();
        if commit.revision.0 != before.revision.0 + 1 {
            tracing::warn!("another writer came between: the snapshot is read anew");
            return self.reload().await.map(|_| ());
        }
        let mut collections = before.collections.clone();
        if let Some(held) = collections.get_mut(&erasure.collection)
            && let Some(mut feature) = held.get(erasure.id).map(|feature| feature.to_feature())
        {
            let fields = &held.collection().fields;
            for (field, value) in fields.iter().zip(&mut feature.properties) {
                let named = erasure.fields.contains(&field.name);
                if named || (erasure.fields.is_empty() && field.class >= FieldClass::L3) {
                    *value = Value::Null;
                }
            }
            let projector = self.projector(held.collection())?;
            let (id, revision, then) = (erasure.id, commit.revision, Arc::clone(held));
            let next = move || {
                let feature: Option<&Feature> = Some(&feature);
                edited(&then, &projector, revision, &vec![(id, feature)])
            };
            *held = Arc::new(self.0.pool.run_waiting(next).await?);
        }
        let records = commit.changes.iter().map(|change| ChangeRecord {
            revision: commit.revision,
            collection: change.collection.clone(),
            operation: change.operation,
            id: Some(change.id),
            before: change.before,
            after: change.after,
            actor: erasure.actor.clone(),
            reason: erasure.reason.clone(),
            recorded_at: commit.recorded_at,
        });
        let (revision, recorded_at) = (commit.revision, Some(commit.recorded_at));
        let next = Snapshot { revision, recorded_at, collections };
        self.publish(Arc::new(next), records.collect());
        Ok(())
    }
}
