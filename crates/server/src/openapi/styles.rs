//! Paths of map styles.

use serde_json::{Map, Value, json};
use spatial::Snapshot;

use super::parts::{answers, format_parameter, parameter, path_parameter, schema, shared, text};
use crate::negotiate::{HTML, JSON};
use crate::routes::{MAPBOX_STYLE, QML};

/// Adds them to `paths`; a style is named after the collection that it draws.
pub fn add_paths(paths: &mut Map<String, Value>, snapshot: &Snapshot) {
    let ids = snapshot.collections.keys().map(|id| id.as_str());
    let ids: Vec<&str> = std::iter::once("all").chain(ids).collect();
    let style = path_parameter(
        "styleId",
        "id of a style: a collection, or all of them",
        json!({ "type": "string", "enum": ids }),
    );
    let client = parameter(
        "client",
        "who reads the style; QGIS knows fewer expressions",
        json!({ "type": "string", "enum": ["maplibre", "qgis"] }),
    );
    let encodings = parameter(
        "f",
        "encoding of the answer; QML is the style of one collection",
        json!({ "type": "string", "enum": ["mapbox", "json", "qml"] }),
    );
    let by = parameter(
        "by",
        "of the style of `points`: colours by the lamp of each, red when overdue, yellow within the days \
         that the city sets, green before; QML looks at the clock whenever QGIS draws",
        json!({ "type": "string", "enum": ["lamp"] }),
    );
    let documents = |description: &str| {
        answers(description, &[(JSON.media_type, schema("Object")), (HTML.media_type, text())])
    };
    let pages = || format_parameter(&[&JSON, &HTML]);
    paths.insert(
        "/styles".to_owned(),
        get("getStyles", "map styles", vec![pages()], documents("all styles")),
    );
    paths.insert(
        "/styles/{styleId}".to_owned(),
        get(
            "getStyle",
            "one map style",
            vec![style.clone(), client, encodings, by, shared("as-of")],
            answers("a style", &[(MAPBOX_STYLE, schema("Object")), (QML, text())]),
        ),
    );
    paths.insert(
        "/styles/{styleId}/metadata".to_owned(),
        get(
            "getStyleMetadata",
            "what a style draws, and its encodings",
            vec![style, pages()],
            documents("style metadata"),
        ),
    );
}

fn get(id: &str, summary: &str, parameters: Vec<Value>, responses: Value) -> Value {
    json!({ "get": {
        "operationId": id,
        "tags": ["Styles"],
        "summary": summary,
        "parameters": parameters,
        "responses": responses
    } })
}
