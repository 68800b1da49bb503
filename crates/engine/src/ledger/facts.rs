//! What indicators ask of every point of one state, read straight from the rows.
//!
//! Facts are made when they are first asked for and kept with the revisions of both collections, the
//! latest within a budget: states with the same revisions tell the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::PointId;
use ledger::indicator::{EventRow, PointFacts};
use ledger::place::ADMIN_UNITS;
use ledger::rows::facts::{EVENT_COLUMNS, NEEDED, POINT_COLUMNS, event_row, point_row};
use ledger::rows::{POINT_EVENTS, POINTS, events::Unfit};
use rustc_hash::FxHashMap;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FeatureRef, Revision, Snapshot, Timestamp,
    ValueRef,
};

use super::fact_list::FactList;
use super::held::Held;
use super::index::{Index, TouchedRows};
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
    /// A point each.
    pub points: Arc<FactList>,
}

/// Facts that were asked for lately, the latest last.
#[derive(Debug, Default)]
pub(super) struct KeptFacts {
    kept: Mutex<Vec<Kept>>,
    /// Held by whoever makes some: a second request for the same waits instead of working too.
    making: tokio::sync::Mutex<()>,
}

/// A view, and the mark of what it leaves.
type ViewOf = [u64; 2];

#[derive(Debug)]
struct Kept {
    view: ViewOf,
    revisions: [Revision; 2],
    /// The state that they were made of; `None` for a past one.
    of: Option<Revision>,
    points: Arc<FactList>,
    bytes: usize,
}

impl KeptFacts {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, view: ViewOf, revisions: [Revision; 2]) -> Option<Arc<FactList>> {
        let mut kept = self.kept();
        let position =
            kept.iter().position(|one| one.view == view && one.revisions == revisions)?;
        let found = kept.remove(position);
        let points = Arc::clone(&found.points);
        kept.push(found);
        Some(points)
    }

    /// The latest of a state that was the current one as the view has it, and that state.
    fn latest(&self, view: ViewOf) -> Option<(Revision, Arc<FactList>)> {
        let kept = self.kept();
        let current = kept
            .iter()
            .filter(|one| one.view == view)
            .filter_map(|one| Some((one.of?, Arc::clone(&one.points))));
        current.max_by_key(|(revision, _)| *revision)
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
        for (held, names) in
            [(&held.points, POINT_COLUMNS.as_slice()), (&held.events, EVENT_COLUMNS.as_slice())]
        {
            let collection = held.collection();
            let is_asked = |(at, name): &(usize, &&str)| {
                *at < NEEDED || collection.field_position(name).is_some()
            };
            for (_, name) in names.iter().enumerate().filter(is_asked) {
                ReadableField::find(collection, name, profile)?;
            }
        }
        let kept = &self.0.ledger.facts;
        let view = [self.1.number(), self.view_mark()];
        let revisions = [held.points.revision(), held.events.revision()];
        let points = match kept.find(view, revisions) {
            Some(points) => points,
            None => {
                let _making = kept.making.lock().await;
                match kept.find(view, revisions) {
                    Some(points) => points,
                    None => {
                        let is_past = as_of.is_some();
                        let led = if is_past {
                            None
                        } else {
                            self.led_facts(view, &state, &held).await?
                        };
                        let points = match led {
                            Some(led) => led,
                            None => self.pool().run(move || read(&held)).await??,
                        };
                        let bytes = points.iter().map(heap_bytes).sum();
                        let (points, of) = (Arc::new(points), (!is_past).then_some(state.revision));
                        kept.keep(Kept { view, revisions, of, points: Arc::clone(&points), bytes });
                        points
                    }
                }
            }
        };
        Ok(LedgerFacts { state, points })
    }
}

impl Engine {
    /// The facts of a state, made of those of an earlier one and of the points that were touched
    /// since; `None` where these are not known.
    async fn led_facts(
        &self,
        view: ViewOf,
        state: &Arc<Snapshot>,
        held: &Held,
    ) -> Result<Option<FactList>, EngineError> {
        let Some((since, earlier)) = self.0.ledger.facts.latest(view) else { return Ok(None) };
        let read = |index: &Index| index.touched(since, state.revision);
        let Some(touched) = self.with_index(state, held, read).await? else { return Ok(None) };
        let held = held.clone();
        let lead = move || {
            let mut list = FactList::clone(&earlier);
            for rows in touched {
                list.set(rows.point, facts_of(&held, &rows)?);
            }
            Ok(list)
        };
        self.pool().run(lead).await?.map(Some)
    }
}

/// The facts of one point; `None` of a row that is no point.
fn facts_of<'r>(held: &'r Held, rows: &TouchedRows) -> Result<Option<PointFacts>, EngineError> {
    let Some(row) = rows.row.and_then(|row| held.points.get(row)) else { return Ok(None) };
    let mut events: Vec<(PointId, u32, EventRow)> = Vec::with_capacity(rows.events.len());
    let columns = Columns::of(&held.events, EVENT_COLUMNS);
    for event in rows.events.iter().filter_map(|event| held.events.get(*event)) {
        events.extend(columns.read(event, &mut |value| event_row(value))?);
    }
    events.sort_unstable_by_key(|(_, seq, _)| *seq);
    let read = &mut |value: &dyn Fn(usize) -> ValueRef<'r>| {
        let row = point_row(value)?;
        let events = events.iter().map(|(.., event)| *event);
        Ok(row.map(|row| PointFacts::of_rows(&row, events)))
    };
    Columns::of(&held.points, POINT_COLUMNS).read(row, read)
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
fn read(held: &Held) -> Result<FactList, EngineError> {
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
    Ok(FactList::new(points))
}

/// What reads a row by the places of its columns among those looked up.
type Read<'r, 'f, T> = &'f mut dyn FnMut(&dyn Fn(usize) -> ValueRef<'r>) -> Result<T, Unfit>;

/// Columns of a collection, by their places among those looked up.
struct Columns<'a, const N: usize> {
    collection: &'a Collection,
    positions: [Option<usize>; N],
}

impl<'a, const N: usize> Columns<'a, N> {
    fn of(held: &'a CollectionSnapshot, names: [&str; N]) -> Self {
        let collection = held.collection();
        Self { collection, positions: names.map(|name| collection.field_position(name)) }
    }

    fn read<'r, T>(&self, row: FeatureRef<'r>, read: Read<'r, '_, T>) -> Result<T, EngineError> {
        let value = |at: usize| self.positions[at].map_or(ValueRef::Null, |at| row.value(at));
        read(&value).map_err(|unfit| {
            let (collection, reason) = (self.collection.id.clone(), unfit.to_string());
            EngineError::LedgerRow { collection, id: row.id(), reason }
        })
    }
}

/// Visits every row of a collection with its values in the columns called `names`.
fn each<'r, const N: usize>(
    held: &'r CollectionSnapshot,
    names: [&str; N],
    visit: Read<'r, '_, ()>,
) -> Result<(), EngineError> {
    let columns = Columns::of(held, names);
    let mut outcome = Ok(());
    held.each(&mut |shard, slots| {
        for slot in slots {
            if outcome.is_ok() {
                outcome = columns.read(shard.feature(usize::from(*slot)), visit);
            }
        }
    });
    outcome
}
