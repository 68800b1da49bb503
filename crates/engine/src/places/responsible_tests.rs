//! Who is responsible somewhere on a day.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{Geometry as Shape, LineString};
use spatial::{ChangeOp, Collection, Feature, FieldClass, Timestamp, Value};

use super::sample::{apply, at, feature, opened, places, square};
use super::{MAX_POSITIONS, PLACES, ResponsibleHere, ResponsibleQuery};
use crate::engine_tests::{fid, id};
use crate::{Engine, EngineError, Profile};

fn one(collection: &Collection, shape: Option<Shape<f64>>, values: &[(&str, &str)]) -> Feature {
    feature(collection, shape, values)
}

async fn town() -> Engine {
    let [units, cells, alleys, focus, answers] =
        ["admin_units", "grid_cells", "alleys", "focus_areas", "responsibilities"].map(places);
    let area = || Some(square([0, 0, 10, 10]));
    let line = Shape::LineString(LineString(vec![at(0, 5), at(10, 5)]));
    let answer = |values: &[(&str, &str)]| one(&answers, None, values);
    let grid = [("area_collection", "grid_cells"), ("area_code", "g1")];
    let collections = vec![
        (units.clone(), vec![one(&units, area(), &[("code", "t1"), ("level", "town")])]),
        (cells.clone(), vec![one(&cells, area(), &[("code", "g1"), ("land_use", "R")])]),
        (alleys.clone(), vec![one(&alleys, Some(line), &[("code", "a1"), ("name", "甲巷")])]),
        (
            focus.clone(),
            vec![
                one(&focus, area(), &[("code", "f1"), ("kind", "城乡接合部")]),
                one(&focus, area(), &[("code", "f2"), ("valid_to", "2020-01-01")]),
            ],
        ),
        (
            answers.clone(),
            vec![
                answer(&[
                    ("role", "责任规划师"),
                    ("unit", "规自分局"),
                    ("area_collection", "admin_units"),
                    ("area_code", "t1"),
                ]),
                answer(&[
                    grid[0],
                    grid[1],
                    ("role", "网格员"),
                    ("person", "张三"),
                    ("office_phone", "010-1"),
                    ("valid_to", "2024-01-01"),
                ]),
                answer(&[
                    grid[0],
                    grid[1],
                    ("role", "网格员"),
                    ("person", "李四"),
                    ("valid_from", "2024-01-01"),
                ]),
                answer(&[("role", "街巷长"), ("area_collection", "alleys"), ("area_code", "a1")]),
                answer(&[
                    ("role", "网格员"),
                    ("area_collection", "grid_cells"),
                    ("area_code", "g2"),
                ]),
            ],
        ),
    ];
    opened(collections).await
}

async fn ask(
    engine: &Engine,
    row: f64,
    day: &str,
    highest: FieldClass,
) -> Result<ResponsibleHere, EngineError> {
    let [x, y] = [at(3, 0).x, at(0, 5).y + row];
    let query = ResponsibleQuery {
        positions: vec![[x, y]],
        day: day.parse().unwrap(),
        places: PLACES.to_vec(),
        alley_within: 20.0,
        as_of: None,
        profile: Profile { highest, ..Profile::default() },
    };
    engine.responsible(query).await.map(|found| found.here[0].clone())
}

fn roles(here: &ResponsibleHere) -> Vec<i64> {
    here.responsibilities.iter().map(|entry| entry.id.value()).collect()
}

#[tokio::test]
async fn the_finest_place_answers_first_and_each_on_its_days() {
    let engine = town().await;
    let before = ask(&engine, 0.0001, "2023-12-31", FieldClass::L1).await.unwrap();
    assert_eq!(roles(&before), [2, 4, 1]);
    let after = ask(&engine, 0.0001, "2024-01-01", FieldClass::L1).await.unwrap();
    assert_eq!(roles(&after), [3, 4, 1]);
    assert_eq!(after.places[0].values[0].1, Value::Text("g1".to_owned()));
    let found: Vec<_> =
        after.places.iter().map(|place| (place.collection.as_str(), place.id.value())).collect();
    assert_eq!(found, [("grid_cells", 1), ("focus_areas", 1), ("alleys", 1)]);
    let metres = after.places[2].distance.unwrap();
    assert!((metres - 11.1).abs() < 0.1, "{metres}");
    // 20 m are less than 0.0002 degrees.
    let far = ask(&engine, 0.0002, "2024-01-01", FieldClass::L1).await.unwrap();
    assert_eq!(roles(&far), [3, 1]);
    let outside = ask(&engine, 0.5, "2024-01-01", FieldClass::L1).await.unwrap();
    assert_eq!((roles(&outside), outside.places.len(), outside.units.len()), (vec![], 0, 0));
}

#[tokio::test]
async fn persons_and_telephones_are_withheld_by_class() {
    let engine = town().await;
    for (class, withheld, shown) in [
        (FieldClass::L1, &["person", "office_phone"][..], &[][..]),
        (FieldClass::L2, &["person"], &["010-1"]),
        (FieldClass::L3, &[], &["张三", "010-1"]),
    ] {
        let here = ask(&engine, 0.0, "2023-01-01", class).await.unwrap();
        assert_eq!(*here.withheld, withheld);
        let worker = &here.responsibilities[0];
        let told: Vec<_> = worker.values.iter().map(|(_, value)| value.clone()).collect();
        for text in ["张三", "010-1"] {
            let is_told = told.contains(&Value::Text(text.to_owned()));
            assert_eq!(is_told, shown.contains(&text), "{text} for {class:?}");
        }
        assert!(told.contains(&Value::Text("网格员".to_owned())));
    }
}

#[tokio::test]
async fn a_past_state_answers_as_it_did() {
    let engine = town().await;
    let moved = feature(
        &places("admin_units"),
        Some(square([20, 20, 30, 30])),
        &[("code", "t1"), ("level", "town")],
    );
    apply(&engine, "admin_units", vec![ChangeOp::Replace(fid(1), moved)], 0).await.unwrap();
    let now = ask(&engine, 0.0, "2024-01-01", FieldClass::L1).await.unwrap();
    assert_eq!((roles(&now), now.units.len()), (vec![3, 4], 0));
    let query = ResponsibleQuery {
        positions: vec![[at(3, 0).x, at(0, 5).y]],
        day: "2024-01-01".parse().unwrap(),
        places: PLACES.to_vec(),
        alley_within: 20.0,
        as_of: Some(Timestamp(1_000)),
        profile: Profile::default(),
    };
    let then = engine.responsible(query).await.unwrap();
    assert_eq!((roles(&then.here[0]), then.here[0].units.len()), (vec![3, 4, 1], 1));
    assert!(then.revision < engine.snapshot().revision);
}

#[tokio::test]
async fn many_positions_are_answered_as_each_by_itself() {
    let engine = town().await;
    let of = |positions: Vec<[f64; 2]>| ResponsibleQuery {
        positions,
        day: "2024-01-01".parse().unwrap(),
        places: PLACES.to_vec(),
        alley_within: 20.0,
        as_of: None,
        profile: Profile { highest: FieldClass::L1, ..Profile::default() },
    };
    let positions: Vec<_> = (0..60)
        .map(|step| [at(3, 0).x + 1e-5 * f64::from(step), at(0, 5).y + 5e-5 * f64::from(step % 7)])
        .collect();
    let together = engine.responsible(of(positions.clone())).await.unwrap();
    assert_eq!(together.here.len(), positions.len());
    let (mut alone, mut near_alley) = (Vec::new(), 0);
    for position in &positions {
        alone.extend(engine.responsible(of(vec![*position])).await.unwrap().here.iter().cloned());
    }
    for (one, other) in together.here.iter().zip(&alone) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        near_alley += usize::from(roles(one).contains(&4));
    }
    assert!((1..60).contains(&near_alley), "{near_alley}");
    let refused = engine.responsible(of(vec![positions[0]; MAX_POSITIONS + 1])).await.unwrap_err();
    assert!(refused.to_string().contains("1001 positions are more than 1000"), "{refused}");
}

#[tokio::test]
async fn a_store_without_units_is_told_apart() {
    let engine = opened(vec![(places("alleys"), Vec::new())]).await;
    let refused = ask(&engine, 0.0, "2024-01-01", FieldClass::L1).await.unwrap_err();
    let EngineError::UnknownCollection { id: unknown } = refused else { panic!("{refused}") };
    assert_eq!(unknown, id("admin_units"));
}

#[tokio::test]
async fn what_is_hidden_of_units_is_neither_shown_nor_answered_by() {
    let engine = town().await;
    let mut described = (**engine.snapshot().collections[&id("admin_units")].collection()).clone();
    described.fields[0].class = FieldClass::L3;
    engine.store().describe(&described).await.unwrap();
    engine.refresh().await.unwrap();
    let here = ask(&engine, 0.0, "2024-01-01", FieldClass::L1).await.unwrap();
    assert_eq!((here.units[0].unit.code.as_str(), roles(&here)), ("", vec![3, 4]));
    let here = ask(&engine, 0.0, "2024-01-01", FieldClass::L3).await.unwrap();
    assert_eq!((here.units[0].unit.code.as_str(), roles(&here)), ("t1", vec![3, 4, 1]));
}
