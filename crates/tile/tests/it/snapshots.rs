//! Tiles of a snapshot: the same bytes however its features came into it.

use geo_types::{Geometry as Shape, Rect, coord};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Crs, Edit, Envelope, Feature, FeatureId, Field,
    FieldClass, FieldType, Geometry, GeometryType, Revision, Stage, Value, WorldPoint, Zooms,
};
use tile::{LayerInput, Limits, TileCoord, WEB_MERCATOR_QUAD, render, render_and};

const COLUMNS: [(usize, &str); 3] = [(0, "code"), (1, "use"), (2, "area")];

/// Storage coordinates are world units.
fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
    world.extend(coords.iter().map(|c| c.map(|v| v as u32)));
}

fn collection() -> Collection {
    let field = |name: &str, field_type| Field {
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
        geometry_type: GeometryType::Polygon,
        has_z: false,
        has_m: false,
        fields: vec![
            field("code", FieldType::Text),
            field("use", FieldType::Text),
            field("area", FieldType::Real),
        ],
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// Parcel `number` of a square of a hundred by a hundred; codes begin to repeat at 5000.
fn parcel(number: i64) -> Feature {
    let at = |k: i64| (1 << 24) as f64 + k as f64 * 9_000.0;
    let (x, y) = (at(number % 100), at(number / 100));
    let far = coord! { x: x + 8_000.0 + (number % 13 * 70) as f64, y: y + 8_500.0 };
    let use_code = match number % 9 {
        0 => Value::Null,
        n => Value::Text(format!("用途{n}")),
    };
    Feature {
        id: Some(FeatureId::try_from(number + 1).unwrap()),
        geometry: Some(Geometry::from(Shape::from(Rect::new(coord! { x: x, y: y }, far)))),
        properties: vec![
            Value::Text(format!("110115JC{:05}", number % 5_000)),
            use_code,
            Value::Real((number * 37 % 1_000) as f64 / 10.0),
        ],
    }
}

fn build(numbers: impl Iterator<Item = i64>) -> CollectionSnapshot {
    let features: Vec<_> = numbers.map(parcel).collect();
    let stage = Stage::new(&collection(), &features, &to_world);
    CollectionSnapshot::build(collection(), Revision(1), vec![stage])
}

fn tiles(source: &CollectionSnapshot) -> Vec<Vec<u8>> {
    let layer = LayerInput { name: "parcels", source, columns: &COLUMNS };
    let middle = [(1 << 24) + 450_000; 2];
    let draw = |zoom: u8| {
        let coord = TileCoord::holding(zoom, middle);
        let rendered = render(&[layer], &WEB_MERCATOR_QUAD, coord, &Limits::UNBOUNDED);
        // The second one is drawn in memory that the first has used.
        for _ in 0..2 {
            render_and(&[layer], &WEB_MERCATOR_QUAD, coord, &Limits::UNBOUNDED, |again| {
                assert!(*again == rendered, "{coord}");
            });
        }
        assert_ne!(rendered.bytes, [], "{coord}");
        rendered.bytes
    };
    (9..=16).map(draw).collect()
}

#[test]
fn tiles_do_not_tell_a_delta_from_shards() {
    let all = || 0..10_000;
    let whole = build(all());
    assert_eq!(whole.len(), 10_000);
    let expected = tiles(&whole);
    let late = |number: &i64| number % 7 == 3;
    let early = build(all().filter(|number| !late(number)));
    let missing: Vec<_> = all().filter(late).map(parcel).collect();
    let edits: Vec<_> = missing
        .iter()
        .map(|feature| Edit { id: feature.id.unwrap(), feature: Some(feature) })
        .collect();
    let edited = early.apply(Revision(2), &edits, &to_world);
    assert!(tiles(&edited) == expected, "edits in the delta");
    assert!(tiles(&edited.fold()) == expected, "edits folded into the shards");
}
