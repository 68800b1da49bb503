//! Reads well-known text of coordinate systems (WKT1 of ESRI and OGC, WKT2) into a tree.
//!
//! The text comes from other people's files: its size, depth and number of nodes are bounded,
//! and anything that is no well-known text is an error that says where.

use std::iter::Peekable;
use std::str::CharIndices;

/// Longest text that is read, in bytes; a real definition stays under 10 kB.
const MAX_BYTES: usize = 65_536;
/// Deepest nesting; WKT2 of a bound, compound CRS reaches 10.
const MAX_DEPTH: usize = 32;
/// Most items in one text.
const MAX_ITEMS: usize = 8_192;

/// Why a text is not well-known text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not well-known text: {reason} at byte {at}")]
pub struct WktError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// One `KEYWORD[item, …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The keyword in upper case.
    pub keyword: String,
    /// What stands between the brackets, in order.
    pub items: Vec<Item>,
}

/// One item of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A nested node.
    Node(Node),
    /// A quoted text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// A bare word, e.g. an axis direction.
    Word(String),
}

impl Node {
    /// Reads the one node that `text` holds.
    pub fn parse(text: &str) -> Result<Self, WktError> {
        if text.len() > MAX_BYTES {
            return Err(WktError { at: MAX_BYTES, reason: "the text is longer than 64 kB" });
        }
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = Reader { text, chars: text.char_indices().peekable(), items: 0, depth: 0 };
        let item = reader.item()?;
        reader.skip_space();
        match (item, reader.chars.peek()) {
            (Item::Node(node), None | Some((_, '\0'))) => Ok(node),
            (Item::Node(_), Some((at, _))) => {
                Err(WktError { at: *at, reason: "something follows the definition" })
            }
            _ => Err(WktError { at: 0, reason: "no KEYWORD[…]" }),
        }
    }

    /// The first text: the name of most nodes.
    pub fn name(&self) -> Option<&str> {
        match self.items.first() {
            Some(Item::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Nested nodes, in order.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.items.iter().filter_map(|item| match item {
            Item::Node(node) => Some(node),
            _ => None,
        })
    }

    /// The first child with one of `keywords` (upper case).
    pub fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.children().find(|node| keywords.contains(&node.keyword.as_str()))
    }

    /// The first node with one of `keywords` in this tree, this node included, in text order.
    pub fn find(&self, keywords: &[&str]) -> Option<&Self> {
        if keywords.contains(&self.keyword.as_str()) {
            return Some(self);
        }
        self.children().find_map(|node| node.find(keywords))
    }

    /// The numbers among the items, in order.
    pub fn numbers(&self) -> impl Iterator<Item = f64> {
        self.items.iter().filter_map(|item| match item {
            Item::Number(number) => Some(*number),
            _ => None,
        })
    }
}

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    items: usize,
    depth: usize,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        while self.chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    fn fail<T>(&mut self, reason: &'static str) -> Result<T, WktError> {
        let at = self.chars.peek().map_or(self.text.len(), |(at, _)| *at);
        Err(WktError { at, reason })
    }

    fn item(&mut self) -> Result<Item, WktError> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return self.fail("too many items");
        }
        self.skip_space();
        match self.chars.peek() {
            Some((_, '"')) => self.quoted().map(Item::Text),
            Some((_, c)) if c.is_alphabetic() || *c == '_' => self.word_or_node(),
            Some((_, c)) if c.is_ascii_digit() || matches!(c, '+' | '-' | '.') => self.number(),
            _ => self.fail("a keyword, a number or a quoted text is missing"),
        }
    }

    fn quoted(&mut self) -> Result<String, WktError> {
        self.chars.next();
        let mut quoted = String::new();
        loop {
            match self.chars.next() {
                // A doubled quote stands for one.
                Some((_, '"')) => match self.chars.next_if(|(_, c)| *c == '"') {
                    Some(_) => quoted.push('"'),
                    None => return Ok(quoted),
                },
                Some((_, c)) => quoted.push(c),
                None => return self.fail("the quoted text does not end"),
            }
        }
    }

    fn word_or_node(&mut self) -> Result<Item, WktError> {
        let mut word = String::new();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| c.is_alphanumeric() || *c == '_') {
            word.push(c);
        }
        self.skip_space();
        let Some((_, open)) = self.chars.next_if(|(_, c)| matches!(c, '[' | '(')) else {
            return Ok(Item::Word(word));
        };
        if self.depth == MAX_DEPTH {
            return self.fail("nested too deep");
        }
        self.depth += 1;
        let close = if open == '[' { ']' } else { ')' };
        let mut node = Node { keyword: word.to_uppercase(), items: Vec::new() };
        self.skip_space();
        if self.chars.next_if(|(_, c)| *c == close).is_none() {
            loop {
                node.items.push(self.item()?);
                self.skip_space();
                if self.chars.next_if(|(_, c)| *c == ',').is_some() {
                    continue;
                }
                if self.chars.next_if(|(_, c)| *c == close).is_some() {
                    break;
                }
                return self.fail("a comma or a closing bracket is missing");
            }
        }
        self.depth -= 1;
        Ok(Item::Node(node))
    }

    fn number(&mut self) -> Result<Item, WktError> {
        let mut digits = String::new();
        while let Some((_, c)) = self
            .chars
            .next_if(|(_, c)| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'))
        {
            digits.push(c);
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Item::Number(number)),
            _ => self.fail("a bad number"),
        }
    }
}
