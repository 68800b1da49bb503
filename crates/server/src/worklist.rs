//! Work lists as JSON and as a table for people. No HTTP here: the route and the command line share
//! it. Columns that the profile may not read are left out before anything is written.

use engine::ledger::{WorkAsked, WorkItem, WorkPage};
use engine::{Profile, ReadableField};
use formats::datetime::utc_of_millis;
use ledger::PointId;
use ledger::point::{EventKind, Lamp, State};
use ledger::worklist::{Urgency, Work};
use serde_json::{Map, Value as Json, json};
use spatial::{Day, Table, TableCell, TableColumn, Timestamp, Value};

use crate::point_events::member;

pub use crate::as_of::moment;

/// Columns of points that stand beside their work.
const SHOWN: [&str; 10] = [
    "id",
    "code",
    "task",
    "unit",
    "receiver",
    "state",
    "state_since",
    "registered_at",
    "address",
    "source",
];

/// A page of work as a document; `href` leads to what belongs to a point, from its id and row.
pub fn document(
    (asked, profile): (&WorkAsked, Profile),
    page: &WorkPage,
    links: &dyn Fn(&str, i64) -> Vec<Json>,
) -> Json {
    let count = |((work, lamp), count): (&(Work, Option<Lamp>), &u64)| {
        json!({
            "work": work.identifier(), "workName": work.chinese(),
            "lamp": lamp.map(Lamp::identifier), "count": count
        })
    };
    json!({
        "revision": page.revision.0,
        "at": utc_of_millis(asked.now.0),
        "unit": asked.unit,
        "unitKnown": page.unit_is_known,
        "role": asked.role.map(|role| role.identifier()),
        "lamp": asked.lamp.map(Lamp::identifier),
        "numberMatched": page.total(),
        "numberReturned": page.items.len(),
        "counts": page.counts.iter().map(count).collect::<Vec<_>>(),
        "items": page.items.iter().map(|one| item((page, profile), one, links)).collect::<Vec<_>>()
    })
}

fn item(
    (page, profile): (&WorkPage, Profile),
    one: &WorkItem,
    links: &dyn Fn(&str, i64) -> Vec<Json>,
) -> Json {
    let mut entry = Map::new();
    for (name, value) in values(page, one, profile) {
        entry.insert(name.to_owned(), member(&value));
    }
    let id = entry.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    let row = one.row.value();
    for (name, value) in [
        ("stateName", json!(state(&entry).map(State::chinese))),
        ("fid", json!(row)),
        ("work", json!(one.work.identifier())),
        ("workName", json!(one.work.chinese())),
        ("due", json!(one.due.map(|due| utc_of_millis(due.0)))),
        ("lamp", json!(one.lamp.map(Lamp::identifier))),
        ("daysLeft", json!(one.days_left)),
        ("mayRaise", one.may_raise.iter().map(|kind| kind.identifier()).collect()),
        ("links", links(&id, row).into()),
    ] {
        entry.insert(name.to_owned(), value);
    }
    Json::Object(entry)
}

fn state(entry: &Map<String, Json>) -> Option<State> {
    State::from_identifier(entry.get("state")?.as_str()?)
}

/// The shown columns of a point that may be read.
fn values(page: &WorkPage, one: &WorkItem, profile: Profile) -> Vec<(&'static str, Value)> {
    let collection = page.points.collection();
    let Some(row) = page.points.get(one.row) else { return Vec::new() };
    let value = |name: &'static str| {
        let field = ReadableField::find(collection, name, profile).ok()?;
        Some((name, row.value(field.position()).to_value()))
    };
    SHOWN.into_iter().filter_map(value).collect()
}

/// A page of work as a table, days in Asia/Shanghai.
pub fn table((asked, profile): (&WorkAsked, Profile), page: &WorkPage) -> Table {
    let names = [
        "编号",
        "事项",
        "灯",
        "剩余天数",
        "期限",
        "任务",
        "责任单位",
        "承办单位",
        "状态",
        "地址",
        "可办",
        "标识",
    ];
    let row = |one: &WorkItem| {
        let values = values(page, one, profile);
        let text = |name: &str| match values.iter().find(|(known, _)| *known == name) {
            Some((_, Value::Text(text))) => text.as_str().into(),
            _ => TableCell::Empty,
        };
        let state = match text("state") {
            TableCell::Text(word) => State::from_identifier(&word)
                .map_or(TableCell::Text(word), |state| state.chinese().into()),
            other => other,
        };
        let may: Vec<&str> = one.may_raise.iter().copied().map(EventKind::chinese).collect();
        vec![
            text("code"),
            one.work.chinese().into(),
            one.lamp.map_or(TableCell::Empty, |lamp| lamp.chinese().into()),
            one.days_left.map_or(TableCell::Empty, TableCell::from),
            one.due.map_or(TableCell::Empty, day),
            text("task"),
            text("unit"),
            text("receiver"),
            state,
            text("address"),
            may.join("、").as_str().into(),
            text("id"),
        ]
    };
    let role = asked.role.map_or("全部", |role| role.chinese());
    let unit = asked.unit.as_deref().unwrap_or("全部");
    let mut notes = vec![format!(
        "单位 {unit}，角色 {role}，截至 {}，版本 {}，共 {} 项，本表 {} 项",
        utc_of_millis(asked.now.0),
        page.revision.0,
        page.total(),
        page.items.len()
    )];
    if !page.unit_is_known {
        notes.push(format!("行政区划表中没有 {unit}，未包含其下级单位"));
    }
    Table {
        title: "待办".to_owned(),
        columns: names.map(TableColumn::named).to_vec(),
        rows: page.items.iter().map(row).collect(),
        notes,
    }
}

fn day(moment: Timestamp) -> TableCell {
    TableCell::Day(Day::of(moment).0)
}

/// Where a list goes on, as text that [`read_cursor`] takes: the moment that its dates are held
/// against, and the last piece of work.
pub fn cursor(now: Timestamp, (due, since, point, work): &Urgency) -> String {
    format!("{}~{}~{}~{point}~{}", now.0, due.0, since.0, work.identifier())
}

/// The moment and the last piece of work of a cursor; none of a text that is no cursor.
pub fn read_cursor(text: &str) -> Option<(Timestamp, Urgency)> {
    let mut parts = text.split('~');
    let mut number = || parts.next()?.parse().ok().map(Timestamp);
    let (now, due, since) = (number()?, number()?, number()?);
    let point = PointId::try_from(parts.next()?).ok()?;
    let work = Work::from_identifier(parts.next()?)?;
    parts.next().is_none().then_some((now, (due, since, point, work)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let point = PointId::try_from("01990000-0000-7000-8000-000000000001").unwrap();
        let urgency = (Timestamp(i64::MAX), Timestamp(-3), point, Work::Verify);
        let text = cursor(Timestamp(1_788_220_800_000), &urgency);
        assert_eq!(read_cursor(&text), Some((Timestamp(1_788_220_800_000), urgency)));
        for odd in ["", "1~2~3", "x", &format!("{text}~"), &text.replace("verify", "sleep")] {
            assert_eq!(read_cursor(odd), None, "{odd}");
        }
    }
}
