//! Fences in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use spatial::{CollectionId, FeatureId, Revision};

use super::MemoryStore;
use crate::fences::{
    Fence, FenceDefinition, FenceEvent, FenceEventPage, FenceId, FenceRetention, FenceStore, Loaded,
};
use crate::{ChangeRecord, Operation, StoreError};

/// Fences and what was seen at them.
#[derive(Debug, Default)]
pub(super) struct Watched {
    fences: Vec<Fence>,
    events: Vec<FenceEvent>,
    last_fence: i64,
    last_event: u64,
    gone: u64,
    evaluated: Revision,
}

#[async_trait]
impl FenceStore for MemoryStore {
    async fn fences(&self) -> Result<Vec<Fence>, StoreError> {
        Ok(self.watched.lock().await.fences.clone())
    }

    async fn add_fence(&self, definition: FenceDefinition) -> Result<Fence, StoreError> {
        let since = self.state.lock().await.revision;
        let mut watched = self.watched.lock().await;
        watched.last_fence += 1;
        let (id, delivered) = (FenceId(watched.last_fence), watched.last_event);
        let fence = Fence { id, definition, since, delivered };
        watched.fences.push(fence.clone());
        Ok(fence)
    }

    async fn remove_fence(&self, id: FenceId) -> Result<bool, StoreError> {
        let mut watched = self.watched.lock().await;
        let before = watched.fences.len();
        watched.fences.retain(|fence| fence.id != id);
        watched.events.retain(|event| event.fence != id);
        Ok(watched.fences.len() < before)
    }

    async fn fences_evaluated(&self) -> Result<Revision, StoreError> {
        Ok(self.watched.lock().await.evaluated)
    }

    async fn newest_fence_event(&self) -> Result<u64, StoreError> {
        Ok(self.watched.lock().await.last_event)
    }

    async fn keep_fence_events(
        &self,
        evaluated: Revision,
        events: Vec<FenceEvent>,
        retention: FenceRetention,
    ) -> Result<u64, StoreError> {
        let mut watched = self.watched.lock().await;
        watched.evaluated = evaluated;
        let mut highest = 0;
        for mut event in events {
            if watched.fences.iter().any(|fence| fence.id == event.fence) {
                watched.last_event += 1;
                event.id = watched.last_event;
                highest = event.id;
                watched.events.push(event);
            }
        }
        if highest > 0 {
            let young = watched.events.iter().find(|e| e.recorded_at >= retention.not_before);
            let by_age = young.map_or(highest, |event| event.id - 1);
            let last = by_age.max(highest.saturating_sub(retention.events));
            let before = watched.events.len();
            watched.events.retain(|event| event.id > last);
            if watched.events.len() < before {
                watched.gone = last;
            }
        }
        Ok(highest)
    }

    async fn fence_events(
        &self,
        fence: FenceId,
        after: u64,
        limit: usize,
    ) -> Result<FenceEventPage, StoreError> {
        let watched = self.watched.lock().await;
        let next = watched.events.iter().filter(|event| event.fence == fence && event.id > after);
        Ok(FenceEventPage { events: next.take(limit).cloned().collect(), gone: watched.gone })
    }

    async fn fence_delivered(&self, fence: FenceId, event: u64) -> Result<(), StoreError> {
        let mut watched = self.watched.lock().await;
        if let Some(fence) = watched.fences.iter_mut().find(|known| known.id == fence) {
            fence.delivered = fence.delivered.max(event);
        }
        Ok(())
    }

    async fn loaded(
        &self,
        collection: &CollectionId,
        revision: Revision,
    ) -> Result<Loaded, StoreError> {
        let state = self.state.lock().await;
        let of_load = |record: &&ChangeRecord| {
            record.revision == revision && record.operation == Operation::Load
        };
        let mut loaded = Loaded::default();
        if !state.log.iter().filter(of_load).any(|record| record.collection == *collection) {
            return Ok(loaded);
        }
        let mut began: BTreeSet<FeatureId> = BTreeSet::new();
        if let Some(held) = state.collections.get(collection) {
            let present = held.features.iter().filter(|(_, (from, _))| *from == revision);
            began.extend(present.map(|(id, _)| *id));
        }
        for ((_, id), versions) in state.history.iter().filter(|((of, _), _)| of == collection) {
            if versions.iter().any(|version| version.from == revision) {
                began.insert(*id);
            }
            if versions.iter().any(|version| version.until == revision) {
                loaded.ended.push(*id);
            }
        }
        loaded.added = began.into_iter().filter(|id| !loaded.ended.contains(id)).collect();
        Ok(loaded)
    }
}
