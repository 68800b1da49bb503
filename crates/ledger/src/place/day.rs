//! Days of Asia/Shanghai, and how long something is valid.

use std::fmt;
use std::str::FromStr;

use spatial::Timestamp;
use spatial::calendar::{civil_from_days, day_number};
use thiserror::Error;

use crate::point::moment;

const DAY_MS: i64 = 86_400_000;
/// Asia/Shanghai is eight hours ahead of UTC, without summer time.
const AHEAD_MS: i64 = 8 * 3_600_000;
/// Longest stretch of a refused text that an error repeats, in characters.
const MAX_SHOWN: usize = 40;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// A text that names no day.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value:?} is no day; a day is written 2026-11-22")]
pub struct InvalidDay {
    /// The refused text, cut after 40 characters.
    pub value: String,
}

impl Day {
    /// The day in Asia/Shanghai that `moment` falls on.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.0.saturating_add(AHEAD_MS).div_euclid(DAY_MS))
    }

    /// How many days later than `earlier` it is; negative when it is before.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day of a date, or in Asia/Shanghai of a moment, as the store writes both.
    pub fn read(text: &str) -> Option<Self> {
        match text.len() {
            10 => text.parse().ok(),
            _ => moment::read(text).map(Self::of),
        }
    }

    /// Its first moment.
    pub fn begins(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(DAY_MS).saturating_sub(AHEAD_MS))
    }

    /// The day before.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    /// Reads `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let part = |span: std::ops::Range<usize>| {
            let digits = text.get(span)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let is_written =
            text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let number = || day_number(part(0..4)?, part(5..7)?, part(8..10)?);
        let day = is_written.then(number).flatten().map(Self);
        day.ok_or_else(|| InvalidDay { value: text.chars().take(MAX_SHOWN).collect() })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

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
