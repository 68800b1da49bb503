//! Dates and instants of filters.
//!
//! A day is a day of Asia/Shanghai, eight hours ahead of UTC. Where a date meets an instant
//! both count by the day: an instant equals the date in whose day it lies.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use crate::SHANGHAI_AHEAD_MINUTES;
use crate::calendar::{UtcSecond, civil_from_days, day_number};

const DAY_SECONDS: i64 = 86_400;

/// A day of the calendar, in the years 0000 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Days since 1970-01-01.
    days: i64,
}

/// A point of time, to the nanosecond, in the years 0000 to 9999 of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z.
    seconds: i64,
    nanos: u32,
}

/// A date or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// A whole day.
    Date(Date),
    /// A point of time.
    Instant(Instant),
}

/// Text that is no date and no instant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no time: {reason}")]
pub struct TimeFault {
    /// The refused text, cut at 40 characters.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Time {
    /// Reads `2026-11-22`, or an instant in RFC 3339 with `Z` or an offset:
    /// `2026-11-22T08:00:00.5Z`, `2026-11-22T16:00:00+08:00`.
    pub fn parse(text: &str) -> Result<Self, TimeFault> {
        read(text).map_err(|reason| TimeFault { text: text.chars().take(40).collect(), reason })
    }

    /// Puts two times in order; by the day when only one of them is an instant.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Instant(a), Self::Date(b)) => a.date().cmp(b),
            (Self::Date(a), Self::Instant(b)) => a.cmp(&b.date()),
        }
    }

    /// The day; of an instant that of Asia/Shanghai.
    pub fn date(&self) -> Date {
        match self {
            Self::Date(date) => *date,
            Self::Instant(instant) => instant.date(),
        }
    }
}

impl Date {
    /// Year, month and day.
    pub fn civil(self) -> (i64, i64, i64) {
        civil_from_days(self.days)
    }
}

impl Instant {
    /// The day in which it lies in Asia/Shanghai.
    pub fn date(self) -> Date {
        Date { days: (self.seconds + SHANGHAI_AHEAD_MINUTES * 60).div_euclid(DAY_SECONDS) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        UtcSecond(self.seconds).fmt(f)?;
        if self.nanos > 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => date.fmt(f),
            Self::Instant(instant) => instant.fmt(f),
        }
    }
}

fn read(text: &str) -> Result<Time, &'static str> {
    const FORM: &str = "write 2026-11-22, or 2026-11-22T08:00:00Z";
    let bytes = text.as_bytes();
    let number = |at: usize| two(bytes, at).ok_or(FORM);
    let year = number(0)? * 100 + number(2)?;
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return Err(FORM);
    }
    let days = day_number(year, number(5)?, number(8)?).ok_or("no such day in the calendar")?;
    if bytes.len() == 10 {
        return Ok(Time::Date(Date { days }));
    }
    if !matches!(bytes[10], b'T' | b't' | b' ')
        || bytes.get(13) != Some(&b':')
        || bytes.get(16) != Some(&b':')
    {
        return Err(FORM);
    }
    let (hour, minute, second) = (number(11)?, number(14)?, number(17)?);
    // 60 is a leap second; it rolls into the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return Err("no such time of day");
    }
    let mut at = 19;
    let mut nanos = 0;
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return Err("one to nine digits follow the point");
        }
        nanos = (0..9).fold(0, |sum, place| {
            let digit =
                bytes[at + 1..at + 1 + digits].get(place).map_or(0, |b| u32::from(b - b'0'));
            sum * 10 + digit
        });
        at += 1 + digits;
    }
    let offset = match &bytes[at..] {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), zone @ ..] if zone.len() == 5 && zone[2] == b':' => {
            let (hours, minutes) = (two(zone, 0).ok_or(FORM)?, two(zone, 3).ok_or(FORM)?);
            if hours > 23 || minutes > 59 {
                return Err("no such offset from UTC");
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        [] => return Err("say the zone: end with Z, or with an offset such as +08:00"),
        _ => return Err(FORM),
    };
    let seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    let (year, ..) = civil_from_days(seconds.div_euclid(DAY_SECONDS));
    if !(0..=9999).contains(&year) {
        return Err("in UTC it lies outside the years 0000 to 9999");
    }
    Ok(Time::Instant(Instant { seconds, nanos }))
}

fn two(bytes: &[u8], at: usize) -> Option<i64> {
    let digits = bytes.get(at..at + 2)?;
    digits
        .iter()
        .all(u8::is_ascii_digit)
        .then(|| i64::from(digits[0] - b'0') * 10 + i64::from(digits[1] - b'0'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_time_is_written_in_one_form() {
        for (text, expected) in [
            ("2026-11-22", "2026-11-22"),
            ("2026-11-22T16:00:00+08:00", "2026-11-22T08:00:00Z"),
            ("2012-08-10T05:30:00.000000Z", "2012-08-10T05:30:00Z"),
            ("2005-01-10t01:01:01.393216z", "2005-01-10T01:01:01.393216Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
            ("1969-12-31T23:59:60Z", "1970-01-01T00:00:00Z"),
        ] {
            let time = Time::parse(text).unwrap();
            assert_eq!(time.to_string(), expected);
            assert_eq!(Time::parse(expected), Ok(time));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "..",
            "2026",
            "2026-02-29",
            "2026/02/01",
            "2026-11-22T08:00",
            "2026-11-22T08:00:00",
            "2026-11-22T24:00:00Z",
            "2026-11-22T08:00:00.Z",
            "2026-11-22T08:00:00.0000000001Z",
            "2026-11-22T08:00:00+8",
            "2026-11-22T08:00:00+24:00",
            "0000-01-01T00:00:00+08:00",
            "9999-12-31T23:00:00-08:00",
            "宗地宗地宗地",
            "2026-11-22宗",
            "-001-01-01",
        ] {
            assert!(Time::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_and_an_instant_meet_by_the_day_of_shanghai() {
        let time = |text: &str| Time::parse(text).unwrap();
        let day = time("2026-01-01");
        for (instant, order) in [
            ("2025-12-31T15:59:59.999Z", Ordering::Less),
            ("2025-12-31T16:00:00Z", Ordering::Equal),
            ("2026-01-01T15:59:59Z", Ordering::Equal),
            ("2026-01-01T16:00:00Z", Ordering::Greater),
        ] {
            assert_eq!(time(instant).compare(&day), order, "{instant}");
            assert_eq!(day.compare(&time(instant)), order.reverse(), "{instant}");
        }
    }
}
