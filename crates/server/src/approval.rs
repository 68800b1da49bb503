//! The form of approval of a point (销账审批表), as a page to be signed: what is on the ledger, what was
//! done, who checked it. The layout is ours and says so; an office with a form of its own fills that.

use ledger::point::State;
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
/// Where somebody signs.
const SIGNED: [&str; 3] = ["申请单位意见", "街乡镇核查意见", "区级核查意见"];
const SIGN: &str = "签字（盖章）：　　　　　　　　　　　　年　　　月　　　日";

/// The form of a point as PDF, from its trace as a document: what a reader may not read is not in there.
/// The code of its task has the name of `tasks` beside it.
///
/// # Errors
/// When the point has more to tell than a form may have.
pub fn pdf(trace: &Json, tasks: &Tasks) -> Result<Vec<u8>, FormFault> {
    form_pdf(&form(trace, tasks), &Fonts::shipped()?)
}

fn form(trace: &Json, tasks: &Tasks) -> Form {
    let point = &trace["point"];
    let fields = points::fields();
    let cell = |name: &str| (alias(&fields, name), shown(name, &point[name], tasks));
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

fn shown(name: &str, value: &Json, tasks: &Tasks) -> String {
    match (name, value) {
        (_, Json::Null) => String::new(),
        ("state", Json::String(state)) => State::from_identifier(state)
            .map_or_else(|| state.clone(), |state| state.chinese().to_owned()),
        ("task", Json::String(code)) => match tasks.name(code) {
            Some(name) => format!("{code} {name}"),
            None => code.clone(),
        },
        ("registered_at" | "deadline", _) => day(value),
        (_, Json::String(text)) => text.clone(),
        (name, value) if name.ends_with("_m2") => format!("{value} ㎡"),
        (_, value) => value.to_string(),
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
    let texts = SAID.iter().map(|name| (name, said_by(event, name)));
    let said = texts.filter(|(_, text)| !text.is_empty());
    let said: Vec<String> =
        said.map(|(name, text)| format!("{}：{text}", alias(&fields, name))).collect();
    said.join("；")
}

/// A text of a document; empty when it is none.
pub(crate) fn said_by<'j>(document: &'j Json, name: &str) -> &'j str {
    document[name].as_str().unwrap_or_default()
}

fn piece(piece: &Json) -> String {
    let text = |name: &str| said_by(piece, name);
    format!("{} {} SHA-256 {}", text("phase"), day(&piece["captured_at"]), text("sha256"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_has_its_name_beside_its_code_where_there_is_one() {
        let set = json!({ "edition": "1", "tasks": [{
            "code": "CW", "name": "拆除违法建设", "mode": "planned", "category": "rectification",
            "basis": "template", "source": "自拟"
        }] });
        let tasks = Tasks::new(serde_json::from_value(set).unwrap()).unwrap();
        for (task, expected) in [("CW", "CW 拆除违法建设"), ("X1", "X1")] {
            let form = form(&json!({ "point": { "task": task } }), &tasks);
            let cell = ("任务".to_owned(), expected.to_owned());
            let has = |row: &FormRow| matches!(row, FormRow::Cells(cells) if cells.contains(&cell));
            assert!(form.rows.iter().any(has), "{:?}", form.rows);
        }
    }
}
