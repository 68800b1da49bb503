//! An archive under construction: an MBTiles file that also says what is in it so far.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use tile::TileCoord;

use super::{ArchiveInfo, ArchiveSummary, TileType, archive_order};
use crate::FormatError;
use crate::atomic_file::folder;

const FORMAT: &str = "MBTiles";
/// MBTiles, as the registry of SQLite's application ids has it.
const APPLICATION_ID: i64 = 0x4d50_4258;

/// Tiles gathered so far, on disk.
pub struct ArchivePart {
    path: PathBuf,
    db: Connection,
    /// Numbers of the contents with the same hash.
    contents: HashMap<u64, Vec<i64>>,
    last: Option<u64>,
}

impl std::fmt::Debug for ArchivePart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArchivePart").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ArchivePart {
    /// The part of the archive that is to stand at `path`: the one that an earlier run for the
    /// same `purpose` left, or an empty one. Equal purposes must mean equal tiles.
    pub fn open(path: &Path, purpose: &str) -> Result<Self, FormatError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        // What cannot be read is begun anew like what is of another purpose.
        if let Ok(Some(found)) = Self::go_on(&part, purpose) {
            return Ok(found);
        }
        for suffix in ["", "-journal"] {
            let mut old = part.as_os_str().to_owned();
            old.push(suffix);
            match std::fs::remove_file(PathBuf::from(old)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(FormatError::io(&part)(error));
                }
                _ => {}
            }
        }
        let db = Connection::open(&part).map_err(sql_error(&part))?;
        db.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID};
             PRAGMA synchronous = NORMAL;
             CREATE TABLE metadata (name TEXT, value TEXT);
             CREATE TABLE images (tile_id INTEGER PRIMARY KEY, hash INTEGER, tile_data BLOB);
             CREATE TABLE map (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER,
                 tile_id INTEGER, PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
             CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data
                 FROM map JOIN images USING (tile_id);
             CREATE TABLE progress (place INTEGER PRIMARY KEY, tile_id INTEGER);
             CREATE TABLE purpose (text TEXT);"
        ))
        .and_then(|()| db.execute("INSERT INTO purpose VALUES (?1)", [purpose]))
        .map_err(sql_error(&part))?;
        Ok(Self { path: part, db, contents: HashMap::new(), last: None })
    }

    fn go_on(part: &Path, purpose: &str) -> Result<Option<Self>, FormatError> {
        if !part.exists() {
            return Ok(None);
        }
        let db = Connection::open(part).map_err(sql_error(part))?;
        let read = || {
            let held: String = db.query_row("SELECT text FROM purpose", [], |row| row.get(0))?;
            let last = db.query_row("SELECT max(place) FROM progress", [], |row| {
                row.get::<_, Option<i64>>(0)
            })?;
            let mut contents: HashMap<u64, Vec<i64>> = HashMap::new();
            let mut statement = db.prepare("SELECT hash, tile_id FROM images")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                contents
                    .entry(row.get::<_, i64>(0)?.cast_unsigned())
                    .or_default()
                    .push(row.get(1)?);
            }
            Ok::<_, rusqlite::Error>((held, last, contents))
        };
        let (held, last, contents) = read().map_err(sql_error(part))?;
        if held != purpose {
            return Ok(None);
        }
        let last = last.map(i64::cast_unsigned);
        Ok(Some(Self { path: part.to_owned(), db, contents, last }))
    }

    /// Place in the archive's order of the last tile that is in it, looked at and empty ones
    /// included.
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// Adds tiles, which ascend in the archive's order, are not empty and, if they are vector tiles, compressed by gzip; or
    /// notes that the tiles up to `looked_at` were looked at. Kept from here on.
    pub fn add(
        &mut self,
        tiles: &[(TileCoord, &[u8])],
        looked_at: TileCoord,
    ) -> Result<(), FormatError> {
        let path = self.path.clone();
        self.db.execute_batch("BEGIN").map_err(sql_error(&path))?;
        for (coord, bytes) in tiles {
            self.add_one(*coord, bytes).map_err(sql_error(&path))?;
        }
        let place = archive_order(looked_at);
        self.db
            .prepare_cached("INSERT OR IGNORE INTO progress VALUES (?1, NULL)")
            .and_then(|mut statement| statement.execute([place.cast_signed()]))
            .and_then(|_| self.db.execute_batch("COMMIT"))
            .map_err(sql_error(&path))?;
        self.last = Some(place);
        Ok(())
    }

    fn add_one(&mut self, coord: TileCoord, bytes: &[u8]) -> rusqlite::Result<()> {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let hash = hasher.finish();
        let content = match self.equal_content(hash, bytes)? {
            Some(content) => content,
            None => {
                let sql = "INSERT INTO images (hash, tile_data) VALUES (?1, ?2)";
                self.db.prepare_cached(sql)?.execute(params![hash.cast_signed(), bytes])?;
                let content = self.db.last_insert_rowid();
                self.contents.entry(hash).or_default().push(content);
                content
            }
        };
        // MBTiles count rows from the south.
        let row = (1_u32 << coord.z()) - 1 - coord.y();
        self.db.prepare_cached("INSERT INTO map VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            coord.z(),
            coord.x(),
            row,
            content
        ])?;
        self.db
            .prepare_cached("INSERT INTO progress VALUES (?1, ?2)")?
            .execute([archive_order(coord).cast_signed(), content])?;
        Ok(())
    }

    fn equal_content(&self, hash: u64, bytes: &[u8]) -> rusqlite::Result<Option<i64>> {
        for content in self.contents.get(&hash).into_iter().flatten() {
            let sql = "SELECT tile_data = ?2 FROM images WHERE tile_id = ?1";
            if self.db.prepare_cached(sql)?.query_row(params![content, bytes], |row| row.get(0))? {
                return Ok(Some(*content));
            }
        }
        Ok(None)
    }

    /// Visits every tile in the archive's order: its place and the number of its content.
    pub(super) fn each_place(
        &self,
        visit: &mut dyn FnMut(u64, i64) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let failed = sql_error(&self.path);
        let sql = "SELECT place, tile_id FROM progress WHERE tile_id NOTNULL ORDER BY place";
        let mut statement = self.db.prepare(sql).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let read = || Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let (place, content) = read().map_err(&failed)?;
            visit(place.cast_unsigned(), content)?;
        }
        Ok(())
    }

    /// The bytes of a content.
    pub(super) fn content(&self, content: i64) -> Result<Vec<u8>, FormatError> {
        self.db
            .prepare_cached("SELECT tile_data FROM images WHERE tile_id = ?1")
            .and_then(|mut statement| statement.query_row([content], |row| row.get(0)))
            .map_err(sql_error(&self.path))
    }

    /// Removes the file, whose tiles are elsewhere by now.
    pub(super) fn remove(self) -> Result<(), FormatError> {
        let Self { path, db, .. } = self;
        drop(db);
        std::fs::remove_file(&path).map_err(FormatError::io(&path))
    }

    /// Tiles and different contents.
    pub(super) fn counts(&self) -> Result<(u64, u64), FormatError> {
        let sql = "SELECT (SELECT count(*) FROM map), (SELECT count(*) FROM images)";
        self.db
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(sql_error(&self.path))
    }

    /// Makes the part the MBTiles file at `path`.
    pub(super) fn finish(
        self,
        path: &Path,
        info: &ArchiveInfo,
    ) -> Result<ArchiveSummary, FormatError> {
        let (tiles, contents) = self.counts()?;
        let failed = sql_error(&self.path);
        let [west, south, east, north] = info.bounds;
        let (lon, lat, zoom) = info.center;
        // MBTiles call vector tiles by the other of their endings.
        let format = match info.tile_type {
            TileType::Mvt => "pbf",
            image => image.extension(),
        };
        let rows = [
            ("name", info.name.clone()),
            ("format", format.to_owned()),
            ("bounds", format!("{west},{south},{east},{north}")),
            ("center", format!("{lon},{lat},{zoom}")),
            ("minzoom", info.zooms.0.to_string()),
            ("maxzoom", info.zooms.1.to_string()),
            ("attribution", info.attribution.clone()),
            ("type", info.kind().to_owned()),
            ("version", "1.3".to_owned()),
            ("json", serde_json::json!({ "vector_layers": info.vector_layers }).to_string()),
        ];
        let fill = || {
            self.db.execute_batch("BEGIN; DELETE FROM metadata")?;
            for (name, value) in &rows {
                self.db.execute("INSERT INTO metadata VALUES (?1, ?2)", (name, value))?;
            }
            self.db.execute_batch("DROP TABLE progress; DROP TABLE purpose; COMMIT; VACUUM")
        };
        fill().map_err(&failed)?;
        let Self { path: part, db, .. } = self;
        drop(db);
        let moved = std::fs::File::open(&part)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&part, path))
            .and_then(|()| std::fs::File::open(folder(path))?.sync_all())
            .and_then(|()| std::fs::metadata(path));
        let bytes = moved.map_err(FormatError::io(path))?.len();
        Ok(ArchiveSummary { tiles, contents, bytes })
    }
}

/// A failure of SQLite on `path`.
fn sql_error(path: &Path) -> impl Fn(rusqlite::Error) -> FormatError + use<> {
    let path = path.to_owned();
    move |error| FormatError::Unwritable {
        path: path.clone(),
        format: FORMAT,
        reason: error.to_string(),
    }
}
