//! Erasing values of one feature, and knowing which past values may be erased.

use std::collections::BTreeSet;

use spatial::{
    Collection, CollectionId, Commit, CommittedChange, Feature, FeatureId, Operation, Value,
};

use super::{Origin, State, envelope_of};
use crate::audit::{AuditEntry, action};
use crate::fit::{LOW_CLASS, NEVER_SEALED, NO_FIELD, erasable_names, is_erasable};
use crate::{ChangeRecord, Erasure, StoreError};

impl State {
    /// Notes which values of a state that ends are of a class that can be erased.
    pub(super) fn seal_state(
        &mut self,
        (collection, id): (&CollectionId, FeatureId),
        described: &Collection,
        feature: &Feature,
    ) {
        for (field, value) in described.fields.iter().zip(&feature.properties) {
            if is_erasable(field.class) && *value != Value::Null {
                self.sealed.insert((collection.clone(), id, field.name.clone()));
            }
        }
    }

    /// Notes past values of `names` as values that can be erased.
    pub(super) fn seal_past(&mut self, collection: &CollectionId, names: &[&str]) {
        for ((of, id), versions) in &self.history {
            for version in versions.iter().filter(|_| of == collection) {
                for (field, value) in version.fields.iter().zip(&version.feature.properties) {
                    if names.contains(&field.as_str()) && *value != Value::Null {
                        self.sealed.insert((collection.clone(), *id, field.clone()));
                    }
                }
            }
        }
    }

    /// The commit, and what the audit log says of it.
    pub(super) fn erase(&mut self, erasure: &Erasure) -> Result<(Commit, AuditEntry), StoreError> {
        let Erasure { collection, id, actor, reason, recorded_at, .. } = erasure;
        let id = *id;
        let recorded_at = self.recorded_at(*recorded_at);
        let origin = Origin { revision: self.revision, actor, reason, recorded_at };
        let described = self.collections.get(collection).map(|held| held.collection.clone());
        let held = self.collections.get(collection);
        let present = held.and_then(|held| held.features.get(&id)).map(|(_, f)| f.clone());
        let key = (collection.clone(), id);
        let kept = self.personal.contains_key(&key);
        if present.is_none() && !self.history.contains_key(&key) && !kept {
            return Err(match described {
                Some(_) => StoreError::UnknownFeature { collection: collection.clone(), id },
                None => StoreError::UnknownCollection { id: collection.clone() },
            });
        }
        let names = self.chosen(erasure, described.as_ref())?;
        let mut gone = names.clone();
        if let Some(values) = self.personal.get_mut(&key) {
            values.retain(|field, _| {
                let stays = !erasure.fields.is_empty() && !erasure.fields.contains(field);
                if !stays {
                    gone.insert(field.clone());
                }
                stays
            });
        }
        self.personal.retain(|_, values| !values.is_empty());

        for version in self.history.get_mut(&key).into_iter().flatten() {
            erase_values(&names, version.fields.iter(), &mut version.feature.properties);
        }
        self.sealed.retain(|(of, feature, name)| {
            of != collection || *feature != id || !names.contains(name)
        });
        let mut envelope = None;
        if let (Some(described), Some(mut feature)) = (&described, present) {
            let fields = described.fields.iter().map(|field| &field.name);
            erase_values(&names, fields, &mut feature.properties);
            envelope = envelope_of(&feature);
            let held = self.held(collection)?;
            if let Some((_, state)) = held.features.get_mut(&id) {
                *state = feature.clone();
            }
            self.end(collection, id, origin)?;
            self.held(collection)?.put(id, origin.revision, feature)?;
        }
        let (operation, before, after) = (Operation::Erase, envelope, envelope);
        self.log.push(ChangeRecord {
            revision: self.revision,
            collection: collection.clone(),
            operation,
            id: Some(id),
            before,
            after,
            actor: actor.clone(),
            reason: reason.clone(),
            recorded_at,
        });
        let collection = collection.clone();
        let changes = vec![CommittedChange { collection, operation, id, before, after }];
        let object = format!("{}/{id}", erasure.collection);
        let entry = AuditEntry {
            count: Some(gone.len() as u64),
            fields: gone.into_iter().collect(),
            reason: reason.clone(),
            ..AuditEntry::of(recorded_at, actor, action::ERASE, object)
        };
        Ok((Commit { revision: self.revision, recorded_at, changes }, entry))
    }

    /// The fields to erase: those that are named, or all that can be.
    fn chosen(
        &self,
        erasure: &Erasure,
        described: Option<&Collection>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let now = |name: &str| described?.fields.iter().find(|field| field.name == name);
        let of = |(collection, id, _): &&(CollectionId, FeatureId, String)| {
            *collection == erasure.collection && *id == erasure.id
        };
        let sealed: BTreeSet<_> = self.sealed.iter().filter(of).map(|(.., name)| name).collect();
        if erasure.fields.is_empty() {
            let names = described.map(|described| erasable_names(described, None));
            let names = names.into_iter().flatten().map(str::to_owned);
            let past = sealed.into_iter().filter(|name| now(name).is_none()).cloned();
            return Ok(names.chain(past).collect());
        }
        let kept = self.personal.get(&(erasure.collection.clone(), erasure.id));
        let personal = |name: &str| kept.is_some_and(|values| values.contains_key(name));
        let versions = self.history.get(&(erasure.collection.clone(), erasure.id));
        for name in &erasure.fields {
            let mut past = versions.into_iter().flatten().filter_map(|version| {
                let at = version.fields.iter().position(|field| field == name)?;
                version.feature.properties.get(at)
            });
            let reason = match now(name) {
                Some(field) if is_erasable(field.class) => continue,
                Some(_) => LOW_CLASS,
                None if sealed.contains(name) || personal(name) => continue,
                None if past.clone().any(|value| *value != Value::Null) => NEVER_SEALED,
                None if past.next().is_some() => continue,
                None => NO_FIELD,
            };
            let (collection, field) = (erasure.collection.clone(), name.clone());
            return Err(StoreError::NotErasable { collection, field, reason });
        }
        Ok(erasure.fields.iter().cloned().collect())
    }
}

fn erase_values<'a>(
    names: &BTreeSet<String>,
    fields: impl Iterator<Item = &'a String>,
    values: &mut [Value],
) {
    for (field, value) in fields.zip(values) {
        if names.contains(field) {
            *value = Value::Null;
        }
    }
}
