//! `/collections/{id}/defects`: the rows of the file that are no features because of a flaw that
//! another program wrote into them, and why.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use engine::{KeptOut, Profile, ReadableField};
use formats::datetime::utc_of_millis;
use serde_json::{Value, json};
use spatial::{CollectionId, Snapshot};

use super::answers;
use super::collections::known;
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON};
use crate::problem::{Code, Problem};
use crate::routes::fences::whole_store;
use crate::state::App;

/// Most entries of an answer; who mends these sees the others.
const MOST: usize = 10_000;
const PROPERTIES: &str = "/properties/";

/// `GET /collections/{id}/defects`
pub async fn defects(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    whole_store(&app, "rows that are no features")?;
    let (snapshot, profile) = (app.engine.snapshot(), app.engine.profile());
    // A collection that is kept out as a whole is in no snapshot and has its defects all the same.
    let id = CollectionId::try_from(name.as_str()).map_err(|unusable| {
        Problem::new(Code::CollectionNotFound, format!("{unusable}; see /collections"))
    })?;
    let mut listed = app.engine.kept_out(&id, MOST + 1).await?;
    if listed.is_empty() {
        known(&snapshot, &name)?;
    }
    let is_whole = listed.len() <= MOST;
    listed.truncate(MOST);
    let defects: Vec<Value> =
        listed.iter().map(|one| defect((&snapshot, profile), &id, one)).collect();
    let body = json!({
        "collection": id.as_str(),
        "numberReturned": defects.len(),
        "complete": is_whole,
        "defects": defects,
        "links": self_and_alternates(&asked, chosen, &offers)
    });
    Ok(answers::document(&asked, chosen, "Defects", &body))
}

/// One entry. A field that may not be read is not named.
fn defect(
    (snapshot, profile): (&Snapshot, Profile),
    id: &CollectionId,
    kept_out: &KeptOut,
) -> Value {
    let field = kept_out.place.strip_prefix(PROPERTIES);
    let field = field.map(|field| field.replace("~1", "/").replace("~0", "~"));
    let hidden = field.is_some_and(|field| {
        snapshot.collections.get(id).is_none_or(|collection| {
            ReadableField::find(collection.collection(), &field, profile).is_err()
        })
    });
    let pointer = if hidden { "/properties" } else { &kept_out.place };
    json!({
        "id": kept_out.fid,
        "pointer": pointer,
        "detail": kept_out.reason,
        "since": utc_of_millis(kept_out.since.0)
    })
}
