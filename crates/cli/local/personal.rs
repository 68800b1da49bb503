//! Personal values as JSON, for the other side of the socket: it is for the user of the server alone,
//! and nothing of it is logged.

use serde::{Deserialize, Serialize};
use spatial::{CollectionId, FieldClass, Timestamp, Value};
use store::personal::{PersonalLoad, PersonalRow};

/// A part of a load of personal values.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedPersonal {
    collection: String,
    /// Names with numbers of classes.
    fields: Vec<(String, usize)>,
    rows: Vec<(Key, Vec<Option<String>>)>,
    actor: String,
    reason: String,
    at: i64,
    total: Option<u64>,
}

/// What a key can be.
#[derive(Deserialize, Serialize)]
enum Key {
    Bool(bool),
    Int(i64),
    Text(String),
}

impl std::fmt::Debug for DescribedPersonal {
    /// Without the rows.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (of, rows) = (&self.collection, self.rows.len());
        f.debug_struct("DescribedPersonal").field("collection", of).field("rows", &rows).finish()
    }
}

impl DescribedPersonal {
    /// The part; none when a key is of a type that no key has.
    pub(super) fn of(load: PersonalLoad) -> Option<Self> {
        let row = |row: PersonalRow| {
            let key = match row.key {
                Value::Bool(key) => Key::Bool(key),
                Value::Int(key) => Key::Int(key),
                Value::Text(key) => Key::Text(key),
                Value::Null | Value::Real(_) | Value::Bytes(_) => return None,
            };
            Some((key, row.values))
        };
        Some(Self {
            collection: load.collection.to_string(),
            fields: load.fields.into_iter().map(|(name, class)| (name, class as usize)).collect(),
            rows: load.rows.into_iter().map(row).collect::<Option<_>>()?,
            actor: load.actor,
            reason: load.reason,
            at: load.at.0,
            total: load.total,
        })
    }

    /// The part; none when a name in it is no name, or a row has another number of values.
    pub(super) fn read(self) -> Option<PersonalLoad> {
        let class = |class: usize| FieldClass::ALL.get(class).copied();
        let fields = self.fields.into_iter().map(|(name, number)| Some((name, class(number)?)));
        let fields: Vec<_> = fields.collect::<Option<_>>()?;
        let row = |(key, values): (Key, Vec<Option<String>>)| {
            let key = match key {
                Key::Bool(key) => Value::Bool(key),
                Key::Int(key) => Value::Int(key),
                Key::Text(key) => Value::Text(key),
            };
            (values.len() == fields.len()).then_some(PersonalRow { key, values })
        };
        Some(PersonalLoad {
            collection: CollectionId::try_from(self.collection.as_str()).ok()?,
            rows: self.rows.into_iter().map(row).collect::<Option<_>>()?,
            fields,
            actor: self.actor,
            reason: self.reason,
            at: Timestamp(self.at),
            total: self.total,
        })
    }
}
