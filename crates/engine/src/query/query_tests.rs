//! Planner queries over a small town, against a linear scan, and across edits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use geo_types::{Coord, Geometry as Shape, LineString, Polygon, Rect};
use spatial::{ChangeOp, Crs, Geometry, Predicate, Value};

use super::{
    Aggregate, AggregateOp, AreaCrs, AreaMeasure, Found, KeptAreas, Place, Relation, Resolved,
    SearchQuery, Searched, Wanted,
};
use crate::engine_tests::{SIDE, SOUTH, WEST, changes, fid, id, parcel, town};
use crate::{Engine, EngineError, EngineSettings, Profile};

/// The rectangle that covers so many columns and rows of the town, and half of the next.
fn corner(columns: f64, rows: f64) -> Place {
    let low = Coord { x: WEST - SIDE, y: SOUTH - SIDE };
    let high =
        Coord { x: WEST + (columns * 2.0 + 0.5) * SIDE, y: SOUTH + (rows * 2.0 + 0.5) * SIDE };
    let shape = Shape::Polygon(Rect::new(low, high).to_polygon());
    Place::Given { geometry: Geometry::from(shape), crs: Crs::WGS84 }
}

fn query(place: Place, wanted: Wanted) -> SearchQuery {
    let place = Some((place, Relation::Predicate(Predicate::Intersects)));
    SearchQuery { place, condition: None, wanted, profile: Profile::default() }
}

async fn search(engine: &Engine, query: SearchQuery) -> Searched {
    let pinned = engine.pin_all(None, &[id("parcels")]).await.unwrap();
    engine.search(pinned, query).await.unwrap().remove(0)
}

fn page(limit: usize) -> Wanted {
    Wanted::Page { order: Vec::new(), limit }
}

fn parts(found: Found) -> (Vec<i64>, Option<String>) {
    match found {
        Found::Page { ids, next, .. } => (ids.iter().map(|id| id.value()).collect(), next),
        other => panic!("a page was asked for: {other:?}"),
    }
}

#[tokio::test]
async fn a_count_is_exact_and_follows_edits() {
    let (_, engine) = town().await;
    let count = |engine: Engine| async move {
        search(&engine, query(corner(4.0, 2.0), Wanted::Count)).await.count
    };
    assert_eq!(count(engine.clone()).await, 15, "five columns, three rows");
    engine.apply(changes(vec![ChangeOp::Delete(fid(1)), ChangeOp::Delete(fid(2))])).await.unwrap();
    assert_eq!(count(engine.clone()).await, 13);
    engine.apply(changes(vec![ChangeOp::Insert(parcel(0, 0))])).await.unwrap();
    assert_eq!(count(engine).await, 14);
}

#[tokio::test]
async fn pages_of_one_search_are_of_one_state() {
    let (_, engine) = town().await;
    let asked = query(corner(9.0, 9.0), page(30));
    let first = search(&engine, asked.clone()).await;
    let (mut ids, mut next) = parts(Arc::unwrap_or_clone(first.found));
    engine.apply(changes((1..=400).map(|n| ChangeOp::Delete(fid(n))).collect())).await.unwrap();
    while let Some(cursor) = next {
        let pinned = engine.pin(&id("parcels"), Some(&cursor)).unwrap();
        let found = engine.search(vec![pinned], asked.clone()).await.unwrap().remove(0);
        assert_eq!((found.count, found.pinned.revision()), (100, first.pinned.revision()));
        let (more, after) = parts(Arc::unwrap_or_clone(found.found));
        ids.extend(more);
        next = after;
    }
    ids.sort_unstable();
    let expected: Vec<i64> = (0..100).map(|n| n / 10 * 20 + n % 10 + 1).collect();
    assert_eq!(ids, expected);
    assert_eq!(search(&engine, asked).await.count, 0);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_search_and_to_a_while() {
    let (store, engine) = town().await;
    let settings = EngineSettings { cursor_life: Duration::ZERO, ..EngineSettings::default() };
    let hasty = Engine::open(store, Arc::clone(engine.registry()), settings).await.unwrap();
    let (_, next) =
        parts(Arc::unwrap_or_clone(search(&hasty, query(corner(9.0, 9.0), page(30))).await.found));
    let cursor = next.unwrap();
    let pinned = hasty.pin(&id("parcels"), Some(&cursor)).unwrap();
    let other = hasty.search(vec![pinned], query(corner(8.0, 9.0), page(30))).await;
    assert!(matches!(other, Err(EngineError::CursorOfAnotherQuery)));
    hasty.apply(changes(vec![ChangeOp::Insert(parcel(30, 30))])).await.unwrap();
    assert!(matches!(hasty.pin(&id("parcels"), Some(&cursor)), Err(EngineError::CursorGone)));
}

#[tokio::test]
async fn areas_are_those_of_the_features_in_the_crs_asked_for() {
    let (_, engine) = town().await;
    let ask = |area_crs: Option<AreaCrs>, group_by: Vec<String>| {
        let aggregate = |op: AggregateOp, name: &str| Aggregate { op, name: name.to_owned() };
        let aggregates = vec![
            aggregate(AggregateOp::Area, "whole"),
            aggregate(AggregateOp::OverlayArea, "inside"),
            aggregate(AggregateOp::UnionArea, "covered"),
            aggregate(AggregateOp::Count, "n"),
        ];
        let engine = engine.clone();
        async move {
            let wanted = Wanted::Aggregate { aggregates, group_by, area_crs };
            match Arc::unwrap_or_clone(search(&engine, query(corner(4.0, 2.0), wanted)).await.found)
            {
                Found::Groups { groups, area_crs } => (groups, area_crs.unwrap()),
                other => panic!("groups were asked for: {other:?}"),
            }
        }
    };
    let numbers = |values: &[Value]| -> Vec<f64> {
        let number = |value: &Value| match value {
            Value::Real(number) => *number,
            Value::Int(number) => *number as f64,
            other => panic!("{other:?} is no number"),
        };
        values.iter().map(number).collect()
    };
    let (geodesic, crs) = ask(None, Vec::new()).await;
    assert_eq!(crs, AreaCrs::Geodesic, "degrees have no area of their own");
    let geodesic = numbers(&geodesic[0].values);
    let (plane, _) = ask(Some(AreaCrs::Plane(Crs::Epsg(4548))), Vec::new()).await;
    let plane = numbers(&plane[0].values);
    for (geodesic, plane) in geodesic.iter().zip(&plane) {
        assert!((geodesic / plane - 1.0).abs() < 2e-4, "{geodesic} {plane}");
    }
    let [whole, inside, covered, count] = plane[..] else { panic!("{plane:?}") };
    // Four columns and two rows whole, the last ones half.
    assert_eq!(count, 15.0);
    assert!((covered / whole - 1.0).abs() < 1e-9, "no two overlap");
    assert!((inside / (whole / 15.0 * 4.5 * 2.5) - 1.0).abs() < 1e-4, "{inside} of {whole}");
    let (groups, _) = ask(None, vec!["state".to_owned()]).await;
    let sum: f64 = groups.iter().map(|group| numbers(&group.values)[1]).sum();
    assert!((sum / geodesic[1] - 1.0).abs() < 1e-9, "groups are parts of the whole");
}

#[tokio::test]
async fn what_a_boundary_bounds_is_what_would_be_cut_out() {
    let (_, engine) = town().await;
    let pinned = engine.pin_all(None, &[id("parcels")]).await.unwrap().remove(0);
    let held = pinned.collection();
    let at = |column: f64, row: f64| (WEST + column * SIDE, SOUTH + row * SIDE);
    let kite = vec![at(-1.0, 7.3), at(11.2, -2.0), at(23.7, 6.1), at(9.9, 18.4), at(-1.0, 7.3)];
    let kite = Shape::Polygon(Polygon::new(LineString::from(kite), Vec::new()));
    let place = Resolved::new(Geometry::from(kite), Crs::WGS84);
    let area = place.area(&held.collection().crs, engine.registry()).unwrap();
    for crs in [AreaCrs::Geodesic, AreaCrs::Plane(Crs::Epsg(4548))] {
        let measure = AreaMeasure::new(&crs, held.collection(), engine.registry()).unwrap();
        let (mut crossing, mut outside) = (0, 0);
        for feature in (1..=400).filter_map(|number| held.get(fid(number))) {
            let [inside, cut, whole] = [
                measure.inside(feature, &area).unwrap(),
                measure.cut(feature, &area).unwrap(),
                measure.whole(feature).unwrap(),
            ];
            assert!((inside - cut).abs() <= 1e-6 * whole, "{crs}: {inside} {cut} of {whole}");
            crossing += usize::from(cut > 0.0 && cut < whole * 0.999);
            outside += usize::from(cut == 0.0);
        }
        assert!(crossing > 10 && outside > 10, "{crossing} {outside}");
    }
}

#[tokio::test]
async fn a_place_is_prepared_once_for_each_storage_crs() {
    let (_, engine) = town().await;
    let areas = KeptAreas::new().unwrap();
    let prepared = |place: Place, storage: Crs| {
        let resolved = place.resolve(&engine.snapshot()).unwrap();
        areas.area(&resolved, &storage, engine.registry()).unwrap()
    };
    let first = prepared(corner(4.0, 2.0), Crs::CGCS2000);
    assert!(Arc::ptr_eq(&first, &prepared(corner(4.0, 2.0), Crs::CGCS2000)));
    for (place, storage) in [(corner(4.0, 3.0), Crs::CGCS2000), (corner(4.0, 2.0), Crs::Epsg(4548))]
    {
        let other = prepared(place, storage);
        assert!(!Arc::ptr_eq(&first, &other));
        assert_ne!(first.envelope(), other.envelope());
    }
}
