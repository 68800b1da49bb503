//! What is known of one group: counts, sums, extremes and areas.

use std::cmp::Ordering;

use spatial::query::Area;
use spatial::{Budget, FeatureRef, Value, ValueRef, union as geometry_union};

use super::aggregate::{Group, Op, Plan, whole};
use super::measure::AreaMeasure;
use crate::EngineError;
use crate::items::compare_values;
use crate::pool::each_in_parallel;

/// What is known of one group so far.
pub(super) struct Tally<'a> {
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

impl<'a> Tally<'a> {
    pub(super) fn new(plan: &Plan, key: Vec<Value>) -> Self {
        let cell = |op: &Op| match op {
            Op::Count => Cell::Nothing,
            Op::Sum(_) | Op::Mean(_) => Cell::Whole { sum: 0, count: 0 },
            Op::Min(_) | Op::Max(_) => Cell::Extreme(ValueRef::Null),
            Op::Area if plan.measure.is_storage_plane() => Cell::Area(Kahan::default()),
            Op::Area | Op::OverlayArea | Op::UnionArea => Cell::Features(Vec::new()),
        };
        Self { key, count: 0, cells: plan.ops.iter().map(cell).collect() }
    }

    pub(super) fn take(&mut self, plan: &Plan, feature: FeatureRef<'a>) {
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

    pub(super) fn finish(
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
