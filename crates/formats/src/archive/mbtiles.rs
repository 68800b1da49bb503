//! MBTiles 1.3 that others may have written: read only, each query bounded.
//!
//! Rows count from the south in the file and from the north here.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde_json::{Map, Value};
use tile::TileCoord;

use super::facts::{ArchiveFacts, ArchiveFault, TileType};
use super::header::MAX_TILE;

/// Connections that wait for the next reader at most.
const MAX_IDLE: usize = 8;
/// Steps of SQLite's machine between two looks at the count, and looks that one query may take:
/// a second or two, which only a table without an index or a hostile view need.
const STEPS: i32 = 100_000;
const MAX_LOOKS: u32 = 200;
/// Rows of the metadata that are read.
const MAX_METADATA: usize = 1000;
/// Longest metadata value that is read, in bytes.
const MAX_VALUE: usize = 4 << 20;

/// An MBTiles file, open for reading by many at a time.
#[derive(Debug)]
pub struct MbTiles {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
    facts: ArchiveFacts,
}

#[derive(Debug)]
struct Reader {
    db: Connection,
    looks: Arc<AtomicU32>,
}

impl MbTiles {
    /// Opens the file and reads what it says of itself.
    pub fn open(path: &Path) -> Result<Self, ArchiveFault> {
        let reader = Reader::open(path)?;
        let facts = reader.facts()?;
        Ok(Self { path: path.to_owned(), idle: Mutex::new(vec![reader]), facts })
    }

    /// What the file says of its tiles.
    pub fn facts(&self) -> &ArchiveFacts {
        &self.facts
    }

    /// The tile as the file has it; `None` when it is not there. Blocks.
    pub fn tile(&self, coord: TileCoord) -> Result<Option<Vec<u8>>, ArchiveFault> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match waiting {
            Some(reader) => reader,
            None => Reader::open(&self.path)?,
        };
        let tile = reader.tile(coord);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(reader);
        }
        drop(idle);
        tile
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Self, ArchiveFault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        // What the file's schema calls must not do more than read.
        db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        db.progress_handler(
            STEPS,
            Some(move || counted.fetch_add(1, Ordering::Relaxed) >= MAX_LOOKS),
        );
        Ok(Self { db, looks })
    }

    /// Begins to count anew what a query costs.
    fn begin(&self) {
        self.looks.store(0, Ordering::Relaxed);
    }

    fn tile(&self, coord: TileCoord) -> Result<Option<Vec<u8>>, ArchiveFault> {
        self.begin();
        let row = (1_u32 << coord.z()) - 1 - coord.y();
        let sql = "SELECT length(tile_data), CASE WHEN length(tile_data) <= ?4 THEN tile_data END
            FROM tiles WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        let read = statement.query_row((coord.z(), coord.x(), row, MAX_TILE), |row| {
            // A tile may be kept as text by a careless writer.
            let bytes = match row.get_ref(1)? {
                rusqlite::types::ValueRef::Null => None,
                value => Some(value.as_bytes()?.to_vec()),
            };
            Ok((row.get::<_, Option<u64>>(0)?, bytes))
        });
        match read.optional()? {
            Some((Some(length), None)) => {
                let what = "a tile";
                Err(ArchiveFault::Section { what, offset: 0, length, limit: MAX_TILE })
            }
            Some((_, bytes)) => Ok(bytes.filter(|bytes| !bytes.is_empty())),
            None => Ok(None),
        }
    }

    fn facts(&self) -> Result<ArchiveFacts, ArchiveFault> {
        self.begin();
        let metadata = self.metadata()?;
        let text = |name: &str| metadata.get(name).and_then(Value::as_str);
        let numbers = |name: &str| -> Vec<f64> {
            let parts = text(name).unwrap_or_default().split(',');
            parts.map_while(|part| part.trim().parse().ok()).collect()
        };
        let tile_type = match text("format") {
            Some(name) => TileType::of_extension(name.trim()).ok_or(ArchiveFault::Code {
                what: "format",
                code: name.chars().take(40).collect(),
                readable: "pbf, png, jpg, webp and avif",
            })?,
            None => self.type_of_one_tile()?,
        };
        let zoom = |name: &str| text(name).and_then(|text| text.trim().parse::<u8>().ok());
        let zooms = match (zoom("minzoom"), zoom("maxzoom")) {
            (Some(first), Some(last)) => (first, last),
            _ => self.zooms()?,
        };
        let mut facts = ArchiveFacts::new(tile_type, zooms)?;
        if let [west, south, east, north] = numbers("bounds")[..] {
            facts.set_bounds([west, south, east, north]);
        }
        if let [lon, lat, zoom] = numbers("center")[..] {
            facts.set_center(lon, lat, zoom as u8);
        }
        facts.set_words(&metadata);
        let described = text("json").and_then(|text| serde_json::from_str::<Value>(text).ok());
        facts.set_layers(described.as_ref().and_then(|json| json.get("vector_layers")));
        Ok(facts)
    }

    fn metadata(&self) -> Result<Map<String, Value>, ArchiveFault> {
        let sql =
            "SELECT name, CAST(value AS TEXT) FROM metadata WHERE length(value) <= ?1 LIMIT ?2";
        let mut statement = self.db.prepare(sql)?;
        let rows = statement.query_map((MAX_VALUE, MAX_METADATA), |row| {
            Ok((row.get::<_, String>(0)?, Value::String(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn type_of_one_tile(&self) -> Result<TileType, ArchiveFault> {
        let sql = "SELECT substr(tile_data, 1, 16) FROM tiles LIMIT 1";
        let begin = self.db.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).optional()?;
        Ok(TileType::of_bytes(&begin.unwrap_or_default()))
    }

    fn zooms(&self) -> Result<(u8, u8), ArchiveFault> {
        // Two queries, each of which an index answers at once.
        let sql = "SELECT coalesce((SELECT min(zoom_level) FROM tiles), 0),
            coalesce((SELECT max(zoom_level) FROM tiles), 0)";
        Ok(self.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}
