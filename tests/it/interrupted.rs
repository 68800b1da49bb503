//! An import that is stopped or killed half-way: the store is as it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use spatial::{CrsRegistry, Timestamp};
use store::{FeatureStore, GeoPackageStore, LoadMode};
use tuban::import::{ImportOptions, Target, Watch, import_file};

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
fn a_stop_takes_back_the_layers_that_a_file_has_brought_before() {
    let folder = folder_with_a_long_file("30000");
    let path = |name: &str| folder.path().join(name);
    for (store, file) in [("layers", "before.geojson"), ("layers", "long.fgb"), ("s", "long.fgb")] {
        let own = ["import", &format!("{store}.gpkg"), file];
        let renamed = if store == "s" { &["--collection", "own"][..] } else { &[] };
        assert_eq!(run(folder.path(), &[&own, renamed].concat()).code, 0);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(GeoPackageStore::open(&path("s.gpkg")).unwrap());
        let before = store.collections().await.unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let (watched, wish) = (Arc::clone(&store), Arc::clone(&stopped));
        // Once the first layer is in, long before the second can be.
        tokio::spawn(async move {
            while watched.collections().await.unwrap().len() < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            wish.store(true, Ordering::Relaxed);
        });
        let options = ImportOptions {
            collection: None,
            crs: None,
            assume_cgcs2000: false,
            read: formats::ReadOptions::default(),
            mode: LoadMode::Create,
            key: None,
            keep: Vec::new(),
            assign: false,
            personal: None,
            reason: String::new(),
            recorded_at: Timestamp(0),
            ahead_minutes: 0,
            report: None,
        };
        let registry = Arc::new(CrsRegistry::new(BTreeMap::new()).unwrap());
        let (watch, mut outcomes) = (Watch::new(stopped), Vec::new());
        let (place, file) = (path("s.gpkg"), path("layers.gpkg"));
        let stopped = import_file(
            Target::Own(&*store),
            &place,
            &registry,
            &file,
            &options,
            &watch,
            &mut outcomes,
        )
        .await;
        let told = stopped.unwrap_err().to_string();
        assert_eq!(told, "stopped; the store is as it was before this file");
        assert!(outcomes.is_empty());
        assert_eq!(store.collections().await.unwrap(), before);
    });
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
