//! `tuban ledger trace`, `enforcement` and `approval`: what is told of one point, as the server would
//! answer.

use engine::Engine;
use engine::ledger::Trace;
use formats::report::save_report;
use server::{enforcement as records, points};

use crate::args::{ApprovalArgs, PointArgs, PointOfState};
use crate::commands::CommandError;
use crate::commands::into_ledger::refused;
use crate::commands::query::open;
use crate::commands::tables::tell;
use crate::config::Config;
use crate::data_files::{read_checklists, read_tasks};
use crate::ledger_config::named;
use crate::output::say;

/// Tells the events of a point.
pub async fn trace(args: PointArgs, config: &Config) -> Result<(), CommandError> {
    let engine = open(&args.point.store, config).await?;
    let document = traced(&engine, &args.point, config).await?;
    let table = points::trace_table(&document);
    tell((args.out.as_deref(), args.json), || document, &[table])
}

/// Tells what happened at a point beside its events.
pub async fn enforcement(args: PointArgs, config: &Config) -> Result<(), CommandError> {
    let engine = open(&args.point.store, config).await?;
    let found = engine.enforcement(&args.point.code, args.point.as_of).await?;
    let (trace, records) = found.ok_or_else(|| no_point(&args.point.code))?;
    // The command is of no department: what only that of a record reads is withheld.
    let document = records::timeline(&engine, &trace, &records, None);
    let table = records::timeline_table(&document);
    tell((args.out.as_deref(), args.json), || document, &[table])
}

/// Writes the form of approval of a point.
pub async fn approval(args: ApprovalArgs, config: &Config) -> Result<(), CommandError> {
    let shown = args.to.display().to_string();
    if args.to.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("pdf")) {
        return Err(refused("--to", &shown, "a name that ends in .pdf is expected".to_owned()));
    }
    let tasks = read_tasks(named(&config.ledger.tasks))?;
    let engine = open(&args.point.store, config).await?;
    let document = traced(&engine, &args.point, config).await?;
    let pdf = points::approval(&document, &tasks);
    let pdf = pdf.map_err(|fault| refused("CODE", &args.point.code, fault.to_string()))?;
    save_report(&args.to, &pdf)?;
    say(shown);
    Ok(())
}

/// The trace of a point as a document.
async fn traced(
    engine: &Engine,
    point: &PointOfState,
    config: &Config,
) -> Result<serde_json::Value, CommandError> {
    let PointOfState { code, as_of, .. } = point;
    let trace: Trace = engine.trace(code, *as_of).await?.ok_or_else(|| no_point(code))?;
    let checklists = read_checklists(named(&config.patrols.checklists))?;
    Ok(points::trace(engine, &checklists, (&trace, *as_of), ("", Vec::new())).await?)
}

fn no_point(code: &str) -> CommandError {
    let reason = "the ledger has no such point, by number or id, in that state";
    refused("CODE", code, reason.to_owned())
}
