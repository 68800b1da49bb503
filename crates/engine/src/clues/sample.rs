//! Stores for the tests of rules, from dice that fall the same each time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use ::ledger::clue::{Kind, Rule};
use ::ledger::indicator::Basis;
use geo::{Area, BooleanOps, Distance, Euclidean};
use geo_types::{Coord, Geometry as Shape, LineString, Point, Polygon};
use spatial::{
    Collection, Crs, Envelope, Feature, Field, FieldClass, FieldType, Geometry, GeometryType,
    Timestamp, Value, Zooms,
};
use store::{FeatureStore, Load, LoadItem, LoadMode, MemoryStore};
use tokio::sync::mpsc;

use super::{CluesFound, CluesQuery};
use crate::engine_tests::{id, open};
use crate::{Engine, Profile};

pub(crate) const ORIGIN: [f64; 2] = [450_000.0, 4_400_000.0];
pub(crate) const PLANE: Crs = Crs::Epsg(4548);

/// Numbers that look random, the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64 * below
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as f64) as usize]
    }

    pub(crate) fn day(&mut self) -> String {
        format!("2026-{:02}-{:02}", 1 + self.roll(12.0) as u8, 1 + self.roll(28.0) as u8)
    }

    pub(crate) fn point(&mut self, extent: f64) -> Shape<f64> {
        Shape::Point(at(self.roll(extent), self.roll(extent)))
    }

    /// A turned square about a place.
    pub(crate) fn square(&mut self, x: f64, y: f64, half: f64) -> Polygon<f64> {
        let (sin, cos) = self.roll(1.5).sin_cos();
        let corner = |(u, v): (f64, f64)| {
            at(x + (u * cos - v * sin) * half, y + (u * sin + v * cos) * half).0
        };
        let ring: Vec<Coord<f64>> =
            [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)].map(corner).to_vec();
        Polygon::new(LineString(ring), Vec::new())
    }
}

pub(crate) fn at(x: f64, y: f64) -> Point<f64> {
    Point::new(ORIGIN[0] + x, ORIGIN[1] + y)
}

pub(crate) fn rectangle([x0, y0, x1, y1]: [f64; 4]) -> Polygon<f64> {
    geo_types::Rect::new(at(x0, y0).0, at(x1, y1).0).to_polygon()
}

pub(crate) fn described(name: &str, geometry_type: GeometryType, fields: &[&str]) -> Collection {
    let field = |name: &&str| Field {
        name: (*name).to_owned(),
        alias: None,
        field_type: match name {
            _ if name.ends_with("_m") || name.ends_with("_m2") => FieldType::Real,
            _ if name.ends_with("_count") => FieldType::Int,
            _ => FieldType::Text,
        },
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

pub(crate) type Row = (Option<Shape<f64>>, Vec<String>);

/// An engine over collections of texts, the first field of which is the key; an empty text is null.
pub(crate) async fn opened(collections: Vec<(Collection, Vec<Row>)>) -> Engine {
    let store = Arc::new(MemoryStore::new());
    for (collection, rows) in collections {
        let value = |(text, field): (String, &Field)| match field.field_type {
            _ if text.is_empty() => Value::Null,
            FieldType::Real => Value::Real(text.parse().unwrap()),
            FieldType::Int => Value::Int(text.parse().unwrap()),
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

pub(crate) fn query(kind: Kind) -> CluesQuery {
    let rule = Rule {
        code: kind.name().to_owned(),
        name: "疑似".to_owned(),
        basis: Basis::Template,
        source: "test".to_owned(),
        kind,
    };
    let today = "2026-07-01".parse().unwrap();
    CluesQuery::of(rule, today, (Arc::default(), Profile::default()))
}

pub(crate) async fn found(engine: &Engine, kind: Kind) -> CluesFound {
    let found = engine.clues(query(kind)).await.unwrap();
    assert_eq!(found.count, found.clues.len());
    for clue in &found.clues {
        assert!(clue.finding.to_string().starts_with("疑似"), "{}", clue.finding);
        if let Some(geometry) = clue.placed() {
            let [x, y] = geometry.envelope().center();
            assert!((116.0..118.0).contains(&x) && (39.0..41.0).contains(&y), "{x} {y}");
        }
    }
    found
}

/// The ids of the features of each clue.
pub(crate) fn ids(found: &CluesFound) -> Vec<Vec<i64>> {
    let of =
        |clue: &Arc<super::FoundClue>| clue.subjects.iter().map(|one| one.id.value()).collect();
    found.clues.iter().map(of).collect()
}

/// Row n has the id n + 1.
pub(crate) fn row(n: usize) -> i64 {
    n as i64 + 1
}

pub(crate) fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

pub(crate) const POINTS: [&str; 7] =
    ["id", "task", "state", "state_since", "registered_at", "closed_at", "accuracy_m"];

/// Points of a ledger, in random states.
pub(crate) fn points(dice: &mut Dice, count: usize) -> Vec<Row> {
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

pub(crate) fn metres(a: &Row, b: &Row) -> f64 {
    Euclidean.distance(a.0.as_ref().unwrap(), b.0.as_ref().unwrap())
}

/// Parcels of a net of which some are missing, moved a little or cut at a corner.
pub(crate) fn parcels(dice: &mut Dice, side: usize) -> Vec<Polygon<f64>> {
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

pub(crate) fn polygons(name: &str, shapes: &[Polygon<f64>]) -> (Collection, Vec<Row>) {
    let row = |(n, shape): (usize, &Polygon<f64>)| {
        (Some(Shape::Polygon(shape.clone())), vec![format!("{name}{n}")])
    };
    let rows = shapes.iter().enumerate().map(row).collect();
    (described(name, GeometryType::Polygon, &["key"]), rows)
}

pub(crate) fn common(a: &Polygon<f64>, b: &Polygon<f64>) -> f64 {
    a.intersection(b).unsigned_area()
}
