//! The delta goes into the shards: those that edits touched most are built anew, beside the
//! readers and beside the writer, who may go on meanwhile.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::build::TARGET_SHARD_FEATURES;
use super::{CollectionSnapshot, Delta, Directory, Entry, Leaf, Rank, Top};
use crate::shard::MAX_SHARD_FEATURES;
use crate::shard_builder::ShardBuilder;
use crate::tombstones::Tombstones;
use crate::{Collection, FeatureId, FeatureRef};

/// Features of the delta from which on folding pays: the copy a commit makes of it stays
/// below a millisecond.
const FOLD_FROM: usize = 2048;
/// A shard below this size joins its neighbour when both are built anew.
const MIN_SHARD_FEATURES: usize = 1024;

/// Shards built anew from one state, to be put into that state or a later one.
#[derive(Debug)]
pub struct Fold {
    /// Index of the state that it was made from; only another fold or a load changes it.
    base: Arc<Top>,
    top: Arc<Top>,
    /// Every shard, in order. Those that were not built anew stand for their successors.
    leaves: Vec<Leaf>,
    /// Tombstones of the shards that are no more, by their number, as they were taken in.
    folded: FxHashMap<u32, Option<Arc<Tombstones>>>,
    /// Features of the delta that the new shards hold.
    absorbed: Vec<(FeatureId, Entry)>,
}

impl CollectionSnapshot {
    /// Whether so many edits lie in the delta that folding pays.
    pub fn wants_fold(&self) -> bool {
        self.delta.len() >= FOLD_FROM
    }

    /// Builds at most `most` shards anew, those with most edits.
    pub fn start_fold(&self, most: usize) -> Fold {
        let pending = self.delta.all();
        let mut pending = pending.as_slice();
        let mut shares = Vec::with_capacity(self.leaves.len());
        for position in 0..self.leaves.len() {
            // A shard takes what comes before the next shard, the last one all the rest.
            let end = self.leaves.get(position + 1).map_or(pending.len(), |next| {
                pending.partition_point(|(rank, _)| *rank < next.shard.rank(0))
            });
            let (share, rest) = pending.split_at(end);
            shares.push(share);
            pending = rest;
        }
        let edits = |position: &usize| {
            let dead = self.leaves[*position].dead.as_ref().map_or(0, |dead| dead.len());
            shares[*position].len() + dead
        };
        let mut chosen: Vec<usize> = (0..shares.len()).filter(|p| edits(p) > 0).collect();
        chosen.sort_by_key(|position| Reverse(edits(position)));
        chosen.truncate(most);
        chosen.sort_unstable();

        let mut parts = Vec::new();
        let mut chosen = chosen.into_iter().peekable();
        let mut folded = FxHashMap::default();
        let mut absorbed = Vec::new();
        for (position, leaf) in self.leaves.iter().enumerate() {
            if chosen.next_if_eq(&position).is_none() {
                parts.push(Part::Kept(leaf));
                continue;
            }
            folded.insert(leaf.number, leaf.dead.clone());
            absorbed.extend_from_slice(shares[position]);
            push_part(&mut parts, leaf.number, Member::of(Some(leaf), shares[position]));
        }
        let mut numbers = self.top.positions.len() as u32;
        if self.leaves.is_empty() {
            absorbed.extend_from_slice(pending);
            push_part(&mut parts, numbers, Member::of(None, pending));
            numbers += 1;
        }
        let (leaves, top) = self.with_parts(parts, numbers);
        let absorbed = absorbed.into_iter().map(|((_, id), entry)| (id, entry.clone())).collect();
        Fold { base: Arc::clone(&self.top), top: Arc::new(top), leaves, folded, absorbed }
    }

    /// This state with `fold` in place; none when it was made from other shards. The features
    /// stay the same; the extent shrinks to what is left.
    pub fn finish_fold(&self, fold: Fold) -> Option<Self> {
        let Fold { base, top, mut leaves, folded, absorbed } = fold;
        if !Arc::ptr_eq(&self.top, &base) {
            return None;
        }
        // What the new shards hold and this state does not: it was edited since.
        let mut gone: Vec<FeatureId> = Vec::new();
        for leaf in &self.leaves {
            let Some(taken) = folded.get(&leaf.number) else { continue };
            let since = |slot: &u16| {
                leaf.is_dead(*slot) && !taken.as_ref().is_some_and(|dead| dead.contains(*slot))
            };
            let slots = (0..leaf.shard.len() as u16).filter(since);
            gone.extend(slots.map(|slot| leaf.shard.ids()[usize::from(slot)]));
        }
        let mut delta = self.delta.clone();
        for (id, entry) in absorbed {
            match delta.get(id) {
                Some(held) if held.is(&entry) => {
                    delta.remove(id);
                }
                _ => gone.push(id),
            }
        }
        for leaf in &mut leaves {
            let position = base.positions.get(leaf.number as usize);
            if let Some(position) = position.filter(|_| !folded.contains_key(&leaf.number)) {
                *leaf = self.leaves[*position as usize].clone();
            }
        }
        for id in gone {
            let Some(number) = top.directory.shard_of(id) else { continue };
            let leaf = &mut leaves[top.positions[number as usize] as usize];
            if let Some(slot) = leaf.shard.slot_of(id) {
                Arc::make_mut(leaf.dead.get_or_insert_default()).insert(slot as u16);
            }
        }
        if delta.len() == 0 {
            delta = Delta::default();
        }
        let extent = top.tree.bounds().union(&delta.envelope());
        let collection = Arc::new(Collection { extent, ..(*self.collection).clone() });
        Some(Self { collection, leaves, top, delta, places: self.places.clone() })
    }

    /// The same features with an empty delta.
    pub fn fold(&self) -> Self {
        let fold = self.start_fold(usize::MAX);
        self.finish_fold(fold).unwrap_or_else(|| self.clone())
    }

    /// The shards that `parts` make, and their index; `numbers` is the first number free for a
    /// shard.
    fn with_parts(&self, parts: Vec<Part<'_>>, mut numbers: u32) -> (Vec<Leaf>, Top) {
        let mut updates = BTreeMap::new();
        let mut jobs = Vec::new();
        let kept: Vec<u32> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Kept(leaf) => Some(leaf.number),
                Part::Anew(..) => None,
            })
            .collect();
        let mut kept = kept.into_iter().peekable();
        for leaf in &self.leaves {
            if kept.next_if_eq(&leaf.number).is_none() {
                let dead = (0..leaf.shard.len() as u16).filter(|slot| leaf.is_dead(*slot));
                let ids = dead.map(|slot| leaf.shard.ids()[usize::from(slot)]);
                // An edited feature may have gone into another shard before.
                let here = |id: &FeatureId| self.top.directory.shard_of(*id) == Some(leaf.number);
                updates.extend(ids.filter(here).map(|id| (id, None)));
            }
        }
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
        let mut directory: Directory = self.top.directory.clone();
        directory.update(&updates);
        let top = Top::new(&leaves, directory, numbers);
        (leaves, top)
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
