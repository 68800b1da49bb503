//! `/styles`: MapLibre styles of the whole map and of single collections, and QML.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use engine::now;
use ledger::rows::POINTS;
use serde_json::json;
use spatial::{Collection, CollectionSnapshot, Snapshot};

use super::answers;
use super::tile_layers::{chosen, joined, of_whole_map, snapshots};
use crate::access::UrlToken;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::state::App;
use crate::style::{self, StyleClient, has_lamps};

/// Media type of a MapLibre style.
pub const MAPBOX_STYLE: &str = "application/vnd.mapbox.style+json";
/// Media type of a style of QGIS.
pub const QML: &str = "application/vnd.qgis.qml";

/// The parameter that says by what points are coloured.
const BY: &str = "by";
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
    let query = QueryString::parse(query.as_deref(), &["f", "client", BY, AS_OF])?;
    let format = query.choice("f", &["mapbox", "json", "qml"])?;
    let client = client(&query)?;
    let snapshot = app.engine.snapshot();
    let ids = drawn(&snapshot, &id)?;
    let mut collections: Vec<Arc<Collection>> =
        ids.iter().map(|id| Arc::clone(snapshot.collections[id].collection())).collect();
    let by_lamp = query.choice(BY, &["lamp"])?.is_some();
    let at = as_of(&query)?;
    if by_lamp {
        let collection = collections.first_mut().filter(|one| ids.len() == 1 && has_lamps(one));
        let collection = collection.ok_or_else(no_lamps)?;
        let rules = &app.engine.settings().ledger;
        if format == Some("qml") {
            return Ok(qml(style::qml_by_lamp(collection, rules, at)));
        }
        *collection = Arc::new(style::by_lamp(collection, rules, at.unwrap_or_else(now)));
    } else if at.is_some() {
        let detail = format!("{AS_OF} is the moment of lamps; send {BY}=lamp, too");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    if format == Some("qml") {
        let [collection] = collections.as_slice() else {
            return Err(Problem::new(
                Code::InvalidParameter,
                "QML is the style of one collection; name one",
            ));
        };
        return Ok(qml(style::qml(collection)));
    }
    let base = app.settings.links.base(peer.ip(), &headers);
    let joined = joined(ids.iter().map(spatial::CollectionId::as_str));
    let title = title(&snapshots(&snapshot, &ids));
    let references: Vec<&Collection> = collections.iter().map(AsRef::as_ref).collect();
    // Tiles of the moment whose lamps are asked for.
    let past = query.value(AS_OF).map_or(String::new(), |at| format!("?{AS_OF}={}", encode(at)));
    let document = style::document(
        &title,
        &references,
        client,
        &token.append(&format!("{base}/xyz/{joined}/tilejson.json{past}")),
        &token.append(&format!("{base}/xyz/{joined}/{{z}}/{{x}}/{{y}}.mvt{past}")),
    );
    Ok(answers::json(MAPBOX_STYLE, &document))
}

fn no_lamps() -> Problem {
    let detail = format!(
        "{BY}=lamp colours points of the ledger by their deadlines; ask /styles/{POINTS} of a store \
         that has a ledger"
    );
    Problem::new(Code::InvalidParameter, detail)
}

/// Who reads a style, by the parameter `client`.
pub fn client(query: &QueryString) -> Result<StyleClient, Problem> {
    Ok(match query.choice("client", &["maplibre", "qgis"])? {
        Some("qgis") => StyleClient::Qgis,
        _ => StyleClient::MapLibre,
    })
}

/// A style for QGIS's own layers.
pub fn qml(text: String) -> Response {
    let mut response = text.into_response();
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
