//! The lanes of a village, as lines on its sheet and from its ends to the next village.

use super::layout::Layout;

/// A lane.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// 主街, 巷, 胡同 or 村路.
    pub kind: &'static str,
    /// Its vertices, in sheet coordinates.
    pub line: Vec<[f64; 2]>,
    /// Which middle of the cell's borders it goes on to: west, east, south, north.
    pub gate: Option<usize>,
}

/// Between two vertices of a lane: enough to follow the bend of the village, metres.
const STEP: f64 = 35.0;

/// Draws the lanes between the blocks that the village has.
pub(super) fn lanes(layout: &Layout) -> Vec<Lane> {
    let mut lanes = Vec::new();
    let columns = &layout.columns;
    let mut reach = [[0.0f64; 2]; 2];
    for block in &layout.blocks {
        for (axis, side) in [block.u, block.v].iter().enumerate() {
            reach[axis] = [reach[axis][0].min(side[0]), reach[axis][1].max(side[1])];
        }
    }
    // The two main streets meet in the middle; each end goes on as a road to the next village.
    for (axis, ends) in reach.iter().enumerate() {
        let [low, high] = [ends[0] - 6.0, ends[1] + 6.0];
        let point = |along: f64| if axis == 0 { [along, 0.0] } else { [0.0, along] };
        lanes.push(Lane { kind: "主街", line: steps(point(low), point(high)), gate: None });
        for (end, along) in [low, high].into_iter().enumerate() {
            lanes.push(Lane {
                kind: "村路", line: vec![point(along)], gate: Some(axis * 2 + end)
            });
        }
    }
    let column_reach = |column: usize| {
        let of_column = layout.blocks.iter().filter(|block| block.column == column);
        of_column.map(|b| b.v).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
    };
    // Where the lane beside a column runs: half-way to the next, or in the main street.
    let west_of = |column: usize| match column.checked_sub(1) {
        Some(before) => (columns[before][1] + columns[column][0]) / 2.0,
        None => columns[column][0] - 2.3,
    };
    let east_of = |column: usize| {
        if column + 1 < columns.len() { west_of(column + 1) } else { columns[column][1] + 2.3 }
    };
    for (column, [_, eastern]) in columns.iter().enumerate() {
        let Some(own) = column_reach(column) else { continue };
        // The lane on the side away from the middle of the village, and its neighbour's part.
        let is_west = *eastern <= 0.0;
        let u = if is_west { west_of(column) } else { east_of(column) };
        let beyond = if is_west { column.checked_sub(1) } else { Some(column + 1) };
        let other = beyond.and_then(column_reach).unwrap_or(own);
        let [low, high] = [own[0].min(other[0]) - 2.0, own[1].max(other[1]) + 2.0];
        lanes.push(Lane { kind: "巷", line: steps([u, low], [u, high]), gate: None });
        let [west, east] = [west_of(column), east_of(column)];
        for (strip, pair) in layout.strips[column].windows(2).enumerate() {
            let [south, north] = [pair[0][1], pair[1][0]];
            // Across the main street there is no alley.
            let is_street = south < 0.0 && north > 0.0;
            let is_used = layout.blocks.iter().any(|block| {
                block.column == column && (block.strip == strip || block.strip == strip + 1)
            });
            if is_used && !is_street {
                let v = (south + north) / 2.0;
                lanes.push(Lane { kind: "胡同", line: steps([west, v], [east, v]), gate: None });
            }
        }
    }
    lanes
}

/// A line with a vertex every [`STEP`] or closer.
fn steps(from: [f64; 2], to: [f64; 2]) -> Vec<[f64; 2]> {
    let length = (to[0] - from[0]).abs() + (to[1] - from[1]).abs();
    let count = (length / STEP).ceil().max(1.0) as u64;
    let at = |step: u64| {
        let t = step as f64 / count as f64;
        [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t]
    };
    (0..=count).map(at).collect()
}
