//! Indicators (指标): what of the ledger is counted, divided and ranked.
//!
//! A definition is data in a closed vocabulary ([`DefinitionSet`], checked once as
//! [`Definitions`]). [`evaluate`] answers all of them over [`PointFacts`], for a unit, all units
//! below it and what lies in none of them. Figures are exact: sums are whole hundredths, rates keep
//! both their sides, and a zero denominator has no value.
//!
//! *Invariant:* a figure depends on the facts, the definitions and the moment alone; parts and the
//! row 未落界 add up to the whole exactly.

mod check;
mod classes;
mod clearing;
mod counts;
mod definition;
mod evaluate;
mod facts;
mod figures;
mod named_cells;
mod progress;
mod ranking;
mod ratio;
mod record_check;
mod record_rows;
mod record_sum;
mod select;
mod small_counts;
mod tables;
mod target;
mod timetable;
mod unit_of_measure;
mod unit_tree;
mod value;
mod window;
mod words;

#[cfg(test)]
mod cases_tests;
#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod clearing_tests;
#[cfg(test)]
mod histories_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod record_tests;
#[cfg(test)]
mod select_tests;

pub use check::{DefinitionFault, Definitions};
pub use classes::Classes;
pub use clearing::{Cleared, Clearing, cleared, clearing_faults};
pub use counts::{Counting, Counts};
pub use definition::{
    Basis, Better, Condition, Definition, DefinitionSet, Extent, Formula, Measure, Population,
    States, Term, Weight, YearWeights, Years,
};
pub use evaluate::{Moment, OutsideSums, Question, evaluate, figures_of};
pub use facts::{Closed, Done, Ending, EventRow, PointFacts, PointRow};
pub use figures::{Figure, FigureRow, Figures, NoValue, Place};
pub use named_cells::names;
pub use progress::{Progress, ProgressRules, progress};
pub use ranking::{Ranked, rank};
pub use ratio::{Exact, Ratio};
pub use record_rows::{BoundSum, RowValues};
pub use record_sum::{Plain, RecordSum, RowCondition, RowQuantity};
pub use tables::{
    Caption, Detail, Persons, clearing_table, figures_table, progress_table, ranking_table,
};
pub use target::{Target, TargetFault, Targets};
pub use timetable::Step;
pub use unit_of_measure::{Factor, InvalidFactor};
pub use unit_tree::{Unit, UnitFault, UnitTree};
pub use window::{InvalidPeriod, Period, Window, year_of};

/// The indicators that come with the program, as TOML for whoever reads it into a
/// [`DefinitionSet`].
pub const DEFAULT_DEFINITIONS: &str = include_str!("../../indicators.toml");
