//! `/ledgers`: the ledgers (台账) that there are; `/ledgers/{id}`: the rows of one and what they add up
//! to, by unit.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use engine::ledger::{BookQuery, MAX_BOOK_ROWS};
use engine::{key_class, now};
use formats::report::{table_csv, workbook};
use ledger::book::Book;
use serde_json::{Value, json};
use spatial::{Collection, CollectionId, Day, FieldClass, Revision};

use super::collections::{is_drawn, page_map};
use super::tasks::check_task;
use super::{DATASET, answers, styles, tables};
use crate::access::UrlToken;
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::html;
use crate::ledgers;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, GEOJSON, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, append, encode};
use crate::state::App;
use crate::style::{self, StyleClient};
use crate::units::AskedUnit;

/// The encodings.
pub const OFFERS: [&Offer; 4] = [&JSON, &HTML, &CSV, &XLSX];
/// Rows of a page when nothing is said; of a file, [`MAX_BOOK_ROWS`].
pub const DEFAULT_ROWS: usize = 100;
/// Most rows of a page as JSON or HTML.
pub const MAX_ROWS: usize = 10_000;

/// Most features on the map of a page.
const MAX_ON_MAP: usize = 1_000;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/ledgers", get(list))
        .route("/ledgers/{id}", get(one))
        .route("/ledgers/{id}/style", get(its_style))
}

/// Whether this reader may know of a ledger: whoever does not see its collection does not.
fn is_seen(app: &App, book: &Book) -> bool {
    CollectionId::try_from(book.collection.as_str()).is_ok_and(|id| app.engine.sees(&id))
}

/// The ledgers that readers of this application may know of.
pub fn seen(app: &App) -> impl Iterator<Item = &Book> {
    app.settings.ledgers.all().map(|(book, _)| book).filter(|book| is_seen(app, book))
}

/// `GET /ledgers`
async fn list(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let ledgers = &app.settings.ledgers;
    let revision = app.engine.snapshot().revision;
    let mut listed = Vec::new();
    for book in seen(&app) {
        let Some(query) = ledgers.query(&book.id, Day::of(now())) else { continue };
        let mut described = ledgers::described(book);
        // A filter that does not fit what a store has there is told where rows are asked for.
        match app.engine.book_count(query).await {
            Ok(count) => {
                described["there"] = json!(count.is_some());
                described["count"] = json!(count);
            }
            Err(error) => {
                described["there"] = json!(true);
                described["count"] = Value::Null;
                described["fault"] = json!(error.to_string());
            }
        }
        let href = format!("{}/ledgers/{}", asked.base, book.id);
        let mut links = vec![link("item", JSON.media_type, &href, "its rows")];
        links.extend(style_link(&app, &asked, book));
        described["links"] = links.into();
        listed.push(described);
    }
    let mut body =
        json!({ "revision": revision.0, "edition": ledgers.edition(), "ledgers": listed });
    body["links"] = self_and_alternates(&asked, chosen, &offers).into();
    Ok(private(answers::document(&asked, chosen, "台账", &body), revision))
}

/// `GET /ledgers/{id}`
async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "unit", "task", "limit", "offset", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let ledgers = &app.settings.ledgers;
    let as_of = as_of(&query)?;
    let day = Day::of(as_of.unwrap_or_else(now));
    let question = ledgers.query(&id, day).filter(|question| is_seen(&app, &question.book));
    let question = question.ok_or_else(|| no_ledger(&app, &id))?;
    let is_page = ["json", "html"].contains(&chosen.name);
    let (otherwise, most) =
        if is_page { (DEFAULT_ROWS, MAX_ROWS) } else { (MAX_BOOK_ROWS, MAX_BOOK_ROWS) };
    let question = BookQuery {
        unit: query.value("unit").map(str::to_owned),
        task: query.value("task").map(str::to_owned),
        as_of,
        offset: whole(&query, "offset", 0, 0..=usize::MAX)?,
        limit: whole(&query, "limit", otherwise, 1..=most)?,
        ..question
    };
    check_task(&app, question.task.as_deref(), (None, Some(&question.book))).await?;
    let page = app.engine.book(question.clone()).await?;
    let (is_known, has_rows) = (page.unit_is_known, page.whole.count > 0);
    let unit = AskedUnit { code: question.unit.as_deref(), day, is_known, has_rows };
    unit.check(&app.engine).await?;
    let name = format!("ledger-{}", question.book.id);
    let bytes = |made: Result<Vec<u8>, formats::report::ReportFault>| {
        made.map_err(|fault| Problem::internal(&fault))
    };
    let mut response = match chosen.name {
        "json" => {
            let mut body = ledgers::document(&question, &page);
            let mut links = self_and_alternates(&asked, chosen, &OFFERS);
            let end = question.offset.saturating_add(question.limit);
            if (end as u64) < page.whole.count {
                let href = asked.href_with("offset", &end.to_string());
                links.push(link("next", JSON.media_type, &href, "the next page"));
            }
            links.extend(map_link(&asked, &question));
            links.extend(style_link(&app, &asked, &question.book));
            body["links"] = links.into();
            answers::json(JSON.media_type, &body)
        }
        "html" => {
            let tables = ledgers::tables(&question, &page, ledgers.edition());
            let files = ["csv", "xlsx"].map(|name| (name, asked.href_with("f", name)));
            let body = html::tables_body(&tables, &files);
            let map = page_of_map(&app, &asked, &question);
            html::page(&asked, &question.book.title, map.as_ref(), &body)
        }
        "csv" => {
            let [_, rows] = ledgers::tables(&question, &page, ledgers.edition());
            tables::file(bytes(table_csv(&rows))?, chosen, &name)
        }
        _ => {
            let tables = ledgers::tables(&question, &page, ledgers.edition());
            tables::file(bytes(workbook(&tables))?, chosen, &name)
        }
    };
    answers::vary_by_accept(&mut response);
    Ok(private(response, page.revision))
}

/// `GET /ledgers/{id}/style`: the tiles of its rows, drawn as it says.
async fn its_style(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    token: UrlToken,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "client"])?;
    let format = query.choice("f", &["mapbox", "json", "qml"])?;
    let client = styles::client(&query)?;
    let question = app.settings.ledgers.query(&id, Day::of(now()));
    let question = question.filter(|question| is_seen(&app, &question.book));
    let book = question.ok_or_else(|| no_ledger(&app, &id))?.book;
    let collection = drawn(&app, &book).ok_or_else(|| {
        let detail = format!(
            "no map shows the rows of {id:?}: {} is not there or for enforcement alone, or a list in a \
             column says which rows they are",
            book.collection
        );
        Problem::new(Code::StyleNotFound, detail)
    })?;
    if format == Some("qml") {
        return Ok(styles::qml(style::qml(&collection)));
    }
    let (base, name) = (&asked.base, encode(&book.collection));
    let its = |path: String| token.append(&filtered(&book, format!("{base}/{path}")));
    let document = match (is_drawn(&collection), client) {
        (true, _) => style::document(
            &book.title,
            &[&collection],
            client,
            &its(format!("xyz/{name}/tilejson.json")),
            &its(format!("xyz/{name}/{{z}}/{{x}}/{{y}}.mvt")),
        ),
        (false, StyleClient::MapLibre) => {
            let items = its(format!("collections/{name}/items?f=json&limit={MAX_ROWS}"));
            style::document_of_items(&book.title, &collection, &items)
        }
        (false, StyleClient::Qgis) => {
            let detail =
                format!("{name} is in no tiles, which QGIS draws by a style; open its items");
            return Err(Problem::new(Code::StyleNotFound, detail));
        }
    };
    Ok(answers::json(styles::MAPBOX_STYLE, &document))
}

/// The collection of a ledger, with the colours of the ledger; none where no map shows its rows.
fn drawn(app: &App, book: &Book) -> Option<Collection> {
    let id = CollectionId::try_from(book.collection.as_str()).ok()?;
    let state = app.engine.snapshot();
    let held = state.collections.get(&id).filter(|_| book.member.is_none())?.collection();
    // What is for enforcement alone is on no map of ours.
    if key_class(held) > FieldClass::L2 {
        return None;
    }
    let style = serde_json::to_string(&style::ledger::layers(&book.drawn, held)).ok();
    Some(Collection { style, ..(**held).clone() })
}

fn style_link(app: &App, asked: &Asked, book: &Book) -> Option<Value> {
    drawn(app, book)?;
    let href = format!("{}/ledgers/{}/style", asked.base, book.id);
    Some(link("stylesheet", styles::MAPBOX_STYLE, &href, "its rows on a map"))
}

/// The same rows as features, where a filter alone says which they are.
fn map_link(asked: &Asked, question: &BookQuery) -> Option<Value> {
    let href = features(asked, question)?;
    Some(link("items", GEOJSON.media_type, &href, "the same as features"))
}

/// The same rows on a map, as many as a page of features has.
fn page_of_map(app: &App, asked: &Asked, question: &BookQuery) -> Option<html::PageMap> {
    let id = CollectionId::try_from(question.book.collection.as_str()).ok()?;
    let state = app.engine.snapshot();
    let held = state.collections.get(&id)?;
    if held.collection().extent.is_empty() {
        return None;
    }
    let items = Some(append(&features(asked, question)?, "limit", &MAX_ON_MAP.to_string()));
    // Among everything else, as rows of a ledger often lie far apart.
    Some(html::PageMap { collection: DATASET.to_owned(), ..page_map(held, items) })
}

fn features(asked: &Asked, question: &BookQuery) -> Option<String> {
    let is_whole = question.unit.is_none() && question.task.is_none() && question.as_of.is_none();
    let book = &question.book;
    if !is_whole || book.member.is_some() {
        return None;
    }
    let items = format!("{}/collections/{}/items", asked.base, encode(&book.collection));
    Some(filtered(book, items))
}

/// The URL of features or tiles, of those alone that are rows of a ledger.
fn filtered(book: &Book, url: String) -> String {
    match &book.filter {
        Some(text) => append(&url, "filter", text),
        None => url,
    }
}

fn no_ledger(app: &App, id: &str) -> Problem {
    let shown: String = id.chars().take(60).collect();
    let ids: Vec<&str> = seen(app).map(|book| book.id.as_str()).collect();
    let detail = format!("there is no ledger {shown:?}; the ledgers are {}", ids.join(", "));
    Problem::new(Code::NotFound, detail)
}

/// It depends on who asks.
pub(super) fn private(response: Response, revision: Revision) -> Response {
    answers::of_state(response, revision, "private, no-cache")
}

/// A whole number within bounds.
pub(super) fn whole(
    query: &QueryString,
    name: &str,
    otherwise: usize,
    fits: std::ops::RangeInclusive<usize>,
) -> Result<usize, Problem> {
    let Some(text) = query.value(name) else { return Ok(otherwise) };
    text.parse().ok().filter(|number| fits.contains(number)).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail = format!(
            "{name}={shown:?} is not usable; send a whole number, {} to {}",
            fits.start(),
            fits.end()
        );
        Problem::new(Code::InvalidParameter, detail)
    })
}
