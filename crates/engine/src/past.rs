//! Past states: the current one, led back by what the store's history says.
//!
//! Such a state shares every shard that has not changed since. It is made when it is asked for,
//! one at a time, and kept within a budget of bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spatial::{
    Collection, CollectionId, CollectionSnapshot, Edit, Feature, FeatureId, Revision, Snapshot,
    Timestamp,
};
use tokio::sync::mpsc;

use crate::{Engine, EngineError};

/// Most past states that are kept, each of one collection.
const MAX_KEPT: usize = 64;
/// Features of one message from the store.
const CHUNK: usize = 4096;

/// Past states that were asked for lately, the latest last.
#[derive(Debug, Default)]
pub(crate) struct PastStates {
    kept: Mutex<Vec<Kept>>,
    /// Held by whoever makes one: a second request for the same waits instead of working too.
    making: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Kept {
    revision: Revision,
    state: Arc<CollectionSnapshot>,
    /// Bytes that it does not share with the current state, about.
    bytes: usize,
}

impl PastStates {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of `collection` at `revision`, if it is kept and still described alike.
    fn find(&self, revision: Revision, collection: &Collection) -> Option<Arc<CollectionSnapshot>> {
        let mut kept = self.kept();
        let same = |kept: &Kept| {
            kept.revision == revision && described_alike(kept.state.collection(), collection)
        };
        let position = kept.iter().position(same)?;
        let found = kept.remove(position);
        let state = Arc::clone(&found.state);
        kept.push(found);
        Some(state)
    }

    /// Lets every kept state of a collection go.
    pub(crate) fn forget(&self, collection: &CollectionId) {
        self.kept().retain(|kept| kept.state.collection().id != *collection);
    }

    fn keep(&self, new: Kept, budget: usize) {
        let mut kept = self.kept();
        let id = |kept: &Kept| kept.state.collection().id.clone();
        kept.retain(|kept| kept.revision != new.revision || id(kept) != id(&new));
        kept.push(new);
        while kept.len() > MAX_KEPT || kept.iter().map(|kept| kept.bytes).sum::<usize>() > budget {
            if kept.len() == 1 {
                break;
            }
            kept.remove(0);
        }
    }
}

impl Engine {
    /// The current state; or that of `as_of`, with the collections of `ids` alone: what had been
    /// recorded by then, under the names, fields and classes of today. A collection that came
    /// later is empty in it.
    pub async fn state(
        &self,
        as_of: Option<Timestamp>,
        ids: &[CollectionId],
    ) -> Result<Arc<Snapshot>, EngineError> {
        let current = self.snapshot();
        let Some(moment) = as_of else { return Ok(current) };
        if current.recorded_at.is_none_or(|recorded| recorded <= moment) {
            return Ok(current);
        }
        let revision = self.revision_at(moment).await?;
        if revision >= current.revision {
            return Ok(current);
        }
        if let Some(id) = ids.iter().find(|id| !current.collections.contains_key(*id)) {
            return Err(EngineError::UnknownCollection { id: (*id).clone() });
        }
        let whole = self.current();
        let mut collections = BTreeMap::new();
        let needed = match self.view().areas {
            Some(_) => self.with_owners(ids),
            None => ids.iter().cloned().collect(),
        };
        for id in needed {
            let Some(collection) = whole.collections.get(&id) else { continue };
            // Nothing came since: the current state is the past one.
            let then = match collection.revision() <= revision {
                true => Arc::clone(collection),
                false => self.past_state(collection, revision).await?,
            };
            collections.insert(id, then);
        }
        let past = Arc::new(Snapshot { revision, recorded_at: Some(moment), collections });
        if self.view().is_whole() {
            return Ok(past);
        }
        let engine = self.clone();
        let shown = self.pool().run_waiting(move || engine.1.shown_past(&engine, past)).await?;
        let asked = |id: &CollectionId| ids.contains(id);
        if shown.collections.keys().all(asked) {
            return Ok(shown);
        }
        let collections = shown.collections.iter().filter(|(id, _)| asked(id));
        let collections = collections.map(|(id, held)| (id.clone(), Arc::clone(held))).collect();
        Ok(Arc::new(Snapshot { collections, ..*shown }))
    }

    /// The collections of `ids`, and those by which rows of them belong to an area.
    pub fn with_owners(&self, ids: &[CollectionId]) -> BTreeSet<CollectionId> {
        let mut all = BTreeSet::new();
        let mut open = ids.to_vec();
        while let Some(id) = open.pop() {
            let rule = self.settings().areas.of(id.as_str());
            let owners = rule.into_iter().flat_map(|rule| &rule.of);
            let owners = owners.map(|owner| CollectionId::try_from(owner.collection.as_str()));
            if all.insert(id) {
                open.extend(owners.flatten());
            }
        }
        all
    }

    async fn past_state(
        &self,
        current: &Arc<CollectionSnapshot>,
        revision: Revision,
    ) -> Result<Arc<CollectionSnapshot>, EngineError> {
        let past = &self.0.past;
        if let Some(found) = past.find(revision, current.collection()) {
            return Ok(found);
        }
        let _making = past.making.lock().await;
        if let Some(found) = past.find(revision, current.collection()) {
            return Ok(found);
        }
        let id = current.collection().id.clone();
        let former = self.former_states(&id, revision).await?;
        let projector = self.projector(current.collection())?;
        let current = Arc::clone(current);
        let rewound = move || {
            let edits: Vec<_> =
                former.iter().map(|(id, then)| Edit { id: *id, feature: then.as_ref() }).collect();
            let to_world =
                |coords: &[[f64; 2]], world: &mut _| projector.project_all(coords, world);
            let state = current.rewind(revision, &edits, &to_world);
            let bytes = state.heap_bytes_beside(&current);
            Kept { revision, state: Arc::new(state), bytes }
        };
        let kept = self.0.pool.run_waiting(rewound).await?;
        let state = Arc::clone(&kept.state);
        past.keep(kept, self.settings().past_bytes);
        Ok(state)
    }

    /// Every feature that has come, changed or gone since a revision, as it was then.
    pub(crate) async fn former_states(
        &self,
        id: &CollectionId,
        revision: Revision,
    ) -> Result<Vec<(FeatureId, Option<Feature>)>, EngineError> {
        let (sender, mut receiver) = mpsc::channel(4);
        let (store, asked) = (Arc::clone(&self.0.store), id.clone());
        let sending =
            tokio::spawn(async move { store.former_states(&asked, revision, CHUNK, sender).await });
        let mut all = Vec::new();
        while let Some(mut some) = receiver.recv().await {
            all.append(&mut some);
        }
        let sent = sending.await;
        sent.map_err(|error| EngineError::Internal { what: format!("history: {error}") })??;
        Ok(all)
    }
}

/// Whether the same is said of both, count and extent apart.
pub(crate) fn described_alike(a: &Collection, b: &Collection) -> bool {
    *a == Collection { count: a.count, extent: a.extent, ..b.clone() }
}
