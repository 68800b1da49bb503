//! `OPTIONS`: which methods a resource offers, said by `Allow`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Answers `OPTIONS` with 200 where the router, which has no handler for it, refuses it with
/// the methods that there are; and adds `OPTIONS` to them.
pub fn answer_options(is_options: bool, mut response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let offered = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok());
    let methods = offered.unwrap_or_default().split(',').map(str::trim);
    let mut methods: Vec<&str> =
        methods.filter(|method| !method.is_empty() && *method != "OPTIONS").collect();
    methods.push("OPTIONS");
    let allow = HeaderValue::from_str(&methods.join(", "));
    if is_options {
        response = StatusCode::OK.into_response();
    }
    if let Ok(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
