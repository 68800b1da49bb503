//! What somebody who sees an area only may change: features of the area that stay in it, and new ones
//! in it.

use std::collections::{BTreeMap, BTreeSet};

use ledger::place::{ASSIGNED_BY, AssignedBy};
use spatial::{ChangeOp, ChangeSet, Collection, CollectionId, Feature, FeatureId, Value};

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
        let mut waiting: Vec<(&CollectionId, Feature)> = Vec::new();
        for change in &set.changes {
            let (ChangeOp::Insert(feature) | ChangeOp::Replace(_, feature)) = &change.op else {
                continue;
            };
            if let Some(held) = whole.collections.get(&change.collection) {
                waiting.push((&change.collection, unassigned(held.collection(), feature)));
            }
        }
        while !waiting.is_empty() {
            let (before, mut names) = (waiting.len(), Vec::new());
            waiting.retain(|(id, feature)| {
                let told = judges.get(id).map(|judge| judge.told(feature));
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

/// The feature as polygons will assign it: by its place, unless a person says otherwise.
fn unassigned(collection: &Collection, feature: &Feature) -> Feature {
    let mut feature = feature.clone();
    let Some(assigned) = AssignedFields::of(collection) else { return feature };
    let by = collection.field_position(ASSIGNED_BY).and_then(|at| feature.properties.get(at));
    let is_manual = matches!(by, Some(Value::Text(by))
        if matches!(AssignedBy::read(by), Ok(Some(AssignedBy::Manual { .. }))));
    if !is_manual && feature.geometry.is_some() {
        for (_, position) in assigned.fields {
            if let Some(value) = feature.properties.get_mut(position) {
                *value = Value::Null;
            }
        }
    }
    feature
}
