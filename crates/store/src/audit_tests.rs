//! What every store promises of its audit log, and what a check of it finds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rusqlite::Connection;
use spatial::{Day, Revision, Timestamp};

use crate::accounts::{AccountChange, AccountName};
use crate::audit::{
    AuditEntry, AuditFault, AuditHead, AuditQuery, AuditStore, AuditVerification, HeadKey,
    MAX_PAGE, MAX_TEXT, action,
};
use crate::contract_tests::{load, parcel, parcels};
use crate::{
    AccountStore, Existing, GeoPackageStore, LoadMode, MemoryStore, NewCollections, Restore,
    StoreError,
};

fn entry(at: i64, actor: &str, what: &str) -> AuditEntry {
    AuditEntry {
        role: Some("city".to_owned()),
        ip: Some("127.0.0.1".to_owned()),
        fields: vec!["QLRMC".to_owned(), "DH".to_owned()],
        count: Some(2),
        reason: "案号 1".to_owned(),
        ..AuditEntry::of(Timestamp(at), actor, what, "households/1")
    }
}

fn all() -> AuditQuery {
    AuditQuery { limit: MAX_PAGE, ..AuditQuery::default() }
}

fn pair() -> Ed25519KeyPair {
    let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap()
}

async fn signed(store: &dyn AuditStore, pair: &Ed25519KeyPair) -> AuditHead {
    let row = store.audit_newest().await.unwrap().unwrap();
    let key = HeadKey(pair.public_key().as_ref().try_into().unwrap());
    let signed_at = Timestamp(1_000_000);
    let mut head = AuditHead {
        day: Day::of(signed_at),
        seq: row.seq,
        hash: row.hash,
        signed_at,
        key,
        signature: Vec::new(),
    };
    head.signature = pair.sign(&head.message()).as_ref().to_vec();
    head
}

async fn check_log(store: &dyn AuditStore) {
    assert_eq!(store.audit_newest().await.unwrap(), None);
    for (at, actor, what) in [
        (10, "li.ming", action::REVEAL),
        (20, "zhang", action::EXPORT),
        (30, "li.ming", action::EXPORT),
    ] {
        let seq = store.audit(entry(at, actor, what)).await.unwrap();
        assert_eq!(seq, at as u64 / 10);
    }
    let rows = store.audit_rows(all()).await.unwrap();
    assert_eq!(rows[1].entry, entry(20, "zhang", action::EXPORT));
    assert_ne!(rows[0].hash, rows[2].hash);
    for (query, expected) in [
        (AuditQuery { after: 1, ..all() }, vec![2, 3]),
        (AuditQuery { limit: 1, ..all() }, vec![1]),
        (AuditQuery { after: u64::MAX, ..all() }, vec![]),
        (AuditQuery { actor: Some("li.ming".to_owned()), ..all() }, vec![1, 3]),
        (AuditQuery { action: Some(action::EXPORT.to_owned()), ..all() }, vec![2, 3]),
        (AuditQuery { from: Some(Timestamp(20)), until: Some(Timestamp(30)), ..all() }, vec![2]),
    ] {
        let found = store.audit_rows(query.clone()).await.unwrap();
        assert_eq!(found.iter().map(|row| row.seq).collect::<Vec<_>>(), expected, "{query:?}");
    }
    let long = AuditEntry { reason: "长".repeat(MAX_TEXT * 2), ..entry(40, "a", "b") };
    store.audit(long).await.unwrap();
    let newest = store.audit_newest().await.unwrap().unwrap();
    assert_eq!((newest.seq, newest.entry.reason.chars().count()), (4, MAX_TEXT));

    let pair = pair();
    let head = signed(store, &pair).await;
    store.add_audit_head(head.clone()).await.unwrap();
    let [elsewhere, unsigned] = [
        AuditHead { seq: 3, ..head.clone() },
        AuditHead { signed_at: Timestamp(0), ..head.clone() },
    ];
    for odd in [elsewhere, unsigned] {
        let refused = store.add_audit_head(odd).await;
        assert!(matches!(refused, Err(StoreError::AuditHead { .. })), "{refused:?}");
    }
    assert_eq!(store.audit_heads().await.unwrap(), [head]);
}

#[tokio::test]
async fn the_log_grows_and_answers_in_order() {
    check_log(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    check_log(&GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap()).await;
}

#[tokio::test]
async fn a_change_of_accounts_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap();
    let memory = MemoryStore::new();
    let stores: [(&dyn AccountStore, &dyn AuditStore); 2] = [(&file, &file), (&memory, &memory)];
    for (accounts, audit) in stores {
        let add = AccountChange::Add {
            name: AccountName::try_from("zhang").unwrap(),
            display_name: "甲".to_owned(),
            unit: None,
            role: "town".to_owned(),
        };
        accounts.change_accounts(add, "local (wu)".to_owned(), Timestamp(5)).await.unwrap();
        let row = audit.audit_newest().await.unwrap().unwrap();
        assert_eq!((row.entry.actor.as_str(), row.entry.object.as_str()), ("local (wu)", "zhang"));
        assert_eq!(row.entry.action, action::ACCOUNT);
        assert!(row.entry.reason.contains("role town"), "{}", row.entry.reason);
    }
}

/// A store with five rows, the third and fifth of which heads cover, and the key of the heads.
async fn kept(folder: &Path) -> (std::path::PathBuf, HeadKey) {
    let path = folder.join("a.gpkg");
    let store = GeoPackageStore::create(&path).unwrap();
    let pair = pair();
    let mut key = None;
    for at in 1..=5 {
        store.audit(entry(at, "li.ming", action::REVEAL)).await.unwrap();
        if at == 3 || at == 5 {
            let head = signed(&store, &pair).await;
            key = Some(head.key);
            store.add_audit_head(head).await.unwrap();
        }
    }
    (path, key.unwrap())
}

async fn verified(path: &Path, key: Option<HeadKey>) -> (AuditVerification, Vec<AuditFault>) {
    let store = GeoPackageStore::open_read_only(path).unwrap();
    let faults = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&faults);
    let done = store.verify_audit(key, move |fault| told.lock().unwrap().push(fault)).await;
    let faults = faults.lock().unwrap().clone();
    (done.unwrap(), faults)
}

/// Damages a store with `sql`, and looks for a fault at a row that says `words`.
async fn check_found(sql: &str, seq: Option<u64>, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = kept(folder.path()).await;
    let without_triggers = "DROP TRIGGER tuban_audit_stays; DROP TRIGGER tuban_audit_keeps;
                            DROP TRIGGER tuban_audit_heads_stay; DROP TRIGGER tuban_audit_heads_keep;";
    let db = Connection::open(&path).unwrap();
    db.execute_batch(&format!("{without_triggers}{sql}")).unwrap();
    drop(db);
    // Whoever opens the store for writing makes the triggers anew.
    drop(GeoPackageStore::open(&path).unwrap());
    let (_, faults) = verified(&path, None).await;
    let found = faults.first().unwrap_or_else(|| panic!("nothing was found after {sql}"));
    assert_eq!(found.seq, seq, "{sql}: {faults:?}");
    assert!(found.reason.contains(words), "{sql}: {faults:?}");
    let store = GeoPackageStore::open_read_only(&path).unwrap();
    assert!(store.verify(|_| {}).await.unwrap().defects > 0, "{sql}");
}

#[tokio::test]
async fn whatever_is_done_to_a_row_is_found() {
    let wrong = "its hash is not that";
    check_found("UPDATE tuban_audit SET reason = 'x' WHERE seq = 2", Some(2), wrong).await;
    check_found("UPDATE tuban_audit SET ip = NULL WHERE seq = 4", Some(4), wrong).await;
    check_found("UPDATE tuban_audit SET fields = 'QLRMC' WHERE seq = 1", Some(1), wrong).await;
    check_found("UPDATE tuban_audit SET hash = randomblob(32) WHERE seq = 3", Some(3), wrong).await;
    check_found("DELETE FROM tuban_audit WHERE seq = 2", Some(2), "row 2 is missing").await;
    let tail = "DELETE FROM tuban_audit WHERE seq > 3";
    check_found(tail, Some(5), "covers this row, which is missing").await;
    let covering = "DELETE FROM tuban_audit WHERE seq > 3;
                    DELETE FROM tuban_audit_heads WHERE seq > 3;";
    check_found(covering, Some(4), "rows 4 to 5, the last ones, are missing").await;
    let unseen = "DELETE FROM tuban_audit WHERE seq > 3;
                  UPDATE sqlite_sequence SET seq = 3 WHERE name = 'tuban_audit';";
    check_found(unseen, Some(5), "covers this row").await;
    let head = "UPDATE tuban_audit_heads SET signature = randomblob(64) WHERE seq = 3";
    check_found(head, Some(3), "does not hold").await;
}

#[tokio::test]
async fn a_whole_log_is_sound_and_its_copy_too() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = kept(folder.path()).await;
    let copy = folder.path().join("b.gpkg");
    let store = GeoPackageStore::open(&path).unwrap();
    let go_on = |_, _| std::ops::ControlFlow::Continue(());
    store.back_up(&copy, Existing::Keep, go_on).await.unwrap();
    for path in [&path, &copy] {
        let (done, faults) = verified(path, Some(key)).await;
        assert_eq!(faults, []);
        assert_eq!((done.rows, done.heads, done.covered), (5, 2, 5));
        assert_eq!(done.keys, [key]);
    }
    let (_, faults) = verified(&path, Some(HeadKey([7; 32]))).await;
    assert!(faults[0].reason.contains("signed with another key"), "{faults:?}");
}

#[tokio::test]
async fn a_restore_takes_nothing_back_of_the_log_and_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = kept(folder.path()).await;
    let store = GeoPackageStore::open(&path).unwrap();
    let some = vec![parcel("P1", 0.0)];
    load(&store, parcels("parcels"), LoadMode::Create, some).await.unwrap();
    let restore = Restore {
        to: Revision(0),
        new_collections: NewCollections::Empty,
        actor: "local".to_owned(),
        reason: "wrong file".to_owned(),
        recorded_at: Timestamp(9_000),
    };
    store.restore(restore).await.unwrap();
    let said = store.audit_newest().await.unwrap().unwrap();
    assert_eq!((said.seq, said.entry.action.as_str()), (6, action::RESTORE));
    assert_eq!((said.entry.object.as_str(), said.entry.count), ("revision 0", Some(1)));
    drop(store);
    let (done, faults) = verified(&path, Some(key)).await;
    assert_eq!((done.rows, faults), (6, vec![]));
}

#[tokio::test]
async fn the_file_refuses_changes_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = kept(folder.path()).await;
    let db = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE tuban_audit SET reason = ''",
        "DELETE FROM tuban_audit",
        "DELETE FROM tuban_audit_heads",
        "UPDATE tuban_audit_heads SET seq = 1",
    ] {
        let refused = db.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("only"), "{sql}: {refused}");
    }
}
