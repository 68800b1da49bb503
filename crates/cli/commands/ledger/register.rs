//! `tuban ledger register`: points from a spreadsheet.

use std::process::ExitCode;
use std::sync::Arc;

use engine::Engine;
use formats::ReadOptions;
use formats::datetime::{millis_of, utc_of_millis};
use ledger::rows::{POINTS, is_of_ledger};
use spatial::{Day, SHANGHAI_AHEAD_MINUTES, SourceCrs};
use store::GeoPackageStore;

use super::told::{Telling, told};
use crate::args::RegisterArgs;
use crate::commands::{CommandError, now, registry, serve::engine_settings, with_key};
use crate::config::Config;
use crate::local::Opened;
use crate::register::{Fate, Sheet, SheetColumns, SheetOptions, read, take_in};

/// Registers the rows of a spreadsheet.
pub async fn register(args: RegisterArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let refused =
        |name, value: String, reason: String| CommandError::Argument { name, value, reason };
    let registered_at = beginning(args.date.as_deref())
        .map_err(|reason| refused("--date", args.date.clone().unwrap_or_default(), reason))?;
    ledger::rows::events::role(&args.role)
        .map_err(|unfit| refused("--role", args.role.clone(), unfit.problem))?;
    if !args.store.exists() {
        return Err(CommandError::NoStore { path: args.store });
    }
    let registry = registry(config)?;
    let store =
        Opened::open(&args.store, |path| Ok(with_key(GeoPackageStore::open(path)?, config)))?;
    let all = store.collections().await?;
    let of_points = all.iter().find(|c| c.id.as_str() == POINTS && is_of_ledger(c));
    let of_points = of_points.ok_or(engine::EngineError::NoLedger)?;
    let options = SheetOptions {
        crs: args.crs.as_deref().map(str::parse::<SourceCrs>).transpose()?,
        read: ReadOptions {
            encoding: args.encoding.clone(),
            x: args.x.clone(),
            y: args.y.clone(),
            max_unzipped_bytes: config.import.max_unzipped_mib << 20,
            ..ReadOptions::default()
        },
    };
    let (rows, notes) =
        read(&args.file, &options, SheetColumns::Points(&of_points.fields), &registry).map_err(
            |source| CommandError::Import { path: args.file.clone(), source: Box::new(source) },
        )?;
    let sheet = Sheet {
        strict: args.strict,
        role: args.role,
        backfilled: args.backfill,
        registered_at,
        rows,
    };
    let fates = match store {
        Opened::Through(client) => client.register(&sheet).await?,
        Opened::Own(store) => {
            let settings = engine_settings(config);
            let engine = Engine::open(Arc::new(*store), registry, settings).await?;
            engine.mend_ledger().await?;
            take_in(&engine, sheet).await.map_err(|reason| CommandError::Argument {
                name: "STORE",
                value: args.store.display().to_string(),
                reason,
            })?
        }
    };
    let telling = if args.json { Telling::Json } else { Telling::Words };
    Ok(told(&args.file, Fate::Registered, (&fates, &notes), telling))
}

/// The first moment of a day of Asia/Shanghai, or a moment; of today where nothing is said.
fn beginning(day: Option<&str>) -> Result<String, String> {
    let today = || Some(Day::of(now()).start().0);
    let millis = day.map_or_else(today, |day| millis_of(day, SHANGHAI_AHEAD_MINUTES));
    let wanted = || "a day such as 2026-09-01 is expected, or a time with a zone".to_owned();
    millis.map(utc_of_millis).ok_or_else(wanted)
}
