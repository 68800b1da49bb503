//! Every kind of rule against a recomputation that looks at every pair, with `geo`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::ledger::clue::{
    ComplaintNearClosed, Contiguous, Files, Finding, IdleLand, Kind, Neighbours, NewBuilding,
    NoFile, Only, Outlets, OverParcel, ParcelGap, ParcelOverlap, Rebound, Replacement, Rule,
    ServiceGap, SeveralHomesteads, Toward, Units,
};
use ::ledger::indicator::Basis;
use ::ledger::rows;
use geo::{Area, BooleanOps, Contains, Distance, Euclidean, InteriorPoint, unary_union};
use geo_types::{Coord, Geometry as Shape, LineString, MultiPolygon, Point, Polygon};
use spatial::{
    Collection, Crs, Envelope, Feature, Field, FieldClass, FieldType, Geometry, GeometryType,
    Timestamp, Value, Zooms,
};
use store::{FeatureStore, Load, LoadItem, LoadMode, MemoryStore};
use tokio::sync::mpsc;

use super::{CluesFound, CluesQuery};
use crate::engine_tests::{id, open};
use crate::query::Place;
use crate::{Engine, EngineError, Profile};

const ORIGIN: [f64; 2] = [450_000.0, 4_400_000.0];
const PLANE: Crs = Crs::Epsg(4548);

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64 * below
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as f64) as usize]
    }

    fn day(&mut self) -> String {
        format!("2026-{:02}-{:02}", 1 + self.roll(12.0) as u8, 1 + self.roll(28.0) as u8)
    }

    fn point(&mut self, extent: f64) -> Shape<f64> {
        Shape::Point(at(self.roll(extent), self.roll(extent)))
    }

    /// A turned square about a place.
    fn square(&mut self, x: f64, y: f64, half: f64) -> Polygon<f64> {
        let (sin, cos) = self.roll(1.5).sin_cos();
        let corner = |(u, v): (f64, f64)| {
            at(x + (u * cos - v * sin) * half, y + (u * sin + v * cos) * half).0
        };
        let ring: Vec<Coord<f64>> =
            [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)].map(corner).to_vec();
        Polygon::new(LineString(ring), Vec::new())
    }
}

fn at(x: f64, y: f64) -> Point<f64> {
    Point::new(ORIGIN[0] + x, ORIGIN[1] + y)
}

fn rectangle([x0, y0, x1, y1]: [f64; 4]) -> Polygon<f64> {
    geo_types::Rect::new(at(x0, y0).0, at(x1, y1).0).to_polygon()
}

fn described(name: &str, geometry_type: GeometryType, fields: &[&str]) -> Collection {
    let field = |name: &&str| Field {
        name: (*name).to_owned(),
        alias: None,
        field_type: if name.ends_with("_m") { FieldType::Real } else { FieldType::Text },
        class: FieldClass::L1,
    };
    Collection {
        id: id(name),
        title: name.to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: PLANE,
        geometry_type,
        has_z: false,
        has_m: false,
        fields: fields.iter().map(field).collect(),
        key: fields.first().map(|name| (*name).to_owned()),
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

type Row = (Option<Shape<f64>>, Vec<String>);

/// An engine over collections of texts, the first field of which is the key; an empty text is null.
async fn opened(collections: Vec<(Collection, Vec<Row>)>) -> Engine {
    let store = Arc::new(MemoryStore::new());
    for (collection, rows) in collections {
        let value = |(text, field): (String, &Field)| match field.field_type {
            _ if text.is_empty() => Value::Null,
            FieldType::Real => Value::Real(text.parse().unwrap()),
            _ => Value::Text(text),
        };
        let feature = |(shape, values): Row| Feature {
            id: None,
            geometry: shape.map(Geometry::from),
            properties: values.into_iter().zip(&collection.fields).map(value).collect(),
        };
        let features = rows.into_iter().map(feature).collect();
        let (sender, receiver) = mpsc::channel(4);
        sender.send(LoadItem::Features(features)).await.unwrap();
        sender.send(LoadItem::Finish).await.unwrap();
        let (actor, reason) = ("local".to_owned(), "test".to_owned());
        let recorded_at = Timestamp(1_000);
        let mode = LoadMode::Create;
        let load = Load { collection: collection.clone(), mode, actor, reason, recorded_at };
        store.load(load, receiver).await.unwrap();
    }
    open(store).await
}

fn query(kind: Kind) -> CluesQuery {
    let rule = Rule {
        code: kind.name().to_owned(),
        name: "疑似".to_owned(),
        basis: Basis::Template,
        source: "test".to_owned(),
        kind,
    };
    CluesQuery {
        rule,
        place: None,
        unit: None,
        key: None,
        as_of: None,
        today: "2026-07-01".parse().unwrap(),
        profile: Profile::default(),
        offset: 0,
        limit: 10_000,
    }
}

async fn found(engine: &Engine, kind: Kind) -> CluesFound {
    let found = engine.clues(query(kind)).await.unwrap();
    assert_eq!(found.count, found.clues.len());
    for clue in &found.clues {
        assert!(clue.finding.to_string().starts_with("疑似"), "{}", clue.finding);
        if let Some(geometry) = &clue.geometry {
            let [x, y] = geometry.envelope().center();
            assert!((116.0..118.0).contains(&x) && (39.0..41.0).contains(&y), "{x} {y}");
        }
    }
    found
}

/// The ids of the features of each clue.
fn ids(found: &CluesFound) -> Vec<Vec<i64>> {
    let of = |clue: &super::Clue| clue.subjects.iter().map(|one| one.id.value()).collect();
    found.clues.iter().map(of).collect()
}

/// Row n has the id n + 1.
fn row(n: usize) -> i64 {
    n as i64 + 1
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

const POINTS: [&str; 7] =
    ["id", "task", "state", "state_since", "registered_at", "closed_at", "accuracy_m"];

/// Points of a ledger, in random states.
fn points(dice: &mut Dice, count: usize) -> Vec<Row> {
    let point = |n: usize| {
        let state = dice.pick(&["reported", "closed", "registered", "rebounded", "void"]);
        let since = format!("{}T08:00:00.000Z", dice.day());
        let closed = if matches!(state, "closed" | "rebounded") { since.as_str() } else { "" };
        let task = if state == "reported" { "" } else { dice.pick(&["CW", "KQ"]) };
        let registered = if state == "reported" { "" } else { "2026-03-01T00:00:00.000Z" };
        let accuracy = dice.pick(&["", "3", "60"]);
        let values = [&format!("p{n}"), task, state, &since, registered, closed, accuracy];
        (Some(dice.point(600.0)), texts(&values))
    };
    (0..count).map(point).collect()
}

fn metres(a: &Row, b: &Row) -> f64 {
    Euclidean.distance(a.0.as_ref().unwrap(), b.0.as_ref().unwrap())
}

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

/// Parcels of a net of which some are missing, moved a little or cut at a corner.
fn parcels(dice: &mut Dice, side: usize) -> Vec<Polygon<f64>> {
    let mut parcels = Vec::new();
    for n in 0..side * side {
        let (x, y) = ((n % side) as f64 * 20.0, (n / side) as f64 * 20.0);
        let mut edges = [x, y, x + 20.0, y + 20.0];
        match dice.roll(10.0) as u8 {
            0 => continue,
            1 => edges[2] += dice.roll(3.0),
            2 => edges[0] += dice.roll(1.0),
            _ => {}
        }
        parcels.push(rectangle(edges));
    }
    parcels
}

fn polygons(name: &str, shapes: &[Polygon<f64>]) -> (Collection, Vec<Row>) {
    let row = |(n, shape): (usize, &Polygon<f64>)| {
        (Some(Shape::Polygon(shape.clone())), vec![format!("{name}{n}")])
    };
    let rows = shapes.iter().enumerate().map(row).collect();
    (described(name, GeometryType::Polygon, &["key"]), rows)
}

fn common(a: &Polygon<f64>, b: &Polygon<f64>) -> f64 {
    a.intersection(b).unsigned_area()
}

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
        let one = |clue: &super::Clue| match &clue.finding {
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
    let engine = opened(vec![
        (described("land", GeometryType::Polygon, &["no", "released", "used"]), rows.clone()),
        polygons("green", &green),
        polygons("before", &before),
        polygons("now", &now),
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
    let rule =
        NewBuilding { buildings: "now".to_owned(), earlier: "before".to_owned(), least_m2: 10.0 };
    let told = found(&engine, Kind::NewBuilding(rule)).await;
    assert!(expected.len() > 10 && expected.len() <= 60);
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
        .into_iter()
        .map(|clue| match clue.finding {
            Finding::SeveralHomesteads { household, parcels } => {
                (household, parcels.into_iter().collect())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(expected.len() > 5);
    assert_eq!(told, expected);
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
        for (clue, ids) in told.clues.iter().zip(ids(&told)) {
            let Finding::Neighbour { toward, shared_m, .. } = &clue.finding else {
                panic!("{clue:?}")
            };
            let metres = expected[&(ids, *toward)];
            assert!((metres - shared_m).abs() < 1e-6, "{metres} {shared_m}");
        }
    }
    let rule = Neighbours { parcels: "parcels".to_owned(), parcel: "key".to_owned(), metres: 0.05 };
    let refused = engine.clues(query(Kind::Neighbours(rule))).await.unwrap_err();
    assert!(refused.to_string().contains("send key="), "{refused}");
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
