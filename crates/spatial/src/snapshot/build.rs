//! A collection from all of its features.

use std::sync::Arc;

use rayon::prelude::*;

use super::{CollectionSnapshot, Delta, Directory, Leaf, Top};
use crate::place::PlaceRevisions;
use crate::shard::MAX_SHARD_FEATURES;
use crate::shard_builder::{ShardBuilder, ToWorld};
use crate::{Collection, Feature, FeatureId, Revision, Shard};

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
        let leaves: Vec<Leaf> = (0..shards)
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
