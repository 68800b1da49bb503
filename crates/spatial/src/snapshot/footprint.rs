//! What tells a later state of a collection which of its features are others than before, kept for long
//! without the features themselves.

use std::sync::{Arc, Weak};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Top;
use super::delta::Entry;
use crate::tombstones::Tombstones;
use crate::{Collection, CollectionSnapshot, Envelope, FeatureId, Shard};

/// How a state of a collection was put together. It keeps no feature in memory.
#[derive(Clone, Debug)]
pub struct Footprint {
    collection: Arc<Collection>,
    // Hold their places in memory, so that nothing later has the same address.
    top: Weak<Top>,
    edited: FxHashMap<FeatureId, Edited>,
    /// Number of each shard, and which of its features do not count.
    leaves: Vec<(u32, Option<Arc<Tombstones>>)>,
}

/// A feature among the newest edits.
#[derive(Clone, Debug)]
struct Edited {
    shard: Weak<Shard>,
    slot: u16,
    envelope: Envelope,
}

/// Features that are others than in an earlier state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Those that are others, are gone or new.
    pub ids: FxHashSet<FeatureId>,
    /// Envelopes of what was there before and of what is there now, in the storage CRS; none for what
    /// has no geometry.
    pub boxes: Vec<Envelope>,
}

impl From<&Entry> for Edited {
    fn from(entry: &Entry) -> Self {
        let envelope = entry.feature().envelope();
        Self { shard: Arc::downgrade(&entry.shard), slot: entry.slot, envelope }
    }
}

impl Edited {
    fn is(&self, entry: &Entry) -> bool {
        self.slot == entry.slot && self.shard.as_ptr() == Arc::as_ptr(&entry.shard)
    }
}

impl Changes {
    fn add(&mut self, id: FeatureId, envelope: Envelope) {
        self.ids.insert(id);
        if !envelope.is_empty() {
            self.boxes.push(envelope);
        }
    }
}

impl CollectionSnapshot {
    /// The footprint of this state; none where more than `most` features were edited since shards were
    /// made.
    pub fn footprint(&self, most: usize) -> Option<Footprint> {
        if self.delta.len() > most {
            return None;
        }
        let leaf = |leaf: &super::Leaf| (leaf.number, leaf.dead.clone());
        let entries = self.delta.entries();
        Some(Footprint {
            collection: Arc::clone(&self.collection),
            top: Arc::downgrade(&self.top),
            edited: entries.map(|(id, entry)| (id, entry.into())).collect(),
            leaves: self.leaves.iter().map(leaf).collect(),
        })
    }

    /// The features that are others than at an earlier state, are gone or new since; an edit that put
    /// back what was there counts. None when they are more than `most`, or when it cannot be told:
    /// shards were made anew, or the collection is described otherwise.
    pub fn changed_since(&self, then: &Footprint, most: usize) -> Option<Changes> {
        let (now, before) = (&*self.collection, &*then.collection);
        let is_described_alike =
            (&now.fields, &now.key, &now.crs) == (&before.fields, &before.key, &before.crs);
        let has_same_shards =
            Arc::as_ptr(&self.top) == then.top.as_ptr() && self.leaves.len() == then.leaves.len();
        if !is_described_alike || !has_same_shards {
            return None;
        }
        let mut changed = Changes::default();
        for (leaf, (number, dead)) in self.leaves.iter().zip(&then.leaves) {
            if leaf.number != *number {
                return None;
            }
            let is_same = match (&leaf.dead, dead) {
                (None, None) => true,
                (Some(now), Some(before)) => Arc::ptr_eq(now, before),
                _ => false,
            };
            if is_same {
                continue;
            }
            let gone =
                |dead: &Option<Arc<Tombstones>>| dead.as_deref().cloned().unwrap_or_default();
            for slot in gone(&leaf.dead).difference(&gone(dead)) {
                let feature = leaf.shard.feature(slot);
                changed.add(feature.id(), feature.envelope());
            }
            if changed.ids.len() > most {
                return None;
            }
        }
        for (id, entry) in self.delta.entries() {
            if !then.edited.get(&id).is_some_and(|edited| edited.is(entry)) {
                changed.add(id, entry.feature().envelope());
            }
        }
        for (id, edited) in &then.edited {
            if !self.delta.get(*id).is_some_and(|entry| edited.is(entry)) {
                changed.add(*id, edited.envelope);
            }
        }
        (changed.ids.len() <= most).then_some(changed)
    }
}
