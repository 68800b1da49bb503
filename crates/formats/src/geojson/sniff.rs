//! Learns the fields of a layer and their types from all of its features.

use std::collections::HashMap;

use spatial::{Field, FieldClass, FieldType, GeometryType, Value};

use super::feature::RawFeature;
use super::{MAX_FIELDS, geometry};
use crate::datetime::{WithoutZone, is_date, utc_time};
use crate::json::JsonValue;

/// Kinds of values a field was seen to have, as bits.
mod seen {
    pub(super) const BOOL: u16 = 1;
    pub(super) const INT: u16 = 1 << 1;
    /// An integer that a double does not hold.
    pub(super) const WIDE_INT: u16 = 1 << 2;
    pub(super) const REAL: u16 = 1 << 3;
    pub(super) const TEXT: u16 = 1 << 4;
    pub(super) const DATE: u16 = 1 << 5;
    pub(super) const TIME: u16 = 1 << 6;
    pub(super) const EMPTY_TEXT: u16 = 1 << 7;
}

/// What is known of a layer so far.
#[derive(Debug, Default)]
pub(super) struct Sniff {
    pub(super) count: u64,
    fields: Vec<(String, u16)>,
    positions: HashMap<String, usize>,
    id: u16,
    geometry_type: Option<GeometryType>,
    pub(super) has_z: bool,
}

/// A layer has more fields than can be stored.
#[derive(Debug)]
pub(super) struct TooManyFields;

impl Sniff {
    /// Takes in a feature.
    pub(super) fn push(&mut self, feature: &RawFeature<'_>) -> Result<(), TooManyFields> {
        self.count += 1;
        if let Some(id) = &feature.id {
            self.id |= kind(id);
        }
        if let Some(read) = &feature.geometry {
            self.has_z |= !read.geometry.z.is_empty();
            let found = read.geometry.geometry_type();
            let known = *self.geometry_type.get_or_insert(found);
            self.geometry_type = Some(geometry::common_type(known, found));
        }
        for (order, (name, value)) in feature.properties.iter().enumerate() {
            let position = match self.fields.get(order) {
                Some((known, _)) if known == name => order,
                _ => self.position(name)?,
            };
            self.fields[position].1 |= kind(value);
        }
        Ok(())
    }

    fn position(&mut self, name: &str) -> Result<usize, TooManyFields> {
        if let Some(&position) = self.positions.get(name) {
            return Ok(position);
        }
        let position = self.fields.len();
        if position == MAX_FIELDS {
            return Err(TooManyFields);
        }
        self.positions.insert(name.to_owned(), position);
        self.fields.push((name.to_owned(), 0));
        Ok(position)
    }

    /// The common type of all geometries.
    pub(super) fn geometry_type(&self) -> GeometryType {
        self.geometry_type.unwrap_or(GeometryType::Any)
    }

    /// Fields and the way to them.
    pub(super) fn finish(self) -> Columns {
        let has_id_property = self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("id"));
        let with_id = self.id != 0 && !has_id_property;
        let id = with_id.then(|| ("id".to_owned(), self.id));
        let fields = id.into_iter().chain(self.fields).map(|(name, seen)| Field {
            name,
            alias: None,
            field_type: field_type(seen),
            class: FieldClass::L1,
        });
        Columns { with_id, fields: fields.collect(), positions: self.positions }
    }
}

/// The fields of a layer by their names.
#[derive(Debug)]
pub(super) struct Columns {
    with_id: bool,
    pub(super) fields: Vec<Field>,
    positions: HashMap<String, usize>,
}

impl Columns {
    /// The values of a feature, one a field; `Err` names the field of a value that was not
    /// there when the types were learned.
    pub(super) fn values(&self, feature: &RawFeature<'_>) -> Result<Vec<Value>, String> {
        let first = usize::from(self.with_id);
        let mut values = vec![Value::Null; self.fields.len()];
        if let (true, Some(id)) = (self.with_id, &feature.id) {
            values[0] = typed(id, self.fields[0].field_type).ok_or("id")?;
        }
        for (order, (name, value)) in feature.properties.iter().enumerate() {
            let position = match self.fields.get(first + order) {
                Some(field) if field.name == *name => first + order,
                _ => first + self.positions.get(&**name).ok_or_else(|| name.to_string())?,
            };
            let value = typed(value, self.fields[position].field_type);
            values[position] = value.ok_or_else(|| name.to_string())?;
        }
        Ok(values)
    }
}

fn kind(value: &JsonValue<'_>) -> u16 {
    match value {
        JsonValue::Null => 0,
        JsonValue::Bool(_) => seen::BOOL,
        JsonValue::Number(digits) => match digits.parse::<i64>() {
            Ok(value) if value.unsigned_abs() <= 1 << 53 => seen::INT,
            Ok(_) => seen::INT | seen::WIDE_INT,
            Err(_) if digits.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) => seen::REAL,
            // More digits than any number type keeps.
            Err(_) => seen::TEXT,
        },
        JsonValue::Text(text) if text.is_empty() => seen::EMPTY_TEXT,
        JsonValue::Text(text) if is_date(text) => seen::DATE,
        JsonValue::Text(text) if utc_time(text, WithoutZone::Refuse).is_some() => seen::TIME,
        JsonValue::Text(_) | JsonValue::Nested(_) => seen::TEXT,
    }
}

/// The type that holds all values of the kinds `seen` without loss.
fn field_type(seen: u16) -> FieldType {
    const WIDE: u16 = seen::INT | seen::WIDE_INT;
    const MIXED: u16 = seen::INT | seen::REAL;
    const DATES: u16 = seen::DATE | seen::EMPTY_TEXT;
    const TIMES: u16 = seen::TIME | seen::EMPTY_TEXT;
    match seen {
        seen::BOOL => FieldType::Bool,
        seen::INT | WIDE => FieldType::Int,
        seen::REAL | MIXED => FieldType::Real,
        seen::DATE | DATES => FieldType::Date,
        seen::TIME | TIMES => FieldType::DateTime,
        _ => FieldType::Text,
    }
}

/// `value` as one of the field's type; `None` when it does not fit.
fn typed(value: &JsonValue<'_>, field_type: FieldType) -> Option<Value> {
    Some(match (field_type, value) {
        (_, JsonValue::Null) => Value::Null,
        (FieldType::Bool, JsonValue::Bool(value)) => Value::Bool(*value),
        (FieldType::Int, JsonValue::Number(digits)) => Value::Int(digits.parse().ok()?),
        (FieldType::Real, JsonValue::Number(digits)) => {
            Value::Real(digits.parse().ok().filter(|value: &f64| value.is_finite())?)
        }
        (FieldType::Date | FieldType::DateTime, JsonValue::Text(text)) if text.is_empty() => {
            Value::Null
        }
        (FieldType::Date, JsonValue::Text(text)) if is_date(text) => {
            Value::Text(text.clone().into_owned())
        }
        (FieldType::DateTime, JsonValue::Text(text)) => {
            Value::Text(utc_time(text, WithoutZone::Refuse)?)
        }
        (FieldType::Text, JsonValue::Bool(value)) => Value::Text(value.to_string()),
        (FieldType::Text, JsonValue::Number(text) | JsonValue::Nested(text)) => {
            Value::Text((*text).to_owned())
        }
        (FieldType::Text, JsonValue::Text(text)) => Value::Text(text.clone().into_owned()),
        _ => return None,
    })
}
