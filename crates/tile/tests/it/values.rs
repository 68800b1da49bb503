//! The value table: what stands in it, and that it does not tell how features lie in shards.

use geo_types::Geometry as Shape;
use spatial::Value;
use tile::Limits;
use tile::inspect::{DecodedLayer, DecodedValue};

use crate::features::{COLUMNS, Features, coord, polygon, rectangle, valid_layer};

/// World units a tile unit at zoom 12; the cases lie in tile 12/1/1.
const UNIT: f64 = 256.0;

/// So many squares, one beside the other and row by row.
fn squares(count: usize) -> Vec<Shape<f64>> {
    let square = |n: usize| {
        let [x, y] = [(n % 100) as f64 * 40.0, (n / 100) as f64 * 40.0];
        let corner = |v: f64| (4096.0 + v) * UNIT;
        Shape::Polygon(polygon(&[&rectangle(corner(x), corner(y), 30.0 * UNIT, 30.0 * UNIT)]))
    };
    (0..count).map(square).collect()
}

fn layer(count: usize, shard_len: usize, values: impl Fn(usize) -> Vec<Value>) -> DecodedLayer {
    let source = Features::with_values(&squares(count), shard_len, values).in_bulk();
    valid_layer(&source.draw(coord(12, 1, 1), &Limits::UNBOUNDED)).unwrap()
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// A key, a number, an area, a truth value, and nulls among all of them.
fn parcel(position: usize) -> Vec<Value> {
    let null_or = |every: usize, value: Value| {
        if position.is_multiple_of(every) { Value::Null } else { value }
    };
    let key = format!("110115{position:06}{}", "号".repeat(position % 60));
    vec![
        null_or(11, text(key)),
        null_or(5, Value::Int(position as i64 % 40 - 20)),
        null_or(7, Value::Real((position * position % 900) as f64 / 4.0)),
        null_or(3, Value::Bool(position.is_multiple_of(2))),
        Value::Bytes(vec![7]),
    ]
}

fn decoded(values: &[Value]) -> Vec<(String, DecodedValue)> {
    let carried = |value: &Value| match value {
        Value::Null | Value::Bytes(_) => None,
        Value::Bool(v) => Some(DecodedValue::Bool(*v)),
        Value::Int(v) => Some(DecodedValue::Int(*v)),
        Value::Real(v) => Some(DecodedValue::Double(*v)),
        Value::Text(v) => Some(DecodedValue::Text(v.clone())),
    };
    let columns = COLUMNS.iter().zip(values);
    columns.filter_map(|((_, key), value)| Some(((*key).to_owned(), carried(value)?))).collect()
}

#[test]
fn every_feature_has_its_values_and_shards_leave_no_trace() {
    let shapes = squares(3_000);
    let draw = |shard_len: usize| {
        let source = Features::with_values(&shapes, shard_len, parcel).in_bulk();
        source.draw(coord(12, 1, 1), &Limits::UNBOUNDED)
    };
    let whole = draw(3_000);
    let features = valid_layer(&whole).unwrap().features;
    assert_eq!(features.len(), 3_000);
    for (position, feature) in features.iter().enumerate() {
        assert_eq!(feature.properties, decoded(&parcel(position)), "{position}");
    }
    for shard_len in [1, 7, 300, 1_000, 2_999] {
        assert!(draw(shard_len).bytes == whole.bytes, "shards of {shard_len}");
    }
}

#[test]
fn both_encoders_write_the_same_values() {
    let shapes = squares(250);
    let small = Features::with_values(&shapes, 40, parcel);
    let small = valid_layer(&small.draw(coord(12, 1, 1), &Limits::UNBOUNDED)).unwrap();
    let bulk = layer(250, 40, parcel);
    assert_eq!(small.values, bulk.values);
    let properties = |layer: DecodedLayer| layer.features.into_iter().map(|f| f.properties);
    assert!(properties(small).eq(properties(bulk)));
}

#[test]
fn a_column_of_one_value_costs_one_value() {
    let values = |_| vec![text("农村宅基地"), Value::Int(6), Value::Real(0.5), Value::Bool(true)];
    assert_eq!(layer(3_000, 700, values).values, 4);
}

#[test]
fn values_that_shards_share_stand_once() {
    // Each shard has a thousand names; half of them come again in the next one.
    let name = |position: usize| position % 1_000 + position / 1_000 * 500;
    // Each in the column of its type.
    let kinds: [fn(usize) -> Vec<Value>; 3] = [
        |name| vec![text(name.to_string())],
        |name| vec![Value::Null, Value::Int(name as i64)],
        |name| vec![Value::Null, Value::Null, Value::Real(name as f64)],
    ];
    for values in kinds {
        // The first half shares nothing with another shard yet, and looking up was given up there.
        assert_eq!(layer(3_000, 1_000, |position| values(name(position))).values, 3_000);
        let four_alike = layer(3_000, 1_000, |position| values(name(position) / 4));
        assert_eq!(four_alike.values, 500);
    }
}

#[test]
fn a_column_of_keys_does_not_spoil_its_neighbours() {
    let layer = layer(4_000, 900, |position| vec![text(format!("JC{position:05}"))]);
    assert_eq!(layer.values, 4_000);
    let layer = self::layer(4_000, 900, |position| {
        let open = Value::Bool(position.is_multiple_of(3));
        vec![text(format!("JC{position:05}")), Value::Int(1), Value::Null, open]
    });
    assert_eq!(layer.values, 4_003);
}

#[test]
fn texts_of_any_length_come_through() {
    let long = |position: usize| text("宅".repeat(position * 7 % 400) + &position.to_string());
    let layer = layer(600, 250, |position| vec![long(position)]);
    for (position, feature) in layer.features.iter().enumerate() {
        assert_eq!(feature.properties, decoded(&[long(position)]), "{position}");
    }
}
