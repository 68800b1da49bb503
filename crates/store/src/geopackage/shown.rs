//! Count and extent of each collection as this program shows it.
//!
//! Other programs keep their own numbers of a table, with rows that are kept out here and with
//! changes that no revision shows yet.

use rusqlite::Connection;
use spatial::Envelope;

use super::catalogue::{envelope_columns, read_envelope};
use crate::StoreError;

/// A collection that has no feature yet.
pub(crate) fn create(db: &Connection, collection: &str) -> Result<(), StoreError> {
    db.execute("INSERT INTO tuban_shown VALUES (?1, 0, NULL, NULL, NULL, NULL)", [collection])?;
    Ok(())
}

/// Extent by the features shown; empty when there is none.
pub(crate) fn extent(db: &Connection, collection: &str) -> Result<Envelope, StoreError> {
    let sql = "SELECT min_x, min_y, max_x, max_y FROM tuban_shown WHERE collection = ?1";
    let borders = db
        .prepare_cached(sql)?
        .query_row([collection], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
    Ok(read_envelope(borders).unwrap_or(Envelope::EMPTY))
}

/// Writes both as they are known.
pub(crate) fn set(
    db: &Connection,
    collection: &str,
    extent: Envelope,
    count: u64,
) -> Result<(), StoreError> {
    let [min_x, min_y, max_x, max_y] = envelope_columns(Some(extent));
    db.prepare_cached(
        "UPDATE tuban_shown SET feature_count = ?2, min_x = ?3, min_y = ?4, max_x = ?5, max_y = ?6
         WHERE collection = ?1",
    )?
    .execute((collection, count, min_x, min_y, max_x, max_y))?;
    Ok(())
}

/// Writes the extent, and `more` features than before.
pub(crate) fn grow(
    db: &Connection,
    collection: &str,
    extent: Envelope,
    more: i64,
) -> Result<(), StoreError> {
    let [min_x, min_y, max_x, max_y] = envelope_columns(Some(extent));
    db.prepare_cached(
        "UPDATE tuban_shown SET feature_count = max(0, feature_count + ?2),
         min_x = ?3, min_y = ?4, max_x = ?5, max_y = ?6 WHERE collection = ?1",
    )?
    .execute((collection, more, min_x, min_y, max_x, max_y))?;
    Ok(())
}
