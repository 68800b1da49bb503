//! `/checklists`: the checklists in force, and how many results by them passed.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use engine::now;
use engine::patrols::ResultsAsked;
use ledger::checklist::Checklist;
use serde_json::{Value, json};
use spatial::Day;

use super::patrols::{OFFERS, day, document};
use super::{answers, tables};
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{HTML, JSON, choose};
use crate::patrols;
use crate::problem::{Code, Problem};
use crate::state::App;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/checklists", get(list))
        .route("/checklists/{code}", get(one))
        .route("/checklists/{code}/results", get(results))
}

/// `GET /checklists`
async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    asked.query(&["f"])?;
    let all = &app.settings.checklists;
    let described = all.all().iter().map(|one| {
        let mut told = patrols::described(one, all);
        let href = format!("{}/checklists/{}?version={}", asked.base, one.code, one.version);
        told["links"] = json!([link("item", JSON.media_type, &href, "this version")]);
        told
    });
    let body = json!({ "checklists": described.collect::<Vec<_>>() });
    told(&asked, "Checklists", body)
}

/// `GET /checklists/{code}`
async fn one(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "version"])?;
    let one = named(&app, &code, query.value("version"))?;
    told(&asked, &one.name, patrols::described(one, &app.settings.checklists))
}

/// `GET /checklists/{code}/results`
async fn results(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "version", "unit", "from", "to", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let one = named(&app, &code, query.value("version"))?;
    let as_of = as_of(&query)?;
    let question = ResultsAsked {
        checklist: one.code.clone(),
        version: one.version.clone(),
        items: one.items.iter().map(|item| item.code.clone()).collect(),
        unit: query.value("unit").map(str::to_owned),
        from: day(&query, "from")?,
        to: day(&query, "to")?,
        as_of,
        today: Day::of(as_of.unwrap_or_else(now)),
        profile: app.engine.profile(),
    };
    let found = app.engine.checklist_results(question.clone()).await?;
    let response = match chosen.name {
        "json" => document(&asked, chosen, patrols::results(one, &question, &found)),
        _ => {
            let table = patrols::results_table(one, &question, &found);
            tables::table(&asked, chosen, "checklist", &table)?
        }
    };
    Ok(answers::of_state(response, found.revision, "no-cache"))
}

fn told(asked: &Asked, title: &str, mut body: Value) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    body["links"] = self_and_alternates(asked, chosen, &offers).into();
    let mut response = answers::document(asked, chosen, title, &body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn named<'a>(app: &'a App, code: &str, version: Option<&str>) -> Result<&'a Checklist, Problem> {
    let all = &app.settings.checklists;
    all.named(code, version).ok_or_else(|| {
        let shown = |text: &str| text.chars().take(60).collect::<String>();
        let known: Vec<String> = all
            .all()
            .iter()
            .map(|one| format!("{} of version {}", one.code, one.version))
            .collect();
        let of_version = version.map(|version| format!(" of version {:?}", shown(version)));
        let detail = format!(
            "there is no checklist {:?}{}; there are {}",
            shown(code),
            of_version.unwrap_or_default(),
            known.join(", ")
        );
        Problem::new(Code::NotFound, detail)
    })
}
