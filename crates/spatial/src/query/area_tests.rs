//! What an area refuses, what its sides promise, what a query may cost, and metres.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{Coord, Geometry as Shape, LineString, Point, Polygon, Rect, point, polygon};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::query_tests::{
    area_of, collection, feature, id, overlaid, polygon as any_polygon, scanned, shape, snapshot,
    vertex,
};
use super::*;
use crate::relate::relate;
use crate::validity::DefectKind;
use crate::{
    Budget, CollectionSnapshot, Costs, Crs, Edit, Envelope, Feature, Geometry, Revision, Stage,
    Value, measure, world,
};

fn refusal(shape: impl Into<Shape<f64>>, most: usize) -> AreaFault {
    Area::new(&shape.into().into(), most).unwrap_err()
}

#[test]
fn what_cannot_be_asked_about_is_refused_with_its_place() {
    let ring = |coords: &[(f64, f64)]| Polygon::new(LineString::from(coords.to_vec()), Vec::new());
    let square = ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]);
    assert_eq!(refusal(LineString::<f64>(Vec::new()), 9), AreaFault::Empty);
    assert_eq!(refusal(square.clone(), 4), AreaFault::TooManyVertices { count: 5, limit: 4 });
    let odd = ring(&[(0.0, 0.0), (4.0, f64::NAN), (4.0, 4.0), (0.0, 0.0)]);
    assert_eq!(refusal(odd, 9), AreaFault::NotFinite { vertex: 1 });
    let tiny = ring(&[(0.0, 0.0), (1e-7, 0.0), (1e-7, 1e-7), (0.0, 0.0)]);
    assert_eq!(refusal(tiny, 9), AreaFault::TooSmall { extent: 1e-7 });
    let bow = ring(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)]);
    let AreaFault::Invalid(defect) = refusal(bow, 9) else { panic!("a bow tie is invalid") };
    assert_eq!((defect.kind, defect.place), (DefectKind::SelfIntersection, [2.0, 2.0]));
    let fault = refusal(ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)]).exterior().clone(), 3);
    assert!(matches!(fault, AreaFault::TooManyVertices { .. }), "{fault}");
    assert!(Area::new(&Shape::from(square).into(), 5).unwrap().is_areal());
}

#[test]
fn a_query_that_costs_too_much_has_no_answer() {
    let features: Vec<Feature> = (1..=200)
        .map(|number| Feature {
            id: Some(id(number)),
            geometry: Some(Shape::Point(point!(x: number as f64 / 20.0, y: 1.0)).into()),
            properties: vec![Value::Null; 3],
        })
        .collect();
    let collection = collection(Crs::WEB_MERCATOR);
    let stage = Stage::new(&collection, &features, &|c, w| w.extend(c.iter().map(|_| [7, 7])));
    let snapshot = CollectionSnapshot::build(collection, Revision(1), vec![stage]);
    // The points lie on the boundary of the area, so that each must be looked at.
    let area = area_of(&Rect::new(Coord { x: 0.0, y: 1.0 }, Coord { x: 20.0, y: 9.0 }).into());
    let selection = Selection {
        area: Some((&area, Test::Predicate(Predicate::Touches))),
        ..Default::default()
    };
    let costs = |candidates| Costs { candidates, vertices: 1000 };
    let budget = Budget::new(costs(200), &|| false);
    assert_eq!(snapshot.count(&selection, &budget), Ok(200));
    assert_eq!(budget.candidates(), 200);
    let limit = OverBudget::Candidates { limit: 199 };
    let spent = |budget: &Budget<'_>| {
        assert_eq!(snapshot.count(&selection, budget), Err(limit.into()));
    };
    spent(&Budget::new(costs(199), &|| false));
    let budget = Budget::new(costs(199), &|| false);
    assert_eq!(snapshot.overlay_area(&selection, &budget), Err(limit.into()));
    let late = Budget::new(Costs::UNBOUNDED, &|| true);
    assert_eq!(snapshot.ids(&selection, &late), Err(OverBudget::Time.into()));
    assert_eq!(snapshot.sums(&selection, &[], &late), Err(OverBudget::Time.into()));
    let filter = |_: FeatureRef<'_>| true;
    let filtered = Selection { filter: Some(&filter), ..Default::default() };
    let budget = Budget::new(costs(199), &|| false);
    assert_eq!(snapshot.count(&filtered, &budget), Err(limit.into()));
    let near = Nearest {
        to: &area,
        count: 200,
        metric: Metric::Plane,
        within: f64::INFINITY,
        filter: None,
    };
    let budget = Budget::new(costs(199), &|| false);
    assert_eq!(snapshot.nearest(&near, &budget).unwrap_err(), limit.into());
    let budget = Budget::new(costs(10), &|| false);
    let points = vec![[1.0, 1.0]; 20];
    assert!(matches!(snapshot.locate_all(&points, &budget), Err(QueryFault::OverBudget(_))));
}

#[test]
fn sums_are_of_numbers_only() {
    let snapshot =
        CollectionSnapshot::build(collection(Crs::WEB_MERCATOR), Revision(1), Vec::new());
    let ask = |column| snapshot.sums(&Selection::default(), &[column], &Budget::unbounded());
    assert_eq!(ask(0), Err(QueryFault::NotNumeric { name: "name".to_owned() }));
    assert_eq!(ask(3), Err(QueryFault::NoSuchColumn { column: 3, fields: 3 }));
    assert_eq!(ask(1).unwrap().columns[0].count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_side_says_what_is_so(
        shape in shape(), boxes in prop::collection::vec((-4..40, -4..40, 0..12, 0..12), 40),
    ) {
        let area = area_of(&shape);
        for (x, y, width, height) in boxes {
            let at = |value: i32| f64::from(value) / 4.0;
            let corners = [[at(x), at(y)], [at(x + width), at(y + height)]];
            let side = area.side(&Envelope::of(corners));
            let [[x0, y0], [x1, y1]] = corners;
            let bounds: Shape<f64> = if width > 0 && height > 0 {
                Rect::new(Coord { x: x0, y: y0 }, Coord { x: x1, y: y1 }).to_polygon().into()
            } else if width > 0 || height > 0 {
                LineString::from(vec![(x0, y0), (x1, y1)]).into()
            } else {
                Point::new(x0, y0).into()
            };
            if side == Side::Boundary || matches!(shape, Shape::GeometryCollection(_)) {
                continue;
            }
            let matrix = relate(&bounds, &shape).unwrap().matrix.to_string();
            let clear = match side {
                Side::Inside => &matrix[1..6] == "FF0FF" || &matrix[1..6] == "FF1FF" || &matrix[1..6] == "FFFFF",
                _ => &matrix[..2] == "FF" && &matrix[3..5] == "FF",
            };
            prop_assert!(clear, "{:?} {} {:?}", side, matrix, corners);
        }
    }

    #[test]
    fn metres_are_those_of_the_ellipsoid(
        places in prop::collection::vec((-100..100, -100..100), 1..40),
        middle in (-1700..1700, -700..700), metres in 100..60_000,
    ) {
        let middle = [f64::from(middle.0) / 10.0, f64::from(middle.1) / 10.0];
        let features: Vec<Feature> = (1..)
            .zip(&places)
            .map(|(number, (x, y))| Feature {
                id: Some(id(number)),
                geometry: Some(Shape::Point(Point::new(
                    middle[0] + f64::from(*x) / 200.0,
                    middle[1] + f64::from(*y) / 200.0,
                )).into()),
                properties: vec![Value::Null; 3],
            })
            .collect();
        let collection = collection(Crs::CGCS2000);
        prop_assert_eq!(Metric::of(&collection.crs), Metric::Metres);
        let to_world = |c: &[[f64; 2]], w: &mut Vec<_>| {
            w.extend(c.iter().map(|c| world::from_lon_lat(*c)));
        };
        let stage = Stage::new(&collection, &features, &to_world);
        let snapshot = CollectionSnapshot::build(collection, Revision(1), vec![stage]);
        let area = area_of(&Point::from(middle).into());
        let budget = Budget::unbounded();
        let asked = Nearest {
            to: &area, count: 100, metric: Metric::Metres, within: f64::INFINITY, filter: None,
        };
        let near = snapshot.nearest(&asked, &budget).unwrap();
        prop_assert_eq!(near.len(), places.len());
        prop_assert!(near.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
        for near in &near {
            let Some(Shape::Point(there)) = near.feature.shape() else { panic!("a point") };
            let line = LineString(vec![Coord::from((middle[0], middle[1])), there.0]);
            let exact = measure::geodesic_length(&Geometry::from(Shape::from(line)));
            prop_assert!((near.distance - exact).abs() <= exact * 2e-4, "{} {exact}", near.distance);
        }
        // What is within a distance is what is measured as such, by the index too.
        let metres = f64::from(metres);
        let test = Test::WithinDistance(metres, Metric::Metres);
        let selection = Selection { area: Some((&area, test)), ..Default::default() };
        let expected =
            scanned(&snapshot, |f| near.iter().any(|n| n.feature.id() == f.id() && n.distance <= metres));
        prop_assert_eq!(snapshot.ids(&selection, &budget).unwrap(), expected);
    }

    #[test]
    fn edges_are_straight_in_degrees_however_long(
        lines in prop::collection::vec(((-400..400, -400..400), (-400..400, -400..400)), 1..12),
        middle in (-1500..1500, -700..700), more in -5..60,
    ) {
        let middle = [f64::from(middle.0) / 10.0, f64::from(middle.1) / 10.0];
        let at = |(x, y): (i32, i32)| Coord {
            x: middle[0] + f64::from(x) / 100.0,
            y: middle[1] + f64::from(y) / 100.0,
        };
        let features: Vec<Feature> = (1..)
            .zip(&lines)
            .filter(|(_, (a, b))| a != b)
            .map(|(number, (a, b))| Feature {
                id: Some(id(number)),
                geometry: Some(Shape::from(LineString(vec![at(*a), at(*b)])).into()),
                properties: vec![Value::Null; 3],
            })
            .collect();
        let to_world = |c: &[[f64; 2]], w: &mut Vec<_>| {
            w.extend(c.iter().map(|c| world::from_lon_lat(*c)));
        };
        let build = |features: &[Feature]| {
            let collection = collection(Crs::CGCS2000);
            let stage = Stage::new(&collection, features, &to_world);
            CollectionSnapshot::build(collection, Revision(1), vec![stage])
        };
        let edits: Vec<Edit<'_>> = features
            .iter()
            .map(|feature| Edit { id: feature.id.unwrap(), feature: Some(feature) })
            .collect();
        let edited = build(&[]).apply(Revision(2), &edits, &to_world);
        let area = area_of(&Point::from(middle).into());
        let budget = Budget::unbounded();
        let asked = Nearest {
            to: &area, count: 100, metric: Metric::Metres, within: f64::INFINITY, filter: None,
        };
        let built = build(&features);
        let near = built.nearest(&asked, &budget).unwrap();
        prop_assert_eq!(near.len(), features.len());
        for near in &near {
            let Some(Shape::LineString(line)) = near.feature.shape() else { panic!("a line") };
            // No step is longer than 0.0012 of the line, whose least distance is between two of them.
            let along = (0..=1000).map(|part| line.0[0] + (line.0[1] - line.0[0]) * (f64::from(part) / 1000.0));
            let metres = |to: Coord<f64>| {
                let line = LineString(vec![Coord::from((middle[0], middle[1])), to]);
                measure::geodesic_length(&Geometry::from(Shape::from(line)))
            };
            let exact = along.map(metres).fold(f64::INFINITY, f64::min);
            let step = measure::geodesic_length(&Geometry::from(Shape::from(line.clone()))) / 900.0;
            // Scale grows with the square of the easting.
            let scale = 1.0 + 0.7 * (exact / 6.37e6).powi(2) + 1e-5;
            prop_assert!(near.distance <= exact * scale + 0.02, "{} {exact}", near.distance);
            let least = (exact.powi(2) - step.powi(2)).max(0.0).sqrt();
            prop_assert!(near.distance >= least - 0.02, "{} {exact}", near.distance);
        }
        // By the index of what is stored and of the newest edits, at distances around that of a feature.
        for one in near.iter().take(3) {
            let metres = (one.distance + f64::from(more) / 100.0).max(0.0);
            let test = Test::WithinDistance(metres, Metric::Metres);
            let selection = Selection { area: Some((&area, test)), ..Default::default() };
            let expected: Vec<_> =
                scanned(&built, |f| near.iter().any(|n| n.feature.id() == f.id() && n.distance <= metres));
            prop_assert_eq!(&built.ids(&selection, &budget).unwrap(), &expected);
            prop_assert_eq!(&edited.ids(&selection, &budget).unwrap(), &expected);
        }
    }

    #[test]
    fn common_areas_are_exact_far_from_the_origin(
        vertices in 3..200_usize, radius in 5..4000_i32,
        parcels in prop::collection::vec((-4000..4000_i32, -4000..4000_i32, 3..80_i32, 0..628), 60),
    ) {
        let origin = [500_123.456, 4_400_987.654];
        let turned = |place: [f64; 2], angle: f64, size: f64| Coord {
            x: origin[0] + place[0] + size * angle.cos(),
            y: origin[1] + place[1] + size * angle.sin(),
        };
        let ring = |place: [f64; 2], count: usize, size: f64, start: f64| {
            let step = std::f64::consts::TAU / count as f64;
            let mut ring: Vec<_> =
                (0..count).map(|n| turned(place, start + n as f64 * step, size)).collect();
            ring.push(ring[0]);
            Shape::from(Polygon::new(LineString(ring), Vec::new()))
        };
        let shape = ring([0.0; 2], vertices, radius.into(), 0.1);
        let area = area_of(&shape);
        for (x, y, size, start) in parcels {
            let parcel = ring([x.into(), y.into()], 5, size.into(), f64::from(start) / 100.0);
            let features = [Feature {
                id: Some(id(1)), geometry: Some(parcel.clone().into()), properties: Vec::new(),
            }];
            let stage = Stage::new(&collection(Crs::WEB_MERCATOR), &features, &|c, w| {
                w.extend(c.iter().map(|_| [7, 7]));
            });
            let snapshot =
                CollectionSnapshot::build(collection(Crs::WEB_MERCATOR), Revision(1), vec![stage]);
            let selection = Selection {
                area: Some((&area, Test::Predicate(Predicate::Intersects))), ..Default::default()
            };
            let found = snapshot.overlay_area(&selection, &Budget::unbounded()).unwrap().area;
            let feature = snapshot.get(id(1)).unwrap();
            let bounded = measure::bounded_area(&area.common_boundary(feature).unwrap());
            let plain = overlaid(&parcel, &shape);
            let whole = measure::area(&parcel.clone().into());
            for found in [found, bounded] {
                prop_assert!((found - plain).abs() <= 1e-9 * whole, "{found} {plain} of {whole}");
            }
        }
    }
}

#[test]
fn the_generator_makes_touching_shapes() {
    // The contract tests are worth what their shapes do to each other.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut touching, mut pairs) = (0, 0);
    for _ in 0..20 {
        let tree = (snapshot(), shape(), feature()).new_tree(&mut runner).unwrap();
        let (snapshot, shape, _) = tree.current();
        scanned(&snapshot, |feature| {
            pairs += 1;
            let found = relate(&feature.shape().unwrap(), &shape);
            touching += usize::from(found.is_ok_and(|found| {
                found.holds(Predicate::Touches) || found.holds(Predicate::CoveredBy)
            }));
            false
        });
    }
    assert!(touching * 20 > pairs, "{touching} of {pairs}");
    let square: Shape<f64> =
        polygon![(x: 0., y: 0.), (x: 1., y: 0.), (x: 1., y: 1.), (x: 0., y: 0.)].into();
    assert_eq!(overlaid(&square, &square), 0.5);
}

proptest! {
    #[test]
    fn an_area_covers_what_its_polygons_meet(polygon in any_polygon(), at in vertex()) {
        let shape = Shape::from(polygon);
        let meets = relate(&Shape::Point(Point(at)), &shape).unwrap().holds(Predicate::Intersects);
        prop_assert_eq!(area_of(&shape).covers([at.x, at.y]), meets);
        let line = Shape::LineString(LineString(vec![at, Coord { x: at.x + 1.0, y: at.y }]));
        prop_assert!(!area_of(&line).covers([at.x, at.y]), "lines cover nothing");
    }
}
