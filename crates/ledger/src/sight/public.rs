//! What everyone may read of a store whose readers are everyone: some fields of some collections, and
//! no count so small that it tells of one place or person.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::data_check::{Check, DataFault};

/// What the program shows to everyone unless a city says otherwise.
pub const DEFAULT_PUBLIC: &str = include_str!("../../public.toml");
/// Most collections, and most fields of one.
const MAX_LISTED: usize = 1_000;
/// What is left of a count that is too small to be told lies within these.
const LEAST_COUNTS: std::ops::RangeInclusive<u64> = 3..=5;

/// As it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PublicSet {
    /// Smaller counts are not told.
    pub least_count: u64,
    /// The collections.
    #[serde(default)]
    pub collections: Vec<PublicCollection>,
}

/// A collection that everyone may read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PublicCollection {
    /// The collection.
    pub collection: String,
    /// Its fields that everyone may read, beside those of class L0.
    #[serde(default)]
    pub fields: Vec<String>,
}

/// What everyone may read, and holds together. Without anything listed, nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicView {
    set: PublicSet,
}

impl Default for PublicView {
    /// Nothing, and no count below five.
    fn default() -> Self {
        let set = PublicSet { least_count: *LEAST_COUNTS.end(), collections: Vec::new() };
        Self { set }
    }
}

impl PublicView {
    /// Takes what a city shows.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: PublicSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("public collection");
        if !LEAST_COUNTS.contains(&set.least_count) {
            check.fault("least_count", &set.least_count.to_string(), "must be 3, 4 or 5");
        }
        check.count("collections", set.collections.len(), 0..=MAX_LISTED);
        let mut seen = BTreeSet::new();
        for one in &set.collections {
            check.of.clone_from(&one.collection);
            check.line("collection", &one.collection);
            if !seen.insert(one.collection.as_str()) {
                check.fault("collection", &one.collection, "stands there twice; join the lists");
            }
            check.count("fields", one.fields.len(), 0..=MAX_LISTED);
            one.fields.iter().for_each(|field| check.line("fields", field));
        }
        check.finish(Self { set })
    }

    /// Smaller counts are not told.
    pub fn least_count(&self) -> u64 {
        self.set.least_count
    }

    /// What is said of a collection; none where it is not there for everyone.
    pub fn of(&self, collection: &str) -> Option<&PublicCollection> {
        self.set.collections.iter().find(|one| one.collection == collection)
    }
}
