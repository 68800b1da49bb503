//! Caches that are bounded by bytes.

use std::hash::Hash;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::EngineError;

/// Bytes that a cache may hold, and about how many items that will be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) bytes: u64,
    /// It sizes the table, not the budget.
    pub(crate) items: usize,
    /// Whether one item may fill most of the budget, which is not cut into parts then.
    pub(crate) is_whole: bool,
}

/// An empty cache of what `name` says, each item of the bytes that `weighter` tells.
pub(crate) fn cache<K: Eq + Hash, V: Clone, W: Weighter<K, V> + Clone>(
    name: &str,
    room: Room,
    weighter: W,
) -> Result<Cache<K, V, W>, EngineError> {
    let mut options = OptionsBuilder::new();
    options.weight_capacity(room.bytes).estimated_items_capacity(room.items);
    if room.is_whole {
        options.shards(1);
    }
    let options = options
        .build()
        .map_err(|error| EngineError::Internal { what: format!("{name}: {error}") })?;
    let hash = DefaultHashBuilder::default();
    Ok(Cache::with_options(options, weighter, hash, DefaultLifecycle::default()))
}
