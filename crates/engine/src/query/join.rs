//! Two collections joined: for each feature of the first how many of the second lie to it so,
//! with sums of theirs; or the pairs.

use std::sync::Arc;
use std::time::Instant;

use spatial::join::{JoinFault, Tallies, Total};
use spatial::{
    Budget, CollectionId, CollectionSnapshot, Costs, FeatureId, Predicate, Revision, Value,
};

use super::join_rows::{Joining, NearPair};
use super::{Aggregate, AggregateOp, Condition};
use crate::items::{Cursor, Pinned, Position};
use crate::kept::{KeptAnswers, Same, mark};
use crate::{Engine, EngineError, Profile, ReadableField};

/// Most pairs of one join.
pub const MAX_PAIRS: usize = 1_000_000;
/// Most rows of one page.
pub const MAX_JOIN_PAGE: usize = 100_000;
/// A join looks at every feature of both collections.
const COSTS: Costs = Costs { candidates: 20_000_000, vertices: 2_000_000_000 };

/// Most rows that are kept of all joins together: some 50 MB.
const MAX_KEPT_ROWS: usize = 2 * MAX_PAIRS;

/// What joins found lately, wherever the page of it begins.
pub(crate) type KeptJoins = KeptAnswers<JoinQuery, AllRows>;

/// No joins yet.
pub(crate) fn kept_joins() -> KeptJoins {
    KeptAnswers::mended(MAX_KEPT_ROWS)
}

/// How a feature of the first collection must lie to one of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JoinRelation {
    /// "first PREDICATE second".
    Predicate(Predicate),
    /// At most so many metres apart.
    Distance(f64),
    /// For each feature of the first the nearest of the second, the lower id of equal ones.
    Nearest {
        /// How many.
        count: usize,
        /// How many metres off at most; infinity for any distance.
        within: f64,
    },
}

/// What is joined.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinQuery {
    /// The collection whose features are counted for.
    pub first: CollectionId,
    /// The collection whose features are counted.
    pub second: CollectionId,
    /// How they must lie to each other.
    pub relation: JoinRelation,
    /// Which features of the first take part.
    pub condition: Option<Condition>,
    /// Which features of the second take part.
    pub second_condition: Option<Condition>,
    /// What is answered.
    pub wanted: JoinWanted,
    /// Who asks.
    pub profile: Profile,
}

/// What is answered of a join.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinWanted {
    /// A row for each feature of the first: the count, and aggregates over the fields of the
    /// second; counts, sums and means.
    Counts(Vec<Aggregate>),
    /// A row for each pair.
    Pairs,
}

/// A page of a join.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// State that was read.
    pub revision: Revision,
    /// How many rows there are on all pages together.
    pub count: u64,
    /// How many pairs there are.
    pub pairs: u64,
    /// The rows of this page, by id.
    pub rows: JoinRows,
    /// Leads to the next page; absent on the last.
    pub next: Option<String>,
}

/// Rows of a join.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinRows {
    /// Feature of the first, count of the second, and a value an aggregate.
    Counts(Vec<(FeatureId, u64, Vec<Value>)>),
    /// Feature of the first, feature of the second.
    Pairs(Vec<(FeatureId, FeatureId)>),
    /// Feature of the first, one of the second near to it, the metres between them; the nearest
    /// first.
    Near(Vec<NearPair>),
}

/// The rows of a join on all pages.
#[derive(Debug)]
pub(crate) enum AllRows {
    Counts(Tallies),
    Pairs(Vec<(FeatureId, FeatureId)>),
    Near(Vec<NearPair>),
}

impl AllRows {
    fn count(&self) -> usize {
        match self {
            Self::Counts(tallies) => tallies.ids.len(),
            Self::Pairs(pairs) => pairs.len(),
            Self::Near(near) => near.len(),
        }
    }

    fn pairs(&self) -> u64 {
        match self {
            Self::Counts(tallies) => tallies.counts.iter().sum(),
            Self::Pairs(_) | Self::Near(_) => self.count() as u64,
        }
    }
}

impl Engine {
    /// A page of at most `limit` rows ([`MAX_JOIN_PAGE`] at most), from `cursor` on.
    pub async fn join(
        &self,
        query: JoinQuery,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Joined, EngineError> {
        let pinned = self.pin(&query.first, cursor)?;
        let engine = self.clone();
        let run = move || {
            let deadline = Instant::now() + engine.settings().query_time;
            let expired = || Instant::now() > deadline;
            let budget = Budget::new(COSTS, &expired);
            engine.join_now(&pinned, &query, limit.clamp(1, MAX_JOIN_PAGE), &budget)
        };
        self.pool().run(run).await?
    }

    fn join_now(
        &self,
        pinned: &Pinned,
        query: &JoinQuery,
        limit: usize,
        budget: &Budget<'_>,
    ) -> Result<Joined, EngineError> {
        let unknown = || EngineError::UnknownCollection { id: query.second.clone() };
        let second = pinned.snapshot().collections.get(&query.second).ok_or_else(unknown)?;
        let first = pinned.collection();
        let fingerprint = self.cursors().fingerprint(&(format!("{query:?}"), second.revision()));
        let start = match pinned.cursor() {
            None => 0,
            // The second collection is not that of the first page any more.
            Some(cursor) if cursor.query != fingerprint => return Err(EngineError::CursorGone),
            Some(Cursor { position: Position::Offset(offset), .. }) => {
                usize::try_from(offset).unwrap_or(usize::MAX)
            }
            Some(_) => return Err(EngineError::CursorInvalid),
        };
        let all = self.found_rows((first, second), query, budget)?;
        let count = all.count();
        let rows = page(&all, (start, limit), query, second.collection())?;
        let end = start.saturating_add(limit);
        let next = (end < count).then(|| {
            let cursor = Cursor {
                revision: first.revision(),
                query: fingerprint,
                matched: count as u64,
                position: Position::Offset(end as u64),
            };
            self.cursor_text(pinned, &cursor)
        });
        let (count, pairs) = (count as u64, all.pairs());
        Ok(Joined { revision: pinned.revision(), count, pairs, rows, next })
    }

    /// All rows, whatever was found before in the same two collections.
    fn found_rows(
        &self,
        (first, second): (&Arc<CollectionSnapshot>, &Arc<CollectionSnapshot>),
        query: &JoinQuery,
        budget: &Budget<'_>,
    ) -> Result<Arc<AllRows>, EngineError> {
        let (kept, read) = (&self.0.joins, [first, second]);
        let mark = mark((&query.first, &query.second));
        let same = Same { mark, is_same: |one: &JoinQuery| one == query };
        if let Some(all) = kept.find(&read, same) {
            return Ok(all);
        }
        let joining = Joining::of(self, (first, second), query, budget)?;
        let mended = kept.earlier(&read, same).map(|earlier| joining.mended(&earlier));
        let all = match mended.transpose()?.flatten() {
            Some(all) => all,
            None => joining.rows()?,
        };
        let all = Arc::new(all);
        kept.keep(&read, (query.clone(), same), &all, all.count());
        Ok(all)
    }
}

/// `limit` rows from `start` on.
fn page(
    all: &AllRows,
    (start, limit): (usize, usize),
    query: &JoinQuery,
    second: &spatial::Collection,
) -> Result<JoinRows, EngineError> {
    let end = start.saturating_add(limit).min(all.count());
    let rows = start.min(end)..end;
    Ok(match (all, &query.wanted) {
        (AllRows::Near(near), _) => JoinRows::Near(near[rows].to_vec()),
        (AllRows::Pairs(pairs), _) => JoinRows::Pairs(pairs[rows].to_vec()),
        (AllRows::Counts(tallies), wanted) => {
            let aggregates = match wanted {
                JoinWanted::Counts(aggregates) => aggregates.as_slice(),
                JoinWanted::Pairs => &[],
            };
            let columns = columns(aggregates, second, query.profile)?;
            let rows = rows.map(|row| {
                let mut totals = tallies.totals.iter();
                let values = aggregates.iter().zip(&columns).map(|(aggregate, column)| {
                    let total = column.and_then(|_| totals.next());
                    value(&aggregate.op, tallies.counts[row], total.map(|one| one[row]))
                });
                (tallies.ids[row], tallies.counts[row], values.collect())
            });
            JoinRows::Counts(rows.collect())
        }
    })
}

/// The column that each aggregate is made of, none for a count.
pub(super) fn columns(
    aggregates: &[Aggregate],
    collection: &spatial::Collection,
    profile: Profile,
) -> Result<Vec<Option<usize>>, EngineError> {
    let column = |aggregate: &Aggregate| match &aggregate.op {
        AggregateOp::Count => Ok(None),
        AggregateOp::Sum(name) | AggregateOp::Mean(name) => {
            let position = ReadableField::find(collection, name, profile)?.position();
            match super::aggregate::is_number(collection.fields[position].field_type) {
                true => Ok(Some(position)),
                false => Err(EngineError::Unmeasurable {
                    what: format!("field {name:?} of {} holds no numbers", collection.id),
                }),
            }
        }
        _ => Err(EngineError::Unmeasurable {
            what: "only count, sum and mean are offered here".to_owned(),
        }),
    };
    aggregates.iter().map(column).collect()
}

/// The aggregate of one row.
pub(super) fn value(op: &AggregateOp, count: u64, total: Option<Total>) -> Value {
    match (op, total) {
        (AggregateOp::Mean(_), Some(total)) if total.count > 0 => {
            Value::Real(total.sum / total.count as f64)
        }
        (AggregateOp::Sum(_), Some(total)) if total.count > 0 => Value::Real(total.sum),
        (_, Some(_)) => Value::Null,
        (_, None) => Value::Int(count.cast_signed()),
    }
}

pub(super) fn join_fault(fault: JoinFault) -> EngineError {
    match fault {
        JoinFault::Budget(cause) => EngineError::TooCostly { cause },
        fault => EngineError::Unmeasurable { what: fault.to_string() },
    }
}
