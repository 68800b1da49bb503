//! Cuts CQL2 text into tokens.

use std::borrow::Cow;

use spatial::filter::Number;

use super::error::shown;
use super::{Cql2Error, Fault};

/// Longest number, in characters; an integer of 128 bits has 39.
const MAX_NUMBER: usize = 400;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword without quotes.
    Word(&'a str),
    /// An identifier in double quotes.
    Quoted(String),
    /// Text in single quotes.
    Text(String),
    /// A number without sign.
    Number(Number),
    /// An operator or bracket.
    Sign(&'static str),
    /// Nothing more.
    End,
}

/// Longer signs first.
const SIGNS: [&str; 17] =
    ["<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ",", "+", "-", "*", "/", "%", "^"];

/// A position in a CQL2 text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over white space.
    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// An error at byte `at`, which says what stands there.
    pub(super) fn error_at(&self, at: usize, expected: &'static str) -> Cql2Error {
        let piece = &self.text[at..];
        let first = piece.split(char::is_whitespace).next().unwrap_or_default();
        let found =
            if first.is_empty() { "the end".to_owned() } else { format!("{:?}", shown(first)) };
        Cql2Error::at_byte(at, Fault::Syntax { expected, found })
    }

    /// The next token, and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, usize), Cql2Error> {
        self.skip_space();
        let start = self.at;
        let mut chars = self.rest().chars();
        let Some(first) = chars.next() else { return Ok((Token::End, start)) };
        let second = chars.next();
        let token = match first {
            '\'' => Token::Text(self.quoted('\'', "a closing quote")?),
            '"' => {
                let name = self.quoted('"', "a closing double quote")?;
                if name.is_empty() {
                    return Err(self.error_at(start, "a name within the double quotes"));
                }
                Token::Quoted(name)
            }
            '0'..='9' => self.number()?,
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number()?,
            c if starts_name(c) => Token::Word(self.word()),
            _ => {
                let sign = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign));
                let sign = sign.ok_or_else(|| self.error_at(start, "a name, value or operator"))?;
                self.at += sign.len();
                Token::Sign(sign)
            }
        };
        Ok((token, start))
    }

    /// The token after the next, without going there.
    pub(super) fn peek(&self) -> Result<(Token<'a>, usize), Cql2Error> {
        let mut ahead = *self;
        ahead.next()
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// What stands in quotes. A doubled quote and a quote after a backslash stand for the quote,
    /// two backslashes for one; any other backslash stands for itself.
    fn quoted(&mut self, quote: char, expected: &'static str) -> Result<String, Cql2Error> {
        let start = self.at;
        let inner = &self.rest()[1..];
        let (mut value, mut at) = (String::new(), 0);
        let marks = |byte: &u8| *byte == quote as u8 || *byte == b'\\';
        while let Some(length) = inner.as_bytes()[at..].iter().position(marks) {
            value.push_str(&inner[at..at + length]);
            at += length;
            let mut here = inner[at..].chars();
            let (mark, next) = (here.next(), here.next());
            if mark == Some(quote) && next != Some(quote) {
                self.at = start + 1 + at + 1;
                return Ok(value);
            }
            let is_pair = mark == Some(quote) || next == Some('\\') || next == Some(quote);
            value.extend(if is_pair { next } else { mark });
            at += if is_pair { 2 } else { 1 };
        }
        Err(self.error_at(start, expected))
    }

    /// A number; or an identifier that begins with digits and goes on in another script, as in
    /// `2024年`.
    fn number(&mut self) -> Result<Token<'a>, Cql2Error> {
        let start = self.at;
        let rest = self.rest();
        let length = number_length(rest);
        let after = rest[length..].chars().next();
        if after.is_some_and(|c| !c.is_ascii() && starts_name(c)) {
            return Ok(Token::Word(self.word()));
        }
        let digits = &rest[..length];
        self.at += length;
        match read_number(digits) {
            Some(number) => Ok(Token::Number(number)),
            None => Err(Cql2Error::at_byte(start, Fault::Number { digits: shown(digits) })),
        }
    }
}

/// Length of the number that `text` begins with.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits((at + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at
}

/// The number that `digits`, perhaps with a sign, stand for: exact where it is an integer of
/// 128 bits. `None` when it is too large for a double.
pub(super) fn read_number(digits: &str) -> Option<Number> {
    if digits.len() > MAX_NUMBER {
        return None;
    }
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => "",
        None => digits,
    };
    if let Ok(value) = whole.parse::<i128>() {
        return Some(Number::Int(value));
    }
    Number::canonical(digits.parse::<f64>().ok()?)
}

/// Whether an identifier may begin with `c` without quotes: the letters of XML names.
pub(super) fn starts_name(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFE}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
        && !c.is_whitespace()
}

/// Whether an identifier may go on with `c` without quotes.
pub(super) fn continues_name(c: char) -> bool {
    starts_name(c) || matches!(c, '.' | '0'..='9' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether a piece of a filter is the keyword, whatever the case.
pub(super) fn is_keyword(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

/// `name` as an identifier: in double quotes unless it is plain and no keyword.
pub(super) fn identifier(name: &str) -> Cow<'_, str> {
    /// Words that mean something without quotes.
    const KEYWORDS: [&str; 11] =
        ["AND", "OR", "NOT", "IS", "NULL", "LIKE", "BETWEEN", "IN", "TRUE", "FALSE", "DIV"];
    let plain = name.chars().next().is_some_and(starts_name)
        && name.chars().all(continues_name)
        && !KEYWORDS.iter().any(|keyword| is_keyword(name, keyword));
    if plain {
        return Cow::Borrowed(name);
    }
    let mut quoted = String::with_capacity(name.len() + 2);
    push_quoted(&mut quoted, name, '"');
    Cow::Owned(quoted)
}

/// Appends `value` in quotes, so that [`Lexer`] reads it back.
pub(super) fn push_quoted(out: &mut String, value: &str, quote: char) {
    out.push(quote);
    for c in value.chars() {
        if c == quote || c == '\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push(quote);
}
