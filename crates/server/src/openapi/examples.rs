//! Examples of bodies and answers: those of `examples.json`, by operation, and features as each
//! collection has them.
//!
//! The file has, by `operationId`, the `body` that is sent and the `answers` of success by media
//! type, taken from a server of the sample city, with long lists cut short.

use engine::{Profile, ReadableField};
use serde_json::{Map, Value, json};
use spatial::{Collection, Field, FieldType, GeometryType};

const EXAMPLES: &str = include_str!("examples.json");
/// Most fields of an example: a document describes many collections.
const MAX_FIELDS: usize = 4;

/// Puts the examples of the file beside the schemas of their operations in `paths`.
pub fn add(paths: &mut Map<String, Value>) {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flatten();
    for (_, operation) in operations {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let Some(example) = examples.get(id) else { continue };
        if let (Some(body), Some(content)) =
            (example.get("body"), operation.pointer_mut("/requestBody/content"))
        {
            content.as_object_mut().into_iter().flatten().for_each(|(_, of)| {
                of["example"] = body.clone();
            });
        }
        let responses = operation["responses"].as_object_mut().into_iter().flatten();
        for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            let content = response.get_mut("content").and_then(Value::as_object_mut);
            for (media_type, of) in content.into_iter().flatten() {
                if let Some(answer) = example["answers"].get(media_type) {
                    of["example"] = answer.clone();
                }
            }
        }
    }
}

/// A page of one feature of `collection`.
pub fn page(collection: &Collection, profile: Profile) -> Value {
    let mut feature = feature(collection, profile);
    feature["id"] = json!(1);
    json!({
        "type": "FeatureCollection", "links": [], "timeStamp": "2026-11-22T01:00:00.000Z",
        "numberMatched": 1, "numberReturned": 1, "features": [feature]
    })
}

/// A new feature of `collection`, with its first fields: texts are the fields' own names.
pub fn feature(collection: &Collection, profile: Profile) -> Value {
    let fields = ReadableField::all(collection, profile).take(MAX_FIELDS);
    let properties: Map<String, Value> =
        fields.map(|(_, field)| (field.name.clone(), value(field))).collect();
    json!({
        "type": "Feature", "geometry": geometry(collection.geometry_type), "properties": properties
    })
}

fn value(field: &Field) -> Value {
    match field.field_type {
        FieldType::Bool => json!(true),
        FieldType::Int => json!(1),
        FieldType::Real => json!(120.5),
        FieldType::Text => json!(field.alias.as_ref().unwrap_or(&field.name)),
        FieldType::Date => json!("2026-11-22"),
        FieldType::DateTime => json!("2026-11-22T01:00:00.000Z"),
        FieldType::Bytes => json!("00ff"),
    }
}

/// Longitudes and latitudes.
fn geometry(geometry_type: GeometryType) -> Value {
    let ring = json!([[[116.46, 39.64], [116.47, 39.64], [116.47, 39.65], [116.46, 39.64]]]);
    let line = json!([[116.46, 39.64], [116.47, 39.65]]);
    let point = json!([116.46, 39.64]);
    let (name, coordinates) = match geometry_type {
        GeometryType::Point | GeometryType::Any => ("Point", point),
        GeometryType::MultiPoint => ("MultiPoint", line),
        GeometryType::LineString => ("LineString", line),
        GeometryType::MultiLineString => ("MultiLineString", json!([line])),
        GeometryType::Polygon => ("Polygon", ring),
        GeometryType::MultiPolygon => ("MultiPolygon", json!([ring])),
    };
    json!({ "type": name, "coordinates": coordinates })
}
