//! Whether a row that another program wrote can be a feature.
//!
//! Asked of it is what is asked of an edit: an id in range, bytes that are a geometry of the
//! declared type and SRS, valid by OGC's rules, and values of the fields' types. What is wrong is
//! said with its place and without any value.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use spatial::{Feature, FeatureId, Geometry, Value, gpb, validity};

use super::catalogue::Table;
use super::kept_out::Flaw;
use super::row::read_value;
use crate::StoreError;
use crate::fit::{fit, fit_geometry};

/// The feature in a row of `row::select_sql`, or the first flaw that keeps it out.
pub(crate) fn examine(
    table: &Table,
    row: &Row<'_>,
) -> Result<Result<Feature, Flaw>, rusqlite::Error> {
    let fid: i64 = row.get(0)?;
    let id = match FeatureId::try_from(fid) {
        Ok(id) => id,
        Err(error) => return Ok(flaw("/id", error.to_string())),
    };
    let geometry = match geometry(table, row.get_ref(1)?) {
        Ok(geometry) => geometry,
        Err(reason) => return Ok(flaw("/geometry", reason)),
    };
    let mut properties = Vec::with_capacity(table.collection.fields.len());
    for (position, field) in table.collection.fields.iter().enumerate() {
        match read_value(field, row.get_ref(position + 2)?) {
            Some(Value::Real(number)) if !number.is_finite() => {
                return Ok(flaw(&property(&field.name), "the number is not finite".to_owned()));
            }
            Some(value) => properties.push(value),
            None => {
                let reason = format!("a value of another type than {:?}", field.field_type);
                return Ok(flaw(&property(&field.name), reason));
            }
        }
    }
    let mut feature = Feature { id: Some(id), geometry, properties };
    match fit(&table.collection, &mut feature) {
        Ok(()) => {}
        Err(StoreError::Unfit { field, reason, .. }) => {
            return Ok(flaw(&property(&field), reason.to_owned()));
        }
        Err(error) => return Ok(flaw("", error.to_string())),
    }
    Ok(Ok(feature))
}

fn geometry(table: &Table, value: ValueRef<'_>) -> Result<Option<Geometry>, String> {
    let bytes = match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Blob(bytes) => bytes,
        _ => {
            return Err("the column holds no bytes; it is to hold a GeoPackage geometry".to_owned());
        }
    };
    let (header, decoded) = gpb::decode(bytes).map_err(|error| error.to_string())?;
    if header.srs_id != table.srs_id {
        return Err(format!(
            "it names SRS {}, the collection is stored in SRS {} ({})",
            header.srs_id, table.srs_id, table.collection.crs
        ));
    }
    let mut geometry = decoded.geometry;
    fit_geometry(&table.collection, &mut geometry).map_err(str::to_owned)?;
    if geometry.vertex_count() == 0 {
        return Err("it has no vertex; a feature without a place has null".to_owned());
    }
    for (axis, values) in [("Z", &geometry.z), ("M", &geometry.m)] {
        if values.iter().any(|value| !value.is_finite()) {
            return Err(format!("a {axis} value is no finite number"));
        }
    }
    match validity::check(&geometry).iter().find(|defect| !defect.kind.is_harmless()) {
        Some(defect) => Err(defect.to_string()),
        None => Ok(Some(geometry)),
    }
}

fn flaw(place: &str, reason: String) -> Result<Feature, Flaw> {
    Err(Flaw { place: place.to_owned(), reason })
}

/// A field as a JSON pointer (RFC 6901) into a feature.
fn property(field: &str) -> String {
    format!("/properties/{}", field.replace('~', "~0").replace('/', "~1"))
}
