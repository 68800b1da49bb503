//! A coarse grid over the rings of an area: which cells its boundary passes through, and where
//! the others lie. It answers for most boxes without a look at a segment.
//!
//! *Invariant:* a cell is not marked only if no segment touches it. Cells are found by an
//! expression that grows with the coordinate, so that the cells of a box's corners bound the cells
//! of all its points; marking widens every segment by far more than rounding can take away.

use geo_types::Coord;

use super::area::position_in;
use super::edges::Position;
use crate::Envelope;
use crate::validity::Segments;

/// What is known of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cell {
    Outside,
    Inside,
    Boundary,
}

/// The grid over the envelope of an area.
#[derive(Debug)]
pub(super) struct Grid {
    origin: [f64; 2],
    /// Cells a CRS unit.
    scale: [f64; 2],
    size: [usize; 2],
    cells: Vec<Cell>,
    /// Marked cells before each row and column: a box's number of them is four look-ups.
    marked_before: Vec<u32>,
}

impl Grid {
    /// One cell that tells nothing, whatever lies in it.
    pub(super) fn of_one_cell() -> Self {
        let mut grid = Self {
            origin: [0.0; 2],
            scale: [0.0; 2],
            size: [1; 2],
            cells: vec![Cell::Boundary],
            marked_before: Vec::new(),
        };
        grid.count();
        grid
    }

    /// The grid over `segments`, of at least one ring.
    pub(super) fn over(segments: &Segments) -> Self {
        let envelope =
            segments.rings.iter().fold(Envelope::EMPTY, |all, ring| all.union(&ring.envelope));
        let side = match segments.all.len() {
            0..64 => 32.0,
            64..4096 => 64.0,
            _ => 128.0_f64,
        };
        // As square as the envelope lets the cells be.
        let stretch = (envelope.width() / envelope.height()).sqrt().clamp(1.0 / 16.0, 16.0);
        let stretch = if stretch.is_finite() { stretch } else { 1.0 };
        let count = [(side * stretch).ceil(), (side / stretch).ceil()];
        let largest = [envelope.min_x, envelope.min_y, envelope.max_x, envelope.max_y]
            .into_iter()
            .fold(0.0, |most: f64, value| most.max(value.abs()));
        let scale = [count[0] / envelope.width(), count[1] / envelope.height()];
        // In cells: how far a computed place may be off, with much to spare.
        let margin = scale.map(|scale| 1e-6 + 64.0 * f64::EPSILON * largest * scale);
        if !margin.iter().all(|margin| *margin < 0.25) {
            return Self::of_one_cell();
        }
        let mut grid = Self {
            origin: [envelope.min_x, envelope.min_y],
            scale,
            size: count.map(|count| count as usize),
            cells: Vec::new(),
            marked_before: Vec::new(),
        };
        let [columns, rows] = grid.size;
        grid.cells = vec![Cell::Outside; columns * rows];
        for segment in &segments.all {
            grid.mark(segment.ends, margin);
        }
        grid.fill(segments, &envelope);
        grid.count();
        grid
    }

    /// Column or row (`axis` 0 or 1) of a coordinate; the border cells reach to infinity.
    #[inline]
    fn cell(&self, axis: usize, value: f64) -> usize {
        // Saturates: below 0 it is 0.
        (((value - self.origin[axis]) * self.scale[axis]) as usize).min(self.size[axis] - 1)
    }

    /// Marks every cell that the segment touches.
    fn mark(&mut self, [a, b]: [Coord<f64>; 2], margin: [f64; 2]) {
        let place = |c: Coord<f64>| {
            [(c.x - self.origin[0]) * self.scale[0], (c.y - self.origin[1]) * self.scale[1]]
        };
        let (mut low, mut high) = (place(a), place(b));
        if low[1] > high[1] {
            (low, high) = (high, low);
        }
        let run = [high[0] - low[0], high[1] - low[1]];
        let clamp = |value: f64, axis: usize| (value.max(0.0) as usize).min(self.size[axis] - 1);
        let (first, last) = (clamp(low[1] - margin[1], 1), clamp(high[1] + margin[1], 1));
        for row in first..=last {
            // The part of the segment between the borders of the row.
            let at = |y: f64| {
                let part = if run[1] > 0.0 { ((y - low[1]) / run[1]).clamp(0.0, 1.0) } else { 0.0 };
                low[0] + run[0] * part
            };
            let (mut west, mut east) =
                (at(row as f64 - margin[1]), at(row as f64 + 1.0 + margin[1]));
            if run[1] <= 0.0 {
                (west, east) = (low[0], high[0]);
            }
            let (west, east) = (west.min(east) - margin[0], west.max(east) + margin[0]);
            let row_start = row * self.size[0];
            let columns = clamp(west, 0)..=clamp(east, 0);
            self.cells[row_start + columns.start()..=row_start + columns.end()]
                .fill(Cell::Boundary);
        }
    }

    /// Finds out where the cells lie that are not marked: next to each other they lie alike.
    fn fill(&mut self, segments: &Segments, envelope: &Envelope) {
        let [columns, rows] = self.size;
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                if self.cells[at] == Cell::Boundary {
                    continue;
                }
                let left = (column > 0).then(|| self.cells[at - 1]);
                let below = (row > 0).then(|| self.cells[at - columns]);
                let known = [left, below].into_iter().flatten().find(|c| *c != Cell::Boundary);
                self.cells[at] = known.unwrap_or_else(|| {
                    let middle = Coord {
                        x: self.origin[0] + (column as f64 + 0.5) / self.scale[0],
                        y: self.origin[1] + (row as f64 + 0.5) / self.scale[1],
                    };
                    match position_in(segments, None, envelope, middle) {
                        Position::Inside => Cell::Inside,
                        Position::Outside | Position::Boundary => Cell::Outside,
                    }
                });
            }
        }
    }

    fn count(&mut self) {
        let [columns, rows] = self.size;
        let stride = columns + 1;
        let mut before = vec![0; stride * (rows + 1)];
        for row in 0..rows {
            let mut in_row = 0;
            for column in 0..columns {
                in_row += u32::from(self.cells[row * columns + column] == Cell::Boundary);
                before[(row + 1) * stride + column + 1] =
                    before[row * stride + column + 1] + in_row;
            }
        }
        self.marked_before = before;
    }

    fn marked(&self, columns: [usize; 2], rows: [usize; 2]) -> u32 {
        let stride = self.size[0] + 1;
        let at = |row: usize, column: usize| self.marked_before[row * stride + column];
        at(rows[1], columns[1]) + at(rows[0], columns[0])
            - at(rows[0], columns[1])
            - at(rows[1], columns[0])
    }

    /// Where a box lies that meets the envelope of the area, when the grid can tell.
    #[inline]
    pub(super) fn cell_of_box(&self, envelope: &Envelope) -> Option<Cell> {
        let (west, east) = (self.cell(0, envelope.min_x), self.cell(0, envelope.max_x));
        let (south, north) = (self.cell(1, envelope.min_y), self.cell(1, envelope.max_y));
        if self.marked([west, east + 1], [south, north + 1]) == 0 {
            return Some(self.cells[south * self.size[0] + west]);
        }
        // A marked cell in the middle of the box: the boundary is most likely in the box, and
        // the box too large to be worth a closer look.
        let wide = east > west + 1 && north > south + 1;
        (wide && self.marked([west + 1, east], [south + 1, north]) > 0).then_some(Cell::Boundary)
    }

    /// Where a ray from `point` to the right comes to a place of which it is known whether it
    /// lies inside, and that; at infinity everything is outside. It is `point` itself when its
    /// cell is not marked. No segment comes near the place.
    pub(super) fn right_of(&self, point: Coord<f64>) -> (bool, f64) {
        let (column, row) = (self.cell(0, point.x), self.cell(1, point.y));
        let cells = &self.cells[row * self.size[0]..(row + 1) * self.size[0]];
        match cells[column..].iter().position(|cell| *cell != Cell::Boundary) {
            Some(0) => (cells[column] == Cell::Inside, point.x),
            Some(step) => {
                let middle = (column + step) as f64 + 0.5;
                let x = self.origin[0] + middle / self.scale[0];
                (cells[column + step] == Cell::Inside, x)
            }
            None => (false, f64::INFINITY),
        }
    }
}
