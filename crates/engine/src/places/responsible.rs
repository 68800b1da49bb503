//! Who is responsible at positions on a day: units, grid cell, alleys, focus areas, plans, and
//! those who answer for any of them.
//!
//! *Invariant:* a field that the reader may not read is neither shown nor compared by; it is named
//! as withheld.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use geo_types::{Geometry as Shape, Point};
use ledger::place::{
    ADMIN_UNITS, ALLEYS, Day, FOCUS_AREAS, GRID_CELLS, Level, PLANNING_LAYERS, RESPONSIBILITIES,
    ValidityReader,
};
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::query::{Area, Nearest};
use spatial::{
    Budget, CollectionId, CollectionSnapshot, Costs, Crs, CrsRegistry, FeatureId, FeatureRef,
    Revision, Snapshot, Timestamp, Value, ValueRef,
};

use super::position::{AtPosition, Parents, at_position, collection, projected, valid_at};
use crate::kept::KeptAnswers;
use crate::pool::{Weight, each_in_parallel};
use crate::query::{fault, metric};
use crate::{Engine, EngineError, Profile, ReadableField};

/// Most positions of one question.
pub const MAX_POSITIONS: usize = 1_000;
/// Most entries of an answer for one position.
pub const MAX_RESPONSIBILITIES: usize = 1_000;
/// Most entries of an answer for all of its positions.
const MAX_ENTRIES: usize = 100_000;
/// Most alleys, focus areas and plans of an answer, each.
const MAX_PLACES: usize = 100;

/// Most positions, places and entries of all answers together that are kept: some 30 MB.
const MAX_KEPT_ITEMS: usize = 30_000;

/// Who was responsible where, as it was asked lately.
pub(crate) type KeptResponsible = KeptAnswers<ResponsibleQuery, Vec<ResponsibleHere>>;

/// No answers yet.
pub(crate) fn kept_responsible() -> KeptResponsible {
    KeptAnswers::new(MAX_KEPT_ITEMS)
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct ResponsibleQuery {
    /// Longitudes and latitudes, WGS 84 or CGCS2000; at most [`MAX_POSITIONS`].
    pub positions: Vec<[f64; 2]>,
    /// The day.
    pub day: Day,
    /// How far an alley may be away, in metres.
    pub alley_within: f64,
    /// The state that had been recorded by then; the current one when absent.
    pub as_of: Option<Timestamp>,
    /// Who asks.
    pub profile: Profile,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct ResponsibleFound {
    /// The state that was read.
    pub revision: Revision,
    /// What was found at each position, in their order.
    pub here: Arc<Vec<ResponsibleHere>>,
}

/// What was found at one position.
#[derive(Clone, Debug, Default)]
pub struct ResponsibleHere {
    /// The position.
    pub position: [f64; 2],
    /// Units and the grid cell's code.
    pub at: AtPosition,
    /// The grid cell, and what else lies here; alleys nearest first.
    pub places: Vec<PlaceHere>,
    /// Who answers, for the finest place first.
    pub responsibilities: Vec<Responsibility>,
    /// Whether all of them are listed.
    pub is_complete: bool,
    /// Fields of responsibilities that the reader may not read.
    pub withheld: Vec<String>,
}

/// A feature at the position.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceHere {
    /// Its collection.
    pub collection: CollectionId,
    /// The feature.
    pub id: FeatureId,
    /// Names and values of the fields that the reader may read, those without a value left out.
    pub values: Vec<(String, Value)>,
    /// Metres to it, of alleys.
    pub distance: Option<f64>,
}

/// Somebody who answers for a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Responsibility {
    /// The feature.
    pub id: FeatureId,
    /// Collection of the place.
    pub area_collection: String,
    /// Code of the place.
    pub area_code: String,
    /// Level of the place, where it is a unit.
    pub level: Option<Level>,
    /// Names and values of the other fields that the reader may read.
    pub values: Vec<(String, Value)>,
}

impl Engine {
    /// Who is responsible at positions on a day.
    ///
    /// # Errors
    /// [`EngineError::UnknownCollection`] where the store has no `admin_units`,
    /// [`EngineError::Unmeasurable`] of too many positions or entries.
    pub async fn responsible(
        &self,
        query: ResponsibleQuery,
    ) -> Result<ResponsibleFound, EngineError> {
        if query.positions.len() > MAX_POSITIONS {
            return Err(too_many(&format!("{} positions", query.positions.len()), MAX_POSITIONS));
        }
        let names =
            [ADMIN_UNITS, GRID_CELLS, ALLEYS, FOCUS_AREAS, PLANNING_LAYERS, RESPONSIBILITIES];
        let ids = names.into_iter().filter_map(|name| CollectionId::try_from(name).ok());
        let current = self.snapshot();
        let is_asked =
            |id: &CollectionId| id.as_str() == ADMIN_UNITS || current.collections.contains_key(id);
        let ids: Vec<CollectionId> = ids.filter(is_asked).collect();
        if let Some(id) = ids.iter().find(|id| !current.collections.contains_key(*id)) {
            return Err(EngineError::UnknownCollection { id: id.clone() });
        }
        let state = self.state(query.as_of, &ids).await?;
        let read: Vec<&Arc<CollectionSnapshot>> =
            ids.iter().filter_map(|id| state.collections.get(id)).collect();
        let is_same = |one: &ResponsibleQuery| one.asks_as(&query);
        if let Some(here) = self.0.responsible.find(&read, is_same) {
            return Ok(ResponsibleFound { revision: state.revision, here });
        }
        let (engine, asked) = (self.clone(), (Costs::default(), self.settings().query_time));
        let weight = match query.positions.len() {
            ..=FEW => Weight::PerhapsLight,
            _ => Weight::Heavy,
        };
        let find = move |budget: &Budget<'_>| engine.responsible_now(&state, &ids, &query, budget);
        self.pool().read(weight, asked, find).await
    }
}

impl Engine {
    fn responsible_now(
        &self,
        state: &Snapshot,
        ids: &[CollectionId],
        query: &ResponsibleQuery,
        budget: &Budget<'_>,
    ) -> Result<ResponsibleFound, EngineError> {
        let here = Arc::new(find(state, self.registry(), query, budget)?);
        let read: Vec<&Arc<CollectionSnapshot>> =
            ids.iter().filter_map(|id| state.collections.get(id)).collect();
        let is_same = |one: &ResponsibleQuery| one.asks_as(query);
        let items = |one: &ResponsibleHere| 1 + one.places.len() + one.responsibilities.len();
        let items = here.iter().map(items).sum();
        self.0.responsible.keep(&read, (query.clone(), is_same), &here, items);
        Ok(ResponsibleFound { revision: state.revision, here })
    }
}

impl ResponsibleQuery {
    /// Whether another query, of the same collections, asks the same.
    fn asks_as(&self, other: &Self) -> bool {
        let Self { positions, day, alley_within, as_of: _, profile } = self;
        (day, alley_within, profile) == (&other.day, &other.alley_within, &other.profile)
            && *positions == other.positions
    }
}

/// Positions that are little work.
const FEW: usize = 4;

fn too_many(what: &str, most: usize) -> EngineError {
    EngineError::Unmeasurable {
        what: format!("{what} are more than {most}; ask for fewer positions at once"),
    }
}

fn find(
    state: &Snapshot,
    registry: &CrsRegistry,
    query: &ResponsibleQuery,
    budget: &Budget<'_>,
) -> Result<Vec<ResponsibleHere>, EngineError> {
    let parents = Parents::default();
    let here = each_in_parallel(&query.positions, |position| {
        places_at(*position, (state, registry, &parents), query, budget)
    });
    let mut here = here.into_iter().collect::<Result<Vec<_>, EngineError>>()?;
    if let Some(held) = collection(state, RESPONSIBILITIES) {
        answerable(held, query, budget, &mut here)?;
    }
    Ok(here)
}

/// What lies at a position; who answers for it is not told yet.
fn places_at(
    position: [f64; 2],
    (state, registry, parents): (&Snapshot, &CrsRegistry, &Parents),
    query: &ResponsibleQuery,
    budget: &Budget<'_>,
) -> Result<ResponsibleHere, EngineError> {
    budget.spend(0, 0).map_err(EngineError::from)?;
    let here = (position, &Crs::CGCS2000);
    let mut at = at_position(state, registry, here, (query.day, parents))?;
    conceal(&mut at, state, query.profile);
    let mut found =
        ResponsibleHere { position, at, is_complete: true, ..ResponsibleHere::default() };
    for name in [GRID_CELLS, FOCUS_AREAS, PLANNING_LAYERS] {
        if let Some(held) = collection(state, name) {
            let mut places = Vec::new();
            valid_at(held, registry, here, query.day, &mut |feature| {
                places.push(place(held, feature, query.profile, None));
            })?;
            places.sort_by_key(|place| place.id);
            places.truncate(MAX_PLACES);
            found.places.append(&mut places);
        }
    }
    if let Some(held) = collection(state, ALLEYS) {
        found.places.append(&mut alleys(held, registry, (position, query), budget)?);
    }
    Ok(found)
}

/// Takes away what the reader may not read of units and the grid cell.
fn conceal(at: &mut AtPosition, state: &Snapshot, profile: Profile) {
    let hidden = |name: &str, field: &str| {
        let held = collection(state, name);
        held.is_none_or(|held| {
            matches!(
                ReadableField::find(held.collection(), field, profile),
                Err(EngineError::HiddenField { .. })
            )
        })
    };
    if hidden(GRID_CELLS, "code") {
        at.grid = None;
    }
    let hidden = |field: &str| hidden(ADMIN_UNITS, field);
    for unit in at.units.iter_mut().map(|here| &mut here.unit) {
        for (field, text) in [("code", &mut unit.code), ("name", &mut unit.name)] {
            if hidden(field) {
                text.clear();
            }
        }
        if hidden("aliases") {
            unit.aliases.clear();
        }
        if hidden("parent") {
            unit.parent = None;
        }
        unit.codes.retain(|scheme, _| !hidden(scheme.identifier()));
        if hidden("valid_from") {
            unit.validity.from = None;
        }
        if hidden("valid_to") {
            unit.validity.to = None;
        }
    }
    if hidden("level") {
        at.units.clear();
    }
}

/// The alleys within reach, nearest first.
fn alleys(
    held: &CollectionSnapshot,
    registry: &CrsRegistry,
    (position, query): ([f64; 2], &ResponsibleQuery),
    budget: &Budget<'_>,
) -> Result<Vec<PlaceHere>, EngineError> {
    let crs = &held.collection().crs;
    let Some([x, y]) = projected(position, &Crs::CGCS2000, crs, registry)? else {
        return Ok(Vec::new());
    };
    let (metric, units) = metric(crs, registry)?;
    let here = Area::new(&Shape::Point(Point::new(x, y)).into(), 1);
    let here = here.map_err(|fault| EngineError::UnusableGeometry {
        reason: fault.to_string(),
        at: Some(position),
    })?;
    let reader = ValidityReader::of(held.collection());
    let valid =
        |feature: FeatureRef<'_>| reader.validity(feature).is_some_and(|v| v.holds(query.day));
    let asked = Nearest {
        to: &here,
        count: MAX_PLACES,
        metric,
        within: query.alley_within * units,
        filter: Some(&valid),
    };
    let near = held.nearest(&asked, budget).map_err(fault)?;
    let alley = near
        .into_iter()
        .map(|near| place(held, near.feature, query.profile, Some(near.distance / units)));
    Ok(alley.collect())
}

fn place(
    held: &CollectionSnapshot,
    feature: FeatureRef<'_>,
    profile: Profile,
    distance: Option<f64>,
) -> PlaceHere {
    let values = readable(held, feature, profile, &[]);
    PlaceHere { collection: held.collection().id.clone(), id: feature.id(), values, distance }
}

/// Names and values of the readable fields that have a value, without those of `left_out`.
fn readable(
    held: &CollectionSnapshot,
    feature: FeatureRef<'_>,
    profile: Profile,
    left_out: &[&str],
) -> Vec<(String, Value)> {
    ReadableField::all(held.collection(), profile)
        .filter(|(_, field)| !left_out.contains(&field.name.as_str()))
        .map(|(at, field)| (field.name.clone(), feature.value(at.position()).to_value()))
        .filter(|(_, value)| !matches!(value, Value::Null | Value::Bytes(_)))
        .collect()
}

/// How fine a place is: the finer answers first.
fn rank(collection: &str, level: Option<Level>) -> usize {
    match (collection, level) {
        (GRID_CELLS, _) => 0,
        (_, Some(Level::Courtyard)) => 1,
        (ALLEYS, _) => 2,
        (_, Some(Level::Village)) => 3,
        (FOCUS_AREAS, _) => 4,
        (PLANNING_LAYERS, _) => 5,
        (_, Some(Level::Town)) => 6,
        (_, Some(Level::District)) => 7,
        _ => 8,
    }
}

/// A place that somebody may answer for: its collection and code.
type AreaKey = (String, String);

/// The places at a position that somebody may answer for, and their levels where they are units.
fn areas_at(here: &ResponsibleHere) -> BTreeMap<AreaKey, Option<Level>> {
    let units = here.at.units.iter().map(|here| &here.unit).filter(|unit| !unit.code.is_empty());
    let units = units.map(|unit| ((ADMIN_UNITS.to_owned(), unit.code.clone()), Some(unit.level)));
    let places = here.places.iter().filter_map(|place| {
        match place.values.iter().find(|(name, _)| name == "code") {
            Some((_, Value::Text(code))) => {
                Some(((place.collection.to_string(), code.trim().to_owned()), None))
            }
            _ => None,
        }
    });
    units.chain(places).collect()
}

/// Adds who answers on the day for any of the places found.
fn answerable(
    held: &CollectionSnapshot,
    query: &ResponsibleQuery,
    budget: &Budget<'_>,
    here: &mut [ResponsibleHere],
) -> Result<(), EngineError> {
    let described = held.collection();
    let readable_names: BTreeSet<&str> = ReadableField::all(described, query.profile)
        .map(|(_, field)| field.name.as_str())
        .collect();
    let withheld = described.fields.iter().map(|field| field.name.as_str());
    let withheld = withheld.filter(|name| !readable_names.contains(name));
    let withheld: Vec<String> = withheld.map(str::to_owned).collect();
    for found in here.iter_mut() {
        found.withheld.clone_from(&withheld);
    }
    let field = |name: &str| ReadableField::find(described, name, query.profile).ok();
    // Without the right to read the place of an entry, no entry is of this place.
    let (Some(in_collection), Some(code)) = (field("area_collection"), field("area_code")) else {
        return Ok(());
    };
    let areas: Vec<BTreeMap<AreaKey, Option<Level>>> = here.iter().map(areas_at).collect();
    let codes = areas.iter().flat_map(|areas| areas.keys().map(|(_, code)| code.as_str()));
    let entries = entries_by_area(held, (in_collection, code), &codes.collect(), query, budget)?;
    let mut told = 0;
    for (found, areas) in here.iter_mut().zip(areas) {
        let mut own: Vec<(Option<Level>, &AreaKey, FeatureRef<'_>)> = Vec::new();
        for (key, level) in &areas {
            own.extend(entries.get(key).into_iter().flatten().map(|entry| (*level, key, *entry)));
        }
        own.sort_by_key(|(level, (collection, _), entry)| (rank(collection, *level), entry.id()));
        found.is_complete = own.len() <= MAX_RESPONSIBILITIES;
        own.truncate(MAX_RESPONSIBILITIES);
        told += own.len();
        if told > MAX_ENTRIES {
            return Err(too_many("entries of who answers", MAX_ENTRIES));
        }
        let left_out = ["area_collection", "area_code"];
        let entry = |(level, key, entry): (Option<Level>, &AreaKey, FeatureRef<'_>)| {
            let (area_collection, area_code) = key.clone();
            let values = readable(held, entry, query.profile, &left_out);
            Responsibility { id: entry.id(), area_collection, area_code, level, values }
        };
        found.responsibilities = own.into_iter().map(entry).collect();
    }
    Ok(())
}

/// The entries that are valid on the day for places of these codes.
fn entries_by_area<'a>(
    held: &'a CollectionSnapshot,
    (in_collection, code): (ReadableField, ReadableField),
    codes: &FxHashSet<&str>,
    query: &ResponsibleQuery,
    budget: &Budget<'_>,
) -> Result<FxHashMap<AreaKey, Vec<FeatureRef<'a>>>, EngineError> {
    let reader = ValidityReader::of(held.collection());
    let text = |feature: FeatureRef<'_>, field: ReadableField| match feature.value(field.position())
    {
        ValueRef::Text(text) => text.trim().to_owned(),
        _ => String::new(),
    };
    let mut entries: FxHashMap<AreaKey, Vec<FeatureRef<'a>>> = FxHashMap::default();
    for wanted in codes.iter().filter(|wanted| !wanted.is_empty()) {
        let mut looked = 0;
        held.with_text(code.position(), wanted, &mut |shard, slots| {
            looked += slots.len() as u64;
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                if reader.validity(feature).is_some_and(|validity| validity.holds(query.day)) {
                    let key = (text(feature, in_collection), (*wanted).to_owned());
                    entries.entry(key).or_default().push(feature);
                }
            }
        });
        budget.spend(looked, 0).map_err(EngineError::from)?;
    }
    Ok(entries)
}
