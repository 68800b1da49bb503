//! Features that are written are assigned within the commit, by the polygons of its day.

use std::collections::BTreeMap;

use ledger::place::{ASSIGNED_BY, AssignedBy, Day, Level};
use spatial::{
    ChangeOp, ChangeSet, Collection, CollectionId, Feature, FeatureRef, Snapshot, Value, ValueRef,
};

use super::assigned::{AssignedFields, assigned_by};
use super::index::{PlaceIndex, Rung};
use super::subject::Ways;
use crate::{Defect, Engine};

/// Assigns the features of `set` in place, against `state`. Answers what contradicts the polygons
/// without being an assignment by hand, as defects of the set.
pub(crate) fn assign_written(
    engine: &Engine,
    state: &Snapshot,
    set: &mut ChangeSet,
) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut targets: BTreeMap<CollectionId, Option<AssignedFields>> = BTreeMap::new();
    for change in &set.changes {
        if !targets.contains_key(&change.collection) {
            let held = state.collections.get(&change.collection);
            let fields = held.and_then(|held| AssignedFields::of(held.collection()));
            targets.insert(change.collection.clone(), fields);
        }
    }
    if targets.values().all(Option::is_none) {
        return defects;
    }
    let Some(index) = engine.0.places.index(state, Day::of(set.recorded_at)) else {
        return defects;
    };
    let mut ways = BTreeMap::new();
    for (number, change) in set.changes.iter_mut().enumerate() {
        let Some(Some(fields)) = targets.get(&change.collection) else { continue };
        let Some(held) = state.collections.get(&change.collection) else { continue };
        let (feature, present) = match &mut change.op {
            ChangeOp::Insert(feature) => (feature, None),
            ChangeOp::Replace(id, feature) => (feature, held.get(*id)),
            ChangeOp::Delete(_) => continue,
        };
        let collection = held.collection();
        let way = ways
            .entry(&collection.id)
            .or_insert_with(|| Ways::new(engine.registry(), &collection.crs, &index));
        let written = Written { collection, fields, index: &index, present };
        let place = format!("/changes/{number}/feature");
        let found = match way {
            Ok(way) => written.assign(feature, way),
            Err(error) => Err(vec![("geometry".to_owned(), error.to_string())]),
        };
        if let Err(problems) = found {
            defects.extend(problems.into_iter().map(|(field, problem)| {
                let place = match field.as_str() {
                    "geometry" => format!("{place}/geometry"),
                    field => format!("{place}/properties/{field}"),
                };
                Defect { place, problem }
            }));
        }
    }
    defects
}

/// One feature that is written.
struct Written<'a> {
    collection: &'a Collection,
    fields: &'a AssignedFields,
    index: &'a PlaceIndex,
    present: Option<FeatureRef<'a>>,
}

/// Names of fields, or `geometry`, with what is wrong there.
type Problems = Vec<(String, String)>;

impl Written<'_> {
    fn assign(&self, feature: &mut Feature, ways: &Ways<'_>) -> Result<(), Problems> {
        let Some(by) = feature.properties.get(self.fields.by) else { return Ok(()) };
        match assigned_by(by.as_ref()) {
            Err(fault) => Err(vec![(ASSIGNED_BY.to_owned(), fault.to_string())]),
            Ok(Some(AssignedBy::Manual { .. })) => self.check_by_hand(feature),
            Ok(Some(AssignedBy::Polygon) | None) => self.by_polygon(feature, ways),
        }
    }

    /// Codes that a person gives are codes of units, one within the other; those that stood there already
    /// may be old.
    fn check_by_hand(&self, feature: &Feature) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for (rung, at) in self.fields.within(self.index) {
            let ValueRef::Text(code) = feature.properties[at].as_ref() else { continue };
            if !self.is_kept(at, ValueRef::Text(code)) && !self.index.knows(rung, code) {
                let problem = "no unit of this level has this code on this day; give one that \
                               has, or null for 未落界";
                problems.push((self.name(at), problem.to_owned()));
            } else if let Some((level, above)) = self.torn_from(feature, (rung, at), code) {
                let problem = format!(
                    "admin_units have it in the {level} {above}, not in the one of this assignment; \
                     give one that lies there, or null"
                );
                problems.push((self.name(at), problem));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The unit above that of a `code` where the feature says another one, or where one is taken away,
    /// unless both stood there already.
    fn torn_from(
        &self,
        feature: &Feature,
        (rung, at): (Rung, usize),
        code: &str,
    ) -> Option<(Level, &str)> {
        let is_torn = |(level, above): &(Level, &str)| {
            let mut fields = self.fields.within(self.index);
            let Some((_, upper)) = fields.find(|(rung, _)| *rung == Rung::Unit(*level)) else {
                return false;
            };
            let value = feature.properties[upper].as_ref();
            let is_other = match value {
                ValueRef::Text(other) => other != *above,
                _ => self.present.is_some_and(|present| present.value(upper) != ValueRef::Null),
            };
            is_other && !(self.is_kept(at, ValueRef::Text(code)) && self.is_kept(upper, value))
        };
        self.index.above(rung, code).into_iter().find(is_torn)
    }

    fn by_polygon(&self, feature: &mut Feature, ways: &Ways<'_>) -> Result<(), Problems> {
        let Some(geometry) = &feature.geometry else {
            // Nothing by which polygons could say anything: what is written stays.
            feature.properties[self.fields.by] = Value::Null;
            return Ok(());
        };
        let found = ways.find(self.index, geometry);
        let found = found.map_err(|error| vec![("geometry".to_owned(), error.to_string())])?;
        let mut problems = Vec::new();
        let mut is_assigned = false;
        for (rung, at) in self.fields.within(self.index) {
            is_assigned = true;
            let code = self.index.code(rung, &found);
            let written = feature.properties[at].as_ref();
            let agrees = match (written, code) {
                (ValueRef::Null, _) => true,
                (ValueRef::Text(written), Some(code)) => written == code,
                _ => false,
            };
            if agrees || self.is_kept(at, written) {
                feature.properties[at] =
                    code.map_or(Value::Null, |code| Value::Text(code.to_owned()));
            } else {
                problems.push((self.name(at), contradicts(rung, code)));
            }
        }
        if is_assigned {
            feature.properties[self.fields.by] = Value::Text(AssignedBy::Polygon.to_string());
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Whether the value is the one that the feature has already.
    fn is_kept(&self, at: usize, value: ValueRef<'_>) -> bool {
        self.present.is_some_and(|present| present.value(at) == value)
    }

    fn name(&self, at: usize) -> String {
        self.collection.fields[at].name.clone()
    }
}

/// Never repeats what was written.
fn contradicts(rung: Rung, code: Option<&str>) -> String {
    let layer = match rung {
        Rung::Unit(_) => "admin_units",
        Rung::Cell => "grid_cells",
    };
    let says = match code {
        Some(code) => format!("the polygons of {layer} say {code}"),
        None => format!("no polygon of {layer} holds it (未落界)"),
    };
    format!("{says}; leave the field out, or assign by hand: {ASSIGNED_BY} = \"manual: why\"")
}
