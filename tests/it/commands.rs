//! The small commands, usage mistakes, and what several layers, keys and reports come to.

use crate::running::{folder_with, imported, point, run};

/// Exit code and parts of what is printed, out or err.
fn check_says(folder: &std::path::Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let answer = run(folder, arguments);
    let said = answer.out + &answer.err;
    assert_eq!(answer.code, code, "{arguments:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: {part:?} in {said}");
    }
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
}

#[test]
fn mistakes_are_answered_with_a_way_out() {
    let folder = folder_with(&[
        ("p.geojson", point(r#"{"k":"a"}"#, 116.4, 39.6).as_bytes()),
        ("bad.toml", b"[tiles]\nmax_byte = 1\n"),
        ("style.json", b"{}"),
    ]);
    let folder = folder.path();
    assert_eq!(imported(folder, &["p.geojson"]).0.code, 0);
    let cases: [(&[&str], i32, &[&str]); 28] = [
        (&[], 2, &["Usage", "import"]),
        (&["--help"], 0, &["demo", "serve", "import", "export"]),
        (&["--version"], 0, &["tuban"]),
        (&["nonsense"], 2, &["nonsense"]),
        (&["import", "s.gpkg"], 2, &["FILES"]),
        (&["import", "s.gpkg", "p.geojson", "--append", "--replace"], 2, &["--append"]),
        (&["import", "nowhere/s.gpkg", "p.geojson"], 1, &["nowhere"]),
        (&["import", "p.geojson", "p.geojson"], 1, &["p.geojson", "not a Tuban store"]),
        (&["serve", "s.gpkg", "--listen", "localhost"], 2, &["localhost", "127.0.0.1:8080"]),
        (&["serve", "s.gpkg", "--listen", "0.0.0.0:0"], 1, &["0.0.0.0:0", "--public"]),
        (&["serve", "s.gpkg", "--public-url", "a b"], 1, &["a b", "https://"]),
        (&["serve", "nothing.gpkg"], 1, &["nothing.gpkg", "tuban import"]),
        (
            &["serve", "p.geojson", "--listen", "127.0.0.1:0"],
            1,
            &["p.geojson", "not a Tuban store"],
        ),
        (&["config", "--config", "nothing.toml"], 1, &["nothing.toml"]),
        (&["config", "--config", "bad.toml"], 1, &["bad.toml, line 2", "max_byte"]),
        (&["completions", "bash"], 0, &["_tuban"]),
        (&["completions", "zsh"], 0, &["#compdef tuban"]),
        (&["inspect", "s.gpkg", "--tile", "1/2"], 1, &["--tile", "1/2", "Z/X/Y"]),
        (&["inspect", "s.gpkg", "--tile", "30/0/0"], 1, &["30"]),
        (&["inspect", "s.gpkg"], 0, &["1 collections", "p  1  Point"]),
        (&["import", "--help"], 0, &["Exit code", "3 when rows or columns were left out"]),
        (&["inspect", "s.gpkg", "--collection", "q"], 1, &["\"q\"", "it has p"]),
        (&["collection", "set", "s.gpkg", "p"], 2, &["--title"]),
        (&["collection", "set", "s.gpkg", "p", "--class", "k=L9"], 1, &["k=L9", "L0"]),
        (&["collection", "set", "s.gpkg", "p", "--style", "style.json"], 1, &["JSON list"]),
        (&["collection", "set", "s.gpkg", "p", "--min-zoom", "9", "--max-zoom", "3"], 1, &["9"]),
        (&["collection", "rename", "s.gpkg", "p", "gpkg_p"], 1, &["gpkg_p"]),
        (&["collection", "remove", "s.gpkg", "p"], 1, &["p was not removed", "--yes"]),
    ];
    for (arguments, code, parts) in cases {
        check_says(folder, arguments, code, parts);
    }
    check_says(folder, &["collection", "list", "s.gpkg"], 0, &["p\t1\tPoint"]);
}

#[test]
fn what_is_said_of_a_collection_is_changed_kept_and_removed() {
    let layer = r#"[{"id":"dots","type":"circle","paint":{"circle-color":"red"}}]"#;
    let folder = folder_with(&[
        ("p.geojson", point(r#"{"k":"a"}"#, 116.4, 39.6).as_bytes()),
        ("style.json", layer.as_bytes()),
    ]);
    let folder = folder.path();
    assert_eq!(imported(folder, &["p.geojson"]).0.code, 0);
    let set = [
        "collection",
        "set",
        "s.gpkg",
        "p",
        "--title",
        "地块",
        "--description",
        "d",
        "--key",
        "k",
        "--min-zoom",
        "3",
        "--max-zoom",
        "17",
        "--alias",
        "k=Key",
        "--class",
        "k=l0",
        "--style",
        "style.json",
        "--attribution",
        "by us",
    ];
    check_says(folder, &set, 0, &["p is changed"]);
    let described = ["地块", "by us", "3 to 17", "key          k", "own", "(Key)", "L0"];
    check_says(folder, &["collection", "describe", "s.gpkg", "p"], 0, &described);
    // All of it outlives a new file in the place of the old one.
    assert_eq!(imported(folder, &["p.geojson", "--replace"]).0.code, 0);
    check_says(folder, &["collection", "describe", "s.gpkg", "p"], 0, &described);
    check_says(folder, &["collection", "rename", "s.gpkg", "p", "q"], 0, &["p is q"]);
    check_says(folder, &["inspect", "s.gpkg", "--json"], 0, &["\"id\":\"q\"", "\"count\":1"]);
    check_says(folder, &["collection", "remove", "s.gpkg", "q", "--yes"], 0, &["q is gone"]);
    check_says(folder, &["inspect", "s.gpkg"], 0, &["0 collections"]);
    check_says(folder, &["export", "s.gpkg", "o.csv"], 1, &["--collection", "none"]);
}

#[test]
fn the_layers_of_a_file_come_in_one_by_one_and_share_a_report() {
    let rows = |bad: &str| {
        format!("{}\n{bad}\n{}", point(r#"{"k":1}"#, 116.4, 39.6), point(r#"{"k":1}"#, 116.5, 39.6))
    };
    let folder =
        folder_with(&[("a.geojsonl", rows("[").as_bytes()), ("b.geojsonl", rows("{").as_bytes())]);
    let folder = folder.path();
    let (answer, outcomes) = imported(folder, &["a.geojsonl", "b.geojsonl", "--report", "r.csv"]);
    assert_eq!((answer.code, outcomes.as_array().unwrap().len()), (3, 2), "{}", answer.err);
    let report = std::fs::read_to_string(folder.join("r.csv")).unwrap();
    assert_eq!(report.lines().count(), 3, "{report}");
    assert!(report.contains("a,2,skipped") && report.contains("b,2,skipped"), "{report}");

    // A store is a GeoPackage of many layers itself; another program's is made of it.
    assert_eq!(run(folder, &["export", "s.gpkg", "a.gpkg", "--collection", "a"]).code, 0);
    let (answer, outcomes) = imported(folder, &["a.gpkg", "--collection", "c"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(outcomes[0]["collection"], "c");

    // Nothing but a report gives way to a report.
    let (refused, _) = imported(folder, &["a.geojsonl", "--replace", "--report", "b.geojsonl"]);
    assert!(refused.code == 1 && refused.err.contains("is no report"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(folder.join("b.geojsonl")).unwrap(), rows("{"));

    // A key that is not unique is refused, and is not the key from then on.
    let (refused, _) = imported(folder, &["a.geojsonl", "--upsert", "k"]);
    assert!(refused.code == 1 && refused.err.contains("unique"), "{}", refused.err);
    check_says(
        folder,
        &["collection", "describe", "s.gpkg", "a"],
        0,
        &["features     2", "key          none"],
    );
}

#[test]
fn a_file_that_fails_after_another_leaves_the_first_in_place() {
    let folder = folder_with(&[
        ("a.geojson", point(r#"{"k":1}"#, 116.4, 39.6).as_bytes()),
        ("b.geojson", b"{"),
    ]);
    let (answer, outcomes) = imported(folder.path(), &["a.geojson", "b.geojson"]);
    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(answer.err.contains("b.geojson"), "{}", answer.err);
    assert_eq!(outcomes[0]["inserted"], 1, "what was done is said");
    check_says(folder.path(), &["collection", "list", "s.gpkg"], 0, &["a\t1\t"]);
}

#[test]
fn a_personal_column_that_was_kept_stays_personal_and_is_filled_only_when_told() {
    let rows = b"lon,lat,phone\n116.4,39.6,13812345678\n";
    let folder = folder_with(&[("h.csv", rows)]);
    let folder = folder.path();
    let with = |more: &[&str]| imported(folder, &[&["h.csv", "--crs", "EPSG:4326"], more].concat());
    assert_eq!(with(&["--keep", "phone"]).0.code, 0);
    check_says(folder, &["collection", "set", "s.gpkg", "h", "--class", "phone=L3"], 0, &[]);
    let (answer, outcome) = with(&["--append"]);
    assert_eq!((answer.code, &outcome[0]["inserted"]), (3, &1.into()), "{}", answer.err);
    assert_eq!(with(&["--replace", "--keep", "phone"]).0.code, 0);
    check_says(folder, &["collection", "describe", "s.gpkg", "h"], 0, &["L3  Int  phone"]);
    // Two rows with the same number cannot both have it as their key; which one is not said.
    assert_eq!(with(&["--append", "--keep", "phone"]).0.code, 0);
    let refused = run(folder, &["collection", "set", "s.gpkg", "h", "--key", "phone"]);
    assert!(refused.code == 1 && !refused.err.contains("138"), "{}", refused.err);
}

#[test]
fn a_personal_value_is_erased_for_good() {
    let secret = "王小明的电话";
    let properties = format!(r#"{{"k":"a","note":"{secret}"}}"#);
    let folder = folder_with(&[("p.geojson", point(&properties, 116.4, 39.6).as_bytes())]);
    let folder = folder.path();
    assert_eq!(imported(folder, &["p.geojson", "--keep", "note"]).0.code, 0);
    let holds = || {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let of_store = |path: &std::path::PathBuf| path.to_string_lossy().contains("s.gpkg");
        let bytes = files.filter(of_store).map(|path| std::fs::read(path).unwrap());
        bytes.map(|b| b.windows(secret.len()).filter(|w| *w == secret.as_bytes()).count()).sum()
    };
    let before: usize = holds();
    assert!(before > 0);
    let erase = ["erase", "s.gpkg", "p", "1", "--reason", "asked by letter"];
    let low = [&erase[..], &["--field", "note"]].concat();
    check_says(folder, &low, 1, &["note cannot be erased", "L3", "--class"]);
    check_says(folder, &erase[..4], 2, &["--reason"]);
    check_says(folder, &["erase", "--help"], 0, &["Backups", "free page"]);
    check_says(folder, &["collection", "set", "s.gpkg", "p", "--class", "note=L3"], 0, &[]);
    // A past state holds it too, sealed.
    let upsert = ["import", "s.gpkg", "p.geojson", "--upsert", "k", "--keep", "note"];
    check_says(folder, &upsert, 0, &[]);
    assert!(folder.join("s.gpkg.key").exists());
    check_says(folder, &erase, 0, &["feature 1 of p", "backups"]);
    let after: usize = holds();
    assert_eq!(after, 0);
    check_says(folder, &erase, 0, &["feature 1 of p"]);
    let unknown = ["erase", "s.gpkg", "p", "77", "--reason", "x"];
    check_says(folder, &unknown, 1, &["feature 77", "does not exist"]);
    let server = crate::running::Server::start(&folder.join("s.gpkg"), &[]);
    check_says(folder, &erase, 1, &["held by", "tuban"]);
    let history = server.get("/collections/p/items/1/history").json();
    let operations: Vec<_> = history["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["operation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(operations, ["load", "replace", "erase", "erase"]);
    assert_eq!(history["changes"][2]["reason"], "asked by letter");
    assert!(server.terminate().0);
}
