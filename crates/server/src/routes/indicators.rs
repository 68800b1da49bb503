//! `/indicators`: figures of the ledger for a unit and its parts; `/targets`: how far they are with
//! their targets.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use engine::{Audience, Engine, HIGHEST_IN_TILES, now};
use ledger::indicator::Detail;
use ledger::rows::POINTS;
use serde_json::Value;
use spatial::Table;

use super::fences::whole_store;
use super::tasks::check_task;
use super::{answers, indicator_style, tables};
use crate::asked::Asked;
use crate::html;
use crate::indicators::{
    FOCUS_AREA, IndicatorQuery, IndicatorRefusal, Indicators, PARAMETERS, Told, answer,
};
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::ready::OfTheState;
use crate::state::App;

/// In what the answers are offered.
pub const OFFERS: [&Offer; 4] = [&JSON, &CSV, &XLSX, &HTML];

/// The routes, where there are definitions of indicators.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    match app.settings.indicators {
        Some(_) => Router::new()
            .route("/indicators", get(indicators))
            .route("/indicators/{code}/style", get(indicator_style::its_style))
            .route("/targets", get(targets)),
        None => Router::new(),
    }
}

/// `GET /indicators`
async fn indicators(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    told(&app, &asked, Told::Figures).await
}

/// `GET /targets`
async fn targets(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    told(&app, &asked, Told::Progress).await
}

/// What an answer is written as.
enum Written {
    Document(Value),
    Page(&'static str, Vec<Table>),
    Bytes(Vec<u8>),
}

async fn told(app: &Arc<App>, asked: &Asked, told: Told) -> Result<Response, Problem> {
    let known: Vec<&str> = std::iter::once("f").chain(PARAMETERS).collect();
    let values = asked.query(&known)?;
    let chosen = choose(values.value("f"), &asked.headers, &OFFERS)?;
    let (engine, query) = reading(app, told, &values)?;
    let indicators = defined(app)?;
    check_task(app, query.task.as_deref(), (Some(indicators), None)).await?;
    let now = now();
    // What is asked of the future is told as of now.
    let is_past = query.as_of.is_some_and(|as_of| as_of < now);
    let format = chosen.name;
    let write = move |answered: &crate::indicators::Answered<'_>| {
        Ok(match format {
            "csv" => Written::Bytes(answered.csv()?),
            "xlsx" => Written::Bytes(answered.workbook()?),
            "html" => Written::Page(answered.title(), answered.tables(Detail::Values)),
            _ => Written::Document(answered.document()),
        })
    };
    let (revision, written) = answer(&engine, indicators, (query, now), write).await?;
    let mut response = match written {
        Written::Document(mut document) => {
            document["links"] = links(asked, chosen, told).into();
            answers::json(chosen.media_type, &document)
        }
        Written::Page(title, tables) => {
            let others = [("XLSX", "xlsx"), ("CSV", "csv")];
            let others = others.map(|(name, f)| (name, asked.href_with("f", f)));
            html::page(asked, title, None, &html::tables_body(&tables, &others))
        }
        Written::Bytes(bytes) => {
            let name = match told {
                Told::Figures => "indicators",
                Told::Progress => "targets",
            };
            tables::file(bytes, chosen, &format!("{name}-{}", revision.0))
        }
    };
    answers::vary_by_accept(&mut response);
    let mut response = answers::of_state(response, revision, "no-cache");
    response.extensions_mut().insert(OfTheState::timeless_if(is_past));
    Ok(response)
}

/// What is counted.
pub(super) fn defined(app: &App) -> Result<&Arc<Indicators>, Problem> {
    let indicators = app.settings.indicators.as_ref();
    indicators.ok_or_else(|| Problem::internal(&"no indicators"))
}

/// What is asked, and what answers it as whoever asks may see it.
pub(super) fn reading(
    app: &App,
    told: Told,
    values: &QueryString,
) -> Result<(Arc<Engine>, IndicatorQuery), Problem> {
    let mut query = IndicatorQuery::read(told, |name| values.value(name))?;
    query.profile = app.engine.profile();
    if app.engine.view().audience != Audience::Public {
        return Ok((Arc::clone(&app.engine), query));
    }
    // Everyone is told what those count who work here, but no small numbers: of the year alone, since
    // two windows that differ little would tell what lies between them.
    let engine = Arc::new(app.engine.seeing(HIGHEST_IN_TILES));
    if told == Told::Progress {
        whole_store(app, "targets")?;
    }
    let refused = [FOCUS_AREA, "as-of", "from", "to", "year", "task", "rank"];
    if let Some(name) = refused.into_iter().find(|name| values.value(name).is_some()) {
        let detail = format!("{name} is not for everyone; leave it out, or send a token");
        return Err(Problem::new(Code::OutsideArea, detail));
    }
    query.profile = engine.profile();
    query.least_count = app.engine.least_count();
    Ok((engine, query))
}

/// Links to other encodings, to the other resource, and to the points that are counted.
fn links(asked: &Asked, chosen: &Offer, told: Told) -> Vec<Value> {
    let mut links = self_and_alternates(asked, chosen, &OFFERS);
    let query = asked.raw_query.as_deref().filter(|query| !query.is_empty());
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    let (path, title) = match told {
        Told::Figures => ("targets", "how far units are with their targets"),
        Told::Progress => ("indicators", "every indicator"),
    };
    let other = format!("{}/{path}{query}", asked.base);
    links.push(link("related", JSON.media_type, &other, title));
    let mut items = format!("{}/collections/{POINTS}/items", asked.base);
    if let Ok(values) = QueryString::read(asked.raw_query.as_deref())
        && let Some(as_of) = values.value("as-of")
    {
        items.push_str(&format!("?as-of={}", encode(as_of)));
    }
    links.push(link("items", "application/geo+json", &items, "the points"));
    links
}

impl From<IndicatorRefusal> for Problem {
    fn from(refusal: IndicatorRefusal) -> Self {
        match refusal {
            IndicatorRefusal::Engine(error) => error.into(),
            refusal @ IndicatorRefusal::Parameter { .. } => {
                Self::new(Code::InvalidParameter, refusal.to_string())
            }
            IndicatorRefusal::Report(fault) => Self::new(Code::TooCostly, fault.to_string()),
        }
    }
}
