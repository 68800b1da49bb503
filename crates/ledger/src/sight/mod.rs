//! Who may see what, as data: where rows without a place of their own belong, and what everyone may
//! read of a store.

mod areas;
mod public;
#[cfg(test)]
mod sight_tests;

pub use areas::{AreaRule, AreaRuleSet, AreaRules, DEFAULT_AREAS, Owner};
pub use public::{DEFAULT_PUBLIC, PublicCollection, PublicSet, PublicView};
