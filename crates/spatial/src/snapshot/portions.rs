//! Searches for who draws low zooms: what is large enough only, and shards as a whole.

use super::{Merge, Visit};
use crate::size::SIZES;
use crate::{CollectionSnapshot, Shard, Size, WorldBox};

/// A part of a collection.
#[derive(Debug)]
pub enum Portion<'a, 'p> {
    /// Every feature of a shard but those at the slots `gone`.
    Shard {
        /// The shard.
        shard: &'a Shard,
        /// Ascending.
        gone: &'p [u16],
    },
    /// One feature: a shard and its slot there.
    Feature(&'a Shard, u16),
}

impl CollectionSnapshot {
    /// Visits those features whose world box meets `area` that are of class `least` or above;
    /// points are. Shards without any cost nothing.
    pub fn search_large<'a>(&'a self, area: &WorldBox, least: Size, visit: Visit<'a, '_>) {
        let mut pending = self.delta.search_world(area);
        pending.retain(|(_, entry)| entry.shard.sizes()[usize::from(entry.slot)] >= least);
        let mut merge = Merge { pending: &pending, visit };
        let mut slots = Vec::new();
        let (tree, boxes) = (&self.top.world_tree, self.top.world_boxes.as_slice());
        tree.search(boxes, area, &mut |positions| {
            for leaf in &self.leaves[positions] {
                let shard = &leaf.shard;
                let first = least.position().unwrap_or(SIZES);
                if shard.size_counts()[first..].iter().all(|count| *count == 0) {
                    continue;
                }
                slots.clear();
                shard.world_tree().search(shard.world_boxes(), area, &mut |range| {
                    leaf.extend(&mut slots, range);
                });
                slots.retain(|slot| shard.sizes()[usize::from(*slot)] >= least);
                merge.shard(shard, &slots);
            }
        });
        merge.rest();
    }

    /// Number of features whose world box meets `area`.
    pub fn count_world(&self, area: &WorldBox) -> usize {
        let mut count = self.delta.search_world(area).len();
        let (tree, boxes) = (&self.top.world_tree, self.top.world_boxes.as_slice());
        tree.search(boxes, area, &mut |positions| {
            for leaf in &self.leaves[positions] {
                let shard = &leaf.shard;
                shard.world_tree().search(shard.world_boxes(), area, &mut |range| {
                    count += leaf.live_in(range);
                });
            }
        });
        count
    }

    /// Visits every shard whose features may meet `area`, and every feature that was edited lately
    /// and does.
    pub fn portions<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(Portion<'a, '_>)) {
        let mut gone = Vec::new();
        let (tree, boxes) = (&self.top.world_tree, self.top.world_boxes.as_slice());
        tree.search(boxes, area, &mut |positions| {
            for leaf in &self.leaves[positions] {
                gone.clear();
                if leaf.live() < leaf.shard.len() {
                    gone.extend((0..leaf.shard.len() as u16).filter(|slot| leaf.is_dead(*slot)));
                }
                visit(Portion::Shard { shard: &leaf.shard, gone: &gone });
            }
        });
        for (_, entry) in self.delta.search_world(area) {
            visit(Portion::Feature(&entry.shard, entry.slot));
        }
    }
}
