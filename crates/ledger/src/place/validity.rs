//! How long something is valid, in days of Asia/Shanghai.

use std::fmt;

use spatial::Day;

/// From a day on, that day included, until another day, that day left out. An absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first day.
    pub from: Option<Day>,
    /// The first day on which it holds no more.
    pub to: Option<Day>,
}

impl Validity {
    /// Whether it holds on `day`.
    pub fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// Whether it holds on no day at all.
    pub fn is_empty(&self) -> bool {
        matches!((self.from, self.to), (Some(from), Some(to)) if to <= from)
    }

    /// The days on which both hold; empty when there is none.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let to = match (self.to, other.to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        // None is less than every day: the later of two beginnings.
        Self { from: self.from.max(other.from), to }
    }

    /// The first day of this validity on which none of `others` holds; `None` when they cover it.
    /// The inner `None` is before every day.
    pub fn first_uncovered(&self, others: &[Self]) -> Option<Option<Day>> {
        let mut others: Vec<_> = others.iter().filter(|other| !other.is_empty()).collect();
        others.sort_unstable_by_key(|other| other.from);
        let mut covered = self.from;
        for other in others {
            if other.from > covered {
                break;
            }
            match other.to {
                None => return None,
                Some(to) if Some(to) > covered => covered = Some(to),
                Some(_) => {}
            }
        }
        let is_whole = matches!((covered, self.to), (Some(covered), Some(to)) if to <= covered);
        (!is_whole).then_some(covered)
    }

    /// Whether it begins or ends on a day after `after`, up to `upto` with that day included.
    pub fn turns_within(&self, after: Day, upto: Day) -> bool {
        [self.from, self.to].into_iter().flatten().any(|day| after < day && day <= upto)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, None) => f.write_str("at any time"),
            (Some(from), None) => write!(f, "from {from} on"),
            (None, Some(to)) => write!(f, "until {to}"),
            (Some(from), Some(to)) => write!(f, "from {from} until {to}"),
        }
    }
}
