//! The type of a column, from every one of its cells, and their values.

use spatial::{FieldType, Value};

use super::Cell;
use crate::datetime::{WithoutZone, is_date, utc_time};
use crate::number::push_number;

/// Digits that a double keeps exactly, and a spreadsheet too.
const EXACT_DIGITS: usize = 15;
/// Integers up to here are exact in a double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// What one cell could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Int = 1,
    Real = 2,
    Bool = 4,
    Date = 8,
    DateTime = 16,
    Text = 32,
}

/// What the cells of one column have been so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Guess {
    seen: u8,
    lost_digits: bool,
}

impl Guess {
    /// Takes one more cell as evidence.
    pub(crate) fn see(&mut self, cell: &Cell) {
        let class = match cell {
            Cell::Empty => return,
            Cell::Untyped(text) => class_of(text),
            Cell::Text(_) => Class::Text,
            Cell::Number(number) => {
                self.lost_digits |= number.abs() >= 1e15 && number.fract() == 0.0;
                if number.fract() == 0.0 && number.abs() <= MAX_EXACT {
                    Class::Int
                } else {
                    Class::Real
                }
            }
            Cell::Bool(_) => Class::Bool,
            Cell::Date(_) => Class::Date,
        };
        self.seen |= class as u8;
    }

    /// The narrowest type that holds every cell.
    pub(crate) fn field_type(self) -> FieldType {
        const REALS: u8 = Class::Int as u8 | Class::Real as u8;
        match self.seen {
            seen if seen == Class::Int as u8 => FieldType::Int,
            seen if seen != 0 && seen & !REALS == 0 => FieldType::Real,
            seen if seen == Class::Bool as u8 => FieldType::Bool,
            seen if seen == Class::Date as u8 => FieldType::Date,
            seen if seen == Class::DateTime as u8 => FieldType::DateTime,
            _ => FieldType::Text,
        }
    }

    /// Whether a number was so long that a spreadsheet has rounded it.
    pub(crate) fn lost_digits(self) -> bool {
        self.lost_digits
    }
}

/// Whether a cell of text is a number by the look of it.
pub(crate) fn is_number(text: &str) -> bool {
    matches!(class_of(text), Class::Int | Class::Real)
}

fn class_of(text: &str) -> Class {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Class::Bool;
    }
    if let Some(class) = number_class(text.strip_prefix('-').unwrap_or(text)) {
        return class;
    }
    if date(text).is_some() {
        Class::Date
    } else if utc_time(text, WithoutZone::Refuse).is_some() {
        Class::DateTime
    } else {
        Class::Text
    }
}

/// The class of an unsigned number. `007`, `+7`, 16 digits and `12E4` (a house, not 120,000)
/// are no numbers here.
fn number_class(text: &str) -> Option<Class> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let plain = digits(whole)
        && whole.len() <= EXACT_DIGITS
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits);
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        digits(unsigned) && unsigned.len() <= 2 && (fraction.is_some() || unsigned != exponent)
    });
    (plain && exponent_fits).then_some(match (fraction, exponent) {
        (None, None) => Class::Int,
        _ => Class::Real,
    })
}

/// `2026-1-5`, `2026/01/05` or `2026年1月5日` as `YYYY-MM-DD`.
fn date(text: &str) -> Option<String> {
    let parts: Vec<&str> = if text.contains('年') {
        text.strip_suffix('日')?.split(['年', '月']).collect()
    } else {
        let separator = if text.contains('/') { '/' } else { '-' };
        text.split(separator).collect()
    };
    let [year, month, day] = parts.as_slice() else { return None };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let plain = year.len() == 4
        && (1..=2).contains(&month.len())
        && (1..=2).contains(&day.len())
        && parts.iter().all(|part| digits(part));
    let date = plain.then(|| format!("{year}-{month:0>2}-{day:0>2}"))?;
    is_date(&date).then_some(date)
}

/// The value of `cell` in a column of `field_type`, which its survey has settled.
pub(crate) fn value(cell: &Cell, field_type: FieldType) -> Value {
    let text = match cell {
        Cell::Empty => return Value::Null,
        Cell::Untyped(text) | Cell::Text(text) | Cell::Date(text) => text,
        Cell::Number(number) => {
            return match field_type {
                FieldType::Int => Value::Int(*number as i64),
                FieldType::Real => Value::Real(*number),
                _ => {
                    let mut text = String::new();
                    push_number(&mut text, *number);
                    Value::Text(text)
                }
            };
        }
        Cell::Bool(truth) => {
            return match field_type {
                FieldType::Bool => Value::Bool(*truth),
                _ => Value::Text(truth.to_string()),
            };
        }
    };
    let typed = match field_type {
        FieldType::Int => text.parse().ok().map(Value::Int),
        FieldType::Real => text.parse().ok().map(Value::Real),
        FieldType::Bool => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
        FieldType::Date => date(text).map(Value::Text),
        FieldType::DateTime => utc_time(text, WithoutZone::Refuse).map(Value::Text),
        FieldType::Text | FieldType::Bytes => None,
    };
    typed.unwrap_or_else(|| Value::Text(text.clone()))
}
