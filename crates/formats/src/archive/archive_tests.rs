//! Archives read back by readers of their own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::json;
use tile::WEB_MERCATOR_QUAD;

use super::pmtiles::{Entry, directories};
use super::*;

fn coord(z: u32, x: u32, y: u32) -> TileCoord {
    TileCoord::new(&WEB_MERCATOR_QUAD, z, x, y).unwrap()
}

fn info() -> ArchiveInfo {
    ArchiveInfo {
        name: "街镇".to_owned(),
        attribution: "示意".to_owned(),
        tile_type: TileType::Mvt,
        zooms: (0, 3),
        bounds: [116.0, 39.5, 116.5, 40.0],
        center: (116.25, 39.75, 2),
        vector_layers: json!([{ "id": "parcels", "fields": { "ZL": "String" } }]),
    }
}

/// All tiles of zooms 0 to 3 in the archive's order; every third is like the first.
fn tiles() -> Vec<(TileCoord, Vec<u8>)> {
    let mut all: Vec<TileCoord> = (0..4_u32)
        .flat_map(|z| (0..1 << z).flat_map(move |x| (0..1 << z).map(move |y| coord(z, x, y))))
        .collect();
    all.sort_by_key(|coord| archive_order(*coord));
    let content = |number: usize| match number % 3 {
        0 => b"sea".to_vec(),
        _ => format!("tile {number}").into_bytes(),
    };
    all.into_iter().enumerate().map(|(number, coord)| (coord, content(number))).collect()
}

fn fill(part: &mut ArchivePart, tiles: &[(TileCoord, Vec<u8>)]) {
    for batch in tiles.chunks(7) {
        let shown: Vec<_> = batch.iter().map(|(coord, bytes)| (*coord, bytes.as_slice())).collect();
        part.add(&shown, batch.last().unwrap().0).unwrap();
    }
}

#[test]
fn the_order_is_that_of_the_specification() {
    // Examples of the PMTiles specification, section 4.1.
    for (z, x, y, place) in [
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (1, 0, 1, 2),
        (1, 1, 1, 3),
        (1, 1, 0, 4),
        (2, 0, 0, 5),
        (12, 3423, 1763, 19_078_479),
    ] {
        assert_eq!(archive_order(coord(z, x, y)), place, "{z}/{x}/{y}");
    }
    let places: Vec<u64> = tiles().iter().map(|(coord, _)| archive_order(*coord)).collect();
    assert_eq!(places, (0..85).collect::<Vec<_>>());
}

/// Reads a PMTiles file as its specification says: tiles by place.
fn read_pmtiles(bytes: &[u8]) -> (BTreeMap<u64, Vec<u8>>, Value) {
    assert_eq!(&bytes[..8], b"PMTiles\x03");
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let slice = |at: usize| &bytes[number(at)..number(at) + number(at + 8)];
    let (leaves, data) = (slice(40), number(56));
    let mut tiles = BTreeMap::new();
    let mut waiting = read_directory(slice(8));
    while let Some(entry) = waiting.pop() {
        let (offset, length) = (entry.offset as usize, entry.length as usize);
        if entry.run == 0 {
            waiting.extend(read_directory(&leaves[offset..offset + length]));
        }
        for step in 0..u64::from(entry.run) {
            let tile = bytes[data + offset..data + offset + length].to_vec();
            assert!(tiles.insert(entry.place + step, tile).is_none());
        }
    }
    assert_eq!(number(72), tiles.len());
    (tiles, serde_json::from_slice(&gunzipped(slice(24))).unwrap())
}

fn gunzipped(bytes: &[u8]) -> Vec<u8> {
    // The last four bytes are the length of what comes out.
    let length = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap()) as usize;
    let mut out = vec![0; length];
    libdeflater::Decompressor::new().gzip_decompress(bytes, &mut out).unwrap();
    out
}

fn read_directory(bytes: &[u8]) -> Vec<Entry> {
    let bytes = gunzipped(bytes);
    let mut bytes = bytes.as_slice();
    let mut next = || {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            bytes = rest;
            number |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        number
    };
    let count = next() as usize;
    let mut entries = vec![Entry { place: 0, run: 0, offset: 0, length: 0 }; count];
    let mut place = 0;
    for entry in &mut entries {
        place += next();
        entry.place = place;
    }
    entries.iter_mut().for_each(|entry| entry.run = next() as u32);
    entries.iter_mut().for_each(|entry| entry.length = next() as u32);
    let mut end = 0;
    for entry in &mut entries {
        entry.offset = match next() {
            0 => end,
            number => number - 1,
        };
        end = entry.offset + u64::from(entry.length);
    }
    entries
}

#[test]
fn both_archives_hold_every_tile_and_equal_ones_once() {
    let folder = tempfile::tempdir().unwrap();
    for (format, name) in
        [(ArchiveFormat::PmTiles, "a.pmtiles"), (ArchiveFormat::MbTiles, "a.mbtiles")]
    {
        let path = folder.path().join(name);
        assert_eq!(ArchiveFormat::of_path(&path), Some(format));
        let mut part = ArchivePart::open(&path, "test").unwrap();
        fill(&mut part, &tiles());
        let summary = finish_archive(part, format, &path, &info()).unwrap();
        assert_eq!((summary.tiles, summary.contents), (85, 57));
        assert_eq!(summary.bytes, std::fs::metadata(&path).unwrap().len());
        if format == ArchiveFormat::PmTiles {
            let (read, metadata) = read_pmtiles(&std::fs::read(&path).unwrap());
            let expected =
                tiles().into_iter().map(|(coord, bytes)| (archive_order(coord), bytes)).collect();
            assert_eq!(read, expected);
            assert_eq!(metadata["vector_layers"][0]["id"], "parcels");
        } else {
            let db = Connection::open(&path).unwrap();
            for (coord, bytes) in tiles() {
                let row = (1_u32 << coord.z()) - 1 - coord.y();
                let sql = "SELECT tile_data FROM tiles WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3";
                let read: Vec<u8> =
                    db.query_row(sql, (coord.z(), coord.x(), row), |row| row.get(0)).unwrap();
                assert_eq!(read, bytes, "{coord}");
            }
            let tables: i64 = db
                .query_row(
                    "SELECT count(*) FROM sqlite_schema WHERE name IN ('progress', 'purpose')",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(tables, 0);
        }
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_was_cut_off_goes_on_and_what_is_of_another_purpose_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pmtiles");
    let (first, rest) = {
        let all = tiles();
        (all[..40].to_vec(), all[40..].to_vec())
    };
    let mut part = ArchivePart::open(&path, "revision 7").unwrap();
    assert_eq!(part.last(), None);
    fill(&mut part, &first);
    drop(part);
    let mut part = ArchivePart::open(&path, "revision 7").unwrap();
    assert_eq!(part.last(), Some(39));
    fill(&mut part, &rest);
    let summary = finish_archive(part, ArchiveFormat::PmTiles, &path, &info()).unwrap();
    assert_eq!((summary.tiles, summary.contents), (85, 57));

    let mut part = ArchivePart::open(&path, "revision 7").unwrap();
    fill(&mut part, &first);
    drop(part);
    assert_eq!(ArchivePart::open(&path, "revision 8").unwrap().last(), None);
    std::fs::write(folder.path().join("a.pmtiles.part"), b"no database").unwrap();
    assert_eq!(ArchivePart::open(&path, "revision 8").unwrap().last(), None);
}

#[test]
fn many_tiles_go_to_leaf_directories_and_the_root_stays_small() {
    let entries: Vec<Entry> = (0..100_000_u64)
        .map(|n| Entry { place: n * 3, run: 1 + (n % 3) as u32, offset: n * 1000, length: 977 })
        .collect();
    let (root, leaves) = directories(&entries);
    assert!(root.len() <= 16_384 - 127 && !leaves.is_empty());
    let read: Vec<Entry> = read_directory(&root)
        .into_iter()
        .flat_map(|leaf| {
            assert_eq!(leaf.run, 0);
            let offset = leaf.offset as usize;
            read_directory(&leaves[offset..offset + leaf.length as usize])
        })
        .collect();
    assert_eq!(read, entries);
}
