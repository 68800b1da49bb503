//! Files of a small town: areas against naive clipping and the plane they were drawn on, shares,
//! completeness told alike in the file and in the list, changes since the last survey.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use ::ledger::dossier::{Contents, DEFAULT_DOSSIERS, Dossiers, Via};
use geo_types::{Geometry as Shape, Polygon};
use spatial::{
    Change, ChangeOp, Collection, Crs, CrsRegistry, Feature, Geometry, GeometryType, Value,
};

use super::{DossierQuery, OverviewQuery};
use crate::Engine;
use crate::clues::sample::{Dice, PLANE, Row, at, described, opened, rectangle, texts};
use crate::engine_tests::{changes, fid, id};

const SIDE: usize = 6;

fn dossiers() -> Arc<Dossiers> {
    Arc::new(Dossiers::new(toml::from_str(DEFAULT_DOSSIERS).unwrap()).unwrap())
}

fn ask(kind: Option<&str>, ids: &[&str]) -> DossierQuery {
    DossierQuery {
        dossiers: dossiers(),
        kind: kind.map(str::to_owned),
        ids: texts(ids),
        as_of: None,
        with_history: true,
    }
}

async fn one(engine: &Engine, kind: Option<&str>, id: &str) -> Contents {
    let mut found = engine.dossiers(ask(kind, &[id])).await.unwrap();
    assert_eq!(found.len(), 1, "{id}");
    found.remove(0)
}

/// A convex polygon cut along each edge of another: Sutherland and Hodgman.
fn clipped(subject: &Polygon<f64>, clip: &Polygon<f64>) -> f64 {
    let ring = |polygon: &Polygon<f64>| -> Vec<[f64; 2]> {
        let mut ring: Vec<[f64; 2]> =
            polygon.exterior().points().map(|p| [p.x() - 450_000.0, p.y() - 4_400_000.0]).collect();
        ring.pop();
        if area(&ring) < 0.0 {
            ring.reverse();
        }
        ring
    };
    let mut left = ring(subject);
    let clip = ring(clip);
    for (n, a) in clip.iter().enumerate() {
        let b = clip[(n + 1) % clip.len()];
        let side = |p: [f64; 2]| (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
        let mut next = Vec::new();
        for (m, p) in left.iter().enumerate() {
            let q = left[(m + 1) % left.len()];
            let (u, v) = (side(*p), side(q));
            if u >= 0.0 {
                next.push(*p);
            }
            if u * v < 0.0 {
                let t = u / (u - v);
                next.push([p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t]);
            }
        }
        left = next;
    }
    area(&left)
}

fn area(ring: &[[f64; 2]]) -> f64 {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    edges.map(|(a, b)| (a[0] * b[1] - b[0] * a[1]) / 2.0).sum()
}

/// A net of parcels of 20 metres with a square building each, some over the edge; households 0 and 1
/// share a parcel, household 2 has two. The town is stored in longitude and latitude.
struct Town {
    parcels: Vec<Polygon<f64>>,
    buildings: Vec<Polygon<f64>>,
}

impl Town {
    fn new() -> Self {
        let mut dice = Dice(31);
        let corner = |n: usize| [(n % SIDE) as f64 * 20.0, (n / SIDE) as f64 * 20.0];
        let parcels = (0..SIDE * SIDE).map(|n| {
            let [x, y] = corner(n);
            rectangle([x, y, x + 20.0, y + 20.0])
        });
        let parcels = parcels.collect();
        let mut building = |n: usize| {
            let [x, y] = corner(n);
            let [east, north] = [dice.roll(12.0), dice.roll(12.0)];
            dice.square(x + 4.0 + east, y + 4.0 + north, 5.0)
        };
        let buildings = (0..SIDE * SIDE).map(&mut building).collect();
        Self { parcels, buildings }
    }

    async fn engine(&self) -> Engine {
        let registry = CrsRegistry::default();
        let back = registry.projector(&PLANE, &Crs::CGCS2000).unwrap();
        let moved = |shape: Shape<f64>| {
            let mut geometry = Geometry::from(shape);
            back.project_geometry(&mut geometry).unwrap();
            Some(geometry.shape)
        };
        let table = |name: &str, kind: GeometryType, fields: &[&str], rows: Vec<Row>| {
            let rows = rows.into_iter().map(|(shape, values)| (shape.and_then(&moved), values));
            let described = described(name, kind, fields);
            (Collection { crs: Crs::CGCS2000, ..described }, rows.collect::<Vec<Row>>())
        };
        let polygons = |shapes: &[Polygon<f64>], values: &dyn Fn(usize) -> Vec<String>| {
            let rows = shapes.iter().enumerate();
            rows.map(|(n, shape)| (Some(Shape::Polygon(shape.clone())), values(n))).collect()
        };
        let count = self.parcels.len();
        let households: Vec<Row> = (0..count)
            .map(|n| {
                let place = at((n % SIDE) as f64 * 20.0 + 1.0, (n / SIDE) as f64 * 20.0 + 1.0);
                let parcel = if n == 1 { "Z0".to_owned() } else { format!("Z{n}") };
                (Some(Shape::Point(place)), vec![format!("H{n}"), parcel, format!("{n}号")])
            })
            .collect();
        let shares = [
            ["S1", "H0", "Z0", "1/2", "F0"],
            ["S2", "H1", "Z0", "1/2", ""],
            ["S3", "H2", "Z2", "1", ""],
            ["S4", "H2", "Z9", "1", ""],
            ["S5", "H3", "Z404", "1", ""],
        ];
        let villages = [
            (rectangle([-50.0, -50.0, 60.0, 300.0]), ["V1", "甲村"]),
            (rectangle([60.0, -50.0, 100.0, 300.0]), ["V2", "乙村"]),
        ];
        let rows_of = |rows: &[(Polygon<f64>, [&str; 2])]| -> Vec<Row> {
            rows.iter()
                .map(|(shape, row)| (Some(Shape::Polygon(shape.clone())), texts(row)))
                .collect()
        };
        let towns = [(rectangle([-50.0, -50.0, 300.0, 300.0]), ["T1", "示例镇"])];
        let photos = [["P1", "household", "H0", "大门"], ["P2", "building", "H0", "不是这一户"]];
        let point = |x: f64, y: f64, row: &[&str]| (Some(Shape::Point(at(x, y))), texts(row));
        let points = vec![
            point(500.0, 500.0, &["p1", "C1", "registered", "Z2"]),
            point(45.0, 5.0, &["p2", "C2", "closed", ""]),
        ];
        let nothing = |row: &[&str]| (None, texts(row));
        opened(vec![
            table(
                "parcels",
                GeometryType::Polygon,
                &["ZDDM"],
                polygons(&self.parcels, &|n| vec![format!("Z{n}")]),
            ),
            table(
                "buildings",
                GeometryType::Polygon,
                &["ZRZH", "ZDDM", "ZCS"],
                polygons(
                    &self.buildings,
                    // Every fifth does not say on which parcel it stands.
                    &|n| {
                        vec![
                            format!("F{n}"),
                            if n % 5 == 4 { String::new() } else { format!("Z{n}") },
                            format!("{}", 1 + n % 3),
                        ]
                    },
                ),
            ),
            table(
                "households",
                GeometryType::Point,
                &["household_no", "ZDDM", "door_no"],
                households,
            ),
            table(
                "shares",
                GeometryType::Any,
                &["code", "household", "parcel", "portion", "buildings"],
                shares.iter().map(|row| nothing(row)).collect(),
            ),
            table(
                "photos",
                GeometryType::Any,
                &["code", "subject_kind", "subject", "title"],
                photos.iter().map(|row| nothing(row)).collect(),
            ),
            table("points", GeometryType::Point, &["id", "code", "state", "parcel"], points),
            table("villages", GeometryType::Polygon, &["XZQDM", "XZQMC"], rows_of(&villages)),
            table("towns", GeometryType::Polygon, &["XZQDM", "XZQMC"], rows_of(&towns)),
        ])
        .await
    }
}

#[tokio::test]
async fn areas_and_boundaries_are_those_of_the_plane_and_of_naive_clipping() {
    let town = Town::new();
    let engine = town.engine().await;
    let (mut over, mut by_place) = (0, 0);
    for n in (0..town.parcels.len()).filter(|n| ![0, 1, 2, 3, 9].contains(n)) {
        let file = one(&engine, None, &format!("H{n}")).await;
        let [parcel] = file.parcels.as_slice() else { panic!("{n}") };
        let measured = parcel.area.as_ref().unwrap();
        assert_eq!(measured.crs, PLANE);
        assert!((measured.value - 400.0).abs() < 1e-4, "{}", measured.value);
        assert_eq!(parcel.boundary.misclosure_mm(), [0, 0]);
        assert_eq!(parcel.boundary.perimeter_mm(), 80_000);
        let to = CrsRegistry::default();
        let to = to.projector(&Crs::CGCS2000, &PLANE).unwrap();
        for point in parcel.boundary.points() {
            // As it is told: to eight places.
            let told = point.lon_lat.map(|angle| (angle * 1e8).round() / 1e8);
            let [x, y] = to.project(told).unwrap();
            let off = (x - point.east_mm as f64 / 1e3).hypot(y - point.north_mm as f64 / 1e3);
            assert!(off < 1e-3, "{off}");
        }
        let [building] = file.buildings.as_slice() else { panic!("{n}: {:?}", file.buildings) };
        by_place += usize::from(building.via == Via::Place);
        let outside = building.outside.as_ref().unwrap();
        let expected = 100.0 - clipped(&town.buildings[n], &town.parcels[n]);
        assert!((building.footprint.value - 100.0).abs() < 1e-4);
        assert!((outside.area_m2 - expected).abs() < 1e-2, "{n}: {} {expected}", outside.area_m2);
        let mut on = 0.0;
        for (other, area_m2) in &outside.on {
            let m: usize = other.code[1..].parse().unwrap();
            let shared = clipped(&town.buildings[n], &town.parcels[m]);
            assert!((area_m2 - shared).abs() < 1e-2, "{n} on {m}: {area_m2} {shared}");
            on += area_m2;
        }
        assert!(on <= outside.area_m2 + 1e-2);
        over += usize::from(!outside.on.is_empty());
        assert_eq!(file.floors.len(), 1 + n % 3);
    }
    assert!(over > 5 && by_place > 3, "{over} {by_place}");
}

#[tokio::test]
async fn shares_lead_to_parcels_and_fields_where_there_are_none() {
    let engine = Town::new().engine().await;
    let first = one(&engine, None, "H0").await;
    assert_eq!((first.parcels[0].code.as_str(), first.parcels[0].via), ("Z0", Via::Share));
    assert_eq!(first.parcels[0].households, ["H0", "H1"]);
    assert_eq!(first.shares[0].portion.as_deref(), Some("1/2"));
    assert_eq!(first.photos.iter().map(|photo| photo.title.as_str()).collect::<Vec<_>>(), ["大门"]);
    assert!(first.completeness.is_complete(), "{:?}", first.completeness);
    let units: Vec<&str> = first.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(units, ["甲村", "示例镇"]);
    // Two parcels; a point by its field, another by its place.
    let two = one(&engine, Some("household"), "H2").await;
    assert_eq!(two.parcels.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["Z2", "Z9"]);
    let points: Vec<(i64, Via)> =
        two.points.iter().map(|point| (point.feature.value(), point.via)).collect();
    assert_eq!(points, [(1, Via::Field), (2, Via::Place)]);
    assert!(two.enforcement.is_none());
    // 四至 by the numbers at doors; beyond the net there is nothing.
    let words: Vec<String> =
        two.parcels[0].sides.iter().map(::ledger::dossier::side_words).collect();
    assert_eq!(
        words,
        ["3号（20.00米）", "未登记宗地（20.00米）", "Z1（20.00米）", "8号（20.00米）"]
    );
    // A share of a parcel that is not there is said, and the file is not complete.
    let lacking = one(&engine, None, "H3").await;
    assert!(lacking.notes.iter().any(|note| note.contains("Z404")), "{:?}", lacking.notes);
    assert!(!lacking.completeness.is_complete());
    assert!(lacking.parcels[0].area.is_none());
    let building = one(&engine, Some("building"), "F7").await;
    assert_eq!(building.buildings.len(), 1);
    assert_eq!(building.parcels[0].code, "Z7");
    assert!(engine.dossiers(ask(None, &["nobody"])).await.unwrap().is_empty());
    assert!(engine.dossiers(ask(Some("unit"), &["H0"])).await.unwrap().is_empty());
    // Red lines that the store does not have are said to be absent.
    assert!(first.parcels[0].red_lines.iter().all(|line| !line.is_known));
}

#[tokio::test]
async fn a_list_tells_of_each_file_what_the_file_tells_itself() {
    let engine = Town::new().engine().await;
    let query = |unit: Option<&str>, level: Option<&str>| OverviewQuery {
        dossiers: dossiers(),
        kind: None,
        unit: unit.map(str::to_owned),
        level: level.map(str::to_owned),
        complete: None,
        as_of: None,
        offset: 0,
        limit: 1_000,
    };
    let all = engine.dossier_overview(query(None, Some("village"))).await.unwrap().unwrap();
    assert_eq!((all.count, all.whole.files), (36, 36));
    for line in &all.files {
        let file = one(&engine, None, &line.id).await;
        assert_eq!(line.completeness, file.completeness, "{}", line.id);
        let units: Vec<String> = file.units.iter().map(|unit| unit.code.clone()).collect();
        let told: Vec<String> = line.units.iter().flatten().map(|(code, _)| code.clone()).collect();
        assert_eq!(told, units);
    }
    let lines: Vec<(&str, u64)> =
        all.units.iter().map(|line| (line.code.as_str(), line.files)).collect();
    assert_eq!(lines, [("V1", 18), ("V2", 12)]);
    assert_eq!(all.outside.files, 6);
    let sum = |part: &dyn Fn(&super::UnitLine) -> u64| {
        all.units.iter().map(part).sum::<u64>() + part(&all.outside)
    };
    assert_eq!(sum(&|line| line.weights[0]), all.whole.weights[0]);
    assert_eq!(sum(&|line| line.complete), all.whole.complete);
    assert_eq!(all.whole.complete, 1);
    let some = engine.dossier_overview(query(Some("V2"), None)).await.unwrap().unwrap();
    assert_eq!((some.count, some.units.len(), some.units[0].code.as_str()), (12, 1, "T1"));
    let wrong = engine.dossier_overview(query(None, Some("moon"))).await.unwrap();
    assert!(wrong.is_none());
}

#[tokio::test]
async fn changes_since_the_last_survey_are_those_of_the_shapes() {
    let town = Town::new();
    let engine = town.engine().await;
    let before = one(&engine, None, "H7").await;
    assert!(before.buildings[0].change.is_none() && before.parcels[0].change.is_none());
    let back = CrsRegistry::default();
    let back = back.projector(&PLANE, &Crs::CGCS2000).unwrap();
    let moved = |polygon: Polygon<f64>| {
        let mut geometry = Geometry::from(Shape::Polygon(polygon));
        back.project_geometry(&mut geometry).unwrap();
        Some(geometry)
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let larger = Feature {
        id: Some(fid(8)),
        geometry: moved(rectangle([20.0, 20.0, 40.0, 42.0])),
        properties: vec![text("Z7")],
    };
    let new = Feature {
        id: None,
        geometry: moved(rectangle([21.0, 21.0, 24.0, 25.0])),
        properties: vec![text("F7b"), text("Z7"), text("1")],
    };
    let mut set = changes(vec![ChangeOp::Replace(fid(8), larger)]);
    set.changes.push(Change {
        collection: id("buildings"),
        op: ChangeOp::Insert(new),
        unchanged_since: None,
    });
    engine.apply(set).await.unwrap();
    let after = one(&engine, None, "H7").await;
    let change = after.parcels[0].change.clone().unwrap();
    assert!((change.before_m2.unwrap() - 400.0).abs() < 1e-3);
    assert!((change.after_m2 - 440.0).abs() < 1e-3);
    assert!((change.gained_m2 - 40.0).abs() < 1e-3 && change.lost_m2 < 1e-3);
    let new = after.buildings.iter().find(|one| one.code == "F7b").unwrap();
    let change = new.change.clone().unwrap();
    assert!(change.before_m2.is_none() && (change.gained_m2 - 12.0).abs() < 1e-3);
    assert!(after.history.len() > before.history.len());
    // The other parcel sees the overlap.
    let neighbour = one(&engine, None, "H13").await;
    let overlap = &neighbour.parcels[0].overlaps[0];
    assert_eq!(overlap.with.name, "7号");
    assert!((overlap.area_m2 - 40.0).abs() < 1e-3, "{}", overlap.area_m2);
    assert!(before.parcels[0].gone.is_empty() && after.parcels[0].gone.is_empty());
    // As it had been recorded before, it was as before.
    let past = DossierQuery { as_of: Some(spatial::Timestamp(1_500)), ..ask(None, &["H7"]) };
    let past = engine.dossiers(past).await.unwrap().remove(0);
    assert!((past.parcels[0].area.as_ref().unwrap().value - 400.0).abs() < 1e-4);
    assert_eq!(past.buildings.len(), 1);
}

#[tokio::test]
async fn buildings_that_are_gone_since_the_last_survey_are_told_where_they_stood() {
    let town = Town::new();
    let engine = town.engine().await;
    let back = CrsRegistry::default();
    let back = back.projector(&PLANE, &Crs::CGCS2000).unwrap();
    let before = one(&engine, None, "H7").await;
    let [seventh, eighth] = [&before, &one(&engine, None, "H8").await].map(|file| {
        let [building] = &file.buildings[..] else { panic!("{:?}", file.buildings) };
        building.clone()
    });
    // One is removed, the other moved to the parcel beside.
    let [x, y] = [(7 % SIDE) as f64 * 20.0, (7 / SIDE) as f64 * 20.0];
    let mut geometry =
        Geometry::from(Shape::Polygon(rectangle([x + 2.0, y + 2.0, x + 5.0, y + 6.0])));
    back.project_geometry(&mut geometry).unwrap();
    let held = &engine.snapshot().collections[&id("buildings")];
    let row = held.get(eighth.feature).unwrap();
    let fields = 0..held.collection().fields.len();
    let mut properties: Vec<Value> = fields.map(|at| row.value(at).to_value()).collect();
    assert_eq!(properties[1], Value::Text("Z8".to_owned()));
    properties[1] = Value::Text("Z7".to_owned());
    let moved = Feature { id: Some(eighth.feature), geometry: Some(geometry), properties };
    let mut set = changes(vec![]);
    for op in [ChangeOp::Delete(seventh.feature), ChangeOp::Replace(eighth.feature, moved)] {
        set.changes.push(Change { collection: id("buildings"), op, unchanged_since: None });
    }
    engine.apply(set).await.unwrap();
    let [after, other] = [one(&engine, None, "H7").await, one(&engine, None, "H8").await];
    let [gone] = &after.parcels[0].gone[..] else { panic!("{:?}", after.parcels[0].gone) };
    assert_eq!((gone.code.as_str(), gone.feature), (seventh.code.as_str(), seventh.feature));
    assert!(gone.is_removed && gone.recorded_at.is_some());
    assert_eq!(gone.revision, engine.snapshot().revision);
    assert!((gone.footprint.value - seventh.footprint.value).abs() < 1e-6);
    let [gone] = &other.parcels[0].gone[..] else { panic!("{:?}", other.parcels[0].gone) };
    assert_eq!((gone.code.as_str(), gone.is_removed), (eighth.code.as_str(), false));
    assert_eq!(after.buildings[0].code, eighth.code);
    // As it had been recorded before, nothing was gone.
    let past = DossierQuery { as_of: Some(spatial::Timestamp(1_500)), ..ask(None, &["H7"]) };
    assert!(engine.dossiers(past).await.unwrap()[0].parcels[0].gone.is_empty());
}
