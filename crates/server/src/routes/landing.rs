//! `/`, `/health` and `/conformance`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::json;

use super::{answers, viewer};
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::state::App;

/// `GET /`: the map for a browser, the landing page for a machine.
pub async fn landing(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f"])?;
    let wanted = query.choice("f", &["json", "html"])?;
    let browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wanted == Some("html") || wanted.is_none() && browser {
        return Ok(viewer::page(&headers));
    }
    let base = app.settings.links.base(peer.ip(), &headers);
    let link = |rel: &str, media_type: &str, path: &str, title: &str| json!({ "rel": rel, "type": media_type, "href": format!("{base}{path}"), "title": title });
    Ok(answers::json(
        "application/json",
        &json!({
            "title": "Tuban 图斑",
            "description": "Households, parcels, buildings and rectification points: live vector tiles and data",
            "links": [
                link("self", "application/json", "/?f=json", "this page"),
                link("alternate", "text/html", "/?f=html", "the map"),
                link("conformance", "application/json", "/conformance", "what is conformed to"),
                link("data", "application/json", "/collections", "collections"),
                link("http://www.opengis.net/def/rel/ogc/1.0/styles", "application/json", "/styles", "map styles"),
            ]
        }),
    ))
}

/// `GET /health`
pub async fn health(State(app): State<Arc<App>>) -> Response {
    let revision = app.engine.snapshot().revision;
    answers::json("application/json", &json!({ "status": "ok", "revision": revision.0 }))
}

/// `GET /conformance`
pub async fn conformance() -> Response {
    let classes = [
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
        "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    ];
    answers::json("application/json", &json!({ "conformsTo": classes }))
}
