//! Bringing the snapshot up to what the store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use spatial::{
    Collection, CollectionId, CollectionSnapshot, Revision, Snapshot, Stage, Timestamp,
    WorldProjector,
};
use tokio::sync::mpsc;

use crate::{Engine, EngineError};

/// Features of one message of a scan: a shard of a stage.
const CHUNK: usize = 4096;
/// Rows of the change log that are read at a time.
const LOG_ROWS: usize = 10_000;

impl Engine {
    /// Brings the snapshot up to the store: after collections were described, renamed, removed
    /// or loaded. Collections whose features did not change are not read again.
    pub async fn refresh(&self) -> Result<Arc<Snapshot>, EngineError> {
        // As a task of its own: a caller that goes away must not leave it half-way.
        let engine = self.clone();
        let task = tokio::spawn(async move {
            let _writing = engine.0.writing.lock().await;
            engine.reload().await
        });
        task.await.map_err(|error| EngineError::Internal { what: format!("refresh: {error}") })?
    }

    /// [`Engine::refresh`] for whoever holds the right to publish.
    pub(crate) async fn reload(&self) -> Result<Arc<Snapshot>, EngineError> {
        loop {
            let before = self.0.store.revision().await?;
            let snapshot = Arc::new(self.read_store(before).await?);
            if self.0.store.revision().await? == before {
                self.0.current.store(Arc::clone(&snapshot));
                return Ok(snapshot);
            }
        }
    }

    async fn read_store(&self, revision: Revision) -> Result<Snapshot, EngineError> {
        let current = self.snapshot();
        let (touched, recorded_at) = self.touched_since(&current).await?;
        let mut collections = BTreeMap::new();
        for collection in self.0.store.collections().await? {
            let id = collection.id.clone();
            let known = current.collections.get(&id).filter(|known| {
                !touched.contains(&id)
                    && known.collection().count == collection.count
                    && same_schema(known.collection(), &collection)
            });
            let next = match known {
                Some(known) if same_words(known.collection(), &collection) => Arc::clone(known),
                Some(known) => Arc::new(known.describe(revision, collection)),
                None => Arc::new(self.read_collection(revision, collection).await?),
            };
            collections.insert(id, next);
        }
        Ok(Snapshot { revision, recorded_at, collections })
    }

    /// Collections whose features changed since `current`, and when the last change was
    /// recorded.
    async fn touched_since(
        &self,
        current: &Snapshot,
    ) -> Result<(BTreeSet<CollectionId>, Option<Timestamp>), EngineError> {
        let (mut since, mut recorded_at) = (current.revision, current.recorded_at);
        let mut touched = BTreeSet::new();
        loop {
            let records = self.0.store.changes(since, LOG_ROWS).await?;
            let Some(last) = records.last() else { return Ok((touched, recorded_at)) };
            (since, recorded_at) = (last.revision, Some(last.recorded_at));
            touched.extend(records.into_iter().map(|record| record.collection));
        }
    }

    async fn read_collection(
        &self,
        revision: Revision,
        collection: Collection,
    ) -> Result<CollectionSnapshot, EngineError> {
        let projector = self.projector(&collection)?;
        let collection = Arc::new(collection);
        let (sender, mut receiver) = mpsc::channel(8);
        let (store, id) = (Arc::clone(&self.0.store), collection.id.clone());
        let scan = tokio::spawn(async move { store.scan(&id, CHUNK, sender).await });
        let mut jobs = Vec::new();
        while let Some(features) = receiver.recv().await {
            let (collection, projector) = (Arc::clone(&collection), projector.clone());
            let job = self.0.pool.start(move || {
                Stage::new(&collection, &features, &|coords, world| {
                    projector.project_all(coords, world)
                })
            });
            jobs.push(job.await?);
        }
        scan.await.map_err(|error| EngineError::Internal { what: format!("scan: {error}") })??;
        let mut stages = Vec::with_capacity(jobs.len());
        for job in jobs {
            stages.push(job.answer().await?);
        }
        let build = move || {
            let collection = Arc::unwrap_or_clone(collection);
            CollectionSnapshot::build(collection, revision, stages)
        };
        self.0.pool.run_waiting(build).await
    }

    /// The way from a collection's coordinates to the world grid.
    pub(crate) fn projector(&self, collection: &Collection) -> Result<WorldProjector, EngineError> {
        WorldProjector::new(&self.0.registry, &collection.crs).map_err(|error| {
            EngineError::NotOnTheMap { id: collection.id.clone(), reason: error.to_string() }
        })
    }
}

fn same_schema(a: &Collection, b: &Collection) -> bool {
    let fields = |c: &Collection| {
        c.fields.iter().map(|f| (f.name.clone(), f.field_type)).collect::<Vec<_>>()
    };
    a.crs == b.crs && fields(a) == fields(b)
}

/// Whether the same is said of both, count and extent apart.
fn same_words(a: &Collection, b: &Collection) -> bool {
    *a == Collection { count: a.count, extent: a.extent, ..b.clone() }
}
