//! Erases values of one feature for good.
//!
//! One transaction makes them null, now and in every past state, and destroys the data key of the
//! feature; what else was sealed under it is sealed under a new one. Then the file is written
//! anew: pages that SQLite has freed or moved may hold old copies, which `secure_delete` does not
//! reach when they were made before it was on.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::Connection;
use spatial::{
    CollectionId, Commit, CommittedChange, Envelope, FeatureId, Operation, Revision, Timestamp,
    Value,
};

use super::catalogue::Table;
use super::commit;
use super::history::{self, Held, Origin};
use super::keys::Keys;
use super::log::{self, Entry};
use super::schema::{Columns, ident};
use super::writer::Writer;
use super::{audit, kept_out, personal};
use crate::audit::{AuditEntry, action};
use crate::fit::{LOW_CLASS, NEVER_SEALED, NO_FIELD, erasable_names, is_erasable};
use crate::memory::envelope_of;
use crate::{ChangeRecord, Erasure, StoreError};

/// Erases what `erasure` names, as the next revision.
pub(crate) fn erase(writer: &mut Writer, erasure: &Erasure) -> Result<Commit, StoreError> {
    writer.db.execute_batch("PRAGMA secure_delete = ON")?;
    let done = writer.transaction("erasing in", |writer| erase_inside(writer, erasure));
    writer.db.execute_batch("PRAGMA secure_delete = OFF")?;
    let commit = done?;
    writer.scrub()?;
    Ok(commit)
}

fn erase_inside(writer: &mut Writer, erasure: &Erasure) -> Result<Commit, StoreError> {
    let Erasure { collection, id, actor, reason, recorded_at, .. } = erasure;
    let (id, name) = (*id, collection.as_str());
    let revision = writer.revision();
    let recorded_at = writer.recorded_at(*recorded_at);
    writer.note_recorded(recorded_at);
    let keys = Arc::clone(&writer.keys);
    let origin = Origin { revision, actor, reason, recorded_at, keys: &keys };
    if kept_out::has_table(&writer.db, name)? {
        let reason = "its table is kept out because of a defect, so that its values cannot be \
                      reached; mend it, then erase";
        return Err(StoreError::Schema { collection: collection.clone(), reason: reason.into() });
    }
    // A removed collection has history still.
    let table = match writer.table(collection) {
        Err(StoreError::UnknownCollection { .. }) => None,
        table => Some(table?),
    };
    let db = &writer.db;
    let present = match &table {
        Some(table) => match commit::read(db, table, id) {
            Err(StoreError::UnknownFeature { .. }) => None,
            feature => Some(feature?),
        },
        None => None,
    };
    let hidden = match &table {
        Some(table) => kept_out::has(db, table, id.value())?,
        None => false,
    };
    let past = past_fields(db, name, id)?;
    let personal = personal::names(db, (name, id))?;
    if present.is_none() && !hidden && !past.any && personal.is_empty() {
        return Err(match table {
            Some(_) => StoreError::UnknownFeature { collection: collection.clone(), id },
            None => StoreError::UnknownCollection { id: collection.clone() },
        });
    }
    let names = chosen(erasure, table.as_deref(), (&past, &personal))?;
    let gone: Vec<String> = personal
        .into_iter()
        .filter(|field| erasure.fields.is_empty() || erasure.fields.contains(field))
        .collect();
    personal::erase(db, &keys, (name, id), &gone)?;
    audit::append(db, audited(erasure, &names, gone, recorded_at))?;

    reseal(db, &keys, (name, id), &names)?;
    if let Some(table) = table.as_deref().filter(|_| hidden) {
        empty_row(db, table, id, &names)?;
    }
    let mut envelope: Option<Envelope> = None;
    if let (Some(table), Some(mut feature)) = (&table, present) {
        let fields = table.collection.fields.iter();
        for (field, value) in fields.zip(&mut feature.properties) {
            if names.contains(field.name.as_str()) {
                *value = Value::Null;
            }
        }
        envelope = envelope_of(&feature);
        history::keep(db, table, &feature, origin)?;
        commit::replace(db, table, id, feature)?;
    }
    let (operation, before, after) = (Operation::Erase, envelope, envelope);
    let ids = Some((id.value(), id.value()));
    log::append(db, Entry { collection: name, operation, ids, before, after }, origin)?;
    let collection = collection.clone();
    let changes = vec![CommittedChange { collection, operation, id, before, after }];
    Ok(Commit { revision, recorded_at, changes })
}

/// What the audit log says of an erasure: names of fields, and never a value.
fn audited(
    erasure: &Erasure,
    names: &BTreeSet<&str>,
    personal: Vec<String>,
    at: Timestamp,
) -> AuditEntry {
    let object = format!("{}/{}", erasure.collection, erasure.id);
    let fields: BTreeSet<String> =
        names.iter().map(|name| (*name).to_owned()).chain(personal).collect();
    AuditEntry {
        count: Some(fields.len() as u64),
        fields: fields.into_iter().collect(),
        reason: erasure.reason.clone(),
        ..AuditEntry::of(at, &erasure.actor, action::ERASE, object)
    }
}

/// Makes values null in a row that is no feature because of a defect. It stays kept out until
/// another program writes it again.
fn empty_row(
    db: &Connection,
    table: &Table,
    id: FeatureId,
    names: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let Columns { table: place, fid, .. } = &table.columns;
    for name in names.iter().filter(|name| table.collection.field_position(name).is_some()) {
        let (place, name, fid) = (ident(place), ident(name), ident(fid));
        db.execute(&format!("UPDATE {place} SET {name} = NULL WHERE {fid} = ?1"), [id.value()])?;
    }
    Ok(())
}

/// Makes the past values of `names` null, destroys the data key and seals the rest under another.
fn reseal(
    db: &Connection,
    keys: &Keys,
    (collection, id): (&str, FeatureId),
    names: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let mut others: Vec<(Revision, String, Vec<u8>)> = Vec::new();
    let mut old = None;
    history::rewrite(db, (collection, Some(id)), |id, until, mut properties| {
        for (field, value) in &mut properties {
            if names.contains(field.as_str()) {
                *value = Held::Clear(Value::Null);
            } else if let Held::Sealed(sealed) = &*value {
                if old.is_none() {
                    old = keys.to_open(db, collection, id)?;
                }
                let plain = old.as_ref().and_then(|key| key.open(field, until, sealed));
                let plain = plain.ok_or_else(|| {
                    let place = format!("history of feature {id} of {collection}, {field}");
                    StoreError::damaged(place, "its data key does not open it")
                })?;
                others.push((until, field.clone(), plain));
            }
        }
        Ok(properties)
    })?;
    Keys::destroy(db, collection, id)?;
    if others.is_empty() {
        return Ok(());
    }
    let key = keys.to_seal(db, collection, id)?;
    history::rewrite(db, (collection, Some(id)), |_, until, mut properties| {
        for (field, value) in &mut properties {
            let same = |other: &&(Revision, String, Vec<u8>)| other.0 == until && other.1 == *field;
            if let (Held::Sealed(_), Some((.., plain))) = (&*value, others.iter().find(same)) {
                *value = Held::Sealed(key.seal(field, until, plain)?);
            }
        }
        Ok(properties)
    })
}

/// What the past states of a feature hold.
#[derive(Default)]
struct PastFields {
    any: bool,
    sealed: BTreeSet<String>,
    clear: BTreeSet<String>,
    null: BTreeSet<String>,
}

fn past_fields(db: &Connection, name: &str, id: FeatureId) -> Result<PastFields, StoreError> {
    let mut past = PastFields::default();
    history::rewrite(db, (name, Some(id)), |_, _, properties| {
        past.any = true;
        for (field, value) in &properties {
            match value {
                Held::Sealed(_) => past.sealed.insert(field.clone()),
                Held::Clear(Value::Null) => past.null.insert(field.clone()),
                Held::Clear(_) => past.clear.insert(field.clone()),
            };
        }
        Ok(properties)
    })?;
    Ok(past)
}

/// The fields to erase: those that are named, or all that can be.
fn chosen<'a>(
    erasure: &'a Erasure,
    table: Option<&'a Table>,
    (past, personal): (&'a PastFields, &[String]),
) -> Result<BTreeSet<&'a str>, StoreError> {
    let now = |name: &str| table?.collection.fields.iter().find(|field| field.name == name);
    if erasure.fields.is_empty() {
        let mut names: BTreeSet<&str> = table
            .map(|table| erasable_names(&table.collection, None))
            .into_iter()
            .flatten()
            .collect();
        names.extend(past.sealed.iter().map(String::as_str).filter(|name| now(name).is_none()));
        return Ok(names);
    }
    for name in &erasure.fields {
        let refuse = |reason| {
            let (collection, field) = (erasure.collection.clone(), name.clone());
            Err(StoreError::NotErasable { collection, field, reason })
        };
        match now(name) {
            Some(field) if is_erasable(field.class) => {}
            Some(_) => return refuse(LOW_CLASS),
            None if past.clear.contains(name) => return refuse(NEVER_SEALED),
            None if past.sealed.contains(name) || past.null.contains(name) => {}
            None if personal.contains(name) => {}
            None => return refuse(NO_FIELD),
        }
    }
    Ok(erasure.fields.iter().map(String::as_str).collect())
}

/// The rows of the change log that tell of erasures of one feature, oldest first.
pub(crate) fn erasures(
    db: &Connection,
    collection: &CollectionId,
    id: FeatureId,
) -> Result<Vec<ChangeRecord>, StoreError> {
    let sql = format!(
        "{} WHERE operation = 'erase' AND collection = ?1 AND fid = ?2 ORDER BY seq",
        log::SELECT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query((collection.as_str(), id.value()))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(log::read_record(row)?);
    }
    Ok(records)
}
