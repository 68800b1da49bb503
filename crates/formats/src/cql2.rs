//! CQL2 (OGC 21-065r2) as text and as JSON: read into a [`spatial::Expression`], and written in
//! one canonical form, which may serve as the key of a cache.
//!
//! The text reader is a recursive descent whose depth is limited before it recurses. Beyond the
//! standard it reads what QGIS writes (backslashes doubled in quotes), arrays in brackets, and
//! identifiers of any script.

mod error;
mod lexer;
mod read_json;
mod read_text;
mod tally;
mod tree;
mod write_json;
mod write_text;

#[cfg(test)]
mod cql2_tests;
#[cfg(test)]
mod roundtrip_tests;
#[cfg(test)]
mod vectors_tests;

pub use error::{Cql2Error, Fault, Place};
pub use read_json::parse_json;
pub use read_text::parse_text;
pub use write_json::write_json;
pub use write_text::write_text;

/// What a filter from outside may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole.
    pub bytes: usize,
    /// Levels of operators, functions and parentheses.
    pub depth: usize,
    /// Literals, those of `IN` lists apart.
    pub literals: usize,
    /// Members of all `IN` lists.
    pub list_members: usize,
    /// Vertices of all geometries.
    pub vertices: usize,
}

impl Limits {
    /// For a filter in a URL.
    pub const URL: Self =
        Self { bytes: 8 << 10, depth: 32, literals: 1_000, list_members: 10_000, vertices: 20_000 };
    /// For a filter in the body of a request.
    pub const BODY: Self = Self { bytes: 1 << 20, ..Self::URL };
}

impl Limits {
    /// Values of JSON: an operator takes a handful a literal, a member of a list a few at most.
    fn json_values(&self) -> usize {
        self.literals * 16 + self.list_members * 4
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::URL
    }
}
