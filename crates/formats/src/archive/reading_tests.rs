//! Archives of ours and damaged ones, read as a server reads them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;
use tile::WEB_MERCATOR_QUAD;

use super::pmtiles::{Entry, directories};
use super::*;

fn coord(z: u32, x: u32, y: u32) -> TileCoord {
    TileCoord::new(&WEB_MERCATOR_QUAD, z, x, y).unwrap()
}

/// Tiles of zooms 0 to 4 but those of the south-east, in the archive's order.
fn tiles() -> Vec<(TileCoord, Vec<u8>)> {
    let mut all: Vec<TileCoord> = (0..5_u32)
        .flat_map(|z| (0..1 << z).flat_map(move |x| (0..1 << z).map(move |y| coord(z, x, y))))
        .filter(|c| c.z() < 2 || c.x() < 1 << (c.z() - 1) || c.y() < 1 << (c.z() - 1))
        .collect();
    all.sort_by_key(|coord| archive_order(*coord));
    all.into_iter().map(|c| (c, format!("tile {}", archive_order(c) / 5).into_bytes())).collect()
}

fn export(path: &Path) {
    export_as(path, TileType::Mvt);
}

fn export_as(path: &Path, tile_type: TileType) {
    let info = ArchiveInfo {
        name: "街镇".to_owned(),
        attribution: "示意".to_owned(),
        tile_type,
        zooms: (0, 4),
        bounds: [-180.0, -80.0, 170.0, 85.0],
        center: (116.25, 39.75, 2),
        vector_layers: json!([{ "id": "parcels", "fields": { "ZL": "String" } }]),
    };
    let mut part = ArchivePart::open(path, "test").unwrap();
    let tiles = tiles();
    let shown: Vec<_> = tiles.iter().map(|(coord, bytes)| (*coord, bytes.as_slice())).collect();
    part.add(&shown, shown.last().unwrap().0).unwrap();
    finish_archive(part, ArchiveFormat::of_path(path).unwrap(), path, &info).unwrap();
}

/// The tile in `bytes`, all of an archive.
fn find(bytes: &[u8], coord: TileCoord) -> Result<Option<Vec<u8>>, ArchiveFault> {
    let slice = |range: std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
    let header = PmTilesHeader::parse(bytes, bytes.len() as u64)?;
    header.facts(slice(header.metadata.clone()))?;
    let mut range = header.root.clone();
    for _depth in 0..PmTilesDirectory::MAX_DEPTH {
        let directory = PmTilesDirectory::parse(&header, slice(range))?;
        match directory.find(&header, archive_order(coord))? {
            PmTilesStep::Tile(range) => return Ok(Some(slice(range).to_vec())),
            PmTilesStep::Directory(leaf) => range = leaf,
            PmTilesStep::Nothing => return Ok(None),
        }
    }
    Err(ArchiveFault::Depth)
}

#[test]
fn what_was_exported_is_found_and_holes_are_holes() {
    let folder = tempfile::tempdir().unwrap();
    let (pm, mb) = (folder.path().join("a.pmtiles"), folder.path().join("a.mbtiles"));
    export(&pm);
    export(&mb);
    let bytes = std::fs::read(&pm).unwrap();
    let archive = MbTiles::open(&mb).unwrap();
    for (coord, tile) in tiles() {
        assert_eq!(find(&bytes, coord).unwrap().unwrap(), tile, "{coord}");
        assert_eq!(archive.tile(coord).unwrap().unwrap(), tile, "{coord}");
    }
    for hole in [coord(2, 3, 3), coord(4, 15, 15), coord(9, 0, 0)] {
        assert_eq!(find(&bytes, hole).unwrap(), None, "{hole}");
        assert_eq!(archive.tile(hole).unwrap(), None, "{hole}");
    }
    let header = PmTilesHeader::parse(&bytes, bytes.len() as u64).unwrap();
    let metadata = header.metadata.start as usize..header.metadata.end as usize;
    let facts = header.facts(&bytes[metadata]).unwrap();
    assert_eq!(&facts, archive.facts());
    assert_eq!(
        (facts.tile_type, facts.zooms, facts.name.as_str()),
        (TileType::Mvt, (0, 4), "街镇")
    );
    assert_eq!(facts.bounds, [-180.0, -80.0, 170.0, 85.0]);
    assert_eq!(facts.center, Some((116.25, 39.75, 2)));
    assert_eq!(facts.vector_layers[0]["id"], "parcels");
}

#[test]
fn an_archive_of_images_says_of_which() {
    let folder = tempfile::tempdir().unwrap();
    for tile_type in [TileType::Png, TileType::Jpeg, TileType::Webp, TileType::Avif] {
        let (pm, mb) = (folder.path().join("a.pmtiles"), folder.path().join("a.mbtiles"));
        export_as(&pm, tile_type);
        export_as(&mb, tile_type);
        let bytes = std::fs::read(&pm).unwrap();
        let header = PmTilesHeader::parse(&bytes, bytes.len() as u64).unwrap();
        let metadata = header.metadata.start as usize..header.metadata.end as usize;
        let facts = header.facts(&bytes[metadata]).unwrap();
        assert_eq!(&facts, MbTiles::open(&mb).unwrap().facts());
        assert_eq!((facts.tile_type, facts.vector_layers.len()), (tile_type, 0));
    }
}

#[test]
fn leaf_directories_lead_to_the_tile() {
    // Offsets that do not compress away.
    let mixed = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let mixed = |n: u64| mixed(n) % 977;
    let entries: Vec<Entry> = (0..60_000_u64)
        .map(|n| Entry { place: n * 3, run: 2, offset: mixed(n) * 5, length: 5 })
        .collect();
    let (root, leaves) = directories(&entries);
    assert!(!leaves.is_empty());
    let mut bytes = header_of(&root, &[], &leaves, 977 * 5);
    bytes.extend((0..977_u64).flat_map(|n| format!("{n:5}").into_bytes()));
    for place in [0, 1, 2, 3, 91_500, 91_501, 91_502, 179_999] {
        let expected = (place % 3 < 2).then(|| format!("{:5}", mixed(place / 3)).into_bytes());
        let header = PmTilesHeader::parse(&bytes, bytes.len() as u64).unwrap();
        let slice = |range: std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
        let root = PmTilesDirectory::parse(&header, slice(header.root.clone())).unwrap();
        let PmTilesStep::Directory(leaf) = root.find(&header, place).unwrap() else {
            panic!("{place}")
        };
        let leaf = PmTilesDirectory::parse(&header, slice(leaf)).unwrap();
        let found = match leaf.find(&header, place).unwrap() {
            PmTilesStep::Tile(range) => Some(slice(range).to_vec()),
            _ => None,
        };
        assert_eq!(found, expected, "{place}");
    }
}

/// A header with these parts behind it, and with room for `tiles` bytes of tiles.
fn header_of(root: &[u8], metadata: &[u8], leaves: &[u8], tiles: u64) -> Vec<u8> {
    let mut bytes = b"PMTiles\x03".to_vec();
    let mut at = 127;
    for length in [root.len() as u64, metadata.len() as u64, leaves.len() as u64, tiles] {
        bytes.extend([u64::to_le_bytes(at), length.to_le_bytes()].concat());
        at += length;
    }
    bytes.extend([0; 24]);
    bytes.extend([1, 2, 2, 1, 0, 9]);
    bytes.extend([0; 25]);
    assert_eq!(bytes.len(), 127);
    [bytes, root.to_vec(), metadata.to_vec(), leaves.to_vec()].concat()
}

/// A directory of these numbers, not compressed, in an archive of 100 bytes of tiles.
fn directory_of(numbers: &[u8]) -> Result<(PmTilesHeader, PmTilesDirectory), ArchiveFault> {
    let mut bytes = header_of(numbers, &[], &[], 100);
    bytes[97] = 1;
    let header = PmTilesHeader::parse(&bytes, bytes.len() as u64 + 100).unwrap();
    let directory = PmTilesDirectory::parse(&header, numbers)?;
    Ok((header, directory))
}

#[test]
fn damaged_headers_are_refused_with_the_reason() {
    let whole = header_of(b"12345678", b"", b"", 100);
    let size = whole.len() as u64 + 100;
    assert_eq!(PmTilesHeader::parse(&whole, size).unwrap().root, 127..135);
    let cases: [(usize, &[u8], &str); 10] = [
        (0, b"X", "does not begin as PMTiles"),
        (7, &[2], "version 2"),
        (8, &[0xff; 8], "root directory"),
        (16, &[0xff; 8], "root directory"),
        (32, &[0xff; 4], "metadata"),
        (64, &[101], "part of tiles"),
        (97, &[3], "internal compression has code 3"),
        (98, &[3], "tile compression has code 3"),
        (99, &[9], "tile type has code 9"),
        (101, &[23], "zooms go from 0 to 23"),
    ];
    for (at, damage, expected) in cases {
        let mut bytes = whole.clone();
        bytes[at..at + damage.len()].copy_from_slice(damage);
        let said = PmTilesHeader::parse(&bytes, size).unwrap_err().to_string();
        assert!(said.contains(expected), "byte {at}: {said}");
    }
    for length in [0, 7, 8, 126] {
        assert!(PmTilesHeader::parse(&whole[..length], length as u64).is_err(), "{length}");
    }
}

#[test]
fn damaged_directories_are_refused_with_the_entry() {
    // One entry: place 0, one tile, 5 bytes, at the start.
    let (header, directory) = directory_of(&[1, 0, 1, 5, 1]).unwrap();
    assert_eq!(directory.find(&header, 0).unwrap(), PmTilesStep::Tile(132..137));
    assert_eq!(directory.find(&header, 1).unwrap(), PmTilesStep::Nothing);
    let cases: [(&[u8], &str); 9] = [
        (&[], "cut off"),
        (&[0], "counted"),
        (&[200, 1, 0, 1, 5, 1], "counted"),
        (&[2, 0, 0, 1, 1, 5, 5, 1, 1], "place of the one before"),
        (&[1, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 5, 1], "too many tiles"),
        (&[1, 0, 1, 0, 1], "length"),
        (&[1, 0, 1, 5, 0], "behind one that is not there"),
        (&[1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], "64 bits"),
        (
            &[1, 0, 1, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            "beyond all files",
        ),
    ];
    for (numbers, expected) in cases {
        let said = directory_of(numbers).err().map(|fault| fault.to_string()).unwrap_or_default();
        assert!(said.contains(expected), "{numbers:?}: {said}");
    }
    // Readable, but pointing beyond its part of the file.
    let (header, directory) = directory_of(&[1, 0, 1, 5, 97]).unwrap();
    assert!(directory.find(&header, 0).unwrap_err().to_string().contains("a tile at byte 228"));
    let (header, directory) = directory_of(&[1, 0, 0, 5, 1]).unwrap();
    assert!(directory.find(&header, 0).unwrap_err().to_string().contains("leaf directory"));
}

#[test]
fn mbtiles_of_others_are_read_as_far_as_they_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    };
    // Without zooms, format and an index; tiles as text too.
    let bare = make(
        "bare.mbtiles",
        "CREATE TABLE metadata (name TEXT, value TEXT);
         INSERT INTO metadata VALUES ('name', 'ortho'), ('bounds', '1,2,3,4'), ('center', 'a,b');
         CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);
         INSERT INTO tiles VALUES (3, 1, 7, x'89504e470d0a1a0a'), (5, 0, 0, 'text'), (5, 1, 0, NULL);",
    );
    let archive = MbTiles::open(&bare).unwrap();
    assert_eq!((archive.facts().tile_type, archive.facts().zooms), (TileType::Png, (3, 5)));
    assert_eq!((archive.facts().bounds, archive.facts().center), ([1.0, 2.0, 3.0, 4.0], None));
    assert_eq!(archive.tile(coord(3, 1, 0)).unwrap().unwrap(), b"\x89PNG\r\n\x1a\n");
    assert_eq!(archive.tile(coord(5, 0, 31)).unwrap().unwrap(), b"text");
    assert_eq!(archive.tile(coord(5, 1, 31)).unwrap(), None);

    let endless = make(
        "endless.mbtiles",
        "CREATE TABLE metadata (name TEXT, value TEXT);
         INSERT INTO metadata VALUES ('format', 'png'), ('minzoom', '0'), ('maxzoom', '9');
         CREATE VIEW tiles AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT 0 AS zoom_level, i AS tile_column, 0 AS tile_row, x'00' AS tile_data FROM n;",
    );
    let archive = MbTiles::open(&endless).unwrap();
    let said = archive.tile(coord(0, 0, 0)).unwrap_err().to_string();
    assert!(said.contains("interrupted"), "{said}");

    let large = make(
        "large.mbtiles",
        "CREATE TABLE metadata (name TEXT, value TEXT);
         INSERT INTO metadata VALUES ('format', 'png'), ('minzoom', '0'), ('maxzoom', '9');
         CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);
         INSERT INTO tiles VALUES (0, 0, 0, zeroblob(17000000));",
    );
    let said = MbTiles::open(&large).unwrap().tile(coord(0, 0, 0)).unwrap_err().to_string();
    assert!(said.contains("17000000 bytes"), "{said}");

    let other = make("other.mbtiles", "CREATE TABLE metadata (name TEXT, value TEXT);");
    assert!(MbTiles::open(&other).unwrap_err().to_string().contains("no such table"));
    let format = make(
        "format.mbtiles",
        "CREATE TABLE metadata (name, value); INSERT INTO metadata VALUES ('format', 'gif');",
    );
    assert!(MbTiles::open(&format).unwrap_err().to_string().contains("gif"));
    let none = MbTiles::open(&folder.path().join("none.mbtiles")).unwrap_err().to_string();
    assert!(none.contains("unable to open"), "{none}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_the_bytes_nothing_panics(
        place in 0_usize..2000,
        damage in prop::collection::vec(any::<u8>(), 1..12),
        cut in 0_usize..4000,
    ) {
        thread_local! {
            static WHOLE: Vec<u8> = {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("a.pmtiles");
                export(&path);
                std::fs::read(&path).unwrap()
            };
        }
        let mut bytes = WHOLE.with(Clone::clone);
        let at = place % bytes.len();
        let end = (at + damage.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&damage[..end - at]);
        bytes.truncate(bytes.len().saturating_sub(cut % 700));
        for coord in [coord(0, 0, 0), coord(4, 3, 3)] {
            let found = find(&bytes, coord);
            prop_assert!(!matches!(found, Ok(Some(tile)) if tile.len() > bytes.len()));
        }
        let numbers = PmTilesHeader::parse(&header_of(&damage, &[], &[], 0), 1 << 20)
            .and_then(|header| PmTilesDirectory::parse(&header, &damage));
        prop_assert!(numbers.is_err());
    }
}
