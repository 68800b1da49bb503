//! Copies a store to another file while it is written: one state, whole or not at all.
//!
//! The pages are read inside one read transaction, so that the copy is the state of the moment at
//! which it began, the write-ahead log's share of it included, and a writer neither waits nor makes
//! the copy begin again. The copy grows beside its place under another name, is made durable, and
//! is then renamed. The bytes of evidence are copied before that, a file each; those that stand
//! beside an earlier backup already are not written again.

use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use spatial::Revision;
use tempfile::NamedTempFile;

use super::connection::{open_reader, open_unchanging, with_suffix};
use super::lock::{WriterLock, lock_path};
use super::{GeoPackageStore, scan};
use crate::{EvidenceCopy, EvidenceFolder, StoreError};

/// Pages copied between two words on progress.
const STEP: i32 = 2048;
/// How long to wait when the source cannot be read for the moment.
const PAUSE: Duration = Duration::from_millis(20);

/// What happens to a file that lies where a backup is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The backup is refused.
    Keep,
    /// The backup takes its place, unless it is another store, or one in use.
    Replace,
}

/// A backup that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupSummary {
    /// The state that was copied.
    pub revision: Revision,
    /// Length of the file.
    pub bytes: u64,
    /// What stands beside it of the bytes of evidence.
    pub evidence: EvidenceCopy,
}

impl GeoPackageStore {
    /// Copies the present state to `out`. `progress` hears the bytes copied and the bytes in all,
    /// and may break the copy off; then, and after any error, nothing lies at `out` that did not
    /// before.
    pub async fn back_up(
        &self,
        out: &Path,
        existing: Existing,
        progress: impl FnMut(u64, u64) -> ControlFlow<()> + Send + 'static,
    ) -> Result<BackupSummary, StoreError> {
        let (source, fingerprint) = (self.path.clone(), self.fingerprint.clone());
        let target = Target { path: out.to_owned(), fingerprint };
        let task = move || back_up(&source, &target, existing, progress);
        let closed = |_ended| StoreError::Closed { path: self.path.clone() };
        tokio::task::spawn_blocking(task).await.map_err(closed)?
    }
}

fn back_up(
    source: &Path,
    target: &Target,
    existing: Existing,
    mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<BackupSummary, StoreError> {
    // Held until the backup stands, so that nobody opens what is being replaced.
    let _lock = target.check(source, existing)?;
    let beside = target.temporary()?;
    let reading = |error: rusqlite::Error| StoreError::from(error).during("reading", source);
    let from = open_reader(source).map_err(|error| error.during("opening", source))?;
    from.execute_batch("BEGIN").map_err(reading)?;
    let revision = Revision(scan::revision(&from).map_err(reading)?);
    let total = copy(&from, source, beside.path(), target, &mut progress)?;
    // After the rows: what they name is there by now, and stays.
    let evidence = EvidenceFolder::beside(source)
        .copy_beside(&target.path, &mut || progress(total, total))?
        .ok_or_else(|| StoreError::BackupStopped { path: target.path.clone() })?;
    target.place(beside, existing)?;
    let bytes = fs::metadata(&target.path).map_err(target.io("reading"))?.len();
    Ok(BackupSummary { revision, bytes, evidence })
}

/// Copies every page that `from` sees in its open transaction to the empty file `beside`; answers
/// how many bytes these are.
fn copy(
    from: &Connection,
    source: &Path,
    beside: &Path,
    target: &Target,
    progress: &mut impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<u64, StoreError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => StoreError::from(error).during("reading", source),
        _ => StoreError::from(error).during("writing the backup", &target.path),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut to = Connection::open_with_flags(beside, flags).map_err(failed)?;
    // Until it is renamed nobody relies on the copy, and it is made durable before.
    to.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(failed)?;
    let page: u64 = from.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(failed)?;
    let backup = Backup::new(from, &mut to).map_err(failed)?;
    let bytes = loop {
        let step = backup.step(STEP).map_err(failed)?;
        let counted = backup.progress();
        let [left, total] =
            [counted.remaining, counted.pagecount].map(|n| u64::try_from(n).unwrap_or(0) * page);
        if progress(total.saturating_sub(left), total).is_break() {
            return Err(StoreError::BackupStopped { path: target.path.clone() });
        }
        match step {
            StepResult::Done => break total,
            StepResult::More => {}
            _ => std::thread::sleep(PAUSE),
        }
    };
    drop(backup);
    to.close().map_err(|(_open, error)| failed(error))?;
    Ok(bytes)
}

/// The random id of the store that lies at `path`, if it is one; opened so that no log is left.
fn fingerprint(path: &Path) -> Option<String> {
    let db = open_unchanging(path).ok()?;
    let sql = "SELECT value FROM tuban_meta WHERE name = 'fingerprint'";
    db.query_row(sql, [], |row| row.get(0)).ok()
}

/// Where a backup is to stand.
struct Target {
    path: PathBuf,
    /// That of the store which is copied.
    fingerprint: String,
}

impl Target {
    /// Refuses a place that cannot take the backup; answers the lock of the store that lies there.
    fn check(&self, source: &Path, existing: Existing) -> Result<Option<WriterLock>, StoreError> {
        let refuse = |reason: String| Err(StoreError::Target { path: self.path.clone(), reason });
        let found = match fs::metadata(&self.path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(self.io("looking at")(error)),
        };
        let stored = fs::metadata(source).map_err(|source_error| StoreError::Io {
            operation: "looking at",
            path: source.to_owned(),
            source: source_error,
        })?;
        if found.as_ref().is_some_and(|f| (f.dev(), f.ino()) == (stored.dev(), stored.ino())) {
            return refuse("it is the store itself; choose another name".to_owned());
        }
        for ending in ["-wal", "-journal"] {
            // SQLite would take it for that of the backup and write it over the backup's pages.
            let log = with_suffix(&self.path, ending);
            if fs::metadata(&log).is_ok_and(|found| found.len() > 0) {
                return refuse(format!(
                    "{} is the log of a store that is open or was not closed; choose another name",
                    log.display()
                ));
            }
        }
        let Some(found) = found else { return Ok(None) };
        if found.is_dir() {
            return refuse("it is a folder; name a file in it".to_owned());
        }
        if existing == Existing::Keep {
            return refuse("the file exists already; say --force to replace it".to_owned());
        }
        let lock = match lock_path(&self.path).exists() {
            true => Some(WriterLock::take(&self.path)?),
            false => None,
        };
        match fingerprint(&self.path) {
            Some(other) if other != self.fingerprint => {
                let reason = "it is another store, and no backup of this one; choose another name";
                refuse(reason.to_owned())
            }
            _ => Ok(lock),
        }
    }

    /// An empty file beside the place, removed when dropped.
    fn temporary(&self) -> Result<NamedTempFile, StoreError> {
        let mut builder = tempfile::Builder::new();
        // What a newly created file gets; the process's mask still applies.
        builder.prefix(".tuban-").suffix(".part").permissions(Permissions::from_mode(0o666));
        builder.tempfile_in(self.folder()).map_err(self.io("creating"))
    }

    /// Makes `beside` durable and renames it.
    fn place(&self, beside: NamedTempFile, existing: Existing) -> Result<(), StoreError> {
        beside.as_file().sync_all().map_err(self.io("writing the backup"))?;
        let placed = match existing {
            Existing::Replace => beside.persist(&self.path),
            Existing::Keep => beside.persist_noclobber(&self.path),
        };
        placed.map_err(|error| self.io("placing the backup")(error.error))?;
        // The rename itself is durable once the folder is.
        File::open(self.folder())
            .and_then(|folder| folder.sync_all())
            .map_err(self.io("writing the folder of"))
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    fn io(&self, operation: &'static str) -> impl Fn(std::io::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |source| StoreError::Io { operation, path: path.clone(), source }
    }
}
