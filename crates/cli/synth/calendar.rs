//! The two years that are told, and days as text.

use spatial::Timestamp;

/// 2024-10-01, the first day on which a point may be found.
pub(super) const FIRST_DAY: u64 = 19_997;
/// 2026-09-30: nothing happens after this day.
pub(super) const LAST_DAY: u64 = 20_726;
/// When the ledger of these two years was opened: 2024-09-30 at 10:00 in Shanghai.
pub const OPENED: Timestamp = Timestamp(((FIRST_DAY - 1) * DAY_MS + 7_200_000) as i64);
/// Milliseconds of a day.
pub(super) const DAY_MS: u64 = 86_400_000;

/// Milliseconds of a minute.
pub(super) const MINUTE_MS: u64 = 60_000;

/// When the records of a month are brought in: 09:00 in Shanghai on the first day after it, from
/// 2024-11-01 to 2026-10-01.
pub fn ends_of_months() -> impl Iterator<Item = Timestamp> {
    let days = (FIRST_DAY + 1..=LAST_DAY + 1).filter(|day| date(*day).ends_with("-01"));
    days.map(|day| Timestamp((day * DAY_MS + 3_600_000) as i64))
}

/// `YYYY-MM-DD` of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
pub(super) fn date(day: u64) -> String {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
