//! The audit log in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::StoreError;
use crate::audit::{
    AuditEntry, AuditHead, AuditQuery, AuditRow, AuditStore, MAX_PAGE, genesis, link,
};

/// Rows and heads.
#[derive(Debug, Default)]
pub(super) struct Audited {
    rows: Vec<AuditRow>,
    heads: Vec<AuditHead>,
}

impl Audited {
    /// Puts an entry behind the newest row; its number.
    pub(super) fn append(&mut self, entry: AuditEntry) -> u64 {
        let previous = self.rows.last().map_or_else(|| genesis("memory"), |row| row.hash);
        let row = link(&previous, self.rows.len() as u64 + 1, entry);
        let seq = row.seq;
        self.rows.push(row);
        seq
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit(&self, entry: AuditEntry) -> Result<u64, StoreError> {
        Ok(self.audited.lock().await.append(entry))
    }

    async fn audit_rows(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let audited = self.audited.lock().await;
        let taken = audited.rows.iter().filter(|row| query.takes(row));
        Ok(taken.take(query.limit.min(MAX_PAGE)).cloned().collect())
    }

    async fn audit_newest(&self) -> Result<Option<AuditRow>, StoreError> {
        Ok(self.audited.lock().await.rows.last().cloned())
    }

    async fn add_audit_head(&self, head: AuditHead) -> Result<(), StoreError> {
        let mut audited = self.audited.lock().await;
        let there = audited.rows.iter().any(|row| (row.seq, row.hash) == (head.seq, head.hash));
        if !there || !head.holds() {
            return Err(StoreError::AuditHead { seq: head.seq });
        }
        audited.heads.push(head);
        Ok(())
    }

    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError> {
        Ok(self.audited.lock().await.heads.clone())
    }
}
