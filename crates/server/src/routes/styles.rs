//! `/styles`: MapLibre styles of the whole map and of single collections, and QML.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use spatial::Collection;

use super::answers;
use super::tile_layers::chosen;
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON};
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::state::App;
use crate::style::{self, StyleClient};

const MAPBOX_STYLE: &str = "application/vnd.mapbox.style+json";

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
            let href = format!("{base}/styles/{id}");
            let mut links = vec![
                json!({ "rel": "stylesheet", "type": MAPBOX_STYLE, "href": href }),
                json!({
                    "rel": "stylesheet", "type": MAPBOX_STYLE, "title": "for QGIS",
                    "href": format!("{href}?client=qgis")
                }),
            ];
            if id != WHOLE_MAP {
                links.push(json!({
                    "rel": "stylesheet", "type": "application/vnd.qgis.qml",
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
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = QueryString::parse(query.as_deref(), &["f", "client"])?;
    let format = query.choice("f", &["mapbox", "json", "qml"])?;
    let client = match query.choice("client", &["maplibre", "qgis"])? {
        Some("qgis") => StyleClient::Qgis,
        _ => StyleClient::MapLibre,
    };
    let snapshot = app.engine.snapshot();
    let ids = if id == WHOLE_MAP {
        snapshot.collections.keys().cloned().collect()
    } else {
        chosen(&snapshot, &id).map_err(|_unknown| {
            Problem::new(Code::StyleNotFound, format!("{id:?} is neither `all` nor a collection"))
        })?
    };
    let collections: Vec<Arc<Collection>> =
        ids.iter().map(|id| Arc::clone(snapshot.collections[id].collection())).collect();
    if format == Some("qml") {
        let [collection] = collections.as_slice() else {
            return Err(Problem::new(
                Code::InvalidParameter,
                "QML is the style of one collection; name one",
            ));
        };
        let mut response = style::qml(collection).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.qgis.qml; charset=utf-8"),
        );
        return Ok(response);
    }
    let base = app.settings.links.base(peer.ip(), &headers);
    let joined = ids.iter().map(spatial::CollectionId::as_str).collect::<Vec<_>>().join(",");
    let title = match collections.as_slice() {
        [collection] => collection.title.clone(),
        _ => "Tuban 图斑".to_owned(),
    };
    let references: Vec<&Collection> = collections.iter().map(AsRef::as_ref).collect();
    let document = style::document(
        &title,
        &references,
        client,
        &format!("{base}/xyz/{joined}/tilejson.json"),
        &format!("{base}/xyz/{joined}/{{z}}/{{x}}/{{y}}.mvt"),
    );
    Ok(answers::json(MAPBOX_STYLE, &document))
}
