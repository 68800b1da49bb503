//! What patrollers did (激励): patrols, days, metres, findings and what became of them, by role, unit
//! or person and by period.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::place::{ADMIN_UNITS, Day};
use ledger::record::patrols::{PATROL_FINDINGS, PATROLS};
use ledger::rows::POINTS;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{Revision, Snapshot, Timestamp};

use super::read::{each, held, moment, number, readable, record, text, there};
use crate::ledger::UnitsBelow;
use crate::{Engine, EngineError, Profile};

/// By what patrols are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// By what the patroller is.
    Role,
    /// By the unit that the patrol is for.
    Unit,
    /// By who patrolled.
    Person,
}

impl Grouping {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Role, Self::Unit, Self::Person];

    /// The word, which is the column's name, too.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Unit => "unit",
            Self::Person => "person",
        }
    }
}

/// How time is parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Not at all.
    Whole,
    /// By year.
    Year,
    /// By month.
    Month,
    /// By day.
    Day,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Whole, Self::Year, Self::Month, Self::Day];

    /// The word.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
        }
    }

    /// The period of a day, as the beginning of its date; empty for the whole.
    fn of(self, day: Day) -> String {
        let length = match self {
            Self::Whole => 0,
            Self::Year => 4,
            Self::Month => 7,
            Self::Day => 10,
        };
        day.to_string().chars().take(length).collect()
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct StatisticsAsked {
    /// By what.
    pub by: Grouping,
    /// In which parts of time.
    pub period: Period,
    /// From this day on.
    pub from: Option<Day>,
    /// Until this day.
    pub to: Option<Day>,
    /// Patrols for this unit, or for one beneath it.
    pub unit: Option<String>,
    /// Of this state, as it had been recorded.
    pub as_of: Option<Timestamp>,
    /// The day of whose units that is.
    pub today: Day,
    /// Who asks.
    pub profile: Profile,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq)]
pub struct PatrolStatistics {
    /// The state that was read.
    pub revision: Revision,
    /// Rows by period and name.
    pub rows: Vec<StatisticsRow>,
    /// All of them together; its days are those on which anybody patrolled.
    pub total: StatisticsRow,
}

/// Patrols of one name in one period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatisticsRow {
    /// The period, such as `2026-11`; empty for the whole.
    pub period: String,
    /// The role, unit or person; none where a patrol says none.
    pub name: Option<String>,
    /// Patrols.
    pub patrols: u64,
    /// Days with a patrol.
    pub days: u64,
    /// Metres of alleys covered, patrol by patrol.
    pub covered_m: f64,
    /// Findings.
    pub findings: u64,
    /// Points reported by findings that are on the ledger (挂账), each once.
    pub registered: u64,
}

#[derive(Default)]
struct Group {
    sums: StatisticsRow,
    days: BTreeSet<Day>,
    points: BTreeSet<String>,
}

impl Group {
    fn add(&mut self, day: Day, covered_m: f64, findings: f64, points: Option<&Vec<String>>) {
        self.sums.patrols += 1;
        self.days.insert(day);
        self.sums.covered_m += covered_m;
        // Counts of a table that others may write: what is no count is none.
        self.sums.findings += findings.clamp(0.0, 1e6) as u64;
        self.points.extend(points.into_iter().flatten().cloned());
    }

    fn row(self, period: String, name: Option<String>) -> StatisticsRow {
        let (days, registered) = (self.days.len() as u64, self.points.len() as u64);
        StatisticsRow { period, name, days, registered, ..self.sums }
    }
}

impl Engine {
    /// What patrollers did.
    ///
    /// # Errors
    /// When the store keeps no patrols, or the reader may not read by what they are to be counted.
    pub async fn patrol_statistics(
        &self,
        asked: StatisticsAsked,
    ) -> Result<PatrolStatistics, EngineError> {
        let current = self.snapshot();
        record(&current, PATROLS).ok_or(EngineError::NoPatrols { collection: PATROLS })?;
        let ids = there(&current, &[PATROLS, PATROL_FINDINGS, POINTS, ADMIN_UNITS]);
        let state = self.state(asked.as_of, &ids).await?;
        self.pool().run(move || count(&state, &asked)).await?
    }
}

fn count(state: &Arc<Snapshot>, asked: &StatisticsAsked) -> Result<PatrolStatistics, EngineError> {
    let patrols = record(state, PATROLS).ok_or(EngineError::NoPatrols { collection: PATROLS })?;
    let column = |name: &str| readable(&patrols, name, asked.profile);
    let (by, unit, code) = (column(asked.by.identifier())?, column("unit")?, column("code")?);
    let started = column("started_at")?;
    let (covered, findings) = (column("covered_m")?, column("findings")?);
    let below = asked.unit.as_deref().map(|unit| UnitsBelow::of(state, unit, asked.today));
    let registered = registered(state, asked.profile)?;
    let mut groups: BTreeMap<(String, Option<String>), Group> = BTreeMap::new();
    let mut whole = Group::default();
    each(&patrols, &mut |row| {
        let Some(day) = moment(row, started).map(Day::of) else { return };
        let is_in_time =
            asked.from.is_none_or(|from| day >= from) && asked.to.is_none_or(|to| day <= to);
        let of_unit = |units: &UnitsBelow| text(row, unit).is_some_and(|unit| units.holds(unit));
        if !is_in_time || !below.as_ref().is_none_or(of_unit) {
            return;
        }
        let points = text(row, code).and_then(|code| registered.get(code));
        let (covered_m, findings) = (number(row, covered), number(row, findings));
        let key = (asked.period.of(day), text(row, by).map(str::to_owned));
        groups.entry(key).or_default().add(day, covered_m, findings, points);
        whole.add(day, covered_m, findings, points);
    });
    let rows = groups.into_iter().map(|((period, name), group)| group.row(period, name));
    Ok(PatrolStatistics {
        revision: state.revision,
        rows: rows.collect(),
        total: whole.row(String::new(), None),
    })
}

/// The points that findings of each patrol reported and that are on the ledger, by its code.
fn registered(
    state: &Snapshot,
    profile: Profile,
) -> Result<FxHashMap<String, Vec<String>>, EngineError> {
    let mut by_patrol: FxHashMap<String, Vec<String>> = FxHashMap::default();
    let (Some(findings), Some(points)) = (record(state, PATROL_FINDINGS), held(state, POINTS))
    else {
        return Ok(by_patrol);
    };
    let mut on_ledger: FxHashSet<&str> = FxHashSet::default();
    let id = readable(&points, "id", profile)?;
    let registered_at = readable(&points, "registered_at", profile)?;
    each(&points, &mut |row| {
        if let (Some(id), Some(_)) = (text(row, id), text(row, registered_at)) {
            on_ledger.insert(id);
        }
    });
    let column = |name: &str| readable(&findings, name, profile);
    let (patrol, point, event) = (column("patrol")?, column("point")?, column("event")?);
    each(&findings, &mut |row| {
        let told = (text(row, patrol), text(row, point), text(row, event));
        if let (Some(patrol), Some(point), Some(_)) = told
            && on_ledger.contains(point)
        {
            by_patrol.entry(patrol.to_owned()).or_default().push(point.to_owned());
        }
    });
    Ok(by_patrol)
}
