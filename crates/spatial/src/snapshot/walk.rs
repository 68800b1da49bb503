//! A walk in rank order that begins behind a feature and ends when its caller has enough: what
//! paging goes by. A later page costs no more than the first.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::{Leaf, Merge, Rank};
use crate::{CollectionSnapshot, Envelope, Shard, hilbert};

impl CollectionSnapshot {
    /// Visits the features that rank behind `after` (all, when there is none) and whose envelope
    /// meets `area` (all, when there is none; in the storage CRS), in rank order, until `visit`
    /// breaks. A placeless feature meets every area, and ranks behind all that have a place.
    pub fn walk<'a>(
        &'a self,
        after: Option<Rank>,
        area: Option<&Envelope>,
        visit: &mut dyn FnMut(&'a Shard, &[u16]) -> ControlFlow<()>,
    ) {
        let meets = |envelope: &Envelope| {
            envelope.is_empty() || area.is_none_or(|area| envelope.intersects(area))
        };
        let mut pending = self.delta.those(|entry| meets(&entry.feature().envelope()));
        pending.retain(|(rank, _)| after.is_none_or(|after| *rank > after));
        let stopped = Cell::new(false);
        let mut visit_until_break = |shard: &'a Shard, slots: &[u16]| {
            if !stopped.get() && !slots.is_empty() {
                stopped.set(visit(shard, slots).is_break());
            }
        };
        let mut merge = Merge { pending: &pending, visit: &mut visit_until_break };
        let last_rank = |shard: &Shard| (!shard.is_empty()).then(|| shard.rank(shard.len() - 1));
        // A rank is some work: without `after` none is asked for.
        let first = after.map_or(0, |after| {
            let is_before = |leaf: &Leaf| last_rank(&leaf.shard).is_none_or(|last| last <= after);
            self.leaves.partition_point(is_before)
        });
        let mut slots = Vec::new();
        for position in self.positions_meeting(area).into_iter().filter(|at| *at >= first) {
            if stopped.get() {
                return;
            }
            let leaf = &self.leaves[position];
            let shard: &Shard = &leaf.shard;
            slots.clear();
            match area {
                None => leaf.extend(&mut slots, 0..shard.len()),
                Some(area) => {
                    let tree = shard.tree();
                    tree.search(shard.envelopes(), area, &mut |range| {
                        leaf.extend(&mut slots, range);
                    });
                    leaf.extend(&mut slots, first_placeless(shard)..shard.len());
                }
            }
            let begun = after.map_or(0, |after| {
                slots.partition_point(|slot| shard.rank(usize::from(*slot)) <= after)
            });
            merge.shard(shard, &slots[begun..]);
        }
        if !stopped.get() {
            merge.rest();
        }
    }

    /// Positions of the shards that may hold what meets `area`, ascending.
    fn positions_meeting(&self, area: Option<&Envelope>) -> Vec<usize> {
        let Some(area) = area else { return (0..self.leaves.len()).collect() };
        let mut positions = Vec::new();
        self.top.tree.search(&self.top.envelopes, area, &mut |range| positions.extend(range));
        let placeless = |shard: &Shard| !shard.is_empty() && first_placeless(shard) < shard.len();
        let tail = self.leaves.iter().rposition(|leaf| !placeless(&leaf.shard));
        positions.extend(tail.map_or(0, |last| last + 1)..self.leaves.len());
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

/// The first slot whose feature has no place; they rank last.
fn first_placeless(shard: &Shard) -> usize {
    let (mut low, mut high) = (0, shard.len());
    while low < high {
        let middle = low.midpoint(high);
        if shard.rank(middle).0 == hilbert::PLACELESS { high = middle } else { low = middle + 1 }
    }
    low
}
