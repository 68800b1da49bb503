//! Who answers for places at positions on a day: the entries of a place are read once, however many
//! positions lie in it.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ledger::place::{
    ADMIN_UNITS, ALLEYS, FOCUS_AREAS, GRID_CELLS, Level, PLANNING_LAYERS, ValidityReader,
};
use rustc_hash::FxHashMap;
use spatial::{Budget, CollectionSnapshot, FeatureRef, Value, ValueRef};

use super::responsible::{
    MAX_RESPONSIBILITIES, Responsibility, ResponsibleHere, ResponsibleQuery, readable, too_many,
};
use crate::{EngineError, ReadableField};

/// Most entries of an answer for all of its positions.
const MAX_ENTRIES: usize = 100_000;

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

/// A place that somebody may answer for: its collection and code, and its level where it is a unit.
type Area<'a> = (&'a str, &'a str, Option<Level>);

/// The places at a position that somebody may answer for, each code of a collection once.
fn areas_at(here: &ResponsibleHere) -> Vec<Area<'_>> {
    // Of units with one code the finest.
    let units = here.units.iter().rev().map(|here| &here.unit);
    let units = units.map(|unit| (ADMIN_UNITS, unit.code.as_str(), Some(unit.level)));
    let places = here.places.iter().filter_map(|place| {
        match place.values.iter().find(|(name, _)| name == "code") {
            Some((_, Value::Text(code))) => Some((place.collection.as_str(), code.trim(), None)),
            _ => None,
        }
    });
    let mut areas: Vec<Area<'_>> = Vec::new();
    for (collection, code, level) in units.chain(places) {
        let is_known = areas.iter().any(|(known, own, _)| (*known, *own) == (collection, code));
        if !code.is_empty() && !is_known {
            areas.push((collection, code, level));
        }
    }
    areas
}

/// Adds who answers on the day for any of the places found.
pub(super) fn answerable(
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
    let withheld: Arc<Vec<String>> = Arc::new(withheld.map(str::to_owned).collect());
    for found in here.iter_mut() {
        found.withheld = Arc::clone(&withheld);
    }
    let field = |name: &str| ReadableField::find(described, name, query.profile).ok();
    // Without the right to read the place of an entry, no entry is of this place.
    let (Some(in_collection), Some(code)) = (field("area_collection"), field("area_code")) else {
        return Ok(());
    };
    let entries = Entries { held, in_collection, code, query, budget };
    let mut known: FxHashMap<Area<'_>, Vec<Arc<Responsibility>>> = FxHashMap::default();
    let mut told = 0;
    let mut answers: Vec<(Vec<Arc<Responsibility>>, bool)> = Vec::with_capacity(here.len());
    for found in here.iter() {
        let mut own: Vec<(usize, Arc<Responsibility>)> = Vec::new();
        for area in areas_at(found) {
            let of_it = match known.entry(area) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(entries.of(area)?),
            };
            own.extend(of_it.iter().map(|entry| (rank(area.0, area.2), Arc::clone(entry))));
        }
        own.sort_by_key(|(rank, entry)| (*rank, entry.id));
        budget.spend(own.len() as u64, 0).map_err(EngineError::from)?;
        let is_complete = found.is_complete && own.len() <= MAX_RESPONSIBILITIES;
        own.truncate(MAX_RESPONSIBILITIES);
        told += own.len();
        if told > MAX_ENTRIES {
            return Err(too_many("entries of who answers", MAX_ENTRIES));
        }
        answers.push((own.into_iter().map(|(_, entry)| entry).collect(), is_complete));
    }
    for (found, answer) in here.iter_mut().zip(answers) {
        (found.responsibilities, found.is_complete) = answer;
    }
    Ok(())
}

/// Who answers for what.
struct Entries<'a> {
    held: &'a CollectionSnapshot,
    in_collection: ReadableField,
    code: ReadableField,
    query: &'a ResponsibleQuery,
    budget: &'a Budget<'a>,
}

impl Entries<'_> {
    /// The entries that are valid on the day for a place.
    fn of(
        &self,
        (collection, code, level): Area<'_>,
    ) -> Result<Vec<Arc<Responsibility>>, EngineError> {
        let reader = ValidityReader::of(self.held.collection());
        let is_of_it = |entry: FeatureRef<'_>| {
            let named = entry.value(self.in_collection.position());
            matches!(named, ValueRef::Text(name) if name.trim() == collection)
                && reader.validity(entry).is_some_and(|validity| validity.holds(self.query.day))
        };
        let (mut looked, mut found) = (0, Vec::new());
        self.held.with_text(self.code.position(), code, &mut |shard, slots| {
            looked += slots.len() as u64;
            let entries = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
            found.extend(entries.filter(|entry| is_of_it(*entry)));
        });
        self.budget.spend(looked, 0).map_err(EngineError::from)?;
        // One more than is told says that more are there.
        found.sort_unstable_by_key(|entry| entry.id());
        found.truncate(MAX_RESPONSIBILITIES + 1);
        let left_out = ["area_collection", "area_code"];
        let entries = found.into_iter().map(|entry| {
            Arc::new(Responsibility {
                id: entry.id(),
                area_collection: collection.to_owned(),
                area_code: code.to_owned(),
                level,
                values: readable(self.held, entry, self.query.profile, &left_out),
            })
        });
        Ok(entries.collect())
    }
}
