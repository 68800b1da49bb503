//! Registration of points, and events of points, from a spreadsheet.
//!
//! `sheet` reads the file where the command runs; `take_in` does the work where the store is held,
//! in this process or in the server's, and `raise` raises events, one a row. A row without a number, or with one that the ledger does not
//! have, is reported and registered; one whose number is known gives that point new values of the
//! columns that do not follow from events.
//!
//! *Invariant:* every row ends as a point or with a defect that names row and column, in print by the header of the sheet.

mod columns;
mod event_columns;
mod ids;
mod raise;
mod sheet;
mod take_in;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use ids::{IdOf, uuid};
pub use raise::{EventSheet, raise_rows};
pub use sheet::{ReadSheet, SheetColumns, SheetOptions, read};
pub use take_in::take_in;

/// A spreadsheet, and how it is taken in.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Whether one bad row keeps all others out.
    pub strict: bool,
    /// In which role points are reported and registered.
    pub role: String,
    /// 补录: history, for a ledger without events of its own.
    pub backfilled: bool,
    /// When points were registered of which the row does not say so, RFC 3339.
    pub registered_at: String,
    /// Its rows.
    pub rows: Vec<SheetRow>,
}

/// One row.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SheetRow {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Longitude and latitude, where it has a place.
    pub place: Option<[f64; 2]>,
    /// What stands in it, by the name of the column of `points`; nothing blank.
    pub cells: BTreeMap<String, String>,
    /// What keeps it from being read.
    pub defects: Vec<CellDefect>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CellDefect {
    /// The column; empty for the row as a whole.
    pub column: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is a new point of the ledger.
    Registered,
    /// It is a new event of its point.
    Raised,
    /// The ledger had it, from this file or another.
    Known,
    /// Its point has new values.
    Changed,
    /// It is bad.
    Refused,
    /// It is good, and another row is bad of a file that is taken whole or not at all.
    Withheld,
}

/// One row of what came of a sheet.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RowFate {
    /// Its number in the file.
    pub row: u64,
    /// What became of it.
    pub fate: Fate,
    /// The number on the ledger, where it has one.
    pub code: Option<String>,
    /// What is wrong with it.
    pub defects: Vec<CellDefect>,
}
