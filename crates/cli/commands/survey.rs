//! `tuban survey`

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use formats::ReadOptions;
use spatial::SourceCrs;
use store::{EvidenceFolder, GeoPackageStore};

use super::import::remove_empty_store;
use super::{CommandError, now, registry, with_key};
use crate::EXIT_PARTIAL;
use crate::args::SurveyArgs;
use crate::config::Config;
use crate::data_files::{read_dossiers, read_survey};
use crate::import::report::default_path;
use crate::import::{ImportError, Watch};
use crate::ledger_config::named;
use crate::local::Opened;
use crate::output::{say, tell};
use crate::survey_package::{Job, SurveyOptions, SurveyOutcome, plan};

/// Takes a package in.
pub async fn survey(args: SurveyArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let options = options(&args, config)?;
    let registry = registry(config)?;
    let stopped = Arc::new(AtomicBool::new(false));
    let on_interrupt = Arc::clone(&stopped);
    // A second handler cannot be set in one process; then the interrupt ends it, as ever.
    let _ = ctrlc::set_handler(move || on_interrupt.store(true, Ordering::Relaxed));
    let watch = Watch::new(stopped);
    let is_new = !args.store.exists();
    let open =
        |path: &std::path::Path| Ok(with_key(GeoPackageStore::open_or_create(path)?, config));
    // Held from before it is read, so that nobody writes between reading and writing.
    let opened = match is_new || args.dry_run {
        true => None,
        false => Some(Opened::open(&args.store, open)?),
    };
    let beside = match &opened {
        Some(Opened::Own(_)) => None,
        _ if is_new => None,
        _ => Some(with_key(GeoPackageStore::open_read_only(&args.store)?, config)),
    };
    let reader = match &opened {
        Some(Opened::Own(own)) => Some(&**own),
        _ => beside.as_ref(),
    };
    let job = Job {
        store_path: &args.store,
        reader,
        package: &args.package,
        registry: &registry,
        options: &options,
        watch: &watch,
    };
    let failed = |source: ImportError| CommandError::Import {
        path: args.package.clone(),
        source: Box::new(source),
    };
    let planned = plan(job).await;
    watch.finish();
    let planned = planned.map_err(failed)?;
    let outcome = match args.dry_run || !planned.outcome().is_change() {
        true => planned.outcome().clone(),
        false => {
            watch.check().map_err(failed)?;
            let folder = EvidenceFolder::beside(&args.store);
            let had_folder = folder.root().exists();
            let made;
            let to = match &opened {
                Some(opened) => opened,
                None => {
                    made = Opened::open(&args.store, open)?;
                    &made
                }
            };
            let written = planned.write(to.target(), job).await;
            if written.is_err() && is_new {
                remove_empty_store(&args.store);
                if !had_folder && folder.root().exists() {
                    let _ = std::fs::remove_dir_all(folder.root());
                }
            }
            written.map_err(failed)?
        }
    };
    match args.json {
        true => say(serde_json::to_string_pretty(&outcome).unwrap_or_default()),
        false => print(&outcome),
    }
    Ok(if outcome.is_partial { ExitCode::from(EXIT_PARTIAL) } else { ExitCode::SUCCESS })
}

fn options(args: &SurveyArgs, config: &Config) -> Result<SurveyOptions, CommandError> {
    let report = args.report.clone().unwrap_or_else(|| default_path(&args.store, "survey"));
    Ok(SurveyOptions {
        crs: args.crs.as_deref().map(str::parse::<SourceCrs>).transpose()?,
        assume_cgcs2000: args.assume_datum.is_some(),
        read: ReadOptions {
            encoding: args.encoding.clone(),
            max_unzipped_bytes: config.import.max_unzipped_mib << 20,
            ..ReadOptions::default()
        },
        photos: args.photos.clone(),
        max_photo_bytes: config.evidence.max_bytes,
        dry_run: args.dry_run,
        reason: args.reason.clone(),
        recorded_at: now(),
        report,
        tables: read_survey(named(&config.ledger.survey))?,
        dossiers: read_dossiers(named(&config.ledger.dossiers))?,
    })
}

fn print(outcome: &SurveyOutcome) {
    let SurveyOutcome { collections, personal, photos, .. } = outcome;
    for (collection, counts) in collections {
        say(format_args!(
            "{collection}: {} new, {} changed, {} removed, {} as they were",
            counts.inserted, counts.updated, counts.removed, counts.unchanged
        ));
    }
    say(format_args!(
        "personal values of {personal} households are others, {photos} photos are new"
    ));
    match (outcome.is_change(), outcome.dry_run) {
        (false, _) => say("nothing changed: the store has all of it"),
        (true, true) => say("nothing was written: this was a dry run"),
        (true, false) => {}
    }
    for note in &outcome.notes {
        tell(format_args!("  note: {note}"));
    }
    for (kind, count) in &outcome.defects {
        tell(format_args!("  defect: {count} × {kind}"));
    }
    if let Some(report) = &outcome.report {
        tell(format_args!("  row by row: {}", report.display()));
    }
}
