//! Cells by row and column, both from 1, and as a sheet calls them: `B7`, `'表 1'!$B$7`.

/// Rows and columns of a sheet.
pub(super) const MAX_ROWS: u32 = 1_048_576;
pub(super) const MAX_COLUMNS: u32 = 16_384;

/// A cell: row and column, from 1.
pub(super) type Place = (u32, u32);

/// The letters of a column.
pub(super) fn letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        column -= 1;
        letters.push(char::from(b'A' + (column % 26) as u8));
        column /= 26;
    }
    letters.iter().rev().collect()
}

/// A cell as a sheet calls it.
pub(super) fn name((row, column): Place) -> String {
    format!("{}{row}", letters(column))
}

/// The cell of a name such as `B7` or `$B$7`.
pub(super) fn parse(name: &str) -> Option<Place> {
    let name = name.strip_prefix('$').unwrap_or(name);
    let digits = name.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, rest) = name.split_at(digits);
    let rest = rest.strip_prefix('$').unwrap_or(rest);
    if letters.is_empty() || letters.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let column = letters
        .bytes()
        .fold(0, |sum, letter| sum * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row = rest.parse().ok()?;
    ((1..=MAX_ROWS).contains(&row) && (1..=MAX_COLUMNS).contains(&column)).then_some((row, column))
}

/// The sheet and the first cell that a defined name stands for: one cell, or a range of which the
/// first cell shows the value when it is merged. Formulas and other texts are none.
pub(super) fn target(reference: &str) -> Option<(String, Place)> {
    let (sheet, cells) = reference.rsplit_once('!')?;
    let sheet = match sheet.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix('\'')?.replace("''", "'"),
        None if sheet.contains(['(', ',', '\'', '"', '!']) => return None,
        None => sheet.to_owned(),
    };
    let (first, last) = cells.split_once(':').unwrap_or((cells, cells));
    parse(last)?;
    Some((sheet, parse(first)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_the_names_of_a_sheet() {
        for (place, expected) in [
            ((1, 1), "A1"),
            ((7, 26), "Z7"),
            ((7, 27), "AA7"),
            ((12, 702), "ZZ12"),
            ((12, 703), "AAA12"),
            ((MAX_ROWS, MAX_COLUMNS), "XFD1048576"),
        ] {
            assert_eq!(name(place), expected);
            assert_eq!(parse(expected), Some(place));
        }
        assert_eq!(parse("$b$7"), Some((7, 2)));
        for text in ["", "A", "7", "A0", "XFE1", "A1048577", "AAAA1", "A-1", "A1B", "$$A1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn defined_names_stand_for_cells() {
        let place = |sheet: &str, place| Some((sheet.to_owned(), place));
        assert_eq!(target("Sheet1!$B$7"), place("Sheet1", (7, 2)));
        assert_eq!(target("'表 1''s'!$B$7:$D$8"), place("表 1's", (7, 2)));
        for text in ["SUM(Sheet1!$B$7)", "#REF!", "Sheet1!#REF!", "Sheet1!$B:$B", "5", "'a!$A$1"] {
            assert_eq!(target(text), None, "{text}");
        }
    }
}
