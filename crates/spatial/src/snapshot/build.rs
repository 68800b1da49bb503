//! A collection from all of its features.

use std::sync::Arc;

use rayon::prelude::*;

use super::{CollectionSnapshot, Delta, Directory, Leaf, Top};
use crate::levels::{Members, levels_of};
use crate::place::PlaceRevisions;
use crate::shard::MAX_SHARD_FEATURES;
use crate::shard_builder::{ShardBuilder, ToWorld};
use crate::{Collection, Feature, FeatureId, FeatureRef, Revision, Shard, WorldBox};

/// Features of a full shard that was just built: room is left for edits.
pub(super) const TARGET_SHARD_FEATURES: usize = 3072;

/// Some features of a collection, flat, on their way into a snapshot: in the order in which
/// they came, and not yet searchable.
#[derive(Debug)]
pub struct Stage(Vec<Shard>);

impl Stage {
    /// Flattens `features`, which have ids; one without is left out, as no store sends any.
    pub fn new(collection: &Collection, features: &[Feature], to_world: ToWorld<'_>) -> Self {
        let stage = |features: &[Feature]| {
            let mut builder = ShardBuilder::new(&collection.fields, features.len());
            for feature in features {
                if let Some(id) = feature.id {
                    builder.push_feature(id, feature, to_world);
                }
            }
            builder.finish_unindexed()
        };
        Self(features.chunks(MAX_SHARD_FEATURES).map(stage).collect())
    }
}

impl CollectionSnapshot {
    /// The state of `collection` at `revision`, whose features are `stages`, in any order,
    /// each id once. Count and extent are counted anew.
    pub fn build(collection: Collection, revision: Revision, stages: Vec<Stage>) -> Self {
        let stages: Vec<Shard> = stages.into_iter().flat_map(|stage| stage.0).collect();
        let mut order: Vec<_> = stages
            .par_iter()
            .enumerate()
            .flat_map_iter(|(stage, shard)| {
                (0..shard.len()).map(move |slot| (shard.rank(slot), stage as u32, slot as u16))
            })
            .collect();
        order.par_sort_unstable();

        let shards = order.len().div_ceil(TARGET_SHARD_FEATURES);
        let mut leaves: Vec<Leaf> = (0..shards)
            .into_par_iter()
            .map(|number| {
                let share = |number: usize| order.len() * number / shards;
                let members = &order[share(number)..share(number + 1)];
                let mut builder = ShardBuilder::new(&collection.fields, members.len());
                for (_, stage, slot) in members {
                    builder.push_ref(stages[*stage as usize].feature(usize::from(*slot)));
                }
                let shard = Arc::new(builder.finish());
                Leaf { number: number as u32, shard, dead: None }
            })
            .collect();
        drop((stages, order));
        level(&mut leaves);

        let mut entries: Vec<(FeatureId, u32)> = leaves
            .iter()
            .flat_map(|leaf| leaf.shard.ids().iter().map(|id| (*id, leaf.number)))
            .collect();
        entries.par_sort_unstable();
        let top = Top::new(&leaves, Directory::build(&entries), shards as u32);
        let count = entries.len() as u64;
        let extent = top.tree.bounds();
        Self {
            collection: Arc::new(Collection { count, extent, ..collection }),
            leaves,
            top: Arc::new(top),
            delta: Delta::default(),
            places: PlaceRevisions::new(revision),
        }
    }
}

/// Gives the vertices of new shards their levels.
fn level(leaves: &mut [Leaf]) {
    let boxes: Vec<WorldBox> = leaves.iter().map(|leaf| leaf.shard.world_tree().bounds()).collect();
    let levels: Vec<Vec<u8>> = (0..leaves.len())
        .into_par_iter()
        .map_init(Members::default, |scratch, own| {
            let shard: &Shard = &leaves[own].shard;
            let mut around: Vec<FeatureRef<'_>> = Vec::new();
            for (other, leaf) in leaves.iter().enumerate() {
                if other != own && boxes[other].intersects(&boxes[own]) {
                    let (tree, boxes_inside) = (leaf.shard.world_tree(), leaf.shard.world_boxes());
                    tree.search(boxes_inside, &boxes[own], &mut |range| {
                        around.extend(range.map(|slot| leaf.shard.feature(slot)));
                    });
                }
            }
            let features = (0..shard.len()).map(|slot| shard.feature(slot));
            levels_of(scratch, features, around.into_iter())
        })
        .collect();
    for (leaf, levels) in leaves.iter_mut().zip(levels) {
        // Nobody else holds a shard that was just built.
        if let Some(shard) = Arc::get_mut(&mut leaf.shard) {
            shard.set_levels(levels);
        }
    }
}
