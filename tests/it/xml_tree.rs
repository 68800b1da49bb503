//! XML as a tree, read by a parser that refuses what is not well-formed.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// An element; names with the prefix that they are written with.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// The root of a document.
    pub fn parse(document: &str) -> Self {
        let mut reader = Reader::from_str(document);
        reader.config_mut().check_end_names = true;
        let mut open = vec![Self::default()];
        let put = |open: &mut Vec<Self>, element| open.last_mut().unwrap().children.push(element);
        loop {
            match reader.read_event().unwrap_or_else(|e| panic!("{e}: {document}")) {
                Event::Start(start) => open.push(Self::started(&start)),
                Event::Empty(start) => put(&mut open, Self::started(&start)),
                Event::End(_) => {
                    let mut ended = open.pop().unwrap();
                    ended.text = ended.text.trim().to_owned();
                    put(&mut open, ended);
                }
                Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
                Event::GeneralRef(name) => {
                    let text = unescape(&format!("&{};", &*name)).unwrap().into_owned();
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(open.len(), 1, "an element is not closed: {document}");
        let mut roots = open.pop().unwrap().children;
        assert_eq!(roots.len(), 1, "a document has one root: {document}");
        roots.pop().unwrap()
    }

    fn started(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = unescape(&attribute.value).unwrap().into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        Self {
            name: start.name().as_ref().to_owned(),
            attributes: attributes.collect(),
            ..Self::default()
        }
    }

    /// The children called `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The only child called `name`.
    pub fn one(&self, name: &str) -> &Self {
        let found: Vec<&Self> = self.children.iter().filter(|child| child.name == name).collect();
        assert_eq!(found.len(), 1, "{name} in {self:?}");
        found[0]
    }

    /// The text of the only child called `name`.
    pub fn text_of(&self, name: &str) -> &str {
        &self.one(name).text
    }
}
