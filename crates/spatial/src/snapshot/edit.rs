//! The next state of a collection: edits go to the delta.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::CollectionSnapshot;
use super::relevel::Touched;
use crate::place::PlaceRevisions;
use crate::shard::MAX_SHARD_FEATURES;
use crate::shard_builder::{ShardBuilder, ToWorld};
use crate::{Collection, Feature, FeatureId, Revision, Shard};

/// Most features of a delta; a commit that exceeds it folds at once.
const MAX_DELTA: usize = 16_384;
/// What became of one feature.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// Which feature.
    pub id: FeatureId,
    /// Its new state; absent when it is gone.
    pub feature: Option<&'a Feature>,
}

impl CollectionSnapshot {
    /// The state after `edits`, in order, at `revision`. Shares all that they do not touch.
    pub fn apply(&self, revision: Revision, edits: &[Edit<'_>], to_world: ToWorld<'_>) -> Self {
        let last: FxHashMap<FeatureId, usize> =
            edits.iter().enumerate().map(|(position, edit)| (edit.id, position)).collect();
        let edits: Vec<_> = edits
            .iter()
            .enumerate()
            .filter(|(position, edit)| last[&edit.id] == *position)
            .map(|(_, edit)| *edit)
            .collect();

        let mut next = self.clone();
        let mut touched = Touched::default();
        for edit in &edits {
            if let Some(before) = self.get(edit.id) {
                touched.add(before);
            }
            next.bury(edit.id, revision);
        }
        let mut extent = self.collection.extent;
        let fresh: Vec<_> =
            edits.iter().filter_map(|edit| Some((edit.id, edit.feature?))).collect();
        let shards = fresh.chunks(MAX_SHARD_FEATURES).map(|fresh| {
            let mut builder = ShardBuilder::new(&self.collection.fields, fresh.len());
            for (id, feature) in fresh {
                builder.push_feature(*id, feature, to_world);
            }
            builder.finish()
        });
        let mut shards: Vec<Shard> = shards.collect();
        for shard in &shards {
            (0..shard.len()).for_each(|slot| touched.add(shard.feature(slot)));
        }
        next.relevel(&mut shards, &touched, revision);
        for shard in shards.into_iter().map(Arc::new) {
            for world_box in shard.world_boxes() {
                next.places.stamp(&world_box.bulged(), revision);
            }
            extent = extent.union(&shard.tree().bounds());
            next.delta.insert(&shard);
        }
        let count = next.len() as u64;
        next.collection = Arc::new(Collection { count, extent, ..(*self.collection).clone() });
        if next.delta.len() > MAX_DELTA { next.fold() } else { next }
    }

    /// The state of `revision`, which came before this one, when `edits` lead from this one back to
    /// it. Of each place it says only that it looked so then.
    pub fn rewind(&self, revision: Revision, edits: &[Edit<'_>], to_world: ToWorld<'_>) -> Self {
        let then = self.apply(self.revision().max(revision), edits, to_world);
        Self { places: PlaceRevisions::new(revision), ..then }
    }

    /// The same features under another description, at `revision`. Field names and types are
    /// those of before.
    pub fn describe(&self, revision: Revision, collection: Collection) -> Self {
        let Collection { count, extent, .. } = *self.collection;
        Self {
            collection: Arc::new(Collection { count, extent, ..collection }),
            places: PlaceRevisions::new(revision),
            ..self.clone()
        }
    }

    /// Takes a feature out, wherever it is.
    pub(super) fn bury(&mut self, id: FeatureId, revision: Revision) {
        if let Some(entry) = self.delta.remove(id) {
            self.places.stamp(&entry.feature().world_box().bulged(), revision);
        } else if let Some((position, slot)) = self.untouched(id) {
            let leaf = &mut self.leaves[position];
            let world_box = leaf.shard.world_boxes()[usize::from(slot)];
            self.places.stamp(&world_box.bulged(), revision);
            Arc::make_mut(leaf.dead.get_or_insert_default()).insert(slot);
        }
    }
}
