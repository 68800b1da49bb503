//! Vector tiles: `/xyz/…` (column first), OGC `/collections/…/tiles/…` and `/tiles/…` (row first).
//!
//! Outside its tile matrix set a tile does not exist (404). The OGC paths say so of every tile
//! outside the limits of the tileset too; the XYZ path, whose clients know none, answers 204.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Encoding, TileAnswer, TileRequest};
use spatial::{CollectionId, CollectionSnapshot, Snapshot};
use tile::{TileCoord, TileMatrixSet, WEB_MERCATOR_QUAD};

use super::collections::known;
use super::tile_layers::{self, chosen, snapshots};
use super::tile_limits::limit;
use super::tile_selection::{PARAMETERS, selection};
use super::{REVISION, archive_tiles};
use crate::as_of::as_of;
use crate::conditional::{Coding, accepted_coding, is_unchanged};
use crate::exports::Looked;
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::ready::OfTheState;
use crate::state::App;

/// Media type of a vector tile.
pub const MVT: &str = "application/vnd.mapbox-vector-tile";
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
    let set = &WEB_MERCATOR_QUAD;
    let coord = coordinate(set, [("z", &z), ("x", &x), ("y", bare(&y))])?;
    let layers = chosen(&app.engine.snapshot(), &names)?;
    answer(&app, &query, tile_request((&app, layers), (set, coord), &headers), &headers).await
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
    let set = matrix_set(&app, &set)?;
    let place = [("tileMatrix", z.as_str()), ("tileCol", bare(&col)), ("tileRow", &row)];
    let coord = coordinate(set, place)?;
    let snapshot = app.engine.snapshot();
    let layers = vec![known(&snapshot, &name)?];
    check_limits(&app, (set, coord), &snapshots(&snapshot, &layers))?;
    answer(&app, &query, tile_request((&app, layers), (set, coord), &headers), &headers).await
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
    let set = matrix_set(&app, &set)?;
    let place = [("tileMatrix", z.as_str()), ("tileCol", bare(&col)), ("tileRow", &row)];
    let coord = coordinate(set, place)?;
    let snapshot = app.engine.snapshot();
    let layers = tile_layers::of_dataset(&snapshot, query.value("collections"))?;
    check_limits(&app, (set, coord), &tile_layers::all(&snapshot))?;
    answer(&app, &query, tile_request((&app, layers), (set, coord), &headers), &headers).await
}

/// The tile matrix set called `id`.
pub fn matrix_set(app: &App, id: &str) -> Result<&'static TileMatrixSet, Problem> {
    let sets = app.engine.matrix_sets();
    sets.find(id).ok_or_else(|| {
        Problem::new(
            Code::TileMatrixSetNotFound,
            format!("{id:?} is not served; there is {}", sets.ids().join(", ")),
        )
    })
}

/// The last part of a path without the ending of a vector tile.
pub(super) fn bare(name: &str) -> &str {
    name.strip_suffix(".mvt").or_else(|| name.strip_suffix(".pbf")).unwrap_or(name)
}

/// The tile at zoom, column and row, each with the name it has in its path.
pub fn coordinate(set: &TileMatrixSet, place: [(&str, &str); 3]) -> Result<TileCoord, Problem> {
    let mut numbers = [0; 3];
    for (number, (name, text)) in numbers.iter_mut().zip(place) {
        *number = whole_number(name, text)?;
    }
    let [_number, x, y] = numbers;
    let (_, matrix) = place[0];
    let zoom = set.zoom_of(matrix).ok_or_else(|| {
        let (first, last) = (set.matrix_id(set.min_zoom()), set.matrix_id(set.max_zoom()));
        let detail =
            format!("tile matrix {matrix:?} is not of {}; there is {first} to {last}", set.id);
        Problem::new(Code::TileOutOfRange, detail)
    })?;
    TileCoord::new(set, u32::from(zoom), x, y)
        .map_err(|error| Problem::new(Code::TileOutOfRange, error.to_string()))
}

/// The number that `text`, called `name` where it stands, is written with digits alone.
pub(super) fn whole_number(name: &str, text: &str) -> Result<u32, Problem> {
    // A sign, which `parse` would take, is not part of a number here.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        let shown: String = text.chars().take(120).collect();
        Problem::new(
            Code::InvalidParameter,
            format!("{name} {shown:?} is not a whole number from 0 on"),
        )
    })
}

/// Refuses a tile outside the limits that the tileset states.
pub(super) fn check_limits(
    app: &App,
    (set, coord): (&TileMatrixSet, TileCoord),
    layers: &[&CollectionSnapshot],
) -> Result<(), Problem> {
    match limit(&app.engine, set, coord.z(), layers) {
        Some(range) if range.holds(coord) => Ok(()),
        Some(range) => Err(Problem::new(
            Code::TileOutOfRange,
            format!(
                "row {} and column {} are outside the limits of the tileset: {}",
                coord.y(),
                coord.x(),
                range.document(set)
            ),
        )),
        None => Err(Problem::new(
            Code::TileOutOfRange,
            format!(
                "the tileset has no tiles of tile matrix {}; see its metadata",
                set.matrix_id(coord.z())
            ),
        )),
    }
}

fn tile_request(
    (app, collections): (&App, Vec<CollectionId>),
    (matrix_set, coord): (&'static TileMatrixSet, TileCoord),
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
        profile: app.engine.profile(),
        state: None,
        selection: None,
    }
}

/// The tile with these layers as it stands, whole: what facades of other interfaces answer. Their
/// clients know of no 204, and some fail on it: a tile with nothing in it is a tile of no bytes.
pub(super) async fn current(
    app: &App,
    layers: Vec<CollectionId>,
    matrix_set: &'static TileMatrixSet,
    coord: TileCoord,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let request = tile_request((app, layers), (matrix_set, coord), headers);
    let mut response = answer(app, &QueryString::default(), request, headers).await?;
    if response.status() == StatusCode::NO_CONTENT {
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MVT));
    }
    Ok(response)
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
    let mut response = if is_unchanged(headers, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(&mut response, &etag, app.settings.tile_max_age);
        response
    } else {
        let tile = app.engine.tile(&request).await?;
        let nothing_below = tile.bytes.is_empty() && is_void(app, &state, &request);
        let body = Bytes::from_owner(Arc::clone(&tile.bytes));
        let mut response = respond(&tile, body, app.settings.tile_max_age);
        if nothing_below {
            response.headers_mut().insert(HINT, HeaderValue::from_static("empty"));
        }
        response
    };
    if request.state.is_none() {
        response.extensions_mut().insert(OfTheState::Tile);
    }
    let layers = request.collections.iter().map(CollectionId::as_str);
    if let Some(looked) = Looked::at(app, layers, (request.matrix_set, request.coord)) {
        response.extensions_mut().insert(looked);
    }
    Ok(response)
}

/// Whether neither the tile nor any tile below it shows a feature of the collections asked for.
/// Costs the look-up of an empty place: features that a tile leaves out are found at once. On
/// other grids than Web Mercator's something close by counts too.
fn is_void(app: &App, snapshot: &Snapshot, request: &TileRequest) -> bool {
    let TileRequest { matrix_set, coord, .. } = *request;
    let area = match matrix_set.is_web_mercator() {
        true => coord.world_box(tile::DEFAULT_BUFFER),
        false => app.engine.around(matrix_set, coord).bulged(),
    };
    snapshots(snapshot, &request.collections).iter().all(|layer| {
        // Where a layer begins deeper down, an empty tile says nothing about the tiles below.
        let mut void = coord.z() >= *matrix_set.drawn(layer.collection().zooms).start();
        if void {
            layer.search_world(&area, &mut |_shard, _slots| void = false);
        }
        void
    })
}

fn respond(tile: &TileAnswer, body: Bytes, max_age: u32) -> Response {
    let mut response = if body.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let mut response = body.into_response();
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
    if let Some(value) = tile.aggregation.as_deref().and_then(aggregation) {
        headers.insert(AGGREGATION, value);
    }
    response
}

/// What a tile holds that does not show every feature as itself; names as in a URL.
fn aggregation(said: &tile::Aggregation) -> Option<HeaderValue> {
    let tile::Aggregation { own, cells, summed, least, .. } = said;
    let mut text = format!("own={own}; cells={cells}; summed={summed}; least={least}");
    if !said.left_out.is_empty() {
        let names: Vec<String> =
            said.left_out.iter().map(|name| encode(name).replace(',', "%2C")).collect();
        text.push_str("; without=");
        text.push_str(&names.join(","));
    }
    HeaderValue::from_str(&text).ok()
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
