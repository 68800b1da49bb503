//! `/collections/{id}/items`, `…/items/{fid}` and `…/all.fgb`.

mod edit;
pub mod history;
mod list;
mod one;
pub mod parameters;
mod preconditions;
mod times;
mod whole;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use engine::{Engine, Pinned, ReadableField, Shown};
use formats::DeclaredCrs;
use formats::datetime::utc_of_millis;
use formats::fgb::FgbLayer;
use formats::geojson::{Positions, Profile as GeoJsonProfile};
pub use history::history;
use serde_json::{Map, Value, json};
use spatial::{
    AxisOrder, Collection, Crs, FeatureId, Field, FieldClass, FieldType, GeometryType, Revision,
};
pub use whole::whole;

use crate::crs_uri::{CRS84, OfferedCrs, storage_uri};
use crate::negotiate::{JSONFG, Offer};
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::routes::origin::refuse_other_origins;
use crate::schema::id_name;
use crate::state::App;

pub(super) const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");
const NUMBER_MATCHED: HeaderName = HeaderName::from_static("ogc-numbermatched");
const NUMBER_RETURNED: HeaderName = HeaderName::from_static("ogc-numberreturned");

/// The routes; with edits, where they are offered, and the bound on their body.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let (mut all, mut one) = (get(list::list), get(one::one));
    if app.settings.offers_edits {
        all = all.post(edit::create);
        one = one.put(edit::replace).patch(edit::update).delete(edit::remove);
    }
    Router::new()
        .route("/collections/{id}/items", all)
        .route("/collections/{id}/items/{fid}", one)
        .layer(DefaultBodyLimit::max(app.settings.max_batch_bytes))
        .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins))
}

/// The CRS that a request says its geometries are in, in angle brackets or without.
pub(super) fn content_crs(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(CONTENT_CRS) else { return Ok(None) };
    let text = value.to_str().map_err(|_not_text| {
        Problem::new(Code::InvalidParameter, "Content-Crs is no text; send the URI of a CRS")
    })?;
    let text = text.trim();
    let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    Ok(Some(bare.unwrap_or(text).trim().to_owned()))
}

/// How a feature is shown: what makes its representations differ.
struct Representation<'a> {
    encoding: &'a str,
    crs_uri: &'a str,
    fields: &'a [ReadableField],
}

impl Representation<'_> {
    /// The strong tag of a feature as it was at `revision`, in quotes.
    fn etag(
        &self,
        engine: &Engine,
        collection: &Collection,
        id: FeatureId,
        revision: Revision,
    ) -> String {
        let mut shown = vec![self.encoding, self.crs_uri];
        shown.extend(declared(collection, self.fields).iter().map(|field| field.name.as_str()));
        format!("\"{}\"", engine.item_tag(&collection.id, id, revision, &shown))
    }
}

/// Fields of the collection that `readable` are.
fn declared<'c>(collection: &'c Collection, readable: &[ReadableField]) -> Vec<&'c Field> {
    readable.iter().map(|field| &collection.fields[field.position()]).collect()
}

/// The offer that `profile` makes of the chosen one.
fn profiled(chosen: &'static Offer, query: &QueryString) -> Result<&'static Offer, Problem> {
    let profile = query.choice("profile", &["rfc7946", "jsonfg"])?;
    match (chosen.name, profile) {
        ("json", Some("jsonfg")) => Ok(&JSONFG),
        ("jsonfg", Some("rfc7946")) => Err(Problem::new(
            Code::InvalidParameter,
            "f=jsonfg has no profile rfc7946; ask for f=json",
        )),
        _ => Ok(chosen),
    }
}

/// How JSON-FG shows geometries: `place` in the CRS asked for, or in that of the collection.
struct TwoPlaces {
    place: Option<Shown>,
    profile: GeoJsonProfile,
    members: Map<String, Value>,
}

impl TwoPlaces {
    fn new(
        engine: &Engine,
        collection: &Collection,
        asked: Option<&OfferedCrs>,
        offered: &[OfferedCrs],
        fields: &[ReadableField],
    ) -> Result<Self, Problem> {
        let storage = storage_uri(collection, offered);
        let stored = storage.and_then(|uri| offered.iter().find(|one| one.uri == uri));
        // What is WGS 84 already has no second place.
        let place = asked.or(stored).filter(|crs| crs.uri != CRS84);
        let time = ReadableField::time(collection, engine.profile())
            .and_then(|(time, _)| fields.iter().position(|field| *field == time));
        let axis_order = place.map_or(AxisOrder::EastNorth, |crs| crs.axis_order);
        let mut members = Map::new();
        let classes = ["core", "types-schemas", "profiles"];
        let classes =
            classes.map(|class| format!("http://www.opengis.net/spec/json-fg-1/1.0/conf/{class}"));
        members.insert("conformsTo".to_owned(), json!(classes));
        members.insert("featureType".to_owned(), json!(collection.id.as_str()));
        if let Some(dimension) = dimension(collection.geometry_type) {
            members.insert("geometryDimension".to_owned(), json!(dimension));
        }
        let coord_ref_sys = place.map_or(CRS84, |crs| crs.uri.as_str());
        members.insert("coordRefSys".to_owned(), json!(coord_ref_sys));
        Ok(Self {
            place: place.map(|crs| engine.shown(collection, &crs.crs)).transpose()?,
            profile: GeoJsonProfile::FeaturesAndGeometries {
                place: positions(collection, axis_order),
                time,
            },
            members,
        })
    }
}

fn dimension(geometry_type: GeometryType) -> Option<u8> {
    match geometry_type {
        GeometryType::Point | GeometryType::MultiPoint => Some(0),
        GeometryType::LineString | GeometryType::MultiLineString => Some(1),
        GeometryType::Polygon | GeometryType::MultiPolygon => Some(2),
        GeometryType::Any => None,
    }
}

fn positions(collection: &Collection, axis_order: AxisOrder) -> Positions {
    Positions { axis_order, declared: collection.geometry_type }
}

/// A layer of a FlatGeobuf stream: the id as its first field.
fn fgb_layer(collection: &Collection, fields: &[ReadableField], crs: &Crs, count: u64) -> FgbLayer {
    let id = Field {
        name: id_name(collection),
        alias: None,
        field_type: FieldType::Int,
        class: FieldClass::L0,
    };
    let fields = declared(collection, fields).into_iter().cloned();
    FgbLayer {
        name: collection.id.as_str().to_owned(),
        fields: std::iter::once(id).chain(fields).collect(),
        crs: declared_crs(crs),
        geometry_type: collection.geometry_type,
        has_z: collection.has_z,
        has_m: collection.has_m,
        count,
    }
}

fn declared_crs(crs: &Crs) -> DeclaredCrs {
    match crs {
        Crs::Epsg(code) => DeclaredCrs::Epsg(*code),
        Crs::Site(_) => DeclaredCrs::Unknown,
    }
}

/// The moment of an answer.
fn now() -> String {
    utc_of_millis(engine::now().0)
}

/// Members of a JSON object as text, without its braces.
fn members_text(members: &Map<String, Value>) -> String {
    let text = serde_json::to_string(members).unwrap_or_default();
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_owned()
}

/// Sets a header whose value is made of what was asked or stored; an odd one is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The headers that every answer with features has, 304 too.
fn describe(response: &mut Response, pinned: &Pinned, crs_uri: &str, etag: &str) {
    let headers = response.headers_mut();
    set(headers, CONTENT_CRS, &format!("<{crs_uri}>"));
    set(headers, header::ETAG, etag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(super::REVISION, HeaderValue::from(pinned.revision().0));
    super::answers::vary_by_accept(response);
}
