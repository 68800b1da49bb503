//! Areas of features, whole or within the area of a query, in the CRS asked for.

use spatial::query::{Area, QueryFault, Side};
use spatial::{
    Collection, Crs, CrsError, CrsRegistry, FeatureRef, Geometry, OverlayOp, Projector, measure,
    overlay,
};

use super::AreaCrs;
use super::search::fault;
use crate::EngineError;

/// Measures areas of one collection.
#[derive(Debug)]
pub(crate) struct AreaMeasure {
    /// Where geometries go to be measured; absent when that is the storage CRS.
    projector: Option<Projector>,
    /// Whether they are measured on the ellipsoid then, or else on the plane.
    geodesic: bool,
    /// Square metres a squared unit.
    square_metres: f64,
}

impl AreaMeasure {
    pub(crate) fn new(
        crs: &AreaCrs,
        collection: &Collection,
        registry: &CrsRegistry,
    ) -> Result<Self, EngineError> {
        let square_metres = crs.square_metres(registry)?;
        let to = match crs {
            AreaCrs::Plane(plane) if *plane == collection.crs => None,
            AreaCrs::Plane(plane) => Some(plane),
            AreaCrs::Geodesic => Some(&Crs::CGCS2000),
        };
        let projector = to.map(|to| {
            registry.projector(&collection.crs, to).map_err(|error| EngineError::Unmeasurable {
                what: format!("areas of {} in {crs}: {error}", collection.id),
            })
        });
        let projector = projector.transpose()?.filter(|projector| !projector.is_identity());
        Ok(Self { projector, geodesic: *crs == AreaCrs::Geodesic, square_metres })
    }

    /// Whether areas are those of the storage CRS, so that its sums serve.
    pub(crate) fn is_storage_plane(&self) -> bool {
        self.projector.is_none() && !self.geodesic
    }

    /// Square metres of so many squared units of the storage CRS, where that is the plane.
    pub(crate) fn of_units(&self, area: f64) -> f64 {
        area * self.square_metres
    }

    /// Area of a whole feature.
    pub(crate) fn whole(&self, feature: FeatureRef<'_>) -> Result<f64, EngineError> {
        if self.is_storage_plane() {
            return Ok(self.of_units(feature.area()));
        }
        match self.projector {
            None => Ok(measure::geodesic_area_of(feature)),
            Some(_) => feature.geometry().map_or(Ok(0.0), |geometry| self.geometry(geometry)),
        }
    }

    /// Area of the part of a feature that lies in `area`.
    pub(crate) fn inside(&self, feature: FeatureRef<'_>, area: &Area) -> Result<f64, EngineError> {
        let refused = |found| fault(QueryFault::Geometry { id: feature.id(), fault: found });
        if self.is_storage_plane() {
            return Ok(self.of_units(area.common_area(feature).map_err(refused)?));
        }
        match area.side(&feature.envelope()) {
            Side::Inside => return self.whole(feature),
            Side::Outside => return Ok(0.0),
            Side::Boundary => {}
        }
        let pieces = area.common_boundary(feature).map_err(refused)?;
        match self.bounded(pieces)? {
            Some(area) => Ok(area.max(0.0)),
            None => self.cut(feature, area),
        }
    }

    /// Area that pieces of a boundary in the storage CRS bound; none where they are too long.
    fn bounded(&self, mut pieces: Vec<[[f64; 2]; 2]>) -> Result<Option<f64>, EngineError> {
        if let Some(projector) = &self.projector {
            projector.project_all(pieces.as_flattened_mut()).map_err(unmeasurable)?;
        }
        Ok(match self.geodesic {
            true => measure::geodesic_bounded_area(&pieces),
            false => Some(self.of_units(measure::bounded_area(&pieces))),
        })
    }

    /// Area of the part of a feature that lies in `area`, cut out.
    pub(super) fn cut(&self, feature: FeatureRef<'_>, area: &Area) -> Result<f64, EngineError> {
        let Some(shape) = feature.shape() else { return Ok(0.0) };
        let cut = overlay(OverlayOp::Intersection, &shape, area.shape()).map_err(|fault| {
            let reason = format!("feature {}: {fault}", feature.id());
            EngineError::UnusableGeometry { reason, at: None }
        })?;
        self.geometry(cut.geometry)
    }

    /// Area of a geometry in the storage CRS.
    pub(crate) fn geometry(&self, mut geometry: Geometry) -> Result<f64, EngineError> {
        if let Some(projector) = &self.projector {
            projector.project_geometry(&mut geometry).map_err(unmeasurable)?;
        }
        Ok(match self.geodesic {
            true => measure::geodesic_area(&geometry),
            false => self.of_units(measure::area(&geometry)),
        })
    }
}

fn unmeasurable(error: CrsError) -> EngineError {
    EngineError::Unmeasurable { what: format!("an area: {error}") }
}
