//! `tuban ledger register`: points from a spreadsheet.

use std::process::ExitCode;

use spatial::{Day, SourceCrs};

use super::sheet::{check_role, moment};
use super::told::{Taken, Telling, told};
use crate::args::RegisterArgs;
use crate::commands::into_ledger::{engine, open, refused};
use crate::commands::{CommandError, registry};
use crate::config::Config;
use crate::local::Opened;
use crate::register::{Fate, ReadSheet, Sheet, SheetColumns, SheetOptions, read, take_in};

/// Registers the rows of a spreadsheet.
pub async fn register(args: RegisterArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let registered_at = moment(args.date.as_deref(), |now| Day::of(now).start())?;
    check_role(&args.role, &config.ledger.roles)?;
    let registry = registry(config)?;
    let (store, points) = open(&args.store, config).await?;
    let mut options = SheetOptions::without_places(args.encoding.as_deref(), config);
    options.crs = args.crs.as_deref().map(str::parse::<SourceCrs>).transpose()?;
    (options.read.x, options.read.y) = (args.x.clone(), args.y.clone());
    let ReadSheet { rows, notes, headers } =
        read(&args.file, &options, SheetColumns::Points(&points.fields), &registry).map_err(
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
        Opened::Own(store) => take_in(&engine(*store, registry, config).await?, sheet)
            .await
            .map_err(|reason| refused("STORE", &args.store.display().to_string(), reason))?,
    };
    let telling = if args.json { Telling::Json } else { Telling::Words };
    let taken =
        Taken { file: &args.file, made: Fate::Registered, notes: &notes, headers: &headers };
    Ok(told(&taken, fates, telling))
}
