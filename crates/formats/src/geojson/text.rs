//! Pieces of GeoJSON text: geometries, values, strings.
//!
//! Exterior rings are counterclockwise on the ground, whichever ordinate is written first.

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use spatial::{AxisOrder, Geometry, GeometryType, ValueRef};

use crate::number::{push_number, push_real};

/// How geometries are written.
#[derive(Clone, Copy, Debug)]
pub struct Positions {
    /// Which ordinate comes first.
    pub axis_order: AxisOrder,
    /// Type that single geometries are written as when it is their multi-geometry.
    pub declared: GeometryType,
}

impl Positions {
    /// As RFC 7946 wants it, each geometry of its own type.
    pub(crate) const EAST_FIRST: Self =
        Self { axis_order: AxisOrder::EastNorth, declared: GeometryType::Any };

    /// Appends `geometry`, whose coordinates are east first; measures (M) are left out.
    pub fn push_geometry(self, text: &mut String, geometry: &Geometry) {
        GeometryText { positions: self, geometry, vertex: 0, text }
            .shape_of(&geometry.shape, self.declared);
    }
}

/// Appends the name of a member and the colon behind it.
pub fn push_key(text: &mut String, name: &str) {
    push_string(text, name);
    text.push(':');
}

/// Appends a value as JSON; bytes are hexadecimal digits.
pub fn push_value(text: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => text.push_str("null"),
        ValueRef::Bool(value) => text.push_str(if value { "true" } else { "false" }),
        ValueRef::Int(value) => text.push_str(itoa::Buffer::new().format(value)),
        ValueRef::Real(value) => push_real(text, value),
        ValueRef::Text(value) => push_string(text, value),
        ValueRef::Bytes(bytes) => {
            text.push('"');
            push_hex(text, bytes);
            text.push('"');
        }
    }
}

/// Appends two hexadecimal digits a byte.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
}

/// Appends `value` as a JSON string.
pub fn push_string(text: &mut String, value: &str) {
    text.reserve(value.len() + 2);
    text.push('"');
    let mut plain = 0;
    let is_escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Without a way out of the loop, so that it looks at many bytes at once.
    if !value.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        text.push_str(value);
        text.push('"');
        return;
    }
    for (at, byte) in value.bytes().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        text.push_str(&value[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            _ => {
                text.push_str("\\u00");
                push_hex(text, &[byte]);
            }
        }
    }
    text.push_str(&value[plain..]);
    text.push('"');
}

struct GeometryText<'a> {
    positions: Positions,
    geometry: &'a Geometry,
    /// Vertices written so far.
    vertex: usize,
    text: &'a mut String,
}

impl GeometryText<'_> {
    fn shape(&mut self, shape: &Shape<f64>) {
        match shape {
            Shape::Point(point) => self.typed("Point", |w| {
                w.position(point.0, w.vertex);
                w.vertex += 1;
            }),
            Shape::MultiPoint(points) => self.typed("MultiPoint", |w| {
                let coords: Vec<_> = points.iter().map(|point| point.0).collect();
                w.path(&coords);
            }),
            Shape::Line(line) => self.typed("LineString", |w| w.path(&[line.start, line.end])),
            Shape::LineString(line) => self.typed("LineString", |w| w.path(&line.0)),
            Shape::MultiLineString(lines) => {
                self.typed("MultiLineString", |w| w.list(&lines.0, |w, line| w.path(&line.0)));
            }
            Shape::Polygon(polygon) => self.typed("Polygon", |w| w.polygon(polygon)),
            Shape::MultiPolygon(polygons) => {
                self.typed("MultiPolygon", |w| w.list(&polygons.0, Self::polygon));
            }
            Shape::Rect(rect) => self.shape(&Shape::Polygon(rect.to_polygon())),
            Shape::Triangle(triangle) => self.shape(&Shape::Polygon(triangle.to_polygon())),
            Shape::GeometryCollection(shapes) => {
                self.text.push_str("{\"type\":\"GeometryCollection\",\"geometries\":");
                self.list(&shapes.0, Self::shape);
                self.text.push('}');
            }
        }
    }

    /// The shape as a part of the multi-geometry that `declared` asks for, or as it is.
    fn shape_of(&mut self, shape: &Shape<f64>, declared: GeometryType) {
        match (shape, declared) {
            (Shape::Point(point), GeometryType::MultiPoint) => {
                self.typed("MultiPoint", |w| w.path(&[point.0]));
            }
            (Shape::LineString(line), GeometryType::MultiLineString) => {
                self.typed("MultiLineString", |w| {
                    w.list(std::slice::from_ref(line), |w, line| w.path(&line.0));
                });
            }
            (Shape::Polygon(polygon), GeometryType::MultiPolygon) => {
                self.typed("MultiPolygon", |w| {
                    w.list(std::slice::from_ref(polygon), Self::polygon);
                });
            }
            (shape, _) => self.shape(shape),
        }
    }

    fn typed(&mut self, kind: &str, coordinates: impl FnOnce(&mut Self)) {
        self.text.push_str("{\"type\":\"");
        self.text.push_str(kind);
        self.text.push_str("\",\"coordinates\":");
        coordinates(self);
        self.text.push('}');
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.text.push('[');
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.text.push(',');
            }
            write(self, item);
        }
        self.text.push(']');
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        self.text.push('[');
        self.ring(polygon.exterior(), 1.0);
        for hole in polygon.interiors() {
            self.text.push(',');
            self.ring(hole, -1.0);
        }
        self.text.push(']');
    }

    /// A ring whose area has the sign of `side`, turned about if need be.
    fn ring(&mut self, ring: &LineString<f64>, side: f64) {
        let coords = &ring.0;
        if doubled_area(coords) * side >= 0.0 {
            return self.path(coords);
        }
        let start = self.vertex;
        self.text.push('[');
        for position in (0..coords.len()).rev() {
            self.position(coords[position], start + position);
            self.text.push(if position == 0 { ']' } else { ',' });
        }
        self.vertex += coords.len();
    }

    fn path(&mut self, coords: &[Coord<f64>]) {
        self.text.push('[');
        for (position, coord) in coords.iter().enumerate() {
            if position > 0 {
                self.text.push(',');
            }
            self.position(*coord, self.vertex + position);
        }
        self.text.push(']');
        self.vertex += coords.len();
    }

    fn position(&mut self, coord: Coord<f64>, vertex: usize) {
        let (first, second) = match self.positions.axis_order {
            AxisOrder::EastNorth => (coord.x, coord.y),
            AxisOrder::NorthEast => (coord.y, coord.x),
        };
        self.text.push('[');
        push_number(self.text, first);
        self.text.push(',');
        push_number(self.text, second);
        if let Some(&z) = self.geometry.z.get(vertex) {
            self.text.push(',');
            push_number(self.text, z);
        }
        self.text.push(']');
    }
}

/// Twice the signed area of a closed ring, positive when counterclockwise; from its first
/// vertex, so that large coordinates cost no digits.
fn doubled_area(ring: &[Coord<f64>]) -> f64 {
    let Some(&origin) = ring.first() else { return 0.0 };
    ring.windows(2).fold(0.0, |area, pair| {
        let (a, b) = (pair[0] - origin, pair[1] - origin);
        area + (a.x * b.y - b.x * a.y)
    })
}
