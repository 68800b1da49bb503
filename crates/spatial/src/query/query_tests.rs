//! Every kind of query against a linear scan, over geometry that touches wherever it can.
//!
//! Shapes have small integer vertices, so that they share vertices and edges, run along each
//! other and pass through each other's corners all the time. Snapshots have tombstones and a
//! delta, or are folded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};
use proptest::prelude::*;

use super::*;
use crate::number_sums::NumberSums;
use crate::relate::relate;
use crate::{
    Budget, Collection, CollectionId, CollectionSnapshot, Crs, Edit, Envelope, Feature, Field,
    FieldClass, FieldType, Geometry, GeometryType, Revision, Stage, Value, ValueRef, WorldPoint,
    Zooms, measure, validity,
};

/// Side of the square in which shapes lie.
const SIDE: i32 = 9;

fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
    world.extend(coords.iter().map(|[x, y]| [(x * 1e8) as u32, (4e9 - y * 1e8) as u32]));
}

pub(super) fn collection(crs: Crs) -> Collection {
    let field = |name: &str, field_type| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    Collection {
        id: CollectionId::try_from("parcels").unwrap(),
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs,
        geometry_type: GeometryType::Any,
        has_z: false,
        has_m: false,
        fields: vec![
            field("name", FieldType::Text),
            field("households", FieldType::Int),
            field("built", FieldType::Real),
        ],
        key: None,
        zooms: Zooms { min: 0, max: 22 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

pub(super) fn id(value: i64) -> FeatureId {
    FeatureId::try_from(value).unwrap()
}

pub(super) fn vertex() -> impl Strategy<Value = Coord<f64>> {
    (0..=SIDE, 0..=SIDE).prop_map(|(x, y)| Coord { x: x.into(), y: y.into() })
}

fn ring() -> impl Strategy<Value = LineString<f64>> {
    let rectangle = (vertex(), 1..4_i32, 1..4_i32).prop_map(|(c, w, h)| {
        let (w, h) = (f64::from(w), f64::from(h));
        vec![
            c,
            Coord { x: c.x + w, ..c },
            Coord { x: c.x + w, y: c.y + h },
            Coord { y: c.y + h, ..c },
        ]
    });
    let any = prop::collection::vec(vertex(), 3..7);
    prop_oneof![2 => rectangle, 3 => any].prop_map(|mut ring| {
        ring.dedup();
        ring.push(ring[0]);
        LineString(ring)
    })
}

pub(super) fn polygon() -> impl Strategy<Value = Polygon<f64>> {
    let holed = (ring(), ring()).prop_map(|(_, hole)| {
        let far = f64::from(SIDE);
        let corner = |x, y| Coord { x, y };
        let square = vec![
            corner(0.0, 0.0),
            corner(far, 0.0),
            corner(far, far),
            corner(0.0, far),
            corner(0.0, 0.0),
        ];
        Polygon::new(LineString(square), vec![hole])
    });
    let plain = ring().prop_map(|ring| Polygon::new(ring, Vec::new()));
    let tight = (ring(), ring()).prop_map(|(outer, hole)| Polygon::new(outer, vec![hole]));
    prop_oneof![6 => plain, 2 => holed, 1 => tight].prop_filter("a valid polygon", |polygon| {
        validity::is_valid(&Shape::from(polygon.clone()).into())
    })
}

fn line() -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec(vertex(), 2..5).prop_filter_map("a line", |mut line| {
        line.dedup();
        (line.len() > 1).then_some(LineString(line))
    })
}

/// Shapes without collections.
fn simple() -> impl Strategy<Value = Shape<f64>> {
    let many = prop::collection::vec(polygon(), 2..4).prop_filter_map("valid", |polygons| {
        let shape = Shape::MultiPolygon(MultiPolygon(polygons));
        validity::is_valid(&shape.clone().into()).then_some(shape)
    });
    prop_oneof![
        6 => polygon().prop_map(Shape::from),
        2 => many,
        2 => line().prop_map(Shape::from),
        1 => prop::collection::vec(line(), 1..3).prop_map(|l| MultiLineString(l).into()),
        1 => vertex().prop_map(|c| Point(c).into()),
        1 => prop::collection::vec(vertex().prop_map(Point), 1..4).prop_map(|p| MultiPoint(p).into()),
    ]
}

pub(super) fn shape() -> impl Strategy<Value = Shape<f64>> {
    // The oracle itself fails on collections of polygons that overlap.
    let mixed = (polygon(), vertex(), line()).prop_map(|(polygon, point, line)| {
        let shapes = vec![polygon.into(), Point(point).into(), line.into()];
        Shape::GeometryCollection(GeometryCollection(shapes))
    });
    prop_oneof![20 => simple(), 1 => mixed]
}

pub(super) fn feature() -> impl Strategy<Value = Feature> {
    let value = (any::<i16>(), 0..4_u8);
    (prop::option::weighted(0.95, shape()), value.clone(), value).prop_map(|(shape, int, real)| {
        Feature {
            id: None,
            geometry: shape.map(Geometry::from),
            properties: vec![
                Value::Text(format!("村{}", int.1)),
                if int.1 == 0 { Value::Null } else { Value::Int(int.0.into()) },
                if real.1 == 0 { Value::Null } else { Value::Real(f64::from(real.0) / 8.0) },
            ],
        }
    })
}

/// A collection that shows its shapes when a test fails.
pub(super) struct Held(pub CollectionSnapshot);

impl std::ops::Deref for Held {
    type Target = CollectionSnapshot;
    fn deref(&self) -> &CollectionSnapshot {
        &self.0
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_map();
        self.0.each(&mut |shard, slots| {
            for slot in slots {
                let feature = shard.feature(usize::from(*slot));
                list.entry(&feature.id().value(), &feature.shape());
            }
        });
        list.finish()
    }
}

/// A collection with edits in its delta, or the same folded.
pub(super) fn snapshot() -> impl Strategy<Value = Held> {
    let edit = (1..60_i64, prop::option::weighted(0.7, feature()));
    (prop::collection::vec(feature(), 1..40), prop::collection::vec(edit, 0..20), any::<bool>())
        .prop_map(|(features, edits, folded)| {
            let features: Vec<_> = (1..)
                .zip(features)
                .map(|(number, feature)| Feature { id: Some(id(number)), ..feature })
                .collect();
            let collection = collection(Crs::WEB_MERCATOR);
            let stage = Stage::new(&collection, &features, &to_world);
            let snapshot = CollectionSnapshot::build(collection, Revision(1), vec![stage]);
            let edits: Vec<_> =
                edits.iter().map(|(n, f)| Edit { id: id(*n), feature: f.as_ref() }).collect();
            let snapshot = snapshot.apply(Revision(2), &edits, &to_world);
            Held(if folded { snapshot.fold() } else { snapshot })
        })
}

/// The ids for which `holds`, by a linear scan over features with a place, in order.
pub(super) fn scanned(
    snapshot: &CollectionSnapshot,
    mut holds: impl FnMut(FeatureRef<'_>) -> bool,
) -> Vec<FeatureId> {
    let mut found = Vec::new();
    snapshot.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            if !feature.envelope().is_empty() && holds(feature) {
                found.push(feature.id());
            }
        }
    });
    found
}

/// Whether "a `predicate` b" holds; absent where the oracle cannot be trusted, which takes a
/// collection for the union of shapes it is not (geo 0.33.1 says that one contains what lies
/// outside of its envelope).
fn related(a: &Shape<f64>, b: &Shape<f64>, predicate: Predicate) -> Option<bool> {
    let parts = |shape: &Shape<f64>| match shape {
        Shape::GeometryCollection(parts) => parts.0.clone(),
        one => vec![one.clone()],
    };
    let is_mixed = |shape| matches!(shape, &Shape::GeometryCollection(_));
    if !is_mixed(a) && !is_mixed(b) {
        return Some(relate(a, b).unwrap().holds(predicate));
    }
    let meet = parts(a)
        .iter()
        .any(|a| parts(b).iter().any(|b| relate(a, b).unwrap().holds(Predicate::Intersects)));
    match predicate {
        Predicate::Intersects => Some(meet),
        Predicate::Disjoint => Some(!meet),
        _ => None,
    }
}

fn asked(snapshot: &CollectionSnapshot, selection: &Selection<'_>) -> Vec<FeatureId> {
    let budget = Budget::unbounded();
    let ids = snapshot.ids(selection, &budget).unwrap();
    assert_eq!(snapshot.count(selection, &budget).unwrap(), ids.len() as u64);
    ids
}

pub(super) fn area_of(shape: &Shape<f64>) -> Area {
    Area::new(&shape.clone().into(), MAX_AREA_VERTICES).unwrap()
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop::collection::vec(
        prop::sample::select(vec!['*', '*', '*', '*', 'T', 'F', '0', '1', '2']),
        9,
    )
    .prop_map(|letters| letters.into_iter().collect::<String>().parse().unwrap())
}

fn areal() -> impl Strategy<Value = Shape<f64>> {
    simple().prop_filter("polygons", |shape| {
        matches!(shape, Shape::Polygon(_) | Shape::MultiPolygon(_))
    })
}

/// The area of the intersection of the polygons of `a` with `b`, by another library.
pub(super) fn overlaid(a: &Shape<f64>, b: &Shape<f64>) -> f64 {
    fn rings(shape: &Shape<f64>, contours: &mut Vec<Vec<[f64; 2]>>) {
        match shape {
            Shape::Polygon(polygon) => {
                for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                    contours.push(ring.0[1..].iter().map(|c| [c.x, c.y]).collect());
                }
            }
            Shape::MultiPolygon(polygons) => {
                polygons.0.iter().for_each(|p| rings(&p.clone().into(), contours));
            }
            Shape::GeometryCollection(parts) => parts.0.iter().for_each(|p| rings(p, contours)),
            _ => {}
        }
    }
    use i_overlay::core::fill_rule::FillRule;
    use i_overlay::core::overlay_rule::OverlayRule;
    use i_overlay::float::single::SingleFloatOverlay;
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    rings(a, &mut of_a);
    rings(b, &mut of_b);
    let common = of_a.overlay_as::<i64>(&of_b, OverlayRule::Intersect, FillRule::EvenOdd);
    let area =
        |ring: &Vec<[f64; 2]>| measure::signed_ring_area(ring.iter().chain(ring.first()).copied());
    common.iter().flatten().map(area).sum::<f64>().abs()
}

/// The distance of two shapes, from every pair of their segments and points.
fn plain_distance(a: &Shape<f64>, b: &Shape<f64>) -> f64 {
    if related(a, b, Predicate::Intersects) == Some(true) {
        return 0.0;
    }
    let segments = |shape: &Shape<f64>| {
        let mut segments = Vec::new();
        crate::geometry::visit_paths(shape, &mut |role, path| {
            if role == crate::geometry::PathRole::Points {
                segments.extend(path.iter().map(|c| [*c, *c]));
            } else {
                segments.extend(path.windows(2).map(|pair| [pair[0], pair[1]]));
            }
        });
        segments
    };
    let to_point = |[a, b]: [Coord<f64>; 2], p: Coord<f64>| {
        let (d, q) = (b - a, p - a);
        let length = d.x * d.x + d.y * d.y;
        let part = if length > 0.0 { (q.x * d.x + q.y * d.y) / length } else { 0.0 };
        let part = part.clamp(0.0, 1.0);
        (q.x - d.x * part).hypot(q.y - d.y * part)
    };
    let (of_a, of_b) = (segments(a), segments(b));
    let pairs = of_a.iter().flat_map(|a| of_b.iter().map(move |b| (*a, *b)));
    pairs
        .map(|(a, b)| {
            to_point(a, b[0]).min(to_point(a, b[1])).min(to_point(b, a[0])).min(to_point(b, a[1]))
        })
        .fold(f64::INFINITY, f64::min)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_predicate_answers_as_a_scan_does(snapshot in snapshot(), shape in shape()) {
        let area = area_of(&shape);
        for predicate in Predicate::ALL {
            let mut open = BTreeSet::new();
            let expected = scanned(&snapshot, |feature| {
                related(&feature.shape().unwrap(), &shape, predicate).unwrap_or_else(|| {
                    open.insert(feature.id());
                    false
                })
            });
            let selection =
                Selection { area: Some((&area, Test::Predicate(predicate))), ..Default::default() };
            let mut found = asked(&snapshot, &selection);
            found.retain(|id| !open.contains(id));
            prop_assert_eq!(found, expected, "{}", predicate);
        }
    }

    #[test]
    fn every_pattern_answers_as_a_scan_does(
        snapshot in snapshot(), shape in simple(), patterns in prop::collection::vec(pattern(), 12),
    ) {
        let area = area_of(&shape);
        for pattern in patterns {
            let mut open = BTreeSet::new();
            let expected = scanned(&snapshot, |feature| {
                if feature.geometry_type() == Some(GeometryType::Any) {
                    open.insert(feature.id());
                    return false;
                }
                pattern.matches(&relate(&feature.shape().unwrap(), &shape).unwrap().matrix)
            });
            let selection =
                Selection { area: Some((&area, Test::Relate(pattern))), ..Default::default() };
            let mut found = asked(&snapshot, &selection);
            found.retain(|id| !open.contains(id));
            prop_assert_eq!(found, expected, "{:?}", pattern);
        }
    }

    #[test]
    fn distances_answer_as_a_scan_does(
        snapshot in snapshot(), shape in shape(), distance in 0..40_u8,
    ) {
        // Not a distance that lattice points have, so that rounding decides nothing.
        let distance = f64::from(distance) / 8.0 + 0.01;
        let area = area_of(&shape);
        let expected = scanned(&snapshot, |feature| {
            plain_distance(&feature.shape().unwrap(), &shape) <= distance
        });
        let test = Test::WithinDistance(distance, Metric::Plane);
        let selection = Selection { area: Some((&area, test)), ..Default::default() };
        prop_assert_eq!(asked(&snapshot, &selection), expected);
    }

    #[test]
    fn a_distance_of_nothing_is_intersection(snapshot in snapshot(), shape in shape()) {
        let area = area_of(&shape);
        let ask = |test| {
            asked(&snapshot, &Selection { area: Some((&area, test)), ..Default::default() })
        };
        let met = ask(Test::Predicate(Predicate::Intersects));
        prop_assert_eq!(ask(Test::WithinDistance(0.0, Metric::Plane)), met);
    }

    #[test]
    fn the_nearest_are_those_of_a_scan(
        snapshot in snapshot(), shape in shape(), count in 0..9_usize, within in 0..30_u8,
    ) {
        let area = area_of(&shape);
        let within = if within == 0 { f64::INFINITY } else { f64::from(within) / 4.0 + 0.01 };
        let filter = |feature: FeatureRef<'_>| feature.id().value() % 3 != 0;
        let mut expected = Vec::new();
        scanned(&snapshot, |feature| {
            let distance = plain_distance(&feature.shape().unwrap(), &shape);
            if distance <= within && filter(feature) {
                expected.push((distance, feature.id()));
            }
            false
        });
        let asked =
            Nearest { to: &area, count, metric: Metric::Plane, within, filter: Some(&filter) };
        let found = snapshot.nearest(&asked, &Budget::unbounded()).unwrap();
        // Equal distances may differ by their rounding.
        let rounded = |distance: f64| (distance * 1e9).round() as i64;
        let mut expected: Vec<_> = expected.iter().map(|(d, id)| (rounded(*d), *id)).collect();
        expected.sort_unstable();
        let mut answer: Vec<_> =
            found.iter().map(|near| (rounded(near.distance), near.feature.id())).collect();
        answer.sort_unstable();
        let shared = expected.len().min(count);
        prop_assert_eq!(answer.len(), shared);
        let distances = |list: &[(i64, FeatureId)]| list.iter().map(|(d, _)| *d).collect::<Vec<_>>();
        prop_assert_eq!(distances(&answer), distances(&expected[..shared]));
        prop_assert!(answer.iter().all(|one| expected.contains(one)));
    }

    #[test]
    fn points_are_located_as_a_scan_does(
        snapshot in snapshot(), points in prop::collection::vec((0..=36, 0..=36), 1..20),
    ) {
        let points: Vec<[f64; 2]> =
            points.iter().map(|(x, y): &(i32, i32)| [f64::from(*x) / 4.0, f64::from(*y) / 4.0]).collect();
        let budget = Budget::unbounded();
        let mut pairs = Vec::new();
        for (number, point) in points.iter().enumerate() {
            let shape = Shape::from(Point::from(*point));
            let mut expected = scanned(&snapshot, |feature| {
                related(&feature.shape().unwrap(), &shape, Predicate::Intersects).unwrap()
            });
            expected.sort_unstable();
            let mut found = Vec::new();
            snapshot.locate(*point, &budget, &mut |feature| found.push(feature.id())).unwrap();
            found.sort_unstable();
            prop_assert_eq!(&found, &expected);
            pairs.extend(expected.into_iter().map(|id| (number as u32, id)));
        }
        let found = snapshot.locate_all(&points, &budget).unwrap();
        let found: Vec<_> = found.iter().map(|l| (l.point, l.feature.id())).collect();
        prop_assert_eq!(found, pairs);
    }

    #[test]
    fn sums_are_those_of_a_scan(snapshot in snapshot(), shape in shape()) {
        use crate::number_sums::{IntSums, RealSums};
        let area = area_of(&shape);
        let budget = Budget::unbounded();
        for predicate in [None, Some(Predicate::Intersects), Some(Predicate::Disjoint)] {
            let selection = Selection {
                area: predicate.map(|predicate| (&area, Test::Predicate(predicate))),
                ..Default::default()
            };
            let (mut ints, mut reals, mut plane, mut count) = (Vec::new(), Vec::new(), 0.0, 0);
            snapshot.select(&selection, &budget, &mut |shard, slots| {
                for slot in slots {
                    let feature = shard.feature(usize::from(*slot));
                    count += 1;
                    plane += feature.area();
                    if let ValueRef::Int(v) = feature.value(1) { ints.push(v) }
                    if let ValueRef::Real(v) = feature.value(2) { reals.push(v) }
                }
                ControlFlow::Continue(())
            }).unwrap();
            let sums = snapshot.sums(&selection, &[2, 1], &budget).unwrap();
            prop_assert_eq!(sums.count, count);
            prop_assert!((sums.area - plane).abs() < 1e-9);
            // Eighths of small numbers add up exactly in any order.
            let expected = RealSums {
                count: reals.len() as u64,
                sum: reals.iter().sum(),
                min: reals.iter().copied().fold(f64::INFINITY, f64::min),
                max: reals.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            };
            prop_assert_eq!(sums.columns[0], NumberSums::Real(expected));
            let expected = IntSums {
                count: ints.len() as u64,
                sum: ints.iter().copied().map(i128::from).sum(),
                min: ints.iter().copied().min().unwrap_or(i64::MAX),
                max: ints.iter().copied().max().unwrap_or(i64::MIN),
            };
            prop_assert_eq!(sums.columns[1], NumberSums::Int(expected));
        }
    }

    #[test]
    fn common_areas_are_those_of_an_overlay(snapshot in snapshot(), shape in areal()) {
        let area = area_of(&shape);
        let few = Area::for_few(&shape.clone().into(), MAX_AREA_VERTICES).unwrap();
        let budget = Budget::unbounded();
        for predicate in [Predicate::Intersects, Predicate::Within, Predicate::Disjoint] {
            let selection =
                Selection { area: Some((&area, Test::Predicate(predicate))), ..Default::default() };
            let (mut expected, mut count) = (0.0, 0);
            snapshot.overlay_each(&selection, &budget, &mut |feature, common| {
                let plain = overlaid(&feature.shape().unwrap(), &shape);
                let bounded = measure::bounded_area(&area.common_boundary(feature).unwrap());
                let [one, other] = [&area, &few].map(|area| area.common_area(feature).unwrap());
                for common in [common, one, other, bounded] {
                    assert!((plain - common).abs() < 1e-9, "{plain} {common} {:?}", feature.shape());
                }
                expected += plain;
                count += 1;
            }).unwrap();
            let found = snapshot.overlay_area(&selection, &budget).unwrap();
            prop_assert!((found.area - expected).abs() < 1e-9, "{} {}", found.area, expected);
            prop_assert_eq!(found.count, count);
            prop_assert_eq!(count, snapshot.count(&selection, &budget).unwrap());
        }
    }

    #[test]
    fn filters_and_pages_cut_the_same_answer(
        snapshot in snapshot(), shape in shape(), page in 1..9_usize,
    ) {
        let area = area_of(&shape);
        let filter = |feature: FeatureRef<'_>| feature.id().value() % 3 != 0;
        for test in [Predicate::Intersects, Predicate::Disjoint].map(Test::Predicate) {
            let whole = Selection { area: Some((&area, test)), ..Default::default() };
            let mut expected = asked(&snapshot, &whole);
            expected.retain(|id| id.value() % 3 != 0);
            let mut selection = Selection { filter: Some(&filter), ..whole };
            prop_assert_eq!(&asked(&snapshot, &selection), &expected);
            let mut paged = Vec::new();
            loop {
                let before = paged.len();
                let mut last = None;
                snapshot.select(&selection, &Budget::unbounded(), &mut |shard, slots| {
                    for slot in slots {
                        if paged.len() == before + page {
                            return ControlFlow::Break(());
                        }
                        paged.push(shard.ids()[usize::from(*slot)]);
                        last = Some(shard.rank(usize::from(*slot)));
                    }
                    ControlFlow::Continue(())
                }).unwrap();
                if last.is_none() {
                    break;
                }
                selection.after = last;
            }
            prop_assert_eq!(paged, expected);
        }
    }

    #[test]
    fn without_an_area_everything_is_asked_for(snapshot in snapshot()) {
        let found: BTreeSet<_> = asked(&snapshot, &Selection::default()).into_iter().collect();
        prop_assert_eq!(found.len(), snapshot.len());
    }
}
