//! `GET /collections/{id}/all.fgb`: a whole collection as one FlatGeobuf, in its own CRS.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::ReadableField;
use formats::fgb::FgbStream;

use super::{describe, fgb_layer, set};
use crate::asked::Asked;
use crate::conditional::is_unchanged;
use crate::crs_uri::{CRS84, storage_uri};
use crate::negotiate::FGB;
use crate::problem::Problem;
use crate::routes::collections::known;
use crate::state::App;
use crate::streaming::{Answer, Source, body};

/// `GET /collections/{id}/all.fgb`
pub async fn whole(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.query(&[])?;
    let id = known(&app.engine.snapshot(), &id)?;
    let pinned = app.engine.pin(&id, None)?;
    let snapshot = Arc::clone(pinned.collection());
    let collection = snapshot.collection();
    let offered = app.crs_lists.of(&app.engine, &snapshot);
    // A local grid has no name that a file could say; its features go out as WGS 84.
    let stored = storage_uri(collection, &offered);
    let crs = if stored.is_some() { collection.crs.clone() } else { spatial::Crs::WGS84 };
    let etag = format!("\"{}-all\"", app.engine.collection_tag(&pinned, app.engine.profile()));
    let mut response = if is_unchanged(&asked.headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        app.take_features(&asked.sender(), (&snapshot, None)).await?;
        let fields: Vec<ReadableField> =
            ReadableField::all(collection, app.engine.profile()).map(|(field, _)| field).collect();
        let layer = fgb_layer(collection, &fields, &crs, snapshot.len() as u64);
        let answer = Answer {
            collection: Arc::clone(&snapshot),
            source: Source::Whole,
            stream: Box::new(FgbStream::new(layer)),
            id_is_value: true,
            fields,
            geometry: Some(app.engine.shown(collection, &crs)?),
            place: None,
        };
        let mut response = body(&app.engine, answer).await?.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FGB.media_type));
        let disposition = format!(
            "attachment; filename*=UTF-8''{}.fgb",
            crate::query_string::encode(id.as_str())
        );
        set(headers, header::CONTENT_DISPOSITION, &disposition);
        response
    };
    describe(&mut response, &pinned, stored.as_deref().unwrap_or(CRS84), &etag);
    Ok(response)
}
