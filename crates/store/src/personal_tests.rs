//! What every store promises of personal values, and that the file holds none in the clear.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use spatial::{ChangeOp, Collection, FieldClass, Timestamp, Value};

use crate::audit::action;
use crate::contract_tests::{commit, each, fid, id, load, parcel, parcels};
use crate::erase_tests::erase;
use crate::personal::{MAX_VALUE_BYTES, PersonalLoad, PersonalRow, PersonalStore, PersonalSummary};
use crate::{GeoPackageStore, LoadMode, StoreError};

const NAME: &str = "欧阳试验";
const PHONE: &str = "13800005678";
const IDENTITY: &str = "11010119900307001X";

/// Parcels that no key tells apart.
fn keyless() -> Collection {
    Collection { key: None, ..parcels("parcels") }
}

fn row(key: &str, values: [Option<&str>; 3]) -> PersonalRow {
    PersonalRow {
        key: Value::Text(key.to_owned()),
        values: values.map(|value| value.map(str::to_owned)).to_vec(),
    }
}

async fn put(
    store: &dyn PersonalStore,
    rows: Vec<PersonalRow>,
    total: Option<u64>,
) -> Result<PersonalSummary, StoreError> {
    let fields = [("QLRMC", FieldClass::L3), ("DH", FieldClass::L3), ("ZJH", FieldClass::L4)];
    let load = PersonalLoad {
        collection: id("parcels"),
        fields: fields.map(|(name, class)| (name.to_owned(), class)).to_vec(),
        rows,
        actor: "local".to_owned(),
        reason: "survey of 2026".to_owned(),
        at: Timestamp(4_000),
        total,
    };
    store.put_personal(load).await
}

async fn values(
    store: &dyn PersonalStore,
    collection: &str,
    feature: i64,
) -> Vec<(String, String)> {
    let found = store.personal(&id(collection), fid(feature)).await.unwrap();
    found.into_iter().map(|value| (value.field, value.value)).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn values_are_kept_by_key_once_and_erased_for_good() {
    each(async |store| {
        let personal = store.personal_store().unwrap();
        let audit = store.audit_store().unwrap();
        let some = vec![parcel("P1", 0.0), parcel("P2", 20.0)];
        load(store, parcels("parcels"), LoadMode::Create, some).await.unwrap();
        let revision = store.revision().await.unwrap();
        let all = || {
            vec![
                row("P1", [Some(NAME), Some(PHONE), Some(IDENTITY)]),
                row("P2", [Some("李试"), None, None]),
                row("P9", [Some("王试"), None, None]),
            ]
        };
        for _ in 0..2 {
            let done = put(personal, all(), Some(4)).await.unwrap();
            assert_eq!(done, PersonalSummary { values: 4, unplaced: 1 });
        }
        assert_eq!(
            values(personal, "parcels", 1).await,
            pairs(&[("DH", PHONE), ("QLRMC", NAME), ("ZJH", IDENTITY)])
        );
        assert_eq!(store.revision().await.unwrap(), revision, "it is no change of features");
        let said = audit.audit_newest().await.unwrap().unwrap().entry;
        assert_eq!((said.action.as_str(), said.count), (action::PERSONAL, Some(4)));
        assert_eq!(said.fields, ["QLRMC", "DH", "ZJH"]);

        // What a newer file leaves empty goes.
        put(personal, vec![row("P2", [None, Some(PHONE), None])], None).await.unwrap();
        assert_eq!(values(personal, "parcels", 2).await, pairs(&[("DH", PHONE)]));

        store.rename(&id("parcels"), &id("lots")).await.unwrap();
        assert_eq!(values(personal, "lots", 1).await.len(), 3);
        assert_eq!(values(personal, "parcels", 1).await, []);

        let refused = erase(store, "lots", 1, &["nothing"]).await;
        assert!(matches!(refused, Err(StoreError::NotErasable { .. })), "{refused:?}");
        erase(store, "lots", 1, &["ZJH"]).await.unwrap();
        assert_eq!(values(personal, "lots", 1).await, pairs(&[("DH", PHONE), ("QLRMC", NAME)]));
        let said = audit.audit_newest().await.unwrap().unwrap().entry;
        assert_eq!((said.action.as_str(), said.object.as_str()), (action::ERASE, "lots/1"));
        assert_eq!(
            (said.fields.as_slice(), said.actor.as_str()),
            (&["ZJH".to_owned()][..], "reader")
        );
        erase(store, "lots", 1, &[]).await.unwrap();
        assert_eq!(values(personal, "lots", 1).await, []);
        assert_eq!(values(personal, "lots", 2).await, pairs(&[("DH", PHONE)]));

        // A feature that is gone keeps nothing that cannot be erased.
        commit(store, None, vec![("lots", ChangeOp::Delete(fid(2)))]).await.unwrap();
        erase(store, "lots", 2, &["DH"]).await.unwrap();
        assert_eq!(values(personal, "lots", 2).await, []);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_without_the_value() {
    each(async |store| {
        let personal = store.personal_store().unwrap();
        load(store, keyless(), LoadMode::Create, vec![parcel("P1", 0.0)]).await.unwrap();
        let refused = put(personal, vec![row("P1", [Some(NAME), None, None])], None).await;
        assert!(matches!(refused, Err(StoreError::Schema { .. })), "{refused:?}");
        let long = "长".repeat(MAX_VALUE_BYTES);
        let refused = put(personal, vec![row("P1", [Some(&long), None, None])], None).await;
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("4096") && !said.contains('长'), "{said}");
    })
    .await;
}

fn all_bytes(folder: &Path) -> Vec<u8> {
    let listed = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    listed.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect()
}

#[tokio::test]
async fn no_byte_of_the_file_tells_a_value_and_another_key_opens_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("parcels"), LoadMode::Create, vec![parcel("P1", 0.0)]).await.unwrap();
    let rows = || vec![row("P1", [Some(NAME), Some(PHONE), Some(IDENTITY)])];
    put(&store, rows(), Some(3)).await.unwrap();
    let held = all_bytes(folder.path());
    for secret in [NAME, PHONE, IDENTITY] {
        let found = held.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} lies in the clear");
    }
    assert_eq!(store.verify(|_| {}).await.unwrap().defects, 0);
    drop(store);

    let key = folder.path().join("a.gpkg.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, [7; 32]).unwrap();
    let store = GeoPackageStore::open(&path).unwrap();
    let refused = store.personal(&id("parcels"), fid(1)).await.unwrap_err().to_string();
    assert!(refused.contains("holds another key"), "{refused}");
    let refused = put(&store, rows(), None).await.unwrap_err().to_string();
    assert!(refused.contains("holds another key"), "{refused}");
    drop(store);
    std::fs::remove_file(&key).unwrap();
    let store = GeoPackageStore::open(&path).unwrap();
    let refused = store.personal(&id("parcels"), fid(1)).await.unwrap_err().to_string();
    assert!(refused.contains("is missing"), "{refused}");
    drop(store);
    std::fs::write(&key, right).unwrap();
    let store = GeoPackageStore::open(&path).unwrap();
    assert_eq!(values(&store, "parcels", 1).await.len(), 3);

    // A value that is moved to another feature does not open.
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("UPDATE tuban_personal SET field = 'XM' WHERE field = 'QLRMC'").unwrap();
    let refused = store.personal(&id("parcels"), fid(1)).await.unwrap_err().to_string();
    assert!(refused.contains("does not open it") && !refused.contains(NAME), "{refused}");
    db.execute_batch("DELETE FROM tuban_personal_keys").unwrap();
    assert_eq!(store.verify(|_| {}).await.unwrap().defects, 1);
}
