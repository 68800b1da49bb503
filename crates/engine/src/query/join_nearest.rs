//! The nearest features of a second collection for each feature of a first.

use spatial::query::Nearest;
use spatial::{Budget, CollectionSnapshot, FeatureId, FeatureRef};

use super::fault;
use super::place::{Resolved, metric};
use crate::pool::each_in_parallel;
use crate::{Engine, EngineError};

/// A feature of the first collection, one of the second, and the metres between them.
pub(super) type NearPair = (FeatureId, FeatureId, f64);

/// Which neighbours.
#[derive(Clone, Copy)]
pub(super) struct Neighbours<'a> {
    /// Which features of the second take part.
    pub(super) filter: Option<&'a (dyn Fn(FeatureRef<'_>) -> bool + Sync)>,
    /// How many for each feature of the first.
    pub(super) count: usize,
    /// How many metres off at most; infinity for any distance.
    pub(super) within: f64,
    /// Most pairs.
    pub(super) most: usize,
}

impl Engine {
    /// For each of `first`, by id, its neighbours in `second`, the nearest first. Features without
    /// a geometry are near to nothing.
    pub(super) fn nearest_pairs(
        &self,
        mut first: Vec<FeatureRef<'_>>,
        (of_first, second): (&CollectionSnapshot, &CollectionSnapshot),
        asked: Neighbours<'_>,
        budget: &Budget<'_>,
    ) -> Result<Vec<NearPair>, EngineError> {
        let Neighbours { filter, count, within, most } = asked;
        if first.len().saturating_mul(count) > most {
            return Err(EngineError::Unmeasurable {
                what: format!(
                    "{} features with {count} neighbours each are more than {most} pairs; narrow \
                     the first collection by filter",
                    first.len()
                ),
            });
        }
        first.sort_unstable_by_key(|feature| feature.id());
        let (from, to) = (&of_first.collection().crs, &second.collection().crs);
        let (metric, units) = metric(to, self.registry())?;
        let near = |feature: &FeatureRef<'_>| -> Result<Vec<NearPair>, EngineError> {
            let Some(geometry) = feature.geometry() else { return Ok(Vec::new()) };
            let area = Resolved::new(geometry, from.clone()).area_for_few(to, self.registry())?;
            let asked = Nearest { to: &area, count, metric, within: within * units, filter };
            let near = second.nearest(&asked, budget).map_err(fault)?;
            let pair = |one: &spatial::query::Near<'_>| {
                (feature.id(), one.feature.id(), one.distance / units)
            };
            Ok(near.iter().map(pair).collect())
        };
        let found: Result<Vec<Vec<NearPair>>, EngineError> =
            each_in_parallel(&first, near).into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }
}
