//! What every command does that takes a spreadsheet into a ledger, before and after its own work.

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, EngineError, now};
use formats::datetime::{millis_of, utc_of_millis};
use ledger::rows::{POINTS, is_of_ledger};
use spatial::{Collection, CrsRegistry, SHANGHAI_AHEAD_MINUTES, Timestamp};
use store::GeoPackageStore;

use crate::commands::{CommandError, serve::engine_settings, with_key};
use crate::config::Config;
use crate::local::Opened;

/// What is wrong with an argument.
pub(super) fn refused(name: &'static str, value: &str, reason: String) -> CommandError {
    CommandError::Argument { name, value: value.to_owned(), reason }
}

/// The moment of `--date`: of a day, its first in Asia/Shanghai; `absent` of now without one.
pub(super) fn moment(
    date: Option<&str>,
    absent: impl FnOnce(Timestamp) -> Timestamp,
) -> Result<String, CommandError> {
    let Some(text) = date else { return Ok(utc_of_millis(absent(now()).0)) };
    millis_of(text, SHANGHAI_AHEAD_MINUTES).map(utc_of_millis).ok_or_else(|| {
        let wanted = "a day such as 2026-09-01 is expected, or a time with a zone".to_owned();
        refused("--date", text, wanted)
    })
}

/// Refuses a `--role` that is none.
pub(super) fn check_role(role: &str) -> Result<(), CommandError> {
    let known = ledger::rows::events::role(role);
    known.map(|_role| ()).map_err(|unfit| refused("--role", role, unfit.problem))
}

/// The store at `path` and its points, if it has a ledger.
pub(super) async fn open(
    path: &Path,
    config: &Config,
) -> Result<(Opened, Collection), CommandError> {
    if !path.exists() {
        return Err(CommandError::NoStore { path: path.to_owned() });
    }
    let store = Opened::open(path, |path| Ok(with_key(GeoPackageStore::open(path)?, config)))?;
    let mut all = store.collections().await?.into_iter();
    let points = all.find(|one| one.id.as_str() == POINTS && is_of_ledger(one));
    Ok((store, points.ok_or(EngineError::NoLedger)?))
}

/// An engine over a store of this process's own, what others wrote over the ledger put back.
pub(super) async fn engine(
    store: GeoPackageStore,
    registry: Arc<CrsRegistry>,
    config: &Config,
) -> Result<Engine, CommandError> {
    let engine = Engine::open(Arc::new(store), registry, engine_settings(config)?).await?;
    engine.mend_ledger().await?;
    Ok(engine)
}
