//! One JSON text from outside, checked as a whole and then read in place.
//!
//! *Invariant:* a [`Json`] stands in a text that is valid to its last byte, in which no object
//! names a member twice, every number is finite (unless [`Numbers::Any`] was allowed) and values
//! nest no deeper than was allowed. So two programs that read the same request never see two
//! different ones.

use std::borrow::Cow;
use std::collections::HashSet;

use thiserror::Error;

use crate::ReadGeometry;
use crate::geojson::read_geometry;
use crate::json::{Cursor, JsonError, JsonValue};

/// Members of an object up to which names are compared one by one.
const FEW_MEMBERS: usize = 8;

/// What is wrong with a JSON text, and where. Never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason} at line {line}, column {column}")]
pub struct JsonFault {
    /// What is wrong.
    pub reason: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl JsonFault {
    fn at(text: &str, at: usize, reason: String) -> Self {
        let before = text.get(..at.min(text.len())).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            reason,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// How deep values may nest.
#[derive(Clone, Copy, Debug)]
pub struct JsonDepth {
    /// Anywhere; the outermost value has depth 1.
    pub most: usize,
    /// Members of the outermost object that may nest to [`JsonDepth::deep_most`], because their
    /// own reader bounds them.
    pub deep: &'static [&'static str],
    /// How deep these may nest; at most 128.
    pub deep_most: usize,
}

/// Which numbers a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Those that a double holds.
    Finite,
    /// Any; [`Json::number`] has nothing for one that is too large, and a geometry of it is refused
    /// by its place.
    Any,
}

/// Kind of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
}

impl JsonKind {
    /// The kind in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a truth value",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::List => "an array",
            Self::Object => "an object",
        }
    }
}

/// A value in a checked text.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Json<'a> {
    /// Checks `bytes` as a whole.
    pub fn parse(bytes: &'a [u8], depth: &JsonDepth) -> Result<Self, JsonFault> {
        Self::parse_with(bytes, depth, Numbers::Finite)
    }

    /// [`Json::parse`] where `numbers` says which of them are let in.
    pub fn parse_with(
        bytes: &'a [u8],
        depth: &JsonDepth,
        numbers: Numbers,
    ) -> Result<Self, JsonFault> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let before = std::str::from_utf8(valid).unwrap_or_default();
            JsonFault::at(before, before.len(), "bytes that are not UTF-8".to_owned())
        })?;
        let mut cursor = Cursor::new(text);
        cursor.peek();
        let start = cursor.at();
        let fault = |Refusal { at, reason }| JsonFault::at(text, at, reason);
        check(&mut cursor, (1, depth.most), Some(depth), numbers).map_err(fault)?;
        let end = cursor.at();
        cursor.end().map_err(|error| fault(error.into()))?;
        Ok(Self { text, start, end })
    }

    /// The value's own text.
    pub fn raw(&self) -> &'a str {
        &self.text[self.start..self.end]
    }

    /// What the value is.
    pub fn kind(&self) -> JsonKind {
        match self.text.as_bytes()[self.start] {
            b'n' => JsonKind::Null,
            b't' | b'f' => JsonKind::Bool,
            b'"' => JsonKind::Text,
            b'[' => JsonKind::List,
            b'{' => JsonKind::Object,
            _ => JsonKind::Number,
        }
    }

    /// A fault of this value.
    pub fn fault(&self, reason: impl Into<String>) -> JsonFault {
        JsonFault::at(self.text, self.start, reason.into())
    }

    /// The members of an object in their order; none of another value.
    pub fn members(&self) -> Vec<(Cow<'a, str>, Self)> {
        let mut members = Vec::new();
        let mut cursor = self.cursor();
        // Checked before: reading it again cannot fail, and an empty answer is safe.
        let _checked = cursor.members(|cursor, name| {
            members.push((name, self.next(cursor)?));
            Ok(())
        });
        members
    }

    /// The items of an array in their order; none of another value.
    pub fn items(&self) -> Vec<Self> {
        let mut items = Vec::new();
        let mut cursor = self.cursor();
        let _checked = cursor.items(|cursor| {
            items.push(self.next(cursor)?);
            Ok(())
        });
        items
    }

    /// The string, if the value is one.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        self.cursor().string().ok()
    }

    /// The truth value, if it is one.
    pub fn truth(&self) -> Option<bool> {
        match self.raw() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The number, if the value is one.
    pub fn number(&self) -> Option<f64> {
        self.cursor().real().ok()
    }

    /// The whole number from 0 on, if the value is one: digits alone.
    pub fn whole(&self) -> Option<u64> {
        self.raw().parse().ok().filter(|_| self.kind() == JsonKind::Number)
    }

    /// Reads a GeoJSON geometry, east and north as the text has them; `None` when it is empty.
    /// Members that RFC 7946 does not know for a geometry are refused by name.
    pub fn geometry(&self) -> Result<Option<ReadGeometry>, JsonFault> {
        self.known_geometry_members()?;
        read_geometry(&mut self.cursor())
            .map_err(|error| JsonFault::at(self.text, error.at, error.reason.to_owned()))
    }

    fn known_geometry_members(&self) -> Result<(), JsonFault> {
        for (name, value) in self.members() {
            match &*name {
                "type" | "coordinates" | "bbox" => {}
                "geometries" => {
                    for item in value.items() {
                        item.known_geometry_members()?;
                    }
                }
                _ => {
                    let reason = format!(
                        "member {name:?} does not belong in a geometry; known: type, \
                         coordinates, geometries, bbox"
                    );
                    return Err(value.fault(reason));
                }
            }
        }
        Ok(())
    }

    fn cursor(&self) -> Cursor<'a> {
        let mut cursor = Cursor::new(&self.text[..self.end]);
        cursor.seek(self.start);
        cursor
    }

    /// The value that the cursor stands before; the cursor passes it.
    fn next(&self, cursor: &mut Cursor<'a>) -> Result<Self, JsonError> {
        cursor.peek();
        let start = cursor.at();
        cursor.skip_value()?;
        Ok(Self { text: self.text, start, end: cursor.at() })
    }
}

/// A refusal before its line is counted.
struct Refusal {
    at: usize,
    reason: String,
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Self { at: error.at, reason: error.reason.to_owned() }
    }
}

/// Checks one value, nested `depth` deep where `most` are allowed; `outermost` is given for the
/// first.
fn check(
    cursor: &mut Cursor<'_>,
    (depth, most): (usize, usize),
    outermost: Option<&JsonDepth>,
    numbers: Numbers,
) -> Result<(), Refusal> {
    let first = cursor.peek();
    let at = cursor.at();
    if depth > most {
        return Err(Refusal { at, reason: format!("values nested deeper than {most}") });
    }
    // The cursor's own errors carry no text of ours: a refusal inside waits here.
    let mut inside = None;
    let within = |refusal: Refusal, inside: &mut Option<Refusal>| {
        let error = JsonError { reason: "", at: refusal.at };
        *inside = Some(refusal);
        error
    };
    let read = match first {
        Some(b'{') => {
            let mut names = Names::default();
            cursor.members(|cursor, name| {
                let place = cursor.at();
                if !names.insert(&name) {
                    let reason = format!("member {:?} is given twice", shortened(&name));
                    return Err(within(Refusal { at: place, reason }, &mut inside));
                }
                let most = match outermost {
                    Some(depth) if depth.deep.contains(&&*name) => depth.deep_most,
                    _ => most,
                };
                check(cursor, (depth + 1, most), None, numbers).map_err(|r| within(r, &mut inside))
            })
        }
        Some(b'[') => cursor.items(|cursor| {
            check(cursor, (depth + 1, most), None, numbers).map_err(|r| within(r, &mut inside))
        }),
        _ => match cursor.value() {
            Ok(JsonValue::Number(digits))
                if numbers == Numbers::Finite
                    && !digits.parse::<f64>().is_ok_and(f64::is_finite) =>
            {
                return Err(Refusal { at, reason: "a number too large".to_owned() });
            }
            scalar => scalar.map(|_value| ()),
        },
    };
    read.map_err(|error| inside.unwrap_or_else(|| error.into()))
}

/// The first characters of a name that may be of any length.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

/// Names of one object.
#[derive(Default)]
struct Names {
    few: Vec<String>,
    many: HashSet<String>,
}

impl Names {
    /// Whether the name is new.
    fn insert(&mut self, name: &str) -> bool {
        if self.many.is_empty() {
            if self.few.iter().any(|known| known == name) {
                return false;
            }
            self.few.push(name.to_owned());
            if self.few.len() > FEW_MEMBERS {
                self.many = self.few.drain(..).collect();
            }
            return true;
        }
        self.many.insert(name.to_owned())
    }
}

#[cfg(test)]
#[path = "strict_json_tests.rs"]
mod tests;
