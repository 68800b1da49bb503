//! XML documents, element by element.
//!
//! *Invariant:* whatever the texts are, the document is well-formed: quick-xml escapes what means
//! something in XML, and characters that XML 1.0 cannot hold become U+FFFD.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};

/// What stands for a character that XML cannot hold.
const REPLACEMENT: &str = "\u{fffd}";

/// A document being written.
pub struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// A document in UTF-8 without an element.
    pub fn new() -> Self {
        let mut xml = Self(Writer::new_with_indent(Vec::new(), b' ', 1));
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// An element with what `content` writes into it.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        let start = start(name, attributes);
        self.event(Event::Start(start.borrow()));
        content(self);
        self.event(Event::End(start.to_end()));
    }

    /// An element with nothing but text in it.
    pub fn text(&mut self, name: &str, text: &str) {
        self.element(name, &[], |xml| {
            xml.event(Event::Text(BytesText::new(&possible(text))));
        });
    }

    /// An element with attributes alone.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(start(name, attributes)));
    }

    /// The document's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0.into_inner()
    }

    fn event(&mut self, event: Event<'_>) {
        // Writing into memory cannot fail.
        let _ = self.0.write_event(event);
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, possible(value).as_ref()));
    }
    start
}

/// `text` with what XML 1.0 can hold (its production `Char`).
fn possible(text: &str) -> Cow<'_, str> {
    let impossible = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(impossible) {
        Cow::Owned(text.replace(impossible, REPLACEMENT))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

    use quick_xml::Reader;
    use quick_xml::escape::unescape;

    use super::*;

    #[test]
    fn any_text_can_be_read_back() {
        let odd = "图斑 <a href=\"x\">&amp;</a> ]]> 'q' \u{1}\u{b}\u{ffff}";
        let mut xml = Xml::new();
        xml.element("a:b", &[("c", odd)], |xml| {
            xml.text("d", odd);
            xml.empty("e", &[]);
        });
        let bytes = xml.finish();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{text}");
        let expected = odd.replace(['\u{1}', '\u{b}', '\u{ffff}'], REPLACEMENT);
        let mut reader = Reader::from_str(text);
        let (mut attribute, mut inner, mut names) = (None, String::new(), Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) | Event::Empty(start) => {
                    names.push(start.name().as_ref().to_owned());
                    if let Some(found) = start.attributes().next() {
                        attribute = Some(unescape(&found.unwrap().value).unwrap().into_owned());
                    }
                }
                Event::Text(text) if names.len() == 2 => {
                    inner.push_str(&text);
                }
                Event::GeneralRef(name) => {
                    inner.push_str(&unescape(&format!("&{};", &*name)).unwrap());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(names, ["a:b", "d", "e"]);
        assert_eq!(attribute.as_deref(), Some(expected.as_str()));
        assert_eq!(inner.trim_end_matches(['\n', ' ']), expected);
    }
}
