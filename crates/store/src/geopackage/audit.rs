//! The audit log in tables of its own, which need no format number: they are made when a store is
//! opened for writing and has none. Triggers refuse to change or remove a row.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use spatial::{InvalidDay, Timestamp};

use super::connection::open_reader;
use super::fences::beside;
use super::{GeoPackageStore, in_one_state};
use crate::audit::{
    AuditEntry, AuditFault, AuditHash, AuditHead, AuditQuery, AuditRow, AuditStore,
    AuditVerification, Chain, HeadKey, MAX_PAGE, genesis, link,
};
use crate::{StoreError, evidence};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS tuban_audit (seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT, ip TEXT, action TEXT NOT NULL, object TEXT NOT NULL, fields TEXT NOT NULL, geometry TEXT, count INTEGER, reason TEXT NOT NULL, result TEXT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tuban_audit_heads (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, day TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, signed_at INTEGER NOT NULL, key BLOB NOT NULL, signature BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS tuban_audit_stays BEFORE UPDATE ON tuban_audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER IF NOT EXISTS tuban_audit_keeps BEFORE DELETE ON tuban_audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER IF NOT EXISTS tuban_audit_heads_stay BEFORE UPDATE ON tuban_audit_heads BEGIN SELECT RAISE(ABORT, 'heads of the audit log only become more'); END;
CREATE TRIGGER IF NOT EXISTS tuban_audit_heads_keep BEFORE DELETE ON tuban_audit_heads BEGIN SELECT RAISE(ABORT, 'heads of the audit log only become more'); END;
INSERT INTO gpkg_extensions SELECT name, NULL, 'tuban_record', 'Catalogue, change log and history of the Tuban store that this file is', 'read-write' FROM sqlite_schema WHERE type = 'table' AND name IN ('tuban_audit', 'tuban_audit_heads') AND name NOT IN (SELECT table_name FROM gpkg_extensions WHERE table_name NOTNULL);
";
const TRIGGERS: i64 = 4;
const COUNT: &str = "SELECT count(*) FROM sqlite_schema WHERE name IN ('tuban_audit', \
    'tuban_audit_heads', 'tuban_audit_stays', 'tuban_audit_keeps', 'tuban_audit_heads_stay', \
    'tuban_audit_heads_keep')";
const COUNT_TRIGGERS: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND \
    tbl_name IN ('tuban_audit', 'tuban_audit_heads')";
const SELECT: &str = "SELECT seq, at, actor, role, ip, action, object, fields, geometry, count, \
    reason, result, hash FROM tuban_audit";

/// Makes the tables where they are missing.
pub(crate) fn create_tables(db: &Connection) -> Result<(), StoreError> {
    let there: i64 = db.query_row(COUNT, [], |row| row.get(0))?;
    if there < TRIGGERS + 2 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))?;
    }
    Ok(())
}

fn has_tables(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'tuban_audit_heads'";
    Ok(db.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

/// Puts an entry behind the newest row, within a transaction; its number.
pub(super) fn append(db: &Connection, entry: AuditEntry) -> Result<u64, StoreError> {
    // A number that was given is not given again, though its row is gone: the gap tells.
    let previous = match newest(db)? {
        Some(row) => row.hash,
        None => genesis(&fingerprint(db)?),
    };
    let AuditRow { seq, entry, hash } = link(&previous, given(db)? + 1, entry);
    let sql = "INSERT INTO tuban_audit
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    db.prepare_cached(sql)?.execute(params![
        seq,
        entry.at.0,
        entry.actor,
        entry.role,
        entry.ip,
        entry.action,
        entry.object,
        entry.fields.join("\n"),
        entry.geometry,
        entry.count,
        entry.reason,
        entry.result,
        &hash[..]
    ])?;
    Ok(seq)
}

/// The highest number that was ever given.
fn given(db: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'tuban_audit'";
    let given: Option<u64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let sql = "SELECT max(seq) FROM tuban_audit";
    let there: Option<u64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(given.max(there).unwrap_or(0))
}

fn newest(db: &Connection) -> Result<Option<AuditRow>, StoreError> {
    let sql = format!("{SELECT} ORDER BY seq DESC LIMIT 1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(read_row).transpose()
}

fn fingerprint(db: &Connection) -> Result<String, StoreError> {
    let sql = "SELECT value FROM tuban_meta WHERE name = 'fingerprint'";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

fn hash(blob: &[u8], place: impl FnOnce() -> String) -> Result<AuditHash, StoreError> {
    AuditHash::try_from(blob).map_err(|_length| StoreError::damaged(place(), "a hash is none"))
}

fn read_row(row: &SqlRow<'_>) -> Result<AuditRow, StoreError> {
    let seq: u64 = row.get(0)?;
    let blob = row.get_ref(12)?.as_blob().unwrap_or_default();
    let hash = hash(blob, || format!("row {seq} of tuban_audit"))?;
    let fields: String = row.get(7)?;
    let entry = AuditEntry {
        at: Timestamp(row.get(1)?),
        actor: row.get(2)?,
        role: row.get(3)?,
        ip: row.get(4)?,
        action: row.get(5)?,
        object: row.get(6)?,
        fields: fields.split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        geometry: row.get(8)?,
        count: row.get(9)?,
        reason: row.get(10)?,
        result: row.get(11)?,
    };
    Ok(AuditRow { seq, entry, hash })
}

fn read_rows(db: &Connection, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
    if !has_tables(db)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{SELECT} WHERE seq > ?1 AND (?2 IS NULL OR actor = ?2) AND (?3 IS NULL OR action = ?3)
         AND (?4 IS NULL OR at >= ?4) AND (?5 IS NULL OR at < ?5) ORDER BY seq LIMIT ?6"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        query.after.min(i64::MAX as u64),
        query.actor,
        query.action,
        query.from.map(|at| at.0),
        query.until.map(|at| at.0),
        query.limit.min(MAX_PAGE)
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_row(row)?);
    }
    Ok(found)
}

fn read_heads(db: &Connection) -> Result<Vec<AuditHead>, StoreError> {
    if !has_tables(db)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT day, seq, hash, signed_at, key, signature FROM tuban_audit_heads
               ORDER BY seq, id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: u64 = row.get(1)?;
        let place = || format!("the head of row {seq} in tuban_audit_heads");
        let day = row.get::<_, String>(0)?.parse();
        let key = hash(row.get_ref(4)?.as_blob().unwrap_or_default(), place)?;
        heads.push(AuditHead {
            day: day.map_err(|_odd: InvalidDay| StoreError::damaged(place(), "a day is none"))?,
            seq,
            hash: hash(row.get_ref(2)?.as_blob().unwrap_or_default(), place)?,
            signed_at: Timestamp(row.get(3)?),
            key: HeadKey(key),
            signature: row.get(5)?,
        });
    }
    Ok(heads)
}

/// Holds the whole log against its hashes and heads.
pub(super) fn check(
    db: &Connection,
    key: Option<&HeadKey>,
    tell: &mut dyn FnMut(AuditFault),
) -> Result<AuditVerification, StoreError> {
    if !has_tables(db)? {
        return Ok(AuditVerification::default());
    }
    let triggers: i64 = db.query_row(COUNT_TRIGGERS, [], |row| row.get(0))?;
    if triggers < TRIGGERS {
        let reason = "the triggers that keep its rows as they are were removed".to_owned();
        tell(AuditFault { seq: None, reason });
    }
    let heads = read_heads(db)?;
    let mut chain = Chain::new(genesis(&fingerprint(db)?), &heads, key, tell);
    let mut statement = db.prepare(&format!("{SELECT} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        chain.row(&read_row(row)?);
    }
    Ok(chain.finish(given(db)?))
}

impl GeoPackageStore {
    /// Checks the audit log, its heads and the bytes of evidence, row by row from one state. With a
    /// `key`, heads that are signed with another are faults.
    pub async fn verify_audit(
        &self,
        key: Option<HeadKey>,
        mut found: impl FnMut(AuditFault) + Send + 'static,
    ) -> Result<AuditVerification, StoreError> {
        let path = self.path.clone();
        let work = move || {
            // Listed before the rows are read: a row comes after its file.
            let files = evidence::Found::beside(&path)?;
            let db = open_reader(&path)?;
            let mut done = in_one_state(&db, |db| check(db, key.as_ref(), &mut found))?;
            let mut tell = |of: &'static str, fid: Option<i64>, what: String| {
                let row = fid.map_or(String::new(), |fid| format!(" {fid}"));
                found(AuditFault { seq: None, reason: format!("{of}{row}: {what}") });
            };
            done.evidence = evidence::check(&db, &path, files, &mut tell)?;
            Ok(done)
        };
        let closed = |_ended| StoreError::Closed { path: self.path.clone() };
        let done = tokio::task::spawn_blocking(work).await.map_err(closed)?;
        done.map_err(|error: StoreError| error.during("checking", &self.path))
    }
}

#[async_trait]
impl AuditStore for GeoPackageStore {
    async fn audit(&self, entry: AuditEntry) -> Result<u64, StoreError> {
        self.writer()?
            .run(move |writer| beside(writer, |db, _| append(db, entry)))
            .await
            .map_err(|error| error.during("writing the audit log of", self.path()))
    }

    async fn audit_rows(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |db| read_rows(db, &query)).await
    }

    async fn audit_newest(&self) -> Result<Option<AuditRow>, StoreError> {
        self.read(|db| if has_tables(db)? { newest(db) } else { Ok(None) }).await
    }

    async fn add_audit_head(&self, head: AuditHead) -> Result<(), StoreError> {
        let add = move |db: &Connection, _| {
            let sql = "SELECT 1 FROM tuban_audit WHERE seq = ?1 AND hash = ?2";
            let there =
                db.query_row(sql, params![head.seq, &head.hash[..]], |_| Ok(())).optional()?;
            if there.is_none() || !head.holds() {
                return Err(StoreError::AuditHead { seq: head.seq });
            }
            let sql = "INSERT INTO tuban_audit_heads (day, seq, hash, signed_at, key, signature)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let (day, hash, key) = (head.day.to_string(), &head.hash[..], &head.key.0[..]);
            db.execute(sql, params![day, head.seq, hash, head.signed_at.0, key, head.signature])?;
            Ok(())
        };
        self.writer()?
            .run(move |writer| beside(writer, add))
            .await
            .map_err(|error| error.during("signing the audit log of", self.path()))
    }

    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError> {
        self.read(read_heads).await
    }
}
