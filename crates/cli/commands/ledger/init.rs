//! `tuban ledger init`: the two collections of a ledger, empty.

use std::path::Path;
use std::process::ExitCode;

use ledger::rows::{POINT_EVENTS, POINTS, collections};
use spatial::{Collection, Crs};
use store::{GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

use crate::commands::{CommandError, now, registry, with_key};
use crate::config::Config;
use crate::local::Opened;
use crate::output::say;
use crate::styles::style_of;

/// Makes the collections of a ledger in a store that has none.
pub async fn init(path: &Path, crs: &str, config: &Config) -> Result<ExitCode, CommandError> {
    let crs: Crs = crs.parse()?;
    registry(config)?.facts(&crs)?;
    let store =
        Opened::open(path, |path| Ok(with_key(GeoPackageStore::open_or_create(path)?, config)))?;
    let all = store.collections().await?;
    if let Some(there) = all.iter().find(|c| matches!(c.id.as_str(), POINTS | POINT_EVENTS)) {
        let reason = match ledger::rows::is_of_ledger(there) {
            true => "the store has a ledger already; it was not touched".to_owned(),
            false => format!(
                "it has a collection {} that is none of a ledger; rename it first with \
                 `tuban collection rename`",
                there.id
            ),
        };
        let value = path.display().to_string();
        return Err(CommandError::Argument { name: "STORE", value, reason });
    }
    let mut revision = 0;
    for collection in collections(&crs)? {
        revision = make(&store, path, collection, "a new ledger").await?;
    }
    say(format_args!("a ledger of points in {crs} from revision {revision}"));
    Ok(ExitCode::SUCCESS)
}

/// Makes an empty collection with its style; the revision that has it.
pub(super) async fn make(
    store: &Opened,
    path: &Path,
    mut collection: Collection,
    reason: &str,
) -> Result<u64, CommandError> {
    collection.style = style_of(collection.id.as_str()).map(str::to_owned);
    let (sender, source) = mpsc::channel(1);
    // There is room for one, and the receiver is here.
    let _sent = sender.try_send(LoadItem::Finish);
    let qml = server::style::qml(&collection);
    let load = Load {
        collection: collection.clone(),
        mode: LoadMode::Create,
        actor: "local".to_owned(),
        reason: reason.to_owned(),
        recorded_at: now(),
    };
    store.target().load(load, source).await.map_err(|source| CommandError::Import {
        path: path.to_path_buf(),
        source: Box::new(source),
    })?;
    Ok(store.set_style(&collection.id, "tuban", &qml).await?.0)
}
