//! `POST /transactions`: changes of several collections, all or none.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::post;
use engine::{EditSet, Engine};
use formats::datetime::utc_of_millis;
use serde_json::json;
use spatial::Commit;

use super::items::content_crs;
use super::origin::refuse_other_origins;
use super::{REVISION, answers};
use crate::access::Editor;
use crate::edits::{Findings, read_transaction};
use crate::problem::Problem;
use crate::request_body::{self, EditBody, JSON};
use crate::state::App;

/// Where transactions are sent.
pub const PATH: &str = "/transactions";

/// The route, where edits are offered, with the bound on its body.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    if !app.settings.offers_edits {
        return Router::new();
    }
    Router::new()
        .route(PATH, post(transact))
        .layer(DefaultBodyLimit::max(app.settings.max_batch_bytes))
        .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins))
}

/// `POST /transactions`
async fn transact(
    State(app): State<Arc<App>>,
    Editor(actor): Editor,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let body = request_body::read(&headers, body, app.settings.max_batch_bytes, &[JSON])?;
    let crs = content_crs(&headers)?;
    let reading = Arc::clone(&app);
    let read = move || read_transaction(&reading, &body, crs.as_deref(), &actor);
    let (edits, findings) = app.engine.pool().run(read).await??;
    let commit = apply(&app.engine, edits, findings).await?;
    let ids: Vec<i64> = commit.changes.iter().map(|change| change.id.value()).collect();
    let mut response = answers::json(
        JSON,
        &json!({
            "revision": commit.revision.0,
            "at": utc_of_millis(commit.recorded_at.0),
            "ids": ids
        }),
    );
    response.headers_mut().insert(REVISION, HeaderValue::from(commit.revision.0));
    Ok(response)
}

/// Applies edits with which nothing is wrong; else lists what the reading found together with
/// what the engine says of the features.
pub async fn apply(
    engine: &Engine,
    edits: EditSet,
    mut findings: Findings,
) -> Result<Commit, Problem> {
    if let Some(refusal) = findings.refusal() {
        return Err(refusal);
    }
    if findings.is_empty() {
        return Ok(engine.edit(edits).await?);
    }
    findings.defects.extend(engine.check_edits(edits).await?);
    Err(findings.into_problem())
}
