//! `tuban ledger`: what a clerk asks of the ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
}
