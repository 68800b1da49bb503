//! The commands, one file each, and what they share.

mod atlas;
mod audit;
mod backup;
mod collection;
mod demo;
mod erase;
mod error;
mod export;
mod import;
mod indicators;
mod inspect;
mod into_ledger;
mod ledger;
mod ledgers;
mod matching;
mod meeting;
mod on_record;
mod patrols;
mod places;
mod pyramid;
mod query;
mod responsible;
mod restore;
mod rules;
mod serve;
mod survey;
mod tables;
mod user;
mod verify;
mod whistle;
mod worklist;

use std::process::ExitCode;
use std::sync::Arc;

use engine::now;

use clap::CommandFactory;
use spatial::{CrsRegistry, self_test};
use store::GeoPackageStore;

use crate::args::{Cli, Command};
use crate::config::Config;
use crate::output::say;

pub use error::CommandError;

/// Runs one command.
pub fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "tuban", &mut script);
        say(String::from_utf8_lossy(&script).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::read(cli.config.as_deref())?;
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        Command::Demo(args) => blocking(demo::demo(args, &config)).map(done),
        Command::Serve(args) => blocking(serve::serve(args, &config)).map(done),
        Command::Import(args) => blocking(import::import(args, &config)),
        Command::Survey(args) => blocking(survey::survey(args, &config)),
        Command::Export(args) => blocking(export::export(args, &config)).map(done),
        Command::Query(args) => blocking(query::query(args, &config)).map(done),
        Command::Inspect(args) => blocking(inspect::inspect(args, &config)).map(done),
        Command::Collection(args) => blocking(collection::collection(args, &config)).map(done),
        Command::User(args) => blocking(user::user(args, &config)).map(done),
        Command::Places(args) => blocking(places::places(args, &config)),
        Command::Responsible(args) => blocking(responsible::responsible(args, &config)).map(done),
        Command::Atlas(args) => blocking(atlas::atlas(args, &config)).map(done),
        Command::Ledgers(args) => blocking(ledgers::ledgers(args, &config)).map(done),
        Command::Town(args) => blocking(ledgers::town(args, &config)).map(done),
        Command::Rules(args) => blocking(rules::rules(args, &config)).map(done),
        Command::Worklist(args) => blocking(worklist::worklist(args, &config)).map(done),
        Command::Patrols(args) => blocking(patrols::patrols(args, &config)),
        Command::Whistle(args) => blocking(whistle::whistle(args, &config)).map(done),
        Command::Match(args) => blocking(matching::matching(args, &config)),
        Command::Ledger(args) => blocking(ledger::ledger(args, &config)),
        Command::Indicators(args) => blocking(indicators::indicators(args, &config)).map(done),
        Command::Meeting(args) => blocking(meeting::meeting(args, &config)),
        Command::Audit(args) => blocking(audit::audit(args, &config)),
        Command::Erase(args) => blocking(erase::erase(args, &config)).map(done),
        Command::Backup(args) => blocking(backup::backup(args)),
        Command::Verify(args) => blocking(verify::verify(args)),
        Command::Restore(args) => blocking(restore::restore(args, &config)).map(done),
        Command::Synth(args) => Ok(crate::synth::run(&args).map(done)?),
        Command::Config => {
            say(config.to_toml().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// Runs a command's future on a runtime of its own.
fn blocking<T>(command: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)?
        .block_on(command)
}

/// The coordinate systems that this installation knows, after a self test of PROJ.
fn registry(config: &Config) -> Result<Arc<CrsRegistry>, CommandError> {
    let registry = CrsRegistry::new(config.sites.clone())?;
    self_test()?;
    Ok(Arc::new(registry))
}

/// Tells a store where its master key lies, when the configuration does.
fn with_key(store: GeoPackageStore, config: &Config) -> GeoPackageStore {
    if !config.history.key_file.as_os_str().is_empty() {
        store.set_key_file(config.history.key_file.clone());
    }
    store
}
