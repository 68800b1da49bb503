//! A unit of administration, read and sound in itself.

use std::collections::BTreeMap;

use super::names::compared;
use super::{CodeScheme, Level, Validity};

/// A unit as it is valid for some time. A boundary that changes is another row of the same code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminUnit {
    /// The row of the table: the id of its feature.
    pub row: i64,
    /// What features that are assigned to it carry, and what a child calls its parent.
    pub code: String,
    /// Its codes by scheme.
    pub codes: BTreeMap<CodeScheme, String>,
    /// The name; empty when there is none.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// How large it is.
    pub level: Level,
    /// Code of the unit one level up.
    pub parent: Option<String>,
    /// When it is valid.
    pub validity: Validity,
}

impl AdminUnit {
    /// Its name and aliases in the form in which names are compared.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let all = std::iter::once(&self.name).chain(&self.aliases);
        all.map(|name| compared(name)).filter(|name| !name.is_empty())
    }
}
