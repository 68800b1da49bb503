//! The body of a request, once its headers say that it is one that is read.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::problem::{Code, Problem};
use crate::state::App;

/// The body as it comes in, if it is not too long.
pub type Body = Result<Bytes, BytesRejection>;

/// The body of an edit, which must come within the time of a request. What follows is not cut
/// short: whoever sends an edit learns whether it was made.
#[derive(Debug)]
pub struct EditBody(pub Body);

impl FromRequest<Arc<App>> for EditBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let limit = app.settings.request_timeout;
        match tokio::time::timeout(limit, Bytes::from_request(request, app)).await {
            Ok(body) => Ok(Self(body)),
            Err(_elapsed) => {
                let detail = format!(
                    "the body did not come within {} s; nothing was changed",
                    limit.as_secs()
                );
                Err(Problem::new(Code::Timeout, detail))
            }
        }
    }
}

/// JSON.
pub const JSON: &str = "application/json";
/// GeoJSON.
pub const GEOJSON: &str = "application/geo+json";
/// Parts of a JSON document that take the place of what is there (RFC 7396).
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// The body, if it is of one of `media_types`, plain, and came whole; `most` bytes were read.
pub fn read(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    media_types: &[&str],
) -> Result<Bytes, Problem> {
    let text = |name: header::HeaderName| {
        headers.get(name).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase())
    };
    let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let refused = |detail: String| Err(Problem::new(Code::UnsupportedMediaType, detail));
    if !media_types.contains(&essence) {
        let shown: String = essence.chars().take(60).collect();
        let wanted = media_types.first().copied().unwrap_or_default();
        return refused(format!("the body is {shown:?}; send it as Content-Type: {wanted}"));
    }
    match text(header::CONTENT_ENCODING).as_deref() {
        None | Some("identity" | "") => {}
        Some(_) => return refused("the body is compressed; send it as it is".to_owned()),
    }
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("the body has more than {most} bytes; send less at a time");
            Problem::new(Code::BodyTooLarge, detail)
        }
        _ => Problem::new(Code::InvalidRequest, "the body ended before its end"),
    })
}
