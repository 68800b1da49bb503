//! Takes a geometry into another CRS with its edges: a straight edge there is a curve here, and
//! gets as many vertices as keep it within a centimetre.

use geo_types::{Coord, Geometry as Shape, LineString, Polygon};
use thiserror::Error;

use crate::{CrsError, Projector};

/// Most vertices that a geometry may get between its own.
pub const MAX_DENSE_VERTICES: usize = 200_000;
/// How often an edge may be halved.
const MAX_HALVINGS: u32 = 20;

/// Why a geometry cannot be taken into another CRS.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DensifyError {
    /// A point has no place there.
    #[error(transparent)]
    Projection(#[from] CrsError),
    /// Its edges are too long.
    #[error("its edges would need more than {MAX_DENSE_VERTICES} vertices; use a smaller one")]
    TooManyVertices,
}

/// `shape` in the CRS that `projector` leads to: no point of an edge lies more than a
/// centimetre beside the edge as it was drawn, straight, in the CRS it comes from.
pub fn densify(shape: &Shape<f64>, projector: &Projector) -> Result<Shape<f64>, DensifyError> {
    if projector.is_identity() {
        return Ok(shape.clone());
    }
    let place =
        |coord: Coord<f64>| projector.project([coord.x, coord.y]).map(|[x, y]| Coord { x, y });
    Densifier::new(&place, projector.centimetre(), 0.0).shape(shape)
}

/// Takes shapes to where `place` puts their points.
pub(crate) struct Densifier<'a> {
    place: &'a dyn Fn(Coord<f64>) -> Result<Coord<f64>, CrsError>,
    /// How far an edge may be off, in the unit of the target.
    tolerance: f64,
    /// Edges as short as this, in the unit that shapes come in, are straight there too.
    straight: f64,
    /// Vertices that it may still get.
    left: usize,
}

impl<'a> Densifier<'a> {
    /// Shapes may get [`MAX_DENSE_VERTICES`] together.
    pub(crate) fn new(
        place: &'a dyn Fn(Coord<f64>) -> Result<Coord<f64>, CrsError>,
        tolerance: f64,
        straight: f64,
    ) -> Self {
        Self { place, tolerance, straight, left: MAX_DENSE_VERTICES }
    }

    /// The same, of which so many are left.
    pub(crate) fn within(self, left: usize) -> Self {
        Self { left, ..self }
    }

    /// How many are left.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    pub(crate) fn shape(&mut self, shape: &Shape<f64>) -> Result<Shape<f64>, DensifyError> {
        Ok(match shape {
            Shape::Point(point) => Shape::Point(self.coord(point.0)?.into()),
            Shape::MultiPoint(points) => {
                let points: Result<Vec<_>, _> =
                    points.0.iter().map(|point| self.coord(point.0).map(Into::into)).collect();
                Shape::MultiPoint(geo_types::MultiPoint(points?))
            }
            Shape::Line(line) => Shape::LineString(self.path(&[line.start, line.end])?),
            Shape::LineString(line) => Shape::LineString(self.path(&line.0)?),
            Shape::MultiLineString(lines) => {
                let lines: Result<Vec<_>, _> =
                    lines.0.iter().map(|line| self.path(&line.0)).collect();
                Shape::MultiLineString(geo_types::MultiLineString(lines?))
            }
            Shape::Polygon(polygon) => Shape::Polygon(self.polygon(polygon)?),
            Shape::MultiPolygon(polygons) => {
                let polygons: Result<Vec<_>, _> =
                    polygons.0.iter().map(|p| self.polygon(p)).collect();
                Shape::MultiPolygon(geo_types::MultiPolygon(polygons?))
            }
            Shape::Rect(rect) => Shape::Polygon(self.polygon(&rect.to_polygon())?),
            Shape::Triangle(triangle) => Shape::Polygon(self.polygon(&triangle.to_polygon())?),
            Shape::GeometryCollection(shapes) => {
                let shapes: Result<Vec<_>, _> =
                    shapes.0.iter().map(|shape| self.shape(shape)).collect();
                Shape::GeometryCollection(geo_types::GeometryCollection(shapes?))
            }
        })
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) -> Result<Polygon<f64>, DensifyError> {
        let exterior = self.path(&polygon.exterior().0)?;
        let holes: Result<Vec<_>, _> =
            polygon.interiors().iter().map(|hole| self.path(&hole.0)).collect();
        Ok(Polygon::new(exterior, holes?))
    }

    fn path(&mut self, coords: &[Coord<f64>]) -> Result<LineString<f64>, DensifyError> {
        let Some(first) = coords.first() else { return Ok(LineString(Vec::new())) };
        let mut path = vec![self.coord(*first)?];
        for edge in coords.windows(2) {
            let start = path.last().copied().unwrap_or(*first);
            let end = self.coord(edge[1])?;
            self.edge([edge[0], edge[1]], [start, end], &mut |point| path.push(point))?;
            path.push(end);
        }
        Ok(LineString(path))
    }

    /// Tells what must stand between the ends of an edge, `from` before and `to` after.
    pub(crate) fn edge(
        &mut self,
        from: [Coord<f64>; 2],
        to: [Coord<f64>; 2],
        push: &mut dyn FnMut(Coord<f64>),
    ) -> Result<(), DensifyError> {
        let along = from[1] - from[0];
        if along.x * along.x + along.y * along.y <= self.straight * self.straight {
            return Ok(());
        }
        self.halved(from, to, MAX_HALVINGS, push)
    }

    fn halved(
        &mut self,
        from: [Coord<f64>; 2],
        to: [Coord<f64>; 2],
        halvings: u32,
        push: &mut dyn FnMut(Coord<f64>),
    ) -> Result<(), DensifyError> {
        let at = |share: f64| from[0] + (from[1] - from[0]) * share;
        // An S has its middle on the chord: the quarters tell.
        let place = self.place;
        let quarters = [place(at(0.25))?, place(at(0.5))?, place(at(0.75))?];
        let straight = quarters.iter().all(|point| beside(*point, to) <= self.tolerance);
        if straight || halvings == 0 {
            return Ok(());
        }
        let (middle, placed) = (at(0.5), quarters[1]);
        self.count()?;
        self.halved([from[0], middle], [to[0], placed], halvings - 1, push)?;
        push(placed);
        self.halved([middle, from[1]], [placed, to[1]], halvings - 1, push)
    }

    fn coord(&self, coord: Coord<f64>) -> Result<Coord<f64>, DensifyError> {
        Ok((self.place)(coord)?)
    }

    fn count(&mut self) -> Result<(), DensifyError> {
        self.left = self.left.checked_sub(1).ok_or(DensifyError::TooManyVertices)?;
        Ok(())
    }
}

/// Distance of `point` from the segment.
fn beside(point: Coord<f64>, [start, end]: [Coord<f64>; 2]) -> f64 {
    let (along, offset) = (end - start, point - start);
    let length = along.x * along.x + along.y * along.y;
    let share = if length > 0.0 {
        ((offset.x * along.x + offset.y * along.y) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (offset.x - along.x * share).hypot(offset.y - along.y * share)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use geo_types::{line_string, polygon};

    use super::*;
    use crate::{Crs, CrsRegistry};

    fn projector(from: u32, to: u32) -> Projector {
        CrsRegistry::default().projector(&Crs::Epsg(from), &Crs::Epsg(to)).unwrap()
    }

    #[test]
    fn every_point_of_an_edge_keeps_within_a_centimetre() {
        let projector = projector(4490, 4548);
        let ends = [[115.5, 39.0], [118.2, 41.3]];
        let line: Shape<f64> = line_string![(x: 115.5, y: 39.0), (x: 118.2, y: 41.3)].into();
        let Shape::LineString(dense) = densify(&line, &projector).unwrap() else {
            panic!("a line")
        };
        assert!(dense.0.len() > 100, "{} vertices", dense.0.len());
        for step in 0..=10_000 {
            let share = f64::from(step) / 10_000.0;
            let [x, y] = projector
                .project([
                    ends[0][0] + (ends[1][0] - ends[0][0]) * share,
                    ends[0][1] + (ends[1][1] - ends[0][1]) * share,
                ])
                .unwrap();
            let nearest = dense
                .0
                .windows(2)
                .map(|edge| beside(Coord { x, y }, [edge[0], edge[1]]))
                .fold(f64::INFINITY, f64::min);
            assert!(nearest <= 0.0101, "{nearest} m at {share}");
        }
    }

    #[test]
    fn straight_edges_get_no_vertices() {
        let parcel: Shape<f64> = polygon![
            (x: 116.0, y: 39.0), (x: 116.0001, y: 39.0), (x: 116.0001, y: 39.0001), (x: 116.0, y: 39.0),
        ]
        .into();
        let Shape::Polygon(dense) = densify(&parcel, &projector(4490, 4548)).unwrap() else {
            panic!("a polygon")
        };
        assert_eq!(dense.exterior().0.len(), 4);
        assert_eq!(dense.exterior().0[0], dense.exterior().0[3]);
        let same = densify(&parcel, &projector(4490, 4490)).unwrap();
        assert_eq!(same, parcel);
    }

    #[test]
    fn what_lies_elsewhere_is_refused() {
        let far: Shape<f64> = line_string![(x: 10.0, y: 39.0), (x: 116.0, y: 39.0)].into();
        assert!(matches!(
            densify(&far, &projector(4490, 4548)),
            Err(DensifyError::Projection(CrsError::OutsideArea { .. }))
        ));
    }
}
