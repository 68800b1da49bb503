//! Personal values apart from features: names, identity numbers, telephones and addresses that an
//! import finds beside geometry.
//!
//! *Invariants:* a value is kept sealed, under a data key of its feature that the master key outside
//! the store wraps; no feature, past state, change log, tile or index holds it, and no error repeats
//! it. Keeping it makes no revision. What is erased is gone with its data key.

use async_trait::async_trait;
use spatial::{CollectionId, FeatureId, FieldClass, Timestamp, Value};

use crate::StoreError;

/// Longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 4_096;

/// A personal value of a feature, in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalValue {
    /// Name of the column that it came in.
    pub field: String,
    /// L3 or L4.
    pub class: FieldClass,
    /// The value.
    pub value: String,
    /// What brought it, in the words of the import.
    pub origin: String,
    /// When it came.
    pub at: Timestamp,
}

impl std::fmt::Debug for PersonalValue {
    /// Without the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { field, class, .. } = self;
        f.debug_struct("PersonalValue").field("field", field).field("class", class).finish()
    }
}

/// The values of one row of a file.
#[derive(Clone)]
pub struct PersonalRow {
    /// The key of its feature.
    pub key: Value,
    /// One entry a column of [`PersonalLoad::fields`]; none takes away what is there.
    pub values: Vec<Option<String>>,
}

impl std::fmt::Debug for PersonalRow {
    /// Without key and values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonalRow").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

/// Personal values on their way into the store.
#[derive(Clone, Debug)]
pub struct PersonalLoad {
    /// Whose features' they are; found by the collection's key.
    pub collection: CollectionId,
    /// Name and class of each column.
    pub fields: Vec<(String, FieldClass)>,
    /// The rows.
    pub rows: Vec<PersonalRow>,
    /// Who does it.
    pub actor: String,
    /// Why; the values' origin.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// With the last part of a load: how many values it brought in all, for the audit log.
    pub total: Option<u64>,
}

/// What became of a part of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersonalSummary {
    /// Values that are there now, those that were there before included.
    pub values: u64,
    /// Rows whose key no feature has.
    pub unplaced: u64,
}

/// Personal values, kept beside the features.
#[async_trait]
pub trait PersonalStore: Send + Sync {
    /// Keeps the values of one part of a load, in one durable transaction: those of a feature and
    /// column that are there already give way.
    ///
    /// # Errors
    /// When the collection has no key, the master key is not at hand, or a value is too long.
    async fn put_personal(&self, load: PersonalLoad) -> Result<PersonalSummary, StoreError>;

    /// The values of one feature, by field.
    ///
    /// # Errors
    /// When the master key is not at hand.
    async fn personal(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<PersonalValue>, StoreError>;
}

/// Refuses what cannot be kept.
pub(crate) fn check(load: &PersonalLoad) -> Result<(), StoreError> {
    for row in &load.rows {
        for (value, (field, _)) in row.values.iter().zip(&load.fields) {
            if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE_BYTES) {
                return Err(StoreError::Unfit {
                    collection: load.collection.clone(),
                    field: field.clone(),
                    reason: "a personal value has more than 4096 bytes",
                });
            }
        }
    }
    Ok(())
}

/// The refusal of a collection whose features no key tells apart.
pub(crate) fn no_key(collection: &CollectionId) -> StoreError {
    StoreError::Schema {
        collection: collection.clone(),
        reason: "personal values go by the collection's key; set one".to_owned(),
    }
}
