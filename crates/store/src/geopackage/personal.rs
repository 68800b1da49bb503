//! Personal values and the data keys that they are sealed under, in tables of their own, which need
//! no format number: they are made when a store is opened for writing and has none.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use spatial::{CollectionId, FeatureId, FieldClass, Revision, Timestamp};

use super::catalogue::Table;
use super::fences::beside;
use super::keys::{DataKey, KeyTable, Keys};
use super::schema::{Columns, ident};
use super::{GeoPackageStore, audit, in_one_state, row};
use crate::StoreError;
use crate::audit::{AuditEntry, action};
use crate::personal::{PersonalLoad, PersonalStore, PersonalSummary, PersonalValue, check, no_key};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS tuban_personal (collection TEXT NOT NULL, fid INTEGER NOT NULL, field TEXT NOT NULL, class INTEGER NOT NULL, sealed BLOB NOT NULL, origin TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (collection, fid, field)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tuban_personal_keys (collection TEXT NOT NULL, fid INTEGER NOT NULL, sealed_as TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (collection, fid)) WITHOUT ROWID;
INSERT INTO gpkg_extensions SELECT name, NULL, 'tuban_record', 'Catalogue, change log and history of the Tuban store that this file is', 'read-write' FROM sqlite_schema WHERE type = 'table' AND name IN ('tuban_personal', 'tuban_personal_keys') AND name NOT IN (SELECT table_name FROM gpkg_extensions WHERE table_name NOTNULL);
";
const COUNT: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN \
    ('tuban_personal', 'tuban_personal_keys')";
/// What a value is bound to instead of a revision at which it ended: it has not.
const PRESENT: Revision = Revision(u64::MAX);

/// Makes the tables where they are missing.
pub(crate) fn create_tables(db: &Connection) -> Result<(), StoreError> {
    let there: i64 = db.query_row(COUNT, [], |row| row.get(0))?;
    if there < 2 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))?;
    }
    Ok(())
}

fn has_tables(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'tuban_personal_keys'";
    Ok(db.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

/// A value as it lies in the table.
struct Sealed {
    field: String,
    class: i64,
    sealed: Vec<u8>,
    origin: String,
    at: i64,
}

fn read_sealed(db: &Connection, of: (&str, FeatureId)) -> Result<Vec<Sealed>, StoreError> {
    let sql = "SELECT field, class, sealed, origin, at FROM tuban_personal
               WHERE collection = ?1 AND fid = ?2 ORDER BY field";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((of.0, of.1.value()))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Sealed {
            field: row.get(0)?,
            class: row.get(1)?,
            sealed: row.get(2)?,
            origin: row.get(3)?,
            at: row.get(4)?,
        });
    }
    Ok(found)
}

fn open(key: &DataKey, of: (&str, FeatureId), sealed: &Sealed) -> Result<String, StoreError> {
    let plain = key.open(&sealed.field, PRESENT, &sealed.sealed);
    plain.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        let place = format!("personal value {} of feature {} of {}", sealed.field, of.1, of.0);
        StoreError::damaged(place, "its data key does not open it")
    })
}

/// The values of one feature.
fn read(
    db: &Connection,
    keys: &Keys,
    of: (&str, FeatureId),
) -> Result<Vec<PersonalValue>, StoreError> {
    if !has_tables(db)? {
        return Ok(Vec::new());
    }
    let sealed = read_sealed(db, of)?;
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    let key = keys.to_open_of(db, KeyTable::Personal, of)?;
    let key = key.ok_or_else(|| {
        let place = format!("personal values of feature {} of {}", of.1, of.0);
        StoreError::damaged(place, "their data key is missing")
    })?;
    let value = |sealed: &Sealed| {
        let class = usize::try_from(sealed.class).ok();
        Ok(PersonalValue {
            field: sealed.field.clone(),
            // One that is not known is of the highest.
            class: class
                .and_then(|class| FieldClass::ALL.get(class))
                .map_or(FieldClass::L4, |c| *c),
            value: open(&key, of, sealed)?,
            origin: sealed.origin.clone(),
            at: Timestamp(sealed.at),
        })
    };
    sealed.iter().map(value).collect()
}

/// Puts a part of a load into the table.
fn put(
    db: &Connection,
    keys: &Keys,
    table: &Table,
    load: &PersonalLoad,
) -> Result<PersonalSummary, StoreError> {
    let name = load.collection.as_str();
    let key = table.collection.key.as_deref().ok_or_else(|| no_key(&load.collection))?;
    let Columns { table: place, fid, .. } = &table.columns;
    let find = format!("SELECT {} FROM {} WHERE {} = ?1", ident(fid), ident(place), ident(key));
    let mut find = db.prepare(&find)?;
    let mut write = db.prepare_cached(
        "INSERT INTO tuban_personal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET class = ?4, sealed = ?5, origin = ?6, at = ?7",
    )?;
    let mut remove = db.prepare_cached(
        "DELETE FROM tuban_personal WHERE collection = ?1 AND fid = ?2 AND field = ?3",
    )?;
    let mut summary = PersonalSummary::default();
    for one in &load.rows {
        let found = find
            .query_row([row::to_sql(&one.key)], |found| found.get::<_, i64>(0))
            .optional()?
            .and_then(|id| FeatureId::try_from(id).ok());
        let Some(id) = found else {
            summary.unplaced += 1;
            continue;
        };
        let there: BTreeMap<String, Sealed> =
            read_sealed(db, (name, id))?.into_iter().map(|s| (s.field.clone(), s)).collect();
        if there.is_empty() && one.values.iter().all(Option::is_none) {
            continue;
        }
        let data_key = keys.to_seal_of(db, KeyTable::Personal, (name, id))?;
        for ((field, class), value) in load.fields.iter().zip(&one.values) {
            let Some(value) = value else {
                remove.execute((name, id.value(), field))?;
                continue;
            };
            summary.values += 1;
            // What is there already stays as it lies: the same file brings nothing new.
            if let Some(sealed) = there.get(field)
                && sealed.class == *class as i64
                && open(&data_key, (name, id), sealed)? == *value
            {
                continue;
            }
            let sealed = data_key.seal(field, PRESENT, value.as_bytes())?;
            let class = *class as i64;
            write.execute(params![
                name,
                id.value(),
                field,
                class,
                sealed,
                load.reason,
                load.at.0
            ])?;
        }
        if read_sealed(db, (name, id))?.is_empty() {
            Keys::destroy_of(db, KeyTable::Personal, (name, id))?;
        }
    }
    if let Some(total) = load.total {
        // Features that went with a replacement take theirs along.
        let gone =
            format!("collection = ?1 AND fid NOT IN (SELECT {} FROM {})", ident(fid), ident(place));
        for of in ["tuban_personal", "tuban_personal_keys"] {
            db.execute(&format!("DELETE FROM {of} WHERE {gone}"), [name])?;
        }
        let entry = AuditEntry::of(load.at, &load.actor, action::PERSONAL, name);
        let fields = load.fields.iter().map(|(name, _)| name.clone()).collect();
        let reason = load.reason.clone();
        audit::append(db, AuditEntry { fields, reason, count: Some(total), ..entry })?;
    }
    Ok(summary)
}

/// Names of the values of one feature.
pub(super) fn names(db: &Connection, of: (&str, FeatureId)) -> Result<Vec<String>, StoreError> {
    Ok(read_sealed(db, of)?.into_iter().map(|sealed| sealed.field).collect())
}

/// Erases the values of `fields` for good, within the transaction of an erasure: the data key goes,
/// and what else was sealed under it is sealed under another.
pub(super) fn erase(
    db: &Connection,
    keys: &Keys,
    of: (&str, FeatureId),
    fields: &[String],
) -> Result<(), StoreError> {
    if fields.is_empty() {
        return Ok(());
    }
    let mut kept = Vec::new();
    let mut old = None;
    for sealed in read_sealed(db, of)? {
        if fields.contains(&sealed.field) {
            continue;
        }
        if old.is_none() {
            old = keys.to_open_of(db, KeyTable::Personal, of)?;
        }
        let Some(key) = &old else { continue };
        let plain = open(key, of, &sealed)?;
        kept.push((sealed, plain));
    }
    let at = (of.0, of.1.value());
    db.execute("DELETE FROM tuban_personal WHERE collection = ?1 AND fid = ?2", at)?;
    Keys::destroy_of(db, KeyTable::Personal, of)?;
    if kept.is_empty() {
        return Ok(());
    }
    let key = keys.to_seal_of(db, KeyTable::Personal, of)?;
    for (Sealed { field, class, origin, at, .. }, plain) in kept {
        let sealed = key.seal(&field, PRESENT, plain.as_bytes())?;
        db.execute(
            "INSERT INTO tuban_personal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![of.0, of.1.value(), field, class, sealed, origin, at],
        )?;
    }
    Ok(())
}

/// Tells of values without a data key, and of keys without a value.
pub(super) fn check_keys(
    db: &Connection,
    tell: &mut dyn FnMut(i64, String),
) -> Result<(), StoreError> {
    if !has_tables(db)? {
        return Ok(());
    }
    for (here, there, what) in [
        ("tuban_personal", "tuban_personal_keys", "has personal values and no data key for them"),
        ("tuban_personal_keys", "tuban_personal", "has a data key and no personal values"),
    ] {
        let sql = format!(
            "SELECT DISTINCT collection, fid FROM {here} h WHERE NOT EXISTS (SELECT 1 FROM {there} t
             WHERE t.collection = h.collection AND t.fid = h.fid) ORDER BY 1, 2"
        );
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (collection, fid): (String, i64) = (row.get(0)?, row.get(1)?);
            tell(fid, format!("feature {fid} of {collection} {what}"));
        }
    }
    Ok(())
}

#[async_trait]
impl PersonalStore for GeoPackageStore {
    async fn put_personal(&self, load: PersonalLoad) -> Result<PersonalSummary, StoreError> {
        check(&load)?;
        self.writer()?
            .run(move |writer| {
                let table = writer.table(&load.collection);
                let keys = Arc::clone(&writer.keys);
                // Kept for the next transaction it would not see what others change meanwhile.
                writer.forget_tables();
                let table = table?;
                beside(writer, |db, _| put(db, &keys, &table, &load))
            })
            .await
            .map_err(|error| error.during("keeping personal values in", self.path()))
    }

    async fn personal(
        &self,
        collection: &CollectionId,
        id: FeatureId,
    ) -> Result<Vec<PersonalValue>, StoreError> {
        let (collection, keys) = (collection.clone(), Arc::clone(&self.keys));
        self.read(move |db| in_one_state(db, |db| read(db, &keys, (collection.as_str(), id)))).await
    }
}
