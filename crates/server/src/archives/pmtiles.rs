//! One PMTiles archive: header and root are kept, leaf directories in a bounded cache.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Bytes;
use formats::{ArchiveFacts, ArchiveFault, PmTilesDirectory, PmTilesHeader, PmTilesStep};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::ArchiveReadError;
use super::source::Source;

/// Memory for leaf directories of one archive, in bytes.
const LEAVES_BYTES: u64 = 32 << 20;
/// Leaf directories that are expected to fit: what the cache is laid out for.
const LEAVES: usize = 512;

/// A PMTiles archive that was opened.
#[derive(Debug)]
pub struct PmTiles {
    source: Source,
    header: PmTilesHeader,
    root: PmTilesDirectory,
    /// By where they begin in the archive.
    leaves: Cache<u64, Arc<PmTilesDirectory>, ByMemory>,
    facts: ArchiveFacts,
}

#[derive(Clone, Debug)]
struct ByMemory;

impl Weighter<u64, Arc<PmTilesDirectory>> for ByMemory {
    fn weight(&self, _place: &u64, directory: &Arc<PmTilesDirectory>) -> u64 {
        directory.weight() as u64
    }
}

impl PmTiles {
    /// Reads header, root directory and metadata.
    pub async fn open(source: Source) -> Result<Self, ArchiveReadError> {
        let size = source.identity().size;
        let first = source.read(0..PmTilesHeader::FIRST.min(size)).await?;
        let header = PmTilesHeader::parse(&first, size)?;
        let part = async |range: &Range<u64>| match first.get(within(range)) {
            Some(bytes) => Ok(Bytes::copy_from_slice(bytes)),
            None => source.read(range.clone()).await,
        };
        let root = PmTilesDirectory::parse(&header, &part(&header.root).await?)?;
        let facts = header.facts(&part(&header.metadata).await?)?;
        let leaves = Cache::with_weighter(LEAVES, LEAVES_BYTES, ByMemory);
        Ok(Self { source, header, root, leaves, facts })
    }

    /// What the archive says of its tiles.
    pub fn facts(&self) -> &ArchiveFacts {
        &self.facts
    }

    /// The bytes behind it.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Where the tile at `place` in the archive's order is.
    pub async fn locate(&self, place: u64) -> Result<Option<Range<u64>>, ArchiveReadError> {
        let mut step = self.root.find(&self.header, place)?;
        for _depth in 1..PmTilesDirectory::MAX_DEPTH {
            match step {
                PmTilesStep::Nothing => return Ok(None),
                PmTilesStep::Tile(range) => return Ok(Some(range)),
                PmTilesStep::Directory(range) => {
                    let leaf = self.leaf(range).await?;
                    step = leaf.find(&self.header, place)?;
                }
            }
        }
        match step {
            PmTilesStep::Nothing => Ok(None),
            PmTilesStep::Tile(range) => Ok(Some(range)),
            PmTilesStep::Directory(_) => Err(ArchiveFault::Depth.into()),
        }
    }

    async fn leaf(&self, range: Range<u64>) -> Result<Arc<PmTilesDirectory>, ArchiveReadError> {
        let start = range.start;
        if let Some(leaf) = self.leaves.get(&start) {
            return Ok(leaf);
        }
        // Read by several at a time at first, which does no harm.
        let bytes = self.source.read(range).await?;
        let leaf = Arc::new(PmTilesDirectory::parse(&self.header, &bytes)?);
        self.leaves.insert(start, Arc::clone(&leaf));
        Ok(leaf)
    }
}

fn within(range: &Range<u64>) -> Range<usize> {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    at(range.start)..at(range.end)
}
