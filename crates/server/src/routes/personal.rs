//! Personal values of the subject of a file: masked, and one record at a time in the clear.
//!
//! *Invariants:* no answer of this module may be kept by anybody; what is shown in the clear, and
//! what is refused, stands in the audit log before it is answered.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use engine::audit::{action, result};
use engine::personal::{MaskedValue, PersonalValue};
use ledger::dossier::SubjectKind;
use ledger::{IdentityNumber, MobileNumber};
use serde::Deserialize;
use serde_json::{Value, json};
use spatial::{CollectionId, FeatureId, FieldClass};

use super::answers;
use super::dossiers::{definitions, no_kind};
use super::origin::refuse_other_origins;
use crate::access::{Duty, may_not};
use crate::actor::Actor;
use crate::asked::Asked;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::request_body::{self, Body};
use crate::sender::Sender;
use crate::state::App;

/// Where the masked values of a file are.
pub const PATH: &str = "/dossiers/{id}/personal";
/// Where some of them are asked for in the clear.
pub const REVEAL: &str = "/dossiers/{id}/reveal";
/// Most fields of one question.
pub const MAX_FIELDS: usize = 20;
/// Longest reason and case number, in characters.
pub const MAX_REASON: usize = 500;
const MAX_BODY: usize = 16 << 10;

/// The routes; a page of another origin reveals nothing.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let asking = Router::new()
        .route(REVEAL, post(reveal))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    asking.route(PATH, get(masked))
}

/// Whether the path is one that reveals; who may is its handler's business, which keeps a record.
pub fn is_reveal(path: &str) -> bool {
    let id = path.strip_prefix("/dossiers/").and_then(|rest| rest.strip_suffix("/reveal"));
    id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// `GET /dossiers/{id}/personal`
async fn masked(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    actor: Actor,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["kind"])?;
    if app.settings.access.view(&asked.standing).sees < FieldClass::L2 {
        return Err(may_not(&actor, "see that a file has personal values"));
    }
    let kind = kind(&app, query.value("kind"))?;
    let (collection, fid) = subject(&app, &kind, &id).await?;
    let values = app.engine.masked_personal(&collection, fid).await?;
    let document = |value: &MaskedValue| json!({ "field": value.field, "class": class(value.class), "masked": value.masked });
    let values = values.iter().map(document).collect();
    Ok(of_subject((&kind.kind, &id), (&collection, fid), values))
}

/// The values of a subject, as an answer that nobody keeps.
fn of_subject(
    (kind, id): (&str, &str),
    (collection, fid): (&CollectionId, FeatureId),
    values: Vec<Value>,
) -> Response {
    unkept(&json!({
        "id": id,
        "kind": kind,
        "collection": collection.as_str(),
        "fid": fid.value(),
        "values": values
    }))
}

fn class(class: FieldClass) -> String {
    format!("{class:?}")
}

fn unkept(body: &Value) -> Response {
    let mut response = answers::json(JSON.media_type, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a request says that the file is of; of the first kind when it says nothing.
fn kind(app: &App, named: Option<&str>) -> Result<SubjectKind, Problem> {
    let dossiers = definitions(app)?;
    let kind = dossiers.kind(named).cloned();
    kind.ok_or_else(|| no_kind(&dossiers, named.unwrap_or_default()))
}

async fn subject(
    app: &App,
    kind: &SubjectKind,
    id: &str,
) -> Result<(CollectionId, FeatureId), Problem> {
    app.engine.subject(kind, id).await?.ok_or_else(|| {
        let shown: String = id.chars().take(60).collect();
        Problem::new(Code::FeatureNotFound, format!("there is no {} {shown:?}", kind.kind))
    })
}

/// What a body asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    fields: Vec<String>,
    reason: String,
    case: String,
}

impl Wanted {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let refused = |detail: String| Problem::new(Code::InvalidRequest, detail);
        let wanted: Self = serde_json::from_slice(bytes).map_err(|error| {
            refused(format!(
                "the body does not say what is asked for: {error}; send {{\"fields\": […], \
                 \"reason\": …, \"case\": …}}"
            ))
        })?;
        if wanted.fields.is_empty() || wanted.fields.len() > MAX_FIELDS {
            return Err(refused(format!("fields: name 1 to {MAX_FIELDS} fields of the file")));
        }
        for (member, text) in [("reason", &wanted.reason), ("case", &wanted.case)] {
            let length = text.trim().chars().count();
            if length == 0 || length > MAX_REASON {
                return Err(refused(format!("{member}: say it in 1 to {MAX_REASON} characters")));
            }
            if names_a_person(text) {
                let what = "it holds an identity or mobile number, which must not get into the log; \
                            leave it out";
                return Err(refused(format!("{member}: {what}")));
            }
        }
        Ok(wanted)
    }
}

/// Whether a text has an identity or a mobile number in it.
pub fn names_a_person(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() || c.is_alphabetic() && !"xX".contains(c))
        .any(|run| IdentityNumber::try_from(run).is_ok() || MobileNumber::try_from(run).is_ok())
}

/// `POST /dossiers/{id}/reveal`: values of one record in the clear.
async fn reveal(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    sender: Sender,
    actor: Actor,
    asked: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let body = request_body::read(&asked.headers, body, MAX_BODY, &[request_body::JSON])?;
    let wanted = Wanted::read(&body)?;
    let query = asked.query(&["kind"])?;
    let kind = kind(&app, query.value("kind"))?;
    let shown: String = id.chars().take(60).collect();
    let mut entry = sender.entry(action::REVEAL, format!("{} {shown}", kind.kind));
    entry.fields.clone_from(&wanted.fields);
    entry.reason = format!("{}: {}", wanted.case.trim(), wanted.reason.trim());
    match seen(&app, (&kind, &id), &wanted, (&actor, &asked)).await {
        Ok(((collection, fid), values)) => {
            entry.object = format!("{} {shown} ({collection}/{fid})", kind.kind);
            entry.count = Some(values.len() as u64);
            app.engine.audit(entry).await?;
            let document = |value: &PersonalValue| json!({ "field": value.field, "class": class(value.class), "value": value.value });
            let values = values.iter().map(document).collect();
            Ok(of_subject((&kind.kind, &id), (&collection, fid), values))
        }
        Err(refusal) => {
            let broke = refusal.problem.code().status().is_server_error();
            entry.result = if broke { result::FAILED } else { result::REFUSED }.to_owned();
            app.engine.audit(entry).await?;
            Ok(refusal.into_response())
        }
    }
}

/// Why nothing is shown.
struct Refusal {
    problem: Problem,
    /// After how many seconds it may be asked again.
    retry_after: Option<u64>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, retry_after: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        let headers: &mut HeaderMap = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

type Seen = ((CollectionId, FeatureId), Vec<PersonalValue>);

async fn seen(
    app: &App,
    (kind, id): (&SubjectKind, &str),
    wanted: &Wanted,
    (actor, asked): (&Actor, &Asked),
) -> Result<Seen, Refusal> {
    let highest = app.settings.access.view(&asked.standing).sees;
    if !actor.may(Duty::Reveal) {
        return Err(may_not(actor, Duty::Reveal.words()).into());
    }
    if let Err(wait) = app.reveals.count(actor.name(), Instant::now()) {
        let seconds = wait.as_secs() + 1;
        let detail = format!(
            "{} has seen {} records within {} minutes, which is the most; wait {seconds} s",
            actor.name(),
            crate::reveals::MOST,
            crate::reveals::WINDOW.as_secs() / 60
        );
        let problem = Problem::new(Code::TooManyRequests, detail);
        return Err(Refusal { problem, retry_after: Some(seconds) });
    }
    let (collection, fid) = subject(app, kind, id).await?;
    let all = app.engine.personal(&collection, fid).await.map_err(Problem::from)?;
    let mut values = Vec::with_capacity(wanted.fields.len());
    for field in &wanted.fields {
        let Some(value) = all.iter().find(|value| value.field == *field) else {
            let known: Vec<&str> = all.iter().map(|value| value.field.as_str()).collect();
            let shown: String = field.chars().take(40).collect();
            let detail = match known.as_slice() {
                [] => "the file has no personal values".to_owned(),
                known => format!("the file has no field {shown:?}; it has {}", known.join(", ")),
            };
            return Err(Problem::new(Code::InvalidRequest, detail).into());
        };
        if value.class > highest {
            return Err(may_not(actor, "see a value of this class").into());
        }
        values.push(value.clone());
    }
    Ok(((collection, fid), values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_nobody() {
        for (text, names) in [
            ("案号 (2026) 京执 17 号", false),
            ("核对 11010119900307002X 本人", true),
            ("电话13812345678打不通", true),
            ("20261126000123", false),
            ("call 138-1234-5678", false),
        ] {
            assert_eq!(names_a_person(text), names, "{text}");
        }
    }

    #[test]
    fn what_reveals_is_known_by_its_path() {
        for (path, reveals) in [
            ("/dossiers/H1/reveal", true),
            ("/dossiers//reveal", false),
            ("/dossiers/a/b/reveal", false),
            ("/dossiers/H1/personal", false),
            ("/x/dossiers/H1/reveal", false),
        ] {
            assert_eq!(is_reveal(path), reveals, "{path}");
        }
    }
}
