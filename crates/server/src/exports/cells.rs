//! Cells of a coarse grid that features cover: about 117 m along a side in Beijing.
//!
//! Gaps count: every cell within the convex hull of an export is covered, as whoever has what lies around a
//! gap has it surrounded.

use std::collections::{BTreeMap, BTreeSet};

use spatial::WorldBox;

/// A cell by column and row.
pub type Cell = (u32, u32);

/// World units of a cell: 2^14.
const SHIFT: u32 = 14;
/// Most cells of an export that are told apart; one that covers more is beyond every limit.
const MOST: u64 = 4_000_000;
/// Metres of a cell's side at the equator.
const SIDE_M: f64 = 40_075_016.685_578_5 / 262_144.0;

/// Cells that an export covers; none when they are too many to be told apart.
pub fn covered(boxes: impl Iterator<Item = WorldBox>) -> Option<BTreeSet<Cell>> {
    let mut rows: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    let widen = |spans: &mut BTreeMap<u32, (u32, u32)>, at: u32, (from, to): (u32, u32)| {
        let span = spans.entry(at).or_insert((from, to));
        *span = (span.0.min(from), span.1.max(to));
    };
    for area in boxes.filter(|area| !area.is_empty()) {
        let [west, north] = area.min.map(|value| value >> SHIFT);
        let [east, south] = area.max.map(|value| value >> SHIFT);
        if u64::from(south - north) * u64::from(east - west) > MOST {
            return None;
        }
        (north..=south).for_each(|row| widen(&mut rows, row, (west, east)));
    }
    let west: Vec<(i64, i64)> =
        rows.iter().map(|(row, (from, _))| (i64::from(*row), i64::from(*from))).collect();
    let east: Vec<(i64, i64)> =
        rows.iter().map(|(row, (_, to))| (i64::from(*row), -i64::from(*to))).collect();
    let (west, east) = (bulged(&west), bulged(&east));
    let first = rows.keys().next().copied().unwrap_or_default();
    if west.len() as u64 > MOST {
        return None;
    }
    let spans = west.into_iter().zip(east).map(|(from, to)| (from, -to));
    let spans: Vec<(u32, u32)> = spans.map(|(from, to)| (from as u32, to as u32)).collect();
    let all: u64 = spans.iter().map(|(from, to)| u64::from(to.saturating_sub(*from)) + 1).sum();
    if all > MOST {
        return None;
    }
    let rows = spans.into_iter().zip(first..);
    let cells = rows.flat_map(|((from, to), row)| (from..=to).map(move |column| (column, row)));
    Some(cells.collect())
}

/// For each row from the first to the last of `ends`, which ascend, the least column on the convex hull.
fn bulged(ends: &[(i64, i64)]) -> Vec<i64> {
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
        hull.push(*end);
    }
    let mut columns: Vec<i64> = hull.first().map(|first| first.1).into_iter().collect();
    for pair in hull.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        columns.extend(
            (a.0 + 1..=b.0).map(|row| a.1 + ((row - a.0) * (b.1 - a.1)).div_euclid(b.0 - a.0)),
        );
    }
    columns
}

/// The area of a cell on the ground, square kilometres.
pub fn km2((_, row): Cell) -> f64 {
    let middle = (f64::from(row) + 0.5) / 262_144.0;
    let side = SIDE_M / (std::f64::consts::PI * (1.0 - 2.0 * middle)).cosh();
    side * side / 1e6
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
        covered(boxes.iter().copied()).unwrap().into_iter().map(km2).sum()
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
        assert!(covered([world].into_iter()).is_none());
        assert_eq!(area(&[WorldBox::EMPTY]), 0.0);
    }
}
