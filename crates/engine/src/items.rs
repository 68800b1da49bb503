//! Features of one collection, a page at a time: which ones, in which order, how many in all.
//!
//! A page belongs to one state of the collection. The cursor to the next page names that state
//! and the place where the page ended, so that edits between two pages neither repeat nor hide
//! a feature, and a late page costs no more than the first.

mod area;
mod conditions;
mod cursor;
#[cfg(test)]
mod items_tests;
mod order;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use spatial::{
    Budget, CollectionId, CollectionSnapshot, Costs, Crs, CrsRegistry, Envelope, FeatureId, Filter,
    OverBudget, Rank, Revision, Snapshot, Value,
};

use area::Area;
pub(crate) use conditions::Conditions;
pub(crate) use cursor::Cursors;
pub(crate) use cursor::{Cursor, Position};
pub(crate) use order::{Orders, all as whole_order, compare_values, first as first_of_order};

use crate::{Engine, EngineError, Profile, ReadableField};

/// Most features of one page.
pub const MAX_PAGE: usize = 10_000;

/// A box, or the two halves of one that crosses the antimeridian.
#[derive(Clone, Debug, PartialEq)]
pub struct Bbox {
    /// Boxes, east first, in `crs`.
    pub boxes: Vec<Envelope>,
    /// What their numbers are in.
    pub crs: Crs,
}

/// A moment as the two kinds of temporal fields write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// RFC 3339 in UTC with milliseconds.
    pub utc: String,
    /// The day that it falls on in Asia/Shanghai, `YYYY-MM-DD`.
    pub day: String,
}

/// From a moment to a moment, both included; an absent end is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeSpan {
    /// The first moment.
    pub from: Option<Moment>,
    /// The last moment.
    pub to: Option<Moment>,
}

/// What features are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The feature id.
    Id,
    /// The values of a field; features without a value come last.
    Field(ReadableField),
}

/// One key of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// What counts.
    pub by: SortBy,
    /// Whether the largest value comes first.
    pub descending: bool,
}

/// Which features, and in which order. Every condition given must hold.
#[derive(Clone, Debug, Default)]
pub struct ItemsQuery {
    /// Features that share a point with the box; those without a place always match.
    pub bbox: Option<Bbox>,
    /// Features whose time lies within; those without a time always match.
    pub time: Option<TimeSpan>,
    /// The feature called so.
    pub id: Option<FeatureId>,
    /// Fields that have just this value.
    pub equal: Vec<(ReadableField, Value)>,
    /// Texts of which one must stand in a text field, whatever the case; none: no condition.
    pub phrases: Vec<String>,
    /// A filter bound to this state of the collection with the same profile.
    pub filter: Option<Arc<Filter>>,
    /// Keys in order of weight; ties, and no keys at all, are settled by the engine, each time
    /// in the same way.
    pub order: Vec<SortKey>,
    /// Features left out before the first page; a cursor knows its own place.
    pub skip: usize,
    /// Who asks.
    pub profile: Profile,
}

/// One state of a collection, held for one request, and perhaps the place to go on from.
#[derive(Clone, Debug)]
pub struct Pinned {
    snapshot: Arc<Snapshot>,
    collection: Arc<CollectionSnapshot>,
    cursor: Option<Cursor>,
}

/// One page.
#[derive(Clone, Debug)]
pub struct ItemsPage {
    /// Ids in the order asked for.
    pub ids: Vec<FeatureId>,
    /// How many features match on all pages together.
    pub matched: u64,
    /// Leads to the next page; absent on the last.
    pub next: Option<String>,
}

impl Pinned {
    /// The collection called `id` in `snapshot`, from its beginning.
    pub(crate) fn of(snapshot: &Arc<Snapshot>, id: &CollectionId) -> Result<Self, EngineError> {
        let collection = snapshot.collections.get(id).map(Arc::clone);
        let collection =
            collection.ok_or_else(|| EngineError::UnknownCollection { id: id.clone() })?;
        Ok(Self { snapshot: Arc::clone(snapshot), collection, cursor: None })
    }

    /// The state of the whole store.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Where to go on from.
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// The state.
    pub fn collection(&self) -> &Arc<CollectionSnapshot> {
        &self.collection
    }

    /// Number of the state of the store.
    pub fn revision(&self) -> Revision {
        self.snapshot.revision
    }
}

impl Engine {
    /// The current state of a collection, or the one that `cursor` belongs to.
    pub fn pin(&self, id: &CollectionId, cursor: Option<&str>) -> Result<Pinned, EngineError> {
        let snapshot = self.snapshot();
        let Some(text) = cursor else {
            return Pinned::of(&snapshot, id);
        };
        let cursor =
            self.cursors().read((self.1.number(), id), text).ok_or(EngineError::CursorInvalid)?;
        let held = |snapshot: Arc<Snapshot>| {
            let collection = snapshot.collections.get(id).map(Arc::clone)?;
            (collection.revision() == cursor.revision).then_some(Pinned {
                snapshot,
                collection,
                cursor: Some(cursor),
            })
        };
        held(snapshot)
            .or_else(|| held(self.cursors().kept((self.1.number(), id), cursor.revision)?))
            .ok_or(EngineError::CursorGone)
    }

    /// A tag of what `pinned` shows to `profile`: another tag means that something may differ.
    pub fn collection_tag(&self, pinned: &Pinned, profile: Profile) -> String {
        use std::hash::{Hash, Hasher};
        let mut hasher = rustc_hash::FxHasher::default();
        for (_, field) in ReadableField::all(pinned.collection.collection(), profile) {
            field.name.hash(&mut hasher);
        }
        self.view_mark().hash(&mut hasher);
        let shown = self.fingerprint() ^ hasher.finish();
        format!("{shown:016x}-{}", pinned.collection.revision())
    }

    /// The state of a collection in `snapshot`.
    pub fn pin_in(
        &self,
        snapshot: &Arc<Snapshot>,
        id: &CollectionId,
    ) -> Result<Pinned, EngineError> {
        Pinned::of(snapshot, id)
    }

    /// At most `limit` features ([`MAX_PAGE`] at most) of `pinned`, behind its cursor when it
    /// has one.
    pub async fn items(
        &self,
        pinned: &Pinned,
        query: ItemsQuery,
        limit: usize,
    ) -> Result<ItemsPage, EngineError> {
        // Whatever is skipped, the pages behind are of one query.
        let asked = (self.1.number(), self.view_mark(), ItemsQuery { skip: 0, ..query.clone() });
        let fingerprint = self.cursors().fingerprint(&asked);
        if pinned.cursor.is_some_and(|cursor| cursor.query != fingerprint) {
            return Err(EngineError::CursorOfAnotherQuery);
        }
        let (engine, state) = (self.clone(), pinned.clone());
        let limit = limit.clamp(1, MAX_PAGE);
        let found = self
            .pool()
            .run(move || {
                let deadline = Instant::now() + engine.settings().query_time;
                let expired = || Instant::now() > deadline;
                let budget = Budget::new(Costs::default(), &expired);
                let read = Read::new(&state, &query, engine.registry(), &budget)?;
                match query.order.is_empty() {
                    true => read.by_rank(limit),
                    false => read.by_order(limit, engine.orders(), fingerprint),
                }
            })
            .await??;
        let next = found.next.map(|position| {
            let cursor = Cursor {
                revision: pinned.collection.revision(),
                query: fingerprint,
                matched: found.matched,
                position,
            };
            self.cursor_text(pinned, &cursor)
        });
        Ok(ItemsPage { ids: found.ids, matched: found.matched, next })
    }
}

impl Engine {
    /// `cursor` as text, with which one can go on in the state of `pinned` for a while.
    pub(crate) fn cursor_text(&self, pinned: &Pinned, cursor: &Cursor) -> String {
        let id = &pinned.collection.collection().id;
        let of = (self.1.number(), id);
        self.cursors().keep(of, &pinned.snapshot, self.settings().cursor_life);
        self.cursors().write(of, cursor)
    }
}

/// A page before its cursor is written.
struct Found {
    ids: Vec<FeatureId>,
    matched: u64,
    next: Option<Position>,
}

/// A query made out against one state.
struct Read<'a> {
    pinned: &'a Pinned,
    collection: &'a CollectionSnapshot,
    query: &'a ItemsQuery,
    area: Area,
    budget: &'a Budget<'a>,
}

impl<'a> Read<'a> {
    fn new(
        pinned: &'a Pinned,
        query: &'a ItemsQuery,
        registry: &CrsRegistry,
        budget: &'a Budget<'a>,
    ) -> Result<Self, EngineError> {
        let collection = &*pinned.collection;
        let area = match &query.bbox {
            None => Area::Everywhere,
            Some(bbox) => Area::of(bbox, collection.collection(), registry)?,
        };
        Ok(Self { pinned, collection, query, area, budget })
    }

    /// The page in the order that the features are stored in.
    fn by_rank(&self, limit: usize) -> Result<Found, EngineError> {
        let cursor = self.pinned.cursor;
        let after = cursor.and_then(|cursor| match cursor.position {
            Position::Rank(rank) => Some(rank),
            Position::Offset(_) => None,
        });
        let known = match cursor {
            Some(cursor) => Some(cursor.matched),
            None => self.is_unconditional().then(|| self.collection.len() as u64),
        };
        let skip = if after.is_some() { 0 } else { self.query.skip as u64 };
        let (mut ids, mut last, mut seen) = (Vec::new(), None, 0_u64);
        self.each_match(after, &mut |rank| {
            seen += 1;
            if seen <= skip {
                return ControlFlow::Continue(());
            }
            if ids.len() < limit {
                ids.push(rank.1);
                last = Some(rank);
            } else if known.is_some() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let more = seen > skip + ids.len() as u64;
        let next = last.filter(|_| more).map(Position::Rank);
        Ok(Found { ids, matched: known.unwrap_or(seen), next })
    }

    /// The page in the order of the query's keys.
    fn by_order(
        &self,
        limit: usize,
        orders: &Orders,
        fingerprint: u64,
    ) -> Result<Found, EngineError> {
        let start = match self.pinned.cursor.map(|cursor| cursor.position) {
            Some(Position::Offset(offset)) => usize::try_from(offset).unwrap_or(usize::MAX),
            _ => self.query.skip,
        };
        let key =
            (self.collection.collection().id.clone(), self.collection.revision(), fingerprint);
        let (ids, matched) = if start == 0 {
            let mut ids = Vec::new();
            self.each_match(None, &mut |(_, id)| {
                ids.push(id);
                ControlFlow::Continue(())
            })?;
            let matched = ids.len();
            (order::first(self.collection, ids, &self.query.order, limit), matched)
        } else {
            let all = orders.order(&key, || {
                let mut ids = Vec::new();
                self.each_match(None, &mut |(_, id)| {
                    ids.push(id);
                    ControlFlow::Continue(())
                })?;
                Ok(order::all(self.collection, ids, &self.query.order))
            })?;
            let end = start.saturating_add(limit).min(all.len());
            (all.get(start..end).unwrap_or_default().to_vec(), all.len())
        };
        let end = start.saturating_add(ids.len());
        let next = (end < matched).then_some(Position::Offset(end as u64));
        Ok(Found { ids, matched: matched as u64, next })
    }

    fn is_unconditional(&self) -> bool {
        let query = self.query;
        matches!(self.area, Area::Everywhere)
            && query.id.is_none()
            && query.equal.is_empty()
            && query.phrases.is_empty()
            && query.time.is_none()
            && query.filter.is_none()
    }

    /// The box in which every match with a place lies; none when it may lie anywhere.
    fn window(&self) -> Option<Envelope> {
        let of_filter = self.query.filter.as_ref().and_then(|filter| filter.envelope().copied());
        match (self.area.envelope(), of_filter) {
            (Some(area), Some(filter)) => {
                Some(area::intersection(&area, &filter).unwrap_or(Envelope::EMPTY))
            }
            (area, filter) => area.or(filter),
        }
    }

    /// Visits what matches, in rank order, from behind `after` on.
    fn each_match(
        &self,
        after: Option<Rank>,
        visit: &mut dyn FnMut(Rank) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let unconditional = self.is_unconditional();
        let mut conditions = Conditions::new(self.query, self.collection.collection());
        let mut outcome = Ok(());
        let window = self.window();
        self.collection.walk(after, window.as_ref(), &mut |shard, slots| {
            let mut filter = self.query.filter.as_ref().map(|filter| filter.on(shard));
            let mut run = || -> Result<ControlFlow<()>, EngineError> {
                let features = if unconditional { 0 } else { slots.len() as u64 };
                self.budget.spend(features, 0)?;
                for &narrow in slots {
                    let slot = usize::from(narrow);
                    let holds = unconditional
                        || conditions.hold(shard, slot)
                            && filter.as_mut().is_none_or(|filter| filter.matches(narrow))
                            && self.area.meets(shard.feature(slot), self.budget)?;
                    if holds && visit(shard.rank(slot)).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            };
            run().unwrap_or_else(|error| {
                outcome = Err(error);
                ControlFlow::Break(())
            })
        });
        outcome
    }
}

impl From<OverBudget> for EngineError {
    fn from(cause: OverBudget) -> Self {
        Self::TooCostly { cause }
    }
}
