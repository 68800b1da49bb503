//! The nearest features, by exact distance.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;

use super::distance::Placed;
use super::reach::Reach;
use super::{Area, Filter, QueryFault};
use crate::packed_tree::{Node, Part};
use crate::relate::guarded;
use crate::snapshot::CollectionSnapshot;
use crate::{Budget, FeatureId, FeatureRef, Metric};

/// Which neighbours are asked for.
#[derive(Clone, Copy)]
pub struct Nearest<'a> {
    /// Neighbours of what.
    pub to: &'a Area,
    /// How many at most.
    pub count: usize,
    /// How distances are measured.
    pub metric: Metric,
    /// How far off at most, in the unit of the metric; infinity for no bound.
    pub within: f64,
    /// What else must hold of them.
    pub filter: Option<Filter<'a>>,
}

impl fmt::Debug for Nearest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nearest")
            .field("count", &self.count)
            .field("metric", &self.metric)
            .field("within", &self.within)
            .field("filter", &self.filter.is_some())
            .finish_non_exhaustive()
    }
}

/// A neighbour.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// Its distance, in the unit of the metric; 0 where it meets the area.
    pub distance: f64,
    /// The feature.
    pub feature: FeatureRef<'a>,
}

impl CollectionSnapshot {
    /// The features nearest to an area, nearest first, of equal distance the lower id first.
    /// Placeless features are near to nothing.
    pub fn nearest<'a>(
        &'a self,
        asked: &Nearest<'_>,
        budget: &Budget<'_>,
    ) -> Result<Vec<Near<'a>>, QueryFault> {
        budget.spend(0, 0)?;
        let reach = Reach::new(asked.to, asked.within, asked.metric)?;
        let (placed, known) = (Placed::default(), BinaryHeap::new());
        let mut search =
            Search { reach, asked, budget, placed, known, found: Vec::new(), looked: (0, 0) };
        if asked.count == 0 {
            return Ok(Vec::new());
        }
        search.shards(self)?;
        for (_, entry) in self.delta.search_envelope(&search.window()) {
            search.consider(entry.feature())?;
        }
        search.book()?;
        search.found.sort_unstable_by(order);
        search.found.truncate(asked.count);
        Ok(search.found)
    }
}

/// What waits in the queue, nearest first; what may hide something as near comes before what is
/// known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Waiting {
    /// Part of the tree over the shards.
    Top(Part),
    /// Part of the tree of the shard at a position.
    Shard(usize, Part),
    /// A feature whose distance is known, by id, shard and slot.
    Known(FeatureId, usize, usize),
}

/// A distance that sorts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key(f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

struct Search<'q, 'a> {
    reach: Reach<'q>,
    asked: &'q Nearest<'q>,
    budget: &'q Budget<'q>,
    placed: Placed,
    /// The least distances of features of the shards, as many as are asked for; the worst first.
    known: BinaryHeap<Key>,
    found: Vec<Near<'a>>,
    /// Features and vertices looked at that are not booked yet.
    looked: (u64, u64),
}

/// Features that are looked at between two looks at the budget.
const BOOKED: u64 = 64;

fn order(a: &Near<'_>, b: &Near<'_>) -> Ordering {
    (Key(a.distance), a.feature.id()).cmp(&(Key(b.distance), b.feature.id()))
}

impl<'a> Search<'_, 'a> {
    /// Finds the nearest in the shards.
    fn shards(&mut self, collection: &'a CollectionSnapshot) -> Result<(), QueryFault> {
        let mut queue: BinaryHeap<Reverse<(Key, Waiting)>> = BinaryHeap::new();
        let top = (&collection.top.tree, collection.top.envelopes.as_slice());
        let shard = |position: usize| &collection.leaves[position].shard;
        let mut fresh = Vec::new();
        // Whether a box comes near enough is told sooner of the storage's than on the plane.
        let window = self.window();
        top.0.parts(None, top.1, &mut |part, envelope| fresh.push((Waiting::Top(part), *envelope)));
        loop {
            for (waiting, envelope) in fresh.drain(..) {
                if envelope.intersects(&window) {
                    let bound = self.reach.bound(&envelope);
                    if bound <= self.room() {
                        queue.push(Reverse((Key(bound), waiting)));
                    }
                }
            }
            let Some(Reverse((Key(distance), waiting))) = queue.pop() else { return Ok(()) };
            let mut open = |position: usize, node: Option<Node>| {
                let shard = shard(position);
                shard.tree().parts(node, shard.envelopes(), &mut |part, envelope| {
                    fresh.push((Waiting::Shard(position, part), *envelope));
                });
            };
            match waiting {
                Waiting::Top(Part::Node(node)) => {
                    top.0.parts(Some(node), top.1, &mut |part, envelope| {
                        fresh.push((Waiting::Top(part), *envelope));
                    });
                }
                Waiting::Top(Part::Item(position)) => open(position, None),
                Waiting::Shard(position, Part::Node(node)) => open(position, Some(node)),
                Waiting::Shard(position, Part::Item(slot)) => {
                    if collection.leaves[position].is_dead(slot as u16) {
                        continue;
                    }
                    let feature = shard(position).feature(slot);
                    if let Some(distance) = self.distance(feature, self.room())? {
                        let known = Waiting::Known(feature.id(), position, slot);
                        queue.push(Reverse((Key(distance), known)));
                        self.known.push(Key(distance));
                        if self.known.len() > self.asked.count {
                            self.known.pop();
                        }
                    }
                }
                Waiting::Known(_, position, slot) => {
                    let feature = shard(position).feature(slot);
                    self.found.push(Near { distance, feature });
                    if self.found.len() == self.asked.count {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// How far off a feature of the shards may be, to be among the nearest as far as is known.
    fn room(&self) -> f64 {
        match self.known.peek() {
            Some(Key(worst)) if self.known.len() == self.asked.count => *worst,
            _ => self.asked.within,
        }
    }

    fn book(&mut self) -> Result<(), QueryFault> {
        let (features, vertices) = std::mem::take(&mut self.looked);
        Ok(self.budget.spend(features, vertices)?)
    }

    /// Within which nothing better than what is found can be missing.
    fn limit(&self) -> f64 {
        let full = self.found.len() >= self.asked.count;
        let last = full.then(|| self.found.iter().map(|near| near.distance).fold(0.0, f64::max));
        last.unwrap_or(self.asked.within)
    }

    fn window(&self) -> crate::Envelope {
        self.reach.window_of(self.limit())
    }

    /// Keeps a feature that is near enough to be among the nearest.
    fn consider(&mut self, feature: FeatureRef<'a>) -> Result<(), QueryFault> {
        if let Some(distance) = self.distance(feature, self.asked.within)? {
            self.found.push(Near { distance, feature });
        }
        Ok(())
    }

    /// The distance of a feature that is asked for.
    fn distance(&mut self, feature: FeatureRef<'_>, limit: f64) -> Result<Option<f64>, QueryFault> {
        self.looked.0 += 1;
        self.looked.1 += feature.vertex_count() as u64;
        if self.looked.0 >= BOOKED {
            self.book()?;
        }
        if self.asked.filter.is_some_and(|filter| !filter(feature)) {
            return Ok(None);
        }
        let (reach, placed) = (&self.reach, &mut self.placed);
        guarded("the distance", || reach.distance(feature, limit, placed))
            .map_err(|fault| QueryFault::Geometry { id: feature.id(), fault })
    }
}
