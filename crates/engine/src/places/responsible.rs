//! Who is responsible at positions on a day: units, grid cell, alleys, focus areas, plans, and
//! those who answer for any of them.
//!
//! *Invariant:* a field that the reader may not read is neither shown nor compared by; it is named
//! as withheld.

use std::sync::{Arc, Mutex, PoisonError};

use geo_types::{Geometry as Shape, Point};
use ledger::place::{
    ADMIN_UNITS, ALLEYS, AdminUnit, Day, FOCUS_AREAS, GRID_CELLS, Level, PLANNING_LAYERS,
    RESPONSIBILITIES, ValidityReader,
};
use rustc_hash::FxHashMap;
use spatial::query::{Area, Nearest};
use spatial::{
    Budget, CollectionId, CollectionSnapshot, Costs, Crs, CrsRegistry, FeatureId, FeatureRef,
    Revision, Snapshot, Timestamp, Value,
};

use super::answerable::answerable;
use super::position::{UnitHere, UnitsRead, collection, projected, units_at, valid_at};
use crate::kept::{KeptAnswers, Same, mark};
use crate::pool::{Weight, each_in_parallel};
use crate::query::{fault, metric};
use crate::{Engine, EngineError, Profile, ReadableField};

/// Collections of places that somebody may answer for, the grid cells before focus areas and plans.
pub const PLACES: [&str; 5] = [ADMIN_UNITS, GRID_CELLS, FOCUS_AREAS, PLANNING_LAYERS, ALLEYS];
/// Most positions of one question.
pub const MAX_POSITIONS: usize = 1_000;
/// Most entries of an answer for one position.
pub const MAX_RESPONSIBILITIES: usize = 1_000;
/// Most alleys, focus areas and plans of an answer, each.
const MAX_PLACES: usize = 100;

/// Most positions, units, places and entries of all answers together that are kept: some 30 MB.
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
    /// Which of [`PLACES`] are looked at.
    pub places: Vec<&'static str>,
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
    /// Units from the coarsest level on, one a level at most.
    pub units: Vec<UnitHere>,
    /// The grid cell, and what else lies here; alleys nearest first.
    pub places: Vec<PlaceHere>,
    /// Who answers, for the finest place first.
    pub responsibilities: Vec<Arc<Responsibility>>,
    /// Whether all places and all who answer for them are listed.
    pub is_complete: bool,
    /// Fields of responsibilities that the reader may not read.
    pub withheld: Arc<Vec<String>>,
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
        let names = query.places.iter().copied().chain([RESPONSIBILITIES]);
        let ids = names.filter_map(|name| CollectionId::try_from(name).ok());
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
        if let Some(here) = self.0.responsible.find(&read, query.same()) {
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
        let items = |one: &ResponsibleHere| {
            1 + one.units.len() + one.places.len() + one.responsibilities.len()
        };
        let items = here.iter().map(items).sum();
        self.0.responsible.keep(&read, (query.clone(), query.same()), &here, items);
        Ok(ResponsibleFound { revision: state.revision, here })
    }
}

impl ResponsibleQuery {
    /// Queries that ask the same.
    fn same(&self) -> Same<impl Fn(&Self) -> bool> {
        let first = self.positions.first().map(|at| at.map(f64::to_bits));
        let mark = mark((first, self.positions.len()));
        Same { mark, is_same: move |one: &Self| one.asks_as(self) }
    }

    /// Whether another query, of the same collections, asks the same.
    fn asks_as(&self, other: &Self) -> bool {
        let Self { positions, day, places, alley_within, as_of: _, profile } = self;
        (day, alley_within, profile) == (&other.day, &other.alley_within, &other.profile)
            && (places, positions) == (&other.places, &other.positions)
    }
}

/// Positions that are little work.
const FEW: usize = 4;

pub(super) fn too_many(what: &str, most: usize) -> EngineError {
    EngineError::Unmeasurable {
        what: format!("{what} are more than {most}; ask for fewer positions at once"),
    }
}

/// A question made out against one state.
struct Asked<'a> {
    registry: &'a CrsRegistry,
    query: &'a ResponsibleQuery,
    budget: &'a Budget<'a>,
    units: Option<(&'a CollectionSnapshot, Concealed)>,
    /// Grid cells, focus areas, plans: what of them covers a position is told.
    areas: Vec<&'a CollectionSnapshot>,
    alleys: Option<&'a CollectionSnapshot>,
    read: UnitsRead,
}

fn find(
    state: &Snapshot,
    registry: &CrsRegistry,
    query: &ResponsibleQuery,
    budget: &Budget<'_>,
) -> Result<Vec<ResponsibleHere>, EngineError> {
    let held = |name: &&'static str| {
        query.places.contains(name).then(|| collection(state, name)).flatten()
    };
    let concealed = |units: &CollectionSnapshot| Concealed::of(units, query.profile);
    let is_area = |name: &&&str| ![ADMIN_UNITS, ALLEYS].contains(*name);
    let asked = Asked {
        registry,
        query,
        budget,
        units: held(&ADMIN_UNITS).map(|units| (units, concealed(units))),
        areas: PLACES.iter().filter(is_area).filter_map(held).collect(),
        alleys: held(&ALLEYS),
        read: UnitsRead::default(),
    };
    let here = each_in_parallel(&query.positions, |position| asked.places_at(*position));
    let mut here = here.into_iter().collect::<Result<Vec<_>, EngineError>>()?;
    if let Some(held) = collection(state, RESPONSIBILITIES) {
        answerable(held, query, budget, &mut here)?;
    }
    Ok(here)
}

impl Asked<'_> {
    /// What lies at a position; who answers for it is not told yet.
    fn places_at(&self, position: [f64; 2]) -> Result<ResponsibleHere, EngineError> {
        self.budget.spend(0, 0).map_err(EngineError::from)?;
        let Self { registry, query, .. } = *self;
        let here = (position, &Crs::CGCS2000);
        let mut found =
            ResponsibleHere { position, is_complete: true, ..ResponsibleHere::default() };
        if let Some((held, concealed)) = &self.units {
            found.units = units_at(held, registry, here, (query.day, &self.read))?;
            concealed.conceal(&mut found.units);
        }
        for held in &self.areas {
            let mut places = Vec::new();
            valid_at(held, registry, here, query.day, &mut |feature| {
                places.push(place(held, feature, query.profile, None));
            })?;
            places.sort_by_key(|place| place.id);
            found.is_complete &= places.len() <= MAX_PLACES;
            places.truncate(MAX_PLACES);
            found.places.append(&mut places);
        }
        if let Some(held) = self.alleys {
            let mut alleys = self.alleys(held, position)?;
            found.is_complete &= alleys.len() <= MAX_PLACES;
            alleys.truncate(MAX_PLACES);
            found.places.append(&mut alleys);
        }
        Ok(found)
    }

    /// The alleys within reach, nearest first; one more than are told at most.
    fn alleys(
        &self,
        held: &CollectionSnapshot,
        position: [f64; 2],
    ) -> Result<Vec<PlaceHere>, EngineError> {
        let Self { registry, query, budget, .. } = *self;
        let crs = &held.collection().crs;
        let Some([x, y]) = projected(position, &Crs::CGCS2000, crs, registry)? else {
            return Ok(Vec::new());
        };
        let (metric, units) = metric(crs, registry)?;
        let here = Area::for_few(&Shape::Point(Point::new(x, y)).into(), 1);
        let here = here.map_err(|fault| EngineError::UnusableGeometry {
            reason: fault.to_string(),
            at: Some(position),
        })?;
        let reader = ValidityReader::of(held.collection());
        let valid =
            |feature: FeatureRef<'_>| reader.validity(feature).is_some_and(|v| v.holds(query.day));
        let asked = Nearest {
            to: &here,
            // One more than is told says that more are there.
            count: MAX_PLACES + 1,
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
}

/// What a reader may not read of units.
#[derive(Debug)]
struct Concealed {
    fields: Vec<String>,
    /// Units without it, by their rows.
    units: Mutex<FxHashMap<i64, Arc<AdminUnit>>>,
}

impl Concealed {
    fn of(units: &CollectionSnapshot, profile: Profile) -> Self {
        let described = units.collection();
        let is_hidden = |name: &str| {
            matches!(
                ReadableField::find(described, name, profile),
                Err(EngineError::HiddenField { .. })
            )
        };
        let names = described.fields.iter().map(|field| field.name.as_str());
        let fields = names.filter(|name| is_hidden(name)).map(str::to_owned).collect();
        Self { fields, units: Mutex::default() }
    }

    /// Takes it away.
    fn conceal(&self, units: &mut Vec<UnitHere>) {
        if self.is_hidden("level") {
            units.clear();
        }
        if self.fields.is_empty() || units.is_empty() {
            return;
        }
        // Nothing panics while it is held.
        let mut known = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        for here in units {
            let concealed = known.entry(here.unit.row);
            let concealed = concealed.or_insert_with(|| Arc::new(self.concealed(&here.unit)));
            here.unit = Arc::clone(concealed);
        }
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.fields.iter().any(|hidden| hidden == name)
    }

    fn concealed(&self, unit: &AdminUnit) -> AdminUnit {
        let is_hidden = |name: &str| self.is_hidden(name);
        let mut unit = unit.clone();
        for (field, text) in [("code", &mut unit.code), ("name", &mut unit.name)] {
            if is_hidden(field) {
                text.clear();
            }
        }
        if is_hidden("aliases") {
            unit.aliases.clear();
        }
        if is_hidden("parent") {
            unit.parent = None;
        }
        unit.codes.retain(|scheme, _| !is_hidden(scheme.identifier()));
        if is_hidden("valid_from") {
            unit.validity.from = None;
        }
        if is_hidden("valid_to") {
            unit.validity.to = None;
        }
        unit
    }
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
pub(super) fn readable(
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
