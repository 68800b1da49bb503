//! `tuban rules`: the store, the rule, and which of its clues.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use engine::clues::{MAX_CLUES_PAGE, Reviewed};
use engine::query::Place;
use ledger::clue::Verdict;
use ledger::place::Day;
use server::clues::bbox;
use spatial::Timestamp;

/// What becomes of a clue.
const PROPOSES: &str = "Every clue is a proposal (疑似线索): nothing changes before a person raises an \
    event at the point, or says by a decision that it is so (POST /rules/RULE/reviews). Rules about enterprises print codes of theirs: keep that among those who may know.";

/// `tuban rules`
#[derive(Debug, Args)]
#[command(after_help = PROPOSES)]
pub struct RulesArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// Code of the rule [default: list the rules, and what they lack in this store]
    pub rule: Option<String>,
    /// File of rules [default: `spatial_rules` of the configuration, or those built in]
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// File of the catalogue of industries [default: `catalogue` of the configuration, or the example
    /// built in]
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// Only where it meets this box: west,south,east,north in degrees
    #[arg(long, value_name = "BOX", allow_hyphen_values = true, value_parser = bbox)]
    pub bbox: Option<Place>,
    /// Only in the unit of this code, a row of `admin_units`
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// Of which feature, where the rule is asked of one: the parcel of `neighbours`
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// The day up to which days are counted, in Asia/Shanghai [default: that of --as-of, or today]
    #[arg(long, value_name = "DAY")]
    pub date: Option<Day>,
    /// The state that had been recorded by then: a day, or a time as 2026-11-22T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = server::moment)]
    pub as_of: Option<Timestamp>,
    /// Only clues of which this was said
    #[arg(long, value_name = "WHAT")]
    pub review: Option<ReviewArg>,
    /// How many clues, at most [default: 100, in a file as many as one may hold]
    #[arg(long, value_name = "N", value_parser = page)]
    pub limit: Option<usize>,
    /// How many are left out at the beginning
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
    /// Write what the rule proposes as a table to this file (.csv or .xlsx) instead of printing it
    #[arg(long, short, value_name = "FILE", requires = "rule")]
    pub out: Option<PathBuf>,
}

/// What was said of a clue.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ReviewArg {
    /// Nothing yet
    Open,
    /// That it is so
    Confirmed,
    /// That it is not so
    Dismissed,
}

impl ReviewArg {
    /// The same for the engine.
    pub fn of(self) -> Reviewed {
        match self {
            Self::Open => Reviewed::Open,
            Self::Confirmed => Reviewed::As(Verdict::Confirmed),
            Self::Dismissed => Reviewed::As(Verdict::Dismissed),
        }
    }
}

fn page(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MAX_CLUES_PAGE).contains(number));
    number.ok_or_else(|| format!("a whole number from 1 to {MAX_CLUES_PAGE} is expected"))
}
