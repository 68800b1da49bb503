//! The functions beyond those that CQL2 names.

use std::borrow::Cow;

use super::scalar::Cell;
use super::{Kind, Number};

/// A function that a filter may call.
#[derive(Debug)]
pub struct Function {
    /// Its name; a filter may write it in any case.
    pub name: &'static str,
    /// What it gives, in a sentence.
    pub description: &'static str,
    /// Kinds of its arguments.
    pub arguments: &'static [Kind],
    /// Kind of what it gives.
    pub returns: Kind,
    /// Gets as many cells as there are arguments, none of them null and each of its kind.
    pub(super) call: for<'a> fn(&[Cell<'a>]) -> Cell<'a>,
}

/// Every function, by name.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        description: "The number without its sign.",
        arguments: &[Kind::Number],
        returns: Kind::Number,
        call: |cells| number(cells, |n| n.checked_abs(), f64::abs),
    },
    Function {
        name: "ceil",
        description: "The smallest whole number that is not smaller.",
        arguments: &[Kind::Number],
        returns: Kind::Number,
        call: |cells| number(cells, Some, f64::ceil),
    },
    Function {
        name: "day",
        description: "Day of the month, in Asia/Shanghai.",
        arguments: &[Kind::Time],
        returns: Kind::Number,
        call: |cells| civil(cells, |(_, _, day)| day),
    },
    Function {
        name: "floor",
        description: "The largest whole number that is not larger.",
        arguments: &[Kind::Number],
        returns: Kind::Number,
        call: |cells| number(cells, Some, f64::floor),
    },
    Function {
        name: "length",
        description: "Number of characters of the text.",
        arguments: &[Kind::Text],
        returns: Kind::Number,
        call: |cells| match cells {
            [Cell::Text(text)] => Cell::Number(Number::Int(text.chars().count() as i128)),
            _ => Cell::Null,
        },
    },
    Function {
        name: "lower",
        description: "The text in small letters.",
        arguments: &[Kind::Text],
        returns: Kind::Text,
        call: |cells| text(cells, str::to_lowercase),
    },
    Function {
        name: "month",
        description: "Month of the year from 1, in Asia/Shanghai.",
        arguments: &[Kind::Time],
        returns: Kind::Number,
        call: |cells| civil(cells, |(_, month, _)| month),
    },
    Function {
        name: "round",
        description: "The nearest whole number, halves away from zero.",
        arguments: &[Kind::Number],
        returns: Kind::Number,
        call: |cells| number(cells, Some, f64::round),
    },
    Function {
        name: "trim",
        description: "The text without white space at its ends.",
        arguments: &[Kind::Text],
        returns: Kind::Text,
        call: |cells| text(cells, |text| text.trim().to_owned()),
    },
    Function {
        name: "upper",
        description: "The text in capital letters.",
        arguments: &[Kind::Text],
        returns: Kind::Text,
        call: |cells| text(cells, str::to_uppercase),
    },
    Function {
        name: "year",
        description: "The year, in Asia/Shanghai.",
        arguments: &[Kind::Time],
        returns: Kind::Number,
        call: |cells| civil(cells, |(year, _, _)| year),
    },
];

fn number<'a>(cells: &[Cell<'a>], int: fn(i128) -> Option<i128>, real: fn(f64) -> f64) -> Cell<'a> {
    match cells {
        [Cell::Number(Number::Int(value))] => {
            int(*value).map_or(Cell::Null, |value| Cell::Number(Number::Int(value)))
        }
        [Cell::Number(Number::Real(value))] => Cell::Number(Number::Real(real(*value))),
        _ => Cell::Null,
    }
}

fn text<'a>(cells: &[Cell<'a>], change: fn(&str) -> String) -> Cell<'a> {
    match cells {
        [Cell::Text(text)] => Cell::Text(Cow::Owned(change(text))),
        _ => Cell::Null,
    }
}

fn civil<'a>(cells: &[Cell<'a>], part: fn((i64, i64, i64)) -> i64) -> Cell<'a> {
    match cells {
        [Cell::Time(time)] => Cell::Number(Number::Int(part(time.date().civil()).into())),
        _ => Cell::Null,
    }
}
