//! How data that a city may change is looked at once, when it is read: every fault says in what it is,
//! which key has it, its value and the way out.

use std::ops::RangeInclusive;

use thiserror::Error;

/// Something of data that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} {of:?}, {key}: {value:?} {reason}")]
pub struct DataFault {
    /// What has it: a rule, a ledger, a checklist, an edition.
    pub kind: &'static str,
    /// Its code; empty when the fault is about all of them.
    pub of: String,
    /// The key that is wrong.
    pub key: &'static str,
    /// Its value, cut.
    pub value: String,
    /// Why, and what is expected.
    pub reason: String,
}

/// What is looked at, with the faults that were found.
pub(crate) struct Check {
    kind: &'static str,
    /// Characters of a value that are told.
    shown: usize,
    /// Most bytes of a line.
    longest: usize,
    /// The code of what is looked at now; empty for all of them.
    pub of: String,
    faults: Vec<DataFault>,
}

impl Check {
    /// Nothing found yet; lines have up to 1,000 bytes.
    pub fn new(kind: &'static str) -> Self {
        Self { kind, shown: 40, longest: 1000, of: String::new(), faults: Vec::new() }
    }

    /// With lines of up to so many bytes.
    pub fn with_lines_of(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    /// With so many characters of a value told.
    pub fn showing(self, shown: usize) -> Self {
        Self { shown, ..self }
    }

    /// `data`, if nothing was found.
    pub fn finish<T>(self, data: T) -> Result<T, Vec<DataFault>> {
        match self.faults.is_empty() {
            true => Ok(data),
            false => Err(self.faults),
        }
    }

    /// A fault.
    pub fn fault(&mut self, key: &'static str, value: &str, reason: &str) {
        let value = value.chars().take(self.shown).collect();
        let (kind, of) = (self.kind, self.of.clone());
        self.faults.push(DataFault { kind, of, key, value, reason: reason.to_owned() });
    }

    /// A text of one line that says something.
    pub fn line(&mut self, key: &'static str, text: &str) {
        let longest = self.longest;
        if text.trim().is_empty() || text.len() > longest || text.contains(char::is_control) {
            self.fault(key, text, &format!("must be a line of 1 to {longest} bytes"));
        }
    }

    /// How many there are.
    pub fn count(&mut self, key: &'static str, count: usize, fits: RangeInclusive<usize>) {
        if !fits.contains(&count) {
            let reason = format!("of them; {} to {} are possible", fits.start(), fits.end());
            self.fault(key, &count.to_string(), &reason);
        }
    }

    /// A name for interfaces that begins with a letter.
    pub fn name(&mut self, key: &'static str, name: &str) {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !begins || name.len() > 64 || !name.bytes().all(is_name) {
            self.fault(key, name, "must be small letters, digits and _, at most 64");
        }
    }
}
