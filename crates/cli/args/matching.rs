//! `tuban match`: the spreadsheet, what it is held against, where the report goes.

use std::path::PathBuf;

use clap::Args;

/// What a spreadsheet may hold, and what the exit codes say.
const HELP: &str = "Columns are named as those of enterprises, or in Chinese (统一社会信用代码, 名称, 地址, \
    行业, 证照状态, 宗地代码, 点位编号 …). A row is found by a code, else by address and name, else by one of \
    them; what fits several alike is told as ambiguous and never chosen. With --append a row that is \
    found is written with the place of what it is of; one whose code is there already is not written \
    again.\n\nExit code: 0 when every row was found, 3 when some were not, 1 when nothing could be done.";

/// `tuban match`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct MatchArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// CSV or XLSX; its first sheet is read
    pub file: PathBuf,
    /// Collections that rows are held against, with commas between; the first gives the place
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        default_value = "enterprises,points,parcels,outlets"
    )]
    pub to: Vec<String>,
    /// Write what became of every row to this file (.csv or .xlsx)
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the rows that were found to this collection of points, such as enterprises; a server may
    /// hold the store
    #[arg(long, value_name = "ID")]
    pub append: Option<String>,
    /// Text encoding, e.g. GB18030 or UTF-8 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Reason to be kept in the change log with --append
    #[arg(long, value_name = "TEXT", default_value = "matched rows of a spreadsheet")]
    pub reason: String,
}
