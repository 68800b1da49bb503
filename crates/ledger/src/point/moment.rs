//! Moments as messages show them.

use std::fmt;

use spatial::{Timestamp, calendar::civil_from_days};

const SECOND_MS: i64 = 1000;
const DAY_S: i64 = 86_400;
/// Milliseconds of an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day of 24 hours.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Writes a moment as RFC 3339 does, in UTC, without the fraction of the second.
pub(super) struct Utc(pub(super) Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.0.div_euclid(SECOND_MS);
        let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_S));
        let of_day = seconds.rem_euclid(DAY_S);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// The moment so many milliseconds later; the last one there is where that is beyond it.
pub(super) fn later(moment: Timestamp, milliseconds: i64) -> Timestamp {
    Timestamp(moment.0.saturating_add(milliseconds))
}
