//! `tuban indicators`: figures of the ledger for a clerk.

use std::path::PathBuf;

use clap::Args;

/// What stands in templates, and where answers come from.
const HELP: &str = "Answers are those of GET /indicators and GET /targets. A template is a workbook \
    whose cells ask by name: {{closing_rate}} for the unit, {{closing_rate.110115001}} for a part of \
    it, {{closing_rate.unplaced.110115}} for what lies in none; with numerator., denominator. or \
    fraction. before the name; and {{as_of}}, {{window_from}}, {{window_to}}, {{unit}}, {{task}}, \
    {{edition}}, {{revision}}. [ledger] indicators and targets in tuban.toml name the files of \
    definitions and targets.";

/// `tuban indicators`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct IndicatorsArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// Tell how far units are with their targets instead
    #[arg(long)]
    pub targets: bool,
    /// Code of the unit that is the whole [default: all]
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// Code of the focus area (重点区域、片区) that all lies in [default: everywhere]
    #[arg(long, value_name = "CODE", conflicts_with = "targets")]
    pub focus_area: Option<String>,
    /// Only points and targets of this task
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
    /// Codes of the indicators, by commas between, or all [default: all that do not take long]
    #[arg(long, value_name = "CODES")]
    pub indicator: Option<String>,
    /// As it had been recorded at that moment, or by the end of that day [default: now]
    #[arg(long, value_name = "MOMENT")]
    pub as_of: Option<String>,
    /// First day of the window, in Asia/Shanghai [default: of the year]
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last day of the window [default: of the year]
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// The window as a year, quarter or month: 2026, 2026-Q3, 2026-09 [default: this year]
    #[arg(long, value_name = "PERIOD")]
    pub year: Option<String>,
    /// How many levels below the unit are told
    #[arg(long, value_name = "LEVELS", default_value = "1")]
    pub depth: String,
    /// Rank the parts of the unit by this indicator
    #[arg(long, value_name = "INDICATOR")]
    pub rank: Option<String>,
    /// Write a table, .csv or .xlsx, or the answer as .json [default: print JSON]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Fill this workbook and write it to --out
    #[arg(long, value_name = "OFFICE.xlsx", requires = "out", conflicts_with = "targets")]
    pub template: Option<PathBuf>,
}
