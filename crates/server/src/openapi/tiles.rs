//! Paths of vector tiles and map styles.

use serde_json::{Map, Value, json};
use spatial::Snapshot;
use tile::TileMatrixSet;

use super::parts::{
    answers, binary, collection_parameter, format_parameter, parameter, path_parameter, schema,
};
use crate::negotiate::JSON;
use crate::routes::MVT;

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, snapshot: &Snapshot) {
    let sets: Vec<&str> = TileMatrixSet::all().iter().map(|set| set.id).collect();
    let set = path_parameter(
        "tileMatrixSetId",
        "id of a tile matrix set",
        json!({ "type": "string", "enum": sets }),
    );
    let whole = |name: &str, description: &str| {
        path_parameter(name, description, json!({ "type": "integer", "minimum": 0 }))
    };
    let place = [
        path_parameter("tileMatrix", "zoom", json!({ "type": "string" })),
        whole("tileRow", "row, from the north"),
        whole("tileCol", "column, from the west"),
    ];
    let collection = collection_parameter(snapshot);
    let formats = parameter(
        "f",
        "encoding of the answer",
        json!({ "type": "string", "enum": ["json", "tilejson"] }),
    );
    let mvt =
        parameter("f", "encoding of the answer", json!({ "type": "string", "enum": ["mvt"] }));
    let mut tileset_parameters = vec![collection.clone(), set.clone(), formats];
    let json_answer = |text: &str| answers(text, &[(JSON.media_type, schema("Object"))]);
    paths.insert(
        "/collections/{collectionId}/tiles/{tileMatrixSetId}".to_owned(),
        json!({ "get": {
            "operationId": ".collection.vector.getTileSet",
            "tags": ["Tiles"],
            "summary": "the vector tiles of a collection",
            "parameters": tileset_parameters.clone(),
            "responses": json_answer("tileset metadata")
        } }),
    );
    tileset_parameters.pop();
    tileset_parameters.extend(place);
    tileset_parameters.push(mvt);
    let mut tile_answers = answers("a tile", &[(MVT, binary())]);
    tile_answers["204"] = json!({ "description": "nothing is there" });
    paths.insert(
        "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
            .to_owned(),
        json!({ "get": {
            "operationId": ".collection.vector.getTile",
            "tags": ["Tiles"],
            "summary": "one vector tile of a collection",
            "parameters": tileset_parameters,
            "responses": tile_answers
        } }),
    );
    paths.insert(
        "/styles".to_owned(),
        json!({ "get": {
            "operationId": "getStyles",
            "tags": ["Styles"],
            "summary": "map styles",
            "parameters": [format_parameter(&[&JSON])],
            "responses": json_answer("all styles")
        } }),
    );
}
