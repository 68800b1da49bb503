//! The description of the API as a page: every path, its parameters, its answers.

use std::fmt::Write;

use serde_json::Value;

use super::escape;

/// The body of a page about an OpenAPI document.
pub fn api_body(document: &Value, base: &str) -> String {
    let mut body = String::new();
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let _ = writeln!(body, "<p>{}</p>", text(&document["info"]["description"]));
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, operations) in paths {
        let Some(get) = operations.get("get") else { continue };
        let shown = escape(path);
        let name = match path.contains('{') {
            true => format!("<code>{shown}</code>"),
            false => format!("<a href=\"{}{shown}?f=html\"><code>{shown}</code></a>", escape(base)),
        };
        let _ = write!(body, "<section><h2>GET {name}</h2><p>{}</p>", text(&get["summary"]));
        let parameters = get["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        if !parameters.is_empty() {
            body.push_str("<table class=\"members\">");
            for parameter in parameters {
                let parameter = resolved(document, parameter);
                let schema = &parameter["schema"];
                let mut kind = text(&schema["type"]);
                for bound in ["default", "minimum", "maximum"] {
                    if !schema[bound].is_null() {
                        let _ = write!(kind, ", {bound} {}", escape(&schema[bound].to_string()));
                    }
                }
                let _ = write!(
                    body,
                    "<tr><th>{}</th><td>{}<br><small>{kind}, {}</small></td></tr>",
                    text(&parameter["name"]),
                    text(&parameter["description"]),
                    text(&parameter["in"]),
                );
            }
            body.push_str("</table>");
        }
        body.push_str("</section>\n");
    }
    body
}

/// What a reference stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}
