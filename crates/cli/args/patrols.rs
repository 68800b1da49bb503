//! `tuban patrols`: patrols from a file, what they cover of the alleys, and what patrollers did.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::patrols::{Grouping, Period};
use ledger::place::Day;
use spatial::Timestamp;

/// `tuban patrols`
#[derive(Debug, Args)]
pub struct PatrolsArgs {
    /// What is asked.
    #[command(subcommand)]
    pub action: PatrolsAction,
}

/// What is asked of patrols.
#[derive(Debug, Subcommand)]
pub enum PatrolsAction {
    /// Take patrols from a file, as phones send them; those that are known stay as they are
    Add(AddPatrolsArgs),
    /// What was covered of the alleys in duty (巡查覆盖率), by town and alley
    Coverage(CoverageArgs),
    /// Patrols, days, metres, findings and points that came of them (激励), by role, unit or person
    Statistics(StatisticsArgs),
}

/// What the file holds, and what the exit codes say.
const ADD_HELP: &str = "The file holds what POST /patrols takes: a patrol, or a list of up to 200, as JSON; \
    - is standard input.\n\nExit code: 0 when every patrol is in the store with the points that it \
    reports, 3 when one was refused, 1 when nothing could be done.";

/// `tuban patrols add`
#[derive(Debug, Args)]
#[command(after_help = ADD_HELP)]
pub struct AddPatrolsArgs {
    /// The store; a server may hold it
    pub store: PathBuf,
    /// JSON
    pub file: PathBuf,
    /// Print what became of every patrol as JSON
    #[arg(long)]
    pub json: bool,
}

/// `tuban patrols coverage`
#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// Alleys of this town, or of the towns beneath this unit in admin_units
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// The day, in Asia/Shanghai [default: that of --as-of, or today]
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "to"])]
    pub date: Option<Day>,
    /// The first of several days
    #[arg(long, value_name = "DAY")]
    pub from: Option<Day>,
    /// The last of several days
    #[arg(long, value_name = "DAY")]
    pub to: Option<Day>,
    /// What is told, and where
    #[command(flatten)]
    pub told: ToldArgs,
}

/// `tuban patrols statistics`
#[derive(Debug, Args)]
pub struct StatisticsArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// By what patrols are counted: role, unit, or person, who is told to whoever holds the file
    #[arg(long, value_name = "WORD", default_value = "role", value_parser = grouping)]
    pub by: Grouping,
    /// In which parts of time: whole, year, month or day
    #[arg(long, value_name = "WORD", default_value = "whole", value_parser = period)]
    pub period: Period,
    /// Patrols for this unit, or for one beneath it in admin_units
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// From this day on, in Asia/Shanghai
    #[arg(long, value_name = "DAY")]
    pub from: Option<Day>,
    /// Until this day
    #[arg(long, value_name = "DAY")]
    pub to: Option<Day>,
    /// What is told, and where
    #[command(flatten)]
    pub told: ToldArgs,
}

/// The state that is told of, and how.
#[derive(Debug, Args)]
pub struct ToldArgs {
    /// As it had been recorded: a day of Asia/Shanghai, or a time with a zone
    #[arg(long, value_name = "TIME", value_parser = server::moment)]
    pub as_of: Option<Timestamp>,
    /// Write tables to this file (.csv or .xlsx) instead of printing them
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
}

fn grouping(text: &str) -> Result<Grouping, String> {
    let words = Grouping::ALL.map(Grouping::identifier);
    let found = Grouping::ALL.into_iter().find(|one| one.identifier() == text);
    found.ok_or_else(|| format!("use one of {}", words.join(", ")))
}

fn period(text: &str) -> Result<Period, String> {
    let words = Period::ALL.map(Period::identifier);
    let found = Period::ALL.into_iter().find(|one| one.identifier() == text);
    found.ok_or_else(|| format!("use one of {}", words.join(", ")))
}
