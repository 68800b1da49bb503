//! What departments did at a point: the rows of `enforcement_records` that name it.

use std::sync::Arc;

use ledger::rows::{ENFORCEMENT, is_of_ledger};
use spatial::{CollectionId, CollectionSnapshot, FeatureId, Timestamp, ValueRef};

use super::Trace;
use crate::{Engine, EngineError};

/// Most records of one point that are told.
const MOST_RECORDS: usize = 10_000;

/// Records of one point.
#[derive(Clone, Debug)]
pub struct Records {
    /// The collection in the state of the trace.
    pub held: Arc<CollectionSnapshot>,
    /// Rows that name the point, in the order in which they came.
    pub rows: Vec<FeatureId>,
    /// Whether there are more than are told.
    pub is_cut: bool,
}

impl Engine {
    /// Whether the store keeps records of departments.
    pub fn has_enforcement(&self) -> bool {
        let id = CollectionId::try_from(ENFORCEMENT);
        let state = self.snapshot();
        id.is_ok_and(|id| {
            state.collections.get(&id).is_some_and(|held| is_of_ledger(held.collection()))
        })
    }

    /// The point that `name` calls with its events, and the records of departments that name it by
    /// id or number, both as they had been recorded at `as_of`, or as they are now.
    ///
    /// # Errors
    /// When the store has no ledger or no such records.
    pub async fn enforcement(
        &self,
        name: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Trace, Records)>, EngineError> {
        if !self.has_enforcement() {
            return Err(EngineError::NoEnforcement);
        }
        let Some(trace) = self.trace(name, as_of).await? else { return Ok(None) };
        let id = CollectionId::try_from(ENFORCEMENT)
            .map_err(|error| EngineError::Internal { what: format!("an id: {error}") })?;
        let state = self.state(as_of, std::slice::from_ref(&id)).await?;
        let held = state.collections.get(&id).map(Arc::clone).ok_or(EngineError::NoEnforcement)?;
        let (by_id, by_code) =
            (trace.point.id().to_string(), trace.point.code().map(str::to_owned));
        let find = move || {
            let mut rows = Vec::new();
            let Some(point) = held.collection().field_position("point") else {
                return Records { held, rows, is_cut: false };
            };
            held.each(&mut |shard, slots| {
                for slot in slots {
                    let row = shard.feature(usize::from(*slot));
                    if let ValueRef::Text(named) = row.value(point)
                        && (named.eq_ignore_ascii_case(&by_id) || by_code.as_deref() == Some(named))
                    {
                        rows.push(row.id());
                    }
                }
            });
            rows.sort_unstable();
            let is_cut = rows.len() > MOST_RECORDS;
            rows.truncate(MOST_RECORDS);
            Records { held, rows, is_cut }
        };
        let records = self.pool().run(find).await?;
        Ok(Some((trace, records)))
    }
}
