//! The planner's operations over HTTP and on the command line, held to a linear scan.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::planner_town::{AREA, ORIGIN, Parcel, ROW, SIDE, TOWN, parcels, rectangle_4548};
use crate::running::run;

const SEARCH: &str = "/collections/parcels/search";

fn ids(answer: &Value) -> Vec<i64> {
    answer["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

fn sorted(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids
}

fn scan(holds: impl Fn(&Parcel) -> bool) -> Vec<i64> {
    parcels().iter().filter(|parcel| holds(parcel)).map(|parcel| parcel.id).collect()
}

/// The ids that a search answers on all its pages.
fn search_ids(mut body: Value) -> Vec<i64> {
    body["return"] = json!("ids");
    body["limit"] = json!(37);
    let mut found = Vec::new();
    loop {
        let page = TOWN.answer(SEARCH, &body);
        found.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => body["cursor"] = json!(next),
            None => {
                assert_eq!(page["count"], found.len(), "{body}");
                return found;
            }
        }
    }
}

fn within(area: [f64; 4]) -> Value {
    json!({ "geometry": rectangle_4548(area), "crs": "EPSG:4548" })
}

fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn close(found: &Value, expected: f64) {
    let number = found.as_f64().unwrap();
    assert!((number - expected).abs() <= expected.abs() * 1e-9, "{number} is not {expected}");
}

#[test]
fn every_predicate_finds_what_a_scan_finds() {
    // Borders of parcels: touching and covering happen exactly.
    let aligned = [ORIGIN[0] + 200.0, ORIGIN[1] + 200.0, ORIGIN[0] + 500.0, ORIGIN[1] + 400.0];
    for area in [AREA, aligned] {
        let meets = |parcel: &Parcel| parcel.meets(area);
        let inside = |parcel: &Parcel| parcel.shared(area) == SIDE * SIDE;
        let shares = |parcel: &Parcel| parcel.shared(area) > 0.0;
        let none = |_: &Parcel| false;
        type Holds<'a> = &'a dyn Fn(&Parcel) -> bool;
        let cases: [(&str, Holds<'_>); 10] = [
            ("intersects", &meets),
            ("disjoint", &|parcel| !meets(parcel)),
            ("within", &inside),
            ("coveredBy", &inside),
            ("contains", &none),
            ("covers", &none),
            ("touches", &|parcel| meets(parcel) && !shares(parcel)),
            ("overlaps", &|parcel| shares(parcel) && !inside(parcel)),
            ("crosses", &none),
            ("equals", &none),
        ];
        for (predicate, holds) in cases {
            let body = with(within(area), json!({ "predicate": predicate }));
            assert_eq!(sorted(search_ids(body.clone())), scan(holds), "{predicate}");
            let count = TOWN.answer(SEARCH, &with(body, json!({ "return": "count" })));
            assert_eq!(count["count"], scan(holds).len(), "{predicate}");
        }
        let pattern = with(within(area), json!({ "pattern": "T*F**F***" }));
        assert_eq!(sorted(search_ids(pattern)), scan(inside));
    }
}

#[test]
fn distances_and_neighbours_are_in_metres() {
    // In the middle of the parcel with the id 1.
    let point = json!({
        "geometry": { "type": "Point", "coordinates": [ORIGIN[1] + 50.0, ORIGIN[0] + 50.0] },
        "crs": "http://www.opengis.net/def/crs/EPSG/0/4548"
    });
    let near = with(point.clone(), json!({ "distance": 50 }));
    let expected = vec![1, 2, ROW as i64 + 1];
    assert_eq!(sorted(search_ids(near)), expected);
    let nearest = with(point.clone(), json!({ "nearest": { "k": 5 }, "return": "ids" }));
    let answer = TOWN.answer(SEARCH, &nearest);
    assert_eq!(ids(&answer)[..3], [1, 2, ROW as i64 + 1]);
    let distances: Vec<f64> =
        answer["distances"].as_array().unwrap().iter().map(|d| d.as_f64().unwrap()).collect();
    let diagonal = 50.0 * 2.0_f64.sqrt();
    for (found, expected) in distances.iter().zip([0.0, 50.0, 50.0, diagonal, 150.0]) {
        assert!((found - expected).abs() < 1e-6, "{distances:?}");
    }
    let bounded = with(point, json!({ "nearest": { "k": 5 }, "distance": 60 }));
    let features = TOWN.answer(SEARCH, &bounded);
    assert_eq!(features["features"].as_array().unwrap().len(), 3);
    assert_eq!(features["distances"].as_array().unwrap().len(), 3);
}

#[test]
fn aggregates_are_those_of_a_scan() {
    let aggregates = json!([
        { "op": "count" },
        { "op": "sum", "property": "code" },
        { "op": "sum", "property": "size", "as": "total" },
        { "op": "mean", "property": "size" },
        { "op": "min", "property": "size" },
        { "op": "max", "property": "code" },
        { "op": "area" },
        { "op": "overlayArea" },
    ]);
    let all = parcels();
    let found: Vec<&Parcel> = all.iter().filter(|parcel| parcel.meets(AREA)).collect();
    let check = |values: &Value, found: &[&Parcel]| {
        let sizes: Vec<f64> = found.iter().filter_map(|parcel| parcel.size).collect();
        assert_eq!(values["count"], found.len());
        let codes: i128 = found.iter().map(|parcel| i128::from(parcel.code)).sum();
        assert_eq!(values["sum_code"].to_string(), codes.to_string(), "exact");
        close(&values["total"], sizes.iter().sum());
        close(&values["mean_size"], sizes.iter().sum::<f64>() / sizes.len() as f64);
        close(&values["min_size"], sizes.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(values["max_code"], found.iter().map(|parcel| parcel.code).max().unwrap());
        close(&values["area"], found.len() as f64 * SIDE * SIDE);
        close(&values["overlayArea"], found.iter().map(|parcel| parcel.shared(AREA)).sum());
    };
    let body = with(within(AREA), json!({ "aggregates": aggregates }));
    let whole = TOWN.answer(SEARCH, &body);
    assert_eq!((&whole["areaCrs"], &whole["count"]), (&json!("EPSG:4548"), &json!(30)));
    check(&whole["groups"][0]["values"], &found);

    let grouped = TOWN.answer(SEARCH, &with(body, json!({ "groupBy": ["kind"] })));
    let groups = grouped["groups"].as_array().unwrap();
    let keys: Vec<&Value> = groups.iter().map(|group| &group["key"]["kind"]).collect();
    assert_eq!(keys, [&json!("house"), &json!("宅基地"), &Value::Null], "in order, null last");
    let mut by_kind: BTreeMap<Option<&str>, Vec<&Parcel>> = BTreeMap::new();
    for parcel in found {
        by_kind.entry(parcel.kind).or_default().push(parcel);
    }
    for group in groups {
        check(&group["values"], &by_kind[&group["key"]["kind"].as_str()]);
    }
}

#[test]
fn the_crs_of_an_area_is_said_and_is_what_was_asked_for() {
    let ask = |more: Value| {
        let aggregates = json!({ "aggregates": [{ "op": "area" }, { "op": "unionArea" }] });
        TOWN.answer(SEARCH, &with(with(within(AREA), aggregates), more))
    };
    let plane = 30.0 * SIDE * SIDE;
    let own = ask(json!({}));
    close(&own["groups"][0]["values"]["unionArea"], plane);
    // 60 km west of the meridian the plane is too large by 1 + y²/R², a twenty-thousandth.
    let geodesic = ask(json!({ "areaCrs": "geodesic" }));
    assert_eq!(geodesic["areaCrs"], "geodesic");
    for name in ["area", "unionArea"] {
        let found = geodesic["groups"][0]["values"][name].as_f64().unwrap();
        let ratio = plane / found - 1.0;
        let expected = (60_000.0_f64 / 6_371_000.0).powi(2);
        assert!((ratio - expected).abs() < 2e-6, "{name}: {ratio} is not {expected}");
    }
    let other = ask(json!({ "areaCrs": "EPSG:4527" }));
    assert_eq!(other["areaCrs"], "EPSG:4527");
    let found = other["groups"][0]["values"]["area"].as_f64().unwrap();
    assert!((found / plane - 1.0).abs() < 1e-6, "the same zone with its number: {found}");
}

#[test]
fn a_stored_feature_is_an_area() {
    let body = json!({ "geometry": { "collection": "parcels", "id": 22 }, "predicate": "touches" });
    let around = [1, 2, 3, 21, 23, 41, 42, 43];
    assert_eq!(sorted(search_ids(body.clone())), around);
    let answer = TOWN.answer(
        "/search",
        &with(body, json!({ "collections": ["points", "parcels"], "predicate": "intersects" })),
    );
    assert_eq!(answer["collections"]["parcels"]["count"], 9);
    // Only the point in the middle of 22 would lie in it, and every second parcel has one.
    assert_eq!(answer["collections"]["points"]["count"], 0);
    assert_eq!(answer["revision"], answer["collections"]["points"]["revision"]);
}

#[test]
fn axes_are_in_the_order_of_their_authority() {
    let find = |crs: &str| {
        let body =
            with(within(AREA), json!({ "predicate": "within", "limit": 1, "sortby": "code" }));
        let stored = TOWN.answer(SEARCH, &body);
        let id = stored["features"][0]["id"].clone();
        let stored_area = json!({ "geometry": { "collection": "parcels", "id": id }, "crs": crs,
            "predicate": "equals" });
        let answer = TOWN.post(SEARCH, &stored_area);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let content_crs = answer.header("content-crs").unwrap().to_owned();
        let geometry = answer.json()["features"][0]["geometry"].clone();
        // What was answered in a CRS is understood in it.
        let back =
            json!({ "geometry": geometry, "crs": crs, "predicate": "equals", "return": "ids" });
        let ring = geometry["coordinates"][0][0][0].clone();
        (content_crs, ring, ids(&TOWN.answer(SEARCH, &back)).len())
    };
    let (uri, corner, _) = find("EPSG:4548");
    assert_eq!(uri, "<http://www.opengis.net/def/crs/EPSG/0/4548>");
    assert!(corner[0].as_f64().unwrap() > 4e6, "northing first: {corner}");
    assert_eq!(find("EPSG:4548").2, 1, "equal to the last digit in the storage CRS");
    let (uri, corner, _) = find("EPSG:4490");
    assert_eq!(uri, "<http://www.opengis.net/def/crs/EPSG/0/4490>");
    assert!(corner[0].as_f64().unwrap() < 90.0, "latitude first: {corner}");
    let (uri, corner, _) = find("CRS84");
    assert_eq!(uri, "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
    assert!(corner[0].as_f64().unwrap() > 90.0, "longitude first: {corner}");
}

#[test]
fn an_area_in_degrees_finds_what_the_same_area_finds_in_metres() {
    // A little inside and outside of borders, so that a centimetre decides nothing.
    let area = [AREA[0] + 1.0, AREA[1] + 1.0, AREA[2] - 1.0, AREA[3] - 1.0];
    let ring = [[area[0], area[1]], [area[2], area[1]], [area[2], area[3]], [area[0], area[3]]];
    let registry = spatial::CrsRegistry::default();
    let to_degrees = registry.projector(&spatial::Crs::Epsg(4548), &spatial::Crs::WGS84).unwrap();
    let mut degrees: Vec<[f64; 2]> =
        ring.iter().map(|corner| to_degrees.project(*corner).unwrap()).collect();
    degrees.push(degrees[0]);
    let body = json!({ "geometry": { "type": "Polygon", "coordinates": [degrees] } });
    assert_eq!(sorted(search_ids(body)), sorted(search_ids(within(area))));
}

#[test]
fn pages_sort_and_select() {
    let body = with(within(AREA), json!({ "sortby": "-size,code", "return": "ids", "limit": 10 }));
    let mut order: Vec<Parcel> = parcels().into_iter().filter(|one| one.meets(AREA)).collect();
    order.sort_by(|a, b| match (a.size, b.size) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    let expected: Vec<i64> = order.iter().map(|parcel| parcel.id).collect();
    let mut found = Vec::new();
    let mut page = TOWN.answer(SEARCH, &body);
    loop {
        found.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        page = TOWN.answer(SEARCH, &with(body.clone(), json!({ "cursor": next })));
    }
    assert_eq!(found, expected);
    let some = with(within(AREA), json!({ "properties": ["kind"], "limit": 2 }));
    let answer = TOWN.answer(SEARCH, &some);
    assert_eq!(answer["numberMatched"], 30);
    for feature in answer["features"].as_array().unwrap() {
        let names: Vec<&String> = feature["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["kind"]);
    }
}

#[test]
fn filters_and_areas_hold_together() {
    let house = |parcel: &Parcel| parcel.kind == Some("house");
    let text = with(within(AREA), json!({ "filter": "kind = 'house'" }));
    assert_eq!(sorted(search_ids(text)), scan(|one| house(one) && one.meets(AREA)));
    let tree = json!({ "op": "=", "args": [{ "property": "kind" }, "house"] });
    let tree = with(within(AREA), json!({ "filter": tree, "filterLang": "cql2-json" }));
    assert_eq!(sorted(search_ids(tree)), scan(|one| house(one) && one.meets(AREA)));
    let alone = json!({ "filter": "kind = 'house' AND code > 110115000000000200" });
    let expected = scan(|one| house(one) && one.code > 110_115_000_000_000_200);
    assert_eq!(sorted(search_ids(alone)), expected);
    let point = format!("S_INTERSECTS(geom, POINT({} {}))", ORIGIN[1] + 50.0, ORIGIN[0] + 150.0);
    let placed = json!({ "filter": point, "filterCrs": "EPSG:4548" });
    assert_eq!(search_ids(placed), [2]);
    assert_eq!(search_ids(json!({ "filter": "kind = 'house' AND kind = 'x'" })), [0_i64; 0]);
    let everything = TOWN.answer(SEARCH, &json!({ "return": "count" }));
    assert_eq!(everything["count"], 400);
}

#[test]
fn a_join_counts_and_sums_what_lies_in_each_feature() {
    let body = json!({
        "first": "parcels", "second": "points", "limit": 150,
        "aggregates": [{ "op": "sum", "property": "weight" }, { "op": "mean", "property": "weight", "as": "m" }]
    });
    let (mut rows, mut page) = (Vec::new(), TOWN.answer("/join", &body));
    loop {
        assert_eq!((&page["count"], &page["pairCount"]), (&json!(400), &json!(200)));
        rows.extend(page["counts"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        page = TOWN.answer("/join", &with(body.clone(), json!({ "cursor": next })));
    }
    assert_eq!(rows.len(), 400);
    for (row, parcel) in rows.iter().zip(parcels()) {
        let has_point = parcel.id % 2 == 1;
        assert_eq!((&row["id"], &row["count"]), (&json!(parcel.id), &json!(i64::from(has_point))));
        match has_point {
            true => close(&row["values"]["sum_weight"], parcel.id as f64),
            false => assert_eq!(row["values"]["m"], Value::Null),
        }
    }
    let pairs = json!({ "first": "points", "second": "parcels", "predicate": "within",
        "return": "pairs", "secondFilter": "kind = 'house'", "limit": 100_000 });
    let pairs = TOWN.answer("/join", &pairs);
    for pair in pairs["pairs"].as_array().unwrap() {
        assert_eq!(pair[1].as_i64().unwrap() % 3, 1, "a house: {pair}");
        assert_eq!(pair[0].as_i64().unwrap() * 2 - 1, pair[1].as_i64().unwrap(), "{pair}");
    }
    assert_eq!(pairs["count"], scan(|one| one.kind == Some("house") && one.id % 2 == 1).len());
    let near = json!({ "first": "points", "second": "points", "distance": 150, "limit": 1 });
    let near = TOWN.answer("/join", &near);
    assert!(near["pairCount"].as_i64().unwrap() > 200, "each is near itself and others: {near}");
    let nearest = json!({ "first": "parcels", "second": "points", "nearest": { "k": 1 },
        "return": "pairs", "filter": "code < 110115000000000004", "limit": 10 });
    let nearest = TOWN.answer("/join", &nearest);
    let distances = nearest["distances"].as_array().unwrap();
    assert_eq!(nearest["pairs"].as_array().unwrap().len(), distances.len());
    // Every second parcel holds a point, half a parcel from those beside it.
    for (pair, metres) in nearest["pairs"].as_array().unwrap().iter().zip(distances) {
        let expected = if pair[0].as_i64().unwrap() % 2 == 1 { 0.0 } else { SIDE / 2.0 };
        assert!((metres.as_f64().unwrap() - expected).abs() < 1e-6, "{nearest}");
    }
    let counts = json!({ "first": "parcels", "second": "points", "nearest": { "k": 1 } });
    assert_eq!(TOWN.post("/join", &counts).status, 400, "neighbours are pairs");
}

#[test]
fn clusters_are_groups_that_lie_together() {
    // Two areas with a street of a row between them.
    let filter = "code < 110115000000000040 OR code >= 110115000000000060";
    let body = json!({
        "collection": "parcels", "distance": 50, "minSize": 3, "filter": filter, "ids": true,
        "crs": "EPSG:4548", "aggregates": [{ "op": "sum", "property": "size" }]
    });
    let answer = TOWN.answer("/cluster", &body);
    let groups = answer["groups"].as_array().unwrap();
    let counts: Vec<i64> = groups.iter().map(|group| group["count"].as_i64().unwrap()).collect();
    assert_eq!((counts, &answer["noise"]), (vec![40, 340], &json!(0)));
    assert_eq!(ids(&groups[0]), (1..=40).collect::<Vec<i64>>());
    let sizes: f64 = parcels()[..40].iter().filter_map(|parcel| parcel.size).sum();
    close(&groups[0]["values"]["sum_size"], sizes);
    let hull = groups[0]["hull"]["coordinates"][0].as_array().unwrap();
    assert_eq!(hull.len(), 5, "a rectangle: {hull:?}");
    assert!(hull.iter().all(|corner| corner[0].as_f64().unwrap() > 4e6), "northing first");
    let placed = with(within(AREA), json!({ "collection": "parcels", "distance": 1 }));
    assert_eq!(TOWN.answer("/cluster", &placed)["groups"][0]["count"], 30);
}

#[test]
fn pairs_are_related_and_laid_over_each_other() {
    let square = "POLYGON((0 0,4 0,4 4,0 4,0 0))";
    let geojson = json!({ "type": "Polygon", "coordinates": [[[2,2],[6,2],[6,6],[2,6],[2,2]]] });
    let hex = "0101000000000000000000f03f000000000000f03f";
    let body = json!({ "pairs": [
        { "a": square, "b": geojson }, { "a": square, "b": hex },
        { "a": "POLYGON((0 0,4 4,4 0,0 4,0 0))", "b": square },
        { "a": "POINT EMPTY", "b": square }, { "a": "POINT(1", "b": square }
    ]});
    let answer = TOWN.answer("/geometry/relate", &body);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results[0]["relate"], "212101212");
    assert_eq!((&results[0]["overlaps"], &results[0]["touches"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&results[1]["relate"], &results[1]["contains"]),
        (&json!("0F2FF1FF2"), &json!(true))
    );
    assert_eq!(results[2]["error"], "a: self_intersection at 2 2");
    assert_eq!(
        (&results[3]["relate"], &results[3]["disjoint"]),
        (&json!("FFFFFF212"), &json!(true))
    );
    assert!(results[4]["error"].as_str().unwrap().contains("number expected"), "{}", results[4]);

    let over = |a: Value, b: Value, op: &str| json!({ "a": a, "b": b, "op": op });
    let body = json!({ "pairs": [
        over(json!(square), geojson.clone(), "intersection"),
        over(geojson.clone(), json!(square), "union"),
        over(geojson.clone(), json!(square), "difference"),
        over(geojson, json!(square), "symDifference"),
        over(json!(square), json!(hex), "union"),
    ]});
    let answer = TOWN.answer("/geometry/overlay", &body);
    let results = answer["results"].as_array().unwrap();
    let areas: Vec<f64> = results[..4].iter().map(|one| one["area"].as_f64().unwrap()).collect();
    assert_eq!(areas, [4.0, 28.0, 12.0, 24.0]);
    assert_eq!(results[0]["geometry"], "POLYGON ((2 2, 4 2, 4 4, 2 4, 2 2))", "as a was");
    assert_eq!(results[1]["geometry"]["type"], "Polygon");
    assert!(results[4]["error"].is_string());

    let body = json!({ "geometries": [square, "POLYGON((0 0,4 4,4 0,0 4,0 0))",
        "POLYGON((0 0,4 0,4 4))", "POINT(1e-300 0)", "POLYGON((0 0,0 4,4 4,4 0,0 0))"] });
    let answer = TOWN.answer("/geometry/validate", &body);
    let reasons: Vec<&Value> =
        answer["results"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    let null = Value::Null;
    let expected = [
        &null,
        &json!("self_intersection"),
        &json!("ring_not_closed"),
        &json!("extent_too_small"),
        &null,
    ];
    assert_eq!(reasons, expected, "{answer}");
    assert_eq!(answer["results"][1]["place"], json!([2.0, 2.0]));
    assert_eq!(answer["results"][4]["defects"][0]["harmless"], true, "clockwise is valid");
}

#[test]
fn the_command_line_answers_as_the_server_does() {
    let folder = TOWN.folder();
    let write =
        |name: &str, body: &Value| std::fs::write(folder.join(name), body.to_string()).unwrap();
    let body = with(within(AREA), json!({ "collections": ["parcels"], "limit": 5 }));
    write("search.json", &body);
    let asked = run(folder, &["query", "search", "town.gpkg", "search.json"]);
    assert_eq!(asked.code, 0, "{}", asked.err);
    let served = TOWN.post("/search", &body);
    let strip = |mut answer: Value| {
        answer["collections"]["parcels"].as_object_mut().unwrap().remove("next");
        answer
    };
    let asked: Value = serde_json::from_str(&asked.out).unwrap();
    assert_eq!(strip(asked), strip(served.json()), "cursors apart");

    write(
        "area.geojson",
        &json!({ "type": "Feature", "properties": {}, "geometry": rectangle_4548(AREA) }),
    );
    let flags = [
        "query",
        "search",
        "town.gpkg",
        "--collection",
        "parcels",
        "--area",
        "area.geojson",
        "--crs",
        "EPSG:4548",
    ];
    let count = run(folder, &[&flags[..], &["--return", "count"]].concat());
    assert_eq!(
        serde_json::from_str::<Value>(&count.out).unwrap()["collections"]["parcels"]["count"],
        30
    );
    let sums =
        run(folder, &[&flags[..], &["--aggregate", "sum:code", "--group-by", "kind"]].concat());
    let sums: Value = serde_json::from_str(&sums.out).unwrap();
    assert_eq!(sums["collections"]["parcels"]["groups"].as_array().unwrap().len(), 3);

    for (file, crs) in [("found.fgb", "EPSG:4548"), ("found.csv", "EPSG:4548")] {
        let wrote = run(folder, &[&flags[..], &["--out", file]].concat());
        assert_eq!(wrote.code, 0, "{}", wrote.err);
        assert!(wrote.out.contains("30 features") && wrote.out.contains(crs), "{}", wrote.out);
    }
    let again = run(folder, &["import", "found.gpkg", "found.fgb"]);
    assert!(again.out.contains("30 of 30"), "{} {}", again.out, again.err);

    write("join.json", &json!({ "first": "parcels", "second": "points", "limit": 3 }));
    let joined = run(folder, &["query", "join", "town.gpkg", "join.json", "--out", "joined.json"]);
    assert_eq!(joined.code, 0, "{}", joined.err);
    let joined = std::fs::read_to_string(folder.join("joined.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&joined).unwrap()["pairCount"], 200);
    write("cluster.json", &json!({ "collection": "parcels", "distance": 0 }));
    let clustered = run(folder, &["query", "cluster", "town.gpkg", "cluster.json"]);
    assert_eq!(serde_json::from_str::<Value>(&clustered.out).unwrap()["groups"][0]["count"], 400);
    write("pairs.json", &json!({ "pairs": [{ "a": "POINT(1 1)", "b": "POINT(1 1)" }] }));
    let related = run(folder, &["query", "relate", "pairs.json"]);
    assert_eq!(serde_json::from_str::<Value>(&related.out).unwrap()["results"][0]["equals"], true);
    write("bad.json", &json!({ "pairs": [{ "a": "POINT(1 1)", "c": 1 }] }));
    let refused = run(folder, &["query", "overlay", "bad.json"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("bad.json: pairs[0]: member \"c\" is unknown"), "{}", refused.err);
    assert!(TOWN.store.exists());
}
