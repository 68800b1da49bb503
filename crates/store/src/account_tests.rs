//! What every store promises of accounts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::{Revision, Timestamp};

use crate::accounts::{
    ADMINISTRATOR, AUDITOR, AccountChange, AccountFault, AccountName, AccountStore, Day,
    MAX_PER_ACCOUNT, SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR, Scope, TokenId,
};
use crate::{Existing, FeatureStore, GeoPackageStore, MemoryStore, StoreError};

fn name(text: &str) -> AccountName {
    AccountName::try_from(text).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn add(text: &str) -> AccountChange {
    AccountChange::Add {
        name: name(text),
        display_name: "张三".to_owned(),
        unit: Some("110115001".to_owned()),
        role: "town".to_owned(),
    }
}

fn issue(text: &str, hash: u8) -> AccountChange {
    let (account, label) = (name(text), "QGIS".to_owned());
    AccountChange::Issue { account, hash: [hash; 32], label, expires: Some(Timestamp(9_000)) }
}

fn scope(from: &str, to: Option<&str>) -> Scope {
    let (from, to) = (day(from), to.map(day));
    Scope { account: name("zhang"), area: "110115001001".to_owned(), from, to }
}

async fn made(
    store: &dyn AccountStore,
    at: i64,
    change: AccountChange,
) -> Result<Option<TokenId>, AccountFault> {
    match store.change_accounts(change, "local".to_owned(), Timestamp(at)).await {
        Ok(token) => Ok(token),
        Err(StoreError::Accounts(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

async fn said(store: &dyn AccountStore) -> Vec<String> {
    let log = store.account_log(None, 100).await.unwrap();
    log.into_iter()
        .map(|entry| format!("{} {}: {}", entry.seq, entry.account, entry.what))
        .collect()
}

async fn each(check: impl AsyncFn(&dyn FeatureStore)) {
    check(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    check(&GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap()).await;
}

#[tokio::test]
async fn accounts_are_kept_changed_and_logged_without_a_revision() {
    each(async |store| {
        let accounts = store.account_store().unwrap();
        assert!(accounts.accounts().await.unwrap().accounts.is_empty());
        assert_eq!(made(accounts, 1, add("zhang")).await, Ok(None));
        assert_eq!(made(accounts, 2, add("li")).await, Ok(None));
        let taken = Err(AccountFault::Taken { name: name("li") });
        assert_eq!(made(accounts, 3, add("li")).await, taken);
        let moved = AccountChange::Set {
            name: name("li"),
            display_name: None,
            unit: Some(String::new()),
            role: Some("district".to_owned()),
        };
        made(accounts, 4, moved.clone()).await.unwrap();
        made(accounts, 5, moved).await.unwrap();
        made(accounts, 6, AccountChange::Disable(name("zhang"))).await.unwrap();
        made(accounts, 7, AccountChange::Disable(name("zhang"))).await.unwrap();

        let all = accounts.accounts().await.unwrap();
        let [li, zhang] = all.accounts.as_slice() else { panic!("{all:?}") };
        assert_eq!((li.role.as_str(), &li.unit, li.created), ("district", &None, Timestamp(2)));
        assert_eq!(zhang.disabled, Some(Timestamp(6)), "since the first time");
        assert_eq!(zhang.display_name, "张三");
        made(accounts, 8, AccountChange::Enable(name("zhang"))).await.unwrap();
        assert_eq!(accounts.accounts().await.unwrap().accounts[1].disabled, None);

        let log = accounts.account_log(Some(name("zhang")), 2).await.unwrap();
        let told: Vec<_> = log.iter().map(|e| (e.seq, e.at, e.what.as_str())).collect();
        assert_eq!(told, [(5, Timestamp(8), "enabled"), (4, Timestamp(6), "disabled")]);
        assert!(log.iter().all(|entry| entry.by == "local"));
        assert_eq!(
            said(accounts).await[2..],
            [
                "3 li: set: role district, no unit",
                "2 li: added: role town, unit 110115001, called 张三",
                "1 zhang: added: role town, unit 110115001, called 张三"
            ]
        );
        assert_eq!(store.revision().await.unwrap(), Revision(0), "no revision was made");
    })
    .await;
}

#[tokio::test]
async fn tokens_have_numbers_end_and_are_revoked_for_good() {
    each(async |store| {
        let accounts = store.account_store().unwrap();
        let unknown = Err(AccountFault::Unknown { name: name("zhang") });
        assert_eq!(made(accounts, 1, issue("zhang", 1)).await, unknown);
        made(accounts, 1, add("zhang")).await.unwrap();
        assert_eq!(made(accounts, 2, issue("zhang", 1)).await, Ok(Some(TokenId(1))));
        assert_eq!(made(accounts, 3, issue("zhang", 1)).await, Err(AccountFault::SameToken));
        assert_eq!(made(accounts, 9_000, issue("zhang", 2)).await, Err(AccountFault::Expired));
        assert_eq!(made(accounts, 3, issue("zhang", 2)).await, Ok(Some(TokenId(2))));
        for at in [4, 5] {
            made(accounts, at, AccountChange::Revoke(TokenId(1))).await.unwrap();
        }
        let token = TokenId(3);
        let unknown = Err(AccountFault::UnknownToken { token });
        assert_eq!(made(accounts, 6, AccountChange::Revoke(token)).await, unknown);

        let tokens = accounts.accounts().await.unwrap().tokens;
        let seen: Vec<_> = tokens.iter().map(|t| (t.id.0, t.hash[31], t.revoked)).collect();
        assert_eq!(seen, [(1, 1, Some(Timestamp(4))), (2, 2, None)]);
        assert_eq!((tokens[0].created, tokens[0].expires), (Timestamp(2), Some(Timestamp(9_000))));
        assert!(!format!("{tokens:?}").contains("hash"), "a hash is not printed");
        let expected = [
            "4 zhang: token 1 revoked",
            "3 zhang: token 2: token issued until 1970-01-01T00:00:09Z, for QGIS",
        ];
        assert_eq!(said(accounts).await[..2], expected);
    })
    .await;
}

#[tokio::test]
async fn scopes_have_days_and_are_ended_not_removed() {
    each(async |store| {
        let accounts = store.account_store().unwrap();
        made(accounts, 1, add("zhang")).await.unwrap();
        let grant = |from, to| AccountChange::Grant(scope(from, to));
        let end = |area: &str, to| AccountChange::EndScope {
            account: name("zhang"),
            area: area.to_owned(),
            to: day(to),
        };
        made(accounts, 2, grant("2026-01-01", Some("2026-03-31"))).await.unwrap();
        made(accounts, 3, grant("2026-05-01", None)).await.unwrap();
        made(accounts, 4, grant("2026-05-01", None)).await.unwrap();
        let fault = made(accounts, 5, grant("2026-05-01", Some("2026-04-30"))).await;
        assert!(matches!(fault, Err(AccountFault::EndsBefore { .. })), "{fault:?}");
        made(accounts, 6, end("110115001001", "2026-06-30")).await.unwrap();
        let fault = made(accounts, 7, end("110115002", "2026-06-30")).await;
        assert!(matches!(fault, Err(AccountFault::UnknownScope { .. })), "{fault:?}");
        let scopes = accounts.accounts().await.unwrap().scopes;
        let expected =
            [scope("2026-01-01", Some("2026-03-31")), scope("2026-05-01", Some("2026-06-30"))];
        assert_eq!(scopes, expected);
        let expected = [
            "4 zhang: given 110115001001 until 2026-06-30",
            "3 zhang: given 110115001001 from 2026-05-01",
            "2 zhang: given 110115001001 from 2026-01-01 to 2026-03-31",
        ];
        assert_eq!(said(accounts).await[..3], expected);
    })
    .await;
}

#[tokio::test]
async fn texts_and_numbers_are_bounded() {
    each(async |store| {
        let accounts = store.account_store().unwrap();
        let with = |unit: &str, role: &str, display_name: &str| AccountChange::Add {
            name: name("a"),
            display_name: display_name.to_owned(),
            unit: Some(unit.to_owned()),
            role: role.to_owned(),
        };
        let long = "长".repeat(101);
        for change in [
            with("", "town", "a"),
            with("1 1", "town", "a"),
            with("11", "", "a"),
            with("11", "town", ""),
            with("11", "town", "a\nb"),
            with("11", "town", &long),
        ] {
            let fault = made(accounts, 1, change).await;
            assert!(matches!(fault, Err(AccountFault::Text { .. })), "{fault:?}");
        }
        assert!(said(accounts).await.is_empty(), "nothing was changed");
        made(accounts, 1, with("11", "town", "a")).await.unwrap();
        for number in 0..MAX_PER_ACCOUNT {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_le_bytes());
            let (account, label) = (name("a"), String::new());
            let issue = AccountChange::Issue { account, hash, label, expires: None };
            made(accounts, 1, issue).await.unwrap();
        }
        let fault = made(accounts, 1, issue("a", 255)).await;
        assert_eq!(fault, Err(AccountFault::TooMany { what: "tokens" }));
        made(accounts, 1, AccountChange::Revoke(TokenId(1))).await.unwrap();
        made(accounts, 1, issue("a", 255)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_store_made_before_there_were_accounts_gets_them_when_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    drop(GeoPackageStore::create(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    let tables = ["tuban_accounts", "tuban_scopes", "tuban_tokens", "tuban_account_log"];
    for table in tables {
        db.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        db.execute("DELETE FROM gpkg_extensions WHERE table_name = ?1", [table]).unwrap();
    }
    drop(db);
    let read_only = GeoPackageStore::open_read_only(&path).unwrap();
    let accounts = read_only.account_store().unwrap();
    assert!(accounts.accounts().await.unwrap().accounts.is_empty());
    assert!(accounts.account_log(None, 1).await.unwrap().is_empty());
    drop(read_only);
    let store = GeoPackageStore::open(&path).unwrap();
    made(store.account_store().unwrap(), 1, add("zhang")).await.unwrap();
    drop(store);
    let db = rusqlite::Connection::open(&path).unwrap();
    for table in tables {
        let sql = "SELECT count(*) FROM gpkg_extensions WHERE table_name = ?1";
        assert_eq!(db.query_row(sql, [table], |row| row.get::<_, i64>(0)).unwrap(), 1, "{table}");
    }
}

#[tokio::test]
async fn a_backup_keeps_accounts_and_a_check_finds_what_is_left_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let [path, copy] = ["a.gpkg", "b.gpkg"].map(|name| folder.path().join(name));
    let store = GeoPackageStore::create(&path).unwrap();
    let accounts = store.account_store().unwrap();
    made(accounts, 1, add("zhang")).await.unwrap();
    made(accounts, 2, issue("zhang", 1)).await.unwrap();
    made(accounts, 3, AccountChange::Grant(scope("2026-01-01", None))).await.unwrap();
    let go_on = |_, _| std::ops::ControlFlow::Continue(());
    store.back_up(&copy, Existing::Keep, go_on).await.unwrap();
    let kept = GeoPackageStore::open(&copy).unwrap();
    let of_copy = kept.account_store().unwrap();
    assert_eq!(of_copy.accounts().await.unwrap(), accounts.accounts().await.unwrap());
    assert_eq!(said(of_copy).await, said(accounts).await);
    drop((store, kept));

    for (damage, expected) in [
        ("SELECT 1", vec![]),
        ("DELETE FROM tuban_accounts", vec![("tuban_scopes", None), ("tuban_tokens", Some(1))]),
        ("UPDATE tuban_tokens SET hash = x'00'", vec![("tuban_accounts", None)]),
        ("UPDATE tuban_accounts SET name = 'local'", vec![("tuban_accounts", None)]),
        ("UPDATE tuban_scopes SET from_day = '2026-02-30'", vec![("tuban_accounts", None)]),
    ] {
        let damaged = folder.path().join("c.gpkg");
        std::fs::copy(&copy, &damaged).unwrap();
        rusqlite::Connection::open(&damaged).unwrap().execute_batch(damage).unwrap();
        let found = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let told = std::sync::Arc::clone(&found);
        let store = GeoPackageStore::open_read_only(&damaged).unwrap();
        store.verify(move |defect| told.lock().unwrap().push(defect)).await.unwrap();
        let found = found.lock().unwrap();
        let seen: Vec<_> = found.iter().map(|d| (d.table.as_str(), d.fid)).collect();
        assert_eq!(seen, expected, "{damage}: {found:?}");
        drop(store);
        std::fs::remove_file(&damaged).unwrap();
    }
}

#[tokio::test]
async fn nobody_becomes_another_of_the_three_administrators() {
    let folder = tempfile::tempdir().unwrap();
    let file = GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap();
    let memory = MemoryStore::new();
    for store in [&file as &dyn AccountStore, &memory] {
        let set = |who: &str, role: &str| AccountChange::Set {
            name: name(who),
            display_name: None,
            unit: None,
            role: Some(role.to_owned()),
        };
        for who in ["wu", "li", "zhao"] {
            made(store, 1, add(who)).await.unwrap();
        }
        // Where one does it all, others may, too.
        made(store, 2, set("wu", ADMINISTRATOR)).await.unwrap();
        made(store, 3, set("li", AUDITOR)).await.unwrap();
        made(store, 4, set("li", AUDITOR)).await.unwrap();
        for role in [SYSTEM_ADMINISTRATOR, SECURITY_ADMINISTRATOR, "town", ADMINISTRATOR] {
            let refused = made(store, 5, set("li", role)).await;
            let known =
                matches!(refused, Err(AccountFault::Separate { .. } | AccountFault::ThreeThere));
            assert!(known, "{role}: {refused:?}");
        }
        assert_eq!(made(store, 6, set("zhao", ADMINISTRATOR)).await, Err(AccountFault::ThreeThere));
        // The one that was there stays, and becomes one of the three.
        made(store, 7, set("wu", ADMINISTRATOR)).await.unwrap();
        made(store, 8, set("wu", SYSTEM_ADMINISTRATOR)).await.unwrap();
        made(store, 9, set("zhao", SECURITY_ADMINISTRATOR)).await.unwrap();
    }
}
