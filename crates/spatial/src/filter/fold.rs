//! Texts as `CASEI` and `ACCENTI` see them.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// What is done to a text before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Full case folding of Unicode: `STRASSE` for `Straße`, `οδοσ` for `ΟΔΟΣ`.
    Case,
    /// Compatibility decomposition without diacritics: `Chisinau` for `Chișinău`; full-width
    /// letters and digits become plain ones.
    Accent,
}

impl Fold {
    /// The folded text.
    pub(super) fn apply<'a>(self, text: Cow<'a, str>) -> Cow<'a, str> {
        match self {
            Self::Case if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) => text,
            Self::Case => Cow::Owned(text.chars().default_case_fold().collect()),
            Self::Accent if text.is_ascii() => text,
            Self::Accent => Cow::Owned(text.nfkd().filter(|&c| !is_diacritic(c)).nfc().collect()),
        }
    }
}

/// Marks that lie over, under or through a letter, and vowel points. What makes another letter
/// of it in its own script (nukta, the voicing mark of kana, virama: classes 7 to 9) stays.
fn is_diacritic(c: char) -> bool {
    !matches!(canonical_combining_class(c), 0 | 7..=9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded() {
        for (fold, text, expected) in [
            (Fold::Case, "kiev", "kiev"),
            (Fold::Case, "KIEV", "kiev"),
            (Fold::Case, "KØBENHAVN", "københavn"),
            (Fold::Case, "Straße", "strasse"),
            (Fold::Case, "ΟΔΟΣ", "οδοσ"),
            (Fold::Case, "οδος", "οδοσ"),
            (Fold::Case, "宗地", "宗地"),
            (Fold::Accent, "Chișinău", "Chisinau"),
            (Fold::Accent, "débárquér", "debarquer"),
            (Fold::Accent, "ＪＣ０１", "JC01"),
            (Fold::Accent, "ガ", "ガ"),
            (Fold::Accent, "한", "한"),
            (Fold::Accent, "宗地", "宗地"),
        ] {
            assert_eq!(fold.apply(Cow::Borrowed(text)), expected, "{text}");
        }
    }
}
