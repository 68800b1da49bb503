//! Sums, least and greatest values over what is asked for.
//!
//! Whole runs of slots are taken from sums kept in the shards. Integers are exact; reals and
//! areas are added in an order that depends on how shards lie, so two ways to the same features
//! may differ by rounding, and by nothing else.

use std::ops::Range;

use super::scan::Scan;
use super::{QueryFault, Selection};
use crate::number_sums::NumberSums;
use crate::snapshot::CollectionSnapshot;
use crate::{Budget, FieldType, Shard};

/// What features add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sums {
    /// How many they are.
    pub count: u64,
    /// Their plane area, in squared units of the storage CRS; holes do not count.
    pub area: f64,
    /// The numbers of the columns asked for, in that order.
    pub columns: Vec<NumberSums>,
}

impl Sums {
    fn add(&mut self, shard: &Shard, columns: &[usize], slots: Range<usize>) {
        self.count += slots.len() as u64;
        self.area += shard.area(slots.clone());
        for (sum, column) in self.columns.iter_mut().zip(columns) {
            *sum = sum.and(shard.numbers(*column, slots.clone()));
        }
    }
}

impl CollectionSnapshot {
    /// Count, area and the numbers of `columns` (positions in the collection's fields, integer
    /// or real ones) of the features that are asked for.
    pub fn sums(
        &self,
        selection: &Selection<'_>,
        columns: &[usize],
        budget: &Budget<'_>,
    ) -> Result<Sums, QueryFault> {
        let fields = &self.collection().fields;
        let empty = |column: &usize| match fields.get(*column) {
            None => Err(QueryFault::NoSuchColumn { column: *column, fields: fields.len() }),
            Some(field) => NumberSums::empty(field.field_type)
                .ok_or_else(|| QueryFault::NotNumeric { name: field.name.clone() }),
        };
        let empty = columns.iter().map(empty).collect::<Result<Vec<_>, _>>()?;
        let mut sums = Sums { count: 0, area: 0.0, columns: empty };
        let scan = Scan::new(selection, budget)?;
        let mut worker = scan.worker();
        for (_, entry) in scan.edits(self, &mut worker)? {
            let slot = usize::from(entry.slot);
            sums.add(&entry.shard, columns, slot..slot + 1);
        }
        let mut hits = Vec::new();
        for share in scan.shares(self) {
            hits.clear();
            worker.look(share, &mut hits)?;
            for hit in &hits {
                share.leaf.live_runs(hit.slots.clone(), &mut |run| {
                    sums.add(&share.leaf.shard, columns, run);
                });
            }
        }
        Ok(sums)
    }
}

/// Whether sums are kept of fields of this type.
pub fn is_summed(field_type: FieldType) -> bool {
    NumberSums::empty(field_type).is_some()
}
