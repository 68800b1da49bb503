//! Rows without coordinates against what has a place: by codes, by address, by name (数据归集对比).
//!
//! `address` and `name` bring texts into forms in which offices that write differently agree,
//! `numerals` reads Chinese numbers, `index` makes keys of them, `matcher` finds the one target that a row
//! means and says by what.
//!
//! *Invariants:* what fits several targets alike is told as ambiguous and never chosen; the work for one
//! row does not grow with the number of targets; reasons name levels and kinds of codes, never values.

mod address;
mod index;
mod matcher;
#[cfg(test)]
mod matching_tests;
mod name;
mod numerals;

pub use address::{Address, AddressLevel};
pub use matcher::{By, Candidates, MatchOutcome, Matcher, Matters, Sought};
pub use name::NameForm;
