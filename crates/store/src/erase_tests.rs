//! Values that are erased are gone: from every state, and from the bytes of the file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use spatial::{ChangeOp, Collection, Commit, Feature, FieldClass, Revision, Timestamp, Value};

use crate::contract_tests::{commit, each, fid, id, load, parcel, parcels, scan};
use crate::past_tests::former_states;
use crate::{Erasure, FeatureStore, GeoPackageStore, LoadMode, Operation, StoreError};

/// Position of the text field that tests keep secrets in, and its name.
const SECRET: (usize, &str) = (4, "day");

pub(crate) async fn erase(
    store: &dyn FeatureStore,
    collection: &str,
    feature: i64,
    fields: &[&str],
) -> Result<Commit, StoreError> {
    let erasure = Erasure {
        collection: id(collection),
        id: fid(feature),
        fields: fields.iter().map(|name| (*name).to_owned()).collect(),
        actor: "reader".to_owned(),
        reason: "asked by the person".to_owned(),
        recorded_at: Timestamp(3_000),
    };
    store.erase(erasure).await
}

/// Parcels whose `day` is a text of class L3.
pub(crate) fn households() -> Collection {
    let mut collection = parcels("parcels");
    collection.fields[SECRET.0].field_type = spatial::FieldType::Text;
    collection.fields[SECRET.0].class = FieldClass::L3;
    collection
}

pub(crate) fn secret(key: &str, said: &str) -> Feature {
    let mut feature = parcel(key, f64::from(u32::from(key.as_bytes()[0])) * 20.0);
    feature.properties[SECRET.0] = Value::Text(said.to_owned());
    feature
}

pub(crate) fn day(feature: &Feature) -> &Value {
    &feature.properties[SECRET.0]
}

pub(crate) async fn replace(store: &dyn FeatureStore, feature: i64, with: Feature) {
    let op = ChangeOp::Replace(fid(feature), with);
    commit(store, None, vec![("parcels", op)]).await.unwrap();
}

#[tokio::test]
async fn erased_values_are_null_in_every_state_and_the_act_is_on_record() {
    each(async |store| {
        let rows = vec![secret("A", "first"), secret("B", "other")];
        load(store, households(), LoadMode::Create, rows).await.unwrap();
        replace(store, 1, secret("A", "second")).await;
        let done = erase(store, "parcels", 1, &["day"]).await.unwrap();
        assert_eq!(done.revision, Revision(3));

        let now = scan(store, "parcels").await;
        assert_eq!(*day(&now[0]), Value::Null);
        assert_eq!(*day(&now[1]), Value::Text("other".to_owned()));
        let past = store.history(&id("parcels"), fid(1)).await.unwrap();
        let states: Vec<_> =
            past.iter().map(|version| (version.until.0, day(&version.feature).clone())).collect();
        assert_eq!(states, [(2, Value::Null), (3, Value::Null)]);
        // The other field of such a class is as it was.
        assert!(past.iter().all(|v| v.feature.properties[6] == Value::Bytes(vec![0, 255, 7])));
        for revision in 1..=2 {
            let then = former_states(store, "parcels", revision).await;
            let of_one = then.iter().find(|(id, _)| *id == fid(1)).unwrap();
            assert_eq!(*day(of_one.1.as_ref().unwrap()), Value::Null, "revision {revision}");
        }
        let log = store.changes(Revision(2), 10).await.unwrap();
        assert_eq!(log.len(), 1);
        let said = (log[0].operation, log[0].actor.as_str(), log[0].reason.as_str());
        assert_eq!(said, (Operation::Erase, "reader", "asked by the person"));
        assert_eq!(store.erasures(&id("parcels"), fid(1)).await.unwrap(), log);

        // Again, and of everything; then of a feature that is gone.
        erase(store, "parcels", 1, &["day"]).await.unwrap();
        erase(store, "parcels", 1, &[]).await.unwrap();
        let past = store.history(&id("parcels"), fid(1)).await.unwrap();
        assert!(past.iter().all(|v| v.feature.properties[6] == Value::Null));
        commit(store, None, vec![("parcels", ChangeOp::Delete(fid(2)))]).await.unwrap();
        erase(store, "parcels", 2, &["day"]).await.unwrap();
        let past = store.history(&id("parcels"), fid(2)).await.unwrap();
        assert_eq!(past.iter().map(|v| day(&v.feature)).collect::<Vec<_>>(), [&Value::Null]);
        assert_eq!(store.erasures(&id("parcels"), fid(2)).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_erased_is_refused_and_leaves_no_trace() {
    each(async |store| {
        load(store, households(), LoadMode::Create, vec![secret("A", "x")]).await.unwrap();
        for field in ["ZDDM", "at", "nothing"] {
            let error = erase(store, "parcels", 1, &["day", field]).await.unwrap_err();
            assert!(
                matches!(&error, StoreError::NotErasable { field: f, .. } if f == field),
                "{error}"
            );
        }
        let error = erase(store, "parcels", 2, &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownFeature { .. }), "{error}");
        let error = erase(store, "lots", 1, &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownCollection { .. }), "{error}");
        assert_eq!(store.revision().await.unwrap(), Revision(1));
        assert_eq!(*day(&scan(store, "parcels").await[0]), Value::Text("x".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_change_made_out_before_an_erasure_does_not_bring_the_value_back() {
    each(async |store| {
        load(store, households(), LoadMode::Create, vec![secret("A", "x")]).await.unwrap();
        erase(store, "parcels", 1, &[]).await.unwrap();
        let set = spatial::ChangeSet {
            expect: None,
            actor: "local".to_owned(),
            reason: String::new(),
            recorded_at: Timestamp(4_000),
            changes: vec![spatial::Change {
                collection: id("parcels"),
                op: ChangeOp::Replace(fid(1), secret("A", "x")),
                unchanged_since: Some(Revision(1)),
            }],
        };
        let error = store.commit(set).await.unwrap_err();
        assert!(matches!(error, StoreError::FeatureChanged { .. }), "{error}");
    })
    .await;
}

/// How often `text` stands in the file, its log and what else lies beside it.
pub(crate) fn count(folder: &Path, text: &str) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = |bytes: &[u8]| bytes.windows(text.len()).filter(|w| *w == text.as_bytes()).count();
    files.map(|file| found(&std::fs::read(file).unwrap())).sum()
}

const WORDS: [&str; 4] = ["张三的秘密-loaded", "秘密-replaced", "秘密-upserted", "秘密-deleted"];

#[tokio::test]
async fn no_byte_of_an_erased_value_stays_in_file_or_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let store = GeoPackageStore::create(&path).unwrap();
    // Values come while the class is low yet, so that history holds them in the clear at first.
    let mut open = households();
    open.fields[SECRET.0].class = FieldClass::L1;
    // Enough rows that pages split and cells move.
    let mut rows = vec![secret("A", WORDS[0])];
    rows.extend((0..3_000).map(|n| {
        let mut row = secret("B", "somebody else");
        row.properties[0] = Value::Text(format!("B{n}"));
        row
    }));
    load(&store, open.clone(), LoadMode::Create, rows).await.unwrap();
    replace(&store, 1, secret("A", WORDS[1])).await;
    load(&store, open.clone(), LoadMode::Upsert, vec![secret("A", WORDS[2])]).await.unwrap();
    assert!(WORDS[..3].iter().all(|word| count(folder.path(), word) > 0));
    store.describe(&households()).await.unwrap();
    replace(&store, 1, secret("A", WORDS[3])).await;
    commit(&store, None, vec![("parcels", ChangeOp::Delete(fid(1)))]).await.unwrap();
    let past = store.history(&id("parcels"), fid(1)).await.unwrap();
    let said: Vec<_> = past.iter().map(|version| day(&version.feature).clone()).collect();
    assert_eq!(said, WORDS.map(|word| Value::Text(word.to_owned())));

    erase(&store, "parcels", 1, &[]).await.unwrap();
    for word in WORDS {
        assert_eq!(count(folder.path(), word), 0, "{word}");
    }
    assert!(count(folder.path(), "somebody else") >= 3_000);
    drop(store);
    for word in WORDS {
        assert_eq!(count(folder.path(), word), 0, "{word}");
    }
    let store = GeoPackageStore::open(&path).unwrap();
    let past = store.history(&id("parcels"), fid(1)).await.unwrap();
    assert!(past.len() == 4 && past.iter().all(|v| *day(&v.feature) == Value::Null));
}

#[tokio::test]
async fn without_the_key_file_only_what_is_sealed_is_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let key = folder.path().join("s.gpkg.key");
    let store = GeoPackageStore::create(&path).unwrap();
    load(&store, parcels("plain"), LoadMode::Create, vec![]).await.unwrap();
    assert!(!key.exists());
    load(&store, households(), LoadMode::Create, vec![secret("A", "secret-one")]).await.unwrap();
    replace(&store, 1, secret("A", "secret-two")).await;
    assert_eq!(std::fs::metadata(&key).unwrap().len(), 32);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(store);
    assert_eq!(count(folder.path(), "secret-one"), 0, "the past is sealed");

    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&key, &elsewhere).unwrap();
    let store = GeoPackageStore::open(&path).unwrap();
    let is_key = |error: StoreError| {
        assert!(matches!(error, StoreError::Key { .. }), "{error}");
        assert!(error.to_string().contains("s.gpkg.key") && error.to_string().contains("key_file"));
    };
    is_key(store.history(&id("parcels"), fid(1)).await.unwrap_err());
    let op = ChangeOp::Replace(fid(1), secret("A", "three"));
    is_key(commit(&store, None, vec![("parcels", op)]).await.unwrap_err());
    assert_eq!(scan(&store, "parcels").await.len(), 1);
    std::fs::write(&key, [7; 32]).unwrap();
    is_key(store.history(&id("parcels"), fid(1)).await.unwrap_err());
    std::fs::remove_file(&key).unwrap();

    store.set_key_file(elsewhere.clone());
    let past = store.history(&id("parcels"), fid(1)).await.unwrap();
    assert_eq!(*day(&past[0].feature), Value::Text("secret-one".to_owned()));
    store.rename(&id("parcels"), &id("lots")).await.unwrap();
    assert_eq!(store.history(&id("lots"), fid(1)).await.unwrap(), past);

    // Lost for good: erasing needs no key, and afterwards there is a new one.
    store.set_key_file(key.clone());
    erase(&store, "lots", 1, &[]).await.unwrap();
    store.rename(&id("lots"), &id("parcels2")).await.unwrap();
    let op = ChangeOp::Replace(fid(1), secret("A", "four"));
    commit(&store, None, vec![("parcels2", op)]).await.unwrap();
    let op = ChangeOp::Delete(fid(1));
    commit(&store, None, vec![("parcels2", op)]).await.unwrap();
    assert!(key.exists());
    let past = store.history(&id("parcels2"), fid(1)).await.unwrap();
    assert_eq!(*day(&past.last().unwrap().feature), Value::Text("four".to_owned()));
}
