//! What a GeoPackage store promises beyond the contract: a valid file, one writer, clear refusals.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use spatial::{ChangeOp, Crs, Envelope, Feature, GeometryType, Revision, Timestamp};
use tokio::sync::mpsc;

use crate::contract_tests::{commit, fid, id, load, parcel, parcels, scan, with_id};
use crate::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode, StoreError};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    (folder, path)
}

/// Parcels in a grid of 100 columns, `from..to`.
fn many(from: i32, to: i32) -> Vec<Feature> {
    (from..to)
        .map(|n| {
            let mut feature = parcel(&format!("k{n}"), f64::from(n % 100) * 20.0);
            if n % 97 == 3 {
                feature.geometry = None;
            }
            feature
        })
        .collect()
}

/// Every R-tree is sound by SQLite's own check, holds one box a feature that has a place, and
/// finds each by it.
fn check_rtree(path: &Path, name: &str) {
    let db = Connection::open(path).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one(&format!("SELECT rtreecheck('rtree_{name}_geom')")), "ok");
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    let count = |sql: String| db.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let placed = count(format!("SELECT count(*) FROM {name} WHERE geom NOTNULL"));
    assert_eq!(count(format!("SELECT count(*) FROM rtree_{name}_geom")), placed);
    let hits = count(format!(
        "SELECT count(*) FROM {name} f JOIN rtree_{name}_geom r ON r.id = f.fid
         WHERE r.minx <= 500010 AND r.maxx >= 500000"
    ));
    assert!(hits > 0, "the index finds nothing");
}

#[tokio::test]
async fn the_rtree_is_sound_after_each_way_to_write() {
    for (first, then) in [(0, 5), (1, 5), (51, 10), (52, 2000), (6000, 20), (3000, 3000)] {
        let (_folder, path) = folder();
        let store = GeoPackageStore::create(&path).unwrap();
        let seed = many(100_000, 100_001);
        load(&store, parcels("p"), LoadMode::Create, many(0, first)).await.unwrap();
        load(&store, parcels("p"), LoadMode::Append, seed).await.unwrap();
        check_rtree(&path, "p");
        load(&store, parcels("p"), LoadMode::Append, many(first, first + then)).await.unwrap();
        check_rtree(&path, "p");
        let again = many(first / 2, first + then + 7);
        load(&store, parcels("p"), LoadMode::Upsert, again).await.unwrap();
        check_rtree(&path, "p");
        let changes = vec![
            ("p", ChangeOp::Insert(parcel("new", 3.0))),
            ("p", ChangeOp::Replace(fid(1), parcel("moved", 0.5))),
            ("p", ChangeOp::Delete(fid(2))),
        ];
        commit(&store, None, changes).await.unwrap();
        check_rtree(&path, "p");
        store.rename(&id("p"), &id("q")).await.unwrap();
        commit(&store, None, vec![("q", ChangeOp::Insert(parcel("other", 3.0)))]).await.unwrap();
        check_rtree(&path, "q");
    }
}

#[tokio::test]
async fn the_file_is_a_geopackage() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("地块"), LoadMode::Create, many(0, 300)).await.unwrap();
    let mut site = parcels("lots");
    site.crs = Crs::Site("北京地方坐标系".to_owned());
    site.geometry_type = GeometryType::Any;
    load(&store, site, LoadMode::Create, many(0, 3)).await.unwrap();
    store.set_style(&id("地块"), "tuban", "<qgis/>", "<sld/>").await.unwrap();
    commit(&store, None, vec![("地块", ChangeOp::Delete(fid(1)))]).await.unwrap();
    assert_eq!(store.collections().await.unwrap()[1].count, 299);

    let db = Connection::open(&path).unwrap();
    for (sql, expected) in [
        ("PRAGMA application_id", "1196444487"),
        ("PRAGMA user_version", "10400"),
        ("PRAGMA journal_mode", "wal"),
        ("SELECT srs_id FROM gpkg_contents WHERE table_name = '地块'", "4548"),
        ("SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'lots'", "-1"),
        ("SELECT title FROM gpkg_data_columns WHERE column_name = 'ZDMJ' LIMIT 1", "面积"),
        ("SELECT styleQML FROM layer_styles WHERE f_table_name = '地块'", "<qgis/>"),
        ("SELECT min_x FROM gpkg_contents WHERE table_name = '地块'", "500000.0"),
        ("SELECT count(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'", "2"),
        (
            "SELECT count(*) FROM gpkg_extensions e WHERE table_name NOTNULL AND NOT EXISTS
             (SELECT 1 FROM sqlite_schema s WHERE s.name = e.table_name)",
            "0",
        ),
        ("SELECT count(*) FROM pragma_foreign_key_check", "0"),
        ("SELECT count(*) FROM gpkg_spatial_ref_sys WHERE definition LIKE '%北京地方%'", "0"),
    ] {
        let found = db.query_row(sql, [], |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                rusqlite::types::ValueRef::Real(n) => format!("{n:?}"),
                other => other.as_str()?.to_owned(),
            })
        });
        assert_eq!(found.unwrap(), expected, "{sql}");
    }

    // GDAL reads it while the store is open.
    let Ok(info) = Command::new("ogrinfo").args(["-ro", "-so", "-al"]).arg(&path).output() else {
        eprintln_skip("ogrinfo is not installed: the file was not read by GDAL");
        return;
    };
    let text = String::from_utf8_lossy(&info.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&info.stderr).into_owned();
    assert!(info.status.success(), "{complaints}");
    // Before GDAL 3.7 each 1.4 file is said to be new, and read all the same.
    let complaints: Vec<_> =
        complaints.lines().filter(|line| !line.contains("may only be partially")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    for part in [
        "Layer name: 地块",
        "Feature Count: 299",
        "Geometry: Multi Polygon",
        "CGCS2000 / 3-degree Gauss-Kruger CM 117E",
        "FID Column = fid",
        "Extent: (500000.000000, 4400000.000000) - (501990.000000, 4400010.000000)",
        "built: Integer(Boolean)",
        "day: Date",
        "at: DateTime",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(!text.contains("tuban_"), "own tables are listed as layers:\n{text}");
}

#[allow(clippy::print_stderr, reason = "says what a test did not do")]
fn eprintln_skip(what: &str) {
    eprintln!("skipped: {what}");
}

#[tokio::test]
async fn a_field_called_fid_or_geom_is_kept() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    let mut collection = parcels("p");
    collection.fields[0].name = "FID".to_owned();
    collection.fields[1].name = "geom".to_owned();
    collection.key = None;
    load(&store, collection, LoadMode::Create, vec![parcel("a", 0.0)]).await.unwrap();
    assert_eq!(scan(&store, "p").await, [with_id(1, parcel("a", 0.0))]);
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_store_is_opened_again() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, many(0, 10)).await.unwrap();
    commit(&store, None, vec![("p", ChangeOp::Delete(fid(10)))]).await.unwrap();
    let (fingerprint, before) = (store.fingerprint().to_owned(), scan(&store, "p").await);
    drop(store);
    assert_eq!(fs::metadata(path.with_extension("gpkg-wal")).map_or(0, |f| f.len()), 0);
    let store = GeoPackageStore::open_or_create(&path).unwrap();
    assert_eq!(
        (store.fingerprint(), store.revision().await.unwrap()),
        (&*fingerprint, Revision(2))
    );
    assert_eq!(scan(&store, "p").await, before);
    let next = commit(&store, None, vec![("p", ChangeOp::Insert(parcel("z", 0.0)))]).await.unwrap();
    assert_eq!(next.changes[0].id, fid(11));
}

#[tokio::test]
async fn one_writes_and_others_read() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, many(0, 3)).await.unwrap();
    let error = GeoPackageStore::open(&path).unwrap_err();
    let me = format!("process {}", std::process::id());
    assert!(matches!(error, StoreError::Held { .. }) && error.to_string().contains(&me), "{error}");
    let reader = GeoPackageStore::open_read_only(&path).unwrap();
    assert_eq!(scan(&reader, "p").await.len(), 3);
    let change = vec![("p", ChangeOp::Delete(fid(1)))];
    let error = commit(&reader, None, change.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    commit(&store, None, change).await.unwrap();
    assert_eq!(scan(&reader, "p").await.len(), 2);
    drop(store);
    GeoPackageStore::open(&path).unwrap();
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let (folder, path) = folder();
    drop(GeoPackageStore::create(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    let foreign = |sql: &str| {
        let file = folder.path().join("foreign");
        let _ = fs::remove_file(&file);
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        fs::read(file).unwrap()
    };
    let newer =
        "CREATE TABLE tuban_meta (name, value); INSERT INTO tuban_meta VALUES ('format', 9);";
    let cases = [
        ("no SQLite file", Vec::new()),
        ("no SQLite file", b"PK\x03\x04 some zip archive".to_vec()),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("cut off", whole[..50].to_vec()),
        ("import it into a store", foreign("CREATE TABLE gpkg_contents (x);")),
        ("no GeoPackage", foreign("CREATE TABLE other (x);")),
        ("format 9", foreign(newer)),
    ];
    for (message, bytes) in cases {
        let path = folder.path().join("b.gpkg");
        fs::write(&path, &bytes).unwrap();
        for open in [GeoPackageStore::open, GeoPackageStore::open_read_only] {
            let error = open(&path).unwrap_err();
            assert!(error.to_string().contains(message), "{message}: {error}");
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let error = GeoPackageStore::create(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    let error = GeoPackageStore::open(&folder.path().join("nowhere.gpkg")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[tokio::test]
async fn commits_that_wait_together_stand_or_fall_alone() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, many(0, 1)).await.unwrap();
    let one = |n: usize| {
        let key = if n.is_multiple_of(3) { "k0".to_owned() } else { format!("new{n}") };
        commit(&store, None, vec![("p", ChangeOp::Insert(parcel(&key, 1.0)))])
    };
    let mut revisions = Vec::new();
    let (a, b, c, d, e, f) = tokio::join!(one(0), one(1), one(2), one(3), one(4), one(5));
    for (n, result) in (0_usize..).zip([a, b, c, d, e, f]) {
        match result {
            Ok(commit) => revisions.push(commit.revision.0),
            Err(error) => assert!(
                n.is_multiple_of(3) && matches!(error, StoreError::DuplicateKey { .. }),
                "{n}: {error}"
            ),
        }
    }
    revisions.sort_unstable();
    assert_eq!(revisions, [2, 3, 4, 5]);
    assert_eq!(store.revision().await.unwrap(), Revision(5));
    assert_eq!(scan(&store, "p").await.len(), 5);
}

#[tokio::test]
async fn a_full_disk_leaves_the_store_as_it_was() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, many(0, 100)).await.unwrap();
    let before = scan(&store, "p").await;
    // A bound on the pages of the file fails like a full disk.
    store.limit_pages(120).await;
    for mode in [LoadMode::Append, LoadMode::Replace] {
        let error = load(&store, parcels("p"), mode, many(100, 9000)).await.unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
    }
    assert_eq!(scan(&store, "p").await, before);
    assert_eq!(store.revision().await.unwrap(), Revision(1));
    commit(&store, None, vec![("p", ChangeOp::Delete(fid(2)))]).await.unwrap();
    check_rtree(&path, "p");
}

#[tokio::test]
async fn a_load_that_stops_in_the_middle_of_a_crash_never_happened() {
    let (folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, many(0, 100)).await.unwrap();
    let before = scan(&store, "p").await;
    let (sender, source) = mpsc::channel(1);
    let unfinished = Load {
        collection: parcels("p"),
        mode: LoadMode::Append,
        actor: String::new(),
        reason: String::new(),
        recorded_at: Timestamp(0),
    };
    let copy = folder.path().join("copy.gpkg");
    let (outcome, ()) = tokio::join!(store.load(unfinished, source), async {
        for part in many(100, 40_000).chunks(1000) {
            sender.send(LoadItem::Features(part.to_vec())).await.unwrap();
        }
        // What a crash now would leave behind: the file and its log as they lie on the disk.
        fs::copy(&path, &copy).unwrap();
        fs::copy(path.with_extension("gpkg-wal"), copy.with_extension("gpkg-wal")).unwrap();
        drop(sender);
    });
    outcome.unwrap_err();
    let store = GeoPackageStore::open(&copy).unwrap();
    assert_eq!(scan(&store, "p").await, before);
    let collection = store.collections().await.unwrap().remove(0);
    assert_eq!((collection.count, store.revision().await.unwrap()), (100, Revision(1)));
    assert_eq!(collection.extent, Envelope::new(500_000.0, 4_400_000.0, 501_990.0, 4_400_010.0));
}

#[tokio::test]
async fn a_scan_of_many_ranges_comes_in_order_and_ends_with_its_listener_or_a_broken_row() {
    let (_folder, path) = folder();
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("p"), LoadMode::Create, many(0, 40_000)).await.unwrap();
    let ids = scan(&store, "p").await.into_iter().map(|feature| feature.id.unwrap().value());
    assert!(ids.eq(1..=40_000), "every feature once, by rising id");

    let (sender, mut features) = mpsc::channel::<Vec<Feature>>(1);
    let name = id("p");
    let listen = async move {
        features.recv().await.unwrap();
    };
    let (done, ()) = tokio::join!(store.scan(&name, 100, sender), listen);
    done.unwrap();

    drop(store);
    let db = Connection::open(&path).unwrap();
    // Past the R-tree's triggers, which would refuse the geometry.
    let triggers: Vec<String> = db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'p'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        db.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
    }
    db.execute("UPDATE p SET geom = x'4750' WHERE fid = 39000", []).unwrap();
    drop(db);
    let store = GeoPackageStore::open(&path).unwrap();
    let (sender, mut features) = mpsc::channel::<Vec<Feature>>(1);
    let listen = async move {
        let mut seen = 0;
        while let Some(chunk) = features.recv().await {
            seen += chunk.len();
        }
        seen
    };
    let (done, seen) = tokio::join!(store.scan(&name, 100, sender), listen);
    done.unwrap_err();
    assert!(seen < 40_000);
}
