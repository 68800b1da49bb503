//! WMTS as its clients meet it: capabilities, tiles by key and by path, and refusals.

use std::sync::LazyLock;

use serde_json::Value;

use crate::running::Response;
use crate::squares::{City, city};
use crate::xml_tree::Element;

const MVT: &str = "application/vnd.mapbox-vector-tile";
const CAPABILITIES: &str = "/wmts/1.0.0/WMTSCapabilities.xml";
/// A title that XML must not take for itself.
const TITLE: &str = "A < B & \"C\" ]]> 图斑";

static CITY: LazyLock<City> = LazyLock::new(|| city(["--title", TITLE]));

fn get(target: &str) -> Response {
    CITY.server.get(target)
}

fn json(target: &str) -> Value {
    let answer = get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()
}

fn xml(answer: &Response) -> Element {
    assert_eq!(answer.header("content-type"), Some("application/xml"), "{}", answer.text());
    Element::parse(answer.text())
}

fn capabilities() -> Element {
    let answer = get(CAPABILITIES);
    assert_eq!(answer.status, 200);
    xml(&answer)
}

fn layer<'a>(contents: &'a Element, id: &str) -> &'a Element {
    contents.all("Layer").find(|layer| layer.text_of("ows:Identifier") == id).unwrap()
}

/// The path and query of an absolute link to this server.
fn target(href: &str) -> &str {
    let base = format!("http://{}", CITY.server.address);
    href.strip_prefix(&base).unwrap_or_else(|| panic!("{href} is not absolute"))
}

/// The limits of a layer on a grid: matrix, rows, columns.
fn limits(layer: &Element, set: &str) -> Vec<(String, [u64; 4])> {
    let link = layer.all("TileMatrixSetLink").find(|link| link.text_of("TileMatrixSet") == set);
    let limits = link.unwrap().one("TileMatrixSetLimits");
    let number = |limit: &Element, name: &str| limit.text_of(name).parse().unwrap();
    limits
        .all("TileMatrixLimits")
        .map(|limit| {
            let ends = ["MinTileRow", "MaxTileRow", "MinTileCol", "MaxTileCol"];
            (limit.text_of("TileMatrix").to_owned(), ends.map(|name| number(limit, name)))
        })
        .collect()
}

#[test]
fn capabilities_are_the_same_by_key_and_by_path() {
    let by_path = get(CAPABILITIES);
    for query in [
        "service=WMTS&request=GetCapabilities",
        "SERVICE=WMTS&Request=GetCapabilities&AcceptVersions=2.0.0,1.0.0",
        "Service=wmts&REQUEST=GetCapabilities&VERSION=1.0.0&tk=key&unheard-of=1",
    ] {
        let by_key = get(&format!("/wmts?{query}"));
        assert_eq!(by_key.status, 200, "{query}: {}", by_key.text());
        assert_eq!(by_key.body, by_path.body, "{query}");
    }
    let root = xml(&by_path);
    assert_eq!(root.name, "Capabilities");
    assert_eq!(root.attributes["xmlns"], "http://www.opengis.net/wmts/1.0");
    assert_eq!(root.attributes["version"], "1.0.0");
    let service = root.one("ows:ServiceIdentification");
    assert_eq!(service.text_of("ows:ServiceType"), "OGC WMTS");
    assert_eq!(service.text_of("ows:ServiceTypeVersion"), "1.0.0");
    let mut ways = Vec::new();
    for operation in root.one("ows:OperationsMetadata").all("ows:Operation") {
        for way in operation.one("ows:DCP").one("ows:HTTP").all("ows:Get") {
            let encoding = way.one("ows:Constraint").one("ows:AllowedValues").text_of("ows:Value");
            ways.push((
                operation.attributes["name"].as_str(),
                encoding,
                target(&way.attributes["xlink:href"]),
            ));
        }
    }
    assert_eq!(
        ways,
        [
            ("GetCapabilities", "KVP", "/wmts?"),
            ("GetCapabilities", "RESTful", CAPABILITIES),
            ("GetTile", "KVP", "/wmts?"),
        ]
    );
    assert_eq!(target(&root.one("ServiceMetadataURL").attributes["xlink:href"]), CAPABILITIES);
}

#[test]
fn layers_are_the_collections_and_the_dataset() {
    let root = capabilities();
    let contents = root.one("Contents");
    let ids: Vec<_> = contents.all("Layer").map(|layer| layer.text_of("ows:Identifier")).collect();
    assert_eq!(ids, ["all", "nothing", "squares", "地块"]);
    let squares = layer(contents, "squares");
    assert_eq!(squares.text_of("ows:Title"), TITLE);
    assert_eq!(squares.text_of("Format"), MVT);
    assert_eq!(squares.one("Style").attributes["isDefault"], "true");
    let bounds = squares.one("ows:WGS84BoundingBox");
    for (corner, expected) in
        [("ows:LowerCorner", [116.40, 39.60]), ("ows:UpperCorner", [116.42, 39.61])]
    {
        let found = bounds.text_of(corner).split(' ').map(|number| number.parse::<f64>().unwrap());
        for (found, expected) in found.zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{corner}: {found}");
        }
    }
    assert_eq!(layer(contents, "nothing").all("ows:WGS84BoundingBox").count(), 0, "no place");
    let template = layer(contents, "地块").one("ResourceURL");
    assert_eq!(template.attributes["resourceType"], "tile");
    assert_eq!(template.attributes["format"], MVT);
    assert_eq!(
        target(&template.attributes["template"]),
        "/wmts/1.0.0/%E5%9C%B0%E5%9D%97/default/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.mvt"
    );
}

#[test]
fn grids_and_limits_are_those_of_the_tilesets() {
    let root = capabilities();
    let contents = root.one("Contents");
    let grids = json("/tileMatrixSets");
    let grids = grids["tileMatrixSets"].as_array().unwrap();
    let sets: Vec<&Element> = contents.all("TileMatrixSet").collect();
    assert_eq!(sets.len(), grids.len());
    for (set, grid) in sets.into_iter().zip(grids) {
        let id = grid["id"].as_str().unwrap();
        assert_eq!(set.text_of("ows:Identifier"), id);
        let definition = json(&format!("/tileMatrixSets/{id}"));
        let crs = set.text_of("ows:SupportedCRS");
        let code = definition["crs"].as_str().unwrap().rsplit('/').next().unwrap();
        assert!(crs.rsplit(':').next() == Some(code), "{crs}");
        assert!(crs.starts_with("urn:ogc:def:crs:") || crs.starts_with("site:"), "{crs}");
        let matrices = definition["tileMatrices"].as_array().unwrap();
        let found: Vec<&Element> = set.all("TileMatrix").collect();
        assert_eq!(found.len(), matrices.len(), "{id}");
        for (found, matrix) in found.into_iter().zip(matrices) {
            let number = |name: &str| found.text_of(name).parse::<f64>().unwrap();
            assert_eq!(found.text_of("ows:Identifier"), matrix["id"]);
            for (name, member) in [
                ("ScaleDenominator", "scaleDenominator"),
                ("TileWidth", "tileWidth"),
                ("TileHeight", "tileHeight"),
                ("MatrixWidth", "matrixWidth"),
                ("MatrixHeight", "matrixHeight"),
            ] {
                let expected = matrix[member].as_f64().unwrap();
                // The reader of JSON may be off by the last bit.
                assert!((number(name) / expected - 1.0).abs() < 1e-14, "{id} {name}");
            }
            // Both standards give the corner in the axis order of the CRS.
            let corner = found.text_of("TopLeftCorner").split(' ');
            let corner: Vec<f64> = corner.map(|number| number.parse().unwrap()).collect();
            let origin = matrix["pointOfOrigin"].as_array().unwrap();
            let origin: Vec<f64> = origin.iter().map(|number| number.as_f64().unwrap()).collect();
            assert_eq!(corner, origin, "{id}");
        }
        for (name, list) in [("squares", "/collections/squares/tiles"), ("all", "/tiles")] {
            let tileset = json(&format!("{list}/{id}"));
            let expected: Vec<_> = tileset["tileMatrixSetLimits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|limit| {
                    let ends = ["minTileRow", "maxTileRow", "minTileCol", "maxTileCol"];
                    let matrix = limit["tileMatrix"].as_str().unwrap().to_owned();
                    (matrix, ends.map(|name| limit[name].as_u64().unwrap()))
                })
                .collect();
            assert_eq!(limits(layer(contents, name), id), expected, "{name} on {id}");
        }
    }
}

#[test]
fn a_tile_is_that_of_the_tileset_by_key_and_by_path() {
    let root = capabilities();
    let contents = root.one("Contents");
    for set in contents.all("TileMatrixSet") {
        let set = set.text_of("ows:Identifier");
        for (name, list) in [
            ("squares", "/collections/squares/tiles"),
            ("地块", "/collections/%E5%9C%B0%E5%9D%97/tiles"),
            ("all", "/tiles"),
        ] {
            let layer = layer(contents, name);
            let limits = limits(layer, set);
            let (matrix, [first_row, last_row, first_col, last_col]) = &limits[limits.len() / 2];
            // Limits are a box about what there is: not every tile in it has content.
            let tiles = (*first_row..=*last_row)
                .flat_map(|row| (*first_col..=*last_col).map(move |col| (row, col)));
            let mut tiles = tiles
                .map(|(row, col)| (row, col, get(&format!("{list}/{set}/{matrix}/{row}/{col}"))));
            let (row, col, expected) = tiles.find(|(_, _, tile)| tile.status == 200).unwrap();
            let template = &layer.one("ResourceURL").attributes["template"];
            let by_path = target(template)
                .replace("{TileMatrixSet}", set)
                .replace("{TileMatrix}", matrix)
                .replace("{TileRow}", &row.to_string())
                .replace("{TileCol}", &col.to_string());
            let layer = layer.text_of("ows:Identifier").replace("地块", "%E5%9C%B0%E5%9D%97");
            let by_key = format!(
                "/wmts?Service=WMTS&Request=GetTile&Version=1.0.0&Layer={layer}&Style=&Format={MVT}\
                 &TileMatrixSet={set}&TileMatrix={matrix}&TileRow={row}&TileCol={col}&time=now"
            );
            for asked in [&by_path, &by_key] {
                let tile = get(asked);
                assert_eq!(tile.status, 200, "{asked}: {:?}", tile.body);
                assert_eq!(tile.body, expected.body, "{asked}");
                for header in ["content-type", "etag", "cache-control", "vary", "tuban-revision"] {
                    assert_eq!(tile.header(header), expected.header(header), "{asked}: {header}");
                }
                let gzip = CITY.server.ask("GET", asked, &[("Accept-Encoding", "gzip")]);
                assert_eq!(gzip.header("content-encoding"), Some("gzip"), "{asked}");
                let etag = tile.header("etag").unwrap();
                let again = CITY.server.ask("GET", asked, &[("If-None-Match", etag)]);
                assert_eq!((again.status, again.body.len()), (304, 0), "{asked}");
            }
        }
    }
    let empty = get("/wmts/1.0.0/nothing/default/WebMercatorQuad/2/3/3.mvt");
    // What a 204 means WMTS does not say.
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    assert_eq!(empty.header("content-type"), Some(MVT));
}

#[test]
fn tiles_are_found_by_the_names_of_tianditu() {
    // Degrees: columns of 360/2^14 from the west, rows from the north pole.
    for (set, row, expected) in [
        ("w", 6226, "/xyz/squares/14/13489/6226.mvt"),
        ("c", 2293, "/collections/squares/tiles/CGCS2000Quad/14/2293/13489"),
    ] {
        let tile = get(&format!(
            "/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=squares&STYLE=default\
             &TILEMATRIXSET={set}&FORMAT=tiles&TILEMATRIX=14&TILEROW={row}&TILECOL=13489&tk=KEY"
        ));
        assert_eq!((tile.status, tile.body.is_empty()), (200, false), "{set}");
        assert_eq!(tile.body, get(expected).body, "{set}");
    }
}

/// Status, code and locator of a refusal.
fn refused(answer: &Response) -> (u16, String, Option<String>, String) {
    let report = xml(answer);
    assert_eq!(report.name, "ows:ExceptionReport");
    assert_eq!(report.attributes["version"], "1.0.0");
    let exception = report.one("ows:Exception");
    let text = exception.text_of("ows:ExceptionText").to_owned();
    assert!(!text.is_empty());
    let locator = exception.attributes.get("locator").cloned();
    (answer.status, exception.attributes["exceptionCode"].clone(), locator, text)
}

#[test]
fn what_is_wrong_is_told_in_an_exception_report() {
    let tile = |changed: &str, value: &str| {
        let pairs = [
            ("SERVICE", "WMTS"),
            ("REQUEST", "GetTile"),
            ("VERSION", "1.0.0"),
            ("LAYER", "squares"),
            ("STYLE", "default"),
            ("FORMAT", MVT),
            ("TILEMATRIXSET", "WebMercatorQuad"),
            ("TILEMATRIX", "14"),
            ("TILEROW", "6226"),
            ("TILECOL", "13489"),
        ];
        let pairs = pairs.map(|(key, kept)| {
            let value = if key == changed { value } else { kept };
            if value == "-" { String::new() } else { format!("{key}={value}") }
        });
        format!("/wmts?{}", pairs.join("&"))
    };
    let long = "9".repeat(3000);
    let invalid = "InvalidParameterValue";
    let cases = [
        ("/wmts".to_owned(), 400, "MissingParameterValue", Some("SERVICE")),
        ("/wmts?service=WMTS".to_owned(), 400, "MissingParameterValue", Some("REQUEST")),
        (
            "/wmts?service=WMTS&request=GetCapabilities&acceptversions=2.0.0".to_owned(),
            400,
            "VersionNegotiationFailed",
            None,
        ),
        (tile("SERVICE", "WMS"), 400, invalid, Some("Service")),
        (tile("REQUEST", "GetFeatureInfo"), 501, "OperationNotSupported", Some("GetFeatureInfo")),
        (tile("VERSION", "1.1.0"), 400, invalid, Some("Version")),
        (tile("VERSION", "-"), 400, "MissingParameterValue", Some("VERSION")),
        (tile("LAYER", "nowhere"), 400, invalid, Some("Layer")),
        (tile("LAYER", "squares,nothing"), 400, invalid, Some("Layer")),
        (tile("LAYER", &long), 400, invalid, Some("Layer")),
        (tile("LAYER", "-"), 400, "MissingParameterValue", Some("LAYER")),
        (tile("STYLE", "red"), 400, invalid, Some("Style")),
        (tile("STYLE", "-"), 400, "MissingParameterValue", Some("STYLE")),
        (tile("FORMAT", "image/png"), 400, invalid, Some("Format")),
        (tile("FORMAT", "-"), 400, "MissingParameterValue", Some("FORMAT")),
        (tile("TILEMATRIXSET", "Nowhere"), 400, invalid, Some("TileMatrixSet")),
        (tile("TILEMATRIX", "99"), 400, invalid, Some("TileMatrix")),
        (tile("TILEMATRIX", "abc"), 400, invalid, Some("TileMatrix")),
        (tile("TILEMATRIX", "-"), 400, "MissingParameterValue", Some("TILEMATRIX")),
        (tile("TILEROW", "1.5"), 400, invalid, Some("TileRow")),
        (tile("TILEROW", &long), 400, invalid, Some("TileRow")),
        (tile("TILEROW", "16384"), 400, "TileOutOfRange", Some("TileRow")),
        (tile("TILECOL", "2147483647"), 400, "TileOutOfRange", Some("TileCol")),
        (tile("TILECOL", "%2B1"), 400, invalid, Some("TileCol")),
        (tile("TILECOL", "1"), 400, "TileOutOfRange", None),
        (tile("TILECOL", "%zz"), 400, invalid, None),
        (tile("TILECOL", &"9".repeat(9000)), 414, "NoApplicableCode", None),
        (
            "/wmts/1.0.0/nowhere/default/WebMercatorQuad/0/0/0.mvt".to_owned(),
            404,
            invalid,
            Some("Layer"),
        ),
        ("/wmts/1.0.0/all/red/WebMercatorQuad/0/0/0.mvt".to_owned(), 404, invalid, Some("Style")),
        (
            "/wmts/1.0.0/all/default/Nowhere/0/0/0.mvt".to_owned(),
            404,
            invalid,
            Some("TileMatrixSet"),
        ),
        (
            "/wmts/1.0.0/all/default/WebMercatorQuad/0/0/0.png".to_owned(),
            404,
            invalid,
            Some("TileCol"),
        ),
        (
            "/wmts/1.0.0/all/default/WebMercatorQuad/0/1/0.mvt".to_owned(),
            404,
            "TileOutOfRange",
            Some("TileRow"),
        ),
        ("/wmts/1.0.0/other.xml".to_owned(), 404, "NoApplicableCode", None),
        ("/wmts/%FF".to_owned(), 400, invalid, None),
    ];
    for (asked, status, code, locator) in cases {
        let shown: String = asked.chars().take(200).collect();
        let found = refused(&get(&asked));
        assert_eq!(
            (found.0, found.1.as_str(), found.2.as_deref()),
            (status, code, locator),
            "{shown}: {}",
            found.3
        );
        assert!(found.3.chars().count() <= 300, "{shown}");
    }
    let posted = CITY.server.post("/wmts?service=WMTS&request=GetCapabilities", "{}");
    assert_eq!(refused(&posted).0, 405);
    assert!(posted.header("allow").unwrap().contains("GET"));
}
