//! `/` and `/health`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::vector_tile_server::SERVICES as ESRI_SERVICES;
use super::{answers, archives, viewer, wmts};
use crate::asked::Asked;
use crate::links::{REL, link, self_and_alternates};
use crate::negotiate::{HTML, JSON, OPENAPI};
use crate::problem::Problem;
use crate::state::App;

/// `GET /`: the map for a browser, the landing page for a machine.
pub async fn landing(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    if chosen == &HTML {
        let mut page = viewer::page(&asked.headers);
        answers::vary_by_accept(&mut page);
        return Ok(page);
    }
    let to = |rel: &str, media_type: &str, path: &str, title: &str| {
        link(rel, media_type, &format!("{}{path}", asked.base), title)
    };
    let json_type = JSON.media_type;
    let mut links = self_and_alternates(&asked, chosen, &offers);
    links.extend([
        to("service-desc", OPENAPI.media_type, "/api", "the API as OpenAPI 3.0"),
        to("service-doc", HTML.media_type, "/api?f=html", "the API for reading"),
        to("conformance", json_type, "/conformance", "what is conformed to"),
        to(&format!("{REL}/conformance"), json_type, "/conformance", "what is conformed to"),
        to("data", json_type, "/collections", "collections"),
        to(&format!("{REL}/data"), json_type, "/collections", "collections"),
        to(&format!("{REL}/tilesets-vector"), json_type, "/tiles", "vector tiles"),
        to(&format!("{REL}/tiling-schemes"), json_type, "/tileMatrixSets", "grids of tiles"),
        to(&format!("{REL}/functions"), json_type, "/functions", "functions of filters"),
        to(&format!("{REL}/styles"), json_type, "/styles", "map styles"),
        to("changes", json_type, "/changes", "what changed, commit by commit"),
        to("related", json_type, "/ledgers", "ledgers as lists"),
        to("service-meta", wmts::XML.media_type, wmts::CAPABILITIES, "the tiles by WMTS"),
        to("service-meta", json_type, ESRI_SERVICES, "the tiles for ArcGIS and QGIS"),
    ]);
    let archives = app.settings.archives.each().filter(|one| one.is_listed());
    links.extend(archives.map(|archive| {
        let facts = archive.facts();
        let path = format!("{}/tiles", archives::path(archive));
        to(&archives::tilesets(&facts), json_type, &path, &facts.name)
    }));
    let body = json!({
        "title": "Tuban 图斑",
        "description": "Households, parcels, buildings and rectification points: live vector tiles and data",
        "links": links
    });
    Ok(answers::document(&asked, chosen, "Tuban 图斑", &body))
}

/// `GET /health`
pub async fn health(State(app): State<Arc<App>>) -> Response {
    let revision = app.engine.snapshot().revision;
    answers::json("application/json", &json!({ "status": "ok", "revision": revision.0 }))
}
