//! Places with the real binary: the sixteen districts are loaded, shops are assigned, a boundary
//! moves, a hand decides, and who is responsible depends on the day.

use std::time::Duration;

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::running::{Response, Server, folder_with, point, run};

/// The districts of the sample data as features of `admin_units`, below a city without a polygon.
fn districts() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/beijing_districts_16.geojsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let city = json!({
        "type": "Feature", "geometry": null,
        "properties": { "code": "110000", "name": "北京市", "level": "市" }
    });
    let district = |line: &str| {
        let mut district: Value = serde_json::from_str(line).unwrap();
        let code = district["properties"]["adcode"].take();
        let name = district["properties"]["name"].take();
        district["properties"] = json!({
            "code": code, "name": name, "level": "区", "parent": "110000", "stat12": code,
            "aliases": if code == "110115" { "大兴" } else { "" }, "valid_from": "2015-01-01"
        });
        district.to_string()
    };
    let lines: Vec<String> = text.lines().map(district).collect();
    assert_eq!(lines.len(), 16);
    format!("{city}\n{}\n", lines.join("\n"))
}

/// Three shops in 大兴, 东城 and far away.
fn shops() -> String {
    let shop = |name: &str, lon, lat| {
        let properties = json!({ "name": name, "district": "", "assigned_by": "" });
        point(&properties.to_string(), lon, lat)
    };
    let all = [shop("a", 116.34, 39.72), shop("b", 116.41, 39.92), shop("c", 120.0, 30.0)];
    all.join("\n")
}

/// The districts and three shops, served.
pub fn city() -> (tempfile::TempDir, Server) {
    let folder = folder_with(&[
        ("units.geojsonl", districts().as_bytes()),
        ("shops.geojsonl", shops().as_bytes()),
    ]);
    let place = folder.path();
    let made = run(place, &["places", "init", "s.gpkg"]);
    assert_eq!((made.code, made.out.lines().count()), (0, 6), "{}", made.err);
    let again = run(place, &["places", "init", "s.gpkg"]);
    assert!(again.out.lines().all(|line| line.ends_with("is there already")), "{}", again.out);
    let units = &["import", "s.gpkg", "units.geojsonl", "--collection", "admin_units", "--append"];
    let loaded = run(place, units);
    assert_eq!(loaded.code, 0, "{}{}", loaded.out, loaded.err);
    let loaded = run(place, &["import", "s.gpkg", "shops.geojsonl"]);
    assert_eq!(loaded.code, 0, "{}{}", loaded.out, loaded.err);
    assert!(!loaded.err.contains("assigned to units"), "they are as they come: {}", loaded.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    (folder, server)
}

/// How a shop is assigned.
pub fn shop(server: &Server, number: u32, query: &str) -> Value {
    let answer = server.get(&format!("/collections/shops/items/{number}{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let properties = answer.json()["properties"].take();
    json!([properties["district"], properties["assigned_by"]])
}

fn patch(server: &Server, path: &str, body: &Value) -> Response {
    let headers = [("Content-Type", "application/merge-patch+json")];
    server.change("PATCH", &format!("/collections/{path}"), &headers, &body.to_string())
}

/// Waits until a shop is assigned so.
fn until(server: &Server, number: u32, expected: &Value) {
    for _ in 0..500 {
        if shop(server, number, "") == *expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{} instead of {expected}", shop(server, number, ""));
}

/// This moment, as a parameter.
fn moment() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    formats::datetime::utc_of_millis(since.as_millis() as i64)
}

/// The number of the unit with this code.
fn unit(server: &Server, code: &str) -> u64 {
    let found = server.get(&format!("/collections/admin_units/items?code={code}")).json();
    found["features"][0]["id"].as_u64().unwrap()
}

fn square(west: f64, south: f64) -> Value {
    let (east, north) = (west + 0.02, south + 0.02);
    json!({ "type": "MultiPolygon", "coordinates": [[[
        [west, south], [east, south], [east, north], [west, north], [west, south]
    ]]] })
}

#[test]
fn boundaries_move_and_hands_and_the_past_stay() {
    let (folder, server) = city();
    let by_polygon = |code: &str| json!([code, "polygon"]);
    assert_eq!(shop(&server, 1, ""), by_polygon("110115"));
    assert_eq!(shop(&server, 2, ""), by_polygon("110101"));
    assert_eq!(shop(&server, 3, ""), json!([null, "polygon"]));
    let history = server.get("/collections/shops/items/1/history").json();
    assert_eq!(history["changes"].as_array().unwrap().len(), 1, "a load writes each feature once");
    // A new shop is assigned as it is made, and what contradicts the polygons is refused.
    let new = point(r#"{"name":"d"}"#, 116.35, 39.73);
    let made = server.post_as("/collections/shops/items", "application/geo+json", new.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(shop(&server, 4, ""), by_polygon("110115"));
    let wrong = patch(&server, "shops/items/4", &json!({ "properties": { "district": "110101" } }));
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let defect = &wrong.json()["defects"][0];
    assert_eq!(defect["pointer"], "/properties/district");
    assert!(defect["problem"].as_str().unwrap().contains("say 110115"), "{defect}");
    // A person decides, and says why.
    let by_hand = json!(["110101", "manual: 跨界院落"]);
    let decision = json!({ "district": "110101", "assigned_by": "manual: 跨界院落" });
    let decided = patch(&server, "shops/items/4", &json!({ "properties": decision }));
    assert_eq!(decided.status, 204, "{}", decided.text());

    let before = moment();
    std::thread::sleep(Duration::from_millis(30));
    let daxing = unit(&server, "110115");
    let path = format!("admin_units/items/{daxing}");
    let moved = patch(&server, &path, &json!({ "geometry": square(119.99, 29.99) }));
    assert_eq!(moved.status, 204, "{}", moved.text());
    until(&server, 1, &json!([null, "polygon"]));
    until(&server, 3, &by_polygon("110115"));
    assert_eq!(shop(&server, 2, ""), by_polygon("110101"));
    assert_eq!(shop(&server, 4, ""), by_hand);
    // What was true before is what it was.
    let then = format!("?as-of={before}");
    assert_eq!(shop(&server, 1, &then), by_polygon("110115"));
    assert_eq!(shop(&server, 3, &then), json!([null, "polygon"]));
    assert_eq!(shop(&server, 4, &then), by_hand);
    let history = server.get("/collections/shops/items/1/history").json();
    let last = history["changes"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["author"], "tuban", "{last}");
    assert!(last["reason"].as_str().unwrap().starts_with("admin_units changed at revision"));

    let told = server.get("/collections/shops/assignments");
    assert_eq!(told.status, 200);
    let told = told.json();
    assert_eq!(
        (&told["byPolygon"], &told["byHand"], &told["nowhere"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(
        told["contested"],
        json!([{ "id": 4, "field": "district", "byHand": "110101", "byPolygon": null, "reason": "跨界院落" }])
    );
    let checked = run(folder.path(), &["places", "check", "s.gpkg"]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    assert!(
        checked.out.contains("feature 4: district is 110101 by hand (跨界院落), null by polygon")
    );
    let other = server.get("/collections/alleys/assignments");
    assert_eq!((other.status, other.json()["code"].clone()), (404, json!("not_found")));

    // What another program writes into the file follows the polygons, or says why not.
    let write = |sql: &str| {
        let db = rusqlite::Connection::open(folder.path().join("s.gpkg")).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    write("UPDATE shops SET district = '110105' WHERE fid = 2");
    let revision = || server.get("/health").json()["revision"].as_u64().unwrap();
    let before = revision();
    // Their revision, and the one that puts it right.
    for _ in 0..500 {
        if revision() >= before + 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    until(&server, 2, &by_polygon("110101"));
    write("UPDATE shops SET district = '110105', assigned_by = 'manual: 代管' WHERE fid = 2");
    until(&server, 2, &json!(["110105", "manual: 代管"]));

    // Units that no program should write are found, in words.
    let odd = json!({ "properties": { "level": "街", "parent": "119999" } });
    assert_eq!(patch(&server, &path, &odd).status, 422);
    write(&format!("UPDATE admin_units SET level = '街', parent = '119999' WHERE fid = {daxing}"));
    let check = || run(folder.path(), &["places", "check", "s.gpkg", "--json"]);
    let checked = (0..100).map(|_| check()).find(|checked| checked.code == 1).unwrap();
    let checked: Value = serde_json::from_str(&checked.out).unwrap();
    assert!(checked["defects"][0].as_str().unwrap().contains("has the level \"街\""), "{checked}");
}

#[test]
fn a_store_without_units_says_how_to_make_them() {
    let folder = folder_with(&[("shops.geojsonl", shops().as_bytes())]);
    let place = folder.path();
    let loaded = run(place, &["import", "s.gpkg", "shops.geojsonl"]);
    assert!(!loaded.err.contains("assigned"), "{}", loaded.err);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let refused = server.get("/responsible?lon=116&lat=39");
    assert_eq!(refused.status, 404);
    let told = refused.json();
    assert_eq!(told["code"], "collection_not_found");
    assert!(told["detail"].as_str().unwrap().contains("tuban places init"), "{told}");
    let twin = run(place, &["responsible", "s.gpkg", "116", "39"]);
    assert_eq!((twin.code, twin.err.contains("tuban places init")), (1, true), "{}", twin.err);
    // Made while it is served, loaded through the server, followed by the shops.
    std::fs::write(place.join("units.geojsonl"), districts()).unwrap();
    assert_eq!(run(place, &["places", "init", "s.gpkg"]).code, 0);
    let units = &["import", "s.gpkg", "units.geojsonl", "--collection", "admin_units", "--append"];
    assert_eq!(run(place, units).code, 0);
    until(&server, 1, &json!(["110115", "polygon"]));
}

#[test]
fn a_file_without_columns_of_assignment_gets_them_when_asked_for() {
    const PLOTS: &str = "code,lon,lat\nA-1,116.4,39.7\nA-2,118.9,39.7\n";
    let folder =
        folder_with(&[("plots.csv", PLOTS.as_bytes()), ("units.geojsonl", districts().as_bytes())]);
    let place = folder.path();
    let import = |arguments: &[&str]| {
        let done = run(place, &[&["import", "s.gpkg"], arguments].concat());
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
    };
    assert_eq!(run(place, &["places", "init", "s.gpkg"]).code, 0);
    import(&["units.geojsonl", "--collection", "admin_units", "--append"]);
    let plots = ["plots.csv", "--crs", "EPSG:4490"];
    import(&[&plots[..], &["--assign"]].concat());
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let districts = || {
        let told = server.get("/collections/plots/items?f=json&sortby=code").json();
        let features = told["features"].as_array().unwrap().iter();
        let of = features
            .map(|one| ["district", "assigned_by"].map(|name| one["properties"][name].clone()));
        of.collect::<Vec<_>>()
    };
    let expected = [[json!("110115"), json!("polygon")], [Value::Null, json!("polygon")]];
    assert_eq!(districts(), expected);
    // A file in the place of another keeps the columns.
    import(&[&plots[..], &["--replace"]].concat());
    assert_eq!(districts(), expected);
    drop(server);
    let refused = run(place, &["import", "s.gpkg", "plots.csv", "--append", "--assign"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
}

#[test]
fn units_that_come_after_the_features_are_followed_by_the_import_itself() {
    let folder = folder_with(&[
        ("shops.geojsonl", shops().as_bytes()),
        ("units.geojsonl", districts().as_bytes()),
    ]);
    let place = folder.path();
    assert_eq!(run(place, &["import", "s.gpkg", "shops.geojsonl"]).code, 0);
    assert_eq!(run(place, &["places", "init", "s.gpkg", "--crs", "EPSG:4548"]).code, 0);
    let units = &["import", "s.gpkg", "units.geojsonl", "--collection", "admin_units", "--append"];
    let loaded = run(place, units);
    assert_eq!(loaded.code, 0, "{}{}", loaded.out, loaded.err);
    assert!(loaded.err.contains("assigned to units: 3 of 3 features"), "{}", loaded.err);
    assert!(!loaded.err.contains("places check"), "{}", loaded.err);
    let checked = run(place, &["places", "check", "s.gpkg"]);
    assert!(checked.out.contains("shops: 3 by polygon (1 未落界), 0 by hand"), "{}", checked.out);
    // A file is taken as it is, and what does not fit is told.
    let odd = json!({ "type": "Feature", "geometry": null, "properties": {
        "code": "110199", "name": "某组", "level": "组", "parent": "110000"
    } });
    std::fs::write(place.join("odd.geojsonl"), odd.to_string()).unwrap();
    let odd = &["import", "s.gpkg", "odd.geojsonl", "--collection", "admin_units", "--append"];
    let loaded = run(place, odd);
    assert!(
        loaded.err.contains("`tuban places check s.gpkg` lists what is wrong (1)"),
        "{}",
        loaded.err
    );
    assert_eq!(run(place, &["verify", "s.gpkg"]).code, 0);
    let odd = run(place, &["places", "init", "t.gpkg", "--crs", "EPSG:4610"]);
    assert_eq!(odd.code, 1, "a datum without a transformation makes nothing: {}", odd.err);
    assert!(!place.join("t.gpkg").exists());
}

#[test]
fn units_are_written_as_they_fit_together() {
    let folder = folder_with(&[]);
    let place = folder.path();
    assert_eq!(run(place, &["places", "init", "s.gpkg"]).code, 0);
    assert_eq!(run(place, &["ledger", "init", "s.gpkg"]).code, 0);
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let unit = |code: &str, level: &str, parent: Option<&str>| json!({ "code": code, "name": code, "level": level, "parent": parent, "valid_from": "2020-01-01" });
    let feature = |properties: &Value| json!({ "type": "Feature", "geometry": null, "properties": properties });
    let insert = |properties: &Value| {
        let body = feature(properties).to_string();
        let target = "/collections/admin_units/items";
        server.post_as(target, "application/geo+json", body.as_bytes())
    };
    for (code, level, parent) in [
        ("110000", "市", None),
        ("110115", "区", Some("110000")),
        ("110115001", "街乡镇", Some("110115")),
        ("110115001001", "社区村", Some("110115001")),
    ] {
        assert_eq!(insert(&unit(code, level, parent)).status, 201, "{code}");
    }
    let check_refused = |answer: &Response, expected: &str| {
        let defects = check_refusal(answer, 422, "invalid_features", expected);
        assert!(defects[0].starts_with(expected), "{defects:?}");
    };
    let with = |field: &str, value: Value| {
        let mut unit = unit("110115002", "街乡镇", Some("110115"));
        unit[field] = value;
        unit
    };
    for (odd, expected) in [
        (with("level", json!("组")), "/properties/level: unit 110115002 has the level \"组\""),
        (
            with("parent", json!("110116")),
            "/properties/parent: unit 110115002 names the parent 110116",
        ),
        (
            with("parent", json!("110115001")),
            "/properties/parent: unit 110115002 is a town (街乡镇) and its",
        ),
        (
            with("parent", json!("110115002")),
            "/properties/parent: unit 110115002 is a town (街乡镇) and its",
        ),
        (with("valid_to", json!("2019-01-01")), "/properties/valid_to: unit 110115002 is valid"),
        (with("code", json!(" ")), "/properties/code: a new unit has no code"),
    ] {
        check_refused(&insert(&odd), expected);
    }
    // What stands below a unit is held to it, too.
    let level = json!({ "properties": { "level": "社区村" } });
    check_refused(
        &patch(&server, "admin_units/items/3", &level),
        "/properties/parent: unit 3 (110115001)",
    );
    let gone = server.change("DELETE", "/collections/admin_units/items/3", &[], "");
    check_refused(&gone, ": unit 4 (110115001001) names the parent 110115001");
    // A town and what is in it come and go in one transaction.
    let change = |op: &str, id: u64| json!({ "collection": "admin_units", "op": op, "id": id });
    let both = json!({ "changes": [change("delete", 3), change("delete", 4)] });
    let both = server.post_as("/transactions", "application/json", both.to_string().as_bytes());
    assert_eq!(both.status, 200, "{}", both.text());
    // One that points name stays, and ends.
    assert_eq!(insert(&unit("110115003", "街乡镇", Some("110115"))).status, 201);
    let events =
        json!([crate::points_town::event(1, 0, "report", "town", json!({ "unit": "110115003" }))]);
    let told = server.post_as("/points/events", "application/json", events.to_string().as_bytes());
    assert_eq!(told.json()["events"][0]["outcome"], "new", "{}", told.text());
    let gone = server.change("DELETE", "/collections/admin_units/items/5", &[], "");
    check_refused(&gone, ": points name the unit 110115003: end it (valid_to)");
    let ended = json!({ "properties": { "valid_to": "2030-01-01" } });
    assert_eq!(patch(&server, "admin_units/items/5", &ended).status, 204);
}

#[test]
fn two_places_never_have_a_code_on_the_same_days() {
    let folder = folder_with(&[]);
    assert_eq!(run(folder.path(), &["places", "init", "s.gpkg"]).code, 0);
    let server = Server::start(&folder.path().join("s.gpkg"), &[]);
    let feature = |properties: &Value| json!({ "type": "Feature", "geometry": null, "properties": properties });
    let insert = |collection: &str, properties: &Value| {
        let body = feature(properties).to_string();
        let target = format!("/collections/{collection}/items");
        server.post_as(&target, "application/geo+json", body.as_bytes())
    };
    for (collection, code, more) in [
        ("admin_units", "110115", json!({ "level": "区", "name": "甲" })),
        ("grid_cells", "110115001001001", json!({})),
        ("alleys", "a1", json!({ "name": "甲巷" })),
        ("focus_areas", "f1", json!({ "name": "甲片区" })),
        ("planning_layers", "p1", json!({ "kind": "绿隔" })),
    ] {
        let place = |from: Option<&str>, to: Option<&str>| {
            let mut properties = more.clone();
            properties["code"] = json!(code);
            properties["valid_from"] = json!(from);
            properties["valid_to"] = json!(to);
            properties
        };
        assert_eq!(insert(collection, &place(None, Some("2024-07-01"))).status, 201);
        let twin = place(Some("2024-06-30"), None);
        let defects = check_refusal(&insert(collection, &twin), 422, "invalid_features", "twin");
        let expected = format!(
            "/properties/code: {collection} 1 has the code {code} too, from 2024-06-30 until \
             2024-07-01: give another"
        );
        assert!(defects[0].starts_with(&expected), "{defects:?}");
        assert_eq!(insert(collection, &place(Some("2024-07-01"), None)).status, 201);
        // What ends later is told at its end; all else of a place is written as ever.
        let row = format!("{collection}/items/1");
        let later = patch(&server, &row, &json!({ "properties": { "valid_to": null } }));
        let defects = check_refusal(&later, 422, "invalid_features", "later");
        assert!(defects[0].starts_with(&format!("/properties/valid_to: {collection} 2")));
        let code = json!({ "properties": { "code": code } });
        assert_eq!(patch(&server, &row, &code).status, 204);
    }
    // Of one transaction what stands at its end counts.
    let change = |op: &str, id: Option<u64>, properties: &Value| {
        let mut change =
            json!({ "collection": "focus_areas", "op": op, "feature": feature(properties) });
        if let Some(id) = id {
            change["id"] = json!(id);
        }
        change
    };
    let send = |changes: &[Value]| {
        server.post("/transactions", &json!({ "changes": changes }).to_string())
    };
    let (f1, f9) = (json!({ "code": "f1" }), json!({ "code": "f9" }));
    let twins = [change("insert", None, &f9), change("insert", None, &f9)];
    let defects = check_refusal(&send(&twins), 422, "invalid_features", "twins");
    assert!(
        defects[0].starts_with("/changes/1/feature/properties/code: change 0 of this request has"),
        "{defects:?}"
    );
    assert_eq!(defects.len(), 1, "{defects:?}");
    let gone = |id: u64| json!({ "collection": "focus_areas", "op": "delete", "id": id });
    let handed_on = [gone(1), change("insert", None, &f1), gone(2)];
    let done = send(&handed_on);
    assert_eq!(done.status, 200, "{}", done.text());
    let checked = run(folder.path(), &["places", "check", "s.gpkg"]);
    assert!(!checked.out.contains("both have the code"), "{}", checked.out);
}
