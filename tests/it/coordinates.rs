//! Where things end up: every CRS a file may be in, and what is refused for it.

use crate::running::{folder_with, imported, point, run};

/// Parameters of a local grid that must not be found anywhere but in the configuration.
const SITES: &str = "[sites]\n\
    local = \"+proj=tmerc +lat_0=0 +lon_0=116.35025 +k=1 +x_0=512345.678 +y_0=-4312345.6 \
    +ellps=GRS80 +units=m +no_defs\"\n";
const PARAMETERS: [&str; 3] = ["116.35025", "512345.678", "4312345.6"];

/// The point that each file below says in its own way, in degrees.
const PLACE: [f64; 2] = [116.4, 39.6];

/// Imports `file` into a store whose collection `p` is in EPSG:4490; the place of what came.
fn check_lands(name: &str, bytes: &[u8], arguments: &[&str]) {
    let first = point("{}", 116.0, 39.0);
    let folder = folder_with(&[("first.geojson", first.as_bytes()), (name, bytes)]);
    let first = ["first.geojson", "--collection", "p", "--crs", "EPSG:4490"];
    assert_eq!(imported(folder.path(), &first).0.code, 0);
    let appended = [&[name, "--collection", "p", "--append"], arguments].concat();
    let (answer, _) = imported(folder.path(), &appended);
    assert_eq!(answer.code, 0, "{name} {arguments:?}: {}", answer.err);
    assert_eq!(run(folder.path(), &["export", "s.gpkg", "out.geojsonl"]).code, 0);
    let text = std::fs::read_to_string(folder.path().join("out.geojsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for (found, expected) in last["geometry"]["coordinates"].as_array().unwrap().iter().zip(PLACE) {
        let found = found.as_f64().unwrap();
        assert!((found - expected).abs() < 2e-6, "{name} {arguments:?}: {last}");
    }
}

#[test]
fn every_way_to_say_a_place_lands_on_it() {
    let old_member = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::4548"}}}},"features":[{}]}}"#,
        point("{}", 448_465.802, 4_385_288.714)
    );
    let degrees = point("{}", 116.4, 39.6);
    let swapped = point("{}", 39.6, 116.4);
    let cases: [(&str, &[u8], &[&str]); 8] = [
        ("a.geojson", degrees.as_bytes(), &[]),
        ("a.geojson", degrees.as_bytes(), &["--crs", "EPSG:4326"]),
        ("swapped.geojson", swapped.as_bytes(), &["--crs", "EPSG:4326"]),
        ("old.geojson", old_member.as_bytes(), &[]),
        ("xy.csv", b"x,y\n448465.802,4385288.714\n", &["--crs", "EPSG:4548"]),
        ("survey.csv", b"X,Y\n4385288.714,448465.802\n", &["--crs", "EPSG:4548"]),
        ("wkt.csv", b"WKT\nPOINT (448465.802 4385288.714)\n", &["--crs", "EPSG:4548"]),
        ("zone.csv", b"X,Y\n4385288.714,39448465.802\n", &["--crs", "EPSG:4527"]),
    ];
    for (name, bytes, arguments) in cases {
        check_lands(name, bytes, arguments);
    }
}

#[test]
fn a_shifted_datum_is_turned_back_and_said_to_be_metres_off() {
    // The published example: WGS 84, GCJ-02, BD-09.
    let true_place = [116.377_817, 39.911_954];
    for (crs, place) in
        [("gcj02", [116.384_047_225, 39.913_345_455]), ("bd09", [116.390_454_713, 39.919_575_551])]
    {
        let file = point("{}", place[0], place[1]);
        let folder = folder_with(&[("p.geojson", file.as_bytes())]);
        let (answer, outcome) = imported(folder.path(), &["p.geojson", "--crs", crs]);
        assert_eq!((answer.code, &outcome[0]["crs"]), (0, &"EPSG:4490".into()), "{}", answer.err);
        let note = outcome[0]["notes"][0].as_str().unwrap();
        assert!(note.contains(crs) && note.contains("metres off"), "{note}");
        assert_eq!(run(folder.path(), &["export", "s.gpkg", "out.geojsonl"]).code, 0);
        let text = std::fs::read_to_string(folder.path().join("out.geojsonl")).unwrap();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (axis, expected) in true_place.into_iter().enumerate() {
            let found = found["geometry"]["coordinates"][axis].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-8, "{crs}: {found}, not {expected}");
        }
    }
}

#[test]
fn an_old_datum_is_taken_for_another_only_when_told() {
    for (code, alike) in [("EPSG:2382", "EPSG:4546"), ("EPSG:2436", "EPSG:4548")] {
        let rows = b"x,y\n448465.802,4385288.714\n";
        let folder = folder_with(&[("p.csv", rows)]);
        let (refused, _) = imported(folder.path(), &["p.csv", "--crs", code]);
        assert_eq!(refused.code, 1, "{code}");
        for part in [code, "--assume-datum cgcs2000"] {
            assert!(refused.err.contains(part), "{part} in {}", refused.err);
        }
        let told = ["p.csv", "--crs", code, "--assume-datum", "cgcs2000"];
        let (answer, outcome) = imported(folder.path(), &told);
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert_eq!(outcome[0]["crs"], alike);
        assert!(outcome[0]["notes"].to_string().contains("tens of metres"), "{outcome}");
    }
}

#[test]
fn the_parameters_of_a_local_grid_stay_in_the_configuration() {
    let rows = b"name,x,y\na,516600,72850\nb,516610,72860\n";
    let folder = folder_with(&[("p.csv", rows), ("tuban.toml", SITES.as_bytes())]);
    let folder = folder.path();
    let mut said = String::new();
    let mut check = |arguments: &[&str], code: i32| {
        let answer = run(folder, arguments);
        assert_eq!(answer.code, code, "{arguments:?}: {}", answer.err);
        said.push_str(&answer.out);
        said.push_str(&answer.err);
    };
    check(&["-vv", "import", "s.gpkg", "p.csv", "--crs", "site:local"], 0);
    check(&["import", "s.gpkg", "p.csv", "--crs", "site:elsewhere", "--append"], 1);
    check(&["config"], 0);
    check(&["collection", "describe", "s.gpkg", "p"], 0);
    check(&["inspect", "s.gpkg", "--tile", "10/843/388", "--json"], 0);
    for file in ["o.fgb", "o.geojson", "o.geojsonl", "o.csv", "o.gpkg"] {
        check(&["export", "s.gpkg", file], 0);
    }
    check(&["export", "s.gpkg", "grid.csv", "--crs", "EPSG:4548"], 0);
    // What was written in the grid itself says no CRS, so it is not taken for another.
    check(&["import", "t.gpkg", "o.fgb"], 1);
    let server = crate::running::Server::start(
        &folder.join("s.gpkg"),
        &["--config", &folder.join("tuban.toml").to_string_lossy()],
    );
    for target in ["/collections", "/xyz/p/tilejson.json", "/styles/p?f=qml", "/metrics"] {
        said.push_str(server.get(target).text());
    }
    let (_, log) = server.terminate();
    said.push_str(&log);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("tuban.toml") {
            continue;
        }
        said.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
    }
    for parameter in PARAMETERS {
        assert!(!said.contains(parameter), "{parameter} came out");
    }
    // Without the definition nothing can be transformed; what is said of the store still can be.
    std::fs::remove_file(folder.join("tuban.toml")).unwrap();
    let refused = run(folder, &["export", "s.gpkg", "later.csv"]);
    assert!(refused.code == 1 && refused.err.contains("[sites]"), "{}", refused.err);
    assert_eq!(run(folder, &["collection", "list", "s.gpkg"]).code, 0);
}
