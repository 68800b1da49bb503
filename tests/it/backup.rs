//! `tuban backup`, `verify` and `restore`: a store is copied and checked while it is served, and goes
//! back to a state that it had.

use std::path::Path;

use crate::running::{Server, folder_with, imported, point, run};

fn store() -> tempfile::TempDir {
    let points: Vec<_> = (0..40)
        .map(|n| point(&format!(r#"{{"k":"k{n}"}}"#), 116.4 + f64::from(n) * 1e-3, 39.6))
        .collect();
    let folder = folder_with(&[("p.geojsonl", points.join("\n").as_bytes())]);
    assert_eq!(imported(folder.path(), &["p.geojsonl"]).0.code, 0);
    folder
}

fn report(folder: &Path, store: &str) -> (i32, serde_json::Value) {
    let answer = run(folder, &["verify", store, "--json"]);
    (answer.code, serde_json::from_str(&answer.out).unwrap())
}

#[test]
fn a_served_store_is_copied_and_checked() {
    let folder = store();
    let folder = folder.path();
    let server = Server::start(&folder.join("s.gpkg"), &[]);
    let copied = run(folder, &["backup", "s.gpkg", "b.gpkg"]);
    assert_eq!(copied.code, 0, "{}", copied.err);
    let bytes = std::fs::metadata(folder.join("b.gpkg")).unwrap().len();
    assert!(copied.out.contains(&format!("b.gpkg: revision 1, {bytes} bytes")), "{}", copied.out);
    for store in ["s.gpkg", "b.gpkg"] {
        let checked = run(folder, &["verify", store]);
        assert_eq!(checked.code, 0, "{}", checked.out);
        assert!(
            checked.out.contains("revision 1, 1 collections, 40 features")
                && checked.out.contains(": sound"),
            "{}",
            checked.out
        );
        let (code, report) = report(folder, store);
        assert_eq!((code, &report["sound"]), (0, &true.into()), "{report}");
        assert_eq!((&report["features"], &report["error"]), (&40.into(), &().into()), "{report}");
    }
    let cases: [(&[&str], &str); 4] = [
        (
            &["backup", "s.gpkg", "b.gpkg"],
            "b.gpkg cannot take the backup: the file exists already; say --force",
        ),
        (&["backup", "s.gpkg", "s.gpkg", "--force"], "it is the store itself"),
        (&["backup", "s.gpkg", "nowhere/b.gpkg"], "nowhere/b.gpkg"),
        (&["backup", "none.gpkg", "c.gpkg"], "none.gpkg does not exist"),
    ];
    for (arguments, part) in cases {
        let refused = run(folder, arguments);
        assert_eq!(refused.code, 1, "{arguments:?}");
        assert!(refused.err.contains(part), "{part:?} in {}", refused.err);
    }
    assert_eq!(run(folder, &["backup", "s.gpkg", "b.gpkg", "--force"]).code, 0);
    drop(server);
    // A backup is a store like any other.
    assert_eq!(Server::start(&folder.join("b.gpkg"), &[]).get("/collections/p").status, 200);
}

#[test]
fn damage_is_told_with_table_and_place_and_code_1() {
    let folder = store();
    let folder = folder.path();
    let path = folder.join("s.gpkg");
    let whole = std::fs::read(&path).unwrap();
    // The longitude of one point: the R-tree, the extent and the key's index know nothing of it.
    let place = (116.4_f64 + 7.0 * 1e-3).to_le_bytes();
    let found: Vec<_> = (0..whole.len() - 8).filter(|n| whole[*n..n + 8] == place).collect();
    assert_eq!(found.len(), 1);
    let mut flipped = whole.clone();
    flipped[found[0] + 6] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    let (code, report) = report(folder, "s.gpkg");
    assert_eq!((code, &report["sound"]), (1, &false.into()), "{report}");
    let defects = report["defects"].as_array().unwrap();
    assert!(
        defects.iter().any(|d| d["table"] == "p"
            && d["fid"] == 8
            && d["reason"].as_str().unwrap().contains("its box")),
        "{report}"
    );
    let told = run(folder, &["verify", "s.gpkg"]);
    assert!(
        told.out.contains("p, feature 8: its box") && told.out.contains("defect"),
        "{}",
        told.out
    );

    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let cut = run(folder, &["verify", "s.gpkg"]);
    assert!(cut.code == 1 && cut.err.contains("cut off"), "{}", cut.err);
    let cut = run(folder, &["backup", "s.gpkg", "b.gpkg"]);
    assert!(cut.code == 1 && cut.err.contains("cut off"), "{}", cut.err);
    assert!(!folder.join("b.gpkg").exists());
}

#[test]
fn a_store_goes_back_to_a_state_that_it_had_and_forth_again() {
    let folder = store();
    let folder = folder.path();
    let other = point(r#"{"k":"other"}"#, 116.5, 39.7);
    std::fs::write(folder.join("q.geojson"), &other).unwrap();
    std::fs::write(folder.join("less.geojson"), &other).unwrap();
    let replace = ["--collection", "p", "--replace"];
    assert_eq!(imported(folder, &[&["less.geojson"], &replace[..]].concat()).0.code, 0);
    assert_eq!(imported(folder, &["q.geojson"]).0.code, 0);

    let restore = |more: &[&str]| {
        let to = ["restore", "s.gpkg", "--to-revision"];
        let answer = run(folder, &[&to[..], more].concat());
        (answer.code, answer.out + &answer.err)
    };
    let server = Server::start(&folder.join("s.gpkg"), &[]);
    let (code, said) = restore(&["1"]);
    assert!(code == 1 && said.contains(&server.id().to_string()), "{said}");
    let (code, said) = restore(&["1", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    for part in [
        "p: 40 come back, 0 as before, 1 removed",
        "q: came later, emptied of 1 features",
        "nothing was changed; the store is at revision 3",
    ] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    drop(server);

    let (code, said) = restore(&["1", "--reason", "误删"]);
    assert!(code == 0 && said.contains("the store is at revision 4"), "{said}");
    let listed = run(folder, &["collection", "list", "s.gpkg"]).out;
    assert!(listed.contains("p\t40\t") && listed.contains("q\t0\t"), "{listed}");
    assert_eq!(restore(&["3"]).0, 0);
    let listed = run(folder, &["collection", "list", "s.gpkg"]).out;
    assert!(listed.contains("p\t1\t") && listed.contains("q\t1\t"), "{listed}");
    assert_eq!(restore(&["1", "--remove-new"]).0, 0);
    let listed = run(folder, &["collection", "list", "s.gpkg"]).out;
    assert!(listed.contains("p\t40\t") && !listed.contains("q\t"), "{listed}");
    let (code, said) = restore(&["3"]);
    assert!(code == 0 && said.contains("a collection q was removed"), "{said}");
    let (code, said) = restore(&["99"]);
    assert!(code == 1 && said.contains("no revision 99 yet"), "{said}");
    assert_eq!(report(folder, "s.gpkg").0, 0);
}
