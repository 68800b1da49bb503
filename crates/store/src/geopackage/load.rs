//! Bulk load: one transaction a load, features encoded on one thread and inserted on another,
//! the R-tree and the key's index made when all rows are in.

use std::sync::mpsc as sync_mpsc;
use std::thread;

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use spatial::{Collection, Envelope, FeatureId};
use tokio::sync::mpsc;

use super::catalogue::{self, Table};
use super::commit::{self, ExtentChange};
use super::history::{self, Origin};
use super::log::{self, Entry};
use super::row::{self, Encoded};
use super::rtree::{self, Cell};
use super::schema::{Columns, ident};
use super::writer::Writer;
use super::{kept_out, notes};
use crate::fit::{check_same_schema, check_schema, erasable_names, fit};
use crate::memory::envelope_of;
use crate::{Load, LoadItem, LoadMode, LoadSummary, Operation, StoreError};

/// Batches on the way from the encoding thread to the inserting one.
const AHEAD: usize = 4;

/// Loads what `source` sends, as the next revision.
pub(crate) fn load(
    writer: &mut Writer,
    load: &Load,
    source: mpsc::Receiver<LoadItem>,
) -> Result<LoadSummary, StoreError> {
    check_schema(&load.collection)?;
    writer.transaction("loading into", |writer| {
        let revision = writer.revision();
        let recorded_at = writer.recorded_at(load.recorded_at);
        writer.note_recorded(recorded_at);
        let db = &writer.db;
        let origin = Origin {
            revision,
            actor: &load.actor,
            reason: &load.reason,
            recorded_at,
            keys: &writer.keys,
        };
        let prepared = prepare(db, load, origin)?;
        let Prepared { table, before, removed, .. } = &prepared;
        let mut rows = Rows::new(db, &prepared, origin)?;
        let (batches, ready) = sync_mpsc::sync_channel(AHEAD);
        thread::scope(|scope| {
            thread::Builder::new()
                .name("store-encoder".to_owned())
                .spawn_scoped(scope, || encode(table, source, batches))
                .map_err(|source| StoreError::Io {
                    operation: "starting an encoder for",
                    path: table.columns.table.clone().into(),
                    source,
                })?;
            // Dropped before the scope waits, so that the encoder is not left sending.
            let ready = ready;
            while let Ok(batch) = ready.recv() {
                rows.put(batch?)?;
            }
            Ok::<_, StoreError>(())
        })?;
        let summary = LoadSummary {
            revision,
            inserted: rows.inserted,
            updated: rows.updated,
            removed: *removed,
        };
        rows.finish()?;
        let entry = Entry {
            collection: &table.columns.table,
            operation: Operation::Load,
            ids: rows.ids(),
            before: *before,
            after: Some(rows.come).filter(|e| !e.is_empty()),
        };
        log::append(db, entry, origin)?;
        Ok(summary)
    })
}

/// A collection ready to take rows.
struct Prepared {
    table: Table,
    /// Whether the collection holds nothing but what this load brings.
    fresh: bool,
    /// Whether rows may replace others by their key.
    upsert: bool,
    last_fid: i64,
    /// Extent of what a replacing load removed.
    before: Option<Envelope>,
    removed: u64,
}

fn prepare(db: &Connection, load: &Load, origin: Origin<'_>) -> Result<Prepared, StoreError> {
    let asked = &load.collection;
    let prepared = |table, last_fid| Prepared {
        table,
        fresh: false,
        upsert: false,
        last_fid,
        before: None,
        removed: 0,
    };
    if load.mode == LoadMode::Create {
        catalogue::check_free(db, &asked.id)?;
        let last_fid = catalogue::retired(db, &asked.id)?.unwrap_or(0);
        let table = catalogue::create(db, asked, last_fid)?;
        if last_fid > 0 {
            // A collection of that name was there before.
            history::seal(db, origin.keys, asked.id.as_str(), &erasable_names(asked, None))?;
        }
        return Ok(Prepared { fresh: true, ..prepared(table, last_fid) });
    }
    let mut table = catalogue::read(db, &asked.id)?;
    let last_fid = catalogue::last_fid(db, &table.columns)?;
    if load.mode == LoadMode::Replace {
        let removed = end_all(db, &table, origin)?;
        let before = Some(table.collection.extent).filter(|e| !e.is_empty());
        let raised = erasable_names(asked, Some(&table.collection));
        history::seal(db, origin.keys, asked.id.as_str(), &raised)?;
        catalogue::drop_tables(db, &table)?;
        let table = catalogue::create(db, asked, last_fid)?;
        return Ok(Prepared { fresh: true, before, removed, ..prepared(table, last_fid) });
    }
    check_same_schema(&table.collection, asked)?;
    let upsert = load.mode == LoadMode::Upsert;
    if upsert {
        let Some(key) = &asked.key else {
            let reason = "an upsert goes by the collection's key; set one".to_owned();
            return Err(StoreError::Schema { collection: asked.id.clone(), reason });
        };
        if table.collection.key.as_ref() != Some(key) {
            set_key(db, &mut table, key)?;
        }
    }
    db.execute_batch(&table.columns.drop_triggers())?;
    notes::drop_triggers(db, &table)?;
    Ok(Prepared { upsert, ..prepared(table, last_fid) })
}

/// Keeps every feature's present state in history; answers their number.
fn end_all(db: &Connection, table: &Table, origin: Origin<'_>) -> Result<u64, StoreError> {
    let sql = format!("{} WHERE {}", row::select_sql(table), kept_out::condition(table));
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(found) = rows.next()? {
        history::keep(db, table, &row::read(table, found)?, origin)?;
        count += 1;
    }
    Ok(count)
}

type Batch = Result<Vec<Encoded>, StoreError>;

/// Fits and encodes what `source` sends, until all was sent, nobody listens, or something is wrong.
fn encode(
    table: &Table,
    mut source: mpsc::Receiver<LoadItem>,
    batches: sync_mpsc::SyncSender<Batch>,
) {
    let collection: &Collection = &table.collection;
    loop {
        let batch = match source.blocking_recv() {
            Some(LoadItem::Finish) => return,
            None => Err(StoreError::LoadAbandoned { id: collection.id.clone() }),
            Some(LoadItem::Features(features)) => features
                .into_iter()
                .map(|mut feature| {
                    fit(collection, &mut feature)?;
                    Ok(Encoded::new(feature, table.srs_id))
                })
                .collect(),
        };
        let last = batch.is_err();
        if batches.send(batch).is_err() || last {
            return;
        }
    }
}

/// Rows on their way into a table, and what they do to its index, extent and count.
struct Rows<'a> {
    db: &'a Connection,
    prepared: &'a Prepared,
    origin: Origin<'a>,
    insert: CachedStatement<'a>,
    find: Option<(usize, CachedStatement<'a>)>,
    next_fid: i64,
    cells: Vec<Cell>,
    /// Features that have another box now, or none.
    moved: Vec<i64>,
    extent: ExtentChange,
    come: Envelope,
    inserted: u64,
    updated: u64,
}

impl<'a> Rows<'a> {
    fn new(
        db: &'a Connection,
        prepared: &'a Prepared,
        origin: Origin<'a>,
    ) -> Result<Self, StoreError> {
        let table = &prepared.table;
        let key = table.collection.key.as_deref().filter(|_| prepared.upsert);
        let find = match key.and_then(|key| table.collection.field_position(key).zip(Some(key))) {
            Some((position, key)) => {
                let Columns { table, fid, .. } = &table.columns;
                let (table, fid, key) = (ident(table), ident(fid), ident(key));
                let sql = format!("SELECT {fid} FROM {table} WHERE {key} = ?1");
                Some((position, db.prepare_cached(&sql)?))
            }
            None => None,
        };
        Ok(Self {
            db,
            prepared,
            origin,
            insert: db.prepare_cached(&row::insert_sql(table))?,
            find,
            next_fid: prepared.last_fid.saturating_add(1),
            cells: Vec::new(),
            moved: Vec::new(),
            extent: ExtentChange::default(),
            come: Envelope::EMPTY,
            inserted: 0,
            updated: 0,
        })
    }

    fn put(&mut self, batch: Vec<Encoded>) -> Result<(), StoreError> {
        for encoded in batch {
            let known = match &mut self.find {
                Some((position, find)) => match encoded.properties.get(*position) {
                    Some(key) => find
                        .query_row([row::to_sql(key)], |found| found.get::<_, i64>(0))
                        .optional()?,
                    None => None,
                },
                None => None,
            };
            let fid = match known {
                Some(fid) => {
                    self.update(fid, &encoded)?;
                    fid
                }
                None => self.insert(&encoded)?,
            };
            if let Some(envelope) = &encoded.envelope {
                self.come = self.come.union(envelope);
                self.cells.push(Cell::new(fid, envelope));
            }
        }
        Ok(())
    }

    fn insert(&mut self, encoded: &Encoded) -> Result<i64, StoreError> {
        let fid = self.next_fid;
        let table = &self.prepared.table;
        if fid > FeatureId::MAX.value() {
            let place = format!("ids of {}", table.columns.table);
            return Err(StoreError::damaged(place, "none is left"));
        }
        row::bind(&mut self.insert, Some(fid), encoded)?;
        self.insert.raw_execute().map_err(|error| commit::key_error(error, table, encoded))?;
        self.next_fid += 1;
        self.inserted += 1;
        Ok(fid)
    }

    fn update(&mut self, fid: i64, encoded: &Encoded) -> Result<(), StoreError> {
        let table = &self.prepared.table;
        let id = FeatureId::try_from(fid)
            .map_err(|e| StoreError::damaged(format!("ids of {}", table.columns.table), e))?;
        // What this very load brought was never a state that a revision showed.
        let before = if fid > self.prepared.last_fid {
            envelope_of(&commit::read(self.db, table, id)?)
        } else if kept_out::take(self.db, &table.columns.table, Some(fid))? {
            // A row with a flaw is mended: it becomes a feature.
            self.extent.count(Operation::Insert);
            None
        } else {
            commit::end(self.db, table, id, None, self.origin)?
        };
        self.extent.note(before, None);
        self.moved.push(fid);
        let mut statement = self.db.prepare_cached(&row::update_sql(table))?;
        row::bind(&mut statement, Some(fid), encoded)?;
        statement.raw_execute().map_err(|error| commit::key_error(error, table, encoded))?;
        self.updated += 1;
        Ok(())
    }

    /// First and last id given; none when no feature was added.
    fn ids(&self) -> Option<(i64, i64)> {
        let first = self.prepared.last_fid.saturating_add(1);
        (self.next_fid > first).then(|| (first, self.next_fid - 1))
    }

    /// Index, R-tree, triggers, extent and count.
    fn finish(&mut self) -> Result<(), StoreError> {
        let Prepared { table, fresh, .. } = self.prepared;
        let columns = &table.columns;
        let cells = std::mem::take(&mut self.cells);
        if *fresh {
            rtree::build(self.db, columns, cells)?;
            if let Some(key) = &table.collection.key {
                create_key(self.db, table, key)?;
            }
            catalogue::set_contents(self.db, columns, self.come, self.inserted)?;
        } else {
            let moved = std::mem::take(&mut self.moved);
            rtree::update(self.db, columns, table.collection.count, (moved, cells))?;
            self.extent.note(None, Some(self.come));
            self.extent.count_more(self.inserted);
            self.extent.write(self.db, table)?;
            let sql = "UPDATE gpkg_ogr_contents SET feature_count = feature_count + ?2
                       WHERE table_name = ?1";
            self.db.execute(sql, (&columns.table, self.inserted))?;
        }
        self.db.execute_batch(&columns.create_triggers())?;
        notes::create_triggers(self.db, table)
    }
}

/// Makes `key` the key of a collection, instead of the one that it has.
fn set_key(db: &Connection, table: &mut Table, key: &str) -> Result<(), StoreError> {
    db.execute_batch(&table.columns.drop_key())?;
    create_key(db, table, key)?;
    table.collection.key = Some(key.to_owned());
    catalogue::describe(db, &table.collection)
}

/// Makes the unique index of a key, or says which value is the first to appear again, in the
/// order of the ids.
pub(crate) fn create_key(db: &Connection, table: &Table, key: &str) -> Result<(), StoreError> {
    let Err(error) = db.execute_batch(&table.columns.create_key(key)) else { return Ok(()) };
    let (name, field) = (ident(&table.columns.table), ident(key));
    let twice = format!(
        "SELECT CAST({field} AS TEXT) FROM (
             SELECT fid, {field}, row_number() OVER (PARTITION BY {field} ORDER BY fid) AS nth
             FROM {name} WHERE {field} NOTNULL)
         WHERE nth = 2 ORDER BY fid LIMIT 1"
    );
    match db.query_row(&twice, [], |row| row.get(0)).optional()? {
        Some(value) => Err(StoreError::duplicate_key(&table.collection, key, value)),
        None => Err(error.into()),
    }
}
