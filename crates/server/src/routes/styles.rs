//! `/styles`: MapLibre styles of the whole map and of single collections, and QML.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use spatial::{Collection, CollectionSnapshot, Snapshot};

use super::answers;
use super::tile_layers::{chosen, joined, of_whole_map, snapshots};
use crate::access::UrlToken;
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::state::App;
use crate::style::{self, StyleClient};

/// Media type of a MapLibre style.
pub const MAPBOX_STYLE: &str = "application/vnd.mapbox.style+json";
/// Media type of a style of QGIS.
pub const QML: &str = "application/vnd.qgis.qml";

/// Id of the style that draws every collection.
const WHOLE_MAP: &str = "all";

/// `GET /styles`
pub async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let base = &asked.base;
    let snapshot = app.engine.snapshot();
    let ids = std::iter::once(WHOLE_MAP)
        .chain(snapshot.collections.keys().map(spatial::CollectionId::as_str));
    let styles: Vec<_> = ids
        .map(|id| {
            let href = format!("{base}/styles/{}", encode(id));
            let mut links = vec![
                json!({ "rel": "stylesheet", "type": MAPBOX_STYLE, "href": href }),
                json!({
                    "rel": "stylesheet", "type": MAPBOX_STYLE, "title": "for QGIS",
                    "href": format!("{href}?client=qgis")
                }),
                json!({
                    "rel": "describedby", "type": "application/json", "title": "metadata",
                    "href": format!("{href}/metadata")
                }),
            ];
            if id != WHOLE_MAP {
                links.push(json!({
                    "rel": "stylesheet", "type": QML,
                    "href": format!("{href}?f=qml")
                }));
            }
            json!({ "id": id, "title": id, "links": links })
        })
        .collect();
    let body = json!({
        "default": WHOLE_MAP,
        "styles": styles,
        "links": self_and_alternates(&asked, chosen, &offers)
    });
    Ok(answers::document(&asked, chosen, "Styles", &body))
}

/// `GET /styles/{id}`: `all`, or collection ids with commas between.
pub async fn style(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    token: UrlToken,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f", "client"])?;
    let format = query.choice("f", &["mapbox", "json", "qml"])?;
    let client = client(&query)?;
    let snapshot = app.engine.snapshot();
    let ids = drawn(&snapshot, &id)?;
    let collections: Vec<Arc<Collection>> =
        ids.iter().map(|id| Arc::clone(snapshot.collections[id].collection())).collect();
    if format == Some("qml") {
        let [collection] = collections.as_slice() else {
            return Err(Problem::new(
                Code::InvalidParameter,
                "QML is the style of one collection; name one",
            ));
        };
        return Ok(qml(collection));
    }
    let base = app.settings.links.base(peer.ip(), &headers);
    let joined = joined(ids.iter().map(spatial::CollectionId::as_str));
    let title = title(&snapshots(&snapshot, &ids));
    let references: Vec<&Collection> = collections.iter().map(AsRef::as_ref).collect();
    let document = style::document(
        &title,
        &references,
        client,
        &token.append(&format!("{base}/xyz/{joined}/tilejson.json")),
        &token.append(&format!("{base}/xyz/{joined}/{{z}}/{{x}}/{{y}}.mvt")),
    );
    Ok(answers::json(MAPBOX_STYLE, &document))
}

/// Who reads a style, by the parameter `client`.
pub fn client(query: &QueryString) -> Result<StyleClient, Problem> {
    Ok(match query.choice("client", &["maplibre", "qgis"])? {
        Some("qgis") => StyleClient::Qgis,
        _ => StyleClient::MapLibre,
    })
}

/// The style of a collection for QGIS's own layers.
pub fn qml(collection: &Collection) -> Response {
    let mut response = style::qml(collection).into_response();
    let media_type = HeaderValue::from_static("application/vnd.qgis.qml; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// The collections that the style called `id` draws: all of them, or those that it names with
/// commas between.
pub fn drawn(snapshot: &Snapshot, id: &str) -> Result<Vec<spatial::CollectionId>, Problem> {
    if id == WHOLE_MAP {
        return Ok(of_whole_map(snapshot));
    }
    chosen(snapshot, id).map_err(|_unknown| {
        Problem::new(Code::StyleNotFound, format!("{id:?} is neither `all` nor a collection"))
    })
}

/// What a reader calls a style of these layers.
pub fn title(layers: &[&CollectionSnapshot]) -> String {
    match layers {
        [layer] => layer.collection().title.clone(),
        _ => "Tuban 图斑".to_owned(),
    }
}
