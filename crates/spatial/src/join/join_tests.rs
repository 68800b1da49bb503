//! The join against a nested loop, over edits.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::slice::from_ref;

use geo::{Distance, Euclidean};
use geo_types::{Geometry as Shape, LineString, Polygon};
use proptest::prelude::*;

use super::*;
use crate::predicate::Relation;
use crate::relate::relate;
use crate::snapshot::sample::{edited, feature, grid_shape, id};
use crate::{Costs, Crs, Revision};

type Shapes = Vec<Option<Shape<f64>>>;

type Pairs = Vec<(FeatureId, FeatureId)>;

/// Every pair of shapes, by ids, with what `found` says of it.
fn nested<T>(
    a: &Shapes,
    b: &Shapes,
    found: impl Fn(&Shape<f64>, &Shape<f64>) -> T,
) -> Vec<((FeatureId, FeatureId), T)> {
    let number = |place: usize| id(place as i64 + 1);
    let mut pairs = Vec::new();
    for (first, a) in a.iter().enumerate() {
        for (second, b) in b.iter().enumerate() {
            if let (Some(a), Some(b)) = (a, b) {
                pairs.push(((number(first), number(second)), found(a, b)));
            }
        }
    }
    pairs
}

fn related(a: &Shapes, b: &Shapes) -> Vec<((FeatureId, FeatureId), Relation)> {
    nested(a, b, |a, b| relate(a, b).unwrap())
}

/// Every predicate that a join is made by, with the pairs for which it holds.
fn by_predicate(pairs: &[((FeatureId, FeatureId), Relation)]) -> Vec<(JoinOn, Pairs)> {
    let named = Predicate::ALL.into_iter().filter(|one| *one != Predicate::Disjoint);
    named
        .map(|predicate| {
            let holding = pairs.iter().filter(|(_, relation)| relation.holds(predicate));
            (JoinOn::Predicate(predicate), holding.map(|(pair, _)| *pair).collect())
        })
        .collect()
}

fn check(join: &Join, expected: &[(FeatureId, FeatureId)], firsts: usize) {
    let budget = Budget::unbounded();
    let found = join.pairs(usize::MAX, &budget).unwrap();
    let only = |a: &[(FeatureId, FeatureId)], b: &[(FeatureId, FeatureId)]| {
        a.iter().find(|pair| !b.contains(pair)).copied()
    };
    assert_eq!([only(&found, expected), only(expected, &found)], [None, None]);
    assert_eq!(join.pairs(expected.len(), &budget).unwrap(), expected);
    assert_eq!(join.count(&budget).unwrap(), expected.len() as u64);
    if let Some(most) = expected.len().checked_sub(1) {
        assert_eq!(join.pairs(most, &budget), Err(JoinFault::TooManyPairs { most }));
    }
    let tallies = join.tally(&[0, 1], &budget).unwrap();
    assert_eq!(tallies.ids, (1..=firsts as i64).map(id).collect::<Vec<_>>());
    for (row, first) in tallies.ids.iter().enumerate() {
        let partners = expected.iter().filter(|(one, _)| one == first);
        let mut totals = [Total::default(); 2];
        let mut count = 0;
        for (_, second) in partners {
            count += 1;
            let number = second.value();
            for (total, value) in totals.iter_mut().zip(feature(number, None).properties) {
                total.add(value.as_ref());
            }
        }
        assert_eq!(tallies.counts[row], count);
        assert_eq!([0, 1].map(|column| tallies.totals[column][row]), totals);
    }
    assert_eq!(join.tally(&[], &budget).unwrap().counts, tallies.counts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_join_finds_what_a_nested_loop_finds(
        a in prop::collection::vec(grid_shape(), 1..120),
        b in prop::collection::vec(grid_shape(), 1..120),
        fold in any::<bool>(),
        distance in 0..4_u32,
    ) {
        // What both sides hold alike is met, too.
        let b: Shapes = b.into_iter().chain(a.iter().take(20).cloned()).collect();
        let (mut first, second) = (edited(&a), edited(&b));
        if fold {
            first = first.fold();
        }
        let joined = |on| Join::new((&first).into(), (&second).into(), on).unwrap();
        for (on, expected) in by_predicate(&related(&a, &b)) {
            check(&joined(on), &expected, a.len());
        }
        let distance = f64::from(distance);
        let near = nested(&a, &b, |a, b| Euclidean.distance(a, b) <= distance);
        let expected: Pairs = near.iter().filter(|(_, near)| *near).map(|(pair, _)| *pair).collect();
        check(&joined(JoinOn::Within { distance, metric: Metric::Plane }), &expected, a.len());
    }

    /// Sides much smaller than the other, filtered, and of known ids alone.
    #[test]
    fn pairs_of_what_is_kept_are_those_of_a_nested_loop(
        few in prop::collection::vec(grid_shape(), 1..12),
        many in prop::collection::vec(grid_shape(), 60..200),
        rest in (1..4_i64, 1..4_i64),
        ids in prop::option::of(prop::collection::hash_set(1..200_i64, 0..80)),
        swapped in any::<bool>(),
        distance in 0..4_u32,
    ) {
        let (a, b) = if swapped { (many, few) } else { (few, many) };
        let (first, second) = (edited(&a), edited(&b));
        let among: Option<FxHashSet<FeatureId>> = ids.map(|ids| ids.into_iter().map(id).collect());
        let keeps = [rest.0, rest.1].map(|rest| {
            move |feature: FeatureRef<'_>| feature.id().value() % 4 != rest
        });
        let is_kept = |(one, other): &(FeatureId, FeatureId)| {
            one.value() % 4 != rest.0
                && other.value() % 4 != rest.1
                && among.as_ref().is_none_or(|ids| ids.contains(other))
        };
        let sides = || {
            let first = JoinSide { keep: Some(&keeps[0]), ..(&first).into() };
            (first, JoinSide { keep: Some(&keeps[1]), among: among.as_ref(), ..(&second).into() })
        };
        let budget = Budget::unbounded();
        let distance = f64::from(distance);
        let near = nested(&a, &b, |a, b| Euclidean.distance(a, b) <= distance);
        let near: Pairs = near.iter().filter(|(_, near)| *near).map(|(pair, _)| *pair).collect();
        let within = JoinOn::Within { distance, metric: Metric::Plane };
        for (on, expected) in by_predicate(&related(&a, &b)).into_iter().chain([(within, near)]) {
            let expected: Pairs = expected.into_iter().filter(is_kept).collect();
            let (first, second) = sides();
            let join = Join::of_pairs(first, second, on).unwrap();
            prop_assert_eq!(&join.pairs(usize::MAX, &budget).unwrap(), &expected, "{:?}", on);
            let all = Join::new(first, second, on).unwrap();
            prop_assert_eq!(&all.pairs(usize::MAX, &budget).unwrap(), &expected, "{:?}", on);
        }
    }

    /// Nothing but points and polygons, which have a path of their own.
    #[test]
    fn points_and_polygons_meet_as_in_a_nested_loop(
        a in prop::collection::vec(grid_shape(), 1..200),
        b in prop::collection::vec(grid_shape(), 1..200),
    ) {
        let areal = |shape: &Option<Shape<f64>>| {
            matches!(shape, None | Some(Shape::Polygon(_) | Shape::MultiPolygon(_)))
        };
        let point = |shape: &Option<Shape<f64>>| matches!(shape, Some(Shape::Point(_)));
        let areas: Shapes = a.into_iter().filter(areal).collect();
        let points: Shapes = b.into_iter().filter(point).collect();
        prop_assume!(!areas.is_empty() && !points.is_empty());
        let (first, second) = (edited(&areas), edited(&points));
        for (on, expected) in by_predicate(&related(&areas, &points)) {
            let join = Join::new((&first).into(), (&second).into(), on).unwrap();
            check(&join, &expected, areas.len());
        }
        for (on, expected) in by_predicate(&related(&points, &areas)) {
            let join = Join::new((&second).into(), (&first).into(), on).unwrap();
            check(&join, &expected, points.len());
        }
    }
}

proptest! {
    /// Points alone go a way of their own; a polygon far from all of them has them go that of all shapes.
    #[test]
    fn points_are_as_near_to_points_as_any_shapes_are(
        (a, b) in {
            let at = (0..40_u8, 0..40_u8).prop_map(|(x, y)| point(x.into(), y.into()));
            let points = prop::collection::vec(at, 1..200);
            (points.clone(), points)
        },
        distance in 0..6_u32,
        is_degrees in any::<bool>(),
    ) {
        let metric = if is_degrees { Metric::Metres } else { Metric::Plane };
        let scale = if is_degrees { 60_000.0 } else { 0.5 };
        let on = JoinOn::Within { distance: f64::from(distance) * scale, metric };
        let pairs = |a: &Shapes, b: &Shapes| {
            let (first, second) = (edited(a), edited(b));
            let join = Join::new((&first).into(), (&second).into(), on).unwrap();
            join.pairs(usize::MAX, &Budget::unbounded()).unwrap()
        };
        let with = |points: &Shapes, far: f64| {
            let far = square(far, -60.0, 0.5);
            points.iter().cloned().chain([far]).collect::<Shapes>()
        };
        let expected = pairs(&with(&a, -20.0), &with(&b, 60.0));
        prop_assert!(distance == 0 || a.iter().all(|one| !b.contains(one)) || !expected.is_empty());
        prop_assert_eq!(pairs(&a, &b), expected);
    }
}

fn square(x: f64, y: f64, side: f64) -> Option<Shape<f64>> {
    let rect = geo_types::Rect::new((x, y), (x + side, y + side));
    Some(Polygon::from(rect).into())
}

fn point(x: f64, y: f64) -> Option<Shape<f64>> {
    Some(geo_types::Point::new(x, y).into())
}

#[test]
fn a_filter_and_another_crs_count() {
    let areas = edited(&[square(0., 0., 4.), square(4., 0., 4.), square(8., 0., 4.)]);
    // In units of another system, half as long.
    let points = edited(&[point(8., 4.), point(10., 4.), point(18., 2.), point(99., 99.)]);
    let keep = |feature: FeatureRef<'_>| feature.id() != id(3);
    let side = JoinSide { keep: Some(&keep), ..(&areas).into() };
    let halved = |coords: &mut [[f64; 2]]| {
        coords.iter_mut().flatten().for_each(|value| *value /= 2.0);
        true
    };
    let on = JoinOn::Predicate(Predicate::Intersects);
    let join = Join::reprojected(side, (&points).into(), on, &halved).unwrap();
    let pairs = join.pairs(10, &Budget::unbounded()).unwrap();
    // The first point lies on the edge that two share; the third would be in what is left out.
    assert_eq!(pairs, [(id(1), id(1)), (id(2), id(1)), (id(2), id(2))]);
    assert_eq!(join.tally(&[], &Budget::unbounded()).unwrap().ids, [id(1), id(2)]);
    let lost = |coords: &mut [[f64; 2]]| coords[0][0] < 18.0;
    let fault = Join::reprojected(side, (&points).into(), on, &lost).unwrap_err();
    assert!(matches!(fault, JoinFault::NoPlace { id: which } if which == id(3) || which == id(4)));
}

#[test]
fn metres_are_measured_on_the_ground() {
    let line = |from: (f64, f64), to: (f64, f64)| Some(LineString::from(vec![from, to]).into());
    assert_eq!(Metric::of(&Crs::WGS84), Metric::Metres);
    // Two points a thousandth of a degree of longitude apart at 40° north: 85.39 m.
    let near = [point(116.0, 40.0), point(116.001, 40.0)];
    // On an edge that is straight in degrees; on the plane its ends are told on it bends by 119 m.
    let on_edge = [line((116.0, 40.0), (117.0, 40.0)), point(116.5, 40.0)];
    // One end is beyond what has a place on the plane about the other.
    let beyond = [line((100.0, 20.0), (151.0, 50.0)), square(110.0, 49.0, 0.01)];
    for ([a, b], distance, expected) in
        [(&near, 85.3, 0), (&near, 85.5, 1), (&on_edge, 0.02, 1), (&beyond, 10.0, 0)]
    {
        let (a, b) = (edited(from_ref(a)), edited(from_ref(b)));
        let on = JoinOn::Within { distance, metric: Metric::Metres };
        let join = Join::new((&a).into(), (&b).into(), on).unwrap();
        assert_eq!(join.count(&Budget::unbounded()).unwrap(), expected, "{distance}");
    }
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let a = edited(&vec![square(0., 0., 4.); 50]);
    assert_eq!(a.revision(), Revision(2));
    let new = |on| Join::new((&a).into(), (&a).into(), on);
    assert_eq!(new(JoinOn::Predicate(Predicate::Disjoint)).unwrap_err(), JoinFault::Disjoint);
    let on = JoinOn::Within { distance: -1.0, metric: Metric::Plane };
    assert_eq!(new(on).unwrap_err(), JoinFault::Distance { distance: -1.0 });
    let join = new(JoinOn::Predicate(Predicate::Equals)).unwrap();
    let costs = Costs { candidates: 100, vertices: u64::MAX };
    let over = JoinFault::Budget(OverBudget::Candidates { limit: 100 });
    assert_eq!(join.count(&Budget::new(costs, &|| false)), Err(over));
    let late = JoinFault::Budget(OverBudget::Time);
    assert_eq!(join.count(&Budget::new(Costs::UNBOUNDED, &|| true)), Err(late));
}
