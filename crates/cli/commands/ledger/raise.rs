//! `tuban ledger raise`: events from a spreadsheet.

use std::process::ExitCode;

use super::sheet::{check_role, moment};
use super::told::{Taken, Telling, told};
use crate::args::RaiseArgs;
use crate::commands::into_ledger::{engine, open, refused};
use crate::commands::{CommandError, registry};
use crate::config::Config;
use crate::local::Opened;
use crate::register::{EventSheet, Fate, ReadSheet, SheetColumns, SheetOptions, raise_rows, read};

/// Raises the events of a spreadsheet.
pub async fn raise(args: RaiseArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let occurred_at = moment(args.date.as_deref(), |now| now)?;
    check_role(&args.role, &config.ledger.roles)?;
    let registry = registry(config)?;
    let (store, _points) = open(&args.store, config).await?;
    let options = SheetOptions::without_places(args.encoding.as_deref(), config);
    let ReadSheet { rows, notes, headers } =
        read(&args.file, &options, SheetColumns::Events, &registry).map_err(|source| {
            CommandError::Import { path: args.file.clone(), source: Box::new(source) }
        })?;
    let sheet = EventSheet { strict: args.strict, role: args.role, occurred_at, rows };
    let fates = match store {
        Opened::Through(client) => client.raise(&sheet).await?,
        Opened::Own(store) => raise_rows(&engine(*store, registry, config).await?, sheet)
            .await
            .map_err(|reason| refused("STORE", &args.store.display().to_string(), reason))?,
    };
    let telling = if args.json { Telling::Json } else { Telling::Words };
    let taken = Taken { file: &args.file, made: Fate::Raised, notes: &notes, headers: &headers };
    Ok(told(&taken, fates, telling))
}
