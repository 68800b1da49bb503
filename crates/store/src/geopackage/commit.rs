//! Applies a change set inside the transaction that the writer holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use spatial::{
    Change, ChangeOp, ChangeSet, CollectionId, Commit, CommittedChange, Envelope, Feature,
    FeatureId, Revision, gpb,
};

use super::catalogue::{self, Table};
use super::history::{self, Origin};
use super::log::{self, Entry};
use super::row::{self, Encoded};
use super::schema::ident;
use super::writer::Writer;
use super::{kept_out, shown};
use crate::fit::fit;
use crate::memory::{envelope_of, show_key};
use crate::{Operation, StoreError};

/// Applies every change, or answers why one cannot be.
pub(crate) fn apply(writer: &mut Writer, set: &ChangeSet) -> Result<Commit, StoreError> {
    let ChangeSet { expect, actor, reason, recorded_at, changes } = set;
    let revision = writer.revision();
    let recorded_at = writer.recorded_at(*recorded_at);
    let actual = Revision(revision.0 - 1);
    if let Some(expected) = expect.filter(|expected| *expected != actual) {
        return Err(StoreError::RevisionMismatch { expected, actual });
    }
    let keys = Arc::clone(&writer.keys);
    let origin = Origin { revision, actor, reason, recorded_at, keys: &keys };
    let mut committed = Vec::with_capacity(changes.len());
    let mut touched: BTreeMap<CollectionId, ExtentChange> = BTreeMap::new();
    for change in changes {
        let done = apply_one(writer, change, origin)?;
        let extent = touched.entry(done.collection.clone()).or_default();
        extent.note(done.before, done.after);
        extent.count(done.operation);
        committed.push(done);
    }
    if !committed.is_empty() {
        writer.note_recorded(recorded_at);
    }
    for (id, change) in touched {
        let table = writer.table(&id)?;
        change.write(&writer.db, &table)?;
    }
    Ok(Commit { revision, recorded_at, changes: committed })
}

fn apply_one(
    writer: &mut Writer,
    Change { collection, op, unchanged_since }: &Change,
    origin: Origin<'_>,
) -> Result<CommittedChange, StoreError> {
    let table = writer.table(collection)?;
    let db = &writer.db;
    let (operation, id, before, after) = match op {
        ChangeOp::Insert(feature) => {
            let (id, after) = insert(db, &table, feature.clone())?;
            (Operation::Insert, id, None, after)
        }
        ChangeOp::Replace(id, feature) => {
            let before = end(db, &table, *id, *unchanged_since, origin)?;
            (Operation::Replace, *id, before, replace(db, &table, *id, feature.clone())?)
        }
        ChangeOp::Delete(id) => {
            let before = end(db, &table, *id, *unchanged_since, origin)?;
            let columns = &table.columns;
            let sql =
                format!("DELETE FROM {} WHERE {} = ?1", ident(&columns.table), ident(&columns.fid));
            db.prepare_cached(&sql)?.execute([id.value()])?;
            (Operation::Delete, *id, before, None)
        }
    };
    let collection_name = &table.columns.table;
    let ids = Some((id.value(), id.value()));
    log::append(db, Entry { collection: collection_name, operation, ids, before, after }, origin)?;
    Ok(CommittedChange { collection: collection.clone(), operation, id, before, after })
}

fn insert(
    db: &Connection,
    table: &Table,
    mut feature: Feature,
) -> Result<(FeatureId, Option<Envelope>), StoreError> {
    fit(&table.collection, &mut feature)?;
    let encoded = Encoded::new(feature, table.srs_id);
    let mut statement = db.prepare_cached(&row::insert_sql(table))?;
    row::bind(&mut statement, None, &encoded)?;
    statement.raw_execute().map_err(|error| key_error(error, table, &encoded))?;
    let fid = db.last_insert_rowid();
    let id = FeatureId::try_from(fid)
        .map_err(|e| StoreError::damaged(format!("ids of {}", table.columns.table), e))?;
    Ok((id, encoded.envelope))
}

/// Writes a feature over the row of `id`, whose old state has been kept.
pub(crate) fn replace(
    db: &Connection,
    table: &Table,
    id: FeatureId,
    mut feature: Feature,
) -> Result<Option<Envelope>, StoreError> {
    fit(&table.collection, &mut feature)?;
    let encoded = Encoded::new(feature, table.srs_id);
    let mut statement = db.prepare_cached(&row::update_sql(table))?;
    row::bind(&mut statement, Some(id.value()), &encoded)?;
    statement.raw_execute().map_err(|error| key_error(error, table, &encoded))?;
    Ok(encoded.envelope)
}

/// Keeps the present state of a feature in history, unless it began after `unchanged_since`;
/// answers its envelope.
pub(crate) fn end(
    db: &Connection,
    table: &Table,
    id: FeatureId,
    unchanged_since: Option<Revision>,
    origin: Origin<'_>,
) -> Result<Option<Envelope>, StoreError> {
    let feature = read(db, table, id)?;
    let changed = history::keep(db, table, &feature, origin)?;
    match unchanged_since {
        Some(expected) if changed > expected && changed < origin.revision => {
            let collection = table.collection.id.clone();
            Err(StoreError::FeatureChanged { collection, id, expected, changed })
        }
        _ => Ok(envelope_of(&feature)),
    }
}

/// The present state of a feature.
pub(crate) fn read(db: &Connection, table: &Table, id: FeatureId) -> Result<Feature, StoreError> {
    let sql = format!("{} WHERE {} = ?1", row::select_sql(table), ident(&table.columns.fid));
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([id.value()])?;
    match rows.next()? {
        Some(found) if !kept_out::has(db, table, id.value())? => row::read(table, found),
        Some(_) => Err(StoreError::UnknownFeature { collection: table.collection.id.clone(), id }),
        None => Err(StoreError::UnknownFeature { collection: table.collection.id.clone(), id }),
    }
}

/// A broken unique index as what it means.
pub(crate) fn key_error(error: rusqlite::Error, table: &Table, row: &Encoded) -> StoreError {
    let unique = rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
    let is_unique = error.sqlite_error().is_some_and(|code| code.extended_code == unique);
    let key = table.collection.key.as_deref();
    match (key, key.and_then(|field| table.collection.field_position(field))) {
        (Some(field), Some(position)) if is_unique => {
            let value = row.properties.get(position).map(show_key).unwrap_or_default();
            StoreError::duplicate_key(&table.collection, field, value)
        }
        _ => error.into(),
    }
}

/// What changes did to extent and count of a collection.
#[derive(Debug)]
pub(crate) struct ExtentChange {
    gone: Vec<Envelope>,
    come: Envelope,
    more: i64,
    touched: bool,
}

impl Default for ExtentChange {
    fn default() -> Self {
        Self { gone: Vec::new(), come: Envelope::EMPTY, more: 0, touched: false }
    }
}

impl ExtentChange {
    pub(crate) fn note(&mut self, before: Option<Envelope>, after: Option<Envelope>) {
        self.touched = true;
        self.gone.extend(before);
        self.come = self.come.union(&after.unwrap_or(Envelope::EMPTY));
    }

    pub(crate) fn count(&mut self, operation: Operation) {
        self.more += match operation {
            Operation::Insert => 1,
            Operation::Delete => -1,
            Operation::Replace | Operation::Erase | Operation::Load => 0,
        };
    }

    pub(crate) fn count_more(&mut self, features: u64) {
        self.more += i64::try_from(features).unwrap_or(i64::MAX);
    }

    pub(crate) fn is_nothing(&self) -> bool {
        !self.touched
    }

    /// Grows the stored extent; where something left its border, it is measured anew.
    pub(crate) fn write(&self, db: &Connection, table: &Table) -> Result<(), StoreError> {
        let columns = &table.columns;
        let grown = shown::extent(db, &columns.table)?.union(&self.come);
        let on_border = |e: &Envelope| {
            e.min_x <= grown.min_x
                || e.min_y <= grown.min_y
                || e.max_x >= grown.max_x
                || e.max_y >= grown.max_y
        };
        let extent =
            if self.gone.iter().any(on_border) { measure_extent(db, table)? } else { grown };
        catalogue::set_extent(db, columns, extent)?;
        shown::grow(db, &columns.table, extent, self.more)
    }
}

/// The extent by every feature's envelope.
pub(crate) fn measure_extent(db: &Connection, table: &Table) -> Result<Envelope, StoreError> {
    let geometry = ident(&table.columns.geometry);
    let sql = format!(
        "SELECT {geometry} FROM {} WHERE {geometry} NOTNULL AND {}",
        ident(&table.columns.table),
        kept_out::condition(table)
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut extent = Envelope::EMPTY;
    while let Some(row) = rows.next()? {
        let place = || format!("geometries of {}", table.columns.table);
        let bytes = row.get_ref(0)?.as_blob().map_err(|e| StoreError::damaged(place(), e))?;
        let envelope = gpb::read_envelope(bytes).map_err(|e| StoreError::damaged(place(), e))?;
        extent = extent.union(&envelope);
    }
    Ok(extent)
}
