//! Pages for people: every JSON document as HTML, with a map where there is a place.
//!
//! Pages are text with every value escaped; they load their style and script from this server
//! alone.

mod api;
mod document;
mod items;
mod table;

use std::fmt::Write;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

pub use api::api_body;
pub use document::document_body;
pub use items::{ItemsPage, ItemsTable, item_body};
pub use table::table_body;

use crate::asked::Asked;

/// What a page may load: its own origin, and the images that MapLibre makes itself.
pub const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'";

/// The map of a page.
#[derive(Clone, Debug)]
pub struct PageMap {
    /// Collection that is drawn as the ground.
    pub collection: String,
    /// West, south, east, north in degrees.
    pub bounds: Option<[f64; 4]>,
    /// URL of GeoJSON that is drawn on top.
    pub items: Option<String>,
}

/// Escapes text for HTML, in content and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What stands before the body of a page.
pub fn head(asked: &Asked, title: &str, map: Option<&PageMap>) -> String {
    let base = escape(&asked.base);
    let title = escape(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Tuban 图斑</title>\n\
         <link rel=\"icon\" href=\"{base}/viewer/icon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"{base}/viewer/page.css\">\n"
    );
    let json = escape(&asked.href_with("f", "json"));
    let _ = writeln!(page, "<link rel=\"alternate\" type=\"application/json\" href=\"{json}\">");
    if map.is_some() {
        let _ = writeln!(
            page,
            "<link rel=\"stylesheet\" href=\"{base}/viewer/maplibre-gl.css\">\n\
             <script type=\"module\" src=\"{base}/viewer/page.js\"></script>"
        );
    }
    page.push_str("</head><body>\n<nav>");
    let _ = write!(page, "<a href=\"{base}/?f=html\">图斑 Tuban</a>");
    let mut path = String::new();
    for part in asked.path.split('/').filter(|part| !part.is_empty()) {
        path.push('/');
        path.push_str(part);
        let shown = escape(&decoded(part));
        // `items` and the like exist below a collection only; every prefix here is a resource.
        let _ = write!(page, " / <a href=\"{base}{}?f=html\">{shown}</a>", escape(&path));
    }
    let _ = writeln!(page, "<a class=\"json\" href=\"{json}\">JSON</a></nav>\n<h1>{title}</h1>");
    if let Some(map) = map {
        let _ = write!(
            page,
            "<div id=\"map\" data-style=\"{base}/styles/{}\"",
            escape(&map.collection)
        );
        if let Some([west, south, east, north]) = map.bounds {
            let _ = write!(page, " data-bounds=\"[{west},{south},{east},{north}]\"");
        }
        if let Some(items) = &map.items {
            let _ = write!(page, " data-items=\"{}\"", escape(items));
        }
        page.push_str("></div>\n");
    }
    page
}

/// What stands behind the body of a page.
pub const FOOT: &str = "</body></html>\n";

/// A whole page.
pub fn page(asked: &Asked, title: &str, map: Option<&PageMap>, body: &str) -> Response {
    let text = [&head(asked, title, map), body, FOOT].concat();
    let mut response = text.into_response();
    describe(&mut response);
    response
}

/// The headers of a page.
pub fn describe(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// A part of a path for reading; as it is when it is not percent-encoded UTF-8.
fn decoded(part: &str) -> String {
    crate::query_string::decode(&part.replace('+', "%2B")).unwrap_or_else(|_odd| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_from_text() {
        assert_eq!(escape("<a href='x'>&\"宗"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;宗");
    }
}
