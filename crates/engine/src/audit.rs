//! The audit log as a server keeps and reads it.

use store::AuditStore;
pub use store::audit::{
    AuditEntry, AuditHash, AuditHead, AuditQuery, AuditRow, HeadKey, MAX_GEOMETRY, MAX_PAGE,
    action, result,
};

use crate::{Engine, EngineError};

impl Engine {
    /// Keeps what was asked for, and what came of it: durable when this returns, so that an answer
    /// that needs a row waits for it. The number of the row.
    ///
    /// # Errors
    /// When the store cannot write; then the answer must not be given either.
    pub async fn audit(&self, entry: AuditEntry) -> Result<u64, EngineError> {
        Ok(self.audit_log()?.audit(entry).await?)
    }

    /// Rows of the audit log, oldest first.
    pub async fn audit_rows(&self, query: AuditQuery) -> Result<Vec<AuditRow>, EngineError> {
        Ok(self.audit_log()?.audit_rows(query).await?)
    }

    fn audit_log(&self) -> Result<&dyn AuditStore, EngineError> {
        let log = self.store().audit_store();
        log.ok_or_else(|| EngineError::Internal { what: "the store keeps no audit log".to_owned() })
    }
}
