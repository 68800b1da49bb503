//! The form in which codes are compared: no blanks, half width, upper case.

use crate::Fault;

/// Strips blanks (of any script, and the zero-width ones), turns full-width characters into
/// half-width ones and letters into capitals. `1101 15００１002jc` becomes `110115001002JC`.
pub fn normal_form(value: &str) -> String {
    value.chars().filter(|c| !is_blank(*c)).map(|c| half_width(c).to_ascii_uppercase()).collect()
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Full-width ASCII is U+FF01 to U+FF5E, in ASCII's order.
pub(crate) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c)
        }
        _ => c,
    }
}

/// `code` as ASCII bytes if it has exactly `N` characters.
pub(crate) fn exactly<const N: usize>(
    code: &str,
    expected: &'static str,
) -> Result<[u8; N], Fault> {
    let found = code.chars().count();
    if found != N {
        return Err(Fault::Length { expected, found });
    }
    // As many bytes as characters, or else one of them is not ASCII.
    <[u8; N]>::try_from(code.as_bytes()).map_err(|_bytes| Fault::Character {
        position: 1 + code.chars().take_while(char::is_ascii).count(),
        expected: "a Latin letter or digit",
    })
}

/// Checks that `code[range]` is digits.
pub(crate) fn digits(code: &[u8], range: std::ops::Range<usize>) -> Result<(), Fault> {
    for position in range {
        if !code[position].is_ascii_digit() {
            return Err(Fault::Character { position: position + 1, expected: "a digit" });
        }
    }
    Ok(())
}

/// Checks that the character at `at` (from 0) is one of `allowed`.
pub(crate) fn one_of(
    code: &[u8],
    at: usize,
    allowed: &[u8],
    expected: &'static str,
) -> Result<(), Fault> {
    if allowed.contains(&code[at]) {
        Ok(())
    } else {
        Err(Fault::Character { position: at + 1, expected })
    }
}

/// Whether every character is `0`.
pub(crate) fn is_zero(digits: &[u8]) -> bool {
    digits.iter().all(|digit| *digit == b'0')
}

/// Whether two digits are the code of a province-level unit (GB/T 2260; 83 is used for residents
/// from Taiwan).
pub(crate) fn is_province(digits: &[u8]) -> bool {
    let [tens, ones] = [digits[0].wrapping_sub(b'0'), digits[1].wrapping_sub(b'0')];
    matches!(
        tens * 10 + ones,
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83
    )
}

/// Whether six digits can be the code of a county: a province, and neither the province nor a
/// prefecture itself.
pub(crate) fn is_county(digits: &[u8]) -> bool {
    is_province(digits) && !is_zero(&digits[4..6])
}
