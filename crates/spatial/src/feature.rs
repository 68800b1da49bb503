//! Features, their ids and their values.

use std::fmt;

use thiserror::Error;

use crate::{Geometry, ValueRef};

/// The GeoPackage `fid`: positive, never reused, at most 2^53 − 1 so that JavaScript keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeatureId(i64);

/// A number that cannot be a feature id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("feature id {value} is not in 1..=9007199254740991")]
pub struct InvalidFeatureId {
    /// The refused number.
    pub value: i64,
}

impl FeatureId {
    /// The largest id, 2^53 − 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The id as the integer of the file.
    pub const fn value(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for FeatureId {
    type Error = InvalidFeatureId;

    fn try_from(value: i64) -> Result<Self, InvalidFeatureId> {
        if (1..=Self::MAX.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(InvalidFeatureId { value })
        }
    }
}

impl fmt::Display for FeatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One property value. Dates are text: `2026-11-22`; date-times are RFC 3339 text in UTC.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A real number; never NaN.
    Real(f64),
    /// Text, a date or a date-time.
    Text(String),
    /// Bytes; stored and returned, never in a tile.
    Bytes(Vec<u8>),
}

impl Value {
    /// The value read in place.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(v) => ValueRef::Bool(*v),
            Self::Int(v) => ValueRef::Int(*v),
            Self::Real(v) => ValueRef::Real(*v),
            Self::Text(v) => ValueRef::Text(v),
            Self::Bytes(v) => ValueRef::Bytes(v),
        }
    }
}

/// One feature of a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Absent until the store has given it one.
    pub id: Option<FeatureId>,
    /// Absent for a row without a place.
    pub geometry: Option<Geometry>,
    /// One value a field, in the order of [`crate::Collection::fields`].
    pub properties: Vec<Value>,
}
