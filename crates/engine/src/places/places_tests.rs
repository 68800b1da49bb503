//! What is written is assigned as a naive search over all units of the day would assign it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use geo_types::{Geometry as Shape, LineString};
use ledger::place::{Day, UnitReader};
use spatial::relate::relate;
use spatial::{
    ChangeOp, CollectionSnapshot, Crs, CrsRegistry, Feature, GeometryType, OverlayOp, Predicate,
    Snapshot, Value, ValueRef, overlay_area,
};

use super::sample::{apply, assigned, at, feature, opened, places, point, seen, square, text};
use super::{LoadAssigner, Scope, at_position};
use crate::engine_tests::{fid, id};
use crate::now;
use crate::{Engine, EngineError};

/// Numbers that are as good as random, the same each time.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One of `0..below`.
    pub(super) fn below(&mut self, below: i32) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i32::try_from((self.0 >> 33) % u64::from(below.unsigned_abs())).unwrap()
    }

    /// A rectangle of the lattice.
    pub(super) fn square(&mut self) -> Shape<f64> {
        let (x, y) = (self.below(16), self.below(16));
        square([x, y, x + 1 + self.below(8), y + 1 + self.below(8)])
    }
}

const LEVELS: [&str; 3] = ["district", "town", "village"];

/// A unit of a random level, place and validity; one in eight has no place.
pub(super) fn random_unit(numbers: &mut Numbers, code: &str) -> Feature {
    const SPANS: [(&str, &str); 6] = [
        ("", ""),
        ("2000-01-01", ""),
        ("", "2999-01-01"),
        ("", "2000-01-01"),
        ("2999-01-01", ""),
        ("2000-01-01", "2001-01-01"),
    ];
    let level = LEVELS[numbers.below(3) as usize];
    let (from, to) = SPANS[numbers.below(6) as usize];
    let shape = (numbers.below(8) > 0).then(|| numbers.square());
    let values = [("code", code), ("level", level), ("valid_from", from), ("valid_to", to)];
    let mut unit = feature(&places("admin_units"), shape, &values[..2]);
    for (name, value) in &values[2..] {
        let at = places("admin_units").field_position(name).unwrap();
        if !value.is_empty() {
            unit.properties[at] = Value::Text((*value).to_owned());
        }
    }
    unit
}

/// The codes by level that a search through all units finds; `None` for a level without polygons.
fn naive(units: &CollectionSnapshot, shape: &Shape<f64>, day: Day) -> Vec<Option<String>> {
    let reader = UnitReader::of(units.collection()).unwrap();
    let mut all = Vec::new();
    units.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            let unit = reader.row(feature).read().0.unwrap();
            if unit.validity.holds(day)
                && let Some(area) = feature.shape()
            {
                all.push((unit, area));
            }
        }
    });
    let one = |level: &&'static str| {
        let mut claims: Vec<(f64, &str)> = Vec::new();
        let mut has_any = false;
        for (unit, area) in all.iter().filter(|(unit, _)| unit.level.identifier() == *level) {
            has_any = true;
            let claim = match shape {
                Shape::Point(_) => {
                    let meets = relate(shape, area).unwrap().holds(Predicate::Intersects);
                    f64::from(u8::from(meets))
                }
                _ => overlay_area(OverlayOp::Intersection, area, shape).unwrap(),
            };
            if claim > 1e-12 {
                claims.push((claim, &unit.code));
            }
        }
        let most = claims.iter().map(|(claim, _)| *claim).fold(0.0, f64::max);
        let best = claims.iter().filter(|(claim, _)| *claim > most * (1.0 - 1e-6));
        has_any.then(|| best.map(|(_, code)| (*code).to_owned()).min().unwrap_or_default())
    };
    LEVELS.iter().map(one).collect()
}

/// Holds every feature of an assigned collection to the naive search; how many were found.
pub(super) fn check_all(state: &Snapshot, name: &str) -> usize {
    let units = &state.collections[&id("admin_units")];
    let held = &state.collections[&id(name)];
    let position = |field: &str| held.collection().field_position(field).unwrap();
    let by = position("assigned_by");
    let mut checked = 0;
    held.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            if matches!(feature.value(by), ValueRef::Text(text) if text.starts_with("manual")) {
                continue;
            }
            let expected = naive(units, &feature.shape().unwrap(), Day::of(now()));
            for (level, expected) in LEVELS.iter().zip(expected) {
                let expected = expected.unwrap_or_default();
                let expected = match expected.as_str() {
                    "" => ValueRef::Null,
                    code => ValueRef::Text(code),
                };
                let id = feature.id();
                assert_eq!(feature.value(position(level)), expected, "{level} of {name} {id}");
                checked += usize::from(expected != ValueRef::Null);
            }
        }
    });
    checked
}

#[tokio::test]
async fn what_is_written_is_assigned_as_a_search_through_all_units_would() {
    let mut found = 0;
    for seed in 0..12 {
        let mut numbers = Numbers::new(seed);
        let units = (0..40).map(|n| random_unit(&mut numbers, &format!("u{n:02}"))).collect();
        let (points, parcels) = (
            assigned("points", GeometryType::Point),
            assigned("parcels", GeometryType::MultiPolygon),
        );
        let engine = opened(vec![
            (places("admin_units"), units),
            (points.clone(), Vec::new()),
            (parcels.clone(), Vec::new()),
        ])
        .await;
        let insert = |collection, shape| ChangeOp::Insert(feature(collection, Some(shape), &[]));
        let some = (0..120).map(|_| insert(&points, point(numbers.below(26), numbers.below(26))));
        let some = some.collect();
        apply(&engine, "points", some, 0).await.unwrap();
        let some = (0..60).map(|_| insert(&parcels, numbers.square())).collect();
        apply(&engine, "parcels", some, 0).await.unwrap();
        let state = engine.snapshot();
        found += check_all(&state, "points") + check_all(&state, "parcels");
    }
    assert!(found > 1_000, "only {found} were in any unit");
}

/// Two towns side by side with a village in the west, and empty assigned collections.
async fn two_towns() -> Engine {
    let units = places("admin_units");
    let unit = |code, level, parent, shape| {
        let values = [("code", code), ("level", level), ("name", code), ("parent", parent)];
        feature(&units, Some(shape), &values)
    };
    let features = vec![
        unit("t1", "town", "", square([0, 0, 10, 10])),
        unit("t2", "town", "", square([10, 0, 20, 10])),
        unit("v1", "village", "t1", square([0, 0, 5, 10])),
        unit("v2", "village", "t2", square([15, 0, 20, 10])),
    ];
    opened(vec![
        (units.clone(), features),
        (assigned("points", GeometryType::Point), Vec::new()),
        (assigned("lines", GeometryType::Any), Vec::new()),
    ])
    .await
}

async fn insert(
    engine: &Engine,
    name: &str,
    shape: Option<Shape<f64>>,
    values: &[(&str, &str)],
) -> Result<i64, EngineError> {
    let described = Arc::clone(engine.snapshot().collections[&id(name)].collection());
    let op = ChangeOp::Insert(feature(&described, shape, values));
    Ok(apply(engine, name, vec![op], 0).await?.changes[0].id.value())
}

/// The defects of a refusal.
fn defects(refusal: EngineError) -> Vec<(String, String)> {
    let EngineError::Invalid { defects } = refusal else { panic!("{refusal}") };
    defects.into_iter().map(|defect| (defect.place, defect.problem)).collect()
}

fn shown(engine: &Engine, name: &str, feature: i64) -> [String; 4] {
    ["district", "town", "village", "assigned_by"].map(|field| text(engine, name, feature, field))
}

#[tokio::test]
async fn a_border_is_the_smaller_codes_and_nobodys_place_is_null() {
    let engine = two_towns().await;
    for (column, row, expected) in [
        (2, 2, ["", "t1", "v1", "polygon"]),
        (5, 2, ["", "t1", "v1", "polygon"]),
        (10, 2, ["", "t1", "", "polygon"]),
        (11, 2, ["", "t2", "", "polygon"]),
        (21, 2, ["", "", "", "polygon"]),
    ] {
        let one = insert(&engine, "points", Some(point(column, row)), &[]).await.unwrap();
        assert_eq!(shown(&engine, "points", one), expected, "{column} {row}");
    }
    // A line belongs where its middle is, a polygon where most of it is.
    let line = |x0, x1| Shape::LineString(LineString(vec![at(x0, 1), at(x1, 1)]));
    for (shape, town) in [
        (line(0, 12), "t1"),
        (line(9, 20), "t2"),
        (square([8, 1, 13, 2]), "t2"),
        (square([8, 1, 12, 2]), "t1"),
        (square([19, 1, 25, 2]), "t2"),
        (square([20, 1, 25, 2]), ""),
    ] {
        let one = insert(&engine, "lines", Some(shape), &[]).await.unwrap();
        assert_eq!(shown(&engine, "lines", one)[1], town);
    }
}

#[tokio::test]
async fn what_contradicts_the_polygons_is_refused_unless_a_person_says_why() {
    let engine = two_towns().await;
    let here = || Some(point(2, 2));
    let wrong = [("town", "t2")];
    let refused = defects(insert(&engine, "points", here(), &wrong).await.unwrap_err());
    assert_eq!(refused[0].0, "/changes/0/feature/properties/town");
    assert!(refused[0].1.contains("say t1") && refused[0].1.contains("manual: why"), "{refused:?}");
    let levels = [("town", "t1"), ("village", "v1")];
    let right = insert(&engine, "points", here(), &levels).await.unwrap();
    assert_eq!(shown(&engine, "points", right), ["", "t1", "v1", "polygon"]);
    // No district has a polygon: what is written of districts stays.
    let named = insert(&engine, "points", here(), &[("district", "d7")]).await.unwrap();
    assert_eq!(shown(&engine, "points", named), ["d7", "t1", "v1", "polygon"]);
    for (values, place, problem) in [
        (&[("town", "t2"), ("assigned_by", "manual:")][..], "assigned_by", "says why"),
        (&[("assigned_by", "王")], "assigned_by", "\"polygon\", or"),
        (&[("town", "t9"), ("assigned_by", "manual: 跨界")], "town", "no unit of this level"),
        (&[("town", "v1"), ("assigned_by", "manual: 跨界")], "town", "no unit of this level"),
    ] {
        let refused = defects(insert(&engine, "points", here(), values).await.unwrap_err());
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!(refused[0].0, format!("/changes/0/feature/properties/{place}"));
        assert!(refused[0].1.contains(problem), "{refused:?}");
    }
    let by_hand = [("town", "t2"), ("assigned_by", "manual: 跨界院落")];
    let by_hand = insert(&engine, "points", here(), &by_hand).await.unwrap();
    assert_eq!(shown(&engine, "points", by_hand), ["", "t2", "", "manual: 跨界院落"]);
}

#[tokio::test]
async fn a_hand_leaves_nothing_below_that_lies_elsewhere() {
    let engine = two_towns().await;
    let one = insert(&engine, "points", Some(point(2, 2)), &[]).await.unwrap();
    let write = async |values: &[(&str, &str)]| {
        let mut feature = seen(&engine, "points", fid(one));
        let held = Arc::clone(engine.snapshot().collections[&id("points")].collection());
        for (name, value) in values {
            let value = Some(*value).filter(|value| !value.is_empty());
            feature.properties[held.field_position(name).unwrap()] =
                value.map_or(Value::Null, |value| Value::Text(value.to_owned()));
        }
        let op = ChangeOp::Replace(fid(one), feature);
        apply(&engine, "points", vec![op], 0).await.map_err(defects)
    };
    let by_hand = ("assigned_by", "manual: 代管");
    for (values, above) in [
        (&[("town", "t2"), by_hand][..], Some("t1")),
        (&[("town", ""), by_hand], Some("t1")),
        (&[("town", "t2"), ("village", ""), by_hand], None),
        (&[("note", "x")], None),
        (&[("village", "v1")], Some("t1")),
        (&[("village", "v2")], None),
        (&[("town", "t1")], Some("t2")),
        (&[("town", "t1"), ("village", "v1")], None),
    ] {
        match (write(values).await, above) {
            (Ok(_commit), None) => {}
            (Err(refused), Some(above)) => {
                assert_eq!(refused.len(), 1, "{refused:?}");
                assert_eq!(refused[0].0, "/changes/0/feature/properties/village", "{values:?}");
                assert!(refused[0].1.contains(&format!("(街乡镇) {above},")), "{refused:?}");
            }
            (done, _) => panic!("{values:?}: {done:?}"),
        }
    }
    assert_eq!(shown(&engine, "points", one), ["", "t1", "v1", "manual: 代管"]);
    // Who names a village alone says nothing of its town.
    let alone = [("village", "v1"), by_hand];
    let alone = insert(&engine, "points", Some(point(2, 2)), &alone).await.unwrap();
    assert_eq!(shown(&engine, "points", alone)[..3], ["", "", "v1"]);
}

#[tokio::test]
async fn a_feature_that_moves_is_assigned_anew_and_one_without_a_place_is_not() {
    let engine = two_towns().await;
    let one = insert(&engine, "points", Some(point(2, 2)), &[]).await.unwrap();
    let mut moved = seen(&engine, "points", fid(one));
    moved.geometry = Some(point(12, 2).into());
    apply(&engine, "points", vec![ChangeOp::Replace(fid(one), moved)], 0).await.unwrap();
    assert_eq!(shown(&engine, "points", one), ["", "t2", "", "polygon"]);
    let mut homeless = seen(&engine, "points", fid(one));
    homeless.geometry = None;
    apply(&engine, "points", vec![ChangeOp::Replace(fid(one), homeless)], 0).await.unwrap();
    assert_eq!(shown(&engine, "points", one), ["", "t2", "", ""]);
    let placeless = insert(&engine, "points", None, &[("town", "anything")]).await.unwrap();
    assert_eq!(shown(&engine, "points", placeless), ["", "anything", "", ""]);
    let swept = engine.sweep_places(&Scope::all(), "test").await.unwrap();
    assert_eq!((swept.looked_at, swept.changed), (2, 0));
}

#[tokio::test]
async fn polygons_and_features_may_lie_in_different_coordinate_systems() {
    let units = places("admin_units");
    let unit = |code, shape| feature(&units, Some(shape), &[("code", code), ("level", "town")]);
    let features = vec![unit("t1", square([0, 0, 10, 10])), unit("t2", square([10, 0, 20, 10]))];
    let plane = Crs::Epsg(4548);
    let mut points = assigned("points", GeometryType::Any);
    points.crs = plane.clone();
    let engine = opened(vec![(units, features), (points.clone(), Vec::new())]).await;
    let projector = CrsRegistry::default().projector(&Crs::CGCS2000, &plane).unwrap();
    for (shape, town) in [
        (point(3, 3), "t1"),
        (point(13, 3), "t2"),
        (point(30, 3), ""),
        (square([8, 1, 13, 2]), "t2"),
        (square([7, 1, 12, 2]), "t1"),
    ] {
        let mut geometry = spatial::Geometry::from(shape);
        projector.project_geometry(&mut geometry).unwrap();
        let one = insert(&engine, "points", Some(geometry.shape), &[]).await.unwrap();
        assert_eq!(shown(&engine, "points", one)[1], town);
    }
    // Moved boundaries find what they touch in the plane, too.
    let mut wider = seen(&engine, "admin_units", fid(2));
    wider.geometry = Some(square([10, 0, 40, 10]).into());
    let before = engine.subscribe();
    apply(&engine, "admin_units", vec![ChangeOp::Replace(fid(2), wider)], 0).await.unwrap();
    let mut work = super::follow::Work::default();
    let mut before = before;
    work.take(&before.recv().await.unwrap());
    engine.sweep_places(&work.scope, &work.reason).await.unwrap();
    assert_eq!(shown(&engine, "points", 3)[1], "t2");
}

#[tokio::test]
async fn the_units_at_a_position_are_those_of_the_day() {
    let units = places("admin_units");
    let unit = |values: &[(&str, &str)], shape| feature(&units, shape, values);
    let area = || Some(square([0, 0, 10, 10]));
    let features = vec![
        unit(&[("code", "11"), ("level", "city"), ("name", "北京市")], None),
        unit(&[("code", "d1"), ("level", "district"), ("parent", "11")], None),
        unit(
            &[("code", "t1"), ("level", "town"), ("parent", "d1"), ("valid_to", "2024-01-01")],
            area(),
        ),
        unit(
            &[("code", "t2"), ("level", "镇"), ("parent", "d1"), ("valid_from", "2024-01-01")],
            area(),
        ),
        unit(&[("code", "t0"), ("level", "nothing")], area()),
    ];
    let engine = opened(vec![(units.clone(), features)]).await;
    let state = engine.snapshot();
    let codes_at = |x: i32, day: &str| {
        let here = at(x, 3);
        let here = ([here.x, here.y], &Crs::WGS84);
        let on = (day.parse().unwrap(), &crate::places::UnitsRead::default());
        let found = at_position(&state, engine.registry(), here, on).unwrap();
        let codes = found.units.iter().map(|u| (u.unit.code.clone(), u.by_polygon));
        codes.collect::<Vec<_>>()
    };
    let chain = |town: &str| {
        vec![("11".to_owned(), false), ("d1".to_owned(), false), (town.to_owned(), true)]
    };
    assert_eq!(codes_at(3, "2023-12-31"), chain("t1"));
    assert_eq!(codes_at(3, "2024-01-01"), chain("t2"));
    assert_eq!(codes_at(11, "2024-01-01"), []);
}

#[tokio::test]
async fn grid_cells_are_assigned_beside_units_or_alone() {
    let cells = places("grid_cells");
    let cell =
        |code, to: &str, shape| feature(&cells, Some(shape), &[("code", code), ("valid_to", to)]);
    let features = vec![
        cell("g1", "", square([0, 0, 5, 5])),
        cell("g2", "", square([5, 0, 10, 5])),
        cell("g0", "2020-01-01", square([0, 0, 10, 5])),
    ];
    let points = (assigned("points", GeometryType::Point), Vec::new());
    let engine = opened(vec![(cells.clone(), features), points]).await;
    for (column, grid) in [(1, "g1"), (5, "g1"), (6, "g2"), (11, "")] {
        let values = [("town", "written")];
        let one = insert(&engine, "points", Some(point(column, 1)), &values).await.unwrap();
        assert_eq!(text(&engine, "points", one, "grid"), grid);
        assert_eq!(shown(&engine, "points", one), ["", "written", "", "polygon"]);
    }
}

#[tokio::test]
async fn a_load_comes_assigned_but_for_what_was_decided_by_hand() {
    let engine = two_towns().await;
    let points = assigned("points", GeometryType::Point);
    let registry = Arc::new(CrsRegistry::default());
    let store = &**engine.store();
    let alleys = LoadAssigner::read(store, &registry, &places("alleys"), now()).await;
    assert!(alleys.unwrap().is_none());
    let assigner = LoadAssigner::read(store, &registry, &points, now()).await.unwrap().unwrap();
    let mut load = [
        feature(&points, Some(point(2, 2)), &[("town", "t2"), ("note", "wrong")]),
        feature(&points, Some(point(2, 2)), &[("town", "t2"), ("assigned_by", "manual: 跨界")]),
        feature(&points, Some(point(12, 2)), &[("assigned_by", "somebody")]),
        feature(&points, None, &[("town", "t2")]),
    ];
    assigner.assign(&mut load).unwrap();
    let value = |feature: &Feature, field| {
        feature.properties[points.field_position(field).unwrap()].clone()
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let shown =
        load.each_ref().map(|one| ["town", "village", "assigned_by"].map(|f| value(one, f)));
    assert_eq!(
        shown,
        [
            [text("t1"), text("v1"), text("polygon")],
            [text("t2"), Value::Null, text("manual: 跨界")],
            [text("t2"), Value::Null, text("polygon")],
            [text("t2"), Value::Null, Value::Null],
        ]
    );
}
