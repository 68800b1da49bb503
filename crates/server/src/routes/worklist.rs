//! `/worklist`: what waits for a unit, a person, a role (待办), the most urgent first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use engine::ledger::WorkAsked;
use engine::now;
use engine::{EngineError, ReadableField};
use ledger::point::{Lamp, Role};
use ledger::rows::POINTS;
use ledger::worklist::Work;
use serde_json::{Map, Value};
use spatial::{CollectionId, Day};

use super::tasks::check_task;
use super::{answers, tables};
use crate::access::Standing;
use crate::actor::Actor;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::state::App;
use crate::units::AskedUnit;
use crate::worklist::{self, Telling};

/// Most pieces of work of one answer.
pub const MAX_LIMIT: usize = 10_000;
/// Pieces of work of a page when nothing is said; of a file, [`MAX_LIMIT`].
pub const DEFAULT_LIMIT: usize = 100;
/// The encodings.
pub const OFFERS: [&Offer; 4] = [&JSON, &HTML, &CSV, &XLSX];
/// Asks of every unit, or in every role.
pub const EVERY: &str = "*";

/// `GET /worklist`
pub async fn worklist(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let known = ["f", "unit", "person", "task", "work", "role", "lamp", "limit", "cursor", AS_OF];
    let query = asked.query(&known)?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let mut question = question(&app, &query, asked.standing.account(), chosen)?;
    if matches!(asked.standing, Standing::Local) {
        Actor::local().name().clone_into(&mut question.actor);
    }
    check_task(&app, question.task.as_deref(), (None, None)).await?;
    let page = app.engine.worklist(question.clone()).await?;
    let unit = AskedUnit {
        code: query.value("unit").filter(|unit| *unit != EVERY),
        day: Day::of(question.now),
        is_known: page.unit_is_known,
        has_rows: page.total() > 0,
    };
    unit.check(&app.engine).await?;
    let next = page.next.as_ref().map(|last| worklist::cursor(question.now, last));
    let (profile, tasks) = (app.engine.profile(), &*app.settings.tasks);
    let roles = &app.engine.settings().ledger.roles;
    let telling = Telling { asked: &question, profile, tasks, roles };
    let response = match chosen.name {
        "json" => {
            let of_item = |item: &Map<String, Value>| links_of(&asked.base, item);
            let mut body = worklist::document(telling, &page, &of_item);
            let mut links = self_and_alternates(&asked, chosen, &OFFERS);
            if app.settings.offers_edits {
                let events = format!("{}/points/events", asked.base);
                links.push(link(
                    "events",
                    JSON.media_type,
                    &events,
                    "events of many points (POST)",
                ));
            }
            links.extend(next.as_deref().map(|next| {
                link(
                    "next",
                    JSON.media_type,
                    &asked.href_with("cursor", next),
                    "what is less urgent",
                )
            }));
            body["links"] = links.into();
            let mut response = answers::json(JSON.media_type, &body);
            answers::vary_by_accept(&mut response);
            response
        }
        _ => tables::table(&asked, chosen, "worklist", &worklist::table(telling, &page))?,
    };
    // It depends on who asks, and on the time.
    Ok(answers::of_state(response, page.revision, "private, no-cache"))
}

fn links_of(base: &str, item: &Map<String, Value>) -> Vec<Value> {
    let json = JSON.media_type;
    let said = |name: &str| item.get(name).and_then(Value::as_str);
    let collection = said("collection").unwrap_or_default();
    let row = item.get("fid").and_then(Value::as_i64).unwrap_or_default();
    let feature = format!("{base}/collections/{collection}/items/{row}");
    let of = |rel, path: String, title| link(rel, json, &format!("{base}{path}"), title);
    let mut links = vec![link("item", "application/geo+json", &feature, "the feature that waits")];
    if let Some(id) = said("id") {
        links.push(of("trace", format!("/points/{id}/trace"), "what happened to it"));
        links.push(of("events", format!("/points/{id}/events"), "where events are raised"));
    }
    if let Some(code) = said("whistle").map(encode) {
        links.push(of("whistle", format!("/whistles/{code}"), "the call, with who came"));
    }
    if let Some(point) = said("point").map(encode) {
        links.push(of("related", format!("/points/{point}/trace"), "what happened at its point"));
    }
    links
}

/// What is asked, with what the account of whoever asks says where the request says nothing.
fn question(
    app: &App,
    query: &QueryString,
    actor: Option<&Actor>,
    chosen: &Offer,
) -> Result<WorkAsked, Problem> {
    let role = match query.value("role") {
        Some(EVERY) => None,
        Some(text) => {
            let roles = &app.engine.settings().ledger.roles;
            let words: Vec<Role> = roles.all().collect();
            let words: Vec<&str> = words.iter().map(Role::identifier).collect();
            Some(word("role", text, |word| roles.named(word), &words)?)
        }
        // What is a person's is his in whatever role.
        None if query.value("person").is_some() => None,
        None => actor.and_then(Actor::role),
    };
    let work = query
        .value("work")
        .map(|text| word("work", text, Work::from_identifier, &Work::ALL.map(Work::identifier)));
    let lamp = query
        .value("lamp")
        .map(|text| word("lamp", text, Lamp::from_identifier, &Lamp::ALL.map(Lamp::identifier)));
    let unit = match query.value("unit") {
        Some(EVERY) => None,
        Some(text) => Some(text.to_owned()),
        None => actor.and_then(Actor::unit).map(str::to_owned),
    };
    let person = query.value("person").map(|person| person.trim().to_owned());
    if let Some(person) = &person {
        check_person(app, person, actor)?;
    }
    let raiser = actor.and_then(Actor::role).filter(|_| person.is_some());
    let as_of = as_of(query)?;
    let cursor = query.value("cursor").map(|text| {
        worklist::read_cursor(text).ok_or_else(|| {
            let shown: String = text.chars().take(120).collect();
            let detail =
                format!("cursor={shown:?} is none of a work list; follow the link \"next\"");
            Problem::new(Code::InvalidParameter, detail)
        })
    });
    let cursor = cursor.transpose()?;
    let now = as_of.or(cursor.map(|(now, _)| now)).unwrap_or_else(now);
    Ok(WorkAsked {
        unit,
        person,
        task: query.value("task").map(str::to_owned),
        work: work.transpose()?,
        role,
        raiser,
        lamp: lamp.transpose()?,
        actor: actor.map_or(String::new(), |actor| actor.name().to_owned()),
        as_of,
        now,
        limit: limit(query, chosen)?,
        after: cursor.map(|(_, last)| last),
    })
}

/// Everyone may ask for work of his own; of others, whoever may read who they are.
fn check_person(app: &App, person: &str, actor: Option<&Actor>) -> Result<(), Problem> {
    let is_own = |actor: &Actor| [actor.name(), actor.display_name().trim()].contains(&person);
    if actor.is_some_and(is_own) {
        return Ok(());
    }
    let id = CollectionId::try_from(POINTS).map_err(|error| Problem::internal(&error))?;
    let snapshot = app.engine.snapshot();
    let held = snapshot.collections.get(&id).ok_or(EngineError::NoLedger)?;
    match ReadableField::find(held.collection(), "person", app.engine.profile()) {
        Err(EngineError::HiddenField { name }) => {
            let own = match actor {
                Some(actor) => format!("ask for your own, {:?}", actor.display_name()),
                None => "ask with the token of an account".to_owned(),
            };
            let detail = format!("person: whose work it is may not be read by you; {own}");
            Err(Problem::unreadable(&name, detail))
        }
        found => Ok(found.map(drop)?),
    }
}

fn limit(query: &QueryString, chosen: &Offer) -> Result<usize, Problem> {
    let is_page = ["json", "html"].contains(&chosen.name);
    let Some(text) = query.value("limit") else {
        return Ok(if is_page { DEFAULT_LIMIT } else { MAX_LIMIT });
    };
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail =
            format!("limit={shown:?} is not usable; send a whole number from 1 to {MAX_LIMIT}");
        Problem::new(Code::InvalidParameter, detail)
    })
}

/// A word of a closed list.
fn word<T>(
    name: &str,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
    all: &[&str],
) -> Result<T, Problem> {
    read(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail = format!("{name}={shown:?} is not known; use one of: {}", all.join(", "));
        Problem::new(Code::InvalidParameter, detail)
    })
}
