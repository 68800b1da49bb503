//! Grids other than Web Mercator's as clients meet them, built in and configured.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tile::inspect::{DecodedFeature, decode};

use crate::running::{Response, Server, run};

/// A square of a hundredth of a degree whose corners lie on tile borders of no grid, and a point in
/// London, which has no place in a zone of China.
const TOWN: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"甲"},"geometry":{"type":"Polygon","coordinates":[[[116.40,39.60],[116.41,39.60],[116.41,39.61],[116.40,39.61],[116.40,39.60]]]}}]}"#;
const SHOPS: &str = "lon,lat,label\n116.405,39.605,near\n-0.128,51.504,far\n";
/// A local system: a transverse Mercator about 116.35° E with numbers that nobody may see.
const CONFIG: &str = r#"
[sites]
town = "+proj=tmerc +lat_0=0 +lon_0=116.35 +k=1 +x_0=98765 +y_0=-4321098 +ellps=GRS80 +units=m +no_defs"

[[grids]]
id = "town"
title = "Town grid"
crs = "site:town"
origin = [90000, 90000]
extent = 65536
zooms = 18

[[grids]]
id = "带39"
crs = "EPSG:4527"
"#;
const MVT: &str = "application/vnd.mapbox-vector-tile";

struct City {
    server: Server,
    _folder: tempfile::TempDir,
}

static CITY: LazyLock<City> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("town.geojson", TOWN), ("shops.csv", SHOPS), ("tuban.toml", CONFIG)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for arguments in [
        &["import", "city.gpkg", "town.geojson"][..],
        &["import", "city.gpkg", "shops.csv", "--crs", "EPSG:4326"],
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.err);
    }
    let config = folder.path().join("tuban.toml");
    let server =
        Server::start(&folder.path().join("city.gpkg"), &["--config", config.to_str().unwrap()]);
    City { server, _folder: folder }
});

fn get(target: &str) -> Response {
    CITY.server.get(target)
}

fn json_of(target: &str) -> Value {
    let answer = get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()
}

fn features(tile: &Response) -> Vec<DecodedFeature> {
    decode(&tile.body).unwrap().into_iter().flat_map(|layer| layer.features).collect()
}

#[test]
fn every_grid_is_listed_and_only_a_registered_one_has_a_uri() {
    let sets = json_of("/tileMatrixSets");
    let ids: Vec<_> =
        sets["tileMatrixSets"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect();
    let expected =
        ["WebMercatorQuad", "WorldCRS84Quad", "CGCS2000Quad", "CGCS2000GK117Quad", "town", "带39"];
    assert_eq!(ids, expected);
    for list in ["/tiles", "/collections/town/tiles"] {
        let tilesets = json_of(list)["tilesets"].clone();
        for (item, id) in tilesets.as_array().unwrap().iter().zip(expected) {
            assert_eq!(item["tileMatrixSetId"], id);
            let registered = ["WebMercatorQuad", "WorldCRS84Quad"].contains(&id);
            assert_eq!(item.get("tileMatrixSetURI").is_some(), registered, "{id}");
            assert!(!item["tileMatrixSetLimits"].as_array().unwrap().is_empty(), "{id}");
        }
    }
}

/// The definition that goes round among those who use the grid, value for value.
#[test]
fn cgcs2000_quad_is_defined_as_tianditu_counts_and_ogc_measures() {
    let definition = json_of("/tileMatrixSets/CGCS2000Quad");
    assert!(definition.get("uri").is_none());
    assert_eq!(definition["crs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    assert_eq!(definition["orderedAxes"], json!(["Lat", "Lon"]));
    assert_eq!(definition["boundingBox"]["lowerLeft"], json!([-90.0, -180.0]));
    assert_eq!(definition["boundingBox"]["upperRight"], json!([90.0, 180.0]));
    let matrices = definition["tileMatrices"].as_array().unwrap();
    assert_eq!(matrices.len(), 21);
    for (matrix, level) in matrices.iter().zip(1_u32..) {
        let halvings = f64::from(1_u32 << (level - 1));
        assert_eq!(
            *matrix,
            json!({
                "id": level.to_string(),
                "scaleDenominator": 279_541_132.014_358_9 / halvings,
                "cellSize": 0.703_125 / halvings,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [90.0, -180.0],
                "tileWidth": 256,
                "tileHeight": 256,
                "matrixWidth": 1_u32 << level,
                "matrixHeight": 1_u32 << (level - 1)
            })
        );
    }
}

#[test]
fn of_a_local_grid_nothing_but_its_name_is_told() {
    let definition = json_of("/tileMatrixSets/town");
    assert_eq!(
        (&definition["crs"], &definition["title"]),
        (&json!("site:town"), &json!("Town grid"))
    );
    assert_eq!(definition["tileMatrices"][0]["pointOfOrigin"], json!([90_000.0, 90_000.0]));
    assert_eq!(definition["orderedAxes"], json!(["E", "N"]));
    for target in [
        "/tileMatrixSets",
        "/tileMatrixSets/town",
        "/tileMatrixSets/town?f=html",
        "/tiles",
        "/tiles/town",
        "/collections/town/tiles/town",
        "/api",
    ] {
        let answer = get(target);
        let text = answer.text();
        for secret in ["98765", "4321098", "116.35", "tmerc"] {
            assert!(!text.contains(secret), "{target} says {secret}");
        }
    }
}

/// The tile that holds the middle of the square, and where its north-western corner lies in it.
#[test]
fn a_known_corner_lies_in_the_known_pixel() {
    // By hand: (116.40 + 180) / 360 · 2^14 = 13489.49; (90 − 39.61) / 360 · 2^14 = 2293.30.
    let degrees = |matrix: &str| format!("{matrix}/2293/13489");
    let pixel = |v: f64| ((v - v.floor()) * 4096.0).round() as i32;
    let expected = [pixel(296.40 / 360.0 * 16_384.0), pixel((90.0 - 39.61) / 360.0 * 16_384.0)];
    for tile in [
        format!("/tiles/CGCS2000Quad/{}?collections=town", degrees("14")),
        format!("/collections/town/tiles/WorldCRS84Quad/{}.mvt", degrees("13")),
        format!("/collections/town/tiles/CGCS2000Quad/{}.pbf?f=mvt", degrees("14")),
    ] {
        let answer = get(&tile);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(MVT)), "{tile}");
        let found = features(&answer);
        let corner = found[0].paths[0].iter().min_by_key(|p| p[0] + p[1]).unwrap();
        assert_eq!(*corner, expected, "{tile}");
    }
    // The same corner by the series of Snyder (USGS PP 1395, p. 61): 448473.21 east, 4386399.00
    // north; tiles of matrix 13 are 1024 m wide and begin at 3694304 west, 8388608 north.
    let (east, north) = (448_473.215, 4_386_398.997);
    let place = [(east + 3_694_304.0) / 1024.0, (8_388_608.0 - north) / 1024.0];
    let [col, row] = place.map(|v: f64| v.floor() as u32);
    let tile = get(&format!("/collections/town/tiles/CGCS2000GK117Quad/13/{row}/{col}"));
    assert_eq!(tile.status, 200);
    let found = features(&tile);
    let near = found[0].paths[0]
        .iter()
        .any(|p| p.iter().zip(place).all(|(found, v)| (found - pixel(v)).abs() <= 1));
    assert!(near, "{:?} has no {:?}", found[0].paths, place.map(pixel));
}

#[test]
fn limits_hold_what_is_there_and_refuse_the_rest_on_every_grid() {
    for item in json_of("/collections/town/tiles")["tilesets"].as_array().unwrap() {
        let id = item["tileMatrixSetId"].as_str().unwrap();
        let path = item["links"]
            .as_array()
            .unwrap()
            .iter()
            .find(|link| link["rel"] == "item")
            .and_then(|link| link["href"].as_str())
            .and_then(|href| href.split_once("/collections/"))
            .map(|(_, path)| format!("/collections/{path}"))
            .unwrap();
        let definition = json_of(&format!("/tileMatrixSets/{}", path.split('/').nth(4).unwrap()));
        let (mut filled, mut drawn) = (0, 0);
        let limits = item["tileMatrixSetLimits"].as_array().unwrap();
        for limit in limits {
            let number = |name: &str| limit[name].as_u64().unwrap();
            let tile = |row: u64, col: u64| {
                let matrix = limit["tileMatrix"].as_str().unwrap();
                get(&path
                    .replace("{tileMatrix}", matrix)
                    .replace("{tileRow}", &row.to_string())
                    .replace("{tileCol}", &col.to_string()))
            };
            let (rows, cols) = (
                number("minTileRow")..=number("maxTileRow"),
                number("minTileCol")..=number("maxTileCol"),
            );
            if (rows.end() - rows.start() + 1) * (cols.end() - cols.start() + 1) <= 16 {
                let mut here = 0;
                for row in rows.clone() {
                    for col in cols.clone() {
                        let answer = tile(row, col);
                        assert!(matches!(answer.status, 200 | 204), "{id} {limit} {row} {col}");
                        here += usize::from(answer.status == 200);
                    }
                }
                drawn = here;
                filled += 1;
            }
            for (row, col) in [
                (rows.end() + 1, *cols.start()),
                (*rows.start(), cols.end() + 1),
                (2_147_483_647, *cols.start()),
            ] {
                assert_eq!(tile(row, col).status, 404, "{id} {limit} {row} {col}");
            }
        }
        // At low zooms the square is too small to be drawn.
        assert!(filled >= 8 && drawn > 0, "{id}: {filled} {drawn}");
        // Zooms 0 to 18 of Web Mercator, by the size of a tile, as far as the grid has them.
        let last = match id {
            "WebMercatorQuad" | "CGCS2000Quad" => "18",
            "WorldCRS84Quad" => "17",
            "town" => "9",
            _zone => "16",
        };
        assert_eq!(limits[limits.len() - 1]["tileMatrix"], last, "{id}");
        assert_eq!(limits[0]["tileMatrix"], definition["tileMatrices"][0]["id"], "{id}");
        let unknown = path.replace("{tileRow}/{tileCol}", "0/0");
        for (matrix, status) in [("99", 404), ("014", 404), ("x", 400), ("-1", 400)] {
            let answer = get(&unknown.replace("{tileMatrix}", matrix));
            assert_eq!(answer.status, status, "{id} {matrix}: {}", answer.text());
        }
    }
    assert_eq!(get("/tiles/CGCS2000Quad/0/0/0").status, 404, "levels begin at 1");
    assert_eq!(get("/tiles/CGCS2000Quad/1/1/0").status, 404, "one row at level 1");
}

#[test]
fn what_has_no_place_on_a_grid_is_not_drawn_there() {
    let count = |target: &str| features(&get(target)).len();
    assert_eq!(count("/collections/shops/tiles/CGCS2000Quad/1/0/0"), 1, "London");
    assert_eq!(count("/collections/shops/tiles/CGCS2000Quad/1/0/1"), 2, "London in the buffer");
    assert_eq!(count("/collections/shops/tiles/CGCS2000Quad/10/143/843"), 1, "the town");
    let all = json_of("/collections/shops/tiles/CGCS2000GK117Quad");
    assert_eq!(all["tileMatrixSetLimits"][0]["maxTileRow"], 0);
    assert_eq!(count("/collections/shops/tiles/CGCS2000GK117Quad/0/0/0"), 1);
    let town = get("/collections/shops/tiles/town/0/0/0");
    let labels: Vec<_> = features(&town).into_iter().flat_map(|f| f.properties).collect();
    assert_eq!(labels.len(), 1);
    assert_eq!(get("/collections/shops/tiles/town/0/0/0").header("oatiles-hint"), None);
    let void = get("/tiles/CGCS2000Quad/10/100/600");
    assert_eq!((void.status, void.header("oatiles-hint")), (204, Some("empty")));
}

#[test]
fn layers_stand_in_the_order_asked_for() {
    for (names, expected) in
        [("town,shops", ["town", "shops"]), ("shops,town,shops", ["shops", "town"])]
    {
        for place in ["CGCS2000Quad/14/2293/13489", "WebMercatorQuad/14/6226/13489"] {
            let tile = get(&format!("/tiles/{place}?collections={names}"));
            let layers: Vec<_> =
                decode(&tile.body).unwrap().into_iter().map(|layer| layer.name).collect();
            assert_eq!(layers, expected, "{place}");
        }
    }
}

#[test]
fn a_tileset_of_another_grid_speaks_of_its_matrices() {
    let tileset = json_of("/collections/town/tiles/CGCS2000Quad");
    let layer = &tileset["layers"][0];
    assert_eq!((&layer["minTileMatrix"], &layer["maxTileMatrix"]), (&json!("1"), &json!("18")));
    assert_eq!(tileset["crs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    let zone = json_of("/collections/town/tiles/CGCS2000GK117Quad");
    assert_eq!(zone["layers"][0]["maxTileMatrix"], "16", "as large as zoom 18 of Web Mercator");
    let tilejson = get("/collections/town/tiles/CGCS2000Quad?f=tilejson");
    assert_eq!(tilejson.status, 400, "TileJSON has no word for the grid");
    let api = json_of("/api?f=json");
    let path = &api["paths"]["/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"];
    let sets = &path["get"]["parameters"][0]["schema"]["enum"];
    assert_eq!(sets[2], "CGCS2000Quad");
    let filtered = get(
        "/collections/shops/tiles/CGCS2000Quad/14/2293/13489?filter=label%3D%27near%27&properties=label",
    );
    assert_eq!(features(&filtered).len(), 1);
    let none = get("/collections/shops/tiles/CGCS2000Quad/14/2293/13489?filter=label%3D%27far%27");
    assert_eq!(none.status, 204);
}

#[test]
fn a_grid_that_cannot_be_used_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("town.geojson"), TOWN).unwrap();
    assert_eq!(run(folder.path(), &["import", "s.gpkg", "town.geojson"]).code, 0);
    for (text, expected) in [
        ("[[grids]]\nid = \"CGCS2000Quad\"\ncrs = \"EPSG:4547\"\n", "choose another id"),
        ("[[grids]]\nid = \"g\"\ncrs = \"EPSG:4490\"\n", "extent is missing"),
        ("[[grids]]\nid = \"g\"\ncrs = \"site:nowhere\"\nextent = 1\norigin = [0, 0]\n", "nowhere"),
        ("[[grids]]\nid = \"g\"\ncrs = \"EPSG:2361\"\n", "EPSG:2361"),
    ] {
        std::fs::write(folder.path().join("tuban.toml"), text).unwrap();
        let answer = run(folder.path(), &["serve", "s.gpkg", "--listen", "127.0.0.1:0"]);
        assert_ne!(answer.code, 0);
        assert!(answer.err.contains(expected), "{text}: {}", answer.err);
    }
}
