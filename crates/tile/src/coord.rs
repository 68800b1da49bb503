//! The address of one tile.

use std::fmt;

use spatial::WorldBox;
use thiserror::Error;

use crate::matrix_set::{EXTENT, TileMatrixSet, UNIT_ZOOM};

/// A tile that exists in its tile matrix set: zoom of the quadtree, column from the west, row from
/// the north. What a set calls the zoom in paths is [`TileMatrixSet::matrix_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileCoord {
    z: u8,
    x: u32,
    y: u32,
}

/// A tile address outside its tile matrix set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidTileCoord {
    /// No such zoom.
    #[error("zoom {value} is not in {min}..={max} of {set}")]
    Zoom {
        /// The refused zoom.
        value: u32,
        /// First zoom of the set.
        min: u8,
        /// Deepest zoom of the set.
        max: u8,
        /// Id of the set.
        set: &'static str,
    },
    /// No such column or row.
    #[error("{axis} {value} is not in 0..={max} of {set} at zoom {zoom}")]
    Place {
        /// `column` or `row`.
        axis: &'static str,
        /// The refused number.
        value: u32,
        /// Last one at this zoom.
        max: u32,
        /// What the set calls the zoom's tile matrix.
        zoom: u32,
        /// Id of the set.
        set: &'static str,
    },
}

impl TileCoord {
    /// The tile at column `x` and row `y` of zoom `z` of the quadtree, if `set` has it.
    pub fn new(set: &TileMatrixSet, z: u32, x: u32, y: u32) -> Result<Self, InvalidTileCoord> {
        let (min, max) = (set.min_zoom(), set.max_zoom());
        let zoom = u8::try_from(z)
            .ok()
            .filter(|zoom| (min..=max).contains(zoom))
            .ok_or(InvalidTileCoord::Zoom { value: z, min, max, set: set.id })?;
        let (columns, rows) = (set.matrix_width(zoom), set.matrix_height(zoom));
        for (axis, value, count) in [("column", x, columns), ("row", y, rows)] {
            if value >= count {
                let (max, zoom) = (count - 1, set.matrix_number(zoom));
                return Err(InvalidTileCoord::Place { axis, value, max, zoom, set: set.id });
            }
        }
        Ok(Self { z: zoom, x, y })
    }

    /// Zoom.
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column, counted from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row, counted from the north.
    pub fn y(self) -> u32 {
        self.y
    }

    /// The tile of zoom `z` that holds `point`; `z` at most [`crate::MAX_ZOOM`].
    pub fn holding(z: u8, point: spatial::WorldPoint) -> Self {
        let z = z.min(crate::MAX_ZOOM);
        let cell = |v: u32| ((u64::from(v) << z) >> 32) as u32;
        Self { z, x: cell(point[0]), y: cell(point[1]) }
    }

    /// Everything on the world grid that may show in the tile, `buffer` tile units around
    /// included: half a tile unit more than the buffered tile, since vertices are rounded.
    pub fn world_box(self, buffer: u32) -> WorldBox {
        let span = |tile: u32| {
            let margin = i64::from(buffer) * 2 + 1;
            let first = i64::from(tile) * i64::from(EXTENT) * 2 - margin;
            let last = i64::from(tile + 1) * i64::from(EXTENT) * 2 + margin;
            // `first` and `last` count halves of a tile unit.
            let world = |halves: i64| {
                let zoom = u32::from(self.z);
                let up = u32::from(UNIT_ZOOM) + 2;
                let value = (i128::from(halves) << (up - zoom)) >> 3;
                value.clamp(0, i128::from(u32::MAX)) as u32
            };
            (world(first), world(last))
        };
        let (west, east) = span(self.x);
        let (north, south) = span(self.y);
        WorldBox { min: [west, north], max: [east, south] }
    }
}

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}
