//! A collection as a row of shards, for those who work through all of it in parallel.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::CollectionSnapshot;
use crate::shard::MAX_SHARD_FEATURES;
use crate::tombstones::Tombstones;
use crate::{Envelope, FeatureId, FeatureRef, Shard, ShardBuilder};

/// A shard and which of its features count.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) shard: Arc<Shard>,
    dead: Option<Arc<Tombstones>>,
}

impl CollectionSnapshot {
    /// Every shard, and the newest edits as shards of their own after them. Where a feature is
    /// depends on edits and folds: results are put in order by what does not.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let kept = self.leaves.iter().map(|leaf| Part {
            shard: Arc::clone(&leaf.shard),
            dead: leaf.dead.as_ref().map(Arc::clone),
        });
        let pending = self.delta.all();
        let edited = pending.chunks(MAX_SHARD_FEATURES).map(|entries| {
            let mut builder = ShardBuilder::new(&self.collection.fields, entries.len());
            for (_, entry) in entries {
                builder.push_ref(entry.feature());
            }
            Part { shard: Arc::new(builder.finish()), dead: None }
        });
        kept.chain(edited).collect()
    }

    /// The same of the features of `ids` alone: shards with none of them are left out.
    pub(crate) fn parts_of(&self, ids: &FxHashSet<FeatureId>) -> Vec<Part> {
        let mut marked: BTreeMap<usize, Tombstones> = BTreeMap::new();
        let mut builder = ShardBuilder::new(&self.collection.fields, 0);
        let mut edited = Vec::new();
        let mut sorted: Vec<FeatureId> = ids.iter().copied().collect();
        sorted.sort_unstable();
        for id in sorted {
            match self.untouched(id) {
                Some((leaf, slot)) => marked.entry(leaf).or_default().insert(slot),
                None => {
                    let Some(feature) = self.get(id) else { continue };
                    builder.push_ref(feature);
                    if builder.len() == MAX_SHARD_FEATURES {
                        let next = ShardBuilder::new(&self.collection.fields, 0);
                        let full = std::mem::replace(&mut builder, next);
                        edited.push(Part::whole(full.finish()));
                    }
                }
            }
        }
        if !builder.is_empty() {
            edited.push(Part::whole(builder.finish()));
        }
        let kept = marked.into_iter().map(|(leaf, marked)| {
            let shard = Arc::clone(&self.leaves[leaf].shard);
            let dead = marked.inverted(shard.len());
            Part { shard, dead: Some(Arc::new(dead)) }
        });
        kept.chain(edited).collect()
    }
}

impl Part {
    /// A shard of which everything counts.
    pub(crate) fn whole(shard: Shard) -> Self {
        Self { shard: Arc::new(shard), dead: None }
    }

    /// The part without the features whose slots `keep` refuses.
    pub(crate) fn sifted(&self, keep: &mut dyn FnMut(usize) -> bool) -> Self {
        let mut dead = self.dead.as_deref().cloned().unwrap_or_default();
        for slot in self.slots() {
            if !keep(slot) {
                dead.insert(slot as u16);
            }
        }
        Self { shard: Arc::clone(&self.shard), dead: Some(Arc::new(dead)) }
    }

    /// The same features, of which the same count, in other coordinates.
    pub(crate) fn with_shard(&self, shard: Shard) -> Self {
        Self { shard: Arc::new(shard), dead: self.dead.as_ref().map(Arc::clone) }
    }

    /// The envelope of the features that count.
    pub(crate) fn bounds(&self) -> Envelope {
        match self.dead {
            None => self.shard.tree().bounds(),
            Some(_) => {
                let envelopes = self.shard.envelopes();
                self.slots().fold(Envelope::EMPTY, |all, slot| all.union(&envelopes[slot]))
            }
        }
    }

    /// Whether the feature at `slot` counts.
    #[inline]
    pub(crate) fn counts(&self, slot: usize) -> bool {
        self.dead.as_ref().is_none_or(|dead| !dead.contains(slot as u16))
    }

    /// Slots of the features that count.
    pub(crate) fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        let some = self.dead.as_ref().map(|dead| dead.unmarked(self.shard.len()));
        let all = if self.dead.is_none() { 0..self.shard.len() } else { 0..0 };
        some.into_iter().flatten().chain(all)
    }
}

impl FeatureRef<'_> {
    /// Number of vertices.
    #[inline]
    pub fn vertex_count(self) -> usize {
        self.shard.body.vertices(self.slot).len()
    }
}
