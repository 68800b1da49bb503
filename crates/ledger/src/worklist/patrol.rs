//! When a closed point is to be looked at again (长效管护).

use spatial::Timestamp;

use crate::point::moment::{DAY_MS, later};

/// The first round after closing that no spot check has done: the rounds are due so many days of
/// 24 hours after `closed_at`, and a check does all that were due when it was made. None after the
/// last round. `days` are in rising order.
pub fn next_patrol(
    closed_at: Timestamp,
    checked_at: Option<Timestamp>,
    days: &[u32],
) -> Option<Timestamp> {
    let due = days.iter().map(|days| later(closed_at, i64::from(*days) * DAY_MS));
    due.into_iter().find(|due| checked_at.is_none_or(|checked| checked < *due))
}
