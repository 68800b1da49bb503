//! `GET /collections/{id}/items/{fid}`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Pinned, ReadableField};
use formats::StreamFeature;
use formats::geojson::{GeoJsonStream, Profile as GeoJsonProfile};
use ledger::rows::{POINTS, is_of_ledger};
use serde_json::{Map, json};
use spatial::{AxisOrder, CollectionId, CollectionSnapshot, FeatureId, ValueRef};

use super::parameters::{ITEM_PARAMETERS, Reader};
use super::{
    Representation, TwoPlaces, declared, describe, members_text, positions, profiled, set,
};
use crate::as_of::as_of;
use crate::asked::Asked;
use crate::conditional::is_unchanged;
use crate::crs_uri::OfferedCrs;
use crate::html;
use crate::http_date;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{GEOJSON, HTML, JSONFG, Offer, choose};
use crate::problem::{Code, Problem};
use crate::routes::answers;
use crate::routes::collections::{known, page_map};
use crate::state::App;

const OFFERS: [&Offer; 3] = [&GEOJSON, &HTML, &JSONFG];

/// `GET /collections/{id}/items/{fid}`
pub async fn one(
    State(app): State<Arc<App>>,
    Path((id, fid)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&ITEM_PARAMETERS)?;
    let chosen = profiled(choose(query.value("f"), &asked.headers, &OFFERS)?, &query)?;
    let id = known(&app.engine.snapshot(), &id)?;
    let state = app.engine.state(as_of(&query)?, std::slice::from_ref(&id)).await?;
    let pinned = app.engine.pin_in(&state, &id)?;
    let collection = Arc::clone(pinned.collection().collection());
    let profile = app.engine.profile();
    let offered = app.crs_lists.of(&app.engine, pinned.collection());
    let registry = app.engine.registry();
    let reader =
        Reader { registry, query: &query, collection: &collection, offered: &offered, profile };
    let (crs, fields) = (reader.crs()?, reader.properties()?);
    let called = feature_called(pinned.collection(), &fid);
    let fid = called.ok_or_else(|| no_such_feature(&id, &fid))?;
    let shown = Representation { encoding: chosen.name, crs_uri: &crs.uri, fields: &fields };
    let changed = app.engine.revision_of_item(pinned.collection(), fid);
    let etag = shown.etag(&app.engine, &collection, fid, changed);
    let modified = app.engine.recorded_at(changed).await?;
    let mut response = if is_unchanged(&asked.headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        app.take_features(&asked.sender(), (pinned.collection(), Some(&[fid]))).await?;
        let item = Item {
            app: &app,
            asked: &asked,
            pinned: &pinned,
            offered: &offered,
            chosen,
            crs: &crs,
            is_crs_asked: query.value("crs").is_some(),
            fields,
        };
        item.answer(fid)?
    };
    describe(&mut response, &pinned, &crs.uri, &etag);
    if let Some(modified) = modified {
        set(response.headers_mut(), header::LAST_MODIFIED, &http_date::write(modified));
    }
    Ok(response)
}

/// The feature that a path names: by its id, a point of the ledger also by its own id or its number.
pub(super) fn feature_called(held: &CollectionSnapshot, text: &str) -> Option<FeatureId> {
    if let Ok(number) = text.parse::<i64>() {
        return FeatureId::try_from(number).ok().filter(|id| held.get(*id).is_some());
    }
    let collection = held.collection();
    if collection.id.as_str() != POINTS || !is_of_ledger(collection) {
        return None;
    }
    let mut found = None;
    for (column, name) in [("id", text.to_ascii_lowercase()), ("code", text.to_owned())] {
        let Some(column) = collection.field_position(column) else { continue };
        held.with_text(column, &name, &mut |shard, slots| {
            found = slots.first().map(|slot| shard.ids()[usize::from(*slot)]).or(found);
        });
    }
    found
}

pub(super) fn no_such_feature(id: &CollectionId, text: &str) -> Problem {
    let shown: String = text.chars().take(80).collect();
    let named = match id.as_str() == POINTS {
        true => "its id, a whole number, or that or the number of a point",
        false => "its id, a whole number",
    };
    let detail = format!(
        "collection {id} has no feature {shown:?}; name one by {named}, as \
         /collections/{id}/items lists them"
    );
    Problem::new(Code::FeatureNotFound, detail)
}

/// A request made out.
struct Item<'a> {
    app: &'a App,
    asked: &'a Asked,
    pinned: &'a Pinned,
    offered: &'a [OfferedCrs],
    chosen: &'static Offer,
    crs: &'a OfferedCrs,
    is_crs_asked: bool,
    fields: Vec<ReadableField>,
}

impl Item<'_> {
    fn answer(&self, fid: FeatureId) -> Result<Response, Problem> {
        let snapshot = self.pinned.collection();
        let collection = snapshot.collection();
        let gone = || Problem::internal(&format!("feature {fid} vanished from its snapshot"));
        let feature = snapshot.get(fid).ok_or_else(gone)?;
        let names = declared(collection, &self.fields);
        let values: Vec<ValueRef<'_>> =
            self.fields.iter().map(|field| feature.value(field.position())).collect();
        if self.chosen == &HTML {
            let map = page_map(snapshot, Some(self.asked.href_with("f", "json")));
            let title = format!("{} {fid}", collection.title);
            return Ok(html::page(
                self.asked,
                &title,
                Some(&map),
                &html::item_body(&names, &values),
            ));
        }
        let is_fg = self.chosen == &JSONFG;
        let mut members = Map::new();
        let (mut place, mut profile) = (None, GeoJsonProfile::Plain);
        if is_fg {
            let asked = self.is_crs_asked.then_some(self.crs);
            let places =
                TwoPlaces::new(&self.app.engine, collection, asked, self.offered, &self.fields)?;
            members.extend(places.members);
            let schema = format!("{}/collections/{}/schema", self.asked.base, collection.id);
            members.insert("featureSchema".to_owned(), json!(schema));
            place = places.place.map(|place| place.geometry(feature)).transpose()?.flatten();
            profile = places.profile;
        }
        let mut links = self_and_alternates(self.asked, self.chosen, &OFFERS);
        if let Some(own) = links.first_mut() {
            own["type"] = json!(GEOJSON.media_type);
        }
        let resource = self.asked.resource();
        let above = resource.rsplit_once("/items/").map_or(resource.as_str(), |(above, _)| above);
        links.push(link("collection", "application/json", above, "the collection"));
        members.insert("links".to_owned(), json!(links));
        let (crs, axis_order) = match is_fg {
            true => (&spatial::Crs::WGS84, AxisOrder::EastNorth),
            false => (&self.crs.crs, self.crs.axis_order),
        };
        let geometry = self.app.engine.shown(collection, crs)?.geometry(feature)?;
        let shown = StreamFeature {
            id: fid,
            geometry: geometry.as_ref(),
            place: place.as_ref(),
            values: &values,
        };
        let mut bytes = Vec::new();
        GeoJsonStream::new(
            profile,
            positions(collection, axis_order),
            &names,
            members_text(&members),
        )
        .single(&mut bytes, &shown);
        let mut response = bytes.into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(GEOJSON.media_type));
        answers::vary_by_accept(&mut response);
        Ok(response)
    }
}
