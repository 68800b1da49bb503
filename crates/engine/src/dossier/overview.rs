//! All files of a kind: which there are, how complete each is, and how complete those of each unit are
//! together (以镇域为单位).
//!
//! *Invariant:* what the lines of units and 未落界 say adds up to the whole; a file is as complete here as
//! it says itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ::ledger::dossier::{Completeness, Dossiers, ShareRow, SubjectKind, UnitLayer, Via};
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{
    Budget, CollectionSnapshot, Crs, FeatureId, FeatureRef, Revision, Snapshot, Timestamp,
};

use super::COSTS;
use super::gather::{Doors, Found, Gathered, Sources};
use super::parcel::Surveyor;
use super::parts::{Presence, is_there};
use super::plane::Planes;
use crate::clues::source::{position, text};
use crate::query::fault;
use crate::{Engine, EngineError};

/// A place with its CRS, where there is one.
type Placed<'a> = Option<([f64; 2], &'a Crs)>;

/// What is asked of all files of a kind.
#[derive(Clone, Debug)]
pub struct OverviewQuery {
    /// What files are made of.
    pub dossiers: Arc<Dossiers>,
    /// The kind; the first one when none is named.
    pub kind: Option<String>,
    /// Only files in the unit of this code, of any level.
    pub unit: Option<String>,
    /// The level that lines are told of; the coarsest when none is named.
    pub level: Option<String>,
    /// Only files that are complete, or only those that are not.
    pub complete: Option<bool>,
    /// The state that had been recorded by then; the current one when absent.
    pub as_of: Option<Timestamp>,
    /// How many files are left out at the beginning.
    pub offset: usize,
    /// How many are answered.
    pub limit: usize,
}

/// All files of a kind.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The state.
    pub revision: Revision,
    /// The kind.
    pub kind: SubjectKind,
    /// The level of `units`; none where the definitions have no units.
    pub level: Option<UnitLayer>,
    /// All files together.
    pub whole: UnitLine,
    /// Those of each unit of the level, by code.
    pub units: Vec<UnitLine>,
    /// Those of none (未落界).
    pub outside: UnitLine,
    /// How many files match, on all pages together.
    pub count: usize,
    /// Those of the page, in the order of their rows.
    pub files: Vec<FileLine>,
}

/// What is told of the files of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitLine {
    /// Its code; empty for the whole and for none.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many files.
    pub files: u64,
    /// How many of them are complete.
    pub complete: u64,
    /// The weight of what is there of them, and of all.
    pub weights: [u64; 2],
    /// How many have each part, in the order of the kind.
    pub parts: Vec<u64>,
}

/// A file in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// The number of its subject.
    pub id: String,
    /// Its row.
    pub feature: FeatureId,
    /// What people call it.
    pub name: Option<String>,
    /// Code and name of its unit of each level, in the order of the definitions.
    pub units: Vec<Option<(String, String)>>,
    /// How complete it is.
    pub completeness: Completeness,
}

impl UnitLine {
    fn named(code: &str, name: &str, kind: &SubjectKind) -> Self {
        let parts = vec![0; kind.parts.len()];
        Self { code: code.to_owned(), name: name.to_owned(), parts, ..Self::default() }
    }

    fn add(&mut self, completeness: &Completeness) {
        self.files += 1;
        self.complete += u64::from(completeness.is_complete());
        let [there, all] = completeness.weights();
        self.weights = [self.weights[0] + there, self.weights[1] + all];
        for (count, part) in self.parts.iter_mut().zip(&completeness.parts) {
            *count += u64::from(part.is_there);
        }
    }

    /// Hundredths of a per cent of what files have to have, rounded down; none without files.
    pub fn basis_points(&self) -> Option<u64> {
        let [there, all] = self.weights;
        (there * 10_000).checked_div(all)
    }
}

impl Engine {
    /// All files of a kind, in one state; `None` where the definitions have no such kind or level.
    ///
    /// # Errors
    /// When it takes longer than a query may, or a place cannot be measured.
    pub async fn dossier_overview(
        &self,
        query: OverviewQuery,
    ) -> Result<Option<Overview>, EngineError> {
        let state = self.dossier_state(&query.dossiers, query.as_of).await?;
        let engine = self.clone();
        self.pool().run(move || engine.overview(&state, &query)).await?
    }

    /// The subjects in a collection whose files are complete; `None` where its rows are subjects of none.
    /// Heavy work: it is for the pool.
    pub(crate) fn complete_files(
        &self,
        state: &Snapshot,
        dossiers: &Dossiers,
        held: &CollectionSnapshot,
    ) -> Result<Option<FxHashSet<FeatureId>>, EngineError> {
        let set = dossiers.set();
        let id = held.collection().id.as_str();
        let Some(kind) = set.subjects.iter().find(|kind| kind.collection == id) else {
            return Ok(None);
        };
        let sources = Sources { set, state, profile: self.profile() };
        let deadline = Instant::now() + self.settings().query_time;
        let expired = || Instant::now() > deadline;
        let budget = Budget::new(COSTS, &expired);
        let files = lines(sources, &Planes::new(self.registry()), kind, &budget)?;
        let complete = files.iter().filter(|file| file.completeness.is_complete());
        Ok(Some(complete.map(|file| file.feature).collect()))
    }

    fn overview(
        &self,
        state: &Snapshot,
        query: &OverviewQuery,
    ) -> Result<Option<Overview>, EngineError> {
        let set = query.dossiers.set();
        let Some(kind) = query.dossiers.kind(query.kind.as_deref()) else { return Ok(None) };
        let level = match &query.level {
            None => set.units.len().checked_sub(1),
            Some(name) => match set.units.iter().position(|layer| layer.level == *name) {
                None => return Ok(None),
                at => at,
            },
        };
        let sources = Sources { set, state, profile: self.profile() };
        let planes = Planes::new(self.registry());
        let deadline = Instant::now() + self.settings().query_time;
        let expired = || Instant::now() > deadline;
        let budget = Budget::new(COSTS, &expired);
        let mut files = lines(sources, &planes, kind, &budget)?;
        if let Some(code) = &query.unit {
            files.retain(|file| file.units.iter().flatten().any(|(of, _)| of == code));
        }
        let mut whole = UnitLine::named("", "", kind);
        let mut outside = UnitLine::named("", "未落界", kind);
        let mut units: BTreeMap<String, UnitLine> = BTreeMap::new();
        let layer = level.map(|at| &set.units[at]);
        if let (Some(layer), None) = (layer, &query.unit) {
            // A unit without files has none.
            if let Some(rows) = sources.rows(&layer.collection) {
                let name = rows.at(&layer.name);
                rows.each_key(&layer.code, &mut |code, row| {
                    let name = name.and_then(|at| text(row, at)).unwrap_or_default();
                    let line = UnitLine::named(code, &name, kind);
                    units.entry(code.to_owned()).or_insert(line);
                });
            }
        }
        for file in &files {
            whole.add(&file.completeness);
            match level.and_then(|at| file.units.get(at)?.as_ref()) {
                Some((code, name)) => units
                    .entry(code.clone())
                    .or_insert_with(|| UnitLine::named(code, name, kind))
                    .add(&file.completeness),
                None => outside.add(&file.completeness),
            }
        }
        if let Some(wanted) = query.complete {
            files.retain(|file| file.completeness.is_complete() == wanted);
        }
        let count = files.len();
        let files = files.into_iter().skip(query.offset).take(query.limit).collect();
        Ok(Some(Overview {
            revision: state.revision,
            kind: kind.clone(),
            level: layer.cloned(),
            whole,
            units: units.into_values().collect(),
            outside,
            count,
            files,
        }))
    }
}

/// Every file of a kind, by id of its row.
fn lines(
    sources: Sources<'_>,
    planes: &Planes<'_>,
    kind: &SubjectKind,
    budget: &Budget<'_>,
) -> Result<Vec<FileLine>, EngineError> {
    let Some(rows) = sources.rows(&kind.collection) else { return Ok(Vec::new()) };
    let subjects = sources.subjects(kind, &|_id| true);
    let gathered = sources.gather(kind, &subjects);
    let places: Vec<Placed<'_>> = subjects
        .iter()
        .map(|subject| {
            let own = position(subject.row).map(|at| (at, &rows.held.collection().crs));
            own.or_else(|| {
                let parcels = sources.rows(&sources.set.parcels.collection)?;
                let shares = shares(&gathered, subject);
                let named = sources.parcels_of(kind, subject, shares);
                let row = named.iter().find_map(|(code, _)| gathered.parcels.get(code))?;
                Some((position(*row)?, &parcels.held.collection().crs))
            })
        })
        .collect();
    let mut units: Vec<Vec<Option<(String, String)>>> = vec![Vec::new(); subjects.len()];
    for layer in &sources.set.units {
        let located = units_of(sources, planes, layer, (&places, budget))?;
        for (units, unit) in units.iter_mut().zip(located) {
            units.push(unit);
        }
    }
    let doors = Doors::default();
    let surveyor = Surveyor { sources, planes, doors: &doors };
    let mut stands: FxHashMap<&str, bool> = FxHashMap::default();
    let name = kind.name.as_deref().and_then(|field| rows.at(field));
    let mut files = Vec::with_capacity(subjects.len());
    for (subject, units) in subjects.iter().zip(units) {
        budget.spend(1, 0).map_err(|cause| EngineError::TooCostly { cause })?;
        let shares = shares(&gathered, subject);
        let named = sources.parcels_of(kind, subject, shares);
        let there = named.iter().filter(|(code, _)| gathered.parcels.contains_key(code)).count();
        let mut has_building = kind.is_building;
        for (code, via) in &named {
            if has_building {
                break;
            }
            has_building = match gathered.parcels.get_key_value(code) {
                Some((code, parcel)) => match stands.get(code) {
                    Some(known) => *known,
                    None => {
                        let found = has_buildings(surveyor, &gathered, code, *parcel)?;
                        stands.insert(code, found);
                        found
                    }
                },
                None => gathered.buildings.contains_key(code),
            } && is_own(surveyor, &gathered, shares, (code, *via));
        }
        let presence = Presence {
            parcels: (named.len(), there),
            has_building,
            has_photo: gathered.photos.get(subject.id).is_some_and(|rows| !rows.is_empty()),
            has_share: !shares.is_empty(),
        };
        files.push(FileLine {
            id: subject.id.to_owned(),
            feature: subject.row.id(),
            name: name.and_then(|at| text(subject.row, at)),
            units,
            completeness: Completeness::of(kind, |part| {
                is_there(rows, subject.row, part, &presence)
            }),
        });
    }
    Ok(files)
}

fn shares<'g>(gathered: &'g Gathered<'_>, subject: &Found<'_>) -> &'g [ShareRow] {
    gathered.shares.get(subject.id).map_or(&[], Vec::as_slice)
}

/// Whether a building names the parcel, or stands on it.
fn has_buildings<'a>(
    surveyor: Surveyor<'a>,
    gathered: &Gathered<'a>,
    code: &str,
    parcel: FeatureRef<'a>,
) -> Result<bool, EngineError> {
    if gathered.buildings.get(code).is_some_and(|rows| !rows.is_empty()) {
        return Ok(true);
    }
    let (sources, planes) = (surveyor.sources, surveyor.planes);
    let parcels = sources.rows(&sources.set.parcels.collection);
    let buildings = sources.rows(&sources.set.buildings.collection);
    let (Some(parcels), Some(buildings)) = (parcels, buildings) else { return Ok(false) };
    if parcel.geometry_type().is_none() {
        return Ok(false);
    }
    let plane = planes.plane(&parcels.held.collection().crs, &parcel.envelope())?;
    let Some(shape) = planes.shape(parcels, parcel, &plane)? else { return Ok(false) };
    Ok(!surveyor.standing(buildings, (&plane, &shape))?.is_empty())
}

/// Whether one of the buildings is the subject's own, where its share says which are.
fn is_own(
    surveyor: Surveyor<'_>,
    gathered: &Gathered<'_>,
    shares: &[ShareRow],
    (code, via): (&str, Via),
) -> bool {
    let own: Vec<&String> = shares
        .iter()
        .filter(|share| via == Via::Share && share.parcel == code)
        .flat_map(|share| &share.buildings)
        .collect();
    if own.is_empty() {
        return true;
    }
    let set = surveyor.sources.set;
    let Some(rows) = surveyor.sources.rows(&set.buildings.collection) else { return false };
    let Some(at) = rows.at(&set.buildings.code) else { return false };
    let named = gathered.buildings.get(code).map_or(&[][..], Vec::as_slice);
    named.iter().any(|row| text(*row, at).is_some_and(|code| own.contains(&&code)))
}

/// Code and name of the unit of a layer that each place lies in.
fn units_of(
    sources: Sources<'_>,
    planes: &Planes<'_>,
    layer: &UnitLayer,
    (places, budget): (&[Placed<'_>], &Budget<'_>),
) -> Result<Vec<Option<(String, String)>>, EngineError> {
    let mut units = vec![None; places.len()];
    let Some(rows) = sources.rows(&layer.collection) else { return Ok(units) };
    let crs = &rows.held.collection().crs;
    let mut moved = Vec::with_capacity(places.len());
    for place in places {
        moved.push(match place {
            Some((at, of)) => planes.way(of, crs)?.project(*at).unwrap_or([f64::NAN; 2]),
            // In no unit.
            None => [f64::NAN; 2],
        });
    }
    let [code, name] = [&layer.code, &layer.name].map(|field| rows.at(field));
    for one in rows.held.locate_all(&moved, budget).map_err(fault)? {
        let unit: &mut Option<(String, String)> = &mut units[one.point as usize];
        if unit.is_none() {
            let value = |at: Option<usize>| at.and_then(|at| text(one.feature, at));
            *unit = value(code).map(|code| (code, value(name).unwrap_or_default()));
        }
    }
    Ok(units)
}
