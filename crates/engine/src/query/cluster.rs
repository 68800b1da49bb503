//! Features of one collection put together by distance (连片).

use std::time::Instant;

use rustc_hash::FxHashSet;
use spatial::cluster::{ClusterFault, ClusterQuery as Asked, MAX_CLUSTERED, cluster};
use spatial::query::{Selection, Test};
use spatial::{
    Budget, CollectionId, Costs, Crs, FeatureId, FeatureRef, Geometry, Predicate, Revision, Value,
};

use super::join::{columns, value};
use super::place::metric;
use super::search::fault as query_fault;
use super::{Aggregate, Condition, Place};
use crate::items::Pinned;
use crate::{Engine, EngineError, Profile};

/// What is put together.
#[derive(Clone, Debug)]
pub struct ClusterQuery {
    /// The collection.
    pub collection: CollectionId,
    /// Metres between neighbours, at most.
    pub distance: f64,
    /// Least number of features within the distance of a core, itself included.
    pub least: usize,
    /// Only features that meet this place.
    pub place: Option<Place>,
    /// Which of them take part.
    pub condition: Option<Condition>,
    /// Counts, sums and means over the features of a cluster.
    pub aggregates: Vec<Aggregate>,
    /// What hulls are answered in.
    pub crs: Crs,
    /// Who asks.
    pub profile: Profile,
}

/// Clusters, by their smallest core id.
#[derive(Clone, Debug, PartialEq)]
pub struct Clustered {
    /// State that was read.
    pub revision: Revision,
    /// The clusters.
    pub clusters: Vec<ClusterFound>,
    /// Features that belong to none.
    pub noise: u64,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterFound {
    /// Its features, by id.
    pub members: Vec<FeatureId>,
    /// The smallest convex shape that holds them, east first.
    pub hull: Geometry,
    /// A value an aggregate.
    pub values: Vec<Value>,
}

impl Engine {
    /// Puts features together.
    pub async fn cluster(&self, query: ClusterQuery) -> Result<Clustered, EngineError> {
        let pinned = Pinned::of(&self.snapshot(), &query.collection)?;
        let engine = self.clone();
        let run = move || {
            let deadline = Instant::now() + engine.settings().query_time;
            let expired = || Instant::now() > deadline;
            let budget =
                Budget::new(Costs { vertices: 1_000_000_000, ..Costs::default() }, &expired);
            engine.cluster_now(&pinned, &query, &budget)
        };
        self.pool().run(run).await?
    }

    fn cluster_now(
        &self,
        pinned: &Pinned,
        query: &ClusterQuery,
        budget: &Budget<'_>,
    ) -> Result<Clustered, EngineError> {
        let (registry, held) = (self.registry(), pinned.collection());
        let collection = held.collection();
        let filter = query.condition.as_ref();
        let filter = filter.map(|one| one.bind(collection, registry, query.profile)).transpose()?;
        let holds = |feature: FeatureRef<'_>| filter.as_ref().is_none_or(|f| f.matches(feature));
        let area = query
            .place
            .as_ref()
            .map(|place| place.resolve(pinned.snapshot())?.area(&collection.crs, registry));
        let area = area.transpose()?;
        let inside = area.as_ref().map(|area| {
            let selection = Selection {
                area: Some((area, Test::Predicate(Predicate::Intersects))),
                ..Selection::default()
            };
            held.ids(&selection, budget).map_err(query_fault)
        });
        let inside: Option<FxHashSet<FeatureId>> = match inside {
            Some(ids) => Some(ids?.into_iter().collect()),
            None => None,
        };
        let keep = |feature: FeatureRef<'_>| {
            inside.as_ref().is_none_or(|ids| ids.contains(&feature.id())) && holds(feature)
        };
        let columns = columns(&query.aggregates, collection, query.profile)?;
        let sums: Vec<usize> = columns.iter().flatten().copied().collect();
        let (metric, units) = metric(&collection.crs, registry)?;
        let asked = Asked {
            distance: query.distance * units,
            metric,
            least: query.least,
            area: area.as_ref().map(|area| area.envelope()),
            keep: (inside.is_some() || filter.is_some()).then_some(&keep),
            sums: &sums,
        };
        let found = cluster(held, &asked, budget).map_err(fault)?;
        let projector = registry
            .projector(&collection.crs, &query.crs)
            .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
        let mut clusters = Vec::with_capacity(found.clusters.len());
        for one in found.clusters {
            let mut hull = one.hull;
            projector
                .project_geometry(&mut hull)
                .map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
            let count = one.members.len() as u64;
            let mut totals = one.totals.iter();
            let values = query.aggregates.iter().zip(&columns).map(|(aggregate, column)| {
                value(&aggregate.op, count, column.and_then(|_| totals.next()).copied())
            });
            clusters.push(ClusterFound { values: values.collect(), hull, members: one.members });
        }
        let noise = found.noise.len() as u64;
        Ok(Clustered { revision: pinned.revision(), clusters, noise })
    }
}

fn fault(fault: ClusterFault) -> EngineError {
    match fault {
        ClusterFault::Budget(cause) => EngineError::TooCostly { cause },
        ClusterFault::TooMany { .. } => EngineError::Unmeasurable {
            what: format!(
                "more than {MAX_CLUSTERED} features take part; narrow the area or the filter"
            ),
        },
        fault => EngineError::Unmeasurable { what: fault.to_string() },
    }
}
