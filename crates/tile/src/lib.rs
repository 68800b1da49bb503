//! Features in, tile bytes out: Mapbox vector tiles, version 2.1, extent 4096.
//!
//! Pure: no clock, no file, no randomness; equal sources give equal bytes. Coordinates inside a
//! tile are integers, x east and y south from its north-western corner, `0..=4096` and a buffer.

mod census;
mod clip;
mod coord;
mod draw;
mod encode;
mod figure;
mod frame;
pub mod inspect;
mod kept;
mod knots;
pub mod labels;
mod limits;
mod lookup;
mod matrix_set;
mod matrix_sets;
mod output;
mod plan;
mod polygon_defects;
mod render;
mod repair;
mod select;
mod share;
mod small;
mod source;
mod tally;
mod validity;
mod values;
mod wire;
mod writer;

pub use coord::{InvalidTileCoord, TileCoord};
pub use kept::CommandCache;
pub use labels::labels;
pub use limits::{DEFAULT_BUFFER, Limits, MAX_BUFFER};
pub use matrix_set::{
    CGCS2000_GK117_QUAD, CGCS2000_QUAD, EXTENT, MAX_ZOOM, TileMatrixSet, WEB_MERCATOR_QUAD,
    WORLD_CRS84_QUAD, WorldPart,
};
pub use matrix_sets::{DEFAULT_ZOOMS, GridDefinition, GridError, MAX_OWN_SETS, TileMatrixSets};
pub use polygon_defects::PolygonDefect;
pub use render::{Aggregation, Dropped, LayerStats, Rendered, render, render_and};
pub use source::{FeatureSource, LayerInput};
