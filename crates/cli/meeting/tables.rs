//! The row of a meeting, and rows of collections as CSV in one order.

use engine::{Engine, Profile, ReadableField};
use formats::datetime::millis_of;
use formats::report::table_csv;
use ledger::record::calls::MEETINGS;
use serde::{Deserialize, Serialize};
use spatial::{
    CollectionId, CollectionSnapshot, FeatureRef, SHANGHAI_AHEAD_MINUTES, Table, TableCell,
    TableColumn, Timestamp, ValueRef,
};

use crate::commands::CommandError;

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Meeting {
    /// Its code.
    pub code: String,
    /// 会商, 调度 …
    pub kind: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Code of the unit that called it.
    pub unit: Option<String>,
    /// When it is held, in UTC.
    pub held_at: Option<String>,
}

/// The meeting of a code, and the moment whose state it is told: its `as_of`, else when it is held.
///
/// # Errors
/// When there are no meetings, none of this code, or it says no moment.
pub fn find_meeting(engine: &Engine, code: &str) -> Result<(Meeting, Timestamp), CommandError> {
    let refused = |reason: String| CommandError::Argument {
        name: "meeting",
        value: code.chars().take(60).collect(),
        reason,
    };
    let state = engine.snapshot();
    let held = state.collections.get(&CollectionId::try_from(MEETINGS)?);
    let held = held.ok_or_else(|| {
        refused(format!(
            "the store has no meetings; `tuban ledger add STORE {MEETINGS}` makes them"
        ))
    })?;
    let text = |row: FeatureRef<'_>, name: &str| {
        let at = held.collection().field_position(name)?;
        match row.value(at) {
            ValueRef::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    };
    let mut found = None;
    held.each(&mut |shard, slots| {
        let rows = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
        for row in rows.filter(|row| text(*row, "code").as_deref() == Some(code)) {
            let meeting = Meeting {
                code: code.to_owned(),
                kind: text(row, "kind"),
                name: text(row, "name"),
                unit: text(row, "unit"),
                held_at: text(row, "held_at"),
            };
            found = Some((meeting, text(row, "as_of")));
        }
    });
    let (meeting, as_of) =
        found.ok_or_else(|| refused(format!("{MEETINGS} has no row of this code")))?;
    let moment = as_of.as_ref().or(meeting.held_at.as_ref());
    let moment = moment.and_then(|text| millis_of(text, SHANGHAI_AHEAD_MINUTES));
    let moment = moment.ok_or_else(|| refused("it says neither as_of nor held_at".to_owned()))?;
    Ok((meeting, Timestamp(moment)))
}

/// Rows of a collection as they had been recorded at a moment, as CSV: what everyone may read, by
/// the field `by`; none where the store has no such collection.
///
/// # Errors
/// When the state is kept no more, or a table cannot be written.
pub async fn rows_csv(
    engine: &Engine,
    (name, by): (&str, &str),
    as_of: Timestamp,
) -> Result<Option<Vec<u8>>, CommandError> {
    let id = CollectionId::try_from(name)?;
    if !engine.snapshot().collections.contains_key(&id) {
        return Ok(None);
    }
    let state = engine.state(Some(as_of), std::slice::from_ref(&id)).await?;
    let Some(held) = state.collections.get(&id) else { return Ok(None) };
    Ok(Some(table_csv(&table(held, by))?))
}

fn table(held: &CollectionSnapshot, by: &str) -> Table {
    let collection = held.collection();
    let fields: Vec<(usize, String)> = ReadableField::all(collection, Profile::default())
        .map(|(field, declared)| (field.position(), declared.name.clone()))
        .collect();
    let mut rows = Vec::new();
    let key = collection.field_position(by);
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let cells = fields.iter().map(|(at, _)| cell(row.value(*at)));
            let order = key.map(|key| cell(row.value(key)).to_string());
            rows.push((order, row.id(), cells.collect::<Vec<_>>()));
        }
    });
    rows.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    Table {
        title: collection.title.clone(),
        columns: fields.into_iter().map(|(_, name)| TableColumn::named(name)).collect(),
        rows: rows.into_iter().map(|(_, _, cells)| cells).collect(),
        notes: Vec::new(),
    }
}

fn cell(value: ValueRef<'_>) -> TableCell {
    match value {
        ValueRef::Null | ValueRef::Bytes(_) => TableCell::Empty,
        ValueRef::Bool(truth) => TableCell::Text(if truth { "是" } else { "否" }.to_owned()),
        ValueRef::Int(number) => TableCell::Number { scaled: i128::from(number), decimals: 0 },
        ValueRef::Real(number) => TableCell::Text(number.to_string()),
        ValueRef::Text(text) => TableCell::Text(text.to_owned()),
    }
}
