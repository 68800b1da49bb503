//! Vector tiles: `/xyz/…` (column first), OGC `/collections/…/tiles/…` and `/tiles/…` (row first).
//!
//! Outside its tile matrix set a tile does not exist (404). The OGC paths say so of every tile
//! outside the limits of the tileset too; the XYZ path, whose clients know none, answers 204.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Encoding, Profile, TileAnswer, TileRequest};
use spatial::{CollectionId, CollectionSnapshot, Snapshot};
use tile::{TileCoord, TileMatrixSet};

use super::collections::known;
use super::tile_layers::{self, chosen, snapshots};
use super::tile_limits::limit;
use super::tile_selection::{PARAMETERS, selection};
use super::{REVISION, archive_tiles};
use crate::as_of::as_of;
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
/// Says of an empty tile that nothing lies below it either (OGC 20-057).
const HINT: HeaderName = HeaderName::from_static("oatiles-hint");
/// Values of the parameter `f`, both for the one format.
const FORMATS: [&str; 2] = ["mvt", "pbf"];

/// `GET /xyz/{collections}/{z}/{x}/{y}.mvt` (or `.pbf`)
pub async fn xyz(
    State(app): State<Arc<App>>,
    Path((names, z, x, y)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(archive) = app.archive(&names) {
        let asked = (query.as_deref(), [z.as_str(), &x, &y]);
        return archive_tiles::xyz(&app, &archive, asked, &headers).await;
    }
    let query = QueryString::parse(query.as_deref(), &PARAMETERS)?;
    let set = matrix_set(MATRIX_SET)?;
    let coord = coordinate(set, [("z", &z), ("x", &x), ("y", bare(&y))])?;
    let layers = chosen(&app.engine.snapshot(), &names)?;
    answer(&app, &query, tile_request(layers, set, coord, &headers), &headers).await
}

/// `GET /collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}`
pub async fn of_collection(
    State(app): State<Arc<App>>,
    Path((name, set, z, row, col)): Path<(String, String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(archive) = app.archive(&name) {
        let asked = (query.as_deref(), [set.as_str(), &z, &row, &col]);
        return archive_tiles::of_tileset(&app, &archive, asked, &headers).await;
    }
    let query = QueryString::parse(query.as_deref(), &[&["f"], &PARAMETERS[..]].concat())?;
    query.choice("f", &FORMATS)?;
    let set = matrix_set(&set)?;
    let place = [("tileMatrix", z.as_str()), ("tileCol", bare(&col)), ("tileRow", &row)];
    let coord = coordinate(set, place)?;
    let snapshot = app.engine.snapshot();
    let layers = vec![known(&snapshot, &name)?];
    check_limits(set, coord, &snapshots(&snapshot, &layers))?;
    answer(&app, &query, tile_request(layers, set, coord, &headers), &headers).await
}

/// `GET /tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}`
pub async fn of_dataset(
    State(app): State<Arc<App>>,
    Path((set, z, row, col)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query =
        QueryString::parse(query.as_deref(), &[&["f", "collections"], &PARAMETERS[..]].concat())?;
    query.choice("f", &FORMATS)?;
    let set = matrix_set(&set)?;
    let place = [("tileMatrix", z.as_str()), ("tileCol", bare(&col)), ("tileRow", &row)];
    let coord = coordinate(set, place)?;
    let snapshot = app.engine.snapshot();
    let layers = tile_layers::of_dataset(&snapshot, query.value("collections"))?;
    check_limits(set, coord, &tile_layers::all(&snapshot))?;
    answer(&app, &query, tile_request(layers, set, coord, &headers), &headers).await
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

/// The last part of a path without the ending of a vector tile.
fn bare(name: &str) -> &str {
    name.strip_suffix(".mvt").or_else(|| name.strip_suffix(".pbf")).unwrap_or(name)
}

/// The tile at zoom, column and row, each with the name it has in its path.
pub fn coordinate(set: &TileMatrixSet, place: [(&str, &str); 3]) -> Result<TileCoord, Problem> {
    let mut numbers = [0; 3];
    for (number, (name, text)) in numbers.iter_mut().zip(place) {
        // A sign, which `parse` would take, is not part of a number here.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        *number = text.parse::<u32>().ok().filter(|_| digits).ok_or_else(|| {
            Problem::new(
                Code::InvalidParameter,
                format!("{name} {text:?} is not a whole number from 0 on"),
            )
        })?;
    }
    let [z, x, y] = numbers;
    TileCoord::new(set, z, x, y)
        .map_err(|error| Problem::new(Code::TileOutOfRange, error.to_string()))
}

/// Refuses a tile outside the limits that the tileset states.
fn check_limits(
    set: &TileMatrixSet,
    coord: TileCoord,
    layers: &[&CollectionSnapshot],
) -> Result<(), Problem> {
    match limit(set, coord.z(), layers) {
        Some(range) if range.holds(coord) => Ok(()),
        Some(range) => Err(Problem::new(
            Code::TileOutOfRange,
            format!(
                "row {} and column {} are outside the limits of the tileset: {}",
                coord.y(),
                coord.x(),
                range.document()
            ),
        )),
        None => Err(Problem::new(
            Code::TileOutOfRange,
            format!("the tileset has no tiles of zoom {}; see its metadata", coord.z()),
        )),
    }
}

fn tile_request(
    collections: Vec<CollectionId>,
    matrix_set: &'static TileMatrixSet,
    coord: TileCoord,
    headers: &HeaderMap,
) -> TileRequest {
    let encoding = match accepted_coding(headers) {
        Coding::Identity => Encoding::Identity,
        Coding::Gzip => Encoding::Gzip,
        Coding::Zstd => Encoding::Zstd,
    };
    TileRequest {
        collections,
        matrix_set,
        coord,
        encoding,
        profile: Profile::default(),
        state: None,
        selection: None,
    }
}

async fn answer(
    app: &App,
    query: &QueryString,
    mut request: TileRequest,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    if let Some(moment) = as_of(query)? {
        request.state = Some(app.engine.state(Some(moment), &request.collections).await?);
    }
    let state = request.state.clone().unwrap_or_else(|| app.engine.snapshot());
    request.selection = selection(app, query, &state, &request.collections)?;
    if request.selection.is_some() {
        // Its fields are those of this state.
        request.state = Some(Arc::clone(&state));
    }
    let etag = app.engine.etag(&request)?;
    if is_unchanged(headers, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(&mut response, &etag, app.settings.tile_max_age);
        return Ok(response);
    }
    let tile = app.engine.tile(&request).await?;
    let nothing_below = tile.bytes.is_empty() && is_void(&state, &request);
    let mut response = respond(tile, app.settings.tile_max_age);
    if nothing_below {
        response.headers_mut().insert(HINT, HeaderValue::from_static("empty"));
    }
    Ok(response)
}

/// Whether neither the tile nor any tile below it shows a feature of the collections asked for.
/// Costs the look-up of an empty place: features that a tile leaves out are found at once.
fn is_void(snapshot: &Snapshot, request: &TileRequest) -> bool {
    let area = request.coord.world_box(tile::DEFAULT_BUFFER);
    snapshots(snapshot, &request.collections).iter().all(|layer| {
        // Where a layer begins deeper down, an empty tile says nothing about the tiles below.
        let mut void = request.coord.z() >= layer.collection().zooms.min;
        if void {
            layer.search_world(&area, &mut |_shard, _slots| void = false);
        }
        void
    })
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
pub fn describe(response: &mut Response, etag: &str, max_age: u32) {
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
