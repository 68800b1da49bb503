//! The join of two collections: which features of one lie to which of the other as asked.
//!
//! Shards of the first are joined to the shards of the second that they meet, on all threads.
//! Within a pair of shards, sixteen neighbours at a time walk down the tree of the other side
//! once, and points are then tested against rings where they lie in memory. Nothing is allocated
//! for a feature, unless its pair needs the whole DE-9IM matrix.
//!
//! *Invariant:* results are ordered by ids, and do not depend on how edits and folds have
//! distributed the features, nor on the number of threads.

mod batch;
#[cfg(test)]
mod join_tests;
mod pair_test;
mod tally;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
pub use tally::{Tallies, Total};
use thiserror::Error;

use crate::filter::Filter;
use crate::relate::GeometryFault;
use crate::snapshot::Part;
use crate::{
    Budget, CollectionSnapshot, FeatureId, FeatureRef, Metric, OverBudget, Predicate, Shard,
    ShardBuilder,
};
use pair_test::{Asked, Piece};

/// Says which features of a collection take part.
pub type Keep<'a> = &'a (dyn Fn(FeatureRef<'_>) -> bool + Sync);
/// Moves coordinates from one storage CRS to another, or says that it cannot.
pub type Reproject<'a> = &'a (dyn Fn(&mut [[f64; 2]]) -> bool + Sync);

/// One collection of a join.
#[derive(Clone, Copy)]
pub struct JoinSide<'a> {
    /// The collection.
    pub snapshot: &'a CollectionSnapshot,
    /// Which of its features take part; all when absent.
    pub keep: Option<Keep<'a>>,
    /// The same as a filter: asked once a distinct value of a shard, not once a feature.
    pub filter: Option<&'a Filter>,
    /// Only these of its features take part, where they are known already.
    pub among: Option<&'a FxHashSet<FeatureId>>,
}

impl std::fmt::Debug for JoinSide<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinSide")
            .field("id", &self.snapshot.collection().id)
            .finish_non_exhaustive()
    }
}

impl<'a> From<&'a CollectionSnapshot> for JoinSide<'a> {
    fn from(snapshot: &'a CollectionSnapshot) -> Self {
        Self { snapshot, keep: None, filter: None, among: None }
    }
}

impl JoinSide<'_> {
    /// Whether some of its features may not take part.
    fn is_sifted(&self) -> bool {
        self.keep.is_some() || self.filter.is_some()
    }

    /// Whether the feature at a slot of `shard` takes part.
    fn keeps<'s>(&'s self, shard: &'s Shard) -> impl FnMut(usize) -> bool + 's {
        let mut filter = self.filter.map(|filter| filter.on(shard));
        move |slot| {
            filter.as_mut().is_none_or(|filter| filter.matches(slot as u16))
                && self.keep.is_none_or(|keep| keep(shard.feature(slot)))
        }
    }
}

/// How a feature of the first collection must lie to one of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JoinOn {
    /// "first *predicate* second".
    Predicate(Predicate),
    /// At most this far apart, edge to edge.
    Within {
        /// In the unit of `metric`.
        distance: f64,
        /// How it is measured.
        metric: Metric,
    },
}

/// Why a join has no answer.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum JoinFault {
    /// Nearly every pair is disjoint.
    #[error(
        "a join by disjoint would pair nearly every feature with every other; join by intersects \
         and take what is left"
    )]
    Disjoint,
    /// The distance is not a usable number.
    #[error("distance {distance} is not usable: a finite number, not negative")]
    Distance {
        /// The refused distance.
        distance: f64,
    },
    /// A feature of the second collection has no place in the CRS of the first.
    #[error("feature {id} of the second collection has no place in the coordinates of the first")]
    NoPlace {
        /// Which one.
        id: FeatureId,
    },
    /// There are more pairs than asked for.
    #[error("more than {most} pairs; narrow the join, or ask for counts")]
    TooManyPairs {
        /// How many there may be.
        most: usize,
    },
    /// A pair of geometries has no relation.
    #[error("feature {first} of the first and {second} of the second collection: {fault}")]
    Geometry {
        /// Feature of the first collection.
        first: FeatureId,
        /// Feature of the second collection.
        second: FeatureId,
        /// What is wrong.
        fault: GeometryFault,
    },
    /// It costs more than it may.
    #[error(transparent)]
    Budget(#[from] OverBudget),
}

/// A feature of the first collection and one of the second.
type IdPair = (FeatureId, FeatureId);

/// Two collections, ready to be joined.
///
/// A budget counts a candidate for each feature of the second that is looked up in a shard of
/// the first, and the vertices of what its box meets: for a million points in a million parcels
/// about two million candidates, and ten million vertices.
#[derive(Debug)]
pub struct Join<'a> {
    first: Vec<Piece>,
    second: Vec<Piece>,
    asked: Asked,
    /// Sides of whose features it is not told yet which take part: it is asked of each candidate.
    late: [Option<JoinSide<'a>>; 2],
}

impl<'a> Join<'a> {
    /// The join of `first` to `second`, which are in one storage CRS.
    pub fn new(first: JoinSide<'_>, second: JoinSide<'_>, on: JoinOn) -> Result<Self, JoinFault> {
        let asked = Asked::new(on)?;
        let first = pieces(first, |_| true);
        let second = pieces(second, |part| asked.may_meet(part, &first));
        Ok(Self { first, second, asked, late: [None; 2] })
    }

    /// The same for pairs alone: of a side that is much larger than the other only what comes near one
    /// of the other's features is asked whether it takes part, and nothing else counts.
    pub fn of_pairs(
        first: JoinSide<'a>,
        second: JoinSide<'a>,
        on: JoinOn,
    ) -> Result<Self, JoinFault> {
        /// So many times larger a side must be.
        const MUCH: usize = 4;
        let sizes = [first, second].map(|side| {
            let all = side.snapshot.len();
            side.among.map_or(all, |ids| ids.len().min(all))
        });
        let asked = Asked::new(on)?;
        let late = [
            (first.is_sifted() && sizes[0] > MUCH * sizes[1]).then_some(first),
            (second.is_sifted() && sizes[1] > MUCH * sizes[0]).then_some(second),
        ];
        let unless_late = |side: JoinSide<'a>, late: Option<JoinSide<'a>>| match late {
            Some(_) => JoinSide { keep: None, filter: None, ..side },
            None => side,
        };
        let (first, second) = (unless_late(first, late[0]), unless_late(second, late[1]));
        let (first, second) = match late[0] {
            Some(_) => {
                let second = pieces(second, |_| true);
                (pieces(first, |part| asked.may_meet(part, &second)), second)
            }
            None => {
                let first = pieces(first, |_| true);
                let second = pieces(second, |part| asked.may_meet(part, &first));
                (first, second)
            }
        };
        Ok(Self { first, second, asked, late })
    }

    /// The join of `first` to `second`, whose coordinates are moved to the storage CRS of
    /// `first` vertex by vertex.
    pub fn reprojected(
        first: JoinSide<'_>,
        second: JoinSide<'_>,
        on: JoinOn,
        reproject: Reproject<'_>,
    ) -> Result<Self, JoinFault> {
        let asked = Asked::new(on)?;
        let fields = &second.snapshot.collection().fields;
        let second = pieces(second, |_| true)
            .into_par_iter()
            .map(|piece| Ok(Piece::new(moved(&piece.part, reproject, fields)?)))
            .collect::<Result<_, JoinFault>>()?;
        Ok(Self { first: pieces(first, |_| true), second, asked, late: [None; 2] })
    }

    /// Number of pairs.
    pub fn count(&self, budget: &Budget<'_>) -> Result<u64, JoinFault> {
        let counts = self.first.par_iter().map(|piece| {
            let mut count = 0;
            self.each_match(piece, budget, &mut |_, _, _| count += 1)?;
            Ok(count)
        });
        counts.try_reduce(|| 0, |a, b| Ok(a + b))
    }

    /// The pairs (first, second), by ids; at most `most`.
    pub fn pairs(
        &self,
        most: usize,
        budget: &Budget<'_>,
    ) -> Result<Vec<(FeatureId, FeatureId)>, JoinFault> {
        let pairs = self.mapped(most, budget, &|_, _| Some(()))?;
        Ok(pairs.into_iter().map(|(ids, ())| ids).collect())
    }

    /// What `map` makes of the pairs (first, second), by ids; of at most `most` pairs, also of those of
    /// which it makes nothing.
    pub fn map_pairs<T: Send>(
        &self,
        most: usize,
        budget: &Budget<'_>,
        map: &(dyn Fn(FeatureRef<'_>, FeatureRef<'_>) -> Option<T> + Sync),
    ) -> Result<Vec<T>, JoinFault> {
        let mapped = self.mapped(most, budget, &map)?;
        Ok(mapped.into_iter().map(|(_, made)| made).collect())
    }

    /// The same with the pairs.
    fn mapped<T: Send>(
        &self,
        most: usize,
        budget: &Budget<'_>,
        map: &(impl Fn(FeatureRef<'_>, FeatureRef<'_>) -> Option<T> + Sync),
    ) -> Result<Vec<(IdPair, T)>, JoinFault> {
        let found = AtomicUsize::new(0);
        let too_many = JoinFault::TooManyPairs { most };
        let lists = self.first.par_iter().map(|piece| {
            let mut mapped = Vec::new();
            for second in &self.second {
                let mut new = 0;
                self.matches(piece, second, budget, &mut |a, b| {
                    new += 1;
                    // What goes beyond is counted and not kept.
                    if new <= most {
                        let (a, b) = (piece.part.shard.feature(a), second.part.shard.feature(b));
                        mapped.extend(map(a, b).map(|made| ((a.id(), b.id()), made)));
                    }
                })?;
                if found.fetch_add(new, Ordering::Relaxed) + new > most {
                    return Err(too_many.clone());
                }
            }
            Ok(mapped)
        });
        let mut lists: Vec<Vec<_>> = lists.collect::<Result<_, _>>()?;
        let mut mapped: Vec<_> = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        lists.iter_mut().for_each(|list| mapped.append(list));
        mapped.par_sort_unstable_by_key(|(ids, _)| *ids);
        Ok(mapped)
    }

    /// For each feature of the first, by id, also those without any: how many of the second it
    /// pairs with, and the totals of their numeric fields at the positions `sums`.
    pub fn tally(&self, sums: &[usize], budget: &Budget<'_>) -> Result<Tallies, JoinFault> {
        let tallies = self.first.par_iter().map(|piece| self.tally_piece(piece, sums, budget));
        let tallies: Vec<Tallies> = tallies.collect::<Result<_, _>>()?;
        Ok(Tallies::by_id(tallies, sums.len()))
    }

    /// Calls `hit` with slot, part of the second and slot in it of every match of `piece`.
    fn each_match<'s>(
        &'s self,
        piece: &Piece,
        budget: &Budget<'_>,
        hit: &mut impl FnMut(usize, &'s Part, usize),
    ) -> Result<(), JoinFault> {
        self.second.iter().try_for_each(|second| {
            self.matches(piece, second, budget, &mut |a, b| hit(a, &second.part, b))
        })
    }
}

fn parts(side: JoinSide<'_>) -> Vec<Part> {
    match side.among {
        None => side.snapshot.parts(),
        Some(ids) => side.snapshot.parts_of(ids),
    }
}

/// The parts of a side that `may` take part, with what is kept of them.
fn pieces(side: JoinSide<'_>, may: impl Fn(&Part) -> bool + Sync) -> Vec<Piece> {
    let parts = parts(side).into_par_iter().filter(|part| may(part));
    let kept = parts.map(|part| match side.is_sifted() {
        false => part,
        true => part.sifted(&mut side.keeps(&part.shard)),
    });
    kept.map(Piece::new).collect()
}

/// A part of the second collection in the coordinates of the first.
fn moved(
    part: &Part,
    reproject: Reproject<'_>,
    fields: &[crate::Field],
) -> Result<Part, JoinFault> {
    let mut builder = ShardBuilder::new(fields, part.shard.len());
    for slot in 0..part.shard.len() {
        let feature = part.shard.feature(slot);
        if !builder.push_moved(feature, reproject) && part.counts(slot) {
            return Err(JoinFault::NoPlace { id: feature.id() });
        }
    }
    Ok(part.with_shard(builder.finish()))
}
