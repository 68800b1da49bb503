//! `tuban whistle`: calls of departments (吹哨报到).

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What a call is.
const HELP: &str = "The same as POST /whistles, …/arrivals and …/close: sent again, nothing changes. Each \
    command prints the call: its code, who came, who is missing.";

/// `tuban whistle`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct WhistleArgs {
    /// What is told
    #[command(subcommand)]
    pub action: WhistleAction,
}

/// What is told of a call.
#[derive(Debug, Subcommand)]
pub enum WhistleAction {
    /// Call departments (吹哨)
    Add(AddWhistleArgs),
    /// Tell that a department came (报到)
    Arrive(ArriveArgs),
    /// Close a call (办结); refused while a department has not come
    Close(CloseArgs),
}

/// `tuban whistle add`
#[derive(Debug, Args)]
pub struct AddWhistleArgs {
    /// The store; a server may hold it
    pub store: PathBuf,
    /// Code of the unit that calls
    #[arg(long, value_name = "CODE")]
    pub caller: String,
    /// What about
    #[arg(long, value_name = "TEXT")]
    pub subject: String,
    /// A department that is called; may be repeated
    #[arg(long, value_name = "NAME", required = true)]
    pub department: Vec<String>,
    /// The point of the ledger, by number or id; the call lies there
    #[arg(long, value_name = "CODE")]
    pub point: Option<String>,
    /// Code of the call, so that it may be sent again [default: the next one of the day]
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Longitude, for a call that lies elsewhere
    #[arg(long, value_name = "DEGREES", requires = "lat", allow_hyphen_values = true)]
    pub lon: Option<f64>,
    /// Latitude
    #[arg(long, value_name = "DEGREES", requires = "lon", allow_hyphen_values = true)]
    pub lat: Option<f64>,
    /// When, and how it is printed
    #[command(flatten)]
    pub told: ToldAtArgs,
}

/// `tuban whistle arrive`
#[derive(Debug, Args)]
pub struct ArriveArgs {
    /// The store; a server may hold it
    pub store: PathBuf,
    /// Code of the call
    pub code: String,
    /// The department that came
    #[arg(long, value_name = "NAME")]
    pub department: String,
    /// What it says
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// When, and how it is printed
    #[command(flatten)]
    pub told: ToldAtArgs,
}

/// `tuban whistle close`
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The store; a server may hold it
    pub store: PathBuf,
    /// Code of the call
    pub code: String,
    /// What came of it
    #[arg(long, value_name = "TEXT")]
    pub result: String,
    /// Close it although departments have not come
    #[arg(long)]
    pub accept_missing: bool,
    /// When, and how it is printed
    #[command(flatten)]
    pub told: ToldAtArgs,
}

/// When something was, and how the call is printed.
#[derive(Debug, Args)]
pub struct ToldAtArgs {
    /// When: a time with a zone, or one of Asia/Shanghai [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Print the call as JSON
    #[arg(long)]
    pub json: bool,
}
