//! `tuban import` as users meet it: what comes in, what is refused, and that nothing is lost.

use crate::running::{folder_with, imported, point, real_data, run};

/// Refused: exit code 1, a message with all of `parts`, no panic, and no new store left behind.
fn check_refused(files: &[(&str, &[u8])], arguments: &[&str], parts: &[&str]) {
    let folder = folder_with(files);
    let (answer, _) = imported(folder.path(), arguments);
    assert_eq!(answer.code, 1, "{arguments:?}: {}{}", answer.out, answer.err);
    for part in parts {
        assert!(answer.err.contains(part), "{arguments:?}: {part:?} in {}", answer.err);
    }
    if let Some((name, _)) = files.first() {
        let twice = format!("{name}: {name}: ");
        assert!(!answer.err.contains(&twice), "{arguments:?}: {}", answer.err);
    }
    assert!(!answer.err.contains("panicked"), "{}", answer.err);
    assert!(!folder.path().join("s.gpkg").exists(), "{arguments:?}: an empty store is left");
}

fn polygon(ring: &str) -> String {
    format!(
        r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}"#
    )
}

#[test]
fn files_that_cannot_be_read_are_refused_with_a_way_out() {
    let csv_4548 = b"X,Y\n4385000,445000\n4385010,445010\n".as_slice();
    let degrees = point("{}", 116.4, 39.6);
    type Case<'a> = (&'a str, &'a [u8], &'a [&'a str], &'a [&'a str]);
    let cases: [Case<'_>; 17] = [
        ("a.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[{", &[], &["a.geojson"]),
        ("a.geojson", b"", &[], &["a.geojson"]),
        ("a.fgb", b"fgb\x03fgb\x00\xff\xff\xff\x7f", &[], &["a.fgb"]),
        ("a.gpkg", b"SQLite format 3\0but not really", &[], &["a.gpkg"]),
        ("a.dwg", b"AC1027\0\0\0\0", &[], &["DWG", "a.dwg"]),
        ("a.kml", b"<?xml version=\"1.0\"?><kml></kml>", &[], &["ogr2ogr"]),
        ("a.csv", csv_4548, &[], &["--crs", "4548"]),
        ("a.csv", csv_4548, &["--crs", "EPSG:4326"], &["--crs"]),
        ("a.geojson", degrees.as_bytes(), &["--crs", "EPSG:4548"], &["a", "--crs"]),
        ("a.geojson", degrees.as_bytes(), &["--crs", "EPSG:4610"], &["--assume-datum"]),
        ("a.geojson", degrees.as_bytes(), &["--crs", "EPSG:99999"], &["99999"]),
        ("a.geojson", degrees.as_bytes(), &["--crs", "nonsense"], &["nonsense", "EPSG:4548"]),
        ("a.geojson", degrees.as_bytes(), &["--crs", "site:here"], &["site:here", "[sites]"]),
        ("a.geojson", degrees.as_bytes(), &["--collection", "gpkg_x"], &["gpkg_x"]),
        ("a.geojson", degrees.as_bytes(), &["--keep", "phone"], &["phone"]),
        ("a.geojson", degrees.as_bytes(), &["--append"], &["does not exist"]),
        ("a.geojson", degrees.as_bytes(), &["--encoding", "klingon"], &["klingon"]),
    ];
    for (name, bytes, arguments, parts) in cases {
        // The encoding of a GeoJSON is no question; ask a CSV.
        let (name, bytes) = match arguments.first() {
            Some(&"--encoding") => ("a.csv", b"lon,lat\n116.4,39.6\n".as_slice()),
            _ => (name, bytes),
        };
        check_refused(&[(name, bytes)], &[&[name], arguments].concat(), parts);
    }
    check_refused(&[], &["missing.geojson"], &["missing.geojson"]);
}

#[test]
fn an_existing_collection_is_touched_only_when_told_how() {
    let first = point(r#"{"key":"a","n":1}"#, 116.4, 39.6);
    let second = format!(
        r#"{{"type":"FeatureCollection","features":[{},{}]}}"#,
        point(r#"{"key":"a","n":2}"#, 116.5, 39.6),
        point(r#"{"key":"b","n":3}"#, 116.6, 39.6)
    );
    let folder = folder_with(&[("p.geojson", first.as_bytes()), ("q.geojson", second.as_bytes())]);
    let into = |arguments: &[&str]| {
        imported(folder.path(), &[&["q.geojson", "--collection", "p"], arguments].concat())
    };
    assert_eq!(imported(folder.path(), &["p.geojson"]).0.code, 0);
    let (refused, _) = into(&[]);
    assert_eq!(refused.code, 1);
    for way in ["--append", "--replace", "--upsert"] {
        assert!(refused.err.contains(way), "{}", refused.err);
    }
    let cases: [(&[&str], [u64; 3], u64); 3] = [
        (&["--append"], [2, 0, 0], 3),
        (&["--replace"], [2, 0, 3], 2),
        (&["--upsert", "key"], [0, 2, 0], 2),
    ];
    for (arguments, [inserted, updated, removed], count) in cases {
        let (answer, outcome) = into(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.err);
        let found = &outcome[0];
        assert_eq!(
            [&found["inserted"], &found["updated"], &found["removed"]],
            [inserted, updated, removed],
            "{arguments:?}"
        );
        let listed = run(folder.path(), &["collection", "list", "s.gpkg"]);
        assert!(listed.out.starts_with(&format!("p\t{count}\t")), "{arguments:?}: {}", listed.out);
    }
    // The key of an upsert is unique from then on.
    let (refused, _) = into(&["--append"]);
    assert!(refused.code == 1 && refused.err.contains("keys are unique"), "{}", refused.err);
    let (refused, _) = into(&["--upsert", "nothing"]);
    assert!(refused.code == 1 && refused.err.contains("key"), "{}", refused.err);
}

#[test]
fn a_replacement_that_holds_nothing_leaves_the_collection_as_it_was() {
    let good = point(r#"{"n":1}"#, 116.4, 39.6);
    let spike = polygon("[116.0,39.5],[116.1,39.5],[116.0,39.5]");
    let folder = folder_with(&[
        ("p.geojsonl", good.as_bytes()),
        ("broken.geojsonl", format!("{spike}\n{spike}\n").as_bytes()),
        ("none.geojson", br#"{"type":"FeatureCollection","features":[]}"#),
    ]);
    assert_eq!(imported(folder.path(), &["p.geojsonl"]).0.code, 0);
    let replace = |file| imported(folder.path(), &[file, "--collection", "p", "--replace"]).0;
    let count = || run(folder.path(), &["collection", "list", "s.gpkg"]).out;
    let before = count();
    let refused = replace("broken.geojsonl");
    assert_eq!(refused.code, 1, "{}", refused.err);
    for part in ["none of the 2 rows", "2 × ", "s.p.report.csv"] {
        assert!(refused.err.contains(part), "{part:?} in {}", refused.err);
    }
    assert!(before.starts_with("p\t1\t") && count() == before, "{}", count());
    let report = std::fs::read_to_string(folder.path().join("s.p.report.csv")).unwrap();
    assert_eq!(report.lines().count(), 3, "{report}");
    // A file that says itself that nothing is there is another matter.
    assert_eq!(replace("none.geojson").code, 0);
    assert!(count().starts_with("p\t0\t"), "{}", count());
    // Of two files that replace, the first would be lost.
    let arguments = ["p.geojsonl", "none.geojson", "--collection", "p", "--replace"];
    let (refused, _) = imported(folder.path(), &arguments);
    assert!(refused.code == 1 && refused.err.contains("--append"), "{}", refused.err);
}

#[test]
fn dirty_geometries_are_repaired_or_skipped_and_every_row_is_accounted_for() {
    let good = "[116.0,39.5],[116.1,39.5],[116.1,39.6],[116.0,39.6],[116.0,39.5]";
    let features = [
        polygon(good),
        polygon("[116.0,39.5],[116.1,39.5],[116.1,39.6],[116.0,39.6]"),
        polygon("[116.0,39.5],[116.0,39.6],[116.1,39.6],[116.1,39.5],[116.0,39.5]"),
        polygon("[116.0,39.5],[116.1,39.6],[116.1,39.5],[116.0,39.6],[116.0,39.5]"),
        polygon("[116.0,39.5],[116.1,39.5],[116.1,39.5],[116.1,39.6],[116.0,39.6],[116.0,39.5]"),
        polygon("[116.0,39.5],[116.1,39.5],[116.0,39.5]"),
        r#"{"type":"Feature","properties":{},"geometry":null}"#.to_owned(),
        r#"{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[1e400,0],[1,1],[1,0],[1e400,0]]]}}"#.to_owned(),
        "not json".to_owned(),
    ];
    let folder = folder_with(&[("dirty.geojsonl", features.join("\n").as_bytes())]);
    let (answer, outcome) = imported(folder.path(), &["dirty.geojsonl", "--report", "r.csv"]);
    assert_eq!(answer.code, 3, "{}", answer.err);
    let outcome = &outcome[0];
    let sum = |counts: &serde_json::Value| -> u64 {
        counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
    };
    assert_eq!(outcome["read"], 9);
    let skipped = sum(&outcome["skipped"]);
    assert_eq!(outcome["inserted"].as_u64().unwrap() + skipped, 9, "{outcome}");
    assert_eq!(skipped, 3, "the spike, the infinite and the broken line: {outcome}");
    assert!(sum(&outcome["repaired"]) >= 4, "{outcome}");
    let report = std::fs::read_to_string(folder.path().join("r.csv")).unwrap();
    for (row, action) in
        [(2, "repaired"), (3, "repaired"), (4, "repaired"), (6, "skipped"), (9, "skipped")]
    {
        assert!(report.contains(&format!("dirty,{row},{action},")), "row {row}: {report}");
    }
}

#[test]
fn personal_columns_are_left_out_by_name_and_by_values_and_never_printed() {
    let rows = "lon,lat,QLRMC,code,note\n\
        116.40,39.60,张三,11010519491231002X,a\n\
        116.41,39.60,李四,11010519491231002X,b\n\
        116.42,39.60,王五,11010519491231002X,c\n";
    let folder = folder_with(&[("h.csv", rows.as_bytes())]);
    let (answer, outcome) =
        imported(folder.path(), &["h.csv", "--crs", "EPSG:4490", "--report", "r.csv"]);
    assert_eq!(answer.code, 3, "{}", answer.err);
    let left_out: Vec<&str> = outcome[0]["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["field"].as_str().unwrap())
        .collect();
    assert_eq!(left_out, ["QLRMC", "code"]);
    let told = outcome[0]["left_out"][1]["reason"].as_str().unwrap();
    assert_eq!(told, "100 % of its values look like identity numbers");
    for text in [&answer.out, &answer.err] {
        assert!(!text.contains("张三") && !text.contains("1949"), "{text}");
    }
    // Not in the file either, nor in its write-ahead log.
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() == "h.csv" {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["张三".as_bytes(), b"11010519491231002X"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{}", path.display());
        }
    }
    let (answer, outcome) = imported(
        folder.path(),
        &["h.csv", "--crs", "EPSG:4490", "--replace", "--keep", "code", "--keep", "QLRMC"],
    );
    assert_eq!((answer.code, outcome[0]["left_out"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn a_file_cut_anywhere_is_refused_or_reported_row_by_row() {
    let rows: Vec<String> = (0..40)
        .map(|n| point(&format!(r#"{{"n":{n},"name":"名字"}}"#), 116.0 + f64::from(n) * 0.01, 39.6))
        .collect();
    let whole = folder_with(&[("p.geojsonl", rows.join("\n").as_bytes())]);
    assert_eq!(imported(whole.path(), &["p.geojsonl"]).0.code, 0);
    let names = ["p.fgb", "p.gpkg", "p.geojson", "p.csv"];
    for name in names {
        assert_eq!(run(whole.path(), &["export", "s.gpkg", name]).code, 0, "{name}");
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("p.geojsonl", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, rows.join("\n").as_bytes()).unwrap();
    std::fs::write(whole.path().join("p.zip"), zip.finish().unwrap().into_inner()).unwrap();
    for name in names.into_iter().chain(["p.zip", "p.geojsonl"]) {
        let bytes = std::fs::read(whole.path().join(name)).unwrap();
        for quarter in 1..4 {
            let folder = folder_with(&[(name, &bytes[..bytes.len() * quarter / 4])]);
            let (answer, outcome) = imported(folder.path(), &[name, "--crs", "EPSG:4326"]);
            assert!(!answer.err.contains("panicked"), "{name} {quarter}/4: {}", answer.err);
            if answer.code == 1 {
                assert!(answer.err.contains(name), "{name} {quarter}/4: {}", answer.err);
                assert!(!folder.path().join("s.gpkg").exists(), "{name} {quarter}/4");
            } else {
                // Formats of lines cannot know of lines that are gone; a broken one is told.
                let (read, inserted) = (&outcome[0]["read"], &outcome[0]["inserted"]);
                let lines = name.ends_with("csv") || name.ends_with("geojsonl");
                assert!(lines, "{name} {quarter}/4 was taken for whole: {outcome}");
                assert_eq!(answer.code == 0, read == inserted, "{name} {quarter}/4: {outcome}");
            }
        }
    }
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused() {
    use std::io::Write;
    let mut bytes = Vec::new();
    {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(&mut bytes));
        zip.start_file("a.geojson", zip::write::SimpleFileOptions::default()).unwrap();
        let zeros = vec![b' '; 1 << 20];
        for _ in 0..300 {
            zip.write_all(&zeros).unwrap();
        }
        zip.finish().unwrap();
    }
    check_refused(&[("bomb.zip", &bytes)], &["bomb.zip"], &["bomb.zip"]);
}

#[test]
fn a_ring_of_a_million_vertices_is_reported_not_swallowed() {
    let mut ring = String::new();
    for n in 0..1_000_000 {
        let angle = f64::from(n) * std::f64::consts::TAU / 1_000_000.0;
        ring.push_str(&format!("[{:.6},{:.6}],", 116.0 + angle.cos(), 39.0 + angle.sin()));
    }
    ring.push_str("[117.000000000,39.000000000]");
    let folder = folder_with(&[("big.geojson", polygon(&ring).as_bytes())]);
    let (answer, outcome) = imported(folder.path(), &["big.geojson"]);
    assert_eq!(answer.code, 3, "{}", answer.err);
    assert_eq!(outcome[0]["inserted"], 0);
    let report = std::fs::read_to_string(folder.path().join("s.big.report.csv")).unwrap();
    assert!(report.contains("big,1,skipped,too_many_vertices,,\"more than 200000"), "{report}");
    assert!(answer.err.is_empty() || !answer.err.contains("panicked"), "{}", answer.err);
}

#[test]
fn a_second_server_is_refused_by_name() {
    let first = point("{}", 116.4, 39.6);
    let folder = folder_with(&[("p.geojson", first.as_bytes())]);
    assert_eq!(imported(folder.path(), &["p.geojson"]).0.code, 0);
    let server = crate::running::Server::start(&folder.path().join("s.gpkg"), &[]);
    let refused = run(folder.path(), &["serve", "s.gpkg", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains(&server.id().to_string()), "{}", refused.err);
    // Readers are welcome.
    assert_eq!(run(folder.path(), &["collection", "list", "s.gpkg"]).code, 0);
    let (ended, log) = server.terminate();
    assert!(ended, "{log}");
}

#[test]
fn every_real_layer_comes_in_whole() {
    let Some(data) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str], u64); 8] = [
        ("beijing_streets_331_wgs84.fgb", &[], 331),
        ("beijing_districts_16_wgs84.fgb", &[], 16),
        ("beijing_cbd_buildings_5442_wgs84.fgb", &[], 5442),
        ("beijing_compounds_wgs84.fgb", &[], 3700),
        ("beijing_compounds_raw_bd09.geojsonl", &["--crs", "bd09"], 3700),
        ("beijing_osm_pois.fgb", &[], 51_370),
        ("beijing_community_points_2331_wgs84.fgb", &[], 2331),
        ("formats/shp_gbk_cpg_epsg4548/建筑物.shp", &[], 5442),
    ];
    for (name, arguments, expected) in cases {
        let path = data.join(name);
        let (answer, outcome) =
            imported(folder.path(), &[&[path.to_str().unwrap()], arguments].concat());
        assert!(matches!(answer.code, 0 | 3), "{name}: {}", answer.err);
        let outcome = &outcome[0];
        let skipped: u64 =
            outcome["skipped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(outcome["read"], expected, "{name}");
        assert_eq!(outcome["inserted"].as_u64().unwrap() + skipped, expected, "{name}: {outcome}");
        assert!(skipped * 1000 <= expected, "{name}: {outcome}");
    }
}
