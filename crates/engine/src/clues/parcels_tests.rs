//! Buildings and parcels against a recomputation that looks at every pair, with `geo`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use ::ledger::clue::{
    Files, Finding, Kind, Neighbours, NoFile, OverParcel, ParcelGap, ParcelOverlap, Toward, Units,
};
use geo::{Area, Contains, InteriorPoint, unary_union};
use geo_types::{Geometry as Shape, MultiPolygon, Polygon};
use spatial::GeometryType;

use super::sample::{
    Dice, PLANE, Row, common, described, found, ids, opened, parcels, polygons, query, rectangle,
    row,
};
use super::{CluesFound, CluesQuery};
use crate::query::Place;

#[tokio::test]
async fn buildings_are_held_against_the_parcels_as_every_pair_says() {
    let mut dice = Dice(11);
    let parcels = parcels(&mut dice, 10);
    let building = |_| {
        let (x, y, half) = (dice.roll(230.0) - 15.0, dice.roll(230.0) - 15.0, 2.0 + dice.roll(4.0));
        dice.square(x, y, half)
    };
    let buildings: Vec<Polygon<f64>> = (0..200).map(building).collect();
    let filed: Vec<Row> = (0..parcels.len())
        .filter(|n| n % 3 != 0)
        .map(|n| (None, vec![format!("h{n}"), format!("parcels{n}")]))
        .collect();
    let filed_keys: BTreeSet<String> = filed.iter().map(|row| row.1[1].clone()).collect();
    let villages =
        [rectangle([-100.0, -100.0, 100.0, 300.0]), rectangle([100.0, -100.0, 205.0, 300.0])];
    let village_rows: Vec<Row> = villages
        .iter()
        .enumerate()
        .map(|(n, shape)| {
            (Some(Shape::Polygon(shape.clone())), vec![format!("v{n}"), format!("村{n}")])
        })
        .collect();
    let engine = opened(vec![
        polygons("parcels", &parcels),
        polygons("buildings", &buildings),
        (described("households", GeometryType::Point, &["no", "parcel"]), filed),
        (described("villages", GeometryType::Polygon, &["code", "name"]), village_rows),
    ])
    .await;
    let (mut over, mut without) = (Vec::new(), Vec::new());
    let mut shares: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (n, building) in buildings.iter().enumerate() {
        let mut most: Option<(usize, f64)> = None;
        for (m, parcel) in parcels.iter().enumerate() {
            let inside = common(building, parcel);
            if inside > 0.01 && most.is_none_or(|(_, most)| inside > most + 1e-6) {
                most = Some((m, inside));
            }
        }
        if let Some((m, inside)) = most {
            let outside = building.unsigned_area() - inside;
            assert!((outside - 1.0).abs() > 1e-4, "the dice must not come so near");
            if outside > 1.0 {
                over.push((vec![row(n), row(m)], outside));
            }
        }
        let is_filed = most.is_some_and(|(m, _)| filed_keys.contains(&format!("parcels{m}")));
        if !is_filed {
            let mut subjects = vec![row(n)];
            subjects.extend(most.map(|(m, _)| row(m)));
            without.push(subjects);
        }
        let middle = building.interior_point().unwrap();
        let village = villages.iter().position(|village| village.contains(&middle));
        let share = shares.entry(village.map_or(String::new(), |v| format!("v{v}"))).or_default();
        *share = (share.0 + 1, share.1 + u64::from(!is_filed));
    }
    let rule = OverParcel {
        buildings: "buildings".to_owned(),
        parcels: "parcels".to_owned(),
        least_m2: 1.0,
    };
    let told = found(&engine, Kind::OverParcel(rule.clone())).await;
    assert!(over.len() > 50);
    assert_eq!(ids(&told), over.iter().map(|(ids, _)| ids.clone()).collect::<Vec<_>>());
    for (clue, (_, outside)) in told.clues.iter().zip(&over) {
        let Finding::OverParcel { outside_m2, .. } = &clue.finding else { panic!("{clue:?}") };
        assert!((outside_m2 - outside).abs() < 1e-5, "{outside_m2} {outside}");
    }
    let rule = NoFile {
        buildings: "buildings".to_owned(),
        parcels: "parcels".to_owned(),
        parcel_key: "key".to_owned(),
        files: Some(Files { collection: "households".to_owned(), parcel: "parcel".to_owned() }),
        shares: None,
        units: Some(Units {
            collection: "villages".to_owned(),
            code: "code".to_owned(),
            name: "name".to_owned(),
        }),
    };
    let told = found(&engine, Kind::NoFile(rule)).await;
    assert_eq!(ids(&told), without);
    let told: BTreeMap<String, (u64, u64)> =
        told.shares.into_iter().map(|one| (one.code, (one.buildings, one.without))).collect();
    assert_eq!(told, shares);
    assert_eq!(shares.len(), 3);
}

#[tokio::test]
async fn parcels_that_overlap_and_gaps_between_them_are_those_of_every_pair() {
    let mut dice = Dice(13);
    let mut parcels = parcels(&mut dice, 10);
    // One in another, and one twice.
    parcels.push(rectangle([2.0, 2.0, 8.0, 8.0]));
    parcels.push(parcels[5].clone());
    let engine = opened(vec![polygons("parcels", &parcels)]).await;
    let mut expected = Vec::new();
    for n in 0..parcels.len() {
        for m in n + 1..parcels.len() {
            if common(&parcels[n], &parcels[m]) > 0.1 {
                expected.push(vec![row(n), row(m)]);
            }
        }
    }
    let rule = ParcelOverlap { parcels: "parcels".to_owned(), least_m2: 0.1 };
    let told = found(&engine, Kind::ParcelOverlap(rule)).await;
    assert!(expected.len() > 5);
    assert_eq!(ids(&told), expected);

    let united: MultiPolygon<f64> = unary_union(&parcels);
    let holes = united.iter().flat_map(|polygon| polygon.interiors().to_vec());
    let holes = holes.map(|ring| Polygon::new(ring, Vec::new()).unsigned_area());
    let mut expected: Vec<f64> = holes.filter(|area| (0.1..=450.0).contains(area)).collect();
    expected.sort_by(f64::total_cmp);
    let rule = ParcelGap { parcels: "parcels".to_owned(), least_m2: 0.1, most_m2: 450.0 };
    let told = found(&engine, Kind::ParcelGap(rule)).await;
    let mut areas: Vec<f64> = Vec::new();
    for clue in &told.clues {
        let Finding::ParcelGap { area_m2, parcels, .. } = &clue.finding else { panic!("{clue:?}") };
        assert!(parcels.len() >= 3, "{parcels:?}");
        areas.push(*area_m2);
    }
    areas.sort_by(f64::total_cmp);
    assert!(expected.len() > 3);
    assert_eq!(areas.len(), expected.len());
    assert!(areas.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3));
}

/// Metres that two boxes share on a side of the first.
fn shared(a: [f64; 4], b: [f64; 4], toward: Toward) -> f64 {
    let overlap = |axis: usize| a[axis + 2].min(b[axis + 2]) - a[axis].max(b[axis]);
    let (meets, along) = match toward {
        Toward::East => (a[2] == b[0], 1),
        Toward::West => (a[0] == b[2], 1),
        Toward::North => (a[3] == b[1], 0),
        Toward::South => (a[1] == b[3], 0),
    };
    if meets { overlap(along).max(0.0) } else { 0.0 }
}

#[tokio::test]
async fn neighbours_on_each_side_are_those_of_every_pair() {
    let mut dice = Dice(37);
    // Columns of boxes whose borders do not continue each other; some are left out.
    let mut boxes = Vec::new();
    for column in 0..6 {
        let (west, mut south) = (f64::from(column) * 20.0, 0.0);
        while south < 120.0 {
            let north = south + 8.0 + (dice.roll(12.0)).floor();
            if dice.roll(5.0) > 1.0 {
                boxes.push([west, south, west + 20.0, north]);
            }
            south = north;
        }
    }
    let shapes: Vec<Polygon<f64>> = boxes.iter().map(|one| rectangle(*one)).collect();
    let engine = opened(vec![polygons("parcels", &shapes)]).await;
    let sides = [Toward::East, Toward::South, Toward::West, Toward::North];
    let told_of = |told: &CluesFound| -> Vec<(Vec<i64>, String)> {
        let findings = told.clues.iter().map(|clue| format!("{:?}", clue.finding));
        ids(told).into_iter().zip(findings).collect()
    };
    let mut of_each = Vec::new();
    for (n, one) in boxes.iter().enumerate() {
        let mut expected: BTreeMap<(Vec<i64>, Toward), f64> = BTreeMap::new();
        for toward in sides {
            let is_upright = matches!(toward, Toward::East | Toward::West);
            let mut rest = if is_upright { one[3] - one[1] } else { one[2] - one[0] };
            for (m, other) in boxes.iter().enumerate() {
                let metres = shared(*one, *other, toward);
                if metres > 0.0 {
                    expected.insert((vec![row(n), row(m)], toward), metres);
                    rest -= metres;
                }
            }
            if rest > 0.0 {
                expected.insert((vec![row(n)], toward), rest);
            }
        }
        let rule =
            Neighbours { parcels: "parcels".to_owned(), parcel: "key".to_owned(), metres: 0.05 };
        let asked =
            CluesQuery { key: Some(format!("parcels{n}")), ..query(Kind::Neighbours(rule)) };
        let told = engine.clues(asked).await.unwrap();
        assert_eq!(told.count, expected.len(), "{n}");
        of_each.extend(told_of(&told));
        for (clue, ids) in told.clues.iter().zip(ids(&told)) {
            let Finding::Neighbour { toward, shared_m, .. } = &clue.finding else {
                panic!("{clue:?}")
            };
            let metres = expected[&(ids, *toward)];
            assert!((metres - shared_m).abs() < 1e-6, "{metres} {shared_m}");
        }
    }
    let rule = Neighbours { parcels: "parcels".to_owned(), parcel: "key".to_owned(), metres: 0.05 };
    let everywhere = CluesQuery {
        place: Some(Place::Given {
            geometry: Shape::from(rectangle([-10.0, -10.0, 200.0, 200.0])).into(),
            crs: PLANE,
        }),
        ..query(Kind::Neighbours(rule.clone()))
    };
    let told = engine.clues(everywhere).await.unwrap();
    of_each.sort();
    let mut of_all = told_of(&told);
    of_all.sort();
    assert_eq!(of_all, of_each);
    let refused = engine.clues(query(Kind::Neighbours(rule))).await.unwrap_err();
    assert!(refused.to_string().contains("send key="), "{refused}");
}
