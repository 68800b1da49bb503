//! Clusters against the textbook's DBSCAN, over edits.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use geo::{Distance, Euclidean};
use geo_types::{line_string, polygon};
use proptest::prelude::*;

use super::*;
use crate::snapshot::sample::{edited, feature, grid_shape, id};
use crate::{Costs, Crs};

fn query(distance: f64, least: usize) -> ClusterQuery<'static> {
    ClusterQuery { distance, metric: Metric::Plane, least, area: None, keep: None, sums: &[] }
}

/// Members of each cluster, in the order of their smallest cores, and what is left over.
fn textbook(
    shapes: &[Option<Shape<f64>>],
    distance: f64,
    least: usize,
) -> (Vec<Vec<FeatureId>>, Vec<FeatureId>) {
    let places: Vec<usize> = (0..shapes.len()).filter(|place| shapes[*place].is_some()).collect();
    let near = |a: usize, b: usize| match (&shapes[a], &shapes[b]) {
        (Some(a), Some(b)) => Euclidean.distance(a, b) <= distance,
        _ => false,
    };
    let neighbours: BTreeMap<usize, Vec<usize>> = places
        .iter()
        .map(|a| (*a, places.iter().copied().filter(|b| a == b || near(*a, *b)).collect()))
        .collect();
    let core = |place: &usize| neighbours[place].len() >= least;
    let mut labels: BTreeMap<usize, usize> = BTreeMap::new();
    let mut clusters = 0;
    for start in places.iter().copied().filter(core) {
        if labels.contains_key(&start) {
            continue;
        }
        let mut open = vec![start];
        while let Some(place) = open.pop() {
            if labels.insert(place, clusters).is_none() {
                open.extend(neighbours[&place].iter().copied().filter(core));
            }
        }
        clusters += 1;
    }
    // Cores have their labels; whoever is near one takes the first.
    let cores = labels.clone();
    for place in &places {
        let first = neighbours[place].iter().filter_map(|near| cores.get(near)).min();
        if let (false, Some(first)) = (core(place), first) {
            labels.insert(*place, *first);
        }
    }
    let number = |place: &usize| id(*place as i64 + 1);
    let members = |cluster| {
        places.iter().filter(|place| labels.get(place) == Some(&cluster)).map(number).collect()
    };
    let noise = places.iter().filter(|place| !labels.contains_key(place)).map(number).collect();
    ((0..clusters).map(members).collect(), noise)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn clusters_are_those_of_the_textbook(
        shapes in prop::collection::vec(grid_shape(), 1..100),
        distance in 0..4_u32,
        least in 1..7_usize,
        fold in any::<bool>(),
    ) {
        prop_assume!(shapes.iter().any(Option::is_some));
        let mut snapshot = edited(&shapes);
        if fold {
            snapshot = snapshot.fold();
        }
        let distance = f64::from(distance);
        let query = ClusterQuery { sums: &[0, 1], ..query(distance, least) };
        let found = cluster(&snapshot, &query, &Budget::unbounded()).unwrap();
        let (clusters, noise) = textbook(&shapes, distance, least);
        let members: Vec<_> = found.clusters.iter().map(|one| one.members.clone()).collect();
        prop_assert_eq!(members, clusters);
        prop_assert_eq!(&found.noise, &noise);
        for one in &found.clusters {
            let mut totals = [Total::default(); 2];
            for member in &one.members {
                for (total, value) in totals.iter_mut().zip(feature(member.value(), None).properties) {
                    total.add(value.as_ref());
                }
            }
            prop_assert_eq!(&one.totals, &totals);
            let mut whole = Envelope::EMPTY;
            for member in &one.members {
                whole = whole.union(&snapshot.get(*member).unwrap().envelope());
            }
            prop_assert_eq!(one.hull.envelope(), whole);
        }
    }
}

fn point(x: f64, y: f64) -> Option<Shape<f64>> {
    Some(Point::new(x, y).into())
}

#[test]
fn hulls_have_the_dimension_of_their_members() {
    let hull = |points: &[Option<Shape<f64>>]| {
        let found = cluster(&edited(points), &query(3.0, 1), &Budget::unbounded()).unwrap();
        assert_eq!(found.clusters.len(), 1);
        found.clusters[0].hull.shape.clone()
    };
    assert_eq!(hull(&[point(1., 1.), point(1., 1.)]), Point::new(1., 1.).into());
    let line: Shape<f64> = line_string![(x: 1., y: 1.), (x: 3., y: 3.)].into();
    assert_eq!(hull(&[point(2., 2.), point(1., 1.), point(3., 3.)]), line);
    let corners = [point(0., 0.), point(2., 0.), point(2., 2.), point(1., 1.), point(0., 2.)];
    let Shape::Polygon(square) = hull(&corners) else { unreachable!() };
    let expected: geo_types::Polygon<f64> =
        polygon![(x: 0., y: 0.), (x: 2., y: 0.), (x: 2., y: 2.), (x: 0., y: 2.)];
    let vertices = |polygon: &geo_types::Polygon<f64>| -> BTreeSet<[i64; 2]> {
        polygon.exterior().0.iter().map(|c| [c.x as i64, c.y as i64]).collect()
    };
    assert_eq!(vertices(&square), vertices(&expected));
    assert_eq!(square.exterior().0.len(), 5);
}

#[test]
fn a_selection_is_clustered_alone() {
    // A row of points one apart; without the third, two groups.
    let row: Vec<_> = (0..6).map(|n| point(f64::from(n), 0.0)).collect();
    let keep = |feature: FeatureRef<'_>| feature.id() != id(3);
    let query = ClusterQuery {
        keep: Some(&keep),
        area: Some(Envelope::new(-1.0, -1.0, 4.0, 1.0)),
        ..query(1.0, 2)
    };
    let found = cluster(&edited(&row), &query, &Budget::unbounded()).unwrap();
    let members: Vec<_> = found.clusters.into_iter().map(|one| one.members).collect();
    assert_eq!(members, [vec![id(1), id(2)], vec![id(4), id(5)]]);
}

#[test]
fn metres_are_measured_on_the_ground() {
    assert_eq!(Metric::of(&Crs::CGCS2000), Metric::Metres);
    // 85.39 m from one to the next at 40° north.
    let row: Vec<_> = (0..5).map(|n| point(116.0 + f64::from(n) / 1000.0, 40.0)).collect();
    for (distance, clusters) in [(85.3, 5), (85.5, 1)] {
        let query = ClusterQuery { metric: Metric::Metres, ..query(distance, 1) };
        let found = cluster(&edited(&row), &query, &Budget::unbounded()).unwrap();
        assert_eq!(found.clusters.len(), clusters);
    }
}

#[test]
fn what_cannot_be_clustered_is_refused() {
    let pile = edited(&vec![point(1.0, 1.0); 3000]);
    let fault = |query: ClusterQuery<'_>, budget| cluster(&pile, &query, &budget).unwrap_err();
    let free = Budget::unbounded;
    assert_eq!(fault(query(-1.0, 1), free()), ClusterFault::Distance { distance: -1.0 });
    assert_eq!(fault(query(1.0, 0), free()), ClusterFault::Least);
    let costs = Costs { candidates: u64::MAX, vertices: 1_000_000 };
    assert_eq!(
        fault(query(1.0, 3001), Budget::new(costs, &|| false)),
        ClusterFault::Budget(OverBudget::Vertices { limit: 1_000_000 })
    );
    let late = Budget::new(Costs::UNBOUNDED, &|| true);
    assert_eq!(fault(query(1.0, 1), late), ClusterFault::Budget(OverBudget::Time));
}
