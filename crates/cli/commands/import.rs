//! `tuban import`

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use formats::ReadOptions;
use spatial::{CollectionId, SourceCrs};
use store::{FeatureStore, GeoPackageStore, LoadMode};

use super::{CommandError, now, places, registry, with_key};
use crate::EXIT_PARTIAL;
use crate::args::ImportArgs;
use crate::config::Config;
use crate::import::{ImportOptions, ImportOutcome, Watch, import_file};
use crate::local::Opened;
use crate::output::{say, tell};

/// Imports the files one after the other.
pub async fn import(args: ImportArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let options = options(&args, config)?;
    if let (true, Some(id), [_, _, ..]) = (args.replace, &args.collection, args.files.as_slice()) {
        return Err(CommandError::Argument {
            name: "--replace",
            value: id.clone(),
            reason: format!(
                "each of the {} files would put the one before it out; replace with the first, \
                 then add the others with --append",
                args.files.len()
            ),
        });
    }
    let registry = registry(config)?;
    let is_new = !args.store.exists();
    let stopped = Arc::new(AtomicBool::new(false));
    let on_interrupt = Arc::clone(&stopped);
    // A second handler cannot be set in one process; then the interrupt ends it, as ever.
    let _ = ctrlc::set_handler(move || on_interrupt.store(true, Ordering::Relaxed));
    let watch = Watch::new(stopped);

    let store = Opened::open(&args.store, |path| {
        Ok(with_key(GeoPackageStore::open_or_create(path)?, config))
    })?;
    let mut outcomes = Vec::new();
    let mut failure = None;
    for file in &args.files {
        let (target, place) = (store.target(), &args.store);
        let imported = import_file(target, place, &registry, file, &options, &watch, &mut outcomes);
        if let Err(source) = imported.await {
            let path = file.clone();
            failure = Some(CommandError::Import { path, source: Box::new(source) });
            break;
        }
    }
    watch.finish();
    // A server that holds the store follows by itself.
    let touched: Vec<String> = outcomes.iter().map(|one| one.collection.clone()).collect();
    let assigns = match &store {
        Opened::Own(own) => places::moves_boundaries(&own.collections().await?, &touched),
        Opened::Through(_) => false,
    };
    drop(store);
    if assigns {
        places::assign(&args.store, config, &format!("assigned after {}", args.reason)).await?;
    }
    if is_new && outcomes.is_empty() {
        remove_empty_store(&args.store);
    }
    if args.json {
        say(serde_json::to_string_pretty(&outcomes).unwrap_or_default());
    } else {
        outcomes.iter().for_each(print);
    }
    match failure {
        Some(failure) => Err(failure),
        None if outcomes.iter().any(ImportOutcome::is_partial) => Ok(ExitCode::from(EXIT_PARTIAL)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// A store that this command made and put nothing into would only puzzle the user.
pub(super) fn remove_empty_store(path: &std::path::Path) {
    for ending in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        if let Err(error) = std::fs::remove_file(&name)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = ?name, "not removed");
        }
    }
}

fn options(args: &ImportArgs, config: &Config) -> Result<ImportOptions, CommandError> {
    let mode = match (args.append, args.replace, &args.upsert) {
        (true, ..) => LoadMode::Append,
        (_, true, _) => LoadMode::Replace,
        (_, _, Some(_)) => LoadMode::Upsert,
        _ => LoadMode::Create,
    };
    if let (Some(upsert), Some(personal)) = (&args.upsert, &args.personal)
        && upsert != personal
    {
        let reason = format!("features are told apart by one key, and --upsert names {upsert:?}");
        return Err(CommandError::Argument { name: "--personal", value: personal.clone(), reason });
    }
    let crs = args.crs.as_deref().map(str::parse::<SourceCrs>).transpose()?;
    let collection = args.collection.as_deref().map(CollectionId::try_from).transpose()?;
    Ok(ImportOptions {
        collection,
        crs,
        assume_cgcs2000: args.assume_datum.is_some(),
        read: ReadOptions {
            encoding: args.encoding.clone(),
            max_unzipped_bytes: config.import.max_unzipped_mib << 20,
            ..ReadOptions::default()
        },
        mode,
        key: args.upsert.clone(),
        assign: args.assign,
        keep: args.keep.clone(),
        personal: args.personal.clone(),
        reason: args.reason.clone(),
        recorded_at: now(),
        ahead_minutes: config.ledger.ahead_minutes,
        report: args.report.clone(),
    })
}

fn print(outcome: &ImportOutcome) {
    let ImportOutcome { collection, crs, read, inserted, updated, removed, .. } = outcome;
    let mut line = format!("{collection}: {inserted} of {read} rows imported, {crs}");
    if *updated > 0 {
        line.push_str(&format!(", {updated} replaced"));
    }
    if *removed > 0 {
        line.push_str(&format!(", {removed} removed"));
    }
    say(line);
    for note in &outcome.notes {
        tell(format_args!("  note: {note}"));
    }
    for left_out in &outcome.left_out {
        tell(format_args!(
            "  left out: field {:?}: {}; if it is not, say --keep {:?}; to keep it apart, encrypted, \
             say --personal KEY",
            left_out.field, left_out.reason, left_out.field
        ));
    }
    if let Some(personal) = &outcome.personal {
        let fields: Vec<&str> = personal.fields.iter().map(|one| one.field.as_str()).collect();
        let of = fields.join(", ");
        tell(format_args!(
            "  personal: {} values of {of} are kept apart, encrypted",
            personal.values
        ));
        for (count, what) in [
            (personal.unplaced, "rows whose feature is not there"),
            (personal.too_long, "values that are too long"),
        ] {
            if count > 0 {
                tell(format_args!("  personal: left out: {count} {what}"));
            }
        }
    }
    for (kind, count) in &outcome.repaired {
        tell(format_args!("  repaired: {count} × {kind}"));
    }
    for (kind, count) in &outcome.warned {
        tell(format_args!("  warned: {count} × {kind}"));
    }
    for (kind, count) in &outcome.skipped {
        tell(format_args!("  skipped: {count} × {kind}"));
    }
    if let Some(report) = &outcome.report {
        tell(format_args!("  row by row: {}", report.display()));
    }
}
