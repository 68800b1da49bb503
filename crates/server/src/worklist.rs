//! Work lists as JSON and as a table for people. No HTTP here: the route and the command line share
//! it. Columns that the profile may not read are left out before anything is written.

use engine::ledger::{WorkAsked, WorkItem, WorkPage};
use engine::{Profile, ReadableField};
use formats::datetime::utc_of_millis;
use ledger::PointId;
use ledger::point::{EventKind, Lamp, Role, Roles, State};
use ledger::task::Tasks;
use ledger::worklist::{Part, RECORDS, Subject, Urgency, Work};
use serde_json::{Map, Value as Json, json};
use spatial::{Day, FeatureId, Table, TableCell, TableColumn, Timestamp, Value};

use crate::point_events::member;

pub use crate::as_of::moment;

/// Columns of points that stand beside their work.
const SHOWN: [&str; 11] = [
    "id",
    "code",
    "task",
    "unit",
    "receiver",
    "co_units",
    "state",
    "state_since",
    "registered_at",
    "address",
    "source",
];

/// What was asked, and what is known of the reader and of tasks.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The question.
    pub asked: &'a WorkAsked,
    /// Which fields the reader may read.
    pub profile: Profile,
    /// The names of tasks.
    pub tasks: &'a Tasks,
    /// The names of roles.
    pub roles: &'a Roles,
}

/// A page of work as a document; `links` leads to what belongs to an item, from its members.
pub fn document(
    telling: Telling<'_>,
    page: &WorkPage,
    links: &dyn Fn(&Map<String, Json>) -> Vec<Json>,
) -> Json {
    let asked = telling.asked;
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
        "task": asked.task,
        "work": asked.work.map(Work::identifier),
        "role": asked.role.as_ref().map(Role::identifier),
        "lamp": asked.lamp.map(Lamp::identifier),
        "numberMatched": page.total(),
        "numberReturned": page.items.len(),
        "counts": page.counts.iter().map(count).collect::<Vec<_>>(),
        "items": page.items.iter().map(|one| item(telling, one, links)).collect::<Vec<_>>()
    })
}

fn item(
    telling: Telling<'_>,
    one: &WorkItem,
    links: &dyn Fn(&Map<String, Json>) -> Vec<Json>,
) -> Json {
    let mut entry = Map::new();
    for (name, value) in values(one, telling.profile) {
        entry.insert(name.to_owned(), member(&value));
    }
    if let Some(state) = entry.get("state").and_then(Json::as_str) {
        let name = State::from_identifier(state).map(State::chinese);
        entry.insert("stateName".to_owned(), json!(name));
    }
    if let Some(task) = entry.get("task").and_then(Json::as_str) {
        let name = telling.tasks.name(task);
        entry.insert("taskName".to_owned(), json!(name));
    }
    for (name, value) in [
        ("collection", json!(one.held.collection().id.as_str())),
        ("fid", json!(one.row.value())),
        ("work", json!(one.work.identifier())),
        ("workName", json!(one.work.chinese())),
        ("part", json!(one.part.map(Part::identifier))),
        ("partName", json!(one.part.map(Part::chinese))),
        ("due", json!(one.due.map(|due| utc_of_millis(due.0)))),
        ("lamp", json!(one.lamp.map(Lamp::identifier))),
        ("daysLeft", json!(one.days_left)),
        ("mayRaise", one.may_raise.iter().map(|kind| kind.identifier()).collect()),
    ] {
        entry.insert(name.to_owned(), value);
    }
    let links = links(&entry);
    entry.insert("links".to_owned(), links.into());
    Json::Object(entry)
}

/// What is told of a point or record, as far as it may be read.
fn values(one: &WorkItem, profile: Profile) -> Vec<(&'static str, Value)> {
    let collection = one.held.collection();
    let Some(row) = one.held.get(one.row) else { return Vec::new() };
    let value = |(name, column): (&'static str, &str)| {
        let field = ReadableField::find(collection, column, profile).ok()?;
        Some((name, row.value(field.position()).to_value()))
    };
    match RECORDS.iter().find(|records| records.collection == collection.id.as_str()) {
        Some(records) => records.told.iter().copied().filter_map(value).collect(),
        None => SHOWN.into_iter().map(|name| (name, name)).filter_map(value).collect(),
    }
}

/// A page of work as a table, days in Asia/Shanghai.
pub fn table(telling: Telling<'_>, page: &WorkPage) -> Table {
    let asked = telling.asked;
    let names = [
        "编号",
        "事项",
        "主协办",
        "灯",
        "剩余天数",
        "期限",
        "任务",
        "任务名称",
        "责任单位",
        "承办单位",
        "协办单位",
        "状态",
        "内容",
        "地址",
        "可办",
        "标识",
    ];
    let row = |one: &WorkItem| {
        let values = values(one, telling.profile);
        let text = |name: &str| match values.iter().find(|(known, _)| *known == name) {
            Some((_, Value::Text(text))) => text.as_str().into(),
            _ => TableCell::Empty,
        };
        let state = match text("state") {
            TableCell::Text(word) => State::from_identifier(&word)
                .map_or(TableCell::Text(word), |state| state.chinese().into()),
            other => other,
        };
        let task = match text("task") {
            TableCell::Text(task) => telling.tasks.name(&task).map(TableCell::from),
            _ => None,
        };
        let name = match text("id") {
            TableCell::Empty => format!("{}/{}", one.held.collection().id, one.row).as_str().into(),
            id => id,
        };
        let may: Vec<&str> = one.may_raise.iter().copied().map(EventKind::chinese).collect();
        vec![
            text("code"),
            one.work.chinese().into(),
            one.part.map_or(TableCell::Empty, |part| part.chinese().into()),
            one.lamp.map_or(TableCell::Empty, |lamp| lamp.chinese().into()),
            one.days_left.map_or(TableCell::Empty, TableCell::from),
            one.due.map_or(TableCell::Empty, day),
            text("task"),
            task.unwrap_or(TableCell::Empty),
            text("unit"),
            text("receiver"),
            text("co_units"),
            state,
            text("subject"),
            text("address"),
            may.join("、").as_str().into(),
            name,
        ]
    };
    let role = asked.role.as_ref().map_or("全部", |role| telling.roles.name(role.identifier()));
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
pub fn cursor(now: Timestamp, (due, since, subject, work): &Urgency) -> String {
    let subject = match subject {
        Subject::Point(point) => point.to_string(),
        Subject::Record(row) => row.to_string(),
    };
    format!("{}~{}~{}~{subject}~{}", now.0, due.0, since.0, work.identifier())
}

/// The moment and the last piece of work of a cursor; none of a text that is no cursor.
pub fn read_cursor(text: &str) -> Option<(Timestamp, Urgency)> {
    let mut parts = text.split('~');
    let mut number = || parts.next()?.parse().ok().map(Timestamp);
    let (now, due, since) = (number()?, number()?, number()?);
    let subject = parts.next()?;
    let subject = match subject.parse::<i64>() {
        Ok(row) => Subject::Record(FeatureId::try_from(row).ok()?),
        Err(_no_row) => Subject::Point(PointId::try_from(subject).ok()?),
    };
    let work = Work::from_identifier(parts.next()?)?;
    parts.next().is_none().then_some((now, (due, since, subject, work)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let point = PointId::try_from("01990000-0000-7000-8000-000000000001").unwrap();
        for (subject, work) in
            [(Subject::Point(point), Work::Verify), (Subject::Record(FeatureId::MAX), Work::Read)]
        {
            let urgency = (Timestamp(i64::MAX), Timestamp(-3), subject, work);
            let text = cursor(Timestamp(1_788_220_800_000), &urgency);
            assert_eq!(read_cursor(&text), Some((Timestamp(1_788_220_800_000), urgency)));
            for odd in [&format!("{text}~"), &text.replace(work.identifier(), "sleep")] {
                assert_eq!(read_cursor(odd), None, "{odd}");
            }
        }
        for odd in ["", "1~2~3", "x", "1~2~3~0~read", "1~2~3~-4~read"] {
            assert_eq!(read_cursor(odd), None, "{odd}");
        }
    }
}
