//! Fences and their events in tables of their own, which need no format number: they are made
//! when a store is opened for writing and has none.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use spatial::{CollectionId, Crs, FeatureId, Revision, Timestamp, wkb};

use super::writer::Writer;
use super::{GeoPackageStore, in_one_state};
use crate::StoreError;
use crate::fences::{
    Fence, FenceDefinition, FenceEvent, FenceEventKind, FenceEventPage, FenceId, FenceRetention,
    FenceStore, FenceWebhook, Loaded,
};

/// Name in `tuban_meta` of the revision up to which the change log has been looked through.
const EVALUATED: &str = "fences_evaluated";
/// Name in `tuban_meta` of the highest event that was let go.
const GONE: &str = "fence_events_gone";

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS tuban_fences (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, crs TEXT NOT NULL, geometry BLOB NOT NULL, collections TEXT NOT NULL, detect INTEGER NOT NULL, webhook_url TEXT, webhook_secret TEXT, since_revision INTEGER NOT NULL, delivered INTEGER NOT NULL, actor TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tuban_fence_events (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, fence INTEGER NOT NULL, kind TEXT NOT NULL, revision INTEGER NOT NULL, collection TEXT NOT NULL, fid INTEGER NOT NULL, recorded_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS tuban_fence_events_fence ON tuban_fence_events (fence, id);
INSERT INTO gpkg_extensions SELECT name, NULL, 'tuban_record', 'Catalogue, change log and history of the Tuban store that this file is', 'read-write' FROM sqlite_schema WHERE type = 'table' AND name IN ('tuban_fences', 'tuban_fence_events') AND name NOT IN (SELECT table_name FROM gpkg_extensions WHERE table_name NOTNULL);
";

/// Makes the tables where they are missing.
pub(crate) fn create_tables(db: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name IN \
               ('tuban_fences', 'tuban_fence_events', 'tuban_fence_events_fence')";
    let there: i64 = db.query_row(sql, [], |row| row.get(0))?;
    if there < 3 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))?;
    }
    Ok(())
}

fn has_tables(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'tuban_fence_events_fence'";
    Ok(db.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

/// One durable transaction that makes no revision.
pub(super) fn beside<T>(
    writer: &mut Writer,
    work: impl FnOnce(&Connection, Revision) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let revision = writer.revision();
    let transaction = writer.db.transaction()?;
    let answer = work(&transaction, revision)?;
    transaction.commit()?;
    Ok(answer)
}

fn noted(db: &Connection, name: &str) -> Result<u64, StoreError> {
    let sql = "SELECT value FROM tuban_meta WHERE name = ?1";
    let found = db.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

fn note(db: &Connection, name: &str, value: u64) -> Result<(), StoreError> {
    let sql = "INSERT INTO tuban_meta VALUES (?1, ?2) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}

#[async_trait]
impl FenceStore for GeoPackageStore {
    async fn fences(&self) -> Result<Vec<Fence>, StoreError> {
        self.read(read_fences).await
    }

    async fn add_fence(&self, definition: FenceDefinition) -> Result<Fence, StoreError> {
        self.writer()?
            .run(move |writer| beside(writer, |db, revision| insert(db, definition, revision)))
            .await
            .map_err(|error| error.during("keeping a fence in", self.path()))
    }

    async fn remove_fence(&self, id: FenceId) -> Result<bool, StoreError> {
        let remove = move |db: &Connection, _| {
            db.execute("DELETE FROM tuban_fence_events WHERE fence = ?1", [id.0])?;
            Ok(db.execute("DELETE FROM tuban_fences WHERE id = ?1", [id.0])? > 0)
        };
        self.writer()?
            .run(move |writer| beside(writer, remove))
            .await
            .map_err(|error| error.during("removing a fence from", self.path()))
    }

    async fn fences_evaluated(&self) -> Result<Revision, StoreError> {
        self.read(|db| Ok(Revision(noted(db, EVALUATED)?))).await
    }

    async fn newest_fence_event(&self) -> Result<u64, StoreError> {
        self.read(|db| if has_tables(db)? { newest_event(db) } else { Ok(0) }).await
    }

    async fn keep_fence_events(
        &self,
        evaluated: Revision,
        events: Vec<FenceEvent>,
        retention: FenceRetention,
    ) -> Result<u64, StoreError> {
        let keep = move |db: &Connection, _| {
            let highest = append(db, &events)?;
            note(db, EVALUATED, evaluated.0)?;
            if highest > 0 {
                let_go(db, highest, retention)?;
            }
            Ok(highest)
        };
        self.writer()?
            .run(move |writer| beside(writer, keep))
            .await
            .map_err(|error| error.during("keeping fence events in", self.path()))
    }

    async fn fence_events(
        &self,
        fence: FenceId,
        after: u64,
        limit: usize,
    ) -> Result<FenceEventPage, StoreError> {
        self.read(move |db| in_one_state(db, |db| read_events(db, fence, after, limit))).await
    }

    async fn fence_delivered(&self, fence: FenceId, event: u64) -> Result<(), StoreError> {
        let delivered = move |db: &Connection, _| {
            db.execute(
                "UPDATE tuban_fences SET delivered = max(delivered, ?2) WHERE id = ?1",
                params![fence.0, event],
            )?;
            Ok(())
        };
        self.writer()?
            .run(move |writer| beside(writer, delivered))
            .await
            .map_err(|error| error.during("noting a delivery in", self.path()))
    }

    async fn loaded(
        &self,
        collection: &CollectionId,
        revision: Revision,
    ) -> Result<Loaded, StoreError> {
        let collection = collection.clone();
        self.read(move |db| in_one_state(db, |db| loaded(db, &collection, revision))).await
    }
}

fn insert(
    db: &Connection,
    definition: FenceDefinition,
    revision: Revision,
) -> Result<Fence, StoreError> {
    let newest = newest_event(db)?;
    let webhook = definition.webhook.as_ref();
    let names: Vec<&str> = definition.collections.iter().map(CollectionId::as_str).collect();
    db.prepare_cached(
        "INSERT INTO tuban_fences (name, crs, geometry, collections, detect, webhook_url,
         webhook_secret, since_revision, delivered, actor, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        definition.name,
        definition.crs.to_string(),
        wkb::encode(&definition.geometry),
        // No id of a collection holds a line break.
        names.join("\n"),
        definition.detect.iter().map(|kind| kind.bit()).sum::<i64>(),
        webhook.map(|webhook| webhook.url.as_str()),
        webhook.and_then(|webhook| webhook.secret.as_deref()),
        revision.0,
        newest,
        definition.actor,
        definition.created_at.0
    ])?;
    let id = FenceId(db.last_insert_rowid());
    Ok(Fence { id, definition, since: revision, delivered: newest })
}

/// The highest id that an event was given: of one that is kept, or was let go.
fn newest_event(db: &Connection) -> Result<u64, StoreError> {
    let sql =
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tuban_fence_events'), 0)";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

fn read_fences(db: &Connection) -> Result<Vec<Fence>, StoreError> {
    if !has_tables(db)? {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare_cached(
        "SELECT id, name, crs, geometry, collections, detect, webhook_url, webhook_secret,
         since_revision, delivered, actor, created_at FROM tuban_fences ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut fences = Vec::new();
    while let Some(row) = rows.next()? {
        fences.push(read_fence(row)?);
    }
    Ok(fences)
}

fn read_fence(row: &Row<'_>) -> Result<Fence, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |reason: &dyn ToString| {
        StoreError::damaged(format!("fence {id} of tuban_fences"), reason.to_string())
    };
    let crs: String = row.get(2)?;
    let geometry = row.get_ref(3)?.as_blob().map_err(|e| damaged(&e))?;
    let names: String = row.get(4)?;
    let names = names.split('\n').filter(|name| !name.is_empty());
    let bits: i64 = row.get(5)?;
    let (url, secret): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    let definition = FenceDefinition {
        name: row.get(1)?,
        geometry: wkb::decode(geometry).map_err(|e| damaged(&e))?.geometry,
        crs: crs.parse::<Crs>().map_err(|e| damaged(&e))?,
        collections: names
            .map(|name| CollectionId::try_from(name).map_err(|e| damaged(&e)))
            .collect::<Result<_, _>>()?,
        detect: FenceEventKind::ALL.into_iter().filter(|kind| bits & kind.bit() != 0).collect(),
        webhook: url.map(|url| FenceWebhook { url, secret }),
        actor: row.get(10)?,
        created_at: Timestamp(row.get(11)?),
    };
    let (since, delivered) = (Revision(row.get(8)?), row.get(9)?);
    Ok(Fence { id: FenceId(id), definition, since, delivered })
}

/// Appends events in their order; the highest id given, 0 if none was.
fn append(db: &Connection, events: &[FenceEvent]) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO tuban_fence_events (fence, kind, revision, collection, fid, recorded_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM tuban_fences WHERE id = ?1)",
    )?;
    let mut highest = 0;
    for event in events {
        let added = statement.execute(params![
            event.fence.0,
            event.kind.name(),
            event.revision.0,
            event.collection.as_str(),
            event.feature.value(),
            event.recorded_at.0
        ])?;
        if added > 0 {
            highest = db.last_insert_rowid().unsigned_abs();
        }
    }
    Ok(highest)
}

/// Lets go of what is not to be kept.
fn let_go(db: &Connection, highest: u64, retention: FenceRetention) -> Result<(), StoreError> {
    let by_count = highest.saturating_sub(retention.events);
    let by_age: u64 = db.query_row(
        "SELECT coalesce((SELECT id - 1 FROM tuban_fence_events WHERE recorded_at >= ?1
         ORDER BY id LIMIT 1), ?2)",
        params![retention.not_before.0, highest],
        |row| row.get(0),
    )?;
    let last = by_count.max(by_age);
    if last > 0 && db.execute("DELETE FROM tuban_fence_events WHERE id <= ?1", [last])? > 0 {
        note(db, GONE, last)?;
    }
    Ok(())
}

fn read_events(
    db: &Connection,
    fence: FenceId,
    after: u64,
    limit: usize,
) -> Result<FenceEventPage, StoreError> {
    if !has_tables(db)? {
        return Ok(FenceEventPage { events: Vec::new(), gone: 0 });
    }
    let mut statement = db.prepare_cached(
        "SELECT id, kind, revision, collection, fid, recorded_at FROM tuban_fence_events
         WHERE fence = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    // An id is a positive i64.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![fence.0, after, limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let id: u64 = row.get(0)?;
        let damaged = |reason: &dyn ToString| {
            StoreError::damaged(format!("event {id} of tuban_fence_events"), reason.to_string())
        };
        let (kind, collection): (String, String) = (row.get(1)?, row.get(3)?);
        let kind = FenceEventKind::ALL.into_iter().find(|known| known.name() == kind);
        events.push(FenceEvent {
            id,
            fence,
            kind: kind.ok_or_else(|| damaged(&"unknown kind"))?,
            revision: Revision(row.get(2)?),
            collection: CollectionId::try_from(collection.as_str()).map_err(|e| damaged(&e))?,
            feature: FeatureId::try_from(row.get::<_, i64>(4)?).map_err(|e| damaged(&e))?,
            recorded_at: Timestamp(row.get(5)?),
        });
    }
    Ok(FenceEventPage { events, gone: noted(db, GONE)? })
}

fn loaded(
    db: &Connection,
    collection: &CollectionId,
    revision: Revision,
) -> Result<Loaded, StoreError> {
    let read = |id: i64| {
        FeatureId::try_from(id).map_err(|e| StoreError::damaged(format!("ids of {collection}"), e))
    };
    let mut loaded = Loaded::default();
    let mut added = db.prepare_cached(
        "SELECT fid, last_fid FROM tuban_change_log
         WHERE revision = ?1 AND collection = ?2 AND operation = 'load' AND fid NOTNULL",
    )?;
    let mut rows = added.query(params![revision.0, collection.as_str()])?;
    while let Some(row) = rows.next()? {
        let (first, last): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
        for id in first..=last.unwrap_or(first) {
            loaded.added.push(read(id)?);
        }
    }
    let mut ended = db.prepare_cached(
        "SELECT fid FROM tuban_history WHERE collection = ?1 AND until_revision = ?2 ORDER BY fid",
    )?;
    let mut rows = ended.query(params![collection.as_str(), revision.0])?;
    while let Some(row) = rows.next()? {
        loaded.ended.push(read(row.get(0)?)?);
    }
    Ok(loaded)
}
