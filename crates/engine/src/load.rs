//! Bringing the snapshot up to what the store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use spatial::{Collection, CollectionSnapshot, Revision, Snapshot, Stage, WorldProjector};
use store::ChangeRecord;
use tokio::sync::mpsc;

use crate::past::described_alike;
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
            let (snapshot, records) = self.read_store(before).await?;
            let snapshot = Arc::new(snapshot);
            if self.0.store.revision().await? == before {
                self.publish(Arc::clone(&snapshot), records);
                return Ok(snapshot);
            }
        }
    }

    async fn read_store(
        &self,
        revision: Revision,
    ) -> Result<(Snapshot, Vec<ChangeRecord>), EngineError> {
        let current = self.current();
        let records = self.records_since(&current).await?;
        let recorded_at = records.last().map(|last| last.recorded_at).or(current.recorded_at);
        let touched: BTreeSet<_> = records.iter().map(|record| &record.collection).collect();
        let mut collections = BTreeMap::new();
        for collection in self.0.store.collections().await? {
            let id = collection.id.clone();
            let known = current
                .collections
                .get(&id)
                .filter(|known| same_schema(known.collection(), &collection));
            let known = match known {
                Some(known) if touched.contains(&id) => {
                    let next = self.caught_up(known, &collection, revision, &records).await?;
                    next.map(Arc::new)
                }
                Some(known) if known.len() as u64 == collection.count => Some(Arc::clone(known)),
                _ => None,
            };
            let next = match &known {
                Some(known) if described_alike(known.collection(), &collection) => {
                    Arc::clone(known)
                }
                Some(known) => Arc::new(known.describe(revision, collection)),
                None => Arc::new(self.read_collection(revision, collection).await?),
            };
            collections.insert(id, next);
        }
        Ok((Snapshot { revision, recorded_at, collections }, records))
    }

    /// Rows of the change log since `current`; the newest alone, for a store that is read for the
    /// first time.
    async fn records_since(&self, current: &Snapshot) -> Result<Vec<ChangeRecord>, EngineError> {
        let mut records: Vec<ChangeRecord> = Vec::new();
        loop {
            let since = records.last().map_or(current.revision, |last| last.revision);
            let mut more = self.0.store.changes(since, LOG_ROWS).await?;
            if more.is_empty() {
                return Ok(records);
            }
            if current.collections.is_empty() {
                records.clear();
                more.drain(..more.len() - 1);
            }
            records.append(&mut more);
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
