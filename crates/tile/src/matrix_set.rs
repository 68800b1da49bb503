//! Tile matrix sets: how the world is cut into tiles, zoom by zoom (OGC 17-083).

/// Units along one side of a tile.
pub const EXTENT: u32 = 4096;
/// Deepest zoom of any tile matrix set; the world grid is 2^20 tile units of zoom 0 a tile unit
/// of zoom 20, and two zooms beyond are drawn by enlarging.
pub const MAX_ZOOM: u8 = 22;
/// Tile and world units coincide at this zoom: 2^20 tiles of [`EXTENT`] units are 2^32.
pub(crate) const UNIT_ZOOM: u8 = 20;

/// A quadtree of tiles over the square world of one CRS.
#[derive(Debug, PartialEq)]
pub struct TileMatrixSet {
    /// Identifier in URLs.
    pub id: &'static str,
    /// What a reader sees.
    pub title: &'static str,
    /// URI of the definition.
    pub uri: &'static str,
    /// URI of the CRS.
    pub crs: &'static str,
    /// North-western corner, x east and y north, in units of the CRS.
    pub origin: [f64; 2],
    /// Width of the square world, in units of the CRS.
    pub width: f64,
    /// Metres a unit of the CRS, for scale denominators.
    pub metres_per_unit: f64,
    /// Number of zooms: the deepest is one less.
    pub zooms: u8,
}

/// Web Mercator, the grid of XYZ tiles.
pub static WEB_MERCATOR_QUAD: TileMatrixSet = TileMatrixSet {
    id: "WebMercatorQuad",
    title: "Google Maps Compatible for the World",
    uri: "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
    crs: "http://www.opengis.net/def/crs/EPSG/0/3857",
    origin: [-spatial::world::MERCATOR_HALF, spatial::world::MERCATOR_HALF],
    width: 2.0 * spatial::world::MERCATOR_HALF,
    metres_per_unit: 1.0,
    zooms: MAX_ZOOM + 1,
};

static REGISTRY: [&TileMatrixSet; 1] = [&WEB_MERCATOR_QUAD];

impl TileMatrixSet {
    /// The sets that tiles are served in.
    pub fn all() -> &'static [&'static TileMatrixSet] {
        &REGISTRY
    }

    /// The set called `id`, exact case.
    pub fn find(id: &str) -> Option<&'static TileMatrixSet> {
        REGISTRY.into_iter().find(|set| set.id == id)
    }

    /// Deepest zoom.
    pub fn max_zoom(&self) -> u8 {
        self.zooms - 1
    }

    /// Tiles along one side of the matrix of `zoom`.
    pub fn matrix_width(&self, zoom: u8) -> u32 {
        1 << zoom.min(self.max_zoom())
    }

    /// Side of one pixel of a 256-pixel tile, in units of the CRS.
    pub fn cell_size(&self, zoom: u8) -> f64 {
        self.width / (256.0 * f64::from(self.matrix_width(zoom)))
    }

    /// Scale denominator of `zoom` at OGC's standard pixel of 0.28 mm.
    pub fn scale_denominator(&self, zoom: u8) -> f64 {
        self.cell_size(zoom) * self.metres_per_unit / 0.000_28
    }
}
