//! Bodies that several routes answer with.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use spatial::Revision;

use super::REVISION;
use crate::asked::Asked;
use crate::assets::Asset;
use crate::conditional::{Coding, accepted_coding, is_unchanged};
use crate::html;
use crate::negotiate::Offer;

/// A JSON document of this media type.
pub fn json(media_type: &'static str, body: &Value) -> Response {
    let mut response = body.to_string().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A document that is JSON of the offer's media type, or a page made of it.
pub fn document(asked: &Asked, chosen: &Offer, title: &str, body: &Value) -> Response {
    let mut response = match chosen.name {
        "html" => html::page(asked, title, None, &html::document_body(body)),
        _ => json(chosen.media_type, body),
    };
    vary_by_accept(&mut response);
    response
}

/// The same of a document that is a text already.
pub fn written(asked: &Asked, chosen: &Offer, title: &str, text: String) -> Response {
    if chosen.name == "html" {
        let body = serde_json::from_str(&text).unwrap_or_default();
        return document(asked, chosen, title, &body);
    }
    let mut response = text.into_response();
    let media_type = HeaderValue::from_static(chosen.media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    vary_by_accept(&mut response);
    response
}

/// Says of which state an answer is, and how long it holds: a value of `Cache-Control`.
pub fn of_state(mut response: Response, revision: Revision, cache: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(REVISION, HeaderValue::from(revision.0));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// Says that another `Accept` may get another answer.
pub fn vary_by_accept(response: &mut Response) {
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
}

/// An embedded file, compressed for whoever accepts it, 304 for whoever has it.
pub fn embedded(asset: &'static Asset, request: &HeaderMap) -> Response {
    let etag = asset.etag();
    let mut headers = HeaderMap::new();
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, value);
    }
    if is_unchanged(request, &etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if accepted_coding(request) == Coding::Identity {
        (headers, asset.bytes).into_response()
    } else {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        (headers, asset.gzip()).into_response()
    }
}
