//! Edits against one state: what each feature becomes, and every defect.

use std::collections::{BTreeMap, HashMap, HashSet};

use spatial::repair::repair;
use spatial::validity;
use spatial::{
    Change, ChangeOp, Collection, CollectionId, CollectionSnapshot, CrsRegistry, Feature,
    FeatureId, Geometry, Revision, Snapshot, Value, ValueRef,
};

use super::left_behind::{Seen, left_behind};
use super::named::{self, Named};
use super::{Assigned, EditOp, EditSet, FeatureEdit, Made};
use crate::check::{Defects, Range, Records, escaped};
use crate::{Defect, EngineError};

/// Edits made out.
pub(super) struct MadeOut {
    pub(super) actor: String,
    pub(super) reason: String,
    pub(super) changes: Vec<Change>,
    pub(super) defects: Vec<Defect>,
}

/// Makes `edits` out against `state`, of which whoever edits sees what is `seen`.
pub(super) fn make_out(
    (registry, records): (&CrsRegistry, Records),
    (state, seen): (&Snapshot, Seen<'_>),
    edits: &EditSet,
) -> Result<MadeOut, EngineError> {
    let (made, ranges, names) = <_>::default();
    let mut work = Work { registry, records, state, made, ranges, names };
    let mut changes = Vec::with_capacity(edits.edits.len());
    let mut places = Vec::with_capacity(edits.edits.len());
    let mut defects = Defects::default();
    for edit in &edits.edits {
        if let Some(expected) = edit.unchanged_since.filter(|since| *since > state.revision) {
            return Err(EngineError::RevisionAhead { expected, actual: state.revision });
        }
        if let Some(change) = work.change(edit, &mut defects) {
            changes.push(change);
            places.push(edit.place.as_str());
        }
    }
    defects.0.extend(named::unknown(seen.state, &changes, &work.names));
    defects.0.extend(left_behind(seen, &changes, &places));
    defects.0.extend(keys_given_twice(state, edits));
    let (actor, reason) = (edits.actor.clone(), edits.reason.clone());
    Ok(MadeOut { actor, reason, changes, defects: defects.0 })
}

struct Work<'a> {
    registry: &'a CrsRegistry,
    records: Records,
    state: &'a Snapshot,
    made: Made,
    ranges: BTreeMap<&'a CollectionId, Option<Range>>,
    names: Vec<Named>,
}

impl<'a> Work<'a> {
    /// The change that `edit` is; none when its feature is not there.
    fn change(&mut self, edit: &'a FeatureEdit, defects: &mut Defects) -> Option<Change> {
        let Some(held) = self.state.collections.get(&edit.collection) else {
            let problem = format!("collection {} does not exist", edit.collection);
            defects.add(&format!("{}/collection", edit.place), &problem);
            return None;
        };
        let collection = &**held.collection();
        let place = format!("{}/feature", edit.place);
        let (op, unchanged_since) = match &edit.op {
            EditOp::Insert(feature) => {
                self.check(&place, edit, collection, &whole(feature), defects);
                self.records.check(defects, &place, (collection, feature), None);
                self.names.extend(named::named(&place, (collection, feature), None));
                (ChangeOp::Insert(mended(feature.clone())), None)
            }
            EditOp::Assign(id, assigned) => {
                let present = self.present(held, edit, *id, defects)?;
                self.check(&place, edit, collection, assigned, defects);
                let before = present.properties.clone();
                let feature = assigned_to(present, assigned);
                let was = |at: usize| before.get(at).map_or(ValueRef::Null, Value::as_ref);
                self.records.check(defects, &place, (collection, &feature), Some(&was));
                self.names.extend(named::named(&place, (collection, &feature), Some(&was)));
                self.made.insert((edit.collection.clone(), *id), Some(feature.clone()));
                (ChangeOp::Replace(*id, feature), self.since(edit, collection, assigned))
            }
            EditOp::Delete(id) => {
                self.present(held, edit, *id, defects)?;
                self.made.insert((edit.collection.clone(), *id), None);
                (ChangeOp::Delete(*id), edit.unchanged_since)
            }
        };
        Some(Change { collection: edit.collection.clone(), op, unchanged_since })
    }

    /// The feature as it is after the edits before.
    fn present(
        &self,
        held: &CollectionSnapshot,
        edit: &FeatureEdit,
        id: FeatureId,
        defects: &mut Defects,
    ) -> Option<Feature> {
        let made = self.made.get(&(edit.collection.clone(), id)).cloned();
        let present = made.unwrap_or_else(|| held.get(id).map(|found| found.to_feature()));
        if present.is_none() {
            let problem = format!("feature {id} does not exist in {}", edit.collection);
            defects.add(&format!("{}/id", edit.place), &problem);
        }
        present
    }

    /// The newest revision at which the feature may have changed: what stays of it was read from
    /// this state.
    fn since(
        &self,
        edit: &FeatureEdit,
        collection: &Collection,
        assigned: &Assigned,
    ) -> Option<Revision> {
        let keeps = assigned.geometry.is_none() || assigned.values.len() < collection.fields.len();
        let read = keeps.then_some(self.state.revision);
        match (read, edit.unchanged_since) {
            (Some(read), Some(since)) => Some(read.min(since)),
            (read, since) => since.or(read),
        }
    }

    fn check(
        &mut self,
        place: &str,
        edit: &'a FeatureEdit,
        collection: &Collection,
        assigned: &Assigned,
        defects: &mut Defects,
    ) {
        for (position, value) in &assigned.values {
            if *position < collection.fields.len() {
                defects.check_value(place, collection, *position, value);
            }
        }
        if let Some(Some(geometry)) = &assigned.geometry {
            let registry = self.registry;
            let range = self
                .ranges
                .entry(&edit.collection)
                .or_insert_with(|| Range::of(registry, &collection.crs));
            let place = format!("{place}/geometry");
            defects.check_geometry(&place, collection, geometry, range.as_ref());
        }
    }
}

fn whole(feature: &Feature) -> Assigned {
    Assigned {
        geometry: Some(feature.geometry.clone()),
        values: feature.properties.iter().cloned().enumerate().collect(),
    }
}

fn assigned_to(mut feature: Feature, assigned: &Assigned) -> Feature {
    for (position, value) in &assigned.values {
        if let Some(place) = feature.properties.get_mut(*position) {
            place.clone_from(value);
        }
    }
    match &assigned.geometry {
        Some(geometry) => mended(Feature { geometry: geometry.clone(), ..feature }),
        None => feature,
    }
}

/// The feature with its geometry in the store's own form where that changes no point of it: rings
/// wind as they should, no vertex is repeated.
fn mended(feature: Feature) -> Feature {
    let mend = |geometry: Geometry| {
        let defects = validity::check(&geometry);
        if defects.is_empty() || defects.iter().any(|defect| !defect.kind.is_harmless()) {
            return geometry;
        }
        repair(geometry.clone()).geometry.unwrap_or(geometry)
    };
    Feature { geometry: feature.geometry.map(mend), ..feature }
}

/// A key value as something that can be looked up.
fn looked_up(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Text(text) => Some(format!("t{text}")),
        ValueRef::Int(number) => Some(format!("n{number}")),
        ValueRef::Real(number) => Some(format!("n{number}")),
        other => Some(format!("{other:?}")),
    }
}

/// The new key of what an edit makes, if it gives one.
fn new_key<'e>(collection: &Collection, edit: &'e FeatureEdit) -> Option<&'e Value> {
    let position = collection.field_position(collection.key.as_deref()?)?;
    match &edit.op {
        EditOp::Insert(feature) => feature.properties.get(position),
        EditOp::Assign(_, assigned) => {
            assigned.values.iter().rev().find(|(at, _)| *at == position).map(|(_, value)| value)
        }
        EditOp::Delete(_) => None,
    }
}

fn repeated(collection: &Collection, edit: &FeatureEdit) -> Defect {
    let key = collection.key.as_deref().unwrap_or_default();
    Defect {
        place: format!("{}/feature/properties/{}", edit.place, escaped(key)),
        problem: "another feature has this key; keys are unique".to_owned(),
    }
}

/// Edits that give a key which an earlier edit of the set has given to another feature.
fn keys_given_twice(state: &Snapshot, edits: &EditSet) -> Vec<Defect> {
    let mut given: HashSet<(&CollectionId, String)> = HashSet::new();
    // What edits have given to features that were there before.
    let mut keys: HashMap<(&CollectionId, FeatureId), String> = HashMap::new();
    let mut defects = Vec::new();
    for edit in &edits.edits {
        let Some(held) = state.collections.get(&edit.collection) else { continue };
        let collection = &**held.collection();
        let value = new_key(collection, edit);
        let is_anew = value.is_some() || matches!(edit.op, EditOp::Delete(_));
        let owner = edit.id().filter(|_| is_anew).map(|id| (&edit.collection, id));
        if let Some(old) = owner.and_then(|owner| keys.remove(&owner)) {
            given.remove(&(&edit.collection, old));
        }
        let Some(key) = value.and_then(|value| looked_up(value.as_ref())) else { continue };
        if given.insert((&edit.collection, key.clone())) {
            keys.extend(owner.map(|owner| (owner, key)));
        } else {
            defects.push(repeated(collection, edit));
        }
    }
    defects
}

/// Edits that give a key which another feature of `state` has, one that no edit gives another key.
pub(super) fn repeated_keys(state: &Snapshot, edits: &EditSet) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut wanted: BTreeMap<&CollectionId, HashMap<String, Vec<&FeatureEdit>>> = BTreeMap::new();
    for edit in &edits.edits {
        let Some(held) = state.collections.get(&edit.collection) else { continue };
        let key = new_key(held.collection(), edit).and_then(|value| looked_up(value.as_ref()));
        if let Some(key) = key {
            wanted.entry(&edit.collection).or_default().entry(key).or_default().push(edit);
        }
    }
    for (id, wanted) in wanted {
        let Some(held) = state.collections.get(id) else { continue };
        let collection = &**held.collection();
        let position = collection.key.as_deref().and_then(|key| collection.field_position(key));
        let Some(position) = position else { continue };
        held.each(&mut |shard, slots| {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                let key = looked_up(feature.value(position));
                let edits = key.and_then(|key| wanted.get(&key)).into_iter().flatten();
                let others = edits.filter(|edit| edit.id() != Some(feature.id()));
                defects.extend(others.map(|edit| repeated(collection, edit)));
            }
        });
    }
    defects
}
