//! Past states: how a row of `tuban_history` holds the properties, and how rows get there.
//!
//! `properties` begins with the byte 1; then each field in order: length of its name (u16), its
//! name, and the value ([`spatial::value_bytes`]). A value of class L3 or L4 is the tag 7 and such
//! a value, sealed under the data key of the feature (u32 length first).
//!
//! *Invariant:* a value of class L3 or L4 is never written here in the clear.

use rusqlite::{Connection, OptionalExtension, params};
use spatial::value_bytes::{push_counted, push_value, take, take_array, take_counted, take_value};
use spatial::{CollectionId, Feature, FeatureId, Revision, Timestamp, Value, gpb};

use super::catalogue::{self, Table};
use super::keys::Keys;
use crate::fit::is_erasable;
use crate::{StoreError, Version};

const FORMAT: u8 = 1;
/// Tag of a sealed value.
const SEALED: u8 = 7;
/// What stands for the properties of a state that was let go.
pub(crate) const DROPPED: &[u8] = &[2];

/// Who ends a state, why and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) revision: Revision,
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) recorded_at: Timestamp,
    /// What seals values that may be erased later.
    pub(crate) keys: &'a Keys,
}

/// A value as a past state holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held {
    Clear(Value),
    Sealed(Vec<u8>),
}

/// The properties of a past state: names of its fields and their values, in order.
pub(crate) type Properties = Vec<(String, Held)>;

/// Keeps the state that `feature` had until now; nothing when no revision ever showed it.
/// Answers the revision at which that state began.
pub(crate) fn keep(
    db: &Connection,
    table: &Table,
    feature: &Feature,
    origin: Origin<'_>,
) -> Result<Revision, StoreError> {
    let Some(id) = feature.id else { return Ok(origin.revision) };
    let from = since(db, &table.columns.table, id)?;
    if from >= origin.revision {
        return Ok(from);
    }
    let geometry = feature.geometry.as_ref().map(|g| gpb::encode(g, table.srs_id));
    let properties = encode_sealed(db, table, feature, id, origin)?;
    db.prepare_cached(
        "INSERT INTO tuban_history (collection, fid, from_revision, until_revision, actor, reason,
         recorded_at, properties, geometry) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        table.columns.table,
        id.value(),
        from.0,
        origin.revision.0,
        origin.actor,
        origin.reason,
        origin.recorded_at.0,
        properties,
        geometry
    ])?;
    Ok(from)
}

/// The revision at which the present state of a feature began: the end of the state before it,
/// or the arrival of the feature, which may come again after it was gone, or its return.
fn since(db: &Connection, collection: &str, id: FeatureId) -> Result<Revision, StoreError> {
    let ended = db
        .prepare_cached(
            "SELECT max(until_revision) FROM tuban_history WHERE collection = ?1 AND fid = ?2",
        )?
        .query_row((collection, id.value()), |row| row.get::<_, Option<u64>>(0))?;
    // The newest row that names the id or a range that holds it. Rows of single ids within a range
    // are few: ids that another program gave again.
    let came = db
        .prepare_cached(
            "SELECT revision FROM tuban_change_log INDEXED BY tuban_change_log_arrival
             WHERE operation IN ('insert', 'load') AND collection = ?1 AND fid <= ?2
             AND (fid = ?2 OR last_fid >= ?2) ORDER BY fid DESC, seq DESC LIMIT 1",
        )?
        .query_row((collection, id.value()), |row| row.get(0))
        .optional()?;
    if ended.is_none() {
        return Ok(Revision(came.unwrap_or(0)));
    }
    // A feature that was removed may have been brought back.
    let back = db
        .prepare_cached(
            "SELECT max(revision) FROM tuban_change_log INDEXED BY tuban_change_log_revival
             WHERE operation = 'revive' AND collection = ?1 AND fid = ?2",
        )?
        .query_row((collection, id.value()), |row| row.get::<_, Option<u64>>(0))?;
    Ok(Revision(ended.max(came).max(back).unwrap_or(0)))
}

/// The properties of `feature`, those that may be erased later sealed.
fn encode_sealed(
    db: &Connection,
    table: &Table,
    feature: &Feature,
    id: FeatureId,
    origin: Origin<'_>,
) -> Result<Vec<u8>, StoreError> {
    let mut key = None;
    let mut out = vec![FORMAT];
    for (field, value) in table.collection.fields.iter().zip(&feature.properties) {
        if *value == Value::Null || !is_erasable(field.class) {
            push_name(&mut out, &field.name);
            push_value(&mut out, value);
            continue;
        }
        let key = match &mut key {
            Some(key) => key,
            none => none.insert(origin.keys.to_seal(db, &table.columns.table, id)?),
        };
        push_name(&mut out, &field.name);
        let mut plain = Vec::new();
        push_value(&mut plain, value);
        push_sealed(&mut out, &key.seal(&field.name, origin.revision, &plain)?);
    }
    Ok(out)
}

/// Past states of one feature, oldest first.
pub(crate) fn read(
    db: &Connection,
    keys: &Keys,
    collection: &CollectionId,
    id: FeatureId,
) -> Result<Vec<Version>, StoreError> {
    let damaged = |reason: &dyn ToString| {
        StoreError::damaged(format!("history of feature {id} of {collection}"), reason.to_string())
    };
    // A load may have brought another CRS since; a removed collection has none.
    let srs_id = catalogue::read(db, collection).map(|table| table.srs_id).ok();
    let mut statement = db.prepare_cached(
        "SELECT from_revision, until_revision, actor, reason, recorded_at, properties, geometry
         FROM tuban_history WHERE collection = ?1 AND fid = ?2 ORDER BY until_revision",
    )?;
    let mut rows = statement.query((collection.as_str(), id.value()))?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        let until = Revision(row.get(1)?);
        let properties = row.get_ref(5)?.as_blob().map_err(|e| damaged(&e))?;
        if is_dropped(properties) {
            continue;
        }
        let properties = decode(properties).ok_or_else(|| damaged(&"properties"))?;
        let (fields, properties) = open(db, keys, (collection.as_str(), id, until), properties)?;
        let geometry = match row.get_ref(6)?.as_blob_or_null().map_err(|e| damaged(&e))? {
            Some(bytes) => {
                let (header, decoded) = gpb::decode(bytes).map_err(|e| damaged(&e))?;
                Some(decoded.geometry).filter(|_| srs_id.is_none_or(|now| now == header.srs_id))
            }
            None => None,
        };
        versions.push(Version {
            from: Revision(row.get(0)?),
            until,
            actor: row.get(2)?,
            reason: row.get(3)?,
            recorded_at: Timestamp(row.get(4)?),
            fields,
            feature: Feature { id: Some(id), geometry, properties },
        });
    }
    Ok(versions)
}

/// Which past state: collection, feature and the revision that ended it.
pub(crate) type Place<'a> = (&'a str, FeatureId, Revision);

/// The names and values of a past state; null for what was erased.
pub(crate) fn open(
    db: &Connection,
    keys: &Keys,
    (collection, id, until): Place<'_>,
    properties: Properties,
) -> Result<(Vec<String>, Vec<Value>), StoreError> {
    let is_sealed = properties.iter().any(|(_, value)| matches!(value, Held::Sealed(_)));
    let key = if is_sealed { keys.to_open(db, collection, id)? } else { None };
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for (field, value) in properties {
        values.push(match (value, &key) {
            (Held::Clear(value), _) => value,
            (Held::Sealed(_), None) => Value::Null,
            (Held::Sealed(sealed), Some(key)) => {
                let plain = key.open(&field, until, &sealed);
                let value = plain.and_then(|plain| take_value(&mut plain.as_slice()));
                value.ok_or_else(|| {
                    let place = format!("history of feature {id} of {collection}, {field}");
                    StoreError::damaged(place, "its data key does not open it")
                })?
            }
        });
        fields.push(field);
    }
    Ok((fields, values))
}

/// Seals what past states of a collection hold in the clear of the fields `names`.
pub(crate) fn seal(
    db: &Connection,
    keys: &Keys,
    collection: &str,
    names: &[&str],
) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    rewrite(db, (collection, None), |id, until, mut properties| {
        let mut key = None;
        for (field, value) in &mut properties {
            let Held::Clear(plain) = &*value else { continue };
            if *plain == Value::Null || !names.contains(&field.as_str()) {
                continue;
            }
            let key = match &mut key {
                Some(key) => key,
                none => none.insert(keys.to_seal(db, collection, id)?),
            };
            let mut bytes = Vec::new();
            push_value(&mut bytes, plain);
            *value = Held::Sealed(key.seal(field, until, &bytes)?);
        }
        Ok(properties)
    })
}

/// Puts other properties into the past states of a collection, or of one feature of it.
pub(crate) fn rewrite(
    db: &Connection,
    (collection, feature): (&str, Option<FeatureId>),
    mut change: impl FnMut(FeatureId, Revision, Properties) -> Result<Properties, StoreError>,
) -> Result<(), StoreError> {
    let damaged = |reason: &dyn ToString| {
        StoreError::damaged(format!("history of {collection}"), reason.to_string())
    };
    let condition = if feature.is_some() { "AND fid = ?3" } else { "AND ?3 ISNULL" };
    let sql = format!(
        "SELECT seq, fid, until_revision, properties FROM tuban_history
         WHERE collection = ?1 AND seq > ?2 {condition} ORDER BY seq LIMIT 1"
    );
    let mut next = db.prepare(&sql)?;
    let mut put = db.prepare("UPDATE tuban_history SET properties = ?2 WHERE seq = ?1")?;
    let mut after = 0_i64;
    loop {
        let row = next
            .query_row((collection, after, feature.map(FeatureId::value)), |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?))
            })
            .optional()?;
        let Some((seq, id, until, bytes)) = row else { return Ok(()) };
        after = seq;
        if is_dropped(&bytes) {
            continue;
        }
        let id = FeatureId::try_from(id).map_err(|e| damaged(&e))?;
        let properties = decode(&bytes).ok_or_else(|| damaged(&"properties"))?;
        let changed = change(id, Revision(until), properties.clone())?;
        if changed != properties {
            put.execute((seq, encode(&changed)))?;
        }
    }
}

/// Whether a row stands only for when its state ended: the state itself was let go.
pub(crate) fn is_dropped(properties: &[u8]) -> bool {
    properties == DROPPED
}

fn encode(properties: &Properties) -> Vec<u8> {
    let mut out = vec![FORMAT];
    for (field, value) in properties {
        push_name(&mut out, field);
        match value {
            Held::Clear(value) => push_value(&mut out, value),
            Held::Sealed(bytes) => push_sealed(&mut out, bytes),
        }
    }
    out
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    // A column name is far below 64 kB: SQLite's limit on statements sees to it.
    let name = &name.as_bytes()[..name.len().min(usize::from(u16::MAX))];
    out.extend_from_slice(&(name.len() as u16).to_le_bytes());
    out.extend_from_slice(name);
}

pub(crate) fn decode(bytes: &[u8]) -> Option<Properties> {
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let mut properties = Vec::new();
    while !rest.is_empty() {
        let count = usize::from(u16::from_le_bytes(take_array(&mut rest)?));
        let name = String::from_utf8(take(&mut rest, count)?.to_vec()).ok()?;
        properties.push((name, take_held(&mut rest)?));
    }
    Some(properties)
}

/// SQLite holds no value of 2 GB, so that the length fits.
fn push_sealed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(SEALED);
    push_counted(out, bytes);
}

/// A value, or one that is sealed.
fn take_held(rest: &mut &[u8]) -> Option<Held> {
    if rest.first() == Some(&SEALED) {
        take_array::<1>(rest)?;
        return take_counted(rest).map(Held::Sealed);
    }
    take_value(rest).map(Held::Clear)
}
