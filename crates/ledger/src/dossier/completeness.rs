//! How complete a file is: which of its parts are there, by weight.

use super::{Part, SubjectKind};

/// What there is of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// The parts in the order of the definition, and whether each is there.
    pub parts: Vec<PartState>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartState {
    /// What people call it.
    pub title: String,
    /// Its word.
    pub part: &'static str,
    /// How much it counts.
    pub weight: u32,
    /// Whether it is there.
    pub is_there: bool,
}

impl Completeness {
    /// Asks `is_there` of every part that a file of this kind has.
    pub fn of(kind: &SubjectKind, is_there: impl Fn(&Part) -> bool) -> Self {
        let state = |part: &Part| PartState {
            title: part.title.clone(),
            part: part.part.identifier(),
            weight: part.weight,
            is_there: is_there(part),
        };
        Self { parts: kind.parts.iter().map(state).collect() }
    }

    /// The weight of what is there, and of all.
    pub fn weights(&self) -> [u64; 2] {
        let sum = |wanted: &dyn Fn(&PartState) -> bool| {
            self.parts.iter().filter(|part| wanted(part)).map(|part| u64::from(part.weight)).sum()
        };
        [sum(&|part| part.is_there), sum(&|_| true)]
    }

    /// Hundredths of a per cent, rounded down: a file is at 10,000 only when nothing is missing.
    pub fn basis_points(&self) -> u64 {
        let [there, all] = self.weights();
        (there * 10_000).checked_div(all).unwrap_or(0)
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.parts.iter().all(|part| part.is_there)
    }

    /// What is missing.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|part| !part.is_there).map(|part| part.title.as_str())
    }
}
