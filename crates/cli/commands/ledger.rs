//! `tuban ledger`: makes a ledger, and fills it from spreadsheets.

mod add;
mod init;
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
    match args.action {
        LedgerAction::Init { store, crs } => init::init(&store, &crs, config).await,
        LedgerAction::Add { store, parts } => add::add(&store, &parts, config).await,
        LedgerAction::Register(args) => register::register(args, config).await,
        LedgerAction::Raise(args) => raise::raise(args, config).await,
    }
}
