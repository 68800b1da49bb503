//! Checklists and their results as JSON and as a table for people.

use engine::patrols::{PointResult, ResultsAsked, ResultsByTown, Share, TownShares};
use formats::datetime::utc_of_millis;
use ledger::checklist::{Checklist, Checklists, Item};
use serde_json::{Value as Json, json};
use spatial::{Table, TableCell, TableColumn};

use super::{count, per_cent, share};

/// How people call places in no town that is known.
const NOWHERE: &str = "未落界";

/// A version of a checklist.
pub fn described(one: &Checklist, all: &Checklists) -> Json {
    let in_force = all.named(&one.code, None).is_some_and(|last| last.version == one.version);
    let item = |item: &Item| {
        json!({
            "code": item.code, "kind": item.kind.identifier(), "kindName": item.kind.chinese(),
            "text": item.text
        })
    };
    json!({
        "code": one.code, "name": one.name, "version": one.version, "inForce": in_force,
        "basis": one.basis, "basisName": one.says_basis(), "source": one.source,
        "emptyTemplate": one.is_empty_template(),
        "items": one.items.iter().map(item).collect::<Vec<_>>()
    })
}

/// Results of a version of a checklist.
pub fn results(one: &Checklist, asked: &ResultsAsked, found: &ResultsByTown) -> Json {
    json!({
        "checklist": one.code, "name": one.name, "version": one.version,
        "basis": one.basis, "basisName": one.says_basis(), "source": one.source,
        "revision": found.revision.0, "unit": asked.unit,
        "from": asked.from.map(|day| day.to_string()), "to": asked.to.map(|day| day.to_string()),
        "whole": town(one, &found.whole),
        "towns": found.towns.iter().map(|shares| town(one, shares)).collect::<Vec<_>>()
    })
}

fn town(one: &Checklist, shares: &TownShares) -> Json {
    let items = shares.items.iter().map(|item| {
        let text = one.item(&item.item).map(|item| item.text.as_str());
        let mut told = counted(item.share);
        told["item"] = json!(item.item);
        told["text"] = json!(text);
        told
    });
    let items: Vec<Json> = items.collect();
    let mut told = counted(shares.whole);
    told["code"] = json!(shares.code);
    told["items"] = items.into();
    told
}

fn counted(of: Share) -> Json {
    json!({
        "passed": of.passed, "failed": of.failed,
        "share": share(of.passed as f64, of.checked() as f64)
    })
}

/// Results as a table: a row a town, a column an item.
pub fn results_table(one: &Checklist, asked: &ResultsAsked, found: &ResultsByTown) -> Table {
    let mut columns = vec![TableColumn::named("街乡镇")];
    columns.extend(one.items.iter().map(|item| TableColumn::named(format!("{}（%）", item.text))));
    columns.extend(["合格（项）", "不合格（项）", "合格率（%）"].map(TableColumn::named));
    let cell = |of: Share| per_cent(of.passed as f64, of.checked() as f64);
    let row = |shares: &TownShares, called: TableCell| {
        let mut cells = vec![called];
        cells.extend(shares.items.iter().map(|item| cell(item.share)));
        cells.extend([count(shares.whole.passed), count(shares.whole.failed), cell(shares.whole)]);
        cells
    };
    let mut rows: Vec<Vec<TableCell>> = found
        .towns
        .iter()
        .map(|shares| row(shares, shares.code.as_deref().unwrap_or(NOWHERE).into()))
        .collect();
    rows.push(row(&found.whole, "合计".into()));
    let unit = asked.unit.as_deref().unwrap_or("全部");
    let notes = vec![
        format!("单位 {unit}，版本 {}；每处每项以最近一次检查结果计", found.revision.0),
        format!("清单 {} {}，{}；来源：{}", one.name, one.version, one.says_basis(), one.source),
    ];
    Table { title: format!("{} 检查结果", one.name), columns, rows, notes }
}

/// The latest results of a point.
pub fn point_results(found: &[PointResult], all: &Checklists) -> Vec<Json> {
    let told = |one: &PointResult| {
        let item = all.named(&one.checklist, Some(&one.version));
        let item = item.and_then(|checklist| checklist.item(&one.item));
        json!({
            "checklist": one.checklist, "version": one.version, "item": one.item,
            "text": item.map(|item| item.text.as_str()), "passed": one.passed,
            "checked_at": utc_of_millis(one.checked_at.0)
        })
    };
    found.iter().map(told).collect()
}
