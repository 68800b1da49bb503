//! A survey package (权籍调查成果) on its way into household files: which table is which, what is wrong
//! with its rows, and which rows of holders make one household.
//!
//! *Invariant:* tables, columns and tolerances are data; no name, certificate or telephone is ever told,
//! persons are compared by tokens that say nothing.

mod check;
mod codes;
mod defect;
mod definition;
mod holders;
mod numbers;
mod recognise;
#[cfg(test)]
mod survey_tests;

pub use check::SurveyTables;
pub use codes::{CodeAt, CodesOf, check_codes};
pub use defect::{DefectKind, SurveyDefect};
pub use definition::{
    Certificates, ColumnKind, Holding, Meaning, SurveyColumn, SurveySet, SurveyTable,
    TableGeometry, TableRole, Tolerance,
};
pub use holders::{Holder, HolderGroup, PersonToken, households};
pub use numbers::{KnownHousehold, Numbered, door_number, number_households};
pub use recognise::Recognised;

/// The tables that come with the program, as TOML.
pub const DEFAULT_SURVEY: &str = include_str!("../../survey.toml");
