//! Geometries as a writer gives them: in which coordinate system, and how they get into the store's.

use spatial::{Collection, Crs, Geometry, Projector};

use crate::check::{Defects, Range};
use crate::shown::is_lon_lat;
use crate::{Defect, Engine, EngineError};

/// The way of geometries from one CRS into the storage CRS of one collection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Given {
    projector: Projector,
    range: Option<Range>,
    crs: String,
}

impl Given {
    /// The geometry, east first, in the storage CRS; or every path with a vertex that cannot lie
    /// in the CRS given, places being JSON pointers into the geometry.
    pub fn store(&self, mut geometry: Geometry) -> Result<Geometry, Vec<Defect>> {
        let mut defects = Defects::default();
        if let Some(range) = &self.range {
            defects.check_range("", &geometry, range, &self.crs);
        }
        if !defects.0.is_empty() {
            return Err(defects.0);
        }
        match self.projector.project_geometry(&mut geometry) {
            Ok(()) => Ok(geometry),
            Err(error) => {
                defects.add("", &format!("it has no coordinates in the storage CRS: {error}"));
                Err(defects.0)
            }
        }
    }
}

impl Engine {
    /// The way of geometries given in `crs` into `collection`.
    pub fn given(&self, collection: &Collection, crs: &Crs) -> Result<Given, EngineError> {
        let same_angles = is_lon_lat(crs) && is_lon_lat(&collection.crs);
        let from = if same_angles { &collection.crs } else { crs };
        let projector = self.registry().projector(from, &collection.crs).map_err(|error| {
            EngineError::NotOnTheMap { id: collection.id.clone(), reason: error.to_string() }
        })?;
        Ok(Given { projector, range: Range::of(self.registry(), crs), crs: crs.to_string() })
    }
}
