//! Counts and sums for each feature of the first collection.

use super::pair_test::Piece;
use super::{Join, JoinFault};
use crate::snapshot::Part;
use crate::{Budget, FeatureId, ValueRef};

/// What the numbers of one field add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// How many there are; features without a number do not count.
    pub count: u64,
    /// Their sum, added up in the order of the features' ids.
    pub sum: f64,
}

impl Total {
    /// Adds a value; what is no number adds nothing.
    pub(crate) fn add(&mut self, value: ValueRef<'_>) {
        let number = match value {
            ValueRef::Int(value) => value as f64,
            ValueRef::Real(value) => value,
            _ => return,
        };
        self.count += 1;
        self.sum += number;
    }
}

/// Counts and sums for each feature of the first collection, by id: row n of each column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tallies {
    /// The features, ascending.
    pub ids: Vec<FeatureId>,
    /// How many features of the second collection each pairs with.
    pub counts: Vec<u64>,
    /// A column for each field asked for.
    pub totals: Vec<Vec<Total>>,
}

impl Tallies {
    /// One list of several, by id.
    pub(super) fn by_id(lists: Vec<Self>, columns: usize) -> Self {
        let mut order: Vec<(FeatureId, u32, u32)> = lists
            .iter()
            .enumerate()
            .flat_map(|(list, tallies)| {
                let row = move |(row, id): (usize, &FeatureId)| (*id, list as u32, row as u32);
                tallies.ids.iter().enumerate().map(row)
            })
            .collect();
        order.sort_unstable();
        let rows = || order.iter().map(|(_, list, row)| (&lists[*list as usize], *row as usize));
        Self {
            ids: order.iter().map(|(id, _, _)| *id).collect(),
            counts: rows().map(|(list, row)| list.counts[row]).collect(),
            totals: (0..columns)
                .map(|column| rows().map(|(list, row)| list.totals[column][row]).collect())
                .collect(),
        }
    }
}

impl Join<'_> {
    /// The tallies of one part of the first collection, in the order of its slots.
    pub(super) fn tally_piece(
        &self,
        piece: &Piece,
        sums: &[usize],
        budget: &Budget<'_>,
    ) -> Result<Tallies, JoinFault> {
        let part = &piece.part;
        let mut counts = vec![0_u64; part.shard.len()];
        let mut totals = vec![vec![Total::default(); part.shard.len()]; sums.len()];
        if sums.is_empty() {
            self.each_match(piece, budget, &mut |slot, _, _| counts[slot] += 1)?;
        } else {
            let mut matches: Vec<(u16, FeatureId, &Part, u16)> = Vec::new();
            self.each_match(piece, budget, &mut |slot, second, other| {
                matches.push((slot as u16, second.shard.ids()[other], second, other as u16));
            })?;
            // Sums of floating-point numbers depend on their order.
            matches.sort_unstable_by_key(|(slot, id, _, _)| (*slot, *id));
            for (slot, _, second, other) in matches {
                counts[usize::from(slot)] += 1;
                for (totals, column) in totals.iter_mut().zip(sums) {
                    let column = &second.shard.columns()[*column];
                    totals[usize::from(slot)].add(column.value(usize::from(other)));
                }
            }
        }
        let kept: Vec<usize> = part.slots().collect();
        Ok(Tallies {
            ids: kept.iter().map(|slot| part.shard.ids()[*slot]).collect(),
            counts: kept.iter().map(|slot| counts[*slot]).collect(),
            totals: totals
                .iter()
                .map(|column| kept.iter().map(|slot| column[*slot]).collect())
                .collect(),
        })
    }
}
