//! The audit log: who asked for what that is not for everyone, and what came of it.
//!
//! *Invariants:* it only grows; each row carries the SM3 of the hash before it and of its own
//! canonical bytes, so that a row that is changed, taken out or put in breaks the chain; a number is
//! never given twice, so that rows cut off at the end leave a gap; a head, signed with a key that
//! lies elsewhere, holds everything up to it. Keeping it makes no revision, and no row holds a
//! personal value.

mod chain;
mod head;

use async_trait::async_trait;
use spatial::Timestamp;

pub(crate) use chain::{Chain, genesis, link};
pub use head::{AuditHead, HeadKey};

use crate::StoreError;

/// SM3 (GB/T 32905) of a row and all before it.
pub type AuditHash = [u8; 32];

/// Longest text of an entry, in characters; what is longer is cut.
pub const MAX_TEXT: usize = 2_000;
/// Longest geometry of an entry, in characters.
pub const MAX_GEOMETRY: usize = 20_000;
/// Most rows of one page.
pub const MAX_PAGE: usize = 1_000;

/// The words for what was done.
pub mod action {
    /// An account, a scope or a token was changed.
    pub const ACCOUNT: &str = "account";
    /// Values were erased for good.
    pub const ERASE: &str = "erase";
    /// Features, or sheets of household files, left: by a file, or by HTTP.
    pub const EXPORT: &str = "export";
    /// Tokens were guessed.
    pub const GUESS: &str = "guess";
    /// Tiles with features of the cadastre were looked at.
    pub const LOOK: &str = "look";
    /// Personal values were put into their table.
    pub const PERSONAL: &str = "personal";
    /// The audit log was read.
    pub const READ_AUDIT: &str = "read_audit";
    /// Something was asked for that the sender may not read.
    pub const REFUSED_READ: &str = "refused_read";
    /// Personal values of one record were shown in the clear.
    pub const REVEAL: &str = "reveal";
    /// An earlier state was brought back.
    pub const RESTORE: &str = "restore";
}

/// The words for what came of it.
pub mod result {
    /// It was done.
    pub const DONE: &str = "done";
    /// It was refused.
    pub const REFUSED: &str = "refused";
    /// It broke.
    pub const FAILED: &str = "failed";
}

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, as the change log calls it; empty for somebody who showed no token that is taken.
    pub actor: String,
    /// Word of the role.
    pub role: Option<String>,
    /// The address that it came from.
    pub ip: Option<String>,
    /// What was done; the words of [`action`] and those of later versions.
    pub action: String,
    /// To what: a path, or a collection and a feature.
    pub object: String,
    /// Which fields; names, never values.
    pub fields: Vec<String>,
    /// The area that was asked about, or the ground that left, as WKT in longitude and latitude.
    pub geometry: Option<String>,
    /// How many features or values.
    pub count: Option<u64>,
    /// Why, in the words of who asked.
    pub reason: String,
    /// The words of [`result`].
    pub result: String,
}

impl AuditEntry {
    /// `actor` did `action` to `object` at a moment: done, and nothing else said of it.
    pub fn of(at: Timestamp, actor: &str, action: &str, object: impl Into<String>) -> Self {
        Self {
            at,
            actor: actor.to_owned(),
            role: None,
            ip: None,
            action: action.to_owned(),
            object: object.into(),
            fields: Vec::new(),
            geometry: None,
            count: None,
            reason: String::new(),
            result: result::DONE.to_owned(),
        }
    }
}

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// What it says.
    pub entry: AuditEntry,
    /// SM3 of the hash before it and of its canonical bytes.
    pub hash: AuditHash,
}

/// Which rows are asked for, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those after this number.
    pub after: u64,
    /// At most so many, and never more than [`MAX_PAGE`].
    pub limit: usize,
    /// Those of one actor.
    pub actor: Option<String>,
    /// Those with one action.
    pub action: Option<String>,
    /// Those at this moment or later.
    pub from: Option<Timestamp>,
    /// Those before this moment.
    pub until: Option<Timestamp>,
}

impl AuditQuery {
    /// Whether a row is asked for.
    pub(crate) fn takes(&self, row: &AuditRow) -> bool {
        let AuditEntry { at, actor, action, .. } = &row.entry;
        row.seq > self.after
            && self.actor.as_ref().is_none_or(|wanted| wanted == actor)
            && self.action.as_ref().is_none_or(|wanted| wanted == action)
            && self.from.is_none_or(|from| *at >= from)
            && self.until.is_none_or(|until| *at < until)
    }
}

/// Something that is wrong with the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFault {
    /// The row, where one can be named.
    pub seq: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

/// What a check of the audit log looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditVerification {
    /// Rows read.
    pub rows: u64,
    /// Number and hash of the last row, to be held against what was written down elsewhere.
    pub last: Option<(u64, AuditHash)>,
    /// Heads read.
    pub heads: u64,
    /// Number of the last row that a head of a taken key covers.
    pub covered: u64,
    /// Keys that heads are signed with, each once.
    pub keys: Vec<HeadKey>,
    /// Files of evidence read.
    pub evidence: u64,
}

/// The audit log, kept with the features.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Keeps an entry, durable when this returns; answers its number.
    async fn audit(&self, entry: AuditEntry) -> Result<u64, StoreError>;

    /// The rows that are asked for, oldest first.
    async fn audit_rows(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// The newest row.
    async fn audit_newest(&self) -> Result<Option<AuditRow>, StoreError>;

    /// Keeps a signed head. Refused when it is not one of a row that is there, or its signature
    /// does not hold.
    async fn add_audit_head(&self, head: AuditHead) -> Result<(), StoreError>;

    /// Every head, the oldest first.
    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError>;
}
