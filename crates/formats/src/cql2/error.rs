//! Why a text is no CQL2.

use std::fmt;

use spatial::filter::TimeFault;
use thiserror::Error;

/// Longest piece of the filter that a message repeats, in characters.
const SHOWN: usize = 40;

/// Why a filter cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("the filter is not usable at {place}: {fault}")]
pub struct Cql2Error {
    /// Where.
    pub place: Place,
    /// Why.
    pub fault: Fault,
}

/// A place in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A byte, from 0.
    Byte(usize),
    /// A JSON pointer (RFC 6901).
    Pointer(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Pointer(pointer) => write!(f, "JSON pointer {pointer:?}"),
        }
    }
}

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Fault {
    /// Something else should stand here.
    #[error("{expected} expected, found {found}")]
    Syntax {
        /// What should stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// The text is no JSON.
    #[error("{reason}")]
    Json {
        /// Why.
        reason: &'static str,
    },
    /// A number that is too large.
    #[error("{digits} is too large a number")]
    Number {
        /// The number as written.
        digits: String,
    },
    /// A date or time that cannot be read.
    #[error(transparent)]
    Time(TimeFault),
    /// A geometry that cannot be read.
    #[error("the geometry is not usable: {reason}")]
    Geometry {
        /// Why.
        reason: &'static str,
    },
    /// A name stands twice in one object.
    #[error("member {name:?} stands twice in one object")]
    DuplicateMember {
        /// The name.
        name: String,
    },
    /// An operator with too few or too many arguments.
    #[error("{operator:?} takes {wanted} arguments, not {found}")]
    ArgumentCount {
        /// The operator.
        operator: String,
        /// How many it takes.
        wanted: &'static str,
        /// How many stand there.
        found: usize,
    },
    /// The filter is too long.
    #[error("it is {found} bytes long, at most {limit} are read; send a long filter by POST")]
    TooLong {
        /// Its length.
        found: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The filter nests too deep.
    #[error("it nests deeper than {limit} levels")]
    TooDeep {
        /// How deep it may nest.
        limit: usize,
    },
    /// The filter has too many literals.
    #[error("it has more than {limit} literals")]
    TooManyLiterals {
        /// How many it may have.
        limit: usize,
    },
    /// An `IN` list is too long.
    #[error("its lists have more than {limit} members")]
    ListTooLong {
        /// How long all lists may be together.
        limit: usize,
    },
    /// The JSON has too many values, whatever they are.
    #[error("it has more than {limit} JSON values")]
    TooManyValues {
        /// How many it may have.
        limit: usize,
    },
    /// The geometries have too many vertices.
    #[error("its geometries have more than {limit} vertices; simplify them")]
    TooManyVertices {
        /// How many they may have together.
        limit: usize,
    },
}

impl Cql2Error {
    pub(super) fn at_byte(at: usize, fault: Fault) -> Self {
        Self { place: Place::Byte(at), fault }
    }

    /// Whether a limit was exceeded, rather than the grammar broken.
    pub fn is_over_limit(&self) -> bool {
        matches!(
            self.fault,
            Fault::TooLong { .. }
                | Fault::TooDeep { .. }
                | Fault::TooManyLiterals { .. }
                | Fault::ListTooLong { .. }
                | Fault::TooManyValues { .. }
                | Fault::TooManyVertices { .. }
        )
    }
}

/// The start of a piece of the filter, for a message.
pub(super) fn shown(piece: &str) -> String {
    match piece.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &piece[..end]),
        None => piece.to_owned(),
    }
}
