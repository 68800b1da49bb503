//! Patterns of `LIKE`: `%` stands for any characters, `_` for one, `\` takes the meaning of the
//! character after it away.

use std::borrow::Cow;

use super::fold::Fold;

/// A pattern, cut up once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    /// Runs between the `%`; the first is anchored at the start, the last at the end.
    runs: Vec<Run>,
}

/// What matches a fixed number of characters.
#[derive(Clone, Debug, PartialEq)]
enum Run {
    /// These bytes.
    Plain(String),
    /// These characters, `None` being any.
    Holed(Vec<Option<char>>),
}

impl Pattern {
    /// The pattern written as `text`, its letters folded by `folds` in their order.
    pub(super) fn new(text: &str, folds: &[Fold]) -> Self {
        let mut runs = Vec::new();
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => {
                    take_literal(&mut literal, folds, &mut pieces);
                    runs.push(Run::of(std::mem::take(&mut pieces)));
                }
                '_' => {
                    take_literal(&mut literal, folds, &mut pieces);
                    pieces.push(None);
                }
                // A backslash at the end stands for itself.
                '\\' => literal.push(chars.next().unwrap_or('\\')),
                other => literal.push(other),
            }
        }
        take_literal(&mut literal, folds, &mut pieces);
        runs.push(Run::of(pieces));
        Self { runs }
    }

    /// Whether `text` matches from its first to its last character. Takes time in proportion
    /// to both lengths at most.
    pub(super) fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.runs.as_slice() else {
            // One run: no `%`.
            return self.runs.iter().all(|run| run.length_at(text) == Some(text.len()));
        };
        let Some(start) = first.length_at(text) else { return false };
        let mut rest = &text[start..];
        for run in middle {
            let Some(end) = run.find(rest) else { return false };
            rest = &rest[end..];
        }
        last.ends(rest)
    }
}

/// Folds the letters so far and appends them.
fn take_literal(literal: &mut String, folds: &[Fold], pieces: &mut Vec<Option<char>>) {
    let text = folds.iter().fold(Cow::Borrowed(literal.as_str()), |text, fold| fold.apply(text));
    pieces.extend(text.chars().map(Some));
    literal.clear();
}

impl Run {
    fn of(pieces: Vec<Option<char>>) -> Self {
        match pieces.iter().copied().collect::<Option<String>>() {
            Some(text) => Self::Plain(text),
            None => Self::Holed(pieces),
        }
    }

    /// How many bytes of `text`, from its start, the run matches.
    fn length_at(&self, text: &str) -> Option<usize> {
        match self {
            Self::Plain(run) => text.starts_with(run.as_str()).then_some(run.len()),
            Self::Holed(pieces) => {
                let mut chars = text.chars();
                let fits = |piece: &Option<char>| match (chars.next(), piece) {
                    (Some(c), Some(wanted)) => c == *wanted,
                    (found, None) => found.is_some(),
                    (None, Some(_)) => false,
                };
                pieces.iter().all(fits).then(|| text.len() - chars.as_str().len())
            }
        }
    }

    /// Where the first match in `text` ends.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Self::Plain(run) => text.find(run.as_str()).map(|at| at + run.len()),
            Self::Holed(_) => text
                .char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .find_map(|at| self.length_at(&text[at..]).map(|length| at + length)),
        }
    }

    /// Whether `text` ends with a match.
    fn ends(&self, text: &str) -> bool {
        match self {
            Self::Plain(run) => text.ends_with(run.as_str()),
            Self::Holed(pieces) => {
                let mut chars = text.chars();
                pieces.iter().rev().all(|piece| match (chars.next_back(), piece) {
                    (Some(c), Some(wanted)) => c == *wanted,
                    (found, None) => found.is_some(),
                    (None, Some(_)) => false,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("B_r%", "Berlin", true),
            ("B_r%", "Br", false),
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("_", "宗", true),
            ("_", "", false),
            ("__", "宗", false),
            ("%地_", "宗地3", true),
            ("a%b%c", "abc", true),
            ("a%b%c", "aXbYbZc", true),
            ("a%b%c", "acb", false),
            ("%ab", "aab", true),
            ("ab%ba", "aba", false),
            ("%_a_%", "bab", true),
            (r"100\%", "100%", true),
            (r"100\%", "1000", false),
            (r"a\_b", "a_b", true),
            (r"a\_b", "axb", false),
            (r"a\\%", r"a\x", true),
            (r"a\", r"a\", true),
        ] {
            let found = Pattern::new(pattern, &[]).matches(text);
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_folded_pattern_keeps_its_signs() {
        let both = [Fold::Case, Fold::Accent];
        assert!(Pattern::new("CHIȘ%", &both).matches("chisinau"));
        // The full-width sign folds to a plain one, and stands for itself all the same.
        assert!(Pattern::new("100％", &both).matches("100%"));
        assert!(!Pattern::new("100％", &both).matches("1000"));
    }

    /// The definition, written down without care for its cost.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|from| slow(rest, &text[from..])),
            ['_', rest @ ..] => !text.is_empty() && slow(rest, &text[1..]),
            ['\\', c, rest @ ..] | [c, rest @ ..] => {
                text.first() == Some(c) && slow(rest, &text[1..])
            }
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_defined(pattern in r"[ab宗%_]{0,8}", text in "[ab宗]{0,10}") {
            let chars: Vec<char> = pattern.chars().collect();
            let expected = slow(&chars, &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(Pattern::new(&pattern, &[]).matches(&text), expected);
        }
    }
}
