//! Checklists (检查清单) as data: items by version, each something that must be there (有) or must
//! not (无).
//!
//! *Invariant:* nothing is guessed: a checklist whose definition nobody has published has no items and
//! the basis `template` (自拟口径) until somebody fills it in.

mod check;
#[cfg(test)]
mod checklist_tests;
mod definition;

pub use check::Checklists;
pub use definition::{Checklist, ChecklistSet, Item, ItemKind};

/// The checklists that come with the program, as TOML.
pub const DEFAULT_CHECKLISTS: &str = include_str!("../../checklists.toml");
