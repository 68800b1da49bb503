//! The XML of a part, event by event, with the bytes that each event stands on.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::broken;
use crate::report::ReportFault;

/// Reads a part.
pub(super) struct Events<'a> {
    part: &'a str,
    reader: Reader<&'a [u8]>,
    /// Bytes before the text that is read: a byte order mark.
    skipped: usize,
}

impl<'a> Events<'a> {
    pub(super) fn of(part: &'a str, text: &'a str) -> Self {
        let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::from_str(plain);
        reader.config_mut().check_end_names = true;
        Self { part, reader, skipped: text.len() - plain.len() }
    }

    /// The next event, and where its bytes are; none after the last.
    pub(super) fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>, ReportFault> {
        let from = self.at();
        let event = self.reader.read_event().map_err(|error| {
            broken(self.part, format!("{error}, at byte {}", self.reader.error_position()))
        })?;
        match event {
            Event::Eof => Ok(None),
            Event::DocType(_) => Err(broken(self.part, "it has a document type declaration")),
            event => Ok(Some((event, from..self.at()))),
        }
    }

    fn at(&self) -> usize {
        self.skipped + usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }
}

/// The value of an attribute by its name without a prefix.
pub(super) fn attribute(
    part: &str,
    start: &BytesStart<'_>,
    name: &str,
) -> Result<Option<String>, ReportFault> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| broken(part, error))?;
        if attribute.key.local_name().as_ref() == name && !is_declaration(attribute.key.as_ref()) {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            return Ok(Some(value.map_err(|error| broken(part, error))?.into_owned()));
        }
    }
    Ok(None)
}

fn is_declaration(key: &str) -> bool {
    key == "xmlns" || key.starts_with("xmlns:")
}

/// What an event adds to the text of the element that it stands in.
pub(super) fn text<'e>(
    part: &str,
    event: &'e Event<'_>,
) -> Result<Option<Cow<'e, str>>, ReportFault> {
    Ok(match event {
        Event::Text(text) => Some(text.xml10_content()),
        Event::CData(text) => Some(text.xml10_content()),
        Event::GeneralRef(name) => {
            let reference = format!("&{};", &**name);
            let text = unescape(&reference).map_err(|error| broken(part, error))?;
            Some(Cow::Owned(text.into_owned()))
        }
        _ => None,
    })
}
