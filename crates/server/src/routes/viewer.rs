//! The map page and its files.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::answers::embedded;
use crate::assets::{INDEX, asset};
use crate::problem::{Code, Problem};

/// What the page may load: its own origin, and the images that MapLibre makes itself.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; \
    style-src 'self' 'unsafe-inline'; frame-ancestors 'self'";

/// The map page.
pub fn page(request: &HeaderMap) -> Response {
    let mut response = embedded(&INDEX, request);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// `GET /viewer/{file}`
pub async fn file(Path(name): Path<String>, request: HeaderMap) -> Response {
    match asset(&name) {
        Some(asset) => embedded(asset, &request),
        None => {
            Problem::new(Code::NotFound, format!("the viewer has no file {name:?}")).into_response()
        }
    }
}
