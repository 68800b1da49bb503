//! 网格代码: 6 district + 3 town + 3 village + 3 serial (DB11/T 2157-2023).
//!
//! Its town and village numbers are those of DB11/T 064 and of the civil affairs office, which
//! may differ from the statistical ones.

use std::fmt;

use crate::{
    Fault, InvalidCode, Scheme,
    normal_form::{digits, exactly, is_county, is_zero, normal_form},
};

/// A 网格代码 of 15 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GridCode(String);

impl GridCode {
    /// The code, 15 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of the grid cell in its village, west to east, north to south.
    pub fn serial(&self) -> &str {
        &self.0[12..]
    }
}

impl TryFrom<&str> for GridCode {
    type Error = InvalidCode;

    fn try_from(value: &str) -> Result<Self, InvalidCode> {
        let code = normal_form(value);
        match exactly::<15>(&code, "15").and_then(|code| check(&code)) {
            Ok(()) => Ok(Self(code)),
            Err(fault) => Err(InvalidCode::new(Scheme::Grid, value, fault)),
        }
    }
}

impl fmt::Display for GridCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(code: &[u8; 15]) -> Result<(), Fault> {
    digits(code, 0..15)?;
    if !is_county(code) {
        return Err(Fault::County);
    }
    for (range, part) in
        [(6..9, "town (街乡)"), (9..12, "village (社区村)"), (12..15, "serial number (顺序号)")]
    {
        if is_zero(&code[range]) {
            return Err(Fault::Zero { part });
        }
    }
    Ok(())
}
