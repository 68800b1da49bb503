//! What somebody asked for who may not read it stands in the audit log: which fields were named where,
//! and by whom.
//!
//! *Invariant:* a value of the request is never kept, and of a path that need not be one here its first word.

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use engine::audit::{AuditEntry, action, result};

use super::personal::names_a_person;
use crate::access::is_question;
use crate::problem::{Code, Problem, Told};
use crate::sender::Sender;
use crate::state::App;

/// Whether a refusal of this request is kept. What would change something, or shows values in the clear,
/// keeps its own.
pub fn are_kept_of(request: &Request) -> bool {
    match *request.method() {
        Method::GET | Method::HEAD => true,
        Method::POST => is_question(request.uri().path()),
        _ => false,
    }
}

/// Keeps that a question was refused, before the refusal goes out.
pub async fn keep(app: &App, (sender, uri): (&Sender, &Uri), response: Response) -> Response {
    let Some(told) = response.extensions().get::<Told>() else { return response };
    let object = match told.code {
        // Whatever stands in such a path is there.
        Code::FieldNotReadable if !names_a_person(uri.path()) => uri.path().to_owned(),
        Code::FieldNotReadable | Code::RoleMayNot | Code::OutsideArea => begin(uri.path()),
        _ => return response,
    };
    let entry = AuditEntry {
        fields: told.fields.clone(),
        reason: told.code.word().to_owned(),
        result: result::REFUSED.to_owned(),
        ..sender.entry(action::REFUSED_READ, object)
    };
    match app.tallies.refuse(&app.engine, entry).await {
        Ok(()) => response,
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The first word of a path.
fn begin(path: &str) -> String {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => format!("/{first}"),
        false => "another path".to_owned(),
    }
}
