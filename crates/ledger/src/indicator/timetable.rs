//! Timetables (时间表): how much of a target is due at a moment.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use spatial::Timestamp;

use super::{Exact, Ratio, Window};

/// A step of a timetable, as it is read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The last day, of Asia/Shanghai.
    pub by: String,
    /// How much is to be reached by then, from the beginning of the period on, in the target's unit of
    /// measure.
    pub planned: f64,
}

/// What is due when: between two moments evenly.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    /// Moments in order, and how much is due by then, in hundredths.
    knots: Vec<(Timestamp, i128)>,
}

impl Timetable {
    /// A target over a window, with steps in between that ascend in both.
    pub(super) fn new(window: Window, steps: Vec<(Timestamp, i128)>, planned: i128) -> Self {
        let mut knots = vec![(window.from, 0)];
        knots.extend(steps);
        knots.push((window.to, planned));
        Self { knots }
    }

    /// How much is due at a moment.
    pub(super) fn due(&self, at: Timestamp) -> Due {
        let next = self.knots.partition_point(|(moment, _)| *moment <= at);
        let (span, sum) =
            match (next.checked_sub(1).map(|last| self.knots[last]), self.knots.get(next)) {
                (None, _) => (1, 0),
                (Some((_, last)), None) => (1, last),
                (Some((from, last)), Some((to, then))) => {
                    let (span, over) = (to.0 - from.0, at.0 - from.0);
                    (span, last * i128::from(span) + (then - last) * i128::from(over))
                }
            };
        Due(BTreeMap::from([(span, sum)]))
    }
}

/// A sum of what is due, exact: whole numbers, each by what it is to be divided by. Targets of one
/// period and one timetable have one divisor.
#[derive(Clone, Debug, Default)]
pub(super) struct Due(BTreeMap<i64, i128>);

impl AddAssign for Due {
    fn add_assign(&mut self, other: Self) {
        for (span, sum) in other.0 {
            *self.0.entry(span).or_default() += sum;
        }
    }
}

impl Due {
    /// What part of `planned`, which is not zero, it is; none where that is beyond what can be told.
    pub(super) fn share_of(&self, planned: i128) -> Option<Exact> {
        let part =
            |(span, sum): (&i64, &i128)| Ratio::new(*sum, i128::from(*span).checked_mul(planned)?);
        self.0.iter().map(part).collect()
    }
}
