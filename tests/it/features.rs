//! Features over HTTP: pages, conditions, coordinate systems, encodings and refusals.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;

use crate::running::{Response, Server, folder_with, run};

const CRS: &str = "http://www.opengis.net/def/crs";

/// Parcels with every kind of field, one hidden, one placeless; and lines far from them.
fn parcels() -> String {
    let mut features = Vec::new();
    for number in 0..25 {
        let (west, south) = (format!("116.4{number:02}"), "39.60");
        let (east, north) = (format!("116.4{number:02}5"), "39.6005");
        // Clockwise, which RFC 7946 does not want.
        let ring = format!(
            "[[{west},{south}],[{west},{north}],[{east},{north}],[{east},{south}],[{west},{south}]]"
        );
        let day = number % 5 + 1;
        features.push(format!(
            r#"{{"type":"Feature","properties":{{"name":"甲村{number}号","area":{number}.5,"code":{code},"on":"2026-03-0{day}","at":"2026-03-0{day}T17:00:00Z","state":{state},"owner":"张{number}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#,
            code = 110_115_000_000_i64 + i64::from(number),
            state = if number % 2 == 0 { "true" } else { "false" },
        ));
    }
    features.push(
        r#"{"type":"Feature","properties":{"name":"A \"b\", c","area":null,"code":null,"on":null,"at":null,"state":null,"owner":null},"geometry":null}"#
            .to_owned(),
    );
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

struct Town {
    server: Server,
    _folder: tempfile::TempDir,
}

static TOWN: LazyLock<Town> = LazyLock::new(|| {
    let folder = folder_with(&[("parcels.geojson", parcels().as_bytes())]);
    let store: PathBuf = folder.path().join("town.gpkg");
    let imported = run(
        folder.path(),
        &["import", "town.gpkg", "parcels.geojson", "--keep", "owner", "--crs", "EPSG:4490"],
    );
    assert!(imported.code == 0 || imported.code == 3, "{}", imported.err);
    let classed =
        run(folder.path(), &["collection", "set", "town.gpkg", "parcels", "--class", "owner=L3"]);
    assert_eq!(classed.code, 0, "{}", classed.err);
    Town { server: Server::start(&store, &[]), _folder: folder }
});

fn get(target: &str) -> Response {
    TOWN.server.get(target)
}

fn items(query: &str) -> Value {
    let answer = get(&format!("/collections/parcels/items?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

fn link<'d>(document: &'d Value, rel: &str, media_type: &str) -> Option<&'d str> {
    let links = document["links"].as_array().unwrap();
    let found = links.iter().find(|link| link["rel"] == rel && link["type"] == media_type);
    found.and_then(|link| link["href"].as_str())
}

/// What of an absolute link comes behind the host.
fn target(href: &str) -> String {
    href.strip_prefix(&format!("http://{}", TOWN.server.address)).unwrap().to_owned()
}

fn check_matched(query: &str, expected: u64) {
    let found = items(query);
    assert_eq!(found["numberMatched"], expected, "{query}");
    let returned = found["features"].as_array().unwrap().len();
    assert_eq!(found["numberReturned"], returned, "{query}");
}

#[test]
fn conditions_select_and_the_number_is_exact() {
    for (query, expected) in [
        ("", 26),
        ("limit=3", 26),
        ("bbox=116.40,39.60,116.4026,39.61", 4),
        ("bbox=116.4006,39.6,116.4009,39.61", 1),
        ("bbox=39.60,116.40,39.61,116.4026", 1),
        ("bbox=116.40,39.60,-5,116.4026,39.61,9", 4),
        ("bbox=177,65,-177,70", 1),
        ("bbox=116,-90,115,90", 1 + 25),
        ("bbox=-180,-90,180,90", 26),
        ("datetime=2026-03-01", 6),
        ("datetime=2026-03-01/2026-03-02", 11),
        ("datetime=../2026-03-02", 11),
        ("datetime=2026-03-05T16:00:00Z/..", 1),
        ("datetime=0000-01-01T00:00:00Z/2026-03-01T23:00:00.000Z", 11),
        ("name=甲村3号", 1),
        ("code=110115000007", 1),
        ("area=3.5", 1),
        ("state=true", 13),
        ("on=2026-03-05", 5),
        ("at=2026-03-06T01:00:00%2B08:00", 5),
        ("fid=4", 1),
        ("q=村1号", 1),
        ("q=nothing", 0),
        ("q=a+%22B%22,村2", 7),
        ("state=true&on=2026-03-01&q=村1", 1),
        ("limit=1&limit=2&area=1.5", 1),
        ("offset=20&limit=3", 26),
        ("skipGeometry=true&limit=3", 26),
    ] {
        check_matched(query, expected);
    }
}

#[test]
fn a_filter_is_read_in_both_languages_and_joined_with_the_rest() {
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    for (filter, expected) in [
        ("area > 20", 5),
        ("name LIKE '甲村1%'", 11),
        ("CASEI(name) = CASEI('A \"B\", C')", 1),
        ("area BETWEEN 2 AND 4 OR code = 110115000010", 3),
        ("code = 110115000007.0", 1),
        ("area IS NULL", 1),
        ("geometry IS NULL", 1),
        ("NOT (state = TRUE)", 12),
        ("on = DATE('2026-03-05')", 5),
        ("at > TIMESTAMP('2026-03-05T00:00:00Z')", 5),
        ("T_DURING(on, INTERVAL('2026-03-01','2026-03-04'))", 10),
        ("S_INTERSECTS(geometry, BBOX(116.40,39.60,116.4026,39.61))", 3),
        ("S_INTERSECTS(geom, POINT(116.4002 39.6002))", 1),
        ("S_DISJOINT(geometry, BBOX(116.40,39.60,116.4026,39.61))", 22),
        ("(state = TRUE) AND (\"area\" < 10)", 5),
        ("area * 2 = 7", 1),
        ("A_CONTAINS(('甲村1号','甲村2号'), (name))", 2),
    ] {
        check_matched(&format!("filter={}", encoded(filter)), expected);
    }
    let json = r#"{"op":"and","args":[{"op":">","args":[{"property":"area"},20]},{"op":"=","args":[{"property":"state"},true]}]}"#;
    check_matched(&format!("filter-lang=cql2-json&filter={}", encoded(json)), 3);
    check_matched(&format!("filter={}&on=2026-03-05", encoded("area > 20")), 1);
    let turned = encoded("S_INTERSECTS(geometry, BBOX(39.60,116.40,39.61,116.4026))");
    check_matched(&format!("filter={turned}&filter-crs={CRS}/EPSG/0/4490"), 3);
    let page = items(&format!("limit=2&filter={}", encoded("area > 20")));
    let next = get(&target(link(&page, "next", "application/geo+json").unwrap())).json();
    assert_eq!((&next["numberMatched"], &next["numberReturned"]), (&5.into(), &2.into()));
    for (filter, status, code, said) in [
        ("area >", 400, "invalid_parameter", "filter"),
        ("nothing = 1", 400, "invalid_parameter", "nothing"),
        ("area = 'x'", 400, "invalid_parameter", "area"),
        ("owner = '张3'", 403, "field_not_readable", "owner"),
        ("nothing(1) = 1", 400, "invalid_parameter", "nothing"),
    ] {
        let answer = get(&format!("/collections/parcels/items?filter={}", encoded(filter)));
        let problem = answer.json();
        assert_eq!(
            (answer.status, &problem["code"]),
            (status, &code.into()),
            "{filter}: {problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(said) && !detail.contains('张'), "{detail}");
    }
    let deep = format!("filter={}area%3D1{}", "(".repeat(2000), ")".repeat(2000));
    assert_eq!(get(&format!("/collections/parcels/items?{deep}")).status, 400);
    let functions = get("/functions").json();
    assert!(functions["functions"].as_array().unwrap().iter().any(|f| f["name"] == "length"));
}

#[test]
fn pages_follow_each_other_and_a_limit_in_the_link_counts() {
    for order in ["", "&sortby=-area", "&sortby=state,-code"] {
        let mut seen = Vec::new();
        let mut page = items(&format!("limit=4{order}"));
        let mut limit = 4;
        loop {
            let features = page["features"].as_array().unwrap();
            assert!(features.len() <= limit);
            assert_eq!(page["numberMatched"], 26);
            seen.extend(features.iter().map(|feature| feature["id"].as_i64().unwrap()));
            let Some(next) = link(&page, "next", "application/geo+json") else { break };
            // As OGC's suite does it: the same link with another limit.
            limit = 7;
            page = get(&target(next).replace("limit=4", "limit=7")).json();
        }
        assert_eq!(seen.len(), 26, "{order}");
        seen.sort_unstable();
        assert_eq!(seen, (1..=26).collect::<Vec<_>>(), "{order}");
    }
    let whole = items("limit=26&sortby=fid");
    let late = items("limit=2&offset=20&sortby=fid&skipGeometry=true");
    let ids = |page: &Value, from: usize| -> Vec<Value> {
        page["features"].as_array().unwrap().iter().skip(from).map(|f| f["id"].clone()).collect()
    };
    assert_eq!(ids(&late, 0), ids(&whole, 20)[..2]);
    assert_eq!(late["features"][0]["geometry"], Value::Null);
    let next = get(&target(link(&late, "next", "application/geo+json").unwrap())).json();
    assert_eq!(ids(&next, 0), ids(&whole, 22)[..2], "the offset counts once");
    let first = &items("sortby=-area&limit=1")["features"][0];
    assert_eq!(first["properties"]["area"], 24.5);
    for plus in ["+area", "%2Barea", "area"] {
        let last = &items(&format!("sortby={plus}&limit=26"))["features"][25];
        assert_eq!(last["properties"]["name"], "A \"b\", c", "without a value comes last");
    }
}

#[test]
fn coordinates_are_in_the_order_of_their_crs() {
    let corner = |crs: &str| {
        let answer = get(&format!("/collections/parcels/items?fid=1&crs={crs}"));
        assert_eq!(answer.status, 200, "{crs}: {}", answer.text());
        assert_eq!(answer.header("content-crs"), Some(format!("<{crs}>").as_str()));
        let place = &answer.json()["features"][0]["geometry"]["coordinates"][0][0][0];
        [place[0].as_f64().unwrap(), place[1].as_f64().unwrap()]
    };
    let near = |found: [f64; 2], expected: [f64; 2], reach: f64| {
        let off = (found[0] - expected[0]).abs().max((found[1] - expected[1]).abs());
        assert!(off <= reach, "{found:?} {expected:?}");
    };
    near(corner(&format!("{CRS}/OGC/1.3/CRS84")), [116.40, 39.60], 0.0);
    near(corner(&format!("{CRS}/EPSG/0/4326")), [39.60, 116.40], 0.0);
    near(corner(&format!("{CRS}/EPSG/0/4490")), [39.60, 116.40], 0.0);
    near(corner(&format!("{CRS}/EPSG/0/3857")), [12_957_588.7, 4_809_376.0], 1e4);
    let [northing, easting] = corner(&format!("{CRS}/EPSG/0/4548"));
    assert!((4.38e6..4.39e6).contains(&northing) && (4.4e5..4.5e5).contains(&easting));
    let [_, prefixed] = corner(&format!("{CRS}/EPSG/0/4527"));
    near([prefixed, 0.0], [easting + 39e6, 0.0], 1e-6);
    // The box of one parcel, in each order.
    let collection = get("/collections/parcels").json();
    for crs in collection["crs"].as_array().unwrap() {
        let crs = crs.as_str().unwrap();
        let polygon =
            &items(&format!("fid=3&crs={crs}"))["features"][0]["geometry"]["coordinates"][0];
        let ordinates = |axis: usize| -> Vec<f64> {
            polygon[0].as_array().unwrap().iter().map(|p| p[axis].as_f64().unwrap()).collect()
        };
        let low = |axis| ordinates(axis).into_iter().fold(f64::INFINITY, f64::min);
        let high = |axis| ordinates(axis).into_iter().fold(f64::NEG_INFINITY, f64::max);
        let bbox = format!("{},{},{},{}", low(0), low(1), high(0), high(1));
        check_matched(&format!("bbox={bbox}&bbox-crs={crs}"), 2);
    }
    for turned in ["177,65,-177,70", "116.4,39.6,116.5,39.7"] {
        check_matched(&format!("bbox={turned}&bbox-crs={CRS}/EPSG/0/4490"), 1);
    }
}

#[test]
fn polygons_are_counterclockwise_and_of_one_type() {
    for feature in items("limit=100")["features"].as_array().unwrap() {
        if feature["geometry"].is_null() {
            continue;
        }
        assert_eq!(feature["geometry"]["type"], "MultiPolygon");
        let ring = feature["geometry"]["coordinates"][0][0].as_array().unwrap();
        let at = |n: usize, axis: usize| ring[n][axis].as_f64().unwrap();
        let doubled: f64 = (0..4).map(|n| at(n, 0) * at(n + 1, 1) - at(n + 1, 0) * at(n, 1)).sum();
        assert!(doubled > 0.0);
        let members: Vec<_> = feature["properties"].as_object().unwrap().keys().collect();
        assert_eq!(members, ["name", "area", "code", "on", "at", "state"], "all, and no other");
    }
    let some = items("properties=area,name&limit=1");
    let members: Vec<_> =
        some["features"][0]["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["area", "name"]);
}

#[test]
fn every_encoding_says_the_same_features() {
    let text = |query: &str| {
        let answer = get(&format!("/collections/parcels/items?{query}"));
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(answer.header("ogc-numbermatched"), Some("26"), "{query}");
        assert_eq!(answer.header("ogc-numberreturned"), Some("2"), "{query}");
        answer
    };
    let csv = text("limit=2&f=csv");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.header("link").unwrap().contains("rel=\"next\""));
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "\u{feff}fid,name,area,code,on,at,state,WKT");
    assert!(lines[1].contains("\"MULTIPOLYGON ((("), "{}", lines[1]);
    let fgb = text("limit=2&f=fgb");
    assert_eq!(fgb.header("content-type"), Some("application/flatgeobuf"));
    assert!(fgb.body.starts_with(b"fgb\x03fgb"));
    for query in ["f=jsonfg", "profile=jsonfg", "f=json&profile=jsonfg"] {
        let fg = text(&format!("limit=2&{query}")).json();
        assert_eq!(fg["featureType"], "parcels");
        assert_eq!(fg["coordRefSys"], format!("{CRS}/EPSG/0/4490"));
        let feature = &fg["features"][0];
        assert!(feature["time"]["date"].as_str().unwrap().starts_with("2026-03-0"));
        let (place, plain) = (&feature["place"], &feature["geometry"]);
        assert_eq!(
            place["coordinates"][0][0][0][0], plain["coordinates"][0][0][0][1],
            "latitude first"
        );
    }
    assert!(items("limit=1").get("conformsTo").is_none());
    assert!(items("limit=1")["features"][0].get("place").is_none());
    let page = text("limit=2&f=html");
    assert!(page.text().contains("甲村") && page.text().contains("<table"));
    let all = get("/collections/parcels/all.fgb");
    assert!(all.body.starts_with(b"fgb\x03fgb"));
    let folder = folder_with(&[("all.fgb", &all.body)]);
    let imported = run(folder.path(), &["import", "s.gpkg", "all.fgb"]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    let listed = run(folder.path(), &["collection", "list", "s.gpkg"]);
    assert!(listed.out.contains("parcels\t26\tMultiPolygon\tEPSG:4490"), "{}", listed.out);
}

#[test]
fn an_item_stands_alone_with_its_links_and_its_tag() {
    let answer = get("/collections/parcels/items/3");
    assert_eq!(answer.header("content-type"), Some("application/geo+json"));
    let item = answer.json();
    assert_eq!((&item["type"], &item["id"]), (&"Feature".into(), &3.into()));
    let here = format!("http://{}/collections/parcels/items/3", TOWN.server.address);
    assert_eq!(link(&item, "self", "application/geo+json"), Some(here.as_str()));
    assert_eq!(link(&item, "alternate", "text/html"), Some(format!("{here}?f=html").as_str()));
    assert!(link(&item, "collection", "application/json").is_some());
    for target in ["/collections/parcels/items/3", "/collections/parcels/items?limit=2"] {
        let first = get(target);
        let etag = first.header("etag").unwrap();
        let again = TOWN.server.ask("GET", target, &[("If-None-Match", etag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{target}");
        assert_eq!(again.header("etag"), Some(etag));
        let head = TOWN.server.ask("HEAD", target, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
    let placeless = get("/collections/parcels/items/26").json();
    assert_eq!(placeless["geometry"], Value::Null);
    assert_eq!(get("/collections/parcels/items/3?f=html").status, 200);
    assert_eq!(get("/collections/parcels/items/3?f=jsonfg").json()["featureType"], "parcels");
}

#[test]
fn a_hidden_field_is_neither_shown_nor_named_by_value() {
    for query in ["owner=张3", "sortby=owner", "sortby=-owner", "properties=name,owner"] {
        let answer = get(&format!("/collections/parcels/items?{query}"));
        assert_eq!(answer.status, 403, "{query}");
        let problem = answer.json();
        assert_eq!(problem["code"], "field_not_readable");
        let said = problem["detail"].as_str().unwrap();
        assert!(said.contains("owner") && !said.contains('张'), "{said}");
    }
    check_matched("q=张3", 0);
    for target in [
        "/api",
        "/api?f=html",
        "/collections",
        "/collections/parcels",
        "/collections/parcels/schema",
        "/collections/parcels/queryables",
        "/collections/parcels/sortables",
        "/collections/parcels/items?limit=100",
        "/collections/parcels/items?limit=100&f=html",
        "/collections/parcels/items?limit=100&f=jsonfg",
        "/collections/parcels/items?limit=100&f=csv",
        "/collections/parcels/items?limit=100&f=fgb",
        "/collections/parcels/items/3",
        "/collections/parcels/items/3?f=html",
        "/collections/parcels/all.fgb",
        "/collections/parcels/items?nothing=1",
    ] {
        let answer = get(target);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains("owner") && !text.contains('张'), "{target}");
    }
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let cases = [
        ("items?limit=0", 400, "invalid_parameter", "limit"),
        ("items?limit=-1", 400, "invalid_parameter", "limit"),
        ("items?limit=10.5", 400, "invalid_parameter", "limit"),
        ("items?limit=unlimited", 400, "invalid_parameter", "limit"),
        ("items?limit=", 400, "invalid_parameter", "limit"),
        ("items?offset=-1", 400, "invalid_parameter", "offset"),
        ("items?skipGeometry=yes", 400, "invalid_parameter", "skipGeometry"),
        ("items?nothing=1", 400, "invalid_parameter", "code"),
        ("items?bbox=1,2,3", 400, "invalid_parameter", "3 numbers"),
        ("items?bbox=1,2,3,4,5", 400, "invalid_parameter", "5 numbers"),
        ("items?bbox=1,2,3,NaN", 400, "invalid_parameter", "bbox"),
        ("items?bbox=1,2,3,1e309", 400, "invalid_parameter", "bbox"),
        ("items?bbox=1,5,2,4", 400, "invalid_parameter", "border"),
        ("items?bbox=", 400, "invalid_parameter", "bbox"),
        ("items?datetime=yesterday", 400, "invalid_parameter", "yesterday"),
        ("items?datetime=2026-02-02/2026-02-01", 400, "invalid_parameter", "before"),
        ("items?area=much", 400, "invalid_parameter", "area"),
        ("items?state=1", 400, "invalid_parameter", "state"),
        ("items?fid=0", 400, "invalid_parameter", "0"),
        ("items?sortby=nothing", 400, "invalid_parameter", "nothing"),
        ("items?sortby=", 400, "invalid_parameter", ""),
        ("items?properties=nothing", 400, "invalid_parameter", "nothing"),
        ("items?cursor=00", 400, "invalid_parameter", "cursor"),
        ("items?f=xml", 400, "invalid_parameter", "jsonfg"),
        ("items?profile=odd", 400, "invalid_parameter", "rfc7946"),
        (
            "items?crs=http://www.opengis.net/def/crs/0/unsupported",
            400,
            "invalid_parameter",
            "CRS84",
        ),
        ("items?bbox-crs=EPSG:1", 400, "invalid_parameter", "bbox-crs"),
        ("items/3?crs=EPSG:1", 400, "invalid_parameter", "crs"),
        ("items/3?limit=1", 400, "invalid_parameter", "limit"),
        ("items/27", 404, "feature_not_found", ""),
        ("items/0", 404, "feature_not_found", ""),
        ("items/x", 404, "feature_not_found", ""),
        ("schema?x=1", 400, "invalid_parameter", "x"),
    ];
    for (target, status, code, detail) in cases {
        let answer = get(&format!("/collections/parcels/{target}"));
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{target}");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{target}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{target}: {problem}");
    }
    assert_eq!(get("/collections/nothing/items").status, 404);
    let odd = TOWN.server.ask("GET", "/collections/parcels/items", &[("Accept", "image/png")]);
    assert_eq!((odd.status, &odd.json()["code"]), (406, &"not_acceptable".into()));
    // What is far too large is the largest.
    assert_eq!(items("limit=99999999999999999999")["numberReturned"], 26);
}

#[test]
fn every_resource_is_json_for_machines_and_a_page_for_people() {
    for target in [
        "/",
        "/api",
        "/conformance",
        "/functions",
        "/styles",
        "/collections",
        "/collections/parcels",
        "/collections/parcels/schema",
        "/collections/parcels/queryables",
        "/collections/parcels/sortables",
        "/collections/parcels/items",
        "/collections/parcels/items/1",
    ] {
        let page = TOWN.server.ask("GET", target, &[("Accept", "text/html")]);
        assert_eq!(page.status, 200, "{target}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{target}");
        assert!(page.header("content-security-policy").is_some(), "{target}");
        assert!(page.header("vary").unwrap().contains("Accept"), "{target}");
        assert!(!page.text().contains("http://www.opengis.net/def/rel\""), "{target}");
        for accept in ["application/json", "*/*", "application/geo+json, application/json"] {
            let machine = TOWN.server.ask("GET", target, &[("Accept", accept)]);
            assert_eq!(machine.status, 200, "{target}");
            assert!(machine.header("content-type").unwrap().contains("json"), "{target}");
            assert!(machine.json().is_object(), "{target}");
        }
        for (method, status) in [("OPTIONS", 200), ("POST", 405), ("DELETE", 405)] {
            // What may be edited has methods of its own.
            if target.contains("/items") {
                continue;
            }
            let answer = TOWN.server.ask(method, target, &[]);
            assert_eq!(answer.status, status, "{method} {target}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"), "{method} {target}");
        }
    }
}
