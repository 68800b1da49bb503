//! The named spatial predicates, and the DE-9IM matrices and patterns that they are made of
//! (OGC 06-103r4, 6.1.15).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A named relation between two geometries, asked as "a *predicate* b".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// They share a point.
    Intersects,
    /// They share no point.
    Disjoint,
    /// b lies in a, and their interiors meet.
    Contains,
    /// a lies in b, and their interiors meet.
    Within,
    /// No point of b lies outside a.
    Covers,
    /// No point of a lies outside b.
    CoveredBy,
    /// They meet, their interiors do not.
    Touches,
    /// Their interiors meet in less than the larger of them, and neither lies in the other.
    Crosses,
    /// Their interiors meet in what has their own dimension, and each has a part of its own.
    Overlaps,
    /// They are the same set of points.
    Equals,
}

impl Predicate {
    /// Every predicate.
    pub const ALL: [Self; 10] = [
        Self::Intersects,
        Self::Disjoint,
        Self::Contains,
        Self::Within,
        Self::Covers,
        Self::CoveredBy,
        Self::Touches,
        Self::Crosses,
        Self::Overlaps,
        Self::Equals,
    ];

    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intersects => "intersects",
            Self::Disjoint => "disjoint",
            Self::Contains => "contains",
            Self::Within => "within",
            Self::Covers => "covers",
            Self::CoveredBy => "coveredBy",
            Self::Touches => "touches",
            Self::Crosses => "crosses",
            Self::Overlaps => "overlaps",
            Self::Equals => "equals",
        }
    }

    /// The predicate that holds for (b, a) exactly when this one holds for (a, b).
    pub fn converse(self) -> Self {
        match self {
            Self::Contains => Self::Within,
            Self::Within => Self::Contains,
            Self::Covers => Self::CoveredBy,
            Self::CoveredBy => Self::Covers,
            symmetric => symmetric,
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no predicate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "predicate {name:?} is unknown; known: intersects, disjoint, contains, within, covers, \
     coveredBy, touches, crosses, overlaps, equals"
)]
pub struct UnknownPredicate {
    /// The refused name.
    pub name: String,
}

impl FromStr for Predicate {
    type Err = UnknownPredicate;

    fn from_str(name: &str) -> Result<Self, UnknownPredicate> {
        let found = Self::ALL.into_iter().find(|predicate| predicate.name() == name);
        found.ok_or_else(|| UnknownPredicate { name: name.to_owned() })
    }
}

/// Dimension of a set of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// No point at all.
    Empty,
    /// Points.
    Zero,
    /// Lines.
    One,
    /// Areas.
    Two,
}

impl Dimension {
    /// The letter of a matrix: `F`, `0`, `1` or `2`.
    pub fn letter(self) -> char {
        match self {
            Self::Empty => 'F',
            Self::Zero => '0',
            Self::One => '1',
            Self::Two => '2',
        }
    }
}

/// Dimensions of what interior, boundary and exterior of a share with those of b: row by row,
/// the row is a's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Matrix(pub [Dimension; 9]);

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|cell| write!(f, "{}", cell.letter()))
    }
}

/// What a cell of a matrix must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    Any,
    Some,
    Exactly(Dimension),
}

/// Nine conditions on the cells of a matrix: `T` some point, `F` none, `0`, `1`, `2` the
/// dimension, `*` anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pattern([Wanted; 9]);

/// Text that is no DE-9IM pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("DE-9IM pattern {text:?} is not usable: nine of the letters T, F, 0, 1, 2 and *")]
pub struct InvalidPattern {
    /// The refused text.
    pub text: String,
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let cell = |letter| match letter {
            '*' => Some(Wanted::Any),
            'T' | 't' => Some(Wanted::Some),
            'F' | 'f' => Some(Wanted::Exactly(Dimension::Empty)),
            '0' => Some(Wanted::Exactly(Dimension::Zero)),
            '1' => Some(Wanted::Exactly(Dimension::One)),
            '2' => Some(Wanted::Exactly(Dimension::Two)),
            _ => None,
        };
        let cells = text.chars().map(cell).collect::<Option<Vec<_>>>();
        let cells = cells.and_then(|cells| cells.try_into().ok());
        cells.map(Self).ok_or_else(|| InvalidPattern { text: text.to_owned() })
    }
}

impl Pattern {
    /// Whether `matrix` meets every condition.
    pub fn matches(&self, matrix: &Matrix) -> bool {
        self.0.iter().zip(matrix.0).all(|(wanted, cell)| match wanted {
            Wanted::Any => true,
            Wanted::Some => cell != Dimension::Empty,
            Wanted::Exactly(dimension) => cell == *dimension,
        })
    }

    /// The pattern that (b, a) meets exactly when (a, b) meets this one.
    pub fn converse(&self) -> Self {
        Self([0, 3, 6, 1, 4, 7, 2, 5, 8].map(|cell: usize| self.0[cell]))
    }
}

/// The whole relation of two geometries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// What their parts share.
    pub matrix: Matrix,
    /// Dimension of a and of b.
    pub dimensions: [Dimension; 2],
}

impl Relation {
    /// Whether "a `predicate` b" holds. Of an empty geometry only `disjoint` holds.
    pub fn holds(&self, predicate: Predicate) -> bool {
        use Dimension::{Empty, One, Zero};
        let [ii, ib, ie, bi, bb, be, ei, eb, _] = self.matrix.0;
        let [a, b] = self.dimensions;
        let some = |cell| cell != Empty;
        let meet = some(ii) || some(ib) || some(bi) || some(bb);
        match predicate {
            Predicate::Intersects => meet,
            Predicate::Disjoint => !meet,
            Predicate::Contains => some(ii) && !some(ei) && !some(eb),
            Predicate::Within => some(ii) && !some(ie) && !some(be),
            Predicate::Covers => meet && !some(ei) && !some(eb),
            Predicate::CoveredBy => meet && !some(ie) && !some(be),
            Predicate::Touches => meet && !some(ii),
            Predicate::Crosses => match a.cmp(&b) {
                std::cmp::Ordering::Less => some(ii) && some(ie),
                std::cmp::Ordering::Greater => some(ii) && some(ei),
                std::cmp::Ordering::Equal => a == One && ii == Zero,
            },
            Predicate::Overlaps => {
                let full = if a == One { ii == One } else { some(ii) };
                a == b && full && some(ie) && some(ei)
            }
            Predicate::Equals => some(ii) && !some(ie) && !some(be) && !some(ei) && !some(eb),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for predicate in Predicate::ALL {
            assert_eq!(predicate.name().parse(), Ok(predicate));
            assert_eq!(predicate.converse().converse(), predicate);
        }
        let unknown = "meets".parse::<Predicate>().unwrap_err();
        assert_eq!(unknown, UnknownPredicate { name: "meets".to_owned() });
    }

    #[test]
    fn patterns_have_nine_known_letters() {
        for text in ["", "T********T", "T*******", "T*******X", "Ｔ********"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        let pattern: Pattern = "T*F**F***".parse().unwrap();
        assert_eq!(pattern.converse(), "T*****FF*".parse().unwrap());
    }
}
