//! Bytes of evidence are there whole or not at all, stay what they were, and are missed when lost.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spatial::{ChangeOp, Collection, Feature, Field, FieldClass, FieldType, Value};

use crate::contract_tests::{commit, load, parcels};
use crate::evidence::{Digests, EvidenceFault};
use crate::verify_tests::defects;
use crate::{EvidenceFolder, Existing, FeatureStore, GeoPackageStore, LoadMode};

fn pieces() -> Collection {
    let field = |name: &str, field_type| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    let fields = vec![field("sha256", FieldType::Text), field("bytes", FieldType::Int)];
    Collection { fields, key: None, ..parcels("evidence") }
}

fn row(sha256: &str, bytes: usize) -> Feature {
    let properties = vec![Value::Text(sha256.to_owned()), Value::Int(bytes as i64)];
    Feature { id: None, geometry: None, properties }
}

/// A store with a row and a file for each of these contents.
async fn store_of(path: &Path, contents: &[&[u8]]) -> GeoPackageStore {
    let store = GeoPackageStore::create(path).unwrap();
    load(&store, pieces(), LoadMode::Create, Vec::new()).await.unwrap();
    for content in contents {
        let sha256 = put(&store, content).await;
        let change = vec![("evidence", ChangeOp::Insert(row(&sha256, content.len())))];
        commit(&store, None, change).await.unwrap();
    }
    store
}

async fn put(store: &GeoPackageStore, content: &[u8]) -> String {
    let sha256 = Digests::of(content).sha256;
    let folder = store.evidence_folder().unwrap();
    folder.put(sha256.clone(), Arc::new(content.to_vec())).await.unwrap();
    sha256
}

fn file_of(store: &Path, content: &[u8]) -> PathBuf {
    let sha256 = Digests::of(content).sha256;
    EvidenceFolder::beside(store).root().join(&sha256[..2]).join(&sha256[2..])
}

/// Reasons of the defects of a store.
async fn reasons(path: &Path) -> Vec<String> {
    let found = defects(path).await;
    assert!(found.iter().all(|defect| defect.table == "evidence"), "{found:?}");
    found.into_iter().map(|defect| defect.reason).collect()
}

#[test]
fn hashes_are_those_of_the_standards() {
    // FIPS 180-4 and GB/T 32905-2016, appendix A.1.
    let abc = Digests::of(b"abc");
    assert_eq!(abc.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(abc.sm3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
}

#[tokio::test]
async fn bytes_come_back_as_they_were_and_are_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = store_of(&path, &[b"one", b""]).await;
    let file = file_of(&path, b"one");
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let sha256 = put(&store, b"one").await;
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "written over");
    let kept = store.evidence_folder().unwrap();
    assert_eq!(kept.read(sha256.clone()).await.unwrap(), b"one");
    assert_eq!(reasons(&path).await, Vec::<String>::new());
    fs::write(&file, b"two").unwrap();
    assert!(matches!(kept.read(sha256.clone()).await, Err(EvidenceFault::Damaged { .. })));
    // Sent again, damaged bytes are what they were.
    put(&store, b"one").await;
    assert_eq!(kept.read(sha256.clone()).await.unwrap(), b"one");
    fs::remove_file(&file).unwrap();
    assert!(matches!(kept.read(sha256).await, Err(EvidenceFault::Lost { .. })));
    for strange in ["", "../../etc/passwd", "AB"] {
        assert!(matches!(kept.read(strange.to_owned()).await, Err(EvidenceFault::Lost { .. })));
    }
}

#[tokio::test]
async fn a_check_names_what_is_lost_damaged_unlisted_and_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = store_of(&path, &[b"lost", b"damaged", b"whole"]).await;
    put(&store, b"no row").await;
    fs::remove_file(file_of(&path, b"lost")).unwrap();
    fs::write(file_of(&path, b"damaged"), b"damagee").unwrap();
    let half = file_of(&path, b"whole").with_file_name(".x.part");
    fs::write(&half, b"who").unwrap();
    let found = reasons(&path).await;
    for part in ["is lost", "is damaged", "no row names", "half-written"] {
        assert_eq!(found.iter().filter(|reason| reason.contains(part)).count(), 1, "{found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
    drop(store);
    let store = GeoPackageStore::open(&path).unwrap();
    assert!(!half.exists(), "what was cut off is removed");
    // With its row nothing is wrong with the file.
    let sha256 = put(&store, b"no row").await;
    commit(&store, None, vec![("evidence", ChangeOp::Insert(row(&sha256, 6)))]).await.unwrap();
    assert_eq!(reasons(&path).await.len(), 2);
}

#[tokio::test]
async fn photos_name_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = store_of(&path, &[b"piece"]).await;
    let hash = Field { name: "hash".to_owned(), ..pieces().fields[0].clone() };
    let photos = Collection { fields: vec![hash], key: None, ..parcels("photos") };
    load(&store, photos, LoadMode::Create, Vec::new()).await.unwrap();
    // Two photos may have the same bytes, which a piece has as well.
    for content in [&b"piece"[..], b"photo", b"photo", b"lost"] {
        let properties = vec![Value::Text(put(&store, content).await)];
        let row = Feature { id: None, geometry: None, properties };
        commit(&store, None, vec![("photos", ChangeOp::Insert(row))]).await.unwrap();
    }
    assert_eq!(reasons(&path).await, Vec::<String>::new());
    fs::remove_file(file_of(&path, b"lost")).unwrap();
    let found = defects(&path).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].table.as_str(), found[0].fid), ("photos", Some(4)));
    assert!(found[0].reason.contains("is lost"), "{found:?}");
}

#[tokio::test]
async fn a_backup_has_the_bytes_too_and_none_that_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("a.gpkg"), folder.path().join("b.gpkg"));
    let store = store_of(&path, &[b"one", b"two"]).await;
    let back_up = async |existing| {
        store.back_up(&out, existing, |_, _| ControlFlow::Continue(())).await.unwrap().evidence
    };
    let first = back_up(Existing::Keep).await;
    assert_eq!((first.files, first.bytes, first.damaged), (2, 6, 0));
    assert_eq!(reasons(&out).await, Vec::<String>::new());
    assert_eq!(fs::read(file_of(&out, b"two")).unwrap(), b"two");
    // Damage does not reach the copy that is there.
    fs::write(file_of(&path, b"two"), b"tow").unwrap();
    let second = back_up(Existing::Replace).await;
    assert_eq!((second.files, second.damaged), (1, 1));
    assert_eq!(reasons(&out).await, Vec::<String>::new());
}
