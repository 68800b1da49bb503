//! Sums, least and greatest values of the numbers of a column.

use crate::run_sums::{RunSums, Sum};
use crate::{Column, FieldType, ValueRef};

/// What some numbers of one column add up to; nulls are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberSums {
    /// Of an integer column.
    Int(IntSums),
    /// Of a real column.
    Real(RealSums),
}

/// What integers add up to, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntSums {
    /// How many there are.
    pub count: u64,
    /// Their sum.
    pub sum: i128,
    /// The least; `i64::MAX` when there is none.
    pub min: i64,
    /// The greatest; `i64::MIN` when there is none.
    pub max: i64,
}

/// What reals add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealSums {
    /// How many there are.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least; infinity when there is none.
    pub min: f64,
    /// The greatest; negative infinity when there is none.
    pub max: f64,
}

impl Sum for IntSums {
    const NOTHING: Self = Self { count: 0, sum: 0, min: i64::MAX, max: i64::MIN };

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

impl Sum for RealSums {
    const NOTHING: Self = Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

impl NumberSums {
    /// The sum of nothing in a column of this type; absent when it holds no numbers.
    pub fn empty(field_type: FieldType) -> Option<Self> {
        match field_type {
            FieldType::Int => Some(Self::Int(IntSums::NOTHING)),
            FieldType::Real => Some(Self::Real(RealSums::NOTHING)),
            FieldType::Bool
            | FieldType::Text
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Bytes => None,
        }
    }

    /// The sum of both, of one column type.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Self::Int(a.and(b)),
            (Self::Real(a), Self::Real(b)) => Self::Real(a.and(b)),
            (kept, _) => kept,
        }
    }

    /// The sum of one value more; what is no number of the column's type is left out.
    pub fn and_value(self, value: ValueRef<'_>) -> Self {
        match self {
            Self::Int(sums) => Self::Int(sums.and(int(value))),
            Self::Real(sums) => Self::Real(sums.and(real(value))),
        }
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        match self {
            Self::Int(sums) => sums.count,
            Self::Real(sums) => sums.count,
        }
    }
}

fn int(value: ValueRef<'_>) -> IntSums {
    match value {
        ValueRef::Int(v) => IntSums { count: 1, sum: v.into(), min: v, max: v },
        _ => IntSums::NOTHING,
    }
}

fn real(value: ValueRef<'_>) -> RealSums {
    match value {
        ValueRef::Real(v) => RealSums { count: 1, sum: v, min: v, max: v },
        _ => RealSums::NOTHING,
    }
}

/// The sums kept of one column of a shard.
#[derive(Clone, Debug)]
pub(crate) enum ColumnRuns {
    None,
    Int(RunSums<IntSums>),
    Real(RunSums<RealSums>),
}

impl ColumnRuns {
    /// The sums of a column of `len` slots.
    pub(crate) fn build(column: &Column, len: usize) -> Self {
        match column.numbers() {
            None => Self::None,
            Some(NumberSums::Int(_)) => {
                Self::Int(RunSums::build(len, |slot| int(column.value(slot))))
            }
            Some(NumberSums::Real(_)) => {
                Self::Real(RunSums::build(len, |slot| real(column.value(slot))))
            }
        }
    }

    /// The sum over `slots` of the column; absent when it holds no numbers.
    pub(crate) fn over(
        &self,
        column: &Column,
        slots: std::ops::Range<usize>,
    ) -> Option<NumberSums> {
        match self {
            Self::None => None,
            Self::Int(runs) => {
                Some(NumberSums::Int(runs.over(slots, |slot| int(column.value(slot)))))
            }
            Self::Real(runs) => {
                Some(NumberSums::Real(runs.over(slots, |slot| real(column.value(slot)))))
            }
        }
    }

    /// Bytes of memory that the sums hold.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Int(runs) => runs.heap_bytes(),
            Self::Real(runs) => runs.heap_bytes(),
        }
    }
}
