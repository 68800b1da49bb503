//! `/dossiers/{id}/photos` and `/dossiers/{id}/photos/{photo}`: photos of household files, taken in and given
//! out as evidence is.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use engine::dossier::NewPhoto;
use engine::{Defect, EngineError};
use formats::PhotoFormat;
use serde_json::json;
use spatial::Timestamp;

use super::dossiers::{definitions, file};
use super::evidence::{keep_apart, taken_in, upload};
use super::ledgers::private;
use super::origin::refuse_other_origins;
use super::personal::names_a_person;
use crate::actor::Actor;
use crate::as_of::{AS_OF, moment};
use crate::asked::Asked;
use crate::evidence::is_hash;
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::state::App;

/// End of the path that photos are sent to.
pub const ENDING: &str = "/photos";
/// What a request may say of a photo beside its bytes.
const PARAMETERS: [&str; 4] = ["kind", "title", "captured_at", "sha256"];
/// What photos are taken in as.
pub const TAKEN: [PhotoFormat; 2] = [PhotoFormat::Jpeg, PhotoFormat::Png];
/// What a photo shows when nobody says it.
const TITLE: &str = "照片";
/// Longest title, characters.
pub const MAX_TITLE: usize = 100;

/// The routes; photos are taken where edits are offered, from pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let routes = Router::new().route("/dossiers/{id}/photos/{photo}", get(bytes));
    if !app.settings.offers_edits {
        return routes;
    }
    let taking = post(keep)
        .layer(DefaultBodyLimit::max(app.settings.max_evidence_bytes))
        .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    routes.route("/dossiers/{id}/photos", taking)
}

/// `POST /dossiers/{id}/photos`: keeps a photo of the subject of a file.
async fn keep(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    actor: Actor,
    asked: Asked,
    request: Request,
) -> Result<Response, Problem> {
    let query = asked.query(&PARAMETERS)?;
    let table = definitions(&app)?.set().photos.clone();
    if !app.engine.keeps_photos(&table) {
        return Err(EngineError::NoPhotos.into());
    }
    let file = file(&app, &id, &query, false).await?;
    let upload = upload(&app, &asked.headers, request, &TAKEN).await?;
    let (format, body) = (upload.format, upload.bytes);
    let (kind, subject) = (file.subject.kind.clone(), file.subject.id.clone());
    let reading = move || {
        let told =
            Told::read(&query, format.stripped(&body).err().map(|broken| broken.to_string()))?;
        let Told { title, captured_at, sha256 } = told;
        let (bytes, actor) = (body.to_vec(), actor.name().to_owned());
        Ok::<_, Problem>(NewPhoto {
            table,
            kind,
            subject,
            title,
            captured_at,
            bytes,
            sha256,
            actor,
        })
    };
    let new = app.engine.pool().run_waiting(reading).await??;
    let kept = app.engine.keep_photo(new).await?;
    let place = format!("{}/dossiers/{}/photos/{}", asked.base, encode(&id), encode(&kept.code));
    let href = format!("{place}?kind={}", encode(&file.subject.kind));
    let photo = json!({ "code": kept.code, "sha256": kept.sha256, "href": href });
    Ok(taken_in(("photo", photo), (kept.revision, kept.is_new), &href))
}

/// What a request says of a photo.
struct Told {
    title: String,
    captured_at: Option<Timestamp>,
    sha256: Option<String>,
}

impl Told {
    /// Everything that is wrong with it and with the bytes is told at once.
    fn read(query: &QueryString, broken: Option<String>) -> Result<Self, Problem> {
        let mut defects = Vec::new();
        let mut add = |place: &str, problem: String| {
            defects.push(Defect { place: place.to_owned(), problem });
        };
        let title = query.value("title").unwrap_or(TITLE).trim().to_owned();
        let length = title.chars().count();
        if length == 0 || length > MAX_TITLE || title.contains(char::is_control) {
            add("/title", format!("1 to {MAX_TITLE} characters, none of control, are expected"));
        } else if names_a_person(&title) {
            let way =
                "it holds an identity or mobile number, which everyone would read; leave it out";
            add("/title", way.to_owned());
        }
        let captured_at = query.value("captured_at").map(moment).transpose();
        let captured_at = captured_at.unwrap_or_else(|problem| {
            add("/captured_at", problem);
            None
        });
        let sha256 = query.value("sha256").map(str::to_ascii_lowercase);
        if sha256.as_ref().is_some_and(|text| !is_hash(text)) {
            add("/sha256", "64 hexadecimal digits are expected".to_owned());
        }
        if let Some(broken) = broken {
            add("", format!("{broken}; send the whole file"));
        }
        match defects.is_empty() {
            true => Ok(Self { title, captured_at, sha256 }),
            false => Err(Problem::with_defects(Code::InvalidEvidence, defects)),
        }
    }
}

/// `GET /dossiers/{id}/photos/{photo}`: the bytes of a photo, without what its camera says of person,
/// place and device.
async fn bytes(
    State(app): State<Arc<App>>,
    Path((id, code)): Path<(String, String)>,
    actor: Actor,
    asked: Asked,
) -> Result<Response, Problem> {
    app.settings.evidence_readers.check(&actor)?;
    let query = asked.query(&["kind", AS_OF])?;
    let file = file(&app, &id, &query, false).await?;
    let shown: String = code.chars().take(60).collect();
    let none = || {
        let detail = format!("{shown:?} is no photo of this file; GET /dossiers/{{id}} lists them");
        Problem::new(Code::EvidenceNotFound, detail)
    };
    let photo = file.photos.iter().find(|photo| photo.code == code).ok_or_else(none)?;
    let hash = photo.hash.clone().ok_or_else(none)?;
    let lost = || {
        let detail = format!("the bytes of photo {shown:?} are lost; put them back from a backup");
        Problem::new(Code::EvidenceNotFound, detail)
    };
    let bytes = app.engine.photo_bytes(&hash).await?.ok_or_else(lost)?;
    let format = TAKEN.into_iter().find(|one| one.begins(&bytes));
    let odd = || Problem::internal(&format!("photo {shown:?} is neither JPEG nor PNG"));
    let format = format.ok_or_else(odd)?;
    let copy = app.engine.pool().run(move || format.stripped(&bytes)).await?;
    let copy = copy.map_err(|broken| Problem::internal(&broken))?;
    let mut response = copy.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    keep_apart(headers);
    Ok(private(response, file.revision))
}
