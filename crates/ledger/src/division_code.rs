//! 统计用区划代码: 6 county + 3 town + 3 village, the shorter levels filled up with zeros.
//!
//! A unit's kind (street, town, area…) never follows from its code: areas that are towns sit
//! among the streets' numbers.

use std::fmt;

use crate::{
    Fault, InvalidCode, Scheme,
    normal_form::{digits, exactly, is_county, is_zero, normal_form},
};

/// A 统计用区划代码 of 12 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(String);

/// Level of a [`DivisionCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DivisionLevel {
    /// 区, 县.
    County,
    /// 街道, 镇, 乡.
    Town,
    /// 社区, 村.
    Village,
}

impl DivisionCode {
    /// The code, 12 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The level that it names.
    pub fn level(&self) -> DivisionLevel {
        match (&self.0[6..9], &self.0[9..12]) {
            ("000", _) => DivisionLevel::County,
            (_, "000") => DivisionLevel::Town,
            _ => DivisionLevel::Village,
        }
    }

    /// The digits that say something: 6, 9 or 12 of them. Codes of the units below start so.
    pub fn prefix(&self) -> &str {
        match self.level() {
            DivisionLevel::County => &self.0[..6],
            DivisionLevel::Town => &self.0[..9],
            DivisionLevel::Village => &self.0,
        }
    }
}

impl TryFrom<&str> for DivisionCode {
    type Error = InvalidCode;

    /// Reads 12 digits, or the 6 or 9 of a county or town.
    fn try_from(value: &str) -> Result<Self, InvalidCode> {
        let mut code = normal_form(value);
        if matches!(code.len(), 6 | 9) {
            code.extend(std::iter::repeat_n('0', 12 - code.len()));
        }
        match exactly::<12>(&code, "12, 9 or 6").and_then(|code| check(&code)) {
            Ok(()) => Ok(Self(code)),
            Err(fault) => Err(InvalidCode::new(Scheme::Division, value, fault)),
        }
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(code: &[u8; 12]) -> Result<(), Fault> {
    digits(code, 0..12)?;
    if !is_county(code) {
        return Err(Fault::County);
    }
    if is_zero(&code[6..9]) && !is_zero(&code[9..12]) {
        return Err(Fault::Orphan { part: "village (村级)" });
    }
    Ok(())
}
