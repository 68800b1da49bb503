//! The parameter `datetime`: a moment, a day, or an interval of them (OGC 17-069, 7.15.4).
//!
//! A day is a day of Asia/Shanghai, 8 hours ahead of UTC.

use engine::{Moment, TimeSpan};
use formats::datetime::{millis_of, utc_of_millis};
use spatial::SHANGHAI_AHEAD_MINUTES;

use crate::problem::{Code, Problem};

const DAY_MS: i64 = 86_400_000;
/// The last moment that four digits of a year can write.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// What `text` spans.
pub fn time_span(text: &str) -> Result<TimeSpan, Problem> {
    let refused = |reason: &str| {
        Problem::new(
            Code::InvalidParameter,
            format!(
                "datetime={text:?} is not usable: {reason}; send 2026-11-22, \
                 2026-11-22T08:00:00Z or an interval such as 2026-01-01/.."
            ),
        )
    };
    let unreadable = || refused("it is no date and no time with a zone");
    let (from, to) = match text.split_once('/') {
        None => {
            let [first, last] = ends(text).ok_or_else(unreadable)?;
            (Some(first), Some(last))
        }
        Some((from, to)) => {
            let end = |text: &str, which: usize| match text {
                "" | ".." => Ok(None),
                text => ends(text).map(|ends| Some(ends[which])).ok_or_else(unreadable),
            };
            (end(from, 0)?, end(to, 1)?)
        }
    };
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(refused("it ends before it begins"));
    }
    Ok(TimeSpan { from: from.map(moment), to: to.map(moment) })
}

/// First and last millisecond of a day or a moment.
fn ends(text: &str) -> Option<[i64; 2]> {
    let first = millis_of(text, SHANGHAI_AHEAD_MINUTES)?;
    let length = if text.len() == 10 { DAY_MS - 1 } else { 0 };
    Some([first, first + length])
}

fn moment(millis: i64) -> Moment {
    let local = (millis + SHANGHAI_AHEAD_MINUTES * 60_000).min(LAST_MILLIS);
    let mut day = utc_of_millis(local);
    // A year before 0 is longer, and is less as text.
    day.truncate(day.find('T').unwrap_or(day.len()));
    Moment { utc: utc_of_millis(millis.min(LAST_MILLIS)), day }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn check(text: &str, from: Option<[&str; 2]>, to: Option<[&str; 2]>) {
        let span = time_span(text).unwrap();
        for (found, expected) in [(span.from, from), (span.to, to)] {
            let found = found.map(|moment| [moment.utc, moment.day]);
            assert_eq!(found, expected.map(|pair| pair.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn moments_days_and_intervals_are_read() {
        let eight = ["2026-11-22T08:00:00.000Z", "2026-11-22"];
        check("2026-11-22T08:00:00Z", Some(eight), Some(eight));
        let (start, end) = (
            ["2026-11-21T16:00:00.000Z", "2026-11-22"],
            ["2026-11-22T15:59:59.999Z", "2026-11-22"],
        );
        check("2026-11-22", Some(start), Some(end));
        for text in ["2026-11-22/..", "2026-11-22/"] {
            check(text, Some(start), None);
        }
        for text in ["../2026-11-22", "/2026-11-22"] {
            check(text, None, Some(end));
        }
        check("../..", None, None);
        let first = ["0000-01-01T00:00:00.000Z", "0000-01-01"];
        let last = ["9999-12-31T23:59:59.000Z", "9999-12-31"];
        check("0000-01-01T00:00:00Z/9999-12-31T23:59:59Z", Some(first), Some(last));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "now", "2026-13-01", "2026-11-22T08:00:00", "2026-11-22/2026-11-21", "a/b/c"]
        {
            assert!(time_span(text).is_err(), "{text}");
        }
    }
}
