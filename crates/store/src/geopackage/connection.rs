//! Opens SQLite the way a GeoPackage store needs it.

use std::path::Path;
use std::time::Duration;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use spatial::{Envelope, gpb};

use crate::StoreError;

/// How long a statement waits for another program, such as QGIS while it saves an edit.
pub(crate) const BUSY: Duration = Duration::from_secs(20);
/// Bytes of the header that every SQLite file begins with.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Opens for writing: write-ahead log, durable at each commit, the R-tree triggers' functions.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    // The log is folded in rarely, since each time costs flushes of its own. Foreign keys are off because tables are renamed and filled in an order of our own; a large
    // cache because a bulk load dirties the inner pages of several trees.
    db.execute_batch(
        "PRAGMA foreign_keys = OFF;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -65536;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 8192;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    add_functions(&db)?;
    Ok(db)
}

/// Opens for reading. A store that nobody has open and whose folder cannot be written is read
/// as a file that does not change.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY)?;
        db.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))?;
        Ok::<_, rusqlite::Error>(db)
    };
    let db = match open() {
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen)
                && path.exists()
                && !with_suffix(path, "-wal").exists() =>
        {
            open_unchanging(path)?
        }
        other => other?,
    };
    stand_in_for_format_2(&db)?;
    // Pages read straight from the page cache of the operating system.
    db.execute_batch("PRAGMA mmap_size = 17179869184; PRAGMA query_only = ON;")?;
    Ok(db)
}

/// Opens a file that nobody changes for reading: without locks, and without files beside it.
pub(crate) fn open_unchanging(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{}?immutable=1", escape_uri(path));
    let db = Connection::open_with_flags(uri, flags)?;
    db.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))?;
    Ok(db)
}

/// A file that an earlier version wrote is read as it is: what its format lacks stands in the
/// connection.
fn stand_in_for_format_2(db: &Connection) -> rusqlite::Result<()> {
    let is_older = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'tuban_collections')
                    AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'tuban_shown')";
    match db.query_row(is_older, [], |row| row.get(0))? {
        true => db.execute_batch(super::schema::AS_FORMAT_2),
        false => Ok(()),
    }
}

/// Whether the file begins like a SQLite database; an error when it cannot be read.
pub(crate) fn is_sqlite(path: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut head = Vec::with_capacity(16);
    std::fs::File::open(path)?.take(16).read_to_end(&mut head)?;
    Ok(head == SQLITE_MAGIC)
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn escape_uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

/// The functions that the triggers of the R-tree extension call.
fn add_functions(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    type Border = fn(&Envelope) -> f64;
    let borders: [(&str, Border); 4] = [
        ("ST_MinX", |e| e.min_x),
        ("ST_MaxX", |e| e.max_x),
        ("ST_MinY", |e| e.min_y),
        ("ST_MaxY", |e| e.max_y),
    ];
    for (name, border) in borders {
        db.create_scalar_function(name, 1, flags, move |context| {
            Ok(argument_envelope(context).filter(|e| !e.is_empty()).map(|e| border(&e)))
        })?;
    }
    db.create_scalar_function("ST_IsEmpty", 1, flags, |context| {
        Ok(argument_envelope(context).map(|e| e.is_empty()))
    })
}

/// Envelope of a GeoPackage geometry; none for anything else, which SQL sees as null.
fn argument_envelope(context: &Context<'_>) -> Option<Envelope> {
    match context.get_raw(0) {
        ValueRef::Blob(bytes) => gpb::read_envelope(bytes).ok(),
        _ => None,
    }
}
