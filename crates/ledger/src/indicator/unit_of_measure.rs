//! Units of measure (计量单位), and how much of what is counted is one of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Ratio;

/// How many of what is counted (one point, one m², one day, a rate of 1) make one unit of measure:
/// `10000`, `1/100`, `2000/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Factor(Ratio);

/// A text that is no factor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value:?} is no factor: write a number from 1 to 100000000, or two as in \"1/100\"")]
pub struct InvalidFactor {
    /// The refused text, cut after 40 characters.
    pub value: String,
}

const MAX_FACTOR: u64 = 100_000_000;
/// Areas and shares; what is counted by the piece has [`PIECES`].
const KNOWN: [(&str, i64, i64); 12] = [
    ("%", 1, 100),
    ("‰", 1, 1000),
    ("㎡", 1, 1),
    ("m²", 1, 1),
    ("平方米", 1, 1),
    ("万㎡", 10_000, 1),
    ("万平方米", 10_000, 1),
    ("公顷", 10_000, 1),
    ("亩", 2000, 3),
    ("平方公里", 1_000_000, 1),
    ("天", 1, 1),
    ("分", 1, 1),
];
/// What is counted by the piece.
const PIECES: [&str; 14] =
    ["处", "个", "户", "家", "件", "条", "宗", "栋", "间", "人", "次", "米", "起", "片"];

impl Factor {
    /// The factor of a unit of measure that is known, `万` before one of pieces included.
    pub fn of(unit_of_measure: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|(name, _, _)| *name == unit_of_measure);
        if let Some((_, numerator, denominator)) = known {
            return Ratio::new(i128::from(*numerator), i128::from(*denominator)).map(Self);
        }
        let (piece, number) = match unit_of_measure.strip_prefix('万') {
            Some(piece) => (piece, 10_000),
            None => (unit_of_measure, 1),
        };
        PIECES.contains(&piece).then(|| Self(Ratio::whole(number)))
    }

    /// The number.
    pub fn ratio(self) -> Ratio {
        self.0
    }

    /// Every unit of measure that needs no factor, for messages.
    pub(super) fn known() -> String {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _, _)| *name).chain(PIECES).collect();
        names.join(" ")
    }
}

impl FromStr for Factor {
    type Err = InvalidFactor;

    fn from_str(text: &str) -> Result<Self, InvalidFactor> {
        let number = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<u64>().ok().filter(|_| digits)?;
            (1..=MAX_FACTOR).contains(&number).then_some(i128::from(number))
        };
        let (over, under) = text.split_once('/').unwrap_or((text, "1"));
        let ratio =
            number(over).zip(number(under)).and_then(|(over, under)| Ratio::new(over, under));
        ratio.map(Self).ok_or_else(|| InvalidFactor { value: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.denominator() {
            1 => write!(f, "{}", self.0.numerator()),
            denominator => write!(f, "{}/{denominator}", self.0.numerator()),
        }
    }
}

impl TryFrom<String> for Factor {
    type Error = InvalidFactor;

    fn try_from(text: String) -> Result<Self, InvalidFactor> {
        text.parse()
    }
}

impl From<Factor> for String {
    fn from(factor: Factor) -> Self {
        factor.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn units_of_measure_have_their_factors() {
        for (unit, factor) in [
            ("%", "1/100"),
            ("万㎡", "10000"),
            ("公顷", "10000"),
            ("亩", "2000/3"),
            ("处", "1"),
            ("万户", "10000"),
        ] {
            assert_eq!(Factor::of(unit), Some(factor.parse().unwrap()), "{unit}");
            assert_eq!(Factor::of(unit).unwrap().to_string(), factor);
        }
        for unit in ["", "公倾", "万", "万公顷", "m2"] {
            assert_eq!(Factor::of(unit), None, "{unit}");
        }
    }

    #[test]
    fn other_texts_are_no_factors() {
        for text in ["", "0", "1/0", "-1", "1.5", "1/", "/1", "1/2/3", "100000001", "+1"] {
            assert!(text.parse::<Factor>().is_err(), "{text}");
        }
    }
}
