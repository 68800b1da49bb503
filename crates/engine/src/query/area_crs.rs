//! In which CRS areas are measured.

use std::fmt;

use spatial::{Collection, Crs, CrsKind, CrsRegistry, CrsUnit};

use crate::EngineError;

/// World Mercator in its two forms: at 40° north, areas come out 1.7 times too large.
const MERCATOR: [Crs; 2] = [Crs::WEB_MERCATOR, Crs::Epsg(3395)];

/// What areas are measured in. They are square metres either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AreaCrs {
    /// On the plane of a projected CRS.
    Plane(Crs),
    /// On the ellipsoid of CGCS2000.
    Geodesic,
}

impl fmt::Display for AreaCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plane(crs) => crs.fmt(f),
            Self::Geodesic => f.write_str("geodesic"),
        }
    }
}

impl AreaCrs {
    /// What areas of a collection are measured in when nothing is asked for: its own plane where
    /// that is one of metres, else the ellipsoid.
    pub(crate) fn of(collection: &Collection, registry: &CrsRegistry) -> Self {
        match square_metres(&collection.crs, registry) {
            Ok(_) => Self::Plane(collection.crs.clone()),
            Err(_) => Self::Geodesic,
        }
    }

    /// Square metres a squared unit of the plane; refused for a CRS whose areas mean nothing.
    pub(super) fn square_metres(&self, registry: &CrsRegistry) -> Result<f64, EngineError> {
        match self {
            Self::Geodesic => Ok(1.0),
            Self::Plane(crs) => square_metres(crs, registry).map_err(|reason| {
                EngineError::Unmeasurable { what: format!("areaCrs {crs}: {reason}") }
            }),
        }
    }
}

fn square_metres(crs: &Crs, registry: &CrsRegistry) -> Result<f64, String> {
    if MERCATOR.contains(crs) {
        return Err("areas on the Mercator plane mean nothing; use a Gauss-Krüger zone such as \
                    EPSG:4548, or \"geodesic\""
            .to_owned());
    }
    let facts = registry.facts(crs).map_err(|error| error.to_string())?;
    match (facts.kind, &facts.unit) {
        (CrsKind::Geographic, _) => Err("longitude and latitude have no area; use \"geodesic\", \
                                         or a projected CRS such as EPSG:4548"
            .to_owned()),
        (CrsKind::Projected, CrsUnit::Other { factor, .. }) => Ok(factor * factor),
        (CrsKind::Projected, _) => Ok(1.0),
    }
}
