//! One archive under its id: its tiles, and its successor when it was replaced.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use formats::{ArchiveFacts, MbTiles, archive_order};
use spatial::CollectionId;
use tile::TileCoord;
use tokio::task::spawn_blocking;

use super::identity::{Identity, mark};
use super::pmtiles::PmTiles;
use super::source::Source;
use super::{ArchivePlace, ArchiveReadError, ArchiveSettings};

/// First bytes of an SQLite file.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// An archive that is served.
#[derive(Debug)]
pub struct Archive {
    settings: ArchiveSettings,
    /// The archive that stands in its place, as far as it is known.
    opened: RwLock<Arc<Opened>>,
    /// Held while a successor is opened.
    opening: tokio::sync::Mutex<()>,
}

/// One state of an archive.
#[derive(Debug)]
struct Opened {
    tiles: Tiles,
    facts: Arc<ArchiveFacts>,
}

#[derive(Debug)]
enum Tiles {
    Pm(Box<PmTiles>),
    Mb { tiles: Arc<MbTiles>, path: PathBuf, identity: Identity },
}

/// What an archive has for a tile. Marks are equal for equal bytes of one archive alone.
#[derive(Debug, PartialEq, Eq)]
pub enum ArchiveTile {
    /// The asker has it already.
    Known {
        /// Its mark.
        mark: u64,
    },
    /// There is none.
    Nothing {
        /// Mark of there being none.
        mark: u64,
    },
    /// The bytes as the archive has them.
    Found {
        /// Their mark.
        mark: u64,
        /// The tile.
        bytes: Bytes,
    },
}

impl Archive {
    /// Opens what is at the place that `settings` name.
    pub async fn open(settings: ArchiveSettings) -> Result<Self, ArchiveReadError> {
        let opened = RwLock::new(Arc::new(Opened::open(&settings).await?));
        Ok(Self { settings, opened, opening: tokio::sync::Mutex::new(()) })
    }

    /// Its name in URLs.
    pub fn id(&self) -> &CollectionId {
        &self.settings.id
    }

    /// Whether it is there for those, too, who see a part of the store only.
    pub fn is_open(&self) -> bool {
        self.settings.is_open
    }

    /// Whether the landing page and lists of collections name it.
    pub fn is_listed(&self) -> bool {
        self.settings.is_listed
    }

    /// What the archive says of its tiles, or the operator in its place; the name is never empty.
    pub fn facts(&self) -> Arc<ArchiveFacts> {
        Arc::clone(&self.current().facts)
    }

    /// The tile at `coord`; not read when `is_known` says so of its mark.
    pub async fn tile(
        &self,
        coord: TileCoord,
        is_known: impl Fn(u64) -> bool,
    ) -> Result<ArchiveTile, ArchiveReadError> {
        let opened = self.current();
        match opened.tiles.tile(coord, &is_known).await {
            Err(ArchiveReadError::Changed) => {}
            answer => return answer,
        }
        let successor = self.successor(&opened).await?;
        successor.tiles.tile(coord, &is_known).await
    }

    fn current(&self) -> Arc<Opened> {
        Arc::clone(&self.opened.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What stands in the place of `former` now. Opened once, however many ask.
    async fn successor(&self, former: &Arc<Opened>) -> Result<Arc<Opened>, ArchiveReadError> {
        let _opening = self.opening.lock().await;
        let current = self.current();
        if !Arc::ptr_eq(&current, former) {
            return Ok(current);
        }
        let successor = Arc::new(Opened::open(&self.settings).await?);
        tracing::info!(archive.id = %self.id().as_str(), "an archive was replaced and opened anew");
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&successor);
        Ok(successor)
    }
}

impl Opened {
    async fn open(settings: &ArchiveSettings) -> Result<Self, ArchiveReadError> {
        let tiles = Tiles::open(&settings.place).await?;
        let mut facts = match &tiles {
            Tiles::Pm(tiles) => tiles.facts().clone(),
            Tiles::Mb { tiles, .. } => tiles.facts().clone(),
        };
        for (said, found) in [
            (&settings.title, &mut facts.name),
            (&settings.description, &mut facts.description),
            (&settings.attribution, &mut facts.attribution),
        ] {
            if !said.is_empty() {
                said.clone_into(found);
            }
        }
        if facts.name.is_empty() {
            settings.id.as_str().clone_into(&mut facts.name);
        }
        Ok(Self { tiles, facts: Arc::new(facts) })
    }
}

impl Tiles {
    async fn open(place: &ArchivePlace) -> Result<Self, ArchiveReadError> {
        let source = Source::open(place).await?;
        let identity = source.identity();
        if let ArchivePlace::File(path) = place
            && source.read(0..identity.size.min(SQLITE.len() as u64)).await? == SQLITE
        {
            let path = path.clone();
            let open = move || {
                let tiles = Arc::new(MbTiles::open(&path)?);
                Ok::<_, ArchiveReadError>(Self::Mb { tiles, path, identity })
            };
            return spawn_blocking(open).await?;
        }
        Ok(Self::Pm(Box::new(PmTiles::open(source).await?)))
    }

    async fn tile(
        &self,
        coord: TileCoord,
        is_known: &impl Fn(u64) -> bool,
    ) -> Result<ArchiveTile, ArchiveReadError> {
        let nothing = |mark| {
            if is_known(mark) { ArchiveTile::Known { mark } } else { ArchiveTile::Nothing { mark } }
        };
        match self {
            Self::Pm(tiles) => {
                let source = tiles.source();
                let Some(range) = tiles.locate(archive_order(coord)).await? else {
                    source.check().await?;
                    return Ok(nothing(source.identity().mark(&"nothing")));
                };
                let mark = source.identity().mark(&range);
                if is_known(mark) {
                    source.check().await?;
                    return Ok(ArchiveTile::Known { mark });
                }
                Ok(ArchiveTile::Found { mark, bytes: source.read(range).await? })
            }
            Self::Mb { tiles, path, identity } => {
                let (tiles, path, identity) = (Arc::clone(tiles), path.clone(), *identity);
                let read = move || {
                    let tile = tiles.tile(coord);
                    // Another file in its place; one that is written into answers as it is, since
                    // marks are those of the bytes.
                    if let Ok(found) = std::fs::metadata(&path)
                        && !identity.is_same_place(&found)
                    {
                        return Err(ArchiveReadError::Changed);
                    }
                    Ok::<_, ArchiveReadError>(tile?)
                };
                let Some(bytes) = spawn_blocking(read).await?? else {
                    return Ok(nothing(identity.mark(&"nothing")));
                };
                let mark = mark(&bytes);
                if is_known(mark) {
                    return Ok(ArchiveTile::Known { mark });
                }
                Ok(ArchiveTile::Found { mark, bytes: Bytes::from(bytes) })
            }
        }
    }
}
