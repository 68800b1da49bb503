//! Geometry objects of GeoJSON.

use std::borrow::Cow;

use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};

use spatial::GeometryType;

use crate::ReadGeometry;
use crate::assembly::Assembly;
use crate::json::{Cursor, JsonError};

/// How deep collections may nest.
const MAX_DEPTH: usize = 8;

/// Reads a geometry, `null` or an empty one being none.
pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Option<ReadGeometry>, JsonError> {
    if cursor.peek() == Some(b'n') {
        return cursor.skip_value().map(|()| None);
    }
    let mut assembly = Assembly::default();
    let shape = shape(cursor, &mut assembly, 0)?;
    Ok(shape.map(|shape| assembly.finish(shape)))
}

/// Whether `kind` names a geometry.
pub(super) fn is_geometry_type(kind: &str) -> bool {
    matches!(
        kind,
        "Point"
            | "MultiPoint"
            | "LineString"
            | "MultiLineString"
            | "Polygon"
            | "MultiPolygon"
            | "GeometryCollection"
    )
}

fn shape<'a>(
    cursor: &mut Cursor<'a>,
    assembly: &mut Assembly,
    depth: usize,
) -> Result<Option<Shape<f64>>, JsonError> {
    if depth > MAX_DEPTH {
        return Err(cursor.error("collections nested too deep"));
    }
    let start = *cursor;
    let mut kind: Option<Cow<'a, str>> = None;
    // Coordinates that come before the type wait here.
    let mut waiting: Option<Cursor<'a>> = None;
    let mut found: Option<Option<Shape<f64>>> = None;
    cursor.members(|cursor, key| {
        match &*key {
            "type" => kind = Some(cursor.string()?),
            "coordinates" | "geometries" => match &kind {
                Some(kind) if found.is_none() => {
                    found = Some(parts(cursor, kind, assembly, depth)?);
                }
                _ => {
                    waiting = Some(*cursor);
                    cursor.skip_value()?;
                }
            },
            _ => cursor.skip_value()?,
        }
        Ok(())
    })?;
    match (found, kind, waiting) {
        (Some(shape), ..) => Ok(shape),
        (None, Some(kind), Some(mut cursor)) => parts(&mut cursor, &kind, assembly, depth),
        (None, Some(_), None) => Err(start.error("a geometry without coordinates")),
        (None, None, _) => Err(start.error("a geometry without a type")),
    }
}

/// Reads `coordinates` or `geometries`.
fn parts(
    cursor: &mut Cursor<'_>,
    kind: &str,
    assembly: &mut Assembly,
    depth: usize,
) -> Result<Option<Shape<f64>>, JsonError> {
    Ok(match kind {
        "Point" => position(cursor, assembly)?.map(|coord| Shape::Point(Point(coord))),
        "MultiPoint" => {
            let points: Vec<_> = path(cursor, assembly)?.into_iter().map(Point).collect();
            (!points.is_empty()).then_some(Shape::MultiPoint(MultiPoint(points)))
        }
        "LineString" => {
            let line = path(cursor, assembly)?;
            (!line.is_empty()).then_some(Shape::LineString(LineString(line)))
        }
        "MultiLineString" => {
            let mut lines = Vec::new();
            cursor.items(|cursor| {
                let line = path(cursor, assembly)?;
                lines.extend((!line.is_empty()).then_some(LineString(line)));
                Ok(())
            })?;
            (!lines.is_empty()).then_some(Shape::MultiLineString(MultiLineString(lines)))
        }
        "Polygon" => polygon(cursor, assembly)?.map(Shape::Polygon),
        "MultiPolygon" => {
            let mut polygons = Vec::new();
            cursor.items(|cursor| {
                polygons.extend(polygon(cursor, assembly)?);
                Ok(())
            })?;
            (!polygons.is_empty()).then_some(Shape::MultiPolygon(MultiPolygon(polygons)))
        }
        "GeometryCollection" => {
            let mut shapes = Vec::new();
            cursor.items(|cursor| {
                shapes.extend(shape(cursor, assembly, depth + 1)?);
                Ok(())
            })?;
            (!shapes.is_empty()).then_some(Shape::GeometryCollection(GeometryCollection(shapes)))
        }
        _ => return Err(cursor.error("an unknown type of geometry")),
    })
}

fn polygon(
    cursor: &mut Cursor<'_>,
    assembly: &mut Assembly,
) -> Result<Option<Polygon<f64>>, JsonError> {
    let mut exterior = None;
    let mut holes = Vec::new();
    cursor.items(|cursor| {
        let ring = path(cursor, assembly)?;
        if !ring.is_empty() {
            let ring = assembly.ring(ring);
            match exterior {
                None => exterior = Some(ring),
                Some(_) => holes.push(ring),
            }
        }
        Ok(())
    })?;
    Ok(exterior.map(|exterior| Polygon::new(exterior, holes)))
}

fn path(cursor: &mut Cursor<'_>, assembly: &mut Assembly) -> Result<Vec<Coord<f64>>, JsonError> {
    let mut coords = Vec::new();
    cursor.items(|cursor| {
        let before = *cursor;
        let coord = position(cursor, assembly)?;
        coords.push(coord.ok_or_else(|| before.error("a position without numbers"))?);
        Ok(())
    })?;
    Ok(coords)
}

/// Reads a position: x, y, perhaps z; more numbers are passed over.
fn position(
    cursor: &mut Cursor<'_>,
    assembly: &mut Assembly,
) -> Result<Option<Coord<f64>>, JsonError> {
    let before = *cursor;
    let mut numbers = [0.0; 3];
    let mut count = 0;
    cursor.items(|cursor| {
        // Some writers say "no height" with null.
        if count == 2 && cursor.peek() == Some(b'n') {
            return cursor.skip_value();
        }
        let number = cursor.real()?;
        if let Some(place) = numbers.get_mut(count) {
            *place = number;
            count += 1;
        }
        Ok(())
    })?;
    let [x, y, z] = numbers;
    match count {
        0 => return Ok(None),
        1 => return Err(before.error("a position of one number")),
        _ => assembly.push((count == 3).then_some(z), None),
    }
    Ok(Some(Coord { x, y }))
}

/// The type that declares both: a multi type for a mixture of it with its single type.
pub(super) fn common_type(a: GeometryType, b: GeometryType) -> GeometryType {
    use GeometryType::{
        Any, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
    };
    match (a, b) {
        _ if a == b => a,
        (Point | MultiPoint, Point | MultiPoint) => MultiPoint,
        (LineString | MultiLineString, LineString | MultiLineString) => MultiLineString,
        (Polygon | MultiPolygon, Polygon | MultiPolygon) => MultiPolygon,
        _ => Any,
    }
}
