//! `/towns/{code}/lists`: problems and projects of a town (两清单); `/towns/{code}/plan`: its plan
//! (一街(镇)一方案) with milestones, lists in short and progress.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use engine::now;
use formats::report::{table_csv, workbook};
use spatial::{Day, Table, TableCell, TableColumn, Timestamp};

use super::ledgers::private;
use super::{answers, tables};
use crate::as_of::{AS_OF, as_of};
use crate::asked::Asked;
use crate::html;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, encode};
use crate::state::App;
use crate::towns;

/// The encodings of the lists.
pub const LISTS: [&Offer; 4] = [&JSON, &HTML, &CSV, &XLSX];
/// Those of the plan.
pub const PLAN: [&Offer; 2] = [&JSON, &HTML];

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/towns/{code}/lists", get(lists)).route("/towns/{code}/plan", get(plan))
}

/// `GET /towns/{code}/lists`
async fn lists(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "date", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &LISTS)?;
    let as_of = as_of(&query)?;
    let day = day(&query, as_of)?;
    let lists = app.engine.town_lists(&code, as_of, day).await?;
    let lists = lists.ok_or_else(|| no_town(&code))?;
    let file = |made: Result<Vec<u8>, formats::report::ReportFault>| {
        made.map(|bytes| tables::file(bytes, chosen, "town-lists"))
            .map_err(|fault| Problem::internal(&fault))
    };
    let mut response = match chosen.name {
        "json" => {
            let mut body = towns::lists_document(&lists, day);
            let mut links = self_and_alternates(&asked, chosen, &LISTS);
            let plan = format!("{}/towns/{}/plan", asked.base, encode(&code));
            links.push(link("related", JSON.media_type, &plan, "the plan of the town"));
            body["links"] = links.into();
            answers::json(JSON.media_type, &body)
        }
        "html" => {
            let files = ["csv", "xlsx"].map(|name| (name, asked.href_with("f", name)));
            let body = html::tables_body(&towns::lists_tables(&lists, day), &files);
            html::page(&asked, "两清单", None, &body)
        }
        "csv" => file(table_csv(&joined(towns::lists_tables(&lists, day))))?,
        _ => file(workbook(&towns::lists_tables(&lists, day)))?,
    };
    answers::vary_by_accept(&mut response);
    Ok(private(response, lists.revision))
}

/// Both lists as one table, for files that hold one: each row begins with the list that it is of.
fn joined(lists: [Table; 2]) -> Table {
    let [problems, projects] = lists;
    let names: Vec<String> =
        problems.columns.iter().chain(&projects.columns).map(|column| column.name.clone()).fold(
            Vec::new(),
            |mut names, name| {
                if !names.contains(&name) {
                    names.push(name);
                }
                names
            },
        );
    let rows = |kind: &'static str, table: &Table| -> Vec<Vec<TableCell>> {
        let place = |name: &String| table.columns.iter().position(|one| one.name == *name);
        let places: Vec<Option<usize>> = names.iter().map(place).collect();
        let row = |row: &Vec<TableCell>| {
            let cells = places.iter().map(|at| at.map_or(TableCell::Empty, |at| row[at].clone()));
            std::iter::once(kind.into()).chain(cells).collect()
        };
        table.rows.iter().map(row).collect()
    };
    let mut all = rows("问题", &problems);
    all.extend(rows("项目", &projects));
    let columns = std::iter::once("清单".to_owned()).chain(names.clone());
    Table {
        title: "两清单".to_owned(),
        columns: columns.map(TableColumn::named).collect(),
        rows: all,
        notes: problems.notes,
    }
}

/// `GET /towns/{code}/plan`
async fn plan(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let query = asked.query(&["f", "date", AS_OF])?;
    let chosen = choose(query.value("f"), &asked.headers, &PLAN)?;
    let as_of = as_of(&query)?;
    let day = day(&query, as_of)?;
    let plan = app.engine.town_plan(&code, as_of, day).await?;
    let plan = plan.ok_or_else(|| no_town(&code))?;
    let mut response = match chosen.name {
        "json" => {
            let mut body = towns::plan_document(&plan, day);
            let mut links = self_and_alternates(&asked, chosen, &PLAN);
            let lists = format!("{}/towns/{}/lists", asked.base, encode(&code));
            links.push(link("related", JSON.media_type, &lists, "the lists of the town"));
            body["links"] = links.into();
            answers::json(JSON.media_type, &body)
        }
        _ => {
            // Drawing many points takes the processor.
            let drawn = plan.clone();
            let page = app.engine.pool().run(move || towns::plan_page(&drawn, day)).await?;
            html::page(&asked, "一街（镇）一方案", None, &page)
        }
    };
    answers::vary_by_accept(&mut response);
    Ok(private(response, plan.lists.revision))
}

fn no_town(code: &str) -> Problem {
    let shown: String = code.chars().take(40).collect();
    let detail = format!(
        "nothing here knows a unit {shown:?}: no valid row of admin_units, no problem, project or \
         plan; see /collections/admin_units/items"
    );
    Problem::new(Code::NotFound, detail)
}

/// The day that is asked about: the one named, that of `as-of`, or today in Shanghai.
fn day(query: &QueryString, as_of: Option<Timestamp>) -> Result<Day, Problem> {
    let Some(text) = query.value("date") else { return Ok(Day::of(as_of.unwrap_or_else(now))) };
    text.parse().map_err(|_odd| {
        let shown: String = text.chars().take(40).collect();
        let detail = format!("date={shown:?} is not usable: send a day such as 2026-11-22");
        Problem::new(Code::InvalidParameter, detail)
    })
}
