//! `/account`: who the bearer of the token is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use engine::accounts::Day;
use engine::now;
use serde_json::json;

use super::answers;
use crate::access::may_edit;
use crate::actor::Actor;
use crate::asked::Asked;
use crate::negotiate::JSON;
use crate::problem::Problem;
use crate::state::App;

/// `GET /account`
pub async fn account(
    State(app): State<Arc<App>>,
    actor: Actor,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.query(&[])?;
    let now = now();
    let scope = actor.scope().iter().map(|scope| {
        json!({
            "area": scope.area,
            "from": scope.from.to_string(),
            "to": scope.to.map(|to| to.to_string())
        })
    });
    let body = json!({
        "name": actor.name(),
        "displayName": actor.display_name(),
        "role": actor.account_role_word(),
        "mayEdit": app.settings.offers_edits && may_edit(&app, &actor),
        "unit": actor.unit(),
        "areas": actor.areas_on(Day::of(now)).collect::<Vec<_>>(),
        "scope": scope.collect::<Vec<_>>()
    });
    let mut response = answers::json(JSON.media_type, &body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
