//! What an archive that others may have written says of itself, and what can be wrong with it.
//!
//! Degrees are WGS 84, longitude before latitude; zooms are those of the WebMercatorQuad.

use serde_json::{Map, Value};
use thiserror::Error;
use tile::MAX_ZOOM;

/// What the tiles of an archive are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileType {
    /// Mapbox Vector Tiles.
    Mvt,
    /// PNG images.
    Png,
    /// JPEG images.
    Jpeg,
    /// WebP images.
    Webp,
    /// AVIF images.
    Avif,
}

impl TileType {
    /// Media type of a tile.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mvt => "application/vnd.mapbox-vector-tile",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
        }
    }

    /// Endings of a tile's name, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Mvt => &["mvt", "pbf"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Webp => &["webp"],
            Self::Avif => &["avif"],
        }
    }

    /// The usual ending of a tile's name.
    pub fn extension(self) -> &'static str {
        self.extensions()[0]
    }

    /// By one of the endings.
    pub fn of_extension(name: &str) -> Option<Self> {
        let all = [Self::Mvt, Self::Png, Self::Jpeg, Self::Webp, Self::Avif];
        all.into_iter().find(|kind| kind.extensions().contains(&name))
    }

    /// Images by their first bytes; whatever else, compressed or not, can only be a vector tile.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Webp,
            [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..] => Self::Avif,
            _ => Self::Mvt,
        }
    }

    /// Whether the tiles are images.
    pub fn is_raster(self) -> bool {
        self != Self::Mvt
    }
}

/// What an archive says of its tiles. Texts are as the archive has them.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchiveFacts {
    /// What the tiles are.
    pub tile_type: TileType,
    /// First and last zoom.
    pub zooms: (u8, u8),
    /// West, south, east and north, in degrees: west before east, south before north.
    pub bounds: [f64; 4],
    /// Where a viewer begins: longitude, latitude, zoom.
    pub center: Option<(f64, f64, u8)>,
    /// A name for people; may be empty.
    pub name: String,
    /// A description; may be empty.
    pub description: String,
    /// Whom the data is owed to; may be empty.
    pub attribution: String,
    /// The layers, as TileJSON's `vector_layers` describe them; empty for images.
    pub vector_layers: Vec<Value>,
}

/// Largest difference of Web Mercator's latitudes from the equator, in degrees.
const LAST_LATITUDE: f64 = 85.051_128_779_806_59;
/// Longest text of an archive that is repeated, in characters.
const MAX_TEXT: usize = 4096;
/// Most layers that are described.
const MAX_LAYERS: usize = 1000;

impl ArchiveFacts {
    /// Facts about tiles of this type and these zooms, everywhere and without words.
    pub(super) fn new(tile_type: TileType, zooms: (u8, u8)) -> Result<Self, ArchiveFault> {
        if zooms.0 > zooms.1 || zooms.1 > MAX_ZOOM {
            return Err(ArchiveFault::Zooms { first: zooms.0, last: zooms.1 });
        }
        Ok(Self {
            tile_type,
            zooms,
            bounds: [-180.0, -LAST_LATITUDE, 180.0, LAST_LATITUDE],
            center: None,
            name: String::new(),
            description: String::new(),
            attribution: String::new(),
            vector_layers: Vec::new(),
        })
    }

    /// Takes the bounds if they are a rectangle on the map; archives that do not know theirs
    /// write zeros, and keep the whole world.
    pub(super) fn set_bounds(&mut self, [west, south, east, north]: [f64; 4]) {
        let (south, north) = (
            south.clamp(-LAST_LATITUDE, LAST_LATITUDE),
            north.clamp(-LAST_LATITUDE, LAST_LATITUDE),
        );
        let (west, east) = (west.clamp(-180.0, 180.0), east.clamp(-180.0, 180.0));
        if west < east && south < north {
            self.bounds = [west, south, east, north];
        }
    }

    /// Takes the centre if it is on the map and of a zoom that there is.
    pub(super) fn set_center(&mut self, lon: f64, lat: f64, zoom: u8) {
        let [west, south, east, north] = self.bounds;
        let is_inside = (west..=east).contains(&lon) && (south..=north).contains(&lat);
        if is_inside && (self.zooms.0..=self.zooms.1).contains(&zoom) {
            self.center = Some((lon, lat, zoom));
        }
    }

    /// Takes the words of an archive's metadata.
    pub(super) fn set_words(&mut self, metadata: &Map<String, Value>) {
        let text = |name: &str| -> String {
            let text = metadata.get(name).and_then(Value::as_str).unwrap_or_default();
            text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
        };
        (self.name, self.description, self.attribution) =
            (text("name"), text("description"), text("attribution"));
        self.set_layers(metadata.get("vector_layers"));
    }

    /// Takes the description of the layers if it is one.
    pub(super) fn set_layers(&mut self, layers: Option<&Value>) {
        if self.tile_type.is_raster() {
            return;
        }
        let listed = layers.and_then(Value::as_array).into_iter().flatten();
        let named = listed.filter(|layer| layer["id"].is_string()).cloned();
        self.vector_layers = named.take(MAX_LAYERS).collect();
    }
}

/// Why an archive cannot be read, or a part of it.
#[derive(Debug, Error)]
pub enum ArchiveFault {
    /// The first bytes are of something else.
    #[error("it does not begin as {format} does")]
    OtherFormat {
        /// What was expected.
        format: &'static str,
    },
    /// Another version of the format.
    #[error("it is PMTiles version {found}; version 3 is read: convert it with `pmtiles convert`")]
    Version {
        /// What the header says.
        found: u8,
    },
    /// A code that is not read here.
    #[error("its {what} has code {code}; {readable} are read")]
    Code {
        /// What has the code.
        what: &'static str,
        /// What the archive says.
        code: String,
        /// What could stand there.
        readable: &'static str,
    },
    /// Zooms that cannot be.
    #[error("its zooms go from {first} to {last}; from 0 to {MAX_ZOOM} there are tiles")]
    Zooms {
        /// The first.
        first: u8,
        /// The last.
        last: u8,
    },
    /// A part lies outside of the file, or is larger than what is read.
    #[error("{what} at byte {offset} has {length} bytes, of which {limit} can be read")]
    Section {
        /// Which part.
        what: &'static str,
        /// Where it begins.
        offset: u64,
        /// How long it says that it is.
        length: u64,
        /// How long it may be there.
        limit: u64,
    },
    /// Compressed bytes that are damaged, or that become too many.
    #[error("{what} cannot be unpacked to at most {limit} bytes")]
    Packed {
        /// Which part.
        what: &'static str,
        /// Most bytes that are made of it.
        limit: usize,
    },
    /// A directory that points nowhere.
    #[error("entry {entry} of a directory {reason}")]
    Directory {
        /// Number of the entry, from 0.
        entry: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Directories that only point to one another.
    #[error("its directories lie more than {limit} deep", limit = super::PmTilesDirectory::MAX_DEPTH)]
    Depth,
    /// Metadata that is no JSON object.
    #[error("its metadata is not a JSON object")]
    Metadata,
    /// SQLite refuses, or a query takes too long.
    #[error("SQLite: {0}")]
    Sql(#[from] rusqlite::Error),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn tiles_are_known_by_their_first_bytes_and_endings() {
        let cases: [(&[u8], TileType); 6] = [
            (b"\x89PNG\r\n\x1a\n", TileType::Png),
            (b"\xff\xd8\xff\xe0", TileType::Jpeg),
            (b"RIFF\x10\0\0\0WEBPVP8 ", TileType::Webp),
            (b"\0\0\0\x1cftypavif", TileType::Avif),
            (b"\x1f\x8b\x08", TileType::Mvt),
            (b"", TileType::Mvt),
        ];
        for (bytes, expected) in cases {
            assert_eq!(TileType::of_bytes(bytes), expected, "{bytes:?}");
            assert_eq!(TileType::of_extension(expected.extension()), Some(expected));
        }
        assert_eq!(TileType::of_extension("gif"), None);
    }

    #[test]
    fn what_an_archive_says_is_taken_only_as_far_as_it_can_be() {
        let mut facts = ArchiveFacts::new(TileType::Mvt, (2, 9)).unwrap();
        facts.set_bounds([0.0; 4]);
        assert_eq!(facts.bounds[0], -180.0, "no rectangle");
        facts.set_bounds([f64::NAN, 0.0, 10.0, 10.0]);
        assert_eq!(facts.bounds[2], 180.0, "no number");
        facts.set_bounds([-500.0, -90.0, 10.0, 90.0]);
        assert_eq!(facts.bounds, [-180.0, -LAST_LATITUDE, 10.0, LAST_LATITUDE]);
        for (lon, lat, zoom) in [(11.0, 0.0, 3), (0.0, 0.0, 1), (f64::NAN, 0.0, 3)] {
            facts.set_center(lon, lat, zoom);
            assert_eq!(facts.center, None, "{lon} {lat} {zoom}");
        }
        let metadata = json!({ "name": "a\u{7}b", "vector_layers": [{ "id": "x" }, 7, {}] });
        facts.set_words(metadata.as_object().unwrap());
        assert_eq!((facts.name.as_str(), facts.vector_layers.len()), ("ab", 1));
        for zooms in [(3, 2), (0, 200)] {
            let said = ArchiveFacts::new(TileType::Png, zooms).unwrap_err().to_string();
            assert!(said.contains(&format!("from {} to {}", zooms.0, zooms.1)), "{said}");
        }
    }
}
