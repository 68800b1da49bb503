//! Notices that somebody wrote to the file, at the price of one number read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::connection::open_reader;
use crate::StoreError;

/// A connection that does nothing but watch: SQLite changes its `data_version` when another
/// connection has committed.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    seen: Mutex<Option<(Connection, i64)>>,
}

impl Watch {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: Mutex::new(None) }
    }

    /// Whether anybody, this program too, has committed since this was last asked; true at first.
    pub(crate) fn has_changed(&self) -> Result<bool, StoreError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let version = |db: &Connection| db.pragma_query_value(None, "data_version", |r| r.get(0));
        let Some((db, last)) = &mut *seen else {
            let db = open_reader(&self.path)?;
            let now = version(&db)?;
            *seen = Some((db, now));
            return Ok(true);
        };
        let now: i64 = version(db)?;
        Ok(std::mem::replace(last, now) != now)
    }

    /// Forgets what was seen: what changed could not be taken in.
    pub(crate) fn look_again(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = None;
    }
}
