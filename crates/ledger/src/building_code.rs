//! 自然幢号 (ZRZH): a parcel code, `F`, four digits of the building.

use std::fmt;

use crate::{
    InvalidCode, ParcelCode, Scheme,
    normal_form::{exactly, normal_form},
    parcel_code::check_parcel,
    unit_code::check_building,
};

const LENGTH: usize = 24;

/// A 自然幢号 of 24 characters, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildingCode(String);

impl BuildingCode {
    /// The code, 24 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parcel that the building stands on: the first 19 characters.
    pub fn parcel(&self) -> ParcelCode {
        ParcelCode::checked(&self.0[..19])
    }
}

impl TryFrom<&str> for BuildingCode {
    type Error = InvalidCode;

    fn try_from(value: &str) -> Result<Self, InvalidCode> {
        let code = normal_form(value);
        let checked = exactly::<LENGTH>(&code, "24").and_then(|code| {
            check_parcel(&code)?;
            check_building(&code)
        });
        match checked {
            Ok(()) => Ok(Self(code)),
            Err(fault) => Err(InvalidCode::new(Scheme::Building, value, fault)),
        }
    }
}

impl fmt::Display for BuildingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
