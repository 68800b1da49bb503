//! Features in, tile bytes out: Mapbox vector tiles, version 2.1, extent 4096.
//!
//! Pure: no clock, no file, no randomness; equal sources give equal bytes. Coordinates inside a
//! tile are integers, x east and y south from its north-western corner, `0..=4096` and a buffer.

mod coord;
mod limits;
mod matrix_set;
mod render;
mod source;

pub use coord::{InvalidTileCoord, TileCoord};
pub use limits::{DEFAULT_BUFFER, Limits, MAX_BUFFER};
pub use matrix_set::{EXTENT, MAX_ZOOM, TileMatrixSet, WEB_MERCATOR_QUAD};
pub use render::{Dropped, LayerStats, Rendered, Sampled, render};
pub use source::{FeatureSource, LayerInput};
