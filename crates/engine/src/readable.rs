//! Fields that a reader may read, and so filter, sort and search by.
//!
//! *Invariant:* a [`ReadableField`] exists only for a field whose class the profile allows.

use spatial::{Collection, Field, FieldType};

use crate::{EngineError, Profile};

/// A field of one collection that the reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReadableField(usize);

impl ReadableField {
    /// The field called `name` (exact case), if `profile` may read it.
    pub fn find(
        collection: &Collection,
        name: &str,
        profile: Profile,
    ) -> Result<Self, EngineError> {
        let position = collection.field_position(name).ok_or_else(|| {
            EngineError::UnknownField { collection: collection.id.clone(), name: name.to_owned() }
        })?;
        match collection.fields[position].class <= profile.highest_of(collection) {
            true => Ok(Self(position)),
            false => Err(EngineError::HiddenField { name: name.to_owned() }),
        }
    }

    /// Every field that `profile` may read, in column order.
    pub fn all(collection: &Collection, profile: Profile) -> impl Iterator<Item = (Self, &Field)> {
        let (fields, highest) =
            (collection.fields.iter().enumerate(), profile.highest_of(collection));
        fields
            .filter(move |(_, field)| field.class <= highest)
            .map(|(position, field)| (Self(position), field))
    }

    /// The field that says when a feature was: the first readable date or date-time.
    pub fn time(collection: &Collection, profile: Profile) -> Option<(Self, &Field)> {
        Self::all(collection, profile)
            .find(|(_, field)| matches!(field.field_type, FieldType::Date | FieldType::DateTime))
    }

    /// Position in [`Collection::fields`] and in the columns of a shard.
    pub fn position(self) -> usize {
        self.0
    }
}
