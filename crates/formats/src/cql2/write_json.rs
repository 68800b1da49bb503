//! Writes CQL2 JSON in its canonical form: one expression, one text.

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use spatial::filter::{Bound, Literal, Time};
use spatial::{Expression, Geometry};

use super::write_text::{bbox_numbers, push_exact};
use crate::geojson::push_string;
use crate::number::push_number;

/// `expression` as CQL2 JSON, without white space.
pub fn write_json(expression: &Expression) -> String {
    let mut out = String::new();
    write(&mut out, expression);
    out
}

fn write(out: &mut String, expression: &Expression) {
    match expression {
        Expression::Literal(literal) => write_literal(out, literal),
        Expression::Property(name) => write_named(out, "property", name),
        Expression::And(parts) => operation(out, "and", parts),
        Expression::Or(parts) => operation(out, "or", parts),
        Expression::Not(part) => operation(out, "not", std::slice::from_ref(part)),
        Expression::Compare(op, operands) => operation(out, op.name(), &**operands),
        Expression::Like(operands) => operation(out, "like", &**operands),
        Expression::Between(operands) => operation(out, "between", &**operands),
        Expression::In(value, list) => {
            out.push_str("{\"op\":\"in\",\"args\":[");
            write(out, value);
            out.push(',');
            write_list(out, list);
            out.push_str("]}");
        }
        Expression::IsNull(operand) => operation(out, "isNull", std::slice::from_ref(operand)),
        Expression::CaseFold(operand) => operation(out, "casei", std::slice::from_ref(operand)),
        Expression::AccentFold(operand) => {
            operation(out, "accenti", std::slice::from_ref(operand));
        }
        Expression::Arithmetic(op, operands) => operation(out, op.name(), &**operands),
        Expression::Spatial(predicate, operands) => {
            operation(out, &format!("s_{}", predicate.name()), &**operands);
        }
        Expression::Temporal(relation, operands) => operation(out, relation.name(), &**operands),
        Expression::Array(relation, operands) => operation(out, relation.name(), &**operands),
        Expression::List(members) => write_list(out, members),
        Expression::Interval(bounds) => {
            out.push_str("{\"interval\":[");
            write_bound(out, &bounds[0]);
            out.push(',');
            write_bound(out, &bounds[1]);
            out.push_str("]}");
        }
        Expression::Function(name, arguments) => operation(out, name, arguments),
    }
}

fn operation<E: std::borrow::Borrow<Expression>>(out: &mut String, op: &str, operands: &[E]) {
    out.push_str("{\"op\":");
    push_string(out, op);
    out.push_str(",\"args\":");
    write_list(out, operands);
    out.push('}');
}

fn write_list<E: std::borrow::Borrow<Expression>>(out: &mut String, members: &[E]) {
    list(out, members, |out, member| write(out, member.borrow()));
}

/// `{"name":"value"}`.
fn write_named(out: &mut String, name: &str, value: &str) {
    out.push_str("{\"");
    out.push_str(name);
    out.push_str("\":");
    push_string(out, value);
    out.push('}');
}

fn write_bound(out: &mut String, bound: &Bound) {
    match bound {
        Bound::Open => out.push_str("\"..\""),
        Bound::At(Expression::Literal(Literal::Time(time))) => push_string(out, &time.to_string()),
        Bound::At(expression) => write(out, expression),
    }
}

fn write_literal(out: &mut String, literal: &Literal) {
    match literal {
        Literal::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Literal::Number(number) => push_exact(out, *number),
        Literal::Text(text) => push_string(out, text),
        Literal::Time(time @ Time::Date(_)) => write_named(out, "date", &time.to_string()),
        Literal::Time(time @ Time::Instant(_)) => write_named(out, "timestamp", &time.to_string()),
        Literal::Geometry(geometry) => {
            GeometryWriter { geometry, vertex: 0, out }.shape(&geometry.shape);
        }
        Literal::Bbox(bbox) => {
            out.push_str("{\"bbox\":");
            list(out, &bbox_numbers(bbox), |out, number| push_number(out, *number));
            out.push('}');
        }
    }
}

fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Writes a geometry as GeoJSON with its vertices in their order: a filter is not turned about.
struct GeometryWriter<'a> {
    geometry: &'a Geometry,
    /// Vertices written so far.
    vertex: usize,
    out: &'a mut String,
}

impl GeometryWriter<'_> {
    fn shape(&mut self, shape: &Shape<f64>) {
        match shape {
            Shape::Point(point) => self.typed("Point", |w| w.position(&point.0)),
            Shape::MultiPoint(points) => {
                self.typed("MultiPoint", |w| w.list(&points.0, |w, point| w.position(&point.0)));
            }
            Shape::Line(line) => self.shape(&Shape::LineString((*line).into())),
            Shape::LineString(line) => self.typed("LineString", |w| w.path(line)),
            Shape::MultiLineString(lines) => {
                self.typed("MultiLineString", |w| w.list(&lines.0, Self::path));
            }
            Shape::Polygon(polygon) => self.typed("Polygon", |w| w.polygon(polygon)),
            Shape::MultiPolygon(polygons) => {
                self.typed("MultiPolygon", |w| w.list(&polygons.0, Self::polygon));
            }
            Shape::Rect(rect) => self.shape(&Shape::Polygon(rect.to_polygon())),
            Shape::Triangle(triangle) => self.shape(&Shape::Polygon(triangle.to_polygon())),
            Shape::GeometryCollection(shapes) => {
                self.out.push_str("{\"type\":\"GeometryCollection\",\"geometries\":");
                self.list(&shapes.0, Self::shape);
                self.out.push('}');
            }
        }
    }

    fn typed(&mut self, kind: &str, coordinates: impl FnOnce(&mut Self)) {
        self.out.push_str("{\"type\":\"");
        self.out.push_str(kind);
        self.out.push_str("\",\"coordinates\":");
        coordinates(self);
        self.out.push('}');
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.out.push('[');
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.out.push(',');
            }
            write(self, item);
        }
        self.out.push(']');
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        self.out.push('[');
        self.path(polygon.exterior());
        for hole in polygon.interiors() {
            self.out.push(',');
            self.path(hole);
        }
        self.out.push(']');
    }

    fn path(&mut self, line: &LineString<f64>) {
        self.list(&line.0, Self::position);
    }

    fn position(&mut self, coord: &Coord<f64>) {
        self.out.push('[');
        push_number(self.out, coord.x);
        let z = self.geometry.z.get(self.vertex).copied();
        for ordinate in std::iter::once(coord.y).chain(z) {
            self.out.push(',');
            push_number(self.out, ordinate);
        }
        self.out.push(']');
        self.vertex += 1;
    }
}
