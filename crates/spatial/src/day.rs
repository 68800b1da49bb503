//! Days of Asia/Shanghai, which is eight hours ahead of UTC, without summer time.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::Timestamp;
use crate::calendar::{civil_from_days, day_number};

/// What Asia/Shanghai is ahead of UTC.
pub const SHANGHAI_AHEAD_MINUTES: i64 = 8 * 60;
const AHEAD_MS: i64 = SHANGHAI_AHEAD_MINUTES * 60_000;
const DAY_MS: i64 = 86_400_000;
/// Longest stretch of a refused text that an error repeats, in characters.
const MAX_SHOWN: usize = 40;

/// A day of Asia/Shanghai, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

/// A text that names no day.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value:?} is no day; a day is written 2026-11-22")]
pub struct InvalidDay {
    /// The refused text, cut after 40 characters.
    pub value: String,
}

impl Day {
    /// The day that `moment` falls on.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.0.saturating_add(AHEAD_MS).div_euclid(DAY_MS))
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(DAY_MS).saturating_sub(AHEAD_MS))
    }

    /// The first moment after it.
    pub fn end(self) -> Timestamp {
        Self(self.0.saturating_add(1)).start()
    }

    /// The day before.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How many days later than `earlier` it is; negative when it is before.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Its year.
    pub fn year(self) -> i64 {
        civil_from_days(self.0).0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let day = Day(20_514);
        assert_eq!(day.to_string(), "2026-03-02");
        assert_eq!("2026-03-02".parse(), Ok(day));
        assert_eq!(day.start(), Timestamp(20_514 * 86_400_000 - 28_800_000));
        assert_eq!([day.start(), Timestamp(day.end().0 - 1)].map(Day::of), [day; 2]);
        assert_eq!(Day::of(Timestamp(day.start().0 - 1)), day.before());
        assert_eq!((day.year(), Day(-1).to_string().as_str()), (2026, "1969-12-31"));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for odd in
            ["", "2026-3-2", "2026-02-30", "2026-03-02T00:00:00Z", "２026-03-02", "+026-03-02"]
        {
            assert!(odd.parse::<Day>().is_err(), "{odd}");
        }
    }
}
