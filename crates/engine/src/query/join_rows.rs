//! The rows of a join: made of the two collections, or of the rows of before where few features are
//! others since. Both ways give the same.

use rustc_hash::{FxHashMap, FxHashSet};
use spatial::filter::Filter;
use spatial::join::{Join, JoinOn, JoinSide, Keep};
use spatial::query::{Near, Nearest};
use spatial::{Budget, CollectionSnapshot, Envelope, FeatureId, FeatureRef, Metric};

use super::join::{AllRows, JoinQuery, JoinRelation, JoinWanted, MAX_PAIRS, columns, join_fault};
use super::place::{Resolved, metric};
use super::{Condition, fault};
use crate::kept::{Earlier, merged};
use crate::pool::each_in_parallel;
use crate::{Engine, EngineError};

/// A feature of the first collection, one of the second, and the metres between them.
pub(super) type NearPair = (FeatureId, FeatureId, f64);

/// Features of a collection by id.
type Ids = FxHashSet<FeatureId>;

/// A join made out against two states.
pub(super) struct Joining<'a> {
    engine: &'a Engine,
    first: &'a CollectionSnapshot,
    second: &'a CollectionSnapshot,
    filters: [Option<Filter>; 2],
    query: &'a JoinQuery,
    budget: &'a Budget<'a>,
}

/// How many neighbours, and how they are measured in the CRS of the second collection.
#[derive(Clone, Copy)]
struct Neighbours {
    count: usize,
    metric: Metric,
    /// Units of the metric in a metre.
    units: f64,
    /// In units of the metric.
    within: f64,
}

impl<'a> Joining<'a> {
    /// # Errors
    /// When a condition does not fit its collection.
    pub(super) fn of(
        engine: &'a Engine,
        (first, second): (&'a CollectionSnapshot, &'a CollectionSnapshot),
        query: &'a JoinQuery,
        budget: &'a Budget<'a>,
    ) -> Result<Self, EngineError> {
        let bind = |condition: &Option<Condition>, held: &CollectionSnapshot| {
            let bound = condition.as_ref();
            let bound =
                bound.map(|one| one.bind(held.collection(), engine.registry(), query.profile));
            bound.transpose()
        };
        let filters = [bind(&query.condition, first)?, bind(&query.second_condition, second)?];
        Ok(Self { engine, first, second, filters, query, budget })
    }

    /// All rows, by ids; those of the nearest by the first id and the distance.
    pub(super) fn rows(&self) -> Result<AllRows, EngineError> {
        if let JoinRelation::Nearest { count, within } = self.query.relation {
            let asked = self.neighbours(count, within)?;
            return Ok(AllRows::Near(self.nearest(self.taking_part(asked)?, asked)?));
        }
        Ok(match &self.query.wanted {
            JoinWanted::Pairs => AllRows::Pairs(self.pairs([None, None])?),
            JoinWanted::Counts(aggregates) => {
                let columns = columns(aggregates, self.second.collection(), self.query.profile)?;
                let sums: Vec<usize> = columns.iter().flatten().copied().collect();
                let sides = self.sides([None, None]);
                let tallies = |join: Join<'_>| join.tally(&sums, self.budget).map_err(join_fault);
                AllRows::Counts(self.joined(sides, tallies)?)
            }
        })
    }

    /// The rows of before, mended where features are others since; none where all rows are to be made
    /// anew.
    pub(super) fn mended(
        &self,
        earlier: &Earlier<AllRows>,
    ) -> Result<Option<AllRows>, EngineError> {
        let [first, second] = earlier.changed.as_slice() else { return Ok(None) };
        let (first, second) = (&first.ids, &second.ids);
        Ok(match (&*earlier.answer, self.query.relation) {
            (AllRows::Pairs(before), _) => {
                Some(AllRows::Pairs(self.mended_pairs(before, first, second)?))
            }
            (AllRows::Near(before), JoinRelation::Nearest { count, within }) => {
                let asked = self.neighbours(count, within)?;
                self.mended_nearest(before, (first, second), asked)?.map(AllRows::Near)
            }
            _ => None,
        })
    }

    fn mended_pairs(
        &self,
        before: &[(FeatureId, FeatureId)],
        first: &Ids,
        second: &Ids,
    ) -> Result<Vec<(FeatureId, FeatureId)>, EngineError> {
        let mut fresh = match first.is_empty() {
            true => Vec::new(),
            false => self.pairs([Some(first), None])?,
        };
        if !second.is_empty() {
            let of_second = self.pairs([None, Some(second)])?;
            fresh.extend(of_second.into_iter().filter(|(a, _)| !first.contains(a)));
        }
        fresh.sort_unstable();
        let kept = before.iter().filter(|(a, b)| !first.contains(a) && !second.contains(b));
        let pairs = merged(kept.copied(), fresh, Ord::cmp);
        match pairs.len() {
            ..=MAX_PAIRS => Ok(pairs),
            // Told as a join of all of it tells it.
            _ => self.pairs([None, None]),
        }
    }

    /// The neighbours of a feature are others where it is another, where one of them is, and where one
    /// that is another now comes as near as the last of them, or near enough where they are fewer than asked.
    fn mended_nearest(
        &self,
        before: &[NearPair],
        (first, second): (&Ids, &Ids),
        asked: Neighbours,
    ) -> Result<Option<Vec<NearPair>>, EngineError> {
        if self.first.collection().crs != self.second.collection().crs {
            return Ok(None);
        }
        let all = self.taking_part(asked)?;
        let mut near_to: FxHashMap<FeatureId, &[NearPair]> = FxHashMap::default();
        for near in before.chunk_by(|a, b| a.0 == b.0) {
            near_to.insert(near[0].0, near);
        }
        let come: Vec<Envelope> = second
            .iter()
            .filter_map(|id| self.second.get(*id))
            .filter(|feature| self.filters[1].as_ref().is_none_or(|one| one.matches(*feature)))
            .map(|feature| feature.envelope())
            .collect();
        let is_as_before = |feature: &FeatureRef<'_>| {
            let near = near_to.get(&feature.id()).copied().unwrap_or_default();
            let envelope = feature.envelope();
            if first.contains(&feature.id()) || near.iter().any(|(_, b, _)| second.contains(b)) {
                return false;
            }
            let reach = match near.last() {
                // Rounding on the way to metres and back is much less.
                Some((.., last)) if near.len() >= asked.count => last * asked.units * (1.0 + 1e-9),
                _ => asked.within,
            };
            let near = asked.metric.grown(&envelope, reach);
            envelope.is_empty() || !come.iter().any(|one| near.intersects(one))
        };
        let (stay, others): (Vec<FeatureRef<'_>>, Vec<FeatureRef<'_>>) =
            all.into_iter().partition(is_as_before);
        let stay: Ids = stay.iter().map(|feature| feature.id()).collect();
        let fresh = self.nearest(others, asked)?;
        let kept = before.iter().filter(|(a, ..)| stay.contains(a)).copied();
        Ok(Some(merged(kept, fresh, |a, b| a.0.cmp(&b.0))))
    }

    fn neighbours(&self, count: usize, within: f64) -> Result<Neighbours, EngineError> {
        let (metric, units) = metric(&self.second.collection().crs, self.engine.registry())?;
        Ok(Neighbours { count, metric, units, within: within * units })
    }

    /// The features of the first collection that take part.
    fn taking_part(&self, asked: Neighbours) -> Result<Vec<FeatureRef<'a>>, EngineError> {
        let mut features = Vec::new();
        self.first.each(&mut |shard, slots| {
            let mut filter = self.filters[0].as_ref().map(|filter| filter.on(shard));
            let mut takes_part =
                |slot: u16| filter.as_mut().is_none_or(|filter| filter.matches(slot));
            let slots = slots.iter().copied().filter(|slot| takes_part(*slot));
            features.extend(slots.map(|slot| shard.feature(usize::from(slot))));
        });
        if features.len().saturating_mul(asked.count) > MAX_PAIRS {
            return Err(EngineError::Unmeasurable {
                what: format!(
                    "{} features with {} neighbours each are more than {MAX_PAIRS} pairs; narrow \
                     the first collection by filter",
                    features.len(),
                    asked.count
                ),
            });
        }
        Ok(features)
    }

    /// For each of `first`, by id, its neighbours in the second collection, the nearest first. Features
    /// without a geometry are near to nothing.
    fn nearest(
        &self,
        mut first: Vec<FeatureRef<'_>>,
        asked: Neighbours,
    ) -> Result<Vec<NearPair>, EngineError> {
        first.sort_unstable_by_key(|feature| feature.id());
        let (from, to) = (&self.first.collection().crs, &self.second.collection().crs);
        let Neighbours { count, metric, units, within } = asked;
        let keep = |f: FeatureRef<'_>| self.filters[1].as_ref().is_none_or(|one| one.matches(f));
        let filter: Option<Keep<'_>> = self.filters[1].is_some().then_some(&keep);
        let near = |feature: &FeatureRef<'_>| -> Result<Vec<NearPair>, EngineError> {
            let Some(geometry) = feature.geometry() else { return Ok(Vec::new()) };
            let area = Resolved::new(geometry, from.clone());
            let area = area.area_for_few(to, self.engine.registry())?;
            let asked = Nearest { to: &area, count, metric, within, filter };
            let near = self.second.nearest(&asked, self.budget).map_err(fault)?;
            let pair = |one: &Near<'_>| (feature.id(), one.feature.id(), one.distance / units);
            Ok(near.iter().map(pair).collect())
        };
        let found: Result<Vec<Vec<NearPair>>, EngineError> =
            each_in_parallel(&first, near).into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The pairs of the features of both sides that take part, and are among those of the ids.
    fn pairs(&self, among: [Option<&Ids>; 2]) -> Result<Vec<(FeatureId, FeatureId)>, EngineError> {
        let pairs = |join: Join<'_>| join.pairs(MAX_PAIRS, self.budget).map_err(join_fault);
        self.joined(self.sides(among), pairs)
    }

    fn sides<'s>(&'s self, [first, second]: [Option<&'s Ids>; 2]) -> [JoinSide<'s>; 2] {
        let side = |snapshot: &'s CollectionSnapshot, at: usize, among| JoinSide {
            filter: self.filters[at].as_ref(),
            among,
            ..snapshot.into()
        };
        [side(self.first, 0, first), side(self.second, 1, second)]
    }

    /// What `of` makes of the join of two sides.
    fn joined<T>(
        &self,
        [first, second]: [JoinSide<'_>; 2],
        of: impl Fn(Join<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let registry = self.engine.registry();
        let on = match self.query.relation {
            JoinRelation::Predicate(predicate) => JoinOn::Predicate(predicate),
            JoinRelation::Distance(metres) => {
                let (metric, units) = metric(&self.first.collection().crs, registry)?;
                JoinOn::Within { distance: metres * units, metric }
            }
            JoinRelation::Nearest { .. } => {
                let what = "the nearest are not found by a join".to_owned();
                return Err(EngineError::Internal { what });
            }
        };
        let (from, to) = (&self.second.collection().crs, &self.first.collection().crs);
        if from == to {
            let join = match self.query.wanted {
                JoinWanted::Pairs => Join::of_pairs(first, second, on),
                JoinWanted::Counts(_) => Join::new(first, second, on),
            };
            return of(join.map_err(join_fault)?);
        }
        let projector = registry
            .projector(from, to)
            .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
        let move_all = |coords: &mut [[f64; 2]]| projector.project_all(coords).is_ok();
        of(Join::reprojected(first, second, on, &move_all).map_err(join_fault)?)
    }
}
