//! What was found before, mended behind edits: the same as a new engine finds.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use ::ledger::clue::{
    ComplaintNearClosed, IdleLand, Kind, Neighbours, NewBuilding, Outlets, OverParcel, Permits,
    ServiceGap,
};
use geo::MapCoords;
use geo_types::{Coord, Geometry as Shape, Polygon};
use spatial::filter::Expression;
use spatial::{
    AxisOrder, CollectionId, Crs, Feature, FeatureId, Geometry, GeometryType, Predicate, Value,
};

use crate::clues::sample::{
    Dice, ORIGIN, PLANE, POINTS, Row, at, described, opened, parcels, points, polygons, query,
    rectangle, texts,
};
use crate::clues::{CluesFound, CluesQuery};
use crate::edit::Assigned;
use crate::engine_tests::{id, open};
use crate::query::{
    Aggregate, AggregateOp, Condition, Found, JoinQuery, JoinRelation, JoinWanted, Place, Relation,
    SearchQuery, Sort, Wanted,
};
use crate::{EditOp, EditSet, Engine, EngineError, FeatureEdit, Profile};

const EXTENT: f64 = 300.0;
const USES: [&str; 3] = ["", "闲置", "绿化"];
const FUNCTIONS: [&str; 3] = ["早餐", "家政", "早餐、家政"];

/// A new feature of a collection.
fn row(dice: &mut Dice, collection: &str, number: usize) -> Row {
    let square = |dice: &mut Dice, half: f64| {
        let (x, y) = (dice.roll(EXTENT), dice.roll(EXTENT));
        Some(Shape::Polygon(dice.square(x, y, half)))
    };
    let name = format!("new{number}");
    match collection {
        "points" => {
            let (shape, mut values) = points(dice, 1).remove(0);
            values[0] = name;
            (shape, values)
        }
        "complaints" => (Some(dice.point(EXTENT)), vec![name, dice.day()]),
        "admin_units" => (square(dice, 90.0), vec![name, "town".to_owned()]),
        "outlets" => {
            let functions = dice.pick(&FUNCTIONS);
            let closed = if dice.roll(4.0) < 1.0 { dice.day() } else { String::new() };
            (Some(dice.point(EXTENT)), vec![name, functions.to_owned(), dice.day(), closed])
        }
        "land" => (square(dice, 12.0), vec![name, dice.day(), dice.pick(&USES).to_owned()]),
        _ => (square(dice, 5.0), vec![name]),
    }
}

fn rows(dice: &mut Dice, collection: &str, count: usize) -> Vec<Row> {
    (0..count).map(|n| row(dice, collection, 1_000_000 + n)).collect()
}

const COLLECTIONS: [&str; 10] = [
    "admin_units",
    "points",
    "complaints",
    "outlets",
    "land",
    "green",
    "before",
    "now",
    "parcels",
    "communities",
];

async fn city(dice: &mut Dice, crs: &Crs) -> Engine {
    let plots: Vec<Polygon<f64>> = parcels(dice, 12);
    let of = |dice: &mut Dice, count: usize, half: f64| -> Vec<Polygon<f64>> {
        let place = |_| {
            let (x, y) = (dice.roll(EXTENT), dice.roll(EXTENT));
            dice.square(x, y, half)
        };
        (0..count).map(place).collect()
    };
    let unit = |dice: &mut Dice, n: usize| {
        let (shape, _) = row(dice, "admin_units", n);
        (shape, vec![format!("t{n}"), "town".to_owned()])
    };
    let mut collections = vec![
        (
            described("admin_units", GeometryType::Polygon, &["code", "level"]),
            (0..4).map(|n| unit(dice, n)).collect(),
        ),
        (described("points", GeometryType::Point, &POINTS), rows(dice, "points", 150)),
        (
            described("complaints", GeometryType::Point, &["no", "day"]),
            rows(dice, "complaints", 90),
        ),
        (
            described("outlets", GeometryType::Point, &["no", "functions", "opened", "closed"]),
            rows(dice, "outlets", 40),
        ),
        (
            described("land", GeometryType::Polygon, &["no", "released", "used"]),
            rows(dice, "land", 40),
        ),
        polygons("green", &of(dice, 40, 15.0)),
        polygons("before", &of(dice, 60, 5.0)),
        polygons("now", &of(dice, 60, 5.0)),
        polygons("parcels", &plots),
        polygons("communities", &of(dice, 20, 25.0)),
    ];
    for (collection, rows) in &mut collections {
        collection.crs = crs.clone();
        rows.iter_mut().for_each(|(shape, _)| *shape = shape.take().map(|one| placed(one, crs)));
    }
    opened(collections).await
}

/// A shape of the sample's plane in another CRS, which is one of degrees: about as large there.
fn placed(shape: Shape<f64>, crs: &Crs) -> Shape<f64> {
    if *crs == PLANE {
        return shape;
    }
    shape.map_coords(|at| Coord {
        x: 116.3 + (at.x - ORIGIN[0]) / 85_000.0,
        y: 39.7 + (at.y - ORIGIN[1]) / 111_000.0,
    })
}

/// Communities of a collection that lack one of these functions.
fn service_gap(communities: &str, functions: &[&str], metres: f64) -> Kind {
    let named = |name: &str| name.to_owned();
    Kind::ServiceGap(ServiceGap {
        communities: named(communities),
        outlets: Outlets {
            collection: named("outlets"),
            functions: named("functions"),
            opened: named("opened"),
            closed: named("closed"),
        },
        functions: texts(functions),
        metres,
    })
}

/// Buildings that are not in an earlier collection, but for those that one of permits names.
fn new_building(earlier: &str, permits: Option<&str>) -> Kind {
    let named = |name: &str| name.to_owned();
    let permits = permits.map(|collection| Permits {
        collection: named(collection),
        parcel: named("key"),
        building: named("key"),
    });
    let (buildings, earlier) = (named("now"), named(earlier));
    Kind::NewBuilding(NewBuilding { buildings, earlier, least_m2: 10.0, permits })
}

fn rules() -> Vec<Kind> {
    let named = |name: &str| name.to_owned();
    vec![
        Kind::ComplaintNearClosed(ComplaintNearClosed {
            complaints: named("complaints"),
            occurred: named("day"),
            points: named("points"),
            metres: 60.0,
            days: 120,
        }),
        Kind::IdleLand(IdleLand {
            land: named("land"),
            released: named("released"),
            actual_use: named("used"),
            idle_uses: texts(&["闲置"]),
            green: Some(named("green")),
            least_share: 0.5,
            days: 60,
        }),
        new_building("before", None),
        // A building that is said to have a permit has one wherever it lies.
        new_building("before", Some("before")),
        // One collection held against itself.
        new_building("now", None),
        Kind::OverParcel(OverParcel {
            buildings: named("now"),
            parcels: named("parcels"),
            least_m2: 1.0,
        }),
        service_gap("communities", &["早餐", "家政"], 50.0),
        service_gap("admin_units", &["早餐"], 20.0),
        Kind::Neighbours(Neighbours {
            parcels: named("parcels"),
            parcel: named("key"),
            metres: 0.05,
        }),
    ]
}

/// A place with a reach of so many metres on all sides about another of the sample's plane.
fn around([x, y]: [f64; 2], reach: f64, crs: &Crs) -> Place {
    let corners = [[-1.0, -1.0], [1.0, -0.8], [0.2, 0.1], [0.9, 1.0], [-0.7, 0.6]];
    let corner = |[dx, dy]: [f64; 2]| at(x + dx * reach, y + dy * reach).0;
    let ring = corners.map(corner).to_vec();
    let shape = Shape::Polygon(Polygon::new(ring.into(), Vec::new()));
    Place::Given { geometry: Geometry::from(placed(shape, crs)), crs: crs.clone() }
}

/// What is searched for, each in some collections.
fn searches(crs: &Crs) -> Vec<(Vec<&'static str>, SearchQuery)> {
    let search = |collections: &[&'static str], place: Place, relation, wanted: Wanted| {
        let (place, condition) = (Some((place, relation)), None);
        let query = SearchQuery { place, condition, wanted, profile: Profile::default() };
        (collections.to_vec(), query)
    };
    let page = |order: &[&str]| Wanted::Page {
        order: order
            .iter()
            .map(|name| Sort { name: (*name).to_owned(), descending: true })
            .collect(),
        limit: 1_000,
    };
    let areas = |group_by: &[&str]| {
        let aggregate = |op, name: &str| Aggregate { op, name: name.to_owned() };
        let aggregates =
            vec![aggregate(AggregateOp::OverlayArea, "in"), aggregate(AggregateOp::Area, "whole")];
        Wanted::Aggregate { aggregates, group_by: texts(group_by), area_crs: None }
    };
    let at = |x, y, reach| around([x, y], reach, crs);
    let feature =
        |collection: &str, number| Place::Stored { collection: id(collection), id: number };
    let (meets, inside) =
        (Relation::Predicate(Predicate::Intersects), Relation::Predicate(Predicate::Within));
    let first = FeatureId::try_from(3).unwrap();
    let open = Expression::Not(Box::new(Expression::IsNull(Box::new(Expression::Property(
        "closed_at".to_owned(),
    )))));
    let open = Condition { expression: open, crs: crs.clone(), axes: AxisOrder::EastNorth };
    let narrowed = |(collections, query): (Vec<&'static str>, SearchQuery)| {
        (collections, SearchQuery { condition: Some(open.clone()), ..query })
    };
    let near = |count, within| Relation::Nearest { count, within };
    vec![
        search(&["parcels", "land"], at(80.0, 70.0, 50.0), meets, areas(&[])),
        search(&["points"], at(150.0, 150.0, 90.0), inside, page(&["state"])),
        search(&["points"], at(450.0, 400.0, 120.0), meets, areas(&["state", "task"])),
        search(&["now"], at(120.0, 200.0, 40.0), Relation::Distance(20.0), page(&[])),
        search(&["outlets"], feature("communities", first), Relation::Distance(60.0), page(&[])),
        search(&["land", "green"], feature("land", first), meets, Wanted::Count),
        search(
            &["now"],
            at(120.0, 200.0, 60.0),
            Relation::Predicate(Predicate::Disjoint),
            page(&[]),
        ),
        search(&["points"], at(200.0, 220.0, 5.0), near(5, f64::INFINITY), page(&[])),
        narrowed(search(&["points"], at(300.0, 320.0, 5.0), near(4, f64::INFINITY), page(&[]))),
        narrowed(search(&["points"], at(250.0, 350.0, 80.0), meets, page(&[]))),
        search(&["now"], at(200.0, 120.0, 8.0), near(9, 40.0), page(&[])),
        search(&["complaints"], at(100.0, 20.0, 5.0), near(3, f64::INFINITY), Wanted::Count),
    ]
}

fn joins() -> Vec<JoinQuery> {
    let closed = || {
        let closed_at = Expression::Property("closed_at".to_owned());
        let expression = Expression::Not(Box::new(Expression::IsNull(Box::new(closed_at))));
        Condition { expression, crs: PLANE, axes: AxisOrder::EastNorth }
    };
    let join = |first: &str, second: &str, relation| JoinQuery {
        first: id(first),
        second: id(second),
        relation,
        condition: (first == "points").then(closed),
        second_condition: (second == "points").then(closed),
        wanted: JoinWanted::Pairs,
        profile: Profile::default(),
    };
    let near = |count, within| JoinRelation::Nearest { count, within };
    vec![
        join("points", "outlets", JoinRelation::Distance(60.0)),
        join("outlets", "points", JoinRelation::Distance(60.0)),
        join("points", "points", JoinRelation::Distance(20.0)),
        join("complaints", "parcels", JoinRelation::Predicate(Predicate::Within)),
        join("land", "green", JoinRelation::Predicate(Predicate::Intersects)),
        join("outlets", "points", near(3, f64::INFINITY)),
        join("points", "outlets", near(2, 40.0)),
        join("communities", "outlets", near(1, f64::INFINITY)),
        join("outlets", "outlets", near(2, 90.0)),
    ]
}

/// One to three features of one to two collections: new, moved, otherwise described, or gone.
fn edits(engine: &Engine, dice: &mut Dice, number: usize) -> Vec<FeatureEdit> {
    let snapshot = engine.snapshot();
    let mut edits: Vec<FeatureEdit> = Vec::new();
    for part in 0..1 + dice.roll(3.0) as usize {
        let name = dice.pick(&COLLECTIONS);
        let held = &snapshot.collections[&id(name)];
        let mut ids: Vec<FeatureId> = Vec::new();
        held.each(&mut |shard, slots| {
            ids.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
        });
        ids.sort_unstable();
        let feature = ids[dice.roll(ids.len() as f64) as usize];
        let (shape, texts) = row(dice, name, number * 10 + part);
        let fields = &held.collection().fields;
        let values: Vec<Value> = texts
            .into_iter()
            .zip(fields)
            .map(|(text, field)| match field.name.ends_with("_m") {
                _ if text.is_empty() => Value::Null,
                true => Value::Real(text.parse().unwrap()),
                false => Value::Text(text),
            })
            .collect();
        let crs = &held.collection().crs;
        let geometry = shape.map(|shape| Geometry::from(placed(shape, crs)));
        let op = match dice.roll(6.0) as u8 {
            0 => EditOp::Delete(feature),
            1 | 2 => EditOp::Insert(Feature { id: None, geometry, properties: values }),
            3 => EditOp::Assign(
                feature,
                Assigned { geometry: None, values: values.into_iter().enumerate().collect() },
            ),
            4 => EditOp::Assign(feature, Assigned { geometry: Some(geometry), values: Vec::new() }),
            _ => EditOp::Assign(feature, Assigned { geometry: Some(None), values: Vec::new() }),
        };
        let touches = |edit: &FeatureEdit| match &edit.op {
            EditOp::Delete(known) | EditOp::Assign(known, _) => *known == feature,
            EditOp::Insert(_) => false,
        };
        if edits.iter().any(|edit| edit.collection == id(name) && touches(edit)) {
            continue;
        }
        let place = format!("/changes/{part}");
        let collection: CollectionId = id(name);
        edits.push(FeatureEdit { place, collection, op, unchanged_since: None });
    }
    edits
}

/// Sums to nine digits: a new engine adds them up in another order.
fn rounded(mut found: Found) -> Found {
    if let Found::Groups { groups, .. } = &mut found {
        for value in groups.iter_mut().flat_map(|group| &mut group.values) {
            if let Value::Real(number) = value {
                *number = format!("{number:.8e}").parse().unwrap();
            }
        }
    }
    found
}

async fn check_as_anew(engine: &Engine, crs: &Crs) -> usize {
    let fresh = open(Arc::clone(engine.store())).await;
    let mut found = 0;
    for (kind, unit) in
        rules().into_iter().flat_map(|kind| [(kind.clone(), None), (kind, Some("t1"))])
    {
        let mut asked: CluesQuery = query(kind.clone());
        asked.unit = unit.map(str::to_owned);
        if let Kind::Neighbours(_) = kind {
            asked.place = Some(around([130.0, 130.0], 90.0, crs));
        }
        // The unit may be gone.
        let told = |found: Result<CluesFound, EngineError>| {
            found.map(|found| found.clues).map_err(|error| error.to_string())
        };
        let clues = told(engine.clues(asked.clone()).await);
        let anew = told(fresh.clues(asked).await);
        assert_eq!(clues, anew, "{kind:?} {unit:?}");
        found += clues.map_or(0, |clues| clues.len());
    }
    for join in joins() {
        let joined = engine.join(join.clone(), 100_000, None).await.unwrap();
        let anew = fresh.join(join.clone(), 100_000, None).await.unwrap();
        assert_eq!((joined.pairs, joined.rows), (anew.pairs, anew.rows), "{join:?}");
        found += joined.pairs as usize;
    }
    for (collections, asked) in searches(crs) {
        let mut told = Vec::new();
        for engine in [engine, &fresh] {
            let ids: Vec<CollectionId> = collections.iter().map(|name| id(name)).collect();
            let pinned = engine.pin_all(None, &ids).await.unwrap();
            let found = engine.search(pinned, asked.clone()).await;
            // The feature that it is asked about may be gone.
            let found = found.map_err(|error| error.to_string());
            told.push(found.map(|all| {
                all.into_iter()
                    .map(|one| (one.count, rounded(Arc::unwrap_or_clone(one.found))))
                    .collect()
            }));
        }
        let anew: Result<Vec<_>, String> = told.pop().unwrap();
        let searched = told.pop().unwrap();
        assert_eq!(searched, anew, "{collections:?} {asked:?}");
        found += searched.map_or(0, |all| all.iter().map(|(count, _)| *count as usize).sum());
    }
    found
}

async fn check_mended(crs: &Crs, steps: usize) {
    let mut dice = Dice(41);
    let engine = city(&mut dice, crs).await;
    let mut found = check_as_anew(&engine, crs).await;
    for number in 0..steps {
        let edits = edits(&engine, &mut dice, number);
        let (actor, reason) = ("local".to_owned(), "test".to_owned());
        engine.edit(EditSet { actor, reason, edits }).await.unwrap();
        found += check_as_anew(&engine, crs).await;
    }
    assert!(found > 300 * steps, "{found}: too little is found to be held against");
}

#[tokio::test]
async fn what_was_found_before_is_mended_to_what_is_found_anew() {
    check_mended(&PLANE, 60).await;
}

#[tokio::test]
async fn the_same_in_degrees() {
    check_mended(&Crs::CGCS2000, 25).await;
}

/// An edit of the first feature of a collection, far from what is told, leads to what is found anew and
/// was not found before.
async fn check_from_afar(engine: &Engine, asked: CluesQuery, collection: &str, edit: Assigned) {
    let before = engine.clues(asked.clone()).await.unwrap();
    let op = EditOp::Assign(FeatureId::try_from(1).unwrap(), edit);
    let place = "/changes/0".to_owned();
    let edit = FeatureEdit { place, collection: id(collection), op, unchanged_since: None };
    let (actor, reason) = ("local".to_owned(), "test".to_owned());
    engine.edit(EditSet { actor, reason, edits: vec![edit] }).await.unwrap();
    let fresh = open(Arc::clone(engine.store())).await;
    let anew = fresh.clues(asked.clone()).await.unwrap();
    assert_ne!(before.clues, anew.clues, "{asked:?}");
    assert_eq!(engine.clues(asked).await.unwrap().clues, anew.clues);
}

#[tokio::test]
async fn what_lies_far_away_matters_where_it_is_the_place_or_a_value() {
    let units = [
        ("t1", rectangle([0.0, 0.0, 100.0, 100.0])),
        ("a", rectangle([15.0, 15.0, 25.0, 25.0])),
        ("b", rectangle([195.0, 195.0, 205.0, 205.0])),
    ];
    let unit =
        |(code, shape): (&str, Polygon<f64>)| (Some(Shape::Polygon(shape)), texts(&[code, "town"]));
    let outlet = Shape::Point(at(290.0, 20.0));
    let engine = opened(vec![
        (
            described("admin_units", GeometryType::Polygon, &["code", "level"]),
            units.map(unit).to_vec(),
        ),
        (
            described("outlets", GeometryType::Point, &["no", "functions", "opened", "closed"]),
            vec![(Some(outlet), texts(&["o", "早餐", "2020-01-01", ""]))],
        ),
        polygons("before", &[rectangle([95.0, 95.0, 105.0, 105.0])]),
        polygons("now", &[rectangle([5.0, 5.0, 15.0, 15.0])]),
    ])
    .await;
    let gaps = service_gap("admin_units", &["早餐"], 20.0);
    let in_unit = CluesQuery { unit: Some("t1".to_owned()), ..query(gaps) };
    let moved = Some(Geometry::from(Shape::Polygon(rectangle([150.0, 150.0, 250.0, 250.0]))));
    let moved = Assigned { geometry: Some(moved), values: Vec::new() };
    check_from_afar(&engine, in_unit, "admin_units", moved).await;
    let new = new_building("before", Some("before"));
    let allowed = Assigned { geometry: None, values: [(0, Value::Text("now0".to_owned()))].into() };
    check_from_afar(&engine, query(new), "before", allowed).await;
}
