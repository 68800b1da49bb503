//! The way of coordinates of a collection to WGS 84 and back.

use spatial::{Crs, CrsRegistry, Projector};

use crate::EngineError;
use crate::shown::is_lon_lat;

/// Between a storage CRS and WGS 84; CGCS2000 is taken for it.
pub(super) struct LonLat {
    ways: Option<(Projector, Projector)>,
}

impl LonLat {
    pub(super) fn of(crs: &Crs, registry: &CrsRegistry) -> Result<Self, EngineError> {
        if is_lon_lat(crs) {
            return Ok(Self { ways: None });
        }
        let way = |from: &Crs, to: &Crs| {
            let way = registry.projector(from, to);
            way.map_err(|error| EngineError::Unmeasurable { what: error.to_string() })
        };
        Ok(Self { ways: Some((way(crs, &Crs::WGS84)?, way(&Crs::WGS84, crs)?)) })
    }

    /// Longitude and latitude of coordinates of the storage CRS; none where they have none.
    pub(super) fn lon_lats(&self, coords: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
        let mut coords = coords.to_vec();
        if let Some((out, _)) = &self.ways {
            out.project_all(&mut coords).ok()?;
        }
        Some(coords)
    }

    /// Coordinates of the storage CRS of longitudes and latitudes; none where they have none.
    pub(super) fn to_store(&self, mut coords: Vec<[f64; 2]>) -> Option<Vec<[f64; 2]>> {
        if let Some((_, back)) = &self.ways {
            back.project_all(&mut coords).ok()?;
        }
        Some(coords)
    }
}
