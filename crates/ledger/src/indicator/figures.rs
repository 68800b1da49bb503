//! What an evaluation gives: a row for each unit, a figure for each indicator.

use thiserror::Error;

use super::{Exact, Moment};

/// The figures of a unit, of all units below it, and of what lies in none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// When they are of.
    pub moment: Moment,
    /// The root first; each unit before its parts, and after these the row 未落界.
    pub rows: Vec<FigureRow>,
}

/// The figures of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Of which unit.
    pub place: Place,
    /// How far below the root, which has 0.
    pub depth: usize,
    /// One for each definition, in their order.
    pub figures: Vec<Figure>,
}

impl FigureRow {
    /// Whether anything was counted in it.
    pub fn says_something(&self) -> bool {
        let sums = self.figures.iter().flat_map(|figure| [figure.numerator, figure.denominator]);
        sums.flatten().any(|sum| sum != 0)
    }
}

/// Which row it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// That of a unit.
    Unit {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
    },
    /// 未落界: what counts for a unit and lies in none of its parts.
    Unplaced {
        /// The code of the unit.
        within: String,
    },
}

/// One figure, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The sum, or what stands above the line, in hundredths of what is counted.
    pub numerator: Option<i128>,
    /// What stands below the line, in hundredths of what is counted; of a completion the target.
    pub denominator: Option<i128>,
    /// The value in the definition's unit of measure.
    pub value: Result<Exact, NoValue>,
}

/// Why a figure has no value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum NoValue {
    /// The denominator is zero.
    #[error("分母为零")]
    ZeroDenominator,
    /// There is no target.
    #[error("无目标值")]
    NoTarget,
    /// There are no points to take the median of.
    #[error("无点位")]
    NoPoints,
    /// A sum was not handed in.
    #[error("未提供：{name}")]
    NotGiven {
        /// Its name.
        name: String,
    },
    /// There are no weights for the year.
    #[error("{year} 年无权重")]
    NoWeights {
        /// The year.
        year: i32,
    },
    /// A part of a score has no value.
    #[error("{indicator} 无值")]
    Part {
        /// The code of the part.
        indicator: String,
    },
    /// So few lie behind it that it is not for everyone.
    #[error("数量过少，不予公布")]
    TooFew,
    /// Beyond what is computed exactly.
    #[error("数值过大")]
    TooLarge,
}

impl Figures {
    /// The row of a unit.
    pub fn row(&self, code: &str) -> Option<&FigureRow> {
        self.rows
            .iter()
            .find(|row| matches!(&row.place, Place::Unit { code: own, .. } if own == code))
    }
}
