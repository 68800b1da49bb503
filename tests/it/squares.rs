//! A small city of squares, served: what the facades over the tiles are asked about.

use crate::running::{Server, run};

/// Two squares side by side, west and east of 116.41° at 39.6° north.
pub const SQUARES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"甲"},"geometry":{"type":"Polygon","coordinates":[[[116.40,39.60],[116.41,39.60],[116.41,39.61],[116.40,39.61],[116.40,39.60]]]}},
{"type":"Feature","properties":{"name":"乙"},"geometry":{"type":"Polygon","coordinates":[[[116.41,39.60],[116.42,39.60],[116.42,39.61],[116.41,39.61],[116.41,39.60]]]}}]}"#;
const NOTHING: &str = r#"{"type":"FeatureCollection","features":[]}"#;

/// A server over the collections `squares` (zooms 10 to 15), `地块` and `nothing`.
pub struct City {
    pub server: Server,
    _folder: tempfile::TempDir,
}

/// The city, of whose collection `squares` the flag and value `said` are set.
pub fn city(said: [&str; 2]) -> City {
    let folder = tempfile::tempdir().unwrap();
    let files = ["squares.geojson", "地块.geojson", "nothing.geojson"];
    for (name, text) in files.into_iter().zip([SQUARES, SQUARES, NOTHING]) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let set = ["collection", "set", "city.gpkg", "squares"];
    for arguments in [
        &[&["import", "city.gpkg"], &files[..]].concat()[..],
        &[&set[..], &said[..]].concat(),
        &[&set[..], &["--min-zoom", "10", "--max-zoom", "15"]].concat(),
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.err);
    }
    City { server: Server::start(&folder.path().join("city.gpkg"), &[]), _folder: folder }
}
