//! Decides, before drawing, what of a layer is drawn feature by feature and what is summed up in
//! cells, so that its tile keeps the limits.
//!
//! Polygons and lines too small to be seen are always summed up. When the rest is too heavy,
//! keys are left out first (texts of which hardly two are alike), then larger and larger features
//! go into the cells, and at last the cells grow. What counts is what the census predicts, so
//! nothing is drawn to be thrown away.

use spatial::Size;
use spatial::size::SIZES;

use crate::census::Census;
use crate::coord::TileCoord;
use crate::limits::Limits;
use crate::matrix_set::UNIT_ZOOM;

/// Cells of a tile along one side, in powers of two: 128 at most, each a pixel or four wide.
const FINEST: u8 = 7;
/// 64, which the sums of shards are kept for.
const USUAL: u8 = 6;
/// 8.
const COARSEST: u8 = 3;
/// Polygons of 4^1 square tile units and more are drawn where there is room.
const LEAST: i32 = 1;

/// How one layer is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Polygons and lines below this class are summed up.
    pub least: Size,
    /// Whether points are.
    pub points: bool,
    /// Whether keys are written.
    pub keys: bool,
    /// Cells along one side of the tile, as a power of two.
    pub cells: u8,
}

impl Plan {
    /// The plan for a layer that may take `bytes` and `features` of its tile.
    pub fn choose(census: &Census, coord: TileCoord, (bytes, features): (f64, f64)) -> Self {
        let most_points = if features < f64::MAX { POINTS } else { f64::MAX };
        let plans = candidates(coord, census.points() > most_points);
        let fits = |plan: &Self| {
            let (weight, count) = plan.weigh(census, coord);
            weight <= bytes && count <= features
        };
        let mut last = Self::everything(coord);
        for plan in plans {
            last = plan;
            if fits(&plan) {
                break;
            }
        }
        last
    }

    /// Whatever can be seen.
    pub fn everything(coord: TileCoord) -> Self {
        let least = 2 * (LEAST + unit(coord)).max(0);
        Self { least: Size::class(least as u8), points: false, keys: true, cells: FINEST }
    }

    /// Area from which on polygons are drawn as themselves, in square tile units.
    pub fn least_area(&self, coord: TileCoord) -> u64 {
        let class = self.least.position().map_or(0, |class| class as i32);
        2_u64.checked_pow((class - 2 * unit(coord)).max(0).cast_unsigned()).unwrap_or(u64::MAX)
    }

    /// Bytes and features of the layer, as predicted.
    pub fn weigh(&self, census: &Census, coord: TileCoord) -> (f64, f64) {
        let least = self.least.position().unwrap_or(SIZES);
        let own = census.large(least, !self.points);
        let small = (census.all() - own).max(0.0);
        let cells = small.min(census.cells(coord, self.cells));
        let bytes = census.bytes((least, !self.points), unit(coord), self.keys);
        (bytes + cells * census.cell_bytes(), own + cells)
    }
}

/// More points in a tile than this are told apart by nobody.
const POINTS: f64 = 5_000.0;

/// World units of a tile unit, as a power of two.
fn unit(coord: TileCoord) -> i32 {
    i32::from(UNIT_ZOOM) - i32::from(coord.z())
}

/// Plans in the order in which they are liked.
fn candidates(coord: TileCoord, many_points: bool) -> impl Iterator<Item = Plan> {
    let full = Plan::everything(coord);
    let clustered = Plan { points: true, cells: USUAL, ..full };
    let first = if many_points { clustered } else { full };
    let keyless = Plan { keys: false, ..first };
    let fewer = Plan { cells: USUAL, ..keyless };
    let least = full.least.position().unwrap_or(0) as u8;
    let larger = move |class: u8| Plan { least: Size::class(class), points: true, ..fewer };
    let coarser =
        (COARSEST..USUAL).rev().map(move |cells| Plan { cells, ..larger(SIZES as u8 - 1) });
    [first, Plan { cells: USUAL, ..first }, keyless, fewer]
        .into_iter()
        .chain((least..SIZES as u8).map(larger))
        .chain(coarser)
}

/// Whether what a layer weighs needs to be predicted at all.
pub(crate) fn is_limited(limits: &Limits) -> bool {
    limits.features < usize::MAX || limits.bytes < usize::MAX
}

/// Shares `budget` out: who wants little gets it, the rest is split evenly.
pub(crate) fn fair_shares(wants: &[usize], budget: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wants.len()).collect();
    order.sort_by_key(|position| wants[*position]);
    let mut shares = vec![0; wants.len()];
    let mut left = budget;
    for (served, position) in order.into_iter().enumerate() {
        let share = wants[position].min(left / (wants.len() - served));
        shares[position] = share;
        left -= share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_little_gets_it() {
        assert_eq!(fair_shares(&[10, 2000, 900], 1000), [10, 495, 495]);
        assert_eq!(fair_shares(&[10, 20, 30], 1000), [10, 20, 30]);
        assert_eq!(fair_shares(&[], 1000), [0; 0]);
    }
}
