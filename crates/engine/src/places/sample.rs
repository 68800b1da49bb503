//! A store in memory with units, cells and assigned collections, for tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use geo_types::{Coord, Geometry as Shape, MultiPolygon, Point, Rect};
use ledger::place::{COLLECTIONS, assignment_fields};
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Commit, Crs, Envelope, Feature,
    FeatureId, Field, FieldClass, FieldType, Geometry, GeometryType, Timestamp, Value, Zooms,
};
use store::{FeatureStore, Load, LoadItem, LoadMode, MemoryStore};
use tokio::sync::mpsc;

use crate::engine_tests::{id, open};
use crate::now;
use crate::{Engine, EngineError};

/// The south-west corner of the lattice on which everything lies.
pub(super) const ORIGIN: [f64; 2] = [116.25, 39.5];
/// Degrees from one line of the lattice to the next; exact in binary.
pub(super) const STEP: f64 = 1.0 / 64.0;

/// A place of the lattice.
pub(super) fn at(column: i32, row: i32) -> Coord<f64> {
    Coord { x: ORIGIN[0] + f64::from(column) * STEP, y: ORIGIN[1] + f64::from(row) * STEP }
}

/// The rectangle between two places of the lattice.
pub(super) fn square([x0, y0, x1, y1]: [i32; 4]) -> Shape<f64> {
    Shape::MultiPolygon(MultiPolygon(vec![Rect::new(at(x0, y0), at(x1, y1)).to_polygon()]))
}

/// A point of the lattice.
pub(super) fn point(column: i32, row: i32) -> Shape<f64> {
    Shape::Point(Point(at(column, row)))
}

fn described(name: &str, geometry_type: GeometryType, fields: Vec<Field>) -> Collection {
    Collection {
        id: id(name),
        title: name.to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::CGCS2000,
        geometry_type,
        has_z: false,
        has_m: false,
        fields,
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// One of the collections of places.
pub(crate) fn places(name: &str) -> Collection {
    let one = COLLECTIONS.into_iter().find(|one| one.id == name).unwrap();
    described(name, one.geometry_type, one.fields())
}

/// A collection with a field `note` and those of assignment.
pub(super) fn assigned(name: &str, geometry_type: GeometryType) -> Collection {
    let note = Field {
        name: "note".to_owned(),
        alias: None,
        field_type: FieldType::Text,
        class: FieldClass::L1,
    };
    described(name, geometry_type, [vec![note], assignment_fields()].concat())
}

/// A feature of `collection` with these values; all others are null.
pub(crate) fn feature(
    collection: &Collection,
    shape: Option<Shape<f64>>,
    values: &[(&str, &str)],
) -> Feature {
    let mut properties = vec![Value::Null; collection.fields.len()];
    for (name, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
        properties[collection.field_position(name).unwrap()] = Value::Text((*value).to_owned());
    }
    Feature { id: None, geometry: shape.map(Geometry::from), properties }
}

/// An engine over a store with these collections.
pub(super) async fn opened(collections: Vec<(Collection, Vec<Feature>)>) -> Engine {
    let store = Arc::new(MemoryStore::new());
    for (collection, features) in collections {
        load(&*store, collection, LoadMode::Create, features).await;
    }
    open(store).await
}

pub(crate) async fn load(
    store: &dyn FeatureStore,
    collection: Collection,
    mode: LoadMode,
    features: Vec<Feature>,
) {
    let (sender, receiver) = mpsc::channel(4);
    sender.send(LoadItem::Features(features)).await.unwrap();
    sender.send(LoadItem::Finish).await.unwrap();
    let (actor, reason) = ("local".to_owned(), "test".to_owned());
    let load = Load { collection, mode, actor, reason, recorded_at: Timestamp(1_000) };
    store.load(load, receiver).await.unwrap();
}

/// Applies changes of one collection, recorded `after` milliseconds from now.
pub(super) async fn apply(
    engine: &Engine,
    collection: &str,
    ops: Vec<ChangeOp>,
    after: i64,
) -> Result<Commit, EngineError> {
    let collection: CollectionId = id(collection);
    let change = |op| Change { collection: collection.clone(), op, unchanged_since: None };
    let set = ChangeSet {
        expect: None,
        actor: "王".to_owned(),
        reason: "test".to_owned(),
        recorded_at: Timestamp(now().0 + after),
        changes: ops.into_iter().map(change).collect(),
    };
    engine.apply(set).await
}

/// The feature as readers see it.
pub(super) fn seen(engine: &Engine, collection: &str, feature: FeatureId) -> Feature {
    engine.snapshot().collections[&id(collection)].get(feature).unwrap().to_feature()
}

/// A value of the feature as text; empty for null.
pub(super) fn text(engine: &Engine, collection: &str, feature: i64, field: &str) -> String {
    let held = Arc::clone(&engine.snapshot().collections[&id(collection)]);
    let at = held.collection().field_position(field).unwrap();
    let feature = held.get(FeatureId::try_from(feature).unwrap()).unwrap();
    match feature.value(at).to_value() {
        Value::Text(text) => text,
        Value::Null => String::new(),
        other => panic!("{other:?}"),
    }
}
