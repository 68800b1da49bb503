//! A cursor over one JSON text: values are read in place, numbers keep their digits.
//!
//! Whatever `serde_json` accepts is accepted, with the same meaning; control characters in
//! strings are accepted too.

use std::borrow::Cow;

use thiserror::Error;

/// How deep values may nest.
const MAX_DEPTH: usize = 128;

/// Text that is not JSON, or not the JSON expected; never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{reason} at byte {at}")]
pub(crate) struct JsonError {
    pub(crate) reason: &'static str,
    /// Position in the text, from 0.
    pub(crate) at: usize,
}

/// A value read in place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JsonValue<'a> {
    Null,
    Bool(bool),
    /// The digits as they stand.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or array as it stands.
    Nested(&'a str),
}

/// A position in a JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn error(&self, reason: &'static str) -> JsonError {
        JsonError { reason, at: self.at }
    }

    /// Position in the text.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte of what comes next, white space skipped.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(self.error(reason)) }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.error("more text after the value")) }
    }

    /// Reads an object; `member` reads the value of each key.
    pub(crate) fn members(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'{', "an object expected")?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':', "':' expected")?;
            member(self, key)?;
            if !self.take(b',') {
                return self.expect(b'}', "',' or '}' expected");
            }
        }
    }

    /// Reads an array; `item` reads each of its values.
    #[inline]
    pub(crate) fn items(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'[', "an array expected")?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if !self.take(b',') {
                return self.expect(b']', "',' or ']' expected");
            }
        }
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Result<JsonValue<'a>, JsonError> {
        let first = self.peek();
        let start = self.at;
        Ok(match first {
            Some(b'"') => JsonValue::Text(self.string()?),
            Some(b'{' | b'[') => {
                self.skip(0)?;
                JsonValue::Nested(&self.text[start..self.at])
            }
            Some(b'n') => self.word("null").map(|()| JsonValue::Null)?,
            Some(b't') => self.word("true").map(|()| JsonValue::Bool(true))?,
            Some(b'f') => self.word("false").map(|()| JsonValue::Bool(false))?,
            _ => JsonValue::Number(self.number()?),
        })
    }

    /// Passes over a value.
    pub(crate) fn skip_value(&mut self) -> Result<(), JsonError> {
        self.skip(0)
    }

    fn skip(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error("values nested too deep"));
        }
        match self.peek() {
            Some(b'{') => self.members(|cursor, _| cursor.skip(depth + 1)),
            Some(b'[') => self.items(|cursor| cursor.skip(depth + 1)),
            _ => self.value().map(|_scalar| ()),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error("a value expected"))
        }
    }

    /// Reads a finite number.
    #[inline]
    pub(crate) fn real(&mut self) -> Result<f64, JsonError> {
        let before = *self;
        let value = self.number()?.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| before.error("a number too large"))
    }

    /// Reads a number by the grammar of JSON.
    fn number(&mut self) -> Result<&'a str, JsonError> {
        self.peek();
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
        let whole = digits(at.min(bytes.len()));
        let mut sound = whole > 0 && (whole == 1 || bytes[at] != b'0');
        at += whole;
        if sound && bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            sound &= fraction > 0;
            at += 1 + fraction;
        }
        if sound && let Some(b'e' | b'E') = bytes.get(at) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at.min(bytes.len()));
            sound &= exponent > 0;
            at += exponent;
        }
        if !sound {
            return Err(self.error("a value expected"));
        }
        self.at = at;
        Ok(&self.text[start..at])
    }

    /// Reads a string.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"', "a string expected")?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut owned: Option<String> = None;
        let mut plain = start;
        loop {
            let length = bytes[self.at..].iter().position(|b| matches!(b, b'"' | b'\\'));
            self.at += length.ok_or_else(|| self.error("a string without end"))?;
            let run = &self.text[plain..self.at];
            if bytes[self.at] == b'"' {
                self.at += 1;
                return Ok(match owned {
                    None => Cow::Borrowed(run),
                    Some(mut text) => {
                        text.push_str(run);
                        Cow::Owned(text)
                    }
                });
            }
            let text = owned.get_or_insert_default();
            text.push_str(run);
            self.at += 1;
            let character = self.escape()?;
            owned.get_or_insert_default().push(character);
            plain = self.at;
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.byte();
        self.at += usize::from(byte.is_some_and(|byte| byte.is_ascii()));
        Ok(match byte {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut code = self.hex()?;
                if (0xD800..0xDC00).contains(&code) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex()?;
                    if !(0xDC00..0xE000).contains(&low) {
                        return Err(self.error("half a character"));
                    }
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                }
                char::from_u32(code).ok_or_else(|| self.error("half a character"))?
            }
            _ => return Err(self.error("an unknown escape")),
        })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let code = digits.into_iter().flatten().try_fold(0, |code, &digit| {
            char::from(digit).to_digit(16).map(|digit| code * 16 + digit)
        });
        let code = code.filter(|_| digits.is_some());
        let code = code.ok_or_else(|| self.error("four hexadecimal digits expected"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(text: &str) -> Result<Value, JsonError> {
        fn value(cursor: &mut Cursor<'_>) -> Result<Value, JsonError> {
            match cursor.peek() {
                Some(b'{') => {
                    let mut map = serde_json::Map::new();
                    cursor.members(|cursor, key| {
                        map.insert(key.into_owned(), value(cursor)?);
                        Ok(())
                    })?;
                    Ok(Value::Object(map))
                }
                Some(b'[') => {
                    let mut items = Vec::new();
                    cursor.items(|cursor| {
                        items.push(value(cursor)?);
                        Ok(())
                    })?;
                    Ok(Value::Array(items))
                }
                _ => Ok(match cursor.value()? {
                    JsonValue::Null => Value::Null,
                    JsonValue::Bool(value) => value.into(),
                    JsonValue::Number(digits) => serde_json::from_str(digits).unwrap(),
                    JsonValue::Text(text) => text.into_owned().into(),
                    JsonValue::Nested(_) => panic!("peeked"),
                }),
            }
        }
        let mut cursor = Cursor::new(text);
        let value = value(&mut cursor)?;
        cursor.end()?;
        Ok(value)
    }

    #[test]
    fn too_deep_a_value_is_refused() {
        let deep = "[".repeat(1_000_000);
        let error = Cursor::new(&deep).skip_value().unwrap_err();
        assert_eq!(error.reason, "values nested too deep");
    }

    proptest! {
        #[test]
        fn serde_json_reads_the_same(
            text in r#"([\[\]{},: ]|"|\\|\\u[0-9a-fD8]{4}|-|0|1|\.|e|E|\+|null|true|false|宗|"a"){0,24}"#
        ) {
            let strict: Result<Value, _> = serde_json::from_str(&text);
            let ours = read(&text);
            prop_assert_eq!(ours.ok(), strict.ok());
        }

        #[test]
        fn strings_read_back(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(Cursor::new(&json).string().unwrap(), text);
        }
    }
}
