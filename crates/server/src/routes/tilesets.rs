//! What tiles there are: the tilesets of the dataset and of each collection (OGC API Tiles).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use engine::Labels;
use serde_json::json;
use spatial::{CollectionId, Snapshot};
use tile::TileMatrixSet;

use super::collections::known;
use super::tile_layers::{all, joined, of_dataset, snapshots};
use super::tile_selection::{LABELS, labels};
use super::tiles::{MVT, matrix_set};
use super::tileset_documents::Tileset;
use super::{answers, archives, tilejson};
use crate::asked::Asked;
use crate::html;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON, Offer, TILEJSON, choose};
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::state::App;

/// URI templates beside the links of a document (RFC 9652).
const LINK_TEMPLATE: HeaderName = HeaderName::from_static("link-template");

/// `GET /tiles`
pub async fn dataset_list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f", "collections", LABELS])?;
    let snapshot = app.engine.snapshot();
    let tileset = dataset_tileset(&app, &snapshot, &asked, &query)?;
    list(&asked, &tileset, query.value("f"))
}

/// `GET /tiles/{tileMatrixSetId}`
pub async fn dataset(
    State(app): State<Arc<App>>,
    Path(set): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "collections", LABELS])?;
    let set = matrix_set(&app, &set)?;
    let snapshot = app.engine.snapshot();
    let tileset = dataset_tileset(&app, &snapshot, &asked, &query)?;
    one(&asked, &tileset, set, query.value("f"))
}

/// `GET /collections/{collectionId}/tiles`
pub async fn collection_list(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    if let Some(archive) = app.archive(&name) {
        return archives::tileset_list(&asked, &archive);
    }
    let query = asked.query(&["f", LABELS])?;
    let snapshot = app.engine.snapshot();
    list(
        &asked,
        &collection_tileset(&app, &snapshot, &asked, &name, labels(&query)?)?,
        query.value("f"),
    )
}

/// `GET /collections/{collectionId}/tiles/{tileMatrixSetId}`
pub async fn collection(
    State(app): State<Arc<App>>,
    Path((name, set)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    if let Some(archive) = app.archive(&name) {
        return archives::tileset(&asked, &archive, &set);
    }
    let query = asked.query(&["f", LABELS])?;
    let set = matrix_set(&app, &set)?;
    let snapshot = app.engine.snapshot();
    one(
        &asked,
        &collection_tileset(&app, &snapshot, &asked, &name, labels(&query)?)?,
        set,
        query.value("f"),
    )
}

fn dataset_tileset<'a>(
    app: &'a App,
    snapshot: &'a Snapshot,
    asked: &'a Asked,
    query: &QueryString,
) -> Result<Tileset<'a>, Problem> {
    let collections = query.value("collections");
    let ids = of_dataset(snapshot, collections)?;
    let names = joined(ids.iter().map(CollectionId::as_str));
    Ok(Tileset {
        engine: &app.engine,
        base: &asked.base,
        layers: snapshots(snapshot, &ids),
        bounds: all(snapshot),
        title: "Tuban 图斑".to_owned(),
        path: "/tiles".to_owned(),
        selection: collections.map(|_given| format!("collections={names}")),
        labels: labels(query)?,
    })
}

fn collection_tileset<'a>(
    app: &'a App,
    snapshot: &'a Snapshot,
    asked: &'a Asked,
    name: &str,
    labels: Labels,
) -> Result<Tileset<'a>, Problem> {
    let id = known(snapshot, name)?;
    let path = format!("/collections/{}/tiles", joined(std::iter::once(id.as_str())));
    let layers = snapshots(snapshot, &[id]);
    Ok(Tileset {
        engine: &app.engine,
        base: &asked.base,
        bounds: layers.clone(),
        title: layers.iter().map(|layer| layer.collection().title.clone()).collect(),
        layers,
        path,
        selection: None,
        labels,
    })
}

fn list(asked: &Asked, tileset: &Tileset<'_>, f: Option<&str>) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = choose(f, &asked.headers, &offers)?;
    let links = self_and_alternates(asked, chosen, &offers);
    let response = shown(asked, chosen, tileset, &tileset.list_document(links));
    let sets: Vec<_> = tileset.engine.matrix_sets().iter().collect();
    Ok(with_templates(response, tileset, &sets))
}

fn one(
    asked: &Asked,
    tileset: &Tileset<'_>,
    set: &TileMatrixSet,
    f: Option<&str>,
) -> Result<Response, Problem> {
    // TileJSON knows one grid.
    let offers = match set.is_web_mercator() {
        true => vec![&JSON, &TILEJSON, &HTML],
        false => vec![&JSON, &HTML],
    };
    let chosen = choose(f, &asked.headers, &offers)?;
    let document = if chosen == &TILEJSON {
        let mut document = tilejson::document(&tileset.layers, tileset.base, tileset.labels);
        if let (Labels::With, Some(tiles)) = (tileset.labels, document["tiles"][0].as_str()) {
            document["tiles"][0] = json!(format!("{tiles}?{LABELS}=true"));
        }
        document
    } else {
        tileset.document(set, self_and_alternates(asked, chosen, &offers))
    };
    let response = shown(asked, chosen, tileset, &document);
    Ok(with_templates(response, tileset, &[set]))
}

/// JSON, or a page with a map of the tiles.
fn shown(
    asked: &Asked,
    chosen: &Offer,
    tileset: &Tileset<'_>,
    document: &serde_json::Value,
) -> Response {
    if chosen != &HTML {
        return answers::document(asked, chosen, &tileset.title, document);
    }
    let map = tileset.page_map();
    let body = html::document_body(document);
    let mut response = html::page(asked, &tileset.title, map.as_ref(), &body);
    answers::vary_by_accept(&mut response);
    response
}

/// Names the templates of the tiles in a header too, for clients that do not read the body.
fn with_templates(
    mut response: Response,
    tileset: &Tileset<'_>,
    sets: &[&TileMatrixSet],
) -> Response {
    let templates: Vec<String> = sets
        .iter()
        .map(|set| format!("\"{}\"; rel=\"item\"; type=\"{MVT}\"", tileset.template(set)))
        .collect();
    if let Ok(value) = HeaderValue::from_str(&templates.join(", ")) {
        response.headers_mut().insert(LINK_TEMPLATE, value);
    }
    response
}
