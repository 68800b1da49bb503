//! Cells of a coarse grid that features cover: about 117 m along a side in Beijing.
//!
//! Gaps count: every cell within the convex hull of an export is covered, as whoever has what lies around a
//! gap has it surrounded.

use std::collections::BTreeMap;

use spatial::WorldBox;

/// A cell by column and row.
pub type Cell = (u32, u32);

/// World units of a cell: 2^14.
const SHIFT: u32 = 14;
/// Most cells that are told apart; what covers more is beyond every limit.
const MOST: u64 = 4_000_000;
/// Metres of a cell's side at the equator.
const SIDE_M: f64 = 40_075_016.685_578_5 / 262_144.0;

/// Ground that is covered together: the cells within the convex hull of what lies on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Its cells, each once.
    pub cells: Vec<Cell>,
    /// Those at the corners of the hull, one way round.
    pub corners: Vec<Cell>,
}

impl Ground {
    /// The ground that boxes cover; none when it has too many cells to be told apart.
    pub fn covered(boxes: impl Iterator<Item = WorldBox>) -> Option<Self> {
        let mut rows: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        let mut widen = |at: u32, (from, to): (u32, u32)| {
            let span = rows.entry(at).or_insert((from, to));
            *span = (span.0.min(from), span.1.max(to));
        };
        for area in boxes.filter(|area| !area.is_empty()) {
            let [west, north] = area.min.map(|value| value >> SHIFT);
            let [east, south] = area.max.map(|value| value >> SHIFT);
            if u64::from(south - north) * u64::from(east - west) > MOST {
                return None;
            }
            (north..=south).for_each(|row| widen(row, (west, east)));
        }
        let west = hull(rows.iter().map(|(row, (from, _))| (i64::from(*row), i64::from(*from))));
        let east = hull(rows.iter().map(|(row, (_, to))| (i64::from(*row), -i64::from(*to))));
        let first = rows.keys().next().copied().unwrap_or_default();
        let last = rows.keys().next_back().copied().unwrap_or_default();
        if u64::from(last - first) >= MOST {
            return None;
        }
        let spans = columns(&west).into_iter().zip(columns(&east)).map(|(from, to)| (from, -to));
        let spans: Vec<(u32, u32)> = spans.map(|(from, to)| (from as u32, to as u32)).collect();
        let all: u64 = spans.iter().map(|(from, to)| u64::from(to.saturating_sub(*from)) + 1).sum();
        if all > MOST {
            return None;
        }
        let rows = spans.into_iter().zip(first..);
        let cells = rows.flat_map(|((from, to), row)| (from..=to).map(move |column| (column, row)));
        let east = east.into_iter().map(|(row, column)| (row, -column)).rev();
        let corners = west.into_iter().chain(east);
        let mut corners: Vec<Cell> =
            corners.map(|(row, column)| (column as u32, row as u32)).collect();
        corners.dedup();
        if corners.len() > 1 && corners.first() == corners.last() {
            corners.pop();
        }
        Some(Self { cells: cells.collect(), corners })
    }
}

/// Of `ends`, rows that ascend each with its least column, those at corners of the convex hull.
fn hull(ends: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut hull: Vec<(i64, i64)> = Vec::new();
    for end in ends {
        while let [.., a, b] = hull.as_slice() {
            // Whether b lies on the line from a to the end, or beyond it.
            let turn = (b.0 - a.0) * (end.1 - a.1) - (b.1 - a.1) * (end.0 - a.0);
            if turn > 0 {
                break;
            }
            hull.pop();
        }
        hull.push(end);
    }
    hull
}

/// For each row from the first to the last of a hull its least column.
fn columns(hull: &[(i64, i64)]) -> Vec<i64> {
    let mut columns: Vec<i64> = hull.first().map(|first| first.1).into_iter().collect();
    for pair in hull.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        columns.extend(
            (a.0 + 1..=b.0).map(|row| a.1 + ((row - a.0) * (b.1 - a.1)).div_euclid(b.0 - a.0)),
        );
    }
    columns
}

/// The box of a cell.
pub fn cell_box((column, row): Cell) -> WorldBox {
    let min = [column, row].map(|at| at << SHIFT);
    WorldBox { min, max: min.map(|at| at | ((1 << SHIFT) - 1)) }
}

/// Square millimetres of a square kilometre.
pub const MM2_A_KM2: f64 = 1e12;

/// The area of a cell on the ground in square millimetres: whole ones, so that sums do not depend on the
/// order in which cells come and go.
pub fn mm2((_, row): Cell) -> u64 {
    let middle = (f64::from(row) + 0.5) / 262_144.0;
    let side = SIDE_M / (std::f64::consts::PI * (1.0 - 2.0 * middle)).cosh();
    (side * side * 1e6) as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use spatial::world::from_lon_lat;

    use super::*;

    fn at(lon: f64, lat: f64) -> WorldBox {
        let point = from_lon_lat([lon, lat]);
        WorldBox { min: point, max: point }
    }

    fn area(boxes: &[WorldBox]) -> f64 {
        let ground = Ground::covered(boxes.iter().copied()).unwrap();
        ground.cells.into_iter().map(mm2).sum::<u64>() as f64 / MM2_A_KM2
    }

    #[test]
    fn cells_between_those_of_one_export_are_covered() {
        let one = area(&[at(116.3, 39.7)]);
        assert!((0.0125..0.0145).contains(&one), "{one}");
        // Five kilometres along both sides of a square: the square.
        let (lon, lat) = (5.0 / 85.6, 5.0 / 111.2);
        let corners = [
            at(116.3, 39.7),
            at(116.3 + lon, 39.7),
            at(116.3, 39.7 + lat),
            at(116.3 + lon, 39.7 + lat),
        ];
        let square = area(&corners);
        assert!((24.0..27.5).contains(&square), "{square}");
        // Three corners are half of it.
        let half = area(&corners[..3]);
        assert!((12.0..14.5).contains(&half), "{half}");
        // One row of it is no square.
        assert!(area(&corners[..2]) < 1.0);
        let world = WorldBox { min: [0; 2], max: [u32::MAX; 2] };
        assert!(Ground::covered([world].into_iter()).is_none());
        assert_eq!(area(&[WorldBox::EMPTY]), 0.0);
    }
}
