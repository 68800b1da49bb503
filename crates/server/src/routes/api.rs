//! `/api`: the description of this API, for machines and for people.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::answers;
use crate::asked::Asked;
use crate::html;
use crate::negotiate::{HTML, OPENAPI};
use crate::openapi;
use crate::problem::Problem;
use crate::state::App;

/// `GET /api`
pub async fn api(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let chosen = asked.format(&[&OPENAPI, &HTML])?;
    let document = openapi::document(&app, &asked.base);
    let mut response = match chosen.name {
        "html" => html::page(&asked, "API", None, &html::api_body(&document, &asked.base)),
        _ => answers::json(OPENAPI.media_type, &document),
    };
    answers::vary_by_accept(&mut response);
    Ok(response)
}
