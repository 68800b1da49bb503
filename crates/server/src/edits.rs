//! Edits as JSON: features, parts of features and transactions, read strictly.
//!
//! *Invariant:* every defect of a request is found before it is refused, each with its JSON pointer
//! into the body, and none repeats a value. What the writer may not read it cannot write.

mod feature;
mod findings;
mod transaction;

pub use feature::{FeatureReader, Form};
pub use findings::Findings;
pub use transaction::read_transaction;

use formats::JsonDepth;

/// How deep an edit may nest: a transaction, its change, a feature, a geometry in collections.
pub const DEPTH: JsonDepth = JsonDepth { most: 32, deep: &[], deep_most: 32 };
