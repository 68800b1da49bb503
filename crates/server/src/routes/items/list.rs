//! `GET /collections/{id}/items`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{ItemsPage, Pinned, ReadableField};
use formats::fgb::FgbStream;
use formats::geojson::{GeoJsonStream, Profile as GeoJsonProfile};
use formats::{CsvStream, FeatureStream};
use serde_json::{Map, Value, json};
use spatial::AxisOrder;

use super::parameters::Reader;
use super::{
    NUMBER_MATCHED, NUMBER_RETURNED, TwoPlaces, declared, declared_crs, describe, fgb_layer,
    members_text, now, positions, profiled, set,
};
use crate::as_of::as_of;
use crate::asked::Asked;
use crate::conditional::is_unchanged;
use crate::crs_uri::OfferedCrs;
use crate::html::{self, ItemsTable};
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, FGB, GEOJSON, HTML, JSONFG, Offer, choose};
use crate::problem::Problem;
use crate::query_string::QueryString;
use crate::routes::collections::{known, page_map};
use crate::schema::id_name;
use crate::state::App;
use crate::streaming::{Answer, Source, body};

const OFFERS: [&Offer; 5] = [&GEOJSON, &HTML, &JSONFG, &FGB, &CSV];

/// A request made out.
struct Items<'a> {
    app: &'a App,
    asked: &'a Asked,
    pinned: &'a Pinned,
    offered: &'a [OfferedCrs],
    chosen: &'static Offer,
    /// CRS of the answer, and whether it was asked for.
    crs: OfferedCrs,
    is_crs_asked: bool,
    skips_geometry: bool,
    fields: Vec<ReadableField>,
    page: ItemsPage,
}

/// `GET /collections/{id}/items`
pub async fn list(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = QueryString::read(asked.raw_query.as_deref())?;
    let chosen = profiled(choose(query.value("f"), &asked.headers, &OFFERS)?, &query)?;
    let id = known(&app.engine.snapshot(), &id)?;
    let pinned = match query.value("cursor") {
        // A cursor names its state itself.
        Some(cursor) => app.engine.pin(&id, Some(cursor))?,
        None => {
            let state = app.engine.state(as_of(&query)?, std::slice::from_ref(&id)).await?;
            app.engine.pin_in(&state, &id)?
        }
    };
    let profile = app.engine.profile();
    let collection = Arc::clone(pinned.collection().collection());
    let offered = app.crs_lists.of(&app.engine, pinned.collection());
    let reader = Reader {
        registry: app.engine.registry(),
        query: &query,
        collection: &collection,
        offered: &offered,
        profile,
    };
    let items_query = reader.items()?;
    let (limit, crs, fields) = (reader.limit()?, reader.crs()?, reader.properties()?);
    let skips_geometry = reader.skips_geometry()?;

    // Weak: the time of the answer and the cursor in it change with every answer.
    let tag = format!("\"{}-{}\"", app.engine.collection_tag(&pinned, profile), chosen.name);
    let weak_tag = format!("W/{tag}");
    // JSON-FG has the CRS asked for in `place`, and its `geometry` in WGS 84.
    let content_crs = crs.uri.clone();
    if is_unchanged(&asked.headers, &tag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(&mut response, &pinned, &content_crs, &weak_tag);
        return Ok(response);
    }
    let page = app.engine.items(&pinned, items_query, limit).await?;
    app.take_features(&asked.sender(), (pinned.collection(), Some(&page.ids))).await?;
    let items = Items {
        app: &app,
        asked: &asked,
        pinned: &pinned,
        offered: &offered,
        chosen,
        crs,
        is_crs_asked: query.value("crs").is_some(),
        skips_geometry,
        fields,
        page,
    };
    let mut response = items.answer().await?;
    describe(&mut response, &pinned, &content_crs, &weak_tag);
    Ok(response)
}

impl Items<'_> {
    async fn answer(mut self) -> Result<Response, Problem> {
        let collection = Arc::clone(self.pinned.collection().collection());
        let names = declared(&collection, &self.fields);
        let next = self.page.next.as_ref().map(|cursor| self.asked.href_with("cursor", cursor));
        let lon_lat = spatial::Crs::WGS84;
        let mut place = None;
        let stream: Box<dyn FeatureStream> = match self.chosen.name {
            "html" => Box::new(self.table(next.clone(), &names)),
            "fgb" => {
                let count = self.page.ids.len() as u64;
                Box::new(FgbStream::new(fgb_layer(&collection, &self.fields, &self.crs.crs, count)))
            }
            "csv" => {
                let id = id_name(&collection);
                let names = names.iter().map(|field| field.name.as_str());
                let names: Vec<&str> = std::iter::once(id.as_str()).chain(names).collect();
                let crs = declared_crs(&self.crs.crs);
                Box::new(CsvStream::new(&names, &crs, collection.geometry_type, collection.has_z))
            }
            "jsonfg" => {
                let asked = self.is_crs_asked.then_some(&self.crs);
                let places = TwoPlaces::new(
                    &self.app.engine,
                    &collection,
                    asked,
                    self.offered,
                    &self.fields,
                )?;
                place = places.place;
                let mut members = places.members;
                members.extend(self.members(next.as_deref()));
                let schema = format!("{}/collections/{}/schema", self.asked.base, collection.id);
                members.insert("featureSchema".to_owned(), json!(schema));
                let plain = positions(&collection, AxisOrder::EastNorth);
                let text = members_text(&members);
                Box::new(GeoJsonStream::new(places.profile, plain, &names, text))
            }
            _ => {
                let geometry = positions(&collection, self.crs.axis_order);
                let text = members_text(&self.members(next.as_deref()));
                Box::new(GeoJsonStream::new(GeoJsonProfile::Plain, geometry, &names, text))
            }
        };
        let shown_in = match self.chosen.name {
            "html" | "jsonfg" => &lon_lat,
            _ => &self.crs.crs,
        };
        let returned = self.page.ids.len();
        let answer = Answer {
            collection: Arc::clone(self.pinned.collection()),
            source: Source::Ids(std::mem::take(&mut self.page.ids)),
            stream,
            id_is_value: matches!(self.chosen.name, "fgb" | "csv"),
            fields: self.fields.clone(),
            geometry: match self.skips_geometry {
                true => None,
                false => Some(self.app.engine.shown(&collection, shown_in)?),
            },
            place: place.filter(|_| !self.skips_geometry),
        };
        let mut response = body(&self.app.engine, answer).await?.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        headers.insert(NUMBER_MATCHED, HeaderValue::from(self.page.matched));
        headers.insert(NUMBER_RETURNED, HeaderValue::from(returned));
        match self.chosen.name {
            "html" => html::describe(&mut response),
            "json" | "jsonfg" => {}
            _ => {
                let own = self.asked.href();
                let media_type = self.chosen.media_type;
                let mut links = format!("<{own}>; rel=\"self\"; type=\"{media_type}\"");
                if let Some(next) = &next {
                    links.push_str(&format!(", <{next}>; rel=\"next\"; type=\"{media_type}\""));
                }
                set(headers, header::LINK, &links);
            }
        }
        Ok(response)
    }

    fn content_type(&self) -> &'static str {
        match self.chosen.name {
            "csv" => "text/csv; charset=utf-8",
            "jsonfg" => GEOJSON.media_type,
            _ => self.chosen.media_type,
        }
    }

    /// The members of a feature collection beside its features.
    fn members(&self, next: Option<&str>) -> Map<String, Value> {
        let mut links = self_and_alternates(self.asked, self.chosen, &OFFERS);
        if let Some(own) = links.first_mut() {
            own["type"] = json!(self.content_type());
        }
        if let Some(next) = next {
            links.push(link("next", self.content_type(), next, "the next page"));
        }
        let collection = self.asked.resource();
        let collection = collection.strip_suffix("/items").unwrap_or(&collection);
        links.push(link("collection", "application/json", collection, "the collection"));
        let members = json!({
            "links": links,
            "timeStamp": now(),
            "numberMatched": self.page.matched,
            "numberReturned": self.page.ids.len()
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn table(&self, next: Option<String>, fields: &[&spatial::Field]) -> ItemsTable {
        let snapshot = self.pinned.collection();
        let items = self.asked.href_with("f", "json");
        let map = page_map(snapshot, Some(items));
        let encodings = OFFERS.iter().filter(|offer| offer.name != "html");
        let page = html::ItemsPage {
            head: html::head(self.asked, &snapshot.collection().title, Some(&map)),
            items_url: self.asked.resource(),
            matched: self.page.matched,
            returned: self.page.ids.len(),
            next,
            encodings: encodings
                .map(|offer| (offer.name, self.asked.href_with("f", offer.name)))
                .collect(),
        };
        ItemsTable::new(page, fields)
    }
}
