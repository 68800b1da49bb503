//! JSON as a tree whose strings and numbers stay in the text, no name standing twice in an
//! object. Coordinates of geometries are left as text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use super::{Cql2Error, Fault, Limits, Place};
use crate::json::{Cursor, JsonError, JsonValue};

/// One value.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// The digits as they stand.
    Number(&'a str),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    /// The members, and the object as it stands.
    Object(Vec<(Cow<'a, str>, Self)>, &'a str),
    /// Coordinates, not looked at.
    Unread,
}

/// The way to a value in a tree.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
}

impl Path {
    pub(super) fn enter_member(&mut self, name: &str) {
        self.0.push(Step::Member(name.to_owned()));
    }

    pub(super) fn enter_item(&mut self, position: usize) {
        self.0.push(Step::Item(position));
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    /// An error at the place where the path leads.
    pub(super) fn error(&self, fault: Fault) -> Cql2Error {
        let mut pointer = String::new();
        for step in &self.0 {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Member(name) => {
                    write!(pointer, "/{}", name.replace('~', "~0").replace('/', "~1"))
                }
                Step::Item(position) => write!(pointer, "/{position}"),
            };
        }
        Cql2Error { place: Place::Pointer(pointer), fault }
    }
}

/// Reads the whole of `text`.
pub(super) fn read_tree<'a>(text: &'a str, limits: &'a Limits) -> Result<Node<'a>, Cql2Error> {
    let mut reader = TreeReader {
        text,
        path: Path::default(),
        fault: None,
        // An operator takes two levels, a geometry collection within it a few more.
        levels: limits.depth * 2 + 24,
        nodes: limits.json_values(),
        limits,
    };
    let mut cursor = Cursor::new(text);
    let read = reader.node(&mut cursor, 0).and_then(|node| cursor.end().map(|()| node));
    read.map_err(|JsonError { reason, at }| {
        reader.fault.unwrap_or_else(|| Cql2Error::at_byte(at, Fault::Json { reason }))
    })
}

struct TreeReader<'a> {
    text: &'a str,
    path: Path,
    /// The error that a [`JsonError`] stands for.
    fault: Option<Cql2Error>,
    levels: usize,
    limits: &'a Limits,
    /// How many values may still come.
    nodes: usize,
}

impl<'a> TreeReader<'a> {
    /// Notes `fault`; the error given back carries nothing but the place.
    fn refuse(&mut self, cursor: &Cursor<'a>, fault: Fault) -> JsonError {
        self.fault = Some(self.path.error(fault));
        cursor.error("refused")
    }

    fn node(&mut self, cursor: &mut Cursor<'a>, level: usize) -> Result<Node<'a>, JsonError> {
        if level > self.levels {
            return Err(self.refuse(cursor, Fault::TooDeep { limit: self.limits.depth }));
        }
        self.nodes = match self.nodes.checked_sub(1) {
            Some(left) => left,
            None => {
                let fault = Fault::TooManyValues { limit: self.limits.json_values() };
                return Err(self.refuse(cursor, fault));
            }
        };
        match cursor.peek() {
            Some(b'{') => {
                let start = cursor.at();
                let mut members = Vec::new();
                let mut names = HashSet::new();
                cursor.members(|cursor, name| {
                    if !names.insert(name.clone()) {
                        let name = name.into_owned();
                        return Err(self.refuse(cursor, Fault::DuplicateMember { name }));
                    }
                    self.path.enter_member(&name);
                    let value = if name == "coordinates" {
                        cursor.skip_value()?;
                        Node::Unread
                    } else {
                        self.node(cursor, level + 1)?
                    };
                    self.path.leave();
                    members.push((name, value));
                    Ok(())
                })?;
                Ok(Node::Object(members, &self.text[start..cursor.at()]))
            }
            Some(b'[') => {
                let mut items = Vec::new();
                cursor.items(|cursor| {
                    self.path.enter_item(items.len());
                    items.push(self.node(cursor, level + 1)?);
                    self.path.leave();
                    Ok(())
                })?;
                Ok(Node::Array(items))
            }
            _ => Ok(match cursor.value()? {
                JsonValue::Null => Node::Null,
                JsonValue::Bool(value) => Node::Bool(value),
                JsonValue::Number(digits) => Node::Number(digits),
                JsonValue::Text(text) => Node::Text(text),
                // Objects and arrays were told by their first byte.
                JsonValue::Nested(_) => Node::Unread,
            }),
        }
    }
}
