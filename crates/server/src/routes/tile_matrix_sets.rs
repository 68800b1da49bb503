//! `/tileMatrixSets`: the grids that tiles are cut on (OGC 17-083r4, "TMS 2.0").

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use tile::TileMatrixSet;

use super::answers;
use super::tiles::matrix_set;
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::state::App;

/// Pixels along one side of a tile, by which cell size and scale denominator are reckoned.
const TILE_PIXELS: u32 = 256;

/// `GET /tileMatrixSets`
pub async fn list(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &["f"])?.choice("f", &["json"])?;
    let base = app.settings.links.base(peer.ip(), &headers);
    Ok(answers::json("application/json", &list_document(&base)))
}

/// `GET /tileMatrixSets/{tileMatrixSetId}`
pub async fn one(Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &["f"])?.choice("f", &["json"])?;
    Ok(answers::json("application/json", &definition(matrix_set(&id)?)))
}

fn list_document(base: &str) -> Value {
    let here = format!("{base}/tileMatrixSets");
    let sets: Vec<Value> = TileMatrixSet::all()
        .iter()
        .map(|set| {
            json!({
                "id": set.id,
                "title": set.title,
                "uri": set.uri,
                "crs": set.crs,
                "links": [{
                    "rel": "self", "type": "application/json", "href": format!("{here}/{}", set.id),
                    "title": set.title
                }]
            })
        })
        .collect();
    json!({
        "links": [{ "rel": "self", "type": "application/json", "href": here }],
        "tileMatrixSets": sets
    })
}

/// The definition of a tile matrix set.
fn definition(set: &TileMatrixSet) -> Value {
    let [west, north] = set.origin;
    let matrices: Vec<Value> = (0..=set.max_zoom())
        .map(|zoom| {
            let side = set.matrix_width(zoom);
            json!({
                "id": zoom.to_string(),
                "scaleDenominator": set.scale_denominator(zoom),
                "cellSize": set.cell_size(zoom),
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": set.origin,
                "tileWidth": TILE_PIXELS,
                "tileHeight": TILE_PIXELS,
                "matrixWidth": side,
                "matrixHeight": side
            })
        })
        .collect();
    json!({
        "id": set.id,
        "title": set.title,
        "uri": set.uri,
        "crs": set.crs,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "boundingBox": {
            "lowerLeft": [west, north - set.width],
            "upperRight": [west + set.width, north],
            "orderedAxes": ["X", "Y"],
            "crs": set.crs
        },
        "tileMatrices": matrices
    })
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
