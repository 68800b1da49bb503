//! What patrols covered of the alleys in duty: by alley and by town, over one day or several.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use ledger::place::{ADMIN_UNITS, ALLEYS, Day, Level};
use ledger::record::patrols::PATROLS;
use rustc_hash::FxHashMap;
use spatial::{
    CollectionId, CollectionSnapshot, FeatureId, OverBudget, Revision, Snapshot, Timestamp,
};

use super::alleys::Alleys;
use super::places::LonLat;
use super::read::{each, held, moment, readable, record, text, there};
use super::walked::{self, Line, Walked};
use crate::ledger::{UnitsBelow, units};
use crate::{Engine, EngineError, Profile};

/// Most days of one answer: a year.
pub const MAX_COVERAGE_DAYS: i64 = 366;
/// Patrols between two looks at the clock.
const CLOCK_EVERY: usize = 256;

/// What is asked.
#[derive(Clone, Debug)]
pub struct CoverageAsked {
    /// Alleys of this town, or of the towns beneath this unit; all when absent.
    pub unit: Option<String>,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Of this state, as it had been recorded.
    pub as_of: Option<Timestamp>,
    /// Who asks.
    pub profile: Profile,
}

/// What patrols covered.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The state that was read.
    pub revision: Revision,
    /// Whether the store knows the unit that was asked for; if not, it stands alone.
    pub unit_is_known: bool,
    /// Patrols of these days.
    pub patrols: u64,
    /// Each alley that was in duty on one of the days, by code.
    pub alleys: Vec<AlleyCoverage>,
    /// Each town, by code; last what belongs to none that is known (未落界), if there is any.
    pub towns: Vec<TownCoverage>,
    /// All of them together.
    pub total: TownCoverage,
}

/// What was covered of one alley.
#[derive(Clone, Debug, PartialEq)]
pub struct AlleyCoverage {
    /// Its row.
    pub row: FeatureId,
    /// Its code.
    pub code: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Code of its town, if that is known.
    pub town: Option<String>,
    /// How long it is, metres.
    pub length_m: f64,
    /// Days on which it was in duty.
    pub days: u32,
    /// Days on which something of it was covered.
    pub patrolled_days: u32,
    /// Metres in duty: its length, once a day.
    pub duty_m: f64,
    /// Metres covered: of each day the union of all patrols.
    pub covered_m: f64,
}

/// What was covered of the alleys of one town.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TownCoverage {
    /// Its code; none of what belongs to no town that is known.
    pub code: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Alleys in duty.
    pub alleys: u64,
    /// Of these, with something covered.
    pub patrolled: u64,
    /// Metres in duty.
    pub duty_m: f64,
    /// Metres covered.
    pub covered_m: f64,
}

impl TownCoverage {
    fn add(&mut self, alley: &AlleyCoverage) {
        self.alleys += 1;
        self.patrolled += u64::from(alley.patrolled_days > 0);
        self.duty_m += alley.duty_m;
        self.covered_m += alley.covered_m;
    }
}

impl Engine {
    /// What patrols covered of the alleys in duty (巡查覆盖率).
    ///
    /// # Errors
    /// When the store keeps no patrols or has no alleys, or when there are too many days.
    pub async fn patrol_coverage(&self, asked: CoverageAsked) -> Result<Coverage, EngineError> {
        let current = self.snapshot();
        record(&current, PATROLS).ok_or(EngineError::NoPatrols { collection: PATROLS })?;
        let alleys = held(&current, ALLEYS).ok_or_else(|| unknown(ALLEYS))?;
        for name in ["code", "name", "town"] {
            readable(&alleys, name, asked.profile)?;
        }
        check_days(&asked)?;
        let state =
            self.state(asked.as_of, &there(&current, &[PATROLS, ALLEYS, ADMIN_UNITS])).await?;
        let engine = self.clone();
        self.pool().run(move || engine.coverage(&state, &asked)).await?
    }

    /// The same of a state. Heavy work: it is for the pool.
    pub(crate) fn coverage(
        &self,
        state: &Arc<Snapshot>,
        asked: &CoverageAsked,
    ) -> Result<Coverage, EngineError> {
        check_days(asked)?;
        let deadline = Instant::now() + self.settings().query_time;
        let days: Vec<Day> = (asked.from.0..=asked.to.0).map(Day).collect();
        let is_wanted = |validity: &ledger::place::Validity| {
            // One that begins or ends within the days is valid on one of their ends, or turns.
            validity.holds(asked.from)
                || validity.holds(asked.to)
                || validity.turns_within(asked.from, asked.to)
        };
        let alleys = Alleys::read(state, self.registry(), &is_wanted)?;
        let patrols = record(state, PATROLS).ok_or_else(|| unknown(PATROLS))?;
        let places = LonLat::of(&patrols.collection().crs, self.registry())?;
        let rows = of_days(&patrols, asked)?;
        let tolerance = self.settings().patrols.tolerance_m;
        let mut walked = Walked::default();
        for (number, (row, day, said)) in rows.iter().enumerate() {
            if number % CLOCK_EVERY == 0 && Instant::now() > deadline {
                return Err(EngineError::TooCostly { cause: OverBudget::Time });
            }
            let said = said.as_deref().and_then(|code| alleys.called(code, *day));
            let Some(row) = patrols.get(*row) else { continue };
            let line = Line { row, day: *day, said };
            walked::add(&mut walked, &alleys, &places, &line, tolerance);
        }
        let towns = Towns::of(state, asked);
        let mut found: Vec<AlleyCoverage> = Vec::new();
        for (number, alley) in alleys.all.iter().enumerate() {
            let town = alley.town.as_deref().filter(|town| towns.is_known(town));
            if !towns.is_asked(town) {
                continue;
            }
            let on_duty: Vec<Day> =
                days.iter().copied().filter(|day| alley.validity.holds(*day)).collect();
            if on_duty.is_empty() {
                continue;
            }
            let length_m = alley.line.length();
            let of_days = on_duty.iter().filter_map(|day| walked.get(&(number, *day)));
            let metres: Vec<f64> = of_days.map(|walked| walked.length().min(length_m)).collect();
            found.push(AlleyCoverage {
                row: alley.row,
                code: alley.code.clone(),
                name: alley.name.clone(),
                town: town.map(str::to_owned),
                length_m,
                days: u32::try_from(on_duty.len()).unwrap_or(u32::MAX),
                patrolled_days: u32::try_from(metres.len()).unwrap_or(u32::MAX),
                duty_m: length_m * on_duty.len() as f64,
                // A sum of nothing is -0.
                covered_m: metres.iter().fold(0.0, |all, metres| all + metres),
            });
        }
        found.sort_by(|a, b| (&a.code, a.row).cmp(&(&b.code, b.row)));
        let (by_town, total) = towns.sums(&found);
        Ok(Coverage {
            revision: state.revision,
            unit_is_known: towns.asked.is_none_or(|units| units.is_known),
            patrols: rows.len() as u64,
            alleys: found,
            towns: by_town,
            total,
        })
    }
}

fn check_days(asked: &CoverageAsked) -> Result<(), EngineError> {
    let days = asked.to.days_since(asked.from) + 1;
    if (1..=MAX_COVERAGE_DAYS).contains(&days) {
        return Ok(());
    }
    Err(EngineError::Unmeasurable {
        what: format!(
            "{} to {} are {days} days; ask for 1 to {MAX_COVERAGE_DAYS}",
            asked.from, asked.to
        ),
    })
}

fn unknown(name: &str) -> EngineError {
    match CollectionId::try_from(name) {
        Ok(id) => EngineError::UnknownCollection { id },
        Err(error) => EngineError::Internal { what: error.to_string() },
    }
}

/// A patrol's row, its day and the alley that it says it was on.
type OfDay = (FeatureId, Day, Option<String>);

/// The patrols that began on the days asked for.
fn of_days(patrols: &CollectionSnapshot, asked: &CoverageAsked) -> Result<Vec<OfDay>, EngineError> {
    let started = readable(patrols, "started_at", asked.profile)?;
    let alley = readable(patrols, "alley", asked.profile)?;
    let mut rows = Vec::new();
    each(patrols, &mut |row| {
        let day = moment(row, started).map(Day::of);
        if let Some(day) = day.filter(|day| (asked.from..=asked.to).contains(day)) {
            rows.push((row.id(), day, text(row, alley).map(str::to_owned)));
        }
    });
    Ok(rows)
}

/// Towns by their codes, and which of them are asked for.
struct Towns {
    asked: Option<UnitsBelow>,
    /// Names by code of the units that are valid on the last day; none where there is no table.
    known: Option<FxHashMap<String, String>>,
    /// Those of them that are towns and asked for.
    all: BTreeSet<String>,
}

impl Towns {
    fn of(state: &Snapshot, asked: &CoverageAsked) -> Self {
        let units: Vec<_> = units::held(state).map(units::rows).unwrap_or_default();
        let valid = units.into_iter().filter(|unit| unit.validity.holds(asked.to));
        let valid: Vec<_> = valid.collect();
        let below = asked.unit.as_deref().map(|unit| UnitsBelow::of(state, unit, asked.to));
        let is_asked = |code: &str| below.as_ref().is_none_or(|units| units.holds(code));
        let towns = valid.iter().filter(|unit| unit.level == Level::Town && is_asked(&unit.code));
        let all = towns.map(|unit| unit.code.clone()).collect();
        let known = (!valid.is_empty())
            .then(|| valid.into_iter().map(|unit| (unit.code, unit.name)).collect());
        Self { asked: below, known, all }
    }

    fn is_known(&self, town: &str) -> bool {
        self.known.as_ref().is_none_or(|known| known.contains_key(town))
    }

    /// What belongs to no town that is known is asked for with all the others alone.
    fn is_asked(&self, town: Option<&str>) -> bool {
        match (&self.asked, town) {
            (None, _) => true,
            (Some(units), Some(town)) => units.holds(town),
            (Some(_), None) => false,
        }
    }

    fn sums(&self, alleys: &[AlleyCoverage]) -> (Vec<TownCoverage>, TownCoverage) {
        let mut by_town: BTreeMap<Option<String>, TownCoverage> = BTreeMap::new();
        for code in &self.all {
            by_town.entry(Some(code.clone())).or_default();
        }
        let mut total = TownCoverage::default();
        for alley in alleys {
            by_town.entry(alley.town.clone()).or_default().add(alley);
            total.add(alley);
        }
        let name =
            |code: &String| self.known.as_ref()?.get(code).filter(|n| !n.is_empty()).cloned();
        let mut towns: Vec<TownCoverage> = by_town
            .into_iter()
            .map(|(code, sums)| TownCoverage { name: code.as_ref().and_then(name), code, ..sums })
            .collect();
        towns.sort_by_key(|town| (town.code.is_none(), town.code.clone()));
        (towns, total)
    }
}
