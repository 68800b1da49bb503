//! `/rules`: the spatial rules in force; `/rules/{rule}`: what one of them proposes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use engine::clues::{CluesFound, CluesQuery, MAX_CLUES_PAGE, NewReview, Reviewed};
use engine::now;
use ledger::clue::{Rule, Verdict};
use ledger::place::Day;
use ledger::point::{EventKind, Role};
use serde_json::{Value, json};
use spatial::{FeatureId, Timestamp};

use super::origin::refuse_other_origins;
use super::{answers, tables};
use crate::access::Standing;
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::clues::{self, CLUES};
use crate::evidence::EvidenceReaders;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, GEOJSON, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::ready::OfTheState;
use crate::request_body::{self, EditBody};
use crate::reviews;
use crate::state::App;

/// Asks for clues of which nothing was said.
const OPEN: &str = "open";
/// Clues that are written at once: less work than handing them to another thread.
const SHORT: usize = 20;
/// The encodings of what a rule proposes.
pub const OFFERS: [&Offer; 4] = [&GEOJSON, &HTML, &CSV, &XLSX];

/// The routes.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut routes = Router::new();
    if app.settings.offers_edits {
        routes = routes
            .route("/rules/{rule}/reviews", post(review))
            .layer(DefaultBodyLimit::max(app.settings.max_body_bytes))
            .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    }
    routes.route("/rules", get(list)).route("/rules/{rule}", get(one))
}

/// `GET /rules`
async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let rules = &app.settings.rules;
    let described = rules.all().iter().map(|rule| {
        let missing = app.engine.missing_inputs(rule);
        let mut described = clues::rule(rule, rules.edition(), &missing);
        let href = format!("{}/rules/{}", asked.base, rule.code);
        described["links"] = json!([link("item", GEOJSON.media_type, &href, "what it proposes")]);
        described
    });
    let described: Vec<Value> = described.collect();
    let mut body = json!({ "edition": rules.edition(), "rules": described });
    body["links"] = self_and_alternates(&asked, chosen, &offers).into();
    let mut response = answers::document(&asked, chosen, "Rules", &body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// `GET /rules/{rule}`
async fn one(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    const KNOWN: [&str; 10] =
        ["f", "bbox", "unit", "key", "id", "review", "limit", "offset", "date", AS_OF];
    let query = asked.query(&KNOWN)?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let is_file = [CSV.name, XLSX.name].contains(&chosen.name);
    let usual = if is_file { MAX_CLUES_PAGE } else { CLUES };
    let rules = &app.settings.rules;
    let rule = rules.named(&code).ok_or_else(|| no_rule(&app, &code))?;
    let place = query
        .value("bbox")
        .map(|text| clues::bbox(text).map_err(|reason| refused("bbox", text, &reason)));
    let as_of = as_of(&query)?;
    let has_day = query.value("date").is_some();
    check_readers(&app, &asked, rule)?;
    let query = CluesQuery {
        rule: rule.clone(),
        place: place.transpose()?,
        unit: query.value("unit").map(str::to_owned),
        key: query.value("key").map(str::to_owned),
        id: query.value("id").map(feature_id).transpose()?,
        as_of,
        today: day(&query, as_of)?,
        catalogue: Arc::clone(rules.catalogue()),
        profile: app.engine.profile(),
        reviewed: query.value("review").map(reviewed).transpose()?,
        offset: whole(&query, "offset", 0, 0, usize::MAX)?,
        limit: whole(&query, "limit", usual, 1, MAX_CLUES_PAGE)?,
    };
    let found = app.engine.clues(query.clone()).await?;
    let is_counted = app.take_named(&asked.sender(), clues::features(&found)).await?;
    let is_timeless = query.as_of.is_some() || has_day;
    let revision = found.revision;
    let response = match is_file {
        true => {
            let make = move || clues::table(&query, &found);
            let table = app.engine.pool().run_waiting(make).await?;
            tables::table(&asked, chosen, &rule.code, &table)?
        }
        false => written(&app, &asked, chosen, (query, found)).await?,
    };
    let is_open = rule.kind.readers().is_none();
    let cached = if is_open { "no-cache" } else { "private, no-cache" };
    let mut response = answers::of_state(response, revision, cached);
    if !is_counted {
        response.extensions_mut().insert(OfTheState::timeless_if(is_timeless));
    }
    Ok(response)
}

/// A page of clues as a document.
async fn written(
    app: &App,
    asked: &Asked,
    chosen: &Offer,
    (query, found): (CluesQuery, CluesFound),
) -> Result<Response, Problem> {
    let rule = &query.rule;
    let edition = app.settings.rules.edition();
    let mut described = clues::rule(rule, edition, &app.engine.missing_inputs(rule));
    described["confirm"] = clues::confirm(rule, &asked.base);
    let mut links = self_and_alternates(asked, chosen, &OFFERS);
    let end = query.offset.saturating_add(query.limit);
    if end < found.count {
        let href = asked.href_with("offset", &end.to_string());
        links.push(link("next", GEOJSON.media_type, &href, "the next page"));
    }
    let (links, base) = (Value::from(links), asked.base.clone());
    let name = rule.name.clone();
    let is_short = found.clues.len() <= SHORT;
    let write = move || clues::found(&query, &found, &described, (&base, Some(&links)));
    let text = match is_short {
        true => write(),
        false => app.engine.pool().run_waiting(write).await?,
    };
    Ok(answers::written(asked, chosen, &name, text))
}

/// `POST /rules/{rule}/reviews`: what somebody says of a clue.
async fn review(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    actor: Actor,
    asked: Asked,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let rules = &app.settings.rules;
    let rule = rules.named(&code).ok_or_else(|| no_rule(&app, &code))?;
    check_readers(&app, &asked, rule)?;
    let raisers = app.engine.settings().ledger.raisers.get(&EventKind::Rebound);
    let may = |role: Role| raisers.is_some_and(|raisers| raisers.contains(&role));
    if !actor.is_local() && !actor.role().is_some_and(may) {
        let names: Vec<&str> = raisers.into_iter().flatten().map(Role::identifier).collect();
        let detail = format!(
            "{}, in the role {}, may not review clues; those may who may say that a point came back: {}",
            actor.name(),
            actor.account_role_word(),
            names.join(", ")
        );
        return Err(Problem::new(Code::RoleMayNot, detail));
    }
    let most = app.settings.max_body_bytes;
    let body = request_body::read(&asked.headers, body, most, &[request_body::JSON])?;
    let review = reviews::read(&body, &actor, rule)?;
    let beside = (Arc::clone(rules.catalogue()), app.engine.profile());
    let query = CluesQuery::of(rule.clone(), Day::of(now()), beside);
    let edition = rules.edition().to_owned();
    let kept = app.engine.review_clue(NewReview { review, edition, query }).await?;
    let mut response = answers::json(JSON.media_type, &reviews::answer(&kept, rule));
    if kept.is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(answers::of_state(response, kept.revision, "no-store"))
}

/// Which clues are told, by what was said of them.
fn reviewed(text: &str) -> Result<Reviewed, Problem> {
    let verdict = Verdict::from_identifier(text).map(Reviewed::As);
    let found = (text == OPEN).then_some(Reviewed::Open).or(verdict);
    let known = Verdict::ALL.map(Verdict::identifier).join(", ");
    found.ok_or_else(|| refused("review", text, &format!("send {OPEN}, {known}")))
}

/// Refuses a sender to whom `rule` is not told: names and codes of enterprises are for the roles that the
/// rule names, and for whoever reaches a server of this machine without accounts.
fn check_readers(app: &App, asked: &Asked, rule: &Rule) -> Result<(), Problem> {
    let Some(readers) = rule.kind.readers() else { return Ok(()) };
    let told = || format!("{} is told to the roles {}", rule.code, readers.join(", "));
    let Some(actor) = asked.standing.account() else {
        let is_local = matches!(asked.standing, Standing::Local);
        return match is_local && app.settings.evidence_readers == EvidenceReaders::Local {
            true => Ok(()),
            false => Err(Problem::new(Code::TokenRequired, format!("{}; send a token", told()))),
        };
    };
    let is_named = |role: Role| readers.iter().any(|one| one == role.identifier());
    match actor.role().is_some_and(is_named) || actor.kind().is_some_and(is_named) {
        true => Ok(()),
        false => {
            let who = actor.account_role_word();
            Err(Problem::new(Code::RoleMayNot, format!("{}, not to {who}", told())))
        }
    }
}

fn no_rule(app: &App, code: &str) -> Problem {
    let shown: String = code.chars().take(60).collect();
    let codes: Vec<&str> = app.settings.rules.all().iter().map(|rule| rule.code.as_str()).collect();
    let detail = format!("there is no rule {shown:?}; the rules are {}", codes.join(", "));
    Problem::new(Code::NotFound, detail)
}

fn refused(name: &str, text: &str, reason: &str) -> Problem {
    let shown: String = text.chars().take(120).collect();
    Problem::new(Code::InvalidParameter, format!("{name}={shown:?} is not usable: {reason}"))
}

fn feature_id(text: &str) -> Result<FeatureId, Problem> {
    let id = text.parse().ok().and_then(|id: i64| FeatureId::try_from(id).ok());
    id.ok_or_else(|| refused("id", text, "send the id of a feature, a whole number from 1 on"))
}

/// A whole number from `least` to `most`.
fn whole(
    query: &QueryString,
    name: &str,
    otherwise: usize,
    least: usize,
    most: usize,
) -> Result<usize, Problem> {
    let Some(text) = query.value(name) else { return Ok(otherwise) };
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| refused(name, text, &format!("send a whole number, {least} to {most}")))
}

/// The day up to which days are counted: the one named, that of `as-of`, or today in Shanghai.
fn day(query: &QueryString, as_of: Option<Timestamp>) -> Result<Day, Problem> {
    if let Some(text) = query.value("date") {
        return text.parse().map_err(|_odd| refused("date", text, "send a day such as 2026-11-22"));
    }
    Ok(Day::of(as_of.unwrap_or_else(now)))
}
