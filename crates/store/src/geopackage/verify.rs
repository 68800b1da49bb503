//! Checks a store: whether SQLite can rely on the file, indexes say what the tables say, and the
//! change log and the history lead to the state that is there, and the bytes of evidence are whole.
//!
//! Everything but SQLite's own check of the file is read in one transaction, so that a store may be
//! written meanwhile. Memory does not grow with features, change log or history; of the log only
//! the bulk loads of one collection are held, some 40 bytes each.

mod accounts;
mod apart;
mod cursor;
mod features;
mod life;
mod pages;
mod record;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use spatial::{CollectionId, Revision};

use super::connection::open_reader;
use super::{GeoPackageStore, audit, catalogue, personal, scan};
use crate::audit::AuditFault;
use crate::{StoreError, evidence};
use record::Record;

/// Something that contradicts itself, or something else, inside a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The table, or `file` where none can be named.
    pub table: String,
    /// The feature, where one can be named.
    pub fid: Option<i64>,
    /// What is wrong; never a property's value, which may be personal.
    pub reason: String,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The state that was checked.
    pub revision: Revision,
    /// Collections read.
    pub collections: u64,
    /// Features read.
    pub features: u64,
    /// Rows of the change log read.
    pub log_rows: u64,
    /// Past states read.
    pub history_rows: u64,
    /// Files of evidence read.
    pub evidence: u64,
    /// Defects told.
    pub defects: u64,
}

impl GeoPackageStore {
    /// Checks the whole store; `found` is told each defect as it is found. A sound store has none.
    /// An error means that the check itself could not go on.
    pub async fn verify(
        &self,
        found: impl FnMut(Defect) + Send + 'static,
    ) -> Result<Verification, StoreError> {
        let path = self.path.clone();
        let task = move || {
            let report = Report(Mutex::new(Told { defects: 0, found: Box::new(found) }));
            verify(&path, &report).map_err(|error| error.during("checking", &path))
        };
        let closed = |_ended| StoreError::Closed { path: self.path.clone() };
        tokio::task::spawn_blocking(task).await.map_err(closed)?
    }
}

/// Where defects go.
struct Report(Mutex<Told>);

struct Told {
    defects: u64,
    found: Box<dyn FnMut(Defect) + Send>,
}

impl Report {
    fn tell(&self, table: impl Into<String>, fid: Option<i64>, reason: impl ToString) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.defects += 1;
        (told.found)(Defect { table: table.into(), fid, reason: reason.to_string() });
    }

    /// A failure to read as a defect of what was read.
    fn unreadable(&self, table: &str, error: &StoreError) {
        let reason = match error {
            StoreError::Damaged { place, reason, .. } => format!("{place}: {reason}"),
            StoreError::Sqlite { source, .. } => format!("cannot be read: {source}"),
            other => other.to_string(),
        };
        self.tell(table, None, reason);
    }
}

fn verify(path: &Path, report: &Report) -> Result<Verification, StoreError> {
    // Listed before the rows are read: a row comes after its file.
    let files = evidence::Found::beside(path)?;
    let db = open_reader(path)?;
    db.execute_batch("BEGIN")?;
    let pages = open_reader(path)?;
    let mut done = thread::scope(|scope| {
        // The longest single check, and one that needs no common state.
        let reading = thread::Builder::new()
            .name("store-pages".to_owned())
            .spawn_scoped(scope, move || pages::check(&pages, report))
            .map_err(|source| StoreError::Io {
                operation: "starting a check of",
                path: path.to_owned(),
                source,
            })?;
        let done = check_contents(&db, report).and_then(|mut done| {
            let mut tell = |of, fid, reason: String| report.tell(of, fid, reason);
            done.evidence = evidence::check(&db, path, files, &mut tell)?;
            Ok(done)
        });
        if reading.join().is_err() {
            report.tell("file", None, "SQLite's own check ended by a panic");
        }
        done
    })?;
    done.defects = report.0.lock().unwrap_or_else(PoisonError::into_inner).defects;
    Ok(done)
}

/// Every collection, beside what the change log and the history say of it.
fn check_contents(db: &Connection, report: &Report) -> Result<Verification, StoreError> {
    let revision = Revision(scan::revision(db)?);
    let mut done = Verification { revision, ..Verification::default() };
    let mut names = db.prepare("SELECT collection FROM tuban_collections ORDER BY collection")?;
    let names: Vec<String> =
        names.query_map([], |row| row.get(0))?.collect::<Result<_, rusqlite::Error>>()?;
    let (mut events, mut states) = (db.prepare(cursor::EVENTS)?, db.prepare(cursor::STATES)?);
    let mut record = Record::new(db, report, revision, (events.query([])?, states.query([])?))?;
    for name in &names {
        let apart = apart::read(db, name)?;
        if apart.whole {
            record.pass_over(name)?;
            continue;
        }
        let table = CollectionId::try_from(name.as_str())
            .map_err(|error| StoreError::damaged(format!("collection {name}"), error))
            .and_then(|id| catalogue::read(db, &id));
        let table = match table {
            Ok(table) => table,
            Err(error) => {
                let reason = match error {
                    StoreError::UnknownCollection { .. } => {
                        "tuban_shown does not name it".to_owned()
                    }
                    other => format!("its description cannot be read: {other}"),
                };
                report.tell(name, None, reason);
                record.pass_over(name)?;
                continue;
            }
        };
        done.collections += 1;
        record.begin(name, apart)?;
        match features::check(db, &table, &mut record, report) {
            Ok(count) => {
                record.finish();
                done.features += count;
            }
            Err(error) => {
                report.unreadable(name, &error);
                record.pass_over(name)?;
            }
        }
    }
    record.finish_all()?;
    accounts::check(db, report);
    check_audit(db, report);
    check_personal(db, report);
    (done.log_rows, done.history_rows) = record.rows();
    Ok(done)
}

/// Whether personal values and the keys that they are sealed under belong together.
fn check_personal(db: &Connection, report: &Report) {
    const TABLE: &str = "tuban_personal";
    let mut tell = |fid, what: String| report.tell(TABLE, Some(fid), what);
    if let Err(error) = personal::check_keys(db, &mut tell) {
        report.unreadable(TABLE, &error);
    }
}

/// Whether the audit log is a whole chain, and its heads hold.
fn check_audit(db: &Connection, report: &Report) {
    const TABLE: &str = "tuban_audit";
    let mut tell = |fault: AuditFault| {
        let fid = fault.seq.and_then(|seq| i64::try_from(seq).ok());
        report.tell(TABLE, fid, fault.reason);
    };
    if let Err(error) = audit::check(db, None, &mut tell) {
        report.unreadable(TABLE, &error);
    }
}
