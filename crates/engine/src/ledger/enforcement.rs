//! What departments did at a point and what was said, called, ordered and decided about it: the rows
//! of `enforcement_records` and of other records that name it, and who came when they were called.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::record::calls::{ARRIVALS, COMPLAINTS, DECISIONS, ORDERS, WHISTLES};
use ledger::record::named;
use ledger::rows::{ENFORCEMENT, is_of_ledger};
use spatial::{CollectionId, CollectionSnapshot, FeatureId, Snapshot, Timestamp, ValueRef};

use super::Trace;
use crate::{Engine, EngineError};

/// Most records of one point and collection that are told.
const MOST_RECORDS: usize = 10_000;

/// Collections whose rows name points in a column `point`, what one of their rows is called, and the
/// column that says when it was.
const SOURCES: [(&str, &str, &[&str]); 5] = [
    (ENFORCEMENT, "record", &["occurred_at"]),
    (COMPLAINTS, "complaint", &["occurred_at"]),
    (WHISTLES, "whistle", &["called_at"]),
    (ORDERS, "order", &["sent_at"]),
    (DECISIONS, "decision", &["decided_at"]),
];
/// Who came to a call: rows that name it by its code. Who has not come yet stands where it was called.
const ARRIVAL: (&str, &str, &[&str]) = (ARRIVALS, "arrival", &["arrived_at", "called_at"]);

/// Records of one point in one collection.
#[derive(Clone, Debug)]
pub struct Records {
    /// What one of them is called.
    pub source: &'static str,
    /// The columns that say when it was; the first that has a value counts.
    pub times: &'static [&'static str],
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
        let snapshot = self.snapshot();
        let mut held: Vec<_> = sources(&snapshot).map(|(held, ..)| held).collect();
        if held.is_empty() {
            return Err(EngineError::NoEnforcement);
        }
        held.extend(held_as_shipped(&snapshot, ARRIVALS));
        let ids: Vec<CollectionId> = held.iter().map(|held| held.collection().id.clone()).collect();
        let Some(trace) = self.trace(name, as_of).await? else { return Ok(None) };
        let state = self.state(as_of, &ids).await?;
        let by_id = trace.point.id().to_string();
        let mut names = BTreeSet::from([by_id.to_ascii_uppercase(), by_id]);
        names.extend(trace.point.code().map(str::to_owned));
        let find = move || {
            let mut found: Vec<Records> = sources(&state)
                .map(|(held, source, times)| {
                    Records::naming(held, (source, times), "point", &names)
                })
                .collect();
            let codes: BTreeSet<String> = found.iter().flat_map(codes_of_calls).collect();
            if let Some(held) = held_as_shipped(&state, ARRIVAL.0).filter(|_| !codes.is_empty()) {
                let called = (ARRIVAL.1, ARRIVAL.2);
                found.push(Records::naming(held, called, "whistle", &codes));
            }
            found
        };
        let records = self.pool().run(find).await?;
        Ok(Some((trace, records)))
    }
}

impl Records {
    /// Rows that name one of `names` in a column, in the order in which they came.
    fn naming(
        held: Arc<CollectionSnapshot>,
        (source, times): (&'static str, &'static [&'static str]),
        column: &str,
        names: &BTreeSet<String>,
    ) -> Self {
        let mut rows = Vec::new();
        if let Some(column) = held.collection().field_position(column) {
            for name in names {
                held.with_text(column, name, &mut |shard, slots| {
                    rows.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
                });
            }
        }
        rows.sort_unstable();
        let is_cut = rows.len() > MOST_RECORDS;
        rows.truncate(MOST_RECORDS);
        Self { source, times, held, rows, is_cut }
    }
}

/// The codes of those that are calls of departments.
fn codes_of_calls(records: &Records) -> Vec<String> {
    let collection = records.held.collection();
    let code = collection.field_position("code").filter(|_| collection.id.as_str() == WHISTLES);
    let rows = records.rows.iter().filter_map(|row| records.held.get(*row));
    let codes = rows.filter_map(|row| match row.value(code?) {
        ValueRef::Text(code) => Some(code.to_owned()),
        _ => None,
    });
    codes.collect()
}

/// The collections of a state whose rows name points.
fn sources(
    state: &Snapshot,
) -> impl Iterator<Item = (Arc<CollectionSnapshot>, &'static str, &'static [&'static str])> {
    SOURCES
        .into_iter()
        .filter_map(|(name, source, times)| Some((held_as_shipped(state, name)?, source, times)))
}

/// The collection of a name, if it is as it ships.
fn held_as_shipped(state: &Snapshot, name: &str) -> Option<Arc<CollectionSnapshot>> {
    let held = state.collections.get(&CollectionId::try_from(name).ok()?)?;
    let collection = held.collection();
    let is_one =
        named(name).map_or_else(|| is_of_ledger(collection), |shipped| shipped.is(collection));
    is_one.then(|| Arc::clone(held))
}
