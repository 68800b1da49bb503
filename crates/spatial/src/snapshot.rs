//! What readers see: one state of every collection, immutable.
//!
//! A collection is a row of shards in Hilbert order, each with the tombstones of what was
//! edited since it was built, and a delta of the newest edits. Readers see neither: they get
//! `(shard, slots)`, in an order (Hilbert key, then id) that depends on the features alone and
//! not on how shards and delta share them.

mod build;
mod delta;
mod directory;
mod edit;
mod fold;
mod footprint;
mod mask;
#[cfg(test)]
mod mask_tests;
mod on_grid;
mod parts;
mod portions;
mod relevel;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod snapshot_tests;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use build::Stage;
use delta::Delta;
pub(crate) use delta::Entry;
pub use delta::Rank;
use directory::Directory;
pub use edit::Edit;
pub use fold::Fold;
pub use footprint::{Changes, Footprint};
pub use mask::Mask;
pub use on_grid::PlacedSlots;
pub(crate) use parts::Part;
pub use portions::Portion;
use rustc_hash::FxHashSet;

use crate::packed_tree::{Bounds, PackedTree};
use crate::place::PlaceRevisions;
use crate::tombstones::Tombstones;
use crate::{
    Collection, CollectionId, Envelope, FeatureId, FeatureRef, Revision, Shard, Timestamp,
    ValueRef, WorldBox,
};

/// Bytes of the tombstones of a shard, about.
const TOMBSTONE_BYTES: usize = size_of::<Tombstones>() + 512;

/// One state of a store, in memory.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Number of the state.
    pub revision: Revision,
    /// When it was recorded; absent when nothing was ever written.
    pub recorded_at: Option<Timestamp>,
    /// Every collection.
    pub collections: BTreeMap<CollectionId, Arc<CollectionSnapshot>>,
}

impl Snapshot {
    /// Bytes of memory that the collections hold.
    pub fn heap_bytes(&self) -> usize {
        self.collections.values().map(|collection| collection.heap_bytes()).sum()
    }
}

/// One state of a collection.
#[derive(Clone, Debug)]
pub struct CollectionSnapshot {
    collection: Arc<Collection>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) top: Arc<Top>,
    pub(crate) delta: Delta,
    places: PlaceRevisions,
}

/// A shard, and which of its features do not count.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// Name of the shard in the directory; stays when its position changes.
    number: u32,
    pub(crate) shard: Arc<Shard>,
    dead: Option<Arc<Tombstones>>,
}

/// The index over the shards; it changes only when edits are folded.
#[derive(Debug)]
pub(crate) struct Top {
    world_boxes: Vec<WorldBox>,
    world_tree: PackedTree<WorldBox>,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) tree: PackedTree<Envelope>,
    directory: Directory,
    /// Position of each shard, by its number; `u32::MAX` for a shard that is no more.
    positions: Vec<u32>,
}

/// Gets features: slots of one shard, ascending.
pub type Visit<'a, 'v> = &'v mut dyn FnMut(&'a Shard, &[u16]);

impl CollectionSnapshot {
    /// What is said of the collection, with the count and extent of this state.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// The last change of anything in the collection.
    pub fn revision(&self) -> Revision {
        self.places.newest_anywhere()
    }

    /// The last change within `area`. Never too old; a change close by may count too.
    pub fn revision_of(&self, area: &WorldBox) -> Revision {
        self.places.newest(area)
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.leaves.iter().map(Leaf::live).sum::<usize>() + self.delta.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A box that holds every feature on the world grid; a feature removed lately may still
    /// be within it.
    pub fn world_box(&self) -> WorldBox {
        self.top.world_tree.bounds().union(&self.delta.world_box())
    }

    /// The feature called `id`.
    pub fn get(&self, id: FeatureId) -> Option<FeatureRef<'_>> {
        if let Some(entry) = self.delta.get(id) {
            return Some(entry.feature());
        }
        let (position, slot) = self.untouched(id)?;
        Some(self.leaves[position].shard.feature(usize::from(slot)))
    }

    /// Visits every feature.
    pub fn each<'a>(&'a self, visit: Visit<'a, '_>) {
        let mut merge = Merge { pending: &self.delta.all(), visit };
        let mut slots = Vec::new();
        for leaf in &self.leaves {
            slots.clear();
            leaf.extend(&mut slots, 0..leaf.shard.len());
            merge.shard(&leaf.shard, &slots);
        }
        merge.rest();
    }

    /// Visits the features that have `text` in a column, blanks around it apart.
    pub fn with_text<'a>(&'a self, column: usize, text: &str, visit: Visit<'a, '_>) {
        let text = text.trim();
        let pending = self.delta.those(|entry| {
            let value = entry.feature().value(column);
            matches!(value, ValueRef::Text(own) if own.trim() == text)
        });
        let mut merge = Merge { pending: &pending, visit };
        let mut slots = Vec::new();
        for leaf in &self.leaves {
            slots.clear();
            let column = &leaf.shard.columns()[column];
            column.extend_with_text(text, leaf.shard.len(), &mut slots);
            slots.retain(|slot| !leaf.is_dead(*slot));
            if !slots.is_empty() {
                merge.shard(&leaf.shard, &slots);
            }
        }
        merge.rest();
    }

    /// Visits the features whose world box meets `area`.
    pub fn search_world<'a>(&'a self, area: &WorldBox, visit: Visit<'a, '_>) {
        let pending = self.delta.search_world(area);
        let top = (&self.top.world_tree, self.top.world_boxes.as_slice());
        self.search_trees(
            area,
            top,
            |shard| (shard.world_tree(), shard.world_boxes()),
            &pending,
            visit,
        );
    }

    /// Visits the features whose envelope meets `area`, which is in the storage CRS.
    pub fn search<'a>(&'a self, area: &Envelope, visit: Visit<'a, '_>) {
        let pending = self.delta.search_envelope(area);
        let top = (&self.top.tree, self.top.envelopes.as_slice());
        self.search_trees(area, top, |shard| (shard.tree(), shard.envelopes()), &pending, visit);
    }

    fn search_trees<'a, B: Bounds>(
        &'a self,
        area: &B,
        (tree, boxes): (&PackedTree<B>, &[B]),
        inside: impl Fn(&Shard) -> (&PackedTree<B>, &[B]),
        pending: &[(Rank, &'a Entry)],
        visit: Visit<'a, '_>,
    ) {
        let mut merge = Merge { pending, visit };
        let mut slots = Vec::new();
        tree.search(boxes, area, &mut |positions| {
            for leaf in &self.leaves[positions] {
                slots.clear();
                let (tree, boxes) = inside(&leaf.shard);
                tree.search(boxes, area, &mut |range| leaf.extend(&mut slots, range));
                merge.shard(&leaf.shard, &slots);
            }
        });
        merge.rest();
    }

    /// Bytes of memory that the collection holds.
    pub fn heap_bytes(&self) -> usize {
        self.leaves.iter().map(Leaf::heap_bytes).sum::<usize>()
            + self.top.heap_bytes()
            + self.delta.heap_bytes()
    }

    /// Bytes of memory that the collection holds and `other` does not.
    pub fn heap_bytes_beside(&self, other: &Self) -> usize {
        let shared: FxHashSet<_> =
            other.leaves.iter().map(|leaf| Arc::as_ptr(&leaf.shard)).collect();
        let leaf = |leaf: &Leaf| match shared.contains(&Arc::as_ptr(&leaf.shard)) {
            true => size_of::<Leaf>() + leaf.dead.as_ref().map_or(0, |_| TOMBSTONE_BYTES),
            false => leaf.heap_bytes(),
        };
        let top = match Arc::ptr_eq(&self.top, &other.top) {
            true => 0,
            false => self.top.heap_bytes(),
        };
        self.leaves.iter().map(leaf).sum::<usize>() + top + self.delta.heap_bytes()
    }

    /// Position of the shard, and the slot in it, of a feature that no edit has touched.
    fn untouched(&self, id: FeatureId) -> Option<(usize, u16)> {
        let number = self.top.directory.shard_of(id)?;
        let position = self.top.positions[number as usize] as usize;
        // A part of a collection lacks some shards that the directory knows.
        let leaf = self.leaves.get(position)?;
        let slot = leaf.shard.slot_of(id)? as u16;
        (!leaf.is_dead(slot)).then_some((position, slot))
    }
}

impl Leaf {
    pub(crate) fn is_dead(&self, slot: u16) -> bool {
        self.dead.as_ref().is_some_and(|dead| dead.contains(slot))
    }

    fn live(&self) -> usize {
        self.shard.len() - self.dead.as_ref().map_or(0, |dead| dead.len())
    }

    fn heap_bytes(&self) -> usize {
        let dead = self.dead.as_ref().map_or(0, |_| TOMBSTONE_BYTES);
        size_of::<Self>() + self.shard.heap_bytes() + dead
    }

    /// How many of the slots of `range` count.
    pub(crate) fn live_in(&self, range: std::ops::Range<usize>) -> usize {
        range.len() - self.dead.as_ref().map_or(0, |dead| dead.count_in(range))
    }

    /// Visits the runs of slots of `range` that count.
    pub(crate) fn live_runs(
        &self,
        range: std::ops::Range<usize>,
        visit: &mut dyn FnMut(std::ops::Range<usize>),
    ) {
        let mut start = range.start;
        if self.live_in(range.clone()) < range.len() {
            for slot in range.clone() {
                if self.is_dead(slot as u16) {
                    if start < slot {
                        visit(start..slot);
                    }
                    start = slot + 1;
                }
            }
        }
        if start < range.end {
            visit(start..range.end);
        }
    }

    /// Appends the slots of `range` that count.
    pub(crate) fn extend(&self, slots: &mut Vec<u16>, range: std::ops::Range<usize>) {
        let range = range.start as u16..range.end as u16;
        match &self.dead {
            None => slots.extend(range),
            Some(dead) => slots.extend(range.filter(|slot| !dead.contains(*slot))),
        }
    }
}

impl Top {
    fn new(leaves: &[Leaf], directory: Directory, numbers: u32) -> Self {
        let world_boxes: Vec<_> = leaves.iter().map(|l| l.shard.world_tree().bounds()).collect();
        let envelopes: Vec<_> = leaves.iter().map(|l| l.shard.tree().bounds()).collect();
        Self::over(leaves, (world_boxes, envelopes), directory, numbers)
    }

    /// The index over shards whose features lie within these boxes.
    fn over(
        leaves: &[Leaf],
        (world_boxes, envelopes): (Vec<WorldBox>, Vec<Envelope>),
        directory: Directory,
        numbers: u32,
    ) -> Self {
        let mut positions = vec![u32::MAX; numbers as usize];
        for (position, leaf) in leaves.iter().enumerate() {
            positions[leaf.number as usize] = position as u32;
        }
        Self {
            world_tree: PackedTree::build(&world_boxes),
            world_boxes,
            tree: PackedTree::build(&envelopes),
            envelopes,
            directory,
            positions,
        }
    }

    fn heap_bytes(&self) -> usize {
        self.world_boxes.capacity() * size_of::<WorldBox>()
            + self.envelopes.capacity() * size_of::<Envelope>()
            + self.world_tree.heap_bytes()
            + self.tree.heap_bytes()
            + self.directory.heap_bytes()
            + self.positions.capacity() * 4
    }
}

/// Puts the features of the delta between those of the shards, by rank.
pub(crate) struct Merge<'a, 'v> {
    /// Features of the delta that are still to come, by rank.
    pub(crate) pending: &'v [(Rank, &'a Entry)],
    pub(crate) visit: Visit<'a, 'v>,
}

impl<'a> Merge<'a, '_> {
    pub(crate) fn shard(&mut self, shard: &'a Shard, mut slots: &[u16]) {
        let Some(last) = slots.last() else { return };
        if self.pending.is_empty() {
            return (self.visit)(shard, slots);
        }
        let last = shard.rank(usize::from(*last));
        while let Some(((rank, entry), rest)) = self.pending.split_first() {
            if *rank > last {
                break;
            }
            let cut = slots.partition_point(|slot| shard.rank(usize::from(*slot)) < *rank);
            if cut > 0 {
                (self.visit)(shard, &slots[..cut]);
            }
            (self.visit)(&entry.shard, &[entry.slot]);
            slots = &slots[cut..];
            self.pending = rest;
        }
        (self.visit)(shard, slots);
    }

    pub(crate) fn rest(&mut self) {
        for (_, entry) in self.pending {
            (self.visit)(&entry.shard, &[entry.slot]);
        }
        self.pending = &[];
    }
}
