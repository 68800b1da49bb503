//! Cells as the XML of a sheet. Text stands in the cell itself and is never a formula.

use std::fmt::Write;

use spatial::TableCell;

/// Most characters (UTF-16) of a cell.
pub(super) const MAX_TEXT: usize = 32_767;
/// More digits than these a spreadsheet does not keep; such a number is written as text.
const MAX_DIGITS: usize = 15;
/// Days from 1899-12-30, from which spreadsheets count, to 1970-01-01.
const EPOCH: i64 = 25_569;
/// 1900-03-01 and 9999-12-31: before it spreadsheets know a day that there was not.
const DAYS: std::ops::RangeInclusive<i64> = 61..=2_958_465;

/// What a spreadsheet has in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    /// A number, as it is written.
    Number(String),
    Text(String),
}

/// What a spreadsheet has in a cell of a table.
pub(super) fn content(cell: &TableCell) -> Content {
    match cell {
        TableCell::Empty => Content::Nothing,
        TableCell::Text(text) => Content::Text(text.clone()),
        TableCell::Number { scaled, .. } => {
            let text = cell.to_string();
            let digits = scaled.unsigned_abs().to_string().len();
            if digits > MAX_DIGITS { Content::Text(text) } else { Content::Number(text) }
        }
        TableCell::Day(days) => {
            match days.checked_add(EPOCH).filter(|serial| DAYS.contains(serial)) {
                Some(serial) => Content::Number(serial.to_string()),
                None => Content::Text(cell.to_string()),
            }
        }
    }
}

/// Writes an element `c` with the given attributes, each after a blank.
pub(super) fn push_cell(out: &mut String, prefix: &str, attributes: &str, content: &Content) {
    let _ = match content {
        Content::Nothing => write!(out, "<{prefix}c{attributes}/>"),
        Content::Number(number) => {
            write!(out, "<{prefix}c{attributes}><{prefix}v>{number}</{prefix}v></{prefix}c>")
        }
        Content::Text(text) => write!(
            out,
            "<{prefix}c{attributes} t=\"inlineStr\"><{prefix}is><{prefix}t xml:space=\"preserve\">\
             {}</{prefix}t></{prefix}is></{prefix}c>",
            escaped(text)
        ),
    };
}

/// Text for XML 1.0. Characters that it cannot hold are written as `_xHHHH_`, as spreadsheets do, and
/// what looks like that already is written so that it stays.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(character),
            '_' if is_code(&text[at..]) => out.push_str("_x005F_"),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "_x{:04X}_", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether a text begins with `_xHHHH_`.
fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.starts_with(b"_x")
        && bytes.get(6) == Some(&b'_')
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
}

/// How wide a text is drawn, in digits; Chinese characters are twice as wide.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_what_it_is() {
        assert_eq!(escaped("a<b>&\"c\"\n"), "a&lt;b&gt;&amp;&quot;c&quot;\n");
        assert_eq!(escaped("\u{1}\r_x0041_ _x_"), "_x0001__x000D__x005F_x0041_ _x_");
    }

    #[test]
    fn what_a_spreadsheet_would_round_is_text() {
        let number = |scaled| content(&TableCell::Number { scaled, decimals: 2 });
        assert_eq!(number(-99), Content::Number("-0.99".to_owned()));
        assert_eq!(number(999_999_999_999_999), Content::Number("9999999999999.99".to_owned()));
        assert_eq!(number(1_000_000_000_000_000), Content::Text("10000000000000.00".to_owned()));
        assert_eq!(content(&TableCell::Day(20_783)), Content::Number("46352".to_owned()));
        assert_eq!(content(&TableCell::Day(-25_509)), Content::Text("1900-02-28".to_owned()));
    }
}
