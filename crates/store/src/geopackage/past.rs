//! States as of a revision: what the change log and the history say that is no more.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};
use spatial::{CollectionId, Feature, FeatureId, Revision, Timestamp, gpb};
use tokio::sync::mpsc;

use super::catalogue::{self, Table};
use super::keys::Keys;
use super::schema::ident;
use super::{history, in_one_state, log, retention};
use crate::fit::refit;
use crate::{ChangeRecord, FormerState, StoreError};

/// The newest revision recorded at `moment` or before. The log's rows ascend in both, so that a
/// search by halves finds it without an index of its own.
pub(crate) fn revision_at(db: &Connection, moment: Timestamp) -> Result<Revision, StoreError> {
    let first = first_row(db, "tuban_change_log", |db, at| {
        let sql = "SELECT recorded_at FROM tuban_change_log WHERE seq >= ?1 ORDER BY seq LIMIT 1";
        let recorded = db.prepare_cached(sql)?.query_row([at], |row| row.get::<_, i64>(0))?;
        Ok(recorded > moment.0)
    })?;
    let sql = "SELECT revision FROM tuban_change_log WHERE seq < ?1 ORDER BY seq DESC LIMIT 1";
    let revision = db.prepare_cached(sql)?.query_row([first], |row| row.get(0)).optional()?;
    Ok(Revision(revision.unwrap_or(0)))
}

/// The smallest number from which on every row of `table` is `late`; rows that are not come
/// before all that are.
fn first_row(
    db: &Connection,
    table: &str,
    late: impl Fn(&Connection, i64) -> Result<bool, StoreError>,
) -> Result<i64, StoreError> {
    // Two questions: of both ends at once SQLite asks every row.
    let sql = format!(
        "SELECT ifnull((SELECT min(seq) FROM {table}), 1), ifnull((SELECT max(seq) FROM {table}), 0) + 1"
    );
    let (mut low, mut high) =
        db.query_row(&sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    while low < high {
        let middle = low + (high - low) / 2;
        match late(db, middle)? {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Ok(low)
}

/// Sends every feature that came, changed or went after `revision`, with its state then, in
/// chunks of at most so many.
pub(crate) fn former_states(
    db: &Connection,
    keys: &Keys,
    id: &CollectionId,
    revision: Revision,
    sink: (usize, &mpsc::Sender<Vec<FormerState>>),
) -> Result<(), StoreError> {
    in_one_state(db, |db| {
        let table = catalogue::read(db, id)?;
        retention::check_whole(db, revision)?;
        // Ids up to here are of a removed collection that had the same name.
        let floor = catalogue::retired(db, id)?.unwrap_or(0);
        let (chunk, sink) = sink;
        let mut sending = Sending { chunk: chunk.max(1), waiting: Vec::new(), sink, keys };
        let seen = send_changed(db, &table, (revision, floor), &mut sending)?;
        send_arrived(db, &table, revision, &seen, &mut sending)?;
        sending.flush();
        Ok(())
    })
}

struct Sending<'a> {
    chunk: usize,
    waiting: Vec<FormerState>,
    sink: &'a mpsc::Sender<Vec<FormerState>>,
    keys: &'a Keys,
}

impl Sending<'_> {
    /// Whether anybody listens still.
    fn push(&mut self, state: FormerState) -> bool {
        self.waiting.push(state);
        self.waiting.len() < self.chunk || self.flush()
    }

    fn flush(&mut self) -> bool {
        let chunk = std::mem::take(&mut self.waiting);
        chunk.is_empty() || self.sink.blocking_send(chunk).is_ok()
    }
}

/// Sends the features of which a state ended after `revision`; answers which they are.
fn send_changed(
    db: &Connection,
    table: &Table,
    (revision, floor): (Revision, i64),
    sending: &mut Sending<'_>,
) -> Result<HashSet<FeatureId>, StoreError> {
    let first = first_row(db, "tuban_history", |db, at| {
        let sql = "SELECT until_revision FROM tuban_history WHERE seq >= ?1 ORDER BY seq LIMIT 1";
        let until = db.prepare_cached(sql)?.query_row([at], |row| row.get::<_, u64>(0))?;
        Ok(until > revision.0)
    })?;
    let damaged = |reason: &dyn ToString| {
        StoreError::damaged(format!("history of {}", table.columns.table), reason.to_string())
    };
    let mut statement = db.prepare_cached(
        "SELECT fid, from_revision, properties, geometry, until_revision FROM tuban_history
         WHERE seq >= ?1 AND collection = ?2 AND fid > ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query((first, &table.columns.table, floor))?;
    let mut seen = HashSet::default();
    while let Some(row) = rows.next()? {
        let id = FeatureId::try_from(row.get::<_, i64>(0)?).map_err(|e| damaged(&e))?;
        // The first state that ended after the revision held at it, or the feature came later.
        if !seen.insert(id) {
            continue;
        }
        let feature = match row.get::<_, u64>(1)? <= revision.0 {
            false => None,
            true => {
                let properties = row.get_ref(2)?.as_blob().map_err(|e| damaged(&e))?;
                let properties =
                    history::decode(properties).ok_or_else(|| damaged(&"properties"))?;
                let place = (table.columns.table.as_str(), id, Revision(row.get(4)?));
                let (fields, values) = history::open(db, sending.keys, place, properties)?;
                let geometry = match row.get_ref(3)?.as_blob_or_null().map_err(|e| damaged(&e))? {
                    Some(bytes) => {
                        let (header, decoded) = gpb::decode(bytes).map_err(|e| damaged(&e))?;
                        // A load may have brought another CRS since.
                        Some(decoded.geometry).filter(|_| header.srs_id == table.srs_id)
                    }
                    None => None,
                };
                let feature = Feature { id: Some(id), geometry, properties: values };
                Some(refit(&table.collection, &fields, feature))
            }
        };
        if !sending.push((id, feature)) {
            break;
        }
    }
    Ok(seen)
}

/// Sends the features that are there and came after `revision`, `seen` ones aside.
fn send_arrived(
    db: &Connection,
    table: &Table,
    revision: Revision,
    seen: &HashSet<FeatureId>,
    sending: &mut Sending<'_>,
) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT fid, ifnull(last_fid, fid) FROM tuban_change_log
         WHERE revision > ?1 AND collection = ?2 AND operation IN ('insert', 'load', 'revive')
         AND fid NOTNULL ORDER BY revision, seq",
    )?;
    let mut ranges = statement.query((revision.0, &table.columns.table))?;
    let (name, fid) = (ident(&table.columns.table), ident(&table.columns.fid));
    let there = format!("SELECT {fid} FROM {name} WHERE {fid} BETWEEN ?1 AND ?2 ORDER BY {fid}");
    let mut there = db.prepare_cached(&there)?;
    while let Some(range) = ranges.next()? {
        let mut ids = there.query((range.get::<_, i64>(0)?, range.get::<_, i64>(1)?))?;
        while let Some(row) = ids.next()? {
            let id = FeatureId::try_from(row.get::<_, i64>(0)?).map_err(|error| {
                StoreError::damaged(format!("ids of {}", table.columns.table), error)
            })?;
            if !seen.contains(&id) && !sending.push((id, None)) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The row of the change log with which a feature came.
pub(crate) fn arrival(
    db: &Connection,
    collection: &CollectionId,
    id: FeatureId,
) -> Result<Option<ChangeRecord>, StoreError> {
    // The newest, as another program may have given the id again.
    let sql = format!(
        "{} WHERE seq = (
             SELECT seq FROM tuban_change_log INDEXED BY tuban_change_log_arrival
             WHERE operation IN ('insert', 'load') AND collection = ?1 AND fid <= ?2
             AND (fid = ?2 OR last_fid >= ?2) ORDER BY fid DESC, seq DESC LIMIT 1
         )",
        log::SELECT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query((collection.as_str(), id.value()))?;
    rows.next()?.map(log::read_record).transpose()
}
