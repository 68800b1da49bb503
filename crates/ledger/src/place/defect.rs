//! What can be wrong with units of administration, in words.

use std::fmt;

use thiserror::Error;

use super::place_defect::OnDay;
use super::{CodeScheme, Day, InvalidDay, Level, Validity};

/// One defect. Rows are named by the id of their feature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnitDefect {
    /// No code.
    #[error("{} has no code: give it one, such as its stat12", Named(*.row, ""))]
    NoCode {
        /// Which row.
        row: i64,
    },
    /// A level that is none.
    #[error(
        "{} has the level {level:?}: it is one of city (市), district (区), town \
         (街乡镇), village (社区村), courtyard (楼院)", Named(*.row, .code))]
    UnknownLevel {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// What stands there.
        level: String,
    },
    /// A day that is none.
    #[error("{field} of {}: {fault}", Named(*.row, .code))]
    BadDay {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// `valid_from` or `valid_to`.
        field: &'static str,
        /// What is wrong.
        fault: InvalidDay,
    },
    /// It ends before it begins.
    #[error(
        "{} is valid {validity}, on no day: valid_to is the first day on which it \
         holds no more", Named(*.row, .code))]
    NeverValid {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// What is said.
        validity: Validity,
    },
    /// A code that its scheme does not know.
    #[error("{} ({}) of {}: {fault}", scheme.identifier(), scheme.chinese(), Named(*.row, .code))]
    BadCode {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// Which code.
        scheme: CodeScheme,
        /// What is wrong.
        fault: String,
    },
    /// A parent that is not there.
    #[error("{} names the parent {parent}, which no unit has as its code", Named(*.row, .code))]
    UnknownParent {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// What it names.
        parent: String,
    },
    /// No parent where units of the level above are there.
    #[error(
        "{} is a {level} without a parent: name the code of its unit one level up", Named(*.row, .code))]
    NoParent {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// Its level.
        level: Level,
    },
    /// A parent of another level than the next.
    #[error(
        "{} is a {level} and its parent {parent} a {parent_level}: a parent is one \
         level up", Named(*.row, .code))]
    ParentLevel {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// Its level.
        level: Level,
        /// Its parent.
        parent: String,
        /// The parent's level.
        parent_level: Level,
    },
    /// A parent that is not valid all the while.
    #[error(
        "{} is valid {validity}, its parent {parent} not {}", Named(*.row, .code), OnDay(*.since))]
    ParentNotValid {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// When the unit is valid.
        validity: Validity,
        /// Its parent.
        parent: String,
        /// The first day without the parent; `None` is before every day.
        since: Option<Day>,
    },
    /// Two rows of one code that are valid at the same time.
    #[error(
        "units {row} and {other} both have the code {code} {both}: end one where the other begins"
    )]
    Overlap {
        /// One row.
        row: i64,
        /// The other.
        other: i64,
        /// Their code.
        code: String,
        /// When both are valid.
        both: Validity,
    },
    /// Two units of one parent that are called alike.
    #[error(
        "units {row} ({code}) and {other} ({other_code}) of one parent are both called {name:?} \
         {both}: a name or alias must tell them apart"
    )]
    NameTaken {
        /// One row.
        row: i64,
        /// Its code.
        code: String,
        /// The other.
        other: i64,
        /// Its code.
        other_code: String,
        /// What both are called.
        name: String,
        /// When both are valid.
        both: Validity,
    },
    /// A level without units between two that have some.
    #[error("there are units below and above the level {level}, but none of it: load them too")]
    LevelGap {
        /// The level.
        level: Level,
    },
}

/// A unit by its row, if it has one, and its code.
struct Named<'a>(i64, &'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(..=0, "") => f.write_str("a new unit"),
            Self(..=0, code) => write!(f, "unit {code}"),
            Self(row, "") => write!(f, "unit {row}"),
            Self(row, code) => write!(f, "unit {row} ({code})"),
        }
    }
}
