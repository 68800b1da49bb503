//! The form of approval of a point (销账审批表), as a page to be signed: what is on the ledger, what was
//! done, who checked it. The layout is ours and says so; an office with a form of its own fills that.

use ledger::point::{Finding, Proof, State};
use ledger::rows::evidence::{EvidenceKind, Phase};
use ledger::rows::{events, points};
use ledger::task::Tasks;
use serde_json::Value as Json;
use sheet::{Fonts, Form, FormFault, FormRow, form_pdf};
use spatial::{Day, Field, Timestamp};

use crate::points::{kind, role};

/// Columns of points in pairs, as they stand on the form.
const PAIRS: [[&str; 2]; 8] = [
    ["code", "state"],
    ["special_action", "task"],
    ["source", "parcel"],
    ["unit", "receiver"],
    ["registered_at", "deadline"],
    ["planned_build_area_m2", "actual_build_area_m2"],
    ["planned_land_area_m2", "actual_land_area_m2"],
    ["planned_count", "actual_count"],
];
/// What an event says beside its kind, in this order.
const SAID: [&str; 8] =
    ["reason", "approval", "receiver", "department", "demand", "answer", "finding", "proof"];
/// How much it says, behind that.
const QUANTITIES: [&str; 3] = ["build_area_m2", "land_area_m2", "count"];
/// Where somebody signs.
const SIGNED: [&str; 3] = ["申请单位意见", "街乡镇核查意见", "区级核查意见"];
const SIGN: &str = "签字（盖章）：　　　　　　　　　　　　年　　　月　　　日";

/// The form of a point as PDF, from its trace as a document: what a reader may not read is not in there.
/// The code of its task has the name of `tasks` beside it, and its special action is that of the task
/// where the point names none.
///
/// # Errors
/// When the point has more to tell than a form may have.
pub fn pdf(trace: &Json, tasks: &Tasks) -> Result<Vec<u8>, FormFault> {
    form_pdf(&form(trace, tasks), &Fonts::shipped()?)
}

fn form(trace: &Json, tasks: &Tasks) -> Form {
    let point = &trace["point"];
    let fields = points::fields();
    let cell = |name: &str| (alias(&fields, name), shown(name, point, tasks));
    let mut rows: Vec<FormRow> = PAIRS
        .iter()
        .map(|pair| FormRow::Cells(pair.iter().map(|name| cell(name)).collect()))
        .collect();
    rows.insert(2, FormRow::Cells(vec![cell("address")]));
    let steps = trace["events"].as_array().map_or(&[][..], Vec::as_slice);
    rows.push(FormRow::Lines("办理过程".to_owned(), steps.iter().map(step).collect()));
    let pieces = trace["evidence"].as_array().map_or(&[][..], Vec::as_slice);
    let evidence = match pieces {
        [] => vec!["无".to_owned()],
        pieces => pieces.iter().map(piece).collect(),
    };
    rows.push(FormRow::Lines("证据".to_owned(), evidence));
    for label in SIGNED {
        let lines = ["", "", SIGN].map(str::to_owned).to_vec();
        rows.push(FormRow::Lines(label.to_owned(), lines));
    }
    let note = format!(
        "数据版本 {}，数据时点 {}。表样为自拟口径，以主管部门的式样为准。",
        trace["revision"],
        day(&trace["asOf"])
    );
    Form { title: "销账审批表".to_owned(), rows, notes: vec![note] }
}

fn alias(fields: &[Field], name: &str) -> String {
    let field = fields.iter().find(|field| field.name == name);
    field.and_then(|field| field.alias.clone()).unwrap_or_else(|| name.to_owned())
}

fn shown(name: &str, point: &Json, tasks: &Tasks) -> String {
    let value = &point[name];
    match (name, value) {
        ("special_action", Json::Null) => {
            let task = tasks.named(said_by(point, "task"));
            task.and_then(|task| task.special_action.clone()).unwrap_or_default()
        }
        (_, Json::Null) => String::new(),
        ("state", Json::String(state)) => {
            State::from_identifier(state).map_or(state.clone(), |known| known.chinese().to_owned())
        }
        ("task", Json::String(code)) => match tasks.name(code) {
            Some(name) => format!("{code} {name}"),
            None => code.clone(),
        },
        ("registered_at" | "deadline", _) => day(value),
        (_, Json::String(text)) => text.clone(),
        (name, value) => shown_quantity(name, value),
    }
}

fn shown_quantity(name: &str, value: &Json) -> String {
    match (value.as_f64(), name.ends_with("_m2")) {
        (Some(area), true) => format!("{area} ㎡"),
        _ => value.to_string(),
    }
}

/// The day in Shanghai.
pub(crate) fn day(value: &Json) -> String {
    let ms = value.as_str().and_then(|text| formats::datetime::millis_of(text, 0));
    ms.map_or_else(String::new, |ms| Day::of(Timestamp(ms)).to_string())
}

fn step(event: &Json) -> String {
    let text = |name: &str| said_by(event, name);
    format!(
        "{} {}（{} {}）{}",
        day(&event["occurred_at"]),
        kind(event),
        role(event),
        text("actor"),
        said(event)
    )
}

/// What an event says beside its kind.
pub(crate) fn said(event: &Json) -> String {
    let fields = events::fields();
    let texts = SAID.iter().map(|name| (name, in_chinese(name, said_by(event, name)).to_owned()));
    // What is corrected may be nothing, too.
    let least = if event["kind"] == "correct" { 0.0 } else { f64::MIN_POSITIVE };
    let is_told = |name: &&&str| event[**name].as_f64().is_some_and(|quantity| quantity >= least);
    let quantities = QUANTITIES.iter().filter(is_told);
    let quantities = quantities.map(|name| (name, shown_quantity(name, &event[*name])));
    let said = texts.chain(quantities).filter(|(_, text)| !text.is_empty());
    let said: Vec<String> =
        said.map(|(name, text)| format!("{}：{text}", alias(&fields, name))).collect();
    said.join("；")
}

/// A word of a closed list as people call it; any other text as it is.
fn in_chinese<'w>(name: &str, word: &'w str) -> &'w str {
    let known = match name {
        "proof" => Proof::from_identifier(word).map(Proof::chinese),
        "finding" => Finding::from_identifier(word).map(Finding::chinese),
        "kind" => EvidenceKind::from_identifier(word).map(EvidenceKind::chinese),
        "phase" => Phase::from_identifier(word).map(Phase::chinese),
        _ => None,
    };
    known.unwrap_or(word)
}

/// A text of a document; empty when it is none.
pub(crate) fn said_by<'j>(document: &'j Json, name: &str) -> &'j str {
    document[name].as_str().unwrap_or_default()
}

fn piece(piece: &Json) -> String {
    let word = |name: &str| in_chinese(name, said_by(piece, name)).to_owned();
    let far = match (piece["far"].as_bool(), piece["distance_m"].as_f64()) {
        (Some(true), Some(metres)) => format!("距点位 {metres:.0} 米，过远"),
        (Some(true), None) => "距点位过远".to_owned(),
        _ => String::new(),
    };
    let hash = format!("SHA-256 {}", word("sha256"));
    let parts = [word("phase"), word("kind"), day(&piece["captured_at"]), far, hash];
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn tasks() -> Tasks {
        let set = json!({ "edition": "1", "tasks": [{
            "code": "CW", "name": "拆除违法建设", "special_action": "疏整促", "mode": "planned",
            "category": "rectification", "basis": "template", "source": "自拟"
        }] });
        Tasks::new(serde_json::from_value(set).unwrap()).unwrap()
    }

    #[test]
    fn a_point_shows_what_the_file_of_its_task_knows() {
        for (point, label, expected) in [
            (json!({ "task": "CW" }), "任务", "CW 拆除违法建设"),
            (json!({ "task": "X1" }), "任务", "X1"),
            (json!({ "task": "CW" }), "专项行动", "疏整促"),
            (json!({ "task": "CW", "special_action": "百日" }), "专项行动", "百日"),
            (json!({ "task": "X1" }), "专项行动", ""),
        ] {
            let form = form(&json!({ "point": point }), &tasks());
            let cell = (label.to_owned(), expected.to_owned());
            let has = |row: &FormRow| matches!(row, FormRow::Cells(cells) if cells.contains(&cell));
            assert!(form.rows.iter().any(has), "{cell:?}: {:?}", form.rows);
        }
    }

    #[test]
    fn steps_and_evidence_stand_there_in_the_words_of_people() {
        let trace = json!({
            "events": [
                { "occurred_at": "2026-09-01T02:00:00Z", "kind": "district_close", "proof": "site",
                  "roleName": "区级核查", "actor": "li" },
                { "occurred_at": "2026-09-01T01:00:00Z", "kind": "progress", "count": 0,
                  "build_area_m2": 12.5, "land_area_m2": 0.0, "roleName": "网格员", "actor": "li" },
                { "occurred_at": "2026-09-01T01:30:00Z", "kind": "correct", "count": 0,
                  "build_area_m2": 0.0, "land_area_m2": 0.0, "roleName": "街乡", "actor": "li",
                  "reason": "报重" },
                { "occurred_at": "2026-09-02T02:00:00Z", "kind": "spot_check",
                  "finding": "never_cleared", "roleName": "市级", "actor": "wang" }
            ],
            "evidence": [
                { "kind": "photo", "phase": "before", "captured_at": "2026-08-31T17:00:00Z",
                  "far": false, "distance_m": 12.0, "sha256": "0a" },
                { "kind": "photo", "phase": "after", "far": true, "distance_m": 171.4,
                  "sha256": "0b" },
                { "kind": "document", "captured_at": null, "far": null, "sha256": "0c" }
            ]
        });
        let expected = [
            "2026-09-01 销账（区级核查 li）核查方式：现场核查",
            "2026-09-01 进展（网格员 li）建筑面积：12.5 ㎡",
            "2026-09-01 更正（街乡 li）原因：报重；建筑面积：0 ㎡；占地面积：0 ㎡；数量：0",
            "2026-09-02 市级抽查（市级 wang）抽查结果：未清除",
            "整治前 照片 2026-09-01 SHA-256 0a",
            "整治后 照片 距点位 171 米，过远 SHA-256 0b",
            "文书 SHA-256 0c",
        ];
        let form = form(&trace, &tasks());
        let lines = |row: &FormRow| match row {
            FormRow::Lines(_, lines) => lines.clone(),
            FormRow::Cells(_) => Vec::new(),
        };
        let told: Vec<String> = form.rows.iter().flat_map(lines).take(expected.len()).collect();
        assert_eq!(told, expected);
    }
}
