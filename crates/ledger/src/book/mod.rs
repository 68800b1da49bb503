//! Ledgers (台账) as data: which rows of which collection, what is shown and added up, by which units.
//!
//! *Invariant:* nothing here knows one ledger from another; which there are, a file says.

mod check;
#[cfg(test)]
mod check_tests;
mod definition;

pub use check::{Books, fault};
pub use definition::{
    Book, BookColumn, BookLevel, BookSet, BookSum, Coloured, Drawn, Field, Member, Stages,
};

/// The ledgers that come with the program, as TOML.
pub const DEFAULT_BOOKS: &str = include_str!("../../ledgers.toml");
