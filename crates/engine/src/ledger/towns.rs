//! What a town plans and answers for: its problems and projects (两清单), its plan (一街(镇)一方案) with
//! milestones, ground and progress by task.
//!
//! *Invariants:* a town is its unit with those beneath it on the day; rows come in the order of their
//! keys; a problem belongs to the project of its town that it names, or to none.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::indicator::{Moment, Period, Window};
use ledger::place::{ADMIN_UNITS, Day};
use ledger::point::State;
use ledger::record::calls::DECISIONS;
use ledger::record::towns::{MILESTONES, PLANS, PROBLEMS, PROJECTS};
use ledger::rows::{POINT_EVENTS, POINTS};
use spatial::{CollectionId, CollectionSnapshot, Crs, FeatureId, Geometry, Revision, Snapshot};
use spatial::{Timestamp, Value, ValueRef};

use super::held::Held;
use super::units::{held, rows};
use super::units_below::UnitsBelow;
use crate::{Engine, EngineError, Profile, ReadableField, now};

/// Most rows of one list.
const MAX_ROWS: usize = 10_000;
/// Most points that a sketch shows.
const MAX_SKETCHED: usize = 20_000;

/// A row: its values by column, of those that the reader may read.
#[derive(Clone, Debug, PartialEq)]
pub struct TownRow {
    /// Which feature of its collection it is.
    pub id: FeatureId,
    /// Its values.
    pub values: BTreeMap<String, Value>,
}

impl TownRow {
    /// A text that is there and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name)? {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// A day.
    pub fn day(&self, name: &str) -> Option<Day> {
        ledger::clue::day_of(self.text(name)?)
    }
}

/// The two lists of a town.
#[derive(Clone, Debug)]
pub struct TownLists {
    /// The state.
    pub revision: Revision,
    /// Code of the town.
    pub code: String,
    /// Its name; none where the store does not know it.
    pub name: Option<String>,
    /// Its problems; none where the store keeps none.
    pub problems: Option<Vec<TownRow>>,
    /// Its projects; none where the store keeps none.
    pub projects: Option<Vec<TownRow>>,
    /// What meetings decided about it (议定事项); none where the store keeps none.
    pub decisions: Option<Vec<TownRow>>,
    /// Whether there are more of one of them than are told.
    pub is_cut: bool,
}

impl TownLists {
    /// The project of this town that a problem names.
    pub fn project_of(&self, problem: &TownRow) -> Option<&TownRow> {
        let named = problem.text("project")?;
        self.projects.as_ref()?.iter().find(|project| project.text("code") == Some(named))
    }

    /// The problems that name a project of this town.
    pub fn problems_of<'a>(
        &'a self,
        project: &'a TownRow,
    ) -> impl Iterator<Item = &'a TownRow> + 'a {
        let code = project.text("code");
        let problems = self.problems.iter().flatten();
        problems.filter(move |problem| code.is_some() && problem.text("project") == code)
    }
}

/// How far a town is with a task: its points of the year of the plan, and those carried over into it, as 销账率
/// counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TownProgress {
    /// Points that were registered and are not void.
    pub registered: u64,
    /// Those of them that are closed.
    pub closed: u64,
    /// Those that came back and are not closed again.
    pub rebounded: u64,
}

/// The plan of a town, and what it says of the town.
#[derive(Clone, Debug)]
pub struct TownPlan {
    /// Its lists.
    pub lists: TownLists,
    /// The plan that is valid on the day, the latest of several; none where there is none.
    pub plan: Option<TownRow>,
    /// Its milestones by date.
    pub milestones: Vec<TownRow>,
    /// By task; none where the store has no ledger.
    pub progress: Option<BTreeMap<String, TownProgress>>,
    /// What a sketch shows.
    pub ground: Ground,
}

/// Shapes in longitude and latitude.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// Of the town.
    pub outline: Option<Geometry>,
    /// That the plan is for.
    pub plan: Option<Geometry>,
    /// Points of the town, with whether they are closed.
    pub points: Vec<([f64; 2], bool)>,
}

impl Engine {
    /// The two lists of the town `code`; none where nothing in the store knows it.
    ///
    /// # Errors
    /// When the state is not kept.
    pub async fn town_lists(
        &self,
        code: &str,
        as_of: Option<Timestamp>,
        day: Day,
    ) -> Result<Option<TownLists>, EngineError> {
        let state = self.town_state(as_of).await?;
        let (code, profile) = (code.to_owned(), self.profile());
        self.pool().run(move || lists(&state, &code, day, profile)).await
    }

    /// The plan of the town `code`; none where nothing in the store knows it.
    ///
    /// # Errors
    /// When the state is not kept.
    pub async fn town_plan(
        &self,
        code: &str,
        as_of: Option<Timestamp>,
        day: Day,
    ) -> Result<Option<TownPlan>, EngineError> {
        let state = self.town_state(as_of).await?;
        let facts = match Held::of(&state) {
            Some(_) => Some(self.ledger_facts(as_of, self.profile(), &[]).await?.points),
            None => None,
        };
        let (engine, code, profile) = (self.clone(), code.to_owned(), self.profile());
        let window = i32::try_from(day.year()).ok().and_then(Period::of_year).map(Period::window);
        let window =
            window.unwrap_or(Window { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) });
        let moment = Moment { at: as_of.unwrap_or_else(now), window };
        let make = move || {
            let Some(lists) = lists(&state, &code, day, profile) else { return Ok(None) };
            let units = UnitsBelow::of(&state, &code, day);
            let plans = of_unit(&state, PLANS, &units, profile).map(|(rows, _)| rows);
            let holds = |plan: &TownRow| {
                plan.day("valid_from").is_none_or(|from| from <= day)
                    && plan.day("valid_to").is_none_or(|to| day <= to)
                    && plan.text("unit") == Some(code.as_str())
            };
            let mut valid: Vec<TownRow> = plans.into_iter().flatten().filter(holds).collect();
            valid.sort_by_key(|plan| (plan.day("valid_from"), plan.id));
            let plan = valid.pop();
            let named = plan.as_ref().and_then(|plan| plan.text("code"));
            let mut milestones = match named {
                Some(code) => select(&state, MILESTONES, profile, &|column, text| {
                    column == "plan" && text == code
                })
                .map_or(Vec::new(), |(rows, _)| rows),
                None => Vec::new(),
            };
            milestones.sort_by_key(|one| (one.day("due"), one.id));
            let progress = facts.map(|facts| {
                let mut tasks: BTreeMap<String, TownProgress> = BTreeMap::new();
                let of_town = facts.iter().filter(|facts| {
                    facts.unit.as_deref().is_some_and(|unit| units.holds(unit))
                        && facts.is_of_year(moment)
                });
                for facts in of_town {
                    let task = facts.task.as_deref().unwrap_or_default();
                    let progress = tasks.entry(task.to_owned()).or_default();
                    progress.registered += 1;
                    progress.closed += u64::from(facts.state == State::Closed);
                    progress.rebounded += u64::from(facts.state == State::Rebounded);
                }
                tasks
            });
            let ground = engine.ground(&state, &code, (day, &units), plan.as_ref())?;
            Ok(Some(TownPlan { lists, plan, milestones, progress, ground }))
        };
        self.pool().run(make).await?
    }

    /// One state of all that is told of towns.
    async fn town_state(&self, as_of: Option<Timestamp>) -> Result<Arc<Snapshot>, EngineError> {
        let current = self.snapshot();
        let names =
            [PROBLEMS, PROJECTS, DECISIONS, PLANS, MILESTONES, ADMIN_UNITS, POINTS, POINT_EVENTS];
        let ids = names.into_iter().filter_map(|name| CollectionId::try_from(name).ok());
        let ids: Vec<CollectionId> =
            ids.filter(|id| current.collections.contains_key(id)).collect();
        self.state(as_of, &ids).await
    }

    fn ground(
        &self,
        state: &Snapshot,
        code: &str,
        (day, units): (Day, &UnitsBelow),
        plan: Option<&TownRow>,
    ) -> Result<Ground, EngineError> {
        let shape = |held: &CollectionSnapshot, id: FeatureId| match held.get(id) {
            Some(feature) => self.shown(held.collection(), &Crs::WGS84)?.geometry(feature),
            None => Ok(None),
        };
        let mut ground = Ground::default();
        if let Some(admin) = held(state) {
            let mut of_code: Vec<_> = rows(admin)
                .into_iter()
                .filter(|unit| unit.code == code && unit.validity.holds(day))
                .collect();
            of_code.sort_by_key(|unit| unit.row);
            let row = of_code.first().and_then(|unit| FeatureId::try_from(unit.row).ok());
            ground.outline = row.map(|id| shape(admin, id)).transpose()?.flatten();
        }
        if let (Some(held), Some(plan)) = (find(state, PLANS), plan) {
            ground.plan = shape(held, plan.id)?;
        }
        let Some(points) = find(state, POINTS) else { return Ok(ground) };
        let column = |name| points.collection().field_position(name);
        let (Some(unit), Some(at)) = (column("unit"), column("state")) else { return Ok(ground) };
        let shown = self.shown(points.collection(), &Crs::WGS84)?;
        let mut ids = Vec::new();
        points.each(&mut |shard, slots| {
            for slot in slots {
                let row = shard.feature(usize::from(*slot));
                if matches!(row.value(unit), ValueRef::Text(unit) if units.holds(unit)) {
                    ids.push(row.id());
                }
            }
        });
        ids.sort_unstable();
        for row in ids.into_iter().take(MAX_SKETCHED).filter_map(|id| points.get(id)) {
            let is_closed = row.value(at) == ValueRef::Text(State::Closed.identifier());
            if let Some(Geometry { shape: geo_types::Geometry::Point(point), .. }) =
                shown.geometry(row)?
            {
                ground.points.push(([point.x(), point.y()], is_closed));
            }
        }
        Ok(ground)
    }
}

fn find<'a>(state: &'a Snapshot, name: &str) -> Option<&'a CollectionSnapshot> {
    state.collections.get(&CollectionId::try_from(name).ok()?).map(|held| &**held)
}

/// Rows of a collection of which a text column is as wanted, in the order of their keys, and whether
/// there are more; none where the collection is not there.
fn select(
    state: &Snapshot,
    name: &str,
    profile: Profile,
    is_wanted: &dyn Fn(&str, &str) -> bool,
) -> Option<(Vec<TownRow>, bool)> {
    let held = find(state, name)?;
    let collection = held.collection();
    let fields: Vec<(ReadableField, &str)> = ReadableField::all(collection, profile)
        .map(|(field, declared)| (field, declared.name.as_str()))
        .collect();
    let mut found = Vec::new();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let is_found = fields.iter().any(|(field, name)| {
                matches!(row.value(field.position()), ValueRef::Text(text) if is_wanted(name, text))
            });
            if is_found {
                let value = |(field, name): &(ReadableField, &str)| {
                    ((*name).to_owned(), row.value(field.position()).to_value())
                };
                found.push(TownRow { id: row.id(), values: fields.iter().map(value).collect() });
            }
        }
    });
    found.sort_by(|one, other| (one.text("code"), one.id).cmp(&(other.text("code"), other.id)));
    let is_cut = found.len() > MAX_ROWS;
    found.truncate(MAX_ROWS);
    Some((found, is_cut))
}

fn of_unit(
    state: &Snapshot,
    name: &str,
    units: &UnitsBelow,
    profile: Profile,
) -> Option<(Vec<TownRow>, bool)> {
    select(state, name, profile, &|column, text| column == "unit" && units.holds(text))
}

fn lists(state: &Snapshot, code: &str, day: Day, profile: Profile) -> Option<TownLists> {
    let units = UnitsBelow::of(state, code, day);
    let of_code = held(state).map(rows).unwrap_or_default();
    let unit = of_code.into_iter().find(|unit| unit.code == code && unit.validity.holds(day));
    let (problems, projects) =
        (of_unit(state, PROBLEMS, &units, profile), of_unit(state, PROJECTS, &units, profile));
    let decisions = of_unit(state, DECISIONS, &units, profile);
    let has = |rows: &Option<(Vec<TownRow>, bool)>| {
        rows.as_ref().is_some_and(|(rows, _)| !rows.is_empty())
    };
    let has_plan = || has(&of_unit(state, PLANS, &units, profile));
    if unit.is_none() && ![&problems, &projects, &decisions].into_iter().any(has) && !has_plan() {
        return None;
    }
    let is_cut =
        [&problems, &projects, &decisions].into_iter().flatten().any(|(_, is_cut)| *is_cut);
    Some(TownLists {
        revision: state.revision,
        code: code.to_owned(),
        name: unit.map(|unit| unit.name).filter(|name| !name.is_empty()),
        problems: problems.map(|(rows, _)| rows),
        projects: projects.map(|(rows, _)| rows),
        decisions: decisions.map(|(rows, _)| rows),
        is_cut,
    })
}
