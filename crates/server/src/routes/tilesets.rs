//! What tiles there are: the tilesets of the dataset and of each collection (OGC API Tiles).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use spatial::{CollectionId, Snapshot};
use tile::TileMatrixSet;

use super::tile_layers::{all, joined, known, of_dataset, snapshots};
use super::tileset_documents::Tileset;
use super::{answers, tilejson};
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::routes::tiles::matrix_set;
use crate::state::App;

/// URI templates beside the links of a document (RFC 9652).
const LINK_TEMPLATE: HeaderName = HeaderName::from_static("link-template");

/// `GET /tiles`
pub async fn dataset_list(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f", "collections"])?;
    let snapshot = app.engine.snapshot();
    let base = app.settings.links.base(peer.ip(), &headers);
    list(&dataset_tileset(&snapshot, &base, query.value("collections"))?, &query)
}

/// `GET /tiles/{tileMatrixSetId}`
pub async fn dataset(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(set): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f", "collections"])?;
    let snapshot = app.engine.snapshot();
    let base = app.settings.links.base(peer.ip(), &headers);
    one(&dataset_tileset(&snapshot, &base, query.value("collections"))?, &set, &query)
}

/// `GET /collections/{collectionId}/tiles`
pub async fn collection_list(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f"])?;
    let snapshot = app.engine.snapshot();
    let base = app.settings.links.base(peer.ip(), &headers);
    list(&collection_tileset(&snapshot, &base, &name)?, &query)
}

/// `GET /collections/{collectionId}/tiles/{tileMatrixSetId}`
pub async fn collection(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((name, set)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f"])?;
    let snapshot = app.engine.snapshot();
    let base = app.settings.links.base(peer.ip(), &headers);
    one(&collection_tileset(&snapshot, &base, &name)?, &set, &query)
}

fn dataset_tileset<'a>(
    snapshot: &'a Snapshot,
    base: &'a str,
    collections: Option<&str>,
) -> Result<Tileset<'a>, Problem> {
    let ids = of_dataset(snapshot, collections)?;
    let names = joined(ids.iter().map(CollectionId::as_str));
    Ok(Tileset {
        base,
        layers: snapshots(snapshot, &ids),
        bounds: all(snapshot),
        title: "Tuban 图斑".to_owned(),
        path: "/tiles".to_owned(),
        selection: collections.map(|_given| format!("collections={names}")),
    })
}

fn collection_tileset<'a>(
    snapshot: &'a Snapshot,
    base: &'a str,
    name: &str,
) -> Result<Tileset<'a>, Problem> {
    let id = known(snapshot, name)?;
    let path = format!("/collections/{}/tiles", joined(std::iter::once(id.as_str())));
    let layers = snapshots(snapshot, &[id]);
    let title = layers.iter().map(|layer| layer.collection().title.clone()).collect();
    Ok(Tileset { base, bounds: layers.clone(), layers, title, path, selection: None })
}

fn list(tileset: &Tileset<'_>, query: &QueryString) -> Result<Response, Problem> {
    query.choice("f", &["json"])?;
    let response = answers::json("application/json", &tileset.list_document());
    Ok(with_templates(response, tileset, TileMatrixSet::all()))
}

fn one(tileset: &Tileset<'_>, set: &str, query: &QueryString) -> Result<Response, Problem> {
    let set = matrix_set(set)?;
    let response = match query.choice("f", &["json", "tilejson"])? {
        Some("tilejson") => {
            let document = tilejson::document(&tileset.layers, tileset.base);
            answers::json(tilejson::TILEJSON, &document)
        }
        _ => answers::json("application/json", &tileset.document(set)),
    };
    Ok(with_templates(response, tileset, &[set]))
}

/// Names the templates of the tiles in a header too, for clients that do not read the body.
fn with_templates(
    mut response: Response,
    tileset: &Tileset<'_>,
    sets: &[&TileMatrixSet],
) -> Response {
    let templates: Vec<String> = sets
        .iter()
        .map(|set| {
            format!("\"{}\"; rel=\"item\"; type=\"{}\"", tileset.template(set), super::tiles::MVT)
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&templates.join(", ")) {
        response.headers_mut().insert(LINK_TEMPLATE, value);
    }
    response
}
