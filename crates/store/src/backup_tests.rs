//! A backup is one state of the store, whole or not at all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use spatial::{ChangeOp, Revision};

use crate::contract_tests::{commit, fid, load, parcel, parcels, scan, with_id};
use crate::verify_tests::defects;
use crate::{
    BackupSummary, EvidenceCopy, Existing, FeatureStore, GeoPackageStore, LoadMode, StoreError,
};

async fn back_up(
    store: &GeoPackageStore,
    out: &Path,
    existing: Existing,
) -> Result<BackupSummary, StoreError> {
    store.back_up(out, existing, |_, _| ControlFlow::Continue(())).await
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_holds_what_was_committed_last() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("a.gpkg"), folder.path().join("b.gpkg"));
    let store = GeoPackageStore::create(&path).unwrap();
    let rows = (0..2000).map(|n| parcel(&format!("k{n}"), f64::from(n))).collect();
    load(&store, parcels("p"), LoadMode::Create, rows).await.unwrap();
    // Still in the write-ahead log alone.
    commit(&store, None, vec![("p", ChangeOp::Replace(fid(7), parcel("seven", 0.0)))])
        .await
        .unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let progress = move |copied, total| {
        hearing.lock().unwrap().push((copied, total));
        ControlFlow::Continue(())
    };
    let done = store.back_up(&out, Existing::Keep, progress).await.unwrap();
    assert_eq!(
        done,
        BackupSummary {
            revision: Revision(2),
            bytes: fs::metadata(&out).unwrap().len(),
            evidence: EvidenceCopy::default()
        }
    );
    assert_eq!(heard.lock().unwrap().last(), Some(&(done.bytes, done.bytes)));
    let copy = GeoPackageStore::open(&out).unwrap();
    assert_eq!(copy.fingerprint(), store.fingerprint());
    assert_eq!(scan(&copy, "p").await, scan(&store, "p").await);
    assert_eq!(scan(&copy, "p").await[6], with_id(7, parcel("seven", 0.0)));
    assert_eq!(copy.changes(Revision(0), 10).await.unwrap().len(), 2);
    assert_eq!(defects(&out).await, []);
    // It is a store of its own, but for the key.
    let op = ChangeOp::Delete(fid(7));
    let error = commit(&copy, Some(2), vec![("p", op)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error}");
    copy.set_key_file(folder.path().join("a.gpkg.key"));
    commit(&copy, Some(2), vec![("p", ChangeOp::Delete(fid(7)))]).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), Revision(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writing_is_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap());
    let rows = (0..3000).map(|n| parcel(&format!("k{n}"), 0.0)).collect();
    load(&*store, parcels("p"), LoadMode::Create, rows).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, stopping) = (Arc::clone(&store), Arc::clone(&stop));
    // Each commit moves three features to the place that its number names.
    let writer = tokio::spawn(async move {
        let mut n = 0;
        while !stopping.load(Ordering::Relaxed) {
            n += 1;
            let moved = [1, 1500, 3000].map(|id| {
                let feature = parcel(&format!("k{}", id - 1), f64::from(n));
                ("p", ChangeOp::Replace(fid(id), feature))
            });
            commit(&*writing, None, moved.to_vec()).await.unwrap();
        }
        n
    });
    let mut revisions = Vec::new();
    for n in 0..5 {
        let out = folder.path().join(format!("b{n}.gpkg"));
        let done = back_up(&store, &out, Existing::Keep).await.unwrap();
        let copy = GeoPackageStore::open_read_only(&out).unwrap();
        assert_eq!(copy.revision().await.unwrap(), done.revision);
        let all = scan(&copy, "p").await;
        let expected = parcel("k0", (done.revision.0 - 1) as f64).geometry;
        for place in [0, 1499, 2999] {
            assert_eq!(all[place].geometry, expected, "{} of {done:?}", place + 1);
        }
        assert_eq!(defects(&out).await, []);
        revisions.push(done.revision);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 5);
    assert!(revisions.is_sorted() && revisions[0] < revisions[4], "{revisions:?}");
}

#[tokio::test]
async fn a_place_that_cannot_take_the_backup_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let store = GeoPackageStore::create(&at("a.gpkg")).unwrap();
    load(&store, parcels("p"), LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
    back_up(&store, &at("older.gpkg"), Existing::Keep).await.unwrap();
    back_up(&store, &at("held.gpkg"), Existing::Keep).await.unwrap();
    let held = GeoPackageStore::open(&at("held.gpkg")).unwrap();
    commit(&held, None, vec![("p", ChangeOp::Delete(fid(1)))]).await.unwrap();
    drop(GeoPackageStore::create(&at("other.gpkg")).unwrap());
    fs::hard_link(at("a.gpkg"), at("link.gpkg")).unwrap();
    std::os::unix::fs::symlink(at("a.gpkg"), at("symlink.gpkg")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("stale.gpkg-wal"), b"some log").unwrap();
    let before = names(folder.path());
    let (keep, replace) = (Existing::Keep, Existing::Replace);
    let cases = [
        ("older.gpkg", keep, "say --force"),
        ("a.gpkg", replace, "the store itself"),
        ("link.gpkg", replace, "the store itself"),
        ("symlink.gpkg", replace, "the store itself"),
        ("folder", replace, "it is a folder"),
        ("other.gpkg", replace, "another store"),
        ("held.gpkg", replace, "is the log of a store that is open"),
        ("stale.gpkg", keep, "is the log of a store"),
        ("nowhere/b.gpkg", keep, "nowhere/b.gpkg: No such file"),
        ("older.gpkg/b.gpkg", keep, "Not a directory"),
    ];
    for (name, existing, message) in cases {
        let error = back_up(&store, &at(name), existing).await.unwrap_err().to_string();
        assert!(error.contains(message) && error.contains(name), "{name}: {error}");
        assert_eq!(names(folder.path()), before, "{name}");
    }
    let stopped = store.back_up(&at("b.gpkg"), keep, |_, _| ControlFlow::Break(())).await;
    assert!(matches!(stopped, Err(StoreError::BackupStopped { .. })), "{stopped:?}");
    assert_eq!(names(folder.path()), before);

    commit(&store, None, vec![("p", ChangeOp::Insert(parcel("b", 1.0)))]).await.unwrap();
    let done = back_up(&store, &at("older.gpkg"), replace).await.unwrap();
    assert_eq!(done.revision, Revision(2));
    assert_eq!(defects(&at("older.gpkg")).await, []);
    drop(held);
    back_up(&store, &at("held.gpkg"), replace).await.unwrap();
    assert_eq!(scan(&GeoPackageStore::open(&at("held.gpkg")).unwrap(), "p").await.len(), 2);
}
