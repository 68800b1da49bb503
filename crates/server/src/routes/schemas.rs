//! `/collections/{id}/schema`, `…/queryables`, `…/sortables`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::answers;
use super::collections::known;
use crate::asked::Asked;
use crate::negotiate::{HTML, Offer, SCHEMA, choose};
use crate::problem::Problem;
use crate::schema::{self, SchemaKind};
use crate::state::App;

const OFFERS: [&Offer; 2] = [&SCHEMA, &HTML];

/// `GET /collections/{id}/schema`: what features hold, or with `type` what they may be given.
pub async fn returnables(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "type"])?;
    let kind = match query.choice("type", &["create", "replace", "update"])? {
        Some(_) => SchemaKind::Receivables,
        None => SchemaKind::Returnables,
    };
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    answer(&app, &id, &asked, (kind, chosen))
}

/// `GET /collections/{id}/queryables`
pub async fn queryables(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let chosen = asked.format(&OFFERS)?;
    answer(&app, &id, &asked, (SchemaKind::Queryables, chosen))
}

/// `GET /collections/{id}/sortables`
pub async fn sortables(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let chosen = asked.format(&OFFERS)?;
    answer(&app, &id, &asked, (SchemaKind::Sortables, chosen))
}

fn answer(
    app: &App,
    id: &str,
    asked: &Asked,
    (kind, chosen): (SchemaKind, &Offer),
) -> Result<Response, Problem> {
    let snapshot = app.engine.snapshot();
    let collection = snapshot.collections[&known(&snapshot, id)?].collection();
    let body = schema::document(kind, &asked.resource(), collection, app.engine.profile());
    let title = format!("{} {}", collection.title, kind.name());
    Ok(answers::document(asked, chosen, &title, &body))
}
