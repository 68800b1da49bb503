//! Puts labels on a plan: each where it crosses no other, no edge that it must keep off and no border; or nowhere.

use std::collections::HashMap;

use crate::display::text_box;
use crate::ground::{Frame, Place, Quad, around, corners, do_overlap, does_cross};

/// Side of a cell of the look-up, in millimetres.
const CELL: f64 = 8.0;
/// Free space about a label, as a part of its size.
const AIR: f64 = 0.12;

/// Where a label's text begins, and its direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub at: Place,
    pub angle: f64,
}

/// What is taken already.
#[derive(Debug)]
pub(crate) struct Labels {
    frame: Frame,
    quads: Vec<Quad>,
    /// With whether labels keep off only where there is other room.
    edges: Vec<([Place; 2], Hold)>,
    cells: HashMap<(i32, i32), (Vec<usize>, Vec<usize>)>,
}

/// How much an edge keeps labels off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// Where there is other room.
    Soft,
    /// Always.
    Hard,
}

impl Labels {
    pub(crate) fn new(frame: Frame) -> Self {
        Self { frame, quads: Vec::new(), edges: Vec::new(), cells: HashMap::new() }
    }

    fn cells_of(places: &[Place]) -> impl Iterator<Item = (i32, i32)> + use<> {
        let [left, top, right, bottom] = around(places).unwrap_or_default();
        let cell = |at: f64| (at / CELL).floor() as i32;
        let (rows, left, right) = (cell(top)..=cell(bottom), cell(left), cell(right));
        rows.flat_map(move |row| (left..=right).map(move |column| (column, row)))
    }

    /// Labels must keep off this box.
    pub(crate) fn block(&mut self, quad: Quad) {
        for cell in Self::cells_of(&quad) {
            self.cells.entry(cell).or_default().0.push(self.quads.len());
        }
        self.quads.push(quad);
    }

    /// Whether a label lies in this box.
    pub(crate) fn is_covered(&self, quad: Quad) -> bool {
        let cells = Self::cells_of(&quad).filter_map(|cell| self.cells.get(&cell));
        cells.flat_map(|(quads, _)| quads).any(|at| do_overlap(&quad, &self.quads[*at]))
    }

    /// Labels must, or should, not lie across this edge.
    pub(crate) fn block_edge(&mut self, from: Place, to: Place, hold: Hold) {
        // Outside the frame nothing is placed, and a long edge would fill many cells.
        let Some([from, to]) = crate::ground::clipped_edge(from, to, self.frame) else { return };
        for cell in Self::cells_of(&[from, to]) {
            self.cells.entry(cell).or_default().1.push(self.edges.len());
        }
        self.edges.push(([from, to], hold));
    }

    fn is_free(&self, quad: &Quad, least: Hold) -> bool {
        let [left, top, right, bottom] = self.frame;
        if quad.iter().any(|[x, y]| *x < left || *x > right || *y < top || *y > bottom) {
            return false;
        }
        Self::cells_of(quad).filter_map(|cell| self.cells.get(&cell)).all(|(quads, edges)| {
            quads.iter().all(|at| !do_overlap(quad, &self.quads[*at]))
                && edges
                    .iter()
                    .map(|at| self.edges[*at])
                    .all(|([from, to], hold)| hold < least || !does_cross(quad, from, to))
        })
    }

    /// Takes the first of some places about which a text lies free, the text's middle being there.
    pub(crate) fn place(
        &mut self,
        [width, size]: [f64; 2],
        middles: &[(Place, f64)],
    ) -> Option<Spot> {
        let air = size * AIR;
        for least in [Hold::Soft, Hold::Hard] {
            for (middle, angle) in middles {
                let (sin, cos) = angle.sin_cos();
                let spot = Spot { at: base_of(*middle, *angle, [width, size]), angle: *angle };
                let from = [spot.at[0] - cos * air, spot.at[1] + sin * air];
                let quad = text_box(from, *angle, width + 2.0 * air, size);
                if self.is_free(&quad, least) {
                    self.block(quad);
                    return Some(spot);
                }
            }
        }
        None
    }

    /// The same for a block of lines set level one below another; where each begins its line, centred.
    pub(crate) fn place_block(
        &mut self,
        [width, height]: [f64; 2],
        middles: &[Place],
        is_good: impl Fn(&Quad) -> bool,
    ) -> Option<Place> {
        for least in [Hold::Soft, Hold::Hard] {
            for [x, y] in middles.iter().copied() {
                let quad =
                    corners([x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0]);
                if self.is_free(&quad, least) && is_good(&quad) {
                    self.block(quad);
                    return Some([x, y]);
                }
            }
        }
        None
    }
}

/// Where the base line of a text begins whose middle is given.
fn base_of(middle: Place, angle: f64, [width, size]: [f64; 2]) -> Place {
    let (sin, cos) = angle.sin_cos();
    let down = (crate::display::ASCENT - crate::display::DESCENT) / 2.0 * size;
    [middle[0] - cos * width / 2.0 + sin * down, middle[1] + sin * width / 2.0 + cos * down]
}
