//! An import that is stopped or killed half-way: the store is as it was.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::running::{Answer, run, tuban};

const BEFORE: &str = r#"{"type":"Feature","properties":{"name":"before"},"geometry":{"type":"Point","coordinates":[116.4,39.6]}}"#;

/// A folder with a file that takes a while to import.
fn folder_with_a_long_file(parcels: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("before.geojson"), BEFORE).unwrap();
    let made =
        run(folder.path(), &["synth", "long.fgb", "--layer", "parcels", "--parcels", parcels]);
    assert_eq!(made.code, 0, "{}", made.err);
    folder
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    tuban()
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the store holds: each collection with its number of features, and the revision.
fn state(folder: &Path) -> String {
    let Answer { code, out, err } = run(folder, &["inspect", "s.gpkg"]);
    assert_eq!(code, 0, "{err}");
    out
}

/// Sends SIGINT as soon as the store is open; the answer of the import.
fn interrupted(folder: &Path, arguments: &[&str]) -> Answer {
    // There as long as the writer has the store open, which is after it listens for the signal;
    // a reader may have left an empty one.
    let open = folder.join("s.gpkg-wal");
    let _ = std::fs::remove_file(&open);
    let mut child = start(folder, arguments);
    while !open.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn ctrl_c_leaves_the_store_as_it_was_and_says_so() {
    let folder = folder_with_a_long_file("30000");
    let folder = folder.path();
    let stopped = interrupted(folder, &["import", "s.gpkg", "long.fgb"]);
    assert_eq!(stopped.code, 1, "{}", stopped.err);
    assert!(stopped.err.contains("the store is as it was"), "{}", stopped.err);
    assert!(!folder.join("s.gpkg").exists(), "there was no store");

    assert_eq!(
        run(folder, &["import", "s.gpkg", "before.geojson", "--collection", "long"]).code,
        0
    );
    let before = state(folder);
    let replacing = ["import", "s.gpkg", "long.fgb", "before.geojson", "--replace"];
    let stopped = interrupted(folder, &replacing);
    assert_eq!(stopped.code, 1, "{}", stopped.err);
    assert!(stopped.err.contains("the store is as it was"), "{}", stopped.err);
    assert_eq!(state(folder), before, "later files are not begun either");
}

#[test]
fn a_kill_at_any_moment_leaves_the_state_before_or_after() {
    let folder = folder_with_a_long_file("3000");
    let folder = folder.path();
    assert_eq!(
        run(folder, &["import", "s.gpkg", "before.geojson", "--collection", "long"]).code,
        0
    );
    for moment in 0..8 {
        let before = state(folder);
        let mut child = start(folder, &["import", "s.gpkg", "long.fgb", "--replace"]);
        std::thread::sleep(Duration::from_millis(60 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
        let after = state(folder);
        assert!(after == before || after.contains(" 3000 "), "{before}{after}");
    }
    // Nothing of the killed ones is in the way.
    let last = run(folder, &["import", "s.gpkg", "long.fgb", "--replace"]);
    assert_eq!(last.code, 0, "{}", last.err);
    assert!(state(folder).contains(" 3000 "));
}
