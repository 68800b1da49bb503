//! `tuban ledger raise`: events from a spreadsheet.

use std::process::ExitCode;
use std::sync::Arc;

use engine::Engine;
use formats::ReadOptions;
use formats::datetime::{millis_of, utc_of_millis};
use ledger::rows::{POINTS, is_of_ledger};
use store::GeoPackageStore;

use super::told::{Telling, told};
use crate::args::RaiseArgs;
use crate::commands::{CommandError, now, registry, serve::engine_settings, with_key};
use crate::config::Config;
use crate::local::Opened;
use crate::register::{EventSheet, Fate, SheetColumns, SheetOptions, raise_rows, read};

/// What Asia/Shanghai is ahead of UTC, in minutes.
const SHANGHAI_MINUTES: i64 = 480;

/// Raises the events of a spreadsheet.
pub async fn raise(args: RaiseArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let refused =
        |name, value: String, reason: String| CommandError::Argument { name, value, reason };
    let date = args.date.as_deref();
    let at =
        date.map_or(Some(now().0), |text| millis_of(text, SHANGHAI_MINUTES)).ok_or_else(|| {
            let wanted = "a day such as 2026-09-01 is expected, or a time with a zone".to_owned();
            refused("--date", args.date.clone().unwrap_or_default(), wanted)
        })?;
    ledger::rows::events::role(&args.role)
        .map_err(|unfit| refused("--role", args.role.clone(), unfit.problem))?;
    if !args.store.exists() {
        return Err(CommandError::NoStore { path: args.store });
    }
    let registry = registry(config)?;
    let store =
        Opened::open(&args.store, |path| Ok(with_key(GeoPackageStore::open(path)?, config)))?;
    let all = store.collections().await?;
    if !all.iter().any(|one| one.id.as_str() == POINTS && is_of_ledger(one)) {
        return Err(engine::EngineError::NoLedger.into());
    }
    let options = SheetOptions {
        crs: None,
        read: ReadOptions {
            encoding: args.encoding.clone(),
            max_unzipped_bytes: config.import.max_unzipped_mib << 20,
            ..ReadOptions::default()
        },
    };
    let (rows, notes) =
        read(&args.file, &options, SheetColumns::Events, &registry).map_err(|source| {
            CommandError::Import { path: args.file.clone(), source: Box::new(source) }
        })?;
    let sheet =
        EventSheet { strict: args.strict, role: args.role, occurred_at: utc_of_millis(at), rows };
    let fates = match store {
        Opened::Through(client) => client.raise(&sheet).await?,
        Opened::Own(store) => {
            let settings = engine_settings(config);
            let engine = Engine::open(Arc::new(*store), registry, settings).await?;
            engine.mend_ledger().await?;
            let reason = |reason| refused("STORE", args.store.display().to_string(), reason);
            raise_rows(&engine, sheet).await.map_err(reason)?
        }
    };
    let telling = if args.json { Telling::Json } else { Telling::Words };
    Ok(told(&args.file, Fate::Raised, (&fates, &notes), telling))
}
