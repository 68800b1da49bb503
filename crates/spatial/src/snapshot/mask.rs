//! A collection without some of its features: what a reader may not see.
//!
//! *Invariants:* every shard is shared, whole or with tombstones over what is left out, so that a part
//! of a collection costs a bit a feature; of what is left out no count, extent or box of the part says
//! anything. Parts are read, never edited or folded.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{CollectionSnapshot, Leaf, Top};
use crate::tombstones::Tombstones;
use crate::{Collection, Envelope, FeatureRef, Shard, WorldBox};

/// Which features of a shard are left out.
#[derive(Clone, Debug)]
pub enum Mask {
    /// None.
    Nothing,
    /// Some: those that are marked.
    Some(Arc<Tombstones>),
    /// All.
    Everything,
}

impl Mask {
    /// Leaves out the features of `shard` that `keep` refuses, whether an edit has touched them or not.
    pub fn of(shard: &Shard, keep: &mut dyn FnMut(FeatureRef<'_>) -> bool) -> Self {
        let mut out = Tombstones::default();
        for slot in 0..shard.len() {
            if !keep(shard.feature(slot)) {
                out.insert(slot as u16);
            }
        }
        match out.len() {
            0 => Self::Nothing,
            all if all == shard.len() => Self::Everything,
            _ => Self::Some(Arc::new(out)),
        }
    }

    /// Whether the feature at `slot` stays.
    pub fn keeps(&self, slot: u16) -> bool {
        match self {
            Self::Nothing => true,
            Self::Some(out) => !out.contains(slot),
            Self::Everything => false,
        }
    }
}

impl CollectionSnapshot {
    /// Visits every shard that holds features of this state, those of newest edits included, each once.
    pub fn each_shard(&self, visit: &mut dyn FnMut(&Arc<Shard>)) {
        self.leaves.iter().for_each(|leaf| visit(&leaf.shard));
        let mut seen: FxHashMap<*const Shard, ()> = FxHashMap::default();
        for (_, entry) in self.delta.all() {
            if seen.insert(Arc::as_ptr(&entry.shard), ()).is_none() {
                visit(&entry.shard);
            }
        }
    }

    /// The same state without the features that `mask` leaves out of each shard.
    pub fn masked(&self, mask: &mut dyn FnMut(&Arc<Shard>) -> Mask) -> Self {
        let (mut leaves, mut boxes) = (Vec::with_capacity(self.leaves.len()), Vec::new());
        let mut is_whole = true;
        for (leaf, world_box) in self.leaves.iter().zip(&self.top.world_boxes) {
            let kept = match mask(&leaf.shard) {
                Mask::Nothing => Some((leaf.clone(), *world_box, leaf.shard.tree().bounds())),
                Mask::Everything => None,
                Mask::Some(out) => leaf.without(&out),
            };
            is_whole &= kept.as_ref().is_some_and(|(kept, ..)| kept.live() == leaf.live());
            if let Some((leaf, world, envelope)) = kept {
                leaves.push(leaf);
                boxes.push((world, envelope));
            }
        }
        let mut masks: FxHashMap<*const Shard, Mask> = FxHashMap::default();
        let delta = self.delta.only(&mut |entry| {
            let known = masks.entry(Arc::as_ptr(&entry.shard));
            known.or_insert_with(|| mask(&entry.shard)).keeps(entry.slot)
        });
        if is_whole && delta.len() == self.delta.len() {
            return self.clone();
        }
        let top = match is_whole {
            true => Arc::clone(&self.top),
            false => Arc::new(self.top.narrowed(&leaves, boxes)),
        };
        let extent = top.tree.bounds().union(&delta.envelope());
        let mut part = Self { leaves, top, delta, ..self.clone() };
        let count = part.len() as u64;
        part.collection = Arc::new(Collection { count, extent, ..(*self.collection).clone() });
        part
    }

    /// The same features, places and revisions under another description. Field names and types are
    /// those of before.
    pub fn described_as(&self, collection: Collection) -> Self {
        let Collection { count, extent, .. } = *self.collection;
        let collection = Arc::new(Collection { count, extent, ..collection });
        Self { collection, ..self.clone() }
    }
}

impl Leaf {
    /// The leaf without what is marked, and the boxes of the rest; none where nothing is left.
    fn without(&self, out: &Arc<Tombstones>) -> Option<(Self, WorldBox, Envelope)> {
        let dead = match &self.dead {
            None => Arc::clone(out),
            Some(dead) => Arc::new(dead.union(out)),
        };
        let leaf = Self { dead: Some(dead), ..self.clone() };
        let (mut world, mut envelope) = (WorldBox::EMPTY, Envelope::EMPTY);
        for slot in (0..leaf.shard.len()).filter(|slot| !leaf.is_dead(*slot as u16)) {
            world = world.union(&leaf.shard.world_boxes()[slot]);
            envelope = envelope.union(&leaf.shard.envelopes()[slot]);
        }
        (leaf.live() > 0).then_some((leaf, world, envelope))
    }
}

impl Top {
    /// The index over some of its shards, with the boxes of what is left of them.
    fn narrowed(&self, leaves: &[Leaf], boxes: Vec<(WorldBox, Envelope)>) -> Self {
        let (world_boxes, envelopes) = boxes.into_iter().unzip();
        let numbers = self.positions.len() as u32;
        Self::over(leaves, (world_boxes, envelopes), self.directory.clone(), numbers)
    }
}
