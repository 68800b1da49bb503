//! Results of checklists: how many passed by item and town, and the latest ones of a point.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::PointId;
use ledger::place::{ADMIN_UNITS, ALLEYS, Day};
use ledger::record::patrols::{CHECKLIST_RESULTS, PATROLS};
use ledger::rows::POINTS;
use rustc_hash::FxHashMap;
use spatial::{CollectionSnapshot, FeatureRef, Revision, Snapshot, Timestamp, ValueRef};

use super::read::{each, held, moment, readable, record, text, there};
use crate::ledger::{KnownUnits, UnitsBelow, known_units};
use crate::{Engine, EngineError, Profile};

/// What is asked of the results of one version of a checklist.
#[derive(Clone, Debug)]
pub struct ResultsAsked {
    /// Code of the checklist.
    pub checklist: String,
    /// Its version.
    pub version: String,
    /// Codes of its items, in order.
    pub items: Vec<String>,
    /// Places of this unit, or of those beneath it.
    pub unit: Option<String>,
    /// From this day on.
    pub from: Option<Day>,
    /// Until this day.
    pub to: Option<Day>,
    /// Of this state, as it had been recorded.
    pub as_of: Option<Timestamp>,
    /// The day of whose units that is.
    pub today: Day,
    /// Who asks.
    pub profile: Profile,
}

/// How many passed. Of several results of an item at one place the latest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Places where the item was as it must be.
    pub passed: u64,
    /// Places where it was not.
    pub failed: u64,
}

impl Share {
    fn add(&mut self, passed: bool) {
        match passed {
            true => self.passed += 1,
            false => self.failed += 1,
        }
    }

    /// Places that were looked at.
    pub fn checked(self) -> u64 {
        self.passed + self.failed
    }
}

/// The share of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemShare {
    /// Code of the item.
    pub item: String,
    /// How many passed.
    pub share: Share,
}

/// The shares of one town.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TownShares {
    /// Its code; none of places in no town that is known.
    pub code: Option<String>,
    /// Each item.
    pub items: Vec<ItemShare>,
    /// All items together.
    pub whole: Share,
}

/// Results by town.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultsByTown {
    /// The state that was read.
    pub revision: Revision,
    /// Each town with a result; last the places that belong to none that is known (未落界).
    pub towns: Vec<TownShares>,
    /// All of them together.
    pub whole: TownShares,
}

/// The latest result of an item at a point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PointResult {
    /// Code of the checklist.
    pub checklist: String,
    /// Its version.
    pub version: String,
    /// Code of the item.
    pub item: String,
    /// Whether it was as it must be.
    pub passed: bool,
    /// When.
    pub checked_at: Timestamp,
}

impl Engine {
    /// How many results passed, by item and town.
    ///
    /// # Errors
    /// When the store keeps no results.
    pub async fn checklist_results(
        &self,
        asked: ResultsAsked,
    ) -> Result<ResultsByTown, EngineError> {
        let current = self.snapshot();
        let missing = EngineError::NoPatrols { collection: CHECKLIST_RESULTS };
        record(&current, CHECKLIST_RESULTS).ok_or(missing)?;
        let ids = there(&current, &[CHECKLIST_RESULTS, PATROLS, ALLEYS, POINTS, ADMIN_UNITS]);
        let state = self.state(asked.as_of, &ids).await?;
        self.pool().run(move || by_town(&state, &asked)).await?
    }

    /// The latest result of each item that was looked at at a point; none where the store keeps no
    /// results.
    pub async fn checklist_of_point(
        &self,
        point: PointId,
        as_of: Option<Timestamp>,
    ) -> Result<Option<Vec<PointResult>>, EngineError> {
        let current = self.snapshot();
        if record(&current, CHECKLIST_RESULTS).is_none() {
            return Ok(None);
        }
        let state = self.state(as_of, &there(&current, &[CHECKLIST_RESULTS])).await?;
        let latest = move || match record(&state, CHECKLIST_RESULTS) {
            Some(results) => of_point(&results, &point.to_string()).map(Some),
            None => Ok(None),
        };
        self.pool().run(latest).await?
    }
}

fn of_point(results: &CollectionSnapshot, wanted: &str) -> Result<Vec<PointResult>, EngineError> {
    let columns = ResultColumns::of(results, Profile::default())?;
    let mut latest: BTreeMap<[&str; 3], (Timestamp, bool)> = BTreeMap::new();
    each(results, &mut |row| {
        let told = [columns.checklist, columns.version, columns.item].map(|at| text(row, at));
        let at = moment(row, columns.checked_at);
        let ([Some(checklist), Some(version), Some(item)], Some(at)) = (told, at) else { return };
        let (true, Some(passed)) = (text(row, columns.point) == Some(wanted), columns.passed(row))
        else {
            return;
        };
        let kept = latest.entry([checklist, version, item]).or_insert((at, passed));
        if at >= kept.0 {
            *kept = (at, passed);
        }
    });
    let told = latest.into_iter().map(|([checklist, version, item], (checked_at, passed))| {
        let [checklist, version, item] = [checklist, version, item].map(str::to_owned);
        PointResult { checklist, version, item, passed, checked_at }
    });
    Ok(told.collect())
}

/// Where the columns of results are.
struct ResultColumns {
    checklist: usize,
    version: usize,
    item: usize,
    patrol: usize,
    alley: usize,
    point: usize,
    passed: usize,
    checked_at: usize,
}

impl ResultColumns {
    fn of(results: &CollectionSnapshot, profile: Profile) -> Result<Self, EngineError> {
        let column = |name: &str| readable(results, name, profile);
        Ok(Self {
            checklist: column("checklist")?,
            version: column("version")?,
            item: column("item")?,
            patrol: column("patrol")?,
            alley: column("alley")?,
            point: column("point")?,
            passed: column("passed")?,
            checked_at: column("checked_at")?,
        })
    }

    fn passed(&self, row: FeatureRef<'_>) -> Option<bool> {
        match row.value(self.passed) {
            ValueRef::Bool(passed) => Some(passed),
            _ => None,
        }
    }
}

fn by_town(state: &Arc<Snapshot>, asked: &ResultsAsked) -> Result<ResultsByTown, EngineError> {
    let missing = EngineError::NoPatrols { collection: CHECKLIST_RESULTS };
    let results = record(state, CHECKLIST_RESULTS).ok_or(missing)?;
    let columns = ResultColumns::of(&results, asked.profile)?;
    let of_places = PlaceTowns::of(state, asked)?;
    // The latest result of an item at a place: an alley, a point, or else one patrol.
    let mut latest: BTreeMap<(usize, Place<'_>), (Timestamp, bool)> = BTreeMap::new();
    each(&results, &mut |row| {
        let is_it = text(row, columns.checklist) == Some(&asked.checklist)
            && text(row, columns.version) == Some(&asked.version);
        let item = text(row, columns.item).filter(|_| is_it);
        let item = item.and_then(|item| asked.items.iter().position(|one| one == item));
        let told = (item, columns.passed(row), moment(row, columns.checked_at));
        let (Some(item), Some(passed), Some(at)) = told else { return };
        let day = Day::of(at);
        if asked.from.is_some_and(|from| day < from) || asked.to.is_some_and(|to| day > to) {
            return;
        }
        let place = match (text(row, columns.point), text(row, columns.alley)) {
            (Some(point), _) => [Some(point), None, None],
            (None, Some(alley)) => [None, Some(alley), None],
            (None, None) => [None, None, text(row, columns.patrol)],
        };
        let kept = latest.entry((item, place)).or_insert((at, passed));
        if at >= kept.0 {
            *kept = (at, passed);
        }
    });
    let empty = |code: Option<String>| TownShares {
        code,
        items: asked
            .items
            .iter()
            .map(|item| ItemShare { item: item.clone(), share: Share::default() })
            .collect(),
        whole: Share::default(),
    };
    let mut towns: BTreeMap<(bool, Option<String>), TownShares> = BTreeMap::new();
    let mut whole = empty(None);
    for ((item, place), (_, passed)) in latest {
        let town = of_places.town(place);
        if !of_places.is_asked(town) {
            continue;
        }
        let code = town.map(str::to_owned);
        let key = (code.is_none(), code.clone());
        for shares in [towns.entry(key).or_insert_with(|| empty(code)), &mut whole] {
            shares.items[item].share.add(passed);
            shares.whole.add(passed);
        }
    }
    Ok(ResultsByTown { revision: state.revision, towns: towns.into_values().collect(), whole })
}

/// What a result calls its place: a point, an alley, or else a patrol.
type Place<'a> = [Option<&'a str>; 3];

/// The towns of places by what results call them.
struct PlaceTowns {
    /// Of points, alleys and patrols.
    towns: [FxHashMap<String, String>; 3],
    known: Option<KnownUnits>,
    asked: Option<UnitsBelow>,
}

impl PlaceTowns {
    fn of(state: &Snapshot, asked: &ResultsAsked) -> Result<Self, EngineError> {
        let table = |name: &str, key: &str, units: &[&str]| {
            let mut towns = FxHashMap::default();
            let Some(held) = held(state, name) else { return Ok(towns) };
            let there = |unit: &&&str| held.collection().field_position(unit).is_some();
            let units = units.iter().filter(there);
            let units: Vec<usize> = units
                .map(|unit| readable(&held, unit, asked.profile))
                .collect::<Result<_, EngineError>>()?;
            let key = readable(&held, key, asked.profile)?;
            each(&held, &mut |row| {
                let unit = units.iter().find_map(|at| text(row, *at));
                if let Some((key, unit)) = text(row, key).zip(unit) {
                    towns.insert(key.to_owned(), unit.to_owned());
                }
            });
            Ok::<_, EngineError>(towns)
        };
        Ok(Self {
            towns: [
                table(POINTS, "id", &["town", "unit"])?,
                table(ALLEYS, "code", &["town"])?,
                table(PATROLS, "code", &["unit"])?,
            ],
            known: known_units(state),
            asked: asked.unit.as_deref().map(|unit| UnitsBelow::of(state, unit, asked.today)),
        })
    }

    fn town(&self, place: Place<'_>) -> Option<&str> {
        let towns = self.towns.iter().zip(place);
        let town = towns.into_iter().find_map(|(towns, name)| towns.get(name?))?.as_str();
        let is_known = self.known.as_ref().is_none_or(|known| known.contains(town));
        is_known.then_some(town)
    }

    fn is_asked(&self, town: Option<&str>) -> bool {
        let Some(asked) = &self.asked else { return true };
        town.is_some_and(|town| asked.holds(town))
    }
}
