//! The parameter `as-of`: the moment whose state is asked for, as it had been recorded by then.

use formats::datetime::millis_of;
use spatial::{SHANGHAI_AHEAD_MINUTES, Timestamp};

use crate::problem::{Code, Problem};
use crate::query_string::QueryString;

/// Name of the parameter.
pub const AS_OF: &str = "as-of";
const DAY_MS: i64 = 86_400_000;

/// The moment that a request names, if it does.
pub fn as_of(query: &QueryString) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = query.value(AS_OF) else { return Ok(None) };
    let refused = |reason| Problem::new(Code::InvalidParameter, format!("{AS_OF}: {reason}"));
    moment(text).map(Some).map_err(refused)
}

/// A moment of RFC 3339; of a day, which is one of Asia/Shanghai, the last millisecond.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let first = millis_of(text, SHANGHAI_AHEAD_MINUTES).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        format!(
            "{shown:?} is no date and no time with a zone; send 2026-11-22T08:00:00Z or 2026-11-22"
        )
    })?;
    Ok(Timestamp(if text.len() == 10 { first + (DAY_MS - 1) } else { first }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn moments_and_days_are_read_and_nothing_else() {
        let eight = 1_795_334_400_000;
        for (text, expected) in [
            ("2026-11-22T08:00:00Z", Some(eight)),
            ("2026-11-22T16:00:00+08:00", Some(eight)),
            ("2026-11-22T08:00:00.250Z", Some(eight + 250)),
            // The end of the day in Shanghai is 16:00 in UTC.
            ("2026-11-22", Some(eight + 8 * 3_600_000 - 1)),
            ("2026-11-22T08:00:00", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(moment(text).ok(), expected.map(Timestamp), "{text}");
        }
    }
}
