//! Dates and times as text: what [`spatial::FieldType::Date`] and
//! [`spatial::FieldType::DateTime`] hold, from ISO 8601.

use spatial::calendar::{UtcSecond, day_number};

/// What a time without a zone is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutZone {
    /// Not a time.
    Refuse,
    /// UTC; a bare date is its midnight.
    Utc,
}

/// Whether `text` is a day of the calendar as `YYYY-MM-DD`.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && date(text.as_bytes()).is_some()
}

/// `text` as RFC 3339 in UTC with milliseconds (`2026-11-22T08:00:00.000Z`), cut below.
///
/// Reads `YYYY-MM-DD`, `T` or a space, `HH:MM[:SS[.fraction]]` and `Z`, `±HH`, `±HHMM` or
/// `±HH:MM`.
pub fn utc_time(text: &str, without_zone: WithoutZone) -> Option<String> {
    let bytes = text.as_bytes();
    let day = date(bytes)?;
    if bytes.len() == 10 {
        return (without_zone == WithoutZone::Utc).then(|| utc_of_millis(day * DAY_MS));
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') || bytes.get(13) != Some(&b':') {
        return None;
    }
    let (hour, minute) = (two(bytes, 11)?, two(bytes, 14)?);
    let mut at = 16;
    let mut millis = 0;
    if bytes.get(at) == Some(&b':') {
        millis = two(bytes, at + 1)? * 1000;
        at += 3;
        if bytes.get(at) == Some(&b'.') {
            let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            let fraction = &bytes[at + 1..at + 1 + digits];
            millis += (0..3).fold(0, |sum, i| {
                sum * 10 + fraction.get(i).map_or(0, |digit| i64::from(digit - b'0'))
            });
            at += 1 + digits;
        }
    }
    // 60 is a leap second; it rolls into the next minute.
    if hour > 23 || minute > 59 || millis > 60_999 {
        return None;
    }
    let offset_minutes = match &bytes[at..] {
        [] if without_zone == WithoutZone::Utc => 0,
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), zone @ ..] => {
            let minutes = match zone.len() {
                2 => two(zone, 0)? * 60,
                4 => two(zone, 0)? * 60 + two(zone, 2)?,
                5 if zone[2] == b':' => two(zone, 0)? * 60 + two(zone, 3)?,
                _ => return None,
            };
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let millis = (hour * 60 + minute - offset_minutes) * 60_000 + millis;
    Some(utc_of_millis(day * DAY_MS + millis))
}

/// RFC 3339 in UTC of milliseconds since the epoch.
pub fn utc_of_millis(millis: i64) -> String {
    format!("{}.{:03}Z", UtcSecond(millis.div_euclid(1000)), millis.rem_euclid(1000))
}

/// Milliseconds since the epoch of a time with a zone; of a date, those of its first moment in
/// a zone that is `offset_minutes` ahead of UTC.
pub fn millis_of(text: &str, offset_minutes: i64) -> Option<i64> {
    if text.len() == 10 {
        return Some(date(text.as_bytes())? * DAY_MS - offset_minutes * 60_000);
    }
    let utc = utc_time(text, WithoutZone::Refuse)?;
    let bytes = utc.as_bytes();
    // A time of the year 0 with a zone ahead of UTC lies in the year -1.
    let day = date(bytes)?;
    let seconds = (two(bytes, 11)? * 60 + two(bytes, 14)?) * 60 + two(bytes, 17)?;
    let fraction = utc.get(20..23)?.parse::<i64>().ok()?;
    Some(day * DAY_MS + seconds * 1000 + fraction)
}

const DAY_MS: i64 = 86_400_000;

fn two(bytes: &[u8], at: usize) -> Option<i64> {
    let digits = bytes.get(at..at + 2)?;
    digits
        .iter()
        .all(u8::is_ascii_digit)
        .then(|| i64::from(digits[0] - b'0') * 10 + i64::from(digits[1] - b'0'))
}

/// Days since 1970-01-01 of the date that `bytes` begin with.
fn date(bytes: &[u8]) -> Option<i64> {
    let year = two(bytes, 0)? * 100 + two(bytes, 2)?;
    let (month, day) = (two(bytes, 5)?, two(bytes, 8)?);
    let dashes = bytes[4] == b'-' && bytes[7] == b'-';
    if dashes { day_number(year, month, day) } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    #[test]
    fn a_time_is_moved_to_utc() {
        for (text, utc) in [
            ("2026-11-22T16:00:00+08:00", Some("2026-11-22T08:00:00.000Z")),
            ("2026-01-01T00:30:00.1239+0800", Some("2025-12-31T16:30:00.123Z")),
            ("2024-02-28 23:30-01", Some("2024-02-29T00:30:00.000Z")),
            ("1969-12-31T23:59:60Z", Some("1970-01-01T00:00:00.000Z")),
            ("2026-11-22T16:00:00", None),
            ("2026-11-22", None),
            ("2026-02-29T00:00:00Z", None),
            ("2026-11-22T24:00:00Z", None),
            ("2026-11-22T16:00:00+8", None),
            ("2026-11-22T16:00:0宗Z", None),
            ("宗地宗地宗", None),
        ] {
            assert_eq!(utc_time(text, WithoutZone::Refuse).as_deref(), utc, "{text}");
        }
        assert_eq!(
            utc_time("2026-11-22", WithoutZone::Utc).as_deref(),
            Some("2026-11-22T00:00:00.000Z")
        );
    }

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        for (text, expected) in [
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("1900-02-29", false),
            ("2000-13-01", false),
            ("2000-00-10", false),
            ("2000-1-01", false),
            ("2000/01/01", false),
            ("2000-01-01Z", false),
        ] {
            assert_eq!(is_date(text), expected, "{text}");
        }
    }
}
