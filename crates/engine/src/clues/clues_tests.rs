//! Every other kind of rule against a recomputation that looks at every pair, with `geo`; pages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::ledger::clue::{
    ComplaintNearClosed, Contiguous, Files, Finding, IdleLand, Kind, NewBuilding, Only, Outlets,
    OverParcel, ParcelOverlap, Permits, Rebound, Replacement, ServiceGap, SeveralHomesteads,
};
use ::ledger::rows;
use geo::{Area, BooleanOps, Distance, Euclidean, unary_union};
use geo_types::{Geometry as Shape, Polygon};
use spatial::GeometryType;

use super::sample::{
    Dice, PLANE, POINTS, Row, described, found, ids, metres, opened, parcels, points, polygons,
    query, rectangle, row, texts,
};
use super::{CluesFound, CluesQuery};
use crate::query::Place;
use crate::{EditOp, EditSet, EngineError, FeatureEdit};

#[tokio::test]
async fn reports_and_complaints_near_closed_points_are_those_of_every_pair() {
    let mut dice = Dice(7);
    let points = points(&mut dice, 250);
    let complaint = |n: usize| (Some(dice.point(600.0)), vec![format!("c{n}"), dice.day()]);
    let complaints: Vec<Row> = (0..150).map(complaint).collect();
    let engine = opened(vec![
        (described("points", GeometryType::Point, &POINTS), points.clone()),
        (described("complaints", GeometryType::Point, &["no", "day"]), complaints.clone()),
    ])
    .await;
    let accuracy = |row: &Row| row.1[6].parse().unwrap_or(0.0_f64);
    let mut expected = Vec::new();
    for (n, new) in points.iter().enumerate() {
        let came_up = match new.1[2].as_str() {
            "reported" => &new.1[3],
            "registered" => &new.1[4],
            _ => continue,
        };
        for (m, closed) in points.iter().enumerate() {
            let within = accuracy(new).max(accuracy(closed)).max(15.0);
            if closed.1[2] == "closed"
                && *came_up > closed.1[5]
                && (new.1[1].is_empty() || new.1[1] == closed.1[1])
                && metres(new, closed) <= within
            {
                expected.push(vec![row(n), row(m)]);
            }
        }
    }
    let accuracy = Some("accuracy_m".to_owned());
    let rule = Rebound { points: "points".to_owned(), metres: 15.0, accuracy };
    let told = found(&engine, Kind::Rebound(rule)).await;
    assert!(expected.len() > 20);
    assert_eq!(ids(&told), expected);

    let mut expected = Vec::new();
    for (n, complaint) in complaints.iter().enumerate() {
        for (m, closed) in points.iter().enumerate() {
            let day = |text: &str| ::ledger::clue::day_of(text).unwrap();
            let after = || day(&complaint.1[1]).days_since(day(&closed.1[5]));
            if closed.1[2] == "closed"
                && metres(complaint, closed) <= 30.0
                && (0..=90).contains(&after())
            {
                expected.push(vec![row(n), row(m)]);
            }
        }
    }
    let rule = ComplaintNearClosed {
        complaints: "complaints".to_owned(),
        occurred: "day".to_owned(),
        points: "points".to_owned(),
        metres: 30.0,
        days: 90,
    };
    let told = found(&engine, Kind::ComplaintNearClosed(rule)).await;
    assert!(expected.len() > 5);
    assert_eq!(ids(&told), expected);
}

#[tokio::test]
async fn outlets_that_nothing_replaces_and_communities_without_are_those_of_every_pair() {
    let mut dice = Dice(17);
    let functions = ["早餐", "便利店", "早餐、家政", "家政, 便利店", ""];
    let outlet = |n: usize| {
        let open = if dice.roll(3.0) < 1.0 { String::new() } else { dice.day() };
        let close = if dice.roll(2.0) < 1.0 { String::new() } else { dice.day() };
        let values = vec![format!("o{n}"), dice.pick(&functions).to_owned(), open, close];
        (Some(dice.point(900.0)), values)
    };
    let outlets: Vec<Row> = (0..80).map(outlet).collect();
    let communities: Vec<Polygon<f64>> = (0..36)
        .map(|n| f64::from(n % 6) * 150.0)
        .zip((0..36).map(|n| f64::from(n / 6) * 150.0))
        .map(|(x, y)| rectangle([x, y, x + 100.0, y + 100.0]))
        .collect();
    let fields = ["no", "functions", "opened", "closed"];
    let engine = opened(vec![
        (described("outlets", GeometryType::Point, &fields), outlets.clone()),
        polygons("communities", &communities),
    ])
    .await;
    let parts = |row: &Row| -> BTreeSet<String> {
        let text = row.1[1].replace('、', ",");
        text.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
    };
    let is_open = |row: &Row, day: &str| {
        row.1[2].as_str() <= day && (row.1[3].is_empty() || row.1[3].as_str() > day)
    };
    let mut expected = Vec::new();
    for (n, outlet) in outlets.iter().enumerate() {
        let closed = outlet.1[3].as_str();
        // 180 days before the first of July.
        if closed.is_empty() || closed < "2026-01-02" {
            continue;
        }
        let mut lacking = parts(outlet);
        for (m, other) in outlets.iter().enumerate() {
            if n != m && metres(outlet, other) <= 120.0 && is_open(other, closed) {
                lacking = &lacking - &parts(other);
            }
        }
        if !lacking.is_empty() {
            expected.push((row(n), lacking));
        }
    }
    let named = Outlets {
        collection: "outlets".to_owned(),
        functions: "functions".to_owned(),
        opened: "opened".to_owned(),
        closed: "closed".to_owned(),
    };
    let rule = Replacement { outlets: named.clone(), metres: 120.0, days: 180 };
    let told = found(&engine, Kind::Replacement(rule)).await;
    let lacking = |found: &CluesFound| -> Vec<(i64, BTreeSet<String>)> {
        let one = |clue: &Arc<super::FoundClue>| match &clue.finding {
            Finding::Unreplaced { functions, .. } | Finding::ServiceGap { functions, .. } => {
                (clue.subjects[0].id.value(), functions.iter().cloned().collect())
            }
            other => panic!("{other:?}"),
        };
        found.clues.iter().map(one).collect()
    };
    assert!(expected.len() > 5 && expected.len() < 40);
    assert_eq!(lacking(&told), expected);

    let wanted = ["早餐", "家政"];
    let mut expected = Vec::new();
    for (n, community) in communities.iter().enumerate() {
        let lacks = |function: &&&str| {
            !outlets.iter().any(|outlet| {
                let to = outlet.0.as_ref().unwrap();
                is_open(outlet, "2026-07-01")
                    && parts(outlet).contains(**function)
                    && Euclidean.distance(&Shape::Polygon(community.clone()), to) <= 50.0
            })
        };
        let lacking: BTreeSet<String> =
            wanted.iter().filter(lacks).map(|function| (*function).to_owned()).collect();
        if !lacking.is_empty() {
            expected.push((row(n), lacking));
        }
    }
    let rule = ServiceGap {
        communities: "communities".to_owned(),
        outlets: named,
        functions: texts(&wanted),
        metres: 50.0,
    };
    let told = found(&engine, Kind::ServiceGap(rule)).await;
    assert!(expected.len() > 5 && expected.len() < 36);
    assert_eq!(lacking(&told), expected);
}

#[tokio::test]
async fn idle_land_and_new_buildings_are_those_of_every_pair() {
    let mut dice = Dice(19);
    let mut squares = |count: usize, half: f64| -> Vec<Polygon<f64>> {
        (0..count)
            .map(|_| {
                let (x, y) = (dice.roll(400.0), dice.roll(400.0));
                dice.square(x, y, half)
            })
            .collect()
    };
    let (land, green, before, mut now) =
        (squares(60, 12.0), squares(60, 15.0), squares(80, 5.0), squares(60, 5.0));
    now.extend(before[..40].iter().cloned());
    let mut days = Dice(23);
    let rows: Vec<Row> = land
        .iter()
        .enumerate()
        .map(|(n, shape)| {
            let used = days.pick(&["", "闲置", "绿化"]);
            let values = texts(&[&format!("t{n}"), &days.day(), used]);
            (Some(Shape::Polygon(shape.clone())), values)
        })
        .collect();
    let mut permits = described("permits", GeometryType::Point, &["no"]);
    permits.key = None;
    let permitted: Vec<Row> =
        (0..now.len()).step_by(2).map(|n| (None, vec![format!("now{n}")])).collect();
    let engine = opened(vec![
        (described("land", GeometryType::Polygon, &["no", "released", "used"]), rows.clone()),
        polygons("green", &green),
        polygons("before", &before),
        polygons("now", &now),
        (permits, permitted),
    ])
    .await;
    let mut expected = Vec::new();
    for (n, plot) in land.iter().enumerate() {
        let (released, used) = (&rows[n].1[1], &rows[n].1[2]);
        let covered = plot.intersection(&unary_union(&green)).unsigned_area();
        // 60 days before the first of July.
        if released.as_str() < "2026-05-02"
            && used != "绿化"
            && covered < 0.5 * plot.unsigned_area()
        {
            expected.push(vec![row(n)]);
        }
    }
    let rule = IdleLand {
        land: "land".to_owned(),
        released: "released".to_owned(),
        actual_use: "used".to_owned(),
        idle_uses: texts(&["闲置"]),
        green: Some("green".to_owned()),
        least_share: 0.5,
        days: 60,
    };
    let told = found(&engine, Kind::IdleLand(rule)).await;
    assert!(expected.len() > 3 && expected.len() < 40);
    assert_eq!(ids(&told), expected);

    let all = unary_union(&before);
    let news = now.iter().map(|building| building.difference(&all).unsigned_area());
    let news: Vec<f64> = news.collect();
    let expected: Vec<Vec<i64>> =
        (0..now.len()).filter(|n| news[*n] > 10.0).map(|n| vec![row(n)]).collect();
    let rule = NewBuilding {
        buildings: "now".to_owned(),
        earlier: "before".to_owned(),
        least_m2: 10.0,
        permits: None,
    };
    let told = found(&engine, Kind::NewBuilding(rule.clone())).await;
    assert!(expected.len() > 10 && expected.len() <= 60);
    assert_eq!(ids(&told), expected);

    // Every second building stands on a parcel with a permit: the key of a building names it here.
    let permits = Permits {
        collection: "permits".to_owned(),
        parcel: "no".to_owned(),
        building: "key".to_owned(),
    };
    let told =
        found(&engine, Kind::NewBuilding(NewBuilding { permits: Some(permits), ..rule })).await;
    let expected: Vec<Vec<i64>> =
        (0..now.len()).filter(|n| n % 2 == 1 && news[*n] > 10.0).map(|n| vec![row(n)]).collect();
    assert_eq!(ids(&told), expected);
}

#[tokio::test]
async fn groups_and_households_are_those_of_every_pair() {
    let mut dice = Dice(29);
    let points = points(&mut dice, 120);
    let shares: Vec<Row> = (0..60)
        .map(|_| {
            let household = format!("h{}", dice.roll(30.0) as u8);
            (None, vec![household, format!("parcels{}", dice.roll(9.0) as u8)])
        })
        .collect();
    let parcels = parcels(&mut dice, 3);
    let mut table = described("shares", GeometryType::Point, &["household", "parcel"]);
    table.key = None;
    let engine = opened(vec![
        (described("points", GeometryType::Point, &POINTS), points.clone()),
        (table, shares.clone()),
        polygons("parcels", &parcels),
    ])
    .await;
    let taking: Vec<usize> = (0..points.len())
        .filter(|n| points[*n].1[2] == "reported" || points[*n].1[2] == "void")
        .collect();
    let mut group: Vec<usize> = (0..points.len()).collect();
    for a in &taking {
        for b in &taking {
            if metres(&points[*a], &points[*b]) <= 50.0 {
                let (from, to) = (group[*a].max(group[*b]), group[*a].min(group[*b]));
                group.iter_mut().filter(|one| **one == from).for_each(|one| *one = to);
            }
        }
    }
    let mut expected: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for n in taking {
        expected.entry(group[n]).or_default().push(row(n));
    }
    let expected: Vec<Vec<i64>> =
        expected.into_values().filter(|members| members.len() >= 3).collect();
    let only = Only { field: "state".to_owned(), values: texts(&["reported", "void"]) };
    let rule =
        Contiguous { collection: "points".to_owned(), only: Some(only), metres: 50.0, least: 3 };
    let told = found(&engine, Kind::Contiguous(rule)).await;
    assert!(expected.len() > 2);
    assert_eq!(ids(&told), expected);

    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for share in &shares {
        expected.entry(share.1[0].clone()).or_default().insert(share.1[1].clone());
    }
    expected.retain(|_, parcels| parcels.len() > 1);
    let rule = SeveralHomesteads {
        shares: "shares".to_owned(),
        household: "household".to_owned(),
        parcel: "parcel".to_owned(),
        parcels: Some(Files { collection: "parcels".to_owned(), parcel: "key".to_owned() }),
    };
    let told = found(&engine, Kind::SeveralHomesteads(rule)).await;
    let told: BTreeMap<String, BTreeSet<String>> = told
        .clues
        .iter()
        .map(|clue| match &clue.finding {
            Finding::SeveralHomesteads { household, parcels } => {
                (household.clone(), parcels.iter().cloned().collect())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(expected.len() > 5);
    assert_eq!(told, expected);
}

#[tokio::test]
async fn pages_and_places_part_what_a_rule_finds_and_what_lacks_is_named() {
    let mut dice = Dice(31);
    let engine = opened(vec![polygons("parcels", &parcels(&mut dice, 10))]).await;
    let kind =
        || Kind::ParcelOverlap(ParcelOverlap { parcels: "parcels".to_owned(), least_m2: 0.1 });
    let all = found(&engine, kind()).await;
    let mut paged = Vec::new();
    for offset in (0..all.count).step_by(2) {
        let page = engine.clues(CluesQuery { offset, limit: 2, ..query(kind()) }).await.unwrap();
        assert_eq!(page.count, all.count);
        paged.extend(page.clues);
    }
    assert_eq!(paged, all.clues);
    let area = Shape::Polygon(rectangle([-5.0, -5.0, 70.0, 70.0]));
    let place = Some(Place::Given { geometry: area.into(), crs: PLANE });
    let some = engine.clues(CluesQuery { place, ..query(kind()) }).await.unwrap();
    assert!(some.count < all.count);
    assert!(some.clues.iter().all(|clue| all.clues.contains(clue)));
    // Pages are of the state and the question that is asked about, whatever was found before.
    let strict =
        || Kind::ParcelOverlap(ParcelOverlap { parcels: "parcels".to_owned(), least_m2: 9.0 });
    let page = |kind: Kind| engine.clues(CluesQuery { offset: 1, limit: 1, ..query(kind) });
    assert!(page(strict()).await.unwrap().count < all.count);
    // What it was written as is told again to the same reader alone.
    let written =
        |reader: &str, text: &str| all.clues[0].written(reader, || text.to_owned()).into_owned();
    assert_eq!(
        [written("a", "first"), written("a", "second"), written("b", "third")],
        ["first", "first", "third"]
    );
    let first = all.clues[0].subjects[0].clone();
    let gone = FeatureEdit {
        place: "/changes/0".to_owned(),
        collection: first.collection,
        op: EditOp::Delete(first.id),
        unchanged_since: None,
    };
    let (actor, reason) = ("local".to_owned(), "test".to_owned());
    engine.edit(EditSet { actor, reason, edits: vec![gone] }).await.unwrap();
    let (second, left) = (page(kind()).await.unwrap(), found(&engine, kind()).await);
    assert!(left.count < all.count);
    assert_eq!((second.count, second.clues.as_slice()), (left.count, &left.clues[1..2]));
    let unit = Some("110115".to_owned());
    let refused = engine.clues(CluesQuery { unit, ..query(kind()) }).await.unwrap_err();
    assert!(refused.to_string().contains("tuban places init"), "{refused}");

    let rule = OverParcel {
        buildings: "buildings".to_owned(),
        parcels: "parcels".to_owned(),
        least_m2: 1.0,
    };
    let refused = engine.clues(query(Kind::OverParcel(rule))).await.unwrap_err();
    assert!(matches!(refused, EngineError::RuleInput { .. }));
    assert!(refused.to_string().contains("collection buildings, which is not there"), "{refused}");
    let missing = rows::POINTS;
    let rule = Rebound { points: missing.to_owned(), metres: 15.0, accuracy: None };
    let refused = engine.clues(query(Kind::Rebound(rule))).await.unwrap_err();
    assert!(refused.to_string().contains("tuban ledger init"), "{refused}");
}
