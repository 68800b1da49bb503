//! What somebody who sees an area only may change: features of the area that stay in it, and new ones
//! in it.

use std::collections::{BTreeMap, BTreeSet};

use ledger::place::{ASSIGNED_BY, AssignedBy};
use spatial::{
    ChangeOp, ChangeSet, Collection, CollectionId, Feature, FeatureId, FeatureRef, Value,
};

use super::record::{Judge, Witness};
use crate::places::AssignedFields;
use crate::{Engine, EngineError};

impl Engine {
    /// Refuses changes of features that are not in the area of this handle before, or would not be
    /// afterwards.
    pub(crate) async fn check_reach(&self, changes: ChangeSet) -> Result<ChangeSet, EngineError> {
        let ids: BTreeSet<CollectionId> =
            changes.changes.iter().map(|change| change.collection.clone()).collect();
        let Some(witness) = Witness::of(self, ids).await? else { return Ok(changes) };
        let engine = self.clone();
        let checked = move || engine.reaches_all(&witness, &changes).map(|()| changes);
        self.pool().run_waiting(checked).await?
    }

    fn reaches_all(&self, witness: &Witness, set: &ChangeSet) -> Result<(), EngineError> {
        let (seen, whole) = (self.unconcealed().snapshot(), self.current());
        let mut judges: BTreeMap<&CollectionId, Judge<'_>> = BTreeMap::new();
        for change in &set.changes {
            let id = &change.collection;
            if let ChangeOp::Replace(feature, _) | ChangeOp::Delete(feature) = &change.op {
                let held = seen.collections.get(id).and_then(|held| held.get(*feature));
                if held.is_none() {
                    return Err(unknown(id, *feature));
                }
            }
            if !judges.contains_key(id)
                && let Some(held) = whole.collections.get(id)
                && let Some(judge) = witness.judge(self, held.collection())
            {
                judges.insert(id, judge);
            }
        }
        // What belongs with features that are new themselves waits until these are known.
        let mut waiting: Vec<(&CollectionId, Written)> = Vec::new();
        for change in &set.changes {
            let (before, feature) = match &change.op {
                ChangeOp::Insert(feature) => (None, feature),
                ChangeOp::Replace(id, feature) => (Some(*id), feature),
                ChangeOp::Delete(_) => continue,
            };
            if let Some(held) = whole.collections.get(&change.collection) {
                let before = before.and_then(|id| held.get(id)).map(FeatureRef::to_feature);
                let written = Written::of(held.collection(), before.as_ref(), feature);
                waiting.push((&change.collection, written));
            }
        }
        while !waiting.is_empty() {
            let (before, mut names) = (waiting.len(), Vec::new());
            waiting.retain(|(id, written)| {
                let told = judges.get(id).map(|judge| written.told(judge));
                let (holds, named) = told.unwrap_or_default();
                names.extend(named.into_iter().filter(|_| holds));
                !holds
            });
            judges.values_mut().for_each(|judge| judge.beside.extend(names.iter().cloned()));
            if let (Some((id, _)), true) = (waiting.first(), waiting.len() == before) {
                return Err(EngineError::OutsideArea { collection: (*id).clone() });
            }
        }
        Ok(())
    }

    /// Refuses a feature that this handle does not see, as if it were not there.
    pub(crate) fn check_seen(
        &self,
        id: &CollectionId,
        feature: FeatureId,
    ) -> Result<(), EngineError> {
        if self.view().areas.is_none() {
            return Ok(());
        }
        let state = self.unconcealed().snapshot();
        match state.collections.get(id).and_then(|held| held.get(feature)) {
            Some(_) => Ok(()),
            None => Err(unknown(id, feature)),
        }
    }
}

fn unknown(collection: &CollectionId, id: FeatureId) -> EngineError {
    EngineError::UnknownFeature { collection: collection.clone(), id }
}

impl Judge<'_> {
    /// Whether a new feature would be in the area.
    pub(crate) fn admits(&self, feature: &Feature) -> bool {
        Written::of(self.collection(), None, feature).told(self).0
    }
}

/// A feature that is to be written.
struct Written {
    /// As polygons will assign it: by its place, unless a person says otherwise.
    feature: Feature,
    /// Without what a person says, where it is moved: it is moved within the area alone.
    moved: Option<Feature>,
    /// Whether it is moved, or a person says anew where it belongs: then it must lie in the area,
    /// whoever answers for it.
    is_placed: bool,
}

impl Written {
    fn of(collection: &Collection, before: Option<&Feature>, feature: &Feature) -> Self {
        let assigned = AssignedFields::of(collection).map_or(Vec::new(), |assigned| {
            assigned.fields.iter().map(|(_, position)| *position).collect()
        });
        let by_polygons = |feature: &Feature| match is_manual(collection, feature) {
            true => feature.clone(),
            false => unassigned(&assigned, feature),
        };
        let as_assigned = by_polygons(feature);
        let (is_placed, is_moved) = match before {
            None => (is_manual(collection, feature), false),
            Some(before) => {
                let (was, is) = (by_polygons(before), &as_assigned);
                let is_moved = was.geometry != is.geometry;
                let value = |of: &Feature, at: usize| of.properties.get(at).cloned();
                let is_reassigned = assigned.iter().any(|at| value(&was, *at) != value(is, *at));
                (is_moved || is_reassigned, is_moved)
            }
        };
        let moved = is_moved.then(|| unassigned(&assigned, feature));
        Self { feature: as_assigned, moved, is_placed }
    }

    /// Whether it will be in the area, and the names that others may know it by.
    fn told(&self, judge: &Judge<'_>) -> (bool, Vec<String>) {
        let (holds, names) = judge.told(&self.feature);
        let lies = !self.is_placed || judge.lies(&self.feature);
        let stays = self.moved.as_ref().is_none_or(|moved| judge.lies(moved));
        (holds && lies && stays, names)
    }
}

/// Whether a person says where it belongs.
fn is_manual(collection: &Collection, feature: &Feature) -> bool {
    let by = collection.field_position(ASSIGNED_BY).and_then(|at| feature.properties.get(at));
    matches!(by, Some(Value::Text(by))
        if matches!(AssignedBy::read(by), Ok(Some(AssignedBy::Manual { .. }))))
}

/// The feature without what columns say of where it belongs, if its place tells that.
fn unassigned(assigned: &[usize], feature: &Feature) -> Feature {
    let mut feature = feature.clone();
    if feature.geometry.is_some() {
        for position in assigned {
            if let Some(value) = feature.properties.get_mut(*position) {
                *value = Value::Null;
            }
        }
    }
    feature
}
