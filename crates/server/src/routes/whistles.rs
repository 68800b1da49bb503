//! `/whistles`: calls of departments (吹哨报到): call, come, close, each told again without harm.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use engine::ledger::FoundWhistle;
use ledger::point::Role;
use ledger::record::calls::WHISTLES;
use ledger::whistle::Telling;

use super::answers;
use super::items::content_crs;
use super::origin::refuse_other_origins;
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::crs_uri::named;
use crate::links::link;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::request_body::{self, Body, EditBody};
use crate::state::App;
use crate::whistles::{self, answer, document, held, no_whistle, read_arrival, read_closing};

/// Where departments are called.
pub const PATH: &str = "/whistles";

/// The routes; calls are told where edits are offered, by pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut routes = Router::new();
    if app.settings.offers_edits {
        routes = routes
            .route(PATH, post(call))
            .route("/whistles/{code}/arrivals", post(arrive))
            .route("/whistles/{code}/close", post(close))
            .layer(DefaultBodyLimit::max(app.settings.max_body_bytes))
            .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    }
    routes.route("/whistles/{code}", get(one))
}

/// `POST /whistles`: calls departments.
async fn call(
    State(app): State<Arc<App>>,
    actor: Actor,
    asked: Asked,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    check_role(&actor, &app.settings.whistles.callers, "call departments")?;
    let body = read(&app, &asked.headers, body)?;
    let crs = content_crs(&asked.headers)?;
    let listed = app.crs_lists.of(&app.engine, &*held(&app.engine)?);
    let crs = named("Content-Crs", crs.as_deref(), &listed)?;
    let sender = (&actor, &app.settings.whistles);
    let found = whistles::call(&app.engine, &body, sender, &crs).await?;
    let mut response = told(&found);
    if found.telling == Telling::New {
        *response.status_mut() = StatusCode::CREATED;
    }
    let place =
        format!("{}{PATH}/{}", asked.base, crate::query_string::encode(&found.whistle.code));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `POST /whistles/{code}/arrivals`: a department came.
async fn arrive(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    actor: Actor,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    check_role(&actor, &app.settings.whistles.arrivers, "say that a department came")?;
    let tale = read_arrival(&read(&app, &headers, body)?, &actor)?;
    let found = whistles::tell(&app.engine, &code, tale, &actor).await?;
    Ok(told(&found))
}

/// `POST /whistles/{code}/close`: what came of a call.
async fn close(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    actor: Actor,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    check_role(&actor, &app.settings.whistles.closers, "close calls of departments")?;
    let tale = read_closing(&read(&app, &headers, body)?, &actor)?;
    let found = whistles::tell(&app.engine, &code, tale, &actor).await?;
    Ok(told(&found))
}

/// `GET /whistles/{code}`: a call with who came and when, as it is or as it had been recorded.
async fn one(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let as_of = as_of(&asked.query(&[AS_OF])?)?;
    let found = app.engine.whistle(&code, as_of).await?.ok_or_else(|| no_whistle(&code))?;
    let mut document = document(&found);
    let item = format!("{}/collections/{WHISTLES}/items/{}", asked.base, found.row.value());
    let mut links = vec![
        link("self", JSON.media_type, &asked.href(), "this call"),
        link("item", "application/geo+json", &item, "the call on the map"),
    ];
    if let Some(point) = &found.whistle.point {
        let point = crate::query_string::encode(point);
        let timeline = format!("{}/points/{point}/enforcement", asked.base);
        links.push(link("related", JSON.media_type, &timeline, "what happened at the point"));
    }
    document["links"] = links.into();
    let response = answers::json(JSON.media_type, &document);
    Ok(answers::of_state(response, found.revision, "no-cache"))
}

fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, Problem> {
    request_body::read(headers, body, app.settings.max_body_bytes, &[request_body::JSON])
}

fn check_role(actor: &Actor, may: &BTreeSet<Role>, what: &str) -> Result<(), Problem> {
    if actor.is_local() || actor.role().is_some_and(|role| may.contains(&role)) {
        return Ok(());
    }
    let names: Vec<&str> = may.iter().map(|role| role.identifier()).collect();
    let detail = format!(
        "{}, in the role {}, may not {what}; these roles may: {}",
        actor.name(),
        actor.account_role_word(),
        names.join(", ")
    );
    Err(Problem::new(Code::RoleMayNot, detail))
}

/// What a call has become, for whoever told of it.
fn told(found: &FoundWhistle) -> Response {
    let response = answers::json(request_body::JSON, &answer(found));
    answers::of_state(response, found.revision, "no-store")
}
