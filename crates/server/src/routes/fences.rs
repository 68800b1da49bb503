//! `/fences`: areas that are watched, and what happens at them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine::fences::{Fence, FenceDefinition, FenceEventPage, FenceId, Fences};
use engine::now;
use serde_json::json;

use super::answers;
use super::changes::limit;
use super::items::content_crs;
use super::origin::refuse_other_origins;
use crate::access::Editor;
use crate::asked::Asked;
use crate::crs_uri::OfferedCrs;
use crate::event_stream::{self, Event, EventSender, last_seen, whole_number};
use crate::fence_document::{event, summary, whole};
use crate::links::link;
use crate::negotiate::JSON;
use crate::planner::{FenceRequest, named_crs};
use crate::problem::{Code, Problem};
use crate::request_body::{self, Body, GEOJSON};
use crate::state::App;

/// Fences of a page when nothing is said.
pub const DEFAULT_FENCES: usize = 100;
/// Most fences of a page.
pub const MAX_FENCES: usize = 1_000;
/// Events of a page when nothing is said.
pub const DEFAULT_EVENTS: usize = 1_000;
/// Most events of a page.
pub const MAX_EVENTS: usize = 10_000;
/// Events that a stream reads at a time.
const STREAM_EVENTS: usize = 256;
/// Parameters of the list.
pub const LIST_PARAMETERS: [&str; 2] = ["after", "limit"];
/// Parameters of the events.
pub const EVENT_PARAMETERS: [&str; 2] = ["since", "limit"];

/// The routes; fences come and go where edits are offered, by pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let (mut all, mut each) = (get(list), get(one));
    if app.settings.offers_edits {
        all = all.post(make);
        each = each.delete(remove);
    }
    Router::new()
        .route("/fences", all)
        .route("/fences/{id}", each)
        .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins))
        .route("/fences/{id}/events", get(events))
        .route("/fences/{id}/stream", get(stream))
}

fn fences(app: &App) -> Result<&Arc<Fences>, Problem> {
    whole_store(app, "fences and their events")?;
    app.fences.as_ref().ok_or_else(|| {
        Problem::new(Code::NotFound, "this server keeps no fences: its store could not be read")
    })
}

/// Refuses `what` is of the whole store to those who see a part of it.
pub fn whole_store(app: &App, what: &str) -> Result<(), Problem> {
    if !app.engine.is_limited() {
        return Ok(());
    }
    let detail = format!(
        "{what} are of the whole store, of which you see a part; ask with an account that has no area"
    );
    Err(Problem::new(Code::OutsideArea, detail))
}

fn fence_id(text: &str) -> Option<FenceId> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(FenceId)
}

fn unknown(text: &str) -> Problem {
    let shown: String = text.chars().take(40).collect();
    Problem::new(Code::FenceNotFound, format!("there is no fence {shown:?}; see /fences"))
}

async fn known(app: &App, text: &str) -> Result<Fence, Problem> {
    let id = fence_id(text).ok_or_else(|| unknown(text))?;
    fences(app)?.one(id).await.ok_or_else(|| unknown(text))
}

/// `GET /fences`
async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&LIST_PARAMETERS)?;
    let after = query.value("after").map(|text| whole_number("after", text)).transpose()?;
    let after = i64::try_from(after.unwrap_or(0)).unwrap_or(i64::MAX);
    let limit = limit(query.value("limit"), DEFAULT_FENCES, MAX_FENCES)?;
    let mut page = fences(&app)?.list(FenceId(after), limit + 1).await;
    let mut links = vec![link("self", JSON.media_type, &asked.href(), "this page")];
    if page.len() > limit {
        page.truncate(limit);
        if let Some(last) = page.last() {
            let next = asked.href_with("after", &last.id.to_string());
            links.push(link("next", JSON.media_type, &next, "the fences after these"));
        }
    }
    let body = json!({ "fences": page.iter().map(summary).collect::<Vec<_>>(), "links": links });
    Ok(unstored(answers::json(JSON.media_type, &body)))
}

/// `POST /fences`
async fn make(
    State(app): State<Arc<App>>,
    Editor(actor): Editor,
    asked: Asked,
    body: Body,
) -> Result<Response, Problem> {
    asked.query(&[])?;
    let body = request_body::read(
        &asked.headers,
        body,
        app.settings.max_body_bytes,
        &[request_body::JSON, GEOJSON],
    )?;
    let crs = body_crs(&app, &asked.headers)?;
    let (read_in, registry) = (crs.clone(), Arc::clone(app.engine.registry()));
    // Checks a polygon of any size that the body may have.
    let read = move || FenceRequest::read(&body, &read_in);
    let request = app.engine.pool().run(read).await??;
    if let Some(webhook) = &request.webhook {
        app.webhooks.check(&webhook.url).map_err(|refusal| {
            Problem::new(Code::WebhookRefused, format!("webhook.url: {refusal}"))
        })?;
    }
    let FenceRequest { name, geometry, collections, detect, webhook } = request;
    let (actor, created_at) = (actor.name().to_owned(), now());
    let crs = crs.crs;
    let definition =
        FenceDefinition { name, geometry, crs, collections, detect, webhook, actor, created_at };
    let fence = fences(&app)?.add(definition).await?;
    let mut response = unstored(answers::json(JSON.media_type, &whole(&fence, &registry)));
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("{}/{}", asked.resource(), fence.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The CRS of a body: what `Content-Crs` says, CRS84 without it.
fn body_crs(app: &App, headers: &HeaderMap) -> Result<OfferedCrs, Problem> {
    let Some(text) = content_crs(headers)? else { return Ok(OfferedCrs::crs84()) };
    named_crs(&text, app.engine.registry())
        .map_err(|reason| Problem::new(Code::InvalidParameter, format!("Content-Crs: {reason}")))
}

/// `GET /fences/{id}`
async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.query(&[])?;
    let fence = known(&app, &id).await?;
    let body = whole(&fence, app.engine.registry());
    Ok(unstored(answers::json(JSON.media_type, &body)))
}

/// `DELETE /fences/{id}`
async fn remove(
    State(app): State<Arc<App>>,
    _editor: Editor,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.query(&[])?;
    let number = fence_id(&id).ok_or_else(|| unknown(&id))?;
    match fences(&app)?.remove(number).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(unknown(&id)),
    }
}

/// `GET /fences/{id}/events`
async fn events(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&EVENT_PARAMETERS)?;
    let since = query.value("since").map(|text| whole_number("since", text)).transpose()?;
    let limit = limit(query.value("limit"), DEFAULT_EVENTS, MAX_EVENTS)?;
    let fence = known(&app, &id).await?;
    let after = since.unwrap_or(0);
    let FenceEventPage { events, gone } = fences(&app)?.events(fence.id, after, limit).await?;
    if since.is_some_and(|since| since > 0 && since < gone) {
        let detail = format!(
            "events up to {gone} are not kept any more, and since={after} has not seen them all; \
             go on with since={gone}"
        );
        return Err(Problem::new(Code::EventsGone, detail));
    }
    let next = events.last().map_or(after, |last| last.id);
    let mut links = vec![link("self", JSON.media_type, &asked.href(), "this page")];
    if events.len() == limit {
        let href = asked.href_with("since", &next.to_string());
        links.push(link("next", JSON.media_type, &href, "the events after these"));
    }
    let events: Vec<_> = events.iter().map(event).collect();
    let body = json!({ "events": events, "next": next, "links": links });
    Ok(unstored(answers::json(JSON.media_type, &body)))
}

/// `GET /fences/{id}/stream`
async fn stream(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["since"])?;
    let since = last_seen(&asked.headers, query.value("since"))?;
    let fence = known(&app, &id).await?;
    let fences = Arc::clone(fences(&app)?);
    // Read before the stream begins: what happens from here on is told.
    let newest = *fences.newest().borrow();
    let after = since.unwrap_or(newest);
    event_stream::open(&app, &asked, move |sender| async move {
        // Whoever is gone needs to be told nothing.
        let _ended = tell(fences, fence.id, sender, after).await;
    })
}

async fn tell(
    fences: Arc<Fences>,
    id: FenceId,
    sender: EventSender,
    mut after: u64,
) -> Result<(), event_stream::Gone> {
    let mut newest = fences.newest();
    loop {
        // Noted before the log is read: what comes later wakes this up again.
        newest.borrow_and_update();
        let page = match fences.events(id, after, STREAM_EVENTS).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%error, "a stream of fence events ended");
                return Ok(());
            }
        };
        if page.gone > after && after > 0 {
            let data = json!({ "gone": page.gone }).to_string();
            sender.send_from_log(Event::new(Some("gone"), page.gone, &data)).await?;
            after = page.gone;
        }
        for happened in page.events.iter().filter(|event| event.id > after) {
            let data = event(happened).to_string();
            sender.send_from_log(Event::new(None, happened.id, &data)).await?;
        }
        if let Some(last) = page.events.last() {
            after = after.max(last.id);
            continue;
        }
        if newest.changed().await.is_err() || fences.one(id).await.is_none() {
            return Ok(());
        }
    }
}

fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
