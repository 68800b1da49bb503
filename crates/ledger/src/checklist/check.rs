//! Whether checklists hold together: what is looked at once, when they are read.

use std::collections::BTreeSet;

use super::{Checklist, ChecklistSet};
use crate::data_check::{Check, DataFault};
use crate::indicator::Basis;

/// Most checklists, counting versions.
const MAX_CHECKLISTS: usize = 200;
/// Most items of one.
const MAX_ITEMS: usize = 200;
const MAX_CODE: usize = 64;

/// Checklists that hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checklists(Vec<Checklist>);

impl Checklists {
    /// Takes the checklists of a city.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: ChecklistSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("checklist");
        if set.checklists.len() > MAX_CHECKLISTS {
            let count = set.checklists.len().to_string();
            check.fault("checklists", &count, &format!("of them; {MAX_CHECKLISTS} are possible"));
        }
        let mut seen = BTreeSet::new();
        for one in &set.checklists {
            check.of.clone_from(&one.code);
            if !seen.insert((one.code.as_str(), one.version.as_str())) {
                check.fault("version", &one.version, "stands there twice; give it another version");
            }
            check.checklist(one);
        }
        check.finish(Self(set.checklists))
    }

    /// Every version of every checklist, in order.
    pub fn all(&self) -> &[Checklist] {
        &self.0
    }

    /// One version; without one the last, which is in force.
    pub fn named(&self, code: &str, version: Option<&str>) -> Option<&Checklist> {
        let is_it = |one: &&Checklist| {
            one.code == code && version.is_none_or(|version| one.version == version)
        };
        self.0.iter().rev().find(is_it)
    }
}

impl Check {
    fn code(&mut self, key: &'static str, code: &str) {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if code.is_empty() || code.len() > MAX_CODE || !code.bytes().all(is_name) {
            self.fault(
                key,
                code,
                &format!("must be small letters, digits and _, at most {MAX_CODE}"),
            );
        }
    }

    fn checklist(&mut self, one: &Checklist) {
        self.code("code", &one.code);
        self.line("name", &one.name);
        self.line("version", &one.version);
        self.line("source", &one.source);
        if one.items.len() > MAX_ITEMS {
            let count = one.items.len().to_string();
            self.fault("items", &count, &format!("of them; {MAX_ITEMS} are possible"));
        }
        if one.items.is_empty() && one.basis != Basis::Template {
            self.fault("basis", "", "must be \"template\" as long as there are no items");
        }
        let mut seen = BTreeSet::new();
        for item in &one.items {
            self.code("items.code", &item.code);
            self.line("items.text", &item.text);
            if !seen.insert(item.code.as_str()) {
                self.fault("items.code", &item.code, "stands there twice; give one another name");
            }
        }
    }
}
