//! Tiles already cut, within a budget of bytes.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use spatial::{FieldClass, Revision};
use tile::{Aggregation, TileCoord};

use crate::weighed::{self, Room};
use crate::{Encoding, EngineError};

/// What a cached tile depends on.
///
/// The revision of the place is part of it: a commit makes new keys for the tiles it touched,
/// at every zoom and without visiting one, and a tile that was rendered from an older state can
/// never be found by a later reader. What nobody can find any more leaves as the coldest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TileKey {
    /// Ids of the collections, joined by commas.
    pub(crate) collections: Arc<str>,
    pub(crate) matrix_set: &'static str,
    pub(crate) coord: TileCoord,
    pub(crate) highest: FieldClass,
    pub(crate) encoding: Encoding,
    /// A revision at which the place looked like this. Whoever asks for a past state and finds
    /// the tile of a later one in which nothing has changed since gets the same bytes.
    pub(crate) place: Revision,
    /// What else is asked for: of a past state what is said of the collections today (the places
    /// of the current one have a new revision when something else is said), and which features
    /// and attributes.
    pub(crate) words: Arc<str>,
}

/// A tile as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct CachedTile {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) aggregation: Option<Arc<Aggregation>>,
}

#[derive(Clone, Debug)]
pub(crate) struct ByBytes;

/// Bytes of an entry beside key and tile: counters of the two `Arc`s, links and hash.
const ENTRY_OVERHEAD: usize = 96;

impl Weighter<TileKey, CachedTile> for ByBytes {
    fn weight(&self, key: &TileKey, tile: &CachedTile) -> u64 {
        let entry = size_of::<TileKey>() + size_of::<CachedTile>() + ENTRY_OVERHEAD;
        (entry + key.collections.len() + key.words.len() + tile.bytes.len()) as u64
    }
}

/// The cache; one flight a key, errors are not kept.
#[derive(Debug)]
pub(crate) struct TileCache(Cache<TileKey, CachedTile, ByBytes>);

impl TileCache {
    pub(crate) fn new(bytes: u64) -> Result<Self, EngineError> {
        // A city's tile is about 20 kB.
        let items = (bytes / 20_000).max(64) as usize;
        Ok(Self(weighed::cache("tile cache", Room { bytes, items, is_whole: false }, ByBytes)?))
    }

    /// The tile of `key`, cached or made by `make`; whoever asks meanwhile awaits the same.
    pub(crate) async fn tile(
        &self,
        key: &TileKey,
        make: impl Future<Output = Result<CachedTile, EngineError>>,
    ) -> Result<CachedTile, EngineError> {
        self.0.get_or_insert_async(key, make).await
    }

    /// Bytes held.
    pub(crate) fn weight(&self) -> u64 {
        self.0.weight()
    }
}
