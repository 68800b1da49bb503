//! OGC API – Features Part 4 over HTTP: what edits do, and what is refused.

use crate::edit_town::{Town, check_refusal, feature, square, square_at};

const CRS: &str = "http://www.opengis.net/def/crs";
const NEW: &str = r#"{"code":"P9","name":"new","area":1.5,"floors":3,"on":"2026-05-01","at":"2026-05-01T10:00:00+08:00","state":false}"#;

#[test]
fn methods_are_said_by_allow() {
    let town = Town::new();
    for (target, allow) in [
        ("/collections/parcels/items", "GET, HEAD, POST, OPTIONS"),
        ("/collections/parcels/items/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("/transactions", "POST, OPTIONS"),
    ] {
        let answer = town.server.ask("OPTIONS", target, &[]);
        let mut said: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
        let mut expected: Vec<&str> = allow.split(", ").collect();
        said.sort_unstable();
        expected.sort_unstable();
        assert_eq!((answer.status, said), (200, expected), "{target}");
    }
    let refused = town.server.ask("PUT", "/collections/parcels/items", &[]);
    assert_eq!(refused.status, 405);
    let preflight = [("Origin", "http://a"), ("Access-Control-Request-Method", "PATCH")];
    let preflight = town.server.ask("OPTIONS", "/collections/parcels/items/1", &preflight);
    for (header, held) in [
        ("access-control-allow-methods", "PATCH"),
        ("access-control-allow-headers", "If-Match"),
        ("access-control-allow-headers", "Content-Crs"),
        ("access-control-expose-headers", "*"),
    ] {
        assert!(preflight.header(header).unwrap().contains(held), "{header}");
    }
}

#[test]
fn a_server_that_is_read_only_says_so() {
    let town = Town::with_settings("[server]\nedits = \"nobody\"\n");
    for target in ["/collections/parcels/items", "/collections/parcels/items/1"] {
        let answer = town.server.ask("OPTIONS", target, &[]);
        assert_eq!((answer.status, answer.header("allow")), (200, Some("GET, HEAD, OPTIONS")));
    }
    let whole = feature("{}", &square(9));
    for (method, path) in [
        ("POST", "parcels/items"),
        ("PUT", "parcels/items/1"),
        ("PATCH", "parcels/items/1"),
        ("DELETE", "parcels/items/1"),
    ] {
        let answer = town.change(method, path, &[], &whole);
        check_refusal(&answer, 405, "method_not_allowed", method);
    }
    assert_eq!(town.server.post("/transactions", "{}").status, 404);
    assert!(!town.server.get("/conformance").text().contains("ogcapi-features-4"));
    assert!(!town.server.get("/api").text().contains("/transactions"));
}

#[test]
fn a_feature_is_made_replaced_changed_and_removed() {
    let town = Town::new();
    let made = town.change("POST", "parcels/items", &[], &feature(NEW, &square(9)));
    assert_eq!(made.status, 201, "{}", made.text());
    let location = made.header("location").unwrap();
    let host = format!("http://{}/collections/", town.server.address);
    let path = location.strip_prefix(&host).unwrap();
    assert_eq!(path, "parcels/items/7");
    let (item, etag) = town.item(path);
    assert_eq!(made.header("etag"), Some(etag.as_str()), "the tag of POST is that of GET");
    assert_eq!(item["id"], 7);
    let properties = &item["properties"];
    assert_eq!(properties["floors"], 3);
    assert_eq!(properties["state"], false);
    assert_eq!(properties["at"], "2026-05-01T02:00:00.000Z", "times are kept in UTC");

    // What is named changes, null takes away, the rest stays.
    let patch = r#"{"properties":{"name":"patched","area":null}}"#;
    let patched = town.change("PATCH", path, &[], patch);
    assert!(matches!(patched.status, 200 | 204), "{}", patched.text());
    let (after, etag) = town.item(path);
    assert_eq!(patched.header("etag"), Some(etag.as_str()));
    assert_eq!(after["properties"]["name"], "patched");
    assert!(after["properties"]["area"].is_null());
    assert_eq!(after["properties"]["floors"], 3);
    assert_eq!(after["geometry"], item["geometry"]);
    let moved = format!(r#"{{"geometry":{}}}"#, square(10));
    assert_eq!(town.change("PATCH", path, &[], &moved).status, 204);
    let (after, _) = town.item(path);
    assert_eq!(after["properties"]["name"], "patched");
    assert_ne!(after["geometry"], item["geometry"]);

    // A replacement leaves nothing of what it does not name; what GET answers can be put back.
    let put = town.change("PUT", path, &[], &feature(r#"{"code":"P9"}"#, "null"));
    assert_eq!(put.status, 204, "{}", put.text());
    let (after, etag) = town.item(path);
    assert_eq!(put.header("etag"), Some(etag.as_str()));
    assert!(after["geometry"].is_null() && after["properties"]["name"].is_null());
    assert_eq!(town.change("PUT", path, &[], &item.to_string()).status, 204);
    let (after, _) = town.item(path);
    assert_eq!(
        (&after["geometry"], &after["properties"]),
        (&item["geometry"], &item["properties"])
    );

    let gone = town.change("DELETE", path, &[], "");
    assert_eq!(gone.status, 204);
    assert!(gone.header("tuban-revision").is_some());
    assert_eq!(town.server.get(&format!("/collections/{path}")).status, 404);
    let again = town.change("POST", "parcels/items", &[], &feature(NEW, &square(9)));
    assert!(again.header("location").unwrap().ends_with("/8"), "ids are not given again");
}

#[test]
fn a_hidden_value_outlives_every_edit_of_the_rest() {
    let town = Town::new();
    let without_owner = r#"{"code":"P1","name":"x"}"#;
    assert_eq!(
        town.change("PUT", "parcels/items/2", &[], &feature(without_owner, &square(1))).status,
        204
    );
    assert_eq!(
        town.change("PATCH", "parcels/items/2", &[], r#"{"properties":{"floors":8}}"#).status,
        204
    );
    assert_eq!(town.change("PATCH", "parcels/items/3", &[], r#"{"properties":null}"#).status, 204);
    let owner = feature(r#"{"code":"P1","owner":"secret"}"#, "null");
    for (method, path, body) in [
        ("POST", "parcels/items", owner.as_str()),
        ("PUT", "parcels/items/2", owner.as_str()),
        ("PATCH", "parcels/items/2", r#"{"properties":{"owner":"secret"}}"#),
        ("PATCH", "parcels/items/2", r#"{"properties":{"owner":null}}"#),
    ] {
        let answer = town.change(method, path, &[], body);
        check_refusal(&answer, 403, "field_not_writable", method);
        assert!(answer.text().contains("owner"));
    }
    // Once the operator says that it may be read, the values are those of the import.
    let open = ["collection", "set", "town.gpkg", "parcels", "--class", "owner=L1"];
    let town = town.restarted_after(&open);
    assert_eq!(town.item("parcels/items/2").0["properties"]["owner"], "张1");
    assert_eq!(town.item("parcels/items/3").0["properties"]["owner"], "张2");
}

#[test]
fn geometries_come_in_the_crs_that_is_named() {
    let town = Town::new();
    let ring = |points: [[f64; 2]; 4]| {
        let mut ring: Vec<String> = points.map(|[a, b]| format!("[{a},{b}]")).into();
        ring.push(ring[0].clone());
        format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, ring.join(","))
    };
    let lat_first = ring([[39.7, 116.5], [39.7, 116.501], [39.701, 116.501], [39.701, 116.5]]);
    let lon_first = ring([[116.5, 39.7], [116.501, 39.7], [116.501, 39.701], [116.5, 39.701]]);
    let as_metres = {
        let made = town.change("POST", "parcels/items", &[], &feature("{}", &lon_first));
        let id = made.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
        let (item, _) = town.item(&format!("parcels/items/{id}?crs={CRS}/EPSG/0/4548"));
        item["geometry"].to_string()
    };
    for (crs, geometry) in [
        ("", &lon_first),
        (&*format!("<{CRS}/OGC/1.3/CRS84>"), &lon_first),
        (&*format!("{CRS}/OGC/1.3/CRS84"), &lon_first),
        (&*format!("<{CRS}/EPSG/0/4490>"), &lat_first),
        (&*format!("{CRS}/EPSG/0/4490"), &lat_first),
        (&*format!("<{CRS}/EPSG/0/4326>"), &lat_first),
        (&*format!("<{CRS}/EPSG/0/4548>"), &as_metres),
    ] {
        let headers = [("Content-Crs", crs)];
        let made = town.change("POST", "parcels/items", &headers, &feature("{}", geometry));
        assert_eq!(made.status, 201, "{crs}: {}", made.text());
        let id = made.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
        let (item, _) = town.item(&format!("parcels/items/{id}"));
        let corners = item["geometry"]["coordinates"][0][0].as_array().unwrap().clone();
        for corner in corners {
            let [lon, lat] = [0, 1].map(|axis| corner[axis].as_f64().unwrap());
            assert!((lon - 116.5005).abs() < 0.00051, "{crs}: {lon}");
            assert!((lat - 39.7005).abs() < 0.00051, "{crs}: {lat}");
        }
    }
    for crs in [format!("<{CRS}/0/unsupported>"), "<>".to_owned(), format!("{CRS}/EPSG/0/2154")] {
        let headers = [("Content-Crs", crs.as_str())];
        let answer = town.change("POST", "parcels/items", &headers, &feature("{}", &lon_first));
        check_refusal(&answer, 400, "invalid_parameter", &crs);
    }
}

#[test]
fn every_defect_is_listed_with_its_place_and_nothing_changes() {
    let town = Town::new();
    let before = town.revision();
    let bow_tie =
        r#"{"type":"Polygon","coordinates":[[[116,39],[117,40],[117,39],[116,40],[116,39]]]}"#;
    let cases: &[(&str, String, &[&str])] = &[
        (
            "values",
            feature(
                r#"{"name":5,"area":"secret","floors":1.5,"on":"2026-02-30","at":"noon","state":"secret","nothing":1}"#,
                &square(9),
            ),
            &["/properties/name", "/properties/area", "/properties/floors", "/properties/on", "/properties/at", "/properties/state", "/properties/nothing"],
        ),
        ("not finite", feature(r#"{"area":1e999,"floors":-1e999}"#, r#"{"type":"Polygon","coordinates":[[[116,39],[1e999,39],[117,40],[116,39]]]}"#), &["/properties/area", "/properties/floors", "/geometry"]),
        ("two kinds", feature(r#"{"floors":"secret"}"#, bow_tie), &["/properties/floors", "/geometry/coordinates/0/"]),
        ("bow tie", feature("{}", bow_tie), &["/geometry/coordinates/0/"]),
        ("type", feature("{}", r#"{"type":"Point","coordinates":[116,39]}"#), &["/geometry"]),
        ("range", feature("{}", &square_at(39.6, 116.4)), &["/geometry/coordinates/0/0"]),
        ("unknown geometry", feature("{}", r#"{"type":"Cube","coordinates":[1]}"#), &["/geometry"]),
        ("unclosed", feature("{}", r#"{"type":"Polygon","coordinates":[[[116,39],[117,39],[117,40],[116,40]]]}"#), &["/geometry"]),
        ("empty", feature("{}", r#"{"type":"Polygon","coordinates":[]}"#), &["/geometry"]),
        ("three vertices", feature("{}", r#"{"type":"Polygon","coordinates":[[[116,39],[117,39],[116,39]]]}"#), &["/geometry/coordinates/0"]),
        ("hole outside", feature("{}", r#"{"type":"Polygon","coordinates":[[[116,39],[117,39],[117,40],[116,39]],[[118,39],[119,39],[119,40],[118,39]]]}"#), &["/geometry/coordinates/1/"]),
        ("height", feature("{}", r#"{"type":"Polygon","coordinates":[[[116,39,1],[117,39,1],[117,40,1],[116,39,1]]]}"#), &["/geometry"]),
        ("no members", r#"{"type":"Feature"}"#.to_owned(), &["", ""]),
        ("other type", r#"{"type":"Parcel","geometry":null,"properties":{}}"#.to_owned(), &["/type"]),
        ("key taken", feature(r#"{"code":"P3"}"#, &square(9)), &["/properties/code"]),
        ("JSON-FG", r#"{"type":"Feature","geometry":null,"place":{"type":"Point","coordinates":[1,2]},"properties":{}}"#.to_owned(), &["/place"]),
    ];
    for (what, body, expected) in cases {
        for (method, path) in [("POST", "parcels/items"), ("PUT", "parcels/items/2")] {
            let answer = town.change(method, path, &[], body);
            let defects =
                check_refusal(&answer, 422, "invalid_features", &format!("{method} {what}"));
            assert_eq!(defects.len(), expected.len(), "{method} {what}: {defects:#?}");
            for place in *expected {
                assert!(
                    defects.iter().any(|d| d.starts_with(place)),
                    "{what}: {place} in {defects:#?}"
                );
            }
        }
    }
    let circle: Vec<String> = (0..=200_000)
        .map(|step| {
            let turn = f64::from(step % 200_000) / 200_000.0 * std::f64::consts::TAU;
            format!("[{},{}]", 116.5 + turn.cos() / 10.0, 39.5 + turn.sin() / 10.0)
        })
        .collect();
    let many =
        feature("{}", &format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, circle.join(",")));
    let answer = town.change("POST", "parcels/items", &[], &many);
    let defects = check_refusal(&answer, 422, "invalid_features", "200,001 vertices");
    assert!(defects[0].starts_with("/geometry: too_many_vertices"), "{defects:?}");
    assert_eq!(town.revision(), before);
    // The feature's own key, and what it has already, is no defect.
    assert_eq!(
        town.change("PATCH", "parcels/items/2", &[], r#"{"properties":{"code":"P1"}}"#).status,
        204
    );
}

#[test]
fn what_is_no_edit_is_refused_before_it_is_looked_at() {
    let town = Town::new();
    let before = town.revision();
    let good = feature("{}", &square(9));
    let (geojson, other) = ([], [("Content-Type", "text/plain")]);
    let compressed = [("Content-Encoding", "gzip")];
    let long = feature(&format!(r#"{{"name":"{}"}}"#, "x".repeat(17 << 20)), "null");
    for (method, path, headers, body, status, code) in [
        ("POST", "nothing/items", &geojson[..], good.as_str(), 404, "collection_not_found"),
        ("PUT", "parcels/items/99", &geojson, &good, 404, "feature_not_found"),
        ("PUT", "parcels/items/x", &geojson, &good, 404, "feature_not_found"),
        ("PATCH", "parcels/items/99", &geojson, "{}", 404, "feature_not_found"),
        ("DELETE", "parcels/items/99", &geojson, "", 404, "feature_not_found"),
        ("POST", "parcels/items", &other, &good, 415, "unsupported_media_type"),
        ("POST", "parcels/items", &[("Content-Type", "")], &good, 415, "unsupported_media_type"),
        (
            "PATCH",
            "parcels/items/1",
            &[("Content-Type", "application/json")],
            "{}",
            415,
            "unsupported_media_type",
        ),
        ("POST", "parcels/items", &compressed, &good, 415, "unsupported_media_type"),
        ("POST", "parcels/items", &geojson, &long, 413, "body_too_large"),
        ("POST", "parcels/items", &geojson, "{", 400, "invalid_request"),
        ("POST", "parcels/items", &geojson, "[]", 400, "invalid_request"),
        (
            "POST",
            "parcels/items",
            &geojson,
            r#"{"type":"Feature","type":"Feature"}"#,
            400,
            "invalid_request",
        ),
        ("POST", "parcels/items?x=1", &geojson, &good, 400, "invalid_parameter"),
        (
            "PUT",
            "parcels/items/1",
            &geojson,
            r#"{"type":"Feature","id":2,"geometry":null,"properties":{}}"#,
            400,
            "invalid_request",
        ),
        ("PATCH", "parcels/items/1", &geojson, r#"{"id":2}"#, 400, "invalid_request"),
    ] {
        let answer = town.change(method, path, headers, body);
        check_refusal(&answer, status, code, &format!("{method} {path} {:.40}", body));
    }
    assert_eq!(town.revision(), before);
    let own = r#"{"type":"Feature","id":"1","geometry":null,"properties":{"code":"P0"}}"#;
    assert_eq!(town.change("PUT", "parcels/items/1", &[], own).status, 204);
}

#[test]
fn schemas_say_what_an_edit_may_give() {
    let town = Town::new();
    for kind in ["create", "replace", "update"] {
        let schema = town.server.get(&format!("/collections/parcels/schema?type={kind}")).json();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert!(
            names.iter().any(|name| *name == "floors") && !names.iter().any(|name| *name == "fid")
        );
        assert!(!names.iter().any(|name| *name == "owner"), "{names:?}");
    }
    let odd = town.server.get("/collections/parcels/schema?type=delete");
    check_refusal(&odd, 400, "invalid_parameter", "type=delete");
    let classes = town.server.get("/conformance").text().to_owned();
    let paths = town.server.get("/api").json()["paths"].clone();
    for class in [
        "conf/create-replace-delete",
        "conf/update",
        "conf/features",
        "req/optimistic-locking-etags",
        "conf/optimistic-locking-timestamps",
    ] {
        assert!(classes.contains(&format!("ogcapi-features-4/1.0/{class}")), "{class}");
    }
    assert!(paths["/collections/parcels/items"]["post"]["responses"]["201"].is_object());
    for method in ["put", "patch", "delete"] {
        assert!(
            paths["/collections/{collectionId}/items/{featureId}"][method].is_object(),
            "{method}"
        );
    }
    assert!(paths["/transactions"]["post"].is_object());
}

#[test]
fn tiles_over_old_and_new_geometry_change_and_others_do_not() {
    let town = Town::new();
    let tile = |lon: f64, lat: f64| {
        let side = f64::from(1 << 15);
        let lat = lat.to_radians();
        let x = ((lon / 360.0 + 0.5) * side) as u32;
        let y = ((0.5 - lat.tan().asinh() / std::f64::consts::TAU) * side) as u32;
        let answer = town.server.get(&format!("/xyz/parcels,points/15/{x}/{y}.mvt"));
        (answer.header("etag").unwrap().to_owned(), answer.body)
    };
    let places = [(116.4002, 39.6002), (116.6002, 39.8002), (117.4, 39.6), (116.8, 39.2)];
    let look = || places.map(|(lon, lat)| tile(lon, lat));
    let before = look();
    let moved = format!(r#"{{"geometry":{}}}"#, square_at(116.6, 39.8));
    assert_eq!(town.change("PATCH", "parcels/items/1", &[], &moved).status, 204);
    let after = look();
    for (number, is_changed) in [true, true, false, false].into_iter().enumerate() {
        assert_eq!(before[number].0 != after[number].0, is_changed, "place {number}");
        assert_eq!(before[number].1 != after[number].1, is_changed, "content of place {number}");
    }
    assert_eq!(town.change("DELETE", "parcels/items/1", &[], "").status, 204);
    let last = look();
    assert_ne!(after[1], last[1]);
    assert_eq!(after[0], last[0]);
}
