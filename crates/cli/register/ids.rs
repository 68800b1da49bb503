//! Ids of what a row becomes: made of what the row says, so that the same row, read again, means the
//! same point.

/// What an id is of.
#[derive(Clone, Copy, Debug)]
pub enum IdOf {
    /// The point.
    Point,
    /// Its report.
    Report,
    /// Its registration.
    Register,
    /// Any other event.
    Event,
    /// A row that is matched, which has no code of its own.
    Row,
}

/// A UUID of version 7 at a moment (milliseconds since 1970) for what `text` says.
pub fn uuid(of: IdOf, millis: i64, text: &str) -> String {
    let name = format!("{of:?}\u{1f}{text}");
    let hash = ledger::text_hash(&name);
    let time = u128::from(millis.max(0).unsigned_abs() & ((1 << 48) - 1));
    let bits =
        time << 80 | 0x7 << 76 | (hash >> 64 & 0xfff) << 64 | 0b10 << 62 | hash & ((1 << 62) - 1);
    let digits = format!("{bits:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_usable_alike_for_the_same_and_differ_for_others() {
        let mut seen = BTreeSet::new();
        for number in 0..5_000 {
            for of in [IdOf::Point, IdOf::Report, IdOf::Register, IdOf::Event, IdOf::Row] {
                let text = format!("学府路 {number} 号");
                let id = uuid(of, 1_788_220_800_000, &text);
                assert_eq!(ledger::PointId::try_from(id.as_str()).unwrap().to_string(), id);
                assert_eq!(uuid(of, 1_788_220_800_000, &text), id);
                assert!(seen.insert(id));
            }
        }
    }
}
