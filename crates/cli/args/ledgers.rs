//! `tuban ledgers` and `tuban town`: which ledger or town, of when, and where it is written.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use engine::ledger::MAX_BOOK_ROWS;
use ledger::place::Day;
use spatial::Timestamp;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrintedAs {
    /// Lines with tabs.
    Text,
    /// JSON.
    Json,
    /// CSV.
    Csv,
}

/// `tuban ledgers`
#[derive(Debug, Args)]
pub struct LedgersArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// Id of the ledger [default: list the ledgers, with how many rows each has]
    pub id: Option<String>,
    /// File of ledgers [default: `ledgers` of the configuration, or those built in]
    #[arg(long, value_name = "FILE")]
    pub ledgers: Option<PathBuf>,
    /// Only rows of the unit of this code, and of those beneath it in admin_units
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// Only rows of this task
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
    /// As it had been recorded: a day of Asia/Shanghai, or a time with a zone
    #[arg(long, value_name = "TIME", value_parser = server::moment)]
    pub as_of: Option<Timestamp>,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = MAX_BOOK_ROWS)]
    pub limit: usize,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = PrintedAs::Text)]
    pub format: PrintedAs,
    /// Write tables to this file (.csv or .xlsx) instead of printing them
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What is told of a town.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TownPart {
    /// Its problems and projects (两清单).
    Lists,
    /// Its plan with milestones and progress (一街(镇)一方案).
    Plan,
}

/// `tuban town`
#[derive(Debug, Args)]
pub struct TownArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// Code of the town
    pub code: String,
    /// What is told of it
    #[arg(value_enum)]
    pub part: TownPart,
    /// The day that plans and dates are held against [default: that of --as-of, or today]
    #[arg(long, value_name = "DAY")]
    pub date: Option<Day>,
    /// As it had been recorded: a day of Asia/Shanghai, or a time with a zone
    #[arg(long, value_name = "TIME", value_parser = server::moment)]
    pub as_of: Option<Timestamp>,
    /// Write lists as .csv (the problems) or .xlsx (both), or the plan as a page .html, to this file
    /// instead of printing JSON
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
