//! The lists and the plan of a town as JSON, as tables and as one page to print. No HTTP here: routes
//! and the command line share it.

use std::fmt::Write;

use engine::ledger::{TownLists, TownPlan, TownProgress, TownRow};
use formats::sketch::{Sketch, svg};
use ledger::book::Field;
use serde_json::{Map, Value as Json, json};
use spatial::{Day, Table, TableCell, TableColumn, Value};

use crate::html::escape;
use crate::ledgers::{cell, number_cell};
use crate::point_events::member;

/// Problems and projects that a plan shows of each list.
const IN_SHORT: usize = 10;

const PROBLEM_COLUMNS: [(&str, &str); 6] = [
    ("code", "编号"),
    ("title", "问题"),
    ("kind", "类别"),
    ("found", "发现日"),
    ("point", "点位"),
    ("solved", "解决日"),
];
const PROJECT_COLUMNS: [(&str, &str); 7] = [
    ("code", "编号"),
    ("title", "项目"),
    ("lead", "牵头单位"),
    ("task", "任务"),
    ("started", "开工日"),
    ("due", "期限"),
    ("done", "完成日"),
];

fn row(of: &TownRow) -> Map<String, Json> {
    let mut entry = Map::new();
    entry.insert("fid".to_owned(), json!(of.id.value()));
    entry.extend(of.values.iter().map(|(name, value)| (name.clone(), member(value))));
    entry
}

fn problem(lists: &TownLists, of: &TownRow) -> Json {
    let mut entry = row(of);
    let project = lists.project_of(of);
    entry.insert("no_project".to_owned(), json!(project.is_none()));
    entry.insert("project_title".to_owned(), json!(project.and_then(|one| one.text("title"))));
    Json::Object(entry)
}

fn project(lists: &TownLists, of: &TownRow) -> Json {
    let mut entry = row(of);
    let problems: Vec<&str> = lists.problems_of(of).filter_map(|one| one.text("code")).collect();
    entry.insert("problems".to_owned(), json!(problems));
    Json::Object(entry)
}

/// What meetings decided about the town.
fn decisions(lists: &TownLists, day: Day) -> Json {
    let told = |one: &TownRow| {
        let mut entry = row(one);
        entry.insert("late".to_owned(), json!(is_late(one, day)));
        Json::Object(entry)
    };
    lists.decisions.iter().flatten().map(told).collect()
}

/// What the lists count up to.
fn counts(lists: &TownLists, day: Day) -> Json {
    let problems = lists.problems.as_ref().map(|problems| {
        let open = problems.iter().filter(|one| one.text("solved").is_none());
        let without = problems.iter().filter(|one| lists.project_of(one).is_none());
        json!({
            "count": problems.len(), "open": open.count(), "noProject": without.count()
        })
    });
    let projects = lists.projects.as_ref().map(|projects| {
        let done = projects.iter().filter(|one| one.text("done").is_some());
        let late = projects.iter().filter(|one| is_late(one, day));
        let without = projects.iter().filter(|one| lists.problems_of(one).next().is_none());
        json!({
            "count": projects.len(), "done": done.count(), "late": late.count(),
            "noProblem": without.count()
        })
    });
    json!({ "problems": problems, "projects": projects })
}

/// Whether what was due before the day is not done, or was done later than it was due.
fn is_late(of: &TownRow, day: Day) -> bool {
    of.day("due").is_some_and(|due| of.day("done").unwrap_or(day) > due)
}

fn unit(lists: &TownLists) -> Json {
    json!({ "code": lists.code, "name": lists.name })
}

/// The two lists as a document.
pub fn lists_document(lists: &TownLists, day: Day) -> Json {
    let problems = lists.problems.iter().flatten().map(|one| problem(lists, one));
    let projects = lists.projects.iter().flatten().map(|one| project(lists, one));
    json!({
        "revision": lists.revision.0, "day": day.to_string(), "unit": unit(lists),
        "counts": counts(lists, day), "complete": !lists.is_cut,
        "problems": problems.collect::<Vec<_>>(), "projects": projects.collect::<Vec<_>>(),
        "decisions": decisions(lists, day)
    })
}

fn value(of: &TownRow, name: &str) -> TableCell {
    let value = of.values.get(name).unwrap_or(&Value::Null);
    cell(&Field::Own(name.to_owned()), value)
}

/// The two lists as tables.
pub fn lists_tables(lists: &TownLists, day: Day) -> [Table; 2] {
    let of = lists.name.as_deref().unwrap_or(&lists.code);
    let note = |kept: bool| {
        let mut notes =
            vec![format!("单位 {}，截至 {day}，数据修订号 {}", lists.code, lists.revision.0)];
        if !kept {
            notes.push("本库没有这一清单".to_owned());
        }
        if lists.is_cut {
            notes.push("清单过长，只列出一部分".to_owned());
        }
        notes
    };
    let problem = |one: &TownRow| {
        let mut cells: Vec<TableCell> =
            PROBLEM_COLUMNS.iter().map(|(name, _)| value(one, name)).collect();
        cells.push(match lists.project_of(one) {
            Some(project) => project.text("title").or(project.text("code")).unwrap_or("").into(),
            None => "无项目".into(),
        });
        cells
    };
    let project = |one: &TownRow| {
        let mut cells: Vec<TableCell> =
            PROJECT_COLUMNS.iter().map(|(name, _)| value(one, name)).collect();
        let problems: Vec<&str> =
            lists.problems_of(one).filter_map(|one| one.text("code")).collect();
        cells.push(problems.join("、").as_str().into());
        cells.push(if is_late(one, day) { "逾期" } else { "" }.into());
        cells
    };
    let columns = |known: &[(&str, &str)], more: &[&str]| -> Vec<TableColumn> {
        let known = known.iter().map(|(_, title)| *title);
        known.chain(more.iter().copied()).map(TableColumn::named).collect()
    };
    [
        Table {
            title: format!("{of}问题清单"),
            columns: columns(&PROBLEM_COLUMNS, &["项目"]),
            rows: lists.problems.iter().flatten().map(problem).collect(),
            notes: note(lists.problems.is_some()),
        },
        Table {
            title: format!("{of}项目清单"),
            columns: columns(&PROJECT_COLUMNS, &["问题", "逾期"]),
            rows: lists.projects.iter().flatten().map(project).collect(),
            notes: note(lists.projects.is_some()),
        },
    ]
}

/// The lines of a text, without what lists begin with.
fn lines(text: &str) -> Vec<String> {
    let lines = text.split(['\n', '；', ';']).map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn rate(progress: &TownProgress) -> Option<f64> {
    (progress.registered > 0).then(|| progress.closed as f64 / progress.registered as f64)
}

/// The plan as a document.
pub fn plan_document(town: &TownPlan, day: Day) -> Json {
    let plan = town.plan.as_ref().map(|plan| {
        let mut entry = row(plan);
        entry.insert(
            "measures".to_owned(),
            json!(plan.text("measures").map(lines).unwrap_or_default()),
        );
        Json::Object(entry)
    });
    let milestones = town.milestones.iter().map(|one| {
        let mut entry = row(one);
        entry.insert("late".to_owned(), json!(is_late(one, day)));
        Json::Object(entry)
    });
    let progress = town.progress.as_ref().map(|tasks| {
        let task = |(task, progress): (&String, &TownProgress)| {
            json!({
                "task": task, "year": day.year(), "registered": progress.registered, "closed": progress.closed,
                "rebounded": progress.rebounded, "closingRate": rate(progress)
            })
        };
        tasks.iter().map(task).collect::<Vec<_>>()
    });
    let lists = &town.lists;
    let open = lists.problems.iter().flatten().filter(|one| one.text("solved").is_none());
    let unfinished = lists.projects.iter().flatten().filter(|one| one.text("done").is_none());
    json!({
        "revision": lists.revision.0, "day": day.to_string(), "unit": unit(lists),
        "plan": plan, "milestones": milestones.collect::<Vec<_>>(),
        "counts": counts(lists, day),
        "decisions": decisions(lists, day),
        "openProblems": open.take(IN_SHORT).map(|one| problem(lists, one)).collect::<Vec<_>>(),
        "openProjects":
            unfinished.take(IN_SHORT).map(|one| project(lists, one)).collect::<Vec<_>>(),
        "progress": progress
    })
}

/// The plan as the body of one page to print.
pub fn plan_page(town: &TownPlan, day: Day) -> String {
    let lists = &town.lists;
    let of = lists.name.as_deref().unwrap_or(&lists.code);
    let mut page = format!(
        "<style>@page{{size:A4;margin:14mm}}@media print{{nav{{display:none}}}}\
         table{{border-collapse:collapse}}td,th{{border:1px solid #999;padding:2px 6px}}\
         section{{break-inside:avoid}}</style>\n<p>{}（{}），{day}，数据修订号 {}</p>\n",
        escape(of),
        escape(&lists.code),
        lists.revision.0
    );
    match &town.plan {
        Some(plan) => {
            let text = |name| escape(plan.text(name).unwrap_or("—"));
            let _ = writeln!(
                page,
                "<section><h2>{}</h2><p>编号 {}，{} 至 {}，文件 {}</p><ol>",
                text("title"),
                text("code"),
                text("valid_from"),
                text("valid_to"),
                text("document")
            );
            for measure in plan.text("measures").map(lines).unwrap_or_default() {
                let _ = writeln!(page, "<li>{}</li>", escape(&measure));
            }
            page.push_str("</ol></section>\n");
        }
        None => page.push_str("<p>当日没有生效的方案</p>\n"),
    }
    let sketch = Sketch {
        title: of,
        outline: town.ground.outline.as_ref(),
        area: town.ground.plan.as_ref(),
        points: &town.ground.points,
    };
    if let Some(drawn) = svg(&sketch) {
        page.push_str("<section><h2>范围与点位</h2>\n");
        page.push_str(&drawn);
        page.push_str(
            "<p><small>绿色虚线：方案范围；红点：未销账；绿圈：已销账</small></p></section>\n",
        );
    }
    let mut tables = Vec::new();
    let milestone = |one: &TownRow| {
        let late = if is_late(one, day) { "逾期" } else { "" };
        vec![value(one, "text"), value(one, "due"), value(one, "done"), late.into()]
    };
    tables.push(Table {
        title: "时间节点".to_owned(),
        columns: ["节点", "期限", "完成日", "逾期"].map(TableColumn::named).to_vec(),
        rows: town.milestones.iter().map(milestone).collect(),
        notes: Vec::new(),
    });
    let decision = |one: &TownRow| {
        let late = if is_late(one, day) { "逾期" } else { "" };
        let [code, text, due, done] = ["code", "text", "due", "done"].map(|name| value(one, name));
        vec![code, text, value(one, "meeting"), due, done, late.into()]
    };
    let decided: Vec<Vec<TableCell>> = lists.decisions.iter().flatten().map(decision).collect();
    if !decided.is_empty() {
        let names = ["编号", "议定事项", "会议", "期限", "完成日", "逾期"];
        tables.push(Table {
            title: "议定事项".to_owned(),
            columns: names.map(TableColumn::named).to_vec(),
            rows: decided,
            notes: Vec::new(),
        });
    }
    let progress = |(task, progress): (&String, &TownProgress)| {
        let count = |number: u64| TableCell::Number { scaled: i128::from(number), decimals: 0 };
        let rate = rate(progress).map_or(TableCell::Empty, |rate| number_cell(rate * 100.0, 1));
        vec![
            task.as_str().into(),
            count(progress.registered),
            count(progress.closed),
            count(progress.rebounded),
            rate,
        ]
    };
    tables.push(Table {
        title: "各任务进展".to_owned(),
        columns: ["任务", "挂账", "销账", "反弹", "销账率（%）"].map(TableColumn::named).to_vec(),
        rows: town.progress.iter().flatten().map(progress).collect(),
        notes: vec!["自拟口径：挂账为已立账且未作废的点位，销账率为销账数除以挂账数".to_owned()],
    });
    let shorten = |mut table: Table| {
        let whole = table.rows.len();
        table.rows.truncate(IN_SHORT);
        if whole > IN_SHORT {
            table.notes.push(format!("共 {whole} 项，只列前 {IN_SHORT} 项"));
        }
        table
    };
    tables.extend(lists_tables(lists, day).map(shorten));
    page.push_str(&crate::html::tables_body(&tables, &[]));
    page
}
