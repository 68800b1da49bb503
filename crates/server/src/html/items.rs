//! Features as a table, and one feature as a page.

use std::fmt::Write;

use formats::{FeatureStream, StreamFeature};
use spatial::{Field, ValueRef};

use super::{FOOT, escape};

/// What a page of features says beside them.
#[derive(Clone, Debug)]
pub struct ItemsPage {
    /// All before the table: see [`super::head`].
    pub head: String,
    /// URL of the items, without a query.
    pub items_url: String,
    /// How many features match.
    pub matched: u64,
    /// How many are shown.
    pub returned: usize,
    /// URL of the next page.
    pub next: Option<String>,
    /// Links to other encodings: name and URL.
    pub encodings: Vec<(&'static str, String)>,
}

/// A table with one row a feature.
#[derive(Debug)]
pub struct ItemsTable {
    page: ItemsPage,
    headings: Vec<String>,
}

impl ItemsTable {
    /// A table of values of `fields`.
    pub fn new(page: ItemsPage, fields: &[&Field]) -> Self {
        let heading = |field: &&Field| field.alias.clone().unwrap_or_else(|| field.name.clone());
        Self { page, headings: fields.iter().map(heading).collect() }
    }
}

impl FeatureStream for ItemsTable {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let page = &self.page;
        let mut text = page.head.clone();
        let _ = write!(text, "<p>{} / {} ", page.returned, page.matched);
        if let Some(next) = &page.next {
            let _ = write!(text, "<a rel=\"next\" href=\"{}\">下一页 next</a> ", escape(next));
        }
        for (name, href) in &page.encodings {
            let _ = write!(text, "· <a href=\"{}\">{name}</a> ", escape(href));
        }
        text.push_str("</p>\n<div class=\"wide\"><table class=\"items\"><tr><th>id</th>");
        for heading in &self.headings {
            let _ = write!(text, "<th>{}</th>", escape(heading));
        }
        text.push_str("</tr>\n");
        out.extend_from_slice(text.as_bytes());
    }

    fn feature(&mut self, out: &mut Vec<u8>, feature: &StreamFeature<'_>) {
        let (url, id) = (escape(&self.page.items_url), feature.id);
        let mut row = format!("<tr><td><a href=\"{url}/{id}?f=html\">{id}</a></td>");
        for value in feature.values {
            let _ = write!(row, "<td>{}</td>", cell(*value));
        }
        row.push_str("</tr>\n");
        out.extend_from_slice(row.as_bytes());
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</table></div>\n");
        out.extend_from_slice(FOOT.as_bytes());
    }
}

/// The body of a page about one feature.
pub fn item_body(fields: &[&Field], values: &[ValueRef<'_>]) -> String {
    let mut body = "<table class=\"members\">".to_owned();
    for (field, value) in fields.iter().zip(values) {
        let name = field.alias.as_ref().unwrap_or(&field.name);
        let _ = write!(body, "<tr><th>{}</th><td>{}</td></tr>", escape(name), cell(*value));
    }
    body.push_str("</table>\n");
    body
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Bool(value) => value.to_string(),
        ValueRef::Int(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(value) => escape(value),
        ValueRef::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}
