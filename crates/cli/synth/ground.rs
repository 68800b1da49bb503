//! From EPSG:4548 metres to features in the CRS that is asked for.

use geo_types::{Coord, Geometry as Shape, LineString, Point, Polygon};
use spatial::{Crs, CrsKind, CrsRegistry, Feature, Geometry, Projector, Value};

use super::SynthError;

/// The CRS in which everything is laid out.
pub(super) const NATIVE: Crs = Crs::Epsg(4548);

/// The way to the CRS that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    projector: Projector,
    /// Coordinates are rounded to this part of a unit: angles to 1e-9° (0.1 mm), which also
    /// hides how the machine's sine rounds; metres to the millimetre.
    scale: f64,
}

impl Ground {
    pub fn new(crs: &Crs) -> Result<Self, SynthError> {
        let registry = CrsRegistry::default();
        let is_angle = registry.facts(crs)?.kind == CrsKind::Geographic;
        let projector = registry.projector(&NATIVE, crs)?;
        Ok(Self { projector, scale: if is_angle { 1e9 } else { 1e3 } })
    }

    /// The CRS of the features.
    pub fn crs(&self) -> &Crs {
        self.projector.to()
    }

    /// A feature with a polygon of one closed ring.
    pub fn polygon(
        &self,
        mut ring: Vec<[f64; 2]>,
        properties: Vec<Value>,
    ) -> Result<Feature, SynthError> {
        ring.pop();
        let coords = self.project(ring)?;
        Ok(polygon(coords.iter().chain(coords.first()).copied(), properties))
    }

    /// A feature with a line.
    pub fn line(&self, line: Vec<[f64; 2]>, properties: Vec<Value>) -> Result<Feature, SynthError> {
        Ok(feature(LineString(self.project(line)?).into(), properties))
    }

    /// A feature with a point.
    pub fn point(&self, point: [f64; 2], properties: Vec<Value>) -> Result<Feature, SynthError> {
        let coords = self.project(vec![point])?;
        Ok(feature(Point(coords[0]).into(), properties))
    }

    /// The coordinates of these points in the CRS that is asked for.
    pub fn project(&self, mut points: Vec<[f64; 2]>) -> Result<Vec<Coord>, SynthError> {
        self.projector.project_all(&mut points)?;
        let rounded = |value: f64| (value * self.scale).round() / self.scale;
        Ok(points.iter().map(|[x, y]| Coord { x: rounded(*x), y: rounded(*y) }).collect())
    }
}

/// A feature with a polygon of one closed ring of projected coordinates.
pub(super) fn polygon(ring: impl Iterator<Item = Coord>, properties: Vec<Value>) -> Feature {
    feature(Polygon::new(LineString(ring.collect()), Vec::new()).into(), properties)
}

fn feature(shape: Shape<f64>, properties: Vec<Value>) -> Feature {
    Feature { id: None, geometry: Some(Geometry::from(shape)), properties }
}

/// Planar area of a closed counter-clockwise ring.
pub(super) fn area(mut ring: impl Iterator<Item = [f64; 2]>) -> f64 {
    // From the first vertex, so that millions of metres do not eat the digits.
    let Some([x, y]) = ring.next() else { return 0.0 };
    let mut before = [0.0, 0.0];
    let mut twice = 0.0;
    for point in ring {
        let next = [point[0] - x, point[1] - y];
        twice += before[0] * next[1] - next[0] * before[1];
        before = next;
    }
    twice / 2.0
}

/// Planar length of a line.
pub(super) fn length(line: &[[f64; 2]]) -> f64 {
    line.windows(2)
        .map(|pair| {
            let [dx, dy] = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
            (dx * dx + dy * dy).sqrt()
        })
        .sum()
}
