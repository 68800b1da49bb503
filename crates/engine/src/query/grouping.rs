//! Features on their way into groups, by the values of their fields.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;
use spatial::query::Area;
use spatial::{Budget, Shard, Value, ValueRef};

use super::aggregate::{Group, MAX_GROUPS, Plan};
use super::tally::Tally;
use crate::EngineError;
use crate::items::compare_values;

/// Features and the groups that they are in.
pub(super) struct Grouping<'a> {
    plan: &'a Plan,
    groups: Vec<Tally<'a>>,
    /// Groups by the numbers of the values of their key.
    by_key: FxHashMap<Box<[u32]>, u32>,
    /// A field of the key each.
    fields: Vec<ValueNumbers<'a>>,
    /// The key of the feature at hand.
    key: Vec<u32>,
    codes: CodeGroups<'a>,
}

/// Numbers the values of one field across shards.
#[derive(Default)]
struct ValueNumbers<'a> {
    texts: FxHashMap<&'a str, u32>,
    /// Numbers of other values, by their bits.
    others: FxHashMap<u64, u32>,
}

/// Number of the absence of a value.
const NO_VALUE: u32 = u32::MAX;

impl<'a> ValueNumbers<'a> {
    fn number(&mut self, value: ValueRef<'a>) -> u32 {
        let next = (self.texts.len() + self.others.len()) as u32;
        match value {
            ValueRef::Text(text) => *self.texts.entry(text).or_insert(next),
            ValueRef::Bool(truth) => *self.others.entry(truth.into()).or_insert(next),
            ValueRef::Int(whole) => *self.others.entry(whole.cast_unsigned()).or_insert(next),
            ValueRef::Real(real) => *self.others.entry(real.to_bits()).or_insert(next),
            // Nothing is grouped by bytes.
            ValueRef::Null | ValueRef::Bytes(_) => NO_VALUE,
        }
    }
}

/// Groups by the codes of the key's fields in one shard, as far as they were met.
#[derive(Default)]
struct CodeGroups<'a> {
    shard: Option<&'a Shard>,
    /// A place for each combination of codes; empty where there are too many.
    groups: Vec<u32>,
}

/// Stands for a group that was not met yet.
const UNKNOWN: u32 = u32::MAX;

impl<'a> CodeGroups<'a> {
    /// Most combinations of codes that have a place.
    const MOST: usize = 1 << 14;

    fn enter(&mut self, shard: &'a Shard, columns: &[usize]) {
        // An edit is a shard of its own, and comes between the features of another.
        if shard.len() == 1 || self.shard.is_some_and(|known| std::ptr::eq(known, shard)) {
            return;
        }
        let values = columns.iter().map(|column| shard.columns()[*column].distinct() + 1);
        let combinations = values.fold(1, usize::saturating_mul);
        self.shard = Some(shard);
        self.groups.clear();
        if combinations <= Self::MOST {
            self.groups.resize(combinations, UNKNOWN);
        }
    }

    /// The place of the group of the feature at a slot of `shard`.
    fn place(&mut self, shard: &Shard, columns: &[usize], slot: usize) -> Option<&mut u32> {
        if !self.shard.is_some_and(|known| std::ptr::eq(known, shard)) {
            return None;
        }
        let place = columns.iter().fold(0, |place, column| {
            let column = &shard.columns()[*column];
            let code = column.code(slot).map_or(column.distinct(), usize::from);
            place * (column.distinct() + 1) + code
        });
        self.groups.get_mut(place)
    }
}

impl<'a> Grouping<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let mut grouping = Self {
            plan,
            groups: Vec::new(),
            by_key: FxHashMap::default(),
            fields: plan.keys.iter().map(|_key| ValueNumbers::default()).collect(),
            key: Vec::with_capacity(plan.keys.len()),
            codes: CodeGroups::default(),
        };
        if plan.keys.is_empty() {
            // Of nothing, too, there is a count.
            grouping.groups.push(Tally::new(plan, Vec::new()));
        }
        grouping
    }

    /// Takes features of one shard.
    pub(super) fn take(&mut self, shard: &'a Shard, slots: &[u16]) -> Result<(), EngineError> {
        self.codes.enter(shard, &self.plan.keys);
        for slot in slots.iter().map(|slot| usize::from(*slot)) {
            let group = self.group_of(shard, slot)?;
            self.groups[group as usize].take(self.plan, shard.feature(slot));
        }
        Ok(())
    }

    fn group_of(&mut self, shard: &'a Shard, slot: usize) -> Result<u32, EngineError> {
        let columns = &self.plan.keys;
        if columns.is_empty() {
            return Ok(0);
        }
        let known = self.codes.place(shard, columns, slot);
        if let Some(group) = known.filter(|group| **group != UNKNOWN) {
            return Ok(*group);
        }
        self.key.clear();
        for (field, column) in self.fields.iter_mut().zip(columns) {
            self.key.push(field.number(shard.columns()[*column].value(slot)));
        }
        let group = match self.by_key.get(self.key.as_slice()) {
            Some(group) => *group,
            None => self.new_group(shard, slot)?,
        };
        if let Some(place) = self.codes.place(shard, columns, slot) {
            *place = group;
        }
        Ok(group)
    }

    /// A group for the key at hand, which is that of the feature at a slot of `shard`.
    fn new_group(&mut self, shard: &Shard, slot: usize) -> Result<u32, EngineError> {
        if self.groups.len() == MAX_GROUPS {
            return Err(EngineError::Unmeasurable {
                what: format!("more than {MAX_GROUPS} groups; group by fewer fields"),
            });
        }
        let group = self.groups.len() as u32;
        let value = |column: &usize| shard.columns()[*column].value(slot).to_value();
        let key = self.plan.keys.iter().map(value).collect();
        self.groups.push(Tally::new(self.plan, key));
        self.by_key.insert(self.key.as_slice().into(), group);
        Ok(group)
    }

    /// The groups, by their keys.
    pub(super) fn finish(
        self,
        area: Option<&Area>,
        budget: &Budget<'_>,
    ) -> Result<Vec<Group>, EngineError> {
        let plan = self.plan;
        let mut groups = Vec::with_capacity(self.groups.len());
        for tally in self.groups {
            groups.push(tally.finish(plan, area, budget)?);
        }
        groups.sort_by(|a, b| compare_keys(&a.key, &b.key));
        Ok(groups)
    }
}

/// Groups by the values of their fields, those without a value last.
fn compare_keys(a: &[Value], b: &[Value]) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        let order = match (a, b) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (a, b) => compare_values(a.as_ref(), b.as_ref()),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
