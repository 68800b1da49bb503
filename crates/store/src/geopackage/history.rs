//! Past states: how a row of `tuban_history` holds the properties, and how rows get there.
//!
//! `properties` begins with the byte 1; then each field in order: length of its name (u16), its
//! name, a tag, and the value: 0 null, 1 false, 2 true, 3 integer (i64), 4 real (f64), 5 text and
//! 6 bytes (u32 length first). Numbers are little-endian.

use rusqlite::{Connection, OptionalExtension, params};
use spatial::{CollectionId, Feature, FeatureId, Revision, Timestamp, Value, gpb};

use super::catalogue::{self, Table};
use crate::{StoreError, Version};

const FORMAT: u8 = 1;

/// Who ends a state, why and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) revision: Revision,
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) recorded_at: Timestamp,
}

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
        encode(table, &feature.properties),
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

/// Past states of one feature, oldest first.
pub(crate) fn read(
    db: &Connection,
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
        let properties = row.get_ref(5)?.as_blob().map_err(|e| damaged(&e))?;
        let (fields, properties) = decode(properties).ok_or_else(|| damaged(&"properties"))?;
        let geometry = match row.get_ref(6)?.as_blob_or_null().map_err(|e| damaged(&e))? {
            Some(bytes) => {
                let (header, decoded) = gpb::decode(bytes).map_err(|e| damaged(&e))?;
                Some(decoded.geometry).filter(|_| srs_id.is_none_or(|now| now == header.srs_id))
            }
            None => None,
        };
        versions.push(Version {
            from: Revision(row.get(0)?),
            until: Revision(row.get(1)?),
            actor: row.get(2)?,
            reason: row.get(3)?,
            recorded_at: Timestamp(row.get(4)?),
            fields,
            feature: Feature { id: Some(id), geometry, properties },
        });
    }
    Ok(versions)
}

fn encode(table: &Table, properties: &[Value]) -> Vec<u8> {
    let mut out = vec![FORMAT];
    for (field, value) in table.collection.fields.iter().zip(properties) {
        // A column name is far below 64 kB: SQLite's limit on statements sees to it.
        let name = &field.name.as_bytes()[..field.name.len().min(usize::from(u16::MAX))];
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(name);
        match value {
            Value::Null => out.push(0),
            Value::Bool(truth) => out.push(1 + u8::from(*truth)),
            Value::Int(number) => {
                out.push(3);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Real(number) => {
                out.push(4);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Text(text) => push_bytes(&mut out, 5, text.as_bytes()),
            Value::Bytes(bytes) => push_bytes(&mut out, 6, bytes),
        }
    }
    out
}

/// SQLite holds no value of 2 GB, so that the length fits.
fn push_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Names and values of the fields; none when the bytes are no properties.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Vec<String>, Vec<Value>)> {
    fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
        let (head, tail) = rest.split_at_checked(count)?;
        *rest = tail;
        Some(head)
    }
    fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
        take(rest, N)?.try_into().ok()
    }
    fn counted(rest: &mut &[u8]) -> Option<Vec<u8>> {
        let count = u32::from_le_bytes(array(rest)?) as usize;
        Some(take(rest, count)?.to_vec())
    }
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let count = usize::from(u16::from_le_bytes(array(&mut rest)?));
        fields.push(String::from_utf8(take(&mut rest, count)?.to_vec()).ok()?);
        values.push(match array::<1>(&mut rest)? {
            [0] => Value::Null,
            [1] => Value::Bool(false),
            [2] => Value::Bool(true),
            [3] => Value::Int(i64::from_le_bytes(array(&mut rest)?)),
            [4] => Value::Real(f64::from_le_bytes(array(&mut rest)?)),
            [5] => Value::Text(String::from_utf8(counted(&mut rest)?).ok()?),
            [6] => Value::Bytes(counted(&mut rest)?),
            _ => return None,
        });
    }
    Some((fields, values))
}
