//! One search: the features of collections that lie to a place as asked, and what is wanted of
//! them.

use std::sync::Arc;

use spatial::filter::Filter;
use spatial::query::{Area, Nearest, QueryFault, Selection, Test};
use spatial::{
    Budget, Changes, CollectionId, CollectionSnapshot, Costs, Crs, Envelope, FeatureId, FeatureRef,
    Geometry, Metric, Predicate, Timestamp,
};

use super::aggregate::{Aggregate, AggregateOp, Group, Plan};
use super::grouping::Grouping;
use super::page::{Page, by_order, by_rank};
use super::place::metric;
use super::{AreaCrs, Condition, Place, Relation};
use crate::items::{Cursor, MAX_PAGE, Pinned, SortBy, SortKey};
use crate::kept::{Earlier, KeptAnswers, Same};
use crate::pool::{Weight, each_in_parallel};
use crate::{Engine, EngineError, Profile, ReadableField};

/// Most features and groups of all searches together whose answers are kept: some 16 MB of ids.
const MAX_KEPT_FOUND: usize = 1_000_000;

/// A search, and the number of features from which on a group is told.
type SearchQuestion = (SearchQuery, u64);

/// What searches found lately that fits on one page: counts and findings, a collection each. They stand
/// behind edits where they do not look.
pub(crate) type KeptSearches = KeptAnswers<SearchQuestion, Vec<(u64, Arc<Found>)>>;

/// No searches yet.
pub(crate) fn kept_searches() -> KeptSearches {
    KeptAnswers::mended(MAX_KEPT_FOUND)
}

/// What is searched for, in each of the collections.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    /// Where, and how features must lie to it; anywhere when absent.
    pub place: Option<(Place, Relation)>,
    /// What else must hold of a feature.
    pub condition: Option<Condition>,
    /// What is answered.
    pub wanted: Wanted,
    /// Who asks.
    pub profile: Profile,
}

/// A field to sort by.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// Its name.
    pub name: String,
    /// Whether the largest value comes first.
    pub descending: bool,
}

/// What is answered of the features found.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Their number.
    Count,
    /// A page of ids.
    Page {
        /// Fields in order of weight; the order of the collection when there are none.
        order: Vec<Sort>,
        /// How many at most, [`MAX_PAGE`] at most.
        limit: usize,
    },
    /// Sums and their like.
    Aggregate {
        /// Which; also none.
        aggregates: Vec<Aggregate>,
        /// Fields whose values make groups; one group when there are none.
        group_by: Vec<String>,
        /// What areas are measured in; the CRS of the collection or the ellipsoid when absent.
        area_crs: Option<AreaCrs>,
    },
}

/// What was found in one collection.
#[derive(Clone, Debug)]
pub struct Searched {
    /// The state that was read.
    pub pinned: Pinned,
    /// How many features there are, exactly.
    pub count: u64,
    /// What was wanted; it may be kept for others who ask the same.
    pub found: Arc<Found>,
}

/// What was wanted, found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The count says it.
    Count,
    /// A page.
    Page {
        /// Ids in the order asked for; of neighbours the nearest first.
        ids: Vec<FeatureId>,
        /// Metres to the place, for neighbours.
        distances: Option<Vec<f64>>,
        /// Leads to the next page; absent on the last.
        next: Option<String>,
    },
    /// Groups in the order of their keys.
    Groups {
        /// The groups; exactly one when none were asked for.
        groups: Vec<Group>,
        /// What areas were measured in; absent without areas.
        area_crs: Option<AreaCrs>,
    },
}

impl Found {
    /// Whether no other page follows.
    fn is_whole(&self) -> bool {
        !matches!(self, Self::Page { next: Some(_), .. })
    }

    fn items(&self) -> usize {
        match self {
            Self::Count => 1,
            Self::Page { ids, .. } => ids.len(),
            Self::Groups { groups, .. } => groups.len(),
        }
    }
}

impl Engine {
    /// One state of all of `ids`: the current one, or that of `as_of`.
    pub async fn pin_all(
        &self,
        as_of: Option<Timestamp>,
        ids: &[CollectionId],
    ) -> Result<Vec<Pinned>, EngineError> {
        let snapshot = self.state(as_of, ids).await?;
        ids.iter().map(|id| Pinned::of(&snapshot, id)).collect()
    }

    /// Searches every one of `pinned`, which are of one state; behind its cursor when it has one.
    pub async fn search(
        &self,
        pinned: Vec<Pinned>,
        query: SearchQuery,
    ) -> Result<Vec<Searched>, EngineError> {
        let weight = match (pinned.as_slice(), &query.place) {
            ([_], Some((place, _))) if place.is_small() => Weight::PerhapsLight,
            _ => Weight::Heavy,
        };
        let (engine, asked) = (self.clone(), (Costs::default(), self.settings().query_time));
        let read = move |budget: &Budget<'_>| engine.search_now(&pinned, &query, budget);
        self.pool().read(weight, asked, read).await
    }

    /// [`Engine::search`] on this thread, which should be one of the pool.
    pub fn search_now(
        &self,
        pinned: &[Pinned],
        query: &SearchQuery,
        budget: &Budget<'_>,
    ) -> Result<Vec<Searched>, EngineError> {
        let stored = match &query.place {
            Some((Place::Stored { collection, .. }, _)) => Some(collection),
            _ => None,
        };
        let stored = pinned.first().zip(stored);
        let stored = stored.and_then(|(one, id)| one.snapshot().collections.get(id));
        let read: Vec<&Arc<CollectionSnapshot>> =
            pinned.iter().map(Pinned::collection).chain(stored).collect();
        let (kept, least) = (&self.0.searches, self.least_count());
        let is_first_page = pinned.iter().all(|one| one.cursor().is_none());
        let mark = query.place.as_ref().map_or(0, |(place, _)| place.mark());
        let is_same = |(asked, from): &SearchQuestion| *from == least && asked == query;
        let same = Same { mark, is_same };
        let told = |found: &[(u64, Arc<Found>)]| {
            let searched = |(pinned, (count, found)): (&Pinned, &(u64, Arc<Found>))| Searched {
                pinned: pinned.clone(),
                count: *count,
                found: Arc::clone(found),
            };
            pinned.iter().zip(found).map(searched).collect()
        };
        if is_first_page && let Some(found) = kept.find(&read, same) {
            return Ok(told(&found));
        }
        if is_first_page && let Some(earlier) = kept.earlier(&read, same) {
            let Earlier { answer: found, changed } = earlier;
            if self.is_untouched(pinned, query, (&found, &changed))? {
                let items = found.iter().map(|(_, found)| found.items()).sum();
                kept.keep(&read, ((query.clone(), least), same), &found, items);
                return Ok(told(&found));
            }
        }
        let searched = self.search_anew(pinned, query, budget)?;
        if is_first_page && searched.iter().all(|one| one.found.is_whole()) {
            let found: Vec<_> =
                searched.iter().map(|one| (one.count, Arc::clone(&one.found))).collect();
            let items = found.iter().map(|(_, found)| found.items()).sum();
            kept.keep(&read, ((query.clone(), least), same), &Arc::new(found), items);
        }
        Ok(searched)
    }

    /// Whether what changed of the collections searched, and of the one of the place, lies where the
    /// search does not look: what was found is found again then.
    fn is_untouched(
        &self,
        pinned: &[Pinned],
        query: &SearchQuery,
        (found, changed): (&[(u64, Arc<Found>)], &[Changes]),
    ) -> Result<bool, EngineError> {
        let (Some((place, relation)), Some(first)) = (&query.place, pinned.first()) else {
            return Ok(false);
        };
        let of_place = changed.get(pinned.len());
        if let (Place::Stored { id, .. }, Some(changed)) = (place, of_place)
            && changed.ids.contains(id)
        {
            return Ok(false);
        }
        let place = place.resolve(first.snapshot())?;
        for ((one, (_, found)), changed) in pinned.iter().zip(found).zip(changed) {
            if changed.ids.is_empty() {
                continue;
            }
            let crs = &one.collection().collection().crs;
            let area = self.0.areas.area(&place, crs, self.registry())?;
            let (reach, metric) = match (relation, &**found) {
                (Relation::Nearest { count, within }, Found::Page { distances, .. }) => {
                    let (metric, units) = metric(crs, self.registry())?;
                    let last = distances.as_ref().filter(|one| one.len() >= *count);
                    let last = last.and_then(|one| one.last().copied());
                    // Rounding on the way to metres and back is much less.
                    (last.map_or(*within, |last| last * (1.0 + 1e-9)) * units, metric)
                }
                (Relation::Nearest { .. }, _) => return Ok(false),
                (relation, _) => match relation.test(crs, self.registry())? {
                    Some(Test::WithinDistance(distance, metric)) => (distance, metric),
                    Some(test) if test.is_confined_to(&area) => (0.0, Metric::Plane),
                    _ => return Ok(false),
                },
            };
            let near = metric.grown(&area.envelope(), reach);
            if changed.boxes.iter().any(|one| near.intersects(one)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn search_anew(
        &self,
        pinned: &[Pinned],
        query: &SearchQuery,
        budget: &Budget<'_>,
    ) -> Result<Vec<Searched>, EngineError> {
        let Some(first) = pinned.first() else { return Ok(Vec::new()) };
        let place = query.place.as_ref().map(|(place, _)| place.resolve(first.snapshot()));
        let place = place.transpose()?;
        let mut storage: Vec<&Crs> =
            pinned.iter().map(|one| &one.collection().collection().crs).collect();
        storage.sort_unstable();
        storage.dedup();
        let mut areas = Vec::new();
        for crs in storage {
            let prepared = |place| self.0.areas.area(place, crs, self.registry());
            let area = place.as_ref().map(prepared);
            areas.push((crs.clone(), area.transpose()?));
        }
        let found = each_in_parallel(pinned, |one| {
            let crs = &one.collection().collection().crs;
            let area = areas.iter().find(|(known, _)| known == crs);
            let area = area.and_then(|(_, area)| area.as_deref());
            Search { engine: self, pinned: one, query, area, budget }.run()
        });
        found.into_iter().collect()
    }
}

/// A search made out against one collection.
struct Search<'a> {
    engine: &'a Engine,
    pinned: &'a Pinned,
    query: &'a SearchQuery,
    area: Option<&'a Area>,
    budget: &'a Budget<'a>,
}

impl Search<'_> {
    fn run(&self) -> Result<Searched, EngineError> {
        let registry = self.engine.registry();
        let collection = self.pinned.collection().collection();
        let filter = self.query.condition.as_ref();
        let filter = filter.map(|one| one.bind(collection, registry, self.query.profile));
        let filter = filter.transpose()?;
        let holds = |feature: FeatureRef<'_>| filter.as_ref().is_none_or(|f| f.matches(feature));
        let relation = self.query.place.as_ref().map(|(_, relation)| *relation);
        // Where only the filter says something about the place, its envelope is the area.
        let envelope = filter.as_ref().and_then(Filter::envelope);
        if envelope.is_some_and(Envelope::is_empty) {
            return self.answer_nothing();
        }
        let around = envelope.filter(|_| relation.is_none()).and_then(around);
        let mut selection =
            Selection { filter: filter.is_some().then_some(&holds), ..<_>::default() };
        if let Some(area) = &around {
            selection.area = Some((area, Test::Predicate(Predicate::Intersects)));
        }
        if let (Some(area), Some(relation)) = (self.area, relation) {
            match relation.test(&collection.crs, registry)? {
                Some(test) => selection.area = Some((area, test)),
                None => return self.neighbours(area, relation, selection),
            }
        }
        self.answer(selection)
    }

    fn answer(&self, selection: Selection<'_>) -> Result<Searched, EngineError> {
        let collection = self.pinned.collection();
        match &self.query.wanted {
            Wanted::Count => {
                let unconditional = selection.area.is_none() && selection.filter.is_none();
                let count = match unconditional {
                    true => collection.len() as u64,
                    false => collection.count(&selection, self.budget).map_err(fault)?,
                };
                Ok(self.found(count, Found::Count))
            }
            Wanted::Page { order, limit } => self.page(selection, order, *limit),
            Wanted::Aggregate { aggregates, group_by, area_crs } => {
                let has_area = aggregates.iter().any(|aggregate| aggregate.op.is_area());
                let registry = self.engine.registry();
                let own = || AreaCrs::of(collection.collection(), registry);
                let crs = area_crs.clone().unwrap_or_else(own);
                if aggregates.iter().any(|one| one.op == AggregateOp::OverlayArea)
                    && !self.area.is_some_and(Area::is_areal)
                {
                    return Err(EngineError::Unmeasurable {
                        what: "overlayArea needs a polygon as geometry".to_owned(),
                    });
                }
                let plan = Plan::new(
                    (aggregates, group_by),
                    &crs,
                    collection.collection(),
                    registry,
                    self.query.profile,
                )?;
                let mut groups = self.groups(&plan, selection)?;
                // Small groups are not for everyone.
                groups.retain(|group| group.count >= self.engine.least_count());
                let count = groups.iter().map(|group| group.count).sum();
                Ok(self.found(count, Found::Groups { groups, area_crs: has_area.then_some(crs) }))
            }
        }
    }

    fn groups(&self, plan: &Plan, selection: Selection<'_>) -> Result<Vec<Group>, EngineError> {
        if let Some(group) = plan.summed(self.pinned.collection(), &selection, self.budget) {
            return Ok(vec![group?]);
        }
        let mut grouping = Grouping::new(plan);
        let mut outcome = Ok(());
        let visited =
            self.pinned.collection().select(&selection, self.budget, &mut |shard, slots| {
                let taken = self
                    .budget
                    .spend(0, 0)
                    .map_err(EngineError::from)
                    .and_then(|()| grouping.take(shard, slots));
                match taken {
                    Ok(()) => std::ops::ControlFlow::Continue(()),
                    Err(error) => {
                        outcome = Err(error);
                        std::ops::ControlFlow::Break(())
                    }
                }
            });
        visited.map_err(fault)?;
        outcome?;
        grouping.finish(self.area, self.budget)
    }

    fn page(
        &self,
        selection: Selection<'_>,
        order: &[Sort],
        limit: usize,
    ) -> Result<Searched, EngineError> {
        let (engine, collection) = (self.engine, self.pinned.collection());
        let query = self.query;
        // Told only where it is compared or handed on: a place may have many vertices.
        let fingerprint = || {
            let about =
                format!("{:?}{:?}{order:?}{:?}", query.place, query.condition, query.profile);
            engine.cursors().fingerprint(&about)
        };
        let cursor = self.pinned.cursor();
        if cursor.is_some_and(|cursor| cursor.query != fingerprint()) {
            return Err(EngineError::CursorOfAnotherQuery);
        }
        let limit = limit.clamp(1, MAX_PAGE);
        let keys = self.sort_keys(order)?;
        let page = match keys.is_empty() {
            true => by_rank(collection, selection, cursor, limit, self.budget)?,
            false => by_order(
                (engine, fingerprint()),
                collection,
                (selection, &keys),
                (cursor, limit),
                self.budget,
            )?,
        };
        let Page { ids, matched, next } = page;
        let next = next.map(|position| {
            let revision = collection.revision();
            let cursor = Cursor { revision, query: fingerprint(), matched, position };
            engine.cursor_text(self.pinned, &cursor)
        });
        Ok(self.found(matched, Found::Page { ids, distances: None, next }))
    }

    fn sort_keys(&self, order: &[Sort]) -> Result<Vec<SortKey>, EngineError> {
        let collection = self.pinned.collection().collection();
        let key = |sort: &Sort| {
            let by = match sort.name == ID_NAME && collection.field_position(ID_NAME).is_none() {
                true => SortBy::Id,
                false => {
                    SortBy::Field(ReadableField::find(collection, &sort.name, self.query.profile)?)
                }
            };
            Ok(SortKey { by, descending: sort.descending })
        };
        order.iter().map(key).collect()
    }

    fn neighbours(
        &self,
        area: &Area,
        relation: Relation,
        selection: Selection<'_>,
    ) -> Result<Searched, EngineError> {
        let Relation::Nearest { count, within } = relation else { return self.answer(selection) };
        let collection = self.pinned.collection();
        let (metric, units) = metric(&collection.collection().crs, self.engine.registry())?;
        let asked =
            Nearest { to: area, count, metric, within: within * units, filter: selection.filter };
        let near = collection.nearest(&asked, self.budget).map_err(fault)?;
        let ids: Vec<FeatureId> = near.iter().map(|one| one.feature.id()).collect();
        let distances = Some(near.iter().map(|one| one.distance / units).collect());
        let count = ids.len() as u64;
        let found = match self.query.wanted {
            Wanted::Page { .. } => Found::Page { ids, distances, next: None },
            Wanted::Count => Found::Count,
            Wanted::Aggregate { .. } => {
                return Err(EngineError::Unmeasurable {
                    what: "neighbours are not aggregated; ask for features or ids".to_owned(),
                });
            }
        };
        Ok(self.found(count, found))
    }

    /// The answer when the filter can match nothing.
    fn answer_nothing(&self) -> Result<Searched, EngineError> {
        let nothing = |_: FeatureRef<'_>| false;
        self.answer(Selection { filter: Some(&nothing), ..<_>::default() })
    }

    fn found(&self, count: u64, found: Found) -> Searched {
        Searched { pinned: self.pinned.clone(), count, found: Arc::new(found) }
    }
}

/// What sorting by the feature id is asked for by, where no field is called so.
const ID_NAME: &str = "id";

/// The box of a filter as an area; `None` when it is too large for one.
fn around(envelope: &Envelope) -> Option<Area> {
    /// Units by which the box grows: it only narrows the search, and must not be flat.
    const MARGIN: f64 = 1e-5;
    let corner = |x, y| geo_types::Coord { x, y };
    let low = corner(envelope.min_x - MARGIN, envelope.min_y - MARGIN);
    let high = corner(envelope.max_x + MARGIN, envelope.max_y + MARGIN);
    let shape = geo_types::Rect::new(low, high).to_polygon();
    Area::new(&Geometry::from(geo_types::Geometry::Polygon(shape)), 8).ok()
}

/// What the query core refused, in words of the engine.
pub(crate) fn fault(fault: QueryFault) -> EngineError {
    match fault {
        QueryFault::OverBudget(cause) => EngineError::TooCostly { cause },
        QueryFault::Geometry { .. } => {
            EngineError::UnusableGeometry { reason: fault.to_string(), at: None }
        }
        fault => EngineError::Unmeasurable { what: fault.to_string() },
    }
}

#[cfg(test)]
mod cost {
    use spatial::OverBudget;

    use super::*;

    #[test]
    fn time_that_is_up_is_too_costly() {
        let error = fault(QueryFault::OverBudget(OverBudget::Time));
        assert!(matches!(error, EngineError::TooCostly { cause: OverBudget::Time }));
    }
}
