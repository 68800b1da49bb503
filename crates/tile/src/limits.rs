//! What one tile may hold.

/// Most a tile may hold; beyond it features are summed up in cells, small ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Features over all layers.
    pub features: usize,
    /// Compressed bytes, predicted from the raw size.
    pub bytes: usize,
    /// Tile units drawn beyond the border, so that outlines do not show at seams.
    pub buffer: u32,
    /// Features that are looked at one by one to sum them up; beyond it the sums that shards keep
    /// are used.
    pub one_by_one: u64,
}

/// Raw bytes that gzip at its fastest level makes one of, measured on parcel tiles: 2.2 with all
/// attributes, a little less without keys.
const COMPRESSION: f64 = 2.1;

impl Limits {
    /// No bound on features and bytes.
    pub const UNBOUNDED: Self = Self {
        features: usize::MAX,
        bytes: usize::MAX,
        buffer: DEFAULT_BUFFER,
        one_by_one: u64::MAX,
    };

    /// Raw bytes that are predicted to compress to [`Limits::bytes`].
    pub fn raw_bytes(&self) -> usize {
        (self.bytes as f64 * COMPRESSION) as usize
    }
}

/// Buffer of 1/64 tile: 8 pixels of a 512-pixel tile, wider than any outline.
pub const DEFAULT_BUFFER: u32 = 64;
/// Widest buffer: deltas between vertices then still fit two bytes.
pub const MAX_BUFFER: u32 = 1024;

/// About as many as are looked at while a tile of full size is drawn.
const ONE_BY_ONE: u64 = 100_000;

impl Default for Limits {
    fn default() -> Self {
        Self { features: 50_000, bytes: 500_000, buffer: DEFAULT_BUFFER, one_by_one: ONE_BY_ONE }
    }
}
