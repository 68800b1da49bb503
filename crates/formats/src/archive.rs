//! Whole pyramids of tiles in one file: MBTiles 1.3 and PMTiles 3, written and read.
//!
//! Written, tiles are gathered in an MBTiles file beside the place that the archive is to have, each
//! batch in a transaction, so that an export that was cut off goes on where it stood. Equal tiles
//! are kept once. PMTiles are made of that file at the end. Read, an archive is anybody's: `facts` is
//! what it says of itself, `header` and `directory` find a tile of PMTiles without reading a file
//! themselves, `mbtiles` asks SQLite, `unpack` bounds what compressed bytes become.

#[cfg(test)]
mod archive_tests;
mod directory;
mod facts;
mod header;
mod mbtiles;
mod part;
mod pmtiles;
#[cfg(test)]
mod reading_tests;
mod unpack;

use std::path::Path;

use serde_json::Value;
use tile::TileCoord;

pub use directory::{PmTilesDirectory, PmTilesStep};
pub use facts::{ArchiveFacts, ArchiveFault, TileType};
pub use header::PmTilesHeader;
pub use mbtiles::MbTiles;
pub use part::ArchivePart;
pub use unpack::TileCoding;

use crate::FormatError;

/// Kind of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// An SQLite file (MBTiles 1.3).
    MbTiles,
    /// A file that is read by ranges of bytes (PMTiles 3).
    PmTiles,
}

impl ArchiveFormat {
    /// By the ending of the file's name.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "mbtiles" => Some(Self::MbTiles),
            "pmtiles" => Some(Self::PmTiles),
            _ => None,
        }
    }
}

/// What an archive says of its tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchiveInfo {
    /// A name for people.
    pub name: String,
    /// Whom the data is owed to.
    pub attribution: String,
    /// What the tiles are.
    pub tile_type: TileType,
    /// First and last zoom.
    pub zooms: (u8, u8),
    /// West, south, east and north, in degrees.
    pub bounds: [f64; 4],
    /// Where a viewer begins: longitude, latitude, zoom.
    pub center: (f64, f64, u8),
    /// The layers, as TileJSON's `vector_layers` describe them; of images none.
    pub vector_layers: Value,
}

impl ArchiveInfo {
    /// Whether viewers lay the tiles over others, in the words of MBTiles.
    fn kind(&self) -> &'static str {
        if self.tile_type.is_raster() { "baselayer" } else { "overlay" }
    }
}

/// What is in a finished archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// Tiles that it answers.
    pub tiles: u64,
    /// Different ones among them.
    pub contents: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// Place of a tile in the order of an archive: zoom by zoom, along the Hilbert curve of each
/// (PMTiles 3, section 4.1). Tiles must be added in ascending order.
pub fn archive_order(coord: TileCoord) -> u64 {
    let zoom = u32::from(coord.z());
    // (4^z - 1) / 3 tiles lie in the zooms before.
    let before = ((1_u64 << (2 * zoom)) - 1) / 3;
    let (mut x, mut y) = (u64::from(coord.x()), u64::from(coord.y()));
    let side = 1_u64 << zoom;
    let mut along = 0;
    let mut step = side >> 1;
    while step > 0 {
        let (right, down) = (u64::from(x & step > 0), u64::from(y & step > 0));
        along += step * step * ((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            std::mem::swap(&mut x, &mut y);
        }
        step >>= 1;
    }
    before + along
}

/// Finishes `part` as an archive of `format` at `path`, replacing what is there.
pub fn finish_archive(
    part: ArchivePart,
    format: ArchiveFormat,
    path: &Path,
    info: &ArchiveInfo,
) -> Result<ArchiveSummary, FormatError> {
    match format {
        ArchiveFormat::MbTiles => part.finish(path, info),
        ArchiveFormat::PmTiles => pmtiles::write(part, path, info),
    }
}
