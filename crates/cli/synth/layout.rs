//! The sheet of a village: columns of blocks between north-south lanes, strips of blocks between
//! alleys, and a cut through each row of a block where one courtyard ends and the next begins.
//!
//! Villages of the plain are built so: courtyards face south, stand in rows along east-west
//! alleys (胡同), single or back to back, and lanes cross the rows every few courtyards. Blocks
//! are taken from the middle outwards until the village has its parcels.

use super::random::Random;

/// Ground of a parcel with its share of the lanes, m²: first guess of the village's size.
const GROSS: f64 = 285.0;
/// Blocks are laid out this much further than the guess, and chosen from.
const SPARE: f64 = 1.45;
/// Half widths of the two main streets, metres.
const STREET_HALF: [f64; 2] = [3.6, 3.1];
/// Width of a courtyard, metres, on average.
const LOT_WIDTH: f64 = 14.4;
/// Two cuts of back-to-back rows closer than this become one, metres.
const SNAP: f64 = 1.0;

/// A block of one or two rows of courtyards, in sheet coordinates.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Column, counted from the westernmost, and strip, from the southernmost.
    pub column: usize,
    pub strip: usize,
    /// Western and eastern side.
    pub u: [f64; 2],
    /// Southern and northern side.
    pub v: [f64; 2],
    /// The rows, south first.
    pub rows: Vec<Row>,
    /// Courtyards taken; the last ones of the last row may be left out.
    pub taken: u64,
    /// How far out the block lies; the village takes the least first.
    score: f64,
}

/// One row of courtyards.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Southern and northern side.
    pub v: [f64; 2],
    /// From west to east, both ends included: one more than there are courtyards.
    pub cuts: Vec<f64>,
    /// Whether the courtyards are entered from the north.
    pub faces_north: bool,
}

impl Row {
    /// Number of courtyards.
    pub fn lots(&self) -> usize {
        self.cuts.len() - 1
    }
}

/// The blocks of a village, and how the sheet is ruled.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Blocks taken, by column and strip.
    pub blocks: Vec<Block>,
    /// Western and eastern sides of the columns, from the west.
    pub columns: Vec<[f64; 2]>,
    /// Southern and northern sides of the strips of each column, from the south.
    pub strips: Vec<Vec<[f64; 2]>>,
    /// Half the side of the square that everything lies in.
    pub reach: f64,
}

impl Layout {
    /// Lays out a village of exactly `parcels` courtyards.
    pub fn new(random: &mut Random, parcels: u64) -> Self {
        let stretch = random.between(0.88, 1.12);
        // Half axes of the squircle x⁴ + y⁴ = 1 that holds the village: its area is 3.708 a b.
        let mean = (parcels as f64 * GROSS / 3.708).sqrt();
        let half = [mean * stretch, mean / stretch];
        let columns = rule(random, STREET_HALF[0], half[0] * SPARE, &mut |random| {
            (random.between(58.0, 104.0), random.between(3.8, 5.6))
        });
        let mut strips = Vec::with_capacity(columns.len());
        let mut blocks = Vec::new();
        for (column, u) in columns.iter().enumerate() {
            // The outline goes in and out from column to column.
            let bulges = [random.around(0.14), random.around(0.14)];
            let ruled = rule(random, STREET_HALF[1], half[1] * SPARE, &mut |random| {
                let rows = if random.chance(0.62) { 2.0 } else { 1.0 };
                (rows * random.between(14.4, 18.2), random.between(3.0, 4.6))
            });
            for (strip, v) in ruled.iter().enumerate() {
                let far = |side: &[f64; 2], axis: usize| {
                    let far = side[0].abs().max(side[1].abs()) / half[axis];
                    (far * far) * (far * far)
                };
                let mut block = Block::new(random, column, strip, *u, *v);
                block.score =
                    far(u, 0) + far(v, 1) + bulges[usize::from(v[0] > 0.0)] + random.around(0.03);
                // A square, a pond, a threshing floor.
                if !random.chance(0.03) {
                    blocks.push(block);
                }
            }
            strips.push(ruled);
        }
        let reach = columns
            .iter()
            .chain(strips.iter().flatten())
            .flatten()
            .fold(0.0, |reach: f64, side| reach.max(side.abs()));
        take(&mut blocks, parcels);
        Self { blocks, columns, strips, reach: reach + 60.0 }
    }
}

/// Keeps the blocks that lie least far out until they have `parcels` courtyards.
fn take(blocks: &mut Vec<Block>, parcels: u64) {
    blocks.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut left = parcels;
    for block in &mut *blocks {
        block.taken = left.min(block.rows.iter().map(|row| row.lots() as u64).sum());
        left -= block.taken;
    }
    debug_assert_eq!(left, 0, "the spare blocks hold more than the guess can miss");
    blocks.retain(|block| block.taken > 0);
    blocks.sort_by_key(|block| (block.column, block.strip));
}

/// Intervals on both sides of a street, out to `reach`, from the lowest up. `next` draws the
/// length of an interval and the gap behind it.
fn rule(
    random: &mut Random,
    street_half: f64,
    reach: f64,
    next: &mut dyn FnMut(&mut Random) -> (f64, f64),
) -> Vec<[f64; 2]> {
    let mut ruled = Vec::new();
    let mut at = -street_half;
    while at > -reach {
        let (length, gap) = next(random);
        ruled.push([at - length, at]);
        at -= length + gap;
    }
    ruled.reverse();
    at = street_half;
    while at < reach {
        let (length, gap) = next(random);
        ruled.push([at, at + length]);
        at += length + gap;
    }
    ruled
}

impl Block {
    fn new(random: &mut Random, column: usize, strip: usize, u: [f64; 2], v: [f64; 2]) -> Self {
        // One row is 14.4 m to 18.2 m deep, two are 28.8 m at least.
        let rows = if v[1] - v[0] < 20.0 {
            let faces_north = random.chance(0.25);
            vec![Row { v, cuts: cuts(random, u), faces_north }]
        } else {
            let middle = (v[0] + v[1]) / 2.0 + random.around(0.7);
            let south = Row { v: [v[0], middle], cuts: cuts(random, u), faces_north: false };
            let mut north = Row { v: [middle, v[1]], cuts: cuts(random, u), faces_north: true };
            snap(&mut north.cuts, &south.cuts);
            vec![south, north]
        };
        Self { column, strip, u, v, rows, taken: 0, score: 0.0 }
    }
}

/// Cuts an interval into courtyards of 11.5 m to 18 m.
fn cuts(random: &mut Random, [low, high]: [f64; 2]) -> Vec<f64> {
    let lots = ((high - low) / (LOT_WIDTH * random.between(0.95, 1.06))).round().max(1.0) as usize;
    let widths: Vec<f64> = (0..lots).map(|_| random.between(0.84, 1.2)).collect();
    let scale = (high - low) / widths.iter().sum::<f64>();
    let mut cuts = vec![low];
    let mut at = low;
    for width in &widths[..lots - 1] {
        at += width * scale;
        cuts.push(at);
    }
    cuts.push(high);
    cuts
}

/// Moves inner cuts that nearly meet one of `others` onto it.
fn snap(cuts: &mut [f64], others: &[f64]) {
    let last = cuts.len() - 1;
    for cut in &mut cuts[1..last] {
        if let Some(other) = others.iter().find(|other| (**other - *cut).abs() < SNAP) {
            *cut = *other;
        }
    }
}
