//! What was taken before the server was started, from the audit log.

use std::collections::HashMap;

use engine::audit::{AuditQuery, AuditRow, MAX_PAGE, action, result};
use engine::{Engine, EngineError};
use spatial::Timestamp;

use super::{ExportSettings, Exports, Kind, Taker, outline};

impl Exports {
    /// What was taken within the window that ends at a moment, as far as rows of the log say by whom and
    /// where. What an account took counts for the unit that it belongs to now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recalled(
        engine: &Engine,
        settings: &ExportSettings,
        at: Timestamp,
    ) -> Result<Self, EngineError> {
        let exports = Self::default();
        let all = engine.accounts().await?;
        let units = all.accounts.iter().map(|one| (one.name.as_str(), one.unit.as_deref()));
        let units: HashMap<&str, Option<&str>> = units.collect();
        if units.is_empty() {
            return Ok(exports);
        }
        for (word, kind) in [(action::EXPORT, Kind::Export), (action::LOOK, Kind::Tile)] {
            let mut query = AuditQuery {
                action: Some(word.to_owned()),
                from: Some(settings.oldest(at)),
                limit: MAX_PAGE,
                ..AuditQuery::default()
            };
            loop {
                let rows = engine.audit_rows(query.clone()).await?;
                let Some(last) = rows.last().map(|row| row.seq) else { break };
                for AuditRow { entry, .. } in
                    rows.iter().filter(|row| row.entry.result == result::DONE)
                {
                    let account = entry.actor.as_str();
                    let Some(unit) = units.get(account).copied() else { continue };
                    let taker = Taker { account, unit };
                    let grounds = entry.geometry.as_deref().map(outline::read).unwrap_or_default();
                    for ground in grounds {
                        exports.recall((taker, kind), &ground, entry.at);
                    }
                }
                query.after = last;
            }
        }
        Ok(exports)
    }
}
