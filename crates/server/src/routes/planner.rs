//! The planner's operations over HTTP: JSON in by POST, JSON out.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use spatial::{Budget, CollectionId, Costs, CrsRegistry};

use super::REVISION;
use super::collections::known;
use super::items::CONTENT_CRS;
use crate::negotiate::GEOJSON;
use crate::planner::{self, ClusterRequest, JoinRequest, Refusal, SearchAnswer, SearchRequest};
use crate::problem::Problem;
use crate::ready::OfTheState;
use crate::request_body::{self, Body};
use crate::sender::Sender;
use crate::state::{App, ServerSettings};

const JSON: &str = "application/json";
/// Bytes of a body that is read at once: less work than handing it to another thread.
const SHORT_BODY: usize = 16 << 10;

/// The routes, each with the bound on its body.
pub fn routes(settings: &ServerSettings) -> Router<Arc<App>> {
    let batches = Router::new()
        .route("/geometry/relate", post(relate))
        .route("/geometry/overlay", post(overlay))
        .route("/geometry/validate", post(validate))
        .layer(DefaultBodyLimit::max(settings.max_batch_bytes));
    let queries = Router::new()
        .route("/search", post(search))
        .route("/collections/{id}/search", post(search_one))
        .route("/join", post(join))
        .route("/cluster", post(cluster));
    queries.merge(batches)
}

/// `POST /search`
async fn search(
    State(app): State<Arc<App>>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = json_body(&headers, body, app.settings.max_body_bytes)?;
    let request = made_out_search(&app, None, body).await?;
    let answer = request.answer(&app.engine).await?;
    let is_counted = take(&app, &sender, &answer).await?;
    Ok(respond(answer, JSON, is_counted))
}

/// Counts the features of an answer; whether there were any to count.
async fn take(app: &App, sender: &Sender, answer: &SearchAnswer) -> Result<bool, Problem> {
    let mut is_counted = false;
    for (held, ids) in &answer.features {
        is_counted |= app.take_features(sender, (held, Some(ids))).await?;
    }
    Ok(is_counted)
}

/// `POST /collections/{id}/search`
async fn search_one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = known(&app.engine.snapshot(), &id)?;
    let body = json_body(&headers, body, app.settings.max_body_bytes)?;
    let request = made_out_search(&app, Some(id), body).await?;
    let answer = request.answer(&app.engine).await?;
    let is_counted = take(&app, &sender, &answer).await?;
    // Features of one collection are a feature collection.
    let is_features = answer.content_crs.is_some();
    Ok(respond(answer, if is_features { GEOJSON.media_type } else { JSON }, is_counted))
}

/// `POST /join`
async fn join(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = json_body(&headers, body, app.settings.max_body_bytes)?;
    let request = made_out(&app, body, JoinRequest::read).await?;
    Ok(respond(request.answer(&app.engine).await?, JSON, false))
}

/// `POST /cluster`
async fn cluster(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = json_body(&headers, body, app.settings.max_body_bytes)?;
    let request = made_out(&app, body, ClusterRequest::read).await?;
    Ok(respond(request.answer(&app.engine).await?, JSON, false))
}

/// The search that a body asks for, of `one` collection or of those that it lists.
async fn made_out_search(
    app: &App,
    one: Option<CollectionId>,
    body: Bytes,
) -> Result<SearchRequest, Problem> {
    if let Some(known) = app.searches.find(one.as_ref(), &body) {
        return Ok(known);
    }
    let searches = Arc::clone(&app.searches);
    let read = move |body: &[u8], registry: &CrsRegistry| {
        let made = SearchRequest::read(body, one.as_ref(), registry)?;
        searches.keep(one.as_ref(), body, &made);
        Ok(made)
    };
    made_out(app, body, read).await
}

/// What `read` makes of a body: on the pool when it is long.
pub(super) async fn made_out<T: Send + 'static>(
    app: &App,
    body: Bytes,
    read: impl FnOnce(&[u8], &CrsRegistry) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let registry = Arc::clone(app.engine.registry());
    if body.len() <= SHORT_BODY {
        return Ok(read(&body, &registry)?);
    }
    Ok(app.engine.pool().run(move || read(&body, &registry)).await??)
}

fn respond(answer: SearchAnswer, media_type: &'static str, is_counted: bool) -> Response {
    let mut response = json_answer(answer.body.into());
    let headers = response.headers_mut();
    headers.insert(REVISION, HeaderValue::from(answer.revision.0));
    if let Some(uri) = answer.content_crs
        && let Ok(value) = HeaderValue::from_str(&format!("<{uri}>"))
    {
        headers.insert(CONTENT_CRS, value);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // A cursor lives for a time, and what is counted is counted each time.
    if !answer.is_paged && !is_counted {
        response.extensions_mut().insert(OfTheState::Timeless);
    }
    response
}

/// `POST /geometry/relate`
async fn relate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    batch(&app, &headers, body, planner::relate).await
}

/// `POST /geometry/overlay`
async fn overlay(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    batch(&app, &headers, body, planner::overlay_pairs).await
}

/// `POST /geometry/validate`
async fn validate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    batch(&app, &headers, body, planner::validate).await
}

async fn batch(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    operation: fn(&[u8], &Budget<'_>) -> Result<String, Refusal>,
) -> Result<Response, Problem> {
    let body = json_body(headers, body, app.settings.max_batch_bytes)?;
    let deadline = Instant::now() + app.engine.settings().query_time;
    let answer = app.engine.pool().run(move || {
        let expired = || Instant::now() > deadline;
        operation(&body, &Budget::new(Costs::default(), &expired))
    });
    Ok(json_answer(answer.await??.into()))
}

/// The body, once the headers say that it is plain JSON.
pub(super) fn json_body(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    request_body::read(headers, body, most, &[request_body::JSON, request_body::GEOJSON])
}

pub(super) fn json_answer(body: Bytes) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
