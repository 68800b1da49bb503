//! Boundaries that move: what lies there is assigned anew, and what was true before stays.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use spatial::{ChangeOp, Feature, FeatureId, GeometryType, Value};
use store::LoadMode;

use super::follow::Work;
use super::places_tests::{Numbers, check_all, random_unit};
use super::sample::{apply, assigned, feature, load, opened, places, point, seen, square, text};
use super::{ACTOR, Scope, start};
use crate::engine_tests::{fid, id};
use crate::{Engine, Profile};

/// Every feature of a collection.
fn all(state: &spatial::Snapshot, name: &str) -> Vec<Feature> {
    let mut all = Vec::new();
    state.collections[&id(name)].each(&mut |shard, slots| {
        all.extend(slots.iter().map(|slot| shard.feature(usize::from(*slot)).to_feature()));
    });
    all.sort_by_key(|feature| feature.id);
    all
}

#[tokio::test]
async fn after_a_boundary_change_all_is_as_a_search_finds_it_and_the_past_is_as_it_was() {
    let mut moved = 0;
    for seed in 100..108 {
        let mut numbers = Numbers::new(seed);
        let units = (0..40).map(|n| random_unit(&mut numbers, &format!("u{n:02}"))).collect();
        let names = ["points", "parcels"];
        let kinds = [GeometryType::Point, GeometryType::MultiPolygon];
        let described = [assigned(names[0], kinds[0]), assigned(names[1], kinds[1])];
        let mut collections = vec![(places("admin_units"), units)];
        collections.extend(described.iter().map(|one| (one.clone(), Vec::new())));
        let engine = opened(collections).await;
        let ops = (0..150).map(|_| point(numbers.below(26), numbers.below(26)));
        let ops = ops.map(|shape| ChangeOp::Insert(feature(&described[0], Some(shape), &[])));
        let ops = ops.collect();
        apply(&engine, "points", ops, 0).await.unwrap();
        let ops = (0..60).map(|_| numbers.square());
        let ops = ops.map(|shape| ChangeOp::Insert(feature(&described[1], Some(shape), &[])));
        let ops = ops.collect();
        let before = apply(&engine, "parcels", ops, 0).await.unwrap();
        let was = names.map(|name| all(&engine.snapshot(), name));

        let mut publications = engine.subscribe();
        let number = |numbers: &mut Numbers| fid(i64::from(numbers.below(13)) + 1);
        let [a, b, c] = [0, 13, 26]
            .map(|from| FeatureId::try_from(number(&mut numbers).value() + from).unwrap());
        let code = text(&engine, "admin_units", a.value(), "code");
        let ops = vec![
            ChangeOp::Replace(a, random_unit(&mut numbers, &code)),
            ChangeOp::Delete(b),
            ChangeOp::Replace(c, random_unit(&mut numbers, "a00")),
            ChangeOp::Insert(random_unit(&mut numbers, "u99")),
        ];
        apply(&engine, "admin_units", ops, before.recorded_at.0 + 5 - crate::now().0)
            .await
            .unwrap();
        let mut work = Work::default();
        work.take(&publications.recv().await.unwrap());
        assert!(!work.scope.everything);
        let swept = engine.sweep_places(&work.scope, &work.reason).await.unwrap();
        assert!(swept.looked_at <= 210);
        moved += swept.changed;

        let state = engine.snapshot();
        names.iter().for_each(|name| _ = check_all(&state, name));
        let ids = names.map(id);
        let past = engine.state(Some(before.recorded_at), &ids).await.unwrap();
        assert_eq!(names.map(|name| all(&past, name)), was, "seed {seed}");
        // Nothing is left to do, and the log says who did it and why.
        let again = engine.sweep_places(&Scope::all(), "test").await.unwrap();
        assert_eq!((again.looked_at, again.changed), (210, 0));
        let log = engine.store().changes(before.revision, 10_000).await.unwrap();
        for record in log.iter().filter(|record| record.collection != id("admin_units")) {
            assert_eq!(record.actor, ACTOR);
            assert!(record.reason.starts_with("admin_units changed at revision"));
        }
    }
    assert!(moved > 100, "only {moved} features changed their unit");
}

/// Two towns side by side, and a point in the west one.
async fn two_towns() -> Engine {
    let (units, points) = (places("admin_units"), assigned("points", GeometryType::Point));
    let unit = |code, shape| feature(&units, Some(shape), &[("code", code), ("level", "town")]);
    let features = vec![unit("t1", square([0, 0, 10, 10])), unit("t2", square([10, 0, 20, 10]))];
    let by_hand = [("town", "t1"), ("assigned_by", "manual: 跨界院落")];
    let mut here = vec![feature(&points, Some(point(8, 5)), &by_hand)];
    here.extend((0..200).map(|n| feature(&points, Some(point(n % 20, n / 20)), &[])));
    opened(vec![(units.clone(), features), (points, here)]).await
}

/// Waits until the town of a point is `town`.
async fn until_town(engine: &Engine, feature: i64, town: &str) {
    for _ in 0..500 {
        if text(engine, "points", feature, "town") == town {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("point {feature} is in {:?}", text(engine, "points", feature, "town"));
}

/// The boundary between the two towns moves to this column.
async fn move_boundary(engine: &Engine, column: i32) {
    let [mut west, mut east] = [1, 2].map(|n| seen(engine, "admin_units", fid(n)));
    west.geometry = Some(square([0, 0, column, 10]).into());
    east.geometry = Some(square([column, 0, 20, 10]).into());
    let ops = vec![ChangeOp::Replace(fid(1), west), ChangeOp::Replace(fid(2), east)];
    apply(engine, "admin_units", ops, 0).await.unwrap();
}

#[tokio::test]
async fn what_a_person_assigned_stays_and_is_listed_where_polygons_say_otherwise() {
    let engine = two_towns().await;
    engine.sweep_places(&Scope::all(), "test").await.unwrap();
    let told =
        async || engine.assignments(&id("points"), Profile::default()).await.unwrap().unwrap();
    let before = told().await;
    assert_eq!((before.by_polygon, before.by_hand, before.unassigned), (200, 1, 0));
    assert_eq!((before.nowhere, before.contested.len()), (0, 0));
    move_boundary(&engine, 5).await;
    engine.sweep_places(&Scope::all(), "test").await.unwrap();
    assert_eq!(text(&engine, "points", 1, "town"), "t1");
    assert_eq!(text(&engine, "points", 1, "assigned_by"), "manual: 跨界院落");
    let after = told().await;
    let [contested] = &after.contested[..] else { panic!("{after:?}") };
    assert_eq!((contested.id, contested.field.as_str()), (fid(1), "town"));
    assert_eq!(contested.by_hand.as_deref(), Some("t1"));
    assert_eq!(contested.by_polygon.as_deref(), Some("t2"));
    assert_eq!(contested.reason, "跨界院落");
    // Given back to the polygons, it follows them again.
    let mut back = seen(&engine, "points", fid(1));
    let by =
        engine.snapshot().collections[&id("points")].collection().field_position("assigned_by");
    back.properties[by.unwrap()] = Value::Null;
    apply(&engine, "points", vec![ChangeOp::Replace(fid(1), back)], 0).await.unwrap();
    assert_eq!(text(&engine, "points", 1, "town"), "t2");
    assert_eq!(told().await.contested, []);
}

#[tokio::test]
async fn boundaries_are_followed_while_others_write() {
    let engine = two_towns().await;
    let _following = start(&engine);
    // What was loaded before is assigned at the start.
    until_town(&engine, 2, "t1").await;
    let writer = {
        let engine = engine.clone();
        tokio::spawn(async move {
            for round in 0..60 {
                let number = fid(2 + round);
                let mut written = seen(&engine, "points", number);
                written.properties[0] = Value::Text(format!("round {round}"));
                let op = ChangeOp::Replace(number, written);
                apply(&engine, "points", vec![op], 0).await.unwrap();
            }
        })
    };
    for column in [5, 15, 3, 12, 6] {
        move_boundary(&engine, column).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writer.await.unwrap();
    until_town(&engine, 2 + 7, "t2").await;
    until_town(&engine, 2 + 5, "t1").await;
    // A load is followed, too.
    let points = assigned("points", GeometryType::Point);
    let more = vec![feature(&points, Some(point(1, 1)), &[])];
    load(&**engine.store(), points, LoadMode::Append, more).await;
    engine.refresh().await.unwrap();
    until_town(&engine, 202, "t1").await;
    engine.sweep_places(&Scope::all(), "test").await.unwrap();
    check_all(&engine.snapshot(), "points");
    for round in 0..60 {
        let note = text(&engine, "points", 2 + round, "note");
        assert_eq!(note, format!("round {round}"), "what others wrote stays");
    }
}

#[tokio::test]
async fn a_unit_that_begins_on_a_new_day_is_looked_at_that_day() {
    let units = places("admin_units");
    let unit = |code, from: &str, to: &str, shape| {
        let values = [("code", code), ("level", "town"), ("valid_from", from), ("valid_to", to)];
        feature(&units, shape, &values)
    };
    let features = vec![
        unit("t1", "", "2026-01-01", Some(square([0, 0, 1, 1]))),
        unit("t2", "2026-01-01", "", Some(square([2, 2, 3, 3]))),
        unit("t3", "2026-01-02", "", Some(square([4, 4, 5, 5]))),
        unit("t4", "2026-01-01", "", None),
    ];
    let engine = opened(vec![(units.clone(), features)]).await;
    let turned = |last: &str, today: &str| {
        let mut work = Work::default();
        work.turn(&engine.snapshot(), last.parse().unwrap(), today.parse().unwrap());
        work.scope.boundaries.len()
    };
    assert_eq!(turned("2025-12-30", "2025-12-31"), 0);
    assert_eq!(turned("2025-12-31", "2026-01-01"), 2);
    assert_eq!(turned("2025-12-31", "2026-01-02"), 3);
    assert_eq!(turned("2026-01-02", "2027-01-01"), 0);
}
