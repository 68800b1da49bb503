//! Makes and opens stores, and says what a file is when it is none.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use spatial::{Crs, Revision};

use super::connection::{is_sqlite, open_reader, open_writer, with_suffix};
use super::keys::Keys;
use super::lock::{WriterLock, check_file_system};
use super::schema::{COUNT_ADDED, FORMAT, add, create_all, upgrade_from_1};
use super::watch::Watch;
use super::writer::WriterHandle;
use super::{GeoPackageStore, Readers, accounts, audit, catalogue, fences, notes, personal, srs};
use crate::{EvidenceFolder, StoreError};

impl GeoPackageStore {
    /// Makes an empty store; refused when the file exists.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        check_file_system(path)?;
        let lock = WriterLock::take(path)?;
        if path.exists() {
            let source = ErrorKind::AlreadyExists.into();
            return Err(StoreError::Io { operation: "creating", path: path.to_owned(), source });
        }
        let made = open_writer(path).and_then(|db| {
            db.execute_batch(&format!("BEGIN IMMEDIATE; {}", create_all()))?;
            // The standard wants its row in every file.
            srs::ensure(&db, &Crs::WGS84)?;
            db.execute_batch("COMMIT")?;
            // Other programs read the application id from the file itself, not from the log.
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_busy| Ok(()))?;
            Ok(db)
        });
        match made {
            Ok(db) => Self::finish(path, Some((db, lock))),
            Err(error) => {
                // Half a store would be taken for a damaged one next time.
                let _ = fs::remove_file(path);
                Err(error.during("creating", path))
            }
        }
    }

    /// Opens a store for reading and writing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        check_file_system(path)?;
        check_file(path)?;
        let lock = WriterLock::take(path)?;
        // Read first: a file that is no store is left as it is, journal mode and all.
        open_reader(path).and_then(|db| check_store(&db, path)).map_err(|e| explain(e, path))?;
        let db = open_writer(path).map_err(|error| explain(error, path))?;
        add_missing(&db).map_err(|error| explain(error, path))?;
        upgrade(&db).map_err(|error| error.during("upgrading", path))?;
        Self::finish(path, Some((db, lock)))
    }

    /// Opens a store, or makes it where there is no file.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        if path.exists() { Self::open(path) } else { Self::create(path) }
    }

    /// Opens a store for reading, beside whoever writes to it.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        check_file(path)?;
        open_reader(path).and_then(|db| check_store(&db, path)).map_err(|e| explain(e, path))?;
        Self::finish(path, None)
    }

    fn finish(path: &Path, writer: Option<(Connection, WriterLock)>) -> Result<Self, StoreError> {
        let evidence = EvidenceFolder::beside(path);
        if let Some((db, _lock)) = &writer {
            fences::create_tables(db)
                .and_then(|()| accounts::create_tables(db))
                .and_then(|()| audit::create_tables(db))
                .and_then(|()| personal::create_tables(db))
                .map_err(|error| error.during("opening", path))?;
            evidence.sweep()?;
        }
        let readers = Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        let db = readers.take()?;
        let meta = |name: &str| format!("SELECT value FROM tuban_meta WHERE name = '{name}'");
        let read = || {
            let revision = db.query_row(&meta("revision"), [], |row| row.get(0))?;
            let fingerprint = db.query_row(&meta("fingerprint"), [], |row| row.get(0))?;
            Ok::<(u64, String), rusqlite::Error>((revision, fingerprint))
        };
        let (revision, fingerprint) =
            read().map_err(|e| StoreError::from(e).during("opening", path))?;
        readers.give_back(db);
        let keys = Arc::new(Keys::beside(path));
        let writer = match writer {
            Some((db, lock)) => {
                let keys = Arc::clone(&keys);
                Some(WriterHandle::start(path, db, lock, Revision(revision), keys)?)
            }
            None => None,
        };
        Ok(Self {
            path: path.to_owned(),
            fingerprint,
            readers: Arc::new(readers),
            evidence,
            keys,
            writer,
            watch: Arc::new(Watch::new(path)),
        })
    }
}

/// Makes the tables and indexes that the store lacks because it is older.
fn add_missing(db: &Connection) -> Result<(), StoreError> {
    let there: i64 = db.query_row(COUNT_ADDED, [], |row| row.get(0))?;
    if there < 3 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {} COMMIT;", add()))?;
    }
    Ok(())
}

/// Brings a store of an earlier format up to this one, in one transaction.
fn upgrade(db: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT value FROM tuban_meta WHERE name = 'format'";
    let found: i64 = db.query_row(sql, [], |row| row.get(0))?;
    if found >= FORMAT {
        return Ok(());
    }
    db.execute_batch("BEGIN IMMEDIATE")?;
    let done = db.execute_batch(&upgrade_from_1()).map_err(StoreError::from).and_then(|()| {
        for table in catalogue::read_all(db)? {
            let columns = &table.columns;
            db.execute_batch(&(columns.drop_triggers() + &columns.create_triggers()))?;
            notes::create_triggers(db, &table)?;
        }
        Ok(db.execute_batch("COMMIT")?)
    });
    if done.is_err() {
        let _ = db.execute_batch("ROLLBACK");
    }
    done
}

/// Refuses what is no SQLite file, or only the beginning of one.
fn check_file(path: &Path) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { operation: "opening", path: path.to_owned(), source };
    if !is_sqlite(path).map_err(io)? {
        let reason = "it is no SQLite file; name another file, or import this one into a store";
        return Err(StoreError::NotAStore { path: path.to_owned(), reason });
    }
    let mut head = [0; 32];
    let read = fs::File::open(path).and_then(|mut file| {
        std::io::Read::read_exact(&mut file, &mut head)?;
        file.metadata()
    });
    let have = read.map_err(io)?.len();
    // The write-ahead log may hold the rest.
    let log = fs::metadata(with_suffix(path, "-wal")).map_or(0, |log| log.len());
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        page => u64::from(page),
    };
    let pages = u64::from(u32::from_be_bytes([head[28], head[29], head[30], head[31]]));
    if log == 0 && have < pages * page {
        let reason =
            format!("it is cut off; restore it from a backup, {} bytes long", pages * page);
        return Err(StoreError::damaged(format!("byte {have}"), reason).during("opening", path));
    }
    Ok(())
}

/// Refuses an SQLite file that is no store, or one of a newer program.
fn check_store(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let has = |table: &str| {
        db.query_row("SELECT 1 FROM sqlite_schema WHERE name = ?1", [table], |_| Ok(())).optional()
    };
    if has("tuban_meta")?.is_none() {
        let reason = match has("gpkg_contents")? {
            Some(()) => "it is a GeoPackage of another program; import it into a store",
            None => "it is an SQLite file, but no GeoPackage",
        };
        return Err(StoreError::NotAStore { path: path.to_owned(), reason });
    }
    let sql = "SELECT value FROM tuban_meta WHERE name = 'format'";
    let found: i64 = db.query_row(sql, [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(StoreError::NewerFormat { path: path.to_owned(), found, known: FORMAT });
    }
    Ok(())
}

/// An SQLite failure while opening as what it means.
fn explain(error: StoreError, path: &Path) -> StoreError {
    match &error {
        StoreError::Sqlite { source, .. }
            if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) =>
        {
            let reason = "it is no SQLite file, or it is encrypted";
            StoreError::NotAStore { path: path.to_owned(), reason }
        }
        _ => error.during("opening", path),
    }
}
