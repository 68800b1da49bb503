//! Archives of tiles, PMTiles and MBTiles, that are served beside the collections of the store.
//!
//! An archive is read from a local file or, PMTiles alone, from object storage by ranges of bytes.
//! *Invariants:* what an archive says of itself is bounded and checked where it is read; bytes of
//! an archive that was replaced while it is served never mix with those of its successor, which is
//! taken up when the next tile is asked for.

mod archive;
mod connector;
mod identity;
mod object;
mod pmtiles;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use formats::ArchiveFault;
use spatial::{CollectionId, Snapshot};
use thiserror::Error;

pub use archive::{Archive, ArchiveTile};
pub use object::{ObjectAddress, StorageKeys, UnusableUrl};

/// Where an archive is.
#[derive(Clone, Debug)]
pub enum ArchivePlace {
    /// A file, PMTiles or MBTiles by its first bytes.
    File(PathBuf),
    /// PMTiles in object storage, or on a web server that answers ranges.
    Object(ObjectAddress),
}

/// One archive that is to be served.
#[derive(Clone, Debug)]
pub struct ArchiveSettings {
    /// Its name in URLs, unlike that of any collection.
    pub id: CollectionId,
    /// Where it is.
    pub place: ArchivePlace,
    /// What a reader sees; empty: what the archive says, else its id.
    pub title: String,
    /// More about it; empty: what the archive says.
    pub description: String,
    /// Whom it is owed to; empty: what the archive says.
    pub attribution: String,
    /// Whether it is there for those, too, who see a part of the store only.
    pub is_open: bool,
    /// Whether the landing page and lists of collections name it.
    pub is_listed: bool,
}

/// Why something of an archive could not be read.
#[derive(Debug, Error)]
pub enum ArchiveReadError {
    /// The bytes are not those of an archive.
    #[error(transparent)]
    Fault(#[from] ArchiveFault),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The storage does not answer as it should.
    #[error(transparent)]
    Storage(#[from] object_store::Error),
    /// It is another archive than the one that was opened.
    #[error("it was replaced while it was read")]
    Changed,
    /// The work could not be done on another thread.
    #[error("its reading was cut off")]
    Ended(#[from] tokio::task::JoinError),
}

/// An archive that cannot be served.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It cannot be opened.
    #[error("archive {:?} ({place}): {source}", id.as_str())]
    Unreadable {
        /// Its name in URLs.
        id: CollectionId,
        /// Where it is.
        place: String,
        /// Why.
        source: Box<ArchiveReadError>,
    },
    /// Two archives have the same name.
    #[error("two archives are called {:?}; give one of them another id", id.as_str())]
    Twice {
        /// The name.
        id: CollectionId,
    },
    /// A collection has the name.
    #[error("archive {:?} has the id of a collection of the store; give it another one", id.as_str())]
    Taken {
        /// The name.
        id: CollectionId,
    },
}

/// The archives that a server has.
#[derive(Clone, Debug, Default)]
pub struct Archives {
    by_id: BTreeMap<String, Arc<Archive>>,
}

impl Archives {
    /// Opens each of `settings`, and refuses one that cannot be served beside `collections`.
    pub async fn open(
        settings: Vec<ArchiveSettings>,
        collections: &Snapshot,
    ) -> Result<Self, ArchiveError> {
        let mut by_id = BTreeMap::new();
        for one in settings {
            let id = one.id.clone();
            if collections.collections.contains_key(&id) {
                return Err(ArchiveError::Taken { id });
            }
            let place = one.place.to_string();
            let opened = Archive::open(one).await.map_err(|source| ArchiveError::Unreadable {
                id: id.clone(),
                place,
                source: Box::new(source),
            })?;
            if by_id.insert(id.as_str().to_owned(), Arc::new(opened)).is_some() {
                return Err(ArchiveError::Twice { id });
            }
        }
        Ok(Self { by_id })
    }

    /// Those that are open to everyone, whatever they may see of the store.
    #[must_use]
    pub fn opened(&self) -> Self {
        let opened = self.by_id.iter().filter(|(_, archive)| archive.is_open());
        Self { by_id: opened.map(|(id, archive)| (id.clone(), Arc::clone(archive))).collect() }
    }

    /// All of them, by id.
    pub fn each(&self) -> impl Iterator<Item = &Arc<Archive>> {
        self.by_id.values()
    }

    /// The one called `name`, unless a collection of `snapshot` has taken the name since.
    pub fn find(&self, name: &str, snapshot: &Snapshot) -> Option<Arc<Archive>> {
        let archive = self.by_id.get(name)?;
        (!snapshot.collections.contains_key(archive.id())).then(|| Arc::clone(archive))
    }
}

impl std::fmt::Display for ArchivePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Object(address) => address.fmt(f),
        }
    }
}
