//! Paths of vector tiles and their grids (OGC 20-057).
//!
//! Path parameters stand at the operations, where OGC's suite looks for them, and the ids of tile
//! operations end as Table 11 of the standard demands.

use engine::MAX_TILE_COLLECTIONS;
use serde_json::{Map, Value, json};
use spatial::Snapshot;
use tile::TileMatrixSets;
use tile::labels::{MIN_RADIUS, RADIUS};

use super::parts::{
    answers, binary, collection_parameter, format_parameter, parameter, path_parameter, schema,
    shared, text,
};
use crate::negotiate::{HTML, JSON, TILEJSON};
use crate::routes::{LABELS, MVT};

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, snapshot: &Snapshot, sets: &TileMatrixSets) {
    let set = set_parameter(sets);
    add_grids(paths, &set);
    let collection = collection_parameter(snapshot);
    let subjects = [
        Subject {
            path: "/tiles",
            name: "dataset",
            before: vec![],
            beside: vec![selection_parameter(snapshot)],
        },
        Subject {
            path: "/collections/{collectionId}/tiles",
            name: "collection",
            before: vec![collection],
            beside: vec![],
        },
    ];
    for subject in &subjects {
        add_tiles(paths, subject, &set);
    }
}

/// What tiles are of, and the parameters that say so.
struct Subject {
    path: &'static str,
    name: &'static str,
    before: Vec<Value>,
    beside: Vec<Value>,
}

fn add_grids(paths: &mut Map<String, Value>, set: &Value) {
    let f = format_parameter(&[&JSON, &HTML]);
    let document = |text| documents(text, &[]);
    paths.insert(
        "/tileMatrixSets".to_owned(),
        get(
            "getTileMatrixSetsList",
            "grids that tiles are cut on",
            vec![f.clone()],
            document("grids"),
        ),
    );
    paths.insert(
        "/tileMatrixSets/{tileMatrixSetId}".to_owned(),
        get(
            "getTileMatrixSet",
            "one grid",
            vec![set.clone(), f],
            document("a tile matrix set, TMS 2.0"),
        ),
    );
}

fn add_tiles(paths: &mut Map<String, Value>, subject: &Subject, set: &Value) {
    let Subject { path, name, before, beside } = subject;
    let id = |operation: &str| format!("tiles.{name}.vector.{operation}");
    let with = |own: &[Value]| [before, own, beside].concat();
    paths.insert(
        (*path).to_owned(),
        get(
            &id("getTileSetsList"),
            &format!("the tilesets of the {name}, one a grid"),
            with(&[format_parameter(&[&JSON, &HTML]), labels_parameter()]),
            documents("a list of tilesets", &[]),
        ),
    );
    paths.insert(
        format!("{path}/{{tileMatrixSetId}}"),
        get(
            &id("getTileSet"),
            &format!("the tileset of the {name} on one grid: layers, limits, links"),
            with(&[set.clone(), format_parameter(&[&JSON, &TILEJSON, &HTML]), labels_parameter()]),
            documents("tileset metadata", &[(TILEJSON.media_type, schema("Object"))]),
        ),
    );
    let whole = |name: &str, description: &str| {
        path_parameter(name, description, json!({ "type": "integer", "minimum": 0 }))
    };
    let formats = json!({ "type": "string", "enum": ["mvt", "pbf"] });
    let mut tile = answers("a tile", &[(MVT, binary())]);
    tile["204"] = json!({ "description": "the tile is there and nothing is in it" });
    paths.insert(
        format!("{path}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"),
        get(
            &id("getTile"),
            &format!("one vector tile of the {name}"),
            with(&[
                set.clone(),
                path_parameter(
                    "tileMatrix",
                    "id of a tile matrix of the grid",
                    json!({ "type": "string" }),
                ),
                whole("tileRow", "row, from the north"),
                whole("tileCol", "column, from the west"),
                parameter("f", "encoding of the answer", formats),
                shared("as-of"),
                shared("filter"),
                shared("filter-lang"),
                shared("datetime"),
                parameter(
                    "ids",
                    "ids of the features to show, parted by commas",
                    json!({ "type": "string" }),
                ),
                parameter(
                    "properties",
                    "names of the attributes to send, parted by commas",
                    json!({ "type": "string" }),
                ),
                labels_parameter(),
            ]),
            tile,
        ),
    );
}

fn get(id: &str, summary: &str, parameters: Vec<Value>, responses: Value) -> Value {
    json!({ "get": {
        "operationId": id,
        "tags": ["Tiles"],
        "summary": summary,
        "parameters": parameters,
        "responses": responses
    } })
}

/// JSON, a page, and what else there is.
fn documents(description: &str, more: &[(&str, Value)]) -> Value {
    let both = [(JSON.media_type, schema("Object")), (HTML.media_type, text())];
    answers(description, &[&both[..], more].concat())
}

fn set_parameter(sets: &TileMatrixSets) -> Value {
    let sets = sets.ids();
    path_parameter(
        "tileMatrixSetId",
        "id of a tile matrix set",
        json!({ "type": "string", "enum": sets }),
    )
}

fn labels_parameter() -> Value {
    parameter(
        LABELS,
        &format!(
            "true adds to each layer of polygons a layer `{{collection}}:labels`: one point a \
             feature, the middle of the largest circle inside, in the one tile that holds it; \
             `{RADIUS}` is the circle's radius in units of the tile, at least {MIN_RADIUS}"
        ),
        json!({ "type": "string", "enum": ["true", "false"], "default": "false" }),
    )
}

fn selection_parameter(snapshot: &Snapshot) -> Value {
    let ids: Vec<&str> = snapshot.collections.keys().map(|id| id.as_str()).collect();
    let mut item = json!({ "type": "string" });
    if !ids.is_empty() {
        item["enum"] = json!(ids);
    }
    parameter(
        "collections",
        &format!(
            "collections that become layers, at most {MAX_TILE_COLLECTIONS}, repeated ones once; all \
             when absent"
        ),
        json!({ "type": "array", "minItems": 1, "items": item }),
    )
}
