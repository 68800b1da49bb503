//! A table as people read it: a title, columns, typed cells, notes at its foot.
//!
//! Made where figures come from, written by whoever knows a format.

use std::fmt;

/// A table. Every row has a cell for each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it is of; a name of a sheet too.
    pub title: String,
    /// Its columns.
    pub columns: Vec<TableColumn>,
    /// Its rows.
    pub rows: Vec<Vec<TableCell>>,
    /// What a reader must know of it, a line each.
    pub notes: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableColumn {
    /// What stands above it and its neighbours of the same group; empty without one.
    pub group: String,
    /// Its heading.
    pub name: String,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableCell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A decimal number, exact: `scaled` over ten to the power of `decimals`.
    Number {
        /// The number without its point.
        scaled: i128,
        /// How many of its digits stand behind the point.
        decimals: u8,
    },
    /// A day, counted from 1970-01-01.
    Day(i64),
}

impl TableColumn {
    /// A column of no group.
    pub fn named(name: impl Into<String>) -> Self {
        Self { group: String::new(), name: name.into() }
    }

    /// Its heading in one line, after that of its group.
    pub fn heading(&self) -> String {
        match self.group.is_empty() {
            true => self.name.clone(),
            false => format!("{} {}", self.group, self.name),
        }
    }
}

impl From<&str> for TableCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for TableCell {
    fn from(number: i64) -> Self {
        Self::Number { scaled: i128::from(number), decimals: 0 }
    }
}

impl fmt::Display for TableCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Number { scaled, decimals: 0 } => write!(f, "{scaled}"),
            Self::Number { scaled, decimals } => {
                let width = usize::from(*decimals) + 1;
                let digits = format!("{:0width$}", scaled.unsigned_abs());
                let (whole, part) = digits.split_at(digits.len() - usize::from(*decimals));
                let sign = if *scaled < 0 { "-" } else { "" };
                write!(f, "{sign}{whole}.{part}")
            }
            Self::Day(days) => {
                let (year, month, day) = crate::calendar::civil_from_days(*days);
                write!(f, "{year:04}-{month:02}-{day:02}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_as_people_read_them() {
        let number = |scaled, decimals| TableCell::Number { scaled, decimals };
        for (cell, text) in [
            (TableCell::Empty, ""),
            ("挂账".into(), "挂账"),
            (TableCell::from(-7), "-7"),
            (number(-7, 2), "-0.07"),
            (number(12_345, 2), "123.45"),
            (number(0, 3), "0.000"),
            (TableCell::Day(20_783), "2026-11-26"),
        ] {
            assert_eq!(cell.to_string(), text);
        }
    }
}
