//! The server as clients meet it: status, headers and bodies of every route.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::running::{Response, Server, run};

/// Two small collections: three squares with names, and points with a phone column.
const SQUARES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"甲","area":1.5,"code":110115001},"geometry":{"type":"Polygon","coordinates":[[[116.40,39.60],[116.41,39.60],[116.41,39.61],[116.40,39.61],[116.40,39.60]]]}},
{"type":"Feature","properties":{"name":"乙","area":2.5,"code":110115002},"geometry":{"type":"Polygon","coordinates":[[[116.41,39.60],[116.42,39.60],[116.42,39.61],[116.41,39.61],[116.41,39.60]]]}},
{"type":"Feature","properties":{"name":"丙","area":null,"code":110115003},"geometry":null}]}"#;
const PLACES: &str =
    "lon,lat,label,phone\n116.405,39.605,one,13812345678\n116.415,39.605,two,13912345678\n";

/// Column and row of the tile of zoom 14 that holds both squares' common edge.
const TILE: &str = "14/13489/6226";

struct City {
    server: Server,
    _folder: tempfile::TempDir,
}

static CITY: LazyLock<City> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("squares.geojson"), SQUARES).unwrap();
    std::fs::write(folder.path().join("places.csv"), PLACES).unwrap();
    let imported = run(folder.path(), &["import", "city.gpkg", "squares.geojson"]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    let imported = run(folder.path(), &["import", "city.gpkg", "places.csv", "--crs", "EPSG:4326"]);
    assert_eq!(imported.code, 3, "the phone column is left out: {}", imported.err);
    assert!(imported.err.contains("phone") && !imported.err.contains("138"), "{}", imported.err);
    let store: PathBuf = folder.path().join("city.gpkg");
    City { server: Server::start(&store, &[]), _folder: folder }
});

fn get(target: &str) -> Response {
    CITY.server.get(target)
}

/// A problem document with this status and code, whose detail has `detail` in it.
fn check_problem(method: &str, target: &str, status: u16, code: &str, detail: &str) {
    let answer = CITY.server.ask(method, target, &[]);
    let shown = &target[..target.len().min(80)];
    assert_eq!(answer.status, status, "{method} {shown}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{shown}");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{shown}");
    let said = problem["detail"].as_str().unwrap_or_default();
    assert!(said.contains(detail), "{shown}: {said}");
}

#[test]
fn what_is_not_there_is_refused_with_place_and_way_out() {
    let long = format!("/collections?f={}", "x".repeat(9000));
    let many = format!("/xyz/{}squares/{TILE}.mvt", "squares,".repeat(900));
    let cases = [
        ("GET", "/nowhere", 404, "not_found", "/nowhere"),
        ("GET", "/collections/nothing", 404, "collection_not_found", "nothing"),
        ("GET", "/xyz/nothing/1/0/0.mvt", 404, "collection_not_found", "nothing"),
        ("GET", "/xyz/squares/30/0/0.mvt", 404, "tile_out_of_range", "30"),
        ("GET", "/xyz/squares/3/8/0.mvt", 404, "tile_out_of_range", "8"),
        ("GET", "/xyz/squares/-1/0/0.mvt", 400, "invalid_parameter", "-1"),
        ("GET", "/xyz/squares/4294967296/0/0.mvt", 400, "invalid_parameter", "4294967296"),
        ("GET", "/xyz/squares/a/b/c.mvt", 400, "invalid_parameter", "a"),
        ("GET", "/xyz/squares/1/0/0.mvt?x=1", 400, "invalid_parameter", "x"),
        (
            "GET",
            "/collections/squares/tiles/Nowhere/0/0/0",
            404,
            "tile_matrix_set_not_found",
            "Nowhere",
        ),
        ("GET", "/collections?f=xml", 400, "invalid_parameter", "xml"),
        ("GET", "/collections?f=%zz", 400, "invalid_parameter", "%zz"),
        ("GET", "/xyz/%ff/0/0/0.mvt", 400, "invalid_parameter", "%ff"),
        ("GET", "/collections/%e5%9b", 400, "invalid_parameter", "UTF-8"),
        ("GET", "/styles/nothing", 404, "style_not_found", "nothing"),
        ("GET", "/viewer/../Cargo.toml", 404, "not_found", ""),
        ("GET", long.as_str(), 414, "uri_too_long", "8192"),
        ("GET", many.as_str(), 200, "", ""),
        ("POST", "/collections", 405, "method_not_allowed", "POST"),
        ("DELETE", "/", 405, "method_not_allowed", "DELETE"),
    ];
    for (method, target, status, code, detail) in cases {
        if status == 200 {
            assert_eq!(
                CITY.server.ask(method, target, &[]).status,
                200,
                "a repeated name counts once"
            );
        } else {
            check_problem(method, target, status, code, detail);
        }
    }
}

#[test]
fn broken_requests_do_not_end_the_server() {
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: zzz\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ] {
        let _ = CITY.server.send(bytes);
    }
    let mut huge = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
    huge.extend(std::iter::repeat_n(b'a', 100_000));
    let answer = CITY.server.send(&huge);
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"),
        "too large a head is refused"
    );
    assert_eq!(get("/health").status, 200);
}

#[test]
fn a_tile_is_the_same_by_every_path_and_coding() {
    let plain = get(&format!("/xyz/squares/{TILE}.mvt"));
    assert_eq!(plain.status, 200);
    assert_eq!(plain.header("content-type"), Some("application/vnd.mapbox-vector-tile"));
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.header("tuban-revision").is_some());
    for target in [
        "/xyz/squares/14/13489/6226.pbf",
        "/collections/squares/tiles/WebMercatorQuad/14/6226/13489",
    ] {
        assert_eq!(get(target).body, plain.body, "{target}");
    }
    for (accepted, coding) in [("gzip, deflate", "gzip"), ("zstd, gzip", "zstd")] {
        let coded = CITY.server.ask(
            "GET",
            &format!("/xyz/squares/{TILE}.mvt"),
            &[("Accept-Encoding", accepted)],
        );
        assert_eq!(coded.header("content-encoding"), Some(coding));
        assert!(coded.header("vary").is_some_and(|v| v.contains("Accept-Encoding")));
        assert_ne!(coded.header("etag"), plain.header("etag"), "a strong tag differs by coding");
    }
}

#[test]
fn an_unchanged_tile_is_answered_without_a_body() {
    let target = format!("/xyz/squares,places/{TILE}.mvt");
    let first = get(&target);
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with('"'), "strong: {etag}");
    let again = CITY.server.ask("GET", &target, &[("If-None-Match", etag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    for name in ["etag", "cache-control", "vary"] {
        assert_eq!(again.header(name), first.header(name), "{name} on 304");
    }
    assert_eq!(CITY.server.ask("GET", &target, &[("If-None-Match", "\"other\"")]).status, 200);
    let head = CITY.server.ask("HEAD", &target, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), Some(etag));
}

#[test]
fn an_empty_tile_is_no_content() {
    for target in ["/xyz/squares/14/0/0.mvt", "/xyz/squares/22/0/0.mvt"] {
        let answer = get(target);
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{target}");
        assert!(answer.header("etag").is_some());
    }
}

#[test]
fn personal_columns_reach_no_route() {
    for target in [
        "/collections/places",
        "/xyz/places/tilejson.json",
        &format!("/xyz/places/{TILE}.mvt"),
        "/styles/places",
        "/styles/places?f=qml",
        "/metrics",
    ] {
        let answer = get(target);
        assert_eq!(answer.status, 200, "{target}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.contains("phone") && !text.contains("13812345678"), "{target}: {text}");
    }
}

#[test]
fn tilejson_says_what_a_client_needs() {
    let json = get("/xyz/squares,places/tilejson.json").json();
    assert_eq!(json["tilejson"], "3.0.0");
    let url = json["tiles"][0].as_str().unwrap();
    let base = format!("http://{}", CITY.server.address);
    assert_eq!(url, format!("{base}/xyz/squares,places/{{z}}/{{x}}/{{y}}.mvt"));
    let layers: Vec<_> = json["vector_layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["id"].as_str().unwrap())
        .collect();
    assert_eq!(layers, ["squares", "places"]);
    assert_eq!(json["vector_layers"][0]["fields"]["area"], "Number");
    let bounds: Vec<f64> =
        json["bounds"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    for (found, expected) in bounds.iter().zip([116.40, 39.60, 116.42, 39.61]) {
        assert!((found - expected).abs() < 1e-6, "{bounds:?}");
    }
}

#[test]
fn styles_name_their_layers_and_qgis_gets_its_subset() {
    let style = get("/styles/all").json();
    assert_eq!(style["version"], 8);
    let layers = style["layers"].as_array().unwrap();
    assert!(layers.iter().any(|l| l["source-layer"] == "squares" && l["type"] == "fill"));
    assert!(layers.iter().any(|l| l["source-layer"] == "places" && l["type"] == "circle"));
    assert!(style.get("glyphs").is_none(), "labels are drawn with local fonts");
    let qgis = get("/styles/squares?client=qgis").json();
    assert!(qgis["sources"]["tuban"]["tiles"][0].as_str().unwrap().starts_with("http://"));
    let qml = get("/styles/squares?f=qml");
    assert!(qml.text().contains("<qgis") && qml.text().contains("fieldName=\"name\""));
}

#[test]
fn options_and_cross_origin_requests_are_told_apart() {
    let preflight = CITY.server.ask(
        "OPTIONS",
        "/collections",
        &[("Origin", "http://a"), ("Access-Control-Request-Method", "GET")],
    );
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").is_some());
    let plain = CITY.server.ask("OPTIONS", "/collections", &[]);
    assert_eq!(plain.header("allow"), Some("GET, HEAD, OPTIONS"), "Allow comes out: {plain:?}");
    let cross = CITY.server.ask("GET", "/collections", &[("Origin", "http://a")]);
    assert_eq!(cross.header("access-control-allow-origin"), Some("*"));
    assert_eq!(cross.header("access-control-expose-headers"), Some("*"));
}

#[test]
fn the_root_is_a_map_for_browsers_and_a_document_for_machines() {
    let page = CITY.server.ask("GET", "/", &[("Accept", "text/html,*/*")]);
    assert!(page.text().contains("viewer.js"));
    let file = CITY.server.ask("GET", "/viewer/maplibre-gl.mjs", &[("Accept-Encoding", "gzip")]);
    assert_eq!(file.header("content-encoding"), Some("gzip"));
    assert_eq!(file.header("content-type"), Some("text/javascript; charset=utf-8"));
    let document = get("/").json();
    assert!(document["links"].as_array().unwrap().iter().any(|l| l["rel"] == "data"));
}

#[test]
fn links_follow_the_public_url_and_forwarded_headers_are_not_believed() {
    let forwarded = CITY.server.ask(
        "GET",
        "/collections",
        &[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")],
    );
    assert!(!forwarded.text().contains("evil.example"));
}

#[test]
fn metrics_are_prometheus_text() {
    get(&format!("/xyz/squares/{TILE}.mvt"));
    let text = get("/metrics").text().to_owned();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("tuban_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    for family in ["tuban_http_requests_total", "tuban_tiles_rendered_total", "tuban_revision"] {
        assert!(text.contains(&format!("# TYPE {family} ")), "{family} in:\n{text}");
    }
}
