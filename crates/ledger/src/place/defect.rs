//! What can be wrong with units of administration, in words.

use thiserror::Error;

use super::place_defect::OnDay;
use super::{CodeScheme, Day, InvalidDay, Level, Validity};

/// One defect. Rows are named by the id of their feature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnitDefect {
    /// No code.
    #[error("unit {row} has no code: give it one, such as its stat12")]
    NoCode {
        /// Which row.
        row: i64,
    },
    /// A level that is none.
    #[error(
        "unit {row} ({code}) has the level {level:?}: it is one of city (市), district (区), town \
         (街乡镇), village (社区村), courtyard (楼院)"
    )]
    UnknownLevel {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// What stands there.
        level: String,
    },
    /// A day that is none.
    #[error("{field} of unit {row} ({code}): {fault}")]
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
        "unit {row} ({code}) is valid {validity}, on no day: valid_to is the first day on which it \
         holds no more"
    )]
    NeverValid {
        /// Which row.
        row: i64,
        /// Its code.
        code: String,
        /// What is said.
        validity: Validity,
    },
    /// A code that its scheme does not know.
    #[error("{} ({}) of unit {row} ({code}): {fault}", scheme.identifier(), scheme.chinese())]
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
    #[error("unit {row} ({code}) names the parent {parent}, which no unit has as its code")]
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
        "unit {row} ({code}) is a {level} without a parent: name the code of its unit one level up"
    )]
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
        "unit {row} ({code}) is a {level} and its parent {parent} a {parent_level}: a parent is one \
         level up"
    )]
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
        "unit {row} ({code}) is valid {validity}, its parent {parent} not {}",
        OnDay(*.since)
    )]
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
