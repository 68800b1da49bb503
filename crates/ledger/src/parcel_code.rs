//! 宗地代码 (ZDDM): 6 county + 3 cadastral area + 3 sub-area + 2 kind letters + 5 serial.
//!
//! GB/T 37346-2019. There is no check character. Cadastral areas are not statistical towns:
//! a parcel's town is found by polygon, never from its code.

use std::fmt;

use crate::{
    CodeWarning, Fault, InvalidCode, Scheme,
    normal_form::{digits, exactly, is_county, is_zero, normal_form, one_of},
};

const LENGTH: usize = 19;
/// Letter of the land's ownership: state, collective, undecided.
const OWNERSHIP: &[u8] = b"GJZ";
/// Letter of the parcel's kind; C is a homestead.
const KIND: &[u8] = b"ABSXCDEFLNHGWY";
/// The districts of Beijing.
const BEIJING: [&str; 16] = [
    "110101", "110102", "110105", "110106", "110107", "110108", "110109", "110111", "110112",
    "110113", "110114", "110115", "110116", "110117", "110118", "110119",
];

/// A 宗地代码 of 19 characters, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParcelCode(String);

impl ParcelCode {
    /// The code, 19 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The county, six digits.
    pub fn county(&self) -> &str {
        &self.0[..6]
    }

    /// The letter of the land's ownership: `G` state, `J` collective, `Z` undecided.
    pub fn ownership(&self) -> char {
        char::from(self.0.as_bytes()[12])
    }

    /// The letter of the parcel's kind, e.g. `C` for a homestead.
    pub fn kind(&self) -> char {
        char::from(self.0.as_bytes()[13])
    }

    /// What is unusual about it.
    pub fn warnings(&self) -> Vec<CodeWarning> {
        let mut warnings = Vec::new();
        if !BEIJING.contains(&self.county()) {
            warnings.push(CodeWarning::OutsideBeijing);
        }
        if matches!(self.kind(), 'A' | 'C') && self.ownership() != 'J' {
            warnings.push(CodeWarning::NotCollective);
        }
        warnings
    }

    /// A code that is already known to be one.
    pub(crate) fn checked(code: &str) -> Self {
        Self(code.to_owned())
    }
}

impl TryFrom<&str> for ParcelCode {
    type Error = InvalidCode;

    fn try_from(value: &str) -> Result<Self, InvalidCode> {
        let code = normal_form(value);
        let check = || -> Result<(), Fault> { check_parcel(&exactly::<LENGTH>(&code, "19")?) };
        match check() {
            Ok(()) => Ok(Self(code)),
            Err(fault) => Err(InvalidCode::new(Scheme::Parcel, value, fault)),
        }
    }
}

impl fmt::Display for ParcelCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the first 19 characters of `code`.
pub(crate) fn check_parcel(code: &[u8]) -> Result<(), Fault> {
    digits(code, 0..12)?;
    one_of(code, 12, OWNERSHIP, "G, J or Z (土地所有权特征码)")?;
    one_of(code, 13, KIND, "a letter of the kinds of parcels (宗地特征码)")?;
    digits(code, 14..19)?;
    if !is_county(code) {
        return Err(Fault::County);
    }
    if is_zero(&code[14..19]) {
        return Err(Fault::Zero { part: "parcel's serial number (宗地顺序号)" });
    }
    Ok(())
}
