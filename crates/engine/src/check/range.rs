//! Which numbers can be coordinates of a CRS: degrees of the globe, or metres of a plane near the
//! area that it is made for.

use spatial::zones::ChinaDatum;
use spatial::{Crs, CrsKind, CrsRegistry, Projector};

/// The range of one CRS. East first.
#[derive(Clone, Debug)]
pub(crate) struct Range(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Globe,
    Plane(Projector),
}

impl Range {
    /// The range of `crs`; `None` where nothing is known of it.
    pub(crate) fn of(registry: &CrsRegistry, crs: &Crs) -> Option<Self> {
        if registry.facts(crs).ok()?.kind == CrsKind::Geographic {
            return Some(Self(Kind::Globe));
        }
        // A datum has its own longitudes and latitudes: no shift is needed to judge.
        let geographic = match crs {
            Crs::Epsg(code) => ChinaDatum::of(*code).map_or(4326, ChinaDatum::geographic),
            Crs::Site(_) => 4326,
        };
        let back = registry.projector(crs, &Crs::Epsg(geographic)).ok()?;
        Some(Self(Kind::Plane(back)))
    }

    /// Whether a point can lie in the CRS.
    pub(crate) fn holds(&self, [x, y]: [f64; 2]) -> bool {
        match &self.0 {
            Kind::Globe => x.abs() <= 180.0 && y.abs() <= 90.0,
            Kind::Plane(back) => back.project([x, y]).is_ok(),
        }
    }
}
