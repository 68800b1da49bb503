//! The check of the folder against the rows that name its files.
//!
//! The files are listed before the rows are read, so that whatever a server takes meanwhile is
//! found; a file without a row is looked for once more after a while, since a server writes the file
//! first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::{COLLECTION, EvidenceFolder, NAMED};
use super::{files, folders, is_name, is_part, sha256, shown};
use crate::StoreError;
use crate::geopackage::open_reader;

/// How long a row may come after its file.
const ROW_FOLLOWS: Duration = Duration::from_secs(2);

/// The files that were there.
pub(crate) struct Found {
    /// By the hash that is their name.
    named: BTreeSet<String>,
    /// Names that are none.
    strange: Vec<String>,
}

impl Found {
    /// Those beside the store at `store`.
    pub(crate) fn beside(store: &Path) -> Result<Self, StoreError> {
        let folder = EvidenceFolder::beside(store);
        let mut found = Self { named: BTreeSet::new(), strange: Vec::new() };
        let io = |error| folder.io("reading", error);
        let mut see = |path: &Path, above: &str| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let whole = format!("{above}{name}");
            match is_name(&whole) && above.len() == 2 {
                true => {
                    found.named.insert(whole);
                }
                false if above.is_empty() => found.strange.push(name),
                false => found.strange.push(format!("{above}/{name}")),
            }
        };
        for path in files(folder.root()).map_err(io)? {
            see(&path, "");
        }
        for below in folders(folder.root()).map_err(io)? {
            let above = below.file_name().unwrap_or_default().to_string_lossy().into_owned();
            for path in files(&below).map_err(io)? {
                see(&path, &above);
            }
        }
        Ok(found)
    }
}

/// Tells what is wrong with the files that the rows of `db` name, and with those that none names;
/// answers how many files were read. A defect is of a row, or of the folder.
pub(crate) fn check(
    db: &Connection,
    store: &Path,
    found: Found,
    tell: &mut dyn FnMut(&'static str, Option<i64>, String),
) -> Result<u64, StoreError> {
    let folder = EvidenceFolder::beside(store);
    let rows = rows(db)?;
    let mut read = 0;
    for (hash, Row { of, column, fid, length }) in &rows {
        let mut tell = |fid, what| tell(of, fid, what);
        let name = shown(hash);
        let Some(path) = folder.path(hash) else {
            tell(Some(*fid), format!("{column} is no hash that could name a file"));
            continue;
        };
        match fs::read(&path) {
            Ok(bytes) if sha256(&bytes) != *hash => {
                let what = format!(
                    "the file {name} is damaged: its bytes do not have the hash that is its name; \
                     put it back from a backup"
                );
                tell(Some(*fid), what);
            }
            Ok(bytes) if length.is_some_and(|said| i64::try_from(bytes.len()).ok() != said) => {
                let what =
                    format!("the file {name} has {} bytes, the row says otherwise", bytes.len());
                tell(Some(*fid), what);
            }
            Ok(_) => read += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tell(Some(*fid), format!("the file {name} is lost; put it back from a backup"));
            }
            Err(error) => tell(Some(*fid), format!("the file {name} cannot be read: {error}")),
        }
    }
    let is_unlisted = |hash: &&String| !rows.contains_key(*hash);
    let mut unlisted: Vec<&String> = found.named.iter().filter(is_unlisted).collect();
    if !unlisted.is_empty() || !found.strange.is_empty() {
        std::thread::sleep(ROW_FOLLOWS);
        let later = self::rows(&open_reader(store)?)?;
        unlisted.retain(|hash| !later.contains_key(*hash));
    }
    for hash in unlisted {
        let what = format!(
            "no row names the file {}: an upload that was broken off, or whose row was taken back; \
             sent again it gets its row, and removed it is missed by nobody",
            shown(hash)
        );
        tell(COLLECTION, None, what);
    }
    for name in &found.strange {
        let path = folder.root().join(name);
        if !path.exists() {
            continue;
        }
        let what = match is_part(&path) {
            true => format!(
                "the file {name} is half-written: an upload that was broken off; it is removed when \
                 the store is next opened for writing"
            ),
            false => format!("the file {name} is none of the store's; remove it"),
        };
        tell(COLLECTION, None, what);
    }
    Ok(read)
}

/// A row that names a file.
struct Row {
    /// Its collection.
    of: &'static str,
    /// The column with the name.
    column: &'static str,
    fid: i64,
    /// The length that it says, where its collection does.
    length: Option<Option<i64>>,
}

/// The smallest row that names each file, those of evidence first.
fn rows(db: &Connection) -> Result<BTreeMap<String, Row>, StoreError> {
    let mut rows = BTreeMap::new();
    for (of, column, length) in NAMED.into_iter().rev() {
        let has = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2";
        let mut is_there = true;
        for column in [Some(column), length].into_iter().flatten() {
            is_there &= db.query_row(has, [of, column], |_| Ok(())).optional()?.is_some();
        }
        if !is_there {
            continue;
        }
        let sql = format!(
            "SELECT {column}, fid, {} FROM {of} WHERE typeof({column}) = 'text' ORDER BY fid DESC",
            length.unwrap_or("NULL")
        );
        let mut statement = db.prepare(&sql)?;
        let found = statement.query_map([], |row| {
            let said = row.get::<_, Option<i64>>(2).unwrap_or(None);
            let length = length.map(|_| said);
            Ok((row.get(0)?, Row { of, column, fid: row.get(1)?, length }))
        })?;
        for one in found {
            let (hash, row) = one?;
            rows.insert(hash, row);
        }
    }
    Ok(rows)
}
