//! `/dossiers`: the household files (一户一档) that there are; `/dossiers/{id}`: one of them;
//! `/dossiers/completeness`: how complete they are by unit; `/dossiers/uncovered`: buildings in none.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use engine::clues::{CluesQuery, MAX_CLUES_PAGE, UnitShare};
use engine::dossier::{DossierQuery, Overview, OverviewQuery};
use engine::now;
use engine::personal::MaskedValue;
use ledger::dossier::{Contents, Dossiers, Personal};
use serde_json::{Value, json};
use spatial::{Day, FieldClass};

use super::dossier_sheets::{self, DRAWN, PDF, PNG, SVG};
use super::ledgers::{private, whole};
use super::{answers, tables};
use crate::access::UrlToken;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::clues;
use crate::dossiers;
use crate::html;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, GEOJSON, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::state::App;

/// The encodings of lists.
pub const LISTS: [&Offer; 4] = [&JSON, &HTML, &CSV, &XLSX];
/// Those of a file.
pub const FILES: [&Offer; 5] = [&JSON, &HTML, &SVG, &PNG, &PDF];
/// Files of a page when nothing is said.
pub const DEFAULT_FILES: usize = 100;
/// Most files of a page; of CSV and XLSX when nothing is said.
pub const MAX_FILES: usize = 10_000;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/dossiers", get(list))
        .route("/dossiers/completeness", get(completeness))
        .route("/dossiers/uncovered", get(uncovered))
        .route("/dossiers/{id}", get(one))
}

/// What files are made of; refused where a server has no definitions.
pub fn definitions(app: &App) -> Result<Arc<Dossiers>, Problem> {
    let none = || Problem::new(Code::NotFound, "this server has no definitions of household files");
    app.settings.dossiers.clone().ok_or_else(none)
}

/// `GET /dossiers`
async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let known = ["f", "kind", "unit", "complete", "limit", "offset", AS_OF];
    let query = asked.query(&known)?;
    let chosen = choose(query.value("f"), &asked.headers, &LISTS)?;
    let dossiers = definitions(&app)?;
    let is_page = ["json", "html"].contains(&chosen.name);
    let otherwise = if is_page { DEFAULT_FILES } else { MAX_FILES };
    let complete = query.value("complete").map(|text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(refused("complete", text, "send true or false")),
    });
    let question = OverviewQuery {
        complete: complete.transpose()?,
        offset: whole(&query, "offset", 0, 0..=usize::MAX)?,
        limit: whole(&query, "limit", otherwise, 1..=MAX_FILES)?,
        ..question(&query, Arc::clone(&dossiers))?
    };
    let end = question.offset.saturating_add(question.limit);
    let overview = overview(&app, question).await?;
    let response = match chosen.name {
        "json" => {
            let mut body = dossiers::list_document(&dossiers, &overview, &asked.base);
            let mut links = self_and_alternates(&asked, chosen, &LISTS);
            if end < overview.count {
                let href = asked.href_with("offset", &end.to_string());
                links.push(link("next", JSON.media_type, &href, "the next page"));
            }
            body["links"] = links.into();
            json_of(&body)
        }
        "html" => list_page(&asked, (&dossiers, &overview), end),
        _ => {
            let table = dossiers::list_table(&dossiers, &overview);
            tables::table(&asked, chosen, "dossiers", &table)?
        }
    };
    Ok(private(response, overview.revision))
}

/// The list with links to the files and to the next page.
fn list_page(asked: &Asked, (dossiers, overview): (&Dossiers, &Overview), end: usize) -> Response {
    let mut ways: Vec<(String, String)> =
        ["csv", "xlsx"].map(|name| (name.to_owned(), asked.href_with("f", name))).to_vec();
    ways.push(("完整度".to_owned(), format!("{}/dossiers/completeness?f=html", asked.base)));
    if end < overview.count {
        ways.push(("下一页".to_owned(), asked.href_with("offset", &end.to_string())));
    }
    for file in &overview.files {
        let kind = encode(&overview.kind.kind);
        let href = format!("{}/dossiers/{}?kind={kind}&f=html", asked.base, encode(&file.id));
        ways.push((file.id.clone(), href));
    }
    let ways: Vec<(&str, String)> =
        ways.iter().map(|(name, href)| (name.as_str(), href.clone())).collect();
    let table = dossiers::list_table(dossiers, overview);
    let body = html::tables_body(&[table], &ways);
    page(asked, &format!("{}一档", overview.kind.title), &body)
}

/// `GET /dossiers/completeness`
async fn completeness(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f", "kind", "unit", "level", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &LISTS)?;
    let dossiers = definitions(&app)?;
    let question = OverviewQuery {
        level: query.value("level").map(str::to_owned),
        ..question(&query, Arc::clone(&dossiers))?
    };
    let overview = overview(&app, question).await?;
    let response = match chosen.name {
        "json" => {
            let mut body = dossiers::completeness_document(&dossiers, &overview);
            body["links"] = self_and_alternates(&asked, chosen, &LISTS).into();
            json_of(&body)
        }
        "html" => {
            let table = dossiers::completeness_table(&dossiers, &overview);
            let files = ["csv", "xlsx"].map(|name| (name, asked.href_with("f", name)));
            page(&asked, &table.title, &html::tables_body(std::slice::from_ref(&table), &files))
        }
        _ => {
            let table = dossiers::completeness_table(&dossiers, &overview);
            tables::table(&asked, chosen, "dossiers-completeness", &table)?
        }
    };
    Ok(private(response, overview.revision))
}

/// What list and completeness ask alike.
fn question(query: &QueryString, dossiers: Arc<Dossiers>) -> Result<OverviewQuery, Problem> {
    Ok(OverviewQuery {
        dossiers,
        kind: query.value("kind").map(str::to_owned),
        unit: query.value("unit").map(str::to_owned),
        level: None,
        complete: None,
        as_of: as_of(query)?,
        offset: 0,
        limit: 0,
    })
}

async fn overview(app: &App, question: OverviewQuery) -> Result<Overview, Problem> {
    let dossiers = Arc::clone(&question.dossiers);
    let (kind, level) = (question.kind.clone(), question.level.clone());
    let found = app.engine.dossier_overview(question).await?;
    found.ok_or_else(|| match dossiers.kind(kind.as_deref()) {
        None => no_kind(&dossiers, kind.as_deref().unwrap_or_default()),
        Some(_) => {
            let levels = dossiers.set().units.iter().map(|layer| layer.level.as_str());
            let way = format!("send one of: {}", levels.collect::<Vec<_>>().join(", "));
            refused("level", level.as_deref().unwrap_or_default(), &way)
        }
    })
}

/// The refusal of a kind that nobody knows.
pub fn no_kind(dossiers: &Dossiers, kind: &str) -> Problem {
    let kinds = dossiers.set().subjects.iter().map(|subject| subject.kind.as_str());
    refused("kind", kind, &format!("send one of: {}", kinds.collect::<Vec<_>>().join(", ")))
}

pub(super) fn refused(name: &str, text: &str, way: &str) -> Problem {
    let shown: String = text.chars().take(60).collect();
    Problem::new(Code::InvalidParameter, format!("{name}={shown:?} is not usable: {way}"))
}

/// `GET /dossiers/uncovered`: buildings in no file (全覆盖), with their shares by unit.
async fn uncovered(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f", "bbox", "unit", "limit", "offset", AS_OF])?;
    let offers = [&GEOJSON, &HTML];
    let chosen = choose(query.value("f"), &asked.headers, &offers)?;
    let dossiers = definitions(&app)?;
    let as_of = as_of(&query)?;
    let place = query
        .value("bbox")
        .map(|text| clues::bbox(text).map_err(|reason| refused("bbox", text, &reason)));
    let today = Day::of(as_of.unwrap_or_else(now));
    let beside = (Arc::clone(app.settings.rules.catalogue()), app.engine.profile());
    let question = CluesQuery {
        place: place.transpose()?,
        unit: query.value("unit").map(str::to_owned),
        as_of,
        offset: whole(&query, "offset", 0, 0..=usize::MAX)?,
        limit: whole(&query, "limit", clues::CLUES, 1..=MAX_CLUES_PAGE)?,
        ..CluesQuery::of(dossiers.uncovered(), today, beside)
    };
    let found = app.engine.clues(question.clone()).await?;
    app.take_named(&asked.sender(), clues::features(&found)).await?;
    let missing = app.engine.missing_inputs(&question.rule);
    let described = clues::rule(&question.rule, &dossiers.set().edition, &missing);
    let mut links = self_and_alternates(&asked, chosen, &offers);
    let end = question.offset.saturating_add(question.limit);
    if end < found.count {
        let href = asked.href_with("offset", &end.to_string());
        links.push(link("next", GEOJSON.media_type, &href, "the next page"));
    }
    let (links, base, revision) = (Value::from(links), asked.base.clone(), found.revision);
    let write = move || {
        let mut text = clues::found(&question, &found, &described, (&base, Some(&links)));
        // One member more.
        text.truncate(text.len() - 1);
        let units: Value = found.shares.iter().map(covered).collect();
        text.push_str(&format!(",\"units\":{units}}}"));
        text
    };
    let text = app.engine.pool().run_waiting(write).await?;
    let response = answers::written(&asked, chosen, "无档建筑", text);
    Ok(private(response, revision))
}

/// How many of the buildings of a unit are in a file.
fn covered(one: &UnitShare) -> Value {
    let UnitShare { code, name, buildings, without } = one;
    let in_files = buildings - without;
    let share = (in_files * 10_000).checked_div(*buildings).map(|points| points as f64 / 1e4);
    json!({
        "code": code, "name": name, "buildings": buildings, "without": without, "covered": share
    })
}

/// `GET /dossiers/{id}`, `GET /dossiers/{id}.svg` and the like
async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    token: UrlToken,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "kind", "paper", "page", "dpi", AS_OF])?;
    let (id, drawn) = dossier_sheets::ending(&id);
    let chosen = match drawn {
        Some(offer) => offer,
        None => choose(query.value("f"), &asked.headers, &FILES)?,
    };
    let mut file = file(&app, id, &query, true).await?;
    app.take_file(&asked.sender(), (&file, &*definitions(&app)?)).await?;
    // Past states know no personal values.
    if query.value(AS_OF).is_none() {
        file.personal = masked(&app, &asked, &file).await;
    }
    let cuts = match chosen.name {
        "html" => Vec::new(),
        _ => dossier_sheets::cuts(&app, &mut file).await,
    };
    let revision = file.revision;
    let is_personal = file.personal.as_ref().is_some_and(|values| !values.is_empty());
    let response = match chosen.name {
        "json" => {
            let mut body = dossiers::document(&file, &cuts, &asked.base);
            let mut links = self_and_alternates(&asked, chosen, &FILES);
            let list = format!("{}/dossiers?kind={}", asked.base, encode(&file.subject.kind));
            links.push(link("collection", JSON.media_type, &list, "all files of the kind"));
            body["links"] = links.into();
            json_of(&body)
        }
        "html" => file_page((&asked, &token), &file),
        _ => {
            let who = asked.standing.account();
            let who = who.map(|actor| format!("{} {}", actor.name(), Day::of(now())));
            let watermark = who.unwrap_or_default();
            dossier_sheets::drawn(&app.engine, (file, cuts), (chosen, &query), watermark).await?
        }
    };
    let kept = if is_personal { "no-store" } else { "private, no-cache" };
    Ok(answers::of_state(response, revision, kept))
}

/// The personal values of the subject, masked, for whoever may know that there are some.
async fn masked(app: &App, asked: &Asked, file: &Contents) -> Option<Vec<Personal>> {
    if app.settings.access.view(&asked.standing).sees < FieldClass::L2 {
        return None;
    }
    let subject = &file.subject;
    match app.engine.masked_personal(&subject.collection, subject.feature).await {
        Ok(values) => {
            let value = |value: MaskedValue| Personal {
                title: value.field.clone(),
                field: value.field,
                masked: value.masked,
            };
            Some(values.into_iter().map(value).collect())
        }
        Err(error) => {
            tracing::error!(%error, "personal values of a file cannot be read");
            None
        }
    }
}

/// The file of a number.
pub(super) async fn file(
    app: &App,
    id: &str,
    query: &QueryString,
    with_history: bool,
) -> Result<Contents, Problem> {
    let dossiers = definitions(app)?;
    let kind = query.value("kind").map(str::to_owned);
    if let Some(kind) = &kind
        && dossiers.kind(Some(kind)).is_none()
    {
        return Err(no_kind(&dossiers, kind));
    }
    let question = DossierQuery {
        dossiers: Arc::clone(&dossiers),
        kind: kind.clone(),
        ids: vec![id.to_owned()],
        as_of: as_of(query)?,
        with_history,
    };
    let mut found = app.engine.dossiers(question).await?;
    found.pop().ok_or_else(|| no_file(&dossiers, id, kind.as_deref()))
}

fn no_file(dossiers: &Dossiers, id: &str, kind: Option<&str>) -> Problem {
    let shown: String = id.chars().take(60).collect();
    let kinds = dossiers.set().subjects.iter();
    let kinds = kinds.filter(|subject| kind.is_none_or(|kind| subject.kind == kind));
    let places = kinds.map(|subject| format!("{}.{}", subject.collection, subject.id));
    let detail = format!(
        "{shown:?} is no number of {}; GET /dossiers lists the files, with kind= those of another kind",
        places.collect::<Vec<_>>().join(", ")
    );
    Problem::new(Code::NotFound, detail)
}

/// A file for people: its sheet, photos, groups of facts.
fn file_page((asked, token): (&Asked, &UrlToken), file: &Contents) -> Response {
    use std::fmt::Write;
    let subject = &file.subject;
    let (mut body, kind) = (String::new(), encode(&subject.kind));
    let href = format!("{}/dossiers/{}", asked.base, encode(&subject.id));
    let moment = asked.query(&["f", "kind", "paper", "page", "dpi", AS_OF]).ok();
    let moment = moment.and_then(|query| query.value(AS_OF).map(encode));
    let as_of = moment.map_or(String::new(), |moment| format!("&{AS_OF}={moment}"));
    let way = |path: &str| html::escape(&token.append(&format!("{href}{path}?kind={kind}{as_of}")));
    let (svg, pdf) = (way(".svg"), way(".pdf"));
    let _ = write!(
        body,
        "<a href=\"{pdf}\"><img alt=\"分户院落图\" style=\"float:right;width:46%;min-width:320px;border:1px \
         solid #e6e9ec;margin:0 0 16px 16px\" src=\"{svg}\"></a>"
    );
    for photo in file.photos.iter().filter(|photo| photo.hash.is_some()) {
        let _ = write!(
            body,
            "<figure style=\"display:inline-block;margin:0 16px 12px 0\"><img height=\"180\" alt=\"{0}\" \
             src=\"{1}\"><figcaption><small>{0}</small></figcaption></figure>",
            html::escape(&photo.title),
            way(&format!("/photos/{}", encode(&photo.code)))
        );
    }
    let ways = DRAWN.map(|offer| (offer.name, asked.href_with("f", offer.name)));
    let ways = [&[("json", asked.href_with("f", "json"))], &ways[..]].concat();
    body.push_str(&html::tables_body(&dossiers::tables(file), &ways));
    let name = subject.name.as_deref().unwrap_or_default();
    page(asked, &format!("{}一档 {} {name}", subject.kind_title, subject.id), &body)
}

fn json_of(body: &Value) -> Response {
    let mut response = answers::json(JSON.media_type, body);
    answers::vary_by_accept(&mut response);
    response
}

fn page(asked: &Asked, title: &str, body: &str) -> Response {
    let mut response = html::page(asked, title, None, body);
    answers::vary_by_accept(&mut response);
    response
}
