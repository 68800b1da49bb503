//! `/points`: events of the ledger's points, and what they made of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use engine::ledger::Taking;
use engine::now;
use ledger::Point;
use ledger::rows::POINTS;
use serde_json::Value;
use sheet::FormFault;
use spatial::{CollectionId, Revision, Table};

use super::items::content_crs;
use super::origin::refuse_other_origins;
use super::{answers, tables};
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::crs_uri::{OfferedCrs, named};
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, HTML, JSON, Offer, XLSX, choose};
use crate::point_events::{self, Answer, Asking, At, no_point, point_at};
use crate::points;
use crate::problem::{Code, Problem};
use crate::request_body::{self, Body, EditBody};
use crate::state::App;

/// Media type of forms.
pub const PDF: &str = "application/pdf";
/// The encodings of what happened to a point.
pub const OFFERS: [&Offer; 4] = [&JSON, &HTML, &CSV, &XLSX];
/// Events of many points.
pub const BATCH_PATH: &str = "/points/events";

/// The routes; events are raised where edits are offered, by pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut routes = Router::new();
    if app.settings.offers_edits {
        routes = routes
            .route(BATCH_PATH, post(batch))
            .route("/points/{id}/events", post(of_point))
            .layer(DefaultBodyLimit::max(app.settings.max_batch_bytes))
            .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    }
    routes.route("/points/{id}/trace", get(trace)).route("/points/{id}/approval", get(approval))
}

/// `POST /points/events`: events of many points, each with an outcome of its own.
async fn batch(
    State(app): State<Arc<App>>,
    actor: Actor,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let answer = raise((&app, &actor), &headers, body, At::Any).await?;
    Ok(described(&answer, StatusCode::OK))
}

/// `POST /points/{id}/events`: one event of a point, or a list of them.
async fn of_point(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    actor: Actor,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let point = point_at(&app.engine, &name).await?;
    let mut answer = raise((&app, &actor), &headers, body, At::Point(point)).await?;
    if let (false, Some(refused)) = (answer.is_list, answer.refused.take()) {
        return Err(refused);
    }
    let is_made = answer.is_new && !answer.is_list;
    Ok(described(&answer, if is_made { StatusCode::CREATED } else { StatusCode::OK }))
}

async fn raise(
    (app, actor): (&Arc<App>, &Actor),
    headers: &HeaderMap,
    body: Body,
    at: At,
) -> Result<Answer, Problem> {
    let most = app.settings.max_batch_bytes;
    let body = request_body::read(headers, body, most, &[request_body::JSON])?;
    let crs = body_crs(app, headers)?;
    let most = app.settings.max_transaction_changes;
    let taking = Taking::Each;
    let asking = Asking { actor, crs: &crs, at, most, taking };
    point_events::raise(&app.engine, body.to_vec(), asking).await
}

/// What geometries of reports are in: what `Content-Crs` says, CRS84 without it.
fn body_crs(app: &Arc<App>, headers: &HeaderMap) -> Result<OfferedCrs, Problem> {
    let crs = content_crs(headers)?;
    let snapshot = app.engine.snapshot();
    let id = CollectionId::try_from(POINTS).map_err(|error| Problem::internal(&error))?;
    match snapshot.collections.get(&id) {
        Some(held) => named("Content-Crs", crs.as_deref(), &app.crs_lists.of(&app.engine, held)),
        None => Ok(OfferedCrs::crs84()),
    }
}

fn described(answer: &Answer, status: StatusCode) -> Response {
    let mut response = answers::json(request_body::JSON, &answer.body);
    *response.status_mut() = status;
    answers::of_state(response, Revision(answer.revision), "no-store")
}

/// `GET /points/{id}/approval`: the form of approval of a point (销账审批表), to be signed.
async fn approval(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let as_of = as_of(&asked.query(&[AS_OF])?)?;
    let trace = app.engine.trace(&name, as_of).await?.ok_or_else(|| no_point(&name))?;
    let at = as_of.unwrap_or_else(now);
    let revision = trace.revision;
    let file = called(&trace.point);
    let document = point_events::trace(&app.engine, &trace, at, (&asked.base, Vec::new()));
    let tasks = Arc::clone(&app.settings.tasks);
    let drawn = app.engine.pool().run(move || points::approval(&document, &tasks)).await?;
    let pdf = drawn.map_err(|fault| match fault {
        FormFault::Long { .. } => Problem::new(Code::TooCostly, fault.to_string()),
        FormFault::Font(_) | FormFault::Pdf(_) => Problem::internal(&fault),
    })?;
    let mut response = answers::of_state(pdf.into_response(), revision, "no-cache");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PDF));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{file}.pdf\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// `GET /points/{id}/trace`: a point with its events, as they are or as they had been recorded.
async fn trace(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let as_of = as_of(&query)?;
    let trace = app.engine.trace(&name, as_of).await?.ok_or_else(|| no_point(&name))?;
    let mut links = self_and_alternates(&asked, chosen, &OFFERS);
    if let Some(row) = trace.row {
        let item = format!("{}/collections/{POINTS}/items/{}", asked.base, row.value());
        links.push(link("item", "application/geo+json", &item, "the point on the map"));
    }
    let lists = &app.settings.checklists;
    let document = points::trace(&app.engine, lists, (&trace, as_of), (&asked.base, links)).await?;
    let (table, name) = (points::trace_table(&document), format!("{}-trace", called(&trace.point)));
    let response = told((&asked, chosen), (&document, table), &name)?;
    Ok(answers::of_state(response, trace.revision, "no-cache"))
}

/// What happened to a point, in the encoding of `chosen`: the document, or its table in a file called
/// `name`.
pub fn told(
    (asked, chosen): (&Asked, &Offer),
    (document, table): (&Value, Table),
    name: &str,
) -> Result<Response, Problem> {
    if chosen.name != JSON.name {
        return tables::table(asked, chosen, name, &table);
    }
    let mut response = answers::json(JSON.media_type, document);
    answers::vary_by_accept(&mut response);
    Ok(response)
}

/// What files of a point are called: its number, or its id. Both are letters, digits and hyphens.
pub fn called(point: &Point) -> String {
    point.code().map_or_else(|| point.id().to_string(), str::to_owned)
}
