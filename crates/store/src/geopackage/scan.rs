//! Reads a whole collection on two threads that see one state.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use rusqlite::Connection;
use spatial::{CollectionId, Feature};
use tokio::sync::mpsc;

use super::catalogue::{self, Table};
use super::connection::open_reader;
use super::row;
use super::schema::ident;
use crate::StoreError;

/// Readers of one scan. More gain nothing: decoding is followed by the engine's own work.
const READERS: usize = 2;
/// Ids that a reader takes at a time.
const RANGE: i64 = 8192;
/// How often two readers may find different states before one reads alone.
const ATTEMPTS: usize = 5;

/// Sends every feature; ends early when nobody listens.
pub(crate) fn scan(
    path: &Path,
    id: &CollectionId,
    chunk: usize,
    sink: &mpsc::Sender<Vec<Feature>>,
) -> Result<(), StoreError> {
    let readers = open_together(path)?;
    let table = catalogue::read(&readers[0], id)?;
    let (name, fid) = (ident(&table.columns.table), ident(&table.columns.fid));
    let ends = format!("SELECT ifnull(min({fid}), 1), ifnull(max({fid}), 0) FROM {name}");
    let (first, last) =
        readers[0].query_row(&ends, [], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    // Ids may be sparse: a range is then wider, so that empty ones cost little.
    let width = RANGE.max((last - first) / 4096);
    let next = AtomicI64::new(first);
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for db in readers {
            let (table, next, failure) = (&table, &next, &failure);
            scope.spawn(move || {
                let ranges = std::iter::from_fn(|| {
                    let from = next.fetch_add(width, Ordering::Relaxed);
                    (from <= last).then(|| (from, from + (width - 1).min(last - from)))
                });
                if let Err(error) = read_ranges(&db, table, ranges, chunk.max(1), sink) {
                    // The other reader has nothing left to do.
                    next.store(i64::MAX - width * READERS as i64, Ordering::Relaxed);
                    if let Ok(mut failure) = failure.lock() {
                        failure.get_or_insert(error);
                    }
                }
            });
        }
    });
    match failure.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(()),
    }
}

/// Connections whose read transactions show the same revision.
fn open_together(path: &Path) -> Result<Vec<Connection>, StoreError> {
    let mut readers = (0..READERS).map(|_| open_reader(path)).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..ATTEMPTS {
        let mut seen = Vec::with_capacity(READERS);
        for db in &readers {
            db.execute_batch("BEGIN")?;
            seen.push(revision(db)?);
        }
        if seen.windows(2).all(|pair| pair[0] == pair[1]) {
            return Ok(readers);
        }
        for db in &readers {
            db.execute_batch("ROLLBACK")?;
        }
    }
    readers.truncate(1);
    readers[0].execute_batch("BEGIN")?;
    Ok(readers)
}

/// Number of the newest commit that `db` sees.
pub(crate) fn revision(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT value FROM tuban_meta WHERE name = 'revision'")?
        .query_row([], |row| row.get(0))
}

fn read_ranges(
    db: &Connection,
    table: &Table,
    ranges: impl Iterator<Item = (i64, i64)>,
    chunk: usize,
    sink: &mpsc::Sender<Vec<Feature>>,
) -> Result<(), StoreError> {
    let fid = ident(&table.columns.fid);
    let sql = format!("{} WHERE {fid} BETWEEN ?1 AND ?2", row::select_sql(table));
    let mut statement = db.prepare(&sql)?;
    let mut features = Vec::new();
    for range in ranges {
        let mut rows = statement.query(range)?;
        while let Some(found) = rows.next()? {
            features.push(row::read(table, found)?);
            if features.len() == chunk {
                let full = std::mem::take(&mut features);
                if sink.blocking_send(full).is_err() {
                    return Ok(());
                }
            }
        }
    }
    if !features.is_empty() {
        // Nobody listens any more: that is no failure.
        let _ = sink.blocking_send(features);
    }
    Ok(())
}
