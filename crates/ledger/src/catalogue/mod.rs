//! 新增产业禁止和限制目录 as data: editions with the day from which they hold, and what each says of
//! an industry (GB/T 4754) in an area.
//!
//! *Invariant:* an edition holds from its day until the next one's; what it says of a code is what its
//! entry with the longest code says.

#[cfg(test)]
mod catalogue_tests;
mod check;
mod industry;

use serde::{Deserialize, Serialize};
use spatial::Day;

use crate::indicator::Basis;

pub use check::Catalogue;
pub use industry::Industry;

/// The catalogue that comes with the program, as TOML: an example of ours, no official list.
pub const DEFAULT_CATALOGUE: &str = include_str!("../../catalogue.toml");

/// Editions, as they are read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSet {
    /// The editions.
    pub editions: Vec<Edition>,
}

/// One edition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// How it is called, as in `2022`.
    pub edition: String,
    /// The first day on which it holds, as 2022-03-01.
    pub valid_from: String,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
    /// Areas by name, which entries may speak of.
    #[serde(default)]
    pub areas: Vec<Area>,
    /// What it says.
    pub entries: Vec<Entry>,
}

/// An area, such as 核心区.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Its name.
    pub name: String,
    /// Codes of the units that it is made of: six digits of a district, or more of units below.
    pub units: Vec<String>,
}

/// What an edition says of an industry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The beginning of codes of GB/T 4754, with the letter of the section or without: `C`, `26`, `C2631`.
    pub industry: String,
    /// Its name.
    pub name: String,
    /// Names of the areas in which it holds; none for everywhere.
    #[serde(default)]
    pub areas: Vec<String>,
    /// What is said.
    pub verdict: Verdict,
    /// Under which conditions, in words; nothing for always.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub conditions: String,
}

/// What is said of an industry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 限制: only under conditions.
    Restricted,
    /// 禁止: not at all.
    Prohibited,
}

impl Verdict {
    /// Its name.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Restricted => "限制",
            Self::Prohibited => "禁止",
        }
    }
}

/// An entry that speaks of an industry at a place on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'c> {
    /// The edition in force.
    pub edition: &'c Edition,
    /// Its first day.
    pub from: Day,
    /// What it says.
    pub entry: &'c Entry,
}
