//! Personal columns on their way into the table that keeps them apart from features.
//!
//! The file is read once more after its features are in: values go by the key of their feature, in
//! parts, so that memory does not grow with the file. No report, note or error repeats a value.

use formats::LayerReader;
use ledger::PersonalReason;
use serde::Serialize;
use spatial::{Collection, FieldClass, FieldType, Value};
use store::personal::{MAX_VALUE_BYTES, PersonalLoad, PersonalRow};

use super::plan::{Columns, LeftOut};
use super::survey::Survey;
use super::{ImportError, ImportOptions, Target, Watch, cast};

/// Rows that are sent together.
const ROWS: usize = 512;

/// What became of personal columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonalOutcome {
    /// The columns, and why they are personal.
    pub fields: Vec<LeftOut>,
    /// Values that are kept, encrypted.
    pub values: u64,
    /// Rows with personal values whose feature is not in the collection.
    pub unplaced: u64,
    /// Values that are too long to be one, and are left out.
    pub too_long: u64,
}

/// Where a layer's personal values are, and the key of their features.
#[derive(Debug)]
pub struct PersonalColumns {
    /// Name, class and position in the file of each column.
    columns: Vec<(String, FieldClass, usize)>,
    /// Position in the file, and type, of the key.
    key: (usize, FieldType),
    fields: Vec<LeftOut>,
}

impl PersonalColumns {
    /// The columns that `columns` leaves out, as values of features that `key` tells apart.
    pub fn new(
        survey: &Survey,
        (names, columns): (&[String], &mut Columns),
        (collection, key): (&Collection, &str),
    ) -> Result<Self, ImportError> {
        let bad = || ImportError::BadKey {
            key: key.to_owned(),
            known: columns.fields.iter().map(|field| field.name.clone()).collect(),
        };
        let position = collection.field_position(key).ok_or_else(bad)?;
        let stored = columns.fields.iter().position(|field| field.name == key).ok_or_else(bad)?;
        let key = (columns.sources[stored], collection.fields[position].field_type);
        let found = names.iter().enumerate().filter_map(|(at, name)| {
            let reason: PersonalReason = survey.personal.get(at).copied().flatten()?;
            let is_left_out = columns.left_out.iter().any(|one| one.field == *name);
            is_left_out.then(|| (name.clone(), reason.class(), at))
        });
        let found = found.collect();
        Ok(Self { columns: found, key, fields: std::mem::take(&mut columns.left_out) })
    }

    /// Reads `reader` to its end, and puts its personal values where they are kept.
    pub async fn put(
        self,
        target: Target<'_>,
        mut reader: Box<dyn LayerReader>,
        collection: &Collection,
        (options, watch): (&ImportOptions, &Watch),
    ) -> Result<PersonalOutcome, ImportError> {
        let Self { columns, key, fields } = self;
        let mut outcome = PersonalOutcome { fields, values: 0, unplaced: 0, too_long: 0 };
        let part = |rows, total| PersonalLoad {
            collection: collection.id.clone(),
            fields: columns.iter().map(|(name, class, _)| (name.clone(), *class)).collect(),
            rows,
            actor: "local".to_owned(),
            reason: options.reason.clone(),
            at: options.recorded_at,
            total,
        };
        loop {
            watch.check()?;
            let rows = tokio::task::block_in_place(|| reader.next_rows(ROWS))?;
            if rows.is_empty() {
                break;
            }
            let read = rows.len() as u64;
            let mut sent = Vec::with_capacity(rows.len());
            for row in rows {
                let Ok(feature) = row.feature else { continue };
                let found = feature.properties.get(key.0).cloned();
                let Some(found) = found.and_then(|value| cast(value, key.1)) else { continue };
                if found == Value::Null {
                    continue;
                }
                let values = columns.iter().map(|(.., at)| {
                    let value = feature.properties.get(*at).cloned().unwrap_or(Value::Null);
                    text(value, &mut outcome.too_long)
                });
                sent.push(PersonalRow { key: found, values: values.collect() });
            }
            let done = target.put_personal(part(sent, None)).await?;
            outcome.values += done.values;
            outcome.unplaced += done.unplaced;
            watch.advance(read);
        }
        target.put_personal(part(Vec::new(), Some(outcome.values))).await?;
        Ok(outcome)
    }
}

/// A value as text; none of an empty one, and of what no person has written down.
fn text(value: Value, too_long: &mut u64) -> Option<String> {
    let Some(Value::Text(text)) = cast(value, FieldType::Text) else { return None };
    let text = text.trim();
    if text.len() > MAX_VALUE_BYTES {
        *too_long += 1;
        return None;
    }
    (!text.is_empty()).then(|| text.to_owned())
}
