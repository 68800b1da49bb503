//! Lets past states go that ended long ago; the change log keeps its rows.
//!
//! Rows of `tuban_history` ascend in number, revision and time, so that what goes is a beginning
//! of it. The newest row of a feature stays, emptied: it says since when the state after it holds.
//! `history_whole_from` in `tuban_meta` is the oldest revision whose state is whole still.

use rusqlite::{Connection, OptionalExtension};
use spatial::{Revision, Timestamp};

use super::history::DROPPED;
use super::writer::Writer;
use crate::{HistoryStart, StoreError};

/// Lets at most `most` states go that ended before `moment`; answers whether more may be there.
pub(crate) fn drop_history(
    writer: &mut Writer,
    moment: Timestamp,
    most: usize,
) -> Result<bool, StoreError> {
    writer.upkeep("letting past states go of", |writer| {
        let db = &writer.db;
        let done = number(db, "history_dropped_seq")?.unwrap_or(0);
        let mut old = db.prepare_cached(
            "SELECT seq, collection, fid, until_revision, recorded_at FROM tuban_history
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = old.query((done, i64::try_from(most).unwrap_or(i64::MAX)))?;
        let mut newest: Option<(i64, u64, i64)> = None;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let (seq, until, recorded_at) = (row.get(0)?, row.get::<_, u64>(3)?, row.get(4)?);
            if recorded_at >= moment.0 {
                break;
            }
            let (collection, fid) = (row.get::<_, String>(1)?, row.get::<_, i64>(2)?);
            db.prepare_cached(
                "DELETE FROM tuban_history
                 WHERE collection = ?1 AND fid = ?2 AND until_revision < ?3",
            )?
            .execute((&collection, fid, until))?;
            let newer = "SELECT 1 FROM tuban_history
                         WHERE collection = ?1 AND fid = ?2 AND until_revision > ?3";
            let newer = db
                .prepare_cached(newer)?
                .query_row((&collection, fid, until), |_| Ok(()))
                .optional()?;
            match newer {
                Some(()) => {
                    db.prepare_cached("DELETE FROM tuban_history WHERE seq = ?1")?.execute([seq])?
                }
                None => db
                    .prepare_cached(
                        "UPDATE tuban_history SET properties = ?2, geometry = NULL WHERE seq = ?1",
                    )?
                    .execute((seq, DROPPED))?,
            };
            newest = Some((seq, until, recorded_at));
            count += 1;
        }
        if let Some((seq, until, recorded_at)) = newest {
            let until = until.cast_signed();
            for (name, value) in [
                ("history_dropped_seq", seq),
                ("history_whole_from", until),
                ("history_whole_since", recorded_at),
            ] {
                db.prepare_cached("INSERT OR REPLACE INTO tuban_meta VALUES (?1, ?2)")?
                    .execute((name, value))?;
            }
        }
        Ok(count == most)
    })
}

/// Where history begins; none when it is whole.
pub(crate) fn start(db: &Connection) -> Result<Option<HistoryStart>, StoreError> {
    let (from, since) = (number(db, "history_whole_from")?, number(db, "history_whole_since")?);
    Ok(from.zip(since).map(|(from, since)| HistoryStart {
        revision: Revision(from.cast_unsigned()),
        recorded_at: Timestamp(since),
    }))
}

/// Refuses a revision whose state is not whole any more.
pub(crate) fn check_whole(db: &Connection, revision: Revision) -> Result<(), StoreError> {
    match start(db)? {
        Some(start) if revision < start.revision => {
            let (whole_from, since) = (start.revision, start.recorded_at);
            Err(StoreError::HistoryDropped { whole_from, since })
        }
        _ => Ok(()),
    }
}

fn number(db: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare_cached("SELECT value FROM tuban_meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
