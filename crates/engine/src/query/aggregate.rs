//! Sums and their like over found features, in groups by the values of fields.
//!
//! Features are taken in the order of the collection, so that the same state gives the same
//! digits. Sums of integers are exact.

use spatial::number_sums::NumberSums;
use spatial::query::Selection;
use spatial::{Budget, Collection, CollectionSnapshot, CrsRegistry, FieldType, Value};

use super::AreaCrs;
use super::measure::AreaMeasure;
use super::search::fault;
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
    pub(super) ops: Vec<Op>,
    pub(super) keys: Vec<usize>,
    pub(super) measure: AreaMeasure,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
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
pub(super) fn whole(sum: i128) -> Value {
    i64::try_from(sum).map_or(Value::Real(sum as f64), Value::Int)
}

pub(super) fn is_number(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::Int | FieldType::Real)
}

fn is_ordered(field_type: FieldType) -> bool {
    is_number(field_type) || matches!(field_type, FieldType::Date | FieldType::DateTime)
}
