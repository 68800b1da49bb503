//! Mends that keep the remaining vertices as they are, with their Z and M.

use geo_types::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPolygon,
    Polygon,
};

use super::Fix;
use crate::Geometry;
use crate::validity::RingFacts;

/// `geometry` without repeated vertices and without rings and lines that have no extent, rings
/// turned as they are stored. `None` when nothing is left.
pub(super) fn clean(geometry: &Geometry, fixes: &mut Vec<Fix>) -> Option<Geometry> {
    let mut cleaner = Cleaner { geometry, read: 0, z: Vec::new(), m: Vec::new(), fixes };
    let shape = cleaner.shape(&geometry.shape)?;
    Some(Geometry { shape, z: cleaner.z, m: cleaner.m })
}

struct Cleaner<'a> {
    geometry: &'a Geometry,
    /// Vertices read so far: the place of the next one in Z and M.
    read: usize,
    z: Vec<f64>,
    m: Vec<f64>,
    fixes: &'a mut Vec<Fix>,
}

impl Cleaner<'_> {
    fn shape(&mut self, shape: &Shape<f64>) -> Option<Shape<f64>> {
        let some = |count: usize| (count > 0).then_some(());
        Some(match shape {
            Shape::Point(_) => {
                self.points(1);
                shape.clone()
            }
            Shape::MultiPoint(points) => {
                self.points(points.0.len());
                shape.clone()
            }
            Shape::Line(line) => Shape::LineString(self.line(&[line.start, line.end])?),
            Shape::LineString(line) => Shape::LineString(self.line(&line.0)?),
            Shape::MultiLineString(lines) => {
                let kept: Vec<_> = lines.0.iter().filter_map(|line| self.line(&line.0)).collect();
                some(kept.len())?;
                Shape::MultiLineString(MultiLineString(kept))
            }
            Shape::Polygon(polygon) => Shape::Polygon(self.polygon(polygon)?),
            Shape::Rect(rect) => Shape::Polygon(self.polygon(&rect.to_polygon())?),
            Shape::Triangle(triangle) => Shape::Polygon(self.polygon(&triangle.to_polygon())?),
            Shape::MultiPolygon(polygons) => {
                let kept: Vec<_> = polygons.0.iter().filter_map(|p| self.polygon(p)).collect();
                some(kept.len())?;
                Shape::MultiPolygon(MultiPolygon(kept))
            }
            Shape::GeometryCollection(shapes) => {
                let kept: Vec<_> = shapes.0.iter().filter_map(|one| self.shape(one)).collect();
                some(kept.len())?;
                Shape::GeometryCollection(GeometryCollection(kept))
            }
        })
    }

    fn points(&mut self, count: usize) {
        let places: Vec<usize> = (self.read..self.read + count).collect();
        self.keep(&places);
        self.read += count;
    }

    /// Keeps Z and M of the vertices that were read at `places`.
    fn keep(&mut self, places: &[usize]) {
        for (from, to) in [(&self.geometry.z, &mut self.z), (&self.geometry.m, &mut self.m)] {
            if !from.is_empty() {
                to.extend(places.iter().map(|&p| from.get(p).copied().unwrap_or(f64::NAN)));
            }
        }
    }

    /// The places in `path` of vertices that differ from the one before.
    fn distinct(&mut self, path: &[Coord<f64>]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..path.len()).collect();
        places.dedup_by_key(|place| path[*place]);
        if places.len() < path.len() {
            self.fixes.push(Fix::DuplicatePoint);
        }
        places
    }

    fn line(&mut self, line: &[Coord<f64>]) -> Option<LineString<f64>> {
        let places = self.distinct(line);
        if places.len() == 1 {
            self.fixes.push(Fix::DegenerateDropped);
            self.read += line.len();
            return None;
        }
        Some(self.take(line, &places))
    }

    fn take(&mut self, path: &[Coord<f64>], places: &[usize]) -> LineString<f64> {
        let absolute: Vec<usize> = places.iter().map(|place| place + self.read).collect();
        self.keep(&absolute);
        self.read += path.len();
        LineString(places.iter().map(|place| path[*place]).collect())
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) -> Option<Polygon<f64>> {
        let exterior = self.ring(&polygon.exterior().0, false);
        if exterior.is_none() {
            self.read += polygon.interiors().iter().map(|hole| hole.0.len()).sum::<usize>();
            return None;
        }
        let holes = polygon.interiors().iter().filter_map(|hole| self.ring(&hole.0, true));
        let holes = holes.collect();
        exterior.map(|exterior| Polygon::new(exterior, holes))
    }

    fn ring(&mut self, ring: &[Coord<f64>], hole: bool) -> Option<LineString<f64>> {
        let facts = RingFacts::of(ring);
        let mut places = self.distinct(ring);
        if !facts.is_sound() {
            self.fixes.push(Fix::DegenerateDropped);
            self.read += ring.len();
            return None;
        }
        if facts.is_counter_clockwise() == hole {
            self.fixes.push(Fix::WrongWinding);
            places.reverse();
        }
        Some(self.take(ring, &places))
    }
}
