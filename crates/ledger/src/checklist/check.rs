//! Whether checklists hold together: what is looked at once, when they are read.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{Checklist, ChecklistSet};
use crate::indicator::Basis;

/// Most checklists, counting versions.
const MAX_CHECKLISTS: usize = 200;
/// Most items of one.
const MAX_ITEMS: usize = 200;
const MAX_TEXT: usize = 1000;
const MAX_CODE: usize = 64;

/// Something of a checklist that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("checklist {checklist:?}, {key}: {value:?} {reason}")]
pub struct ChecklistFault {
    /// Code of the checklist; empty when it is about all of them.
    pub checklist: String,
    /// The key that is wrong.
    pub key: &'static str,
    /// Its value, cut.
    pub value: String,
    /// Why, and what is expected.
    pub reason: String,
}

/// Checklists that hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checklists(Vec<Checklist>);

impl Checklists {
    /// Takes the checklists of a city.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: ChecklistSet) -> Result<Self, Vec<ChecklistFault>> {
        let mut check = Check { checklist: String::new(), faults: Vec::new() };
        if set.checklists.len() > MAX_CHECKLISTS {
            let count = set.checklists.len().to_string();
            check.fault("checklists", &count, &format!("of them; {MAX_CHECKLISTS} are possible"));
        }
        let mut seen = BTreeSet::new();
        for one in &set.checklists {
            check.checklist.clone_from(&one.code);
            if !seen.insert((one.code.as_str(), one.version.as_str())) {
                check.fault("version", &one.version, "stands there twice; give it another version");
            }
            check.one(one);
        }
        match check.faults.is_empty() {
            true => Ok(Self(set.checklists)),
            false => Err(check.faults),
        }
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

struct Check {
    checklist: String,
    faults: Vec<ChecklistFault>,
}

impl Check {
    fn fault(&mut self, key: &'static str, value: &str, reason: &str) {
        self.faults.push(ChecklistFault {
            checklist: self.checklist.clone(),
            key,
            value: value.chars().take(40).collect(),
            reason: reason.to_owned(),
        });
    }

    fn line(&mut self, key: &'static str, text: &str) {
        if text.trim().is_empty() || text.len() > MAX_TEXT || text.contains(char::is_control) {
            self.fault(key, text, &format!("must be a line of 1 to {MAX_TEXT} bytes"));
        }
    }

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

    fn one(&mut self, one: &Checklist) {
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
