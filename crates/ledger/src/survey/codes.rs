//! The codes of one row, against their rules and each other.

use super::DefectKind;
use super::definition::Certificates;
use crate::{
    BuildingCode, CodeWarning, CreditCode, Fault, IdentityNumber, InvalidCode, ParcelCode,
    UnitCode, normal_form,
};

/// The codes of a row, those that it has, in normal form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodesOf<'a> {
    /// 宗地代码, of the row or of its parcel.
    pub parcel: Option<&'a str>,
    /// 不动产单元代码.
    pub unit: Option<&'a str>,
    /// 自然幢号, of the row or of its building.
    pub building: Option<&'a str>,
}

/// Which of the codes a defect lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAt {
    /// 宗地代码.
    Parcel,
    /// 不动产单元代码.
    Unit,
    /// 自然幢号.
    Building,
}

/// A defect, where it lies, and which rule is broken.
type Found = (DefectKind, CodeAt, String);

/// What is wrong with the codes of a row.
pub fn check_codes(codes: CodesOf<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let parcel = codes.parcel.map(ParcelCode::try_from);
    let told = |invalid: InvalidCode| -> String {
        let fault: Fault = invalid.fault;
        fault.to_string()
    };
    match &parcel {
        Some(Err(invalid)) => {
            found.push((DefectKind::BadParcelCode, CodeAt::Parcel, told(invalid.clone())));
        }
        Some(Ok(code)) => {
            for warning in code.warnings() {
                let kind = match warning {
                    CodeWarning::OutsideBeijing => DefectKind::OtherCounty,
                    CodeWarning::NotCollective => DefectKind::NotCollective,
                };
                found.push((kind, CodeAt::Parcel, String::new()));
            }
        }
        None => {}
    }
    let parcel = parcel.and_then(Result::ok);
    let is_other = |of: ParcelCode| parcel.as_ref().is_some_and(|own| *own != of);
    match codes.unit.map(UnitCode::try_from) {
        Some(Err(invalid)) => found.push((DefectKind::BadUnitCode, CodeAt::Unit, told(invalid))),
        Some(Ok(code)) if is_other(code.parcel()) => {
            found.push((DefectKind::UnitOfOtherParcel, CodeAt::Unit, String::new()));
        }
        _ => {}
    }
    match codes.building.map(BuildingCode::try_from) {
        Some(Err(invalid)) => {
            found.push((DefectKind::BadBuildingCode, CodeAt::Building, told(invalid)));
        }
        Some(Ok(code)) if is_other(code.parcel()) => {
            found.push((DefectKind::BuildingOfOtherParcel, CodeAt::Building, String::new()));
        }
        _ => {}
    }
    found
}

impl Certificates {
    /// Whether a number passes the check of its kind; of an unknown kind one of 18 characters must pass
    /// either, and others have none.
    pub fn fits(&self, kind: Option<&str>, number: &str) -> bool {
        let is = |kinds: &[String]| kind.is_some_and(|kind| kinds.iter().any(|one| one == kind));
        let is_identity = || IdentityNumber::try_from(number).is_ok();
        let is_credit = || CreditCode::try_from(number).is_ok();
        let number = normal_form(number);
        match (kind, number.len()) {
            // Identity numbers of the first generation have no check.
            (_, 15) if is(&self.identity) => number.bytes().all(|byte| byte.is_ascii_digit()),
            _ if is(&self.identity) => is_identity(),
            (_, 18) if is(&self.credit) => is_credit(),
            (None, 18) => is_identity() || is_credit(),
            _ => number.chars().filter(|c| c.is_alphanumeric()).count() >= 5,
        }
    }
}
