//! Levels of administration, coarsest first.

use std::fmt;

use crate::point::named::named;

named! {
    /// How large a unit of administration is.
    Level
    City "city" "市" "The city."
    District "district" "区" "A district or county (区, 县)."
    Town "town" "街乡镇" "A street, town or township (街道, 地区, 镇, 乡)."
    Village "village" "社区村" "A community or village (社区, 村)."
    Courtyard "courtyard" "楼院" "A courtyard or block of buildings (楼院)."
}

/// Other words of offices for a level.
const SYNONYMS: [(&str, Level); 9] = [
    ("县", Level::District),
    ("街道", Level::Town),
    ("地区", Level::Town),
    ("街乡", Level::Town),
    ("镇", Level::Town),
    ("乡", Level::Town),
    ("社区", Level::Village),
    ("村", Level::Village),
    ("小区", Level::Courtyard),
];

impl Level {
    /// The level that a table names: an identifier, its Chinese name, or a word that offices use.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let own = Self::ALL.into_iter().find(|one| one.chinese() == text);
        let synonym = || SYNONYMS.iter().find(|(word, _)| *word == text).map(|(_, level)| *level);
        own.or_else(|| Self::from_identifier(&text.to_ascii_lowercase())).or_else(synonym)
    }

    /// The next coarser level.
    pub fn above(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|one| *one < self)
    }

    /// The field in which an assigned feature keeps the code of its unit of this level. A store
    /// holds one city, so that nothing is assigned to it.
    pub fn field(self) -> Option<&'static str> {
        (self != Self::City).then(|| self.identifier())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.identifier(), self.chinese())
    }
}
