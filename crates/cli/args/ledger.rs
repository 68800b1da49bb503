//! `tuban ledger`: what a clerk asks of the ledger.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand};
use ledger::rows::{ENFORCEMENT, EVIDENCE};
use spatial::Timestamp;

/// `tuban ledger`
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// What to do
    #[command(subcommand)]
    pub action: LedgerAction,
}

/// What is done.
#[derive(Debug, Subcommand)]
pub enum LedgerAction {
    /// Make an empty ledger: the collections points and point_events
    Init {
        /// The store; created when it does not exist
        store: PathBuf,
        /// CRS that points are stored in, e.g. EPSG:4490 or EPSG:4548
        #[arg(long, value_name = "CRS", default_value = "EPSG:4490")]
        crs: String,
    },
    /// Add collections to a ledger: evidence, records of departments, outlets, patrols …
    Add {
        /// The store; a server may hold it
        store: PathBuf,
        /// Which; several are made one after the other
        #[arg(required = true, value_name = "PART", value_parser = parts())]
        parts: Vec<String>,
    },
    /// Register points from a spreadsheet, or give known points new values by their number
    Register(RegisterArgs),
    /// Raise events from a spreadsheet, one a row: dispatch many points, give many a later deadline
    Raise(RaiseArgs),
    /// Tell the events of a point with what they came to: state, lamp, evidence
    Trace(PointArgs),
    /// Tell what departments did at a point, and what was said, called, ordered and decided about it
    Enforcement(PointArgs),
    /// Write the form of approval of a point (销账审批表) as PDF, to be signed
    Approval(ApprovalArgs),
}

/// A point in one state.
#[derive(Debug, Args)]
pub struct PointOfState {
    /// The store; it may be served
    pub store: PathBuf,
    /// Number of the point on the ledger, or its id
    pub code: String,
    /// As it had been recorded: a day of Asia/Shanghai, or a time with a zone
    #[arg(long, value_name = "TIME", value_parser = server::moment)]
    pub as_of: Option<Timestamp>,
}

/// `tuban ledger trace` and `tuban ledger enforcement`
#[derive(Debug, Args)]
pub struct PointArgs {
    /// Which point, and when
    #[command(flatten)]
    pub point: PointOfState,
    /// Write a table to this file (.csv or .xlsx) instead of printing it
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
}

/// `tuban ledger approval`
#[derive(Debug, Args)]
pub struct ApprovalArgs {
    /// Which point, and when
    #[command(flatten)]
    pub point: PointOfState,
    /// The PDF that is written
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// The collections that may stand beside those of a ledger, each with its title.
fn parts() -> PossibleValuesParser {
    let evidence = PossibleValue::new(EVIDENCE)
        .help("证据: from then on events may only name evidence that is there");
    let enforcement =
        PossibleValue::new(ENFORCEMENT).help("执法记录, told in one timeline with events");
    let records =
        ledger::record::collections().map(|one| PossibleValue::new(one.id).help(one.title));
    [evidence, enforcement].into_iter().chain(records).collect::<Vec<_>>().into()
}

/// What a spreadsheet may hold, and what the exit codes say.
const REGISTER_HELP: &str = "Columns are named as those of points, or in Chinese (编号, 任务, 责任单位, \
    期限, 计划建筑面积, 地址 …). A row with the number (code) of a known point gives it new values of \
    address, source and the like; its place and what follows from events stay. `tuban export STORE \
    points.csv --collection points` writes such a file. The same row, read again, registers nothing \
    anew.\n\nExit code: 0 when every row is in the ledger, 3 when rows were left out, 1 when nothing \
    could be done.";

/// `tuban ledger register`
#[derive(Debug, Args)]
#[command(after_help = REGISTER_HELP)]
pub struct RegisterArgs {
    /// The store; a server may hold it
    pub store: PathBuf,
    /// CSV or XLSX; its first sheet is read
    pub file: PathBuf,
    /// Take all rows or none
    #[arg(long)]
    pub strict: bool,
    /// Role in which points are reported and registered
    #[arg(long, value_name = "ROLE", default_value = "town")]
    pub role: String,
    /// When points were registered of which the row does not say so [default: today]
    #[arg(long, value_name = "DAY")]
    pub date: Option<String>,
    /// Old history (补录), for a ledger that has no events of its own
    #[arg(long)]
    pub backfill: bool,
    /// CRS of the coordinates, e.g. EPSG:4548, gcj02, bd09
    #[arg(long, value_name = "CRS")]
    pub crs: Option<String>,
    /// Column of the easting or longitude
    #[arg(long, value_name = "COLUMN", requires = "y")]
    pub x: Option<String>,
    /// Column of the northing or latitude
    #[arg(long, value_name = "COLUMN", requires = "x")]
    pub y: Option<String>,
    /// Text encoding, e.g. GB18030 or UTF-8 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Print what became of every row as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a spreadsheet of events may hold, and what the exit codes say.
const RAISE_HELP: &str = "Columns are named as those of point_events, or in Chinese (点位编号, 事件, \
    承办单位, 期限, 批准 …); kinds and roles may be Chinese, too. The point is called by its id (point) or \
    its number (code). Each kind brings its own columns: dispatch a receiver, extend an approval and \
    due_at. The same row, read again, raises nothing anew.\n\nExit code: 0 when every row is an event \
    of its point, 3 when rows were left out, 1 when nothing could be done.";

/// `tuban ledger raise`
#[derive(Debug, Args)]
#[command(after_help = RAISE_HELP)]
pub struct RaiseArgs {
    /// The store; a server may hold it
    pub store: PathBuf,
    /// CSV or XLSX; its first sheet is read
    pub file: PathBuf,
    /// Take all rows or none
    #[arg(long)]
    pub strict: bool,
    /// Role in which events are raised of which the row does not say so
    #[arg(long, value_name = "ROLE", default_value = "town")]
    pub role: String,
    /// When events happened of which the row does not say so: a day or a time [default: now]
    #[arg(long, value_name = "TIME")]
    pub date: Option<String>,
    /// Text encoding, e.g. GB18030 or UTF-8 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Print what became of every row as JSON
    #[arg(long)]
    pub json: bool,
}
