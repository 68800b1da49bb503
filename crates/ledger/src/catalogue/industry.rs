//! Codes of industries (国民经济行业分类, GB/T 4754): a letter of a section, two digits of a division, and
//! up to two more.

use crate::normal_form;

/// Sections by the divisions they begin with; the last ends with 97.
const SECTIONS: [(char, u8); 20] = [
    ('A', 1),
    ('B', 6),
    ('C', 13),
    ('D', 44),
    ('E', 47),
    ('F', 51),
    ('G', 53),
    ('H', 61),
    ('I', 63),
    ('J', 66),
    ('K', 70),
    ('L', 71),
    ('M', 73),
    ('N', 76),
    ('O', 80),
    ('P', 83),
    ('Q', 84),
    ('R', 86),
    ('S', 91),
    ('T', 97),
];
const LAST_DIVISION: u8 = 97;

/// A code, or the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Industry {
    section: char,
    digits: String,
}

impl Industry {
    /// Reads `C2631`, `2631`, `26` or `C`; `None` for what is no code, or has a letter of another
    /// section than its digits.
    pub fn of(text: &str) -> Option<Self> {
        let text = normal_form(text);
        let letter = text.chars().next().filter(char::is_ascii_uppercase);
        let digits = &text[letter.map_or(0, char::len_utf8)..];
        let is_code = digits.len() <= 4 && digits.bytes().all(|one| one.is_ascii_digit());
        if !is_code {
            return None;
        }
        let section = match digits.get(..2) {
            Some(division) => section_of(division.parse().ok()?)?,
            None if digits.is_empty() => letter?,
            None => return None,
        };
        let is_section = SECTIONS.iter().any(|(known, _)| *known == section);
        let agrees = letter.is_none_or(|letter| letter == section);
        (is_section && agrees).then(|| Self { section, digits: digits.to_owned() })
    }

    /// Whether a code begins with this one.
    pub fn holds(&self, other: &Self) -> bool {
        self.section == other.section && other.digits.starts_with(&self.digits)
    }

    /// How much it says: digits.
    pub fn length(&self) -> usize {
        self.digits.len()
    }
}

fn section_of(division: u8) -> Option<char> {
    let is_known = (1..=LAST_DIVISION).contains(&division);
    let section = SECTIONS.iter().rfind(|(_, first)| *first <= division);
    section.filter(|_| is_known).map(|(section, _)| *section)
}
