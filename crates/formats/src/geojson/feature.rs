//! One feature of GeoJSON as its text gives it.

use std::borrow::Cow;

use super::geometry;
use crate::json::{Cursor, JsonError, JsonValue};
use crate::{ReadGeometry, RowDefect};

/// A feature whose values still have the types of JSON.
#[derive(Debug, Default)]
pub(super) struct RawFeature<'a> {
    pub(super) id: Option<JsonValue<'a>>,
    pub(super) geometry: Option<ReadGeometry>,
    pub(super) properties: Vec<(Cow<'a, str>, JsonValue<'a>)>,
}

/// Reads the text of a feature or of a bare geometry.
pub(super) fn read(text: &[u8]) -> Result<RawFeature<'_>, RowDefect> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let reason = format!("not UTF-8 at byte {} of the feature", error.valid_up_to());
        RowDefect::new("bad_encoding", reason)
    })?;
    let kind = kind(text).map_err(|error| defect("bad_json", error))?;
    let mut cursor = Cursor::new(text);
    match kind.as_deref() {
        Some("Feature") => feature(cursor),
        Some(kind) if geometry::is_geometry_type(kind) => {
            let geometry =
                geometry::read(&mut cursor).map_err(|error| defect("bad_geometry", error))?;
            Ok(RawFeature { geometry, ..RawFeature::default() })
        }
        _ => Err(RowDefect::new("not_a_feature", "neither a feature nor a geometry")),
    }
}

fn defect(kind: &'static str, error: JsonError) -> RowDefect {
    RowDefect::new(kind, format!("{error} of the feature"))
}

/// The member `type`; the whole text is checked to be JSON unless the type comes first.
fn kind(text: &str) -> Result<Option<Cow<'_, str>>, JsonError> {
    if let Some(rest) = text.trim_start().strip_prefix("{\"type\":")
        && rest.trim_start().starts_with("\"Feature\"")
    {
        return Ok(Some(Cow::Borrowed("Feature")));
    }
    let mut kind = None;
    let mut cursor = Cursor::new(text);
    cursor.members(|cursor, key| {
        if key == "type" && cursor.peek() == Some(b'"') {
            kind = Some(cursor.string()?);
            Ok(())
        } else {
            cursor.skip_value()
        }
    })?;
    cursor.end()?;
    Ok(kind)
}

fn feature(mut cursor: Cursor<'_>) -> Result<RawFeature<'_>, RowDefect> {
    let mut feature = RawFeature::default();
    let mut bad_geometry = None;
    let read = cursor.members(|cursor, key| {
        match &*key {
            "geometry" => {
                let mut inside = *cursor;
                match geometry::read(&mut inside) {
                    Ok(geometry) => {
                        feature.geometry = geometry;
                        *cursor = inside;
                    }
                    Err(error) => {
                        bad_geometry = Some(error);
                        cursor.skip_value()?;
                    }
                }
            }
            "properties" if cursor.peek() == Some(b'{') => {
                feature.properties.clear();
                cursor.members(|cursor, key| {
                    let value = cursor.value()?;
                    feature.properties.push((key, value));
                    Ok(())
                })?;
            }
            "id" => feature.id = Some(cursor.value()?).filter(|id| *id != JsonValue::Null),
            _ => cursor.skip_value()?,
        }
        Ok(())
    });
    read.and_then(|()| cursor.end()).map_err(|error| defect("bad_json", error))?;
    match bad_geometry {
        None => Ok(feature),
        Some(error) => Err(defect("bad_geometry", error)),
    }
}
