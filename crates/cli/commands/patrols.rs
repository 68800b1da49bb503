//! `tuban patrols`: coverage and statistics, as the server would answer.

use std::path::Path;

use engine::Profile;
use engine::patrols::{CoverageAsked, Grouping, StatisticsAsked};
use formats::report::{save_report, table_csv, workbook};
use ledger::place::Day;
use serde_json::Value;
use server::patrols;
use spatial::{FieldClass, Table};

use super::query::open;
use super::{CommandError, now};
use crate::args::{CoverageArgs, PatrolsAction, PatrolsArgs, StatisticsArgs, ToldArgs};
use crate::config::Config;
use crate::output::say;

/// Prints what is asked, or writes it to a file.
pub async fn patrols(args: PatrolsArgs, config: &Config) -> Result<(), CommandError> {
    match args.action {
        PatrolsAction::Coverage(args) => coverage(args, config).await,
        PatrolsAction::Statistics(args) => statistics(args, config).await,
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
    let [alleys, towns] = patrols::coverage_tables(&asked, &found);
    // A file of CSV has one table.
    tell(&args.told, || patrols::coverage(&asked, &found), &[alleys, towns])
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
    tell(&args.told, || patrols::statistics(&asked, &found), &[table])
}

/// Prints a document or tables, or writes tables to a file; one of CSV has the first.
fn tell(
    args: &ToldArgs,
    document: impl FnOnce() -> Value,
    tables: &[Table],
) -> Result<(), CommandError> {
    let Some(out) = args.out.as_deref() else {
        if args.json {
            say(serde_json::to_string_pretty(&document()).unwrap_or_default());
            return Ok(());
        }
        for table in tables {
            let headings: Vec<&str> = table.columns.iter().map(|one| one.name.as_str()).collect();
            say(format_args!("{}\n{}", table.title, headings.join("\t")));
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                say(cells.join("\t"));
            }
            table.notes.iter().for_each(say);
        }
        return Ok(());
    };
    let shown = out.display().to_string();
    let refused =
        |reason: String| CommandError::Argument { name: "--out", value: shown.clone(), reason };
    let first = tables.first().cloned().unwrap_or_default();
    let bytes = match extension(out) {
        "csv" => table_csv(&first),
        "xlsx" => workbook(tables),
        _ => return Err(refused("a name that ends in .csv or .xlsx is expected".to_owned())),
    };
    save_report(out, &bytes.map_err(|fault| refused(fault.to_string()))?)?;
    say(format_args!("{shown}: {} rows", first.rows.len()));
    Ok(())
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}
