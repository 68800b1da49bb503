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
    /// A field of the key each.
    fields: Vec<KeyField<'a>>,
    /// For each field but the first: numbers of what it and those before it say together. Those of the
    /// last are the groups.
    joined: Vec<FxHashMap<[u32; 2], u32>>,
    /// The last shard of several features; the codes of the fields are its.
    shard: Option<&'a Shard>,
}

/// Numbers what one field says across shards, in the order in which it is met.
struct KeyField<'a> {
    column: usize,
    texts: FxHashMap<&'a str, u32>,
    /// Other values, by their bits.
    others: FxHashMap<u64, u32>,
    /// No value.
    nothing: Option<u32>,
    /// The number for each code of the shard at hand, as far as they were met; last that of no value.
    of_codes: Vec<u32>,
}

/// Stands for a code that was not met yet.
const UNKNOWN: u32 = u32::MAX;

impl<'a> KeyField<'a> {
    fn new(column: usize) -> Self {
        let (texts, others, nothing, of_codes) = Default::default();
        Self { column, texts, others, nothing, of_codes }
    }

    fn number(&mut self, value: ValueRef<'a>) -> u32 {
        let met = self.texts.len() + self.others.len() + usize::from(self.nothing.is_some());
        let next = met as u32;
        match value {
            ValueRef::Text(text) => *self.texts.entry(text).or_insert(next),
            ValueRef::Bool(truth) => *self.others.entry(truth.into()).or_insert(next),
            ValueRef::Int(whole) => *self.others.entry(whole.cast_unsigned()).or_insert(next),
            ValueRef::Real(real) => *self.others.entry(real.to_bits()).or_insert(next),
            // Nothing is grouped by bytes.
            ValueRef::Null | ValueRef::Bytes(_) => *self.nothing.get_or_insert(next),
        }
    }

    fn enter(&mut self, shard: &Shard) {
        self.of_codes.clear();
        self.of_codes.resize(shard.columns()[self.column].distinct() + 1, UNKNOWN);
    }

    /// The number of the feature at a slot of the shard that was entered.
    fn number_of(&mut self, shard: &'a Shard, slot: usize) -> u32 {
        let column = &shard.columns()[self.column];
        let code = column.code(slot).map_or(self.of_codes.len() - 1, usize::from);
        match self.of_codes[code] {
            UNKNOWN => {
                let number = self.number(column.value(slot));
                self.of_codes[code] = number;
                number
            }
            number => number,
        }
    }
}

impl<'a> Grouping<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let keys = plan.keys.len();
        let mut grouping = Self {
            plan,
            groups: Vec::new(),
            fields: plan.keys.iter().copied().map(KeyField::new).collect(),
            joined: vec![FxHashMap::default(); keys.saturating_sub(1)],
            shard: None,
        };
        if keys == 0 {
            // Of nothing, too, there is a count.
            grouping.groups.push(Tally::new(plan, Vec::new()));
        }
        grouping
    }

    /// Takes features of one shard.
    pub(super) fn take(&mut self, shard: &'a Shard, slots: &[u16]) -> Result<(), EngineError> {
        // An edit is a shard of its own, and comes between the features of another.
        let is_edit = shard.len() == 1;
        if !is_edit && !self.shard.is_some_and(|known| std::ptr::eq(known, shard)) {
            self.fields.iter_mut().for_each(|field| field.enter(shard));
            self.shard = Some(shard);
        }
        for slot in slots.iter().map(|slot| usize::from(*slot)) {
            let group = self.group_of(shard, slot, is_edit)?;
            self.groups[group].take(self.plan, shard.feature(slot));
        }
        Ok(())
    }

    fn group_of(
        &mut self,
        shard: &'a Shard,
        slot: usize,
        is_edit: bool,
    ) -> Result<usize, EngineError> {
        let number = |field: &mut KeyField<'a>| match is_edit {
            true => field.number(shard.columns()[field.column].value(slot)),
            false => field.number_of(shard, slot),
        };
        let mut fields = self.fields.iter_mut();
        let Some(first) = fields.next() else { return Ok(0) };
        let mut group = number(first);
        for (field, joined) in fields.zip(&mut self.joined) {
            let (key, next) = ([group, number(field)], joined.len() as u32);
            group = *joined.entry(key).or_insert(next);
        }
        let group = group as usize;
        if group == self.groups.len() {
            self.add_group(shard, slot)?;
        }
        Ok(group)
    }

    /// Adds the group of the feature at a slot of `shard`.
    fn add_group(&mut self, shard: &Shard, slot: usize) -> Result<(), EngineError> {
        if self.groups.len() == MAX_GROUPS {
            return Err(EngineError::Unmeasurable {
                what: format!("more than {MAX_GROUPS} groups; group by fewer fields"),
            });
        }
        let value = |column: &usize| shard.columns()[*column].value(slot).to_value();
        let key = self.plan.keys.iter().map(value).collect();
        self.groups.push(Tally::new(self.plan, key));
        Ok(())
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
