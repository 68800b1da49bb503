//! What is wrong, or merely unusual, about a code.

use std::fmt;

use thiserror::Error;

/// Longest stretch of a refused value that an error repeats, in characters.
const MAX_SHOWN: usize = 40;

/// The kinds of codes that an [`InvalidCode`] can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// 宗地代码, 19 characters, GB/T 37346-2019.
    Parcel,
    /// 不动产单元代码, 28 characters, GB/T 37346-2019.
    Unit,
    /// 自然幢号, 24 characters.
    Building,
    /// 统计用区划代码, 12 digits.
    Division,
    /// 网格代码, 15 digits, DB11/T 2157-2023.
    Grid,
    /// 统一社会信用代码, 18 characters, GB 32100.
    Credit,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parcel => "parcel code (宗地代码)",
            Self::Unit => "real-estate unit code (不动产单元代码)",
            Self::Building => "building number (自然幢号)",
            Self::Division => "statistical division code (统计用区划代码)",
            Self::Grid => "grid code (网格代码)",
            Self::Credit => "social credit code (统一社会信用代码)",
        })
    }
}

/// The reason for which a code is refused. Carries no character of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Fault {
    /// Too short or too long.
    #[error("{found} characters after removing blanks, expected {expected}")]
    Length {
        /// How many it should have.
        expected: &'static str,
        /// How many it has.
        found: usize,
    },
    /// A character that may not stand where it stands.
    #[error("character {position} is not {expected}")]
    Character {
        /// Position, from 1, after removing blanks.
        position: usize,
        /// What may stand there.
        expected: &'static str,
    },
    /// The first digits are no province, or no county of one.
    #[error("the first six digits are no county")]
    County,
    /// A number that must not be all zeros.
    #[error("the {part} is all zeros")]
    Zero {
        /// Which part.
        part: &'static str,
    },
    /// `W` says that there is no fixture, the number after it says that there is one, or the
    /// other way round.
    #[error("the fixture number must be 00000000 after W, and only after W")]
    NoFixture,
    /// A lower level is given under an upper level that is not.
    #[error("the {part} is given although the level above it is 000")]
    Orphan {
        /// Which part.
        part: &'static str,
    },
    /// No such day.
    #[error("the date of birth is no date of 1900 to 2099")]
    Date,
    /// The check character does not fit the others: at least one of them is wrong.
    #[error("the check character does not fit")]
    CheckCharacter,
}

/// A value that is not a code of its scheme. Identity and mobile numbers are refused with a
/// bare [`Fault`] instead, so that no message repeats one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value:?} is no {scheme}: {fault}")]
pub struct InvalidCode {
    /// What it should be.
    pub scheme: Scheme,
    /// The refused value, cut after 40 characters.
    pub value: String,
    /// Why.
    pub fault: Fault,
}

impl InvalidCode {
    /// A refusal of `value`.
    pub(crate) fn new(scheme: Scheme, value: &str, fault: Fault) -> Self {
        Self { scheme, value: value.chars().take(MAX_SHOWN).collect(), fault }
    }
}

/// Something unusual about a code that is valid all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum CodeWarning {
    /// The county is none of Beijing's sixteen districts.
    #[error("the county is not in Beijing")]
    OutsideBeijing,
    /// Collective ownership (A) and homesteads (C) normally lie on collective land (J).
    #[error("the parcel is of kind A or C, yet its land is not collective (J)")]
    NotCollective,
}
