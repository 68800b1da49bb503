//! WMTS 1.0.0 over the live tiles (OGC 07-057r7): `/wmts` by key and value, `/wmts/1.0.0/…` by
//! path.
//!
//! Layers are the collections, and [`DATASET`] for all of them in one tile; the one style is
//! [`STYLE`], the one format that of vector tiles. Parameters that the standard does not know are
//! ignored, as it demands. What is refused is told in OGC's exception reports.

mod capabilities;
mod exception;
mod parameters;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
pub use exception::Exception;
use spatial::CollectionSnapshot;
use tile::{InvalidTileCoord, TileCoord};

use self::parameters::Parameters;
use super::collections::known;
use super::tile_layers::{self, snapshots};
use super::tiles::{self, MVT, bare, check_limits, matrix_set, whole_number};
use crate::access::UrlToken;
use crate::asked::Asked;
use crate::negotiate::Offer;
use crate::problem::{Code, Problem};
use crate::state::App;

/// The one version of the standard that is spoken.
pub const VERSION: &str = "1.0.0";
/// Layer with all collections.
pub const DATASET: &str = "all";
/// The style of every layer: vector tiles are styled by who draws them.
pub const STYLE: &str = "default";
/// What 天地图 calls the format of its tiles.
const TIANDITU_FORMAT: &str = "tiles";
/// What 天地图 calls its grids, and what they are called here.
const TIANDITU_GRIDS: [(&str, &str); 2] = [("w", "WebMercatorQuad"), ("c", "CGCS2000Quad")];
/// Path of the capabilities.
pub const CAPABILITIES: &str = "/wmts/1.0.0/WMTSCapabilities.xml";
/// What capabilities and exception reports are.
pub const XML: Offer = Offer { name: "xml", media_type: "application/xml", also: &["text/xml"] };

/// The routes of the facade.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/wmts", get(by_key))
        .route(CAPABILITIES, get(service_metadata))
        .route("/wmts/1.0.0/{layer}/{style}/{set}/{matrix}/{row}/{col}", get(by_path))
}

/// `GET /wmts?SERVICE=WMTS&REQUEST=…`
async fn by_key(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    token: UrlToken,
    asked: Asked,
) -> Result<Response, Exception> {
    let parameters = Parameters::read(query.as_deref())?;
    let service = parameters.required("SERVICE")?;
    if !service.eq_ignore_ascii_case("WMTS") {
        return Err(Exception::invalid("Service", format!("{service:?} is not WMTS")));
    }
    match parameters.required("REQUEST")? {
        "GetCapabilities" => {
            parameters.accepts(VERSION)?;
            Ok(capabilities(&app, &token, &asked))
        }
        "GetTile" => tile_by_key(&app, &parameters, &asked.headers).await,
        other => Err(Exception::unsupported(other)),
    }
}

/// `GET /wmts/1.0.0/WMTSCapabilities.xml`
async fn service_metadata(State(app): State<Arc<App>>, token: UrlToken, asked: Asked) -> Response {
    capabilities(&app, &token, &asked)
}

fn capabilities(app: &App, token: &UrlToken, asked: &Asked) -> Response {
    xml(capabilities::document(&app.engine, &asked.base, token))
}

fn xml(document: Vec<u8>) -> Response {
    let mut response = document.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(XML.media_type));
    response
}

async fn tile_by_key(
    app: &App,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Exception> {
    let version = parameters.required("VERSION")?;
    if version != VERSION {
        let text = format!("{version:?} is not spoken here; use {VERSION}");
        return Err(Exception::invalid("Version", text));
    }
    let layer = parameters.required("LAYER")?;
    let style = parameters.present("STYLE")?;
    let format = parameters.required("FORMAT")?;
    if format != MVT && format != TIANDITU_FORMAT {
        return Err(Exception::invalid("Format", format!("{format:?} is not offered; use {MVT}")));
    }
    let place = Place {
        set: parameters.required("TILEMATRIXSET")?,
        matrix: parameters.required("TILEMATRIX")?,
        row: parameters.required("TILEROW")?,
        col: parameters.required("TILECOL")?,
    };
    tile(app, layer, style, &place, headers).await
}

/// `GET /wmts/1.0.0/{layer}/{style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.mvt`
async fn by_path(
    State(app): State<Arc<App>>,
    Path((layer, style, set, matrix, row, col)): Path<(
        String,
        String,
        String,
        String,
        String,
        String,
    )>,
    headers: HeaderMap,
) -> Result<Response, Exception> {
    let place = Place { set: &set, matrix: &matrix, row: &row, col: bare(&col) };
    tile(&app, &layer, &style, &place, &headers).await.map_err(Exception::of_a_path)
}

/// Where a tile lies, as the request has it.
struct Place<'a> {
    set: &'a str,
    matrix: &'a str,
    row: &'a str,
    col: &'a str,
}

impl Place<'_> {
    fn set_id(&self) -> &str {
        let alias = TIANDITU_GRIDS.iter().find(|(alias, _)| *alias == self.set);
        alias.map_or(self.set, |(_, id)| id)
    }
}

async fn tile(
    app: &App,
    layer: &str,
    style: &str,
    place: &Place<'_>,
    headers: &HeaderMap,
) -> Result<Response, Exception> {
    let snapshot = app.engine.snapshot();
    let (ids, bounds): (Vec<_>, Vec<&CollectionSnapshot>) = if layer == DATASET {
        (tile_layers::of_dataset(&snapshot, None)?, tile_layers::all(&snapshot))
    } else {
        let ids = vec![known(&snapshot, layer)?];
        let bounds = snapshots(&snapshot, &ids);
        (ids, bounds)
    };
    // Clients that know of no styles send nothing.
    if !style.is_empty() && style != STYLE {
        return Err(Exception::invalid("Style", format!("{style:?} is not offered; use {STYLE}")));
    }
    let set = matrix_set(app, place.set_id())?;
    let at = |locator, text| {
        whole_number(locator, text).map_err(|problem| Exception::at(locator, &problem))
    };
    let zoom = set.zoom_of(place.matrix).ok_or_else(|| {
        let ids = [set.min_zoom(), set.max_zoom()].map(|zoom| set.matrix_id(zoom)).join(" to ");
        let text = format!("{:?} is none of {}: its matrices are {ids}", place.matrix, set.id);
        Exception::invalid("TileMatrix", text)
    })?;
    let (row, col) = (at("TileRow", place.row)?, at("TileCol", place.col)?);
    let coord = TileCoord::new(set, u32::from(zoom), col, row).map_err(|error| {
        let is_row = matches!(error, InvalidTileCoord::Place { axis: "row", .. });
        let locator = if is_row { "TileRow" } else { "TileCol" };
        Exception::out_of_range(locator, error.to_string())
    })?;
    check_limits(app, (set, coord), &bounds)?;
    Ok(tiles::current(app, ids, set, coord, headers).await?)
}

/// No other path of the facade is there.
pub fn no_path(path: &str) -> Problem {
    let shown: String = path.chars().take(200).collect();
    Problem::new(Code::NotFound, format!("{shown} is no path of this service; see {CAPABILITIES}"))
}
