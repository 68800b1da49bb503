//! Fits schemas and features to what a collection may hold, the same in every store.

use std::collections::HashSet;

use geo_types::{Geometry as Shape, MultiLineString, MultiPoint, MultiPolygon};
use spatial::{Collection, Feature, FieldClass, FieldType, Geometry, GeometryType, Value};

use crate::StoreError;

/// Most fields of a collection; SQLite takes 2,000 columns.
pub(crate) const MAX_FIELDS: usize = 1000;

/// Why a field is refused when it is to be erased.
pub(crate) const LOW_CLASS: &str = "only values of classes L3 and L4 can be; \
    `tuban collection set --class` raises a class";
pub(crate) const NEVER_SEALED: &str = "the collection has no such field any more, and it was of \
    no class that can be erased";
pub(crate) const NO_FIELD: &str = "there is no such field, nor was there one";

/// Refuses a collection that no store could hold.
pub(crate) fn check_schema(collection: &Collection) -> Result<(), StoreError> {
    let refuse =
        |reason: String| Err(StoreError::Schema { collection: collection.id.clone(), reason });
    if collection.fields.len() > MAX_FIELDS {
        return refuse(format!("{} fields, at most {MAX_FIELDS}", collection.fields.len()));
    }
    let mut seen = HashSet::new();
    for field in &collection.fields {
        if field.name.is_empty() || field.name.contains('\0') {
            return refuse("a field has no usable name".to_owned());
        }
        if !seen.insert(field.name.to_lowercase()) {
            return refuse(format!("field {:?} appears twice, ignoring case", field.name));
        }
    }
    match &collection.key {
        Some(key) if collection.field_position(key).is_none() => {
            refuse(format!("the key {key:?} is no field of it"))
        }
        _ => Ok(()),
    }
}

/// Refuses `asked` unless features of it are features of `stored`.
pub(crate) fn check_same_schema(stored: &Collection, asked: &Collection) -> Result<(), StoreError> {
    let refuse = |reason: String| Err(StoreError::Schema { collection: stored.id.clone(), reason });
    if stored.crs != asked.crs {
        return refuse(format!("it is stored in {}, not in {}", stored.crs, asked.crs));
    }
    if stored.geometry_type != asked.geometry_type
        || stored.has_z != asked.has_z
        || stored.has_m != asked.has_m
    {
        return refuse(format!(
            "it holds {:?} (z {}, m {}), not {:?} (z {}, m {})",
            stored.geometry_type,
            stored.has_z,
            stored.has_m,
            asked.geometry_type,
            asked.has_z,
            asked.has_m
        ));
    }
    for position in 0..stored.fields.len().max(asked.fields.len()) {
        match (stored.fields.get(position), asked.fields.get(position)) {
            (Some(a), Some(b)) if a.name == b.name && a.field_type == b.field_type => {}
            (Some(a), Some(b)) => {
                return refuse(format!(
                    "field {} is {} ({:?}), not {} ({:?})",
                    position + 1,
                    a.name,
                    a.field_type,
                    b.name,
                    b.field_type
                ));
            }
            (Some(a), None) => return refuse(format!("its field {} is missing", a.name)),
            (None, Some(b)) => return refuse(format!("it has no field {}", b.name)),
            (None, None) => {}
        }
    }
    Ok(())
}

/// Whether values of this class can be erased for good.
pub(crate) fn is_erasable(class: FieldClass) -> bool {
    class >= FieldClass::L3
}

/// The fields of `collection` whose values can be erased, but for those of which `before` says
/// the same.
pub(crate) fn erasable_names<'a>(
    collection: &'a Collection,
    before: Option<&Collection>,
) -> Vec<&'a str> {
    let was = |name: &str| {
        let fields = before.map(|before| before.fields.iter()).into_iter().flatten();
        fields.clone().any(|field| field.name == name && is_erasable(field.class))
    };
    let now = collection.fields.iter().filter(|field| is_erasable(field.class));
    now.map(|field| field.name.as_str()).filter(|name| !was(name)).collect()
}

/// Makes `feature` what `collection` declares: single parts become multi-part, integers of a
/// real field become real. Refuses what does not fit.
pub fn fit(collection: &Collection, feature: &mut Feature) -> Result<(), StoreError> {
    let refuse = |field: &str, reason: &'static str| StoreError::Unfit {
        collection: collection.id.clone(),
        field: field.to_owned(),
        reason,
    };
    if feature.properties.len() != collection.fields.len() {
        return Err(refuse("properties", "their number is not that of the fields"));
    }
    for (field, value) in collection.fields.iter().zip(&mut feature.properties) {
        if let Err(reason) = fit_value(field.field_type, value) {
            return Err(refuse(&field.name, reason));
        }
    }
    match &mut feature.geometry {
        Some(geometry) => {
            fit_geometry(collection, geometry).map_err(|reason| refuse("geometry", reason))
        }
        None => Ok(()),
    }
}

/// A state of before in the schema of now: values go by the names of their fields; what has no
/// value of a field's name and type is null, and a geometry of another type is none.
pub(crate) fn refit(collection: &Collection, fields: &[String], mut feature: Feature) -> Feature {
    let mut values = std::mem::take(&mut feature.properties);
    let properties = collection.fields.iter().enumerate().map(|(position, field)| {
        // Mostly the schema is the same.
        let at = match fields.get(position) {
            Some(name) if *name == field.name => Some(position),
            _ => fields.iter().position(|name| *name == field.name),
        };
        let value = at.and_then(|at| values.get_mut(at));
        let mut value = value.map_or(Value::Null, |v| std::mem::replace(v, Value::Null));
        match fit_value(field.field_type, &mut value) {
            Ok(()) => value,
            Err(_unfit) => Value::Null,
        }
    });
    feature.properties = properties.collect();
    feature.geometry = feature.geometry.take().and_then(|mut geometry| {
        fit_geometry(collection, &mut geometry).is_ok().then_some(geometry)
    });
    feature
}

fn fit_value(field_type: FieldType, value: &mut Value) -> Result<(), &'static str> {
    match (field_type, &mut *value) {
        (_, Value::Null)
        | (FieldType::Bool, Value::Bool(_))
        | (FieldType::Int, Value::Int(_))
        | (FieldType::Text, Value::Text(_))
        | (FieldType::Bytes, Value::Bytes(_)) => Ok(()),
        (FieldType::Real, Value::Real(number)) if number.is_nan() => Err("not a number"),
        (FieldType::Real, Value::Real(_)) => Ok(()),
        (FieldType::Real, Value::Int(number)) => {
            *value = Value::Real(*number as f64);
            Ok(())
        }
        (FieldType::Date, Value::Text(text)) if is_date(text.as_bytes()) => Ok(()),
        (FieldType::Date, _) => Err("not a date YYYY-MM-DD"),
        (FieldType::DateTime, Value::Text(text)) if is_date_time(text.as_bytes()) => Ok(()),
        (FieldType::DateTime, _) => Err("not a date-time like 2026-11-22T08:00:00Z"),
        _ => Err("a value of another type than the field's"),
    }
}

/// Whether `text` has the pattern; `0` stands for any digit.
fn has_pattern(text: &[u8], pattern: &[u8]) -> bool {
    text.len() == pattern.len()
        && text.iter().zip(pattern).all(|(c, p)| match p {
            b'0' => c.is_ascii_digit(),
            p => c == p,
        })
}

fn is_date(text: &[u8]) -> bool {
    has_pattern(text, b"0000-00-00")
}

fn is_date_time(text: &[u8]) -> bool {
    let Some((head, tail)) = text.split_at_checked(19) else { return false };
    let fraction = match tail {
        b"Z" => true,
        [b'.', digits @ .., b'Z'] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    fraction && has_pattern(head, b"0000-00-00T00:00:00")
}

/// Makes `geometry` of the type that `collection` declares.
pub(crate) fn fit_geometry(
    collection: &Collection,
    geometry: &mut Geometry,
) -> Result<(), &'static str> {
    if !geometry.z.is_empty() && !collection.has_z {
        return Err("it has a Z, the collection has none");
    }
    if !geometry.m.is_empty() && !collection.has_m {
        return Err("it has an M, the collection has none");
    }
    let declared = collection.geometry_type;
    let actual = geometry.geometry_type();
    if declared == GeometryType::Any || declared == actual {
        return Ok(());
    }
    let empty = Shape::GeometryCollection(geo_types::GeometryCollection(Vec::new()));
    geometry.shape = match (declared, std::mem::replace(&mut geometry.shape, empty)) {
        (GeometryType::MultiPoint, Shape::Point(part)) => Shape::MultiPoint(MultiPoint(vec![part])),
        (GeometryType::MultiLineString, Shape::LineString(part)) => {
            Shape::MultiLineString(MultiLineString(vec![part]))
        }
        (GeometryType::MultiLineString, Shape::Line(part)) => {
            Shape::MultiLineString(MultiLineString(vec![part.into()]))
        }
        (GeometryType::MultiPolygon, Shape::Polygon(part)) => {
            Shape::MultiPolygon(MultiPolygon(vec![part]))
        }
        (GeometryType::MultiPolygon, Shape::Rect(part)) => {
            Shape::MultiPolygon(MultiPolygon(vec![part.to_polygon()]))
        }
        (GeometryType::MultiPolygon, Shape::Triangle(part)) => {
            Shape::MultiPolygon(MultiPolygon(vec![part.to_polygon()]))
        }
        _ => return Err("it is of another type than the collection declares"),
    };
    Ok(())
}
