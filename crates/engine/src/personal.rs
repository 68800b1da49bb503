//! Personal values of features, from the table that keeps them apart: masked for those who may know
//! that they are there, in the clear for whoever has a reason that stands in the audit log.
//!
//! *Invariants:* nothing here is cached, published or logged; whoever asks for values in the clear
//! writes the audit log before answering.

use std::sync::Arc;

use ::ledger::dossier::SubjectKind;
use spatial::{CollectionId, FeatureId, FieldClass, ValueRef};
use store::PersonalStore;
pub use store::personal::PersonalValue;

use crate::{Engine, EngineError};

/// A personal value as it is shown to those who may not see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedValue {
    /// Name of the column that it came in.
    pub field: String,
    /// L3 or L4.
    pub class: FieldClass,
    /// Its mask.
    pub masked: String,
}

impl Engine {
    /// The feature that is the subject of the file `id` of this kind, as this handle sees it; none
    /// when there is no such collection or feature.
    pub async fn subject(
        &self,
        kind: &SubjectKind,
        id: &str,
    ) -> Result<Option<(CollectionId, FeatureId)>, EngineError> {
        let Ok(collection) = CollectionId::try_from(kind.collection.as_str()) else {
            return Ok(None);
        };
        let held = self.snapshot().collections.get(&collection).map(Arc::clone);
        let Some(held) = held else { return Ok(None) };
        let Some(position) = held.collection().field_position(&kind.id) else { return Ok(None) };
        let id = id.to_owned();
        let find = move || {
            let mut found = None;
            held.each(&mut |shard, slots| {
                for slot in slots {
                    let feature = shard.feature(usize::from(*slot));
                    if feature.value(position) == ValueRef::Text(&id) {
                        // The first one, whatever the order of shards is.
                        let fid = feature.id();
                        found = Some(found.map_or(fid, |first: FeatureId| first.min(fid)));
                    }
                }
            });
            found
        };
        Ok(self.pool().run(find).await?.map(|fid| (collection, fid)))
    }

    /// The personal values of a feature, masked, by field; none where there are none.
    ///
    /// # Errors
    /// When the key of the store is not at hand.
    pub async fn masked_personal(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<MaskedValue>, EngineError> {
        let values = self.personal(collection, id).await?;
        let mask = |value: PersonalValue| MaskedValue {
            masked: ::ledger::masked(&value.field, &value.value),
            class: value.class,
            field: value.field,
        };
        Ok(values.into_iter().map(mask).collect())
    }

    /// The personal values of a feature in the clear, by field. Whoever answers with them writes the
    /// audit log first ([`Engine::audit`]).
    ///
    /// # Errors
    /// When the key of the store is not at hand.
    pub async fn personal(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<PersonalValue>, EngineError> {
        let store: Option<&dyn PersonalStore> = self.store().personal_store();
        match store {
            Some(store) => Ok(store.personal(collection, id).await?),
            None => Ok(Vec::new()),
        }
    }
}
