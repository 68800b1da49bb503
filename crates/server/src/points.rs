//! What is told of a point, its trace and its form of approval. No HTTP here: the routes and the
//! command line share it.

use engine::ledger::Trace;
use engine::{Engine, EngineError, now};
use ledger::checklist::Checklists;
use ledger::point::{EventKind, Lamp, State};
use serde_json::Value as Json;
use spatial::{Table, TableCell, TableColumn, Timestamp};

use crate::approval::{day, said, said_by};
use crate::{patrols, point_events};

pub use crate::approval::pdf as approval;

/// A point with its events, evidence and latest results of checklists, as it was told by `as_of`,
/// or now; links lead to paths below `base`.
///
/// # Errors
/// When the state of that moment cannot be read.
pub async fn trace(
    engine: &Engine,
    checklists: &Checklists,
    (trace, as_of): (&Trace, Option<Timestamp>),
    (base, links): (&str, Vec<Json>),
) -> Result<Json, EngineError> {
    let results = engine.checklist_of_point(trace.point.id(), as_of).await?;
    let mut document = point_events::trace(engine, trace, as_of.unwrap_or_else(now), (base, links));
    if let Some(results) = results {
        document["checklistResults"] = patrols::point_results(&results, checklists).into();
    }
    Ok(document)
}

/// The events of a trace as a table, with what they came to below it.
pub fn trace_table(trace: &Json) -> Table {
    let names = ["序号", "时间", "事件", "角色", "经办", "说明", "状态"];
    let events = trace["events"].as_array().into_iter().flatten();
    let row = |event: &Json| {
        let seq = event["seq"].as_i64().map_or(TableCell::Empty, TableCell::from);
        let text = |name: &str| said_by(event, name);
        let state = said_by(&event["changed"]["state"], "after");
        vec![
            seq,
            minute(text("occurred_at")).as_str().into(),
            kind(event).into(),
            role(event).into(),
            text("actor").into(),
            said(event).as_str().into(),
            State::from_identifier(state).map_or("", State::chinese).into(),
        ]
    };
    let point = &trace["point"];
    let text = |name: &str| said_by(point, name);
    let lamp = Lamp::from_identifier(text("lamp")).map(|lamp| format!("，{}", lamp.chinese()));
    let deadline = Some(day(&point["deadline"])).filter(|day| !day.is_empty());
    let evidence = trace["evidence"].as_array().map_or(0, Vec::len);
    let notes = vec![
        format!(
            "{}{}{}，{}",
            State::from_identifier(text("state")).map_or("", State::chinese),
            lamp.unwrap_or_default(),
            deadline.map(|day| format!("，期限 {day}")).unwrap_or_default(),
            text("address")
        ),
        format!(
            "证据 {evidence} 件，迟报 {} 次，截至 {}，版本 {}",
            trace["late"],
            minute(said_by(trace, "asOf")),
            trace["revision"]
        ),
    ];
    let called = match text("code") {
        "" => text("id"),
        code => code,
    };
    Table {
        title: format!("{called} 办理过程"),
        columns: names.map(TableColumn::named).to_vec(),
        rows: events.map(row).collect(),
        notes,
    }
}

/// What an event is called.
pub(crate) fn kind(event: &Json) -> &str {
    let word = said_by(event, "kind");
    EventKind::from_identifier(word).map_or(word, |kind| kind.chinese())
}

/// In which role it was raised.
pub(crate) fn role(event: &Json) -> &str {
    said_by(event, "roleName")
}

/// A moment to the minute, in Asia/Shanghai.
pub(crate) fn minute(moment: &str) -> String {
    let ahead = spatial::SHANGHAI_AHEAD_MINUTES;
    let there = formats::datetime::millis_of(moment, 0).map(|ms| ms + ahead * 60_000);
    let text = there.map(formats::datetime::utc_of_millis).unwrap_or_default();
    text.replacen('T', " ", 1).chars().take("2026-09-01 09:30".len()).collect()
}
