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

/// A day or a moment, as people write it into a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A day of the calendar, `YYYY-MM-DD`.
    Day(String),
    /// A moment as RFC 3339 in UTC with milliseconds.
    Moment(String),
}

/// What a cell says: a day, however its parts are parted (`2026-11-01`, `2026/11/1`, `2026.11.1`, `2026年11月1日`),
/// with or without a time of day. A time without a zone is one of a zone that is `offset_minutes` ahead of UTC;
/// its midnight is a day, for so spreadsheets write days.
pub fn written(text: &str, offset_minutes: i64) -> Option<Written> {
    if let Some(utc) = utc_time(text, WithoutZone::Refuse) {
        return Some(Written::Moment(utc));
    }
    if let Some(day) = written_day(text) {
        return Some(Written::Day(day));
    }
    let (day, time) = text.trim().split_once([' ', 'T', 't'])?;
    let (day, time) = (written_day(day)?, time.trim());
    let hour_of_one_digit = time.as_bytes().get(1) == Some(&b':');
    let text = format!("{day}T{}{time}", if hour_of_one_digit { "0" } else { "" });
    if let Some(utc) = utc_time(&text, WithoutZone::Refuse) {
        return Some(Written::Moment(utc));
    }
    let local = millis_of(&utc_time(&text, WithoutZone::Utc)?, 0)?;
    match local == millis_of(&day, 0)? {
        true => Some(Written::Day(day)),
        false => Some(Written::Moment(utc_of_millis(local - offset_minutes * 60_000))),
    }
}

/// A day of the calendar in any of the forms of [`written`], as `YYYY-MM-DD`.
fn written_day(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(['日', '号']);
    let parts: Vec<&str> = text.split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = year.len() == 4 && [month, day].iter().all(|part| matches!(part.len(), 1 | 2));
    let date = format!("{year}-{month:0>2}-{day:0>2}");
    (fits && parts.iter().all(|part| digits(part)) && is_date(&date)).then_some(date)
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
    fn cells_say_days_and_moments_as_people_write_them() {
        let day = |text: &str| Some(Written::Day(text.to_owned()));
        let moment = |text: &str| Some(Written::Moment(text.to_owned()));
        for (text, expected) in [
            ("2026-11-01", day("2026-11-01")),
            ("2026/11/2", day("2026-11-02")),
            (" 2026.1.5 ", day("2026-01-05")),
            ("2026年1月5日", day("2026-01-05")),
            ("2026 年 1 月 5 号", day("2026-01-05")),
            ("2026-11-01 00:00:00", day("2026-11-01")),
            ("2026-11-01T00:00", day("2026-11-01")),
            ("2026-11-01 08:00:00", moment("2026-11-01T00:00:00.000Z")),
            ("2026/11/1 7:30", moment("2026-10-31T23:30:00.000Z")),
            ("2026年11月1日 17:30:15.25", moment("2026-11-01T09:30:15.250Z")),
            ("2026/11/1 7:30Z", moment("2026-11-01T07:30:00.000Z")),
            ("2026-11-01T00:00:00+08:00", moment("2026-10-31T16:00:00.000Z")),
            ("2026-11-01 25:00", None),
            ("2026-13-01", None),
            ("2025-02-29 08:00", None),
            ("26-11-01", None),
            ("2026-11", None),
            ("46327", None),
            ("明天 8:00", None),
            ("", None),
        ] {
            assert_eq!(written(text, 8 * 60), expected, "{text}");
        }
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
