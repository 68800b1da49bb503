//! Geometries as a reader gets them: in which coordinate systems, and how they get there.

use spatial::zones::{ChinaDatum, Zone, ZoneWidth};
use spatial::{Collection, Crs, CrsKind, Envelope, FeatureId, FeatureRef, Geometry, Projector};

use crate::{Engine, EngineError};

/// Steps that projected ordinates are rounded to: a hundredth of a millimetre. What lies below
/// is noise of the projection.
const STEPS_A_DEGREE: f64 = 1e10;
const STEPS_A_METRE: f64 = 1e5;

/// Geometries of one collection in one CRS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shown {
    projector: Projector,
    steps: f64,
}

impl Shown {
    /// The geometry of `feature`, east first; absent when it has none. Unless the CRS is that
    /// of the collection, ordinates are rounded far below a millimetre.
    pub fn geometry(&self, feature: FeatureRef<'_>) -> Result<Option<Geometry>, EngineError> {
        feature.geometry().map(|geometry| self.project(feature.id(), geometry)).transpose()
    }

    /// `geometry`, which is or was that of the feature `id` in the CRS of the collection.
    pub fn project(&self, id: FeatureId, mut geometry: Geometry) -> Result<Geometry, EngineError> {
        if !self.projector.is_identity() {
            self.projector.project_geometry(&mut geometry).map_err(|error| {
                EngineError::Internal { what: format!("feature {id}: {error}") }
            })?;
            self.round(&mut geometry);
        }
        Ok(geometry)
    }

    fn round(&self, geometry: &mut Geometry) {
        use geo::MapCoordsInPlace;
        let round = |ordinate: f64| (ordinate * self.steps).round() / self.steps;
        geometry.shape.map_coords_in_place(|c| geo_types::Coord { x: round(c.x), y: round(c.y) });
    }
}

impl Engine {
    /// The way of geometries of `collection` to `crs`.
    pub fn shown(&self, collection: &Collection, crs: &Crs) -> Result<Shown, EngineError> {
        let fail = |error: spatial::CrsError| EngineError::NotOnTheMap {
            id: collection.id.clone(),
            reason: error.to_string(),
        };
        let same_angles = is_lon_lat(crs) && is_lon_lat(&collection.crs);
        let target = if same_angles { &collection.crs } else { crs };
        let projector = self.registry().projector(&collection.crs, target).map_err(fail)?;
        let steps = match self.registry().facts(crs).map_err(fail)?.kind {
            CrsKind::Geographic => STEPS_A_DEGREE,
            CrsKind::Projected => STEPS_A_METRE,
        };
        Ok(Shown { projector, steps })
    }

    /// The coordinate systems that geometries of `collection` can be had in: WGS 84, Web
    /// Mercator, CGCS2000, the 3° zone of its middle with and without the zone's number, and
    /// the one it is stored in.
    pub fn offered_crs(&self, collection: &Collection) -> Vec<Crs> {
        let mut wanted = vec![Crs::WGS84, Crs::WEB_MERCATOR, Crs::CGCS2000];
        let middle = self.lon_lat_of_middle(collection);
        for prefixed in [true, false] {
            let zone = middle.map(|[lon, _]| Zone {
                datum: ChinaDatum::Cgcs2000,
                width: ZoneWidth::Three,
                number: (lon / 3.0).round().clamp(0.0, 60.0) as u32,
                prefixed,
            });
            wanted.extend(zone.and_then(|zone| zone.code()).map(Crs::Epsg));
        }
        wanted.push(collection.crs.clone());
        let mut offered = Vec::with_capacity(wanted.len());
        for crs in wanted {
            if !offered.contains(&crs) && self.reaches(collection, &crs) {
                offered.push(crs);
            }
        }
        offered
    }

    fn lon_lat_of_middle(&self, collection: &Collection) -> Option<[f64; 2]> {
        let projector = self.registry().projector(&collection.crs, &Crs::WGS84).ok()?;
        projector.project(collection.extent.center()).ok()
    }

    /// Whether the whole extent has coordinates in `crs`.
    fn reaches(&self, collection: &Collection, crs: &Crs) -> bool {
        let extent: Envelope = collection.extent;
        let Ok(projector) = self.registry().projector(&collection.crs, crs) else { return false };
        let corners = [
            [extent.min_x, extent.min_y],
            [extent.max_x, extent.min_y],
            [extent.max_x, extent.max_y],
            [extent.min_x, extent.max_y],
        ];
        extent.is_empty() || corners.into_iter().all(|corner| projector.project(corner).is_ok())
    }
}

/// Longitude and latitude of WGS 84 or CGCS2000, which are taken alike.
pub(crate) fn is_lon_lat(crs: &Crs) -> bool {
    *crs == Crs::WGS84 || *crs == Crs::CGCS2000
}
