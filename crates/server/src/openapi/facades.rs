//! Paths of the facades: WMTS 1.0.0 and Esri's `VectorTileServer` over the same tiles.
//!
//! Both ignore parameters that they do not know, and each refuses in a form of its own.

use serde_json::{Map, Value, json};
use spatial::Snapshot;
use tile::TileMatrixSets;

use super::parts::{binary, parameter, path_parameter, schema, text};
use crate::negotiate::JSON;
use crate::routes::{
    DATASET, ESRI_FORMATS, ESRI_ROOT, MVT, STYLE, WMTS_CAPABILITIES, WMTS_VERSION, XML,
};

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, snapshot: &Snapshot, sets: &TileMatrixSets) {
    let ids = snapshot.collections.keys().map(|id| id.as_str()).filter(|id| *id != DATASET);
    let ids: Vec<&str> = std::iter::once(DATASET).chain(ids).collect();
    add_wmts(paths, &ids, &sets.ids());
    add_esri(paths, &ids);
}

fn add_wmts(paths: &mut Map<String, Value>, ids: &[&str], sets: &[&str]) {
    let one_of = |values: &[&str]| json!({ "type": "string", "enum": values });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let mut service = parameter("SERVICE", "the service", one_of(&["WMTS"]));
    service["required"] = json!(true);
    let mut request =
        parameter("REQUEST", "what is asked for", one_of(&["GetCapabilities", "GetTile"]));
    request["required"] = json!(true);
    paths.insert(
        "/wmts".to_owned(),
        get(
            "wmts.byKey",
            "WMTS by key and value, the case of keys does not matter: the capabilities, or a tile, \
             which all parameters are needed for",
            vec![
                service,
                request,
                parameter("VERSION", "version of the standard", one_of(&[WMTS_VERSION])),
                parameter("LAYER", "a collection, or all of them", one_of(ids)),
                parameter("STYLE", "the only style", one_of(&[STYLE])),
                parameter("FORMAT", "the only format", one_of(&[MVT])),
                parameter("TILEMATRIXSET", "id of a grid", one_of(sets)),
                parameter("TILEMATRIX", "id of a matrix of the grid", json!({ "type": "string" })),
                parameter("TILEROW", "row, from the north", number()),
                parameter("TILECOL", "column, from the west", number()),
            ],
            answers(&[(XML.media_type, text()), (MVT, binary())], &XML_REFUSAL),
        ),
    );
    paths.insert(
        WMTS_CAPABILITIES.to_owned(),
        get("wmts.capabilities", "the capabilities of WMTS", vec![], xml_answers()),
    );
    paths.insert(
        format!("/wmts/{WMTS_VERSION}/{{layer}}/{{style}}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"),
        get(
            "wmts.byPath",
            "one tile of WMTS; the column may end in .mvt or .pbf",
            vec![
                path_parameter("layer", "a collection, or all of them", one_of(ids)),
                path_parameter("style", "the only style", one_of(&[STYLE])),
                path_parameter("tileMatrixSetId", "id of a grid", one_of(sets)),
                path_parameter("tileMatrix", "id of a matrix of the grid", json!({ "type": "string" })),
                path_parameter("tileRow", "row, from the north", number()),
                path_parameter("tileCol", "column, from the west", number()),
            ],
            answers(&[(MVT, binary())], &XML_REFUSAL),
        ),
    );
}

fn add_esri(paths: &mut Map<String, Value>, ids: &[&str]) {
    let f = parameter(
        "f",
        "JSON, or JSON for reading",
        json!({ "type": "string", "enum": ESRI_FORMATS }),
    );
    let service = path_parameter(
        "service",
        "a collection, or all of them, on Web Mercator; on another grid with @ and its id behind",
        json!({ "type": "string", "example": ids[0] }),
    );
    let number = |name: &str, description: &str| {
        path_parameter(name, description, json!({ "type": "integer", "minimum": 0 }))
    };
    let document = || answers(&[(JSON.media_type, schema("Object"))], &JSON_REFUSAL);
    let at = |end: &str| format!("{ESRI_ROOT}/services/{{service}}/VectorTileServer{end}");
    for (path, id, summary, parameters) in [
        (format!("{ESRI_ROOT}/info"), "esri.info", "whether a client has to log in", vec![]),
        (format!("{ESRI_ROOT}/services"), "esri.services", "the services: layers on grids", vec![]),
        (at(""), "esri.service", "grid, extent and levels of a service", vec![service.clone()]),
        (
            at("/resources/styles/root.json"),
            "esri.style",
            "the style of a service",
            vec![service.clone()],
        ),
    ] {
        let parameters = [parameters, vec![f.clone()]].concat();
        paths.insert(path, get(id, summary, parameters, document()));
    }
    paths.insert(
        at("/tile/{level}/{row}/{column}"),
        get(
            "esri.tile",
            "one tile of a service; the column may end in .pbf or .mvt",
            vec![
                service,
                number("level", "level, 0 is the whole grid"),
                number("row", "row, from the north"),
                number("column", "column, from the west"),
            ],
            answers(&[(MVT, binary())], &JSON_REFUSAL),
        ),
    );
}

/// Media type of a refusal, and how its schema is called.
struct Refusal {
    media_type: &'static str,
    description: &'static str,
    schema: &'static str,
}

const XML_REFUSAL: Refusal = Refusal {
    media_type: "application/xml",
    description: "an exception report of OGC 06-121r3",
    schema: "string",
};
const JSON_REFUSAL: Refusal = Refusal {
    media_type: "application/json",
    description: "an object with the member error: code, message, details",
    schema: "object",
};

fn xml_answers() -> Value {
    answers(&[(XML.media_type, text())], &XML_REFUSAL)
}

/// What may be answered, in one of these encodings, or a refusal.
fn answers(content: &[(&str, Value)], refusal: &Refusal) -> Value {
    let content: Map<String, Value> = content
        .iter()
        .map(|(media_type, schema)| ((*media_type).to_owned(), json!({ "schema": schema })))
        .collect();
    let refused = json!({ refusal.media_type: { "schema": { "type": refusal.schema } } });
    json!({
        "200": { "description": "what was asked for", "content": content },
        "default": { "description": refusal.description, "content": refused }
    })
}

fn get(id: &str, summary: &str, parameters: Vec<Value>, responses: Value) -> Value {
    json!({ "get": {
        "operationId": id,
        "tags": ["Facades"],
        "summary": summary,
        "parameters": parameters,
        "responses": responses
    } })
}
