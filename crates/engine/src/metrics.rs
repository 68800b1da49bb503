//! What the engine counts, and the names under which it is published.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Tiles rendered.
pub const TILES_RENDERED: &str = "tuban_tiles_rendered_total";
/// Tiles answered from the cache.
pub const TILE_CACHE_HITS: &str = "tuban_tile_cache_hits_total";
/// Tiles that the cache did not hold.
pub const TILE_CACHE_MISSES: &str = "tuban_tile_cache_misses_total";
/// Bytes that the tile cache holds.
pub const TILE_CACHE_BYTES: &str = "tuban_tile_cache_bytes";
/// Bytes kept of the commands of polygons.
pub const COMMAND_BYTES: &str = "tuban_command_bytes";
/// Name of the gauge of the bytes kept of places on grids other than Web Mercator's.
pub const GRID_BYTES: &str = "tuban_grid_bytes";
/// Bytes of the tiles rendered, as encoded.
pub const TILE_BYTES: &str = "tuban_tile_bytes_total";
/// Features written into tiles.
pub const TILE_FEATURES: &str = "tuban_tile_features_total";
/// Histogram of the time to render one tile.
pub const RENDER_SECONDS: &str = "tuban_tile_render_seconds";
/// Commits applied.
pub const COMMITS: &str = "tuban_commits_total";
/// Features in the current snapshot.
pub const FEATURES: &str = "tuban_features";
/// Revision of the current snapshot.
pub const REVISION: &str = "tuban_revision";
/// Bytes of the current snapshot.
pub const SNAPSHOT_BYTES: &str = "tuban_snapshot_bytes";
/// Readers of change streams connected now.
pub const STREAM_READERS: &str = "tuban_stream_readers";
/// Readers of change streams that were let go because they read too slowly.
pub const STREAM_READERS_DROPPED: &str = "tuban_stream_readers_dropped_total";
/// Events sent over change streams.
pub const STREAM_EVENTS: &str = "tuban_stream_events_total";
/// Events that happened at fences.
pub const FENCE_EVENTS: &str = "tuban_fence_events_total";
/// Deliveries that webhooks took.
pub const WEBHOOK_DELIVERIES: &str = "tuban_webhook_deliveries_total";
/// Deliveries that failed and are tried again.
pub const WEBHOOK_FAILURES: &str = "tuban_webhook_failures_total";

/// Upper bounds of the histogram of [`RENDER_SECONDS`], in microseconds.
pub const RENDER_BOUNDS_MICROS: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

/// Counters, kept while the engine runs.
#[derive(Debug, Default)]
pub struct Metrics {
    pub(crate) tiles_rendered: AtomicU64,
    pub(crate) tile_cache_hits: AtomicU64,
    pub(crate) tile_cache_misses: AtomicU64,
    pub(crate) tile_bytes: AtomicU64,
    pub(crate) tile_features: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) watching: Watching,
    render_micros: AtomicU64,
    render_buckets: [AtomicU64; RENDER_BOUNDS_MICROS.len() + 1],
}

/// Counters of whoever listens for changes.
#[derive(Debug, Default)]
pub struct Watching {
    /// See [`STREAM_READERS`].
    pub stream_readers: AtomicU64,
    /// See [`STREAM_READERS_DROPPED`].
    pub stream_readers_dropped: AtomicU64,
    /// See [`STREAM_EVENTS`].
    pub stream_events: AtomicU64,
    /// See [`FENCE_EVENTS`].
    pub fence_events: AtomicU64,
    /// See [`WEBHOOK_DELIVERIES`].
    pub webhook_deliveries: AtomicU64,
    /// See [`WEBHOOK_FAILURES`].
    pub webhook_failures: AtomicU64,
}

/// The numbers at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Counters and gauges: name, whether it only grows, value.
    pub numbers: Vec<(&'static str, bool, u64)>,
    /// Renders by time: the counts up to each of [`RENDER_BOUNDS_MICROS`], then of all.
    pub render_counts: [u64; RENDER_BOUNDS_MICROS.len() + 1],
    /// Sum of the render times.
    pub render_time: Duration,
}

impl Metrics {
    pub(crate) fn add(counter: &AtomicU64, value: u64) {
        counter.fetch_add(value, Ordering::Relaxed);
    }

    pub(crate) fn rendered(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = RENDER_BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        Self::add(&self.render_buckets[bucket], 1);
        Self::add(&self.render_micros, micros);
        Self::add(&self.tiles_rendered, 1);
    }

    /// The counters now, without the gauges of the snapshot and the cache.
    pub(crate) fn read(&self) -> Reading {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let numbers = vec![
            (TILES_RENDERED, true, load(&self.tiles_rendered)),
            (TILE_CACHE_HITS, true, load(&self.tile_cache_hits)),
            (TILE_CACHE_MISSES, true, load(&self.tile_cache_misses)),
            (TILE_BYTES, true, load(&self.tile_bytes)),
            (TILE_FEATURES, true, load(&self.tile_features)),
            (COMMITS, true, load(&self.commits)),
            (STREAM_READERS, false, load(&self.watching.stream_readers)),
            (STREAM_READERS_DROPPED, true, load(&self.watching.stream_readers_dropped)),
            (STREAM_EVENTS, true, load(&self.watching.stream_events)),
            (FENCE_EVENTS, true, load(&self.watching.fence_events)),
            (WEBHOOK_DELIVERIES, true, load(&self.watching.webhook_deliveries)),
            (WEBHOOK_FAILURES, true, load(&self.watching.webhook_failures)),
        ];
        let mut total = 0;
        let render_counts = std::array::from_fn(|bucket| {
            total += load(&self.render_buckets[bucket]);
            total
        });
        let render_time = Duration::from_micros(load(&self.render_micros));
        Reading { numbers, render_counts, render_time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_counts_up_to_each_bound() {
        let metrics = Metrics::default();
        for micros in [100, 101, 900, 2_000_000] {
            metrics.rendered(Duration::from_micros(micros));
        }
        let reading = metrics.read();
        assert_eq!(reading.render_counts, [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]);
        assert_eq!(reading.render_time, Duration::from_micros(2_001_101));
        assert!(reading.numbers.contains(&(TILES_RENDERED, true, 4)));
    }
}
