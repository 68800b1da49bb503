//! The features themselves, their number and their ids.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::scan::Scan;
use super::{QueryFault, Selection};
use crate::snapshot::{CollectionSnapshot, Merge};
use crate::{Budget, FeatureId, Shard};

/// Gets features, slots of one shard, ascending; stops the query with `Break`.
pub type SelectVisit<'a, 'v> = &'v mut dyn FnMut(&'a Shard, &[u16]) -> ControlFlow<()>;

impl CollectionSnapshot {
    /// Visits the features that are asked for, in the order of the collection (Hilbert key, then
    /// id), until `visit` breaks off.
    pub fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
        budget: &Budget<'_>,
        visit: SelectVisit<'a, '_>,
    ) -> Result<(), QueryFault> {
        let scan = Scan::new(selection, budget)?;
        let mut worker = scan.worker();
        let edits = scan.edits(self, &mut worker)?;
        let stopped = Cell::new(false);
        let mut visit = |shard: &'a Shard, slots: &[u16]| {
            stopped.set(stopped.get() || visit(shard, slots).is_break());
        };
        let mut merge = Merge { pending: &edits, visit: &mut visit };
        let (mut hits, mut slots) = (Vec::new(), Vec::new());
        for share in scan.shares(self) {
            if stopped.get() {
                return Ok(());
            }
            hits.clear();
            worker.look(share, &mut hits)?;
            slots.clear();
            for hit in &hits {
                share.leaf.extend(&mut slots, hit.slots.clone());
            }
            merge.shard(&share.leaf.shard, &slots);
        }
        merge.rest();
        Ok(())
    }

    /// How many features are asked for.
    pub fn count(&self, selection: &Selection<'_>, budget: &Budget<'_>) -> Result<u64, QueryFault> {
        let scan = Scan::new(selection, budget)?;
        let mut worker = scan.worker();
        let mut count = scan.edits(self, &mut worker)?.len();
        let mut hits = Vec::new();
        for share in scan.shares(self) {
            hits.clear();
            worker.look(share, &mut hits)?;
            count += hits.iter().map(|hit| share.leaf.live_in(hit.slots.clone())).sum::<usize>();
        }
        Ok(count as u64)
    }

    /// The ids of the features that are asked for, in the order of the collection.
    pub fn ids(
        &self,
        selection: &Selection<'_>,
        budget: &Budget<'_>,
    ) -> Result<Vec<FeatureId>, QueryFault> {
        let mut found = Vec::new();
        self.select(selection, budget, &mut |shard, slots| {
            found.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}
