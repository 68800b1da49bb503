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
        ring: Vec<[f64; 2]>,
        properties: Vec<Value>,
    ) -> Result<Feature, SynthError> {
        let exterior = self.project(ring)?;
        Ok(feature(Polygon::new(exterior, Vec::new()).into(), properties))
    }

    /// A feature with a line.
    pub fn line(&self, line: Vec<[f64; 2]>, properties: Vec<Value>) -> Result<Feature, SynthError> {
        Ok(feature(self.project(line)?.into(), properties))
    }

    /// A feature with a point.
    pub fn point(&self, point: [f64; 2], properties: Vec<Value>) -> Result<Feature, SynthError> {
        let line = self.project(vec![point])?;
        Ok(feature(Point(line.0[0]).into(), properties))
    }

    fn project(&self, mut points: Vec<[f64; 2]>) -> Result<LineString<f64>, SynthError> {
        self.projector.project_all(&mut points)?;
        let rounded = |value: f64| (value * self.scale).round() / self.scale;
        let coords = points.iter().map(|[x, y]| Coord { x: rounded(*x), y: rounded(*y) });
        Ok(LineString(coords.collect()))
    }
}

fn feature(shape: Shape<f64>, properties: Vec<Value>) -> Feature {
    Feature { id: None, geometry: Some(Geometry::from(shape)), properties }
}

/// Planar area of a closed counter-clockwise ring.
pub(super) fn area(ring: &[[f64; 2]]) -> f64 {
    // From the first vertex, so that millions of metres do not eat the digits.
    let [x, y] = ring[0];
    let twice: f64 = ring
        .windows(2)
        .map(|pair| {
            let [a, b] = [[pair[0][0] - x, pair[0][1] - y], [pair[1][0] - x, pair[1][1] - y]];
            a[0] * b[1] - b[0] * a[1]
        })
        .sum();
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
