//! Takes in what other programs wrote into the file: their notes become rows of the change log and
//! of history, as one revision of its own.
//!
//! Runs within a transaction of the writer, before anything else happens in it: no commit builds
//! on a row that no revision has shown. Rows with a flaw are kept out, and listed.

use std::sync::Arc;

use rusqlite::Connection;
use spatial::{Envelope, Feature, Timestamp};

use super::catalogue::{self, Table};
use super::commit::ExtentChange;
use super::examine::examine;
use super::history::{self, Origin};
use super::kept_out::{self, Flaw};
use super::log::{self, Entry};
use super::schema::ident;
use super::structure::{self, Found};
use super::writer::Writer;
use super::{notes, row, shown};
use crate::memory::envelope_of;
use crate::{EXTERNAL, ForeignSummary, Operation, StoreError};

/// Actor of what other programs did.
pub(crate) const ACTOR: &str = EXTERNAL;
/// Why, in the change log.
const REASON: &str = "changed in the file by another program";
/// Notes that are read at a time.
const PAGE: usize = 1000;
/// So many features with ids in a row are one row of the change log: a load by another program.
const LOAD_FROM: usize = 10_000;

/// Number that changes with every change of any table.
pub(crate) fn schema_version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.pragma_query_value(None, "schema_version", |row| row.get(0))?)
}

/// Whether others have written since `seen`, the schema as this program knows it.
pub(crate) fn is_pending(db: &Connection, seen: Option<i64>) -> Result<bool, StoreError> {
    Ok(seen != Some(schema_version(db)?) || notes::any(db)?)
}

/// Takes everything in, as the next revision if there is anything.
pub(crate) fn take_in(writer: &mut Writer, at: Timestamp) -> Result<(), StoreError> {
    let seen = writer.schema_seen();
    if !is_pending(&writer.db, seen)? {
        return Ok(());
    }
    let (revision, at) = (writer.advance(), writer.recorded_at(at));
    let keys = Arc::clone(&writer.keys);
    let db = &writer.db;
    let origin = Origin { revision, actor: ACTOR, reason: REASON, recorded_at: at, keys: &keys };
    let mut done = ForeignSummary { revision, ..ForeignSummary::default() };
    for found in structure::look(db, seen, at, &mut done)? {
        take_in_table(db, &found, origin, &mut done)?;
    }
    notes::clear(db)?;
    writer.see_schema()?;
    if done == (ForeignSummary { revision, ..ForeignSummary::default() }) {
        writer.step_back();
    } else {
        writer.note_recorded(at);
        writer.report(done);
    }
    Ok(())
}

fn take_in_table(
    db: &Connection,
    found: &Found,
    origin: Origin<'_>,
    done: &mut ForeignSummary,
) -> Result<(), StoreError> {
    let name = &found.old.columns.table;
    let mut rows =
        Rows { db, found, origin, extent: ExtentChange::default(), arrivals: Vec::new() };
    if let Some(mut after) = notes::before_first(db, name)? {
        loop {
            let ids = notes::ids(db, name, after, PAGE)?;
            let Some(last) = ids.last() else { break };
            after = *last;
            for fid in ids {
                rows.take_in(fid, done)?;
            }
        }
        rows.flush_arrivals()?;
    }
    let Rows { extent, .. } = rows;
    match (&found.new, &found.reshaped) {
        (Some(new), Some(reason)) => {
            reshape(db, new, &found.old, Origin { reason, ..origin }, done)
        }
        (Some(new), None) if !extent.is_nothing() => {
            extent.write(db, new)?;
            catalogue::recount_for_others(db, new)
        }
        _ => Ok(()),
    }
}

/// The notes of one table on their way in.
struct Rows<'a> {
    db: &'a Connection,
    found: &'a Found,
    origin: Origin<'a>,
    extent: ExtentChange,
    /// Features that arrived with ids in a row, and their envelopes.
    arrivals: Vec<(i64, Option<Envelope>)>,
}

impl Rows<'_> {
    fn take_in(&mut self, fid: i64, done: &mut ForeignSummary) -> Result<(), StoreError> {
        let (db, old) = (self.db, &self.found.old);
        let name = &old.columns.table;
        let was = match self.found.hidden {
            true => None,
            false => notes::before(db, old, fid)?.flatten(),
        };
        let Some(new) = &self.found.new else { return self.record(fid, was, None, done) };
        let now = match present(db, new, fid)? {
            Some(Err(flaw)) => {
                let since = self.origin.recorded_at;
                done.kept_out += u64::from(kept_out::put(db, name, Some(fid), &flaw, since)?);
                None
            }
            other => {
                kept_out::take(db, name, Some(fid))?;
                other.and_then(Result::ok)
            }
        };
        self.record(fid, was, now, done)
    }

    /// Writes what became of one feature into history, change log and sums.
    fn record(
        &mut self,
        fid: i64,
        was: Option<Feature>,
        now: Option<Feature>,
        done: &mut ForeignSummary,
    ) -> Result<(), StoreError> {
        if was == now {
            return Ok(());
        }
        if let Some(was) = &was {
            history::keep(self.db, &self.found.old, was, self.origin)?;
        }
        let (before, after) =
            (was.as_ref().and_then(envelope_of), now.as_ref().and_then(envelope_of));
        let operation = match (&was, &now) {
            (None, _) => Operation::Insert,
            (Some(_), Some(_)) => Operation::Replace,
            (Some(_), None) => Operation::Delete,
        };
        self.extent.note(before, after);
        self.extent.count(operation);
        match operation {
            Operation::Insert | Operation::Load => done.inserted += 1,
            Operation::Replace | Operation::Erase => done.replaced += 1,
            Operation::Delete => done.deleted += 1,
        }
        if operation == Operation::Insert {
            if self.arrivals.last().is_some_and(|(last, _)| last + 1 != fid) {
                self.flush_arrivals()?;
            }
            self.arrivals.push((fid, after));
            return Ok(());
        }
        self.log(operation, (fid, fid), before, after)
    }

    fn flush_arrivals(&mut self) -> Result<(), StoreError> {
        let arrivals = std::mem::take(&mut self.arrivals);
        match (arrivals.first(), arrivals.last()) {
            (Some((first, _)), Some((last, _))) if arrivals.len() >= LOAD_FROM => {
                let envelopes = arrivals.iter().filter_map(|(_, envelope)| *envelope);
                let extent = envelopes.fold(Envelope::EMPTY, |all, one| all.union(&one));
                let extent = Some(extent).filter(|extent| !extent.is_empty());
                self.log(Operation::Load, (*first, *last), None, extent)
            }
            _ => arrivals
                .into_iter()
                .try_for_each(|(fid, after)| self.log(Operation::Insert, (fid, fid), None, after)),
        }
    }

    fn log(
        &self,
        operation: Operation,
        ids: (i64, i64),
        before: Option<Envelope>,
        after: Option<Envelope>,
    ) -> Result<(), StoreError> {
        let collection = &self.found.old.columns.table;
        log::append(
            self.db,
            Entry { collection, operation, ids: Some(ids), before, after },
            self.origin,
        )
    }
}

/// The row of `fid` as it is now, or what is wrong with it.
fn present(
    db: &Connection,
    table: &Table,
    fid: i64,
) -> Result<Option<Result<Feature, Flaw>>, StoreError> {
    let sql = format!("{} WHERE {} = ?1", row::select_sql(table), ident(&table.columns.fid));
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([fid])?;
    match rows.next()? {
        Some(found) => Ok(Some(examine(table, found)?)),
        None => Ok(None),
    }
}

/// Looks at every row of a table that has other columns now, or that was rebuilt: the change log
/// says so in one row, and what has a flaw is kept out.
fn reshape(
    db: &Connection,
    table: &Table,
    old: &Table,
    origin: Origin<'_>,
    done: &mut ForeignSummary,
) -> Result<(), StoreError> {
    let name = &table.columns.table;
    let known = kept_out::ids(db, table)?;
    let (mut extent, mut count) = (Envelope::EMPTY, 0);
    let mut flaws = Vec::new();
    let mut statement = db.prepare(&row::select_sql(table))?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        match examine(table, found)? {
            Ok(feature) => {
                count += 1;
                extent = extent.union(&envelope_of(&feature).unwrap_or(Envelope::EMPTY));
                if known.contains(&found.get(0)?) {
                    flaws.push((found.get(0)?, None));
                }
            }
            Err(flaw) => flaws.push((found.get(0)?, Some(flaw))),
        }
    }
    for (fid, flaw) in flaws {
        match flaw {
            Some(flaw) => {
                let listed = kept_out::put(db, name, Some(fid), &flaw, origin.recorded_at)?;
                done.kept_out += u64::from(listed);
            }
            None => {
                kept_out::take(db, name, Some(fid))?;
            }
        }
    }
    catalogue::set_extent(db, &table.columns, extent)?;
    shown::set(db, name, extent, count)?;
    catalogue::recount_for_others(db, table)?;
    let filled = |extent: Envelope| Some(extent).filter(|extent| !extent.is_empty());
    let (before, after) = (filled(old.collection.extent), filled(extent));
    let entry = Entry { collection: name, operation: Operation::Load, ids: None, before, after };
    log::append(db, entry, origin)
}

/// The moment by SQLite's clock, for what is taken in on the way to something without a moment.
pub(crate) fn now(db: &Connection) -> Result<Timestamp, StoreError> {
    let sql = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";
    Ok(Timestamp(db.query_row(sql, [], |row| row.get(0))?))
}
