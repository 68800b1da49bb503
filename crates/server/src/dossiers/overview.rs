//! All files of a kind as JSON and as tables: a list, and completeness by unit.

use engine::dossier::{Overview, UnitLine};
use ledger::dossier::{Dossiers, SubjectKind};
use serde_json::{Value as Json, json};
use spatial::{Table, TableCell, TableColumn};

use super::document::completeness;
use super::{TEMPLATE, share};
use crate::query_string::encode;

fn described(dossiers: &Dossiers, kind: &SubjectKind) -> Json {
    let set = dossiers.set();
    json!({
        "kind": kind.kind, "title": kind.title, "collection": kind.collection,
        "edition": set.edition, "basis": set.basis, "source": set.source
    })
}

fn line(line: &UnitLine, kind: &SubjectKind) -> Json {
    let parts = kind.parts.iter().zip(&line.parts).map(|(part, count)| {
        json!({ "part": part.part.identifier(), "title": part.title, "there": count })
    });
    json!({
        "code": line.code, "name": line.name, "files": line.files, "complete": line.complete,
        "share": line.basis_points().map(share), "parts": parts.collect::<Vec<_>>()
    })
}

/// The files of a page.
pub fn list_document(dossiers: &Dossiers, overview: &Overview, base: &str) -> Json {
    let levels = &dossiers.set().units;
    let kind = &overview.kind;
    let files = overview.files.iter().map(|file| {
        let units = levels.iter().zip(&file.units).filter_map(|(layer, unit)| {
            let (code, name) = unit.as_ref()?;
            Some(json!({ "level": layer.level, "code": code, "name": name }))
        });
        json!({
            "id": file.id, "fid": file.feature.value(), "name": file.name,
            "units": units.collect::<Vec<_>>(), "completeness": completeness(&file.completeness),
            "href": format!("{base}/dossiers/{}?kind={}", encode(&file.id), encode(&kind.kind))
        })
    });
    let files: Vec<Json> = files.collect();
    json!({
        "revision": overview.revision.0, "subject": described(dossiers, kind),
        "numberMatched": overview.count, "numberReturned": files.len(), "files": files
    })
}

/// How complete files are, by unit.
pub fn completeness_document(dossiers: &Dossiers, overview: &Overview) -> Json {
    let kind = &overview.kind;
    json!({
        "revision": overview.revision.0, "subject": described(dossiers, kind),
        "level": overview.level.as_ref().map(|level| &level.level),
        "whole": line(&overview.whole, kind),
        "units": overview.units.iter().map(|one| line(one, kind)).collect::<Vec<_>>(),
        "outside": line(&overview.outside, kind)
    })
}

fn count(number: u64) -> TableCell {
    TableCell::Number { scaled: i128::from(number), decimals: 0 }
}

fn percent(basis_points: Option<u64>) -> TableCell {
    basis_points.map_or(TableCell::Empty, |points| TableCell::Number {
        scaled: i128::from(points),
        decimals: 2,
    })
}

/// How complete files are, a row a unit; then those of none, then all.
pub fn completeness_table(dossiers: &Dossiers, overview: &Overview) -> Table {
    let kind = &overview.kind;
    let named = ["代码", "单位", "档案", "完整", "完整度（%）"].map(TableColumn::named);
    let parts = kind
        .parts
        .iter()
        .map(|part| TableColumn { group: "具备".to_owned(), name: part.title.clone() });
    let row = |line: &UnitLine, name: &str| {
        let mut row = vec![
            line.code.as_str().into(),
            name.into(),
            count(line.files),
            count(line.complete),
            percent(line.basis_points()),
        ];
        row.extend(line.parts.iter().copied().map(count));
        row
    };
    let mut rows: Vec<_> = overview.units.iter().map(|line| row(line, &line.name)).collect();
    rows.push(row(&overview.outside, &overview.outside.name));
    rows.push(row(&overview.whole, "合计"));
    Table {
        title: format!("{}一档完整度", kind.title),
        columns: named.into_iter().chain(parts).collect(),
        rows,
        notes: vec![notes(dossiers)],
    }
}

fn notes(dossiers: &Dossiers) -> String {
    let set = dossiers.set();
    match set.basis {
        ledger::indicator::Basis::Template => format!("{TEMPLATE}：{}", set.source),
        _ => set.source.clone(),
    }
}

/// The files of a page, a row a file.
pub fn list_table(dossiers: &Dossiers, overview: &Overview) -> Table {
    let levels = dossiers.set().units.iter().map(|layer| layer.title.as_str());
    let columns = ["编号", "名称"].into_iter().chain(levels).chain(["完整度（%）", "缺少"]);
    let row =
        overview.files.iter().map(|file| {
            let mut row: Vec<TableCell> = vec![
                file.id.as_str().into(),
                file.name.as_deref().map_or(TableCell::Empty, TableCell::from),
            ];
            row.extend(file.units.iter().map(|unit| {
                unit.as_ref().map_or(TableCell::Empty, |(_, name)| name.as_str().into())
            }));
            let missing: Vec<&str> = file.completeness.missing().collect();
            row.extend([
                percent(Some(file.completeness.basis_points())),
                TableCell::Text(missing.join("、")),
            ]);
            row
        });
    Table {
        title: format!("{}一档", overview.kind.title),
        columns: columns.map(TableColumn::named).collect(),
        rows: row.collect(),
        notes: vec![notes(dossiers)],
    }
}
