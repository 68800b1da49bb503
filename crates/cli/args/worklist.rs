//! `tuban worklist`: what waits.

use std::path::PathBuf;

use clap::Args;
use ledger::point::{Lamp, Role};
use ledger::worklist::Work;

/// Most pieces of work that are printed or written when nothing is said.
const LIMIT: usize = 10_000;

/// `tuban worklist`
#[derive(Debug, Args)]
pub struct WorklistArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// What waits for the unit of this code, and for those beneath it in admin_units
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// What waits at points that this person answers for
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    /// What waits at points of this task
    #[arg(long, value_name = "CODE")]
    pub task: Option<String>,
    /// What waits for this piece of work, e.g. verify, arrive or read
    #[arg(long, value_name = "WORK", value_parser = work)]
    pub work: Option<Work>,
    /// What waits for this role, e.g. town or district_checker
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Option<Role>,
    /// What has this lamp: green, yellow or red
    #[arg(long, value_name = "LAMP", value_parser = lamp)]
    pub lamp: Option<Lamp>,
    /// As it had been recorded: a day of Asia/Shanghai, or a time with a zone
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Most pieces of work, the most urgent first
    #[arg(long, value_name = "COUNT", default_value_t = LIMIT)]
    pub limit: usize,
    /// Write a table to this file (.csv or .xlsx) instead of printing it
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
}

fn role(text: &str) -> Result<Role, String> {
    let words = Role::SHIPPED.map(|role| role.to_string()).join(", ");
    Role::from_identifier(text)
        .ok_or_else(|| format!("use one of {words}, or a role of the city's own"))
}

fn work(text: &str) -> Result<Work, String> {
    Work::from_identifier(text)
        .ok_or_else(|| format!("use one of {}", Work::ALL.map(Work::identifier).join(", ")))
}

fn lamp(text: &str) -> Result<Lamp, String> {
    Lamp::from_identifier(text)
        .ok_or_else(|| format!("use one of {}", Lamp::ALL.map(Lamp::identifier).join(", ")))
}
