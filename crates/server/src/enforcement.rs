//! What departments did at a point, what was said, called, ordered and decided about it, and what
//! became of it, in one timeline (执法信息共享). No HTTP here: the route and the command line share it.
//!
//! *Invariant:* fields above class L1 of a record are told to its own department alone, and to
//! others by their names.

use engine::ledger::{Records, Trace};
use engine::{Engine, Profile, ReadableField};
use formats::datetime::millis_of;
use ledger::point::Role;
use serde_json::{Map, Value as Json, json};
use spatial::{
    FeatureRef, FieldClass, SHANGHAI_AHEAD_MINUTES, Table, TableCell, TableColumn, ValueRef,
};

use crate::actor::Actor;
use crate::approval::{said, said_by};
use crate::point_events::{event_documents, member};
use crate::points::{kind, minute, role};

/// What an entry is called, by its source.
const SOURCES: [(&str, &str); 7] = [
    ("event", "事件"),
    ("record", "执法"),
    ("complaint", "诉求"),
    ("whistle", "吹哨"),
    ("arrival", "报到"),
    ("order", "派单"),
    ("decision", "议定"),
];
/// Columns that say when, what and who, of whichever source; the first that an entry has counts.
const WHEN: [&str; 5] = ["occurred_at", "arrived_at", "called_at", "sent_at", "decided_at"];
const WHAT: [&str; 5] = ["act", "category", "subject", "text", "note"];
const WHO: [&str; 5] = ["department", "handled_by", "caller", "to_unit", "unit"];

/// Events and records of a point by when they happened, as `reader` may read them.
pub fn timeline(
    engine: &Engine,
    trace: &Trace,
    records: &[Records],
    actor: Option<&Actor>,
) -> Json {
    json!({
        "revision": trace.revision.0,
        "point": trace.point.id().to_string(),
        "code": trace.point.code(),
        "timeline": merged(engine, trace, records, actor),
        "complete": !records.iter().any(|records| records.is_cut)
    })
}

/// A timeline as a table.
pub fn timeline_table(document: &Json) -> Table {
    let names = [
        "时间",
        "来源",
        "事项",
        "单位或角色",
        "结果",
        "文书号",
        "依据",
        "金额（元）",
        "执法人员",
        "说明",
        "未予显示",
    ];
    let row = |entry: &Json| {
        let first = |names: &[&str]| -> &str {
            names
                .iter()
                .map(|name| said_by(entry, name))
                .find(|text| !text.is_empty())
                .unwrap_or("")
        };
        let source = said_by(entry, "source");
        let [what, who, result] = match source {
            "event" => [kind(entry).to_owned(), role(entry).to_owned(), said(entry)],
            "arrival" if said_by(entry, "arrived_at").is_empty() => {
                [first(&WHAT), first(&WHO), "未报到"].map(str::to_owned)
            }
            _ => [first(&WHAT), first(&WHO), said_by(entry, "result")].map(str::to_owned),
        };
        // What the entry is called by is not said twice.
        let note = match what.as_str() == said_by(entry, "note") {
            true => "",
            false => said_by(entry, "note"),
        };
        let known = SOURCES.iter().find(|(known, _)| *known == source);
        let withheld = entry["withheld"].as_array().into_iter().flatten();
        let withheld: Vec<&str> = withheld.filter_map(Json::as_str).collect();
        let amount = entry["amount_yuan"].as_f64().map_or(TableCell::Empty, yuan);
        let text = |text: &str| TableCell::from(text);
        vec![
            text(&minute(first(&WHEN))),
            text(known.map_or(source, |(_, word)| word)),
            text(&what),
            text(&who),
            text(&result),
            text(said_by(entry, "document_no")),
            text(said_by(entry, "basis")),
            amount,
            text(said_by(entry, "officer")),
            text(note),
            text(&withheld.join("、")),
        ]
    };
    let mut notes = vec![format!("版本 {}", document["revision"])];
    if document["complete"] == false {
        notes.push("记录过多，只列出一部分".to_owned());
    }
    let called = match said_by(document, "code") {
        "" => said_by(document, "point"),
        code => code,
    };
    Table {
        title: format!("{called} 执法信息"),
        columns: names.map(TableColumn::named).to_vec(),
        rows: document["timeline"].as_array().into_iter().flatten().map(row).collect(),
        notes,
    }
}

/// Yuan and fen.
fn yuan(amount: f64) -> TableCell {
    TableCell::Number { scaled: (amount * 100.0).round() as i128, decimals: 2 }
}

/// Events and records by when they happened; what says no time comes last.
fn merged(engine: &Engine, trace: &Trace, records: &[Records], actor: Option<&Actor>) -> Vec<Json> {
    let profile = engine.profile();
    let occurred: &[&str] = &["occurred_at"];
    let events = event_documents(trace, engine).map(|event| ("event", occurred, event));
    let acts = records.iter().flat_map(|records| {
        let rows = records.rows.iter().filter_map(|row| records.held.get(*row));
        rows.map(|row| (records.source, records.times, record(records, row, (actor, profile))))
    });
    let mut all: Vec<(i64, Json)> = events
        .chain(acts)
        .map(|(source, times, mut entry)| {
            let at = times.iter().find_map(|time| entry.get(*time)?.as_str());
            let at =
                at.and_then(|text| millis_of(text, SHANGHAI_AHEAD_MINUTES)).unwrap_or(i64::MAX);
            entry.insert("source".to_owned(), json!(source));
            (at, Json::Object(entry))
        })
        .collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, entry)| entry).collect()
}

/// A record as `actor` may read it.
fn record(
    records: &Records,
    row: FeatureRef<'_>,
    (actor, profile): (Option<&Actor>, Profile),
) -> Map<String, Json> {
    let collection = records.held.collection();
    let department = collection.field_position("department").map(|at| row.value(at));
    let is_own = actor.is_some_and(|actor| {
        let unit = actor.unit().map(ValueRef::Text);
        actor.kind() == Some(Role::DEPARTMENT) && unit.is_some() && unit == department
    });
    let own = if is_own { FieldClass::L2 } else { FieldClass::L0 };
    let highest = profile.highest.max(own);
    let mut entry = Map::new();
    for (field, declared) in ReadableField::all(collection, Profile { highest, ..profile }) {
        entry.insert(declared.name.clone(), member(&row.value(field.position()).to_value()));
    }
    let withheld = collection
        .fields
        .iter()
        .enumerate()
        .filter(|(at, field)| field.class > highest && row.value(*at) != ValueRef::Null);
    let withheld: Vec<&str> = withheld.map(|(_, field)| field.name.as_str()).collect();
    entry.insert("withheld".to_owned(), json!(withheld));
    entry
}
