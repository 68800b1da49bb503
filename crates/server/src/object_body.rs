//! A body that is one JSON object, read member by member.
//!
//! *Invariant:* every defect is found before the body is refused, each with its pointer.

use engine::Defect;
use formats::{Json, JsonKind};
use spatial::Timestamp;

use crate::as_of;
use crate::edits::parse;
use crate::problem::{Code, Problem};

/// Longest code of a unit, point or department, in characters.
pub const MAX_CODE: usize = 100;

/// The members of an object.
pub struct ObjectBody<'j> {
    known: &'static [&'static str],
    members: Vec<(String, Json<'j>)>,
    pub defects: Vec<Defect>,
}

impl<'j> ObjectBody<'j> {
    /// Reads a body that may have the `known` members.
    ///
    /// # Errors
    /// When it is no JSON, or no object.
    pub fn read(body: &'j [u8], known: &'static [&'static str]) -> Result<Self, Problem> {
        let json = parse(body)?;
        if json.kind() != JsonKind::Object {
            let detail = format!("an object is expected, not {}", json.kind().name());
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        let members = json.members().into_iter().map(|(name, value)| (name.into_owned(), value));
        let mut body = Self { known, members: members.collect(), defects: Vec::new() };
        let unknown: Vec<String> = body
            .members
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()))
            .map(|(name, _)| name.chars().take(60).collect())
            .collect();
        for name in unknown {
            let problem = format!("there is no such member; known are {}", body.known.join(", "));
            body.add(&name, problem);
        }
        Ok(body)
    }

    /// Notes what is wrong with a member.
    pub fn add(&mut self, name: &str, problem: impl Into<String>) {
        let place = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        self.defects.push(Defect { place, problem: problem.into() });
    }

    /// A member that is there and not null.
    pub fn member(&self, name: &str) -> Option<Json<'j>> {
        let found = self.members.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value).filter(|value| value.kind() != JsonKind::Null)
    }

    /// A text without blanks around it; an empty one is none.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let json = self.member(name)?;
        match line(json, most) {
            Ok(text) => text,
            Err(problem) => {
                self.add(name, problem);
                None
            }
        }
    }

    /// A text that must be there.
    pub fn needed(&mut self, name: &str, most: usize) -> Option<String> {
        let before = self.defects.len();
        let found = self.text(name, most);
        if found.is_none() && self.defects.len() == before {
            self.add(name, "it is missing");
        }
        found
    }

    /// A moment, or a day.
    pub fn moment(&mut self, name: &str) -> Option<Timestamp> {
        let (is_said, before) = (self.member(name).is_some(), self.defects.len());
        let Some(text) = self.text(name, MAX_CODE) else {
            if is_said && self.defects.len() == before {
                self.add(name, "an empty text is no moment; leave the member out for now");
            }
            return None;
        };
        match as_of::moment(&text) {
            Ok(at) => Some(at),
            Err(problem) => {
                self.add(name, problem);
                None
            }
        }
    }

    /// Whether a member says true.
    pub fn truth(&mut self, name: &str) -> bool {
        let Some(json) = self.member(name) else { return false };
        json.truth().unwrap_or_else(|| {
            self.add(name, format!("true or false is expected, not {}", json.kind().name()));
            false
        })
    }

    /// Refuses the body if anything is wrong with it.
    ///
    /// # Errors
    /// Every defect.
    pub fn done(self) -> Result<(), Problem> {
        match self.defects.is_empty() {
            true => Ok(()),
            false => Err(Problem::with_defects(Code::InvalidFeatures, self.defects)),
        }
    }
}

/// A text of one line; none when it is empty.
///
/// # Errors
/// What is expected instead.
pub fn line(json: Json<'_>, most: usize) -> Result<Option<String>, String> {
    let text = (json.kind() == JsonKind::Text).then(|| json.text()).flatten();
    let text = text.ok_or_else(|| format!("text is expected, not {}", json.kind().name()))?;
    let text = text.trim();
    if text.chars().count() > most {
        return Err(format!("it has at most {most} characters"));
    }
    if text.contains(char::is_control) {
        return Err("it is one line without control characters".to_owned());
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}
