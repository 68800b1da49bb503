//! `tuban patrols`: coverage and statistics, as the server would answer.

use engine::Profile;
use engine::patrols::{CoverageAsked, Grouping, StatisticsAsked};
use ledger::place::Day;
use server::patrols;
use spatial::FieldClass;

use super::query::open;
use super::tables::tell;
use super::{CommandError, now};
use crate::args::{CoverageArgs, PatrolsAction, PatrolsArgs, StatisticsArgs};
use crate::config::Config;

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
    tell(
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
    tell(
        (args.told.out.as_deref(), args.told.json),
        || patrols::statistics(&asked, &found),
        &[table],
    )
}
