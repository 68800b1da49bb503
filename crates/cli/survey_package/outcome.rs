//! What became of a package.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

/// What became of the rows of one collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// New features.
    pub inserted: u64,
    /// Features that are different now.
    pub updated: u64,
    /// Features that the package has no more of a parcel that it has.
    pub removed: u64,
    /// Features that were as the package has them.
    pub unchanged: u64,
}

impl Counts {
    /// Features that are not as they were.
    pub fn changed(&self) -> u64 {
        self.inserted + self.updated + self.removed
    }
}

/// What became of a package.
#[derive(Clone, Debug, Serialize)]
pub struct SurveyOutcome {
    /// By collection.
    pub collections: BTreeMap<String, Counts>,
    /// Households whose personal values are different now.
    pub personal: u64,
    /// Photos whose bytes are new.
    pub photos: u64,
    /// Defects by kind.
    pub defects: BTreeMap<String, u64>,
    /// Whether something of the package is not in the store.
    pub is_partial: bool,
    /// How it was understood.
    pub notes: Vec<String>,
    /// Whether nothing was written because nobody asked for that.
    pub dry_run: bool,
    /// Revision of the store afterwards; none where nothing was written.
    pub revision: Option<u64>,
    /// Where the defects are listed.
    pub report: Option<PathBuf>,
}

impl SurveyOutcome {
    /// Whether the store is different now, or would be.
    pub fn is_change(&self) -> bool {
        self.personal > 0
            || self.photos > 0
            || self.collections.values().any(|one| one.changed() > 0)
    }
}
