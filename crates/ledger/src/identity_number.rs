//! 公民身份号码: 6 county + 8 date of birth + 3 serial + 1 check (GB 11643, ISO 7064 mod 11-2).
//!
//! Personal data of class L4. The refusal of a number never repeats it, and a number shows
//! itself with its first three and last four characters only, never the date of birth.

use std::fmt;

use crate::{
    Fault,
    normal_form::{digits, exactly, is_province, normal_form},
};

/// Powers of 2 modulo 11, from the left; none is 0, so that every change of one digit shows.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by the weighted sum modulo 11.
const CHECKS: &[u8; 11] = b"10X98765432";

/// A 公民身份号码 of 18 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityNumber([u8; 18]);

impl TryFrom<&str> for IdentityNumber {
    type Error = Fault;

    fn try_from(value: &str) -> Result<Self, Fault> {
        let code = exactly::<18>(&normal_form(value), "18")?;
        check_identity(&code)?;
        Ok(Self(code))
    }
}

impl fmt::Display for IdentityNumber {
    /// Masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |range: std::ops::Range<usize>| {
            self.0[range].iter().map(|c| char::from(*c)).collect::<String>()
        };
        write!(f, "{}***********{}", shown(0..3), shown(14..18))
    }
}

impl fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Checks 18 characters in normal form.
pub(crate) fn check_identity(code: &[u8; 18]) -> Result<(), Fault> {
    digits(code, 0..17)?;
    if !code[17].is_ascii_digit() && code[17] != b'X' {
        return Err(Fault::Character { position: 18, expected: "a digit or X" });
    }
    if !is_province(code) {
        return Err(Fault::County);
    }
    check_birth(code)?;
    let sum: u32 =
        code.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    if CHECKS[(sum % 11) as usize] == code[17] { Ok(()) } else { Err(Fault::CheckCharacter) }
}

/// Checks digits 7 to 14, which must be digits.
pub(crate) fn check_birth(code: &[u8; 18]) -> Result<(), Fault> {
    let number = |range: std::ops::Range<usize>| {
        code[range].iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'))
    };
    let [year, month, day] = [number(6..10), number(10..12), number(12..14)];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    if (1900..2100).contains(&year) && (1..=days).contains(&day) {
        Ok(())
    } else {
        Err(Fault::Date)
    }
}
