//! `/collections/{id}/schema`, `…/queryables`, `…/sortables`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use engine::Profile;

use super::answers;
use super::collections::known;
use crate::asked::Asked;
use crate::negotiate::{HTML, SCHEMA};
use crate::problem::Problem;
use crate::schema::{self, SchemaKind};
use crate::state::App;

/// `GET /collections/{id}/schema`
pub async fn returnables(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    answer(&app, &id, &asked, SchemaKind::Returnables)
}

/// `GET /collections/{id}/queryables`
pub async fn queryables(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    answer(&app, &id, &asked, SchemaKind::Queryables)
}

/// `GET /collections/{id}/sortables`
pub async fn sortables(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    answer(&app, &id, &asked, SchemaKind::Sortables)
}

fn answer(app: &App, id: &str, asked: &Asked, kind: SchemaKind) -> Result<Response, Problem> {
    let chosen = asked.format(&[&SCHEMA, &HTML])?;
    let snapshot = app.engine.snapshot();
    let collection = snapshot.collections[&known(&snapshot, id)?].collection();
    let body = schema::document(kind, &asked.resource(), collection, Profile::default());
    let title = format!("{} {}", collection.title, kind.name());
    Ok(answers::document(asked, chosen, &title, &body))
}
