//! What the planner's operations refuse: in bounded time, with the place of the fault.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::planner_town::{AREA, TOWN, rectangle_4548};

/// A refusal with this status and code, whose detail has all of `details` in it.
fn check(target: &str, body: &str, status: u16, code: &str, details: &[&str]) {
    let begun = Instant::now();
    let answer = TOWN.server.post(target, body);
    let shown: String = body.chars().take(160).collect();
    assert_eq!(answer.status, status, "{target} {shown}: {}", answer.text());
    assert!(begun.elapsed() < Duration::from_secs(10), "{shown}: {:?}", begun.elapsed());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{shown}: {problem}");
    let said = problem["detail"].as_str().unwrap_or_default();
    for detail in details {
        assert!(said.contains(detail), "{shown}: {said}");
    }
}

const SEARCH: &str = "/collections/parcels/search";

fn search(members: Value, status: u16, code: &str, details: &[&str]) {
    check(SEARCH, &members.to_string(), status, code, details);
}

fn polygon(ring: Value) -> Value {
    json!({ "geometry": { "type": "Polygon", "coordinates": [ring] } })
}

#[test]
fn text_that_is_no_request_is_refused_with_its_line() {
    let cases = [
        ("", "line 1, column 1"),
        ("[]", "an object is expected, not an array"),
        ("{\"limit\":1,\n\"limit\":2}", "member \"limit\" is given twice at line 2, column 9"),
        (r#"{"filter":{"op":"=","args":[1,1],"op":"<"}}"#, "\"op\" is given twice"),
        (
            r#"{"geometry":{"type":"Point","coordinates":[1,2],"type":"Point"}}"#,
            "\"type\" is given twice",
        ),
        (r#"{"geometry":{"type":"Point","coordinates":[NaN,2]}}"#, "line 1, column 44"),
        (r#"{"geometry":{"type":"Point","coordinates":[1e309,2]}}"#, "a number too large"),
        (r#"{"limit":1}x"#, "more text"),
        (r#"{"wrong":1}"#, "member \"wrong\" is unknown"),
    ];
    for (body, detail) in cases {
        check(SEARCH, body, 400, "invalid_request", &[detail]);
    }
    let deep = format!(r#"{{"geometry":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    check(SEARCH, &deep, 400, "invalid_request", &["deeper than 16", "line 1"]);
    for (open, close) in [("[", "]"), (r#"{"op":"not","args":["#, "]}")] {
        let depth = if open == "[" { 100_000 } else { 40_000 };
        let deep = format!(r#"{{"filter":{}true{}}}"#, open.repeat(depth), close.repeat(depth));
        check(SEARCH, &deep, 400, "invalid_request", &["deep"]);
    }
    let deep = format!(r#"{{"filter":"{}1=1{}"}}"#, "(".repeat(100_000), ")".repeat(100_000));
    check(SEARCH, &deep, 400, "invalid_request", &["filter"]);
}

#[test]
fn members_are_what_they_must_be() {
    let area = || json!({ "geometry": rectangle_4548(AREA), "crs": "EPSG:4548" });
    let with = |more: Value| {
        let mut body = area();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let cases = [
        (with(json!({ "predicate": "meets" })), "predicate: predicate \"meets\" is unknown"),
        (with(json!({ "predicate": 1 })), "predicate: a string is expected, not a number"),
        (with(json!({ "pattern": "T" })), "DE-9IM"),
        (with(json!({ "distance": -1 })), "distance"),
        (with(json!({ "distance": 100_001 })), "from 0 to 100000"),
        (with(json!({ "distance": "5" })), "a number is expected"),
        (with(json!({ "nearest": { "k": 0 } })), "nearest.k: 0 is not a whole number from 1"),
        (with(json!({ "nearest": { "k": 2, "x": 1 } })), "nearest: member \"x\" is unknown"),
        (with(json!({ "nearest": { "k": 2 }, "predicate": "within" })), "exclude each other"),
        (with(json!({ "nearest": { "k": 2 }, "limit": 3 })), "limit has no part"),
        (with(json!({ "return": "all" })), "return: \"all\" is not offered"),
        (with(json!({ "limit": 0 })), "from 1 to 10000"),
        (with(json!({ "limit": 10_001 })), "from 1 to 10000"),
        (with(json!({ "limit": 1.5 })), "1.5 is not a whole number"),
        (with(json!({ "limit": null })), "not null"),
        (with(json!({ "return": "count", "limit": 3 })), "limit has no part"),
        (
            with(json!({ "aggregates": [{ "op": "sum" }] })),
            "aggregates[0].op: sum needs a property",
        ),
        (with(json!({ "aggregates": [{ "op": "median", "property": "size" }] })), "\"median\""),
        (with(json!({ "aggregates": [{ "op": "count" }, { "op": "count" }] })), "set \"as\""),
        (with(json!({ "aggregates": [] })), "0 items"),
        (with(json!({ "aggregates": [{ "op": "sum", "property": "kind" }] })), "\"kind\""),
        (with(json!({ "aggregates": [{ "op": "sum", "property": "nothing" }] })), "nothing"),
        (with(json!({ "aggregates": [{ "op": "area" }], "areaCrs": "EPSG:3857" })), "Mercator"),
        (with(json!({ "aggregates": [{ "op": "area" }], "areaCrs": "EPSG:4490" })), "geodesic"),
        (with(json!({ "aggregates": [{ "op": "area" }], "areaCrs": "acres" })), "areaCrs"),
        (with(json!({ "crs": "EPSG:1" })), "crs"),
        (with(json!({ "filterCrs": "EPSG:4548" })), "filterCrs"),
        (with(json!({ "filter": "kind =" })), "filter"),
        (with(json!({ "filter": "nothing = 1" })), "nothing"),
        (with(json!({ "filter": 7 })), "filter: CQL2"),
        (with(json!({ "groupBy": ["kind", "kind"] })), "groupBy[1]: \"kind\" is listed twice"),
        (json!({ "predicate": "within" }), "predicate: there is no geometry"),
        (json!({ "geometry": [1, 2] }), "geometry: a GeoJSON geometry"),
        (json!({ "geometry": { "collection": "parcels" } }), "member \"id\" is missing"),
        (json!({ "geometry": { "type": "Feature", "geometry": null } }), "send the member"),
        (json!({ "geometry": { "type": "Circle", "coordinates": [1, 2] } }), "unknown type"),
        (json!({ "aggregates": [{ "op": "overlayArea" }] }), "overlayArea needs a polygon"),
    ];
    for (body, detail) in cases {
        let answer = TOWN.post(SEARCH, &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let said = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(said.contains(detail), "{body}: {said}");
    }
    search(with(json!({ "cursor": "abc" })), 400, "invalid_parameter", &["cursor"]);
    check(
        "/search",
        r#"{"collections":["parcels"],"cursor":"a"}"#,
        400,
        "invalid_request",
        &["/collections/{id}/search"],
    );
    check("/search", "{}", 400, "invalid_request", &["\"collections\" is missing"]);
    check("/search", r#"{"collections":["nothing"]}"#, 404, "collection_not_found", &["nothing"]);
    check("/collections/nothing/search", "{}", 404, "collection_not_found", &["nothing"]);
    search(
        json!({ "geometry": { "collection": "parcels", "id": 999 } }),
        404,
        "feature_not_found",
        &["999"],
    );
    check(
        "/join",
        r#"{"first":"parcels","second":"points","predicate":"disjoint"}"#,
        400,
        "invalid_request",
        &["disjoint"],
    );
    check(
        "/cluster",
        r#"{"collection":"parcels"}"#,
        400,
        "invalid_request",
        &["\"distance\" is missing"],
    );
    check(
        "/geometry/relate",
        r#"{"pairs":[{"a":"POINT(1 1)"}]}"#,
        400,
        "invalid_request",
        &["pairs[0]: member \"b\" is missing"],
    );
    let many = vec![json!("POINT(1 1)"); 10_001];
    check(
        "/geometry/validate",
        &json!({ "geometries": many }).to_string(),
        400,
        "invalid_request",
        &["10001 items"],
    );
}

#[test]
fn geometries_that_cannot_be_worked_with_are_refused_with_their_place() {
    let unusable = |body: Value, details: &[&str]| search(body, 422, "invalid_geometry", details);
    unusable(
        polygon(json!([[116, 39], [117, 39], [117, 40]])),
        &["geometry: ring_not_closed at 117 40"],
    );
    unusable(
        polygon(json!([[116, 39], [117, 40], [117, 39], [116, 40], [116, 39]])),
        &["geometry: self_intersection at 116.5 39.5"],
    );
    let mut north_first = polygon(json!([[39, 116], [40, 117], [39, 117], [40, 116], [39, 116]]));
    north_first["crs"] = json!("EPSG:4490");
    unusable(north_first, &["geometry: self_intersection at 39.5 116.5"]);
    unusable(polygon(json!([[0, 0], [1e-300, 0], [1e-300, 1e-300], [0, 0]])), &["geometry: "]);
    unusable(polygon(json!([])), &["empty"]);
    let far = polygon(json!([[-80, 30], [-79, 30], [-79, 31], [-80, 30]]));
    unusable(far, &["EPSG:4548"]);
    let circle = |vertices: usize| {
        let ring: Vec<[f64; 2]> = (0..=vertices)
            .map(|n| {
                let angle = (n % vertices) as f64 / vertices as f64 * std::f64::consts::TAU;
                let [sin, cos] = [angle.sin(), angle.cos()];
                [(4.4e6 + 900.0 * sin * 1e3 / 1e3).round() + 0.001 * sin, 440_000.0 + 900.0 * cos]
            })
            .collect();
        json!({ "type": "Polygon", "coordinates": [ring] })
    };
    unusable(
        json!({ "geometry": circle(20_001), "crs": "EPSG:4548" }),
        &["too_many_vertices", "20000"],
    );
    let points: Vec<[i32; 2]> = vec![[1, 2]; 100_000];
    let many = json!({ "geometry": { "type": "MultiPoint", "coordinates": points } });
    unusable(many, &["too_many_vertices"]);
    let large =
        json!({ "geometries": [{ "type": "MultiPoint", "coordinates": vec![[1, 2]; 250_000] }] });
    let answer = TOWN.post("/geometry/validate", &large);
    assert_eq!(answer.status, 200);
    let said = answer.json()["results"][0]["error"].as_str().unwrap_or_default().to_owned();
    assert!(said.contains("too_many_vertices"), "{said}");
}

#[test]
fn what_may_not_be_read_may_not_be_asked_with() {
    let area = json!({ "geometry": rectangle_4548(AREA), "crs": "EPSG:4548" });
    for more in [
        json!({ "filter": "holder = 'x'" }),
        json!({ "sortby": "holder" }),
        json!({ "groupBy": ["holder"] }),
        json!({ "aggregates": [{ "op": "max", "property": "holder" }] }),
        json!({ "properties": ["kind", "holder"] }),
    ] {
        let mut body = area.clone();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        search(body, 403, "field_not_readable", &["holder"]);
    }
    let found = TOWN.answer(SEARCH, &area);
    assert!(!found.to_string().contains("withheld") && !found.to_string().contains("holder"));
    let join =
        r#"{"first":"points","second":"parcels","aggregates":[{"op":"sum","property":"holder"}]}"#;
    check("/join", join, 403, "field_not_readable", &["holder"]);
}

#[test]
fn bodies_are_json_of_a_bounded_length() {
    let form = TOWN.server.post_as(SEARCH, "application/x-www-form-urlencoded", b"{}");
    assert_eq!((form.status, &form.json()["code"]), (415, &json!("unsupported_media_type")));
    let charset = TOWN.server.post_as(SEARCH, "application/json; charset=utf-8", b"{\"limit\":1}");
    assert_eq!(charset.status, 200);
    let long = format!("{{\"limit\":1{}}}", " ".repeat(1 << 20));
    check(SEARCH, &long, 413, "body_too_large", &["1048576"]);
    let get = TOWN.server.get("/search");
    assert_eq!(get.status, 405);
    let options = TOWN.server.ask("OPTIONS", "/join", &[]);
    assert_eq!(options.status, 200);
    assert!(options.header("allow").is_some_and(|allow| allow.contains("POST")), "{options:?}");
    assert_eq!(TOWN.server.get("/health").status, 200);
}
