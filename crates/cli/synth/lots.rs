//! The walls of a block: lines of vertices that neighbouring courtyards share.
//!
//! Every wall is drawn once and every courtyard is put together from walls, so that neighbours
//! have the same vertices, those where a third courtyard's wall meets theirs included. Two
//! walls never meet but at their ends: no wall strays further than 0.9 m from its line, and
//! lines are 11 m apart.

use super::layout::{Block, Row};
use super::random::Random;

/// The courtyards of a block.
#[derive(Clone, Debug)]
pub(super) struct Lots {
    /// Vertices of all walls, each once, in sheet coordinates.
    pub vertices: Vec<[f64; 2]>,
    /// Rows from the south, courtyards from the west; only those that are taken.
    pub lots: Vec<Lot>,
}

/// A courtyard.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    /// Positions of its vertices, counter-clockwise, the first not repeated.
    pub ring: Vec<usize>,
    /// The largest upright rectangle between its walls, in sheet coordinates: west, south, east,
    /// north.
    pub inside: [f64; 4],
    /// Whether it is entered from the north.
    pub faces_north: bool,
}

/// A line from west to east: positions of its vertices, and which of these are corners.
struct Wall {
    line: Vec<usize>,
    corners: Vec<usize>,
}

impl Wall {
    /// The stretch along courtyard `lot`, both corners included.
    fn along(&self, lot: usize) -> &[usize] {
        &self.line[self.corners[lot]..=self.corners[lot + 1]]
    }

    fn corner(&self, cut: usize) -> usize {
        self.line[self.corners[cut]]
    }
}

/// Draws the walls of a block and puts its courtyards together.
pub(super) fn lots(random: &mut Random, block: &Block) -> Lots {
    let mut vertices = Vec::with_capacity(128);
    let walls = match &block.rows[..] {
        [row] => vec![
            outer_wall(random, &mut vertices, row, 0),
            outer_wall(random, &mut vertices, row, 1),
        ],
        rows => {
            let [south, north] = [&rows[0], &rows[rows.len() - 1]];
            let [middle_south, middle_north] = middle_wall(random, &mut vertices, south, north);
            vec![
                outer_wall(random, &mut vertices, south, 0),
                middle_south,
                middle_north,
                outer_wall(random, &mut vertices, north, 1),
            ]
        }
    };
    let mut lots = Vec::with_capacity(block.taken as usize);
    for (row, walls) in block.rows.iter().zip(walls.chunks_exact(2)) {
        let dividers = dividers(random, &mut vertices, row, &walls[0], &walls[1]);
        for lot in 0..row.lots() {
            if (lots.len() as u64) < block.taken {
                lots.push(enclose(&vertices, row, lot, &walls[0], &walls[1], &dividers));
            }
        }
    }
    Lots { vertices, lots }
}

/// Adds a vertex and answers its position.
fn add(vertices: &mut Vec<[f64; 2]>, vertex: [f64; 2]) -> usize {
    vertices.push(vertex);
    vertices.len() - 1
}

/// The wall along a lane: now and then a kink, or a gate that stands back.
fn outer_wall(random: &mut Random, vertices: &mut Vec<[f64; 2]>, row: &Row, side: usize) -> Wall {
    let line = row.v[side];
    let mut wall = Wall { line: Vec::new(), corners: Vec::new() };
    for (cut, at) in row.cuts.iter().enumerate() {
        wall.corners.push(wall.line.len());
        wall.line.push(add(vertices, [at + random.around(0.3), line + random.around(0.35)]));
        let Some(next) = row.cuts.get(cut + 1) else { break };
        let width = next - at;
        match random.below(10) {
            0..2 => {}
            2..6 => {
                let along = at + width * random.between(0.3, 0.7);
                wall.line.push(add(vertices, [along, line + random.around(0.5)]));
            }
            _ => {
                let gate = at + width * random.between(0.2, 0.6);
                let back = random.between(0.25, 0.7) * if side == 0 { 1.0 } else { -1.0 };
                wall.line.push(add(vertices, [gate, line + random.around(0.2)]));
                wall.line.push(add(vertices, [gate + random.between(1.8, 3.2), line + back]));
            }
        }
    }
    wall
}

/// The wall between back-to-back rows, once with the corners of each: both have the vertices of
/// both.
fn middle_wall(
    random: &mut Random,
    vertices: &mut Vec<[f64; 2]>,
    south: &Row,
    north: &Row,
) -> [Wall; 2] {
    let mut cuts: Vec<f64> = south.cuts.iter().chain(&north.cuts).copied().collect();
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let line: Vec<usize> = cuts
        .iter()
        .map(|at| add(vertices, [at + random.around(0.2), south.v[1] + random.around(0.45)]))
        .collect();
    [south, north].map(|row| {
        let corner = |cut: &f64| cuts.partition_point(|at| at < cut);
        Wall { line: line.clone(), corners: row.cuts.iter().map(corner).collect() }
    })
}

/// The walls between courtyards and at both ends: the vertices between the corners, from the
/// south.
fn dividers(
    random: &mut Random,
    vertices: &mut Vec<[f64; 2]>,
    row: &Row,
    south: &Wall,
    north: &Wall,
) -> Vec<Vec<usize>> {
    let mut dividers = Vec::with_capacity(row.cuts.len());
    for cut in 0..row.cuts.len() {
        let [a, b] = [vertices[south.corner(cut)], vertices[north.corner(cut)]];
        let mut between = |t: f64, off: f64| {
            add(vertices, [a[0] + (b[0] - a[0]) * t + off, a[1] + (b[1] - a[1]) * t])
        };
        dividers.push(match random.below(10) {
            0..1 => Vec::new(),
            1..5 => vec![between(random.between(0.3, 0.7), random.around(0.35))],
            _ => {
                // Where a wing of one house ends, the wall steps aside.
                let [t, off] = [random.between(0.25, 0.6), random.around(0.4)];
                let step = random.between(0.2, 0.5) * if off > 0.0 { -1.0 } else { 1.0 };
                vec![between(t, off), between(t + random.between(0.04, 0.2), off + step)]
            }
        });
    }
    dividers
}

fn enclose(
    vertices: &[[f64; 2]],
    row: &Row,
    lot: usize,
    south: &Wall,
    north: &Wall,
    dividers: &[Vec<usize>],
) -> Lot {
    let [west, east] = [&dividers[lot], &dividers[lot + 1]];
    let [south, north] = [south.along(lot), north.along(lot)];
    let mut ring = Vec::with_capacity(south.len() + north.len() + west.len() + east.len());
    ring.extend_from_slice(south);
    ring.extend_from_slice(east);
    ring.extend(north.iter().rev());
    ring.extend(west.iter().rev());
    let high = |line: &[usize], axis: usize| {
        line.iter().fold(f64::NEG_INFINITY, |most, at| most.max(vertices[*at][axis]))
    };
    let low = |line: &[usize], axis: usize| {
        line.iter().fold(f64::INFINITY, |least, at| least.min(vertices[*at][axis]))
    };
    let ends = |at: usize| [south[at * (south.len() - 1)], north[at * (north.len() - 1)]];
    let inside = [
        high(&ends(0), 0).max(high(west, 0)),
        high(south, 1),
        low(&ends(1), 0).min(low(east, 0)),
        low(north, 1),
    ];
    Lot { ring, inside, faces_north: row.faces_north }
}
