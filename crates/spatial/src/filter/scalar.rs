//! Expressions that give one value a feature.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::fold::Fold;
use super::functions::Function;
use super::test::{Test, Verdicts};
use super::{Arithmetic, Number, Time};
use crate::{FeatureRef, ValueRef};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A date or an instant.
    Time,
    /// Bytes, of which only whether they are there can be asked.
    Bytes,
}

impl Kind {
    /// The kind in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "a truth value",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Time => "a time",
            Self::Bytes => "bytes",
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Time(Time),
    /// Bytes that are there.
    Bytes,
}

impl Cell<'_> {
    /// The order of two values of one kind, text by code point; `None` when one is null.
    #[inline]
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.compare(*b)),
            (Self::Text(a), Self::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Self::Time(a), Self::Time(b)) => Some(a.compare(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Bool(value) => Cell::Bool(value),
            Self::Number(value) => Cell::Number(value),
            Self::Text(value) => Cell::Text(Cow::Owned(value.into_owned())),
            Self::Time(value) => Cell::Time(value),
            Self::Bytes => Cell::Bytes,
        }
    }
}

/// Where the values of columns come from.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    /// Nowhere: for expressions without columns.
    None,
    /// A feature.
    Feature(FeatureRef<'a>),
    /// One value, for expressions over one column.
    Value(ValueRef<'a>),
}

impl<'a> Row<'a> {
    pub(super) fn value(self, column: usize) -> ValueRef<'a> {
        match self {
            Self::None => ValueRef::Null,
            Self::Feature(feature) => feature.value(column),
            Self::Value(value) => value,
        }
    }
}

/// An expression whose names are columns and whose kinds fit.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Constant(Cell<'static>),
    Column { index: usize, kind: Kind },
    Arithmetic(Arithmetic, Box<[Self; 2]>),
    Fold(Fold, Box<Self>),
    Call(&'static Function, Vec<Self>),
    Test(Box<Test>),
}

impl Scalar {
    /// The value for `row`. What of a column does not read as its kind is null.
    #[inline]
    pub(super) fn value<'a>(&'a self, row: Row<'a>) -> Cell<'a> {
        match self {
            Self::Constant(cell) => match cell {
                Cell::Text(text) => Cell::Text(Cow::Borrowed(text)),
                other => other.clone(),
            },
            Self::Column { index, kind } => match (row.value(*index), kind) {
                (ValueRef::Text(text), Kind::Text) => Cell::Text(Cow::Borrowed(text)),
                (ValueRef::Text(text), Kind::Time) => {
                    Time::parse(text).map_or(Cell::Null, Cell::Time)
                }
                (ValueRef::Int(value), _) => Cell::Number(Number::Int(value.into())),
                (ValueRef::Real(value), _) if !value.is_nan() => Cell::Number(Number::Real(value)),
                (ValueRef::Bool(value), _) => Cell::Bool(value),
                (ValueRef::Bytes(_), _) => Cell::Bytes,
                _ => Cell::Null,
            },
            Self::Arithmetic(op, operands) => {
                let [left, right] = &**operands;
                match (left.value(row), right.value(row)) {
                    (Cell::Number(a), Cell::Number(b)) => {
                        a.combine(*op, b).map_or(Cell::Null, Cell::Number)
                    }
                    _ => Cell::Null,
                }
            }
            Self::Fold(fold, operand) => match operand.value(row) {
                Cell::Text(text) => Cell::Text(fold.apply(text)),
                _ => Cell::Null,
            },
            Self::Call(function, arguments) => {
                let cells: Vec<_> = arguments.iter().map(|one| one.value(row)).collect();
                if cells.contains(&Cell::Null) { Cell::Null } else { (function.call)(&cells) }
            }
            Self::Test(test) => {
                test.truth(row, &mut Verdicts::none()).map_or(Cell::Null, Cell::Bool)
            }
        }
    }

    /// The same, worked out now when no column has a part in it.
    pub(super) fn reduced(self) -> Self {
        let fixed = match &self {
            Self::Constant(_) | Self::Column { .. } => false,
            Self::Arithmetic(_, operands) => operands.iter().all(Self::is_constant),
            Self::Fold(_, operand) => operand.is_constant(),
            Self::Call(_, arguments) => arguments.iter().all(Self::is_constant),
            Self::Test(test) => matches!(**test, Test::Constant(_)),
        };
        if fixed { Self::Constant(self.value(Row::None).into_owned()) } else { self }
    }

    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// Tells `note` of every column.
    pub(super) fn columns(&self, note: &mut dyn FnMut(Dependence)) {
        match self {
            Self::Constant(_) => {}
            Self::Column { index, .. } => note(Dependence::Column(*index)),
            Self::Arithmetic(_, operands) => operands.iter().for_each(|one| one.columns(note)),
            Self::Fold(_, operand) => operand.columns(note),
            Self::Call(_, arguments) => arguments.iter().for_each(|one| one.columns(note)),
            Self::Test(test) => test.columns(note),
        }
    }
}

/// What of a feature an expression looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dependence {
    /// A column.
    Column(usize),
    /// The geometry.
    Geometry,
}
