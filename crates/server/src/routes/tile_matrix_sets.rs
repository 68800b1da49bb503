//! `/tileMatrixSets`: the grids that tiles are cut on (OGC 17-083r4, "TMS 2.0").

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use tile::TileMatrixSet;

use super::answers;
use super::tiles::matrix_set;
use crate::asked::Asked;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{HTML, JSON};
use crate::problem::Problem;
use crate::query_string::encode;
use crate::state::App;

/// Pixels along one side of a tile, by which cell size and scale denominator are reckoned.
pub const TILE_PIXELS: u32 = 256;

/// `GET /tileMatrixSets`
pub async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let here = asked.resource();
    let item = |set: &TileMatrixSet| {
        let own = format!("{here}/{}", encode(set.id));
        let mut item = json!({
            "id": set.id,
            "title": set.title,
            "crs": set.crs,
            "links": [link("self", JSON.media_type, &own, set.title)]
        });
        if let Some(uri) = set.uri {
            item["uri"] = json!(uri);
        }
        item
    };
    let sets: Vec<Value> = app.engine.matrix_sets().iter().map(item).collect();
    let document = json!({
        "links": self_and_alternates(&asked, chosen, &offers),
        "tileMatrixSets": sets
    });
    Ok(answers::document(&asked, chosen, "Tile matrix sets", &document))
}

/// `GET /tileMatrixSets/{tileMatrixSetId}`
pub async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let set = matrix_set(&app, &id)?;
    let mut document = definition(set);
    document["links"] = json!(self_and_alternates(&asked, chosen, &offers));
    Ok(answers::document(&asked, chosen, set.id, &document))
}

/// The definition of a tile matrix set.
fn definition(set: &TileMatrixSet) -> Value {
    let [west, north] = set.origin;
    let matrices: Vec<Value> = set
        .zooms()
        .map(|zoom| {
            json!({
                "id": set.matrix_id(zoom),
                "scaleDenominator": set.scale_denominator(zoom),
                "cellSize": set.cell_size(zoom),
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": set.in_axis_order(set.origin),
                "tileWidth": TILE_PIXELS,
                "tileHeight": TILE_PIXELS,
                "matrixWidth": set.matrix_width(zoom),
                "matrixHeight": set.matrix_height(zoom)
            })
        })
        .collect();
    let mut document = json!({
        "id": set.id,
        "title": set.title,
        "crs": set.crs,
        "orderedAxes": set.axes,
        "boundingBox": {
            "lowerLeft": set.in_axis_order([west, north - set.height()]),
            "upperRight": set.in_axis_order([west + set.width, north]),
            "orderedAxes": set.axes,
            "crs": set.crs
        },
        "tileMatrices": matrices
    });
    for (member, uri) in [("uri", set.uri), ("wellKnownScaleSet", set.scale_set)] {
        if let Some(uri) = uri {
            document[member] = json!(uri);
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use tile::WEB_MERCATOR_QUAD;

    use super::*;

    /// Numbers of the register of OGC, as far as its decimals go.
    #[test]
    fn the_definition_is_that_of_the_register() {
        let document = definition(&WEB_MERCATOR_QUAD);
        let near = |found: &Value, expected: f64| {
            let found = found.as_f64().unwrap_or(f64::NAN);
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
        };
        let matrices = &document["tileMatrices"];
        near(&matrices[0]["scaleDenominator"], 559_082_264.028_717);
        near(&matrices[0]["cellSize"], 156_543.033_928_041);
        near(&matrices[18]["scaleDenominator"], 2_132.729_583_849_786);
        near(&document["boundingBox"]["upperRight"][1], 20_037_508.342_789_2);
        assert_eq!(matrices[18]["matrixWidth"], 262_144);
        assert_eq!(matrices[18]["id"], "18");
    }
}
