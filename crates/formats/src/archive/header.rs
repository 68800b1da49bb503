//! The header of PMTiles 3: where the parts of the file are, and what the tiles are.
//!
//! Offsets and lengths are bytes; nothing is believed before it was checked against the length of
//! the file.

use std::ops::Range;

use serde_json::Value;

use super::facts::{ArchiveFacts, ArchiveFault, TileType};
use super::unpack::TileCoding;

/// Most bytes of a directory and of the metadata in the file, and of what becomes of them.
const MAX_PACKED: u64 = 4 << 20;
const MAX_UNPACKED: usize = 32 << 20;
/// Most bytes of a tile in the file.
pub(super) const MAX_TILE: u64 = 16 << 20;

/// A header, whose parts lie within the file.
#[derive(Clone, Debug)]
pub struct PmTilesHeader {
    /// The root directory.
    pub root: Range<u64>,
    /// Metadata.
    pub metadata: Range<u64>,
    /// Where leaf directories are.
    pub(super) leaves: Range<u64>,
    /// Where tiles are.
    pub(super) tiles: Range<u64>,
    facts: ArchiveFacts,
    coding: TileCoding,
}

impl PmTilesHeader {
    /// So many bytes from the start of a file hold the header, and mostly the root directory too.
    pub const FIRST: u64 = 16_384;

    /// Reads the header, with which a file of `size` bytes begins.
    pub fn parse(bytes: &[u8], size: u64) -> Result<Self, ArchiveFault> {
        let (Some(b"PMTiles"), Some(version)) = (bytes.get(..7), bytes.get(7)) else {
            return Err(ArchiveFault::OtherFormat { format: "PMTiles" });
        };
        if *version != 3 {
            return Err(ArchiveFault::Version { found: *version });
        }
        let Some(header) = bytes.first_chunk::<127>() else {
            let length = bytes.len() as u64;
            let what = "the header";
            return Err(ArchiveFault::Section { what, offset: 0, length: 127, limit: length });
        };
        let number = |at: usize| {
            let mut little = [0; 8];
            little.copy_from_slice(&header[at..at + 8]);
            u64::from_le_bytes(little)
        };
        let section = |what, at: usize, most: u64| {
            let (offset, length) = (number(at), number(at + 8));
            let limit = size.saturating_sub(offset).min(most);
            match offset.checked_add(length).filter(|_| length <= limit) {
                Some(end) => Ok(offset..end),
                None => Err(ArchiveFault::Section { what, offset, length, limit }),
            }
        };
        let coding = match header[97] {
            1 => TileCoding::Identity,
            2 => TileCoding::Gzip,
            4 => TileCoding::Zstd,
            code => {
                return Err(ArchiveFault::Code {
                    what: "internal compression",
                    code: code.to_string(),
                    readable: "1 (none), 2 (gzip) and 4 (zstd)",
                });
            }
        };
        // Of brotli alone nothing shows in the tiles.
        if header[98] == 3 {
            return Err(ArchiveFault::Code {
                what: "tile compression",
                code: header[98].to_string(),
                readable: "0 (unknown), 1 (none), 2 (gzip) and 4 (zstd)",
            });
        }
        let tile_type = match header[99] {
            1 => TileType::Mvt,
            2 => TileType::Png,
            3 => TileType::Jpeg,
            4 => TileType::Webp,
            5 => TileType::Avif,
            code => {
                return Err(ArchiveFault::Code {
                    what: "tile type",
                    code: code.to_string(),
                    readable: "1 (MVT), 2 (PNG), 3 (JPEG), 4 (WebP) and 5 (AVIF)",
                });
            }
        };
        let degrees = |at: usize| {
            let mut little = [0; 4];
            little.copy_from_slice(&header[at..at + 4]);
            f64::from(i32::from_le_bytes(little)) / 1e7
        };
        let mut facts = ArchiveFacts::new(tile_type, (header[100], header[101]))?;
        facts.set_bounds([degrees(102), degrees(106), degrees(110), degrees(114)]);
        facts.set_center(degrees(119), degrees(123), header[118]);
        Ok(Self {
            root: section("the root directory", 8, MAX_PACKED)?,
            metadata: section("the metadata", 24, MAX_PACKED)?,
            leaves: section("the part of leaf directories", 40, u64::MAX)?,
            tiles: section("the part of tiles", 56, u64::MAX)?,
            facts,
            coding,
        })
    }

    /// A directory or the metadata unpacked.
    pub(super) fn unpack(&self, bytes: &[u8], what: &'static str) -> Result<Vec<u8>, ArchiveFault> {
        self.coding.unpack(bytes, what, MAX_UNPACKED)
    }

    /// A leaf directory's place in the file, from its place among them.
    pub(super) fn leaf(&self, offset: u64, length: u64) -> Result<Range<u64>, ArchiveFault> {
        within("a leaf directory", &self.leaves, (offset, length), MAX_PACKED)
    }

    /// A tile's place in the file, from its place among them.
    pub(super) fn tile(&self, offset: u64, length: u64) -> Result<Range<u64>, ArchiveFault> {
        within("a tile", &self.tiles, (offset, length), MAX_TILE)
    }

    /// What the header says of the tiles, with what `metadata`, as the file has it, says more.
    pub fn facts(&self, metadata: &[u8]) -> Result<ArchiveFacts, ArchiveFault> {
        let mut facts = self.facts.clone();
        if !metadata.is_empty() {
            let text = self.unpack(metadata, "the metadata")?;
            match serde_json::from_slice::<Value>(&text) {
                Ok(Value::Object(members)) => facts.set_words(&members),
                _ => return Err(ArchiveFault::Metadata),
            }
        }
        Ok(facts)
    }
}

fn within(
    what: &'static str,
    part: &Range<u64>,
    (offset, length): (u64, u64),
    most: u64,
) -> Result<Range<u64>, ArchiveFault> {
    let limit = (part.end - part.start).saturating_sub(offset).min(most);
    if length > limit {
        let offset = part.start.saturating_add(offset);
        return Err(ArchiveFault::Section { what, offset, length, limit });
    }
    let start = part.start + offset;
    Ok(start..start + length)
}
