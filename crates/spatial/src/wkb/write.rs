//! Writes well-known binary: ISO, little endian.

use geo_types::{Coord, Geometry as Shape, Polygon};

use crate::Geometry;

/// The bytes of a geometry.
pub fn encode(geometry: &Geometry) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + geometry.vertex_count() * 16);
    encode_into(geometry, &mut out);
    out
}

/// Appends the bytes of a geometry.
pub fn encode_into(geometry: &Geometry, out: &mut Vec<u8>) {
    Writer { out, z: &geometry.z, m: &geometry.m, vertex: 0 }.shape(&geometry.shape);
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    z: &'a [f64],
    m: &'a [f64],
    /// Vertices written, which is the place of the next one in `z` and `m`.
    vertex: usize,
}

impl Writer<'_> {
    fn head(&mut self, kind: u32) {
        let dims = u32::from(!self.z.is_empty()) + 2 * u32::from(!self.m.is_empty());
        self.out.push(1);
        self.out.extend_from_slice(&(kind + 1000 * dims).to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.out.extend_from_slice(&(count as u32).to_le_bytes());
    }

    fn coord(&mut self, coord: Coord<f64>) {
        self.out.extend_from_slice(&coord.x.to_le_bytes());
        self.out.extend_from_slice(&coord.y.to_le_bytes());
        for values in [self.z, self.m] {
            if !values.is_empty() {
                let value = values.get(self.vertex).copied().unwrap_or(f64::NAN);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
        }
        self.vertex += 1;
    }

    fn path(&mut self, coords: &[Coord<f64>]) {
        self.count(coords.len());
        for coord in coords {
            self.coord(*coord);
        }
    }

    fn line(&mut self, coords: &[Coord<f64>]) {
        self.head(2);
        self.path(coords);
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        self.head(3);
        if polygon.exterior().0.is_empty() && polygon.interiors().is_empty() {
            return self.count(0);
        }
        self.count(1 + polygon.interiors().len());
        self.path(&polygon.exterior().0);
        for hole in polygon.interiors() {
            self.path(&hole.0);
        }
    }

    fn shape(&mut self, shape: &Shape<f64>) {
        match shape {
            Shape::Point(point) => {
                self.head(1);
                self.coord(point.0);
            }
            Shape::Line(line) => self.line(&[line.start, line.end]),
            Shape::LineString(line) => self.line(&line.0),
            Shape::Polygon(polygon) => self.polygon(polygon),
            Shape::Rect(rect) => self.polygon(&rect.to_polygon()),
            Shape::Triangle(triangle) => self.polygon(&triangle.to_polygon()),
            Shape::MultiPoint(points) => {
                self.head(4);
                self.count(points.0.len());
                for point in &points.0 {
                    self.head(1);
                    self.coord(point.0);
                }
            }
            Shape::MultiLineString(lines) => {
                self.head(5);
                self.count(lines.0.len());
                for line in &lines.0 {
                    self.line(&line.0);
                }
            }
            Shape::MultiPolygon(polygons) => {
                self.head(6);
                self.count(polygons.0.len());
                for polygon in &polygons.0 {
                    self.polygon(polygon);
                }
            }
            Shape::GeometryCollection(shapes) => {
                self.head(7);
                self.count(shapes.0.len());
                for shape in &shapes.0 {
                    self.shape(shape);
                }
            }
        }
    }
}
