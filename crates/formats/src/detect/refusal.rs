//! Formats that are known but not read, each with the way out.

use std::path::Path;

use crate::FormatError;

/// How the user gets a file that is read.
enum Way {
    /// `ogr2ogr -f GPKG OUT FILE`, with something behind it.
    Convert(&'static str),
    /// A command with `{in}` and `{out}` in it.
    Command(&'static str),
    /// Something that only a person can do.
    Words(&'static str),
}

use Way::{Command, Convert, Words};

const MAPGIS: Way = Words(
    "GDAL cannot read it either: open it in MapGIS and export it as Shapefile, then import that",
);
const SUPERMAP: Way = Words(
    "GDAL cannot read it either: export it from SuperMap iDesktop as Shapefile or GeoPackage, then \
     import that",
);
const UNPACK: Way = Words("unpack it, then import the files in it (a .zip is read as it is)");
const IMAGE: Way = Words(
    "an image holds no features; one whose pixels are classes becomes polygons by: \
     gdal_polygonize.py IMAGE -f GPKG out.gpkg",
);
const TILES: Way =
    Words("tiles are cut and simplified, no source of features; import what they were made from");

/// Refuses by the extension, where that alone tells.
pub(super) fn by_extension(path: &Path, extension: &str, folder: bool) -> Option<FormatError> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let (format, way) = match extension {
        "gdb" => ("an ESRI file geodatabase", Convert("")),
        _ if folder => return None,
        "dxf" => ("DXF", Convert("")),
        "mdb" | "accdb" => (
            "an Access or ESRI personal geodatabase",
            // GDAL reaches it through ODBC, which Debian has as odbc-mdbtools.
            Convert(""),
        ),
        "tab" => ("MapInfo TAB", Convert("")),
        "mif" | "mid" => ("MapInfo MIF", Convert("")),
        "kml" => ("KML", Convert("")),
        "kmz" => ("KMZ", Convert("")),
        "gml" => ("GML", Convert("")),
        "gpx" => ("GPX", Convert("")),
        "parquet" | "geoparquet" => ("GeoParquet", Convert("")),
        "osm" => ("OpenStreetMap XML", Convert(" multipolygons")),
        "pbf" if name.ends_with(".osm.pbf") => ("OSM PBF", Convert(" multipolygons")),
        "tif" | "tiff" | "img" => ("a GeoTIFF or other image", IMAGE),
        "wp" | "wl" | "wt" => ("MapGIS", MAPGIS),
        "udb" | "udbx" | "udd" => ("SuperMap", SUPERMAP),
        "mbtiles" | "pmtiles" | "tpk" | "vtpk" => ("a tile set", TILES),
        "rar" | "7z" | "gz" | "tgz" | "xz" | "tar" => ("an archive of this kind", UNPACK),
        "xlsb" | "ods" | "et" => {
            ("a spreadsheet of this kind", Words("save it as .xlsx from the program that wrote it"))
        }
        _ => return None,
    };
    Some(refuse(path, format, way))
}

/// Refuses by the first bytes.
pub(super) fn by_content(path: &Path, head: &[u8]) -> Option<FormatError> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_ascii_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let (format, way) = if starts(b"AC10") {
        // GDAL's driver knows AC1015 (AutoCAD 2000) alone.
        if starts(b"AC1015") {
            ("DWG", Convert(""))
        } else {
            (
                "DWG",
                Words(
                    "GDAL reads only DWG of AutoCAD 2000: save it as DXF from the CAD program \
                     (CASS: 另存为 DXF), then: ogr2ogr -f GPKG out.gpkg drawing.dxf",
                ),
            )
        }
    } else if starts(b"\0\x01\0\0Standard ") {
        ("an Access or ESRI personal geodatabase", Convert(""))
    } else if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0") || starts(b"MM\0+") {
        ("a GeoTIFF or other image", IMAGE)
    } else if starts(b"WMAP") {
        ("MapGIS", MAPGIS)
    } else if starts(b"PMTiles") {
        ("a tile set", TILES)
    } else if starts(b"PAR1") {
        ("GeoParquet", Convert(""))
    } else if starts(b"Rar!") || starts(b"7z\xBC\xAF") || starts(b"\x1F\x8B") || starts(b"\xFD7zXZ")
    {
        ("an archive of this kind", UNPACK)
    } else if head.get(4..64).is_some_and(|head| head.windows(9).any(|w| w == b"OSMHeader")) {
        ("OSM PBF", Convert(" multipolygons"))
    } else if text.starts_with("!table") {
        ("MapInfo TAB", Convert(""))
    } else if text.starts_with('<') {
        if text.contains("<kml") {
            ("KML", Convert(""))
        } else if text.contains("/gml") {
            ("GML", Convert(""))
        } else if text.contains("<html") {
            ("a web page", Words("the download brought a page instead of the file; fetch it anew"))
        } else {
            ("XML", Convert(""))
        }
    } else if text.starts_with("0\n") && text.contains("section")
        || text.starts_with("0\r\n") && text.contains("section")
    {
        ("DXF", Convert(""))
    } else if is_boundary_point_text(head) {
        (
            "a text of 地块坐标 (J1,1,X,Y blocks)",
            Command("ogr2ogr cannot read it; convert it to Shapefile in the program that wrote it"),
        )
    } else {
        return None;
    };
    Some(refuse(path, format, way))
}

/// `[地块坐标]` or `[属性描述]`, in either encoding.
fn is_boundary_point_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text.into(),
        Err(_) => encoding_rs::GB18030.decode(head).0,
    };
    text.contains("[地块坐标]") || text.contains("[属性描述]")
}

fn refuse(path: &Path, format: &'static str, way: Way) -> FormatError {
    let stem = path.file_stem().map_or_else(|| "out".into(), |stem| stem.to_string_lossy());
    let stem = stem.strip_suffix(".osm").unwrap_or(&stem);
    let out = quote(&format!("{stem}.gpkg"));
    let command = match way {
        Convert(layers) => {
            format!("ogr2ogr -f GPKG {out} {}{layers}", quote(&path.to_string_lossy()))
        }
        Command(words) | Words(words) => words.to_owned(),
    };
    FormatError::Unsupported { path: path.to_owned(), format, command }
}

/// A word of a shell command.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
