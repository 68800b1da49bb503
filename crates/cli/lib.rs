//! The command line of Tuban: commands, import, generator, configuration.

mod accounts_config;
mod archives;
pub mod args;
mod audit_heads;
mod commands;
pub mod config;
pub mod data_files;
pub mod environment;
mod evidence_config;
mod export_config;
pub mod import;
pub mod indicator_files;
mod ledger_config;
pub mod local;
mod matching;
mod meeting;
mod output;
mod patrol_config;
pub mod register;
mod role_config;
mod styles;
mod survey_package;
pub mod synth;
mod whistle_config;
mod worklist_config;

use std::process::ExitCode;

use clap::Parser;

pub use commands::CommandError;

/// The exit code of a run that did its work but left something out; 1 is an error, 2 a usage
/// mistake.
pub const EXIT_PARTIAL: u8 = 3;

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let cli = args::Cli::parse();
    output::log_to_stderr(cli.verbose);
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}
