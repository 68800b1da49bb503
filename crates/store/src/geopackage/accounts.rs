//! Accounts, their scopes, tokens and log in tables of their own, which need no format number:
//! they are made when a store is opened for writing and has none.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use spatial::{InvalidDay, Timestamp};

use super::fences::beside;
use super::{GeoPackageStore, audit, in_one_state};
use crate::StoreError;
use crate::accounts::{
    Account, AccountChange, AccountEntry, AccountName, AccountStore, Accounts, Row, Scope, Token,
    TokenHash, TokenId,
};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS tuban_accounts (name TEXT NOT NULL PRIMARY KEY, display_name TEXT NOT NULL, unit TEXT, role TEXT NOT NULL, created INTEGER NOT NULL, disabled INTEGER);
CREATE TABLE IF NOT EXISTS tuban_scopes (account TEXT NOT NULL, area TEXT NOT NULL, from_day TEXT NOT NULL, to_day TEXT, PRIMARY KEY (account, area, from_day));
CREATE TABLE IF NOT EXISTS tuban_tokens (id INTEGER PRIMARY KEY NOT NULL, account TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, label TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER);
CREATE TABLE IF NOT EXISTS tuban_account_log (seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, account TEXT NOT NULL, what TEXT NOT NULL);
INSERT INTO gpkg_extensions SELECT name, NULL, 'tuban_record', 'Catalogue, change log and history of the Tuban store that this file is', 'read-write' FROM sqlite_schema WHERE type = 'table' AND name IN ('tuban_accounts', 'tuban_scopes', 'tuban_tokens', 'tuban_account_log') AND name NOT IN (SELECT table_name FROM gpkg_extensions WHERE table_name NOTNULL);
";
const COUNT: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN \
    ('tuban_accounts', 'tuban_scopes', 'tuban_tokens', 'tuban_account_log')";

/// Makes the tables where they are missing.
pub(crate) fn create_tables(db: &Connection) -> Result<(), StoreError> {
    let there: i64 = db.query_row(COUNT, [], |row| row.get(0))?;
    if there < 4 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))?;
    }
    Ok(())
}

fn has_tables(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'tuban_account_log'";
    Ok(db.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

#[async_trait]
impl AccountStore for GeoPackageStore {
    async fn accounts(&self) -> Result<Accounts, StoreError> {
        self.read(|db| in_one_state(db, read_all)).await
    }

    async fn change_accounts(
        &self,
        change: AccountChange,
        by: String,
        at: Timestamp,
    ) -> Result<Option<TokenId>, StoreError> {
        let make = move |db: &Connection, _| {
            let done = read_all(db)?.apply(&change, at)?;
            for row in &done.rows {
                write(db, row)?;
            }
            if !done.rows.is_empty() {
                let sql = "INSERT INTO tuban_account_log (at, actor, account, what)
                           VALUES (?1, ?2, ?3, ?4)";
                db.execute(sql, params![at.0, by, done.account.as_str(), done.what])?;
                audit::append(db, done.audited(&by, at))?;
            }
            Ok(done.token)
        };
        self.writer()?
            .run(move |writer| beside(writer, make))
            .await
            .map_err(|error| error.during("changing accounts of", self.path()))
    }

    async fn account_log(
        &self,
        account: Option<AccountName>,
        limit: usize,
    ) -> Result<Vec<AccountEntry>, StoreError> {
        self.read(move |db| read_log(db, account.as_ref(), limit)).await
    }
}

fn write(db: &Connection, row: &Row) -> Result<(), StoreError> {
    match row {
        Row::Account(Account { name, display_name, unit, role, created, disabled }) => {
            let sql = "INSERT INTO tuban_accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                       ON CONFLICT (name) DO UPDATE SET display_name = ?2, unit = ?3, role = ?4,
                       disabled = ?6";
            let disabled = disabled.map(|at| at.0);
            db.execute(sql, params![name.as_str(), display_name, unit, role, created.0, disabled])?;
        }
        Row::Scope(Scope { account, area, from, to }) => {
            let sql = "INSERT INTO tuban_scopes VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (account, area, from_day) DO UPDATE SET to_day = ?4";
            let to = to.map(|to| to.to_string());
            db.execute(sql, params![account.as_str(), area, from.to_string(), to])?;
        }
        Row::Token(Token { id, account, hash, label, created, expires, revoked }) => {
            let sql = "INSERT INTO tuban_tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                       ON CONFLICT (id) DO UPDATE SET revoked = ?7";
            let [expires, revoked] = [expires, revoked].map(|at| at.map(|at| at.0));
            let (name, hash) = (account.as_str(), &hash[..]);
            db.execute(sql, params![id.0, name, hash, label, created.0, expires, revoked])?;
        }
    }
    Ok(())
}

/// Every row that is read by `read`, or what is wrong with which.
fn rows<T>(
    db: &Connection,
    sql: &str,
    read: impl Fn(&SqlRow<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The account that a row of `table` names.
fn account_name(table: &'static str, text: &str) -> Result<AccountName, StoreError> {
    AccountName::try_from(text).map_err(|error| StoreError::damaged(table, error))
}

fn moment(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp)
}

/// Every account, scope and token; none when the store has no tables for them yet.
pub(super) fn read_all(db: &Connection) -> Result<Accounts, StoreError> {
    if !has_tables(db)? {
        return Ok(Accounts::default());
    }
    let accounts = "SELECT name, display_name, unit, role, created, disabled FROM tuban_accounts
                    ORDER BY name";
    let scopes = "SELECT account, area, from_day, to_day FROM tuban_scopes
                  ORDER BY account, area, from_day";
    let tokens = "SELECT id, account, hash, label, created, expires, revoked FROM tuban_tokens
                  ORDER BY id";
    Ok(Accounts {
        accounts: rows(db, accounts, read_account)?,
        scopes: rows(db, scopes, read_scope)?,
        tokens: rows(db, tokens, read_token)?,
    })
}

fn read_account(row: &SqlRow<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        name: account_name("tuban_accounts", row.get_ref(0)?.as_str().unwrap_or_default())?,
        display_name: row.get(1)?,
        unit: row.get(2)?,
        role: row.get(3)?,
        created: Timestamp(row.get(4)?),
        disabled: moment(row.get(5)?),
    })
}

fn read_scope(row: &SqlRow<'_>) -> Result<Scope, StoreError> {
    let account = account_name("tuban_scopes", row.get_ref(0)?.as_str().unwrap_or_default())?;
    let day = |text: &str| {
        let place = format!("a scope of {account} in tuban_scopes");
        text.parse().map_err(|_odd: InvalidDay| StoreError::damaged(place, "a day is none"))
    };
    let from = day(&row.get::<_, String>(2)?)?;
    let to = row.get::<_, Option<String>>(3)?.map(|text| day(&text)).transpose()?;
    Ok(Scope { area: row.get(1)?, from, to, account })
}

fn read_token(row: &SqlRow<'_>) -> Result<Token, StoreError> {
    let id = TokenId(row.get(0)?);
    let hash = TokenHash::try_from(row.get_ref(2)?.as_blob().unwrap_or_default());
    let place = || format!("token {id} of tuban_tokens");
    Ok(Token {
        id,
        account: account_name("tuban_tokens", row.get_ref(1)?.as_str().unwrap_or_default())?,
        hash: hash.map_err(|error| StoreError::damaged(place(), error))?,
        label: row.get(3)?,
        created: Timestamp(row.get(4)?),
        expires: moment(row.get(5)?),
        revoked: moment(row.get(6)?),
    })
}

fn read_log(
    db: &Connection,
    account: Option<&AccountName>,
    limit: usize,
) -> Result<Vec<AccountEntry>, StoreError> {
    if !has_tables(db)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT seq, at, actor, account, what FROM tuban_account_log
               WHERE ?1 IS NULL OR account = ?1 ORDER BY seq DESC LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![account.map(AccountName::as_str), limit])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let account = row.get_ref(3)?.as_str().unwrap_or_default();
        entries.push(AccountEntry {
            seq: row.get(0)?,
            at: Timestamp(row.get(1)?),
            by: row.get(2)?,
            account: account_name("tuban_account_log", account)?,
            what: row.get(4)?,
        });
    }
    Ok(entries)
}
