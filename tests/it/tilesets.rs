//! OGC API Tiles as clients meet it: tile matrix sets, tilesets, limits and tiles of the dataset.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::running::{Response, Server, run};

/// Two squares side by side, west and east of 116.41° at 39.6° north.
const SQUARES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"甲","area":1.5,"code":1,"made":"2026-11-22"},"geometry":{"type":"Polygon","coordinates":[[[116.40,39.60],[116.41,39.60],[116.41,39.61],[116.40,39.61],[116.40,39.60]]]}},
{"type":"Feature","properties":{"name":"乙","area":2.5,"code":2,"made":"2026-11-23"},"geometry":{"type":"Polygon","coordinates":[[[116.41,39.60],[116.42,39.60],[116.42,39.61],[116.41,39.61],[116.41,39.60]]]}}]}"#;
/// Two points far apart, with a phone number that must not be served.
const PLACES: &str =
    "lon,lat,label,phone\n116.405,39.605,one,13812345678\n117.405,39.605,two,13912345678\n";
/// A line that is shorter than a tile unit of zoom 0.
const LANE: &str = r#"{"type":"Feature","properties":{"k":1},"geometry":{"type":"LineString","coordinates":[[116.405,39.605],[116.4051,39.6051]]}}"#;
const NOTHING: &str = r#"{"type":"FeatureCollection","features":[]}"#;

const MERCATOR: &str = "WebMercatorQuad";
/// Row and column of the tile of zoom 14 on the squares' common edge.
const TILE: &str = "14/6226/13489";
const TILING_SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";
const MVT: &str = "application/vnd.mapbox-vector-tile";

struct City {
    server: Server,
    _folder: tempfile::TempDir,
}

static CITY: LazyLock<City> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("squares.geojson", SQUARES),
        ("places.csv", PLACES),
        ("地块.geojson", SQUARES),
        ("lane.geojson", LANE),
        ("nothing.geojson", NOTHING),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let commands: [&[&str]; 7] = [
        &["import", "city.gpkg", "squares.geojson", "地块.geojson", "nothing.geojson"],
        &["import", "city.gpkg", "lane.geojson"],
        &["import", "city.gpkg", "places.csv", "--crs", "EPSG:4326"],
        &["collection", "set", "city.gpkg", "squares", "--title", "Squares"],
        &["collection", "set", "city.gpkg", "squares", "--attribution", "© us"],
        &["collection", "set", "city.gpkg", "squares", "--class", "code=L3"],
        &["collection", "set", "city.gpkg", "squares", "--min-zoom", "10", "--max-zoom", "15"],
    ];
    for arguments in commands {
        let answer = run(folder.path(), arguments);
        // 3: the phone column is left out.
        assert!(matches!(answer.code, 0 | 3), "{arguments:?}: {}", answer.err);
    }
    City { server: Server::start(&folder.path().join("city.gpkg"), &[]), _folder: folder }
});

fn get(target: &str) -> Response {
    CITY.server.get(target)
}

fn json_of(target: &str) -> Value {
    let answer = get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{target}");
    answer.json()
}

fn base() -> String {
    format!("http://{}", CITY.server.address)
}

/// The href of the only link with this relation and media type.
fn href<'a>(links: &'a Value, rel: &str, media_type: &str) -> &'a str {
    let mut found = links
        .as_array()
        .unwrap()
        .iter()
        .filter(|link| link["rel"] == rel && link["type"] == media_type);
    let link = found.next().unwrap_or_else(|| panic!("no {rel} as {media_type} in {links}"));
    assert!(found.next().is_none(), "two {rel} as {media_type} in {links}");
    link["href"].as_str().unwrap()
}

/// The path and query of an absolute link to this server.
fn target(href: &str) -> &str {
    href.strip_prefix(&base()).unwrap_or_else(|| panic!("{href} is not absolute"))
}

#[test]
fn tile_matrix_sets_are_listed_and_defined() {
    let list = json_of("/tileMatrixSets");
    let sets = list["tileMatrixSets"].as_array().unwrap();
    let ids: Vec<_> = sets.iter().map(|set| set["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [MERCATOR, "WorldCRS84Quad", "CGCS2000Quad", "CGCS2000GK117Quad"]);
    let definition = json_of(target(href(&sets[0]["links"], "self", "application/json")));
    for member in ["id", "title", "uri", "crs"] {
        assert_eq!(definition[member], sets[0][member], "{member}");
    }
    let matrices = definition["tileMatrices"].as_array().unwrap();
    assert_eq!(matrices.len(), 23);
    for (zoom, matrix) in matrices.iter().enumerate() {
        assert_eq!(matrix["id"], zoom.to_string());
        assert_eq!(matrix["matrixWidth"], 1_u64 << zoom);
        assert_eq!(matrix["matrixHeight"], 1_u64 << zoom);
        let width = matrix["cellSize"].as_f64().unwrap() * 256.0 * (1_u64 << zoom) as f64;
        assert!((width - 40_075_016.685_578_49).abs() < 1e-6, "zoom {zoom}: {width}");
    }
    let unknown = get("/tileMatrixSets/Nowhere");
    assert_eq!(
        (unknown.status, &unknown.json()["code"]),
        (404, &json!("tile_matrix_set_not_found"))
    );
    assert_eq!(get("/tileMatrixSets?f=xml").status, 400);
    assert_eq!(get("/tileMatrixSets?x=1").status, 400);
}

#[test]
fn lists_of_tilesets_hold_what_a_client_needs_to_ask_for_tiles() {
    for list in ["/tiles", "/collections/squares/tiles", "/collections/%E5%9C%B0%E5%9D%97/tiles"] {
        let document = json_of(list);
        let item = &document["tilesets"][0];
        assert_eq!(item["tileMatrixSetId"], MERCATOR, "{list}");
        assert_eq!(
            item["tileMatrixSetURI"],
            "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
        );
        assert_eq!(item["crs"], "http://www.opengis.net/def/crs/EPSG/0/3857");
        assert_eq!(item["dataType"], "vector");
        assert!(!item["tileMatrixSetLimits"].as_array().unwrap().is_empty(), "{list}");
        let template = href(&item["links"], "item", MVT);
        assert!(template.contains("/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}"));
        assert_eq!(
            target(template),
            format!("{list}/{MERCATOR}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")
        );
        let tileset = json_of(target(href(&item["links"], "self", "application/json")));
        for member in ["title", "dataType", "crs", "tileMatrixSetURI", "tileMatrixSetLimits"] {
            assert_eq!(tileset[member], item[member], "{member} of {list}");
        }
        json_of(target(href(&item["links"], TILING_SCHEME, "application/json")));
        let header = get(list);
        let header = header.header("link-template").unwrap();
        assert!(header.starts_with(&format!("\"{template}\"; rel=\"item\"")), "{header}");
    }
}

#[test]
fn a_tileset_says_what_its_tiles_hold() {
    let tileset = json_of("/collections/squares/tiles/WebMercatorQuad");
    assert_eq!(tileset["title"], "Squares");
    assert_eq!(tileset["attribution"], "© us");
    assert_eq!(tileset["mediaTypes"], json!([MVT]));
    let layer = &tileset["layers"][0];
    assert_eq!(layer["id"], "squares");
    assert_eq!(layer["geometryDimension"], 2);
    assert_eq!((&layer["minTileMatrix"], &layer["maxTileMatrix"]), (&json!("10"), &json!("15")));
    let properties = layer["propertiesSchema"]["properties"].as_object().unwrap();
    let mut names: Vec<_> = properties.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["area", "made", "name"], "a field above L1 is not named");
    assert_eq!(properties["area"], json!({"type": "number"}));
    assert_eq!(tileset["boundingBox"]["crs"], "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    for (corner, expected) in [("lowerLeft", [116.40, 39.60]), ("upperRight", [116.42, 39.61])] {
        for (found, expected) in
            tileset["boundingBox"][corner].as_array().unwrap().iter().zip(expected)
        {
            assert!((found.as_f64().unwrap() - expected).abs() < 1e-6, "{corner}");
        }
    }
    assert_eq!(tileset["centerPoint"]["tileMatrix"], "14");
    // Rows 6225.75 and 6226.34, columns 13489.49 and 13490.40, by the formula of Web Mercator.
    assert_eq!(
        tileset["tileMatrixSetLimits"][4],
        json!({"tileMatrix": "14", "minTileRow": 6225, "maxTileRow": 6226, "minTileCol": 13489, "maxTileCol": 13490})
    );
    assert_eq!(tileset["tileMatrixSetLimits"].as_array().unwrap().len(), 6);
    let tilejson =
        get(target(href(&tileset["links"], "alternate", "application/vnd.mapbox.tile+json")));
    assert_eq!(tilejson.header("content-type"), Some("application/vnd.mapbox.tile+json"));
    assert_eq!(tilejson.json()["vector_layers"][0]["id"], "squares");
    assert!(tilejson.header("link-template").is_some());

    let dataset = json_of("/tiles/WebMercatorQuad");
    let ids: Vec<_> =
        dataset["layers"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["lane", "nothing", "places", "squares", "地块"]);
    let places = &dataset["layers"][2]["propertiesSchema"]["properties"];
    assert!(places.get("label").is_some() && places.get("phone").is_none(), "{places}");
    assert!(dataset["layers"][1].get("boundingBox").is_none(), "nothing has no place");
}

#[test]
fn every_limit_is_tight_and_beyond_it_there_is_no_tile() {
    for list in ["/collections/squares/tiles", "/collections/places/tiles", "/tiles"] {
        let limits = json_of(list)["tilesets"][0]["tileMatrixSetLimits"].clone();
        for limit in limits.as_array().unwrap() {
            let number = |name: &str| limit[name].as_u64().unwrap();
            let zoom = limit["tileMatrix"].as_str().unwrap();
            let side = 1_u64 << zoom.parse::<u32>().unwrap();
            let status =
                |row: u64, col: u64| get(&format!("{list}/{MERCATOR}/{zoom}/{row}/{col}")).status;
            let (rows, cols) = (
                (number("minTileRow"), number("maxTileRow")),
                (number("minTileCol"), number("maxTileCol")),
            );
            for (row, col) in
                [(rows.0, cols.0), (rows.1, cols.0), (rows.0, cols.1), (rows.1, cols.1)]
            {
                assert!(row < side && col < side, "{limit}");
                assert!(matches!(status(row, col), 200 | 204), "{list} {limit}: {row} {col}");
            }
            for (row, col) in [
                (rows.1 + 1, cols.0),
                (rows.0, cols.1 + 1),
                (rows.0.wrapping_sub(1).min(side), cols.0),
                (rows.0, cols.0.wrapping_sub(1).min(side)),
                (2_147_483_647, 2_147_483_647),
            ] {
                assert_eq!(status(row, col), 404, "{list} {limit}: {row} {col}");
            }
        }
        let deepest = limits.as_array().unwrap().len() as u64;
        assert_eq!(get(&format!("{list}/{MERCATOR}/{}/0/0", deepest + 40)).status, 404);
    }
    assert_eq!(get("/collections/squares/tiles/WebMercatorQuad/9/194/421").status, 404, "above");
    assert_eq!(
        get("/collections/squares/tiles/WebMercatorQuad/16/24906/53958").status,
        404,
        "below"
    );
}

#[test]
fn a_wrong_place_is_told_from_a_place_that_does_not_exist() {
    let cases = [
        ("/tiles/WebMercatorQuad/14/6226/a", 400, "invalid_parameter", "tileCol"),
        ("/tiles/WebMercatorQuad/14/-1/13489", 400, "invalid_parameter", "tileRow"),
        ("/tiles/WebMercatorQuad/14/+6226/13489", 400, "invalid_parameter", "tileRow"),
        ("/tiles/WebMercatorQuad/14/6226.5/13489", 400, "invalid_parameter", "tileRow"),
        ("/tiles/WebMercatorQuad/a/6226/13489", 400, "invalid_parameter", "tileMatrix"),
        ("/tiles/WebMercatorQuad/23/0/0", 404, "tile_out_of_range", "23"),
        ("/tiles/WebMercatorQuad/14/13489/6226", 404, "tile_out_of_range", "minTileRow"),
        ("/tiles/Nowhere/0/0/0", 404, "tile_matrix_set_not_found", "Nowhere"),
        ("/tiles/WebMercatorQuad/0/0/0?collections=a", 400, "invalid_parameter", "collections"),
        ("/tiles/WebMercatorQuad/0/0/0?f=png", 400, "invalid_parameter", "png"),
        ("/tiles?collections=squares,nowhere", 400, "invalid_parameter", "nowhere"),
        ("/tiles/WebMercatorQuad?f=xml", 400, "invalid_parameter", "xml"),
        ("/collections/nowhere/tiles", 404, "collection_not_found", "nowhere"),
        ("/collections/squares,places/tiles", 404, "collection_not_found", "squares,places"),
        (
            "/collections/nowhere/tiles/WebMercatorQuad/0/0/0",
            404,
            "collection_not_found",
            "nowhere",
        ),
    ];
    for (target, status, code, detail) in cases {
        let answer = get(target);
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{target}");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{target}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{target}: {problem}");
    }
}

#[test]
fn dataset_tiles_are_those_of_the_xyz_path() {
    for (dataset, xyz) in [
        (
            format!("/tiles/{MERCATOR}/{TILE}"),
            "/xyz/lane,nothing,places,squares,地块/14/13489/6226.mvt",
        ),
        (format!("/tiles/{MERCATOR}/{TILE}?collections=squares"), "/xyz/squares/14/13489/6226.mvt"),
        (
            format!("/tiles/{MERCATOR}/{TILE}.pbf?f=mvt&collections=places,squares"),
            "/xyz/places,squares/14/13489/6226.mvt",
        ),
    ] {
        let tile = get(&dataset);
        assert_eq!(tile.status, 200, "{dataset}");
        assert_eq!(tile.header("content-type"), Some(MVT));
        assert_eq!(tile.body, get(&xyz.replace("地块", "%E5%9C%B0%E5%9D%97")).body, "{dataset}");
        for (accepted, coding) in [("gzip", "gzip"), ("gzip, zstd", "zstd")] {
            let coded = CITY.server.ask("GET", &dataset, &[("Accept-Encoding", accepted)]);
            assert_eq!(coded.header("content-encoding"), Some(coding), "{dataset}");
        }
        let etag = tile.header("etag").unwrap();
        let again = CITY.server.ask("GET", &dataset, &[("If-None-Match", etag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{dataset}");
    }
}

#[test]
fn a_selection_is_kept_in_links_and_leaves_the_limits_of_the_dataset() {
    let list = json_of("/tiles?collections=squares");
    let item = &list["tilesets"][0];
    let whole = json_of("/tiles")["tilesets"][0]["tileMatrixSetLimits"].clone();
    assert_eq!(item["tileMatrixSetLimits"], whole);
    let template = href(&item["links"], "item", MVT);
    assert!(template.ends_with("{tileCol}?collections=squares"), "{template}");
    let tileset = json_of(target(href(&item["links"], "self", "application/json")));
    assert_eq!(tileset["layers"].as_array().unwrap().len(), 1);
    let alternate = href(&tileset["links"], "alternate", "application/vnd.mapbox.tile+json");
    assert!(alternate.ends_with("?collections=squares&f=tilejson"), "{alternate}");
    assert_eq!(get(target(alternate)).json()["name"], "squares");
    // Clients add the parameter to the template of the dataset and keep its limits.
    assert_eq!(get("/tiles/WebMercatorQuad/9/194/421?collections=squares").status, 204);
    assert_eq!(get("/tiles/WebMercatorQuad/9/194/421").status, 200, "another layer begins above");
    assert_eq!(get("/tiles/WebMercatorQuad/9/0/0?collections=squares").status, 404);
}

#[test]
fn an_empty_tile_says_whether_more_lies_below() {
    let collapsed = get("/collections/lane/tiles/WebMercatorQuad/0/0/0");
    assert_eq!(collapsed.status, 204, "shorter than a tile unit");
    assert_eq!(collapsed.header("oatiles-hint"), None, "the line shows further down");
    let void = get("/collections/places/tiles/WebMercatorQuad/14/6226/13500");
    assert_eq!((void.status, void.header("oatiles-hint")), (204, Some("empty")));
    assert_eq!(get("/xyz/squares/5/0/0.mvt").header("oatiles-hint"), None, "begins at zoom 10");
    assert_eq!(get(&format!("/tiles/{MERCATOR}/{TILE}")).header("oatiles-hint"), None);
}

#[test]
fn a_collection_without_features_has_every_tile_and_none_with_content() {
    let limits =
        json_of("/collections/nothing/tiles")["tilesets"][0]["tileMatrixSetLimits"].clone();
    assert_eq!(
        limits[2],
        json!({"tileMatrix": "2", "minTileRow": 0, "maxTileRow": 3, "minTileCol": 0, "maxTileCol": 3})
    );
    let tile = get("/collections/nothing/tiles/WebMercatorQuad/2/3/3");
    assert_eq!((tile.status, tile.body.len()), (204, 0));
    assert_eq!(get("/collections/nothing/tiles/WebMercatorQuad/2/4/3").status, 404);
}

#[test]
fn personal_fields_are_named_in_no_tileset() {
    for target in [
        "/tiles",
        "/tiles/WebMercatorQuad",
        "/tiles/WebMercatorQuad?f=tilejson",
        "/collections/places/tiles/WebMercatorQuad",
    ] {
        let answer = get(target);
        assert!(answer.status == 200 && !answer.text().contains("phone"), "{target}");
    }
    let tilejson = get("/collections/squares/tiles/WebMercatorQuad?f=tilejson").json();
    assert!(tilejson["vector_layers"][0]["fields"].get("code").is_none(), "above L1");
}

#[test]
fn tilejson_keeps_to_what_maplibre_reads() {
    let tilejson = get("/tiles/WebMercatorQuad?f=tilejson").json();
    assert_eq!(tilejson["attribution"], "© us");
    assert!(tilejson.get("tileSize").is_none());
    assert_eq!((&tilejson["minzoom"], &tilejson["maxzoom"]), (&json!(0), &json!(18)));
    let url = tilejson["tiles"][0].as_str().unwrap();
    assert!(
        url.ends_with("/xyz/lane,nothing,places,squares,%E5%9C%B0%E5%9D%97/{z}/{x}/{y}.mvt"),
        "{url}"
    );
    let tile = target(url).replace("{z}", "14").replace("{x}", "13489").replace("{y}", "6226");
    assert_eq!(get(&tile).status, 200);
    let zoom = tilejson["center"][2].as_u64().unwrap();
    assert!((6..=10).contains(&zoom), "the whole extent is in sight: {zoom}");
}

#[test]
fn every_resource_of_tiles_is_a_page_too() {
    let squares = "<div id=\"map\" data-style=\"{base}/styles/squares\"";
    for (target, parts) in [
        ("/tileMatrixSets", &["WebMercatorQuad", "f=json"][..]),
        ("/tileMatrixSets/WebMercatorQuad", &["scaleDenominator", "f=json"]),
        ("/tiles", &["id=\"map\"", "{tileMatrix}/{tileRow}/{tileCol}"]),
        ("/tiles/WebMercatorQuad?collections=squares", &[squares, "propertiesSchema"]),
        ("/collections/squares/tiles", &[squares, "tileMatrixSetLimits"]),
        ("/collections/squares/tiles/WebMercatorQuad", &[squares, "f=tilejson"]),
        ("/styles/squares/metadata", &["stylesheet", "Squares"]),
    ] {
        let page = CITY.server.ask("GET", target, &[("Accept", "text/html,*/*;q=0.8")]);
        assert_eq!(page.status, 200, "{target}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
        assert!(page.header("vary").unwrap().contains("Accept"), "{target}");
        for part in parts {
            let part = part.replace("{base}", &base());
            assert!(page.text().contains(&part), "{target}: {part} in {}", page.text());
        }
        let mark = if target.contains('?') { '&' } else { '?' };
        let forced = get(&format!("{target}{mark}f=html"));
        assert_eq!(forced.header("content-type"), page.header("content-type"), "{target}");
        // `f` wins, and says so in the links of the document.
        let json =
            CITY.server.ask("GET", &format!("{target}{mark}f=json"), &[("Accept", "text/html")]);
        assert_eq!(json.header("content-type"), Some("application/json"), "{target}");
        let page = json.json();
        assert!(href(&page["links"], "alternate", "text/html").contains("f=html"), "{target}");
    }
    let refused = CITY.server.ask("GET", "/tiles", &[("Accept", "image/png")]);
    assert_eq!(refused.status, 406);
}

#[test]
fn the_metadata_of_a_style_names_its_encodings_and_layers() {
    let styles = get("/styles").json();
    for style in styles["styles"].as_array().unwrap() {
        let metadata = json_of(target(href(&style["links"], "describedby", "application/json")));
        assert_eq!(metadata["id"], style["id"]);
        for sheet in metadata["stylesheets"].as_array().unwrap() {
            let link = &sheet["link"];
            let answer = get(target(link["href"].as_str().unwrap()));
            assert_eq!(answer.status, 200, "{link}");
            let found = answer.header("content-type").unwrap().split(';').next().unwrap();
            assert_eq!(found, link["type"], "{link}");
        }
    }
    let one = json_of("/styles/squares/metadata");
    assert_eq!(one["layers"][0]["type"], "polygon");
    assert!(one["layers"][0]["attributes"].get("code").is_none(), "above L1");
    assert_eq!(one["stylesheets"].as_array().unwrap().len(), 3);
    assert_eq!(json_of("/styles/all/metadata")["stylesheets"].as_array().unwrap().len(), 2);
    let unknown = get("/styles/nothing-like-it/metadata");
    assert_eq!((unknown.status, &unknown.json()["code"]), (404, &json!("style_not_found")));
}

#[test]
fn a_store_without_collections_has_no_tiles() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nothing.geojson"), NOTHING).unwrap();
    for arguments in [
        &["import", "s.gpkg", "nothing.geojson"][..],
        &["collection", "remove", "s.gpkg", "nothing", "--yes"],
    ] {
        assert_eq!(run(folder.path(), arguments).code, 0);
    }
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    for (target, status) in [
        ("/tiles", 200),
        ("/tiles/WebMercatorQuad", 200),
        ("/tiles/WebMercatorQuad?f=tilejson", 200),
        ("/tiles/WebMercatorQuad/0/0/0", 404),
    ] {
        assert_eq!(server.get(target).status, status, "{target}");
    }
}
