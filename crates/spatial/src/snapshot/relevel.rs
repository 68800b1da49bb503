//! Levels after an edit: those of what was edited, and of what shares vertices with it.
//!
//! A neighbour whose levels change goes to the delta as if it had been edited, so that they stay
//! what they would be if the state were built anew. Nothing else of it changes.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::CollectionSnapshot;
use crate::levels::{Members, levels_of};
use crate::shard::MAX_SHARD_FEATURES;
use crate::{FeatureId, FeatureRef, Revision, Shard, ShardBuilder, WorldBox, WorldPoint};

/// Vertices in a row that are searched for with one box: the box of a long outline holds much
/// that does not touch it.
const STRETCH: usize = 32;

/// Vertices that an edit took away or brought, and boxes of them.
#[derive(Debug, Default)]
pub(super) struct Touched {
    points: FxHashSet<WorldPoint>,
    boxes: Vec<WorldBox>,
}

impl Touched {
    /// Takes in the vertices of a feature.
    pub fn add(&mut self, feature: FeatureRef<'_>) {
        each_stretch(feature, &mut |stretch| {
            self.points.extend(stretch);
            self.boxes.push(box_of(stretch));
        });
    }

    fn holds_one_of(&self, feature: FeatureRef<'_>) -> bool {
        feature.paths().any(|path| path.world.iter().any(|point| self.points.contains(point)))
    }
}

fn each_stretch(feature: FeatureRef<'_>, visit: &mut dyn FnMut(&[WorldPoint])) {
    for path in feature.paths() {
        path.world.chunks(STRETCH).for_each(&mut *visit);
    }
}

fn box_of(points: &[WorldPoint]) -> WorldBox {
    points
        .iter()
        .fold(WorldBox::EMPTY, |around, point| around.union(&WorldBox { min: *point, max: *point }))
}

impl CollectionSnapshot {
    /// Gives the vertices of `fresh`, which are still to be inserted, their levels, and takes
    /// neighbours whose levels change into the delta. `touched` knows what is gone and what is
    /// fresh.
    pub(super) fn relevel(&mut self, fresh: &mut [Shard], touched: &Touched, revision: Revision) {
        let (levels, changed) = self.levels_after(fresh, touched);
        for (shard, levels) in fresh.iter_mut().zip(levels) {
            shard.set_levels(levels);
        }
        for shard in changed {
            for id in shard.ids() {
                self.bury(*id, revision);
            }
            self.delta.insert(&Arc::new(shard));
        }
    }

    /// Levels of the features of `fresh`, shard by shard, and neighbours with new levels.
    fn levels_after(&self, fresh: &[Shard], touched: &Touched) -> (Vec<Vec<u8>>, Vec<Shard>) {
        let mut beside: FxHashMap<FeatureId, FeatureRef<'_>> = FxHashMap::default();
        self.gather(&touched.boxes, &mut beside);
        let mut neighbours: Vec<FeatureRef<'_>> =
            beside.into_values().filter(|feature| touched.holds_one_of(*feature)).collect();
        neighbours.sort_unstable_by_key(|feature| feature.id());

        let targets = fresh.iter().flat_map(|shard| (0..shard.len()).map(|n| shard.feature(n)));
        let targets: Vec<FeatureRef<'_>> = targets.chain(neighbours.iter().copied()).collect();
        let mut boxes = Vec::new();
        for target in &targets {
            each_stretch(*target, &mut |stretch| boxes.push(box_of(stretch)));
        }
        let mut others = FxHashMap::default();
        self.gather(&boxes, &mut others);
        for neighbour in &neighbours {
            others.remove(&neighbour.id());
        }
        let mut scratch = Members::default();
        let all = levels_of(&mut scratch, targets.iter().copied(), others.into_values());

        let mut rest = all.as_slice();
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at(count);
            rest = left;
            taken
        };
        let levels = fresh.iter().map(|shard| take(shard.vertices()).to_vec()).collect();
        let mut changed: Vec<(FeatureRef<'_>, &[u8])> = Vec::new();
        for neighbour in neighbours {
            let levels = take(neighbour.vertex_count());
            if levels != neighbour.levels() {
                changed.push((neighbour, levels));
            }
        }
        let shards = changed.chunks(MAX_SHARD_FEATURES).map(|changed| {
            let mut builder = ShardBuilder::new(&self.collection.fields, changed.len());
            for (feature, _) in changed {
                builder.push_ref(*feature);
            }
            let mut shard = builder.finish();
            let levels = changed.iter().flat_map(|(_, levels)| levels.iter().copied());
            shard.set_levels(levels.collect());
            shard
        });
        (levels, shards.collect())
    }

    /// Adds the features that meet one of `boxes`, by id.
    fn gather<'a>(&'a self, boxes: &[WorldBox], found: &mut FxHashMap<FeatureId, FeatureRef<'a>>) {
        for area in boxes {
            self.search_world(area, &mut |shard, slots| {
                let features = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
                found.extend(features.map(|feature| (feature.id(), feature)));
            });
        }
    }
}
