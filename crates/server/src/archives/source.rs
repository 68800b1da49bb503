//! The bytes of an archive by ranges: positioned reads of a file, or an object of a storage.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use tokio::task::spawn_blocking;

use super::identity::Identity;
use super::object::connect;
use super::{ArchivePlace, ArchiveReadError};

/// How long an object is taken for what it was: asking costs a round trip.
const TRUSTED: Duration = Duration::from_secs(10);

/// An archive that was opened.
#[derive(Debug)]
pub struct Source {
    bytes: Stored,
    identity: Identity,
}

#[derive(Debug)]
enum Stored {
    File {
        path: PathBuf,
        file: Arc<File>,
    },
    Object {
        store: Arc<dyn ObjectStore>,
        path: ObjectPath,
        /// When the storage was last asked which object it is.
        seen: Mutex<Instant>,
    },
}

impl Source {
    /// Opens what is at `place` now.
    pub async fn open(place: &ArchivePlace) -> Result<Self, ArchiveReadError> {
        match place {
            ArchivePlace::File(path) => {
                let path = path.clone();
                let open = move || {
                    let file = File::open(&path)?;
                    let metadata = file.metadata()?;
                    if !metadata.is_file() {
                        return Err(std::io::Error::other("it is not a file"));
                    }
                    let bytes = Stored::File { path, file: Arc::new(file) };
                    Ok(Self { bytes, identity: Identity::of_file(&metadata) })
                };
                Ok(spawn_blocking(open).await??)
            }
            ArchivePlace::Object(address) => {
                let (store, path) = connect(address)?;
                let identity = Identity::of_object(&store.head(&path).await?);
                let seen = Mutex::new(Instant::now());
                Ok(Self { bytes: Stored::Object { store, path, seen }, identity })
            }
        }
    }

    /// Which archive was opened.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The bytes of `range`; [`ArchiveReadError::Changed`] when they are no longer those of the
    /// archive that was opened.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, ArchiveReadError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match &self.bytes {
            Stored::File { path, file } => {
                let (path, file, opened) = (path.clone(), Arc::clone(file), self.identity);
                let read = move || {
                    let mut bytes = vec![0; (range.end - range.start) as usize];
                    let read = file.read_exact_at(&mut bytes, range.start);
                    // Looked at afterwards: a file may also be overwritten where it is.
                    same_file(&path, &file, opened)?;
                    read?;
                    Ok::<_, ArchiveReadError>(Bytes::from(bytes))
                };
                spawn_blocking(read).await?
            }
            Stored::Object { store, path, seen } => {
                let length = range.end - range.start;
                let options =
                    GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
                let got = store.get_opts(path, options).await?;
                if Identity::of_object(&got.meta) != self.identity {
                    return Err(ArchiveReadError::Changed);
                }
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                let bytes = got.bytes().await?;
                if bytes.len() as u64 != length {
                    return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into());
                }
                Ok(bytes)
            }
        }
    }

    /// [`ArchiveReadError::Changed`] when the archive is known to be another one by now. An object
    /// is asked about at most every ten seconds.
    pub async fn check(&self) -> Result<(), ArchiveReadError> {
        match &self.bytes {
            Stored::File { path, file } => {
                let (path, file, opened) = (path.clone(), Arc::clone(file), self.identity);
                spawn_blocking(move || same_file(&path, &file, opened)).await?
            }
            Stored::Object { store, path, seen } => {
                let now = Instant::now();
                {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    if now.duration_since(*seen) < TRUSTED {
                        return Ok(());
                    }
                    *seen = now;
                }
                let found = Identity::of_object(&store.head(path).await?);
                if found == self.identity { Ok(()) } else { Err(ArchiveReadError::Changed) }
            }
        }
    }
}

/// Whether the file that was opened is still the one at `path`, unwritten. One that was removed is
/// served on: another may be about to take its place.
fn same_file(
    path: &std::path::Path,
    file: &File,
    opened: Identity,
) -> Result<(), ArchiveReadError> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => file.metadata()?,
        metadata => metadata?,
    };
    if Identity::of_file(&metadata) == opened { Ok(()) } else { Err(ArchiveReadError::Changed) }
}
