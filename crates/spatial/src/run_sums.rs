//! Sums over runs of sixteen slots, over sixteen such runs, and so on: of any range of slots
//! without looking at each.
//!
//! Unlike differences of prefix sums they lose no digits to what lies outside of the range, and
//! carry least and greatest values too. They take a fifteenth of a value a slot.

use std::ops::Range;

/// Members of a run.
const FANOUT: usize = 16;

/// What can be summed.
pub(crate) trait Sum: Copy {
    /// The sum of nothing.
    const NOTHING: Self;
    /// The sum of both.
    fn and(self, other: Self) -> Self;
}

impl Sum for f64 {
    const NOTHING: Self = 0.0;

    fn and(self, other: Self) -> Self {
        self + other
    }
}

/// Sums over runs; level 0 over slots, each other level over the runs of the one below.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunSums<S> {
    levels: Vec<Vec<S>>,
}

impl<S: Sum> RunSums<S> {
    /// The sums of the values of `len` slots.
    pub(crate) fn build(len: usize, value: impl Fn(usize) -> S) -> Self {
        let mut levels: Vec<Vec<S>> = Vec::new();
        let mut below = len;
        while below > FANOUT {
            let member = |place: usize| levels.last().map_or_else(|| value(place), |l| l[place]);
            let run = |run: usize| {
                let members = run * FANOUT..((run + 1) * FANOUT).min(below);
                members.map(member).fold(S::NOTHING, S::and)
            };
            let runs: Vec<S> = (0..below.div_ceil(FANOUT)).map(run).collect();
            below = runs.len();
            levels.push(runs);
        }
        Self { levels }
    }

    /// The sum over `slots`; `value` gives that of single ones.
    pub(crate) fn over(&self, slots: Range<usize>, value: impl Fn(usize) -> S) -> S {
        let mut sum = S::NOTHING;
        let Range { mut start, mut end } = slots;
        let mut level = 0;
        while start < end {
            let member = |place: usize| {
                if level == 0 { value(place) } else { self.levels[level - 1][place] }
            };
            let (first, last) = (start.next_multiple_of(FANOUT), end / FANOUT * FANOUT);
            if level == self.levels.len() || first >= last {
                return (start..end).map(member).fold(sum, S::and);
            }
            sum = (start..first).chain(last..end).map(member).fold(sum, S::and);
            (start, end) = (first / FANOUT, last / FANOUT);
            level += 1;
        }
        sum
    }

    /// Bytes of memory that the sums hold.
    pub(crate) fn heap_bytes(&self) -> usize {
        let levels = self.levels.iter().map(|level| level.capacity() * size_of::<S>());
        levels.sum::<usize>() + self.levels.capacity() * size_of::<Vec<S>>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_range_sums_up_to_its_slots(
            values in prop::collection::vec(-1000..1000_i32, 0..700),
            ends in (0..700_usize, 0..700_usize),
        ) {
            let value = |slot: usize| f64::from(values[slot]);
            let sums = RunSums::build(values.len(), value);
            let (a, b) = (ends.0.min(values.len()), ends.1.min(values.len()));
            let range = a.min(b)..a.max(b);
            let expected: i32 = values[range.clone()].iter().sum();
            prop_assert_eq!(sums.over(range, value), f64::from(expected));
        }
    }
}
