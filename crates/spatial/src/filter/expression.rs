//! What a filter says, before the names in it are looked up.

use super::{Number, Time};
use crate::{Geometry, Predicate};

/// A CQL2 expression. Names are as written, and nothing is checked yet: whether types fit is
/// [`super::Filter::bind`]'s question.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A value.
    Literal(Literal),
    /// A field, or the geometry, by its name.
    Property(String),
    /// All of them; two or more, none of which is an `And`.
    And(Vec<Self>),
    /// One of them at least; two or more, none of which is an `Or`.
    Or(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// `left op right`.
    Compare(Comparison, Box<[Self; 2]>),
    /// `text LIKE pattern`: `%` any characters, `_` one, `\` takes their meaning away.
    Like(Box<[Self; 2]>),
    /// `value BETWEEN low AND high`, both included.
    Between(Box<[Self; 3]>),
    /// `value IN (…)`.
    In(Box<Self>, Vec<Self>),
    /// `operand IS NULL`.
    IsNull(Box<Self>),
    /// `CASEI(text)`: case folded.
    CaseFold(Box<Self>),
    /// `ACCENTI(text)`: diacritics taken off.
    AccentFold(Box<Self>),
    /// `left op right`, a number.
    Arithmetic(Arithmetic, Box<[Self; 2]>),
    /// `S_…(left, right)`.
    Spatial(Predicate, Box<[Self; 2]>),
    /// `T_…(left, right)`.
    Temporal(TemporalRelation, Box<[Self; 2]>),
    /// `A_…(left, right)`.
    Array(ArrayRelation, Box<[Self; 2]>),
    /// An array.
    List(Vec<Self>),
    /// `INTERVAL(start, end)`.
    Interval(Box<[Bound; 2]>),
    /// A function that CQL2 itself does not name.
    Function(String, Vec<Self>),
}

/// A value that stands in the filter itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// A number in canonical form.
    Number(Number),
    /// Text.
    Text(String),
    /// `DATE(…)` or `TIMESTAMP(…)`.
    Time(Time),
    /// A geometry in the CRS and axis order of the filter.
    Geometry(Geometry),
    /// `BBOX(…)`.
    Bbox(Bbox),
}

/// A box in the CRS and axis order of the filter: lower corner, then upper corner. In degrees a
/// western border beyond the eastern one crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bbox {
    /// First axis and second axis of the lower, then of the upper corner.
    pub corners: [f64; 4],
    /// Lowest and highest height; no predicate looks at it.
    pub heights: Option<[f64; 2]>,
}

/// One end of an interval.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// `'..'`: no end.
    Open,
    /// A time, a property or a function.
    At(Expression),
}

impl Expression {
    /// All of `parts`, flat. Of one part it is that part, of none it is true.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::Literal(Literal::Bool(true)),
            1 => flat.remove(0),
            _ => Self::And(flat),
        }
    }

    /// One of `parts` at least, flat. Of one part it is that part, of none it is false.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::Literal(Literal::Bool(false)),
            1 => flat.remove(0),
            _ => Self::Or(flat),
        }
    }

    /// `left op right`.
    pub fn compare(op: Comparison, left: Self, right: Self) -> Self {
        Self::Compare(op, Box::new([left, right]))
    }

    /// The field or geometry called `name`.
    pub fn property(name: &str) -> Self {
        Self::Property(name.to_owned())
    }

    /// `value` as text.
    pub fn text(value: &str) -> Self {
        Self::Literal(Literal::Text(value.to_owned()))
    }

    /// `value` as a number.
    pub fn int(value: i64) -> Self {
        Self::Literal(Literal::Number(Number::Int(value.into())))
    }
}

/// Gives the members of a list of names a name in JSON; in text the same in upper case.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$member_doc:meta])* $member:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$member_doc])* $member,)*
        }

        impl $type {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$member,)*];

            /// The name in JSON; text writes it in upper case and reads it in any.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$member => $name,)*
                }
            }

            /// The one called `name`, whatever the case.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name().eq_ignore_ascii_case(name))
            }
        }
    };
}

named! {
    /// How two values compare.
    Comparison {
        /// The same.
        Equal = "=",
        /// Not the same.
        NotEqual = "<>",
        /// Before.
        Less = "<",
        /// After.
        Greater = ">",
        /// Before or the same.
        LessOrEqual = "<=",
        /// After or the same.
        GreaterOrEqual = ">=",
    }
}

named! {
    /// What is done with two numbers.
    Arithmetic {
        /// Sum.
        Add = "+",
        /// Difference.
        Subtract = "-",
        /// Product.
        Multiply = "*",
        /// Quotient, a real number where it has to be.
        Divide = "/",
        /// Rest of the division, with the sign of the dividend.
        Modulo = "%",
        /// Quotient without its fraction.
        IntegerDivide = "div",
        /// Power.
        Power = "^",
    }
}

named! {
    /// How two times or intervals lie to each other. A time is an interval without length.
    TemporalRelation {
        /// a begins after b ends.
        After = "t_after",
        /// a ends before b begins.
        Before = "t_before",
        /// a begins before b and ends after it.
        Contains = "t_contains",
        /// They share no time.
        Disjoint = "t_disjoint",
        /// a begins after b and ends before it.
        During = "t_during",
        /// They begin and end together.
        Equals = "t_equals",
        /// a begins before b, and they end together.
        FinishedBy = "t_finishedBy",
        /// a begins after b, and they end together.
        Finishes = "t_finishes",
        /// They share a time.
        Intersects = "t_intersects",
        /// a ends when b begins.
        Meets = "t_meets",
        /// a begins when b ends.
        MetBy = "t_metBy",
        /// a begins within b and ends after it.
        OverlappedBy = "t_overlappedBy",
        /// a begins before b and ends within it.
        Overlaps = "t_overlaps",
        /// They begin together, a ends after b.
        StartedBy = "t_startedBy",
        /// They begin together, a ends before b.
        Starts = "t_starts",
    }
}

named! {
    /// How two arrays, taken as sets, lie to each other.
    ArrayRelation {
        /// They have the same members.
        Equals = "a_equals",
        /// Every member of b is one of a.
        Contains = "a_contains",
        /// Every member of a is one of b.
        ContainedBy = "a_containedBy",
        /// They share a member.
        Overlaps = "a_overlaps",
    }
}
