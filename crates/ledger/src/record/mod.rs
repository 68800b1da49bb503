//! Records beside the points of the ledger: who trades, who calls, who patrols, what towns plan. Each
//! is a collection of the store that may be there or not.

pub mod business;
pub mod calls;
mod consistency;
pub mod dossiers;
pub mod patrols;
mod references;
pub mod reviews;
pub mod towns;

#[cfg(test)]
mod record_tests;

pub use consistency::{Consistency, Contradiction};
pub use references::{Referred, named_by, references};

use crate::ShippedCollection;

/// Every collection of records.
pub fn collections() -> impl Iterator<Item = ShippedCollection> {
    let (first, second) = (business::COLLECTIONS, calls::COLLECTIONS);
    first
        .into_iter()
        .chain(second)
        .chain(patrols::COLLECTIONS)
        .chain(towns::COLLECTIONS)
        .chain(dossiers::COLLECTIONS)
        .chain(reviews::COLLECTIONS)
}

/// The collection of that id.
pub fn named(id: &str) -> Option<ShippedCollection> {
    collections().find(|one| one.id == id)
}
