//! JSON Schemas of a collection: what features hold, what they may be filtered and sorted by
//! (OGC 23-058).

use engine::{Profile, ReadableField};
use serde_json::{Map, Value, json};
use spatial::{Collection, Field, FieldType, GeometryType};

/// Which schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaKind {
    /// What features hold.
    Returnables,
    /// What a new feature, one in place of another, or a part of one may be given.
    Receivables,
    /// What `filter` and parameters may name.
    Queryables,
    /// What `sortby` may name.
    Sortables,
}

impl SchemaKind {
    /// Last part of its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Returnables | Self::Receivables => "schema",
            Self::Queryables => "queryables",
            Self::Sortables => "sortables",
        }
    }

    /// Whether a field of this type belongs to it: bytes have no order and no literals.
    pub fn holds(self, field_type: FieldType) -> bool {
        matches!(self, Self::Returnables | Self::Receivables) || field_type != FieldType::Bytes
    }
}

/// Name of the geometry where fields are named.
pub fn geometry_name(collection: &Collection) -> &'static str {
    // Filters know both; the second stands in where a field has taken the first.
    if collection.field_position("geometry").is_some() { "geom" } else { "geometry" }
}

/// Name of the feature id where fields are named.
pub fn id_name(collection: &Collection) -> String {
    free(collection, "fid")
}

/// `name`, with as many `_` behind as keep it from the fields.
fn free(collection: &Collection, name: &str) -> String {
    let mut name = name.to_owned();
    while collection.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&name)) {
        name.push('_');
    }
    name
}

/// The schema document; `url` is its own, without a query.
pub fn document(kind: SchemaKind, url: &str, collection: &Collection, profile: Profile) -> Value {
    let mut properties = Map::new();
    let mut sequence = 0;
    let mut add = |name: String, mut property: Value| {
        sequence += 1;
        property["x-ogc-propertySeq"] = json!(sequence);
        properties.insert(name, property);
    };
    if !matches!(kind, SchemaKind::Queryables | SchemaKind::Receivables) {
        add(
            id_name(collection),
            json!({
                "title": "feature id", "type": "integer", "minimum": 1,
                "readOnly": true, "x-ogc-role": "id"
            }),
        );
    }
    if kind != SchemaKind::Sortables {
        add(
            geometry_name(collection).to_owned(),
            json!({
                "title": "geometry",
                "format": geometry_format(collection.geometry_type),
                "x-ogc-role": "primary-geometry"
            }),
        );
    }
    let time = ReadableField::time(collection, profile).map(|(field, _)| field);
    for (position, field) in ReadableField::all(collection, profile) {
        if kind.holds(field.field_type) {
            let mut property = property(field);
            if Some(position) == time {
                property["x-ogc-role"] = json!("primary-instant");
            }
            add(field.name.clone(), property);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "title": collection.title,
        "description": collection.description,
        "type": "object",
        "properties": properties,
        "additionalProperties": false
    })
}

/// A field as JSON Schema says it.
pub fn property(field: &Field) -> Value {
    let mut property = match field.field_type {
        FieldType::Bool => json!({ "type": "boolean" }),
        FieldType::Int => json!({ "type": "integer" }),
        FieldType::Real => json!({ "type": "number" }),
        FieldType::Text => json!({ "type": "string" }),
        FieldType::Date => json!({ "type": "string", "format": "date" }),
        FieldType::DateTime => json!({ "type": "string", "format": "date-time" }),
        FieldType::Bytes => json!({ "type": "string", "contentEncoding": "base16" }),
    };
    if let Some(alias) = &field.alias {
        property["title"] = json!(alias);
    }
    property
}

/// What geometries are, in the words of OGC 23-058.
pub fn geometry_format(geometry_type: GeometryType) -> &'static str {
    match geometry_type {
        GeometryType::Point => "geometry-point",
        GeometryType::MultiPoint => "geometry-multipoint",
        GeometryType::LineString => "geometry-linestring",
        GeometryType::MultiLineString => "geometry-multilinestring",
        GeometryType::Polygon => "geometry-polygon",
        GeometryType::MultiPolygon => "geometry-multipolygon",
        GeometryType::Any => "geometry-any",
    }
}
