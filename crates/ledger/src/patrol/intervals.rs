//! A union of intervals along a line, in metres.

/// Intervals that neither overlap nor touch, in rising order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intervals(Vec<[f64; 2]>);

impl Intervals {
    /// Adds what lies between two places; nothing where they are one, or no numbers.
    pub fn add(&mut self, one: f64, other: f64) {
        let (mut from, mut to) = (one.min(other), one.max(other));
        if from.is_nan() || to.is_nan() || from >= to {
            return;
        }
        let first = self.0.partition_point(|[_, end]| *end < from);
        let last = self.0.partition_point(|[start, _]| *start <= to);
        if let Some(touched) = self.0.get(first..last).filter(|touched| !touched.is_empty()) {
            from = from.min(touched[0][0]);
            to = to.max(touched[touched.len() - 1][1]);
        }
        self.0.splice(first..last.max(first), [[from, to]]);
    }

    /// Adds all of another union.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|[from, to]| self.add(*from, *to));
    }

    /// Each interval, from the first on.
    pub fn iter(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.0.iter().copied()
    }

    /// How long they are together.
    pub fn length(&self) -> f64 {
        // A sum of nothing is -0.
        self.0.iter().fold(0.0, |all, [from, to]| all + (to - from))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
