//! Brings collections back to their state of an earlier revision, as one new revision.
//!
//! Nothing is taken out of the change log or the history: what is there now becomes history, so that
//! a restore is undone by another. A feature that was removed comes back under its own id; the log
//! says so by a row `revive`, which readers see as an insertion and which stands apart because ids
//! of arrivals ascend otherwise. What is said of collections (titles, classes, keys) stays as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use spatial::{CollectionId, Feature, FeatureId, Revision, Timestamp, Value, gpb};

use super::catalogue::{self, Table};
use super::commit::{self, ExtentChange};
use super::history::{self, Origin};
use super::keys::Keys;
use super::log::{self, Entry};
use super::row::{self, Encoded};
use super::rtree::{self, Cell};
use super::schema::ident;
use super::writer::Writer;
use super::{GeoPackageStore, audit, in_one_state, load, retention, scan};
use crate::audit::{AuditEntry, action};
use crate::fit::{fit, refit};
use crate::{Operation, StoreError};

/// What becomes of collections that came after the revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewCollections {
    /// They lose their features, which another restore brings back.
    Empty,
    /// They go, and cannot come back.
    Remove,
}

/// A restore that is asked for.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The state to go back to.
    pub to: Revision,
    /// What becomes of collections that came later.
    pub new_collections: NewCollections,
    /// Who does it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When the store records it.
    pub recorded_at: Timestamp,
}

/// What a restore does to one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredCollection {
    /// Which.
    pub id: CollectionId,
    /// Whether it came after the revision.
    pub is_new: bool,
    /// Features that come back.
    pub revived: u64,
    /// Features that become what they were.
    pub replaced: u64,
    /// Features that came later and go.
    pub removed: u64,
    /// Fields that the collection has no more, or with another type, and that had values then:
    /// these are not brought back.
    pub lost_fields: BTreeSet<String>,
}

impl RestoredCollection {
    fn changes(&self) -> u64 {
        self.revived + self.replaced + self.removed
    }
}

/// What a restore does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreSummary {
    /// The state after it; that before it when nothing had to change.
    pub revision: Revision,
    /// Every collection, ordered by id.
    pub collections: Vec<RestoredCollection>,
    /// Collections that were removed and of which the log tells at that revision or before: what
    /// they held does not come back.
    pub gone: Vec<String>,
}

impl GeoPackageStore {
    /// What a restore to `to` would do, by the state of now.
    pub async fn plan_restore(&self, to: Revision) -> Result<RestoreSummary, StoreError> {
        let keys = Arc::clone(&self.keys);
        self.read(move |db| {
            in_one_state(db, |db| {
                let revision = Revision(scan::revision(db)?);
                plan((db, &keys), revision, to)
            })
        })
        .await
    }

    /// Restores every collection, as one revision.
    pub async fn restore(&self, restore: Restore) -> Result<RestoreSummary, StoreError> {
        let path = self.path.clone();
        self.writer()?
            .run(move |writer| {
                let before = writer.revision();
                let planned = plan((&writer.db, &writer.keys), before, restore.to)
                    .map_err(|error| error.during("reading", &path))?;
                let goes = |c: &RestoredCollection| {
                    c.is_new && restore.new_collections == NewCollections::Remove
                };
                if planned.collections.iter().all(|c| c.changes() == 0 && !goes(c)) {
                    return Ok(planned);
                }
                writer.transaction("restoring", |writer| {
                    let revision = writer.revision();
                    let recorded_at = writer.recorded_at(restore.recorded_at);
                    writer.note_recorded(recorded_at);
                    let keys = Arc::clone(&writer.keys);
                    let origin = Origin {
                        revision,
                        actor: &restore.actor,
                        reason: &restore.reason,
                        recorded_at,
                        keys: &keys,
                    };
                    for collection in &planned.collections {
                        let table = catalogue::read(&writer.db, &collection.id)?;
                        if goes(collection) {
                            catalogue::retire(&writer.db, &table)?;
                            catalogue::drop_tables(&writer.db, &table)?;
                            catalogue::drop_styles(&writer.db, &table)?;
                        } else if collection.changes() > 0 {
                            restore_collection(writer, &table, restore.to, origin)?;
                        }
                    }
                    let object = format!("revision {}", restore.to);
                    let entry =
                        AuditEntry::of(recorded_at, &restore.actor, action::RESTORE, object);
                    let reason = restore.reason.clone();
                    let count =
                        Some(planned.collections.iter().map(RestoredCollection::changes).sum());
                    audit::append(&writer.db, AuditEntry { reason, count, ..entry })?;
                    Ok(RestoreSummary { revision, ..planned })
                })
            })
            .await
    }
}

fn plan(
    (db, keys): Source<'_>,
    revision: Revision,
    to: Revision,
) -> Result<RestoreSummary, StoreError> {
    if to > revision {
        return Err(StoreError::UnknownRevision { asked: to, newest: revision });
    }
    retention::check_whole(db, to)?;
    let mut collections = Vec::new();
    for table in catalogue::read_all(db)? {
        let mut planned = RestoredCollection {
            id: table.collection.id.clone(),
            is_new: is_new(db, &table, to)?,
            revived: 0,
            replaced: 0,
            removed: 0,
            lost_fields: BTreeSet::new(),
        };
        let lost = each_change((db, keys), &table, to, |change| {
            match change {
                Back::Revive(_) => planned.revived += 1,
                Back::Replace(_) => planned.replaced += 1,
                Back::Remove(_) => planned.removed += 1,
            }
            Ok(())
        })?;
        collections.push(RestoredCollection { lost_fields: lost, ..planned });
    }
    let mut gone = db.prepare(
        "SELECT DISTINCT r.collection FROM tuban_retired r
         JOIN tuban_change_log l ON l.collection = r.collection
             AND l.operation IN ('insert', 'load') AND l.fid <= r.last_fid
         WHERE l.revision <= ?1 ORDER BY r.collection",
    )?;
    let gone = gone.query_map([to.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(RestoreSummary { revision, collections, gone })
}

/// Whether the log says nothing of a collection up to `to`.
fn is_new(db: &Connection, table: &Table, to: Revision) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM tuban_change_log
         WHERE operation IN ('insert', 'load') AND collection = ?1 AND revision <= ?2
         AND (fid ISNULL OR fid > ?3) LIMIT 1";
    let name = &table.columns.table;
    let floor = catalogue::retired(db, &table.collection.id)?.unwrap_or(0);
    Ok(db.query_row(sql, (name, to.0, floor), |_| Ok(())).optional()?.is_none())
}

/// The store's tables, and what opens past values.
type Source<'a> = (&'a Connection, &'a Keys);

/// What has to become of one feature.
enum Back {
    Revive(Feature),
    Replace(Feature),
    Remove(FeatureId),
}

/// Tells `act` of each feature that is not as it was at `to`; answers the fields whose values are
/// lost. `act` may write: what it adds to change log and history is not read.
fn each_change(
    (db, keys): Source<'_>,
    table: &Table,
    to: Revision,
    mut act: impl FnMut(Back) -> Result<(), StoreError>,
) -> Result<BTreeSet<String>, StoreError> {
    let name = &table.columns.table;
    // Ids up to here are those of a removed collection of the same name.
    let floor = catalogue::retired(db, &table.collection.id)?.unwrap_or(0);
    let last = |of: &str| {
        let sql = format!("SELECT ifnull(max(seq), 0) FROM {of}");
        db.query_row(&sql, [], |row| row.get::<_, i64>(0))
    };
    let (last_state, last_change) = (last("tuban_history")?, last("tuban_change_log")?);
    let mut lost = BTreeSet::new();
    let mut states = db.prepare(
        "SELECT fid, from_revision, properties, geometry, until_revision FROM tuban_history
         WHERE collection = ?1 AND fid > ?2 AND until_revision > ?3 AND seq <= ?4
         ORDER BY fid, until_revision",
    )?;
    let mut rows = states.query((name, floor, to.0, last_state))?;
    let mut before = 0;
    while let Some(row) = rows.next()? {
        let fid: i64 = row.get(0)?;
        // The first state that ended later held at that revision, or the feature came later.
        if fid == before {
            continue;
        }
        before = fid;
        let damaged = |reason: &dyn ToString| {
            StoreError::damaged(format!("history of feature {fid} of {name}"), reason.to_string())
        };
        let id = FeatureId::try_from(fid).map_err(|e| damaged(&e))?;
        let now = present(db, table, id)?;
        if row.get::<_, u64>(1)? > to.0 {
            if now.is_some() {
                act(Back::Remove(id))?;
            }
            continue;
        }
        let properties = row.get_ref(2)?.as_blob().map_err(|e| damaged(&e))?;
        let properties =
            history::decode(properties).ok_or_else(|| damaged(&"the properties are unreadable"))?;
        let place = (name.as_str(), id, Revision(row.get(4)?));
        let (fields, values) = history::open(db, keys, place, properties)?;
        let geometry = match row.get_ref(3)?.as_blob_or_null().map_err(|e| damaged(&e))? {
            Some(bytes) => {
                let (header, decoded) = gpb::decode(bytes).map_err(|e| damaged(&e))?;
                if header.srs_id != table.srs_id {
                    let reason = format!(
                        "at revision {to} it was stored in another coordinate system ({}); a restore \
                         cannot bring that back: take it from a backup",
                        header.srs_id
                    );
                    return Err(StoreError::Schema {
                        collection: table.collection.id.clone(),
                        reason,
                    });
                }
                Some(decoded.geometry)
            }
            None => None,
        };
        let had: Vec<_> = values.iter().map(|value| *value != Value::Null).collect();
        let placed = geometry.is_some();
        let then = refit(
            &table.collection,
            &fields,
            Feature { id: Some(id), geometry, properties: values },
        );
        note_lost(table, &fields, &had, &then, &mut lost);
        if placed && then.geometry.is_none() {
            lost.insert(table.columns.geometry.clone());
        }
        match now {
            None => act(Back::Revive(then))?,
            Some(now) if now != then => act(Back::Replace(then))?,
            Some(_) => {}
        }
    }
    drop(rows);
    let mut arrivals = db.prepare(
        "SELECT fid, ifnull(last_fid, fid) FROM tuban_change_log
         WHERE collection = ?1 AND revision > ?2 AND seq <= ?3 AND fid > ?4
         AND operation IN ('insert', 'load', 'revive') ORDER BY seq",
    )?;
    let (table_name, fid) = (ident(name), ident(&table.columns.fid));
    let mut there = db.prepare(&format!(
        "SELECT f.{fid} FROM {table_name} f WHERE f.{fid} BETWEEN ?1 AND ?2
         AND NOT EXISTS (SELECT 1 FROM tuban_history h WHERE h.collection = ?3 AND h.fid = f.{fid}
             AND h.until_revision > ?4 AND h.seq <= ?5)
         ORDER BY f.{fid} LIMIT ?6"
    ))?;
    let mut ranges = arrivals.query((name, to.0, last_change, floor))?;
    while let Some(range) = ranges.next()? {
        let (mut from, until): (i64, i64) = (range.get(0)?, range.get(1)?);
        // A part at a time, so that no row is removed under the statement that reads it.
        loop {
            let part = there
                .query_map((from, until, name, to.0, last_state, PART), |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            for fid in &part {
                let id = FeatureId::try_from(*fid)
                    .map_err(|e| StoreError::damaged(format!("ids of {name}"), e))?;
                act(Back::Remove(id))?;
            }
            match part.last() {
                Some(last) if *last < until => from = last + 1,
                _ => break,
            }
        }
    }
    Ok(lost)
}

/// Ids of arrived features read at a time.
const PART: i64 = 1024;

/// Notes which fields had values that `then` has no more.
fn note_lost(
    table: &Table,
    fields: &[String],
    had: &[bool],
    then: &Feature,
    lost: &mut BTreeSet<String>,
) {
    for (field, had) in fields.iter().zip(had) {
        let kept = table.collection.field_position(field).and_then(|at| then.properties.get(at));
        if *had && kept.is_none_or(|value| *value == Value::Null) && !lost.contains(field) {
            lost.insert(field.clone());
        }
    }
}

fn present(db: &Connection, table: &Table, id: FeatureId) -> Result<Option<Feature>, StoreError> {
    match commit::read(db, table, id) {
        Ok(feature) => Ok(Some(feature)),
        Err(StoreError::UnknownFeature { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes what [`each_change`] tells of one collection; index, key and counts come last.
fn restore_collection(
    writer: &Writer,
    table: &Table,
    to: Revision,
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    let (db, columns) = (&writer.db, &table.columns);
    // Keys may change places: only the end must be unique.
    db.execute_batch(&columns.drop_key())?;
    db.execute_batch(&columns.drop_triggers())?;
    let delete =
        format!("DELETE FROM {} WHERE {} = ?1", ident(&columns.table), ident(&columns.fid));
    let mut delete = db.prepare(&delete)?;
    let mut insert = db.prepare(&row::insert_sql(table))?;
    let (mut moved, mut cells) = (Vec::new(), Vec::new());
    let mut extent = ExtentChange::default();
    let mut grown = 0_i64;
    each_change((db, origin.keys), table, to, |change| {
        let (id, written, before, after) = match change {
            Back::Revive(mut feature) => {
                let Some(id) = feature.id else { return Ok(()) };
                fit(&table.collection, &mut feature)?;
                let encoded = Encoded::new(feature, table.srs_id);
                row::bind(&mut insert, Some(id.value()), &encoded)?;
                insert.raw_execute()?;
                grown += 1;
                (id, Operation::Insert, None, encoded.envelope)
            }
            Back::Replace(feature) => {
                let Some(id) = feature.id else { return Ok(()) };
                let before = commit::end(db, table, id, None, origin)?;
                (id, Operation::Replace, before, commit::replace(db, table, id, feature)?)
            }
            Back::Remove(id) => {
                let before = commit::end(db, table, id, None, origin)?;
                delete.execute([id.value()])?;
                grown -= 1;
                (id, Operation::Delete, before, None)
            }
        };
        extent.note(before, after);
        extent.count(written);
        moved.push(id.value());
        cells.extend(after.map(|envelope| Cell::new(id.value(), &envelope)));
        let ids = Some((id.value(), id.value()));
        let entry = Entry { collection: &columns.table, operation: written, ids, before, after };
        match written {
            Operation::Insert => log::append_revival(db, entry, origin),
            _ => log::append(db, entry, origin),
        }
    })?;
    rtree::update(db, columns, table.collection.count, (moved, cells))?;
    extent.write(db, table)?;
    let sql = "UPDATE gpkg_ogr_contents SET feature_count = feature_count + ?2
               WHERE table_name = ?1";
    db.execute(sql, (&columns.table, grown))?;
    if let Some(key) = &table.collection.key {
        load::create_key(db, table, key)?;
    }
    Ok(db.execute_batch(&columns.create_triggers())?)
}
