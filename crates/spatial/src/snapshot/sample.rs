//! Snapshots of a few features, for tests: a number each, shapes on a small grid.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo_types::{
    Coord, Geometry as Shape, LineString, MultiPoint, MultiPolygon, Point, Polygon, Rect,
};
use proptest::prelude::*;

use crate::{
    Collection, CollectionId, CollectionSnapshot, Crs, Edit, Envelope, Feature, FeatureId, Field,
    FieldClass, FieldType, GeometryType, Revision, Stage, Value, WorldPoint, Zooms,
};

/// One storage unit is a million world units, y turned over.
pub(crate) fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
    world.extend(coords.iter().map(|[x, y]| [(x * 1e6) as u32, (4e9 - y * 1e6) as u32]));
}

/// Two numeric fields, `area` and `floors`.
pub(crate) fn collection() -> Collection {
    let field = |(name, field_type): (&str, FieldType)| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    Collection {
        id: CollectionId::try_from("parcels").unwrap(),
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::WEB_MERCATOR,
        geometry_type: GeometryType::Any,
        has_z: false,
        has_m: false,
        fields: [("area", FieldType::Real), ("floors", FieldType::Int)].map(field).to_vec(),
        key: None,
        zooms: Zooms { min: 0, max: 22 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

pub(crate) fn id(value: i64) -> FeatureId {
    FeatureId::try_from(value).unwrap()
}

/// A feature whose values follow from its shape; the place of absent shapes is unknown.
pub(crate) fn feature(number: i64, shape: Option<Shape<f64>>) -> Feature {
    let floors = if number % 4 == 0 { Value::Null } else { Value::Int(number % 7) };
    Feature {
        id: Some(id(number)),
        geometry: shape.map(Into::into),
        properties: vec![Value::Real(number as f64 * 0.1), floors],
    }
}

/// A snapshot of `shapes`, numbered from 1: every third is an edit in the delta, and every
/// eleventh was something else in its shard before.
pub(crate) fn edited(shapes: &[Option<Shape<f64>>]) -> CollectionSnapshot {
    let collection = collection();
    let features: Vec<Feature> = shapes
        .iter()
        .enumerate()
        .map(|(place, shape)| feature(place as i64 + 1, shape.clone()))
        .collect();
    let is_edit = |place: usize| place % 3 == 2;
    let mut first: Vec<Feature> = Vec::new();
    for (place, feature) in features.iter().enumerate() {
        if !is_edit(place) {
            first.push(feature.clone());
        } else if place % 11 == 0 {
            first.push(Feature { geometry: features[0].geometry.clone(), ..feature.clone() });
        }
    }
    // One that an edit removes.
    let gone = id(shapes.len() as i64 + 1);
    first.push(Feature { id: Some(gone), ..feature(1, shapes.iter().flatten().next().cloned()) });
    let stages = first.chunks(50).map(|chunk| Stage::new(&collection, chunk, &to_world)).collect();
    let edits = features.iter().enumerate().filter(|(place, _)| is_edit(*place));
    let edits = edits.map(|(_, feature)| Edit { id: feature.id.unwrap(), feature: Some(feature) });
    let edits: Vec<Edit<'_>> = edits.chain([Edit { id: gone, feature: None }]).collect();
    CollectionSnapshot::build(collection, Revision(1), stages).apply(Revision(2), &edits, &to_world)
}

/// A valid shape with its vertices on a small grid, or none: points, lines, rectangles,
/// triangles, multi-geometries.
pub(crate) fn grid_shape() -> impl Strategy<Value = Option<Shape<f64>>> {
    let corner = (0..24_u32, 0..24_u32).prop_map(|(x, y)| Coord { x: x.into(), y: y.into() });
    (corner, 1..6_u32, 1..6_u32, 0..12_u8).prop_map(|(at, w, h, kind)| {
        let far = Coord { x: at.x + f64::from(w), y: at.y + f64::from(h) };
        let corner = Coord { x: far.x, y: at.y };
        let triangle = Polygon::new(LineString(vec![at, corner, far, at]), vec![]);
        Some(match kind {
            0 => return None,
            1..=4 => Shape::Point(at.into()),
            5 => Shape::MultiPoint(MultiPoint(vec![Point(at), Point(far)])),
            6 => Shape::LineString(LineString(vec![at, far])),
            7 => Shape::LineString(LineString(vec![at, corner, far])),
            8 => Shape::Polygon(triangle),
            9 => {
                let away = Rect::new(far, Coord { x: far.x + 1.0, y: far.y + 2.0 }).to_polygon();
                Shape::MultiPolygon(MultiPolygon(vec![triangle, away]))
            }
            _ => Shape::Polygon(Rect::new(at, far).to_polygon()),
        })
    })
}
