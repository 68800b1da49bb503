//! Writes PMTiles 3 (github.com/protomaps/PMTiles, spec version 3.4): header, root directory,
//! metadata, leaf directories, tiles.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use libdeflater::{CompressionLvl, Compressor};
use serde_json::json;

use super::part::ArchivePart;
use super::{ArchiveInfo, ArchiveSummary, TileType};
use crate::FormatError;
use crate::atomic_file::{AtomicFile, temporary};

/// Bytes of the header.
const HEADER: u64 = 127;
/// Header and root directory lie within so many bytes.
const ROOT_END: usize = 16_384;
/// Entries of a leaf directory, to begin with.
const LEAF_ENTRIES: usize = 4096;
/// Codes of compressions. Directories and metadata are compressed too: some readers take it for granted.
const PLAIN: u8 = 1;
const GZIP: u8 = 2;

/// So many tiles in a row with the same content; or, with no run, a leaf directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) place: u64,
    pub(super) run: u32,
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// Writes the tiles of `part` as PMTiles to `path`, then removes the part.
pub(super) fn write(
    part: ArchivePart,
    path: &Path,
    info: &ArchiveInfo,
) -> Result<ArchiveSummary, FormatError> {
    let (tiles, contents) = part.counts()?;
    // Offsets are known only when every content has been written once.
    let mut data = temporary(path)?;
    let mut places: HashMap<i64, (u64, u32)> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut end = 0_u64;
    part.each_place(&mut |place, content| {
        let (offset, length) = match places.get(&content) {
            Some(known) => *known,
            None => {
                let bytes = part.content(content)?;
                data.write_all(&bytes).map_err(FormatError::io(path))?;
                let here = (end, bytes.len() as u32);
                end += bytes.len() as u64;
                places.insert(content, here);
                here
            }
        };
        match entries.last_mut() {
            Some(last) if last.offset == offset && last.place + u64::from(last.run) == place => {
                last.run += 1;
            }
            _ => entries.push(Entry { place, run: 1, offset, length }),
        }
        Ok(())
    })?;

    let (root, leaves) = directories(&entries);
    let metadata = json!({
        "name": info.name,
        "attribution": info.attribution,
        "type": info.kind(),
        "vector_layers": info.vector_layers
    });
    let metadata = gzip(metadata.to_string().as_bytes());
    let root_at = HEADER;
    let metadata_at = root_at + root.len() as u64;
    let leaves_at = metadata_at + metadata.len() as u64;
    let data_at = leaves_at + leaves.len() as u64;
    let mut header = Vec::with_capacity(HEADER as usize);
    header.extend_from_slice(b"PMTiles\x03");
    for number in [
        root_at,
        root.len() as u64,
        metadata_at,
        metadata.len() as u64,
        leaves_at,
        leaves.len() as u64,
        data_at,
        end,
        tiles,
        entries.len() as u64,
        contents,
    ] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    let clustered = 1;
    let (coding, kind) = match info.tile_type {
        TileType::Mvt => (GZIP, 1),
        TileType::Png => (PLAIN, 2),
        TileType::Jpeg => (PLAIN, 3),
        TileType::Webp => (PLAIN, 4),
        TileType::Avif => (PLAIN, 5),
    };
    header.extend_from_slice(&[clustered, GZIP, coding, kind, info.zooms.0, info.zooms.1]);
    let e7 = |degrees: f64| ((degrees * 1e7).round() as i32).to_le_bytes();
    info.bounds.iter().for_each(|border| header.extend_from_slice(&e7(*border)));
    header.push(info.center.2);
    header.extend_from_slice(&e7(info.center.0));
    header.extend_from_slice(&e7(info.center.1));

    let mut out = AtomicFile::create(path)?;
    let mut copied = || {
        for piece in [&header, &root, &metadata, &leaves] {
            out.write_all(piece)?;
        }
        data.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match data.read(&mut buffer)? {
                0 => return Ok(()),
                count => out.write_all(&buffer[..count])?,
            }
        }
    };
    copied().map_err(FormatError::io(path))?;
    out.finish()?;
    part.remove()?;
    Ok(ArchiveSummary { tiles, contents, bytes: data_at + end })
}

/// The root directory and the leaf directories that it points to; none when the root holds all.
pub(super) fn directories(entries: &[Entry]) -> (Vec<u8>, Vec<u8>) {
    let room = ROOT_END - HEADER as usize;
    let whole = directory(entries);
    if whole.len() <= room {
        return (whole, Vec::new());
    }
    let mut size = LEAF_ENTRIES;
    loop {
        let mut leaves = Vec::new();
        let mut pointers = Vec::new();
        for leaf in entries.chunks(size) {
            let bytes = directory(leaf);
            let (place, offset) = (leaf[0].place, leaves.len() as u64);
            pointers.push(Entry { place, run: 0, offset, length: bytes.len() as u32 });
            leaves.extend_from_slice(&bytes);
        }
        let root = directory(&pointers);
        if root.len() <= room {
            return (root, leaves);
        }
        size *= 2;
    }
}

/// A directory: numbers of one kind after the other, as varints.
fn directory(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 8);
    push_varint(&mut out, entries.len() as u64);
    let mut last = 0;
    for entry in entries {
        push_varint(&mut out, entry.place - last);
        last = entry.place;
    }
    for entry in entries {
        push_varint(&mut out, u64::from(entry.run));
    }
    for entry in entries {
        push_varint(&mut out, u64::from(entry.length));
    }
    let mut next = None;
    for entry in entries {
        // 0 says: right behind the entry before.
        let number = if next == Some(entry.offset) { 0 } else { entry.offset + 1 };
        push_varint(&mut out, number);
        next = Some(entry.offset + u64::from(entry.length));
    }
    gzip(&out)
}

/// `bytes` as RFC 1952 has them.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
    // The room is what the library itself asks for.
    let length = compressor.gzip_compress(bytes, &mut out).unwrap_or(0);
    out.truncate(length);
    out
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
