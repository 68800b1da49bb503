//! `tuban patrols`: takes patrols from a file; coverage and statistics, as the server would answer.

use std::process::ExitCode;

use engine::Profile;
use engine::patrols::{CoverageAsked, Grouping, StatisticsAsked};
use ledger::place::Day;
use serde_json::Value;
use server::patrols;
use server::units::AskedUnit;
use spatial::FieldClass;

use super::into_ledger::{refused, send};
use super::query::{open, request};
use super::{CommandError, now, tables};
use crate::EXIT_PARTIAL;
use crate::args::{AddPatrolsArgs, CoverageArgs, PatrolsAction, PatrolsArgs, StatisticsArgs};
use crate::config::Config;
use crate::local::{Document, Recipient};
use crate::output::{say, tell};

/// Takes patrols, or prints what is asked, or writes it to a file.
pub async fn patrols(args: PatrolsArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let done = |()| ExitCode::SUCCESS;
    match args.action {
        PatrolsAction::Add(args) => add(args, config).await,
        PatrolsAction::Coverage(args) => coverage(args, config).await.map(done),
        PatrolsAction::Statistics(args) => statistics(args, config).await.map(done),
    }
}

/// Takes the patrols of a file; the exit code says whether none was refused.
async fn add(args: AddPatrolsArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let shown = args.file.display().to_string();
    let body = String::from_utf8(request(&args.file)?)
        .map_err(|_odd| refused("FILE", &shown, "the text is not UTF-8".to_owned()))?;
    let document = Document { to: Recipient::Patrols, body };
    let answer = send(&args.store, document, ("FILE", &shown), config).await?;
    let patrols = answer["patrols"].as_array().map_or(&[][..], Vec::as_slice);
    if args.json {
        say(serde_json::to_string_pretty(&answer).unwrap_or_default());
    } else {
        patrols.iter().for_each(told);
    }
    // Events of findings are refused one by one, too.
    let is_taken = |one: &Value| one["outcome"] != "refused";
    let events = |one: &Value| one["events"].as_array().is_none_or(|all| all.iter().all(is_taken));
    let is_whole = patrols.iter().all(|one| is_taken(one) && events(one));
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTIAL) })
}

/// Prints what became of a patrol, on standard error what is wrong with it and with its findings.
fn told(patrol: &Value) {
    let text = |name: &str| patrol[name].as_str().unwrap_or_default();
    match patrol["covered_m"].as_f64() {
        Some(metres) => say(format_args!(
            "{}: {}, {metres:.1} m of alleys covered",
            text("code"),
            text("outcome")
        )),
        None => say(format_args!("{}: {}", text("code"), text("outcome"))),
    }
    let events = patrol["events"].as_array().into_iter().flatten();
    for one in std::iter::once(patrol).chain(events) {
        let problem = &one["problem"];
        let defects = problem["defects"].as_array().into_iter().flatten();
        let defects: Vec<String> = defects
            .map(|one| {
                [&one["pointer"], &one["problem"]].map(|said| said.as_str().unwrap_or_default())
            })
            .map(|said| said.join(": "))
            .collect();
        match problem["detail"].as_str() {
            Some(_) if !defects.is_empty() => {
                defects.iter().for_each(|one| tell(format_args!("  {one}")))
            }
            Some(detail) => tell(format_args!("  {detail}")),
            None => {}
        }
    }
}

async fn coverage(args: CoverageArgs, config: &Config) -> Result<(), CommandError> {
    let engine = open(&args.store, config).await?;
    let today = Day::of(args.told.as_of.unwrap_or_else(now));
    let to = args.date.or(args.to).unwrap_or(today);
    let from = args.date.or(args.from).unwrap_or(to);
    let (as_of, profile) = (args.told.as_of, Profile::default());
    let asked = CoverageAsked { unit: args.unit, from, to, as_of, profile };
    let found = engine.patrol_coverage(asked.clone()).await?;
    let (is_known, has_rows) = (found.unit_is_known, !found.alleys.is_empty());
    let unit = AskedUnit { code: asked.unit.as_deref(), day: to, is_known, has_rows };
    unit.check(&engine).await?;
    let [alleys, towns] = patrols::coverage_tables(&asked, &found);
    // A file of CSV has one table.
    tables::tell(
        (args.told.out.as_deref(), args.told.json),
        || patrols::coverage(&asked, &found),
        &[alleys, towns],
    )
}

async fn statistics(args: StatisticsArgs, config: &Config) -> Result<(), CommandError> {
    let engine = open(&args.store, config).await?;
    // Whoever holds the file reads who patrolled.
    let highest = match args.by {
        Grouping::Person => FieldClass::L3,
        Grouping::Role | Grouping::Unit => Profile::default().highest,
    };
    let asked = StatisticsAsked {
        by: args.by,
        period: args.period,
        from: args.from,
        to: args.to,
        unit: args.unit,
        as_of: args.told.as_of,
        today: Day::of(args.told.as_of.unwrap_or_else(now)),
        profile: Profile { highest, ..engine.profile() },
    };
    let found = engine.patrol_statistics(asked.clone()).await?;
    let table = patrols::statistics_table(&asked, &found);
    tables::tell(
        (args.told.out.as_deref(), args.told.json),
        || patrols::statistics(&asked, &found),
        &[table],
    )
}
