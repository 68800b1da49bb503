//! What became of one feature: every change, field by field.

use std::collections::BTreeSet;

use spatial::{CollectionId, Feature, FeatureId, Geometry, Operation, Revision, Timestamp, Value};

use crate::sight::Witness;
use crate::{Audience, Engine, EngineError, Profile, ReadableField};

/// One change of a feature.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The commit.
    pub revision: Revision,
    /// What was done.
    pub operation: Operation,
    /// Who did it; empty when the store does not know.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store recorded it; absent when the store does not know.
    pub recorded_at: Option<Timestamp>,
    /// Fields whose value is another now, in the order of the collection's fields.
    pub fields: Vec<FieldChange>,
    /// The geometry before and after, in the storage CRS, where it is another now.
    pub geometry: Option<[Option<Geometry>; 2]>,
}

/// How the value of one field changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Name of the field.
    pub name: String,
    /// What it was; null when the feature, or the field, was not there.
    pub before: Value,
    /// What it became.
    pub after: Value,
}

/// A state of the feature: its values in the fields of today that the reader may read.
struct State {
    /// Whether it was where the reader may see.
    is_seen: bool,
    values: Vec<Value>,
    geometry: Option<Geometry>,
}

impl Engine {
    /// The changes of one feature, oldest first, gone features included. Values are those of the
    /// fields of today that `profile` may read.
    pub async fn history(
        &self,
        collection: &CollectionId,
        id: FeatureId,
        profile: Profile,
    ) -> Result<Vec<HistoryEntry>, EngineError> {
        // The store may be ahead of the snapshot, never behind it: what is newer waits.
        let snapshot = self.snapshot();
        let held = snapshot.collections.get(collection);
        let held = held.ok_or_else(|| EngineError::UnknownCollection { id: collection.clone() })?;
        let versions = self.store().history(collection, id).await?;
        let came = self.store().arrival(collection, id).await?;
        let erasures = self.store().erasures(collection, id).await?;
        let start = self.store().history_start().await?;
        let described = held.collection();
        let witness = Witness::of(self, BTreeSet::from([collection.clone()])).await?;
        let judge = witness.as_ref().and_then(|witness| witness.judge(self, described));
        let fields: Vec<(ReadableField, &str)> = ReadableField::all(described, profile)
            .map(|(field, declared)| (field, declared.name.as_str()))
            .collect();
        let named = |names: &[String], feature: Feature| {
            let value = |name: &str| {
                let at = names.iter().position(|known| known == name);
                at.and_then(|at| feature.properties.get(at)).cloned().unwrap_or(Value::Null)
            };
            let is_seen = judge.as_ref().is_none_or(|judge| judge.held(names, &feature));
            let values = fields.iter().map(|(_, name)| value(name)).collect();
            State { is_seen, values, geometry: feature.geometry }
        };

        let mut states = Vec::new();
        let mut ends = Vec::new();
        for version in versions {
            if version.from > snapshot.revision {
                break;
            }
            states.push((version.from, named(&version.fields, version.feature)));
            if version.until > snapshot.revision {
                break;
            }
            ends.push((version.until, version.actor, version.reason, version.recorded_at));
        }
        let present = held.get(id).map(|feature| {
            let value =
                |(field, _): &(ReadableField, &str)| feature.value(field.position()).to_value();
            let values = fields.iter().map(value).collect();
            State { is_seen: true, values, geometry: feature.geometry() }
        });
        if let (Some(present), true) = (present, states.len() == ends.len()) {
            let from = ends.last().map(|(until, ..)| *until);
            let from = from.or(came.as_ref().map(|came| came.revision)).unwrap_or_default();
            states.push((from, present));
        }
        let first = states.first().filter(|_| states.iter().any(|(_, state)| state.is_seen));
        let Some((first, state)) = first.map(|(first, state)| (*first, state)) else {
            return Err(EngineError::UnknownFeature { collection: collection.clone(), id });
        };

        let nothing =
            State { is_seen: false, values: vec![Value::Null; fields.len()], geometry: None };
        let names: Vec<&str> = fields.iter().map(|(_, name)| *name).collect();
        let came_at = came.as_ref().map(|came| came.revision);
        let came = came.filter(|came| came.revision == first);
        let begins_unseen = !state.is_seen;
        let mut entries = vec![HistoryEntry {
            revision: first,
            operation: came.as_ref().map_or(Operation::Insert, |came| came.operation),
            actor: came.as_ref().map_or_else(String::new, |came| came.actor.clone()),
            reason: came.as_ref().map_or_else(String::new, |came| came.reason.clone()),
            recorded_at: came.map(|came| came.recorded_at),
            fields: changed(&names, &nothing, state),
            geometry: moved(&nothing, state),
        }];
        for (position, (revision, actor, reason, recorded_at)) in ends.into_iter().enumerate() {
            // What lay beyond the reader's area came into it, or left it.
            let is_seen = |state: &&State| state.is_seen;
            let before = Some(&states[position].1).filter(is_seen);
            let after = states.get(position + 1).map(|(_, state)| state).filter(is_seen);
            if before.is_none() && after.is_none() {
                continue;
            }
            let is_erasure = erasures.iter().any(|act| act.revision == revision);
            entries.push(HistoryEntry {
                revision,
                operation: match (before, after) {
                    (None, _) => Operation::Insert,
                    (_, Some(_)) if is_erasure => Operation::Erase,
                    (_, Some(_)) => Operation::Replace,
                    (_, None) => Operation::Delete,
                },
                actor,
                reason,
                recorded_at: Some(recorded_at),
                fields: changed(&names, before.unwrap_or(&nothing), after.unwrap_or(&nothing)),
                geometry: moved(before.unwrap_or(&nothing), after.unwrap_or(&nothing)),
            });
        }
        // Values of a feature that was gone already changed no state.
        for act in erasures {
            let known = entries.iter().any(|entry| entry.revision == act.revision);
            if !known && judge.is_none() && act.revision <= snapshot.revision {
                entries.push(HistoryEntry {
                    revision: act.revision,
                    operation: Operation::Erase,
                    actor: act.actor,
                    reason: act.reason,
                    recorded_at: Some(act.recorded_at),
                    fields: Vec::new(),
                    geometry: None,
                });
            }
        }
        entries.sort_by_key(|entry| entry.revision);
        // What the feature was before history begins is not known: its first state is no change.
        let is_before = |start: Revision| first < start || came_at.is_none_or(|came| came < start);
        if begins_unseen || start.is_some_and(|start| is_before(start.revision)) {
            entries.remove(0);
        }
        if self.view().audience == Audience::Public {
            // Who works here is not for everyone.
            for entry in &mut entries {
                (entry.actor, entry.reason) = (String::new(), String::new());
            }
        }
        Ok(entries)
    }
}

fn changed(names: &[&str], before: &State, after: &State) -> Vec<FieldChange> {
    let pairs = names.iter().zip(before.values.iter().zip(&after.values));
    let changed = pairs.filter(|(_, (before, after))| before != after);
    let change = |(name, (before, after)): (&&str, (&Value, &Value))| FieldChange {
        name: (*name).to_owned(),
        before: before.clone(),
        after: after.clone(),
    };
    changed.map(change).collect()
}

fn moved(before: &State, after: &State) -> Option<[Option<Geometry>; 2]> {
    let differs = before.geometry != after.geometry;
    differs.then(|| [before.geometry.clone(), after.geometry.clone()])
}
