//! What departments did at a point and what was said, called, ordered and decided about it: the rows
//! of `enforcement_records` and of other records that name it.

use std::sync::Arc;

use ledger::record::calls::{COMPLAINTS, DECISIONS, ORDERS, WHISTLES};
use ledger::record::named;
use ledger::rows::{ENFORCEMENT, is_of_ledger};
use spatial::{CollectionId, CollectionSnapshot, FeatureId, Snapshot, Timestamp, ValueRef};

use super::Trace;
use crate::{Engine, EngineError};

/// Most records of one point and collection that are told.
const MOST_RECORDS: usize = 10_000;

/// Collections whose rows name points in a column `point`, what one of their rows is called, and the
/// column that says when it was.
const SOURCES: [(&str, &str, &str); 5] = [
    (ENFORCEMENT, "record", "occurred_at"),
    (COMPLAINTS, "complaint", "occurred_at"),
    (WHISTLES, "whistle", "called_at"),
    (ORDERS, "order", "sent_at"),
    (DECISIONS, "decision", "decided_at"),
];

/// Records of one point in one collection.
#[derive(Clone, Debug)]
pub struct Records {
    /// What one of them is called.
    pub source: &'static str,
    /// The column that says when it was.
    pub time: &'static str,
    /// The collection in the state of the trace.
    pub held: Arc<CollectionSnapshot>,
    /// Rows that name the point, in the order in which they came.
    pub rows: Vec<FeatureId>,
    /// Whether there are more than are told.
    pub is_cut: bool,
}

impl Engine {
    /// Whether the store keeps records that name points.
    pub fn has_enforcement(&self) -> bool {
        sources(&self.snapshot()).next().is_some()
    }

    /// The point that `name` calls with its events, and the records that name it by id or number,
    /// all as they had been recorded at `as_of`, or as they are now.
    ///
    /// # Errors
    /// When the store has no ledger or no such records.
    pub async fn enforcement(
        &self,
        name: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Trace, Vec<Records>)>, EngineError> {
        let ids: Vec<CollectionId> =
            sources(&self.snapshot()).map(|(held, ..)| held.collection().id.clone()).collect();
        if ids.is_empty() {
            return Err(EngineError::NoEnforcement);
        }
        let Some(trace) = self.trace(name, as_of).await? else { return Ok(None) };
        let state = self.state(as_of, &ids).await?;
        let (by_id, by_code) =
            (trace.point.id().to_string(), trace.point.code().map(str::to_owned));
        let find = move || {
            let is_it = |named: &str| {
                named.eq_ignore_ascii_case(&by_id) || by_code.as_deref() == Some(named)
            };
            let found = sources(&state).map(|(held, source, time)| {
                let (rows, is_cut) = rows_of(&held, &is_it);
                Records { source, time, held, rows, is_cut }
            });
            found.collect::<Vec<_>>()
        };
        let records = self.pool().run(find).await?;
        Ok(Some((trace, records)))
    }
}

/// The collections of a state whose rows name points.
fn sources(
    state: &Snapshot,
) -> impl Iterator<Item = (Arc<CollectionSnapshot>, &'static str, &'static str)> {
    SOURCES.into_iter().filter_map(|(name, source, time)| {
        let held = state.collections.get(&CollectionId::try_from(name).ok()?)?;
        let collection = held.collection();
        let is_one =
            named(name).map_or_else(|| is_of_ledger(collection), |shipped| shipped.is(collection));
        is_one.then(|| (Arc::clone(held), source, time))
    })
}

/// Rows that name a point, in the order in which they came, and whether there are more.
fn rows_of(held: &CollectionSnapshot, is_it: &dyn Fn(&str) -> bool) -> (Vec<FeatureId>, bool) {
    let mut rows = Vec::new();
    let Some(point) = held.collection().field_position("point") else { return (rows, false) };
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            if let ValueRef::Text(named) = row.value(point)
                && is_it(named)
            {
                rows.push(row.id());
            }
        }
    });
    rows.sort_unstable();
    let is_cut = rows.len() > MOST_RECORDS;
    rows.truncate(MOST_RECORDS);
    (rows, is_cut)
}
