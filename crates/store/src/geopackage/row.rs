//! Features to rows and back.

use rusqlite::types::{ToSqlOutput, ValueRef as SqlRef};
use rusqlite::{Row, Statement};
use spatial::{Envelope, Feature, FeatureId, Field, FieldType, Value, gpb};

use super::catalogue::Table;
use super::schema::ident;
use crate::StoreError;
use crate::fit::fit_geometry;
use crate::memory::envelope_of;

/// A feature ready to be bound: its geometry as bytes.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) geometry: Option<Vec<u8>>,
    /// Absent for a placeless feature.
    pub(crate) envelope: Option<Envelope>,
    pub(crate) properties: Vec<Value>,
}

impl Encoded {
    pub(crate) fn new(feature: Feature, srs_id: i32) -> Self {
        Self {
            envelope: envelope_of(&feature),
            geometry: feature.geometry.as_ref().map(|geometry| gpb::encode(geometry, srs_id)),
            properties: feature.properties,
        }
    }
}

/// `INSERT` of a whole row: id, geometry, properties.
pub(crate) fn insert_sql(table: &Table) -> String {
    let columns = &table.columns;
    let fields = &table.collection.fields;
    let names: String = fields.iter().map(|field| format!(", {}", ident(&field.name))).collect();
    let places: String = (0..fields.len()).map(|n| format!(", ?{}", n + 3)).collect();
    format!(
        "INSERT INTO {} ({}, {}{names}) VALUES (?1, ?2{places})",
        ident(&columns.table),
        ident(&columns.fid),
        ident(&columns.geometry)
    )
}

/// `UPDATE` of a whole row, with the parameters of [`insert_sql`].
pub(crate) fn update_sql(table: &Table) -> String {
    let columns = &table.columns;
    let fields = table.collection.fields.iter().enumerate();
    let sets: String =
        fields.map(|(n, field)| format!(", {} = ?{}", ident(&field.name), n + 3)).collect();
    format!(
        "UPDATE {} SET {} = ?2{sets} WHERE {} = ?1",
        ident(&columns.table),
        ident(&columns.geometry),
        ident(&columns.fid)
    )
}

/// `SELECT` of whole rows; a condition may follow.
pub(crate) fn select_sql(table: &Table) -> String {
    let columns = &table.columns;
    let fields = &table.collection.fields;
    let names: String = fields.iter().map(|field| format!(", {}", ident(&field.name))).collect();
    format!(
        "SELECT {}, {}{names} FROM {}",
        ident(&columns.fid),
        ident(&columns.geometry),
        ident(&columns.table)
    )
}

/// Binds a row to the parameters of [`insert_sql`]; without an id SQLite gives one.
pub(crate) fn bind(
    statement: &mut Statement<'_>,
    fid: Option<i64>,
    row: &Encoded,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, fid)?;
    statement.raw_bind_parameter(2, row.geometry.as_deref())?;
    for (position, value) in row.properties.iter().enumerate() {
        statement.raw_bind_parameter(position + 3, to_sql(value))?;
    }
    Ok(())
}

pub(crate) fn to_sql(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => SqlRef::Null,
        Value::Bool(truth) => SqlRef::Integer(i64::from(*truth)),
        Value::Int(number) => SqlRef::Integer(*number),
        Value::Real(number) => SqlRef::Real(*number),
        Value::Text(text) => SqlRef::Text(text.as_bytes()),
        Value::Bytes(bytes) => SqlRef::Blob(bytes),
    })
}

/// Reads a row of [`select_sql`].
pub(crate) fn read(table: &Table, row: &Row<'_>) -> Result<Feature, StoreError> {
    let fid: i64 = row.get(0)?;
    let damaged = |what: &str, reason: &dyn ToString| {
        StoreError::damaged(
            format!("feature {fid} of {}, {what}", table.columns.table),
            reason.to_string(),
        )
    };
    let id = FeatureId::try_from(fid).map_err(|e| damaged("id", &e))?;
    let geometry = match row.get_ref(1)? {
        SqlRef::Null => None,
        SqlRef::Blob(bytes) => {
            let decoded = gpb::decode(bytes).map_err(|e| damaged("geometry", &e))?;
            let mut geometry = decoded.1.geometry;
            // Other programs write single parts too.
            fit_geometry(&table.collection, &mut geometry).map_err(|e| damaged("geometry", &e))?;
            Some(geometry)
        }
        _ => return Err(damaged("geometry", &"no bytes")),
    };
    let mut properties = Vec::with_capacity(table.collection.fields.len());
    for (position, field) in table.collection.fields.iter().enumerate() {
        let value = read_value(field, row.get_ref(position + 2)?);
        properties.push(value.ok_or_else(|| damaged(&field.name, &"a value of another type"))?);
    }
    Ok(Feature { id: Some(id), geometry, properties })
}

/// The value of a column; none when it has not the field's type.
pub(crate) fn read_value(field: &Field, value: SqlRef<'_>) -> Option<Value> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    Some(match (field.field_type, value) {
        (_, SqlRef::Null) => Value::Null,
        (FieldType::Bool, SqlRef::Integer(number)) => Value::Bool(number != 0),
        (FieldType::Int, SqlRef::Integer(number)) => Value::Int(number),
        (FieldType::Real, SqlRef::Real(number)) => Value::Real(number),
        (FieldType::Real, SqlRef::Integer(number)) => Value::Real(number as f64),
        (FieldType::Text | FieldType::Date | FieldType::DateTime, SqlRef::Text(bytes)) => {
            Value::Text(text(bytes)?)
        }
        (FieldType::Bytes, SqlRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
        _ => return None,
    })
}
