//! Paths of map styles.

use serde_json::{Map, Value, json};

use super::parts::{answers, format_parameter, schema, text};
use crate::negotiate::{HTML, JSON};

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>) {
    paths.insert(
        "/styles".to_owned(),
        json!({ "get": {
            "operationId": "getStyles",
            "tags": ["Styles"],
            "summary": "map styles",
            "parameters": [format_parameter(&[&JSON, &HTML])],
            "responses": answers("all styles", &[(JSON.media_type, schema("Object")), (HTML.media_type, text())])
        } }),
    );
}
