//! Spreadsheets without coordinates held against collections that have them (数据归集对比).
//!
//! `columns` says what headers mean, `targets` reads what rows are held against, `report` tells what
//! became of each row, `append` makes features of those that were found. The rules are `ledger::matching`.
//!
//! *Invariant:* every row ends in the report: found, ambiguous with its candidates, or not found and
//! what it lacked.

mod append;
mod columns;
mod report;
mod targets;

pub use append::Appending;
pub use columns::{column_of, matters};
pub use report::{Tally, table};
pub use targets::Targets;

use ledger::matching::MatchOutcome;

/// What became of a row: in each collection that it was held against, in their order.
#[derive(Debug)]
pub struct RowOutcome {
    /// Its number in the file.
    pub row: u64,
    /// By the position of the collection.
    pub outcomes: Vec<MatchOutcome>,
    /// What keeps it from being read; nothing else was done with it then.
    pub defect: Option<String>,
}

impl RowOutcome {
    /// The targets that were found, with the positions of their collections.
    pub fn found(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.outcomes.iter().enumerate().filter_map(|(at, outcome)| match outcome {
            MatchOutcome::Matched { target, .. } => Some((at, *target)),
            _ => None,
        })
    }

    /// Whether several targets fit alike somewhere.
    pub fn is_ambiguous(&self) -> bool {
        self.outcomes.iter().any(|one| matches!(one, MatchOutcome::Ambiguous { .. }))
    }
}
