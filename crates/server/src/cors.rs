//! Cross-origin requests.
//!
//! The usual layers for it answer every `OPTIONS` as a preflight: then `Allow` never
//! comes out and desktop clients believe that they may not edit. Here only an `OPTIONS` with
//! `Access-Control-Request-Method` is a preflight.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

const PREFLIGHT: [(HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Authorization, Content-Type, If-Match, If-None-Match, If-Unmodified-Since, Range, \
         Content-Crs, Accept, Last-Event-ID",
    ),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// The answer to a preflight; `None` when the request is none.
pub fn preflight(request: &Request) -> Option<Response> {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    is_preflight.then(|| {
        let headers = PREFLIGHT.map(|(name, value)| (name, HeaderValue::from_static(value)));
        (StatusCode::NO_CONTENT, HeaderMap::from_iter(headers)).into_response()
    })
}

/// Lets any origin read and edit; no credentials are involved.
pub fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // All of them, which browsers allow where no credentials are involved.
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    headers.insert(header::VARY, vary_by_origin(headers));
}

/// What the answer varies by, and by the origin too, in one line.
fn vary_by_origin(headers: &HeaderMap) -> HeaderValue {
    let origin = HeaderValue::from_static("Origin");
    let said = headers.get_all(header::VARY).iter().chain([&origin]);
    let words: Vec<&[u8]> = said.map(HeaderValue::as_bytes).collect();
    HeaderValue::from_bytes(&words.join(&b", "[..])).unwrap_or_else(|_invalid| origin.clone())
}
