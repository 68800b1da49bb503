//! Clusters of features by distance (DBSCAN): 连片 of parcels, groups of houses.
//!
//! A feature with at least so many features within the distance, itself included, is a core;
//! cores within the distance of each other make one cluster, and whatever else lies within the
//! distance of a core belongs to a cluster too, the first of those that it could belong to.
//! Distances are edge to edge, 0 where features meet. Neighbours are found on the tree of a
//! shard, and a pair is measured only as long as it can still change the answer.
//!
//! *Invariant:* clusters are in the order of their smallest core id, members in the order of
//! their ids; neither edits, folds nor threads change the answer.

#[cfg(test)]
mod cluster_tests;
mod links;

use std::fmt;

use geo::ConvexHull;
use geo_types::{Coord, Geometry as Shape, LineString, MultiPoint, Point};
use links::{Links, Role};
use thiserror::Error;

use crate::join::{Keep, Total};
use crate::relate::{GeometryFault, guarded};
use crate::snapshot::Part;
use crate::{
    Budget, CollectionSnapshot, Envelope, FeatureId, FeatureRef, Geometry, Metric, OverBudget,
    ShardBuilder,
};

/// Features that one clustering may look at.
pub const MAX_CLUSTERED: usize = 200_000;

/// What to put together.
#[derive(Clone, Copy)]
pub struct ClusterQuery<'a> {
    /// Largest distance between neighbours, in the unit of `metric`.
    pub distance: f64,
    /// How it is measured.
    pub metric: Metric,
    /// Least number of features within the distance of a core, itself included; 1 puts together
    /// whatever is near enough and leaves nothing over.
    pub least: usize,
    /// Only features whose envelope meets this; all when absent.
    pub area: Option<Envelope>,
    /// Which of them take part; all when absent.
    pub keep: Option<Keep<'a>>,
    /// Positions of numeric fields to add up.
    pub sums: &'a [usize],
}

impl fmt::Debug for ClusterQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterQuery")
            .field("distance", &self.distance)
            .field("metric", &self.metric)
            .field("least", &self.least)
            .field("area", &self.area)
            .field("sums", &self.sums)
            .finish_non_exhaustive()
    }
}

/// Features that lie together.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its features, by id.
    pub members: Vec<FeatureId>,
    /// The smallest convex shape that holds them: a polygon, or a line or point where they lie
    /// on one.
    pub hull: Geometry,
    /// The totals of the fields asked for, over the members.
    pub totals: Vec<Total>,
}

/// What came of a clustering.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// By their smallest core id.
    pub clusters: Vec<Cluster>,
    /// What belongs to none, by id. Features without a place take no part at all.
    pub noise: Vec<FeatureId>,
}

/// Why features cannot be put together.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ClusterFault {
    /// The distance is not a usable number.
    #[error("distance {distance} is not usable: a finite number, not negative")]
    Distance {
        /// The refused distance.
        distance: f64,
    },
    /// A cluster has at least one feature.
    #[error("the least size of a cluster is 1, not 0")]
    Least,
    /// Too many features take part.
    #[error("more than {most} features take part; narrow the area or the filter")]
    TooMany {
        /// How many may.
        most: usize,
    },
    /// A hull could not be built.
    #[error(transparent)]
    Geometry(#[from] GeometryFault),
    /// It costs more than it may.
    #[error(transparent)]
    Budget(#[from] OverBudget),
}

/// Puts together the features of `snapshot` that lie within a distance of each other.
///
/// Costs a candidate a feature, and the vertices of each pair whose boxes are near enough.
pub fn cluster(
    snapshot: &CollectionSnapshot,
    query: &ClusterQuery<'_>,
    budget: &Budget<'_>,
) -> Result<Clusters, ClusterFault> {
    let ClusterQuery { distance, least, .. } = *query;
    if !(distance >= 0.0 && distance.is_finite()) {
        return Err(ClusterFault::Distance { distance });
    }
    if least == 0 {
        return Err(ClusterFault::Least);
    }
    let features = selected(snapshot, query, budget)?;
    let links = Links::of(&features, query, budget)?;
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); links.clusters];
    let mut noise = Vec::new();
    // By id, so that members and sums come in that order.
    for (place, role) in links.roles.iter().enumerate() {
        match role {
            Role::Noise => noise.push(features[place].id()),
            Role::Member(cluster) => groups[*cluster as usize].push(place as u32),
        }
    }
    let built = groups.iter().map(|members| {
        let members = || members.iter().map(|place| features[*place as usize]);
        let mut totals = vec![Total::default(); query.sums.len()];
        for feature in members() {
            for (total, column) in totals.iter_mut().zip(query.sums) {
                total.add(feature.value(*column));
            }
        }
        let ids = members().map(FeatureRef::id).collect();
        Ok(Cluster { members: ids, hull: hull(members())?, totals })
    });
    Ok(Clusters { clusters: built.collect::<Result<_, ClusterFault>>()?, noise })
}

/// The features that take part, by id.
fn selected<'s>(
    snapshot: &'s CollectionSnapshot,
    query: &ClusterQuery<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<FeatureRef<'s>>, ClusterFault> {
    let mut features: Vec<FeatureRef<'s>> = Vec::new();
    let mut fault = None;
    let area = query.area.unwrap_or(Envelope::new(
        f64::NEG_INFINITY,
        f64::NEG_INFINITY,
        f64::INFINITY,
        f64::INFINITY,
    ));
    snapshot.search(&area, &mut |shard, slots| {
        if fault.is_some() {
            return;
        }
        if let Err(over) = budget.spend(slots.len() as u64, 0) {
            fault = Some(ClusterFault::Budget(over));
            return;
        }
        let found = slots.iter().map(|slot| shard.feature(usize::from(*slot)));
        features.extend(found.filter(|feature| query.keep.is_none_or(|keep| keep(*feature))));
        if features.len() > MAX_CLUSTERED {
            fault = Some(ClusterFault::TooMany { most: MAX_CLUSTERED });
        }
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    features.sort_unstable_by_key(|feature| feature.id());
    Ok(features)
}

/// The smallest convex shape that holds `features`.
fn hull<'s>(features: impl Iterator<Item = FeatureRef<'s>>) -> Result<Geometry, GeometryFault> {
    let mut points: Vec<Point<f64>> = features
        .flat_map(|feature| feature.paths().flat_map(|path| path.coords.iter().copied()))
        .map(Point::from)
        .collect();
    let order =
        |a: &Point<f64>, b: &Point<f64>| a.x().total_cmp(&b.x()).then(a.y().total_cmp(&b.y()));
    points.sort_unstable_by(order);
    points.dedup();
    let ends = (points.first().copied(), points.last().copied());
    let hull = guarded("convex hull", || MultiPoint(points).convex_hull())?;
    let mut corners: Vec<Coord<f64>> = hull.exterior().0.clone();
    corners.pop();
    corners.dedup();
    Ok(match (ends, corners.len()) {
        ((Some(first), Some(last)), 0..=2) if first == last => Shape::Point(first).into(),
        ((Some(first), Some(last)), 0..=2) => {
            Shape::LineString(LineString(vec![first.0, last.0])).into()
        }
        _ => Shape::Polygon(hull).into(),
    })
}

/// The features in shards of their own, each with its places in `features`: neighbours together.
fn shards(features: &[FeatureRef<'_>]) -> Vec<(Part, Vec<u32>)> {
    let mut order: Vec<((u64, FeatureId), u32)> = features
        .iter()
        .enumerate()
        .map(|(place, feature)| (feature.shard.rank(feature.slot()), place as u32))
        .collect();
    order.sort_unstable();
    let most = crate::shard::MAX_SHARD_FEATURES;
    let shard = |run: &[((u64, FeatureId), u32)]| {
        let mut builder = ShardBuilder::new(&[], run.len());
        for (_, place) in run {
            builder.push_ref(features[*place as usize]);
        }
        (Part::whole(builder.finish()), run.iter().map(|(_, place)| *place).collect())
    };
    order.chunks(most).map(shard).collect()
}
