//! Names of units: one place is called differently by different offices (黄村地区 is 黄村镇).

use super::{AdminUnit, Day};

/// What parts names in one field.
const SEPARATORS: [char; 8] = [';', '；', '、', ',', '，', '|', '/', '\n'];

/// The names in one field: parted by `;`, `、`, a comma, `|` or `/` of any width.
pub fn split_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATORS).map(str::trim).filter(|part| !part.is_empty())
}

/// The form in which names are compared: without blanks, Latin letters in lower case.
pub(super) fn compared(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The units that are called `name`, by name or alias, on `day`.
pub fn called<'a>(
    units: &'a [AdminUnit],
    name: &str,
    day: Day,
) -> impl Iterator<Item = &'a AdminUnit> {
    let name = compared(name);
    units.iter().filter(move |unit| unit.validity.holds(day) && unit.names().any(|n| n == name))
}
