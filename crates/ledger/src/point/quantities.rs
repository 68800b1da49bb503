//! How much a point is: built area, land area and a count, added up without rounding.

use std::fmt;

use thiserror::Error;

/// An area in hundredths of a square metre, so that sums in any order are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SquareMetres(u64);

/// Hundredths in a square metre.
const HUNDREDTHS: f64 = 100.0;
/// More than the land of China in m²; below it every hundredth has an `f64` of its own.
const MAX_M2: f64 = 1e13;

/// A number that is no area.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{value} m² is no area: give a number from 0 to {MAX_M2}")]
pub struct InvalidArea {
    /// The refused number.
    pub value: f64,
}

impl SquareMetres {
    /// The area of so many hundredths of a square metre.
    pub const fn from_hundredths(hundredths: u64) -> Self {
        Self(hundredths)
    }

    /// The area in hundredths of a square metre.
    pub const fn hundredths(self) -> u64 {
        self.0
    }

    /// The area in square metres.
    pub fn m2(self) -> f64 {
        self.0 as f64 / HUNDREDTHS
    }
}

impl TryFrom<f64> for SquareMetres {
    type Error = InvalidArea;

    /// Takes square metres, rounded to the nearest hundredth.
    fn try_from(value: f64) -> Result<Self, InvalidArea> {
        if !(0.0..=MAX_M2).contains(&value) {
            return Err(InvalidArea { value });
        }
        Ok(Self((value * HUNDREDTHS).round() as u64))
    }
}

/// Planned or actual quantities of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Quantities {
    /// 建筑面积.
    pub build_area_m2: SquareMetres,
    /// 占地面积.
    pub land_area_m2: SquareMetres,
    /// How many, in the unit of the task (处, 户, 家 …).
    pub count: u64,
}

impl Quantities {
    /// Whether there is nothing of anything.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The sum; none when it is beyond what can be counted.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let area = |a: SquareMetres, b: SquareMetres| a.0.checked_add(b.0).map(SquareMetres);
        Some(Self {
            build_area_m2: area(self.build_area_m2, other.build_area_m2)?,
            land_area_m2: area(self.land_area_m2, other.land_area_m2)?,
            count: self.count.checked_add(other.count)?,
        })
    }
}

/// Quantities that are told anew: what is not told stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ToldAnew {
    /// 建筑面积.
    pub build_area_m2: Option<SquareMetres>,
    /// 占地面积.
    pub land_area_m2: Option<SquareMetres>,
    /// How many.
    pub count: Option<u64>,
}

impl ToldAnew {
    /// Those of `quantities` that are told: of built area, land area and count.
    pub fn of(quantities: Quantities, [build, land, count]: [bool; 3]) -> Self {
        Self {
            build_area_m2: build.then_some(quantities.build_area_m2),
            land_area_m2: land.then_some(quantities.land_area_m2),
            count: count.then_some(quantities.count),
        }
    }

    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The quantities that were told, with what is told anew.
    pub fn over(self, told: Quantities) -> Quantities {
        Quantities {
            build_area_m2: self.build_area_m2.unwrap_or(told.build_area_m2),
            land_area_m2: self.land_area_m2.unwrap_or(told.land_area_m2),
            count: self.count.unwrap_or(told.count),
        }
    }
}

impl fmt::Display for Quantities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (built, land) = (self.build_area_m2.m2(), self.land_area_m2.m2());
        write!(f, "{built} m² built, {land} m² of land, count {}", self.count)
    }
}
