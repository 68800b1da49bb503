//! 不动产单元代码 (BDCDYH): a parcel code, a fixture letter, eight digits of the unit.
//!
//! GB/T 37346-2019; printed in groups of 6, 6, 7 and 9, which the normal form joins.

use std::fmt;

use crate::{
    CodeWarning, Fault, InvalidCode, ParcelCode, Scheme,
    normal_form::{digits, exactly, is_zero, normal_form, one_of},
    parcel_code::check_parcel,
};

const LENGTH: usize = 28;

/// A 不动产单元代码 of 28 characters, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitCode(String);

/// What stands on the land of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fixture {
    /// `F`: one building, and the number of the unit in it.
    Building {
        /// Number of the building on its parcel.
        building: u16,
        /// Number of the unit in the building.
        unit: u16,
    },
    /// `F9999`: several buildings as one unit.
    Buildings,
    /// `L`: forest.
    Forest,
    /// `Q`: something else.
    Other,
    /// `W`: nothing.
    Nothing,
}

impl UnitCode {
    /// The code, 28 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parcel that the unit stands on: the first 19 characters.
    pub fn parcel(&self) -> ParcelCode {
        ParcelCode::checked(&self.0[..19])
    }

    /// What stands on the land.
    pub fn fixture(&self) -> Fixture {
        let number = |digits: &str| digits.bytes().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
        match self.0.as_bytes()[19] {
            b'F' if &self.0[20..24] == "9999" => Fixture::Buildings,
            b'F' => Fixture::Building {
                building: number(&self.0[20..24]),
                unit: number(&self.0[24..28]),
            },
            b'L' => Fixture::Forest,
            b'Q' => Fixture::Other,
            _ => Fixture::Nothing,
        }
    }

    /// What is unusual about it.
    pub fn warnings(&self) -> Vec<CodeWarning> {
        self.parcel().warnings()
    }
}

impl TryFrom<&str> for UnitCode {
    type Error = InvalidCode;

    fn try_from(value: &str) -> Result<Self, InvalidCode> {
        let code = normal_form(value);
        match exactly::<LENGTH>(&code, "28").and_then(|code| check_unit(&code)) {
            Ok(()) => Ok(Self(code)),
            Err(fault) => Err(InvalidCode::new(Scheme::Unit, value, fault)),
        }
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_unit(code: &[u8; LENGTH]) -> Result<(), Fault> {
    check_parcel(code)?;
    one_of(code, 19, b"FLQW", "F, L, Q or W (定着物特征码)")?;
    digits(code, 20..28)?;
    if (code[19] == b'W') != is_zero(&code[20..28]) {
        return Err(Fault::NoFixture);
    }
    if code[19] == b'F' {
        check_building(code)?;
        if is_zero(&code[24..28]) {
            return Err(Fault::Zero { part: "unit's number in its building (户号)" });
        }
    }
    Ok(())
}

/// Checks characters 20 to 24: `F` and a building's number.
pub(crate) fn check_building(code: &[u8]) -> Result<(), Fault> {
    one_of(code, 19, b"F", "F (房屋)")?;
    digits(code, 20..24)?;
    if is_zero(&code[20..24]) {
        return Err(Fault::Zero { part: "building's number (幢号)" });
    }
    Ok(())
}
