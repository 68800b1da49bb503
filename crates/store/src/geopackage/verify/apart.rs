//! Rows that no revision shows, so that change log and history say nothing of them: what other
//! programs wrote and is not taken in yet (`tuban_foreign`), and what is kept out for a flaw
//! (`tuban_kept_out`). Stores that have no such tables have no such rows.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use crate::StoreError;

/// The rows of one collection that no revision shows.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Their ids.
    pub(super) ids: BTreeSet<i64>,
    /// Whether something is not taken in yet: counts and extents are those of before then.
    pub(super) pending: bool,
    /// Whether the whole collection is kept out.
    pub(super) whole: bool,
}

/// Reads which rows of `collection` stand apart.
pub(super) fn read(db: &Connection, collection: &str) -> Result<Apart, StoreError> {
    let mut apart = Apart::default();
    for (table, pending) in [("tuban_foreign", true), ("tuban_kept_out", false)] {
        let exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        if db.query_row(exists, [table], |_| Ok(())).optional()?.is_none() {
            continue;
        }
        let mut ids = db.prepare(&format!("SELECT fid FROM {table} WHERE collection = ?1"))?;
        let mut rows = ids.query([collection])?;
        while let Some(row) = rows.next()? {
            match row.get(0)? {
                Some(fid) => apart.ids.insert(fid),
                None => std::mem::replace(&mut apart.whole, true),
            };
            apart.pending |= pending;
        }
    }
    Ok(apart)
}
