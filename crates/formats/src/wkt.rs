//! Geometries as well-known text: ISO 19125 and the dialects of PostGIS (`SRID=…;`) and Excel
//! exports (missing `Z`, any case, any white space).
//!
//! Curves are refused, not linearised. An empty geometry is no geometry.

use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};
use spatial::Geometry;
use thiserror::Error;

use crate::assembly::{Assembly, ReadGeometry};
use crate::number::push_number;

/// How deep collections may nest.
const MAX_DEPTH: usize = 16;

/// Text that is not a geometry; never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a WKT geometry: {reason} at byte {at}")]
pub struct WktError {
    /// What was expected or is not read.
    pub reason: &'static str,
    /// Position, from 0.
    pub at: usize,
}

/// Reads one geometry; `None` when it is empty.
pub fn read_wkt(text: &str) -> Result<Option<ReadGeometry>, WktError> {
    let mut reader = WktReader { text, at: 0, assembly: Assembly::default() };
    reader.skip_srid();
    let shape = reader.geometry(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.error("more text after the geometry"));
    }
    Ok(shape.map(|shape| reader.assembly.finish(shape)))
}

/// Reads the geometry that `text` begins with; `None` when it is empty. Gives its length too.
pub(crate) fn read_wkt_start(text: &str) -> Result<(Option<ReadGeometry>, usize), WktError> {
    let mut reader = WktReader { text, at: 0, assembly: Assembly::default() };
    let shape = reader.geometry(0)?;
    let (at, assembly) = (reader.at, reader.assembly);
    Ok((shape.map(|shape| assembly.finish(shape)), at))
}

struct WktReader<'a> {
    text: &'a str,
    at: usize,
    assembly: Assembly,
}

/// Which ordinates follow x and y.
#[derive(Clone, Copy, PartialEq)]
enum Dims {
    /// Not said: a third is Z, a fourth M.
    Untagged,
    Z,
    M,
    Zm,
}

impl WktReader<'_> {
    fn error(&self, reason: &'static str) -> WktError {
        WktError { reason, at: self.at }
    }

    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.rest().iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    fn skip_srid(&mut self) {
        self.skip_space();
        if self.rest().len() >= 5
            && self.rest()[..5].eq_ignore_ascii_case(b"srid=")
            && let Some(end) = self.rest().iter().position(|&b| b == b';')
        {
            self.at += end + 1;
        }
    }

    /// The next word in upper case; empty when none follows.
    fn word(&mut self) -> String {
        self.skip_space();
        let length = self.rest().iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let word = self.text[self.at..self.at + length].to_ascii_uppercase();
        self.at += length;
        word
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.rest().first() == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect_byte(&mut self, byte: u8, reason: &'static str) -> Result<(), WktError> {
        if self.take(byte) { Ok(()) } else { Err(self.error(reason)) }
    }

    /// `EMPTY`, or a list in parentheses whose items `item` reads.
    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, WktError>,
    ) -> Result<Vec<T>, WktError> {
        let start = self.at;
        if self.word() == "EMPTY" {
            return Ok(Vec::new());
        }
        self.at = start;
        self.expect_byte(b'(', "'(' or EMPTY expected")?;
        let mut items = vec![item(self)?];
        while self.take(b',') {
            items.push(item(self)?);
        }
        self.expect_byte(b')', "',' or ')' expected")?;
        Ok(items)
    }

    fn geometry(&mut self, depth: usize) -> Result<Option<Shape<f64>>, WktError> {
        if depth > MAX_DEPTH {
            return Err(self.error("collections nested too deep"));
        }
        let start = self.at;
        let word = self.word();
        let (name, dims) = self.dims(&word);
        let shape = match name {
            "POINT" => self.position(dims)?.map(|coord| Shape::Point(Point(coord))),
            "MULTIPOINT" => {
                let points = self.list(|r| r.bare_point(dims))?;
                let points: Vec<_> = points.into_iter().flatten().map(Point).collect();
                (!points.is_empty()).then_some(Shape::MultiPoint(MultiPoint(points)))
            }
            "LINESTRING" => {
                let line = self.line(dims)?;
                (!line.0.is_empty()).then_some(Shape::LineString(line))
            }
            "MULTILINESTRING" => {
                let mut lines = self.list(|r| r.line(dims))?;
                lines.retain(|line| !line.0.is_empty());
                (!lines.is_empty()).then_some(Shape::MultiLineString(MultiLineString(lines)))
            }
            "POLYGON" | "TRIANGLE" => self.polygon(dims)?.map(Shape::Polygon),
            "MULTIPOLYGON" => {
                let polygons: Vec<_> =
                    self.list(|r| r.polygon(dims))?.into_iter().flatten().collect();
                (!polygons.is_empty()).then_some(Shape::MultiPolygon(MultiPolygon(polygons)))
            }
            "GEOMETRYCOLLECTION" => {
                let shapes: Vec<_> =
                    self.list(|r| r.geometry(depth + 1))?.into_iter().flatten().collect();
                (!shapes.is_empty())
                    .then_some(Shape::GeometryCollection(GeometryCollection(shapes)))
            }
            "CIRCULARSTRING" | "COMPOUNDCURVE" | "CURVEPOLYGON" | "MULTICURVE" | "MULTISURFACE"
            | "TIN" | "POLYHEDRALSURFACE" => {
                self.at = start;
                return Err(self.error("curves and surfaces are not read"));
            }
            _ => {
                self.at = start;
                return Err(self.error("name of a geometry type expected"));
            }
        };
        Ok(shape)
    }

    /// Splits `POINTZ` or `POINT Z` into name and dimensions.
    fn dims<'w>(&mut self, word: &'w str) -> (&'w str, Dims) {
        for (tag, dims) in [("ZM", Dims::Zm), ("Z", Dims::Z), ("M", Dims::M)] {
            if let Some(name) = word.strip_suffix(tag) {
                return (name, dims);
            }
        }
        let start = self.at;
        match self.word().as_str() {
            "Z" => (word, Dims::Z),
            "M" => (word, Dims::M),
            "ZM" => (word, Dims::Zm),
            _ => {
                self.at = start;
                (word, Dims::Untagged)
            }
        }
    }

    fn line(&mut self, dims: Dims) -> Result<LineString<f64>, WktError> {
        self.list(|r| r.coord(dims)).map(LineString)
    }

    fn polygon(&mut self, dims: Dims) -> Result<Option<Polygon<f64>>, WktError> {
        let mut rings = self.list(|r| {
            let coords = r.list(|r| r.coord(dims))?;
            Ok(r.assembly.ring(coords))
        })?;
        let outlined = rings.first().is_some_and(|exterior| !exterior.0.is_empty());
        rings.retain(|ring| !ring.0.is_empty());
        if !outlined && !rings.is_empty() {
            return Err(self.error("holes without an exterior ring"));
        }
        let mut rings = rings.into_iter();
        Ok(rings.next().map(|exterior| Polygon::new(exterior, rings.collect())))
    }

    /// The one position of a point; `None` when it is empty.
    fn position(&mut self, dims: Dims) -> Result<Option<Coord<f64>>, WktError> {
        match self.list(|r| r.coord(dims))?[..] {
            [] => Ok(None),
            [coord] => Ok(Some(coord)),
            _ => Err(self.error("a point has one position")),
        }
    }

    /// A point of a multipoint, in parentheses or not.
    fn bare_point(&mut self, dims: Dims) -> Result<Option<Coord<f64>>, WktError> {
        self.skip_space();
        match self.rest().first() {
            Some(b'(' | b'E' | b'e') => self.position(dims),
            _ => self.coord(dims).map(Some),
        }
    }

    fn coord(&mut self, dims: Dims) -> Result<Coord<f64>, WktError> {
        let (x, y) = (self.number()?, self.number()?);
        let (z, m) = match dims {
            Dims::Untagged => {
                let z = self.optional_number()?;
                (z, if z.is_some() { self.optional_number()? } else { None })
            }
            Dims::Z => (Some(self.number()?), None),
            Dims::M => (None, Some(self.number()?)),
            Dims::Zm => (Some(self.number()?), Some(self.number()?)),
        };
        self.assembly.push(z, m);
        Ok(Coord { x, y })
    }

    fn optional_number(&mut self) -> Result<Option<f64>, WktError> {
        self.skip_space();
        match self.rest().first() {
            Some(b',' | b')') => Ok(None),
            _ => self.number().map(Some),
        }
    }

    fn number(&mut self) -> Result<f64, WktError> {
        self.skip_space();
        let length = self
            .rest()
            .iter()
            .take_while(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            .count();
        let number = self.text[self.at..self.at + length].parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite());
        let number = number.ok_or_else(|| self.error("number expected"))?;
        self.at += length;
        Ok(number)
    }
}

/// Appends `geometry` to `out` as ISO well-known text; numbers are the shortest that read back
/// the same.
pub fn write_wkt(geometry: &Geometry, out: &mut String) {
    let tag = match (geometry.z.is_empty(), geometry.m.is_empty()) {
        (true, true) => "",
        (false, true) => " Z",
        (true, false) => " M",
        (false, false) => " ZM",
    };
    let mut writer = WktWriter { geometry, tag, vertex: 0, out };
    writer.shape(&geometry.shape);
}

struct WktWriter<'a> {
    geometry: &'a Geometry,
    tag: &'static str,
    vertex: usize,
    out: &'a mut String,
}

impl WktWriter<'_> {
    fn shape(&mut self, shape: &Shape<f64>) {
        match shape {
            Shape::Point(point) => self.tagged("POINT", &[point.0], Self::coord),
            Shape::MultiPoint(points) => {
                self.tagged("MULTIPOINT", &points.0, |w, p| w.list(&[p.0], Self::coord));
            }
            Shape::Line(line) => self.tagged("LINESTRING", &[line.start, line.end], Self::coord),
            Shape::LineString(line) => self.tagged("LINESTRING", &line.0, Self::coord),
            Shape::MultiLineString(lines) => {
                self.tagged("MULTILINESTRING", &lines.0, Self::line);
            }
            Shape::Polygon(polygon) => {
                self.begin("POLYGON");
                self.polygon(polygon);
            }
            Shape::MultiPolygon(polygons) => {
                self.tagged("MULTIPOLYGON", &polygons.0, Self::polygon);
            }
            Shape::Rect(rect) => self.shape(&Shape::Polygon(rect.to_polygon())),
            Shape::Triangle(triangle) => self.shape(&Shape::Polygon(triangle.to_polygon())),
            Shape::GeometryCollection(shapes) => {
                self.tagged("GEOMETRYCOLLECTION", &shapes.0, Self::shape);
            }
        }
    }

    fn begin(&mut self, name: &str) {
        self.out.push_str(name);
        self.out.push_str(self.tag);
        self.out.push(' ');
    }

    fn tagged<T>(&mut self, name: &str, items: &[T], write: impl FnMut(&mut Self, &T)) {
        self.begin(name);
        self.list(items, write);
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            self.out.push_str("EMPTY");
            return;
        }
        for (position, item) in items.iter().enumerate() {
            self.out.push_str(if position == 0 { "(" } else { ", " });
            write(self, item);
        }
        self.out.push(')');
    }

    fn line(&mut self, line: &LineString<f64>) {
        self.list(&line.0, Self::coord);
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        if polygon.exterior().0.is_empty() {
            self.out.push_str("EMPTY");
            return;
        }
        self.out.push('(');
        self.line(polygon.exterior());
        for hole in polygon.interiors() {
            self.out.push_str(", ");
            self.line(hole);
        }
        self.out.push(')');
    }

    fn coord(&mut self, coord: &Coord<f64>) {
        push_number(self.out, coord.x);
        let measures = [self.geometry.z.get(self.vertex), self.geometry.m.get(self.vertex)];
        for &ordinate in [Some(&coord.y)].iter().chain(&measures).copied().flatten() {
            self.out.push(' ');
            push_number(self.out, ordinate);
        }
        self.vertex += 1;
    }
}

#[cfg(test)]
#[path = "wkt_tests.rs"]
mod tests;
