//! What lines of patrols cover of alleys: lines along alleys as rows of `patrols` have them, whoever
//! drew them.

use ledger::patrol::{Intervals, OnAlley, Plane};
use ledger::place::Day;
use rustc_hash::FxHashMap;
use spatial::FeatureRef;

use super::alleys::Alleys;
use super::places::LonLat;

/// A stretch of a line that lies along no alley is halved until it is so short, in metres.
const SHORTEST_M: f64 = 10.0;
/// Between two vertices that are farther apart nobody went straight, in metres.
const LONGEST_M: f64 = 20_000.0;

/// Intervals by alley and day.
pub(super) type Walked = FxHashMap<(usize, Day), Intervals>;

/// One patrol's line.
pub(super) struct Line<'a> {
    pub(super) row: FeatureRef<'a>,
    pub(super) day: Day,
    /// The alley that it says it was on.
    pub(super) said: Option<usize>,
}

/// Adds what a line covers of the alleys that are valid on its day: each stretch covers the alley
/// along which it lies within `tolerance` metres, the one that was said before others, then the
/// nearest.
pub(super) fn add(
    walked: &mut Walked,
    alleys: &Alleys,
    places: &LonLat,
    line: &Line<'_>,
    tolerance: f64,
) {
    let along = Along { alleys, line, tolerance };
    for path in line.row.paths() {
        let Some(coords) = places.lon_lats(path.coords) else { continue };
        for pair in coords.windows(2) {
            along.stretch(walked, pair[0], pair[1]);
        }
    }
}

struct Along<'a> {
    alleys: &'a Alleys,
    line: &'a Line<'a>,
    tolerance: f64,
}

impl Along<'_> {
    fn stretch(&self, walked: &mut Walked, from: [f64; 2], to: [f64; 2]) {
        let middle = [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])];
        let mut best: Option<(bool, f64, usize, [f64; 2])> = None;
        for near in self.alleys.near(middle, self.tolerance) {
            let alley = &self.alleys.all[near.alley];
            if !alley.validity.holds(self.line.day) {
                continue;
            }
            let [a, b] = [from, to].map(|at| alley.plane.metres(at));
            let length = (a[0] - b[0]).hypot(a[1] - b[1]);
            let ends = [a, b].map(|at| alley.line.nearest(at));
            let [Some(a), Some(b)] = ends else { continue };
            let farthest = [a, b, near.on].map(|on: OnAlley| on.distance);
            let farthest = farthest.into_iter().fold(0.0, f64::max);
            let is_along = farthest <= self.tolerance
                && [a.part, b.part] == [near.on.part; 2]
                && ((a.along - b.along).abs() - length).abs() <= 2.0 * self.tolerance;
            let is_other = Some(near.alley) != self.line.said;
            let key = (is_other, farthest, near.alley);
            let is_better = best.is_none_or(|(other, far, alley, _)| key < (other, far, alley));
            if is_along && is_better {
                best = Some((is_other, farthest, near.alley, [a.along, b.along]));
            }
        }
        match best {
            Some((_, _, alley, [from, to])) => {
                walked.entry((alley, self.line.day)).or_default().add(from, to);
            }
            // A straight line may stand for a bent alley, or lead from one to the next.
            None if self.is_long(from, to) => {
                self.stretch(walked, from, middle);
                self.stretch(walked, middle, to);
            }
            None => {}
        }
    }

    fn is_long(&self, from: [f64; 2], to: [f64; 2]) -> bool {
        let [east, north] = Plane::about(from).metres(to);
        (SHORTEST_M..=LONGEST_M).contains(&east.hypot(north))
    }
}
