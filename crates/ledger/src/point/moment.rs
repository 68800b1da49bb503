//! Moments as messages show them.

use std::fmt;

use spatial::{Timestamp, calendar::UtcSecond};

const SECOND_MS: i64 = 1000;
/// Milliseconds of a minute.
pub(super) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds of an hour.
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day of 24 hours.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Writes a moment as RFC 3339 does, in UTC, without the fraction of the second.
pub(super) struct Utc(pub(super) Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", UtcSecond(self.0.0.div_euclid(SECOND_MS)))
    }
}

/// The moment so many milliseconds later; the last one there is where that is beyond it.
pub(super) fn later(moment: Timestamp, milliseconds: i64) -> Timestamp {
    Timestamp(moment.0.saturating_add(milliseconds))
}
