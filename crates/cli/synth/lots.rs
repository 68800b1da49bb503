//! The walls of a block: lines of vertices that neighbouring courtyards share.
//!
//! Every wall is drawn once and every courtyard is put together from walls, so that neighbours
//! have the same vertices, those where a third courtyard's wall meets theirs included. Two
//! walls never meet but at their ends: no wall strays further than 0.9 m from its line, and
//! lines are 11 m apart.

use super::layout::{Block, Row};
use super::random::Random;

/// A courtyard, in sheet coordinates.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    /// Its vertices, counter-clockwise, the first not repeated.
    pub ring: Vec<[f64; 2]>,
    /// The largest upright rectangle between its walls: west, south, east, north.
    pub inside: [f64; 4],
    /// Whether it is entered from the north.
    pub faces_north: bool,
}

/// A line from west to east: its vertices, and the positions of those that are corners.
struct Wall {
    points: Vec<[f64; 2]>,
    corners: Vec<usize>,
}

impl Wall {
    /// The stretch along courtyard `lot`, both corners included.
    fn along(&self, lot: usize) -> &[[f64; 2]] {
        &self.points[self.corners[lot]..=self.corners[lot + 1]]
    }

    fn corner(&self, cut: usize) -> [f64; 2] {
        self.points[self.corners[cut]]
    }
}

/// Draws the walls of a block and puts its courtyards together, rows from the south, courtyards
/// from the west; only those that are taken.
pub(super) fn lots(random: &mut Random, block: &Block) -> Vec<Lot> {
    let mut walls = match &block.rows[..] {
        [row] => vec![outer_wall(random, row, 0), outer_wall(random, row, 1)],
        rows => {
            let [south, north] = [&rows[0], &rows[rows.len() - 1]];
            let [middle_south, middle_north] = middle_wall(random, south, north);
            vec![
                outer_wall(random, south, 0),
                middle_south,
                middle_north,
                outer_wall(random, north, 1),
            ]
        }
    };
    let mut lots = Vec::with_capacity(block.taken as usize);
    for (row, walls) in block.rows.iter().zip(walls.chunks_exact_mut(2)) {
        let dividers = dividers(random, row, &walls[0], &walls[1]);
        for lot in 0..row.lots() {
            if lots.len() as u64 == block.taken {
                return lots;
            }
            lots.push(enclose(row, lot, &walls[0], &walls[1], &dividers));
        }
    }
    lots
}

/// The wall along a lane: now and then a kink, or a gate that stands back.
fn outer_wall(random: &mut Random, row: &Row, side: usize) -> Wall {
    let line = row.v[side];
    let mut wall = Wall { points: Vec::new(), corners: Vec::new() };
    for (cut, at) in row.cuts.iter().enumerate() {
        wall.corners.push(wall.points.len());
        wall.points.push([at + random.around(0.3), line + random.around(0.35)]);
        let Some(next) = row.cuts.get(cut + 1) else { break };
        let width = next - at;
        match random.below(10) {
            0..2 => {}
            2..6 => {
                let along = at + width * random.between(0.3, 0.7);
                wall.points.push([along, line + random.around(0.5)]);
            }
            _ => {
                let gate = at + width * random.between(0.2, 0.6);
                let back = random.between(0.25, 0.7) * if side == 0 { 1.0 } else { -1.0 };
                wall.points.push([gate, line + random.around(0.2)]);
                wall.points.push([gate + random.between(1.8, 3.2), line + back]);
            }
        }
    }
    wall
}

/// The wall between back-to-back rows, once with the corners of each: both have the vertices of
/// both.
fn middle_wall(random: &mut Random, south: &Row, north: &Row) -> [Wall; 2] {
    let mut cuts: Vec<f64> = south.cuts.iter().chain(&north.cuts).copied().collect();
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let points: Vec<[f64; 2]> =
        cuts.iter().map(|at| [at + random.around(0.2), south.v[1] + random.around(0.45)]).collect();
    [south, north].map(|row| {
        let corner = |cut: &f64| cuts.partition_point(|at| at < cut);
        Wall { points: points.clone(), corners: row.cuts.iter().map(corner).collect() }
    })
}

/// The walls between courtyards and at both ends: the vertices between the corners, from the
/// south.
fn dividers(random: &mut Random, row: &Row, south: &Wall, north: &Wall) -> Vec<Vec<[f64; 2]>> {
    let between = |cut: usize, t: f64, off: f64| {
        let [a, b] = [south.corner(cut), north.corner(cut)];
        [a[0] + (b[0] - a[0]) * t + off, a[1] + (b[1] - a[1]) * t]
    };
    (0..row.cuts.len())
        .map(|cut| match random.below(10) {
            0..1 => Vec::new(),
            1..5 => vec![between(cut, random.between(0.3, 0.7), random.around(0.35))],
            _ => {
                // Where a wing of one house ends, the wall steps aside.
                let [t, off] = [random.between(0.25, 0.6), random.around(0.4)];
                let step = random.between(0.2, 0.5) * if off > 0.0 { -1.0 } else { 1.0 };
                vec![between(cut, t, off), between(cut, t + random.between(0.04, 0.2), off + step)]
            }
        })
        .collect()
}

fn enclose(row: &Row, lot: usize, south: &Wall, north: &Wall, dividers: &[Vec<[f64; 2]>]) -> Lot {
    let [west, east] = [&dividers[lot], &dividers[lot + 1]];
    let [south, north] = [south.along(lot), north.along(lot)];
    let mut ring = Vec::with_capacity(south.len() + north.len() + west.len() + east.len());
    ring.extend_from_slice(south);
    ring.extend_from_slice(east);
    ring.extend(north.iter().rev());
    ring.extend(west.iter().rev());
    let most = |points: &[[f64; 2]], axis: usize, sign: f64| {
        points.iter().fold(f64::NEG_INFINITY, |most: f64, point| most.max(point[axis] * sign))
            * sign
    };
    let ends = |at: usize| [south[at * (south.len() - 1)], north[at * (north.len() - 1)]];
    let inside = [
        most(&ends(0), 0, 1.0).max(most(west, 0, 1.0)),
        most(south, 1, 1.0),
        most(&ends(1), 0, -1.0).min(most(east, 0, -1.0)),
        most(north, 1, -1.0),
    ];
    Lot { ring, inside, faces_north: row.faces_north }
}
