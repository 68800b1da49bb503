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
use crate::{Budget, Envelope, FeatureId, FeatureRef, Metric};

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
        let mut search = Search { reach, asked, budget, placed, known, looked: (0, 0) };
        if asked.count == 0 {
            return Ok(Vec::new());
        }
        search.shards(self)?;
        for (_, entry) in self.delta.search_envelope(&search.reach.window_of(search.room())) {
            search.offer(entry.feature())?;
        }
        search.book()?;
        Ok(search.known.into_sorted_vec().into_iter().map(|Known(near)| near).collect())
    }
}

/// A neighbour among the nearest as far as is known, the better one the lesser.
struct Known<'a>(Near<'a>);

impl Known<'_> {
    fn key(&self) -> (Key, FeatureId) {
        (Key(self.0.distance), self.0.feature.id())
    }
}

impl PartialEq for Known<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Known<'_> {}

impl PartialOrd for Known<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Known<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// A node of a tree that waits to be opened, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// Nothing under it is nearer.
    bound: Reverse<Key>,
    /// The position of its shard; none in the tree over the shards.
    shard: Option<usize>,
    node: Node,
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
    /// The nearest features as far as is known, as many as are asked for; the worst first.
    known: BinaryHeap<Known<'a>>,
    /// Features and vertices looked at that are not booked yet.
    looked: (u64, u64),
}

/// Features that are looked at between two looks at the budget.
const BOOKED: u64 = 64;

impl<'a> Search<'_, 'a> {
    /// Finds the nearest in the shards: nodes are opened the nearest first, and the features of a leaf are
    /// measured at once, so that it is soon known how near a node must be to be opened at all.
    fn shards(&mut self, collection: &'a CollectionSnapshot) -> Result<(), QueryFault> {
        let shard = |position: usize| &collection.leaves[position].shard;
        let window = self.reach.window();
        let (top, boxes) = (&collection.top.tree, collection.top.envelopes.as_slice());
        let root = top.root().map(|node| Waiting { bound: Reverse(Key(0.0)), shard: None, node });
        let mut queue: BinaryHeap<Waiting> = root.into_iter().collect();
        let mut fresh: Vec<(Key, Part)> = Vec::new();
        while let Some(Waiting { bound: Reverse(Key(bound)), shard: of, node }) = queue.pop() {
            let room = self.room();
            if bound > room {
                break;
            }
            let mut look = |part, envelope: &Envelope| {
                // Of the storage's box it is told sooner than on the plane.
                let bound = envelope.intersects(&window).then(|| self.reach.bound(envelope));
                fresh.extend(bound.filter(|bound| *bound <= room).map(|bound| (Key(bound), part)));
            };
            match of {
                None => top.parts(node, boxes, &mut look),
                Some(at) => shard(at).tree().parts(node, shard(at).envelopes(), &mut look),
            }
            if node.is_leaf() {
                fresh.sort_unstable();
            }
            for (bound, part) in fresh.drain(..) {
                match (of, part) {
                    (_, Part::Node(node)) => {
                        queue.push(Waiting { bound: Reverse(bound), shard: of, node });
                    }
                    (None, Part::Item(at)) => {
                        let node = shard(at).tree().root();
                        let of = Some(at);
                        queue.extend(node.map(|node| Waiting {
                            bound: Reverse(bound),
                            shard: of,
                            node,
                        }));
                    }
                    (Some(at), Part::Item(slot)) => {
                        let is_dead = collection.leaves[at].is_dead(slot as u16);
                        if !is_dead && bound.0 <= self.room() {
                            self.offer(shard(at).feature(slot))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// How far off a feature may be, to be among the nearest as far as is known.
    fn room(&self) -> f64 {
        match self.known.peek() {
            Some(Known(worst)) if self.known.len() == self.asked.count => worst.distance,
            _ => self.asked.within,
        }
    }

    /// Keeps a feature that is near enough to be among the nearest.
    fn offer(&mut self, feature: FeatureRef<'a>) -> Result<(), QueryFault> {
        if let Some(distance) = self.distance(feature, self.room())? {
            self.known.push(Known(Near { distance, feature }));
            if self.known.len() > self.asked.count {
                self.known.pop();
            }
        }
        Ok(())
    }

    fn book(&mut self) -> Result<(), QueryFault> {
        let (features, vertices) = std::mem::take(&mut self.looked);
        Ok(self.budget.spend(features, vertices)?)
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
        let found = guarded("the distance", || reach.distance(feature, limit, placed))
            .map_err(|fault| QueryFault::Geometry { id: feature.id(), fault })?;
        self.looked.1 += self.placed.following as u64;
        Ok(found)
    }
}
