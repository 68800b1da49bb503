//! Times of HTTP headers: whole seconds, as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).

use formats::datetime::{millis_of, utc_of_millis};
use spatial::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Of 1970-01-01, a Thursday, and the days after it.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY_MS: i64 = 86_400_000;

/// The second in which `moment` lies.
pub fn write(moment: Timestamp) -> String {
    let text = utc_of_millis(moment.0);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let month = part(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month - 1));
    let weekday = WEEKDAYS[moment.0.div_euclid(DAY_MS).rem_euclid(7) as usize];
    let (day, year, clock) = (part(8..10), part(0..4), part(11..19));
    format!("{weekday}, {day} {} {year} {clock} GMT", month.unwrap_or(&MONTHS[0]))
}

/// The last millisecond of the second that `text` names; `None` when it names none.
pub fn read(text: &str) -> Option<Timestamp> {
    let (_weekday, rest) = text.trim().split_once(", ")?;
    let [day, month, year, clock, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let is_clock = clock.len() == 8 && day.len() == 2 && year.len() == 4;
    let text = format!("{year}-{month:02}-{day}T{clock}Z");
    millis_of(&text, 0).filter(|_| is_clock).map(|millis| Timestamp(millis + 999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_by_the_second() {
        for (millis, text) in [
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_777_641, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_795_651_199_999, "Wed, 25 Nov 2026 23:59:59 GMT"),
        ] {
            assert_eq!(write(Timestamp(millis)), text);
            let last = millis - millis % 1000 + 999;
            assert_eq!(read(text), Some(Timestamp(last)), "{text}");
        }
        for text in ["", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
