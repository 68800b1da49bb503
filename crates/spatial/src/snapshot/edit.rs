//! The next state of a collection: edits go to the delta, the delta into the shards.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::build::TARGET_SHARD_FEATURES;
use super::{CollectionSnapshot, Delta, Entry, Leaf, Rank, Top};
use crate::place::PlaceRevisions;
use crate::shard::MAX_SHARD_FEATURES;
use crate::shard_builder::{ShardBuilder, ToWorld};
use crate::{Collection, Feature, FeatureId, FeatureRef, Revision};

/// Features of the delta from which on folding pays: the copy a commit makes of it stays
/// below a millisecond.
const FOLD_FROM: usize = 2048;
/// Most features of a delta; a commit that exceeds it folds at once.
const MAX_DELTA: usize = 16_384;
/// A shard below this size joins its neighbour when both are built anew.
const MIN_SHARD_FEATURES: usize = 1024;

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
        for edit in &edits {
            next.bury(edit.id, revision);
        }
        let mut extent = self.collection.extent;
        let fresh: Vec<_> =
            edits.iter().filter_map(|edit| Some((edit.id, edit.feature?))).collect();
        for fresh in fresh.chunks(MAX_SHARD_FEATURES) {
            let mut builder = ShardBuilder::new(&self.collection.fields, fresh.len());
            for (id, feature) in fresh {
                builder.push_feature(*id, feature, to_world);
            }
            let shard = Arc::new(builder.finish());
            for world_box in shard.world_boxes() {
                next.places.stamp(world_box, revision);
            }
            extent = extent.union(&shard.tree().bounds());
            next.delta.insert(&shard);
        }
        let count = next.len() as u64;
        next.collection = Arc::new(Collection { count, extent, ..(*self.collection).clone() });
        if next.delta.len() > MAX_DELTA { next.fold() } else { next }
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
    fn bury(&mut self, id: FeatureId, revision: Revision) {
        if let Some(entry) = self.delta.remove(id) {
            self.places.stamp(&entry.feature().world_box(), revision);
        } else if let Some((position, slot)) = self.untouched(id) {
            let leaf = &mut self.leaves[position];
            self.places.stamp(&leaf.shard.world_boxes()[usize::from(slot)], revision);
            Arc::make_mut(leaf.dead.get_or_insert_default()).insert(slot);
        }
    }

    /// Whether so many edits lie in the delta that folding pays.
    pub fn wants_fold(&self) -> bool {
        self.delta.len() >= FOLD_FROM
    }

    /// The same features with an empty delta: the shards that edits touched are built anew.
    /// The extent shrinks to what is left.
    pub fn fold(&self) -> Self {
        let pending = self.delta.all();
        let mut pending = pending.as_slice();
        let mut parts = Vec::new();
        for (position, leaf) in self.leaves.iter().enumerate() {
            // A shard takes what comes before the next shard, the last one all the rest.
            let end = self.leaves.get(position + 1).map_or(pending.len(), |next| {
                pending.partition_point(|(rank, _)| *rank < next.shard.rank(0))
            });
            let (added, rest) = pending.split_at(end);
            pending = rest;
            if added.is_empty() && leaf.dead.is_none() {
                parts.push(Part::Kept(leaf));
            } else {
                push_part(&mut parts, leaf.number, Member::of(Some(leaf), added));
            }
        }
        let mut numbers = self.top.positions.len() as u32;
        if self.leaves.is_empty() {
            push_part(&mut parts, numbers, Member::of(None, pending));
            numbers += 1;
        }
        self.with_parts(parts, numbers)
    }

    /// The state that consists of `parts`; `numbers` is the first number free for a shard.
    fn with_parts(&self, parts: Vec<Part<'_>>, mut numbers: u32) -> Self {
        let mut updates = BTreeMap::new();
        for leaf in &self.leaves {
            let dead = (0..leaf.shard.len() as u16).filter(|slot| leaf.is_dead(*slot));
            updates.extend(dead.map(|slot| (leaf.shard.ids()[usize::from(slot)], None)));
        }
        let mut jobs = Vec::new();
        for part in &parts {
            let (number, members) = match part {
                Part::Kept(leaf) => {
                    jobs.push(Job::Keep(leaf));
                    continue;
                }
                Part::Anew(number, members) => (*number, members),
            };
            let shards = match members.len() {
                0..=MAX_SHARD_FEATURES => 1,
                many => many.div_ceil(TARGET_SHARD_FEATURES),
            };
            let share = |shard: usize| members.len() * shard / shards;
            for shard in 0..shards {
                let members = &members[share(shard)..share(shard + 1)];
                let number = if shard == 0 { number } else { numbers };
                numbers += u32::from(shard > 0);
                let moved = members.iter().filter(|member| member.from != Some(number));
                updates.extend(moved.map(|member| (member.feature.id(), Some(number))));
                jobs.push(Job::Build(number, members));
            }
        }
        let leaves: Vec<Leaf> =
            jobs.into_par_iter().filter_map(|job| job.leaf(&self.collection)).collect();
        let mut directory = self.top.directory.clone();
        directory.update(&updates);
        let top = Arc::new(Top::new(&leaves, directory, numbers));
        let collection =
            Arc::new(Collection { extent: top.tree.bounds(), ..(*self.collection).clone() });
        Self { collection, leaves, top, delta: Delta::default(), places: self.places.clone() }
    }
}

/// What a folded collection is made of.
enum Part<'a> {
    Kept(&'a Leaf),
    /// Features by rank, and the number that their first shard gets.
    Anew(u32, Vec<Member<'a>>),
}

struct Member<'a> {
    rank: Rank,
    /// Number of the shard that holds the feature until now; absent for one of the delta.
    from: Option<u32>,
    feature: FeatureRef<'a>,
}

enum Job<'a> {
    Keep(&'a Leaf),
    Build(u32, &'a [Member<'a>]),
}

/// Adds the features of one shard, in with those before when both are few.
fn push_part<'a>(parts: &mut Vec<Part<'a>>, number: u32, mut members: Vec<Member<'a>>) {
    match parts.last_mut() {
        Some(Part::Anew(_, before))
            if before.len().min(members.len()) < MIN_SHARD_FEATURES
                && before.len() + members.len() <= TARGET_SHARD_FEATURES =>
        {
            before.append(&mut members);
        }
        _ => parts.push(Part::Anew(number, members)),
    }
}

impl<'a> Member<'a> {
    /// What counts of `leaf`, and what was `added`, by rank.
    fn of(leaf: Option<&'a Leaf>, added: &[(Rank, &'a Entry)]) -> Vec<Self> {
        let added = added.iter();
        let mut members: Vec<_> = added
            .map(|(rank, entry)| Self { rank: *rank, from: None, feature: entry.feature() })
            .collect();
        if let Some(leaf) = leaf {
            let live = (0..leaf.shard.len() as u16).filter(|slot| !leaf.is_dead(*slot));
            members.extend(live.map(|slot| Self {
                rank: leaf.shard.rank(usize::from(slot)),
                from: Some(leaf.number),
                feature: leaf.shard.feature(usize::from(slot)),
            }));
        }
        members.sort_unstable_by_key(|member| member.rank);
        members
    }
}

impl Job<'_> {
    /// The shard; none when no feature is left for it.
    fn leaf(self, collection: &Collection) -> Option<Leaf> {
        let (number, members) = match self {
            Job::Keep(leaf) => return Some(leaf.clone()),
            Job::Build(number, members) => (number, members),
        };
        let mut builder = ShardBuilder::new(&collection.fields, members.len());
        for member in members {
            builder.push_ref(member.feature);
        }
        let shard = Arc::new(builder.finish());
        (!members.is_empty()).then_some(Leaf { number, shard, dead: None })
    }
}
