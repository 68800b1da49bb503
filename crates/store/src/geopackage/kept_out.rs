//! The rows of the file that are no features of the store, because of a defect that another
//! program wrote into them, and the tables that are no collections.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};
use spatial::Timestamp;

use super::catalogue::Table;
use super::schema::{ident, literal};
use crate::{KeptOut, StoreError};

/// What is wrong with a row: where, as a JSON pointer into the feature, and what. Never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) place: String,
    pub(crate) reason: String,
}

/// Whether a row is kept out.
pub(crate) fn has(db: &Connection, table: &Table, fid: i64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM tuban_kept_out WHERE collection = ?1 AND fid = ?2";
    let found = db.prepare_cached(sql)?.query_row((&table.columns.table, fid), |_| Ok(()));
    Ok(found.optional()?.is_some())
}

/// Whether a whole table is kept out.
pub(crate) fn has_table(db: &Connection, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM tuban_kept_out WHERE collection = ?1 AND fid ISNULL";
    Ok(db.prepare_cached(sql)?.query_row([name], |_| Ok(())).optional()?.is_some())
}

/// The ids of the rows of a table that are kept out.
pub(crate) fn ids(db: &Connection, table: &Table) -> Result<HashSet<i64>, StoreError> {
    let sql = "SELECT fid FROM tuban_kept_out WHERE collection = ?1 AND fid NOTNULL";
    let mut statement = db.prepare_cached(sql)?;
    let ids = statement.query_map([&table.columns.table], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// An SQL condition that leaves rows of a table out that are kept out.
pub(crate) fn condition(table: &Table) -> String {
    let (name, fid) = (&table.columns.table, ident(&table.columns.fid));
    format!(
        "{fid} NOT IN (SELECT fid FROM tuban_kept_out WHERE collection = {} AND fid NOTNULL)",
        literal(name)
    )
}

/// Lists a row, or a whole table when there is no `fid`. What is listed already with the same
/// flaw keeps its moment; answers whether anything changed.
pub(crate) fn put(
    db: &Connection,
    collection: &str,
    fid: Option<i64>,
    flaw: &Flaw,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let same = "SELECT 1 FROM tuban_kept_out
                WHERE collection = ?1 AND fid IS ?2 AND place = ?3 AND reason = ?4";
    let known = db
        .prepare_cached(same)?
        .query_row((collection, fid, &flaw.place, &flaw.reason), |_| Ok(()))
        .optional()?;
    if known.is_some() {
        return Ok(false);
    }
    take(db, collection, fid)?;
    db.prepare_cached(
        "INSERT INTO tuban_kept_out (collection, fid, place, reason, since)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((collection, fid, &flaw.place, &flaw.reason, since.0))?;
    Ok(true)
}

/// Takes a row or a table off the list; answers whether it was on it.
pub(crate) fn take(
    db: &Connection,
    collection: &str,
    fid: Option<i64>,
) -> Result<bool, StoreError> {
    let sql = "DELETE FROM tuban_kept_out WHERE collection = ?1 AND fid IS ?2";
    Ok(db.prepare_cached(sql)?.execute((collection, fid))? > 0)
}

/// The list, of one table or of all, by table and id, tables before rows, at most `limit`.
pub(crate) fn read(
    db: &Connection,
    collection: Option<&str>,
    limit: usize,
) -> Result<Vec<KeptOut>, StoreError> {
    let sql = "SELECT collection, fid, place, reason, since FROM tuban_kept_out
               WHERE ?1 ISNULL OR collection = ?1 ORDER BY collection, fid LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map((collection, limit), |row| {
        Ok(KeptOut {
            collection: row.get(0)?,
            fid: row.get(1)?,
            place: row.get(2)?,
            reason: row.get(3)?,
            since: Timestamp(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
