//! The house rules that no compiler holds: floors, file sizes, headers, names, living paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 600;

/// Crates by floor; a crate may depend on those of lower floors only.
const FLOORS: [(&str, u8); 9] = [
    ("spatial", 0),
    ("tile", 1),
    ("ledger", 1),
    ("sheet", 1),
    ("store", 2),
    ("formats", 2),
    ("engine", 3),
    ("server", 4),
    ("tuban", 5),
];

/// Sideways or upward words a crate may not depend on.
const HTTP_CRATES: [&str; 4] = ["axum", "http", "hyper", "tower"];
const JSON_CRATES: [&str; 2] = ["serde_json", "geojson"];

/// What the crates of the lowest floors never touch: files, sockets, clocks, processes.
const PURE: [&str; 4] = ["spatial", "tile", "ledger", "sheet"];
const IMPURE: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "tokio::",
];

/// Endings of what is written by hand besides Rust; scripts without an ending are named `run`.
const OTHER_SOURCES: [&str; 7] = ["py", "js", "mjs", "css", "html", "sh", "toml"];

const BANNED_NAMES: [&str; 8] =
    ["util", "utils", "helper", "helpers", "common", "misc", "manager", "base"];

/// Phrases by which a comment speaks of a change instead of the code.
const BANNED_PHRASES: [&str; 7] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("as re", "quested"),
    concat!("new appro", "ach"),
    concat!("previous", "ly"),
    concat!("todo", "!("),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != "vendor" && name != "node_modules" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<PathBuf> {
    ["crates", "tests", "benches"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder), "rs"))
        .collect()
}

/// Everything written by hand, Rust or not.
fn source_files() -> Vec<PathBuf> {
    let mut files = rust_files();
    for folder in ["crates", "tests", "benches", "scripts", "packaging"] {
        for ending in OTHER_SOURCES {
            files.extend(files_below(&root().join(folder), ending));
        }
    }
    for script in ["Makefile", ".ci/run", "tests/browser/run", "tests/qgis/run", "tests/tiles/run"]
    {
        files.push(root().join(script));
    }
    files
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn check_none(what: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{what}:\n  {}", offences.join("\n  "));
}

/// Names of the crates that what a manifest makes is built with, on any system.
fn dependencies(manifest: &Path) -> Vec<String> {
    let text = fs::read_to_string(manifest).unwrap();
    let value: toml::Table = text.parse().unwrap();
    let targets = value.get("target").and_then(toml::Value::as_table);
    let systems = targets.into_iter().flat_map(|t| t.values()).filter_map(toml::Value::as_table);
    let mut names = Vec::new();
    for table in std::iter::once(&value).chain(systems) {
        for kind in ["dependencies", "build-dependencies"] {
            let listed = table.get(kind).and_then(toml::Value::as_table);
            names.extend(listed.into_iter().flat_map(|listed| listed.keys().cloned()));
        }
    }
    assert!(!names.is_empty(), "{} has no dependencies", manifest.display());
    names
}

#[test]
fn arrows_between_crates_point_down() {
    let floors: BTreeMap<_, _> = FLOORS.into_iter().collect();
    let mut offences = Vec::new();
    for manifest in files_below(&root().join("crates"), "toml") {
        let name = manifest.parent().and_then(Path::file_name).unwrap().to_string_lossy();
        if manifest.ends_with("Cargo.toml") && !floors.contains_key(&*name) {
            offences.push(format!("{name} has no floor"));
        }
    }
    for (name, floor) in FLOORS {
        let manifest = match name {
            "tuban" => root().join("Cargo.toml"),
            _ => root().join("crates").join(name).join("Cargo.toml"),
        };
        for dependency in dependencies(&manifest) {
            if floors.get(dependency.as_str()).is_some_and(|below| *below >= floor) {
                offences.push(format!("{name} depends on {dependency}"));
            }
            if name == "store"
                && matches!(dependency.as_str(), "tile" | "ledger" | "sheet" | "formats")
                || name == "formats" && matches!(dependency.as_str(), "ledger" | "sheet")
            {
                offences.push(format!("{name} must not know {dependency}"));
            }
            if floor < 4 && HTTP_CRATES.contains(&dependency.as_str()) {
                offences.push(format!("{name} speaks HTTP through {dependency}"));
            }
            if floor < 4 && name != "formats" && JSON_CRATES.contains(&dependency.as_str()) {
                offences.push(format!("{name} speaks JSON through {dependency}"));
            }
        }
    }
    check_none("arrows that point up or sideways", &offences);
}

#[test]
fn files_are_short_and_say_their_job() {
    let mut offences = Vec::new();
    for path in source_files() {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > MAX_LINES {
            offences.push(format!("{}: {lines} lines, at most {MAX_LINES}", shown(&path)));
        }
        if path.extension().is_some_and(|ending| ending == "rs") && !text.starts_with("//!") {
            offences.push(format!("{}: no //! header", shown(&path)));
        }
    }
    check_none("files too long or without a header", &offences);
}

/// Whether a name says only that things lie there: `helpers`, `string_utils`. A word that stands
/// for something in company (`base_url`) is none.
fn is_drawer(name: &str) -> bool {
    BANNED_NAMES.contains(&name)
        || name.split('_').any(|word| word != "base" && BANNED_NAMES.contains(&word))
}

#[test]
fn drawers_are_known_by_their_names() {
    for name in ["util", "string_utils", "helpers", "test_helper", "base", "cache_manager"] {
        assert!(is_drawer(name), "{name}");
    }
    for name in ["base_url", "utility_lines", "commons", "misconduct", "tile"] {
        assert!(!is_drawer(name), "{name}");
    }
}

#[test]
fn the_lowest_floors_touch_no_system() {
    let mut offences = Vec::new();
    for path in PURE
        .iter()
        .flat_map(|name| files_below(&root().join("crates").join(name).join("src"), "rs"))
    {
        let is_test = shown(&path).ends_with("_tests.rs");
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate().filter(|_| !is_test) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                offences.push(format!("{}:{}: {word}", shown(&path), number + 1));
            }
        }
    }
    check_none("files, sockets, clocks or threads where only values may be", &offences);
}

#[test]
fn names_are_the_fields_words() {
    let offences: Vec<String> = rust_files()
        .iter()
        .filter(|path| {
            let shown = shown(path);
            shown.split('/').any(|name| is_drawer(name.trim_end_matches(".rs")))
        })
        .map(|path| shown(path))
        .collect();
    check_none("drawers", &offences);
}

#[test]
fn code_speaks_of_itself_and_not_of_its_changes() {
    let mut offences = Vec::new();
    for path in source_files() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for phrase in BANNED_PHRASES {
                if line.contains(phrase) {
                    offences.push(format!("{}:{}: {phrase}", shown(&path), number + 1));
                }
            }
        }
    }
    check_none("banned phrases", &offences);
}

/// The paths that a document names in back quotes or links: words with a slash, or with a
/// known ending, and no blank.
fn named_paths(document: &str) -> Vec<String> {
    const ENDINGS: [&str; 9] =
        [".md", ".rs", ".toml", ".service", ".sh", ".csv", ".yml", ".py", ".mjs"];
    let quoted = document.split('`').skip(1).step_by(2);
    let linked = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    quoted
        .chain(linked)
        .filter(|word| {
            !word.contains(char::is_whitespace)
                && !word.contains(['{', '<', '*', ':', '$', '?', '='])
                && !word.starts_with(['/', '~', '#'])
                && (ENDINGS.iter().any(|ending| word.ends_with(ending))
                    || ["crates/", "tests/", "benches/", "data/", "packaging/", "scripts/"]
                        .iter()
                        .any(|folder| word.starts_with(folder)))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn paths_in_documents_exist() {
    let mut offences = Vec::new();
    for document in [
        "README.md",
        "README.zh.md",
        "crates/README.md",
        "benches/README.md",
        "data/README.md",
        "CHANGELOG.md",
    ] {
        let path = root().join(document);
        let Ok(text) = fs::read_to_string(&path) else {
            offences.push(format!("{document} itself"));
            continue;
        };
        for named in named_paths(&text) {
            let beside = path.parent().unwrap().join(&named);
            let generated = ["tuban.toml", "city.gpkg.targets.toml"].contains(&named.as_str());
            if !generated && !root().join(&named).exists() && !beside.exists() {
                offences.push(format!("{document} names {named}"));
            }
        }
    }
    check_none("paths that do not exist", &offences);
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    let mut offences = Vec::new();
    for manifest in files_below(&root().join("crates"), "toml") {
        let text = fs::read_to_string(&manifest).unwrap();
        if manifest.ends_with("Cargo.toml") && !text.contains("[lints]\nworkspace = true") {
            offences.push(shown(&manifest));
        }
    }
    check_none("manifests without the workspace lints", &offences);
}
