//! Keeps the area of polygons too small to draw: each time the small ones of a neighbourhood
//! add up to a square, the one that filled it is drawn as that square.
//!
//! Neighbourhoods are blocks of the grid of the zoom, so that tiles agree where their buffers
//! overlap. A block starts with some part of a square, which its place decides, so that rounding
//! to whole squares evens out.

use crate::figure::{Figure, Point};
use crate::frame::Frame;
use crate::matrix_set;
use spatial::PathRole;

const EXTENT: i64 = matrix_set::EXTENT as i64;

/// Side of a block is 2^5 tile units; the default buffer is two blocks wide.
const BLOCK_BITS: u32 = 5;

/// Area that waits, block by block.
#[derive(Debug, Default)]
pub(crate) struct Merger {
    waiting: Vec<f64>,
    blocks: i64,
    margin: i64,
    /// Column and row of the first block, counted from the corner of the world.
    origin: [i64; 2],
    side: i32,
    fresh: bool,
}

impl Merger {
    /// Empties every block; squares have `side` tile units from now on.
    pub fn start(&mut self, frame: &Frame, side: i32) {
        let margin = -i64::from(frame.min);
        let block = 1 << BLOCK_BITS;
        self.margin = (margin + block - 1) / block * block;
        self.blocks = (i64::from(frame.max) + self.margin) / block + 1;
        self.origin = frame.tile.map(|tile| (i64::from(tile) * EXTENT - self.margin) >> BLOCK_BITS);
        self.side = side;
        self.fresh = false;
    }

    /// Area of a square; polygons below it are too small to draw.
    pub fn square(&self) -> f64 {
        f64::from(self.side) * f64::from(self.side)
    }

    /// Lets `area` wait in the block of `middle`; answers whether that filled a square.
    pub fn add(&mut self, area: f64, middle: [i64; 2]) -> bool {
        if !self.fresh {
            self.start_blocks();
            self.fresh = true;
        }
        let block = |v: i64| (v + self.margin) >> BLOCK_BITS;
        let (column, row) = (block(middle[0]), block(middle[1]));
        let known = 0..self.blocks;
        if !known.contains(&column) || !known.contains(&row) {
            return false;
        }
        let square = self.square();
        let waiting = &mut self.waiting[(row * self.blocks + column) as usize];
        fill(waiting, area, square)
    }

    fn start_blocks(&mut self) {
        let Self { waiting, blocks, origin, .. } = self;
        let square = f64::from(self.side) * f64::from(self.side);
        waiting.clear();
        waiting.reserve((*blocks * *blocks) as usize);
        for row in origin[1]..origin[1] + *blocks {
            waiting.extend((origin[0]..origin[0] + *blocks).map(|column| {
                // Weyl's sequence in the plane: spread evenly without a pattern to see.
                let place =
                    column as f64 * 0.754_877_666_246_692_8 + row as f64 * 0.569_840_290_998_053_2;
                (place - place.floor() - 0.5) * square
            }));
        }
    }

    /// Draws the square around `middle`, unless it is outside the buffered tile.
    pub fn draw(&self, middle: [i64; 2], frame: &Frame, figure: &mut Figure) {
        let inside = |v: i64| (i64::from(frame.min)..=i64::from(frame.max)).contains(&v);
        if !inside(middle[0]) || !inside(middle[1]) {
            return;
        }
        let corner = |v: i64| (v as i32 - self.side / 2).clamp(frame.min, frame.max - self.side);
        let (west, north) = (corner(middle[0]), corner(middle[1]));
        let (east, south) = (west + self.side, north + self.side);
        let ring: [Point; 4] = [[west, north], [east, north], [east, south], [west, south]];
        let ring = ring.into_iter().map(|point| (point, true));
        figure.push_ring(PathRole::Exterior, ring, [west + east, north + south]);
    }
}

/// Adds `area` to `waiting` and takes a square out of it when it is nearest to one.
pub(crate) fn fill(waiting: &mut f64, area: f64, square: f64) -> bool {
    *waiting += area;
    if *waiting < square / 2.0 {
        return false;
    }
    *waiting -= square;
    true
}
