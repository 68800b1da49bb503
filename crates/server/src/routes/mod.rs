//! Every route on one screen, and what holds for all of them, outermost first.
//!
//! What holds for all are plain functions around the router: layers of it are cloned with every request,
//! each with all that are below it.

mod account;
mod accounts;
mod answers;
mod api;
mod archive_tiles;
mod archives;
pub mod audit;
pub mod changes;
mod checklists;
mod collections;
mod conformance;
mod defects;
pub mod dossier_photos;
pub mod dossier_sheets;
pub mod dossiers;
mod enforcement;
pub mod evidence;
mod extent;
mod facades;
pub mod fences;
mod functions;
mod indicator_style;
pub mod indicators;
pub mod items;
mod landing;
pub mod ledgers;
mod methods;
mod metrics;
mod min_revision;
mod origin;
pub mod patrols;
pub mod personal;
mod places;
mod planner;
pub mod points;
mod refusals;
pub mod rules;
mod schemas;
mod style_metadata;
mod styles;
mod tables;
pub mod tasks;
mod tile_layers;
mod tile_limits;
mod tile_matrix_sets;
mod tile_selection;
mod tilejson;
mod tiles;
mod tileset_documents;
mod tilesets;
pub mod towns;
mod transactions;
mod vector_tile_server;
mod viewer;
pub mod whistles;
mod wmts;
pub mod worklist;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceExt;

pub use collections::known;
pub use facades::in_their_form;
pub use metrics::Answers;
pub use styles::{MAPBOX_STYLE, QML};
pub use tile_selection::LABELS;
pub use tilejson::document as tilejson_document;
pub use tiles::MVT;
pub use vector_tile_server::{FORMATS as ESRI_FORMATS, ROOT as ESRI_ROOT};
pub use wmts::{CAPABILITIES as WMTS_CAPABILITIES, DATASET, STYLE, VERSION as WMTS_VERSION, XML};

use crate::access;
use crate::cors;
use crate::problem::{Code, Problem};
use crate::query_string::decode;
use crate::sender::Sender;
use crate::state::App;

/// Header with the number of the state that an answer was made from.
pub(crate) const REVISION: HeaderName = HeaderName::from_static("tuban-revision");

/// The routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(landing::landing))
        .route("/viewer/{file}", get(viewer::file))
        .route("/health", get(landing::health))
        .route("/metrics", get(metrics::metrics))
        .route("/account", get(account::account))
        .merge(accounts::routes(&app))
        .route(audit::PATH, get(audit::audit))
        .route("/api", get(api::api))
        .route("/conformance", get(conformance::conformance))
        .route("/functions", get(functions::functions))
        .route("/collections", get(collections::list))
        .route("/collections/{id}", get(collections::one))
        .route("/collections/{id}/schema", get(schemas::returnables))
        .route("/collections/{id}/queryables", get(schemas::queryables))
        .route("/collections/{id}/sortables", get(schemas::sortables))
        .route("/collections/{id}/items/{fid}/history", get(items::history))
        .merge(items::routes(&app))
        .route("/collections/{id}/defects", get(defects::defects))
        .route("/collections/{id}/all.fgb", get(items::whole))
        .route("/collections/{id}/tiles", get(tilesets::collection_list))
        .route("/collections/{id}/tiles/{tms}", get(tilesets::collection))
        .route("/collections/{id}/tiles/{tms}/{z}/{row}/{col}", get(tiles::of_collection))
        .route("/tiles", get(tilesets::dataset_list))
        .route("/tiles/{tms}", get(tilesets::dataset))
        .route("/tiles/{tms}/{z}/{row}/{col}", get(tiles::of_dataset))
        .route("/tileMatrixSets", get(tile_matrix_sets::list))
        .route("/tileMatrixSets/{tms}", get(tile_matrix_sets::one))
        .route("/xyz/{collections}/tilejson.json", get(tilejson::tilejson))
        .route("/xyz/{collections}/{z}/{x}/{y}", get(tiles::xyz))
        .merge(planner::routes(&app.settings))
        .merge(personal::routes(&app))
        .merge(places::routes())
        .merge(rules::routes(&app))
        .merge(fences::routes(&app))
        .route("/changes", get(changes::page))
        .route("/changes/stream", get(changes::stream))
        .merge(transactions::routes(&app))
        .merge(points::routes(&app))
        .merge(indicators::routes(&app))
        .route("/worklist", get(worklist::worklist))
        .merge(patrols::routes(&app))
        .merge(checklists::routes())
        .merge(evidence::routes(&app))
        .merge(enforcement::routes())
        .merge(ledgers::routes())
        .merge(dossiers::routes())
        .merge(dossier_photos::routes(&app))
        .merge(tasks::routes())
        .merge(towns::routes())
        .merge(whistles::routes(&app))
        .merge(wmts::routes())
        .merge(vector_tile_server::routes())
        .route("/styles", get(styles::list))
        .route("/styles/{id}", get(styles::style))
        .route("/styles/{id}/metadata", get(style_metadata::metadata))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(app.settings.max_body_bytes))
        .with_state(app)
}

/// Answers a request by one of the routes, within what holds for all of them.
pub async fn answer(app: &App, routes: Router, request: Request) -> Response {
    let (is_options, uri) = (request.method() == Method::OPTIONS, request.uri().clone());
    let mut response = match cors::preflight(&request) {
        Some(response) => response,
        None => in_their_form(uri.path(), refused_or(app, routes, (request, &uri)).await),
    };
    cors::allow_any_origin(response.headers_mut());
    response = methods::answer_options(is_options, response);
    app.answers.add(response.status());
    response
}

/// Answers a request whose sender may ask; keeps the refusal of a question.
async fn refused_or(app: &App, routes: Router, (request, uri): (Request, &Uri)) -> Response {
    if !refusals::are_kept_of(&request) {
        return admitted(app, routes, request).await;
    }
    let sender = Sender::of(app, (request.headers(), request.extensions()));
    let response = admitted(app, routes, request).await;
    refusals::keep(app, (&sender, uri), response).await
}

/// Answers a request whose sender may ask.
async fn admitted(app: &App, routes: Router, request: Request) -> Response {
    if let Some(refused) = access::refused(app, &request) {
        return refused;
    }
    let is_in_url = access::is_in_url(&request);
    let mut response = match min_revision::wait(app, request).await {
        Ok(request) => routed(app, routes, request).await,
        Err(refused) => refused,
    };
    if is_in_url {
        let headers = response.headers_mut();
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}

/// Answers by a route in the time that a request may take; says which state the answer was made from.
async fn routed(app: &App, routes: Router, request: Request) -> Response {
    // Taken before the answer is made: a later state never wears an earlier number's data.
    let revision = app.engine.snapshot().revision;
    let is_options = request.method() == Method::OPTIONS;
    let mut response = match beyond_url(app, request.uri()) {
        Some(refused) => refused,
        None => in_time(app, routes, request).await,
    };
    // `OPTIONS` tells of no state.
    if !is_options {
        response.headers_mut().entry(REVISION).or_insert_with(|| HeaderValue::from(revision.0));
    }
    response
}

/// Whether the path is of tiles, or of what draws them: it shows the same to everyone.
pub fn is_drawn(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    let of_collection = path.strip_prefix("collections/").and_then(|rest| rest.split_once('/'));
    let is_facade = |root: &str| path.starts_with(root.trim_start_matches('/'));
    ["tiles", "xyz", "styles"].contains(&first)
        || of_collection.is_some_and(|(_, rest)| rest.split('/').next() == Some("tiles"))
        || is_facade("wmts")
        || is_facade(ESRI_ROOT)
}

async fn not_found(request: Request) -> Problem {
    facades::no_path(request.uri().path())
}

async fn method_not_allowed(request: Request) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} is not offered here", request.method()))
}

/// The refusal of what is longer than any URL of this server needs to be, and of a path that is no text.
fn beyond_url(app: &App, uri: &Uri) -> Option<Response> {
    let length = uri.path_and_query().map_or(0, |url| url.as_str().len());
    let limit = app.settings.max_url_bytes;
    if length > limit {
        let detail = format!("the URL has {length} bytes; at most {limit} are read");
        return Some(Problem::new(Code::UriTooLong, detail).into_response());
    }
    decode(uri.path()).err().map(IntoResponse::into_response)
}

/// Whether a request may change something; of the others, POST only carries a question.
fn is_edit(request: &Request) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::PUT | Method::PATCH | Method::DELETE => true,
        Method::POST => {
            let endings = ["/items", "/events", evidence::ENDING, dossier_photos::ENDING];
            let is_whole = [transactions::PATH, patrols::PATH, accounts::PATH].contains(&path);
            is_whole
                || path.starts_with(whistles::PATH)
                || endings.iter().any(|ending| path.ends_with(ending))
        }
        _ => false,
    }
}

/// Ends a request that takes longer than it may; its work on the CPU pool ends by itself. An edit
/// is bounded by its size, and answered with what came of it: ended half-way, it might be made
/// and sent again. A body that is sent bit by bit, such as a stream of events, may take any time.
async fn in_time(app: &App, routes: Router, request: Request) -> Response {
    let is_edit = is_edit(&request);
    let answered = async {
        match routes.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    };
    if is_edit {
        return answered.await;
    }
    let limit = app.settings.request_timeout;
    match tokio::time::timeout(limit, answered).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = format!("no answer within {} s; try again", limit.as_secs());
            Problem::new(Code::Timeout, detail).into_response()
        }
    }
}
