//! Where a tile lies on the integer grid of its zoom.

use spatial::{WorldBox, WorldPoint};

use crate::coord::TileCoord;
use crate::figure::Point;
use crate::matrix_set::{EXTENT, TileMatrixSet, UNIT_ZOOM};

/// Most that a zoom shifts right whose buffered tiles measure less than 2^31 world units.
const MAX_NARROW: u32 = UNIT_ZOOM as u32 - 2;

/// Maps world points to the integers of one buffered tile.
///
/// Rounding happens on the grid of the whole zoom, so that a vertex lands on the same grid
/// point whichever tile it is drawn in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// World units of the tile's north-western corner, less half a tile unit.
    offset: [i64; 2],
    down: u32,
    up: u32,
    /// Vertices of this level and below are drawn.
    pub level: u8,
    /// Outlines that are firm from this zoom on or an earlier one meet nowhere.
    pub firm: u8,
    /// Square tile units that one square world unit makes.
    pub area_scale: f64,
    /// Smallest tile integer of the buffered tile, both axes.
    pub min: i32,
    /// Largest tile integer of the buffered tile, both axes.
    pub max: i32,
    /// The world points that round into the buffered tile.
    inside: WorldBox,
    /// The north-western corner of the tile, in tile units of the zoom.
    pub corner: [u32; 2],
}

/// A rectangle in tile integers, wide enough for features that leave the tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalBox {
    pub min: [i64; 2],
    pub max: [i64; 2],
}

impl Frame {
    /// The frame of the tile of `set` at `coord`.
    pub fn new(set: &TileMatrixSet, coord: TileCoord, buffer: u32) -> Self {
        let level = set.mercator_zoom(coord.z());
        let zoom = u32::from(coord.z());
        let unit = u32::from(UNIT_ZOOM);
        let down = unit.saturating_sub(zoom);
        let half = if down > 0 { 1 << (down - 1) } else { 0 };
        let offset = |tile: u32| (i64::from(tile) << (32 - zoom)) - half;
        let offset = [offset(coord.x()), offset(coord.y())];
        let buffer = buffer as i32;
        let up = zoom.saturating_sub(unit);
        // The first world point of so many tile units, whole world units of them.
        let first = |units: i32| {
            let world = |v: i64| (v + (i64::from(units) << down)).clamp(0, i64::from(u32::MAX));
            offset.map(|v| world(v) as u32)
        };
        let (low, high) = (first(-(buffer >> up)), first(((EXTENT as i32 + buffer) >> up) + 1));
        let inside = WorldBox { min: low, max: high.map(|v| v.saturating_sub(1)) };
        Self {
            offset,
            down,
            up,
            level,
            // Told on the grid of Web Mercator; others are up to half as fine along one axis.
            firm: if set.is_web_mercator() { level } else { level.saturating_sub(1) },
            area_scale: 4_f64.powi(zoom as i32 - unit as i32),
            min: -buffer,
            max: EXTENT as i32 + buffer,
            inside,
            corner: [coord.x(), coord.y()].map(|tile| tile.wrapping_mul(EXTENT)),
        }
    }

    /// Tile integers of a world point.
    #[inline]
    pub fn local(&self, point: WorldPoint) -> [i64; 2] {
        let axis = |v: u32, offset: i64| ((i64::from(v) - offset) >> self.down) << self.up;
        [axis(point[0], self.offset[0]), axis(point[1], self.offset[1])]
    }

    /// Tile integers of a world point of the buffered tile or [near it](Self::is_near).
    #[inline]
    pub fn local_inside(&self, point: WorldPoint) -> Point {
        if self.up > 0 || self.down > MAX_NARROW {
            let [x, y] = self.local(point);
            return [x as i32, y as i32];
        }
        // What is near is less than 2^31 world units away: the difference is exact in 32 bits, and two of them fit a register of any processor.
        let [west, north] = self.offset.map(|offset| offset as u32);
        let [x, y] = [point[0].wrapping_sub(west), point[1].wrapping_sub(north)];
        [x.cast_signed() >> self.down, y.cast_signed() >> self.down]
    }

    /// Tile integers of a box.
    #[inline]
    pub fn local_box(&self, world: &WorldBox) -> LocalBox {
        LocalBox { min: self.local(world.min), max: self.local(world.max) }
    }

    /// Whether all points of a box round into the buffered tile; some boxes of which that is true
    /// are not known at the far ends of the world.
    #[inline]
    pub fn holds_world(&self, area: &WorldBox) -> bool {
        self.inside.contains(area)
    }

    /// Whether the box lies inside the buffered tile, so that nothing needs clipping.
    #[inline]
    pub fn holds(&self, local: &LocalBox) -> bool {
        let (min, max) = (i64::from(self.min), i64::from(self.max));
        local.min[0] >= min && local.min[1] >= min && local.max[0] <= max && local.max[1] <= max
    }

    /// The part of a box that meets the buffered tile and lies inside it.
    pub fn part_inside(&self, local: &LocalBox) -> LocalBox {
        let (min, max) = (i64::from(self.min), i64::from(self.max));
        let inside = |point: [i64; 2]| point.map(|v| v.clamp(min, max));
        LocalBox { min: inside(local.min), max: inside(local.max) }
    }

    /// Whether the box is less than two tiles wide and close enough for [`Frame::local_inside`].
    #[inline]
    pub fn is_near(&self, local: &LocalBox) -> bool {
        const NEAR: i64 = 2 * EXTENT as i64;
        let [west, north] = local.min;
        let [east, south] = local.max;
        west > -NEAR && north > -NEAR && east < NEAR && south < NEAR
    }

    /// Whether the box shares no point with the buffered tile.
    #[inline]
    pub fn misses(&self, local: &LocalBox) -> bool {
        let (min, max) = (i64::from(self.min), i64::from(self.max));
        local.max[0] < min || local.max[1] < min || local.min[0] > max || local.min[1] > max
    }
}

impl LocalBox {
    /// Twice the middle of a box inside the buffered tile.
    #[inline]
    pub fn middle2(&self) -> Point {
        [(self.min[0] + self.max[0]) as i32, (self.min[1] + self.max[1]) as i32]
    }

    /// The middle, rounded down.
    pub fn middle(&self) -> [i64; 2] {
        [(self.min[0] + self.max[0]) >> 1, (self.min[1] + self.max[1]) >> 1]
    }
}
