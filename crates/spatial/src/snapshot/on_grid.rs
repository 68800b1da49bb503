//! Features as they lie on another grid than Web Mercator's.
//!
//! Shards of another grid share all but their placement with the original and belong to nobody
//! here: whoever asks makes and keeps them.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{CollectionSnapshot, Entry, Leaf, Merge, Rank};
use crate::{Shard, WorldBox};

/// Shards that are placed one after the other: more are shared among the threads.
const FEW: usize = 4;

/// Slots of a shard of another grid, ascending.
pub type PlacedSlots = (Arc<Shard>, Vec<u16>);

impl CollectionSnapshot {
    /// The features whose box on another grid meets `area` there, in the order of
    /// [`CollectionSnapshot::search_world`]. `around` is what of the Web Mercator grid
    /// [`crate::WorldGrid::to_mercator`] says of `area`; `placed` answers a shard as it lies on
    /// the other grid ([`Shard::placed`]).
    pub fn search_grid(
        &self,
        area: &WorldBox,
        around: &WorldBox,
        placed: &(dyn Fn(&Arc<Shard>) -> Arc<Shard> + Sync),
    ) -> Vec<PlacedSlots> {
        let mut edited: FxHashMap<*const Shard, Arc<Shard>> = FxHashMap::default();
        let mut pending: Vec<(Rank, &Entry)> = Vec::new();
        for (rank, entry) in self.delta.around(around) {
            let key = Arc::as_ptr(&entry.shard);
            let shard = edited.entry(key).or_insert_with(|| placed(&entry.shard));
            if shard.world_boxes()[usize::from(entry.slot)].intersects(area) {
                pending.push((rank, entry));
            }
        }
        let leaves = self.leaves.iter().zip(&self.top.world_boxes);
        let leaves: Vec<&Leaf> = leaves
            .filter(|(_, bounds)| bounds.bulged().intersects(around))
            .map(|(leaf, _)| leaf)
            .collect();
        let shards: Vec<Arc<Shard>> = match leaves.len() {
            0..=FEW => leaves.iter().map(|leaf| placed(&leaf.shard)).collect(),
            _ => leaves.par_iter().map(|leaf| placed(&leaf.shard)).collect(),
        };
        let mut found = Vec::new();
        let near: FxHashMap<*const Shard, &Arc<Shard>> =
            leaves.iter().map(|leaf| Arc::as_ptr(&leaf.shard)).zip(&shards).collect();
        let mut merge = Merge {
            pending: &pending,
            visit: &mut |shard, slots| {
                let key = std::ptr::from_ref(shard);
                if let Some(shard) = near.get(&key).copied().or_else(|| edited.get(&key)) {
                    found.push((Arc::clone(shard), slots.to_vec()));
                }
            },
        };
        let mut slots = Vec::new();
        for (leaf, shard) in leaves.iter().zip(&shards) {
            slots.clear();
            shard.world_tree().search(shard.world_boxes(), area, &mut |range| {
                leaf.extend(&mut slots, range);
            });
            merge.shard(&leaf.shard, &slots);
        }
        merge.rest();
        found
    }
}
