//! The geometry of a feature in memory, as geo-types shapes again.

use geo_types::{
    Coord, Geometry as Shape, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use crate::geometry::PathRole;
use crate::{Feature, FeatureRef, Geometry, GeometryType};

impl FeatureRef<'_> {
    /// The geometry as it was put in, `None` for a placeless feature. Nested collections come
    /// back flat.
    pub fn geometry(self) -> Option<Geometry> {
        let shape = self.shape()?;
        Some(Geometry { shape, z: self.z().to_vec(), m: self.m().to_vec() })
    }

    /// The plane shape of [`FeatureRef::geometry`].
    pub fn shape(self) -> Option<Shape<f64>> {
        let declared = self.geometry_type()?;
        let mut parts = Parts::default();
        for path in self.paths() {
            parts.push(path.role, path.coords);
        }
        let Parts { points, lines, polygons, mixed } = parts;
        Some(match declared {
            GeometryType::Point => match points.as_slice() {
                [point] => Shape::Point(*point),
                _ => Shape::MultiPoint(MultiPoint(points)),
            },
            GeometryType::MultiPoint => Shape::MultiPoint(MultiPoint(points)),
            GeometryType::LineString => match <[_; 1]>::try_from(lines) {
                Ok([line]) => Shape::LineString(line),
                Err(lines) => Shape::MultiLineString(MultiLineString(lines)),
            },
            GeometryType::MultiLineString => Shape::MultiLineString(MultiLineString(lines)),
            GeometryType::Polygon => match <[_; 1]>::try_from(polygons) {
                Ok([polygon]) => Shape::Polygon(polygon),
                Err(polygons) => Shape::MultiPolygon(MultiPolygon(polygons)),
            },
            GeometryType::MultiPolygon => Shape::MultiPolygon(MultiPolygon(polygons)),
            GeometryType::Any => Shape::GeometryCollection(mixed.into()),
        })
    }

    /// The feature on its own.
    pub fn to_feature(self) -> Feature {
        let values =
            self.shard.body.columns.iter().map(|column| column.value(self.slot).to_value());
        Feature { id: Some(self.id()), geometry: self.geometry(), properties: values.collect() }
    }
}

/// Paths sorted by what they become; `mixed` holds all of them in their order.
#[derive(Default)]
struct Parts {
    points: Vec<Point<f64>>,
    lines: Vec<LineString<f64>>,
    polygons: Vec<Polygon<f64>>,
    mixed: Vec<Shape<f64>>,
}

impl Parts {
    fn push(&mut self, role: PathRole, coords: &[[f64; 2]]) {
        let line = || LineString(coords.iter().map(|&[x, y]| Coord { x, y }).collect());
        match role {
            PathRole::Points => {
                let points: Vec<Point<f64>> = coords.iter().copied().map(Point::from).collect();
                self.mixed.extend(points.iter().copied().map(Shape::Point));
                self.points.extend(points);
            }
            PathRole::Line => {
                self.mixed.push(Shape::LineString(line()));
                self.lines.push(line());
            }
            PathRole::Exterior => {
                let polygon = Polygon::new(line(), Vec::new());
                self.mixed.push(Shape::Polygon(polygon.clone()));
                self.polygons.push(polygon);
            }
            PathRole::Hole => {
                if let Some(polygon) = self.polygons.last_mut() {
                    polygon.interiors_push(line());
                }
                if let Some(Shape::Polygon(polygon)) = self.mixed.last_mut() {
                    polygon.interiors_push(line());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use geo_types::{line_string, point, polygon};

    use super::*;
    use crate::{FeatureId, ShardBuilder};

    #[test]
    fn a_geometry_comes_back_as_it_was() {
        let holed: Polygon<f64> = polygon!(
            exterior: [(x: 0., y: 0.), (x: 9., y: 0.), (x: 9., y: 9.), (x: 0., y: 0.)],
            interiors: [[(x: 5., y: 1.), (x: 6., y: 1.), (x: 6., y: 2.), (x: 5., y: 1.)]],
        );
        let line: LineString<f64> = line_string![(x: 0., y: 0.), (x: 1., y: 1.)];
        let shapes: [Shape<f64>; 7] = [
            point!(x: 1., y: 2.).into(),
            MultiPoint(vec![point!(x: 1., y: 2.)]).into(),
            line.clone().into(),
            MultiLineString(vec![line.clone()]).into(),
            holed.clone().into(),
            MultiPolygon(vec![holed.clone(), holed.clone()]).into(),
            Shape::GeometryCollection(vec![Shape::from(line), Shape::from(holed)].into()),
        ];
        let mut builder = ShardBuilder::new(&[], 8);
        let geometries: Vec<Geometry> = shapes
            .into_iter()
            .map(|shape| {
                let mut geometry = Geometry::from(shape);
                geometry.z = vec![1.5; geometry.vertex_count()];
                geometry
            })
            .collect();
        let id = |n: usize| FeatureId::try_from(n as i64 + 1).unwrap();
        for (number, geometry) in geometries.iter().enumerate() {
            builder.push(
                id(number),
                Some(geometry),
                &|c, w| w.extend(c.iter().map(|_| [0; 2])),
                [],
            );
        }
        builder.push(id(7), None, &|_, _| {}, []);
        let shard = builder.finish();
        for (slot, geometry) in geometries.iter().enumerate() {
            assert_eq!(shard.feature(slot).geometry().as_ref(), Some(geometry));
        }
        assert_eq!(shard.feature(7).geometry(), None);
    }

    #[test]
    fn the_area_on_the_world_grid_is_that_of_exteriors_without_holes() {
        let holed: Polygon<f64> = polygon!(
            exterior: [(x: 0., y: 0.), (x: 90., y: 0.), (x: 90., y: 80.), (x: 0., y: 80.)],
            interiors: [[(x: 5., y: 1.), (x: 5., y: 11.), (x: 25., y: 11.), (x: 25., y: 1.)]],
        );
        let line: LineString<f64> = line_string![(x: 0., y: 0.), (x: 1., y: 1.), (x: 0., y: 4.)];
        let twice = MultiPolygon(vec![holed.clone(), holed.clone()]);
        let mut builder = ShardBuilder::new(&[], 3);
        let shapes = [Shape::from(holed), Shape::from(line), Shape::from(twice)];
        for (shape, id) in shapes.into_iter().zip(1..) {
            let to_world = |coords: &[[f64; 2]], world: &mut Vec<_>| {
                world.extend(coords.iter().map(|c| c.map(|v| 1_000 + v as u32)));
            };
            let id = FeatureId::try_from(id).unwrap();
            builder.push(id, Some(&Geometry::from(shape)), &to_world, []);
        }
        let shard = builder.finish();
        let mut again = ShardBuilder::new(&[], 3);
        (0..3).for_each(|slot| again.push_ref(shard.feature(slot)));
        for shard in [&shard, &again.finish()] {
            let areas = [0, 1, 2].map(|slot| shard.feature(slot).world_area());
            assert_eq!(areas, [7_000.0, 0.0, 14_000.0]);
        }
    }
}
