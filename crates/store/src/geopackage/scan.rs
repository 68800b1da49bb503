//! Reads a whole collection on two threads that see one state. Each decodes a range of ids at a
//! time and sends it when its turn has come, so that features arrive in the order of their ids.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rusqlite::Connection;
use spatial::{CollectionId, Feature, FeatureId};
use tokio::sync::mpsc;

use super::catalogue::{self, Table};
use super::connection::open_reader;
use super::notes::{self, Before};
use super::schema::ident;
use super::{kept_out, row};
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
    let (mut first, mut last): (i64, i64) =
        readers[0].query_row(&ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let aside = Aside {
        kept_out: kept_out::ids(&readers[0], &table)?,
        before: notes::all_before(&readers[0], &table)?,
    };
    if let (Some((least, _)), Some((most, _))) =
        (aside.before.first_key_value(), aside.before.last_key_value())
    {
        (first, last) = (first.min(*least), last.max(*most));
    }
    // What lies outside is no feature, whoever wrote it.
    (first, last) = (first.max(1), last.min(FeatureId::MAX.value()));
    // Ids may be sparse: a range is then wider, so that empty ones cost little.
    let width = RANGE.max(last.saturating_sub(first) / 4096);
    let turns = Turns::new(first, last, width);
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for db in readers {
            let (table, aside, turns, failure) = (&table, &aside, &turns, &failure);
            scope.spawn(move || {
                let mut ending = EndsTurns { turns, all_sent: false };
                match read_ranges(&db, (table, aside), turns, chunk.max(1), sink) {
                    Ok(()) => ending.all_sent = true,
                    Err(error) => {
                        if let Ok(mut failure) = failure.lock() {
                            failure.get_or_insert(error);
                        }
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

/// Gives out ranges of ids, first to last, and lets their readers send in the same order.
struct Turns {
    state: Mutex<Turn>,
    moved: Condvar,
    last: i64,
    width: i64,
}

struct Turn {
    /// Where the next range to be read begins.
    to_read: i64,
    /// Where the next range to be sent begins.
    to_send: i64,
    /// Nobody listens any more, or a reader has failed.
    over: bool,
}

impl Turns {
    fn new(first: i64, last: i64, width: i64) -> Self {
        let turn = Turn { to_read: first, to_send: first, over: false };
        Self { state: Mutex::new(turn), moved: Condvar::new(), last, width }
    }

    fn state(&self) -> MutexGuard<'_, Turn> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next range, both ends included.
    fn take(&self) -> Option<(i64, i64)> {
        let mut turn = self.state();
        let from = turn.to_read;
        if turn.over || from > self.last {
            return None;
        }
        let to = from + (self.width - 1).min(self.last - from);
        turn.to_read = to.saturating_add(1);
        Some((from, to))
    }

    /// Waits until all ranges before the one from `from` are sent; false when all is over.
    fn wait_for(&self, from: i64) -> bool {
        let waiting = |turn: &mut Turn| !turn.over && turn.to_send < from;
        let turn = self.moved.wait_while(self.state(), waiting);
        !turn.unwrap_or_else(PoisonError::into_inner).over
    }

    fn sent(&self, to: i64) {
        self.state().to_send = to.saturating_add(1);
        self.moved.notify_all();
    }

    fn end(&self) {
        self.state().over = true;
        self.moved.notify_all();
    }
}

/// Ends the turns of all when a reader stops before its ranges are sent, by an error or a panic:
/// none may wait for it.
struct EndsTurns<'a> {
    turns: &'a Turns,
    all_sent: bool,
}

impl Drop for EndsTurns<'_> {
    fn drop(&mut self) {
        if !self.all_sent {
            self.turns.end();
        }
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

/// The rows of which the newest revision does not show what the table holds.
struct Aside {
    /// Rows with a flaw.
    kept_out: HashSet<i64>,
    /// What others touched since, as it was.
    before: BTreeMap<i64, Before>,
}

impl Aside {
    fn hides(&self, fid: i64) -> bool {
        let nothing = self.kept_out.is_empty() && self.before.is_empty();
        !nothing && (self.kept_out.contains(&fid) || self.before.contains_key(&fid))
    }
}

/// The features called `ids` that the newest revision shows.
pub(crate) fn features(
    db: &Connection,
    id: &CollectionId,
    ids: &[FeatureId],
) -> Result<Vec<Feature>, StoreError> {
    let table = catalogue::read(db, id)?;
    let fid = ident(&table.columns.fid);
    let sql = format!("{} WHERE {fid} = ?1", row::select_sql(&table));
    let mut statement = db.prepare_cached(&sql)?;
    let mut features = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(before) = notes::before(db, &table, id.value())? {
            features.extend(before);
        } else if !kept_out::has(db, &table, id.value())? {
            let mut rows = statement.query([id.value()])?;
            if let Some(found) = rows.next()? {
                features.push(row::read(&table, found)?);
            }
        }
    }
    Ok(features)
}

fn read_ranges(
    db: &Connection,
    (table, aside): (&Table, &Aside),
    turns: &Turns,
    chunk: usize,
    sink: &mpsc::Sender<Vec<Feature>>,
) -> Result<(), StoreError> {
    let fid = ident(&table.columns.fid);
    let sql = format!("{} WHERE {fid} BETWEEN ?1 AND ?2 ORDER BY {fid}", row::select_sql(table));
    let mut statement = db.prepare(&sql)?;
    while let Some((from, to)) = turns.take() {
        let mut chunks: Vec<Vec<Feature>> = Vec::new();
        let mut put = |feature| match chunks.last_mut() {
            Some(open) if open.len() < chunk => open.push(feature),
            _ => chunks.push(vec![feature]),
        };
        let mut rows = statement.query((from, to))?;
        let mut touched = aside.before.range(from..=to).peekable();
        while let Some(found) = rows.next()? {
            let fid: i64 = found.get(0)?;
            while let Some((_, before)) = touched.next_if(|(touched, _)| **touched <= fid) {
                before.iter().cloned().for_each(&mut put);
            }
            if !aside.hides(fid) {
                put(row::read(table, found)?);
            }
        }
        touched.filter_map(|(_, before)| before.clone()).for_each(&mut put);
        if !turns.wait_for(from) {
            break;
        }
        for features in chunks {
            if sink.blocking_send(features).is_err() {
                // Nobody listens any more: that is no failure.
                turns.end();
                return Ok(());
            }
        }
        turns.sent(to);
    }
    Ok(())
}
