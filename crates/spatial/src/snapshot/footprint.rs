//! What tells a later state of a collection which of its features are others than before, kept for long
//! without the features themselves.

use std::sync::{Arc, Weak};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Top;
use crate::tombstones::Tombstones;
use crate::{Collection, CollectionSnapshot, FeatureId, Shard};

/// How a state of a collection was put together. It keeps no feature in memory.
#[derive(Clone, Debug)]
pub struct Footprint {
    collection: Arc<Collection>,
    // Hold their places in memory, so that nothing later has the same address.
    top: Weak<Top>,
    edited: FxHashMap<FeatureId, (Weak<Shard>, u16)>,
    /// Number of each shard, and which of its features do not count.
    leaves: Vec<(u32, Option<Arc<Tombstones>>)>,
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
            edited: entries.map(|(id, e)| (id, (Arc::downgrade(&e.shard), e.slot))).collect(),
            leaves: self.leaves.iter().map(leaf).collect(),
        })
    }

    /// The features that are others than at an earlier state, are gone or new since; an edit that put
    /// back what was there counts. None when they are more than `most`, or when it cannot be told:
    /// shards were made anew, or the collection is described otherwise.
    pub fn changed_since(&self, then: &Footprint, most: usize) -> Option<FxHashSet<FeatureId>> {
        let (now, before) = (&*self.collection, &*then.collection);
        let is_described_alike =
            (&now.fields, &now.key, &now.crs) == (&before.fields, &before.key, &before.crs);
        let has_same_shards =
            Arc::as_ptr(&self.top) == then.top.as_ptr() && self.leaves.len() == then.leaves.len();
        if !is_described_alike || !has_same_shards {
            return None;
        }
        let mut changed = FxHashSet::default();
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
            let differing = gone(&leaf.dead).difference(&gone(dead));
            changed.extend(differing.map(|slot| leaf.shard.feature(slot).id()));
            if changed.len() > most {
                return None;
            }
        }
        for (id, entry) in self.delta.entries() {
            let is_same = then.edited.get(&id).is_some_and(|(shard, slot)| {
                *slot == entry.slot && shard.as_ptr() == Arc::as_ptr(&entry.shard)
            });
            if !is_same {
                changed.insert(id);
            }
        }
        changed.extend(then.edited.keys().filter(|id| self.delta.get(**id).is_none()));
        (changed.len() <= most).then_some(changed)
    }
}
