//! A ledger that a command writes into: opened by the command itself, or through the server that
//! holds the store.

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, EngineError, EngineSettings};
use ledger::rows::{POINTS, is_of_ledger};
use serde_json::Value as Json;
use spatial::{Collection, CrsRegistry};
use store::GeoPackageStore;

use super::{CommandError, registry, serve::engine_settings, with_key};
use crate::config::Config;
use crate::data_files::{ledger_rules, read_tasks};
use crate::ledger_config::named;
use crate::local::{Document, DocumentRules, Opened};

/// What is wrong with an argument.
pub fn refused(name: &'static str, value: &str, reason: String) -> CommandError {
    CommandError::Argument { name, value: value.to_owned(), reason }
}

/// The store at `path` and its points, if it has a ledger.
pub async fn open(path: &Path, config: &Config) -> Result<(Opened, Collection), CommandError> {
    if !path.exists() {
        return Err(CommandError::NoStore { path: path.to_owned() });
    }
    let store = Opened::open(path, |path| Ok(with_key(GeoPackageStore::open(path)?, config)))?;
    let mut all = store.collections().await?.into_iter();
    let points = all.find(|one| one.id.as_str() == POINTS && is_of_ledger(one));
    Ok((store, points.ok_or(EngineError::NoLedger)?))
}

/// An engine over a store of this process's own, what others wrote over the ledger put back.
pub async fn engine(
    store: GeoPackageStore,
    registry: Arc<CrsRegistry>,
    config: &Config,
) -> Result<Engine, CommandError> {
    let tasks = read_tasks(named(&config.ledger.tasks))?;
    let ledger = ledger_rules(&config.ledger, &tasks);
    let settings = EngineSettings { ledger, ..engine_settings(config) };
    let engine = Engine::open(Arc::new(store), registry, settings).await?;
    engine.mend_ledger().await?;
    Ok(engine)
}

/// Has a document taken where the store is held; what the route answers. The argument `name` with
/// its value is named where this process refuses it.
pub async fn send(
    path: &Path,
    document: Document,
    (name, value): (&'static str, &str),
    config: &Config,
) -> Result<Json, CommandError> {
    let (store, _points) = open(path, config).await?;
    match store {
        Opened::Through(client) => Ok(client.document(&document).await?),
        Opened::Own(store) => {
            let rules = DocumentRules::read(config)?;
            let engine = engine(*store, registry(config)?, config).await?;
            let taken = document.take(&engine, &rules).await;
            taken.map_err(|reason| refused(name, value, reason))
        }
    }
}
