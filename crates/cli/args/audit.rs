//! `tuban audit`: the audit log of a store.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What the log is.
const HELP: &str = "Each row carries the SM3 of the hash before it and of itself. A head is the hash \
    of the newest row, signed with Ed25519 by a key that `tuban meeting key` made and that lies \
    elsewhere than the store; sign one a day, and keep what is printed.";

/// `tuban audit`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct AuditArgs {
    /// What to do
    #[command(subcommand)]
    pub action: AuditAction,
}

/// What `tuban audit` does. All of it works while the store is served.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// Print rows, oldest first
    List {
        /// The store
        store: PathBuf,
        /// The rows after this number
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: u64,
        /// Most rows
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
        /// Rows of this actor
        #[arg(long, value_name = "NAME")]
        actor: Option<String>,
        /// Rows with this action, such as reveal
        #[arg(long, value_name = "WORD")]
        action: Option<String>,
        /// A row as JSON a line
        #[arg(long)]
        json: bool,
    },
    /// Check every row, head and file of evidence; exit code 1 when something is wrong
    Verify {
        /// The store
        store: PathBuf,
        /// The public key that heads must be signed with; without it, whose keys they are must be
        /// compared by hand
        #[arg(long, value_name = "FILE.pub")]
        key: Option<PathBuf>,
    },
    /// Sign the newest row
    Head {
        /// The store
        store: PathBuf,
        /// The secret key that `tuban meeting key` made
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}
