//! Places of a plane, found by those near them.

use std::collections::HashMap;

/// Most places that are looked at near one; more lie there by mistake.
const MAX_NEAR: usize = 1_000;

/// Places with what they are of, in cells as wide as is looked.
#[derive(Debug)]
pub(super) struct Grid {
    within: f64,
    cells: HashMap<[i64; 2], Vec<([f64; 2], usize)>>,
}

impl Grid {
    /// Without places; `within` metres are near.
    pub(super) fn new(within: f64) -> Self {
        Self { within, cells: HashMap::new() }
    }

    fn cell(&self, place: [f64; 2]) -> [i64; 2] {
        place.map(|ordinate| (ordinate / self.within).floor() as i64)
    }

    /// Adds a place.
    pub(super) fn add(&mut self, place: [f64; 2], of: usize) {
        self.cells.entry(self.cell(place)).or_default().push((place, of));
    }

    /// What the places near one are of.
    pub(super) fn near(&self, place: [f64; 2]) -> impl Iterator<Item = usize> {
        let [x, y] = self.cell(place);
        let around = |at: i64| [at.saturating_sub(1), at, at.saturating_add(1)];
        let cells = around(x).into_iter().flat_map(move |x| around(y).map(move |y| [x, y]));
        let near = cells.filter_map(|cell| self.cells.get(&cell)).flatten().take(MAX_NEAR);
        near.filter(move |(other, _)| apart(*other, place) <= self.within).map(|(_, of)| *of)
    }
}

/// Metres between two places.
pub(super) fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
