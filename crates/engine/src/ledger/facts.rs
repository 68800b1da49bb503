//! What indicators ask of every point of one state, read straight from the rows.
//!
//! Facts are made when they are first asked for and kept with the revisions of both collections, the
//! latest within a budget: states with the same revisions tell the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::PointId;
use ledger::indicator::{EventRow, PointFacts};
use ledger::place::ADMIN_UNITS;
use ledger::rows::facts::{EVENT_COLUMNS, POINT_COLUMNS, event_row, point_row};
use ledger::rows::{POINT_EVENTS, POINTS, events::Unfit};
use rustc_hash::FxHashMap;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FeatureRef, Revision, Snapshot, Timestamp,
    ValueRef,
};

use super::held::Held;
use crate::{Engine, EngineError, Profile, ReadableField};

/// Memory for facts that are kept, in bytes, about; those asked for last are kept whatever their
/// size. A ledger of 300,000 points takes a quarter.
const MAX_KEPT_BYTES: usize = 512 << 20;
/// Most states whose facts are kept.
const MAX_KEPT: usize = 8;

/// The facts of every point of a state.
#[derive(Clone, Debug)]
pub struct LedgerFacts {
    /// The state; it holds the units of administration, too, where there are any, and the
    /// collections that were asked for.
    pub state: Arc<Snapshot>,
    /// A point each, in the order of the rows.
    pub points: Arc<Vec<PointFacts>>,
}

/// Facts that were asked for lately, the latest last.
#[derive(Debug, Default)]
pub(super) struct KeptFacts {
    kept: Mutex<Vec<Kept>>,
    /// Held by whoever makes some: a second request for the same waits instead of working too.
    making: tokio::sync::Mutex<()>,
}

/// A view with its mark, and the revisions of both collections.
type FactsOf = ([u64; 2], [Revision; 2]);

#[derive(Debug)]
struct Kept {
    of: FactsOf,
    points: Arc<Vec<PointFacts>>,
    bytes: usize,
}

impl KeptFacts {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, of: FactsOf) -> Option<Arc<Vec<PointFacts>>> {
        let mut kept = self.kept();
        let position = kept.iter().position(|one| one.of == of)?;
        let found = kept.remove(position);
        let points = Arc::clone(&found.points);
        kept.push(found);
        Some(points)
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.kept();
        kept.push(new);
        let bytes = |kept: &[Kept]| kept.iter().map(|one| one.bytes).sum::<usize>();
        while kept.len() > 1 && (kept.len() > MAX_KEPT || bytes(&kept) > MAX_KEPT_BYTES) {
            kept.remove(0);
        }
    }
}

impl Engine {
    /// The facts of every point as they had been recorded at `as_of`, or as they are now, with the
    /// collections `beside` them, as far as they are there.
    ///
    /// # Errors
    /// When there is no ledger, when indicators ask for a column that `profile` may not read, or
    /// when another program left a row that is none of the ledger.
    pub async fn ledger_facts(
        &self,
        as_of: Option<Timestamp>,
        profile: Profile,
        beside: &[CollectionId],
    ) -> Result<LedgerFacts, EngineError> {
        let current = self.snapshot();
        Held::of(&current).ok_or(EngineError::NoLedger)?;
        let names = [POINTS, POINT_EVENTS, ADMIN_UNITS].map(CollectionId::try_from);
        let ids = names.into_iter().flatten().chain(beside.iter().cloned());
        let ids: BTreeSet<CollectionId> =
            ids.filter(|id| current.collections.contains_key(id)).collect();
        let ids: Vec<CollectionId> = ids.into_iter().collect();
        let state = match as_of {
            Some(_) => self.state(as_of, &ids).await?,
            None => current,
        };
        let held = Held::of(&state).ok_or(EngineError::NoLedger)?;
        for (collection, names) in
            [(&held.points, POINT_COLUMNS.as_slice()), (&held.events, EVENT_COLUMNS.as_slice())]
        {
            for name in names {
                ReadableField::find(collection.collection(), name, profile)?;
            }
        }
        let kept = &self.0.ledger.facts;
        let view = [self.1.number(), self.view_mark()];
        let of = (view, [held.points.revision(), held.events.revision()]);
        let points = match kept.find(of) {
            Some(points) => points,
            None => {
                let _making = kept.making.lock().await;
                match kept.find(of) {
                    Some(points) => points,
                    None => {
                        let points = self.pool().run(move || read(&held)).await??;
                        let bytes = points.iter().map(heap_bytes).sum();
                        let points = Arc::new(points);
                        kept.keep(Kept { of, points: Arc::clone(&points), bytes });
                        points
                    }
                }
            }
        };
        Ok(LedgerFacts { state, points })
    }
}

/// Bytes of the facts of a point, about. Names of units and tasks are shared.
fn heap_bytes(facts: &PointFacts) -> usize {
    let PointFacts { closings, rebounds, progress, .. } = facts;
    size_of::<PointFacts>()
        + size_of_val(closings.as_slice())
        + size_of_val(rebounds.as_slice())
        + size_of_val(progress.as_slice())
}

/// Facts of the rows of both collections.
fn read(held: &Held) -> Result<Vec<PointFacts>, EngineError> {
    let mut events: Vec<(PointId, u32, EventRow)> = Vec::with_capacity(held.events.len());
    each(&held.events, EVENT_COLUMNS, &mut |value| {
        events.extend(event_row(value)?);
        Ok(())
    })?;
    events.sort_unstable_by_key(|(point, seq, _)| (*point, *seq));
    let mut names: FxHashMap<String, Arc<str>> = FxHashMap::default();
    let mut shared = |name: Option<&str>| {
        name.map(|name| match names.get(name) {
            Some(known) => Arc::clone(known),
            None => Arc::clone(names.entry(name.to_owned()).or_insert_with(|| Arc::from(name))),
        })
    };
    let mut points = Vec::with_capacity(held.points.len());
    each(&held.points, POINT_COLUMNS, &mut |value| {
        let Some(mut row) = point_row(value)? else { return Ok(()) };
        let (unit, task) = (shared(row.unit.take()), shared(row.task.take()));
        let first = events.partition_point(|(point, ..)| *point < row.id);
        let of_point = events[first..].iter().take_while(|(point, ..)| *point == row.id);
        let facts = PointFacts::of_rows(&row, of_point.map(|(.., event)| *event));
        points.push(PointFacts { unit, task, ..facts });
        Ok(())
    })?;
    Ok(points)
}

/// Reads the columns of one row by their places among those looked up.
type Read<'r> = &'r mut dyn FnMut(&dyn Fn(usize) -> ValueRef<'r>) -> Result<(), Unfit>;

/// Visits every row of a collection with its values in the columns called `names`.
fn each<'r, const N: usize>(
    held: &'r CollectionSnapshot,
    names: [&str; N],
    visit: Read<'r>,
) -> Result<(), EngineError> {
    let collection: &Collection = held.collection();
    let positions = names.map(|name| collection.field_position(name));
    let mut fault = None;
    held.each(&mut |shard, slots| {
        for slot in slots {
            if fault.is_some() {
                return;
            }
            let row: FeatureRef<'r> = shard.feature(usize::from(*slot));
            let value = |at: usize| positions[at].map_or(ValueRef::Null, |at| row.value(at));
            if let Err(unfit) = visit(&value) {
                let (collection, reason) = (collection.id.clone(), unfit.to_string());
                fault = Some(EngineError::LedgerRow { collection, id: row.id(), reason });
            }
        }
    });
    fault.map_or(Ok(()), Err)
}
