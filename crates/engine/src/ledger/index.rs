//! Which rows are a point's, which events and numbers are known: made of a state when the store is
//! opened, and led from state to state by what each publication brought.

use std::collections::VecDeque;
use std::sync::Arc;

use ledger::{
    EventId, PointCode, PointId, PointSeries,
    rows::{ID, POINT_EVENTS, POINTS},
};
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FeatureId, FeatureRef, Operation, Revision,
    Snapshot, ValueRef,
};
use store::{ChangeRecord, EXTERNAL};

use super::held::{Held, find_evidence};
use super::mend::is_mended;
use super::pieces::Pieces;
use crate::{Engine, EngineError};

/// What is known of one state without reading its rows.
#[derive(Debug)]
pub(super) struct Index {
    /// The state.
    revision: Revision,
    /// Rows of `points`.
    pub(super) points: FxHashMap<PointId, FeatureId>,
    /// Rows of `point_events`, in no order.
    pub(super) events: FxHashMap<PointId, Vec<FeatureId>>,
    /// The point of each event.
    pub(super) known: FxHashMap<EventId, PointId>,
    /// Numbers that were ever given, and to whom.
    pub(super) codes: FxHashMap<String, PointId>,
    /// The last number of each series.
    pub(super) last: FxHashMap<PointSeries, u32>,
    /// Rows of `evidence`.
    pub(super) pieces: Pieces,
    /// Events that are no history brought in afterwards.
    live: FxHashSet<FeatureId>,
    /// Which points publications touched, each with the state after it, the earliest first …
    touched: VecDeque<(Revision, PointId)>,
    /// … from the one behind this state on.
    touched_since: Revision,
}

/// Most points that are known as touched.
const MAX_TOUCHED: usize = 20_000;

/// A point that was touched, and its rows now.
#[derive(Debug)]
pub(super) struct TouchedRows {
    pub(super) point: PointId,
    pub(super) row: Option<FeatureId>,
    pub(super) events: Vec<FeatureId>,
}

/// Positions of the columns that the index reads.
struct Columns {
    id: usize,
    point: usize,
    code: usize,
    backfilled: usize,
}

impl Columns {
    /// Those of `point_events`.
    fn of(collection: &Collection) -> Option<Self> {
        Some(Self {
            id: collection.field_position(ID)?,
            point: collection.field_position("point")?,
            code: collection.field_position("code")?,
            backfilled: collection.field_position("backfilled")?,
        })
    }
}

fn id_of<T: for<'t> TryFrom<&'t str>>(value: ValueRef<'_>) -> Option<T> {
    match value {
        ValueRef::Text(text) => T::try_from(text).ok(),
        _ => None,
    }
}

impl Index {
    fn build(held: &Held, evidence: Option<&CollectionSnapshot>, revision: Revision) -> Self {
        let mut index = Self {
            revision,
            points: FxHashMap::default(),
            events: FxHashMap::default(),
            known: FxHashMap::default(),
            codes: FxHashMap::default(),
            last: FxHashMap::default(),
            pieces: evidence.map(Pieces::build).unwrap_or_default(),
            live: FxHashSet::default(),
            touched: VecDeque::new(),
            touched_since: revision,
        };
        if let Some(id) = held.points.collection().field_position(ID) {
            held.points.each(&mut |shard, slots| {
                for slot in slots {
                    index.add_point(id, shard.feature(usize::from(*slot)));
                }
            });
        }
        if let Some(columns) = Columns::of(held.events.collection()) {
            held.events.each(&mut |shard, slots| {
                for slot in slots {
                    index.add_event(&columns, shard.feature(usize::from(*slot)));
                }
            });
        }
        index
    }

    /// Whether there is an event that is no history brought in afterwards.
    pub(super) fn has_begun(&self) -> bool {
        !self.live.is_empty()
    }

    /// The points that were touched behind the state `since`, up to the state `until`; `None` where
    /// that is not known, or where the index is of another state than `until`.
    pub(super) fn touched(&self, since: Revision, until: Revision) -> Option<Vec<TouchedRows>> {
        if since < self.touched_since || self.revision != until {
            return None;
        }
        let from = self.touched.partition_point(|(revision, _)| *revision <= since);
        let mut points: Vec<PointId> =
            self.touched.range(from..).map(|(_, point)| *point).collect();
        points.sort_unstable();
        points.dedup();
        let rows = |point: PointId| TouchedRows {
            point,
            row: self.points.get(&point).copied(),
            events: self.events.get(&point).cloned().unwrap_or_default(),
        };
        Some(points.into_iter().map(rows).collect())
    }

    /// Notes that a publication touched the point that a row names.
    fn touch(&mut self, point: ValueRef<'_>, revision: Revision) {
        self.touched.extend(id_of(point).map(|point| (revision, point)));
        while self.touched.len() > MAX_TOUCHED {
            if let Some((revision, _)) = self.touched.pop_front() {
                self.touched_since = self.touched_since.max(revision);
            }
        }
    }

    fn add_point(&mut self, id: usize, row: FeatureRef<'_>) {
        if let Some(point) = id_of(row.value(id)) {
            self.points.insert(point, row.id());
        }
    }

    fn drop_point(&mut self, id: usize, row: FeatureRef<'_>) {
        if let Some(point) = id_of(row.value(id))
            && self.points.get(&point) == Some(&row.id())
        {
            self.points.remove(&point);
        }
    }

    fn add_event(&mut self, columns: &Columns, row: FeatureRef<'_>) {
        let point = id_of::<PointId>(row.value(columns.point));
        let event = id_of::<EventId>(row.value(columns.id));
        let (Some(point), Some(event)) = (point, event) else { return };
        self.events.entry(point).or_default().push(row.id());
        self.known.insert(event, point);
        if !matches!(row.value(columns.backfilled), ValueRef::Bool(true)) {
            self.live.insert(row.id());
        }
        if let ValueRef::Text(code) = row.value(columns.code) {
            self.codes.entry(code.to_owned()).or_insert(point);
            if let Ok(code) = PointCode::try_from(code) {
                let last = self.last.entry(code.series().clone()).or_default();
                *last = code.number().max(*last);
            }
        }
    }

    /// Numbers stay given.
    fn drop_event(&mut self, columns: &Columns, row: FeatureRef<'_>) {
        let point = id_of::<PointId>(row.value(columns.point));
        if let Some(rows) = point.and_then(|point| self.events.get_mut(&point)) {
            rows.retain(|known| *known != row.id());
        }
        if let Some(event) = id_of::<EventId>(row.value(columns.id)) {
            self.known.remove(&event);
        }
        self.live.remove(&row.id());
    }

    /// Goes on from `before` to `after`; whether it could.
    fn follow(&mut self, before: &Snapshot, after: &Snapshot, records: &[ChangeRecord]) -> bool {
        if self.revision != before.revision {
            return false;
        }
        let revision = after.revision;
        for name in [POINTS, POINT_EVENTS] {
            let Ok(id) = CollectionId::try_from(name) else { return false };
            let both = (before.collections.get(&id), after.collections.get(&id));
            let (Some(before), Some(after)) = both else { return false };
            let touched = records.iter().filter(|record| record.collection == id);
            let rows: Option<Vec<FeatureId>> = touched
                .map(|record| record.id.filter(|_| record.operation != Operation::Load))
                .collect();
            match rows {
                Some(rows) if !rows.is_empty() => self.follow_rows((before, after), rows, revision),
                Some(_) if Arc::ptr_eq(before, after) => {}
                _ => return false,
            }
        }
        if !self.follow_evidence(before, after, records) {
            return false;
        }
        self.revision = after.revision;
        true
    }

    /// The same for evidence; a collection that came or went needs a new index.
    fn follow_evidence(
        &mut self,
        before: &Snapshot,
        after: &Snapshot,
        records: &[ChangeRecord],
    ) -> bool {
        let (before, after) = match (find_evidence(before), find_evidence(after)) {
            (None, None) => return true,
            (Some(before), Some(after)) => (before, after),
            _ => return false,
        };
        if Arc::ptr_eq(&before, &after) {
            return true;
        }
        let id = &after.collection().id;
        let touched = records.iter().filter(|record| record.collection == *id);
        let rows: Option<Vec<FeatureId>> = touched
            .map(|record| record.id.filter(|_| record.operation != Operation::Load))
            .collect();
        let Some(mut rows) = rows.filter(|rows| !rows.is_empty()) else { return false };
        rows.sort_unstable();
        rows.dedup();
        for row in rows {
            self.pieces.follow(row, &before, &after);
        }
        true
    }

    fn follow_rows(
        &mut self,
        (before, after): (&CollectionSnapshot, &CollectionSnapshot),
        mut rows: Vec<FeatureId>,
        revision: Revision,
    ) {
        rows.sort_unstable();
        rows.dedup();
        let (old, new) = (before.collection(), after.collection());
        let is_events = new.id.as_str() == POINT_EVENTS;
        let named = if is_events { "point" } else { ID };
        for row in rows {
            for (held, collection) in [(before, old), (after, new)] {
                let point = collection.field_position(named);
                if let (Some(row), Some(point)) = (held.get(row), point) {
                    self.touch(row.value(point), revision);
                }
            }
            match (before.get(row), old.field_position(ID), Columns::of(old)) {
                (Some(row), _, Some(columns)) if is_events => self.drop_event(&columns, row),
                (Some(row), Some(id), _) if !is_events => self.drop_point(id, row),
                _ => {}
            }
            match (after.get(row), new.field_position(ID), Columns::of(new)) {
                (Some(row), _, Some(columns)) if is_events => self.add_event(&columns, row),
                (Some(row), Some(id), _) if !is_events => self.add_point(id, row),
                _ => {}
            }
        }
    }
}

impl Engine {
    /// Whether the store has a ledger.
    pub fn has_ledger(&self) -> bool {
        Held::of(&self.current()).is_some()
    }

    /// Makes the index of the current state, if there is a ledger.
    pub(crate) async fn index_ledger(&self) -> Result<(), EngineError> {
        let state = self.current();
        match Held::of(&state) {
            Some(held) => self.with_index(&state, &held, |_index| ()).await,
            None => Ok(()),
        }
    }

    /// Reads from an index of `state`, or of a later one: rows that it names and that are not in
    /// `state` came later.
    pub(super) async fn with_index<T>(
        &self,
        state: &Snapshot,
        held: &Held,
        read: impl FnOnce(&Index) -> T,
    ) -> Result<T, EngineError> {
        let is_stale = |index: &Option<Index>| {
            index.as_ref().is_none_or(|index| index.revision < state.revision)
        };
        if is_stale(&self.0.ledger.index()) {
            let (held, evidence) = (held.clone(), find_evidence(state));
            let revision = state.revision;
            let build = move || Index::build(&held, evidence.as_deref(), revision);
            let built = self.pool().run_waiting(build).await?;
            let mut index = self.0.ledger.index();
            if is_stale(&index) {
                *index = Some(built);
            }
        }
        let index = self.0.ledger.index();
        let lost = || EngineError::Internal { what: "the ledger's index was lost".to_owned() };
        index.as_ref().map(read).ok_or_else(lost)
    }

    /// Leads the index to the state that is published. What another program wrote is looked at.
    pub(crate) fn follow_ledger(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        records: &[ChangeRecord],
    ) {
        {
            let mut index = self.0.ledger.index();
            // One that cannot follow is made anew when it is asked for.
            if index.as_mut().is_some_and(|index| !index.follow(before, after, records)) {
                *index = None;
            }
        }
        let is_foreign = |record: &&ChangeRecord| {
            let held = || after.collections.get(&record.collection);
            record.actor == EXTERNAL && held().is_some_and(|held| is_mended(held.collection()))
        };
        let mut rows: Vec<(CollectionId, FeatureId)> = Vec::new();
        for record in records.iter().filter(is_foreign) {
            let id = &record.collection;
            match (record.id, before.collections.get(id), after.collections.get(id)) {
                (Some(row), ..) => rows.push((id.clone(), row)),
                // Many rows in a row are one record: those that were not there before.
                (None, Some(before), Some(after)) => {
                    after.each(&mut |shard, slots| {
                        let ids = slots.iter().map(|slot| shard.ids()[usize::from(*slot)]);
                        let new = ids.filter(|row| before.get(*row).is_none());
                        rows.extend(new.map(|row| (id.clone(), row)));
                    });
                }
                (None, ..) => {}
            }
        }
        if !rows.is_empty() && !before.collections.is_empty() {
            self.mend_later(rows);
        }
    }
}
