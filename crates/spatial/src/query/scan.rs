//! What of each shard, and of the newest edits, is asked for.

use std::ops::Range;

use super::decide::Plan;
use super::exact::Tester;
use super::{QueryFault, Selection};
use crate::packed_tree::Descent;
use crate::snapshot::{CollectionSnapshot, Entry, Leaf, Rank};
use crate::{Budget, Envelope, FeatureRef};

/// Features, or vertices, between two looks at the budget.
const SPEND_FEATURES: u64 = 512;
pub(super) const SPEND_VERTICES: u64 = 32_768;

/// Slots of a shard that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Slots, ascending; those that tombstones hide may be among them.
    pub slots: Range<usize>,
    /// Whether they were taken unseen: of an area, they lie on one side.
    pub unseen: bool,
}

/// One selection, made ready; shared by the threads that work on it.
pub(super) struct Scan<'q> {
    pub plan: Option<Plan<'q>>,
    selection: Selection<'q>,
    budget: &'q Budget<'q>,
}

/// A shard that is asked for, whole or in part.
#[derive(Clone, Copy)]
pub(super) struct Share<'a> {
    pub leaf: &'a Leaf,
    whole: bool,
}

impl<'q> Scan<'q> {
    pub(super) fn new(
        selection: &Selection<'q>,
        budget: &'q Budget<'q>,
    ) -> Result<Self, QueryFault> {
        budget.spend(0, 0)?;
        let plan = selection.area.map(|(area, test)| Plan::new(area, test)).transpose()?;
        Ok(Self { plan, selection: *selection, budget })
    }

    /// The shards that are asked for, in order.
    pub(super) fn shares<'a>(&self, collection: &'a CollectionSnapshot) -> Vec<Share<'a>> {
        let leaves = collection.leaves.as_slice();
        let first = self.selection.after.map_or(0, |after| {
            leaves.partition_point(|leaf| leaf.shard.rank(leaf.shard.len() - 1) <= after)
        });
        let Some(plan) = &self.plan else {
            return leaves[first..].iter().map(|leaf| Share { leaf, whole: true }).collect();
        };
        let mut shares = Vec::new();
        let (tree, envelopes) = (&collection.top.tree, collection.top.envelopes.as_slice());
        tree.walk(envelopes, &mut |envelope| plan.classify(envelope), &mut |range, whole| {
            let range = range.start.max(first)..range.end.max(first);
            shares.extend(leaves[range].iter().map(|leaf| Share { leaf, whole }));
        });
        shares
    }

    /// Features of the newest edits that are asked for, by rank.
    pub(super) fn edits<'a>(
        &self,
        collection: &'a CollectionSnapshot,
        worker: &mut Worker<'_, '_>,
    ) -> Result<Vec<(Rank, &'a Entry)>, QueryFault> {
        let delta = &collection.delta;
        let window = self.plan.as_ref().and_then(Plan::window);
        let mut edits = match window {
            Some(window) => delta.search_envelope(&window),
            None => delta.all(),
        };
        if let Some(after) = self.selection.after {
            edits.drain(..edits.partition_point(|(rank, _)| *rank <= after));
        }
        let mut fault = None;
        edits.retain(|(_, entry)| {
            fault.is_none()
                && worker.wants(entry.feature()).unwrap_or_else(|found| {
                    fault = Some(found);
                    false
                })
        });
        worker.settle()?;
        fault.map_or(Ok(edits), Err)
    }

    pub(super) fn worker(&self) -> Worker<'_, 'q> {
        Worker { scan: self, tester: Tester::default(), looked_at: 0 }
    }
}

/// Looks into shards, on one thread.
pub(super) struct Worker<'s, 'q> {
    scan: &'s Scan<'q>,
    tester: Tester,
    looked_at: u64,
}

impl Worker<'_, '_> {
    /// Appends what is asked for of a shard.
    pub(super) fn look(&mut self, share: Share<'_>, hits: &mut Vec<Hit>) -> Result<(), QueryFault> {
        let (scan, leaf) = (self.scan, share.leaf);
        let shard = &leaf.shard;
        let start = scan.selection.after.map_or(0, |after| {
            let (mut low, mut high) = (0, shard.len());
            while low < high {
                let middle = usize::midpoint(low, high);
                if shard.rank(middle) <= after { low = middle + 1 } else { high = middle }
            }
            low
        });
        let Some(plan) = &scan.plan else {
            return self.take(leaf, start..shard.len(), hits);
        };
        // Features without a place come last, and no area wants them.
        let envelopes = shard.envelopes();
        let placed = match envelopes.last() {
            Some(last) if last.is_empty() => envelopes.partition_point(|e| !e.is_empty()),
            _ => envelopes.len(),
        };
        if share.whole {
            return self.take(leaf, start..placed, hits);
        }
        let mut fault = None;
        let failed = std::cell::Cell::new(false);
        let mut classify = |envelope: &Envelope| {
            if failed.get() { Descent::Skip } else { plan.classify(envelope) }
        };
        shard.tree().walk(envelopes, &mut classify, &mut |range, unseen| {
            let range = range.start.max(start)..range.end.min(placed);
            let outcome = if unseen {
                self.take(leaf, range, hits)
            } else {
                range.into_iter().try_for_each(|slot| self.test(leaf, slot, hits))
            };
            if let Err(found) = outcome {
                failed.set(true);
                fault.get_or_insert(found);
            }
        });
        fault.map_or_else(|| self.settle(), Err)
    }

    /// Takes what the area wants unseen, of which the filter sees all.
    fn take(
        &mut self,
        leaf: &Leaf,
        slots: Range<usize>,
        hits: &mut Vec<Hit>,
    ) -> Result<(), QueryFault> {
        if slots.is_empty() {
            return Ok(());
        }
        let Some(filter) = self.scan.selection.filter else {
            push(hits, slots, true);
            return Ok(());
        };
        for slot in slots {
            if !leaf.is_dead(slot as u16) {
                self.spend()?;
                if filter(leaf.shard.feature(slot)) {
                    push(hits, slot..slot + 1, true);
                }
            }
        }
        self.settle()
    }

    fn test(&mut self, leaf: &Leaf, slot: usize, hits: &mut Vec<Hit>) -> Result<(), QueryFault> {
        if !leaf.is_dead(slot as u16) && self.accepts(leaf.shard.feature(slot))? {
            push(hits, slot..slot + 1, false);
        }
        Ok(())
    }

    /// Whether a feature that its envelope does not decide is asked for.
    fn accepts(&mut self, feature: FeatureRef<'_>) -> Result<bool, QueryFault> {
        self.spend()?;
        if let Some(plan) = &self.scan.plan {
            let fault = |fault| QueryFault::Geometry { id: feature.id(), fault };
            if !self.tester.test(plan, feature).map_err(fault)? {
                return Ok(false);
            }
        }
        Ok(self.scan.selection.filter.is_none_or(|filter| filter(feature)))
    }

    /// Whether a feature is asked for.
    fn wants(&mut self, feature: FeatureRef<'_>) -> Result<bool, QueryFault> {
        let Some(plan) = &self.scan.plan else { return self.accepts(feature) };
        match plan.classify(&feature.envelope()) {
            Descent::Skip => Ok(false),
            Descent::Open => self.accepts(feature),
            Descent::Take => match self.scan.selection.filter {
                None => Ok(true),
                Some(filter) => {
                    self.spend()?;
                    Ok(filter(feature))
                }
            },
        }
    }

    fn spend(&mut self) -> Result<(), QueryFault> {
        self.looked_at += 1;
        if self.looked_at >= SPEND_FEATURES || self.tester.walked >= SPEND_VERTICES {
            self.settle()?;
        }
        Ok(())
    }

    /// Books what was looked at since the last time.
    pub(super) fn settle(&mut self) -> Result<(), QueryFault> {
        let (features, vertices) = (self.looked_at, self.tester.walked);
        (self.looked_at, self.tester.walked) = (0, 0);
        Ok(self.scan.budget.spend(features, vertices)?)
    }
}

/// Adds slots, in with those before where they follow on.
fn push(hits: &mut Vec<Hit>, slots: Range<usize>, unseen: bool) {
    match hits.last_mut() {
        Some(last) if last.slots.end == slots.start && last.unseen == unseen => {
            last.slots.end = slots.end;
        }
        _ => hits.push(Hit { slots, unseen }),
    }
}
