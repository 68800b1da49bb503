//! Vector tiles: `/xyz/…` (column first) and OGC `/collections/…/tiles/…` (row first).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Encoding, EngineError, Profile, TileAnswer, TileRequest};
use spatial::{CollectionId, Snapshot};
use tile::{TileCoord, TileMatrixSet};

use super::REVISION;
use crate::conditional::{Coding, accepted_coding, is_unchanged};
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::state::App;

/// Media type of a vector tile.
pub const MVT: &str = "application/vnd.mapbox-vector-tile";
/// Id of the tile matrix set of XYZ paths.
pub const MATRIX_SET: &str = "WebMercatorQuad";
/// Says what a tile shows instead of single features.
const AGGREGATION: HeaderName = HeaderName::from_static("tuban-aggregation");
/// Most collections of one tile.
const MAX_LAYERS: usize = 16;

/// `GET /xyz/{collections}/{z}/{x}/{y}.mvt` (or `.pbf`)
pub async fn xyz(
    State(app): State<Arc<App>>,
    Path((names, z, x, y)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &[])?;
    let y = y.strip_suffix(".mvt").or_else(|| y.strip_suffix(".pbf")).unwrap_or(&y);
    let set = matrix_set(MATRIX_SET)?;
    answer(&app, &names, set, [("z", &z), ("x", &x), ("y", y)], &headers).await
}

/// `GET /collections/{id}/tiles/{tms}/{tileMatrix}/{tileRow}/{tileCol}`
pub async fn ogc(
    State(app): State<Arc<App>>,
    Path((name, tms, z, row, col)): Path<(String, String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query.as_deref(), &["f"])?.choice("f", &["mvt"])?;
    let col = col.strip_suffix(".mvt").or_else(|| col.strip_suffix(".pbf")).unwrap_or(&col);
    let set = matrix_set(&tms)?;
    let coord = [("tileMatrix", z.as_str()), ("tileCol", col), ("tileRow", &row)];
    answer(&app, &name, set, coord, &headers).await
}

/// The tile matrix set called `id`.
pub fn matrix_set(id: &str) -> Result<&'static TileMatrixSet, Problem> {
    TileMatrixSet::find(id).ok_or_else(|| {
        let known: Vec<&str> = TileMatrixSet::all().iter().map(|set| set.id).collect();
        Problem::new(
            Code::TileMatrixSetNotFound,
            format!("{id:?} is not served; there is {}", known.join(", ")),
        )
    })
}

/// The collections that `names` lists with commas between, in that order.
pub fn chosen(snapshot: &Snapshot, names: &str) -> Result<Vec<CollectionId>, Problem> {
    let mut ids = Vec::new();
    for name in names.split(',') {
        let id = CollectionId::try_from(name)
            .ok()
            .filter(|id| snapshot.collections.contains_key(id))
            .ok_or_else(|| {
                Problem::new(
                    Code::CollectionNotFound,
                    format!("there is no collection {name:?}; see /collections"),
                )
            })?;
        // Layer names are unique in a tile; a repeated name must not multiply the work.
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MAX_LAYERS {
        return Err(Problem::new(
            Code::InvalidParameter,
            format!("{} collections; a tile has at most {MAX_LAYERS}", ids.len()),
        ));
    }
    Ok(ids)
}

async fn answer(
    app: &App,
    names: &str,
    set: &'static TileMatrixSet,
    coord: [(&str, &str); 3],
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let mut numbers = [0; 3];
    for (number, (name, text)) in numbers.iter_mut().zip(coord) {
        *number = text.parse::<u32>().ok().ok_or_else(|| {
            Problem::new(
                Code::InvalidParameter,
                format!("{name} {text:?} is not a whole number from 0 on"),
            )
        })?;
    }
    let [z, x, y] = numbers;
    let coord = TileCoord::new(set, z, x, y)
        .map_err(|error| Problem::new(Code::TileOutOfRange, error.to_string()))?;
    let collections = chosen(&app.engine.snapshot(), names)?;
    let request = TileRequest {
        collections,
        matrix_set: set,
        coord,
        encoding: match accepted_coding(headers) {
            Coding::Identity => Encoding::Identity,
            Coding::Gzip => Encoding::Gzip,
            Coding::Zstd => Encoding::Zstd,
        },
        profile: Profile::default(),
    };
    let etag = app.engine.etag(&request).map_err(refusal)?;
    if is_unchanged(headers, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(&mut response, &etag, app.settings.tile_max_age);
        return Ok(response);
    }
    let tile = app.engine.tile(&request).await.map_err(refusal)?;
    Ok(respond(tile, app.settings.tile_max_age))
}

fn respond(tile: TileAnswer, max_age: u32) -> Response {
    let mut response = if tile.bytes.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let mut response = Bytes::from_owner(tile.bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MVT));
        if tile.encoding != Encoding::Identity {
            headers
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static(tile.encoding.name()));
        }
        response
    };
    describe(&mut response, &tile.etag, max_age);
    let headers = response.headers_mut();
    headers.insert(REVISION, HeaderValue::from(tile.revision.0));
    if let Some(sampled) = tile.aggregation {
        let text = format!("sample; kept={}; of={}", sampled.kept, sampled.of);
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(AGGREGATION, value);
        }
    }
    response
}

/// What 200, 204 and 304 have in common.
fn describe(response: &mut Response, etag: &str, max_age: u32) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    let control = match max_age {
        0 => HeaderValue::from_static("no-cache"),
        seconds => HeaderValue::from_str(&format!("max-age={seconds}"))
            .unwrap_or(HeaderValue::from_static("no-cache")),
    };
    headers.insert(header::CACHE_CONTROL, control);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
}

fn refusal(error: EngineError) -> Problem {
    match error {
        EngineError::UnknownCollection { id } => {
            Problem::new(Code::CollectionNotFound, format!("there is no collection {id}"))
        }
        EngineError::Busy => Problem::new(Code::Busy, "too many tiles wait; try again"),
        error => Problem::internal(&error),
    }
}
