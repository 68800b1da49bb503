//! Esri's `VectorTileServer` over the live tiles: what ArcGIS and QGIS (3.26 and newer) read tiles
//! of other grids than Web Mercator from.
//!
//! A service is a collection, or [`DATASET`] for all of them in one tile, on a grid:
//! `parcels@CGCS2000Quad`, and `parcels` alone on Web Mercator. Levels count from the one tile that
//! is the whole square of the grid, rows come before columns. Parameters that are not known here
//! are ignored: these clients send many. What is refused is told in Esri's form.

mod documents;
mod error;
mod service;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
pub use error::said;
use serde_json::Value;
pub use service::path_on;

use self::service::Service;
use super::answers;
use super::tiles::{self, bare, whole_number};
pub use super::wmts::DATASET;
use crate::asked::Asked;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::state::App;

/// Where the facade begins.
pub const ROOT: &str = "/arcgis/rest";
/// Path of the list of services.
pub const SERVICES: &str = "/arcgis/rest/services";
/// Values of `f`: JSON, and JSON for reading.
pub const FORMATS: [&str; 2] = ["json", "pjson"];
/// Media type of glyphs.
const PROTOBUF: &str = "application/x-protobuf";
/// Longest name of a font that is answered, in bytes; a glyph file repeats it.
const MAX_FONT_BYTES: usize = 120;

/// The routes of the facade.
pub fn routes() -> Router<Arc<App>> {
    let at = |path: &str| format!("{ROOT}{path}");
    let service = |path: &str| at(&format!("/services/{{service}}/VectorTileServer{path}"));
    Router::new()
        .route(&at("/info"), get(info))
        .route(SERVICES, get(catalogue))
        .route(&at("/services/"), get(catalogue))
        .route(&service(""), get(metadata))
        .route(&service("/"), get(metadata))
        .route(&service("/tile/{z}/{row}/{col}"), get(tile))
        .route(&service("/resources/styles"), get(style))
        .route(&service("/resources/styles/"), get(style))
        .route(&service("/resources/styles/root.json"), get(style))
        .route(&service("/resources/fonts/{stack}/{range}"), get(glyphs))
        .route(&service("/resources/{*what}"), get(no_resource))
        .route(&service("/tilemap"), get(no_tilemap))
        .route(&service("/tilemap/{*block}"), get(no_tilemap))
}

/// `GET /arcgis/rest/info`
async fn info(asked: Asked) -> Result<Response, Problem> {
    json(&asked, &documents::info())
}

/// `GET /arcgis/rest/services`
async fn catalogue(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    json(&asked, &documents::catalogue(&app, &asked.base))
}

/// `GET /arcgis/rest/services/{service}/VectorTileServer`
async fn metadata(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let snapshot = app.engine.snapshot();
    json(&asked, &documents::metadata(&Service::named(&app, &snapshot, &name)?))
}

/// `GET …/VectorTileServer/tile/{z}/{row}/{col}.pbf`
async fn tile(
    State(app): State<Arc<App>>,
    Path((name, z, row, col)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = app.engine.snapshot();
    let service = Service::named(&app, &snapshot, &name)?;
    let level = whole_number("level", &z)?;
    let (row, col) = (whole_number("row", &row)?, whole_number("column", bare(&col))?);
    let coord = service.coord(level, row, col)?;
    tiles::current(&app, service.ids(), service.set, coord, &headers).await
}

/// `GET …/VectorTileServer/resources/styles` and `…/resources/styles/root.json`
async fn style(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let snapshot = app.engine.snapshot();
    json(&asked, &documents::style(&Service::named(&app, &snapshot, &name)?))
}

/// `GET …/VectorTileServer/resources/fonts/{stack}/{range}.pbf`: a range without a glyph. There
/// are no fonts here, and a client that finds none draws the map without its labels.
async fn glyphs(
    State(app): State<Arc<App>>,
    Path((name, stack, range)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    Service::named(&app, &app.engine.snapshot(), &name)?;
    let glyphs = range.strip_suffix(".pbf").filter(|range| is_glyph_range(range));
    let Some(range) = glyphs.filter(|_| stack.len() <= MAX_FONT_BYTES) else {
        let detail = "glyphs are at fonts/{fontstack}/{first}-{last}.pbf, 256 a range, and the \
                      name of a font has at most 120 bytes";
        return Err(Problem::new(Code::NotFound, detail));
    };
    let mut response = documents::no_glyphs(&stack, range).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
    Ok(response)
}

/// Whether `range` is `0-255` and so on, up to the end of the basic plane.
fn is_glyph_range(range: &str) -> bool {
    let Some((first, last)) = range.split_once('-') else { return false };
    let number = |text: &str| whole_number("glyph", text).ok();
    matches!(
        (number(first), number(last)),
        (Some(first), Some(last)) if first % 256 == 0 && first < 65_536 && last == first + 255
    )
}

async fn no_resource(Path((_name, what)): Path<(String, String)>) -> Problem {
    let shown: String = what.chars().take(120).collect();
    let detail = format!(
        "there is no resource {shown:?}: styles need no sprites here; there is \
         resources/styles/root.json"
    );
    Problem::new(Code::NotFound, detail)
}

async fn no_tilemap() -> Problem {
    let detail = "there is no tilemap, since an edit may put a feature anywhere: ask for the tiles";
    Problem::new(Code::NotFound, detail)
}

/// No other path of the facade is there.
pub fn no_path(path: &str) -> Problem {
    let shown: String = path.chars().take(200).collect();
    Problem::new(Code::NotFound, format!("{shown} is no path of this service; see {SERVICES}"))
}

/// A document as the parameter `f` asks for it.
fn json(asked: &Asked, document: &Value) -> Result<Response, Problem> {
    let query = QueryString::read(asked.raw_query.as_deref())?;
    if query.choice("f", &FORMATS)? != Some("pjson") {
        return Ok(answers::json(JSON.media_type, document));
    }
    let mut response = format!("{document:#}").into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON.media_type));
    Ok(response)
}
