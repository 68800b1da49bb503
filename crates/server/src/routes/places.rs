//! `/responsible`: who is responsible at positions on a day; `/collections/{id}/assignments`: how
//! its features are assigned to units.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use engine::now;
use engine::places::{PLACES, ResponsibleQuery};
use engine::{EngineError, ReadableField};
use ledger::place::{ADMIN_UNITS, ASSIGNED_BY, Day, RESPONSIBILITIES};
use spatial::{CollectionId, Snapshot};

use super::collections::known;
use super::planner::{json_answer, json_body, made_out};
use super::{REVISION, answers};
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON, choose};
use crate::places::{self, ALLEY_METRES, MAX_ALLEY_METRES, Told, UNIT_MEMBERS};
use crate::planner::{ResponsibleRequest, ResponsibleReturn};
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::ready::OfTheState;
use crate::request_body::Body;
use crate::state::App;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/responsible", get(responsible).post(responsible_at))
        .route("/collections/{id}/assignments", get(assignments))
}

/// `GET /responsible?lon=&lat=`
async fn responsible(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f", "lon", "lat", "date", "alley", AS_OF])?;
    let offers = [&JSON, &HTML];
    let chosen = choose(query.value("f"), &asked.headers, &offers)?;
    let has_day = query.value("date").is_some();
    let query = ResponsibleQuery {
        positions: vec![[number(&query, "lon", 180.0)?, number(&query, "lat", 90.0)?]],
        day: day(&query)?,
        places: PLACES.to_vec(),
        alley_within: alley(&query)?,
        as_of: as_of(&query)?,
        profile: app.engine.profile(),
    };
    let day = query.day;
    let found = app.engine.responsible(query).await.map_err(no_units)?;
    let links = self_and_alternates(&asked, chosen, &offers);
    let here = found.here.first();
    let told = here.map(|here| places::responsible(day, found.revision, (here, &links)));
    // What holds texts, numbers and lists of them is always JSON.
    let text = serde_json::to_string(&told).unwrap_or_default();
    let response = answers::written(&asked, chosen, "Who is responsible", text);
    let mut response = answers::of_state(response, found.revision, "no-cache");
    response.extensions_mut().insert(OfTheState::timeless_if(has_day));
    Ok(response)
}

/// `POST /responsible`
async fn responsible_at(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = json_body(&headers, body, app.settings.max_body_bytes)?;
    let mut asked = made_out(&app, body, |body, _crs| ResponsibleRequest::read(body)).await?;
    asked.query.profile = app.engine.profile();
    known_properties(&app.engine.snapshot(), &asked)?;
    let day = asked.query.day;
    let found = app.engine.responsible(asked.query).await.map_err(no_units)?;
    let revision = found.revision;
    let write = move || {
        let told = Told(&asked.properties);
        match asked.returned {
            ResponsibleReturn::Positions => places::responsible_at(day, &found, told),
            ResponsibleReturn::Tables => places::responsible_tables(day, &found, told),
        }
    };
    let mut response = json_answer(app.engine.pool().run(write).await?.into());
    response.headers_mut().insert(REVISION, HeaderValue::from(revision.0));
    response.extensions_mut().insert(OfTheState::timeless_if(asked.has_day));
    Ok(response)
}

/// Refuses names of properties that neither units nor any collection looked at has, and of fields that
/// the reader may not read.
fn known_properties(snapshot: &Snapshot, asked: &ResponsibleRequest) -> Result<(), Problem> {
    let (places, profile) = (&asked.query.places, asked.query.profile);
    let read = places.iter().copied().chain([RESPONSIBILITIES]).filter(|name| *name != ADMIN_UNITS);
    let ids = read.filter_map(|name| CollectionId::try_from(name).ok());
    let held: Vec<_> = ids.filter_map(|id| snapshot.collections.get(&id)).collect();
    let of_units = if places.contains(&ADMIN_UNITS) { &UNIT_MEMBERS[..] } else { &[] };
    for name in &asked.properties {
        let fields = held.iter().map(|held| ReadableField::find(held.collection(), name, profile));
        let (mut is_there, mut hidden) = (of_units.contains(&name.as_str()), None);
        for field in fields {
            match field {
                Ok(_) => is_there = true,
                Err(error @ EngineError::HiddenField { .. }) => hidden = Some(error),
                Err(_) => {}
            }
        }
        if is_there {
            continue;
        }
        if let Some(hidden) = hidden {
            return Err(hidden.into());
        }
        let readable = held.iter().flat_map(|held| ReadableField::all(held.collection(), profile));
        let mut known: Vec<&str> = readable.map(|(_, field)| field.name.as_str()).collect();
        known.extend(of_units);
        known.sort_unstable();
        known.dedup();
        let (odd, known) = (name.chars().take(60).collect::<String>(), known.join(", "));
        return Err(Problem::new(
            Code::InvalidParameter,
            format!("properties: {odd:?} is a property of none of the places; known: {known}"),
        ));
    }
    Ok(())
}

fn no_units(error: EngineError) -> Problem {
    match error {
        EngineError::UnknownCollection { id } => Problem::new(
            Code::CollectionNotFound,
            format!("the store has no collection {id}; `tuban places init` makes it"),
        ),
        error => error.into(),
    }
}

/// `GET /collections/{id}/assignments`
async fn assignments(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let id = known(&app.engine.snapshot(), &id)?;
    let told = app.engine.assignments(&id, app.engine.profile()).await?;
    let told = told.ok_or_else(|| {
        let detail = format!(
            "features of {id} are not assigned to units, or that may not be read; assigned \
             collections have the text field {ASSIGNED_BY} and one of district, town, village, \
             courtyard, grid"
        );
        Problem::new(Code::NotFound, detail)
    })?;
    let mut body = places::assignments(id.as_str(), &told);
    body["links"] = self_and_alternates(&asked, chosen, &offers).into();
    let response = answers::document(&asked, chosen, "Assignments", &body);
    Ok(answers::of_state(response, told.revision, "no-cache"))
}

fn refused(name: &str, text: &str, expected: &str) -> Problem {
    let shown: String = text.chars().take(60).collect();
    Problem::new(Code::InvalidParameter, format!("{name}={shown:?} is not {expected}"))
}

/// A number of degrees from `-most` to `most`.
fn number(query: &QueryString, name: &str, most: f64) -> Result<f64, Problem> {
    let text = query.value(name).ok_or_else(|| {
        let detail =
            format!("{name} is missing; send lon and lat in degrees, such as lon=116.34&lat=39.73");
        Problem::new(Code::InvalidParameter, detail)
    })?;
    let number = text.parse().ok().filter(|number: &f64| number.abs() <= most);
    number.ok_or_else(|| refused(name, text, &format!("a number from -{most} to {most}")))
}

/// The day asked about; today in Shanghai when nothing is said.
fn day(query: &QueryString) -> Result<Day, Problem> {
    match query.value("date") {
        Some(text) => {
            text.parse().map_err(|_odd| refused("date", text, "a day such as 2026-11-22"))
        }
        None => Ok(Day::of(now())),
    }
}

fn alley(query: &QueryString) -> Result<f64, Problem> {
    let Some(text) = query.value("alley") else { return Ok(ALLEY_METRES) };
    let metres = text.parse().ok().filter(|metres| (0.0..=MAX_ALLEY_METRES).contains(metres));
    let expected = format!("a number of metres from 0 to {MAX_ALLEY_METRES}");
    metres.ok_or_else(|| refused("alley", text, &expected))
}
