//! 手机号码: 11 digits, `1`, then a digit from 3 to 9.
//!
//! Personal data of class L3. The refusal of a number never repeats it, and a number shows
//! itself masked.

use std::fmt;

use crate::{
    Fault,
    normal_form::{digits, exactly, normal_form},
};

/// A 手机号码 of 11 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct MobileNumber([u8; 11]);

impl TryFrom<&str> for MobileNumber {
    type Error = Fault;

    /// Reads 11 digits, with or without hyphens and the prefix `+86`, `86` or `0086`.
    fn try_from(value: &str) -> Result<Self, Fault> {
        let mut code = normal_form(value);
        code.retain(|c| c != '-');
        let local = ["+86", "0086", "86"]
            .iter()
            .find_map(|prefix| code.strip_prefix(prefix).filter(|rest| rest.len() == 11))
            .unwrap_or(&code);
        let code = exactly::<11>(local, "11")?;
        check_mobile(&code)?;
        Ok(Self(code))
    }
}

impl fmt::Display for MobileNumber {
    /// Masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |range: std::ops::Range<usize>| {
            self.0[range].iter().map(|c| char::from(*c)).collect::<String>()
        };
        write!(f, "{}****{}", shown(0..3), shown(7..11))
    }
}

impl fmt::Debug for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Checks 11 characters in normal form.
pub(crate) fn check_mobile(code: &[u8; 11]) -> Result<(), Fault> {
    digits(code, 0..11)?;
    if code[0] != b'1' {
        return Err(Fault::Character { position: 1, expected: "1" });
    }
    if code[1] < b'3' {
        return Err(Fault::Character { position: 2, expected: "a digit from 3 to 9" });
    }
    Ok(())
}
