//! Moments as messages show them, and as the store holds them.

use std::fmt;

use spatial::{
    Timestamp,
    calendar::{UtcSecond, day_number},
};

const SECOND_MS: i64 = 1000;
/// Milliseconds of a minute.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day of 24 hours.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Writes a moment as RFC 3339 does, in UTC, without the fraction of the second.
pub(crate) struct Utc(pub(crate) Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", UtcSecond(self.0.0.div_euclid(SECOND_MS)))
    }
}

/// The moment so many milliseconds later; the last one there is where that is beyond it.
pub(crate) fn later(moment: Timestamp, milliseconds: i64) -> Timestamp {
    Timestamp(moment.0.saturating_add(milliseconds))
}

/// Writes a moment as the store does: RFC 3339 in UTC with milliseconds.
pub fn written(moment: Timestamp) -> String {
    let (second, fraction) = (moment.0.div_euclid(SECOND_MS), moment.0.rem_euclid(SECOND_MS));
    format!("{}.{fraction:03}Z", UtcSecond(second))
}

/// Reads a moment as the store and programs beside it write it: RFC 3339 in UTC, with or without a
/// fraction of the second, of which thousandths count.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let (clock, fraction) =
        text.strip_suffix('Z').map(|text| text.split_once('.').unwrap_or((text, "0")))?;
    let bytes = clock.as_bytes();
    let form = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    if bytes.len() != form.len() || !bytes.iter().zip(form).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| clock.get(from..to)?.parse::<i64>().ok();
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 || fraction.is_empty() {
        return None;
    }
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok().filter(|_| digits)?;
    let day = day_number(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    Some(Timestamp(
        day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + thousandths,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_was_written() {
        for millis in [0, 1, 999, 1_788_220_800_123, -1, -86_400_001] {
            let moment = Timestamp(millis);
            assert_eq!(read(&written(moment)), Some(moment), "{millis}");
        }
        assert_eq!(read("2026-09-01T00:00:00Z"), Some(Timestamp(1_788_220_800_000)));
        assert_eq!(read("2026-09-01T00:00:00.5Z"), Some(Timestamp(1_788_220_800_500)));
        for odd in [
            "",
            "Z",
            "2026-09-01",
            "2026-02-30T00:00:00Z",
            "2026-09-01T24:00:00Z",
            "2026-09-01T00:00:00.Z",
            "2026-09-01T00:00:00.+1Z",
            "2026-09-01 00:00:00Z",
            "2026-09-01T00:00:00+08:00",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
