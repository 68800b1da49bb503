//! Areas on the ground, in square metres, and distances in metres, between features of two
//! collections.

use geo_types::{Coord, Geometry as Shape, LineString};
use spatial::join::JoinOn;
use spatial::query::{Area, MAX_AREA_VERTICES};
use spatial::{
    Envelope, FeatureRef, Geometry, Metric, OverlayFault, OverlayOp, Projector, measure, overlay,
    overlay_area, validity,
};

use super::source::{Ask, Source, position};
use crate::EngineError;
use crate::query::{AreaCrs, AreaMeasure, metric};

/// What is smaller is noise of digitising and of coordinates, in square metres.
pub(super) const NOISE_M2: f64 = 0.01;

/// More square metres than a squared degree has anywhere.
const SQUARE_METRES_A_DEGREE: f64 = 111_700.0 * 111_700.0;

/// Measures areas in the storage CRS of a first collection.
pub(super) struct Ground {
    measure: AreaMeasure,
    mover: Option<Projector>,
}

impl Ground {
    pub(super) fn of(
        ask: &Ask<'_>,
        first: Source<'_>,
        second: Source<'_>,
    ) -> Result<Self, EngineError> {
        let collection = first.held.collection();
        let crs = AreaCrs::of(collection, ask.registry);
        let measure = AreaMeasure::new(&crs, collection, ask.registry)?;
        Ok(Self { measure, mover: ask.mover(second, first)? })
    }

    /// Area of a feature of the first collection.
    pub(super) fn whole(&self, feature: FeatureRef<'_>) -> Result<f64, EngineError> {
        self.measure.whole(feature)
    }

    /// Area of a geometry in the CRS of the first collection.
    pub(super) fn area(&self, geometry: Geometry) -> Result<f64, EngineError> {
        self.measure.geometry(geometry)
    }

    /// The shape of a feature of the second collection in the CRS of the first.
    pub(super) fn moved(&self, feature: FeatureRef<'_>) -> Result<Option<Shape<f64>>, EngineError> {
        let Some(mut geometry) = feature.geometry() else { return Ok(None) };
        if let Some(mover) = &self.mover {
            mover.project_geometry(&mut geometry).map_err(|error| EngineError::Unmeasurable {
                what: format!("feature {}: {error}", feature.id()),
            })?;
        }
        Ok(Some(geometry.shape))
    }

    /// More square metres than two features of the first collection with these boxes can share.
    pub(super) fn at_most(&self, a: &Envelope, b: &Envelope) -> f64 {
        let width = a.max_x.min(b.max_x) - a.min_x.max(b.min_x);
        let height = a.max_y.min(b.max_y) - a.min_y.max(b.min_y);
        let units = width.max(0.0) * height.max(0.0);
        match self.measure.is_storage_plane() {
            true => self.measure.of_units(units),
            // For degrees; of a plane in metres it excludes nothing.
            false => units * SQUARE_METRES_A_DEGREE,
        }
    }

    /// The area that a feature of the first collection and a shape in its CRS have in common.
    pub(super) fn common(
        &self,
        feature: FeatureRef<'_>,
        other: &Shape<f64>,
    ) -> Result<f64, EngineError> {
        let Some(geometry) = feature.geometry() else { return Ok(0.0) };
        // Of valid polygons the pieces of their borders tell it, at a fraction of the cost.
        let area = Area::for_few(&other.clone().into(), MAX_AREA_VERTICES).ok();
        let area = area.filter(|area| area.is_areal() && validity::is_valid(&geometry));
        if let Some(Ok(common)) = area.map(|area| self.measure.inside(feature, &area)) {
            return Ok(common);
        }
        if !self.measure.is_storage_plane() {
            return Ok(self.overlay(OverlayOp::Intersection, &geometry.shape, other)?.1);
        }
        let common = overlay_area(OverlayOp::Intersection, &geometry.shape, other);
        Ok(self.measure.of_units(common.map_err(overlay_fault)?))
    }

    /// What is left of two shapes in the CRS of the first collection, and its area.
    pub(super) fn overlay(
        &self,
        op: OverlayOp,
        a: &Shape<f64>,
        b: &Shape<f64>,
    ) -> Result<(Geometry, f64), EngineError> {
        let left = overlay(op, a, b).map_err(overlay_fault)?;
        let area = match self.measure.is_storage_plane() {
            _ if left.area == 0.0 => 0.0,
            true => self.measure.of_units(left.area),
            false => self.measure.geometry(left.geometry.clone())?,
        };
        Ok((left.geometry, area))
    }
}

fn overlay_fault(fault: OverlayFault) -> EngineError {
    EngineError::UnusableGeometry { reason: fault.to_string(), at: None }
}

/// Measures distances in the storage CRS of a first collection.
pub(super) struct Ruler {
    metric: Metric,
    units: f64,
    mover: Option<Projector>,
}

impl Ruler {
    pub(super) fn of(
        ask: &Ask<'_>,
        first: Source<'_>,
        second: Source<'_>,
    ) -> Result<Self, EngineError> {
        let (metric, units) = metric(&first.held.collection().crs, ask.registry)?;
        Ok(Self { metric, units, mover: ask.mover(second, first)? })
    }

    /// A join that finds whatever [`Ruler::metres`] measures up to `metres`, and hardly more.
    pub(super) fn around(&self, metres: f64) -> JoinOn {
        // The plane of the join is off by 0.02 % at most.
        let distance = (metres * 1.001 + 0.01) * self.units;
        JoinOn::Within { distance, metric: self.metric }
    }

    /// A join of features that are at most so far apart, edge to edge.
    pub(super) fn within(&self, metres: f64) -> JoinOn {
        JoinOn::Within { distance: metres * self.units, metric: self.metric }
    }

    /// Metres between the positions of a feature of the first and one of the second collection.
    pub(super) fn metres(&self, first: FeatureRef<'_>, second: FeatureRef<'_>) -> Option<f64> {
        let (a, mut b) = (position(first)?, position(second)?);
        if let Some(mover) = &self.mover {
            b = mover.project(b).ok()?;
        }
        Some(match self.metric {
            Metric::Plane => (a[0] - b[0]).hypot(a[1] - b[1]) / self.units,
            Metric::Metres => {
                let coord = |[x, y]: [f64; 2]| Coord { x, y };
                let line = Shape::LineString(LineString(vec![coord(a), coord(b)]));
                measure::geodesic_length(&Geometry::from(line))
            }
        })
    }
}
