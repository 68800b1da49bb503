//! Any JSON document as a readable page: objects are tables, links are links.

use std::fmt::Write;

use serde_json::Value;

use super::escape;

/// The body of a page about `document`.
pub fn document_body(document: &Value) -> String {
    let mut body = String::new();
    value(&mut body, document);
    body
}

fn value(body: &mut String, of: &Value) {
    match of {
        Value::Object(members) => {
            body.push_str("<table class=\"members\">");
            for (name, member) in members {
                let _ = write!(body, "<tr><th>{}</th><td>", escape(name));
                match member {
                    Value::Array(all) if name == "links" => links(body, all),
                    member => value(body, member),
                }
                body.push_str("</td></tr>");
            }
            body.push_str("</table>");
        }
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let list = items.len() > 4 || items.iter().any(is_url);
            body.push_str(if list { "<ul>" } else { "" });
            for (position, item) in items.iter().enumerate() {
                body.push_str(if list {
                    "<li>"
                } else if position > 0 {
                    ", "
                } else {
                    ""
                });
                value(body, item);
            }
            body.push_str(if list { "</ul>" } else { "" });
        }
        Value::Array(items) => {
            for item in items {
                body.push_str("<section>");
                value(body, item);
                body.push_str("</section>");
            }
        }
        Value::String(text) if is_url(of) => {
            let href = escape(text);
            let _ = write!(body, "<a href=\"{href}\">{href}</a>");
        }
        Value::String(text) => body.push_str(&escape(text)),
        Value::Null => body.push_str("<i>null</i>"),
        plain => body.push_str(&escape(&plain.to_string())),
    }
}

fn is_url(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

fn links(body: &mut String, links: &[Value]) {
    body.push_str("<ul class=\"links\">");
    for link in links {
        let text = |name: &str| link[name].as_str().unwrap_or_default();
        let rel = text("rel").rsplit('/').next().unwrap_or_default();
        let title = if text("title").is_empty() { text("href") } else { text("title") };
        let _ = write!(body, "<li><b>{}</b> ", escape(rel));
        // A template is no place to go to.
        if link["templated"] == true {
            let _ = write!(body, "<code>{}</code>", escape(text("href")));
        } else {
            let _ = write!(body, "<a href=\"{}\">{}</a>", escape(text("href")), escape(title));
        }
        let _ = write!(body, " <small>{}</small>", escape(text("type")));
    }
    body.push_str("</ul>");
}
