//! Property bytes of FlatGeobuf: pairs of a column's number and its value.

use ::flatgeobuf::ColumnType;
use spatial::{Field, FieldType, Value, ValueRef};

use crate::RowDefect;
use crate::datetime::{WithoutZone, is_date, utc_time};

/// The type of a field by that of its column.
pub(super) fn field_type(column: ColumnType, is_date: bool) -> FieldType {
    match column {
        ColumnType::Bool => FieldType::Bool,
        ColumnType::Float | ColumnType::Double => FieldType::Real,
        ColumnType::DateTime if is_date => FieldType::Date,
        ColumnType::DateTime => FieldType::DateTime,
        ColumnType::Binary => FieldType::Bytes,
        ColumnType::String | ColumnType::Json => FieldType::Text,
        _ => FieldType::Int,
    }
}

/// The type of a column by that of its field.
pub(super) fn column_type(field: FieldType) -> ColumnType {
    match field {
        FieldType::Bool => ColumnType::Bool,
        FieldType::Int => ColumnType::Long,
        FieldType::Real => ColumnType::Double,
        FieldType::Text => ColumnType::String,
        FieldType::Date | FieldType::DateTime => ColumnType::DateTime,
        FieldType::Bytes => ColumnType::Binary,
    }
}

/// The values of one feature, one a field. A number that is not one is no value.
pub(super) fn decode(
    mut bytes: &[u8],
    columns: &[ColumnType],
    fields: &[Field],
) -> Result<Vec<Value>, RowDefect> {
    let cut = || RowDefect::new("bad_feature", "the properties end within a value");
    let mut values = vec![Value::Null; fields.len()];
    while !bytes.is_empty() {
        let column = usize::from(u16::from_le_bytes(take(&mut bytes).ok_or_else(cut)?));
        let (Some(&kind), Some(field)) = (columns.get(column), fields.get(column)) else {
            return Err(RowDefect::new("bad_feature", "a property of no column"));
        };
        values[column] = value(&mut bytes, kind, field)?.ok_or_else(cut)?;
    }
    Ok(values)
}

/// `None` when the bytes end within the value.
fn value(bytes: &mut &[u8], kind: ColumnType, field: &Field) -> Result<Option<Value>, RowDefect> {
    let int = |value: Option<i64>| value.map(Value::Int);
    let real = |value: f64| if value.is_nan() { Value::Null } else { Value::Real(value) };
    Ok(match kind {
        ColumnType::Bool => take(bytes).map(|[byte]| Value::Bool(byte != 0)),
        ColumnType::Byte => int(take(bytes).map(|b| i8::from_le_bytes(b).into())),
        ColumnType::UByte => int(take(bytes).map(|b| u8::from_le_bytes(b).into())),
        ColumnType::Short => int(take(bytes).map(|b| i16::from_le_bytes(b).into())),
        ColumnType::UShort => int(take(bytes).map(|b| u16::from_le_bytes(b).into())),
        ColumnType::Int => int(take(bytes).map(|b| i32::from_le_bytes(b).into())),
        ColumnType::UInt => int(take(bytes).map(|b| u32::from_le_bytes(b).into())),
        ColumnType::Long => int(take(bytes).map(i64::from_le_bytes)),
        ColumnType::ULong => match take(bytes).map(u64::from_le_bytes) {
            Some(value) => Some(Value::Int(i64::try_from(value).map_err(|_too_large| {
                RowDefect::of_field("bad_number", &field.name, "larger than 2^63 - 1")
            })?)),
            None => None,
        },
        ColumnType::Float => take(bytes).map(|b| real(f32::from_le_bytes(b).into())),
        ColumnType::Double => take(bytes).map(|b| real(f64::from_le_bytes(b))),
        ColumnType::Binary => take_sized(bytes).map(|b| Value::Bytes(b.to_owned())),
        ColumnType::String | ColumnType::Json => match take_sized(bytes) {
            Some(bytes) => Some(Value::Text(text(bytes, field)?.to_owned())),
            None => None,
        },
        ColumnType::DateTime => match take_sized(bytes) {
            Some(bytes) => Some(time(text(bytes, field)?, field)?),
            None => None,
        },
        _ => {
            let reason = "its column is of a type that FlatGeobuf 3 does not have";
            return Err(RowDefect::of_field("bad_feature", &field.name, reason));
        }
    })
}

fn text<'a>(bytes: &'a [u8], field: &Field) -> Result<&'a str, RowDefect> {
    std::str::from_utf8(bytes).map_err(|error| {
        let reason = format!("not UTF-8 at byte {}", error.valid_up_to());
        RowDefect::of_field("bad_encoding", &field.name, reason)
    })
}

fn time(text: &str, field: &Field) -> Result<Value, RowDefect> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let time = if field.field_type == FieldType::Date {
        is_date(text).then(|| text.to_owned())
    } else {
        utc_time(text, WithoutZone::Utc)
    };
    time.map(Value::Text)
        .ok_or_else(|| RowDefect::of_field("bad_time", &field.name, "not a time as of ISO 8601"))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (value, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*value)
}

fn take_sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = u32::from_le_bytes(take(bytes)?) as usize;
    let (value, rest) = bytes.split_at_checked(size)?;
    *bytes = rest;
    Some(value)
}

/// Appends one value of the type of its column; nothing when there is none.
pub(super) fn encode(out: &mut Vec<u8>, column: u16, value: ValueRef<'_>) {
    if value != ValueRef::Null {
        out.extend_from_slice(&column.to_le_bytes());
    }
    match value {
        ValueRef::Null => {}
        ValueRef::Bool(value) => out.push(value.into()),
        ValueRef::Int(value) => out.extend_from_slice(&value.to_le_bytes()),
        ValueRef::Real(value) => out.extend_from_slice(&value.to_le_bytes()),
        ValueRef::Text(value) => encode_sized(out, value.as_bytes()),
        ValueRef::Bytes(value) => encode_sized(out, value),
    }
}

fn encode_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
