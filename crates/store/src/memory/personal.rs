//! Personal values in memory: in the clear, since nothing outlives the process.

use std::collections::BTreeMap;

use async_trait::async_trait;
use spatial::{CollectionId, FeatureId};

use super::MemoryStore;
use crate::StoreError;
use crate::audit::{AuditEntry, action};
use crate::personal::{PersonalLoad, PersonalStore, PersonalSummary, PersonalValue, check, no_key};

/// The values of one feature, by field.
pub(super) type Values = BTreeMap<String, PersonalValue>;

#[async_trait]
impl PersonalStore for MemoryStore {
    async fn put_personal(&self, load: PersonalLoad) -> Result<PersonalSummary, StoreError> {
        check(&load)?;
        let mut state = self.state.lock().await;
        let held = state.held(&load.collection)?;
        let key = held.collection.key.as_deref().ok_or_else(|| no_key(&load.collection))?;
        let position = held.collection.field_position(key);
        let known: Vec<(FeatureId, _)> = held
            .features
            .iter()
            .map(|(id, (_, feature))| {
                (*id, position.and_then(|position| feature.properties.get(position)).cloned())
            })
            .collect();
        let mut summary = PersonalSummary::default();
        for row in load.rows {
            let found = known.iter().find(|(_, key)| key.as_ref() == Some(&row.key));
            let Some((id, _)) = found else {
                summary.unplaced += 1;
                continue;
            };
            let values = state.personal.entry((load.collection.clone(), *id)).or_default();
            for ((field, class), value) in load.fields.iter().zip(row.values) {
                let Some(value) = value else {
                    values.remove(field);
                    continue;
                };
                summary.values += 1;
                let new = PersonalValue {
                    field: field.clone(),
                    class: *class,
                    value,
                    origin: load.reason.clone(),
                    at: load.at,
                };
                let same = |old: &PersonalValue| old.class == new.class && old.value == new.value;
                if !values.get(field).is_some_and(same) {
                    values.insert(field.clone(), new);
                }
            }
        }
        let there: Vec<FeatureId> = known.into_iter().map(|(id, _)| id).collect();
        if let Some(total) = load.total {
            state.personal.retain(|(of, id), _| *of != load.collection || there.contains(id));
            let entry =
                AuditEntry::of(load.at, &load.actor, action::PERSONAL, load.collection.as_str());
            let fields = load.fields.into_iter().map(|(name, _)| name).collect();
            let entry = AuditEntry { fields, reason: load.reason, count: Some(total), ..entry };
            self.audited.lock().await.append(entry);
        }
        state.personal.retain(|_, values| !values.is_empty());
        Ok(summary)
    }

    async fn personal(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<PersonalValue>, StoreError> {
        let state = self.state.lock().await;
        let values = state.personal.get(&(collection.clone(), id));
        Ok(values.into_iter().flat_map(BTreeMap::values).cloned().collect())
    }
}
