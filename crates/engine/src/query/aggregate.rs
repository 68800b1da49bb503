//! Sums and their like over found features, in groups by the values of fields.
//!
//! Features are taken in the order of the collection, so that the same state gives the same
//! digits. Sums of integers are exact.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;
use spatial::number_sums::NumberSums;
use spatial::query::{Area, Selection};
use spatial::{
    Budget, Collection, CollectionSnapshot, Column, CrsRegistry, FeatureRef, FieldType, Shard,
    Value, ValueRef, union as geometry_union,
};

use super::AreaCrs;
use super::measure::AreaMeasure;
use super::search::fault;
use crate::items::compare_values;
use crate::pool::each_in_parallel;
use crate::{EngineError, Profile, ReadableField};

/// Most groups of one answer.
pub const MAX_GROUPS: usize = 10_000;

/// What is worked out of the features of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum AggregateOp {
    /// How many there are.
    Count,
    /// Sum of the values of a field of numbers; null when there are none.
    Sum(String),
    /// Smallest value of a field of numbers, dates or times.
    Min(String),
    /// Largest value.
    Max(String),
    /// Mean of the values that there are.
    Mean(String),
    /// Area of the whole features; where they overlap it counts as often.
    Area,
    /// Area of what of them lies in the area of the query.
    OverlayArea,
    /// Area that the whole features cover; where they overlap it counts once.
    UnionArea,
}

/// One aggregate and its name in the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// What.
    pub op: AggregateOp,
    /// Member of the answer.
    pub name: String,
}

/// The aggregates of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// A value a field that was grouped by.
    pub key: Vec<Value>,
    /// How many features.
    pub count: u64,
    /// A value an aggregate.
    pub values: Vec<Value>,
}

/// Aggregates made out against one collection.
#[derive(Debug)]
pub(super) struct Plan {
    ops: Vec<Op>,
    keys: Vec<usize>,
    measure: AreaMeasure,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Count,
    Sum(usize),
    Min(usize),
    Max(usize),
    Mean(usize),
    Area,
    OverlayArea,
    UnionArea,
}

impl AggregateOp {
    /// Whether it is an area, measured in a CRS.
    pub fn is_area(&self) -> bool {
        matches!(self, Self::Area | Self::OverlayArea | Self::UnionArea)
    }
}

impl Plan {
    pub(super) fn new(
        (aggregates, group_by): (&[Aggregate], &[String]),
        area_crs: &AreaCrs,
        collection: &Collection,
        registry: &CrsRegistry,
        profile: Profile,
    ) -> Result<Self, EngineError> {
        let column = |name: &str, takes: fn(FieldType) -> bool, wanted: &str| {
            let position = ReadableField::find(collection, name, profile)?.position();
            match takes(collection.fields[position].field_type) {
                true => Ok(position),
                false => Err(EngineError::Unmeasurable {
                    what: format!("field {name:?} of {} is not one of {wanted}", collection.id),
                }),
            }
        };
        let number = |name: &str| column(name, is_number, "numbers");
        let ordered = |name: &str| column(name, is_ordered, "numbers, dates or times");
        let op = |aggregate: &Aggregate| {
            Ok(match &aggregate.op {
                AggregateOp::Count => Op::Count,
                AggregateOp::Sum(field) => Op::Sum(number(field)?),
                AggregateOp::Min(field) => Op::Min(ordered(field)?),
                AggregateOp::Max(field) => Op::Max(ordered(field)?),
                AggregateOp::Mean(field) => Op::Mean(number(field)?),
                AggregateOp::Area => Op::Area,
                AggregateOp::OverlayArea => Op::OverlayArea,
                AggregateOp::UnionArea => Op::UnionArea,
            })
        };
        let ops = aggregates.iter().map(op).collect::<Result<Vec<_>, EngineError>>()?;
        let keys = group_by
            .iter()
            .map(|name| column(name, |of| of != FieldType::Bytes, "anything but bytes"));
        let keys = keys.collect::<Result<Vec<_>, EngineError>>()?;
        let measure = AreaMeasure::new(area_crs, collection, registry)?;
        Ok(Self { ops, keys, measure })
    }

    /// The one group of what is selected, from sums that the collection keeps; nothing when
    /// features must be looked at one by one.
    pub(super) fn summed(
        &self,
        held: &CollectionSnapshot,
        selection: &Selection<'_>,
        budget: &Budget<'_>,
    ) -> Option<Result<Group, EngineError>> {
        let fields = &held.collection().fields;
        let (mut columns, mut has_overlay) = (Vec::new(), false);
        for op in &self.ops {
            match op {
                Op::Count => {}
                Op::Area if self.measure.is_storage_plane() => {}
                Op::OverlayArea if self.measure.is_storage_plane() => has_overlay = true,
                Op::Sum(column) | Op::Mean(column) | Op::Min(column) | Op::Max(column)
                    if is_number(fields[*column].field_type) =>
                {
                    columns.push(*column);
                }
                _ => return None,
            }
        }
        let sum = || {
            let sums = held.sums(selection, &columns, budget).map_err(fault)?;
            let overlay = match has_overlay {
                true => held.overlay_area(selection, budget).map_err(fault)?.area,
                false => 0.0,
            };
            let mut numbers = sums.columns.iter();
            let values = self.ops.iter().map(|op| match op {
                Op::Count => Value::Int(sums.count.cast_signed()),
                Op::Area => Value::Real(self.measure.of_units(sums.area)),
                Op::OverlayArea => Value::Real(self.measure.of_units(overlay)),
                op => numbers.next().map_or(Value::Null, |numbers| of_numbers(*op, numbers)),
            });
            Ok(Group { key: Vec::new(), count: sums.count, values: values.collect() })
        };
        self.keys.is_empty().then(sum)
    }
}

/// What `op` makes of kept sums; null of no numbers.
fn of_numbers(op: Op, numbers: &NumberSums) -> Value {
    match numbers {
        NumberSums::Int(sums) if sums.count > 0 => match op {
            Op::Min(_) => Value::Int(sums.min),
            Op::Max(_) => Value::Int(sums.max),
            Op::Mean(_) => Value::Real(sums.sum as f64 / sums.count as f64),
            _ => whole(sums.sum),
        },
        NumberSums::Real(sums) if sums.count > 0 => Value::Real(match op {
            Op::Min(_) => sums.min,
            Op::Max(_) => sums.max,
            Op::Mean(_) => sums.sum / sums.count as f64,
            _ => sums.sum,
        }),
        _ => Value::Null,
    }
}

/// An exact sum; a real one beyond 64 bits.
fn whole(sum: i128) -> Value {
    i64::try_from(sum).map_or(Value::Real(sum as f64), Value::Int)
}

pub(super) fn is_number(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::Int | FieldType::Real)
}

fn is_ordered(field_type: FieldType) -> bool {
    is_number(field_type) || matches!(field_type, FieldType::Date | FieldType::DateTime)
}

/// Features on their way into groups.
pub(super) struct Grouping<'a> {
    plan: &'a Plan,
    groups: Vec<Tally<'a>>,
    /// Groups by the numbers of the values of their key.
    by_key: FxHashMap<Box<[u32]>, usize>,
    /// A column of the key each.
    keys: Vec<KeyColumn<'a>>,
    /// The key of the feature at hand.
    key: Vec<u32>,
    shard: Option<&'a Shard>,
}

/// Numbers the values of one field across shards.
#[derive(Default)]
struct KeyColumn<'a> {
    /// Numbers of texts.
    texts: FxHashMap<&'a str, u32>,
    /// Numbers of other values, by their bits.
    others: FxHashMap<u64, u32>,
    /// Numbers of the codes of the shard that is being walked; [`UNKNOWN`] until one is met.
    of_codes: Vec<u32>,
}

/// Number of the absence of a value.
const NO_VALUE: u32 = u32::MAX;
/// Stands for the number of a code that was not met yet.
const UNKNOWN: u32 = u32::MAX - 1;

impl<'a> KeyColumn<'a> {
    fn enter(&mut self, column: &Column) {
        self.of_codes.clear();
        self.of_codes.resize(column.distinct(), UNKNOWN);
    }

    /// The number of the value at `slot` of the shard that was entered.
    fn number(&mut self, column: &'a Column, slot: usize) -> u32 {
        let Some(code) = column.code(slot) else { return NO_VALUE };
        let known = self.of_codes[usize::from(code)];
        if known != UNKNOWN {
            return known;
        }
        let next = (self.texts.len() + self.others.len()) as u32;
        let number = match column.decode(code) {
            ValueRef::Text(text) => *self.texts.entry(text).or_insert(next),
            ValueRef::Bool(truth) => *self.others.entry(truth.into()).or_insert(next),
            ValueRef::Int(whole) => *self.others.entry(whole.cast_unsigned()).or_insert(next),
            ValueRef::Real(real) => *self.others.entry(real.to_bits()).or_insert(next),
            // Nothing is grouped by bytes.
            ValueRef::Null | ValueRef::Bytes(_) => NO_VALUE,
        };
        self.of_codes[usize::from(code)] = number;
        number
    }
}

/// What is known of one group so far.
struct Tally<'a> {
    key: Vec<Value>,
    count: u64,
    cells: Vec<Cell<'a>>,
}

enum Cell<'a> {
    Nothing,
    Whole { sum: i128, count: u64 },
    Real { sum: Kahan, count: u64 },
    Extreme(ValueRef<'a>),
    Area(Kahan),
    Features(Vec<FeatureRef<'a>>),
}

/// A sum that keeps what rounding takes away (Neumaier).
#[derive(Clone, Copy, Default)]
struct Kahan {
    sum: f64,
    lost: f64,
}

impl Kahan {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += match self.sum.abs() >= value.abs() {
            true => (self.sum - sum) + value,
            false => (value - sum) + self.sum,
        };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

impl<'a> Grouping<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let mut grouping = Self {
            plan,
            groups: Vec::new(),
            by_key: FxHashMap::default(),
            keys: plan.keys.iter().map(|_key| KeyColumn::default()).collect(),
            key: Vec::with_capacity(plan.keys.len()),
            shard: None,
        };
        if plan.keys.is_empty() {
            // Of nothing, too, there is a count.
            grouping.groups.push(Tally::new(plan, Vec::new()));
        }
        grouping
    }

    /// Takes features of one shard.
    pub(super) fn take(&mut self, shard: &'a Shard, slots: &[u16]) -> Result<(), EngineError> {
        if !self.shard.is_some_and(|known| std::ptr::eq(known, shard)) {
            self.shard = Some(shard);
            for (key, column) in self.keys.iter_mut().zip(&self.plan.keys) {
                key.enter(&shard.columns()[*column]);
            }
        }
        for slot in slots {
            let slot = usize::from(*slot);
            let feature = shard.feature(slot);
            let group = self.group_of(shard, slot)?;
            self.groups[group].take(self.plan, feature);
        }
        Ok(())
    }

    fn group_of(&mut self, shard: &'a Shard, slot: usize) -> Result<usize, EngineError> {
        if self.plan.keys.is_empty() {
            return Ok(0);
        }
        self.key.clear();
        for (key, column) in self.keys.iter_mut().zip(&self.plan.keys) {
            self.key.push(key.number(&shard.columns()[*column], slot));
        }
        if let Some(group) = self.by_key.get(self.key.as_slice()) {
            return Ok(*group);
        }
        let group = self.groups.len();
        if group == MAX_GROUPS {
            return Err(EngineError::Unmeasurable {
                what: format!("more than {MAX_GROUPS} groups; group by fewer fields"),
            });
        }
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

impl<'a> Tally<'a> {
    fn new(plan: &Plan, key: Vec<Value>) -> Self {
        let cell = |op: &Op| match op {
            Op::Count => Cell::Nothing,
            Op::Sum(_) | Op::Mean(_) => Cell::Whole { sum: 0, count: 0 },
            Op::Min(_) | Op::Max(_) => Cell::Extreme(ValueRef::Null),
            Op::Area if plan.measure.is_storage_plane() => Cell::Area(Kahan::default()),
            Op::Area | Op::OverlayArea | Op::UnionArea => Cell::Features(Vec::new()),
        };
        Self { key, count: 0, cells: plan.ops.iter().map(cell).collect() }
    }

    fn take(&mut self, plan: &Plan, feature: FeatureRef<'a>) {
        self.count += 1;
        for (op, cell) in plan.ops.iter().zip(&mut self.cells) {
            match (*op, cell) {
                (Op::Sum(column) | Op::Mean(column), cell) => cell.add(feature.value(column)),
                (Op::Min(column), Cell::Extreme(known)) => {
                    known.replace_if(feature.value(column), Ordering::Less);
                }
                (Op::Max(column), Cell::Extreme(known)) => {
                    known.replace_if(feature.value(column), Ordering::Greater);
                }
                (_, Cell::Area(sum)) => sum.add(feature.area()),
                (_, Cell::Features(features)) => features.push(feature),
                _ => {}
            }
        }
    }

    fn finish(
        self,
        plan: &Plan,
        area: Option<&Area>,
        budget: &Budget<'_>,
    ) -> Result<Group, EngineError> {
        let measure = &plan.measure;
        let count = self.count;
        let mut values = Vec::with_capacity(plan.ops.len());
        for (op, cell) in plan.ops.iter().zip(self.cells) {
            values.push(match (op, cell) {
                (Op::Mean(_), cell) => cell.mean(),
                (Op::Sum(_), cell) => cell.sum(),
                (_, Cell::Nothing) => Value::Int(count.cast_signed()),
                (_, Cell::Extreme(value)) => value.to_value(),
                (_, Cell::Area(sum)) => Value::Real(measure.of_units(sum.total())),
                (Op::UnionArea, Cell::Features(features)) => {
                    Value::Real(union_area(&features, measure, budget)?)
                }
                (op, Cell::Features(features)) => {
                    let within = if *op == Op::OverlayArea { area } else { None };
                    Value::Real(sum_of_areas(&features, measure, within, budget)?)
                }
                (_, cell) => cell.sum(),
            });
        }
        Ok(Group { key: self.key, count, values })
    }
}

/// Features whose areas are measured between two looks at the budget.
const AT_A_TIME: usize = 32;

fn sum_of_areas(
    features: &[FeatureRef<'_>],
    measure: &AreaMeasure,
    within: Option<&Area>,
    budget: &Budget<'_>,
) -> Result<f64, EngineError> {
    let parts: Vec<&[FeatureRef<'_>]> = features.chunks(AT_A_TIME).collect();
    let sums = each_in_parallel(&parts, |part| {
        let vertices: usize = part.iter().map(|feature| feature.vertex_count()).sum();
        budget.spend(0, vertices as u64)?;
        let mut sum = Kahan::default();
        for feature in *part {
            sum.add(match within {
                Some(area) => measure.inside(*feature, area)?,
                None => measure.whole(*feature)?,
            });
        }
        Ok::<_, EngineError>(sum.total())
    });
    let mut sum = Kahan::default();
    for part in sums {
        sum.add(part?);
    }
    Ok(sum.total())
}

/// What features cover, square metres.
pub(crate) fn union_area(
    features: &[FeatureRef<'_>],
    measure: &AreaMeasure,
    budget: &Budget<'_>,
) -> Result<f64, EngineError> {
    let refused = |fault: geometry_union::UnionFault| match fault {
        geometry_union::UnionFault::Budget(cause) => EngineError::TooCostly { cause },
        fault => EngineError::UnusableGeometry { reason: fault.to_string(), at: None },
    };
    if measure.is_storage_plane() {
        let area = geometry_union::union_area(features, budget).map_err(refused)?;
        return Ok(measure.of_units(area));
    }
    measure.geometry(geometry_union::union(features, budget).map_err(refused)?.geometry)
}

trait Extreme<'a> {
    fn replace_if(&mut self, value: ValueRef<'a>, order: Ordering);
}

impl<'a> Extreme<'a> for ValueRef<'a> {
    /// Takes `value` when it stands in `order` to what is known, or nothing is.
    fn replace_if(&mut self, value: ValueRef<'a>, order: Ordering) {
        let better = match (*self, value) {
            (_, ValueRef::Null) => false,
            (ValueRef::Null, _) => true,
            (known, value) => compare_values(value, known) == order,
        };
        if better {
            *self = value;
        }
    }
}

impl Cell<'_> {
    fn add(&mut self, value: ValueRef<'_>) {
        match (&mut *self, value) {
            (Self::Whole { sum, count }, ValueRef::Int(value)) => {
                *sum += i128::from(value);
                *count += 1;
            }
            (Self::Whole { count: 0, .. }, ValueRef::Real(value)) => {
                let mut sum = Kahan::default();
                sum.add(value);
                *self = Self::Real { sum, count: 1 };
            }
            (Self::Real { sum, count }, ValueRef::Real(value)) => {
                sum.add(value);
                *count += 1;
            }
            _ => {}
        }
    }

    /// The sum; null when nothing was added.
    fn sum(&self) -> Value {
        match *self {
            Self::Whole { sum, count } if count > 0 => whole(sum),
            Self::Real { sum, count } if count > 0 => Value::Real(sum.total()),
            _ => Value::Null,
        }
    }

    fn mean(&self) -> Value {
        match *self {
            Self::Whole { sum, count } if count > 0 => Value::Real(sum as f64 / count as f64),
            Self::Real { sum, count } if count > 0 => Value::Real(sum.total() / count as f64),
            _ => Value::Null,
        }
    }
}
