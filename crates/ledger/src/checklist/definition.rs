//! What a checklist is: data in a closed vocabulary.

use serde::{Deserialize, Serialize};

use crate::indicator::Basis;

/// The checklists of a city, as they are read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistSet {
    /// Each version of each of them.
    pub checklists: Vec<Checklist>,
}

/// One version of a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// Its name for interfaces: small letters, digits, `_`.
    pub code: String,
    /// Its name for people, such as 十无.
    pub name: String,
    /// Which version, as in `2018`: results name the one that they were made by.
    pub version: String,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
    /// What is looked at, in order; none of a template that nobody has filled in.
    #[serde(default)]
    pub items: Vec<Item>,
}

/// One thing that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name for interfaces: small letters, digits, `_`.
    pub code: String,
    /// Whether it must be there, or must not.
    pub kind: ItemKind,
    /// What is asked, as people read it.
    pub text: String,
}

/// Whether something must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// 有: it must be there.
    Have,
    /// 无: it must not.
    No,
}

impl ItemKind {
    /// The word for interfaces.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Have => "have",
            Self::No => "no",
        }
    }

    /// The word for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Have => "有",
            Self::No => "无",
        }
    }
}

impl Checklist {
    /// The item of a code.
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.code == code)
    }

    /// Whether it is an empty form: a template without items.
    pub fn is_empty_template(&self) -> bool {
        self.items.is_empty()
    }

    /// On what it rests, for people.
    pub fn says_basis(&self) -> &'static str {
        match self.basis {
            Basis::Official => "官方口径",
            Basis::Local => "本地口径",
            Basis::Template => "自拟口径",
        }
    }
}
