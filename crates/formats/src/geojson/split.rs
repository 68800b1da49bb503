//! Cuts a stream of JSON into the texts of its features, by brackets and quotes alone.

use std::io::{self, BufRead};

use super::MAX_FEATURE_BYTES;

/// Why a stream cannot be cut.
#[derive(Debug)]
pub(super) enum SplitError {
    Io(io::Error),
    /// What is wrong; the caller knows where.
    Malformed(&'static str),
}

impl From<io::Error> for SplitError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What comes next in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An item of `features`.
    Feature,
    /// Another member of the outermost object: its name, quoted as it stands.
    Member(Vec<u8>),
    /// The end of the outermost object.
    End,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Object,
    Features,
    End,
}

/// A document that is one JSON object.
pub(super) struct Document<R> {
    pub(super) input: R,
    state: State,
    had_features: bool,
    /// Whether an item came before, so that a comma must.
    after_item: bool,
}

impl<R: BufRead> Document<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, state: State::Start, had_features: false, after_item: false }
    }

    /// Forgets where it was; the caller has rewound the input.
    pub(super) fn restart(&mut self) {
        self.state = State::Start;
        self.after_item = false;
    }

    /// Whether there was an array `features`.
    pub(super) fn had_features(&self) -> bool {
        self.had_features
    }

    /// Puts the text of the next piece into `text`.
    pub(super) fn next(&mut self, text: &mut Vec<u8>) -> Result<Piece, SplitError> {
        text.clear();
        loop {
            let byte = self.peek()?;
            match (self.state, byte) {
                (State::End, _) => return Ok(Piece::End),
                (State::Start, Some(b'{')) => self.enter(State::Object),
                (State::Start, _) => return Err(SplitError::Malformed("no object begins it")),
                (_, None) => return Err(SplitError::Malformed("the file ends too early")),
                (State::Object, Some(b'}')) => self.leave(State::End),
                (State::Features, Some(b']')) => self.leave(State::Object),
                (_, Some(b',')) if self.after_item => {
                    self.input.consume(1);
                    self.after_item = false;
                }
                _ if self.after_item => return Err(SplitError::Malformed("',' expected")),
                (State::Object, Some(b'"')) => {
                    let mut name = Vec::new();
                    self.capture(&mut name)?;
                    if self.peek()? != Some(b':') {
                        return Err(SplitError::Malformed("':' expected"));
                    }
                    self.input.consume(1);
                    let value = self.peek()?;
                    if name == b"\"features\"" && value == Some(b'[') {
                        self.enter(State::Features);
                        self.had_features = true;
                        continue;
                    }
                    self.capture(text)?;
                    self.after_item = true;
                    return Ok(Piece::Member(name));
                }
                (State::Object, _) => return Err(SplitError::Malformed("a name expected")),
                (State::Features, _) => {
                    self.capture(text)?;
                    self.after_item = true;
                    return Ok(Piece::Feature);
                }
            }
        }
    }

    /// Whether another value follows the outermost object.
    pub(super) fn has_more(&mut self) -> Result<bool, SplitError> {
        Ok(self.peek()?.is_some())
    }

    fn enter(&mut self, state: State) {
        self.input.consume(1);
        self.state = state;
        self.after_item = false;
    }

    fn leave(&mut self, state: State) {
        self.input.consume(1);
        self.state = state;
        self.after_item = true;
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            let Some(&byte) = buffer.iter().find(|byte| !byte.is_ascii_whitespace()) else {
                let length = buffer.len();
                if length == 0 {
                    return Ok(None);
                }
                self.input.consume(length);
                continue;
            };
            let skipped = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.input.consume(skipped);
            return Ok(Some(byte));
        }
    }

    /// Appends the value that begins here.
    fn capture(&mut self, text: &mut Vec<u8>) -> Result<(), SplitError> {
        let mut scan = Scan::default();
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Err(SplitError::Malformed("the file ends too early"));
            }
            let (length, ended) = scan.advance(buffer);
            text.extend_from_slice(&buffer[..length]);
            self.input.consume(length);
            if ended && text.is_empty() {
                return Err(SplitError::Malformed("a value expected"));
            }
            if ended {
                return Ok(());
            }
            if text.len() > MAX_FEATURE_BYTES {
                return Err(SplitError::Malformed("a value longer than 256 MiB"));
            }
        }
    }
}

/// Looks for the end of a value.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// How many bytes of `buffer` belong to the value, and whether it ends with them.
    fn advance(&mut self, buffer: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(&byte) = buffer.get(at) {
            at += 1;
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return (at, true);
                        }
                    }
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth > 1 => self.depth -= 1,
                    b'}' | b']' if self.depth == 1 => return (at, true),
                    b'}' | b']' => return (at - 1, true),
                    b',' | b' ' | b'\n' | b'\r' | b'\t' | b':' if self.depth == 0 => {
                        return (at - 1, true);
                    }
                    _ => {}
                }
            }
        }
        (at, false)
    }
}
