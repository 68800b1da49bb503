//! The Hilbert curve over the world grid: neighbours on the curve are neighbours on the ground.

use crate::{WorldBox, WorldPoint};

/// Key of features without a place: they come last.
pub const PLACELESS: u64 = u64::MAX;

/// One step down the curve: `STEP[state << 2 | quadrant]` is `next state << 2 | rank`, with
/// quadrants `x bit << 1 | y bit`.
///
/// A state is what is done to the axes before a quadrant is ranked: 0 nothing, 1 swapped, 2
/// swapped and turned round, 3 turned round. One after the other they combine by exclusive or.
const STEP: [u8; 16] = {
    let mut table = [0; 16];
    let mut entry = 0;
    while entry < 16 {
        let (state, x, y) = (entry >> 2, entry >> 1 & 1, entry & 1);
        let (x, y) = match state {
            0 => (x, y),
            1 => (y, x),
            2 => (1 - y, 1 - x),
            _ => (1 - x, 1 - y),
        };
        let rank = (3 * x) ^ y;
        let turn = if y == 1 { 0 } else { 1 + x };
        table[entry] = ((state ^ turn) << 2 | rank) as u8;
        entry += 1;
    }
    table
};

/// Position of `point` on the curve of order 32 over the whole world grid.
pub fn key(point: WorldPoint) -> u64 {
    let [x, y] = point;
    let mut key = 0;
    let mut state = 0;
    for bit in (0..32).rev() {
        let quadrant = ((x >> bit & 1) << 1 | (y >> bit & 1)) as usize;
        let step = STEP[state << 2 | quadrant];
        key = key << 2 | u64::from(step & 3);
        state = usize::from(step >> 2);
    }
    key
}

/// Position of the middle of `world_box`, [`PLACELESS`] only when it is empty.
pub fn box_key(world_box: &WorldBox) -> u64 {
    if world_box.is_empty() {
        return PLACELESS;
    }
    let middle =
        |axis: usize| world_box.min[axis] + (world_box.max[axis] - world_box.min[axis]) / 2;
    key([middle(0), middle(1)]).min(PLACELESS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve over the 2^order grid in the north-western corner, in order of the keys.
    fn walk(order: u32) -> Vec<(u64, WorldPoint)> {
        let side = 1 << order;
        let mut cells: Vec<_> = (0..side)
            .flat_map(|x| {
                (0..side).map(move |y| (key([x << (32 - order), y << (32 - order)]), [x, y]))
            })
            .collect();
        cells.sort_unstable();
        cells
    }

    #[test]
    fn the_curve_visits_every_cell_once_and_steps_to_a_neighbour() {
        for order in 1..=6 {
            let cells = walk(order);
            for (rank, (key, _)) in cells.iter().enumerate() {
                assert_eq!(*key >> (64 - 2 * order), rank as u64);
            }
            for pair in cells.windows(2) {
                let ([ax, ay], [bx, by]) = (pair[0].1, pair[1].1);
                assert_eq!(ax.abs_diff(bx) + ay.abs_diff(by), 1, "{:?}", pair);
            }
        }
    }

    #[test]
    fn a_key_is_unique_to_its_point_down_to_one_unit() {
        let [x, y] = [3_523_215_361, 1_628_437_505];
        let mut keys: Vec<_> =
            (0..8).flat_map(|dx| (0..8).map(move |dy| key([x + dx, y + dy]))).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 64);
    }

    #[test]
    fn a_box_without_a_point_comes_last() {
        assert_eq!(box_key(&WorldBox::EMPTY), PLACELESS);
        assert_eq!(box_key(&WorldBox { min: [2, 4], max: [8, 4] }), key([5, 4]));
    }
}
