//! `/patrols`: patrols as phones send them, what they cover of the alleys, what patrollers did.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use engine::now;
use engine::patrols::{CoverageAsked, Grouping, Period, StatisticsAsked};
use formats::report::workbook;
use serde_json::Value;
use spatial::{Day, Revision, Timestamp};

use super::origin::refuse_other_origins;
use super::{answers, tables};
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::html;
use crate::links::self_and_alternates;
use crate::negotiate::{CSV, HTML, JSON, Offer, XLSX, choose};
use crate::patrols::{self, CoverageTable};
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::request_body::{self, EditBody};
use crate::state::App;
use crate::units::AskedUnit;

/// Where patrols are sent.
pub const PATH: &str = "/patrols";
/// The encodings of tables.
pub const OFFERS: [&Offer; 4] = [&JSON, &HTML, &CSV, &XLSX];

/// The routes; patrols are taken where edits are offered, from pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut routes = Router::new();
    if app.settings.offers_edits {
        routes = routes
            .route(PATH, post(take))
            .layer(DefaultBodyLimit::max(app.settings.max_batch_bytes))
            .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    }
    routes.route("/patrols/coverage", get(coverage)).route("/patrols/statistics", get(statistics))
}

/// `POST /patrols`: one patrol, or a list of them, each with an outcome of its own.
async fn take(
    State(app): State<Arc<App>>,
    actor: Actor,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let most = app.settings.max_batch_bytes;
    let body = request_body::read(&headers, body, most, &[request_body::JSON])?;
    let most_events = app.settings.max_transaction_changes;
    let lists = &app.settings.checklists;
    let mut answer =
        patrols::take(&app.engine, lists, body.to_vec(), (&actor, most_events)).await?;
    if let (false, Some(refused)) = (answer.is_list, answer.refused.take()) {
        return Err(refused);
    }
    let mut response = answers::json(request_body::JSON, &answer.body);
    if answer.is_new && !answer.is_list {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(answers::of_state(response, Revision(answer.revision), "no-store"))
}

/// `GET /patrols/coverage`
async fn coverage(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f", "unit", "date", "from", "to", "by", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let as_of = as_of(&query)?;
    let by = match query.value("by") {
        Some(text) => word("by", text, &CoverageTable::ALL.map(|one| (one.identifier(), one)))?,
        None => CoverageTable::Alley,
    };
    let (from, to) = days(&query, as_of)?;
    let unit = query.value("unit").map(str::to_owned);
    let question = CoverageAsked { unit, from, to, as_of, profile: app.engine.profile() };
    let found = app.engine.patrol_coverage(question.clone()).await?;
    let (is_known, has_rows) = (found.unit_is_known, !found.alleys.is_empty());
    let unit = AskedUnit { code: question.unit.as_deref(), day: to, is_known, has_rows };
    unit.check(&app.engine).await?;
    let both = || patrols::coverage_tables(&question, &found);
    let response = match chosen.name {
        "json" => document(&asked, chosen, patrols::coverage(&question, &found)),
        "html" => {
            let [alleys, towns] = both();
            let body = html::tables_body(&[towns, alleys], &[]);
            let mut response = html::page(&asked, "巡查覆盖", None, &body);
            answers::vary_by_accept(&mut response);
            response
        }
        "xlsx" => {
            let [alleys, towns] = both();
            let bytes = workbook(&[towns, alleys]).map_err(|fault| Problem::internal(&fault))?;
            let mut response = tables::file(bytes, chosen, "coverage");
            answers::vary_by_accept(&mut response);
            response
        }
        _ => {
            let [alleys, towns] = both();
            let table = if by == CoverageTable::Town { towns } else { alleys };
            tables::table(&asked, chosen, "coverage", &table)?
        }
    };
    Ok(answers::of_state(response, found.revision, "no-cache"))
}

/// `GET /patrols/statistics`
async fn statistics(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f", "unit", "by", "period", "from", "to", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let as_of = as_of(&query)?;
    let by = match query.value("by") {
        Some(text) => word("by", text, &Grouping::ALL.map(|one| (one.identifier(), one)))?,
        None => Grouping::Role,
    };
    let period = match query.value("period") {
        Some(text) => word("period", text, &Period::ALL.map(|one| (one.identifier(), one)))?,
        None => Period::Whole,
    };
    let question = StatisticsAsked {
        by,
        period,
        from: day(&query, "from")?,
        to: day(&query, "to")?,
        unit: query.value("unit").map(str::to_owned),
        as_of,
        today: Day::of(as_of.unwrap_or_else(now)),
        profile: app.engine.profile(),
    };
    let found = app.engine.patrol_statistics(question.clone()).await?;
    let response = match chosen.name {
        "json" => document(&asked, chosen, patrols::statistics(&question, &found)),
        _ => {
            let table = patrols::statistics_table(&question, &found);
            tables::table(&asked, chosen, "patrols", &table)?
        }
    };
    Ok(answers::of_state(response, found.revision, "private, no-cache"))
}

/// A document with its links.
pub(super) fn document(asked: &Asked, chosen: &Offer, mut body: Value) -> Response {
    body["links"] = self_and_alternates(asked, chosen, &OFFERS).into();
    let mut response = answers::json(JSON.media_type, &body);
    answers::vary_by_accept(&mut response);
    response
}

/// The days asked for: one, a stretch, or that of the state.
fn days(query: &QueryString, as_of: Option<Timestamp>) -> Result<(Day, Day), Problem> {
    let [date, from, to] = ["date", "from", "to"].map(|name| day(query, name));
    let (date, from, to) = (date?, from?, to?);
    match (date, from, to) {
        (Some(date), None, None) => Ok((date, date)),
        (Some(_), ..) => {
            let detail = "date stands for from and to of one day; send it alone".to_owned();
            Err(Problem::new(Code::InvalidParameter, detail))
        }
        (None, from, to) => {
            let to = to.unwrap_or_else(|| Day::of(as_of.unwrap_or_else(now)));
            Ok((from.unwrap_or(to), to))
        }
    }
}

/// A day that a parameter names.
pub(super) fn day(query: &QueryString, name: &str) -> Result<Option<Day>, Problem> {
    let Some(text) = query.value(name) else { return Ok(None) };
    let read = text.parse::<Day>();
    read.map(Some).map_err(|odd| Problem::new(Code::InvalidParameter, format!("{name}: {odd}")))
}

/// One of a closed list of words.
fn word<T: Copy>(name: &str, text: &str, all: &[(&str, T)]) -> Result<T, Problem> {
    let found = all.iter().find(|(word, _)| *word == text);
    found.map(|(_, one)| *one).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
        let detail = format!("{name}={shown:?} is not known; use one of: {}", words.join(", "));
        Problem::new(Code::InvalidParameter, detail)
    })
}
