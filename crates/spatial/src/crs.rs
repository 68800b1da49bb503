//! Coordinate reference systems by name.

use std::fmt;

/// A CRS that a collection can be stored in. Coordinates are east, north here, whatever the
/// authority's axis order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Crs {
    /// A code of the EPSG registry. OGC:CRS84 is `Epsg(4326)`.
    Epsg(u32),
    /// A local grid that only the operator's configuration defines.
    Site(String),
}

impl Crs {
    /// CGCS2000, longitude and latitude in degrees.
    pub const CGCS2000: Self = Self::Epsg(4490);
    /// WGS 84, longitude and latitude in degrees.
    pub const WGS84: Self = Self::Epsg(4326);
    /// Web Mercator, metres.
    pub const WEB_MERCATOR: Self = Self::Epsg(3857);
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
            Self::Site(name) => write!(f, "site:{name}"),
        }
    }
}
