//! `tuban meeting`: packs of what a meeting was told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is in a pack.
const HELP: &str = "A pack is a ZIP: indicators and targets as CSV and workbook, the ledger of points \
    and the reports of progress as CSV, all as they had been recorded at the meeting's as_of (else \
    its held_at); manifest.json with revision, SHA-256 and SM3 of each file; manifest.sig. The \
    signature is Ed25519 (RFC 8032), not SM2. Made again later a pack has the same bytes, as long \
    as definitions, targets, key and the meeting's row are the same.";

/// `tuban meeting`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct MeetingArgs {
    /// What to do
    #[command(subcommand)]
    pub action: MeetingAction,
}

/// What `tuban meeting` does.
#[derive(Debug, Subcommand)]
pub enum MeetingAction {
    /// Make a key to sign packs with: FILE, for its owner alone, and FILE.pub
    Key {
        /// File of the secret key; it must not be there
        file: PathBuf,
    },
    /// Write what a meeting was told as a signed pack
    Export {
        /// The store; it may be served
        store: PathBuf,
        /// Code of the meeting
        code: String,
        /// File to write
        out: PathBuf,
        /// The secret key that `tuban meeting key` made
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Code of the unit that is the whole [default: all]
        #[arg(long, value_name = "CODE")]
        unit: Option<String>,
        /// The window as a year, quarter or month: 2026, 2026-Q3, 2026-09 [default: the year of the
        /// moment]
        #[arg(long, value_name = "PERIOD")]
        year: Option<String>,
    },
    /// Check a pack: its signature and every file; exit code 1 when something is wrong
    Verify {
        /// The pack
        pack: PathBuf,
        /// The public key that it must be signed with; without it, whose key it is must be
        /// compared by hand
        #[arg(long, value_name = "FILE.pub")]
        key: Option<PathBuf>,
    },
}
