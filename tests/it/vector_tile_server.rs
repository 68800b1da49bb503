//! Esri's `VectorTileServer` as ArcGIS and QGIS meet it.
//!
//! What QGIS 3.26 and newer read, and in which order they ask, is after its `fromEsriJson` and its
//! data provider for such services; what ArcGIS reads, after the reference of its REST interface.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::running::{Response, Server, run};
use crate::squares::{City, SQUARES, city};

const ROOT: &str = "/arcgis/rest/services";
const MERCATOR: &str = "WebMercatorQuad";

static CITY: LazyLock<City> = LazyLock::new(|| city(["--attribution", "© us"]));

fn get(target: &str) -> Response {
    CITY.server.get(target)
}

/// As QGIS asks for documents.
fn json_of(target: &str) -> Value {
    let headers = [("User-Agent", "Mozilla/5.0 QGIS/33400"), ("Accept", "*/*")];
    let answer = CITY.server.ask("GET", target, &headers);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{target}");
    answer.json()
}

/// Every grid that is served.
fn grids() -> Vec<Value> {
    let list = json_of("/tileMatrixSets");
    let ids = list["tileMatrixSets"].as_array().unwrap().iter().map(|set| set["id"].clone());
    ids.map(|id| json_of(&format!("/tileMatrixSets/{}", id.as_str().unwrap()))).collect()
}

fn service(subject: &str, grid: &Value) -> String {
    match grid["id"].as_str().unwrap() {
        MERCATOR => format!("{ROOT}/{subject}/VectorTileServer"),
        id => format!("{ROOT}/{subject}@{id}/VectorTileServer"),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= expected.abs() * 1e-9, "{what}: {found}, not {expected}");
}

#[test]
fn a_client_finds_the_services_from_the_root() {
    let info = json_of("/arcgis/rest/info?f=json");
    assert_eq!(info["authInfo"]["isTokenBasedSecurity"], false);
    assert!(number(&info["currentVersion"]) > 10.0);
    let catalogue = json_of(&format!("{ROOT}?f=json"));
    let services = catalogue["services"].as_array().unwrap();
    let grids = grids();
    let served = grids.iter().filter(|grid| !grid["crs"].as_str().unwrap().starts_with("site:"));
    assert_eq!(services.len(), 4 * served.count(), "the dataset and three collections a grid");
    let base = format!("http://{}", CITY.server.address);
    for one in services {
        assert_eq!(one["type"], "VectorTileServer");
        let url = one["url"].as_str().unwrap().strip_prefix(&base).unwrap();
        assert_eq!(json_of(&format!("{url}?f=json"))["name"], one["name"]);
    }
    let landing = json_of("/?f=json");
    let links = landing["links"].as_array().unwrap();
    for (path, media_type) in
        [(ROOT, "application/json"), ("/wmts/1.0.0/WMTSCapabilities.xml", "application/xml")]
    {
        assert!(
            links.iter().any(|link| {
                link["href"] == format!("{base}{path}") && link["type"] == media_type
            })
        );
    }
}

/// What `QgsVectorTileMatrixSet::fromEsriJson` and the provider around it make of the metadata.
#[test]
fn qgis_places_the_tiles_by_the_metadata() {
    for grid in grids() {
        if grid["crs"].as_str().unwrap().starts_with("site:") {
            continue;
        }
        let url = service("squares", &grid);
        let metadata = json_of(&format!("{url}?f=pjson"));
        assert!(metadata.get("error").is_none());
        assert!(metadata.get("tileMap").is_none(), "a tilemap would be asked for");
        let info = &metadata["tileInfo"];
        // convertSpatialReference: latestWkid as a code of EPSG, before wkid.
        let code =
            grid["crs"].as_str().unwrap().rsplit('/').next().unwrap().replace("CRS84", "4326");
        assert_eq!(info["spatialReference"]["latestWkid"].to_string(), code);
        let wkid = if code == "3857" { "102100" } else { &code };
        assert_eq!(info["spatialReference"]["wkid"].to_string(), wkid);
        assert_eq!(info["rows"], info["cols"]);
        let lods = info["lods"].as_array().unwrap();
        assert_eq!(lods[0]["level"], 0, "without level 0 QGIS takes no grid at all");
        let whole = number(&lods[0]["resolution"]) * number(&info["rows"]);
        let (x, y) = (number(&info["origin"]["x"]), number(&info["origin"]["y"]));
        // fromCustomDef: a level is 2^level tiles wide and high; matrices of the grid are the same
        // tiles at the level with their size.
        let matrices = grid["tileMatrices"].as_array().unwrap();
        let tileset =
            json_of(&format!("/collections/squares/tiles/{}", grid["id"].as_str().unwrap()));
        let limits = tileset["tileMatrixSetLimits"].as_array().unwrap();
        assert!(!limits.is_empty());
        for limit in limits {
            let matrix =
                matrices.iter().find(|matrix| matrix["id"] == limit["tileMatrix"]).unwrap();
            let size = number(&matrix["cellSize"]) * number(&matrix["tileWidth"]);
            let level = (whole / size).log2().round();
            near(whole / level.exp2(), size, "side of a tile");
            let lod = &lods[level as usize];
            assert_eq!(number(&lod["level"]), level);
            near(number(&lod["resolution"]), whole / level.exp2() / 512.0, "resolution");
            // Esri reckons scales at 96 dpi, OGC at 0.28 mm.
            let scale = number(&matrix["scaleDenominator"]) / 2.0 * 0.28e-3 * 96.0 * 39.37;
            near(number(&lod["scale"]), scale, "scale");
            let (row, col) = (&limit["minTileRow"], &limit["minTileCol"]);
            let template = metadata["tiles"][0].as_str().unwrap();
            let tile = format!("{url}/{template}")
                .replace("{z}", &level.to_string())
                .replace("{y}", &row.to_string())
                .replace("{x}", &col.to_string());
            let expected = get(&format!(
                "/collections/squares/tiles/{}/{}/{row}/{col}",
                grid["id"].as_str().unwrap(),
                matrix["id"].as_str().unwrap()
            ));
            let found = get(&tile);
            assert!(matches!(expected.status, 200 | 204), "{tile}");
            assert_eq!((found.status, &found.body), (200, &expected.body), "{tile}");
            assert_eq!(found.header("etag"), expected.header("etag"), "{tile}");
        }
        // The extent is in the grid's CRS, x before y, and about the tiles that have content.
        let extent = &metadata["fullExtent"];
        assert_eq!(extent["spatialReference"], info["spatialReference"]);
        let last = limits.last().unwrap();
        let matrix = matrices.iter().find(|matrix| matrix["id"] == last["tileMatrix"]).unwrap();
        let size = number(&matrix["cellSize"]) * number(&matrix["tileWidth"]);
        for (low, high, first, end, at) in [
            ("xmin", "xmax", "minTileCol", "maxTileCol", [x, size]),
            ("ymax", "ymin", "minTileRow", "maxTileRow", [y, -size]),
        ] {
            for (member, tile) in [(low, number(&last[first])), (high, number(&last[end]))] {
                let place = (number(&extent[member]) - at[0]) / at[1];
                assert!((tile..=tile + 1.0).contains(&place), "{member}: {place} not in {tile}");
            }
        }
    }
}

#[test]
fn on_web_mercator_the_numbers_are_those_of_esri() {
    let metadata = json_of(&format!("{ROOT}/squares/VectorTileServer?f=json"));
    let info = &metadata["tileInfo"];
    near(number(&info["lods"][0]["resolution"]), 78_271.516_963_999_94, "resolution");
    near(number(&info["lods"][0]["scale"]), 295_828_763.795_777_5, "scale");
    near(number(&info["origin"]["x"]), -20_037_508.342_787, "origin");
    assert_eq!(info["lods"].as_array().unwrap().len(), 16, "the deepest level with tiles");
    assert_eq!((&metadata["minzoom"], &metadata["maxzoom"]), (&json!(10), &json!(15)));
    near(number(&metadata["minScale"]), 295_828_763.795_777_5 / 1024.0, "least scale");
    // Deeper than the last level clients enlarge.
    assert_eq!(metadata["maxScale"], 0);
    for (member, value) in [
        ("name", json!("squares")),
        ("copyrightText", json!("© us")),
        ("capabilities", json!("TilesOnly")),
        ("type", json!("indexedVector")),
        ("defaultStyles", json!("resources/styles")),
        ("tiles", json!(["tile/{z}/{y}/{x}.pbf"])),
        ("exportTilesAllowed", json!(false)),
    ] {
        assert_eq!(metadata[member], value, "{member}");
    }
    assert_eq!((&info["dpi"], &info["format"]), (&json!(96), &json!("pbf")));
    let all = json_of(&format!("{ROOT}/all/VectorTileServer/?f=json&token=abc"));
    assert_eq!((&all["name"], &all["minScale"]), (&json!("all"), &json!(0)));
    let whole = json_of(&format!("{ROOT}/nothing/VectorTileServer"));
    near(number(&whole["fullExtent"]["ymin"]), -20_037_508.342_787, "the grid's own extent");
    let pretty = get(&format!("{ROOT}/all/VectorTileServer?f=pjson"));
    assert!(pretty.text().lines().count() > 20, "pjson is for reading");
}

#[test]
fn a_tile_names_its_row_before_its_column() {
    let tile = format!("{ROOT}/squares/VectorTileServer/tile/14/6226/13489.pbf");
    let found = get(&tile);
    let xyz = get("/xyz/squares/14/13489/6226.pbf");
    assert_eq!((found.status, &found.body), (200, &xyz.body));
    for header in ["content-type", "etag", "cache-control", "vary", "tuban-revision"] {
        assert_eq!(found.header(header), xyz.header(header), "{header}");
    }
    let qgis = [("Accept-Encoding", "gzip, deflate"), ("User-Agent", "Mozilla/5.0 QGIS/32601")];
    assert_eq!(CITY.server.ask("GET", &tile, &qgis).header("content-encoding"), Some("gzip"));
    let etag = [("If-None-Match", found.header("etag").unwrap())];
    assert_eq!(CITY.server.ask("GET", &tile, &etag).status, 304);
    let chinese = format!("{ROOT}/%E5%9C%B0%E5%9D%97/VectorTileServer/tile/14/6226/13489.pbf");
    assert_eq!(get(&chinese).status, 200);
    let empty = get(&format!("{ROOT}/squares/VectorTileServer/tile/5/0/0.pbf"));
    assert_eq!((empty.status, empty.body.len()), (200, 0));
}

/// QGIS asks `resources/styles`, ArcGIS `resources/styles/root.json`; either may be given the
/// latter instead of the service and looks for the service from there.
#[test]
fn the_style_leads_back_to_the_service() {
    let service = format!("{ROOT}/squares/VectorTileServer");
    let style = json_of(&format!("{service}/resources/styles/root.json?f=json"));
    assert_eq!(style, json_of(&format!("{service}/resources/styles")));
    assert_eq!(style["version"], 8);
    let source = &style["sources"]["esri"];
    assert_eq!((&source["type"], &source["url"]), (&json!("vector"), &json!("../../")));
    let mut folders: Vec<&str> = service.split('/').chain(["resources", "styles"]).collect();
    for _ in source["url"].as_str().unwrap().matches("../") {
        folders.pop();
    }
    let back = format!("{}/", folders.join("/"));
    assert!(json_of(&format!("{back}?f=pjson"))["tiles"].is_array(), "{back}");
    let layers = style["layers"].as_array().unwrap();
    assert!(!layers.is_empty());
    for layer in layers {
        assert_eq!((&layer["source"], &layer["source-layer"]), (&json!("esri"), &json!("squares")));
    }
    assert!(style.get("sprite").is_none(), "there are no sprites");
    let glyphs = style["glyphs"].as_str().unwrap().strip_prefix("../").unwrap();
    let glyphs = glyphs.replace("{fontstack}", "Noto%20Sans%20Regular").replace("{range}", "0-255");
    let range = get(&format!("{service}/resources/{glyphs}"));
    assert_eq!((range.status, range.header("content-type")), (200, Some("application/x-protobuf")));
    // message glyphs { repeated fontstack = 1 { name = 1, range = 2, glyphs = 3 } }
    let expected = [&[10, 26, 10, 17][..], b"Noto Sans Regular", &[18, 5], b"0-255"].concat();
    assert_eq!(range.body, expected);
}

#[test]
fn what_is_wrong_is_told_as_esri_tells_it() {
    let long = "a".repeat(3000);
    let cases = [
        (format!("{ROOT}/nowhere/VectorTileServer?f=pjson"), 404, "nowhere"),
        (format!("{ROOT}/{long}/VectorTileServer?f=pjson"), 404, "aaa"),
        (format!("{ROOT}/squares@Nowhere/VectorTileServer"), 404, "Nowhere"),
        (format!("{ROOT}/squares@/VectorTileServer"), 404, "\"\""),
        (format!("{ROOT}/squares/VectorTileServer?f=html"), 400, "html"),
        (format!("{ROOT}/squares/VectorTileServer/tile/99/0/0.pbf"), 404, "99"),
        (format!("{ROOT}/squares/VectorTileServer/tile/1/2/0.pbf"), 404, "row 2"),
        (format!("{ROOT}/squares/VectorTileServer/tile/1/0/2.pbf"), 404, "column 2"),
        (format!("{ROOT}/squares/VectorTileServer/tile/1/0/0.png"), 400, "0.png"),
        (format!("{ROOT}/squares/VectorTileServer/tile/-1/0/0.pbf"), 400, "-1"),
        (format!("{ROOT}/squares/VectorTileServer/tile/1/{long}/0.pbf"), 400, "aaa"),
        (format!("{ROOT}/squares/VectorTileServer/tilemap"), 404, "tilemap"),
        (format!("{ROOT}/squares/VectorTileServer/tilemap/0/0/0/32/32?f=json"), 404, "tilemap"),
        (format!("{ROOT}/squares/VectorTileServer/resources/sprites/sprite.json"), 404, "sprites"),
        (format!("{ROOT}/squares/VectorTileServer/resources/fonts/A/1-2.pbf"), 404, "256"),
        (format!("{ROOT}/squares/VectorTileServer/resources/fonts/{long}/0-255.pbf"), 404, "120"),
        (format!("{ROOT}/squares/FeatureServer"), 404, "/arcgis/rest/services"),
        (format!("{ROOT}/squares/VectorTileServer/%FF"), 400, "%FF"),
        (format!("{ROOT}/{}", "a".repeat(9000)), 414, "8192"),
    ];
    for (asked, status, part) in cases {
        let shown: String = asked.chars().take(150).collect();
        let answer = get(&asked);
        assert_eq!(answer.status, status, "{shown}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{shown}");
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["details"]), (&json!(status), &json!([])), "{shown}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(part), "{shown}: {part:?} in {message}");
    }
    let posted = CITY.server.post(&format!("{ROOT}?f=json"), "{}");
    assert_eq!((posted.status, &posted.json()["error"]["code"]), (405, &json!(405)));
}

#[test]
fn tilesets_name_the_facades_of_their_tiles() {
    let base = format!("http://{}", CITY.server.address);
    for grid in grids() {
        let id = grid["id"].as_str().unwrap();
        for (list, subject) in [("/tiles", "all"), ("/collections/squares/tiles", "squares")] {
            let tileset = json_of(&format!("{list}/{id}"));
            let links = tileset["links"].as_array().unwrap().iter();
            let related: Vec<&str> = links
                .filter(|link| link["rel"] == "related")
                .map(|link| link["href"].as_str().unwrap().strip_prefix(&base).unwrap())
                .collect();
            let mut expected = vec!["/wmts/1.0.0/WMTSCapabilities.xml".to_owned()];
            if !grid["crs"].as_str().unwrap().starts_with("site:") {
                expected.push(service(subject, &grid).replace('@', "%40"));
            }
            assert_eq!(related, expected, "{list}/{id}");
            assert_eq!(get(related[0]).status, 200);
        }
        let chosen = json_of(&format!("/tiles/{id}?collections=squares"));
        let links = chosen["links"].as_array().unwrap();
        assert!(links.iter().all(|link| link["rel"] != "related"), "a selection has no service");
    }
}

/// Nothing but the name is told of a system that only the site knows: WMTS says it, Esri's clients,
/// which could not place the tiles by it, are not offered the grid.
#[test]
fn a_grid_of_the_site_is_told_by_its_name_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("squares.geojson"), SQUARES).unwrap();
    assert_eq!(run(folder.path(), &["import", "city.gpkg", "squares.geojson"]).code, 0);
    let settings = "[sites]\ntown = \"+proj=tmerc +lat_0=0 +lon_0=116.35 +k=1 +x_0=98765 \
                    +y_0=-4321098 +ellps=GRS80 +units=m +no_defs\"\n\n[[grids]]\nid = \"town\"\ncrs = \"site:town\"\norigin = [0, \
                    131072]\nextent = 262144\nzooms = 15\n";
    let path = folder.path().join("tuban.toml");
    std::fs::write(&path, settings).unwrap();
    let arguments = ["--config", path.to_str().unwrap()];
    let server = Server::start(&folder.path().join("city.gpkg"), &arguments);
    let capabilities = server.get("/wmts?service=WMTS&request=GetCapabilities");
    assert!(capabilities.text().contains("<ows:SupportedCRS>site:town</ows:SupportedCRS>"));
    let services = server.get(&format!("{ROOT}?f=json"));
    assert!(!services.text().contains("@town"), "{}", services.text());
    let refused = server.get(&format!("{ROOT}/squares@town/VectorTileServer?f=json"));
    assert_eq!(refused.status, 404);
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("/tiles/town"), "{message}");
    for answer in [capabilities, services, refused, server.get("/api")] {
        for secret in ["98765", "4321098", "116.35", "tmerc"] {
            assert!(!answer.text().contains(secret), "{secret}");
        }
    }
}
