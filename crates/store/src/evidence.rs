//! The bytes of evidence: a folder beside the store, a file for each content, named by its SHA-256
//! as `ab/cdef…`.
//!
//! A file is written under another name, made durable, given its own, and its folder made durable:
//! it is there whole before any row names it, or not at all. No file is ever written over.
//!
//! *Invariant:* what [`EvidenceFolder::read`] gives has the hash that was asked for.

mod check;
mod copy;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use sm3::{Digest as _, Sm3};
use tempfile::NamedTempFile;

use crate::StoreError;

pub(crate) use check::Found;
pub(crate) use check::check;
pub use copy::EvidenceCopy;

/// The collection whose rows name files, in a column [`SHA256_COLUMN`] of text.
pub const COLLECTION: &str = "evidence";
/// Where a row has the name of its file.
pub const SHA256_COLUMN: &str = "sha256";
/// Where a row has the length of its file.
pub const BYTES_COLUMN: &str = "bytes";
/// The collections whose rows name files: where the name stands, and where the length, if it is said.
const NAMED: [(&str, &str, Option<&str>); 2] =
    [(COLLECTION, SHA256_COLUMN, Some(BYTES_COLUMN)), ("photos", "hash", None)];
/// Ending of a file that is being written.
const PART: &str = ".part";

/// Hashes of some bytes, in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// FIPS 180-4.
    pub sha256: String,
    /// GB/T 32905.
    pub sm3: String,
}

impl Digests {
    /// Both hashes of `bytes`; a tenth of a second for twenty megabytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: sha256(bytes), sm3: hex(&Sm3::digest(bytes)) }
    }
}

/// SHA-256 in lower-case hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether a text is a SHA-256 as files are named.
fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Why bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFault {
    /// There is no such file.
    #[error("the file {name} is lost: put it back from a backup")]
    Lost {
        /// Its name below the folder.
        name: String,
    },
    /// Its bytes are others than were written.
    #[error("the file {name} is damaged: put it back from a backup")]
    Damaged {
        /// Its name below the folder.
        name: String,
    },
    /// The file system failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The folder of one store. Clones name the same one.
#[derive(Clone, Debug)]
pub struct EvidenceFolder {
    root: PathBuf,
}

impl EvidenceFolder {
    /// That of the store at `store`: its name with `.evidence` behind it.
    pub fn beside(store: &Path) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push(".evidence");
        Self { root: name.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes `bytes`, whose SHA-256 is `sha256`, unless they are there; durable when it returns.
    /// Bytes that were damaged are replaced by what they were.
    ///
    /// # Errors
    /// When the file system fails; then nothing lies under the name that did not before.
    pub async fn put(&self, sha256: String, bytes: Arc<Vec<u8>>) -> Result<(), StoreError> {
        let folder = self.clone();
        let root = self.root.clone();
        let task = tokio::task::spawn_blocking(move || folder.put_now(&sha256, &bytes));
        task.await.map_err(|_ended| StoreError::Closed { path: root })?
    }

    /// The bytes whose SHA-256 is `sha256`, looked at anew.
    ///
    /// # Errors
    /// When they are lost or damaged.
    pub async fn read(&self, sha256: String) -> Result<Vec<u8>, EvidenceFault> {
        let folder = self.clone();
        let root = self.root.clone();
        let task = tokio::task::spawn_blocking(move || folder.read_now(&sha256));
        task.await.map_err(|_ended| StoreError::Closed { path: root })?
    }

    /// Removes what a write that was cut off has left; only for whoever alone writes.
    pub(crate) fn sweep(&self) -> Result<(), StoreError> {
        for folder in folders(&self.root).map_err(|error| self.io("reading", error))? {
            let parts = files(&folder).map_err(|error| self.io("reading", error))?;
            for part in parts.iter().filter(|path| is_part(path)) {
                tracing::warn!(file = %part.display(), "evidence that was half-written is removed");
                fs::remove_file(part).map_err(|error| self.io("clearing", error))?;
            }
        }
        Ok(())
    }

    fn path(&self, sha256: &str) -> Option<PathBuf> {
        is_name(sha256).then(|| self.root.join(&sha256[..2]).join(&sha256[2..]))
    }

    fn read_now(&self, sha256: &str) -> Result<Vec<u8>, EvidenceFault> {
        let name = shown(sha256);
        let Some(path) = self.path(sha256) else { return Err(EvidenceFault::Lost { name }) };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(EvidenceFault::Lost { name });
            }
            Err(error) => return Err(self.io("reading", error).into()),
        };
        match self::sha256(&bytes) == sha256 {
            true => Ok(bytes),
            false => Err(EvidenceFault::Damaged { name }),
        }
    }

    fn put_now(&self, sha256: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let is_there = self.read_now(sha256);
        let path = match (self.path(sha256), is_there) {
            (_, Ok(_)) | (None, _) => return Ok(()),
            (Some(path), Err(_)) => path,
        };
        let write = || {
            let folder = path.parent().unwrap_or(&self.root);
            make_durable(&self.root)?;
            make_durable(folder)?;
            let mut builder = tempfile::Builder::new();
            builder.prefix(".").suffix(PART);
            let mut file = builder.tempfile_in(folder)?;
            file.write_all(bytes)?;
            place(file, &path, folder)
        };
        write().map_err(|error: std::io::Error| self.io("writing", error))
    }

    fn io(&self, operation: &'static str, source: std::io::Error) -> StoreError {
        StoreError::Io { operation, path: self.root.clone(), source }
    }
}

/// Gives a written file its name, durably. What lies there is damaged, or was written meanwhile with
/// the same bytes.
fn place(file: NamedTempFile, path: &Path, folder: &Path) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Makes a folder that stays, with its name in the one above.
fn make_durable(folder: &Path) -> std::io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    File::open(above.unwrap_or(Path::new(".")))?.sync_all()
}

/// How a file is named below the folder.
fn shown(sha256: &str) -> String {
    match is_name(sha256) {
        true => format!("{}/{}", &sha256[..2], &sha256[2..]),
        false => "without a name".to_owned(),
    }
}

fn is_part(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(PART))
}

/// The folders in a folder; none where there is none.
fn folders(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    Ok(entries(root)?.into_iter().filter(|path| path.is_dir()).collect())
}

/// The files in a folder.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| !path.is_dir()).collect())
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = listed.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
