//! `/tasks`: the tasks of special actions, as the city's file has them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use ledger::book::Book;
use ledger::task::Task;
use serde_json::{Value, json};
use spatial::{Table, TableCell, TableColumn};

use super::{answers, tables};
use crate::asked::Asked;
use crate::indicators::Indicators;
use crate::links::{link, self_and_alternates};
use crate::negotiate::{CSV, HTML, JSON, Offer, XLSX, choose};
use crate::problem::{Code, Problem};
use crate::query_string::encode;
use crate::state::App;
use crate::tasks::{KnownTasks, TaskRefusal};
use crate::units::UnitRefusal;

/// The encodings.
pub const OFFERS: [&Offer; 4] = [&JSON, &CSV, &XLSX, &HTML];

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/tasks", get(tasks))
}

/// `GET /tasks`
async fn tasks(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&["f"])?;
    let chosen = choose(query.value("f"), &asked.headers, &OFFERS)?;
    let tasks = &app.settings.tasks;
    if chosen.name != JSON.name {
        return tables::table(&asked, chosen, "tasks", &table(tasks.edition(), tasks.all()));
    }
    let told = |task: &Task| {
        let mut told = json!(task);
        let indicators = format!("{}/indicators?task={}", asked.base, encode(&task.code));
        told["modeName"] = task.mode.chinese().into();
        told["categoryName"] = task.category.chinese().into();
        told["links"] = json!([link("related", JSON.media_type, &indicators, "its indicators")]);
        told
    };
    let body = json!({
        "edition": tasks.edition(),
        "tasks": tasks.all().iter().map(told).collect::<Vec<Value>>(),
        "links": self_and_alternates(&asked, chosen, &OFFERS)
    });
    let mut response = answers::json(chosen.media_type, &body);
    answers::vary_by_accept(&mut response);
    Ok(response)
}

/// Refuses a task in `task` that nobody knows, of rows of a ledger, of figures, or of points.
pub(super) async fn check_task(
    app: &App,
    task: Option<&str>,
    (indicators, book): (Option<&Indicators>, Option<&Book>),
) -> Result<(), Problem> {
    let known = KnownTasks { file: &app.settings.tasks, indicators, book };
    Ok(known.check(&app.engine, task).await?)
}

impl From<UnitRefusal> for Problem {
    fn from(refusal: UnitRefusal) -> Self {
        match refusal {
            UnitRefusal::Engine(error) => error.into(),
            refusal @ UnitRefusal::Unknown { .. } => {
                Self::new(Code::InvalidParameter, format!("unit: {refusal}"))
            }
        }
    }
}

impl From<TaskRefusal> for Problem {
    fn from(refusal: TaskRefusal) -> Self {
        match refusal {
            TaskRefusal::Engine(error) => error.into(),
            refusal @ TaskRefusal::Unknown { .. } => {
                Self::new(Code::InvalidParameter, format!("task: {refusal}"))
            }
        }
    }
}

fn table(edition: &str, tasks: &[Task]) -> Table {
    let names =
        ["任务", "名称", "专项行动", "年度", "方式", "类别", "牵头部门", "计量单位", "来源"];
    let text = |text: &Option<String>| text.as_deref().map_or(TableCell::Empty, TableCell::from);
    let row = |task: &Task| {
        vec![
            task.code.as_str().into(),
            task.name.as_str().into(),
            text(&task.special_action),
            task.year.map_or(TableCell::Empty, |year| i64::from(year).into()),
            task.mode.chinese().into(),
            task.category.chinese().into(),
            text(&task.lead),
            text(&task.unit_of_measure),
            task.source.as_str().into(),
        ]
    };
    Table {
        title: "任务".to_owned(),
        columns: names.map(TableColumn::named).to_vec(),
        rows: tasks.iter().map(row).collect(),
        notes: vec![format!("任务版本 {edition}")],
    }
}
