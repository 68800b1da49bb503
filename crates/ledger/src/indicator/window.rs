//! Stretches of time: years, quarters and months as Asia/Shanghai has them, and windows in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spatial::calendar::{UtcSecond, day_number};
use spatial::{Day, SHANGHAI_AHEAD_MINUTES, Timestamp};
use thiserror::Error;

/// Years that a period may lie in.
const YEARS: std::ops::RangeInclusive<i32> = 1949..=2999;

/// A stretch of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Window {
    /// Whether a moment lies within.
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether all of another window lies within.
    pub fn covers(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// The year, in Asia/Shanghai, of its last moment.
    pub fn year(self) -> i32 {
        year_of(Timestamp(self.to.0.saturating_sub(1)))
    }
}

/// The calendar year of a moment in Asia/Shanghai.
pub fn year_of(at: Timestamp) -> i32 {
    i32::try_from(Day::of(at).year()).unwrap_or(i32::MAX)
}

/// A moment as an office reads it: `2026-11-26 18:36`, Asia/Shanghai.
pub(super) fn shown(at: Timestamp) -> String {
    let second = UtcSecond(at.0.div_euclid(1000) + SHANGHAI_AHEAD_MINUTES * 60).to_string();
    second.get(..16).unwrap_or(&second).replace('T', " ")
}

/// The first moment of a month in Asia/Shanghai.
fn month_start(year: i32, month: u8) -> Timestamp {
    Day(day_number(i64::from(year), i64::from(month), 1).unwrap_or_default()).start()
}

/// A year, quarter or month of Asia/Shanghai: `2026`, `2026-Q3`, `2026-09`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    year: i32,
    first_month: u8,
    months: u8,
}

/// A text that names no period.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value:?} is no period: write a year 2026, a quarter 2026-Q3 or a month 2026-09")]
pub struct InvalidPeriod {
    /// The refused text, cut after 40 characters.
    pub value: String,
}

impl Period {
    /// A whole year; none before 1949 or after 2999.
    pub fn of_year(year: i32) -> Option<Self> {
        YEARS.contains(&year).then_some(Self { year, first_month: 1, months: 12 })
    }

    /// The year that it lies in.
    pub fn year(self) -> i32 {
        self.year
    }

    /// Its window in UTC.
    pub fn window(self) -> Window {
        let after = self.first_month + self.months;
        let to = match after {
            13 => month_start(self.year + 1, 1),
            _ => month_start(self.year, after),
        };
        Window { from: month_start(self.year, self.first_month), to }
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let parsed = || {
            let (year, rest) = text.split_at_checked(4)?;
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let whole = Self::of_year(year.parse().ok().filter(|_| digits(year))?)?;
            if rest.is_empty() {
                return Some(whole);
            }
            let part = rest.strip_prefix('-')?;
            if let Some(quarter) = part.strip_prefix('Q') {
                let quarter: u8 = quarter.parse().ok().filter(|_| digits(quarter))?;
                let first_month = quarter.checked_sub(1)?.checked_mul(3)? + 1;
                return (quarter <= 4).then_some(Self { first_month, months: 3, ..whole });
            }
            let month: u8 = part.parse().ok().filter(|_| part.len() == 2 && digits(part))?;
            (1..=12).contains(&month).then_some(Self { first_month: month, months: 1, ..whole })
        };
        parsed().ok_or_else(|| InvalidPeriod { value: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.months {
            12 => write!(f, "{:04}", self.year),
            3 => write!(f, "{:04}-Q{}", self.year, self.first_month.div_ceil(3)),
            _ => write!(f, "{:04}-{:02}", self.year, self.first_month),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = InvalidPeriod;

    fn try_from(text: String) -> Result<Self, InvalidPeriod> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn periods_are_those_of_shanghai() {
        for (text, from, to) in [
            ("2026", "2026-01-01 00:00", "2027-01-01 00:00"),
            ("2026-Q1", "2026-01-01 00:00", "2026-04-01 00:00"),
            ("2026-Q4", "2026-10-01 00:00", "2027-01-01 00:00"),
            ("2024-02", "2024-02-01 00:00", "2024-03-01 00:00"),
            ("2026-12", "2026-12-01 00:00", "2027-01-01 00:00"),
        ] {
            let period: Period = text.parse().unwrap();
            let window = period.window();
            assert_eq!((shown(window.from), shown(window.to)), (from.into(), to.into()), "{text}");
            assert_eq!(period.to_string(), text);
            assert_eq!((window.year(), period.year()), (period.year(), window.year()));
        }
        // 2025-12-31T16:00:00Z is the first moment of 2026 in Shanghai.
        assert_eq!(year_of(Timestamp(1_767_196_800_000)), 2026);
        assert_eq!(year_of(Timestamp(1_767_196_799_999)), 2025);
    }

    #[test]
    fn other_texts_are_no_periods() {
        for text in [
            "",
            "26",
            "2026-",
            "2026-0",
            "2026-13",
            "2026-00",
            "2026-Q0",
            "2026-Q5",
            "2026-Q",
            "2026-9",
            "2026-090",
            "+026",
            "1948",
            "3000",
            "2026Q1",
            "202六年",
            "2026-Q+1",
        ] {
            let refused = text.parse::<Period>().unwrap_err();
            assert_eq!(refused.value, text);
        }
    }

    #[test]
    fn the_first_moment_after_a_window_is_not_in_it() {
        let window = "2026-09".parse::<Period>().unwrap().window();
        assert!(window.holds(window.from) && !window.holds(window.to));
        assert!(window.covers(window));
        assert!(!window.covers("2026-Q3".parse::<Period>().unwrap().window()));
    }
}
