//! Tile matrix sets: how the world is cut into tiles, zoom by zoom (OGC 17-083).
//!
//! Every set is a quadtree over the square world of one CRS. Zoom z of the tree has 2^z columns;
//! a set may leave out the first zooms and the southern half, and may number its matrices
//! otherwise than by zoom. Numbers here are east first; only [`TileMatrixSet::in_axis_order`]
//! knows the authority's order.

use std::ops::RangeInclusive;

use spatial::{AxisOrder, Crs};

/// Units along one side of a tile.
pub const EXTENT: u32 = 4096;
/// Deepest zoom of any tile matrix set; the world grid is 2^20 tile units of zoom 0 a tile unit
/// of zoom 20, and two zooms beyond are drawn by enlarging.
pub const MAX_ZOOM: u8 = 22;
/// Tile and world units coincide at this zoom: 2^20 tiles of [`EXTENT`] units are 2^32.
pub(crate) const UNIT_ZOOM: u8 = 20;
/// Metres of a degree on the sphere that OGC reckons scales by (17-083r4, 6.1.1.1).
pub(crate) const METRES_PER_DEGREE: f64 = spatial::world::MERCATOR_HALF / 180.0;

/// A quadtree of tiles over the square world of one CRS.
#[derive(Debug, PartialEq)]
pub struct TileMatrixSet {
    /// Identifier in URLs.
    pub id: &'static str,
    /// What a reader sees.
    pub title: &'static str,
    /// URI of the definition in OGC's register; none for a set that is not there.
    pub uri: Option<&'static str>,
    /// What documents call the CRS: its URI, of a local one its name alone.
    pub crs: &'static str,
    /// The CRS itself.
    pub coordinates: Crs,
    /// Which axis the authority of the CRS puts first.
    pub axis_order: AxisOrder,
    /// Names of the axes in that order.
    pub axes: [&'static str; 2],
    /// URI of the well-known scale set that it belongs to.
    pub scale_set: Option<&'static str>,
    /// North-western corner, x east and y north, in units of the CRS.
    pub origin: [f64; 2],
    /// Width of the square world, in units of the CRS.
    pub width: f64,
    /// Which part of the square there are tiles of.
    pub part: WorldPart,
    /// Metres a unit of the CRS, for scale denominators.
    pub metres_per_unit: f64,
    /// First zoom of the tree that there are tiles of.
    pub first_zoom: u8,
    /// Last zoom, at most [`MAX_ZOOM`].
    pub last_zoom: u8,
    /// Number that the matrix of the first zoom is called by; the others count on.
    pub first_matrix: u8,
}

/// Which part of the square world there are tiles of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorldPart {
    /// All of it.
    Whole,
    /// The northern half of the square: 180 degrees of latitude beside 360 of longitude. There is
    /// no zoom 0, whose only tile would be too high.
    NorthernHalf,
}

/// Web Mercator, the grid of XYZ tiles.
pub static WEB_MERCATOR_QUAD: TileMatrixSet = TileMatrixSet {
    id: "WebMercatorQuad",
    title: "Google Maps Compatible for the World",
    uri: Some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"),
    crs: "http://www.opengis.net/def/crs/EPSG/0/3857",
    coordinates: Crs::WEB_MERCATOR,
    axis_order: AxisOrder::EastNorth,
    axes: ["X", "Y"],
    scale_set: Some("http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"),
    origin: [-spatial::world::MERCATOR_HALF, spatial::world::MERCATOR_HALF],
    width: 2.0 * spatial::world::MERCATOR_HALF,
    part: WorldPart::Whole,
    metres_per_unit: 1.0,
    first_zoom: 0,
    last_zoom: MAX_ZOOM,
    first_matrix: 0,
};

/// Longitude and latitude of WGS 84: matrices 0 to 17, as the register has them.
pub static WORLD_CRS84_QUAD: TileMatrixSet = TileMatrixSet {
    id: "WorldCRS84Quad",
    title: "CRS84 for the World",
    uri: Some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad"),
    crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    coordinates: Crs::WGS84,
    axis_order: AxisOrder::EastNorth,
    axes: ["Lon", "Lat"],
    scale_set: Some("http://www.opengis.net/def/wkss/OGC/1.0/GoogleCRS84Quad"),
    origin: [-180.0, 90.0],
    width: 360.0,
    part: WorldPart::NorthernHalf,
    metres_per_unit: METRES_PER_DEGREE,
    first_zoom: 1,
    last_zoom: 18,
    first_matrix: 0,
};

/// Longitude and latitude of CGCS2000, numbered as 天地图 numbers its grid "c": matrix 1 has two
/// tiles. Scale denominators are OGC's of 0.28 mm, not those of its capabilities.
pub static CGCS2000_QUAD: TileMatrixSet = TileMatrixSet {
    id: "CGCS2000Quad",
    title: "CGCS2000 longitude and latitude, numbered as Tianditu's grid c",
    uri: None,
    crs: "http://www.opengis.net/def/crs/EPSG/0/4490",
    coordinates: Crs::CGCS2000,
    axis_order: AxisOrder::NorthEast,
    axes: ["Lat", "Lon"],
    scale_set: None,
    origin: [-180.0, 90.0],
    width: 360.0,
    part: WorldPart::NorthernHalf,
    metres_per_unit: METRES_PER_DEGREE,
    first_zoom: 1,
    last_zoom: 21,
    first_matrix: 1,
};

/// Width of the square of a Gauss-Krüger zone, metres: pixels of a power of two of metres.
pub(crate) const ZONE_WIDTH: f64 = 8_388_608.0;

/// The Gauss-Krüger zone of three degrees about 117° E, Beijing's: a square about the central
/// meridian that begins at the equator.
pub static CGCS2000_GK117_QUAD: TileMatrixSet = TileMatrixSet {
    id: "CGCS2000GK117Quad",
    title: "CGCS2000 / 3-degree Gauss-Kruger CM 117E",
    uri: None,
    crs: "http://www.opengis.net/def/crs/EPSG/0/4548",
    coordinates: Crs::Epsg(4548),
    axis_order: AxisOrder::NorthEast,
    axes: ["N", "E"],
    scale_set: None,
    origin: [500_000.0 - ZONE_WIDTH / 2.0, ZONE_WIDTH],
    width: ZONE_WIDTH,
    part: WorldPart::Whole,
    metres_per_unit: 1.0,
    first_zoom: 0,
    last_zoom: UNIT_ZOOM,
    first_matrix: 0,
};

impl TileMatrixSet {
    /// First zoom that there are tiles of.
    pub fn min_zoom(&self) -> u8 {
        self.first_zoom
    }

    /// Deepest zoom.
    pub fn max_zoom(&self) -> u8 {
        self.last_zoom
    }

    /// Every zoom that there are tiles of.
    pub fn zooms(&self) -> RangeInclusive<u8> {
        self.first_zoom..=self.last_zoom
    }

    /// Whether the grid is that of XYZ paths and TileJSON.
    pub fn is_web_mercator(&self) -> bool {
        self.coordinates == Crs::WEB_MERCATOR
            && self.origin == WEB_MERCATOR_QUAD.origin
            && self.width == WEB_MERCATOR_QUAD.width
    }

    /// Identifier of the tile matrix of `zoom`.
    pub fn matrix_id(&self, zoom: u8) -> String {
        self.matrix_number(zoom).to_string()
    }

    /// The identifier as the number that it is.
    pub fn matrix_number(&self, zoom: u8) -> u32 {
        u32::from(zoom.saturating_sub(self.first_zoom)) + u32::from(self.first_matrix)
    }

    /// The zoom whose tile matrix is called `id`.
    pub fn zoom_of(&self, id: &str) -> Option<u8> {
        self.zooms().find(|zoom| self.matrix_id(*zoom) == id)
    }

    /// Columns of the matrix of `zoom`.
    pub fn matrix_width(&self, zoom: u8) -> u32 {
        1 << zoom.min(self.last_zoom)
    }

    /// Rows of the matrix of `zoom`.
    pub fn matrix_height(&self, zoom: u8) -> u32 {
        match self.part {
            WorldPart::Whole => self.matrix_width(zoom),
            WorldPart::NorthernHalf => (self.matrix_width(zoom) / 2).max(1),
        }
    }

    /// Height of what there are tiles of, in units of the CRS.
    pub fn height(&self) -> f64 {
        match self.part {
            WorldPart::Whole => self.width,
            WorldPart::NorthernHalf => self.width / 2.0,
        }
    }

    /// Side of one pixel of a 256-pixel tile, in units of the CRS.
    pub fn cell_size(&self, zoom: u8) -> f64 {
        self.width / (256.0 * f64::from(self.matrix_width(zoom)))
    }

    /// Scale denominator of `zoom` at OGC's standard pixel of 0.28 mm.
    pub fn scale_denominator(&self, zoom: u8) -> f64 {
        self.cell_size(zoom) * self.metres_per_unit / 0.000_28
    }

    /// A point, east first, in the order of the CRS's authority.
    pub fn in_axis_order(&self, [east, north]: [f64; 2]) -> [f64; 2] {
        match self.axis_order {
            AxisOrder::EastNorth => [east, north],
            AxisOrder::NorthEast => [north, east],
        }
    }

    /// The zoom of Web Mercator at which a tile unit is about as long at the equator as at `zoom`
    /// here: what zooms of collections and of simplification are said in.
    pub fn mercator_zoom(&self, zoom: u8) -> u8 {
        (i32::from(zoom) + self.finer()).clamp(0, i32::from(MAX_ZOOM)) as u8
    }

    /// The zooms at which something is drawn that is drawn at `zooms` of Web Mercator.
    pub fn drawn(&self, zooms: spatial::Zooms) -> RangeInclusive<u8> {
        let (first, last) = (i32::from(self.first_zoom), i32::from(self.last_zoom));
        let least = (i32::from(zooms.min) - self.finer()).max(first);
        let most = (i32::from(zooms.max) - self.finer()).max(0).min(last);
        least.clamp(0, i32::from(u8::MAX)) as u8..=most as u8
    }

    /// By how many zooms a tile is smaller than that of Web Mercator at the equator.
    fn finer(&self) -> i32 {
        let metres = self.width * self.metres_per_unit;
        (2.0 * spatial::world::MERCATOR_HALF / metres).log2().round() as i32
    }
}
