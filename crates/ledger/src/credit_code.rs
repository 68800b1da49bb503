//! 统一社会信用代码: 18 characters, the last one a check modulo 31 (GB 32100-2015).

use std::fmt;

use crate::{
    Fault, InvalidCode, Scheme,
    normal_form::{digits, exactly, normal_form},
};

/// Values 0 to 30 of the characters; I, O, S, V and Z are left out.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Powers of 3 modulo 31: none is 0, so that every change of one character shows.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// A 统一社会信用代码 of 18 characters, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode(String);

impl CreditCode {
    /// The code, 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for CreditCode {
    type Error = InvalidCode;

    fn try_from(value: &str) -> Result<Self, InvalidCode> {
        let code = normal_form(value);
        match exactly::<18>(&code, "18").and_then(|code| check(&code)) {
            Ok(()) => Ok(Self(code)),
            Err(fault) => Err(InvalidCode::new(Scheme::Credit, value, fault)),
        }
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(code: &[u8; 18]) -> Result<(), Fault> {
    // Characters 3 to 8 are the division of the registry.
    digits(code, 2..8)?;
    let mut sum = 0;
    for (at, weight) in WEIGHTS.iter().enumerate() {
        sum += value_at(code, at)? * weight;
    }
    if value_at(code, 17)? == (31 - sum % 31) % 31 { Ok(()) } else { Err(Fault::CheckCharacter) }
}

fn value_at(code: &[u8; 18], at: usize) -> Result<u32, Fault> {
    match ALPHABET.iter().position(|c| *c == code[at]) {
        Some(value) => Ok(value as u32),
        None => Err(Fault::Character {
            position: at + 1,
            expected: "a digit or a capital other than I, O, S, V, Z",
        }),
    }
}
