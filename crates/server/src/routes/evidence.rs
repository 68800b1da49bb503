//! `/points/{id}/evidence` and `/evidence/{id}`: photos and documents of points.
//!
//! A piece is sent as it is, by POST: phones and scripts send a file so without composing a body of
//! parts, and its hash is that of the body. What is said of it stands in the query.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use formats::PhotoFormat;
use ledger::point::EvidenceId;
use serde_json::{Value as Json, json};
use spatial::Revision;
use tokio::sync::SemaphorePermit;

use super::answers;
use super::origin::refuse_other_origins;
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::conditional::is_unchanged;
use crate::evidence::{PARAMETERS, piece, pieces, read};
use crate::links::link;
use crate::negotiate::JSON;
use crate::point_events::{no_point, point_at};
use crate::problem::{Code, Problem};
use crate::request_body;
use crate::state::App;

/// End of the path that pieces are sent to.
pub const ENDING: &str = "/evidence";
/// How long the bytes of a piece may take: a photo over a poor connection of a phone.
const UPLOAD_TIME: Duration = Duration::from_secs(120);

/// The routes; pieces are taken where edits are offered, from pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut of_point = get(list);
    if app.settings.offers_edits {
        of_point = of_point
            .post(keep)
            .layer(DefaultBodyLimit::max(app.settings.max_evidence_bytes))
            .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    }
    Router::new().route("/points/{id}/evidence", of_point).route("/evidence/{id}", get(bytes))
}

/// `POST /points/{id}/evidence`: keeps a photo or document.
async fn keep(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    actor: Actor,
    asked: Asked,
    request: Request,
) -> Result<Response, Problem> {
    let query = asked.query(&PARAMETERS)?;
    if !app.engine.has_evidence() {
        return Err(engine::EngineError::NoEvidence.into());
    }
    let point = point_at(&app.engine, &name).await?;
    if app.engine.point_called(&name).await?.is_none() {
        let detail = format!(
            "there is no point {point} yet: POST /points/{point}/events with its report first, then \
             its evidence"
        );
        return Err(Problem::new(Code::PointNotFound, detail));
    }
    let upload = upload(&app, &asked.headers, request, &PhotoFormat::ALL).await?;
    let (format, body) = (upload.format, upload.bytes);
    let reading = move || read(&query, (point, &actor), format, body.to_vec());
    let new = app.engine.pool().run_waiting(reading).await??;
    let kept = app.engine.keep_evidence(new).await?;
    let piece = piece((&kept.held, app.engine.profile()), kept.row, &asked.base);
    let place = format!("{}/evidence/{}", asked.base, kept.evidence.id);
    Ok(taken_in(("evidence", piece), (kept.revision, kept.is_new), &place))
}

/// The answer to whoever sent a photo or document: what it is called and what is known of it, whether it is
/// new, and where it is now.
pub fn taken_in(
    (name, what): (&str, Json),
    (revision, is_new): (Revision, bool),
    place: &str,
) -> Response {
    let outcome = if is_new { "new" } else { "again" };
    let document = json!({ "revision": revision.0, "outcome": outcome, name: what });
    let response = answers::json(request_body::JSON, &document);
    let mut response = answers::of_state(response, revision, "no-store");
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Adds what keeps a browser from taking the bytes that somebody sent for anything but what they are.
pub fn keep_apart(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
}

/// A photo or document that came in whole, and the place that it takes meanwhile.
pub struct Upload<'a> {
    /// What its media type says.
    pub format: PhotoFormat,
    /// Its bytes.
    pub bytes: Bytes,
    _place: SemaphorePermit<'a>,
}

/// The body of a request that sends a photo or document of one of `formats`, which may take its time.
pub async fn upload<'a>(
    app: &'a Arc<App>,
    headers: &HeaderMap,
    request: Request,
    formats: &[PhotoFormat],
) -> Result<Upload<'a>, Problem> {
    let busy = || Problem::new(Code::Busy, "many photos come in at once; try again in a second");
    let place = app.uploads.try_acquire().map_err(|_full| busy())?;
    let body = match tokio::time::timeout(UPLOAD_TIME, Bytes::from_request(request, app)).await {
        Ok(body) => body,
        Err(_elapsed) => {
            let seconds = UPLOAD_TIME.as_secs();
            let detail = format!("the body did not come within {seconds} s; nothing was kept");
            return Err(Problem::new(Code::Timeout, detail));
        }
    };
    let media_types: Vec<&str> = formats.iter().map(|format| format.media_type()).collect();
    let most = app.settings.max_evidence_bytes;
    let bytes = request_body::read(headers, body, most, &media_types)?;
    let format = media_type(headers).and_then(|essence| PhotoFormat::of_media_type(&essence));
    let lost = || Problem::internal(&"a media type that was taken is not known");
    Ok(Upload { format: format.ok_or_else(lost)?, bytes, _place: place })
}

/// The media type of the body, without its parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    said.split(';').next().map(|essence| essence.trim().to_owned())
}

/// `GET /points/{id}/evidence`: what there is of a point, as it is or as it had been recorded.
async fn list(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let as_of = as_of(&asked.query(&[AS_OF])?)?;
    if !app.engine.has_evidence() {
        return Err(engine::EngineError::NoEvidence.into());
    }
    let trace = app.engine.trace(&name, as_of).await?.ok_or_else(|| no_point(&name))?;
    let point = trace.point.id().to_string();
    let document = json!({
        "revision": trace.revision.0, "point": point,
        "evidence": pieces(&trace, app.engine.profile(), &asked.base),
        "links": [
            link("self", JSON.media_type, &asked.href(), "this list"),
            link("up", JSON.media_type, &format!("{}/points/{point}/trace", asked.base), "the point")
        ]
    });
    let response = answers::json(JSON.media_type, &document);
    Ok(answers::of_state(response, trace.revision, "no-cache"))
}

/// `GET /evidence/{id}`: the bytes of a piece; of a photo a copy that says nothing of person, place
/// and device.
async fn bytes(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    actor: Actor,
    asked: Asked,
) -> Result<Response, Problem> {
    app.settings.evidence_readers.check(&actor)?;
    asked.query(&[])?;
    let id = EvidenceId::try_from(name.as_str()).map_err(|_odd| no_evidence(&name))?;
    let kept = app.engine.evidence(id).await?.ok_or_else(|| no_evidence(&name))?;
    let evidence = kept.evidence;
    let format = PhotoFormat::of_media_type(&evidence.media_type);
    let unknown = || Problem::internal(&format!("evidence {id} is of an unknown media type"));
    let format = format.ok_or_else(unknown)?;
    let etag = format!("\"{}\"", evidence.sha256);
    let disposition = match format {
        PhotoFormat::Jpeg | PhotoFormat::Png => "inline",
        PhotoFormat::Pdf => "attachment",
    };
    let disposition = format!("{disposition}; filename=\"{id}.{}\"", format.extension());
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    keep_apart(&mut headers);
    for (name, value) in [(header::ETAG, &etag), (header::CONTENT_DISPOSITION, &disposition)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if is_unchanged(&asked.headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let bytes = app.engine.evidence_bytes(&evidence).await?;
    let copy = app.engine.pool().run(move || format.stripped(&bytes)).await?;
    // It was whole when it was taken, and its hash is still the same.
    let copy = copy.map_err(|broken| Problem::internal(&format!("evidence {id}: {broken}")))?;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    Ok((headers, copy).into_response())
}

fn no_evidence(name: &str) -> Problem {
    let shown: String = name.chars().take(40).collect();
    Problem::new(
        Code::EvidenceNotFound,
        format!(
            "{shown:?} is no evidence here; GET /points/{{id}}/evidence lists what a point has"
        ),
    )
}
