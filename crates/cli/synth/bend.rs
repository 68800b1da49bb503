//! The bend of a village: from its straight sheet, where lanes are parallel, to the ground.
//!
//! A sheet has its origin in the middle of the village, u east and v north, metres. The sheet is
//! turned by a few degrees and pushed about by smooth noise whose slope stays below 0.1, so
//! that nothing folds over. Only +, −, ×, ÷ and rounding: the same bits on every machine.

use super::random::Random;

/// Between two lattice points of the noise, metres.
const WAVE: f64 = 140.0;
/// How far the noise pushes at most, metres.
const PUSH: f64 = 4.5;
/// Half the tangent of half the largest turn: 5 degrees.
const MAX_HALF_TURN: f64 = 0.044;

/// The way from sheet to ground of one village.
#[derive(Clone, Debug)]
pub(super) struct Bend {
    middle: [f64; 2],
    cos: f64,
    sin: f64,
    /// Half the side of the square that the lattice covers.
    reach: f64,
    /// Lattice points along a side.
    width: usize,
    lattice: Vec<[f64; 2]>,
}

impl Bend {
    pub fn new(random: &mut Random, middle: [f64; 2], reach: f64) -> Self {
        let t = random.around(MAX_HALF_TURN);
        let width = (2.0 * reach / WAVE).ceil() as usize + 2;
        let lattice =
            (0..width * width).map(|_| [random.around(PUSH), random.around(PUSH)]).collect();
        let norm = 1.0 + t * t;
        Self { middle, cos: (1.0 - t * t) / norm, sin: 2.0 * t / norm, reach, width, lattice }
    }

    /// The ground point of a sheet point, EPSG:4548, to the millimetre.
    pub fn ground(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        let [push_u, push_v] = self.push(u, v);
        let [u, v] = [u + push_u, v + push_v];
        let east = self.middle[0] + u * self.cos - v * self.sin;
        let north = self.middle[1] + u * self.sin + v * self.cos;
        [(east * 1000.0).round() / 1000.0, (north * 1000.0).round() / 1000.0]
    }

    fn push(&self, u: f64, v: f64) -> [f64; 2] {
        let last = (self.width - 1) as f64;
        let [x, y] = [u, v].map(|c| ((c + self.reach) / WAVE).clamp(0.0, last - 1e-9));
        let [column, row] = [x as usize, y as usize];
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        let [s, t] = [smooth(x - column as f64), smooth(y - row as f64)];
        let at = row * self.width + column;
        let [a, b] = [self.lattice[at], self.lattice[at + 1]];
        let [c, d] = [self.lattice[at + self.width], self.lattice[at + self.width + 1]];
        [0, 1].map(|axis| {
            let south = a[axis] + (b[axis] - a[axis]) * s;
            let north = c[axis] + (d[axis] - c[axis]) * s;
            south + (north - south) * t
        })
    }
}
