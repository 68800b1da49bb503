//! Rows of one collection as a reader may read them.

use ::ledger::dossier::{FieldValue, ShownField};
use spatial::{CollectionId, CollectionSnapshot, FeatureRef, Snapshot, Value, ValueRef};

use crate::{Profile, ReadableField};

/// A collection of a state.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) held: &'a CollectionSnapshot,
    profile: Profile,
}

impl<'a> Rows<'a> {
    /// The collection, if the state has it.
    pub(super) fn of(state: &'a Snapshot, name: &str, profile: Profile) -> Option<Self> {
        let held = state.collections.get(&CollectionId::try_from(name).ok()?)?;
        Some(Self { held, profile })
    }

    /// Its id.
    pub(super) fn id(&self) -> &'a CollectionId {
        &self.held.collection().id
    }

    /// Where a field is; none where it is not there or the reader may not read it.
    pub(super) fn at(&self, field: &str) -> Option<usize> {
        ReadableField::find(self.held.collection(), field, self.profile)
            .ok()
            .map(ReadableField::position)
    }

    /// Visits every row.
    pub(super) fn each(&self, visit: &mut dyn FnMut(FeatureRef<'a>)) {
        self.held.each(&mut |shard, slots| {
            for slot in slots {
                visit(shard.feature(usize::from(*slot)));
            }
        });
    }

    /// Visits every row with the text of a field; none where the field cannot be read.
    pub(super) fn each_key(&self, field: &str, visit: &mut dyn FnMut(&'a str, FeatureRef<'a>)) {
        let Some(at) = self.at(field) else { return };
        self.each(&mut |row| {
            if let Some(key) = key(row, at) {
                visit(key, row);
            }
        });
    }

    /// The values that are shown of a row, those that there are.
    pub(super) fn shown(&self, row: FeatureRef<'_>, fields: &[ShownField]) -> Vec<FieldValue> {
        let value = |shown: &ShownField| {
            let value = row.value(self.at(&shown.field)?).to_value();
            (value != Value::Null).then(|| FieldValue {
                field: shown.field.clone(),
                title: shown.title.clone(),
                value,
            })
        };
        fields.iter().filter_map(value).collect()
    }

    /// Every value of a row that the reader may read, those that there are.
    pub(super) fn all(&self, row: FeatureRef<'_>) -> Vec<FieldValue> {
        let fields = ReadableField::all(self.held.collection(), self.profile);
        let value = fields.filter_map(|(field, declared)| {
            let value = row.value(field.position()).to_value();
            (value != Value::Null).then(|| FieldValue {
                field: declared.name.clone(),
                title: declared.alias.clone().unwrap_or_else(|| declared.name.clone()),
                value,
            })
        });
        value.collect()
    }
}

/// A text without blanks around it; none when nothing is left.
pub(super) fn key(row: FeatureRef<'_>, at: usize) -> Option<&str> {
    match row.value(at) {
        ValueRef::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}
