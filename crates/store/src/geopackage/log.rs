//! The change log: one row a changed feature, one a bulk load.

use rusqlite::{Connection, OptionalExtension, Row, params};
use spatial::{CollectionId, Envelope, FeatureId, Revision, Timestamp};

use super::catalogue::{envelope_columns, read_envelope};
use super::history::Origin;
use crate::{ChangeRecord, Operation, StoreError};

/// What [`read_record`] reads.
pub(crate) const SELECT: &str = "SELECT revision, collection, operation, fid, actor, reason, \
    recorded_at, before_min_x, before_min_y, before_max_x, before_max_y, \
    after_min_x, after_min_y, after_max_x, after_max_y FROM tuban_change_log";

/// What is written of one change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) collection: &'a str,
    pub(crate) operation: Operation,
    /// The feature; the ids that a load added, first and last.
    pub(crate) ids: Option<(i64, i64)>,
    pub(crate) before: Option<Envelope>,
    pub(crate) after: Option<Envelope>,
}

/// The word for a feature that comes back under its own id: an insertion to readers, a word of its
/// own because the ids of other arrivals ascend.
const REVIVE: &str = "revive";

pub(crate) fn append(
    db: &Connection,
    entry: Entry<'_>,
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    append_as(db, name(entry.operation), entry, origin)
}

/// Appends the return of a feature that was removed.
pub(crate) fn append_revival(
    db: &Connection,
    entry: Entry<'_>,
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    append_as(db, REVIVE, entry, origin)
}

fn append_as(
    db: &Connection,
    word: &str,
    entry: Entry<'_>,
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    let [before, after] = [entry.before, entry.after].map(envelope_columns);
    let last = entry.ids.filter(|_| entry.operation == Operation::Load).map(|(_, last)| last);
    db.prepare_cached(
        "INSERT INTO tuban_change_log (revision, collection, operation, fid, last_fid,
         before_min_x, before_min_y, before_max_x, before_max_y,
         after_min_x, after_min_y, after_max_x, after_max_y, actor, reason, recorded_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        origin.revision.0,
        entry.collection,
        word,
        entry.ids.map(|(first, _)| first),
        last,
        before[0],
        before[1],
        before[2],
        before[3],
        after[0],
        after[1],
        after[2],
        after[3],
        origin.actor,
        origin.reason,
        origin.recorded_at.0
    ])?;
    Ok(())
}

/// Moment of the newest row; the earliest moment of all when there is none.
pub(crate) fn newest(db: &Connection) -> Result<Timestamp, StoreError> {
    let sql = "SELECT recorded_at FROM tuban_change_log ORDER BY seq DESC LIMIT 1";
    let newest = db.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(Timestamp(newest.unwrap_or(i64::MIN)))
}

/// Rows after `since` in whole commits: at least one commit, then no more than `limit` rows.
pub(crate) fn read(
    db: &Connection,
    since: Revision,
    limit: usize,
) -> Result<Vec<ChangeRecord>, StoreError> {
    let sql = format!("{SELECT} WHERE revision > ?1 ORDER BY revision, seq");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([since.0])?;
    let mut records: Vec<ChangeRecord> = Vec::new();
    // Rows up to here make whole commits.
    let mut whole = 0;
    while let Some(row) = rows.next()? {
        let record = read_record(row)?;
        if records.last().is_some_and(|last| last.revision != record.revision) {
            whole = records.len();
        }
        if whole > 0 && records.len() >= limit {
            records.truncate(whole);
            break;
        }
        records.push(record);
    }
    Ok(records)
}

pub(crate) fn read_record(row: &Row<'_>) -> Result<ChangeRecord, StoreError> {
    let damaged =
        |reason: &dyn ToString| StoreError::damaged("tuban_change_log", reason.to_string());
    let collection: String = row.get(1)?;
    let operation: String = row.get(2)?;
    let operation = self::operation(&operation).ok_or_else(|| damaged(&"unknown operation"))?;
    let id = match row.get::<_, Option<i64>>(3)? {
        Some(id) if operation != Operation::Load => {
            Some(FeatureId::try_from(id).map_err(|e| damaged(&e))?)
        }
        _ => None,
    };
    let before = [row.get(7)?, row.get(8)?, row.get(9)?, row.get(10)?];
    let after = [row.get(11)?, row.get(12)?, row.get(13)?, row.get(14)?];
    Ok(ChangeRecord {
        revision: Revision(row.get(0)?),
        collection: CollectionId::try_from(collection.as_str()).map_err(|e| damaged(&e))?,
        operation,
        id,
        before: read_envelope(before),
        after: read_envelope(after),
        actor: row.get(4)?,
        reason: row.get(5)?,
        recorded_at: Timestamp(row.get(6)?),
    })
}

const ALL: [Operation; 5] =
    [Operation::Load, Operation::Insert, Operation::Replace, Operation::Delete, Operation::Erase];

/// The operation of this name.
pub(crate) fn operation(text: &str) -> Option<Operation> {
    match text {
        REVIVE => Some(Operation::Insert),
        _ => ALL.into_iter().find(|operation| name(*operation) == text),
    }
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Load => "load",
        Operation::Insert => "insert",
        Operation::Replace => "replace",
        Operation::Delete => "delete",
        Operation::Erase => "erase",
    }
}
