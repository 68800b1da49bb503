//! `tuban ledger`: makes a ledger, fills it from spreadsheets, and tells of its points.

mod add;
mod init;
mod point;
mod raise;
mod register;
mod sheet;
mod told;

use std::process::ExitCode;

use super::CommandError;
use crate::args::{LedgerAction, LedgerArgs};
use crate::config::Config;

/// Does what is asked of the ledger.
pub async fn ledger(args: LedgerArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let done = |()| ExitCode::SUCCESS;
    match args.action {
        LedgerAction::Init { store, crs } => init::init(&store, &crs, config).await,
        LedgerAction::Add { store, parts } => add::add(&store, &parts, config).await,
        LedgerAction::Register(args) => register::register(args, config).await,
        LedgerAction::Raise(args) => raise::raise(args, config).await,
        LedgerAction::Trace(args) => point::trace(args, config).await.map(done),
        LedgerAction::Enforcement(args) => point::enforcement(args, config).await.map(done),
        LedgerAction::Approval(args) => point::approval(args, config).await.map(done),
    }
}
