//! What is wrong with the body of an edit, gathered before it is refused.

use std::collections::BTreeSet;

use engine::Defect;

use crate::problem::{Code, Problem};

/// What was found so far.
#[derive(Debug, Default)]
pub struct Findings {
    /// Everything that is wrong, places being JSON pointers into the body.
    pub defects: Vec<Defect>,
    /// Whether the request itself is malformed, not only a feature in it.
    malformed: bool,
    /// Names of fields that are given a value and may not be read.
    hidden: BTreeSet<String>,
}

impl Findings {
    /// Notes that a feature does not fit.
    pub fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.defects.push(Defect { place: place.into(), problem: problem.into() });
    }

    /// Notes that the request is malformed.
    pub fn malformed(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.malformed = true;
        self.add(place, problem);
    }

    /// Notes a value for a field that may not be read.
    pub fn hidden(&mut self, field: &str) {
        self.hidden.insert(field.to_owned());
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.defects.is_empty() && self.hidden.is_empty()
    }

    /// A refusal that does not wait for what the engine says of the features.
    pub fn refusal(&self) -> Option<Problem> {
        let named: Vec<String> = self.hidden.iter().map(|name| format!("{name:?}")).collect();
        (!named.is_empty()).then(|| {
            let detail = format!(
                "{} may not be written here, because it may not be read; leave it out, its values \
                 stay as they are",
                named.join(", ")
            );
            Problem::new(Code::FieldNotWritable, detail)
        })
    }

    /// The refusal that lists every defect.
    pub fn into_problem(self) -> Problem {
        let code = if self.malformed { Code::InvalidRequest } else { Code::InvalidFeatures };
        Problem::with_defects(code, self.defects)
    }
}
