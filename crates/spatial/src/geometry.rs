//! A geometry: geo-types shapes, plus the Z and M values that predicates ignore.

use geo_types::Geometry as Shape;

use crate::{Envelope, GeometryType};

/// A shape in x, y with optional Z and M values a vertex.
///
/// `z` and `m` are empty, or hold one value a vertex in the order in which
/// [`Geometry::coords`] walks the shape. Polygon rings are closed (first = last vertex).
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    /// The plane shape; what every predicate and tile sees.
    pub shape: Shape<f64>,
    /// Height a vertex, in the unit of the CRS's vertical axis; empty when there is none.
    pub z: Vec<f64>,
    /// Measure a vertex; empty when there is none.
    pub m: Vec<f64>,
}

impl From<Shape<f64>> for Geometry {
    fn from(shape: Shape<f64>) -> Self {
        Self { shape, z: Vec::new(), m: Vec::new() }
    }
}

impl Geometry {
    /// Every vertex `[x, y]`, in storage order: parts, then rings (exterior first), then
    /// vertices; the closing vertex of a ring is walked too.
    pub fn coords(&self) -> Vec<[f64; 2]> {
        let mut coords = Vec::with_capacity(16);
        visit_paths(&self.shape, &mut |_, path| coords.extend(path.iter().map(|c| [c.x, c.y])));
        coords
    }

    /// Number of vertices, closing vertices included.
    pub fn vertex_count(&self) -> usize {
        let mut count = 0;
        visit_paths(&self.shape, &mut |_, path| count += path.len());
        count
    }

    /// The smallest envelope that holds the shape; empty when it has no vertex.
    pub fn envelope(&self) -> Envelope {
        let mut envelope = Envelope::EMPTY;
        visit_paths(&self.shape, &mut |_, path| {
            for c in path {
                envelope.extend([c.x, c.y]);
            }
        });
        envelope
    }

    /// The type of the shape; `Any` for a geometry collection.
    pub fn geometry_type(&self) -> GeometryType {
        match &self.shape {
            Shape::Point(_) => GeometryType::Point,
            Shape::MultiPoint(_) => GeometryType::MultiPoint,
            Shape::Line(_) | Shape::LineString(_) => GeometryType::LineString,
            Shape::MultiLineString(_) => GeometryType::MultiLineString,
            Shape::Polygon(_) | Shape::Rect(_) | Shape::Triangle(_) => GeometryType::Polygon,
            Shape::MultiPolygon(_) => GeometryType::MultiPolygon,
            Shape::GeometryCollection(_) => GeometryType::Any,
        }
    }
}

/// What one path of a flattened shape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PathRole {
    /// The points of a point or multipoint.
    Points = 0,
    /// One line string.
    Line = 1,
    /// The exterior ring that opens a polygon; closed.
    Exterior = 2,
    /// A hole of the last exterior; closed.
    Hole = 3,
}

impl PathRole {
    /// What a ring of this role does to the area of its feature: adds, takes away, or nothing.
    pub(crate) fn area_sign(self) -> f64 {
        match self {
            Self::Points | Self::Line => 0.0,
            Self::Exterior => 1.0,
            Self::Hole => -1.0,
        }
    }
}

/// Walks the paths of `shape` in storage order; collections are flattened.
pub fn visit_paths(shape: &Shape<f64>, visit: &mut dyn FnMut(PathRole, &[geo_types::Coord<f64>])) {
    fn polygon(
        polygon: &geo_types::Polygon<f64>,
        visit: &mut dyn FnMut(PathRole, &[geo_types::Coord<f64>]),
    ) {
        visit(PathRole::Exterior, &polygon.exterior().0);
        for hole in polygon.interiors() {
            visit(PathRole::Hole, &hole.0);
        }
    }
    match shape {
        Shape::Point(p) => visit(PathRole::Points, &[p.0]),
        Shape::MultiPoint(points) => {
            let coords: Vec<_> = points.0.iter().map(|p| p.0).collect();
            visit(PathRole::Points, &coords);
        }
        Shape::Line(line) => visit(PathRole::Line, &[line.start, line.end]),
        Shape::LineString(line) => visit(PathRole::Line, &line.0),
        Shape::MultiLineString(lines) => {
            for line in &lines.0 {
                visit(PathRole::Line, &line.0);
            }
        }
        Shape::Polygon(p) => polygon(p, visit),
        Shape::MultiPolygon(polygons) => {
            for p in &polygons.0 {
                polygon(p, visit);
            }
        }
        Shape::Rect(rect) => polygon(&rect.to_polygon(), visit),
        Shape::Triangle(triangle) => polygon(&triangle.to_polygon(), visit),
        Shape::GeometryCollection(shapes) => {
            for shape in &shapes.0 {
                visit_paths(shape, visit);
            }
        }
    }
}
