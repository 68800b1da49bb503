//! `/points/{id}/enforcement`: what happened at a point, in one timeline.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::answers;
use super::points::{OFFERS, called, told};
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{JSON, choose};
use crate::point_events::no_point;
use crate::problem::Problem;
use crate::state::App;

/// The route.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/points/{id}/enforcement", get(timeline))
}

async fn timeline(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    actor: Result<Actor, Problem>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let as_of = as_of(&query)?;
    let found = app.engine.enforcement(&name, as_of).await?.ok_or_else(|| no_point(&name))?;
    let (trace, records) = found;
    let actor = actor.as_ref().ok();
    let mut document = crate::enforcement::timeline(&app.engine, &trace, &records, actor);
    let up = format!("{}/points/{}/trace", asked.base, trace.point.id());
    let mut links = self_and_alternates(&asked, chosen, &OFFERS);
    links.push(link("up", JSON.media_type, &up, "the point"));
    document["links"] = links.into();
    let table = crate::enforcement::timeline_table(&document);
    let name = format!("{}-enforcement", called(&trace.point));
    let response = told((&asked, chosen), (&document, table), &name)?;
    Ok(answers::of_state(response, trace.revision, "private, no-cache"))
}
