//! Writes GeoJSON as RFC 7946 wants it: longitude and latitude of WGS 84, exteriors
//! counterclockwise, and no more digits than read back the same.

use std::io::Write;

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use spatial::{Feature, Geometry, ValueRef};

use super::FORMAT;
use crate::atomic_file::AtomicFile;
use crate::number::{push_number, push_real};
use crate::writer::typed_values;
use crate::{DeclaredCrs, FeatureWriter, FormatError, LayerSchema, Written};

/// How the features lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In one collection.
    Collection,
    /// One a line, and nothing around them.
    Lines,
}

/// Bytes of text that wait before they go to the file.
const BUFFER_BYTES: usize = 1 << 16;

/// Writes features as text in the order given.
pub(crate) struct GeoJsonWriter {
    file: AtomicFile,
    layout: Layout,
    schema: LayerSchema,
    /// Names of the fields as JSON, with the colon.
    keys: Vec<String>,
    text: String,
    count: u64,
    drops_m: bool,
}

impl GeoJsonWriter {
    pub(crate) fn new(
        file: AtomicFile,
        schema: &LayerSchema,
        layout: Layout,
    ) -> Result<Self, FormatError> {
        if schema.crs != DeclaredCrs::Epsg(4326) {
            return Err(FormatError::Unwritable {
                path: file.path().to_owned(),
                format: FORMAT,
                reason: "it holds longitude and latitude of WGS 84 alone; \
                         transform to EPSG:4326 first"
                    .to_owned(),
            });
        }
        let keys = schema.fields.iter().map(|field| {
            let mut key = String::new();
            push_string(&mut key, &field.name);
            key.push(':');
            key
        });
        let mut text = String::with_capacity(BUFFER_BYTES * 2);
        if layout == Layout::Collection {
            text.push_str("{\"type\":\"FeatureCollection\",\"name\":");
            push_string(&mut text, &schema.name);
            text.push_str(",\"features\":[");
        }
        let (schema, keys) = (schema.clone(), keys.collect());
        Ok(Self { file, layout, schema, keys, text, count: 0, drops_m: false })
    }

    fn flush(&mut self) -> Result<(), FormatError> {
        self.file.write_all(self.text.as_bytes()).map_err(FormatError::io(self.file.path()))?;
        self.text.clear();
        Ok(())
    }
}

impl FeatureWriter for GeoJsonWriter {
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError> {
        let text = &mut self.text;
        match self.layout {
            Layout::Collection => text.push_str(if self.count == 0 { "\n" } else { ",\n" }),
            Layout::Lines => {}
        }
        text.push_str("{\"type\":\"Feature\",");
        if let Some(id) = feature.id {
            text.push_str("\"id\":");
            text.push_str(itoa::Buffer::new().format(id.value()));
            text.push(',');
        }
        text.push_str("\"geometry\":");
        match &feature.geometry {
            Some(geometry) => {
                self.drops_m |= !geometry.m.is_empty();
                GeometryText { geometry, vertex: 0, text }.shape(&geometry.shape);
            }
            None => text.push_str("null"),
        }
        text.push_str(",\"properties\":{");
        let values = typed_values(self.file.path(), FORMAT, &self.schema.fields, feature);
        for (position, (key, value)) in self.keys.iter().zip(values).enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.push_str(key);
            push_value(text, value?);
        }
        text.push_str("}}");
        if self.layout == Layout::Lines {
            text.push('\n');
        }
        self.count += 1;
        if self.text.len() > BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Written, FormatError> {
        if self.layout == Layout::Collection {
            self.text.push_str("\n]}\n");
        }
        self.flush()?;
        self.file.finish()?;
        let mut notes = Vec::new();
        if self.drops_m {
            notes.push("measures (M) are left out; GeoJSON does not hold them".to_owned());
        }
        Ok(Written { features: self.count, notes })
    }
}

fn push_value(text: &mut String, value: ValueRef<'_>) {
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
pub(crate) fn push_string(text: &mut String, value: &str) {
    text.push('"');
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
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
        self.text.push('[');
        push_number(self.text, coord.x);
        self.text.push(',');
        push_number(self.text, coord.y);
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
